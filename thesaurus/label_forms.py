"""The forms of a label that another label may have too: how the alignment of vocabularies finds that they agree."""

import re
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache

from thesaurus.folding import folded, without_article, words


class Part(IntEnum):
    """Which part of a label has a form: all, all but its number or acronym, all but its qualifier, one of its names."""

    WHOLE = 0
    TRIMMED = 1
    UNQUALIFIED = 2
    NAME = 3


_QUALIFIER = re.compile(r"\s*[(（\[][^()（）\[\]]*[)）\]]\s*")
_NUMBER = re.compile(r"^(?:[^\W\d]{1,12}[-. ]?){0,2}\d+(?:\.\d+)*[.:)。．、：]\s*(?=\D)")
_ACRONYM = re.compile(r"^[A-Z]{2,6}\s?[-–—:]\s?(?=[^\W\d]{2})|(?<=\w\w)\s?[-–—:]\s?[A-Z]{2,6}$")
_MARKED = re.compile(r"[\d(（\[/;；／|:–—-]")  # without one of these a label has no parts
_NAMES = re.compile(r"\s*[/;；／|]\s*")
_PLURALS = {
    "en": ((r"(\w\w)ies$", r"\1y"), (r"(\w\w[^suis])s$", r"\1"), (r"(\w(?:[sxz]|ch|sh))e$", r"\1")),
    "es": ((r"(\w\w\w)s$", r"\1"), (r"(\w\w\w)e$", r"\1")),
    "fr": ((r"(\w\w)aux$", r"\1al"), (r"(\w\w\w)[sx]$", r"\1")),
    "pt": ((r"(\w\w)oes$", r"\1ao"), (r"(\w\w\w)s$", r"\1")),
}
"""Endings by language, one after the other; a stemmer would make one word of government and governance."""


def forms(text: str, language: str) -> Iterator[tuple[str, Part]]:
    """The forms of a label, each once, and the part that has it: folded words without plural endings and spaces."""
    seen = {""}
    for variant, part in _variants(text):
        form = "".join(_singular(word, language) for word in words(folded(variant)))
        if form not in seen:
            seen.add(form)
            yield form, part


def _variants(text: str) -> Iterator[tuple[str, Part]]:
    yield text, Part.WHOLE
    if not _MARKED.search(text):
        return
    trimmed = _ACRONYM.sub("", _NUMBER.sub("", text))
    if trimmed != text:
        yield trimmed, Part.TRIMMED
    unqualified = _QUALIFIER.sub(" ", trimmed)
    if unqualified != trimmed:
        yield unqualified, Part.UNQUALIFIED
    names = _NAMES.split(unqualified)
    if len(names) > 1:
        for name in names:
            yield name, Part.NAME


@lru_cache(maxsize=1 << 17)
def _singular(word: str, language: str) -> str:
    if language == "ar":
        return without_article(word) or word
    for ending, instead in _endings(language):
        word = ending.sub(instead, word)
    return word


@lru_cache
def _endings(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(ending), instead) for ending, instead in _PLURALS.get(language, ()))
