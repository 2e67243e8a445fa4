"""From a generation to the figures that describe it: counted once, by a niced process of its own.

Started as `python -m endpoint.statistics GENERATIONS_DIR NAME OUTPUT`. It counts what a query sees: the union of all
graphs. The engine shows a triple once for each graph that holds it, so `statements` is what COUNT(*) answers, and
`triples` what the union holds as a set. The store's own mark is seen by queries too; `mark` says what to take off.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox
from pydantic import TypeAdapter, ValidationError

from endpoint.generations import OXIGRAPH, Generation, Generations
from endpoint.store import META
from ontology.errors import StoreError

CLEARING_HOUSE = "https://w3id.org/clearinghouse/ns#clearingHouse"
_VERSION = 1  # of the file; one of another version is counted again
_NICENESS = 10
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Use:
    """How often the instances of a class have a property: triples, and instances that have it at all."""

    triples: int
    subjects: int


@dataclass(frozen=True)
class PropertyCounts:
    """The triples of one property; by datatype IRI and by language tag those whose object is a literal."""

    statements: int
    triples: int
    subjects: int
    objects: int
    datatypes: dict[str, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassCounts:
    """The instances of one class, and by property IRI what they have."""

    statements: int
    instances: int
    properties: dict[str, Use] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """What the store's own mark adds to the counts: a triple, and terms that occur nowhere else."""

    triples: int
    subjects: int
    objects: int


@dataclass(frozen=True)
class Statistics:
    """The figures of one generation; classes, properties and houses by IRI, `houses` with their numbers of records."""

    version: int
    generation: str
    identity: str
    modified: str
    statements: int
    triples: int
    subjects: int
    objects: int
    entities: int
    graphs: int
    mark: Mark
    properties: dict[str, PropertyCounts]
    classes: dict[str, ClassCounts]
    houses: dict[str, int]
    examples: list[str]


_FILE = TypeAdapter(Statistics)


def identity(path: Path) -> str:
    """What tells a generation from another one that had its name before: directory number and time of making."""
    status = path.stat()
    return f"{status.st_ino}-{status.st_mtime_ns}"


def read(file: Path, generation: Path) -> Statistics | None:
    """The statistics of the generation in a directory, None where `file` does not hold them whole."""
    try:
        found = _FILE.validate_json(file.read_bytes())
        known = (found.version, found.generation, found.identity) == (_VERSION, generation.name, identity(generation))
    except (FileNotFoundError, ValidationError):
        return None
    return found if known else None


