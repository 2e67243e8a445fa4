"""The SPARQL 1.1 protocol request by request: what the 34 cases of the W3C suite for it ask, against a live server.

Twenty cases are about queries and answered as they expect. Fourteen are about updates, which this endpoint does not
take: whatever they expect, each gets a client error that says so.
"""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from live import serving

DATA = "http://kasei.us/2009/09/sparql/data/data{}.rdf"
A = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
FORM, DIRECT, UPDATE = (f"application/{name}" for name in ("x-www-form-urlencoded", "sparql-query", "sparql-update"))
TABULAR = {"application/sparql-results+json", "application/sparql-results+xml", "text/csv", "text/tab-separated-values"}
BOOLEAN = {"application/sparql-results+json", "application/sparql-results+xml"}
RDF = {"text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"}
PROBLEM = {"application/problem+json"}

DEFAULT, NAMED, USING = "default-graph-uri", "named-graph-uri", "using-named-graph-uri"
D0, D1, D2, D3 = (DATA.format(number) for number in range(4))
IN_DEFAULT = f"ASK {{ <{D1}> a ?a . <{D2}> a ?b }}"
IN_NAMED = f"{{ GRAPH ?g {{ <{D1}> a ?a }} GRAPH ?h {{ <{D2}> a ?b }} }}"


@dataclass(frozen=True)
class Request:
    """A request; `given` goes to the query string, `body` as it is, `of_type` is its Content-Type."""

    name: str
    method: str = "GET"
    given: list[tuple[str, str]] = field(default_factory=list)
    of_type: str | None = None
    body: bytes | str | None = None


@dataclass(frozen=True)
class Expected:
    """An answer: its status, the media types it may have, and for ASK what it says."""

    status: int
    types: set[str]
    says: bool | None = None


YES = Expected(200, BOOLEAN, says=True)
QUERIES = [
    (Request("query_get", given=[("query", "ASK {}"), (DEFAULT, D0)]), YES),
    (Request("query_post_form", "POST", [(DEFAULT, D0)], FORM, urlencode({"query": "ASK {}"})), YES),
    (Request("query_post_direct", "POST", [], DIRECT, "ASK {}"), YES),
    (Request("query_dataset_default_graphs_get", "GET", [("query", IN_DEFAULT), (DEFAULT, D1), (DEFAULT, D2)]), YES),
    (Request("query_dataset_default_graphs_post", "POST", [(DEFAULT, D1), (DEFAULT, D2)], DIRECT, IN_DEFAULT), YES),
    (Request("query_dataset_named_graphs_get", "GET", [("query", f"ASK {IN_NAMED}"), (NAMED, D1), (NAMED, D2)]), YES),
    (Request("query_dataset_named_graphs_post", "POST", [(NAMED, D1), (NAMED, D2)], DIRECT, f"ASK {IN_NAMED}"), YES),
    (
        Request(
            *("query_dataset_full", "POST", [(DEFAULT, D3), (NAMED, D1), (NAMED, D2)], DIRECT),
            f"ASK {{ <{D3}> a ?c {IN_NAMED} }}",
        ),
        YES,
    ),
    (
        Request("query_multiple_dataset", "POST", [(NAMED, D1), (NAMED, D2)], DIRECT, f"ASK FROM <{D3}> {IN_NAMED}"),
        YES,
    ),
    (
        Request("query_content_type_select", "POST", [(DEFAULT, D0)], DIRECT, "SELECT (1 AS ?value) {}"),
        Expected(200, TABULAR),
    ),
    (Request("query_content_type_ask", "POST", [(DEFAULT, D0)], DIRECT, "ASK {}"), Expected(200, BOOLEAN)),
    (
        Request("query_content_type_describe", "POST", [(DEFAULT, D0)], DIRECT, "DESCRIBE <http://example.org/>"),
        Expected(200, RDF),
    ),
    (
        Request("query_content_type_construct", "POST", [(DEFAULT, D0)], DIRECT, "CONSTRUCT { <s> <p> 1 } WHERE {}"),
        Expected(200, RDF),
    ),
    (Request("bad_query_method", "PUT", [("query", "ASK {}"), (DEFAULT, D0)], FORM), Expected(405, PROBLEM)),
    (
        Request("bad_multiple_queries", "GET", [("query", "ASK {}"), ("query", "SELECT * {}")]),
        Expected(400, PROBLEM),
    ),
    (Request("bad_query_wrong_media_type", "POST", [], "text/plain", "ASK {}"), Expected(415, PROBLEM)),
    (Request("bad_query_missing_form_type", "POST", [], None, "query=ASK%20%7B%7D"), Expected(415, PROBLEM)),
    (Request("bad_query_missing_direct_type", "POST", [], None, "ASK {}"), Expected(415, PROBLEM)),
    (
        Request("bad_query_non_utf8", "POST", [], f"{DIRECT}; charset=UTF-16", "ASK {}".encode("utf-16")),
        Expected(400, PROBLEM),
    ),
    (Request("bad_query_syntax", "GET", [("query", "ASK {")]), Expected(400, PROBLEM)),
]  # fmt: skip

