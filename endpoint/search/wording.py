"""What a person typed, taken apart: words, quoted phrases, and what is to be left out. Every text means something."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from thesaurus.folding import is_unspaced
from thesaurus.tagging.text import tokens

_LONGEST, _MOST_WORDS, _MOST_BEGUN = 2_000, 40, 4  # characters, words and begun words that are looked at
_PART = re.compile(
    r"""(?P<minus>-(?=[^\s-]))?(?:"(?P<q1>[^"]*)"?|“(?P<q2>[^”]*)”?|«(?P<q3>[^»]*)»?|「(?P<q4>[^」]*)」?|(?P<bare>[^\s"“«「]+))"""
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, a run of characters of a script without spaces, or a phrase; it stands at `start` to `end` of the text.

    A begun word (`genet*`) stands for all words that begin so. What `is_excluded` must not be in a result.
    """

    text: str
    start: int
    end: int
    is_phrase: bool = False
    is_run: bool = False
    is_begun: bool = False
    is_excluded: bool = False


def pieces(text: str) -> list[Piece]:
    """The pieces of a text in their order, the first of them where there are very many."""
    found: list[Piece] = []
    begun = 0
    for piece in _pieces(text[:_LONGEST]):
        begun += piece.is_begun
        found.append(replace(piece, is_begun=piece.is_begun and begun <= _MOST_BEGUN))
        if len(found) == _MOST_WORDS:
            break
    return found


def _pieces(text: str) -> Iterator[Piece]:
    for match in _PART.finditer(text):
        group = match.lastgroup or "bare"
        start, end = match.span(group)
        is_excluded = bool(match["minus"]) and (match.start() == 0 or text[match.start() - 1].isspace())
        if group != "bare":
            if len(tokens(match[group], "")):
                yield Piece(match[group], start, end, is_phrase=True, is_excluded=is_excluded)
            continue
        words = list(_words(text, start, end))
        if is_excluded and len(words) > 1:  # -benefit-sharing leaves out what has the whole
            yield Piece(text[words[0].start : words[-1].end], start, end, is_phrase=True, is_excluded=True)
            continue
        for number, word in enumerate(words, 1):
            is_begun = number == len(words) and text[word.end : end].startswith("*")
            yield Piece(word.text, word.start, word.end, False, word.is_run, is_begun and not word.is_run, is_excluded)


def _words(text: str, start: int, end: int) -> Iterator[Piece]:
    """The words between two places, characters of a script without spaces together as they stand."""
    found = tokens(text[start:end], "")
    run: list[int] = []
    for first, last, surface in zip(found.starts, found.ends, found.surfaces, strict=True):
        is_character = is_unspaced(surface)
        if run and is_character and first == run[1]:
            run[1] = last
            continue
        if run:
            yield _piece(text, start, run, is_run=True)
            run = []
        if is_character:
            run = [first, last]
        else:
            yield _piece(text, start, [first, last], is_run=False)
    if run:
        yield _piece(text, start, run, is_run=True)


def _piece(text: str, start: int, span: list[int], *, is_run: bool) -> Piece:
    first, last = start + span[0], start + span[1]
    return Piece(text[first:last], first, last, is_run=is_run)
