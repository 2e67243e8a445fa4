"""The clients that others use, each against a live endpoint: what they get is what is there.

A client that is not installed is skipped; `make test-clients` installs them all.
"""

import contextlib
import csv
import io
import json
import re
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pyoxigraph as ox
import pytest
import searched
from live import serving, until

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / ".clients"
PYTHON = CLIENTS / "venv" / "bin" / "python"
JARS = Path("/usr/share/java")
JENA = re.compile(
    r"(jena-(arq|base|cmds|core|iri|rdfconnection|tdb2?|dboe-(base|index|storage|trans-data|transaction))"
    r"|commons-(cli|codec|compress|csv|io|lang3)|dexx\.collection|gson|guava|http(client|core)"
    r"|jackson-(annotations|core|databind)|jakarta\.json-api|jsonld-java|protobuf|slf4j-(api|nop)|thrift"
    r"|titanium-json-ld|jcl-over-slf4j)\.jar"
)
TIMEOUT = 90  # seconds a client may take

EX = "https://example.org/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
LABELS = ["Permit é 1", 'Разрешение, "2"', "许可证 <3> & 'more'"]
ROWS = [[f"{EX}record/{number}", label] for number, label in enumerate(LABELS)]
JOINED = [[f"{EX}record/{number}", f"Country {number % 2}"] for number in range(len(LABELS))]
STATEMENTS = 2 * len(LABELS)
QUERY = f"SELECT ?s ?l {{ ?s <{LABEL}> ?l }}"


def _records() -> Iterator[ox.Quad]:
    for number, label in enumerate(LABELS):
        record = ox.NamedNode(f"{EX}record/{number}")
        country = ox.NamedNode(f"{EX}country/{number % 2}")
        yield ox.Quad(record, ox.NamedNode(f"{EX}country"), country, record)
        yield ox.Quad(record, ox.NamedNode(LABEL), ox.Literal(label, language="en"), record)


def _countries() -> Iterator[ox.Quad]:
    for number in range(2):
        label = ox.Literal(f"Country {number}", language="en")
        yield ox.Quad(ox.NamedNode(f"{EX}country/{number}"), ox.NamedNode(LABEL), label, ox.NamedNode(f"{EX}countries"))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("first"), _records(), workers=1) as url:
        yield url


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("second"), _countries(), workers=1) as url:
        yield url


def printed(*command: object, **more: Any) -> str:
    """What a client writes to its standard output; the test fails with the rest when the client does."""
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=TIMEOUT, **more)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode()


def cells(text: str) -> list[list[str]]:
    """The rows of a CSV table without its head."""
    return sorted(list(csv.reader(io.StringIO(text, newline="")))[1:])


# Python

EXPECTED = {"bad query": "QueryBadFormed", "ASK": True}
GRAPHS = ("Turtle", "N3", "RDF/XML", "RDF", "JSON-LD", "CONSTRUCT")


def expected(client: str) -> object:
    """What a client should print."""
    for ending, value in EXPECTED.items():
        if client.endswith(ending):
            return value
    if client.endswith(tuple(f" {form}" for form in GRAPHS)):
        return STATEMENTS
    return JOINED if "two sources" in client else ROWS


def answer(text: str) -> object:
    """What a client has printed; the order of rows does not count."""
    found = json.loads(text)
    return sorted(found) if isinstance(found, list) else found


@pytest.mark.skipif(not PYTHON.exists(), reason="the Python clients are not installed: make test-clients")
@pytest.mark.parametrize(
    "client",
    [
        *(f"SPARQLWrapper JSON{how}" for how in ("", " by POST", " by POST direct")),
        *(f"SPARQLWrapper {form}" for form in ("XML", "CSV", "TSV", *GRAPHS[:-1], "ASK", "bad query")),
        *(f"rdflib SPARQLStore{how}" for how in ("", " by POST", " by POST form", " JSON", " CSV", " as a graph")),
        *("rdflib SPARQLStore CONSTRUCT", "rdflib SERVICE", "pyoxigraph SERVICE"),
        *("pandas read_csv", "sparql-dataframe", "sparql-dataframe by POST"),
    ],
)
def test_a_python_client_gets_what_is_there(endpoint: str, client: str) -> None:
    assert answer(printed(PYTHON, HERE / "ask.py", client, endpoint)) == expected(client)


