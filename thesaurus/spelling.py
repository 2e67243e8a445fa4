"""Spelling: the labels most like a text that somebody may have mistyped, in any script.

Likeness is Dice's coefficient of the sets of three neighbouring characters; for a text within a longer label the share
of its own that the label has makes up for most of the difference. A script without spaces is compared by characters and
pairs of them, as each of its characters is a word between spaces here.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thesaurus.folding import words

_BITS = 21  # of one code point (https://www.unicode.org/glossary/#code_point)
_END = ord("\n")
_WITHIN = 0.6  # how much of the likeness being within a label makes up

_Numbers = npt.NDArray[np.int64]


class Spellings:
    """The trigrams of folded texts, which are known by their position in the sequence given."""

    def __init__(self, texts: Sequence[str]) -> None:
        trigrams, owners = _trigrams([_spaced(text) for text in texts])
        order = np.argsort(trigrams, kind="stable")
        trigrams, owners = trigrams[order], owners[order]
        again = np.zeros(len(trigrams), dtype=bool)
        again[1:] = (trigrams[1:] == trigrams[:-1]) & (owners[1:] == owners[:-1])
        trigrams, self._owners = trigrams[~again], owners[~again]
        self._trigrams, starts = np.unique(trigrams, return_index=True)
        self._starts = np.append(starts, len(trigrams))
        self._sizes = np.bincount(self._owners, minlength=len(texts))

    def nearest(
        self, text: str, limit: int, *, least: float = 0.4, among: npt.NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Positions and likeness (from `least` to 1) of the texts most like a folded text, the likest first.

        `among` says of each position whether it counts.
        """
        wanted = np.unique(_trigrams([_spaced(text)])[0])
        places = np.searchsorted(self._trigrams, wanted)
        known = places < len(self._trigrams)
        known[known] = self._trigrams[places[known]] == wanted[known]
        runs = [self._owners[self._starts[place] : self._starts[place + 1]] for place in places[known]]
        if not runs:
            return []
        shared = np.bincount(np.concatenate(runs), minlength=len(self._sizes))
        # Who shares s of w trigrams has at least s of its own: 2s / (w + s) must be enough. Most are left out here.
        found = np.flatnonzero(shared >= max(1, math.ceil(least / (2 - least) * len(wanted))))
        if among is not None:
            found = found[among[found]]
        common = shared[found]
        whole = 2 * common / (len(wanted) + self._sizes[found])
        likeness = np.maximum(whole, _WITHIN * common / len(wanted) + (1 - _WITHIN) * whole)
        enough = likeness >= least
        found, likeness = found[enough], likeness[enough]
        first = np.argsort(-likeness, kind="stable")[:limit]
        return [(int(found[place]), float(likeness[place])) for place in first]


def _spaced(text: str) -> str:
    """The words of a folded text between single spaces; a text of signs alone stays as it is."""
    return f" {' '.join(words(text)) or text} "


def _trigrams(texts: Sequence[str]) -> tuple[_Numbers, _Numbers]:
    """Every trigram of every text as one number, and the position of its text."""
    points = np.frombuffer("\n".join([*texts, ""]).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    ends = points == _END
    trigrams = (points[:-2] << 2 * _BITS) | (points[1:-1] << _BITS) | points[2:]
    inside = ~(ends[:-2] | ends[1:-1] | ends[2:])
    return trigrams[inside], np.cumsum(ends)[:-2][inside]
