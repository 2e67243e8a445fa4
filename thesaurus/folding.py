"""How two spellings of a label are found to be one: the key that search, tagging and the alignment of terms share."""

import re
import unicodedata
from functools import cache

_LETTERS = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t",
    "ٱ": "ا", "ى": "ي", "ی": "ي", "ۍ": "ي", "ې": "ي", "ة": "ه", "ہ": "ه", "ە": "ه", "ک": "ك", "ء": "", "ـ": "",
    "’": "'", "‘": "'", "ʼ": "'", "´": "'", "ʻ": "'", "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-",
}  # fmt: skip
# Accents and vowel signs that a reader may leave out; the vowel signs of Indic scripts and the voicing marks of kana
# are no such marks: words differ by them.
_MARKS = (
    (0x300, 0x36F),
    (0x483, 0x489),
    (0x591, 0x5C7),
    (0x610, 0x61A),
    (0x64B, 0x65F),
    (0x670, 0x670),
    (0x6D6, 0x6ED),
)
# Scripts written without spaces between words, each character of which is searched for by itself.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3021-\u3029\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U000323af]"
)
_ARTICLE = "ال"


class _Folds(dict[int, str]):
    """What a decomposed, case-folded character becomes, worked out when it is first met."""

    def __missing__(self, point: int) -> str:
        self[point] = folded = _fold(point)
        return folded


class _Words(dict[int, str]):
    """What a folded character is in the words of a label: itself, itself as a word of its own, or a space."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        if _UNSPACED.match(character):
            kept = f" {character} "
        else:
            kept = character if unicodedata.category(character)[0] in "LNM" else " "
        self[point] = kept
        return kept


@cache
def _tables() -> tuple[_Folds, _Words]:
    return _Folds(), _Words()


def folded(text: str) -> str:
    """A text without what readers leave out or type otherwise, its spaces made single.

    Compatibility forms and case are folded (Unicode NFKC_Casefold), accents are off, Arabic loses vowel signs, hamzas
    and tatweel and has one form of alef, yeh, heh and kaf; digits are ASCII. Control and format characters and lone
    surrogates, which no label needs, are left out. Folding what is folded changes nothing.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join(unicodedata.normalize("NFC", decomposed.translate(_tables()[0])).split())


def words(text: str) -> list[str]:
    """The words of a folded text, without punctuation; a script without spaces gives a word for each character."""
    return text.translate(_tables()[1]).split()


def is_unspaced(word: str) -> bool:
    """Whether a word of `words` is a character of a script that has no spaces between words."""
    return bool(_UNSPACED.match(word))


def without_article(word: str) -> str | None:
    """A folded Arabic word without its article; None if it has none."""
    return word[len(_ARTICLE) :] if word.startswith(_ARTICLE) and len(word) > len(_ARTICLE) + 2 else None


def _fold(point: int) -> str:
    character = chr(point)
    category = unicodedata.category(character)
    if character.isspace() or category == "Cc":
        return " "
    if category in ("Cf", "Cs") or any(first <= point <= last for first, last in _MARKS):
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    return _LETTERS.get(character, character)
