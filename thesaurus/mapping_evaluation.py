"""How good candidates for mappings are, measured on mappings that are known to be right."""

from collections.abc import Iterable
from dataclasses import dataclass

from thesaurus.mappings import Candidate

THRESHOLDS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)


@dataclass(frozen=True)
class Measure:
    """Of the candidates from a confidence on: how many there are, how many are right, of how many right ones."""

    threshold: float
    proposed: int
    right: int
    gold: int

    @property
    def precision(self) -> float:
        """The share of the candidates that is right; 0 without candidates."""
        return self.right / self.proposed if self.proposed else 0.0

    @property
    def recall(self) -> float:
        """The share of the right ones that was found."""
        return self.right / self.gold

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.right / (self.proposed + self.gold)


def measures(candidates: Iterable[Candidate], gold: frozenset[tuple[str, str]]) -> list[Measure]:
    """The measures from each threshold on; `gold`, not empty, has the IRIs of subjects and objects.

    Candidates of subjects that the gold says nothing about are not counted: nobody knows whether they are right.
    """
    subjects = {subject for subject, _ in gold}
    known = [
        (candidate.confidence, (candidate.subject.value, candidate.object.value) in gold)
        for candidate in candidates
        if candidate.subject.value in subjects
    ]
    return [
        Measure(
            threshold,
            sum(confidence >= threshold for confidence, _ in known),
            sum(is_right for confidence, is_right in known if confidence >= threshold),
            len(gold),
        )
        for threshold in THRESHOLDS
    ]
