"""The endpoint as its clients meet it: a real server on the loopback interface over a small generation."""

import asyncio
import contextlib
import csv
import functools
import json
import socket
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2 as httpx
import pyoxigraph as ox
import pytest
import uvicorn
from fastapi import FastAPI
from live import until

from endpoint.app import Application
from endpoint.front import GENERATION_HEADER
from endpoint.generations import Generations
from endpoint.negotiation import GRAPH_FORMATS, RESULT_FORMATS, NotAcceptableError, choose
from endpoint.problems import MEDIA_TYPE, PROBLEMS, problem_of
from endpoint.settings import Settings
from ontology.errors import ClearingHouseError, DoorError, LedgerError

EX = "https://example.org/"
RECORDS = 200
TIMEOUT = 2.0
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
CARTESIAN = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ENDLESS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _number(number: int) -> ox.Quad:
    record = ox.NamedNode(f"{EX}{number}")
    return ox.Quad(record, ox.NamedNode(f"{EX}number"), ox.Literal(number), record)


@dataclass
class Running:
    """A server that listens, and what it was made of."""

    url: str
    app: FastAPI
    settings: Settings
    store: ox.Store

    @property
    def sparql(self) -> str:
        return f"{self.url}/sparql"

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        return url.host, url.port or 80

    def pids(self) -> list[int]:
        return sorted(worker.pid for worker in self.app.engine.workers)


@contextlib.contextmanager
def _serving(settings: Settings, store: ox.Store) -> Iterator[Running]:
    app = Application(settings)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            yield Running(f"http://127.0.0.1:{listener.getsockname()[1]}", app, settings, store)
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("endpoint")
    store = ox.Store(str(directory / "live"))
    store.extend([_number(number) for number in range(RECORDS)])
    settings = Settings(
        data_dir=directory,
        workers=2,
        query_timeout=TIMEOUT,
        max_result_bytes=2 << 20,
        queue_length=2,
        fast_timeout=TIMEOUT,
    )
    Generations(settings.generations_dir).create(store, 7)
    with _serving(settings, store) as running:
        yield running


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20) as client:
        yield client


def _ask(client: httpx.Client, running: Running, query: str, accept: str = "text/csv", **more: Any) -> httpx.Response:
    return client.get(running.sparql, params={"query": query, **more}, headers={"Accept": accept})


def _problem(response: httpx.Response, status: int, slug: str | None = None) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == MEDIA_TYPE
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["type"] == (f"https://w3id.org/clearinghouse/problem/{slug}" if slug else "about:blank")
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == response.request.url.path
    return problem


# Ways to ask


def test_a_query_can_be_asked_in_every_way_of_the_protocol(client: httpx.Client, running: Running) -> None:
    csv_, sparql_query = {"Accept": "text/csv"}, {"Content-Type": "application/sparql-query; charset=utf-8"}
    answers = [
        client.get(running.sparql, params={"query": COUNT}, headers=csv_),
        client.post(running.sparql, data={"query": COUNT}, headers=csv_),
        client.post(running.sparql, content=COUNT, headers=csv_ | sparql_query),
    ]
    for answer in answers:
        assert (answer.status_code, answer.text) == (200, f"n\r\n{RECORDS}\r\n")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers[GENERATION_HEADER] == "7"
        assert answer.headers["Content-Length"] == str(len(answer.content))
        assert "Accept" in answer.headers["Vary"]


