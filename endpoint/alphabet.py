"""The order of names on a page: by the letters that readers of its language look names up by."""

from collections.abc import Callable, Iterable

from thesaurus.entries import Scheme
from thesaurus.folding import folded, without_article

# Characters in names of countries that are among the rarer ones of GB 2312, and common ones of the same sound.
_OF_SAME_SOUND = str.maketrans("斐瑙汶梵", "非脑文犯")
_AFTER_N = "n\U0010ffff"


def sort_key(text: str, language: str) -> str | bytes:
    """What to sort a name by in a language.

    Accents and case count for nothing, in Spanish ñ follows n, and in Arabic the article is passed over. The common
    characters of Chinese stand in GB 2312 in the order of their sounds (pinyin), so its codes are the key.
    """
    return _KEYS.get(language, folded)(text)


def by_title(schemes: Iterable[Scheme], language: str) -> list[Scheme]:
    """Schemes in the order of their titles in a language."""
    return sorted(schemes, key=lambda scheme: sort_key(scheme.title(language), language))


def _spanish(text: str) -> str:
    return folded(text.casefold().replace("ñ", _AFTER_N))


def _arabic(text: str) -> str:
    word = folded(text)
    return without_article(word) or word


def _chinese(text: str) -> bytes:
    return text.translate(_OF_SAME_SOUND).encode("gb18030", "replace")


_KEYS: dict[str, Callable[[str], str | bytes]] = {"es": _spanish, "ar": _arabic, "zh": _chinese}
