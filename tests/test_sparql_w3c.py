"""The W3C suites for SPARQL 1.0 and 1.1 through HTTP: syntax, evaluation, result formats; what differs is in a table.

`sparql_skips.toml` names every case that is not run or not answered as the suite expects, and says why; a case in the
table that comes out as expected is an error too.
"""

import fnmatch
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from live import serving
from w3c import Case, Suite, read

TABLE = tomllib.loads((Path(__file__).parent / "sparql_skips.toml").read_text("utf-8"))
NO_GRAPH = "https://example.org/w3c/no-graph"
DIRECT = {"Content-Type": "application/sparql-query"}


def root() -> Path:
    given = os.environ.get("CLEARINGHOUSE_CONFORMANCE")
    whole = Path(given) if given else Path(__file__).parents[2] / "shared" / "data" / "conformance"
    return whole / "w3c-sparql-tests"


SUITE = Suite(root())
MANIFESTS = (
    "sparql10/manifest.ttl",
    "sparql11/manifest-sparql11-query.ttl",
    "sparql11/manifest-sparql11-results.ttl",
    "sparql11/manifest-sparql11-fed.ttl",
    "sparql11/manifest-sparql11-update.ttl",
    "sparql11/entailment/manifest.ttl",
)
CASES = [case for name in MANIFESTS for case in SUITE.cases(name)] if root().is_dir() else []
EVALUATION = [case for case in CASES if case.type in ("QueryEvaluationTest", "CSVResultFormatTest")]
UPDATES = [case for case in CASES if case.query.endswith(".ru")]
SYNTAX = [case for case in CASES if "Syntax" in case.type and case not in UPDATES]

pytestmark = pytest.mark.skipif(not CASES, reason="the W3C SPARQL suites are not here: set CLEARINGHOUSE_CONFORMANCE")


def name(case: Case) -> str:
    return case.name


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("w3c"), SUITE.data(EVALUATION), workers=1) as url:
        yield url


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


def judge(case: Case, as_expected: bool, otherwise: str) -> None:
    """Pass or fail a case, with regard to the table."""
    differs = _of(TABLE["differs"], case)
    if differs and as_expected:
        pytest.fail("comes out as expected: take it off the table")
    if differs:
        pytest.xfail(differs)
    assert as_expected, otherwise


def _of(table: dict[str, list[str]], case: Case) -> str | None:
    """The reason under which a table names a case."""
    found = (reason for reason, names in table.items() if any(fnmatch.fnmatch(case.name, name) for name in names))
    return next(found, None)


def ask(client: httpx.Client, endpoint: str, case: Case) -> httpx.Response:
    """Ask an evaluation case over its own dataset; BASE makes the relative IRIs of the query those of its file."""
    own = SUITE.from_clause(case)
    dataset = {} if own else {"default-graph-uri": case.default or [NO_GRAPH], "named-graph-uri": case.named}
    text = f"BASE <{case.query}>\n{SUITE.text(case.query)}"
    headers = DIRECT | {"Accept": SUITE.accept(case)}
    return client.post(endpoint, params=dataset, content=text.encode(), headers=headers)


def test_the_table_names_only_cases_that_there_are() -> None:
    named = [name for part in TABLE.values() for names in part.values() for name in names]
    assert len(named) == len(set(named))
    assert not [name for name in named if not fnmatch.filter([case.name for case in CASES], name)]


@pytest.mark.parametrize("case", SYNTAX, ids=name)
def test_what_is_a_query_is_told_from_what_is_not(client: httpx.Client, endpoint: str, case: Case) -> None:
    """A query that parses may still be refused, for its SERVICE or for a function that nobody knows."""
    text = SUITE.path(case.query).read_bytes()
    response = client.post(endpoint, params={"default-graph-uri": NO_GRAPH}, content=text, headers=DIRECT)
    parses = response.status_code == 200
    if not parses:
        assert response.status_code == 400
        parses = not response.json()["type"].endswith("/query-syntax")
    judge(case, parses == case.type.startswith("Positive"), f"{response.status_code}: {response.text[:300]}")


@pytest.mark.parametrize("case", EVALUATION, ids=name)
def test_the_answer_is_the_expected_one(client: httpx.Client, endpoint: str, case: Case) -> None:
    if reason := _of(TABLE["not-run"], case):
        pytest.skip(reason)
    response = ask(client, endpoint, case)
    as_expected = False
    if response.status_code == 200:
        media_type = response.headers["Content-Type"].partition(";")[0]
        assert media_type == SUITE.accept(case)
        answer, expected = read(response.content, media_type), SUITE.expected(case)
        as_expected = answer.distinct().equals(expected.distinct()) if case.lax else answer.equals(expected)
    judge(case, as_expected, f"{response.status_code}: {response.text[:1000]}")


@pytest.mark.parametrize("case", UPDATES, ids=name)
def test_no_update_is_taken(client: httpx.Client, endpoint: str, case: Case) -> None:
    text = SUITE.path(case.query).read_bytes()
    media_type = {"Content-Type": "application/sparql-update"}
    answers = [
        client.post(endpoint, content=text, headers=media_type),
        client.post(endpoint, data={"update": text}),
        client.post(endpoint, content=text, headers=DIRECT),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert answer.headers["Content-Type"] == "application/problem+json"
