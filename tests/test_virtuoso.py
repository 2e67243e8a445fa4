"""Virtuoso keeps the graph and answers the question library: a real remote store, started here on loopback.

What it does otherwise than SPARQL 1.1 says is told in docs/engines.md, and undone here before answers are compared;
nothing else is.
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from conftest import COMMAND, RECORD, enter, graph
from conftest import written as written_to
from pydantic import SecretStr
from test_queries import NAMES, answer, written
from test_queries import store as store  # a fixture
from test_queries import text as question

from endpoint.engine import Query
from endpoint.generations import OXIGRAPH, Generation
from endpoint.house import House
from endpoint.remote import Address
from endpoint.remote_engine import RemoteEngine
from endpoint.settings import Settings
from endpoint.store import META
from loaders.generate import records
from loaders.sources import read
from ontology.errors import QueryError, QueryTimeout, QueryTooLarge

CANNOT = {
    "communique-to-capacity-building": "finds nothing by a path of no or one step, and has no other way in time",
    "same-label-in-several-schemes": "leaves out words that two counts of distinct values in HAVING find",
    "certificates-found-by-words-with-their-measures": "has no search index",
    "concepts-in-use-without-a-label": "does not see a variable of VALUES in the filter of an OPTIONAL",
    "pages/chain": "gives the IRI of VALUES back as a text",
    "pages/classes-of-the-graph": "counts graphs of its own",
    "pages/country-codes": "leaves out names whose language is a variable of VALUES",
    "pages/properties-of-the-graph": "counts graphs of its own",
    "pages/records-with-a-class": "takes other five, since the query asks for any",
    "pages/records-with-a-property": "takes other five, since the query asks for any",
    "pages/records-with-a-value": "takes other five, since the query asks for any",
    "pages/schema-org-types": "refuses a path of which neither end is known",
}
"""Questions that Virtuoso 7.2.5 cannot answer as the embedded store does, and why."""
DESCRIBES_MORE = {"everything-about-a-record"}
"""SPARQL leaves open what DESCRIBE tells; Virtuoso adds who refers to the resource and the nodes inside it."""
DECIMAL = ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal")
DATE_TIME = ox.NamedNode("http://www.w3.org/2001/XMLSchema#dateTime")
DIGITS = 15  # of a decimal that Virtuoso keeps

CONFIGURATION = """
[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
FileExtend = 200
[TempDatabase]
DatabaseFile = virtuoso-temp.db
TransactionFile = virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql_port}
DisableUnixSocket = 1
NumberOfBuffers = 4000
MaxDirtyBuffers = 3000
MaxQueryMem = 200M
CaseMode = 2
ThreadsPerQuery = 2
AsyncQueueMaxThreads = 4
DirsAllowed = .
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerRoot = .
ServerThreads = 10
Charset = UTF-8
[SPARQL]
ResultSetMaxRows = {rows}
MaxQueryExecutionTime = 60
"""
ROWS = 20_000
GRAPH_STORE, UPDATES = "graphs=/sparql-graph-crud-auth", "update=/sparql-auth"


class Virtuoso:
    """One server with its own directory; it is started, killed and started again by its process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port, sql_port = _free_ports()
        directory.mkdir(parents=True)
        configuration = CONFIGURATION.format(sql_port=sql_port, port=self.port, rows=ROWS)
        (directory / "virtuoso.ini").write_text(configuration)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["virtuoso-t", "+foreground", "+configfile", "virtuoso.ini"],
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 90
        while time.monotonic() < until and self.process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/sparql", params={"query": "ASK {}"}, timeout=5)
            except httpx.HTTPError:
                time.sleep(0.2)
            else:
                return
        raise AssertionError((self.directory / "virtuoso.log").read_text())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        (self.directory / "virtuoso.lck").unlink(missing_ok=True)

    def setting(self, more: str = GRAPH_STORE) -> str:
        return f"sparql+http://dba:dba@127.0.0.1:{self.port}/sparql?auth=digest&{more}"

    def graph(self, name: str) -> set[ox.Triple]:
        """What a graph holds."""
        query = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}"
        response = self.ask(query, "application/n-triples")
        return plain(response.content)

    def whole(self) -> set[ox.Quad]:
        """The statements of all graphs of ours but that of the mark, as `conftest.graph` gives them."""
        ours = "SELECT ?g WHERE { GRAPH ?g { ?s ?p ?o } FILTER(STRSTARTS(STR(?g), 'https://w3id.org/')) } GROUP BY ?g"
        quads: set[ox.Quad] = set()
        for name in (line.strip('"') for line in self.ask(ours, "text/csv").text.split()[1:]):
            at = ox.NamedNode(name)
            quads |= {ox.Quad(one.subject, one.predicate, one.object, at) for one in self.graph(name)}
        return quads

    def ask(self, query: str, accept: str) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}/sparql"
        return httpx.post(url, data={"query": query}, headers={"Accept": accept}, timeout=60).raise_for_status()


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def plain(n_triples: bytes) -> set[ox.Triple]:
    """The statements of N-Triples, their terms as both engines can write them."""
    quads = ox.parse(n_triples, format=ox.RdfFormat.N_TRIPLES)
    return {ox.Triple(quad.subject, quad.predicate, _plain(quad.object)) for quad in quads}


