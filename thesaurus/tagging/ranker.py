"""One model for all languages that turns what speaks for a concept into its probability: logistic regression.

The features say nothing of single words or languages, so what is learned from English texts holds for Chinese ones.
Too few examples teach nothing; then the weights written beside the features are used, and the tagger says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from thesaurus.tagging.analysis import TEXT_FEATURES, Analysis
from thesaurus.tagging.neighbours import EXAMPLE_FEATURES, Example, Neighbours

FEATURES = {**TEXT_FEATURES, **EXAMPLE_FEATURES}
LEAST_EXAMPLES = 20
_FIXED_BIAS = -4.5
_STRENGTH = 10.0  # how strongly weights are held to the fixed ones, on features scaled to variance 1
_KEPT = 0.15  # of the fixed weights in fitted ones
_STEPS = 50
_LEAST_STEP, _LEAST_SCALE = 1e-6, 1e-9
_MOST_EXAMPLES = 1500  # that the weights are learned from; neighbours are all
_MOST_CANDIDATES = 150  # of one example


@dataclass(frozen=True)
class Ranker:
    """Weights of FEATURES and a bias; `is_trained` where they were learned."""

    weights: NDArray[np.float64]
    bias: float
    is_trained: bool

    @classmethod
    def fixed(cls) -> Self:
        """The weights for a tagger without enough examples."""
        return cls(np.array(list(FEATURES.values())), _FIXED_BIAS, is_trained=False)

    @classmethod
    def fitted(cls, rows: NDArray[np.float64], is_meant: NDArray[np.float64]) -> Self:
        """Weights fitted by Newton's method to rows of FEATURES and 1 or 0; few rows leave them near the fixed.

        A share of the fixed weights stays: examples of one subject or language would teach that the labels of others
        mean nothing.
        """
        mean, scale = rows.mean(axis=0), rows.std(axis=0)
        scale[scale < _LEAST_SCALE] = 1.0
        scaled = np.hstack([(rows - mean) / scale, np.ones((len(rows), 1))])
        fixed = cls.fixed()
        start = np.append(fixed.weights * scale, fixed.bias + fixed.weights @ mean)
        held = np.append(np.full(len(scale), _STRENGTH), 1.0)

        def loss(weights: NDArray[np.float64]) -> float:
            values = scaled @ weights
            return float((np.logaddexp(0, values) - is_meant * values).sum() + held @ (weights - start) ** 2 / 2)

        weights, reached = start, loss(start)
        for _ in range(_STEPS):
            chances = _chances(scaled @ weights)
            slope = scaled.T @ (chances - is_meant) + held * (weights - start)
            curve = (scaled * (chances * (1 - chances))[:, None]).T @ scaled + np.diag(held)
            step = np.linalg.solve(curve, slope)
            while loss(weights - step) > reached and np.abs(step).max() > _LEAST_STEP:
                step /= 2
            weights, reached = weights - step, loss(weights - step)
            if np.abs(step).max() < _LEAST_STEP:
                break
        own = weights[:-1] / scale
        bias = weights[-1] - own @ mean
        return cls(
            (1 - _KEPT) * own + _KEPT * fixed.weights,
            float((1 - _KEPT) * bias + _KEPT * fixed.bias),
            is_trained=True,
        )

    def scores(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """A probability for each row."""
        return _chances(rows @ self.weights + self.bias)


@dataclass(frozen=True)
class Experience:
    """What examples taught: the neighbours, and the weights."""

    neighbours: Neighbours
    ranker: Ranker

    @classmethod
    def of(cls, analyses: Sequence[Analysis], examples: Sequence[Example], seed: int = 0) -> Self:
        """Learn from examples and the analyses of their texts. Each one's row is made as if it were not among them."""
        neighbours = Neighbours(examples)
        useful = [place for place, example in enumerate(examples) if example.given]
        if len(useful) < LEAST_EXAMPLES:
            return cls(neighbours, Ranker.fixed())
        judged = [place for place, example in enumerate(examples) if example.given or example.rejected]
        if len(judged) > _MOST_EXAMPLES:
            drawn = np.random.default_rng(seed).choice(judged, _MOST_EXAMPLES, replace=False)
            judged = sorted(drawn.tolist())
        untaught = cls(neighbours, Ranker.fixed())
        pairs = [untaught._lesson(analyses[place], examples[place]) for place in judged]
        rows, is_meant = np.vstack([rows for rows, _ in pairs]), np.concatenate([meant for _, meant in pairs])
        if not 0 < is_meant.sum() < len(is_meant):
            return untaught
        return cls(neighbours, Ranker.fitted(rows, is_meant))

    def _lesson(self, analysis: Analysis, example: Example) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        places, rows = self.rows(analysis, example.sources)
        is_meant = np.isin(places, list(example.given))
        judged = is_meant | np.isin(places, list(example.rejected))
        if example.is_complete:
            judged[np.argsort(-self.ranker.scores(rows), kind="stable")[:_MOST_CANDIDATES]] = True
        return rows[judged], is_meant[judged].astype(np.float64)

    def rows(
        self, analysis: Analysis, left_out: Sequence[str] = (), allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The candidates for a text, and a row of FEATURES for each."""
        places, evidence = self.neighbours.evidence(analysis, left_out, allowed)
        rows = np.zeros((len(places), len(FEATURES)))
        rows[np.searchsorted(places, analysis.candidates), : len(TEXT_FEATURES)] = analysis.features
        rows[:, len(TEXT_FEATURES) :] = evidence
        return places, rows

    def ranking(
        self,
        analysis: Analysis,
        limit: int,
        left_out: Sequence[str] = (),
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[tuple[int, float]]:
        """The likeliest concepts for a text with their scores, best first; equal ones in the order of the thesaurus."""
        places, rows = self.rows(analysis, left_out, allowed)
        scores = self.ranker.scores(rows)
        best = np.argsort(-scores, kind="stable")[:limit]
        return [(int(places[row]), float(scores[row])) for row in best]


def _chances(values: NDArray[np.float64]) -> NDArray[np.float64]:
    chances: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(values, -500, 500)))
    return chances
