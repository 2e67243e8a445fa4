"""The core part of the W3C SHACL test suite through the validator: what is compiled, handed over and reported."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyoxigraph as ox
import pytest

from shapes import Result, Validator
from shapes.index import Statements
from shapes.paths import text
from shapes.terms import SH, Term

MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
SHT = "http://www.w3.org/ns/shacl-test#"
RECORD = "urn:test:record"


def suite() -> Path:
    given = os.environ.get("CLEARINGHOUSE_CONFORMANCE")
    root = Path(given) if given else Path(__file__).parents[2] / "shared" / "data" / "conformance"
    return root / "shacl-test-suite" / "tests" / "core"


@dataclass(frozen=True, eq=False)
class Case:
    name: str
    data: Path
    shapes: Path
    manifest: Statements
    expected: Term


def triples(path: Path) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE, base_iri=path.as_uri())]


def one(graph: Statements, node: Term, iri: str) -> Term:
    [value] = graph.objects(node, ox.NamedNode(iri))
    return value


def local(iri: Term) -> Path:
    assert isinstance(iri, ox.NamedNode)
    return Path(iri.value.removeprefix("file://"))


def cases(path: Path) -> Iterator[Case]:
    graph = Statements(triples(path))
    for _, _, included in [t for t in graph if t[1].value == MF + "include"]:
        yield from cases(local(included))
    for _, _, entries in [t for t in graph if t[1].value == MF + "entries"]:
        for entry in graph.items(entries):
            action = one(graph, entry, MF + "action")
            data, shapes = (local(one(graph, action, SHT + name)) for name in ("dataGraph", "shapesGraph"))
            yield Case(f"{path.parent.name}/{path.stem}", data, shapes, graph, one(graph, entry, MF + "result"))


def plain(term: Term | None) -> Term | None:
    return ox.BlankNode("b") if isinstance(term, ox.BlankNode) else term


def reported(results: list[Result]) -> Counter[tuple[object, ...]]:
    return Counter((plain(r.focus), r.path, plain(r.value), r.component, r.severity) for r in results)


def expected(case: Case) -> Counter[tuple[object, ...]]:
    found: Counter[tuple[object, ...]] = Counter()
    graph = case.manifest
    for result in graph.objects(case.expected, ox.NamedNode(SH + "result")):
        given = {p.value.removeprefix(SH): next(iter(values)) for p, values in graph.nodes[result].items()}
        path = text(graph, given["resultPath"]) if "resultPath" in given else None
        names = [str(given[k])[1:-1].removeprefix(SH) for k in ("sourceConstraintComponent", "resultSeverity")]
        found[plain(given["focusNode"]), path, plain(given.get("value")), *names] += 1
    return found


CASES = list(cases(suite() / "manifest.ttl")) if suite().is_dir() else []
HANDED_OVER = {
    "node/qualified-001",  # sh:qualifiedValueShape on a node shape
    "property/qualifiedValueShape-001",  # sh:nodeShape is no term of SHACL
}


@lru_cache
def validator(case: Case) -> tuple[Validator, list[ox.Triple]]:
    data = triples(case.data)
    return Validator(triples(case.shapes), ontology=data), data


@pytest.mark.skipif(not CASES, reason="the W3C SHACL test suite is not here: set CLEARINGHOUSE_CONFORMANCE")
class TestSuite:
    def test_the_core_part_has_98_cases(self) -> None:
        assert len(CASES) == 98

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    def test_the_report_is_the_expected_one(self, case: Case) -> None:
        engine, data = validator(case)
        results = engine.check({RECORD: data})
        assert not engine.unconfirmed
        assert reported([r for found in results.values() for r in found]) == expected(case)

    def test_96_cases_are_compiled_and_2_handed_over(self) -> None:
        handed_over = {case.name: reason for case in CASES if (reason := validator(case)[0].handed_over)}
        assert set(handed_over) == HANDED_OVER, handed_over
