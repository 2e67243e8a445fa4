"""A change of the thesaurus as people read it: by concept, property and language, the words that go and that come."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

import pyoxigraph as ox

from endpoint.localisation import N_
from thesaurus.changes import Conflict, Delta, Node
from thesaurus.turtle import CH, DCTERMS, OWL, PREDICATES, SKOS, TYPE

_PROPERTIES = {
    TYPE: N_("Type"),
    DCTERMS + "identifier": N_("Identifier"),
    DCTERMS + "title": N_("Title"),
    DCTERMS + "isReplacedBy": N_("Replaced by"),
    OWL + "deprecated": N_("Deprecated"),
    SKOS + "prefLabel": N_("Preferred label"),
    SKOS + "altLabel": N_("Alternative label"),
    SKOS + "hiddenLabel": N_("Hidden label"),
    SKOS + "scopeNote": N_("Scope note"),
    SKOS + "historyNote": N_("History note"),
    SKOS + "editorialNote": N_("Editorial note"),
    SKOS + "changeNote": N_("Change note"),
    SKOS + "inScheme": N_("In scheme"),
    SKOS + "topConceptOf": N_("Top concept of"),
    SKOS + "hasTopConcept": N_("Has top concept"),
    SKOS + "exactMatch": N_("Exact match"),
    SKOS + "closeMatch": N_("Close match"),
    SKOS + "broadMatch": N_("Broader match"),
    SKOS + "narrowMatch": N_("Narrower match"),
    SKOS + "relatedMatch": N_("Related match"),
    CH + "unofficialLabel": N_("Wording that is not official"),
    CH + "machineLabel": N_("Wording by a machine"),
    CH + "alternateIdentifier": N_("Alternate identifier"),
    SKOS + "broader": N_("Broader"),
    SKOS + "narrower": N_("Narrower"),
    SKOS + "related": N_("Related"),
    SKOS + "definition": N_("Definition"),
    SKOS + "example": N_("Example"),
    SKOS + "note": N_("Note"),
    SKOS + "notation": N_("Notation"),
}
_RANK = {predicate: rank for rank, predicate in enumerate(PREDICATES)}
# A Chinese or Japanese character by itself, a run of other letters, or a run of anything else.
_TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff]|[^\W\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff]+|\W+")
_TOKENS = 2000
"""Of longer texts the words are not compared: that takes the square of their number."""

Part = tuple[Literal["same", "gone", "new"], str]


@dataclass(frozen=True)
class Value:
    """A value that goes, comes, or both: then `parts` tell the words that stay, go and come."""

    before: Node | None
    after: Node | None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Difference:
    """What a change does to one property of a concept in one language (empty for none)."""

    property: str
    language: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Subject:
    """What a change does to one concept or scheme."""

    iri: str
    differences: tuple[Difference, ...]


def differences(change: Delta, limit: int | None = None) -> list[Subject]:
    """The change by subject, sorted by IRI; of so many subjects only."""
    slots: dict[str, dict[tuple[str, str], tuple[list[Node], list[Node]]]] = defaultdict(
        lambda: defaultdict(lambda: ([], []))
    )
    for place, triples in ((0, change.removed), (1, change.added)):
        for triple in triples:
            language = (triple.object.language or "") if isinstance(triple.object, ox.Literal) else ""
            slots[_name(triple.subject)][(triple.predicate.value, language)][place].append(triple.object)
    return [
        Subject(
            iri,
            tuple(
                Difference(property_name(predicate), language, tuple(_values(before, after)))
                for (predicate, language), (before, after) in sorted(found.items(), key=_order)
            ),
        )
        for iri, found in sorted(slots.items())[:limit]
    ]


def property_name(iri: str) -> str:
    """What people call a property: its words, the end of its IRI where it has none here."""
    return _PROPERTIES.get(iri) or re.split(r"[/#]", iri)[-1] or iri


def conflict_key(conflict: Conflict) -> str:
    """What names the place of a conflict in a form."""
    return " ".join((conflict.subject.value, conflict.predicate.value, conflict.language or ""))


def iris(change: Delta) -> set[str]:
    """The IRIs of all that a change speaks of, to be shown with their labels."""
    nodes = (node for triple in change.added | change.removed for node in (triple.subject, triple.object))
    return {node.value for node in nodes if isinstance(node, ox.NamedNode)}


def _order(item: tuple[tuple[str, str], object]) -> tuple[int, str, str]:
    predicate, language = item[0]
    return _RANK.get(predicate, len(_RANK)), predicate, language


def _name(node: object) -> str:
    return node.value if isinstance(node, ox.NamedNode) else str(node)


def _values(before: Iterable[Node], after: Iterable[Node]) -> Iterator[Value]:
    """What goes and what comes, side by side where there are as many of both."""
    gone, come = sorted(before, key=str), sorted(after, key=str)
    for old, new in zip(gone, come, strict=True) if len(gone) == len(come) else _apart(gone, come):
        if isinstance(old, ox.Literal) and isinstance(new, ox.Literal):
            yield Value(old, new, tuple(_parts(old.value, new.value)))
        else:
            yield Value(old, new)


def _apart(gone: Iterable[Node], come: Iterable[Node]) -> Iterator[tuple[Node | None, Node | None]]:
    yield from ((old, None) for old in gone)
    yield from ((None, new) for new in come)


def _parts(before: str, after: str) -> Iterator[Part]:
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if max(len(old), len(new)) > _TOKENS:
        old, new = [before], [after]
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[a:b])
            continue
        if b > a:
            yield "gone", "".join(old[a:b])
        if d > c:
            yield "new", "".join(new[c:d])
