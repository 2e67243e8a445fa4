"""The gate itself: a thesaurus in a store, every check asked of it, and what they found."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyoxigraph as ox

from ontology.identifiers import DEFAULT_BASE
from thesaurus.checks.catalogue import Check, Level, catalogue
from thesaurus.checks.closures import CLOSURES, Row, Surroundings
from thesaurus.checks.rows import shown, written
from thesaurus.turtle import SKOS

_TOGETHER = 4
"""Checks that are asked at the same time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: how grave, the IRI of the concept or scheme (empty if it is of the whole), what was expected, and the
    check that found it."""

    level: Level
    concept: str
    message: str
    check: str


def findings(
    triples: Iterable[ox.Triple], base: str = DEFAULT_BASE, *, level: Level = Level.WARNING
) -> tuple[Finding, ...]:
    """All findings of a level or graver on the statements of one thesaurus; none means that it may be published.

    The statements must be the whole thesaurus: a relation to a concept that is not among them is dangling.
    """
    return checked(store(triples), base, level=level)


def store(triples: Iterable[ox.Triple]) -> ox.Store:
    """The statements in a store in memory."""
    found = ox.Store()
    # As text, since the parser is faster than a loop over objects.
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    found.bulk_load(text, format=ox.RdfFormat.N_TRIPLES, lenient=True)
    return found


def checked(
    statements: ox.Store,
    base: str = DEFAULT_BASE,
    *,
    level: Level = Level.INFO,
    languages: Sequence[str] | None = None,
    told: Callable[[Check, float], None] = lambda check, seconds: None,
) -> tuple[Finding, ...]:
    """All findings of a level or graver, graver ones first, then by check and concept.

    `languages` are those that labels are expected in, by default those that a tenth of the concepts have; `told` hears
    how long each check took.
    """
    around = Surroundings(statements, base, languages)
    is_ours = _holds_concepts_under(statements, base)

    def timed(check: Check) -> list[Finding]:
        began = time.perf_counter()
        found = list(_findings(check, around))
        told(check, time.perf_counter() - began)
        return found

    wanted = [
        check
        for check in catalogue()
        if min(check.level.rank, check.own_level.rank) <= level.rank and (is_ours or not check.is_own)
    ]
    with ThreadPoolExecutor(_TOGETHER) as threads:  # the store answers them side by side
        around.read(threads)
        found = {finding for findings in threads.map(timed, wanted) for finding in findings}
    kept = (finding for finding in found if finding.level.rank <= level.rank)
    return tuple(sorted(kept, key=lambda one: (one.level.rank, one.check, one.concept, one.message)))


def touched(
    triples: Iterable[ox.Triple], base: str, concepts: Iterable[ox.NamedNode], *, level: Level = Level.WARNING
) -> tuple[Finding, ...]:
    """The findings on some concepts only, from what surrounds them in a whole thesaurus.

    Left out are the checks whose findings depend on all concepts.
    """
    wanted = {concept.value for concept in concepts}
    local = {check.id for check in catalogue() if check.is_local}
    around = findings(_neighbourhood(tuple(triples), wanted), base, level=level)
    return tuple(finding for finding in around if finding.concept in wanted and finding.check in local)


def _findings(check: Check, around: Surroundings) -> Iterator[Finding]:
    rows: Iterable[Row] = _rows(check, around)
    if check.id in CLOSURES:
        rows = CLOSURES[check.id](rows, around)
    own, other = check.own_level, check.level
    for row in rows:
        node = row.get("node", "")
        yield Finding(own if node.startswith(around.base) else other, node, check.message.format_map(row), check.id)


def _rows(check: Check, around: Surroundings) -> Iterator[Row]:
    """The solutions of a check's query, which is asked when the first is wanted."""
    asked = around.labels.suspects if check.reads_labels else around.store
    for values in written(asked, check.asked(around.base)):
        yield {name: shown(value) for name, value in zip(check.variables, values, strict=True) if value}


def _holds_concepts_under(statements: ox.Store, base: str) -> bool:
    query = f'ASK {{ ?node a ?class FILTER(STRSTARTS(STR(?node), "{base}id/") && STRSTARTS(STR(?class), "{SKOS}")) }}'
    return bool(statements.query(query))


_CLOSE = 2
"""How many relations away the statements about a concept may bear on a finding on it: a related one's top concept."""


def _neighbourhood(triples: Sequence[ox.Triple], wanted: set[str]) -> list[ox.Triple]:
    """The statements about some concepts and all that the local checks compare them with.

    These are what they are linked with in either direction, everything above it, and what has a text in common.
    """
    linked: dict[str, set[str]] = defaultdict(set)
    above: dict[str, set[str]] = defaultdict(set)
    texts = {_text(triple) for triple in triples if _name(triple.subject) in wanted} - {None}
    near = set(wanted)
    for triple in triples:
        subject = _name(triple.subject)
        if isinstance(triple.object, ox.Literal):
            if _text(triple) in texts:
                near.add(subject)
            continue
        value, predicate = _name(triple.object), triple.predicate.value
        linked[subject].add(value)
        if predicate in (SKOS + "broader", SKOS + "broaderTransitive"):
            above[subject].add(value)
        elif predicate in (SKOS + "narrower", SKOS + "narrowerTransitive"):
            above[value].add(subject)
        if value in wanted:
            near.add(subject)
    for _ in range(_CLOSE):
        near |= {value for node in near for value in linked.get(node, ())}
    waiting = list(near)
    while waiting:
        found = above.get(waiting.pop(), set()) - near
        near |= found
        waiting += found
    return [triple for triple in triples if _name(triple.subject) in near]


def _name(node: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> str:
    return node.value if isinstance(node, ox.NamedNode) else str(node)


def _text(triple: ox.Triple) -> str | None:
    """What two concepts must not have in common: a literal, without regard to case."""
    return triple.object.value.casefold() if isinstance(triple.object, ox.Literal) else None
