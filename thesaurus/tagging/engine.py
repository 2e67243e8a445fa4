"""The tagger: text in, ranked concepts out, with the places in the text that speak for them.

It is made from any SKOS statements and, where there are some, texts that have concepts already; the same statements,
texts and seed give the same tagger.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from thesaurus.folding import folded
from thesaurus.tagging.analysis import Analysis, Lexicons, Span
from thesaurus.tagging.concepts import Concepts
from thesaurus.tagging.model_file import Model, read, version_of, write
from thesaurus.tagging.neighbours import Example, Neighbours
from thesaurus.tagging.ranker import LEAST_EXAMPLES, Experience

_MOST_UNITS = 1000  # of a text, the most frequent, that are kept to find its like


@dataclass(frozen=True)
class Tagged:
    """A text and the concepts given to it, as IRIs.

    Where `is_complete`, concepts that are not given were not meant, as in a record with its keywords. Decisions on
    single suggestions are not complete: `concepts` were accepted, `rejected` were not, and of others nothing is
    known.
    """

    id: str
    text: str
    language: str | None
    concepts: frozenset[str]
    rejected: frozenset[str] = frozenset()
    is_complete: bool = True

    def sources(self) -> tuple[str, ...]:
        """What texts that are the same have in common: their identifier or their words."""
        digest = hashlib.sha256(folded(self.text).encode()).hexdigest()
        return (f"text {digest[:32]}", *([f"id {self.id}"] if self.id else []))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A concept that may be meant, how likely (0 to 1), and where its labels stand in the text.

    A concept that only its words or similar records speak for has no places.
    """

    concept: str
    score: float
    evidence: list[Span]


class Tagger:
    """Suggests concepts of one thesaurus; may be asked from several threads."""

    def __init__(self, lexicons: Lexicons, experience: Experience, version: str) -> None:
        self._lexicons, self._experience, self.version = lexicons, experience, version
        self._places = {concept.iri: place for place, concept in enumerate(lexicons.concepts.all)}

    @classmethod
    def trained(cls, statements: Iterable[ox.Triple], corpus: Iterable[Tagged] = (), seed: int = 0) -> Self:
        """A tagger of the concepts in SKOS statements that has learned from a corpus.

        With fewer than 20 texts that have a known concept the fixed weights are used; `is_trained` says so.
        """
        lexicons = Lexicons(Concepts.of(statements))
        tagged = list(corpus)
        analyses = [lexicons.analysis(one.text, one.language) for one in tagged]
        examples = examples_of(lexicons.concepts, tagged, analyses)
        experience = Experience.of(analyses, examples, seed)
        model = Model(lexicons.concepts, examples, experience.ranker)
        return cls(lexicons, experience, version_of(model))

    @classmethod
    def load(cls, path: Path) -> Self:
        """A tagger as it was saved. Raises TaggingError for a file that is none."""
        model, version = read(path)
        return cls(Lexicons(model.concepts), Experience(Neighbours(model.examples), model.ranker), version)

    def save(self, path: Path) -> None:
        """Write the tagger with its thesaurus and the words of its examples to one file, whole or not at all."""
        write(path, Model(self._lexicons.concepts, self._experience.neighbours.examples, self._experience.ranker))

    @property
    def is_trained(self) -> bool:
        """Whether its weights were learned from examples."""
        return self._experience.ranker.is_trained

    @property
    def standing(self) -> str:
        """In words, what the scores rest on."""
        number = sum(bool(example.given) for example in self._experience.neighbours.examples)
        if self.is_trained:
            return f"trained on {number} tagged texts"
        return f"not trained: {number} tagged texts, at least {LEAST_EXAMPLES} are needed; fixed weights"

    def suggestions(
        self, text: str, language: str | None = None, limit: int = 10, schemes: Collection[str] | None = None
    ) -> list[Suggestion]:
        """The likeliest concepts, best first, only of the schemes named by IRI where any are named.

        Without a language, or with one in which the thesaurus has no labels, it is told by script and function words.
        """
        allowed = self._allowed(schemes)
        analysis = self._lexicons.analysis(text, language, allowed)
        if not analysis.bag:
            return []
        ranking = self._experience.ranking(analysis, max(0, limit), allowed=allowed)
        concepts = self._lexicons.concepts.all
        return [Suggestion(concepts[place].iri, score, list(analysis.spans.get(place, ()))) for place, score in ranking]

    def label(self, concept: str, language: str = "en") -> str:
        """The label of a concept to show; its IRI if it is unknown."""
        place = self._places.get(concept)
        return concept if place is None else self._lexicons.concepts.all[place].label(language)

    def _allowed(self, schemes: Collection[str] | None) -> NDArray[np.bool_] | None:
        if schemes is None:
            return None
        wanted = frozenset(schemes)
        return np.array([bool(concept.schemes & wanted) for concept in self._lexicons.concepts.all], dtype=np.bool_)


def examples_of(concepts: Concepts, corpus: Sequence[Tagged], analyses: Sequence[Analysis]) -> list[Example]:
    """A corpus in terms of the thesaurus; a replaced concept counts as its successor, an unknown one not at all."""
    places = {concept.iri: place for place, concept in enumerate(concepts.all)}

    def known(iris: Iterable[str]) -> frozenset[int]:
        current = (concepts.replacements.get(iri, iri) for iri in iris)
        return frozenset(places[iri] for iri in current if iri in places)

    return [
        Example(
            analysis.language,
            dict(Counter(analysis.bag).most_common(_MOST_UNITS)),
            frozenset(analysis.spans),
            analysis.meaning,
            known(one.concepts),
            known(one.rejected) - known(one.concepts),
            one.is_complete,
            one.sources(),
        )
        for one, analysis in zip(corpus, analyses, strict=True)
    ]
