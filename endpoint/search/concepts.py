"""The thesaurus of a generation as search needs it: what concepts are called and which ones are below others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pyoxigraph as ox

from endpoint.search.entries import Text
from thesaurus.turtle import CH, DCTERMS, SKOS, TYPE

_LABELS = {SKOS + "prefLabel": "preferred", SKOS + "altLabel": "alternative", SKOS + "hiddenLabel": "hidden"}
_NOTES = {SKOS + name for name in ("definition", "scopeNote", "note", "example", "historyNote")}
_NAMES = {DCTERMS + "identifier", SKOS + "notation", CH + "alternateIdentifier"}
_DEPRECATED = "http://www.w3.org/2002/07/owl#deprecated"


@dataclass
class Concept:
    """A concept; `schemes` and `broader` are IRIs, `used` says whether a record has it or one below it."""

    iri: str
    preferred: list[Text] = field(default_factory=list)
    alternative: list[Text] = field(default_factory=list)
    hidden: list[Text] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    broader: list[str] = field(default_factory=list)
    schemes: list[str] = field(default_factory=list)
    deprecated: bool = False
    used: bool = False

    @property
    def labels(self) -> list[Text]:
        """What it is called, in every language."""
        return [*self.preferred, *self.alternative]


class Concepts:
    """The concepts by IRI."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.by_iri = {one.iri: one for one in concepts}
        self._above: dict[str, tuple[str, ...]] = {}

    @classmethod
    def of(cls, quads: Iterable[ox.Quad]) -> Concepts:
        """The concepts that the graph of the thesaurus describes."""
        found: dict[str, Concept] = {}
        are_concepts = set()
        narrower = []
        for quad in quads:
            subject, predicate, value = quad.subject, quad.predicate.value, quad.object
            if not isinstance(subject, ox.NamedNode):
                continue
            one = found.get(subject.value) or found.setdefault(subject.value, Concept(subject.value))
            if predicate == TYPE and isinstance(value, ox.NamedNode) and value.value == SKOS + "Concept":
                are_concepts.add(subject.value)
            elif predicate == SKOS + "narrower" and isinstance(value, ox.NamedNode):
                narrower.append((value.value, subject.value))
            else:
                _tell(one, predicate, value)
        for below, above in narrower:
            if below in found:
                found[below].broader.append(above)
        return cls(found[iri] for iri in are_concepts)

    def above(self, iri: str) -> tuple[str, ...]:
        """A concept and all those above it, also where they go round in a circle."""
        known = self._above.get(iri)
        if known is None:
            met, waiting = dict.fromkeys([iri]), [iri]
            while waiting:
                concept = self.by_iri.get(waiting.pop())
                for broader in concept.broader if concept else ():
                    if broader not in met:
                        met[broader] = None
                        waiting.append(broader)
            known = self._above[iri] = tuple(met)
        return known

    def closure(self, iris: Iterable[str]) -> list[str]:
        """Concepts with all those above them, each once."""
        return list(dict.fromkeys(above for iri in iris for above in self.above(iri)))

    @cached_property
    def narrower(self) -> dict[str, list[str]]:
        """The concepts directly below each one, by IRI."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for iri, concept in sorted(self.by_iri.items()):
            for above in dict.fromkeys(concept.broader):
                if not concept.deprecated and above != iri:
                    found[above].append(iri)
        return dict(found)

    def __iter__(self) -> Iterator[Concept]:
        return iter(self.by_iri.values())


def _tell(concept: Concept, predicate: str, value: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> None:
    """Add a statement to what is known of its subject."""
    if isinstance(value, ox.Literal):
        text = Text(value.value, value.language or "")
        if predicate in _LABELS:
            getattr(concept, _LABELS[predicate]).append(text)
        elif predicate in _NOTES:
            concept.notes.append(text)
        elif predicate in _NAMES:
            concept.names.append(value.value)
        elif predicate == _DEPRECATED:
            concept.deprecated = value.value in ("true", "1")
    elif isinstance(value, ox.NamedNode):
        if predicate == SKOS + "broader":
            concept.broader.append(value.value)
        elif predicate == SKOS + "inScheme":
            concept.schemes.append(value.value)
