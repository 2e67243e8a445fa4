"""What was given to texts like this one: the examples most similar by words and by concepts found, and their concepts.

Words tell only texts of one language alike; the concepts found in them are the same in all languages, so that what was
learned from English records helps with Arabic ones.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thesaurus.tagging.analysis import Analysis
from thesaurus.tagging.profiles import Postings

EXAMPLE_FEATURES = (
    "near_share",  # of the votes of the nearest examples
    "near_best",  # similarity of the nearest example that has the concept
    "near_mean",  # mean similarity of all that have it
    "frequency",  # the logarithm of how many examples have it
    "keyness",  # how often it was given where it was found
    "commonness",  # in how many of the texts it is found
)
_NEAREST = 20
_HEAVIEST = 250  # units of a text that count
_BY_EXAMPLE = 40  # candidates that neighbours alone may bring
_PRIOR = 2.0  # texts that the mean counts for where the keyness of a concept is judged
_CONCEPT_SHARE = 0.5


@dataclass(frozen=True)
class Example:
    """A text with what was decided on it; concepts are places in the thesaurus.

    Two examples that have one of `sources` in common are one text, perhaps in two languages.
    Where `is_complete` what was not given was not meant; otherwise only what was rejected is known not to be.
    """

    language: str
    bag: Mapping[str, int]
    found: frozenset[int]
    given: frozenset[int]
    rejected: frozenset[int]
    is_complete: bool
    sources: tuple[str, ...]


class _Cosine:
    def __init__(self, bags: Sequence[Mapping[str, float]]) -> None:
        frequency = Counter(unit for bag in bags for unit in bag)
        self._idf = {unit: math.log((1 + len(bags)) / (1 + n)) + 0.1 for unit, n in frequency.items()}
        self._postings = Postings([self._vector(bag) for bag in bags])

    def _vector(self, bag: Mapping[str, float]) -> dict[str, float]:
        weights = {unit: (1 + math.log(count)) * self._idf[unit] for unit, count in bag.items() if unit in self._idf}
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
        self._concepts = _Cosine([dict.fromkeys(map(str, example.found), 1.0) for example in examples])
        self._sources: dict[str, list[int]] = defaultdict(list)
        self._given: dict[int, list[int]] = defaultdict(list)
        self._found: dict[int, list[int]] = defaultdict(list)
        for place, example in enumerate(examples):
            for source in example.sources:
                self._sources[source].append(place)
            for concept in example.given:
                self._given[concept].append(place)
            for concept in example.found:
                self._found[concept].append(place)
        pairs = sum(map(len, self._found.values()))
        self._base = sum(len(example.found & example.given) for example in examples) / max(1, pairs)

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
        return np.array(places, dtype=np.int64), np.array(rows, dtype=np.float64).reshape(len(rows), len(EXAMPLE_FEATURES))

    def _similarities(self, analysis: Analysis) -> NDArray[np.float64]:
        words = self._words.similarities(_words(analysis.language, analysis.bag))
        concepts = self._concepts.similarities(dict.fromkeys(map(str, analysis.spans), 1.0))
        mixed: NDArray[np.float64] = (1 - _CONCEPT_SHARE) * words + _CONCEPT_SHARE * concepts
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
        found = [place for place in self._found.get(concept, ()) if place not in out]
        both = sum(concept in self.examples[place].given for place in found)
        near = similar[given] if given else np.zeros(1)
        return (
            vote,
            float(near.max()),
            float(near.sum()) / (len(given) + 1),
            math.log1p(len(given)),
            (both + _PRIOR * self._base) / (len(found) + _PRIOR),
            math.log1p(len(found)) / math.log1p(number),
        )


def _words(language: str, bag: Mapping[str, int]) -> dict[str, float]:
    return {f"{language} {unit}": float(count) for unit, count in bag.items()}
