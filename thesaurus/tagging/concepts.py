"""The thesaurus as the tagger sees it: what may be suggested, its labels and notes in all languages, what is near it.

Any SKOS statements will do. A concept is what is typed `skos:Concept` or has a `skos:prefLabel` and is neither scheme
nor collection; labels of SKOS-XL are read too. Deprecated and replaced concepts are left out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import pyoxigraph as ox

from thesaurus.statements import (
    ALTERNATE_IDENTIFIER,
    CONCEPT,
    CONCEPT_SCHEME,
    DEPRECATED,
    IDENTIFIER,
    IN_SCHEME,
    REPLACED_BY,
    Statements,
)
from thesaurus.tagging.text import primary
from thesaurus.turtle import SKOS

_XL = "http://www.w3.org/2008/05/skos-xl#"
_KINDS = ("prefLabel", "altLabel", "hiddenLabel")
_NOTES = ("definition", "scopeNote", "note", "example")
_NO_CONCEPTS = tuple(ox.NamedNode(SKOS + name) for name in ("Collection", "OrderedCollection"))


@dataclass(frozen=True, slots=True)
class Label:
    """A name of a concept; `language` is a primary subtag, empty for a name without language."""

    text: str
    language: str
    is_preferred: bool


@dataclass(frozen=True, slots=True)
class Concept:
    """What may be suggested; `broader`, `narrower` and `related` are places in `Concepts.all`."""

    iri: str
    schemes: frozenset[str]
    labels: tuple[Label, ...]
    notes: tuple[tuple[str, str], ...]  # language, text
    broader: tuple[int, ...]
    narrower: tuple[int, ...]
    related: tuple[int, ...]
    names: tuple[str, ...]  # notations and identifiers

    def label(self, language: str) -> str:
        """The preferred label in a language, else in English, else any label, else the IRI."""
        preferred = {label.language: label.text for label in reversed(self.labels) if label.is_preferred}
        found = preferred.get(language) or preferred.get("en") or next(iter(preferred.values()), "")
        return found or (self.labels[0].text if self.labels else self.iri)


@dataclass(frozen=True)
class Concepts:
    """All concepts in the order of their IRIs, and what the replaced ones became."""

    all: Sequence[Concept]
    replacements: Mapping[str, str]

    @classmethod
    def of(cls, statements: Iterable[ox.Triple]) -> Self:
        """The concepts of SKOS statements."""
        known = Statements(statements)
        labels = _labels(known)
        gone = _gone(known)
        nodes = {*known.instances(CONCEPT), *(node for node, found in labels.items() if found)}
        nodes -= known.instances(CONCEPT_SCHEME).union(*map(known.instances, _NO_CONCEPTS), gone)
        order = sorted(nodes, key=lambda node: node.value)
        places = {node: place for place, node in enumerate(order)}
        links = {
            name: _both_ways(known, places, name, inverse)
            for name, inverse in (("broader", "narrower"), ("narrower", "broader"), ("related", "related"))
        }
        schemes, notes, names = _schemes(known), _notes(known), _names(known)
        concepts = [
            Concept(
                node.value,
                frozenset(schemes.get(node, ())),
                tuple(labels.get(node, ())),
                tuple(notes.get(node, ())),
                links["broader"].get(place, ()),
                links["narrower"].get(place, ()),
                links["related"].get(place, ()),
                tuple(names.get(node, ())),
            )
            for place, node in enumerate(order)
        ]
        replaced = {
            node.value: targets[0].value
            for node, targets in known.links(REPLACED_BY).items()
            if len(targets) == 1 and targets[0] in places
        }
        return cls(concepts, replaced)

    def within(self, schemes: Collection[str] | None) -> Self:
        """Only the concepts of some schemes, given by IRI; all of them where none are given."""
        if not schemes:
            return self
        wanted = frozenset(schemes)
        kept = [place for place, concept in enumerate(self.all) if concept.schemes & wanted]
        places = {old: new for new, old in enumerate(kept)}

        def moved(others: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(places[other] for other in others if other in places)

        concepts = [
            replace(one, broader=moved(one.broader), narrower=moved(one.narrower), related=moved(one.related))
            for one in (self.all[place] for place in kept)
        ]
        return type(self)(concepts, self.replacements)

    def languages(self) -> frozenset[str]:
        """The languages of the labels."""
        return frozenset(label.language for concept in self.all for label in concept.labels if label.language)


def _labels(known: Statements) -> dict[ox.NamedNode, list[Label]]:
    found: dict[ox.NamedNode, set[tuple[int, str, str]]] = defaultdict(set)
    forms = known.literals(ox.NamedNode(_XL + "literalForm"))
    for rank, kind in enumerate(_KINDS):
        for node, literals in known.literals(ox.NamedNode(SKOS + kind)).items():
            found[node].update((rank, primary(label.language), label.value) for label in literals)
        for node, targets in known.links(ox.NamedNode(_XL + kind)).items():
            literals = [form for target in targets for form in forms.get(target, ())]
            found[node].update((rank, primary(label.language), label.value) for label in literals)
    return {
        node: [Label(text, language, rank == 0) for rank, language, text in sorted(rows) if text.strip()]
        for node, rows in found.items()
    }


def _gone(known: Statements) -> frozenset[ox.NamedNode]:
    deprecated = {
        node for node, values in known.literals(DEPRECATED).items() if any(v.value in ("true", "1") for v in values)
    }
    return frozenset(deprecated | set(known.links(REPLACED_BY)))


def _both_ways(
    known: Statements, places: Mapping[ox.NamedNode, int], name: str, inverse: str
) -> dict[int, tuple[int, ...]]:
    found: dict[int, set[int]] = defaultdict(set)
    for node, targets in known.links(ox.NamedNode(SKOS + name)).items():
        for target in targets:
            if node in places and target in places:
                found[places[node]].add(places[target])
    for node, targets in known.links(ox.NamedNode(SKOS + inverse)).items():
        for target in targets:
            if node in places and target in places:
                found[places[target]].add(places[node])
    return {place: tuple(sorted(others - {place})) for place, others in found.items()}


def _schemes(known: Statements) -> dict[ox.NamedNode, set[str]]:
    found: dict[ox.NamedNode, set[str]] = defaultdict(set)
    for predicate in (IN_SCHEME, ox.NamedNode(SKOS + "topConceptOf")):
        for node, targets in known.links(predicate).items():
            found[node].update(target.value for target in targets)
    for scheme, targets in known.links(ox.NamedNode(SKOS + "hasTopConcept")).items():
        for target in targets:
            found[target].add(scheme.value)
    return found


def _notes(known: Statements) -> dict[ox.NamedNode, list[tuple[str, str]]]:
    found: dict[ox.NamedNode, set[tuple[str, str]]] = defaultdict(set)
    for kind in _NOTES:
        for node, literals in known.literals(ox.NamedNode(SKOS + kind)).items():
            found[node].update((primary(note.language), note.value) for note in literals)
    return {node: sorted(notes) for node, notes in found.items()}


def _names(known: Statements) -> dict[ox.NamedNode, list[str]]:
    found: dict[ox.NamedNode, set[str]] = defaultdict(set)
    for predicate in (ox.NamedNode(SKOS + "notation"), IDENTIFIER, ALTERNATE_IDENTIFIER):
        for node, literals in known.literals(predicate).items():
            found[node].update(name.value for name in literals)
    return {node: sorted(names) for node, names in found.items()}
