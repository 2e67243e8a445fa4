"""Statistics are what a query over the same generation answers; they are counted once and answer such queries."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest

from endpoint.generations import OXIGRAPH, Generation, Generations
from endpoint.house import House
from endpoint.keeper import StatisticsKeeper
from endpoint.negotiation import RESULT_FORMATS
from endpoint.prepared import answer
from endpoint.statistics import Statistics, Use, count, read, write
from endpoint.store import APPLIED, INTEGER, META

CH = "https://w3id.org/clearinghouse/ns#"
EX = "https://example.org/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD = "http://www.w3.org/2001/XMLSchema#"
DEADLINE = 30.0


def ex(name: str) -> ox.NamedNode:
    return ox.NamedNode(EX + name)


@pytest.fixture(scope="session")
def sample_path(sample_house: House) -> Path:
    newest = sample_house.generations.newest()
    assert newest is not None
    return sample_house.generations.path(newest)


@pytest.fixture(scope="session")
def sample_statistics(sample_path: Path) -> Statistics:
    return count(sample_path)


@pytest.fixture(scope="session")
def sample_store(sample_path: Path) -> ox.Store:
    return ox.Store.read_only(str(sample_path / OXIGRAPH))


def small(directory: Path, *quads: ox.Quad, sequence: int = 1) -> Path:
    """A generation with these quads."""
    directory.mkdir(exist_ok=True)
    store = ox.Store(str(directory / f"live-{sequence}"))
    store.extend(quads)
    generations = Generations(directory / "generations")
    return generations.path(generations.create(store, sequence))


# What is counted


def test_the_sample_is_counted_as_a_walk_over_it_counts(sample_statistics: Statistics, sample_store: ox.Store) -> None:
    quads = list(sample_store)
    triples = {quad.triple for quad in quads}
    found = sample_statistics
    assert len(triples) > 10_000
    assert found.statements == len(quads)
    assert found.triples == len(triples)
    assert found.subjects == len({triple.subject for triple in triples})
    assert found.objects == len({triple.object for triple in triples})
    assert found.entities == len({t.subject for t in triples if isinstance(t.subject, ox.NamedNode)})
    assert found.graphs == len({quad.graph_name for quad in quads} - {META})
    assert {name: one.statements for name, one in found.properties.items()} == Counter(
        quad.predicate.value for quad in quads
    )
    assert {name: one.triples for name, one in found.properties.items()} == Counter(
        triple.predicate.value for triple in triples
    )
    literals = [(t.predicate.value, t.object) for t in triples if isinstance(t.object, ox.Literal)]
    assert {(name, kind): n for name, one in found.properties.items() for kind, n in one.datatypes.items()} == Counter(
        (name, literal.datatype.value) for name, literal in literals
    )
    assert {(name, tag): n for name, one in found.properties.items() for tag, n in one.languages.items()} == Counter(
        (name, literal.language) for name, literal in literals if literal.language
    )


def test_the_properties_of_a_class_are_counted_as_a_walk_counts_them(
    sample_statistics: Statistics, sample_store: ox.Store
) -> None:
    triples = {quad.triple for quad in sample_store}
    classes: dict[object, set[str]] = {}
    for triple in triples:
        if triple.predicate.value == f"{RDF}type" and isinstance(triple.object, ox.NamedNode):
            classes.setdefault(triple.subject, set()).add(triple.object.value)
    uses = Counter((kind, t.predicate.value) for t in triples for kind in classes.get(t.subject, ()))
    users = Counter(
        (kind, predicate.value)
        for subject, predicate in {(t.subject, t.predicate) for t in triples}
        for kind in classes.get(subject, ())
    )
    found = sample_statistics.classes
    assert {name: one.instances for name, one in found.items()} == Counter(
        k for kinds in classes.values() for k in kinds
    )
    assert {(name, p): use.triples for name, one in found.items() for p, use in one.properties.items()} == uses
    assert {(name, p): use.subjects for name, one in found.items() for p, use in one.properties.items()} == users


def test_a_triple_in_two_graphs_is_two_statements_and_one_triple(tmp_path: Path) -> None:
    kind, part = ox.NamedNode(f"{RDF}type"), ex("part")
    quads = [
        ox.Quad(ex("a"), p, o, ex(g))
        for g in "gh"
        for p, o in ((kind, ex("C")), (part, ox.Literal("x", language="en")))
    ]
    found = count(small(tmp_path, *quads, ox.Quad(ox.BlankNode(), part, ox.Literal(1), ex("g"))))
    assert (found.statements, found.triples, found.subjects, found.objects, found.entities) == (5, 3, 2, 3, 1)
    assert found.properties[f"{EX}part"].statements == 3
    assert found.properties[f"{EX}part"].datatypes == {f"{RDF}langString": 1, f"{XSD}integer": 1}
    assert found.properties[f"{EX}part"].languages == {"en": 1}
    assert found.classes[f"{EX}C"].statements == 2
    assert found.classes[f"{EX}C"].instances == 1
    assert found.classes[f"{EX}C"].properties == {f"{EX}part": Use(1, 1), f"{RDF}type": Use(1, 1)}


def test_the_mark_of_the_store_is_told_apart(tmp_path: Path) -> None:
    mark = ox.Quad(META, APPLIED, ox.Literal("7", datatype=INTEGER), META)
    data = ox.Quad(ex("a"), ex("part"), ox.Literal("8", datatype=INTEGER), ex("g"))
    alone = count(small(tmp_path / "alone", mark, data))
    shared = count(small(tmp_path / "shared", mark, ox.Quad(ex("a"), ex("part"), mark.object, ex("g"))))
    assert (alone.statements, alone.graphs, alone.mark.triples, alone.mark.objects) == (2, 1, 1, 1)
    assert shared.mark.objects == 0


def test_the_records_of_each_house_are_counted(sample_statistics: Statistics, sample_store: ox.Store) -> None:
    pairs = {(quad.subject, quad.object.value) for quad in sample_store if quad.predicate.value == f"{CH}clearingHouse"}
    assert sample_statistics.houses == Counter(house for _, house in pairs)
    assert set(sample_statistics.houses) == {f"{CH}ABSCH", f"{CH}BCH", f"{CH}CHM"}
    assert len(sample_statistics.examples) == 3


def test_an_empty_generation_has_no_figures(tmp_path: Path) -> None:
    found = count(small(tmp_path))
    assert (found.statements, found.triples, found.entities, found.properties, found.houses) == (0, 0, 0, {}, {})


# The file


def test_the_file_gives_back_what_was_counted(tmp_path: Path, sample_path: Path, sample_statistics: Statistics) -> None:
    write(sample_statistics, tmp_path / "s" / "1.json")
    assert read(tmp_path / "s" / "1.json", sample_path) == sample_statistics
    assert [file.name for file in (tmp_path / "s").iterdir()] == ["1.json"]


def test_a_file_that_is_damaged_or_of_something_else_is_not_read(tmp_path: Path) -> None:
    path, file = small(tmp_path), tmp_path / "1.json"
    found = count(path)
    assert read(file, path) is None
    for other in (replace(found, version=0), replace(found, generation="2"), replace(found, identity="0-0")):
        write(other, file)
        assert read(file, path) is None
    write(found, file)
    file.write_bytes(file.read_bytes()[:-20])
    assert read(file, path) is None


def test_the_process_counts_a_generation_and_is_nice(tmp_path: Path) -> None:
    path = small(tmp_path, ox.Quad(ex("a"), ex("p"), ex("b"), ex("g")))
    out = tmp_path / "statistics" / "1.json"
    code = (
        "import os, sys; from endpoint.statistics import main; main(sys.argv[1:]); "
        "print(os.getpriority(os.PRIO_PROCESS, 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path.parent), "1", str(out)], capture_output=True, timeout=60, check=True
    )
    assert int(done.stdout) >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    assert read(out, path) == count(path)


def test_the_process_refuses_what_is_no_generation(tmp_path: Path) -> None:
    for name in ("x", "5"):
        done = subprocess.run(
            [sys.executable, "-m", "endpoint.statistics", str(tmp_path), name, str(tmp_path / "o.json")],
            capture_output=True,
            timeout=60,
        )
        assert done.returncode != 0
        assert b"StoreError" in done.stderr
        assert not (tmp_path / "o.json").exists()


# The keeper


def with_keeper(
    directory: Path, current: Callable[[], Generation | None], work: Callable[[StatisticsKeeper], Awaitable[None]]
) -> None:
    async def run() -> None:
        generations = Generations(directory / "generations")
        async with StatisticsKeeper(generations, directory / "statistics", current) as keeper:
            await work(keeper)

    asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.02)


def test_each_generation_is_counted_when_it_becomes_the_present_one(tmp_path: Path) -> None:
    quad = ox.Quad(ex("a"), ex("p"), ex("b"), ex("g"))
    small(tmp_path, quad)
    present = [Generation(1)]

    async def work(keeper: StatisticsKeeper) -> None:
        assert keeper.of(Generation(1)) is None
        assert keeper.of(None) is None
        await until(lambda: keeper.of(Generation(1)) is not None)
        small(tmp_path, quad, ox.Quad(ex("b"), ex("p"), ex("b"), ex("g")), sequence=2)
        Generations(tmp_path / "generations").prune(1)
        (tmp_path / "statistics" / ".1.json.7").write_bytes(b"half")
        present[0] = Generation(2)
        assert keeper.of(Generation(2)) is None
        await until(lambda: keeper.of(Generation(2)) is not None)
        found = keeper.of(Generation(2))
        assert found is not None
        assert found.statements == 2
        assert keeper.of(Generation(1)) is None

    with_keeper(tmp_path, lambda: present[0], work)
    assert [file.name for file in (tmp_path / "statistics").iterdir()] == ["2.json"]


def test_what_is_counted_is_not_counted_again(tmp_path: Path) -> None:
    path, file = small(tmp_path), tmp_path / "statistics" / "1.json"
    write(replace(count(path), statements=77), file)

    async def work(keeper: StatisticsKeeper) -> None:
        await until(lambda: keeper.of(Generation(1)) is not None)
        found = keeper.of(Generation(1))
        assert found is not None
        assert found.statements == 77

    with_keeper(tmp_path, lambda: Generation(1), work)


def test_a_process_for_an_older_generation_is_ended_and_lets_go_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(tmp_path, ox.Quad(ex("a"), ex("p"), ex("b"), ex("g")))
    monkeypatch.setattr("endpoint.processes.sys.executable", str(_slow_python(tmp_path)))
    present: list[Generation | None] = [Generation(1)]

    async def work(keeper: StatisticsKeeper) -> None:
        await until((tmp_path / "started").exists)
        present[0] = None
        await until(lambda: not _runs(int((tmp_path / "started").read_text())))
        assert keeper.of(Generation(1)) is None

    with_keeper(tmp_path, lambda: present[0], work)


def test_leaving_the_keeper_ends_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(tmp_path)
    monkeypatch.setattr("endpoint.processes.sys.executable", str(_slow_python(tmp_path)))

    async def work(_: StatisticsKeeper) -> None:
        await until((tmp_path / "started").exists)

    with_keeper(tmp_path, lambda: Generation(1), work)
    assert not _runs(int((tmp_path / "started").read_text()))


def _slow_python(directory: Path) -> Path:
    """A program in the place of the interpreter, which never ends."""
    program = directory / "python"
    program.write_text(
        f"#!/bin/sh\necho $$ > {directory}/begun && mv {directory}/begun {directory}/started\nexec sleep 60\n"
    )
    program.chmod(0o755)
    return program


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# Prepared answers


PREPARED = {
    "all": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "as a federation client asks": "SELECT (COUNT(*) AS ?count) WHERE { ?s ?p ?o. }",
    "without spaces": "select(count(distinct?s)as?n){?s?p?o}",
    "with comments": "# how many?\nSELECT ( COUNT ( ?x ) AS $n ) # here\nWHERE\n{ $x ?y ?z . } # end",
    "distinct properties": "SELECT (COUNT(DISTINCT ?p) AS ?n) WHERE { ?s ?p ?o }",
    "distinct objects": "SELECT (COUNT(DISTINCT ?o) AS ?n) WHERE { ?s ?p ?o }",
    "a property": f"SELECT (COUNT(*) AS ?n) {{ ?s <{CH}keyword> ?o }}",
    "a prefixed property": f"PREFIX ch: <{CH}>\nprefix : <{EX}> SELECT (COUNT(?o) AS ?n) {{ ?s ch:keyword ?o.}}",
    "the empty prefix": f"PREFIX : <{CH}> SELECT (COUNT(DISTINCT ?s) AS ?n) {{ ?s :keyword ?o }}",
    "types": "SELECT (COUNT(?type) AS ?n) { ?s a ?type }",
    "a class": f"SELECT (COUNT(*) AS ?n) {{ ?s a <{CH}Certificate> }}",
    "a prefixed class": f"PREFIX ch: <{CH}> SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE {{ ?s a ch:Certificate. }}",
    "a class, spelled out": f"SELECT (COUNT(?s) AS ?n) {{ ?s <{RDF}type> <{CH}Certificate> }}",
    "all properties": "SELECT DISTINCT ?p WHERE { ?s ?p ?o }",
    "all classes": "SELECT DISTINCT ?class { ?it a ?class }",
    "records by class": "SELECT ?type (COUNT(?r) AS ?n) WHERE { ?r a ?type } GROUP BY ?type",
    "instances by class": "SELECT ?type (COUNT(DISTINCT ?r) AS ?n) { ?r a ?type } GROUP BY ?type ORDER BY ?type",
    "triples by property": "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p ORDER BY DESC(?p) LIMIT 7",
}
LEFT = {
    "another form": "ASK { ?s ?p ?o }",
    "a filter": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o FILTER(isIRI(?o)) }",
    "two patterns": f"SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o . ?s a <{CH}Certificate> }}",
    "a subject": f"SELECT (COUNT(*) AS ?n) {{ <{EX}a> ?p ?o }}",
    "a variable twice": "SELECT (COUNT(*) AS ?n) { ?s ?p ?s }",
    "a variable for both": "SELECT (COUNT(*) AS ?s) { ?s ?p ?o }",
    "a variable that is not there": "SELECT (COUNT(?x) AS ?n) { ?s ?p ?o }",
    "a dataset": "SELECT (COUNT(*) AS ?n) FROM <https://example.org/g> { ?s ?p ?o }",
    "a graph": "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }",
    "an unknown property": f"SELECT (COUNT(*) AS ?n) {{ ?s <{EX}nowhere> ?o }}",
    "an unknown class": f"SELECT (COUNT(*) AS ?n) {{ ?s a <{EX}Nowhere> }}",
    "a property of a value": f"SELECT (COUNT(*) AS ?n) {{ ?s <{CH}keyword> <{CH}Certificate> }}",
    "a literal": "SELECT (COUNT(*) AS ?n) { ?s ?p 'x' }",
    "a path": f"SELECT (COUNT(*) AS ?n) {{ ?s <{CH}keyword>+ ?o }}",
    "an undeclared prefix": "SELECT (COUNT(*) AS ?n) { ?s ch:keyword ?o }",
    "a prefix declared twice": f"PREFIX c: <{EX}> PREFIX c: <{CH}> SELECT (COUNT(*) AS ?n) {{ ?s c:keyword ?o }}",
    "a base": f"BASE <{CH}> SELECT (COUNT(*) AS ?n) {{ ?s <keyword> ?o }}",
    "a limit of none": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } LIMIT 0",
    "an offset": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } OFFSET 1",
    "a capital A": f"SELECT (COUNT(*) AS ?n) {{ ?s A <{CH}Certificate> }}",
    "an escape": f"SELECT (COUNT(*) AS ?n) {{ ?s \\u0061 <{CH}Certificate> }}",
    "an open string": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } '",
    "more behind it": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } }",
    "nothing": "",
    "very long": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }" + " " * 2000,
    "an order by what is not there": "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p ORDER BY ?x",
    "a limit without order": "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p LIMIT 2",
    "a group by subjects": "SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?s",
}


def by_engine(store: ox.Store, query: str, media_type: str) -> bytes:
    found = store.query(query, use_default_graph_as_union=True)
    format_ = ox.QueryResultsFormat.from_media_type(media_type)
    assert isinstance(found, ox.QuerySolutions)
    assert format_ is not None
    return found.serialize(format=format_) or b""


def solutions(data: bytes, media_type: str) -> list[str]:
    """The rows of an answer, in any order."""
    if media_type == "text/csv":
        return sorted(data.decode().splitlines())
    format_ = ox.QueryResultsFormat.from_media_type(media_type)
    assert format_ is not None
    parsed = ox.parse_query_results(data, format=format_)
    assert isinstance(parsed, ox.QuerySolutions)
    return [str(parsed.variables), *sorted(" ".join(map(str, row)) for row in parsed)]


@pytest.mark.parametrize("format_", RESULT_FORMATS, ids=lambda format_: format_.name)
@pytest.mark.parametrize("query", PREPARED.values(), ids=PREPARED)
def test_a_prepared_answer_is_the_engines(
    query: str, format_: object, sample_statistics: Statistics, sample_store: ox.Store
) -> None:
    media_type = format_.media_type  # type: ignore[attr-defined]
    prepared, expected = answer(query, media_type, sample_statistics), by_engine(sample_store, query, media_type)
    assert prepared is not None
    assert solutions(prepared, media_type) == solutions(expected, media_type)
    if "ORDER BY" in query or ("GROUP BY" not in query and "SELECT DISTINCT" not in query):
        assert prepared == expected


def test_the_sample_has_what_the_prepared_queries_ask_for(sample_statistics: Statistics) -> None:
    for query in PREPARED.values():
        given = answer(query, "text/csv", sample_statistics)
        assert given is not None
        assert given.split(b"\r\n")[1] not in (b"", b"0"), query


@pytest.mark.parametrize("query", LEFT.values(), ids=LEFT)
def test_what_is_not_exactly_prepared_is_left_to_the_engine(query: str, sample_statistics: Statistics) -> None:
    assert answer(query, "text/csv", sample_statistics) is None


@pytest.mark.parametrize("query", PREPARED.values(), ids=PREPARED)
def test_no_token_less_or_more_is_prepared(query: str, sample_statistics: Statistics, sample_store: ox.Store) -> None:
    """A prepared query with a token dropped, doubled or added is either no longer prepared or still answered right."""
    tried = 0
    for changed in _changes(query):
        given = answer(changed, "text/csv", sample_statistics)
        if given is not None:
            tried += 1
            assert solutions(given, "text/csv") == solutions(by_engine(sample_store, changed, "text/csv"), "text/csv")
    assert tried or "#" in query  # those with a keyword in small letters, at least


def _changes(query: str) -> Iterator[str]:
    words = query.replace("(", " ( ").replace(")", " ) ").replace("{", " { ").replace("}", " } ").split()
    for place, word in enumerate(words):
        for instead in (
            [],
            [word, word],
            [word, "?s"],
            [word, "."],
            [word, "DISTINCT"],
            [word.swapcase()],
            ["?o"],
            ["*"],
        ):
            yield " ".join([*words[:place], *instead, *words[place + 1 :]])


def test_counts_of_a_union_with_duplicates_are_the_engines(tmp_path: Path) -> None:
    kind = ox.NamedNode(f"{RDF}type")
    quads = [ox.Quad(ex(s), kind, ex("C"), ex(g)) for s in "ab" for g in "gh"]
    path = small(tmp_path, *quads, ox.Quad(ex("a"), ex("p"), ox.Literal(1), ox.DefaultGraph()))
    store, statistics = ox.Store.read_only(str(path / OXIGRAPH)), count(path)
    for query in (*PREPARED.values(), f"SELECT (COUNT(*) AS ?n) {{ ?s a <{EX}C> }}"):
        if (given := answer(query, "text/csv", statistics)) is not None:
            assert solutions(given, "text/csv") == solutions(by_engine(store, query, "text/csv"), "text/csv")


def test_something_else_than_an_iri_as_a_class_is_left_to_the_engine(tmp_path: Path) -> None:
    statistics = count(small(tmp_path, ox.Quad(ex("a"), ox.NamedNode(f"{RDF}type"), ox.Literal("C"), ex("g"))))
    assert answer(PREPARED["all classes"], "text/csv", statistics) is None
    assert answer(PREPARED["types"], "text/csv", statistics) == b"n\r\n1\r\n"
