"""One text against the thesaurus: the concepts that may be meant, what speaks for each, and where in the text."""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from thesaurus.tagging.concepts import Concept, Concepts
from thesaurus.tagging.matcher import Hit, Matcher
from thesaurus.tagging.profiles import Profiles
from thesaurus.tagging.text import Tokens, language_of, primary, tokens, units

TEXT_FEATURES = {
    "found": 0.5,  # the logarithm of how often a label is found, nested finds counting less
    "is_found": 0.4,
    "scattered": 0.2,  # as `found`, of labels whose words stand apart
    "found_share": 0.2,  # of the finds of the concept found most
    "in_opening": 0.3,  # found in the title or first sentence
    "early": 0.3,  # 1 if first found at the beginning, 0 at the end
    "spread": 0.0,  # between first and last find, as a share of the text
    "is_preferred": 0.5,
    "is_exact": 0.25,  # found in the spelling of the label, not by its stem only
    "length": 0.5,  # of the longest label found, in tokens
    "clarity": 0.75,  # 1 over the number of concepts that share the label
    "words": 0.75,  # BM25 as a share of the best
    "words_rank": 0.0,
    "covered": 0.6,  # share of a label's words that are in the text, rare ones counting more
    "covered_opening": 0.3,
    "rarity": 0.0,  # of a label's words
    "broader_found": 0.0,
    "narrower_found": 0.1,
    "related_found": 0.25,
    "connected": 0.0,  # how many concepts stand around this one
}
"""What of a text speaks for a concept, and the weight it has where none was learned."""
_LABEL_WEIGHT, _NOTE_WEIGHT, _AROUND_WEIGHT = 3.0, 1.0, 0.5
_OPENING = 300  # characters
_BY_WORDS = 60  # candidates that BM25 alone may bring
_SPANS = 10  # places shown for a concept
_LONGEST_TEXT = 2_000_000  # characters
_NESTED = 0.3
_MEANT = 30  # concepts that the meaning of a text is made of
_WEIGHTS = np.array(list(TEXT_FEATURES.values()))


