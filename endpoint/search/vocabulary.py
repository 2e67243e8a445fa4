"""The words that the texts of an index have: what a begun word may become, and how a mistyped one may be meant."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from pathlib import Path

from endpoint.search import schema
from thesaurus.folding import folded
from thesaurus.spelling import Spellings

_MOST_BEGUN = 40
_LIKE = 0.5


class Vocabulary:
    """Words without accents in alphabetical order, each with the number of documents that have it."""

    def __init__(self, words: list[str], counts: list[int]) -> None:
        self.words, self.counts = words, counts

    @classmethod
    def of(cls, path: Path) -> Vocabulary:
        """The words of an index; ValueError where its file is damaged."""
        lines = [line.split(" ") for line in (path / schema.WORDS).read_text(encoding="utf-8").splitlines()]
        return cls([word for word, _ in lines], [int(count) for _, count in lines])

    def beginning(self, text: str) -> list[str]:
        """The words that begin with a text, the most frequent ones."""
        begun = folded(text)
        if len(begun) < 2:
            return []
        first, last = bisect_left(self.words, begun), bisect_left(self.words, begun + "\U0010ffff")
        return [self.words[place] for place in sorted(range(first, last), key=self._rank)[:_MOST_BEGUN]]

    def like(self, text: str) -> str | None:
        """The word that a mistyped one is most like, the more frequent of two that are alike."""
        word = folded(text)
        if len(word) < 4:
            return None
        found = self._spellings.nearest(word, 8, least=_LIKE)
        near = [(likeness, -self._rank(place), place) for place, likeness in found if self.words[place] != word]
        if not near:
            return None
        top = max(likeness for likeness, *_ in near)
        return self.words[max((rank, place) for likeness, rank, place in near if likeness >= top - 0.05)[1]]

    def _rank(self, place: int) -> int:
        return -self.counts[place]

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self.words)