def write(statistics: Statistics, file: Path) -> None:
    """Write a file that appears whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f".{file.name}.{os.getpid()}")
    half.write_bytes(_FILE.dump_json(statistics, indent=1))
    half.replace(file)


def count(path: Path) -> Statistics:
    """Count the generation in a directory. Memory is bounded by its largest property and largest class."""
    counter = _Counter(ox.Store.read_only(str(path / OXIGRAPH)))
    properties = dict(sorted(counter.properties()))
    duplicated = [name for name, counts in properties.items() if counts.triples < counts.statements]
    [subjects, entities] = counter.numbers(
        "(COUNT(*) AS ?n) (SUM(IF(isIRI(?s), 1, 0)) AS ?m) { SELECT DISTINCT ?s { ?s ?p ?o } }"
    )
    return Statistics(
        version=_VERSION,
        generation=path.name,
        identity=identity(path),
        modified=datetime.fromtimestamp(int(path.stat().st_mtime), UTC).isoformat().replace("+00:00", "Z"),
        statements=sum(counts.statements for counts in properties.values()),
        triples=sum(counts.triples for counts in properties.values()),
        subjects=subjects,
        objects=counter.numbers("(COUNT(DISTINCT ?o) AS ?n) { ?s ?p ?o }")[0],
        entities=entities,
        graphs=sum(1 for graph in counter.store.named_graphs() if graph != META),
        mark=counter.mark(),
        properties=properties,
        classes=dict(sorted(counter.classes(duplicated))),
        houses=counter.houses(),
        examples=counter.examples(),
    )


class _Counter:
    """The queries whose answers are the statistics of a store.

    The engine counts without taking terms out of the store, ten times as fast as walking over the statements does. A
    query counts one property or one class, so that what it must remember stays small.
    """

    def __init__(self, store: ox.Store) -> None:
        self.store = store

    def _rows(self, query: str) -> Iterator[ox.QuerySolution]:
        found = self.store.query(f"SELECT {query}", use_default_graph_as_union=True)
        if not isinstance(found, ox.QuerySolutions):
            raise TypeError(f"not a SELECT query: {query}")
        return found

    def numbers(self, query: str) -> list[int]:
        """The numbers in the one row of an answer, 0 for the sum of nothing."""
        [row] = self._rows(query)
        return [_number(value) for value in row]

    def properties(self) -> Iterator[tuple[str, PropertyCounts]]:
        """Each property with its counts."""
        for [name] in self._rows("DISTINCT ?p { ?s ?p ?o }"):
            pattern = f"?s {name} ?o"
            statements, subjects, objects = self.numbers(
                f"(COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?m) (COUNT(DISTINCT ?o) AS ?k) {{ {pattern} }}"
            )
            pairs = f"SELECT DISTINCT ?s ?o {{ {pattern} }}"
            [triples] = self.numbers(f"(COUNT(*) AS ?n) {{ {pairs} }}")
            literals = list(self._literals(pattern if triples == statements else f"{{ {pairs} }}"))
            yield (
                _iri(name),
                PropertyCounts(
                    statements,
                    triples,
                    subjects,
                    objects,
                    _sums((datatype, number) for datatype, _, number in literals),
                    _sums((language, number) for _, language, number in literals if language),
                ),
            )

    def _literals(self, pattern: str) -> Iterator[tuple[str, str, int]]:
        """(datatype, language or nothing, triples) of the literals in a pattern."""
        binds = "BIND(DATATYPE(?o) AS ?d) BIND(LANG(?o) AS ?l)"
        for row in self._rows(f"?d ?l (COUNT(*) AS ?n) {{ {pattern} {binds} }} GROUP BY ?d ?l"):
            if row["d"] is not None:
                yield _iri(row["d"]), _text(row["l"]), _number(row["n"])

    def classes(self, duplicated: list[str]) -> Iterator[tuple[str, ClassCounts]]:
        """Each class with its counts; the triples of `duplicated` properties are counted as a set."""
        rows = "?c (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?m) { ?s a ?c } GROUP BY ?c"
        for kind, statements, instances in list(self._rows(rows)):
            if not isinstance(kind, ox.NamedNode):
                continue
            # A subject may be of one class in two graphs, hence the inner DISTINCT.
            members = f"{{ SELECT DISTINCT ?s {{ ?s a {kind} }} }}"
            uses = f"?p (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?m) {{ {members} ?s ?p ?o }} GROUP BY ?p"
            found = {_iri(p): Use(_number(n), _number(m)) for p, n, m in self._rows(uses)}
            for name in found.keys() & set(duplicated):
                pairs = f"SELECT DISTINCT ?s ?o {{ {members} ?s <{name}> ?o }}"
                found[name] = Use(self.numbers(f"(COUNT(*) AS ?n) {{ {pairs} }}")[0], found[name].subjects)
            yield kind.value, ClassCounts(_number(statements), _number(instances), dict(sorted(found.items())))

    def houses(self) -> dict[str, int]:
        """The number of records of each clearing-house."""
        rows = f"?h (COUNT(DISTINCT ?r) AS ?n) {{ ?r <{CLEARING_HOUSE}> ?h }} GROUP BY ?h"
        return dict(sorted((_iri(house), _number(number)) for house, number in self._rows(rows)))

    def examples(self) -> list[str]:
        """One record of each clearing-house, always the same one of the same records."""
        rows = f"?h (MIN(STR(?r)) AS ?x) {{ ?r <{CLEARING_HOUSE}> ?h FILTER(isIRI(?r)) }} GROUP BY ?h"
        return sorted(_text(record) for _, record in self._rows(rows))

    def mark(self) -> Mark:
        """What the store's own marks add."""
        marks = list(self.store.quads_for_pattern(None, None, None, META))
        alone = {mark.object for mark in marks if not any(self._elsewhere(mark.object))}
        return Mark(len(marks), len(marks[:1]), len(alone))

    def _elsewhere(self, term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Iterator[bool]:
        return (True for quad in self.store.quads_for_pattern(None, None, term, None) if quad.graph_name != META)


def _sums(pairs: Iterator[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, number in pairs:
        sums[key] = sums.get(key, 0) + number
    return dict(sorted(sums.items()))


def _iri(term: object) -> str:
    if not isinstance(term, ox.NamedNode):
        raise StoreError(f"{term} stands where an IRI should")
    return term.value


def _text(term: object) -> str:
    return term.value if isinstance(term, ox.Literal) else ""


def _number(term: object) -> int:
    return int(_text(term) or 0)


def main(arguments: list[str]) -> None:
    """Count one generation and write its file; see the head of this module for the arguments."""
    directory, name, output = arguments
    generation = Generation.named(name)
    if generation is None:
        raise StoreError(f"{name!r} does not name a generation")
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(_NICENESS)
    with Generations(Path(directory)).hold(generation) as path:
        write(count(path), Path(output))


if __name__ == "__main__":
    main(sys.argv[1:])
