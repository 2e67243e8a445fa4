"""Reconciliation properties: what is told of a concept under which name, to compare with and to extend a table by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from thesaurus.entries import KINDS, Concept
from thesaurus.folding import folded
from thesaurus.index import MATCHES, Index
from thesaurus.indexing import NOTES
from thesaurus.lookup import Lookup
from thesaurus.turtle import DCTERMS, SKOS

Kind = Literal["text", "concept", "scheme", "iri"]

_NAMES = {
    "prefLabel": ("preferred label", "The name to show; in every language unless one is asked for."),
    "altLabel": ("alternative label", "Another name of the same concept."),
    "hiddenLabel": ("hidden label", "A spelling that finds the concept and is not shown."),
    "identifier": ("identifier", "What the clearing-houses write in a record for the concept."),
    "notation": ("notation", "A code within its scheme."),
    "broader": ("broader concept", "The concept directly above."),
    "narrower": ("narrower concept", "A concept directly below."),
    "related": ("related concept", "A concept that is near without being above or below."),
    "inScheme": ("in scheme", "The concept scheme that the concept is in."),
    "isReplacedBy": ("replaced by", "What to use in place of a deprecated concept."),
    "exactMatch": ("exact match", "A concept of another vocabulary that means the same."),
    "closeMatch": ("close match", "A concept of another vocabulary that mostly means the same."),
    "broadMatch": ("broader match", "A broader concept of another vocabulary."),
    "narrowMatch": ("narrower match", "A narrower concept of another vocabulary."),
    "relatedMatch": ("related match", "A related concept of another vocabulary."),
    "definition": ("definition", "What the concept means."),
    "scopeNote": ("scope note", "What the concept is used for and what not."),
    "note": ("note", "A remark."),
    "example": ("example", "An instance of the concept."),
    "historyNote": ("history note", "What the concept meant before."),
    "editorialNote": ("editorial note", "A remark for editors."),
    "changeNote": ("change note", "What was changed."),
}
NAMING = frozenset({*KINDS, "identifier", "notation"})
"""Properties whose value stands for the concept itself."""
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("broader", "narrower", "related", "isReplacedBy"), "concept"),
    "inScheme": "scheme",
    **dict.fromkeys(MATCHES, "iri"),
}
_INVERSE = {"broader": "narrower", "narrower": "broader", "related": "related"}
_ALL = 10_000  # concepts that a condition without a name may bring into question


@dataclass(frozen=True, slots=True)
class Property:
    """A property: the identifier a client knows it by, its name in SKOS, and the language asked for (empty for all)."""

    id: str
    local: str
    language: str = ""

    @property
    def kind(self) -> Kind:
        """What its values are: texts, concepts and schemes of ours, or IRIs of others."""
        return _KINDS.get(self.local, "text")

    @property
    def name(self) -> str:
        """What it is called, in English."""
        return _NAMES[self.local][0] + (f" ({self.language})" if self.language else "")

    @property
    def description(self) -> str:
        """What it tells, in English."""
        return _NAMES[self.local][1]

    @property
    def iri(self) -> str:
        """The predicate."""
        return (DCTERMS if self.local in ("identifier", "isReplacedBy") else SKOS) + self.local

    def values(self, concept: Concept) -> list[tuple[str, str]]:
        """Its values of a concept, each with its language tag: texts, or IRIs without any."""
        match self.local:
            case "identifier":
                return [(concept.identifier, "")]
            case "notation":
                return [(text, "") for text in concept.notations]
            case "isReplacedBy":
                return [(iri, "") for iri in concept.replaced_by]
            case "inScheme":
                return [(iri, "") for iri in concept.schemes]
            case "broader" | "narrower" | "related":
                return [(iri, "") for iri in getattr(concept, self.local)]
            case _ if self.kind == "iri":
                return [(iri, "") for name, iri in concept.matches if name == self.local]
        labels = [(one.text, one.language) for one in concept.labels if one.kind == self.local]
        notes = [(one.text, one.language) for one in concept.notes if one.kind == self.local]
        return [pair for pair in (*labels, *notes) if is_in(pair[1], self.language)]

    def concepts(self, lookup: Lookup, text: str) -> list[str]:
        """The concepts that may have a value, to be compared again."""
        index = lookup.index
        if self.local in ("identifier", "notation"):
            return lookup.named(text)
        if self.kind == "scheme":
            found = scheme_named(index, text)
            return index.all_concepts(found, limit=_ALL) if found else []
        if self.kind == "iri":
            return lookup.linked(self.iri, text)
        if self.kind == "concept":
            named = _concepts_called(lookup, text)
            if self.local == "isReplacedBy":
                return [iri for other in named for iri in lookup.linked(self.iri, other)]
            nodes = [concept for iri in named if (concept := index.concept(iri))]
            return [iri for concept in nodes for iri in getattr(concept, _INVERSE[self.local])]
        mode: Literal["wildcard", "exact"] = "wildcard" if "*" in text else "exact"
        return [hit.iri for hit in index.search(text, mode=mode, limit=_ALL)] if self.local in KINDS else []


def property_of(identifier: str) -> Property | None:
    """The property a client means: a local name of SKOS, with or without its namespace, and `@` and a language."""
    name, _, language = identifier.partition("@")
    for prefix in (SKOS, DCTERMS, "skos:", "dcterms:"):
        name = name.removeprefix(prefix)
    return Property(identifier, name, language) if name in _NAMES else None


def properties(index: Index) -> Iterator[Property]:
    """Every property, those of the labels followed by the same in each language that occurs."""
    languages = sorted({language for scheme in index.schemes() for language in scheme.languages})
    for name in _NAMES:
        yield Property(name, name)
        if name in KINDS[:2] or name == NOTES[0]:
            yield from (Property(f"{name}@{language}", name, language) for language in languages)


def scheme_named(index: Index, text: str) -> str | None:
    """The IRI of the scheme with a slug, an IRI, an identifier or a title, in any case."""
    wanted = folded(text)
    for scheme in index.schemes():
        names = (scheme.iri, scheme.slug, scheme.identifier, *scheme.titles.values())
        if text == scheme.iri or wanted in map(folded, names):
            return scheme.iri
    return None


def has_value(lookup: Lookup, concept: Concept, asked: Property, text: str, *, wild: bool) -> bool:
    """Whether a concept has a value of a property: the same when folded, or with `*` for anything if `wild`."""
    given = [value for value, _ in asked.values(concept)]
    if asked.kind == "concept":
        return not set(given).isdisjoint(_concepts_called(lookup, text))
    if asked.kind == "scheme":
        return scheme_named(lookup.index, text) in given
    if wild and "*" in text:
        return any(fits(folded(value), folded(text)) for value in given)
    return folded(text) in map(folded, given)


def fits(text: str, pattern: str) -> bool:
    """Whether a text is what a pattern says, in which `*` stands for anything."""
    first, *middle, last = pattern.split("*")
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in middle:
        place = text.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


def _concepts_called(lookup: Lookup, text: str) -> list[str]:
    return lookup.named(text) or [hit.iri for hit in lookup.index.search(text, mode="exact", limit=20)]


def is_in(tag: str, language: str) -> bool:
    """Whether a language tag is in a range (RFC 4647, 3.3.1); an empty range is every language."""
    return not language or f"{tag.lower()}-".startswith(f"{language.lower()}-")
