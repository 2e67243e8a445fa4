"""Texts of others as they stand in pages: none of them turns or hides what is around it."""

import re
import unicodedata

from markupsafe import Markup, escape

# What turns or hides the text around it: https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings
_TURNING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_FINER = re.compile(r"(T[0-9:]+\.[0-9]{3})[0-9]+")


def visible(text: object) -> Markup:
    """Text in which the characters that would turn or hide other text are told by their names."""
    given = str(text)
    parts, place = [], 0
    for found in _TURNING.finditer(given):
        name = unicodedata.name(found[0], "CONTROL")
        told = Markup('<span class="control" title="{}">U+{:04X}</span>').format(name, ord(found[0]))
        parts += [escape(given[place : found.start()]), told]
        place = found.end()
    return Markup("").join([*parts, escape(given[place:])])


def plain(text: object) -> str:
    """Text for where there can be no markup, such as a title: without what would turn or hide the text around it."""
    return _TURNING.sub("\N{REPLACEMENT CHARACTER}", str(text))


def moment(text: object) -> str:
    """A date or time for HTML's `time` element, which has no finer fraction than thousandths of a second."""
    return _FINER.sub(r"\1", str(text))
