"""The form of a concept: what its fields say becomes the change that leads there from what the concept was.

A field is named after its property, and after the language for words: `prefLabel.fr`, with `prefLabel.fr.standing`.
Only the languages and properties that a form names are touched; whatever else is said of the concept stays.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyoxigraph as ox

from ontology.errors import EditingError
from thesaurus.changes import HIDDEN_LABEL, NARROWER, Delta, delta
from thesaurus.statements import (
    ALT_LABEL,
    BROADER,
    CONCEPT,
    IDENTIFIER,
    IN_SCHEME,
    MACHINE_LABEL,
    PREF_LABEL,
    RELATED,
    UNOFFICIAL_LABEL,
)
from thesaurus.turtle import SKOS, TYPE

LABELS = {"prefLabel": PREF_LABEL, "altLabel": ALT_LABEL, "hiddenLabel": HIDDEN_LABEL}
NOTES = ("definition", "scopeNote", "example", "historyNote", "editorialNote", "changeNote", "note")
ALWAYS_SHOWN_NOTES = NOTES[:2]
MATCHES = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
RELATIONS = ("broader", "narrower", "related", "inScheme", *MATCHES)
MARKS = {"unofficial": UNOFFICIAL_LABEL, "machine": MACHINE_LABEL}
"""How a standing other than official is stated: the label once more, under this property."""

_TOP_CONCEPT_OF, _HAS_TOP_CONCEPT = ox.NamedNode(SKOS + "topConceptOf"), ox.NamedNode(SKOS + "hasTopConcept")
_INVERSE = {"broader": NARROWER, "narrower": BROADER, "related": RELATED}

Resolve = Callable[[str], ox.NamedNode]


class Fields(Protocol):
    """The fields of a form that was sent."""

    def getlist(self, key: str) -> Sequence[object]:
        """The values of a field, none if it was not sent."""
        ...


@dataclass(frozen=True)
class Word:
    """A label as a form shows it."""

    text: str
    standing: str


def concept_of(iri: str) -> ox.NamedNode:
    """The node of an IRI. EditingError for a text that is none."""
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise EditingError(f"{iri!r:.80} is not an IRI: {error}") from error


def words(own: Iterable[ox.Triple], kind: str, language: str) -> list[Word]:
    """The labels of a kind and a language among the statements about one concept, with their standing."""
    marks = {(triple.predicate, triple.object) for triple in own if triple.predicate in MARKS.values()}
    return sorted(
        (
            Word(label.value, next((name for name, mark in MARKS.items() if (mark, label) in marks), "official"))
            for label in _literals(own, LABELS[kind], language)
        ),
        key=lambda word: word.text,
    )


def texts(own: Iterable[ox.Triple], kind: str, language: str) -> list[str]:
    """The notes of a kind and a language."""
    return sorted(literal.value for literal in _literals(own, ox.NamedNode(SKOS + kind), language))


def links(known: Iterable[ox.Triple], concept: ox.NamedNode, kind: str) -> list[str]:
    """The IRIs that a concept is related to, whichever end states it."""
    predicate, inverse = ox.NamedNode(SKOS + kind), _INVERSE.get(kind)
    return sorted(set(_stated(known, concept, predicate)) | set(_stated_of(known, concept, inverse)))


def edited(known: Sequence[ox.Triple], concept: ox.NamedNode, fields: Fields, resolve: Resolve) -> Delta:
    """The change that a form makes to a concept of the statements `known`.

    `resolve` tells which concept a text means. EditingError for a field that cannot be used.
    """
    own = {triple for triple in known if triple.subject == concept}
    new = set(own)
    for language in map(str, fields.getlist("languages")):
        _put_labels(new, own, concept, language, fields)
        _put_notes(new, own, concept, language, fields)
    change = delta(own, new)
    added, removed = set(change.added), set(change.removed)
    for kind in fields.getlist("relations"):
        if kind not in RELATIONS:
            raise EditingError(f"{kind!r:.40} is not a relation: expected one of {', '.join(RELATIONS)}")
        more, fewer = _relation_change(known, concept, str(kind), fields, resolve)
        added |= more
        removed |= fewer
    return Delta(frozenset(added), frozenset(removed | _tops_no_more(known, added)))


def created(
    known: Sequence[ox.Triple], concept: ox.NamedNode, identifier: str, fields: Fields, resolve: Resolve
) -> Delta:
    """The change that makes a new concept of a form. EditingError if there is one with its IRI, or without a label."""
    if any(triple.subject == concept for triple in known):
        raise EditingError(f"there is something with the IRI {concept.value} already; expected a new identifier")
    change = edited(known, concept, fields, resolve)
    given = {triple.predicate for triple in change.added}
    for predicate, name in ((PREF_LABEL, "preferred label"), (IN_SCHEME, "scheme")):
        if predicate not in given:
            raise EditingError(f"the new concept has no {name}; expected at least one")
    own = {
        ox.Triple(concept, ox.NamedNode(TYPE), CONCEPT),
        ox.Triple(concept, IDENTIFIER, ox.Literal(identifier)),
    }
    return Delta(change.added | own, change.removed)


def _literals(own: Iterable[ox.Triple], predicate: ox.NamedNode, language: str) -> Iterator[ox.Literal]:
    for triple in own:
        value = triple.object
        if triple.predicate == predicate and isinstance(value, ox.Literal) and (value.language or "") == language:
            yield value


def _put_labels(new: set[ox.Triple], own: set[ox.Triple], concept: ox.NamedNode, language: str, fields: Fields) -> None:
    """Put the labels of a form in the place of those a concept has in a language."""
    for kind, predicate in LABELS.items():
        name = f"{kind}.{language}"
        if not fields.getlist(name):
            continue
        before = list(_literals(own, predicate, language))
        new -= {ox.Triple(concept, of, label) for label in before for of in (predicate, *MARKS.values())}
        standings = [str(one) for one in fields.getlist(f"{name}.standing")]
        for place, text in enumerate(fields.getlist(name)):
            standing = standings[place] if place < len(standings) else "official"
            if standing not in (*MARKS, "official"):
                raise EditingError(
                    f"{name}: {standing!r:.40} is not a standing: expected official, unofficial, machine"
                )
            if literal := _literal(str(text), language, before):
                new.add(ox.Triple(concept, predicate, literal))
                if standing in MARKS:
                    new.add(ox.Triple(concept, MARKS[standing], literal))


def _put_notes(new: set[ox.Triple], own: set[ox.Triple], concept: ox.NamedNode, language: str, fields: Fields) -> None:
    for kind in NOTES:
        if given := fields.getlist(f"{kind}.{language}"):
            predicate = ox.NamedNode(SKOS + kind)
            before = list(_literals(own, predicate, language))
            new -= {ox.Triple(concept, predicate, note) for note in before}
            found = (_literal(str(text), language, before) for text in given)
            new |= {ox.Triple(concept, predicate, note) for note in found if note}


def _literal(text: str, language: str, before: Iterable[ox.Literal]) -> ox.Literal | None:
    """The literal of a field: the one that was there if the field shows it, else a trimmed one; None if blank.

    A browser sends other line ends than it was given, and none from a field of one line.
    """
    lines = "\n".join(text.splitlines())
    for one in before:
        if lines in ("\n".join(one.value.splitlines()), "".join(one.value.splitlines())):
            return one
    if not (text := lines.strip()):
        return None
    return ox.Literal(text, language=language) if language else ox.Literal(text)


def _relation_change(
    known: Sequence[ox.Triple], concept: ox.NamedNode, kind: str, fields: Fields, resolve: Resolve
) -> tuple[set[ox.Triple], set[ox.Triple]]:
    """What is added and removed for one relation, at both ends where both state it."""
    predicate, inverse = ox.NamedNode(SKOS + kind), _INVERSE.get(kind)
    before = {*_stated(known, concept, predicate), *_stated_of(known, concept, inverse)}
    after = {concept_of(str(iri)) for iri in fields.getlist(kind)}
    as_node = concept_of if kind in MATCHES else resolve
    after |= {as_node(str(text).strip()) for text in fields.getlist(f"{kind}.new") if str(text).strip()}
    if concept in after:
        raise EditingError(f"{kind}: the concept itself; expected another one")
    removed = {ox.Triple(concept, predicate, iri) for iri in map(ox.NamedNode, before) if iri not in after}
    added = {ox.Triple(concept, predicate, iri) for iri in after if iri.value not in before}
    if inverse:
        removed |= {ox.Triple(one.object, inverse, concept) for one in removed}  # type: ignore[arg-type]
        backward = {ox.Triple(one.object, inverse, concept) for one in added}  # type: ignore[arg-type]
        if kind == "narrower" and not _states_narrower(known):
            added = backward
        elif kind != "broader" or _states_narrower(known):
            added |= backward
    return added, removed & set(known)


def _states_narrower(known: Iterable[ox.Triple]) -> bool:
    """Whether a thesaurus states both ends of its hierarchy; ours states the broader concept only."""
    return any(triple.predicate == NARROWER for triple in known)


def _tops_no_more(known: Iterable[ox.Triple], added: Iterable[ox.Triple]) -> set[ox.Triple]:
    """What calls a concept a top concept that now gets something broader."""
    below = {triple.subject for triple in added if triple.predicate == BROADER}
    return {
        triple
        for triple in known
        if (triple.predicate == _TOP_CONCEPT_OF and triple.subject in below)
        or (triple.predicate == _HAS_TOP_CONCEPT and triple.object in below)
    }


def _stated(known: Iterable[ox.Triple], concept: ox.NamedNode, predicate: ox.NamedNode) -> Iterator[str]:
    for triple in known:
        if triple.subject == concept and triple.predicate == predicate and isinstance(triple.object, ox.NamedNode):
            yield triple.object.value


def _stated_of(known: Iterable[ox.Triple], concept: ox.NamedNode, inverse: ox.NamedNode | None) -> Iterator[str]:
    for triple in known:
        if triple.object == concept and triple.predicate == inverse and isinstance(triple.subject, ox.NamedNode):
            yield triple.subject.value