def _plain(term: Any) -> Any:
    """A term as both engines can write it: seconds to the millionth without zeros, decimals of 15 digits."""
    if isinstance(term, ox.Literal) and term.datatype == DECIMAL:
        return ox.Literal(f"{float(term.value):.{DIGITS}g}", datatype=DECIMAL)
    if isinstance(term, ox.Literal) and term.datatype == DATE_TIME:
        return ox.Literal(moment(term.value), datatype=DATE_TIME)
    return term


def moment(text: str) -> str:
    """A moment without what Virtuoso drops from its fraction of a second or adds to it; any other text as it is."""
    return re.sub(r"(?<=T\d\d:\d\d:\d\d)\.\d+", lambda part: part[0][:7].rstrip("0").rstrip("."), text)


def expected_of(quads: set[ox.Quad]) -> set[ox.Quad]:
    """The statements of a local graph as Virtuoso is to have them."""
    return {ox.Quad(one.subject, one.predicate, _plain(one.object), one.graph_name) for one in quads}


@pytest.fixture(scope="module")
def virtuoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtuoso]:
    if not shutil.which("virtuoso-t"):
        pytest.skip("Virtuoso is not installed; tests/install-engines.sh installs it on Debian")
    server = Virtuoso(tmp_path_factory.mktemp("virtuoso") / "db")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def loaded(virtuoso: Virtuoso, tmp_path_factory: pytest.TempPathFactory) -> Virtuoso:
    """The server with the bundled records, loaded by the command line."""
    directory = tmp_path_factory.mktemp("loaded")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLEARINGHOUSE_")}
    environment = kept | {"DATA_DIR": str(directory / "data"), "CLEARINGHOUSE_STORE": virtuoso.setting()}
    done = subprocess.run([*COMMAND, "load", "--sample"], env=environment, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    settings = Settings(data_dir=directory / "data", store=SecretStr(virtuoso.setting()))
    house = House.of(settings)
    with house.ledger() as ledger:
        assert house.newest() == Generation(ledger.head())
    assert not (directory / "data" / "generations").exists()
    return virtuoso


def asked(server: Virtuoso, query: Query, **settings: Any) -> bytes:
    """What the engine answers, head and rest."""

    async def run() -> bytes:
        async with RemoteEngine(Address.of(server.setting()), Settings(**settings)) as engine:
            answer = await engine.answer(query)
            try:
                return answer.head + b"".join([part async for part in answer.rest()])
            finally:
                answer.close()

    return asyncio.run(run())


def selected(server: Virtuoso, text: str, form: str = "json", **settings: Any) -> ox.QuerySolutions | ox.QueryBoolean:
    """The answer to a SELECT or ASK query."""
    known = {"json": ox.QueryResultsFormat.JSON, "xml": ox.QueryResultsFormat.XML}[form]
    return ox.parse_query_results(asked(server, Query(text, known.media_type, False, False), **settings), known)


def in_plain_words(server: Virtuoso, name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """What Virtuoso answers to a question, in the form of the expected answers."""
    query = question(name)
    if "triples" in wanted:
        data = asked(server, Query(query, "application/n-triples", True, False))
        return {"triples": sorted(" ".join(map(str, triple)) for triple in plain(data))}
    result = selected(server, query, query_timeout=60)
    if isinstance(result, ox.QueryBoolean):
        return {"boolean": bool(result)}
    rows = [[written(_plain(term)) for term in solution] for solution in result]
    return {"variables": [variable.value for variable in result.variables], "rows": rows}


def spelled(rows: list[list[str | None]], like: list[list[str | None]]) -> list[list[str | None]]:
    """Rows in an order of their own, with numbers for truth values, as Virtuoso computes them, in columns of these."""
    truths = {place for row in like for place, value in enumerate(row) if value in ("true", "false")}
    words = {"0": "false", "1": "true"}
    plain = ([words.get(str(v), v) if at in truths else v and moment(v) for at, v in enumerate(row)] for row in rows)
    return sorted(plain, key=str)


@pytest.fixture(scope="module")
def here(sample_house: House) -> Iterator[ox.Store]:
    """The same records in a store of ours."""
    newest = sample_house.generations.newest()
    assert newest is not None
    with sample_house.generations.hold(newest) as path:
        yield ox.Store.read_only(str(path / OXIGRAPH))


@pytest.mark.parametrize("name", NAMES)
def test_a_question_has_the_same_answer(name: str, loaded: Virtuoso, here: ox.Store) -> None:
    if name in CANNOT:
        pytest.skip(f"Virtuoso 7.2.5 {CANNOT[name]}")
    wanted = answer(here, question(name))
    found = in_plain_words(loaded, name, wanted)
    if name in DESCRIBES_MORE:
        assert set(wanted["triples"]) <= set(found["triples"])
    elif "rows" in wanted:
        assert found["variables"] == wanted["variables"]
        assert spelled(found["rows"], wanted["rows"]) == spelled(wanted["rows"], wanted["rows"])
    else:
        assert found == wanted


def test_the_store_holds_what_a_local_one_would(loaded: Virtuoso, sample_house: House) -> None:
    assert loaded.whole() == expected_of(graph(sample_house))


@pytest.fixture
def spare(tmp_path: Path, virtuoso: Virtuoso) -> Iterator[Virtuoso]:
    """A server of its own, empty."""
    server = Virtuoso(tmp_path / "spare")
    yield server
    server.kill()


GRAPHS = f"SELECT (COUNT(DISTINCT ?g) AS ?n) WHERE {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(STRSTARTS(STR(?g), '{RECORD}')) }}"


def killed_at(graphs: int, server: Virtuoso, command: list[str], environment: dict[str, str]) -> None:
    """Run a command, and kill it with its children as soon as the store has so many records."""
    running = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while running.poll() is None and int(server.ask(GRAPHS, "text/csv").text.split()[1]) < graphs:
            time.sleep(0.05)
        assert running.poll() is None, "the load was through before it could be killed"
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


@pytest.mark.parametrize("way", [GRAPH_STORE, UPDATES])
def test_a_load_killed_again_and_again_is_finished_later(
    way: str, spare: Virtuoso, tmp_path: Path, house: House, environment: dict[str, str]
) -> None:
    path = written_to(tmp_path / "records.ndjson", [one.document for one in records(90, seed=4)])
    there = environment | {"CLEARINGHOUSE_STORE": spare.setting(way)}
    load = [*COMMAND, "load", path]
    killed_at(12, spare, load, there)
    killed_at(40, spare, load, there)
    done = subprocess.run(load, env=there, capture_output=True, timeout=200)
    assert done.returncode == 0, done.stderr.decode()
    enter(house, read([path]))
    assert spare.whole() == expected_of(graph(house))


def test_a_killed_server_has_lost_nothing(
    spare: Virtuoso, tmp_path: Path, house: House, environment: dict[str, str]
) -> None:
    path = written_to(tmp_path / "records.ndjson", [one.document for one in records(90, seed=4)])
    there = environment | {"CLEARINGHOUSE_STORE": spare.setting()}
    load = [*COMMAND, "load", path]
    killed_at(12, spare, load, there)
    spare.kill()
    refused = subprocess.run([*COMMAND, "status"], env=there, capture_output=True, timeout=100)
    assert refused.returncode == 2
    assert b"failed" in refused.stderr
    assert b"dba:dba" not in refused.stderr
    spare.start()
    done = subprocess.run(load, env=there, capture_output=True, timeout=200)
    assert done.returncode == 0, done.stderr.decode()
    enter(house, read([path]))
    spare.kill()
    spare.start()
    assert spare.whole() == expected_of(graph(house))


def test_the_dataset_of_the_request_counts(loaded: Virtuoso) -> None:
    count = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
    thesaurus = ("https://w3id.org/clearinghouse/id/thesaurus",)
    one = asked(loaded, Query(count, "text/csv", False, True, default_graphs=thesaurus))
    assert int(one.split()[1]) == len(loaded.graph(thesaurus[0]))
    named = asked(
        loaded,
        Query("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }", "text/csv", False, True, named_graphs=thesaurus),
    )
    assert named.decode().split()[1:] == [f'"{thesaurus[0]}"']


def test_an_answer_that_virtuoso_cuts_off_is_refused(loaded: Virtuoso) -> None:
    with pytest.raises(QueryTooLarge, match="cuts its answer off"):
        asked(loaded, Query("SELECT * WHERE { ?s ?p ?o }", "text/csv", False, False))


def test_a_long_answer_comes_whole_or_as_an_error(loaded: Virtuoso) -> None:
    query = Query(f"SELECT * WHERE {{ ?s ?p ?o }} LIMIT {ROWS - 1}", "text/csv", False, False)
    assert asked(loaded, query).count(b"\n") >= ROWS
    with pytest.raises(QueryTooLarge, match="larger than one answer"):
        asked(loaded, query, max_result_bytes=100_000)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(CONTAINS(STR(?c), STR(?f))) }",
        "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f FILTER(STR(?c) < STR(?f)) } ORDER BY ?a ?f",
    ],
)
def test_a_query_without_end_ends_in_time_and_the_next_is_answered(query: str, loaded: Virtuoso) -> None:
    started = time.monotonic()
    with pytest.raises((QueryTimeout, QueryTooLarge)):
        asked(loaded, Query(query, "text/csv", False, False), query_timeout=1.0)
    assert time.monotonic() - started < 20
    assert asked(loaded, Query("ASK {}", "application/sparql-results+json", False, False))


@pytest.mark.parametrize("query", ["SELECT * WHERE {", "SELECT ?x WHERE { ?x ?y }", "SELECT (unknown(1) AS ?x) {}"])
def test_what_virtuoso_cannot_read_is_an_error_of_the_query(query: str, loaded: Virtuoso) -> None:
    with pytest.raises(QueryError):
        asked(loaded, Query(query, "text/csv", False, False))


def test_nothing_is_written_by_a_query_even_past_our_own_check(loaded: Virtuoso) -> None:
    url = f"http://127.0.0.1:{loaded.port}/sparql"
    for text in ("INSERT DATA { GRAPH <urn:x> { <urn:a> <urn:b> <urn:c> } }", f"CLEAR GRAPH {META}"):
        assert httpx.post(url, data={"query": text}, timeout=30).status_code >= 400
    assert loaded.graph("urn:x") == set()
    assert loaded.graph(META.value)