CLEAR, GRAPH = "CLEAR ALL", "http://example.org/copy/"
COPY = (
    f"CLEAR ALL ; INSERT DATA {{ GRAPH <{D1}> {{ <{D1}> a <{D2}> }} }} ; INSERT {{ GRAPH <{GRAPH}> {{ ?s a <{D3}> }} }}"
)
CONFLICT = f"WITH <{D1}> DELETE {{ ?s a ?o }} WHERE {{ ?s a ?o }}"
UPDATES = [
    (
        Request(
            *("update_dataset_default_graph", "POST", [("using-graph-uri", D1)], UPDATE),
            f"{COPY} WHERE {{ ?s a <{D2}> }}",
        ),
        415,
    ),
    (
        Request(
            *("update_dataset_default_graphs", "POST", [("using-graph-uri", D1), ("using-graph-uri", D2)], UPDATE),
            f"{COPY} WHERE {{ ?s a <{D2}> }}",
        ),
        415,
    ),
    (
        Request(
            *("update_dataset_named_graphs", "POST", [(USING, D1), (USING, D2)], UPDATE),
            f"{COPY} WHERE {{ GRAPH ?g {{ ?s a <{D2}> }} }}",
        ),
        415,
    ),
    (
        Request(
            *("update_dataset_full", "POST", [("using-graph-uri", D1), (USING, D2)], UPDATE),
            f"{COPY} WHERE {{ ?s a ?o GRAPH ?g {{ ?t a ?o }} }}",
        ),
        415,
    ),
    (Request("update_post_form", "POST", [], FORM, urlencode({"update": CLEAR})), 400),
    (Request("update_post_direct", "POST", [], UPDATE, CLEAR), 415),
    (Request("update_base_uri", "POST", [], UPDATE, f"BASE <{GRAPH}> INSERT DATA {{ <s> <p> <o> }}"), 415),
    (Request("bad_update_get", "GET", [("update", CLEAR)]), 400),
    (Request("bad_multiple_updates", "POST", [], FORM, urlencode([("update", "CLEAR NAMED"), ("update", CLEAR)])), 400),
    (Request("bad_update_wrong_media_type", "POST", [], "text/plain", CLEAR), 415),
    (Request("bad_update_missing_form_type", "POST", [], None, urlencode({"update": CLEAR})), 415),
    (Request("bad_update_non_utf8", "POST", [], f"{UPDATE}; charset=UTF-16", CLEAR.encode("utf-16")), 415),
    (Request("bad_update_syntax", "POST", [], FORM, urlencode({"update": "CLEAR XYZ"})), 400),
    (Request("bad_update_dataset_conflict", "POST", [(USING, D1)], UPDATE, CONFLICT), 415),
]  # fmt: skip


def _name(value: object) -> str | None:
    return value.name if isinstance(value, Request) else ""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    nodes = [ox.NamedNode(iri) for iri in (D1, D2, D3)]
    quads = [ox.Quad(node, ox.NamedNode(A), ox.NamedNode("http://xmlns.com/foaf/0.1/Document"), node) for node in nodes]
    with serving(tmp_path_factory.mktemp("protocol"), quads, workers=1) as url:
        yield url


def send(endpoint: str, request: Request) -> httpx.Response:
    """Send a request just as it says, without an Accept header or a Content-Type of the client's own."""
    body = request.body.encode() if isinstance(request.body, str) else request.body
    headers = {"Content-Type": request.of_type} if request.of_type else {}
    with httpx.Client(timeout=20) as client:
        del client.headers["Accept"]
        return client.request(request.method, endpoint, params=request.given, content=body, headers=headers)


def says(response: httpx.Response) -> bool:
    """What the answer to an ASK query says."""
    if response.headers["Content-Type"].endswith("json"):
        return json.loads(response.content)["boolean"] is True
    [found] = [node for node in ET.fromstring(response.text) if node.tag.endswith("boolean")]  # noqa: S314
    return found.text == "true"


@pytest.mark.parametrize(("request_", "expected"), QUERIES, ids=_name)
def test_a_query_is_answered_as_the_protocol_says(endpoint: str, request_: Request, expected: Expected) -> None:
    response = send(endpoint, request_)
    assert response.status_code == expected.status, response.text
    assert response.headers["Content-Type"].partition(";")[0] in expected.types
    if expected.says is not None:
        assert says(response) is expected.says


@pytest.mark.parametrize(("request_", "status"), UPDATES, ids=_name)
def test_an_update_is_refused_and_changes_nothing(endpoint: str, request_: Request, status: int) -> None:
    response = send(endpoint, request_)
    assert response.status_code == status, response.text
    problem = response.json()
    assert response.headers["Content-Type"] in PROBLEM
    assert (problem["status"], bool(problem["detail"])) == (status, True)
    assert says(
        send(endpoint, Request("after", given=[("query", f"ASK {{ <{D1}> a ?a . <{D2}> a ?b . <{D3}> a ?c }}")]))
    )


def test_a_dataset_of_the_request_excludes_every_other_graph(endpoint: str) -> None:
    for parameter in (DEFAULT, NAMED):
        request = Request("other", given=[("query", f"ASK {{ {{ <{D1}> a ?a }} UNION {IN_NAMED} }}"), (parameter, D3)])
        assert says(send(endpoint, request)) is False


def test_the_suite_has_twenty_cases_for_queries_and_fourteen_for_updates() -> None:
    names = [request.name for request, _ in [*QUERIES, *UPDATES]]
    assert (len(QUERIES), len(UPDATES), len(set(names))) == (20, 14, 34)
