"""Concepts ranked by the words of a text: BM25 over their labels and notes and, less, the labels around them."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_K1, _B = 1.2, 0.75  # https://en.wikipedia.org/wiki/Okapi_BM25 : the usual values
Floats = NDArray[np.float32]


class Postings:
    """Bags of weighted units, turned round: for each unit the bags it is in and its weight there."""

    def __init__(self, bags: Sequence[Mapping[str, float]]) -> None:
        self.size = len(bags)
        numbers: dict[str, int] = {}
        units = np.fromiter(
            (numbers.setdefault(unit, len(numbers)) for bag in bags for unit in bag), np.int64, sum(map(len, bags))
        )
        places = np.repeat(np.arange(len(bags), dtype=np.int32), [len(bag) for bag in bags])
        weights = np.fromiter((weight for bag in bags for weight in bag.values()), np.float32, len(units))
        order = np.argsort(units, kind="stable")
        self._numbers = numbers
        self._ends = np.searchsorted(units[order], np.arange(len(numbers) + 1))
        self._places, self._weights = places[order], weights[order]

    def frequency(self, unit: str) -> int:
        """In how many bags a unit is."""
        number = self._numbers.get(unit)
        return 0 if number is None else int(self._ends[number + 1] - self._ends[number])

    def scores(self, query: Mapping[str, float]) -> NDArray[np.float64]:
        """For each bag the sum of its weights times those of the query, over the units both have."""
        parts = [(self._numbers[unit], weight) for unit, weight in query.items() if unit in self._numbers]
        if not parts:
            return np.zeros(self.size)
        slices = [slice(self._ends[number], self._ends[number + 1]) for number, _ in parts]
        places = np.concatenate([self._places[part] for part in slices])
        weights = np.concatenate(
            [self._weights[part] * weight for part, (_, weight) in zip(slices, parts, strict=True)]
        )
        sums: NDArray[np.float64] = np.bincount(places, weights, minlength=self.size).astype(np.float64)
        return sums


class Profiles:
    """The words that speak for each concept in one language."""

    def __init__(self, bags: Sequence[Mapping[str, float]]) -> None:
        frequency: Counter[str] = Counter(unit for bag in bags for unit in bag)
        number = len(bags)
        self._idf = {unit: math.log(1 + (number - n + 0.5) / (n + 0.5)) for unit, n in frequency.items()}
        lengths = [sum(bag.values()) for bag in bags]
        mean = sum(lengths) / max(1, sum(length > 0 for length in lengths)) or 1.0
        self._postings = Postings(
            [
                {unit: self._idf[unit] * self._part(count, length / mean) for unit, count in bag.items()}
                for bag, length in zip(bags, lengths, strict=True)
            ]
        )

    @staticmethod
    def _part(count: float, length: float) -> float:
        return count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * length))

    def idf(self, unit: str) -> float:
        """How rare a unit is in the profiles; 0 for one that is in none."""
        return self._idf.get(unit, 0.0)

    def scores(self, query: Mapping[str, float]) -> NDArray[np.float64]:
        """A score for each concept."""
        return self._postings.scores(query)
