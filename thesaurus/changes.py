"""Changes of the thesaurus as sets of statements: what differs, what collides, and how a concept is replaced.

Everything here is a function of statements; `loaders.editing` keeps the changes and decides which hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pyoxigraph as ox

from thesaurus.statements import (
    ALT_LABEL,
    ALTERNATE_IDENTIFIER,
    BROADER,
    CONCEPT,
    DEPRECATED,
    IDENTIFIER,
    MACHINE_LABEL,
    PREF_LABEL,
    RELATED,
    REPLACED_BY,
    UNOFFICIAL_LABEL,
)
from thesaurus.turtle import CH, DCTERMS, SKOS, TYPE, XSD, ThesaurusError

NARROWER = ox.NamedNode(SKOS + "narrower")
HIDDEN_LABEL = ox.NamedNode(SKOS + "hiddenLabel")
TRUE = ox.Literal("true", datatype=ox.NamedNode(XSD + "boolean"))

Node = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Status = Literal["proposed", "approved", "rejected"]

_TOP = (ox.NamedNode(SKOS + "topConceptOf"), ox.NamedNode(SKOS + "hasTopConcept"))
_SINGLE = {
    PREF_LABEL,
    ox.NamedNode(SKOS + "definition"),
    ox.NamedNode(DCTERMS + "title"),
    IDENTIFIER,
    DEPRECATED,
    REPLACED_BY,
    ox.NamedNode(CH + "completeness"),
}
"""Predicates with one value, or one in each language: two editors who give one different values are in conflict."""


@dataclass(frozen=True)
class Delta:
    """The statements that a change adds and removes."""

    added: frozenset[ox.Triple]
    removed: frozenset[ox.Triple]

    @classmethod
    def of_lines(cls, added: Iterable[str], removed: Iterable[str], name: str = "change") -> Delta:
        """The inverse of `lines`. ThesaurusError, with the `name` of what is read, for a line that is no statement."""
        return cls(_parsed(added, name), _parsed(removed, name))

    def lines(self) -> tuple[list[str], list[str]]:
        """Sorted N-Triples of what is added and of what is removed."""
        return sorted(f"{triple} ." for triple in self.added), sorted(f"{triple} ." for triple in self.removed)

    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not self.added and not self.removed

    def subjects(self) -> set[ox.NamedNode]:
        """What the statements are about."""
        return self._subjects

    @cached_property
    def _subjects(self) -> set[ox.NamedNode]:
        return {node for triple in self.added | self.removed if isinstance(node := triple.subject, ox.NamedNode)}

    def replaced(self) -> set[ox.NamedNode]:
        """The concepts that get a replacement, or another one."""
        return {
            triple.subject
            for triple in self.added | self.removed
            if triple.predicate == REPLACED_BY and isinstance(triple.subject, ox.NamedNode)
        }


@dataclass(frozen=True)
class ChangeSet:
    """A change with who wants it and why, the version it was made on, and what became of it.

    `created` and `reviewed` are ISO 8601 times; `version` is the version that an approved change made.
    """

    id: str
    author: str
    reason: str
    base: int
    delta: Delta
    status: Status
    created: str
    revision: int = 1
    reviewer: str | None = None
    reviewed: str | None = None
    remark: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class Conflict:
    """Two changes of one place: the values that the change was made on, those found there now, those it wants."""

    subject: ox.NamedNode
    predicate: ox.NamedNode
    language: str | None
    expected: tuple[Node, ...]
    found: tuple[Node, ...]
    wanted: tuple[Node, ...]


_Slot = tuple[Node, ox.NamedNode, str | None]


def delta(before: Iterable[ox.Triple], after: Iterable[ox.Triple]) -> Delta:
    """What leads from the one set of statements to the other."""
    old, new = frozenset(before), frozenset(after)
    return Delta(new - old, old - new)


def applied(statements: Iterable[ox.Triple], change: Delta) -> tuple[ox.Triple, ...]:
    """The statements with a change made, each once, the added ones last; those it removes may be gone already."""
    kept = dict.fromkeys(triple for triple in statements if triple not in change.removed)
    return tuple(kept | dict.fromkeys(change.added))


def conflicts(base: Iterable[ox.Triple], now: Iterable[ox.Triple], change: Delta) -> list[Conflict]:
    """Where a change made on the statements `base` meets another change that has led to `now`.

    Of a predicate with one value that is every place where both end differently; of others those where the change puts
    something in the place of a value that is gone.
    """
    touched = {_slot(triple) for triple in change.added | change.removed}
    then, current = _values(base, touched), _values(now, touched)
    added, removed = _values(change.added, touched), _values(change.removed, touched)
    found = []
    for slot in touched:
        before, here, put, taken = then[slot], current[slot], added[slot], removed[slot]
        wanted = (before - taken) | put
        if before == here or wanted == here:
            continue
        _, predicate, language = slot
        if predicate in _SINGLE or (put and taken - here and put - here):
            subject = slot[0]
            if isinstance(subject, ox.NamedNode):
                found.append(Conflict(subject, predicate, language, _sorted(before), _sorted(here), _sorted(wanted)))
    return sorted(found, key=lambda one: (one.subject.value, one.predicate.value, one.language or ""))


def _parsed(lines: Iterable[str], name: str) -> frozenset[ox.Triple]:
    try:
        return frozenset(quad.triple for quad in ox.parse("\n".join(lines), format=ox.RdfFormat.N_TRIPLES))
    except SyntaxError as error:
        raise ThesaurusError(f"{name}: expected statements as N-Triples: {error}") from error


def _slot(triple: ox.Triple) -> _Slot:
    value = triple.object
    return triple.subject, triple.predicate, value.language if isinstance(value, ox.Literal) else None


def _values(statements: Iterable[ox.Triple], slots: set[_Slot]) -> dict[_Slot, set[Node]]:
    found: dict[_Slot, set[Node]] = defaultdict(set)
    subjects = {slot[0] for slot in slots}
    for triple in statements:
        if triple.subject in subjects and (slot := _slot(triple)) in slots:
            found[slot].add(triple.object)
    return found


def _sorted(values: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(sorted(values, key=str))


def deprecation(
    statements: Iterable[ox.Triple], concept: ox.NamedNode, replaced_by: Sequence[ox.NamedNode] = ()
) -> Delta:
    """A concept goes out of use, for nothing, for another one, or, split, for several; its labels and notes stay.

    What was below it is then below its replacements, or below what it was below; what was related to it is related to
    them. ThesaurusError where the concept or a replacement is no concept here, or is replaced itself.
    """
    known = tuple(statements)
    _refuse_unusable(known, concept, replaced_by)
    removed, added = set(), {ox.Triple(concept, DEPRECATED, TRUE)}
    added |= {ox.Triple(concept, REPLACED_BY, other) for other in replaced_by}
    above = {*_objects(known, concept, BROADER), *_subjects(known, NARROWER, concept)}
    below = {*_objects(known, concept, NARROWER), *_subjects(known, BROADER, concept)}
    instead = {BROADER: set(replaced_by) or above, NARROWER: set(replaced_by) or below, RELATED: set(replaced_by)}
    for triple in known:
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        if predicate == DEPRECATED and subject == concept:
            removed.add(triple)
        elif predicate not in instead and predicate not in _TOP:
            continue
        elif subject == concept:
            removed.add(triple)
        elif value == concept:
            removed.add(triple)
            links = instead.get(predicate, set())
            added |= {ox.Triple(subject, predicate, other) for other in links if other != subject}
    return Delta(frozenset(added - {*known}), frozenset(removed - added))


def merger(statements: Iterable[ox.Triple], concept: ox.NamedNode, into: ox.NamedNode) -> Delta:
    """A concept goes out of use for another one, which takes its labels as alternative ones and its mappings.

    ThesaurusError as of `deprecation`.
    """
    known = tuple(statements)
    change = deprecation(known, concept, [into])
    labels = (PREF_LABEL, ALT_LABEL, HIDDEN_LABEL)
    there = {triple.object for triple in known if triple.subject == into and triple.predicate in labels}
    moved = set()
    for triple in known:
        predicate, value = triple.predicate, triple.object
        if triple.subject != concept:
            continue
        if predicate in labels and value not in there:
            moved.add(ox.Triple(into, HIDDEN_LABEL if predicate == HIDDEN_LABEL else ALT_LABEL, value))
        elif (predicate in (UNOFFICIAL_LABEL, MACHINE_LABEL) and value not in there) or (
            predicate.value.endswith("Match") and predicate.value.startswith(SKOS) and value != into
        ):
            moved.add(ox.Triple(into, predicate, value))
    return Delta(change.added | (moved - {*known}), change.removed)


def _refuse_unusable(known: Sequence[ox.Triple], concept: ox.NamedNode, replaced_by: Sequence[ox.NamedNode]) -> None:
    concepts = set(_subjects(known, ox.NamedNode(TYPE), CONCEPT))
    gone = set(_subjects(known, DEPRECATED, TRUE))
    for node in (concept, *replaced_by):
        if node not in concepts:
            raise ThesaurusError(f"{node.value}: expected a concept of the thesaurus")
    for node in replaced_by:
        if node == concept or node in gone:
            why = "the concept itself" if node == concept else "deprecated as well"
            raise ThesaurusError(f"{concept.value}: its replacement {node.value} is {why}; expected a concept in use")


def _objects(known: Iterable[ox.Triple], subject: ox.NamedNode, predicate: ox.NamedNode) -> Iterator[ox.NamedNode]:
    for triple in known:
        if triple.subject == subject and triple.predicate == predicate and isinstance(triple.object, ox.NamedNode):
            yield triple.object


def _subjects(known: Iterable[ox.Triple], predicate: ox.NamedNode, value: Node) -> Iterator[ox.NamedNode]:
    for triple in known:
        if triple.predicate == predicate and triple.object == value and isinstance(triple.subject, ox.NamedNode):
            yield triple.subject


def touched(statements: Iterable[ox.Triple], change: Delta) -> set[ox.NamedNode]:
    """The concepts of which a change may make something true or untrue: those that it names, and where it moves one,
    all that are below."""
    moved = {triple for triple in change.added | change.removed if triple.predicate in (BROADER, NARROWER)}
    named = {node for triple in change.added | change.removed for node in (triple.subject, triple.object)}
    below: dict[Node, set[Node]] = defaultdict(set)
    for triple in statements if moved else ():
        if triple.predicate == BROADER:
            below[triple.object].add(triple.subject)
        elif triple.predicate == NARROWER:
            below[triple.subject].add(triple.object)
    waiting = [node for triple in moved for node in (triple.subject, triple.object)]
    while waiting:
        new = below[waiting.pop()] - named
        named |= new
        waiting += new
    return {node for node in named if isinstance(node, ox.NamedNode)}


def identifiers(statements: Iterable[ox.Triple], concepts: Iterable[ox.NamedNode]) -> dict[ox.NamedNode, set[str]]:
    """All that records may call some concepts: their identifiers, alternate ones and IRIs."""
    found = {concept: {concept.value} for concept in concepts}
    for triple in statements:
        if triple.subject in found and triple.predicate in (IDENTIFIER, ALTERNATE_IDENTIFIER):
            found[triple.subject].add(triple.object.value)  # type: ignore[union-attr, index]
    return found
