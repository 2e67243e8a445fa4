"""What the thesaurus adds to a search: the concepts that its words name, with their other labels and narrower ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from endpoint.search import schema
from endpoint.search.analysis import LANGUAGES, language_of_text, places
from endpoint.search.concepts import Concept, Concepts
from endpoint.search.entries import Addition, Text
from endpoint.search.wording import Piece
from ontology.identifiers import OTHER_TERM

_LONGEST = 10  # words of a label
_MOST_CONCEPTS, _MOST_NARROWER = 4, 12  # of the same words; of one concept
_PARENTHESIS = re.compile(r"\s*[(（\[].*?[)）\]]")
_Key = tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """Pieces `first` up to but not including `end` of a search, and the concepts they name."""

    first: int
    end: int
    words: str
    concepts: tuple[Concept, ...]


class Expander:
    """The concepts of an index, found by what they are called."""

    def __init__(self, concepts: Concepts) -> None:
        self.concepts = concepts
        self._by_label: dict[str, dict[_Key, list[str]]] = {language: {} for language in LANGUAGES}
        for concept in sorted(concepts, key=lambda one: one.iri):
            if concept.used and not concept.deprecated and not concept.iri.endswith(OTHER_TERM):
                for label in (*concept.labels, *concept.hidden):
                    self._add(concept.iri, label)

    @classmethod
    def of(cls, path: Path) -> Expander:
        """The expander of an index; ValueError, KeyError or TypeError where its file is damaged."""
        described = json.loads((path / schema.CONCEPTS).read_text(encoding="utf-8"))
        return cls(Concepts(map(_concept, described)))

    def named(self, text: str, pieces: Sequence[Piece]) -> list[Named]:
        """The concepts that pieces of a text name: the longest label from the left on, in any language."""
        found = []
        place = 0
        while place < len(pieces):
            named = self._longest(text, pieces, place)
            if named:
                found.append(named)
            place = named.end if named else place + 1
        return found

    def addition(self, concept: Concept, words: str) -> Addition:
        """What a concept adds."""
        labels = tuple(dict.fromkeys(concept.labels))
        return Addition(concept.iri, words, labels, tuple(one.iri for one in self.narrower(concept)))

    def narrower(self, concept: Concept) -> list[Concept]:
        """The concepts directly below one whose labels are searched for too."""
        below = self.concepts.narrower.get(concept.iri, [])
        return [self.concepts.by_iri[iri] for iri in below[:_MOST_NARROWER]]

    def _add(self, iri: str, label: Text) -> None:
        language = language_of_text(label.text, label.language)
        for text in {label.text, _PARENTHESIS.sub("", label.text)}:
            found = places(text, language)
            if found and any(not char.isdigit() for char in text):
                for which in (0, -1):
                    key = tuple(place.terms[which] for place in found)
                    known = self._by_label[language].setdefault(key, [])
                    if iri not in known:
                        known.append(iri)

    def _longest(self, text: str, pieces: Sequence[Piece], first: int) -> Named | None:
        for end in range(min(len(pieces), first + _LONGEST), first, -1):
            span = pieces[first:end]
            if any(one.is_excluded or one.is_begun or (one.is_phrase and len(span) > 1) for one in span):
                continue
            words = text[span[0].start : span[-1].end]
            if (iris := self._called(words, span[0].text, span[-1].text)) is None:
                continue
            return Named(first, end, words, tuple(self.concepts.by_iri[iri] for iri in iris[:_MOST_CONCEPTS]))
        return None

    def _called(self, words: str, first: str, last: str) -> list[str] | None:
        """The concepts of a label in any language in which the words neither begin nor end with a function word."""
        found: dict[str, None] = {}
        for language, labels in self._by_label.items():
            analysed = places(words, language)
            if analysed and places(first, language) and places(last, language):
                found |= dict.fromkeys(labels.get(tuple(place.terms[0] for place in analysed), ()))
        return list(found) or None


def _concept(described: dict[str, object]) -> Concept:
    made = Concept(**described)  # type: ignore[arg-type]
    for name in ("preferred", "alternative", "hidden"):
        setattr(made, name, _texts(getattr(made, name)))
    return made


def _texts(described: Iterable[dict[str, str]]) -> list[Text]:
    return [Text(**one) for one in described]
