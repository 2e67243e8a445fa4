"""What was given to texts like this one: the examples most similar by their words and by their meaning.

Words are alike in texts of one language only; the concepts that a text speaks for are the same in all languages, so
what was learned from English records helps with Arabic ones.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thesaurus.tagging.analysis import Analysis
from thesaurus.tagging.profiles import Postings

EXAMPLE_FEATURES = {
    "near_share": 2.0,  # of the votes of the nearest examples
    "near_best": 0.0,  # similarity of the nearest example that has the concept
    "near_mean": 0.0,  # mean similarity of all that have it
    "frequency": 0.0,  # the logarithm of how many examples have it
    "keyness": 0.5,  # how often it was given where it was found
    "commonness": 0.0,  # in how many of the texts it is found
}
"""What the examples say of a concept, and the weight it has where none was learned."""
_NEAREST = 20
_HEAVIEST = 250  # units of a text that count
_BY_EXAMPLE = 40  # candidates that neighbours alone may bring
_PRIOR = 2.0  # texts that the mean counts for where the keyness of a concept is judged
_MEANING_SHARE = 0.5


@dataclass(frozen=True)
class Example:
    """A text with what was decided on it; concepts are places in the thesaurus.

    Two examples that have one of `sources` in common are one text, perhaps in two languages.
    Where `is_complete` what was not given was not meant; otherwise only what was rejected is known not to be.
    """

    language: str
    bag: Mapping[str, int]
    found: frozenset[int]
    meaning: Mapping[int, float]
    given: frozenset[int]
    rejected: frozenset[int]
    is_complete: bool
    sources: tuple[str, ...]


class _Cosine:
    """Bags of units with weights, of which those count less that are in many bags."""

    def __init__(self, bags: Sequence[Mapping[str, float]]) -> None:
        frequency = Counter(unit for bag in bags for unit in bag)
        self._idf = {unit: math.log((1 + len(bags)) / (1 + n)) + 0.1 for unit, n in frequency.items()}
        self._postings = Postings([self._vector(bag) for bag in bags])

    def _vector(self, bag: Mapping[str, float]) -> dict[str, float]:
        weights = {unit: weight * self._idf[unit] for unit, weight in bag.items() if unit in self._idf}
        heaviest = sorted(weights.items(), key=lambda row: (-row[1], row[0]))[:_HEAVIEST]
        norm = math.sqrt(sum(weight * weight for _, weight in heaviest)) or 1.0
        return {unit: weight / norm for unit, weight in heaviest}

    def similarities(self, bag: Mapping[str, float]) -> NDArray[np.float64]:
        return self._postings.scores(self._vector(bag))


class Neighbours:
    """The examples, searched by a text."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = examples
        self._words = _Cosine([_words(example.language, example.bag) for example in examples])
        self._meaning = _Cosine([_named(example.meaning) for example in examples])
        self._sources: dict[str, list[int]] = defaultdict(list)
        self._given: dict[int, list[int]] = defaultdict(list)
        for place, example in enumerate(examples):
            for source in example.sources:
                self._sources[source].append(place)
            for concept in example.given:
                self._given[concept].append(place)
        self._found = Counter(concept for example in examples for concept in example.found)
        self._both = Counter(concept for example in examples for concept in example.found & example.given)
        self._base = self._both.total() / max(1, self._found.total())

    def evidence(
        self, analysis: Analysis, left_out: Sequence[str] = (), allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The candidates with those that neighbours add, ascending, and a row of EXAMPLE_FEATURES for each.

        `left_out` are the sources of examples that must not speak: the text itself, when it is one of them.
        """
        similar = self._similarities(analysis)
        out = frozenset(place for source in left_out for place in self._sources.get(source, ()))
        similar[list(out)] = 0.0
        votes = self._votes(similar)
        known = (concept for concept, vote in votes.items() if vote > 0 and (allowed is None or allowed[concept]))
        brought = sorted(known, key=lambda concept: (-votes[concept], concept))[:_BY_EXAMPLE]
        places = sorted({*analysis.candidates.tolist(), *brought})
        number = max(1, len(self.examples) - len(out))
        rows = [self._row(place, similar, votes.get(place, 0.0), out, number) for place in places]
        return np.array(places, dtype=np.int64), np.array(rows, dtype=np.float64).reshape(
            len(rows), len(EXAMPLE_FEATURES)
        )

    def _similarities(self, analysis: Analysis) -> NDArray[np.float64]:
        words = self._words.similarities(_words(analysis.language, analysis.bag))
        meaning = self._meaning.similarities(_named(analysis.meaning))
        mixed: NDArray[np.float64] = (1 - _MEANING_SHARE) * words + _MEANING_SHARE * meaning
        return mixed

    def _votes(self, similar: NDArray[np.float64]) -> dict[int, float]:
        nearest = np.argsort(-similar, kind="stable")[:_NEAREST]
        whole = float(similar[nearest].sum()) or 1.0
        votes: dict[int, float] = defaultdict(float)
        for place in nearest.tolist():
            for concept in self.examples[place].given:
                votes[concept] += similar[place] / whole
            for concept in self.examples[place].rejected:
                votes[concept] -= similar[place] / whole
        return votes

    def _row(
        self, concept: int, similar: NDArray[np.float64], vote: float, out: frozenset[int], number: int
    ) -> tuple[float, ...]:
        given = [place for place in self._given.get(concept, ()) if place not in out]
        own = [self.examples[place] for place in out if concept in self.examples[place].found]
        found = self._found[concept] - len(own)
        both = self._both[concept] - sum(concept in example.given for example in own)
        near = similar[given]
        return (
            vote,
            float(near.max(initial=0.0)),
            float(near.sum()) / (len(given) + 1),
            math.log1p(len(given)),
            (both + _PRIOR * self._base) / (found + _PRIOR),
            math.log1p(found) / math.log1p(number),
        )


def _words(language: str, bag: Mapping[str, int]) -> dict[str, float]:
    return {f"{language} {unit}": 1 + math.log(count) for unit, count in bag.items()}


def _named(meaning: Mapping[int, float]) -> dict[str, float]:
    return {str(concept): weight for concept, weight in meaning.items()}