@dataclass(frozen=True, slots=True)
class Span:
    """Where in the original text, counted in characters, a label of a concept was found."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Analysis:
    """What one text says of the thesaurus; rows of `features` are those of `candidates`, in ascending order.

    `meaning` are the concepts most spoken for, 1 the most, whatever the language: what texts are compared by.
    """

    language: str
    bag: Mapping[str, int]
    candidates: NDArray[np.int64]
    features: NDArray[np.float32]
    spans: Mapping[int, Sequence[Span]]
    meaning: Mapping[int, float]


@dataclass
class _Finds:
    whole: int = 0
    nested: int = 0
    scattered: int = 0
    first: float = 1.0
    last: float = 0.0
    opening: int = 0
    is_preferred: bool = False
    exact: int = 0
    length: int = 0
    shared: int = 99
    spans: list[Span] = field(default_factory=list)

    def add(self, hit: Hit, place: int, text: Tokens, is_opening: bool) -> None:
        name = hit.names[place]
        if len(self.spans) < _SPANS:
            self.spans.append(Span(text.starts[hit.first], text.ends[hit.end - 1], name.text))
        if hit.is_scattered:
            self.scattered += 1
            return
        if hit.is_nested:
            self.nested += 1
        else:
            self.whole += 1
        where = hit.first / len(text)
        self.first, self.last = min(self.first, where), max(self.last, where)
        self.opening += is_opening
        self.is_preferred |= name.is_preferred
        self.exact += tuple(text.surfaces[hit.first : hit.end]) == name.surface
        self.length = max(self.length, hit.end - hit.first)
        self.shared = min(self.shared, len(hit.names))

    def weight(self) -> float:
        return self.whole + _NESTED * self.nested


class Lexicon:
    """The thesaurus in one language: what its labels match and which words speak for its concepts."""

    def __init__(self, concepts: Sequence[Concept], language: str) -> None:
        self.language = language
        self._concepts = concepts
        labels = [
            [(label, tokens(label.text, language)) for label in concept.labels if label.language in (language, "")]
            for concept in concepts
        ]
        found = ((place, label, own) for place, row in enumerate(labels) for label, own in row)
        self._matcher = Matcher(found, language)
        bags = [[units(own.stems) for _, own in row] for row in labels]
        self._profiles = Profiles([self._profile(concept, bags) for concept in zip(concepts, bags, strict=True)])
        self._label_units = [[self._weighted(bag) for bag in row if bag] for row in bags]

    def _weighted(self, bag: Sequence[str]) -> tuple[tuple[tuple[str, float], ...], float]:
        """The different units of a label with their rarity, and the sum of it."""
        weights = tuple((unit, self._profiles.idf(unit)) for unit in dict.fromkeys(bag))
        return weights, sum(weight for _, weight in weights) or 1.0

    def _units(self, text: str) -> list[str]:
        return units(tokens(text, self.language).stems)

    def _profile(
        self, concept: tuple[Concept, list[list[str]]], bags: Sequence[Sequence[list[str]]]
    ) -> dict[str, float]:
        bag: dict[str, float] = defaultdict(float)
        for label in concept[1]:
            for unit in label:
                bag[unit] += _LABEL_WEIGHT
        for language, note in concept[0].notes:
            if language in (self.language, ""):
                for unit in self._units(note):
                    bag[unit] += _NOTE_WEIGHT
        for other in (*concept[0].broader, *concept[0].narrower):
            for unit in bags[other][0] if bags[other] else ():
                bag[unit] += _AROUND_WEIGHT
        return bag

    def analysis(self, source: str, allowed: NDArray[np.bool_] | None = None) -> Analysis:
        """What a text in the language says of the concepts allowed; of a long one its first two million characters."""
        source = source[:_LONGEST_TEXT]
        text = tokens(source, self.language)
        opening = bisect_left(text.starts, _opening(source))
        finds: dict[int, _Finds] = defaultdict(_Finds)
        for hit in self._matcher.hits(text, source):
            for place, name in enumerate(hit.names):
                if allowed is None or allowed[name.concept]:
                    finds[name.concept].add(hit, place, text, hit.first < opening)
        bag, first = Counter(units(text.stems)), frozenset(units(text.stems[:opening]))
        scores = self._profiles.scores(
            {unit: min(count, 5) ** 0.5 * (1.6 if unit in first else 1) for unit, count in bag.items()}
        )
        if allowed is not None:
            scores *= allowed
        best = np.argsort(-scores, kind="stable")[:_BY_WORDS]
        candidates = np.array(sorted({*finds, *best[scores[best] > 0].tolist()}), dtype=np.int64)
        features = self._features(candidates, finds, scores, bag, first).astype(np.float32)
        spans = {place: found.spans for place, found in finds.items()}
        return Analysis(self.language, bag, candidates, features, spans, _meaning(candidates, features))

    def _features(
        self,
        candidates: NDArray[np.int64],
        finds: Mapping[int, _Finds],
        scores: NDArray[np.float64],
        bag: Mapping[str, int],
        opening: frozenset[str],
    ) -> NDArray[np.float64]:
        weights = {place: found.weight() for place, found in finds.items()}
        most = max(weights.values(), default=0) or 1
        top = float(scores.max(initial=0)) or 1.0
        ranks = {
            int(place): rank for rank, place in enumerate(candidates[np.argsort(-scores[candidates], kind="stable")])
        }
        nothing = _Finds()
        rows = []
        for place in candidates.tolist():
            found, concept = finds.get(place, nothing), self._concepts[place]
            times = found.whole + found.nested
            covered, covered_opening, rarity = self._coverage(place, bag, opening)
            rows.append(
                (
                    math.log1p(weights.get(place, 0)),
                    times > 0,
                    math.log1p(found.scattered),
                    weights.get(place, 0) / most,
                    min(found.opening, 2),
                    1 - found.first,
                    max(0.0, found.last - found.first),
                    found.is_preferred,
                    found.exact / times if times else 0,
                    min(found.length, 4),
                    1 / found.shared if times else 0,
                    scores[place] / top,
                    1 / (1 + ranks[place] / 5),
                    covered,
                    covered_opening,
                    rarity,
                    *(
                        math.log1p(sum(weights.get(other, 0) for other in others))
                        for others in (concept.broader, concept.narrower, concept.related)
                    ),
                    math.log1p(len(concept.broader) + len(concept.narrower) + len(concept.related)),
                )
            )
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(TEXT_FEATURES))

    def _coverage(self, place: int, bag: Mapping[str, int], opening: frozenset[str]) -> tuple[float, float, float]:
        """The greatest share of a label's words that are in the text and in its opening, and its words' mean rarity."""
        best = in_opening = rarity = 0.0
        for label, whole in self._label_units[place]:
            known = [(unit, weight) for unit, weight in label if unit in bag]
            best = max(best, sum(weight for _, weight in known) / whole)
            in_opening = max(in_opening, sum(weight for unit, weight in known if unit in opening) / whole)
            rarity = max(rarity, whole / len(label))
        return best, in_opening, rarity


class Lexicons:
    """The thesaurus in every language, each made when first asked for."""

    def __init__(self, concepts: Concepts) -> None:
        self.concepts = concepts
        self.languages = concepts.languages()
        self._made: dict[str, Lexicon] = {}

    def analysis(self, text: str, language: str | None = None, allowed: NDArray[np.bool_] | None = None) -> Analysis:
        """What a text says; where its language is not one of the labels', it is told by script and function words."""
        known = primary(language)
        if not known or (self.languages and known not in self.languages):
            known = language_of(text, self.languages)
        if known not in self._made:
            self._made[known] = Lexicon(self.concepts.all, known)
        return self._made[known].analysis(text, allowed)


def _meaning(candidates: NDArray[np.int64], features: NDArray[np.float32]) -> dict[int, float]:
    scores = features @ _WEIGHTS
    best = np.argsort(-scores, kind="stable")[:_MEANT]
    if not len(best) or scores[best[0]] <= 0:
        return {}
    return {int(candidates[row]): round(float(scores[row] / scores[best[0]]), 4) for row in best if scores[row] > 0}


def _opening(text: str) -> int:
    """Where the title or first sentence of a text ends, at most 300 characters on; 0 if it is no longer than that."""
    head = text.lstrip()[: _OPENING + 1]
    offset = len(text) - len(text.lstrip())
    ends = [place for mark in ("\n", ". ", "。") if (place := head.find(mark)) > 0]
    if ends:
        return offset + min(ends)
    return len(text) if len(text.strip()) <= _OPENING else 0