def test_head_has_the_headers_of_get_and_no_body(client: httpx.Client, running: Running) -> None:
    answer = client.head(running.sparql, params={"query": COUNT}, headers={"Accept": "text/csv"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Length"] == str(len(f"n\r\n{RECORDS}\r\n"))
    assert answer.content == b""
    assert client.head(running.sparql, params={"query": "SELECT"}).status_code == 400


def test_options_names_the_methods_and_a_preflight_is_allowed(client: httpx.Client, running: Running) -> None:
    answer = client.options(running.sparql)
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = client.options(running.sparql, headers={"Origin": "https://partner.example"} | asked)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "content-type" in preflight.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize("query", [COUNT, "SELECT"])
def test_a_page_of_another_site_may_read_the_answer(client: httpx.Client, running: Running, query: str) -> None:
    origin = {"Origin": "https://partner.example"}
    answer = client.get(running.sparql, params={"query": query}, headers=origin)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert GENERATION_HEADER in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("direct", [False, True])
def test_graphs_of_the_request_take_the_place_of_those_of_the_query(
    client: httpx.Client, running: Running, direct: bool
) -> None:
    def count(query: str, **graphs: Any) -> int:
        if direct:
            content = {"Content-Type": "application/sparql-query", "Accept": "text/csv"}
            answer = client.post(running.sparql, params=graphs, content=query, headers=content)
        else:
            answer = client.post(running.sparql, data={"query": query, **graphs}, headers={"Accept": "text/csv"})
        return int(answer.text.split()[1])

    def counted(pattern: str, dataset: str = "") -> str:
        return f"SELECT (COUNT(*) AS ?n) {dataset} {{ {pattern} }}"

    triple, anywhere = "?s ?p ?o", "GRAPH ?g { ?s ?p ?o }"
    assert count(counted(triple)) == RECORDS
    assert count(counted(triple, f"FROM <{EX}1>")) == 1
    assert count(counted(triple), **{"default-graph-uri": [f"{EX}1", f"{EX}2"]}) == 2
    assert count(counted(triple, f"FROM <{EX}1>"), **{"default-graph-uri": [f"{EX}1", f"{EX}2"]}) == 2
    assert count(counted(anywhere), **{"default-graph-uri": [f"{EX}1"]}) == 0
    assert count(counted(anywhere), **{"named-graph-uri": [f"{EX}1", f"{EX}2", f"{EX}3"]}) == 3
    assert count(counted(triple), **{"named-graph-uri": [f"{EX}1"]}) == 0


# Formats


def _xml_values(text: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(text).iter() if node.tag.endswith(("literal", "boolean"))]  # noqa: S314


READ: dict[str, Callable[[str], list[str]]] = {
    "json": lambda text: [row["n"]["value"] for row in json.loads(text)["results"]["bindings"]],
    "xml": _xml_values,
    "csv": lambda text: [row["n"] for row in csv.DictReader(text.splitlines())],
    "tsv": lambda text: text.splitlines()[1:],
}


@pytest.mark.parametrize("format_", RESULT_FORMATS, ids=lambda format_: format_.name)
@pytest.mark.parametrize("by_header", [True, False])
def test_solutions_come_in_every_format(client: httpx.Client, running: Running, format_: Any, by_header: bool) -> None:
    query = "SELECT ?n { ?s ?p ?n FILTER(?n < 3) } ORDER BY ?n"
    if by_header:
        answer = _ask(client, running, query, format_.media_type)
    else:
        answer = _ask(client, running, query, "application/nothing", format=format_.name)
    assert answer.headers["Content-Type"].partition(";")[0] == format_.media_type
    assert READ[format_.name](answer.text) == ["0", "1", "2"]


@pytest.mark.parametrize("format_", RESULT_FORMATS, ids=lambda format_: format_.name)
def test_a_yes_or_no_comes_in_every_format(client: httpx.Client, running: Running, format_: Any) -> None:
    answer = _ask(client, running, "ASK { ?s ?p 3 }", format_.media_type)
    assert answer.headers["Content-Type"].partition(";")[0] == format_.media_type
    assert "true" in answer.text
    assert "false" in _ask(client, running, "ASK { ?s ?p 'none' }", format_.media_type).text


@pytest.mark.parametrize("format_", GRAPH_FORMATS, ids=lambda format_: format_.name)
@pytest.mark.parametrize("query", ["CONSTRUCT WHERE { ?s ?p 3 }", f"DESCRIBE <{EX}3>"])
def test_a_graph_comes_in_every_format(client: httpx.Client, running: Running, format_: Any, query: str) -> None:
    answer = _ask(client, running, query, format_.media_type)
    assert answer.headers["Content-Type"].partition(";")[0] == format_.media_type
    parsed = ox.parse(answer.content, format=ox.RdfFormat.from_media_type(format_.media_type))
    assert {quad.triple for quad in parsed} == {_number(3).triple}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/sparql-results+json"),
        ("*/*", "application/sparql-results+json"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv;q=0.5, text/tab-separated-values;q=0.9", "text/tab-separated-values"),
        ("text/*", "text/csv"),
        ("*/*;q=0.1, text/csv", "text/csv"),
        ("application/*;q=0.2, application/sparql-results+xml;q=0.1", "application/sparql-results+json"),
        ("*/*, application/sparql-results+json;q=0", "application/sparql-results+xml"),
        ("APPLICATION/JSON", "application/json"),
        ("application/xml", "application/xml"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/sparql-results+json"),
        ("text/csv;header=present", "text/csv"),
        ("text/csv;q=nonsense, text/tab-separated-values;q=0.001", "text/tab-separated-values"),
        ("garbage, ;;, /, text/csv", "text/csv"),
    ],
)  # fmt: skip
def test_the_most_welcome_format_is_chosen(accept: str, expected: str) -> None:
    assert choose(RESULT_FORMATS, accept).media_type == expected


@pytest.mark.parametrize("accept", ["image/png", "text/html", "*/*;q=0", "text/turtle", "text/csv;q=0", "garbage"])
def test_no_welcome_format_is_an_error(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match="text/csv"):
        choose(RESULT_FORMATS, accept)


@pytest.mark.parametrize(("name", "expected"), [("TTL", "turtle"), ("rdf", "rdfxml"), ("application/trig", "trig")])
def test_a_format_goes_by_several_names(name: str, expected: str) -> None:
    assert choose(GRAPH_FORMATS, "image/png", name).format.name == expected


def test_an_answer_that_does_not_fit_any_accepted_format_is_406(client: httpx.Client, running: Running) -> None:
    response = _ask(client, running, COUNT, "image/png")
    assert "text/csv" in _problem(response, 406, "not-acceptable")["detail"]
    assert "Accept" in response.headers["Vary"]
    _problem(_ask(client, running, COUNT, "*/*", format="turtle"), 406, "not-acceptable")
    _problem(_ask(client, running, 'SELECT ("\\u0001" AS ?x) {}', "application/sparql-results+xml"), 406, "not-xml")


# Errors


def test_a_syntax_error_says_where(client: httpx.Client, running: Running) -> None:
    problem = _problem(_ask(client, running, "SELECT * {\n ?s dct:title ?x }"), 400, "query-syntax")
    assert problem["detail"] == "line 2, column 14: Prefix not found"
    assert (problem["line"], problem["column"]) == (2, 14)


@pytest.mark.parametrize(
    ("parameters", "slug"),
    [
        ({"query": "INSERT DATA { <a:b> <a:b> <a:b> }"}, "query-refused"),
        ({"update": "CLEAR ALL"}, "query-refused"),
        ({"query": ["ASK {}", "ASK {}"]}, "query-failed"),
        ({"query": ""}, "query-syntax"),
        ({"query": "ASK {}", "default-graph-uri": "not an iri"}, "query-failed"),
        ({"query": "ASK {}", "named-graph-uri": "relative"}, "query-failed"),
        ({"query": "SELECT (COUNT(*) AS ?n) { SERVICE <http://127.0.0.1:1/> {} }"}, "query-refused"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_a_query_is_400(
    client: httpx.Client, running: Running, method: str, parameters: dict[str, Any], slug: str
) -> None:
    by_get = method == "GET"
    response = client.request(
        method, running.sparql, params=parameters if by_get else None, data=None if by_get else parameters
    )
    _problem(response, 400, slug)


def test_bytes_that_are_not_utf_8_are_400(client: httpx.Client, running: Running) -> None:
    _problem(client.post(running.sparql, content=b"query=%FF", headers=FORM), 400, "query-failed")
    _problem(client.get(f"{running.sparql}?query=ASK%20%7B%7D%FF"), 400, "query-failed")
    direct = {"Content-Type": "application/sparql-query"}
    _problem(client.post(running.sparql, content="ASK {}".encode("utf-16"), headers=direct), 400, "query-failed")


def test_a_post_without_a_query_is_an_error(client: httpx.Client, running: Running) -> None:
    _problem(client.post(running.sparql, content=b"", headers=FORM), 400, "query-failed")
    _problem(client.post(running.sparql, content=b"ASK {}"), 415)
    _problem(client.post(running.sparql, json={"query": "ASK {}"}), 415)


def test_other_addresses_and_methods_are_problems_too(client: httpx.Client, running: Running) -> None:
    _problem(client.get(f"{running.url}/nowhere"), 404)
    response = client.put(running.sparql, content=b"")
    _problem(response, 405)
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


def test_a_query_that_is_too_long_is_413(client: httpx.Client, running: Running) -> None:
    longest = running.settings.max_query_bytes
    query = "ASK {} #" + "é" * ((longest - 8) // 2)
    direct = {"Content-Type": "application/sparql-query"}
    assert client.post(running.sparql, content=query.encode(), headers=direct).status_code == 200
    assert client.post(running.sparql, data={"query": query}).status_code == 200
    for content, headers in ((f"{query}!".encode(), direct), (urlencode({"query": f"{query}!"}).encode(), FORM)):
        _problem(client.post(running.sparql, content=content, headers=headers), 413)


def test_a_body_is_counted_as_it_comes_not_as_it_is_announced(running: Running) -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield b"#" * 65536

    with httpx.Client(timeout=20) as client:
        try:
            response = client.post(
                running.sparql, content=pieces(), headers={"Content-Type": "application/sparql-query"}
            )
            assert response.status_code == 413
        except (httpx.WriteError, httpx.ReadError):
            pass  # the server hung up in the midst of the body, as it may
        assert taken < 1000
        assert client.get(f"{running.url}/livez").status_code == 200


def test_every_error_of_the_application_has_a_problem() -> None:
    def tree(error: type[ClearingHouseError]) -> Iterator[type[ClearingHouseError]]:
        yield error
        for child in error.__subclasses__():
            yield from tree(child)

    for error in tree(ClearingHouseError):
        assert problem_of(error.__new__(error)).status in {400, 401, 403, 406, 409, 413, 422, 429, 500, 502, 503, 504}
    assert problem_of(DoorError()).status == 422
    assert problem_of(LedgerError()).status == 500
    assert len({problem.slug for problem in PROBLEMS.values()}) == len(PROBLEMS)


def test_a_failure_of_the_server_tells_nothing_of_its_inside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = Application(Settings(data_dir=tmp_path))

    @app.rest.get("/fails")
    async def fails(known: bool) -> None:
        raise LedgerError("/secret/path") if known else RuntimeError("/secret/path")

    async def answers() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [await client.get("/fails", params={"known": known}) for known in ("true", "false", "perhaps")]

    known, unknown, invalid = asyncio.run(answers())
    for response in (known, unknown):
        assert "secret" not in response.text
        _problem(response, 500, "internal-error")
    assert "/secret/path" in caplog.text
    assert _problem(invalid, 422, "invalid-request")["errors"][0]["in"] == ["query", "known"]


# Hostile queries


def test_a_query_that_never_ends_is_stopped_while_others_are_served(client: httpx.Client, running: Running) -> None:
    stopped: list[httpx.Response] = []
    hostile = threading.Thread(
        target=lambda: stopped.append(httpx.post(running.sparql, data={"query": CARTESIAN}, timeout=20))
    )
    hostile.start()
    served = 0
    while hostile.is_alive():
        assert _ask(client, running, COUNT).text == f"n\r\n{RECORDS}\r\n"
        served += 1
    hostile.join()
    assert served > 20
    problem = _problem(stopped[0], 504, "query-timeout")
    assert f"{TIMEOUT:g} seconds" in problem["detail"]
    assert stopped[0].headers["Retry-After"]


@pytest.mark.parametrize(
    "text",
    ["{" * 2_200 + "}" * 2_200, "{" * 65_000, "{ BIND(" + "(" * 32_000 + "1" + ")" * 32_000 + " AS ?x) }"],
    ids=["2200 groups", "65000 open braces", "32000 brackets"],
)
def test_nesting_that_would_overflow_a_stack_does_no_harm(client: httpx.Client, running: Running, text: str) -> None:
    response = client.post(running.sparql, data={"query": f"SELECT * {text}"})
    assert response.status_code in {200, 400, 422, 504}
    assert _ask(client, running, COUNT).text == f"n\r\n{RECORDS}\r\n"


def test_no_service_call_leaves_the_machine(client: httpx.Client, running: Running) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for call in (f"SERVICE <{url}>{{}}", f"SERVICESILENT<{url}>{{}}", f"FILTER(1<2)SERVICE#>\n<{url}>{{}}"):
            _problem(_ask(client, running, f"SELECT * {{ {call} }}"), 400, "query-refused")
        _problem(client.post(running.sparql, data={"query": f"LOAD <{url}>"}), 400, "query-refused")
        assert _ask(client, running, f"ASK FROM <{url}> {{ ?s ?p ?o }}").status_code == 200
        with pytest.raises(TimeoutError):
            listener.accept()


def test_an_answer_that_is_cut_does_not_look_complete(client: httpx.Client, running: Running) -> None:
    with (
        pytest.raises(httpx.RemoteProtocolError, match="incomplete"),
        client.stream("GET", running.sparql, params={"query": ENDLESS}) as response,
    ):
        assert response.status_code == 200
        for _ in response.iter_raw():
            pass


def test_a_client_of_http_1_0_gets_the_whole_answer_or_an_error(running: Running) -> None:
    def answer(query: str) -> bytes:
        with socket.create_connection(running.address) as connection:
            target = f"/sparql?{urlencode({'query': query, 'format': 'csv'})}"
            connection.sendall(f"GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer(ENDLESS).split(b"\r\n")[0].startswith(b"HTTP/1.1 422 ")
    whole = answer("SELECT ?a ?d { ?a ?b ?c . ?d ?e ?f } LIMIT 30000")
    assert whole.count(b"\r\n", whole.index(b"\r\n\r\n") + 4) == 30_001


def test_a_client_who_hangs_up_ends_the_query(running: Running) -> None:
    patient = running.settings.model_copy(update={"query_timeout": 120.0, "fast_timeout": 120.0})
    with _serving(patient, running.store) as server:
        until(lambda: len(server.pids()) == 2)
        before = server.pids()
        with socket.create_connection(server.address) as connection:
            target = f"/sparql?{urlencode({'query': CARTESIAN})}"
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(0.3)
            assert server.pids() == before
        until(lambda: server.pids() != before)


def test_a_full_queue_is_503(client: httpx.Client, running: Running) -> None:
    until(lambda: len(running.pids()) == 2)
    with contextlib.ExitStack() as stack:
        for number in range(running.settings.workers + running.settings.queue_length):
            connection = stack.enter_context(socket.create_connection(running.address))
            target = f"/sparql?{urlencode({'query': f'{CARTESIAN} # {number}'})}"  # the same one would wait for itself
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        time.sleep(0.3)
        response = _ask(client, running, "SELECT ?s { ?s ?p ?o } LIMIT 1 # neither kept nor prepared")
        _problem(response, 503, "busy")
        assert response.headers["Retry-After"]
    until(lambda: _ask(client, running, COUNT).status_code == 200)


# Around the endpoint


def test_a_bare_get_describes_the_service(client: httpx.Client, running: Running) -> None:
    sd = "http://www.w3.org/ns/sparql-service-description#"
    for accept, format_ in (("*/*", ox.RdfFormat.TURTLE), ("application/ld+json", ox.RdfFormat.JSON_LD)):
        response = client.get(running.sparql, headers={"Accept": accept})
        assert response.headers["Content-Type"].startswith(format_.media_type)
        store = ox.Store()
        store.load(response.content, format=format_)
        service = ox.NamedNode(running.sparql)
        assert ox.Quad(service, ox.NamedNode(f"{sd}endpoint"), service) in store
        assert ox.Quad(service, ox.NamedNode(f"{sd}feature"), ox.NamedNode(f"{sd}UnionDefaultGraph")) in store
        offered = store.quads_for_pattern(service, ox.NamedNode(f"{sd}resultFormat"), None)
        formats = {str(quad.object).strip("<>") for quad in offered}
        assert formats == {format_.iri for format_ in (*RESULT_FORMATS, *GRAPH_FORMATS)}
    _problem(client.get(running.sparql, headers={"Accept": "image/png"}), 406, "not-acceptable")


class _Page(HTMLParser):
    """Checks that every element is closed, and collects what the page refers to."""

    VOID = frozenset({"meta", "input", "br", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_first_page_says_what_is_here_and_needs_nothing_from_elsewhere(
    client: httpx.Client, running: Running
) -> None:
    response = client.get(f"{running.url}/en/")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    page = _Page()
    page.feed(response.text)
    assert page.open == []
    assert all(reference.startswith(("/", "#")) for reference in page.references)
    assert not any(reference.startswith("//") for reference in page.references)
    paths = {"/en/search", "/en/thesaurus/", "/en/tag", "/en/dumps/", "/en/partners", "/sparql", "/void"}
    assert paths <= {*page.references}
    assert f">{running.sparql}</code>" in response.text
    assert ">7</code>" in response.text


def test_the_health_checks_tell_alive_from_ready(client: httpx.Client, running: Running) -> None:
    until(lambda: len(running.pids()) == 2)
    assert client.get(f"{running.url}/livez").json() == {"status": "alive"}
    ready = client.get(f"{running.url}/readyz").json()
    assert (ready["status"], ready["generation"], ready["workers"]) == ("ready", "7", 2)
    assert ready["workersWithoutNetwork"] in (0, 2)


def test_the_first_generation_and_every_newer_one_are_taken_over(client: httpx.Client, tmp_path: Path) -> None:
    store = ox.Store(str(tmp_path / "live"))
    settings = Settings(data_dir=tmp_path, workers=1)
    generations = Generations(settings.generations_dir)
    with _serving(settings, store) as empty:
        _problem(client.get(f"{empty.url}/readyz"), 503, "no-graph")
        _problem(_ask(client, empty, COUNT), 503, "no-graph")
        _problem(client.get(f"{empty.url}/en/", headers={"Accept": "application/json"}), 503, "no-graph")
        assert client.get(f"{empty.url}/livez").status_code == 200
        for sequence in (1, 2):
            store.add(_number(sequence))
            generations.create(store, sequence)
            until(functools.partial(_answers_from, client, empty, str(sequence)))
            assert _ask(client, empty, COUNT).text == f"n\r\n{sequence}\r\n"


def _answers_from(client: httpx.Client, running: Running, generation: str) -> bool:
    return bool(_ask(client, running, COUNT).headers.get(GENERATION_HEADER) == generation)


# Settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATA_DIR": "/srv/graph",
        "PORT": "8123",
        "CLEARINGHOUSE_WORKERS": "5",
        "CLEARINGHOUSE_BASE_IRI": "https://data.example.org/",
        "CLEARINGHOUSE_REFUSE_SUBMITTED": '["Violation"]',
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.data_dir, settings.port, settings.workers) == (Path("/srv/graph"), 8123, 5)
    assert settings.base_iri == "https://data.example.org/"
    assert settings.refuse_submitted == {"Violation"}
    monkeypatch.setenv("CLEARINGHOUSE_PORT", "9000")
    assert Settings().port == 9000


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"base_iri": "https://example.org"}, {"workers": 0}, {"query_timeout": 0}, {"port": 70_000}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Settings.model_validate(wrong)
