"""Languages as pages show them: their order, and which way they are written."""

from collections.abc import Iterable

UNITED_NATIONS = ("ar", "en", "es", "fr", "ru", "zh")
"""The six languages of the clearing-houses."""

_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "syr", "ug", "ur", "yi"})
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"})


def direction(tag: str) -> str:
    """The value of `dir` for text with a language tag (BCP 47); `auto` without one."""
    primary, *subtags = tag.casefold().split("-")
    scripts = [subtag for subtag in subtags if len(subtag) == 4 and subtag.isalpha()]
    if scripts:
        return "rtl" if scripts[0] in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    if not primary:
        return "auto"
    return "rtl" if primary in _RIGHT_TO_LEFT else "ltr"


def ordered(tags: Iterable[str]) -> list[str]:
    """The six languages, then every other one that occurs, by its tag."""
    return [*UNITED_NATIONS, *sorted({*tags} - {*UNITED_NATIONS})]
