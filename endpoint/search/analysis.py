"""Between texts and the index: what a text is found by, in records and in queries alike.

A word is found by its stem in the language of the text, and by the stem of its letters without accents where that
differs, so that a query typed without accents finds it too. A character of a script without spaces between words is
found by itself and by the pair that it makes with the next one. All these stand at the place of their word.
"""

from dataclasses import dataclass
from functools import lru_cache

from endpoint.languages import UNITED_NATIONS
from thesaurus.folding import is_unspaced
from thesaurus.tagging.text import language_of, primary, tokens

OTHER = "xx"
"""Stands for all languages but the six: their words are compared without accents, and not stemmed."""
LANGUAGES = (*UNITED_NATIONS, OTHER)
_STEMMED = frozenset(UNITED_NATIONS) - {"zh"}
_LONGEST = 64  # characters of a word; the rest does not tell words apart


@dataclass(frozen=True, slots=True)
class Place:
    """A word of a text: where it begins and ends, without accents, what finds it, and its pair with the next."""

    start: int
    end: int
    surface: str
    terms: tuple[str, ...]
    pair: str


def language_key(tag: str) -> str:
    """Which of `LANGUAGES` a text with a language tag counts as; one without a tag has to be looked at."""
    found = primary(tag)
    return found if found in UNITED_NATIONS else OTHER


def language_of_text(text: str, tag: str) -> str:
    """Which of `LANGUAGES` a text counts as: by its tag, else by its words."""
    return language_key(tag) if tag else language_of(text, UNITED_NATIONS)


def places(text: str, language: str) -> list[Place]:
    """The words of a text that is analysed as one of `LANGUAGES`, in those that are stemmed without function words."""
    found = tokens(text, language if language in _STEMMED else "")
    last = len(found) - 1
    made = []
    for number, (start, end, surface, stem) in enumerate(
        zip(found.starts, found.ends, found.surfaces, found.stems, strict=True)
    ):
        pair = ""
        if is_unspaced(surface) and number < last and found.starts[number + 1] == end:
            following = found.surfaces[number + 1]
            pair = surface + following if is_unspaced(following) else ""
        made.append(Place(start, end, surface, _terms(surface, stem, language), pair))
    return made


@lru_cache(400_000)
def _terms(surface: str, stem: str, language: str) -> tuple[str, ...]:
    """What a word is found by, the stem first; `surface` is the word without accents."""
    found = [stem[:_LONGEST]]
    if language in _STEMMED:
        plain = tokens(surface, language)
        if len(plain) == 1 and plain.stems[0] != stem:
            found.append(plain.stems[0][:_LONGEST])
    return tuple(found)