# Node


with_node = pytest.mark.skipif(
    shutil.which("node") is None or not (CLIENTS / "node_modules").exists(),
    reason="the Node clients are not installed: make test-clients",
)


@with_node
@pytest.mark.parametrize(
    "client",
    [
        *(f"Comunica{what}" for what in ("", " CONSTRUCT", " ASK", " joining two sources")),
        "Comunica joining two sources of a kind it finds out",
        *(f"fetch-sparql-endpoint{what}" for what in ("", " CONSTRUCT", " ASK")),
        *(f"sparql-http-client{what}" for what in ("", " CONSTRUCT", " ASK")),
    ],
)
def test_a_node_client_gets_what_is_there(endpoint: str, second: str, client: str) -> None:
    found = printed("node", HERE / "ask.mjs", client, endpoint, second, cwd=CLIENTS)
    assert answer(found) == expected(client)


# Redland


roqet = pytest.mark.skipif(shutil.which("roqet") is None, reason="roqet is not installed: make test-clients")


@roqet
def test_roqet_gets_what_is_there(endpoint: str) -> None:
    assert cells(printed("roqet", "-q", "-p", endpoint, "-e", QUERY, "-r", "csv")) == ROWS


@roqet
def test_a_service_call_of_rasqal_gets_what_is_there(endpoint: str) -> None:
    query = f"SELECT ?s ?l {{ SERVICE <{endpoint}> {{ ?s <{LABEL}> ?l }} }}"
    assert cells(printed("roqet", "-q", "-e", query, "-r", "csv")) == ROWS


# Jena


