"""Federation between two running servers: the one may call the other because its settings list it, and nobody else."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from live import serving

GRAPH = ox.NamedNode("urn:g")


def quads(predicate: str) -> list[ox.Quad]:
    return [ox.Quad(ox.NamedNode(f"urn:{n}"), ox.NamedNode(predicate), ox.Literal(n), GRAPH) for n in range(10)]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("there"), quads("urn:there"), workers=1) as url:
        yield url


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, there: str) -> Iterator[str]:
    partners = {"there": {"url": there}, "gone": {"url": "http://127.0.0.1:9/sparql", "timeout": 2.0}}
    with serving(tmp_path_factory.mktemp("here"), quads("urn:here"), workers=1, partners=partners) as url:
        if not httpx.get(url.replace("/sparql", "/readyz")).json()["workersWithoutNetwork"]:
            pytest.skip("this system lets no process leave the network, so SERVICE is refused")
        yield url


def asked(url: str, query: str) -> httpx.Response:
    return httpx.get(url, params={"query": query}, headers={"Accept": "application/sparql-results+json"}, timeout=20)


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = json.loads(answer.text)["results"]["bindings"]
    return found


def test_a_query_joins_what_is_here_with_what_a_partner_has(here: str, there: str) -> None:
    joined = f"SELECT ?s ?a ?b {{ ?s <urn:here> ?a SERVICE <{there}> {{ ?s <urn:there> ?b }} FILTER(?a > 6) }}"
    found = rows(asked(here, joined))
    assert sorted(row["s"]["value"] for row in found) == ["urn:7", "urn:8", "urn:9"]
    assert all(row["a"] == row["b"] for row in found)
    page = httpx.get(here.replace("/sparql", "/partners"), headers={"Accept": "application/json"}).json()
    told = {partner["name"]: partner for partner in page["partners"]}
    assert told["there"]["counts"]["answered"] >= 1


def test_a_partner_that_does_not_answer_is_an_error_unless_the_call_is_silent(here: str) -> None:
    call = "<http://127.0.0.1:9/sparql> { ?s <urn:there> ?b }"
    failed = asked(here, f"SELECT * {{ ?s <urn:here> ?a SERVICE {call} }}")
    assert failed.status_code == 502
    assert failed.json()["type"].endswith("problem/partner-failed")
    assert len(rows(asked(here, f"SELECT * {{ ?s <urn:here> ?a SERVICE SILENT {call} }}"))) == 10


@pytest.mark.parametrize(
    "server", ["<http://127.0.0.1:1/>", "?s", "<http://127.0.0.1:8890/partners/there>", "<urn:there>"]
)
def test_nobody_else_is_called(here: str, server: str) -> None:
    refused = asked(here, f"SELECT * {{ ?s <urn:here> ?a SERVICE {server} {{ ?x ?y ?z }} }}")
    assert refused.status_code == 400
    assert refused.json()["type"].endswith("problem/query-refused")
