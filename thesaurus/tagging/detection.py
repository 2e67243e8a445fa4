"""Detection: how likely a text is in each of some languages, by its script and the function words in it."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from thesaurus.tagging.words import FUNCTION_WORDS

_SCRIPTS = {
    "ar": re.compile("[\u0620-\u064a]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "zh": re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"),
}
_LENGTH = 5000  # characters that are looked at


def languages_of(text: str, languages: Sequence[str]) -> dict[str, float] | None:
    """The share of a text that speaks for each language, and for none of them under ""; together 1.

    None if one of the languages cannot be told. Looks at the first 5,000 characters.
    """
    if not all(language in FUNCTION_WORDS for language in languages):
        return None
    sample = unicodedata.normalize("NFC", text[:_LENGTH])
    letters = [character for character in sample if character.isalpha()]
    shares = dict.fromkeys(languages, 0.0)
    if letters:
        for language in shares.keys() & _SCRIPTS.keys():
            shares[language] = len(_SCRIPTS[language].findall(sample)) / len(letters)
    others = sum("LATIN" in unicodedata.name(character, "") for character in letters)
    words = Counter(word.lower() for word in re.findall(r"[^\W\d_]+", sample))
    hits = {
        language: sum(words[word] for word in FUNCTION_WORDS[language]) for language in shares.keys() - _SCRIPTS.keys()
    }
    if total := sum(hits.values()):
        shares |= {language: others / len(letters) * count / total for language, count in hits.items()}
    found = {language: round(share, 4) for language, share in shares.items()}
    return found | {"": round(max(0.0, 1 - sum(shares.values())), 4)}