@pytest.fixture(scope="module")
def jena(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The start of a command line for Jena's tools, as Debian packages them.

    The packaged library looks for the messages of its XML schema types where the packaging has not put them.
    """
    directory, prefix = tmp_path_factory.mktemp("jena"), "org/apache/jena/ext/"
    with zipfile.ZipFile(JARS / "jena-core.jar") as jar:
        for name in jar.namelist():
            if name.startswith(f"{prefix}xerces/") and name.endswith(".properties"):
                target = directory / name.removeprefix(prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(jar.read(name))
    return [
        "java",
        "-cp",
        ":".join([str(directory), *(str(jar) for jar in sorted(JARS.iterdir()) if JENA.fullmatch(jar.name))]),
    ]


with_jena = pytest.mark.skipif(
    shutil.which("java") is None or not (JARS / "jena-arq.jar").exists(),
    reason="Jena is not installed: make test-clients",
)


@with_jena
def test_jena_gets_what_is_there(endpoint: str, jena: list[str]) -> None:
    asked = [*jena, "arq.rsparql", "--service", endpoint]
    assert cells(printed(*asked, "--results=CSV", QUERY)) == ROWS
    assert "Yes" in printed(*asked, "ASK { ?s ?p ?o }")
    graph = printed(*asked, "--results=NT", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert len(set(ox.parse(graph, format=ox.RdfFormat.N_TRIPLES))) == STATEMENTS


@with_jena
def test_a_query_of_jena_joins_two_services(endpoint: str, second: str, jena: list[str]) -> None:
    query = f"""SELECT ?s ?l {{
        SERVICE <{endpoint}> {{ ?s <{EX}country> ?c }}
        SERVICE <{second}> {{ ?c <{LABEL}> ?l }}
    }}"""
    assert cells(printed(*jena, "arq.arq", "--results=CSV", query)) == JOINED


# Virtuoso


@contextlib.contextmanager
def _virtuoso(directory: Path) -> Iterator[list[str]]:
    """A running Virtuoso; yields the start of a command line of its SQL client."""
    sql, http = _free_ports(2)
    files = {"DatabaseFile": "db", "ErrorLogFile": "log", "LockFile": "lck", "TransactionFile": "trx"}
    sections: dict[str, dict[str, object]] = {
        "Database": {**files, "xa_persistent_file": "pxa", "FileExtend": 20},
        "TempDatabase": {"DatabaseFile": "temp", "TransactionFile": "temp.trx"},
        "Parameters": {"ServerPort": f"127.0.0.1:{sql}", "DisableUnixSocket": 1, "NumberOfBuffers": 2000},
        "HTTPServer": {"ServerPort": f"127.0.0.1:{http}", "ServerRoot": "."},
        "SPARQL": {"ResultSetMaxRows": 10_000},
    }
    lines = (
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in of.items()) for name, of in sections.items()
    )
    (directory / "virtuoso.ini").write_text("".join(lines))
    server = subprocess.Popen(
        ["virtuoso-t", "+foreground", "+configfile", "virtuoso.ini"],
        cwd=directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    client = ["isql-vt", f"127.0.0.1:{sql}", "dba", "dba", "BANNER=OFF", "VERBOSE=OFF", "PROMPT=OFF"]
    try:
        _until_it_answers([*client, "EXEC=SELECT 1;"], server)
        yield client
    finally:
        server.terminate()
        server.wait(TIMEOUT)


def _until_it_answers(command: list[str], server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + TIMEOUT
    while subprocess.run(command, capture_output=True, timeout=TIMEOUT).returncode:
        assert server.poll() is None, "the server has ended"
        assert time.monotonic() < end, "the server does not answer"
        time.sleep(0.3)


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [listener.getsockname()[1] for listener in listeners]


with_virtuoso = pytest.mark.skipif(
    shutil.which("virtuoso-t") is None, reason="Virtuoso is not installed: make test-clients"
)


@with_virtuoso
def test_a_service_call_of_virtuoso_gets_what_is_there(endpoint: str, tmp_path: Path) -> None:
    query = f"SPARQL SELECT ?s ?l WHERE {{ SERVICE <{endpoint}> {{ ?s <{LABEL}> ?l }} }}"
    with _virtuoso(tmp_path) as client:
        lines = printed(*client, f"EXEC={query};").splitlines()
    assert sorted(line.split(None, 1) for line in lines if line.startswith(EX)) == ROWS


# The search service


FOUND = "https://w3id.org/clearinghouse/search#"
PATTERN = f'?s <{FOUND}query> "mangrove" . ?s <{FOUND}snippet> ?l'
MEETING = [[searched.record("meeting"), "Workshop on mangrove forests"]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("searched"), searched.quads(), workers=1) as url:
        address = url.replace("/sparql", "/search")
        until(lambda: httpx.get(address, params={"query": f"SELECT * {{ {PATTERN} }}"}).is_success)
        yield address


@with_node
def test_comunica_finds_what_is_there(service: str) -> None:
    assert answer(printed("node", HERE / "ask.mjs", "Comunica searching", service, cwd=CLIENTS)) == MEETING


@roqet
def test_a_service_call_of_rasqal_finds_what_is_there(service: str) -> None:
    query = f"SELECT ?s ?l {{ SERVICE <{service}> {{ {PATTERN} }} }}"
    assert cells(printed("roqet", "-q", "-e", query, "-r", "csv")) == MEETING


@with_jena
def test_a_service_call_of_jena_finds_what_is_there(service: str, jena: list[str]) -> None:
    query = f"SELECT ?s ?l {{ SERVICE <{service}> {{ {PATTERN} }} }}"
    assert cells(printed(*jena, "arq.arq", "--results=CSV", query)) == MEETING


@with_virtuoso
def test_a_service_call_of_virtuoso_finds_what_is_there(service: str, tmp_path: Path) -> None:
    query = f"SPARQL SELECT ?s ?l WHERE {{ SERVICE <{service}> {{ {PATTERN} }} }}"
    with _virtuoso(tmp_path) as client:
        lines = printed(*client, f"EXEC={query};").splitlines()
    assert [line.split(None, 1) for line in lines if line.startswith("https://")] == MEETING
