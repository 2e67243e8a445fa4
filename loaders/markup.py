"""Markup: the plain text of what authors formatted, and its HTML made safe; the cleaner of texts asks for both."""

from __future__ import annotations

import html
import re

import nh3

from loaders.door import UNPRINTABLE

MAX_TAGS = 10_000
"""A text with more tags loses its formatting: parsing takes time in proportion to the square of their nesting."""
OTHER_TAGS = (
    *("body", "button", "embed", "font", "form", "frame", "frameset", "head", "html", "iframe", "input", "label"),
    *("link", "main", "meta", "noscript", "object", "option", "script", "section", "select", "style", "svg"),
    *("template", "textarea", "title", "video", "xml"),
)
_NAMES = "|".join(sorted({*nh3.ALLOWED_TAGS, *OTHER_TAGS}))
_TAG = rf"!--|!doctype\b[^<>]*>|\?xml|/?(?:(?:{_NAMES})|(?:o|st1|v|w|m):[a-z]+)(?:[\s/][^<>]*)?>"
TAG = re.compile(f"<(?:{_TAG})", re.IGNORECASE)
NO_TAG = re.compile(f"<(?!{_TAG})", re.IGNORECASE)  # less than, an address in angle brackets
ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|\w+);")
FORMATTING = re.compile(r"(?i)<(?!/|!|(?:div|p|br|span)\b[^<>]*>)")  # more than what only breaks a text into lines
WITHOUT_TAGS = nh3.Cleaner(tags=set())
SAFE = nh3.Cleaner()
BREAK = re.compile(r"(?i)<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^<>]*>")


def plain(written: str) -> str:
    """The text without its tags, a line for each paragraph; characters outside XML's range left out."""
    if "<" not in written or not TAG.search(written):
        return _decoded(written).strip()
    broken = NO_TAG.sub("&lt;", BREAK.sub("\n", written))
    bare = re.sub(r"<[^<>]*>", "", broken) if _is_excessive(written) else WITHOUT_TAGS.clean(broken)
    lines = (" ".join(line.split()) for line in html.unescape(bare).splitlines())
    return UNPRINTABLE.sub("", "\n".join(line for line in lines if line))


def formatted(written: str) -> str | None:
    """The HTML of a text made safe, None where it is not formatted or has more tags than can be kept."""
    if "<" not in written or not TAG.search(written):
        return None
    tagged = NO_TAG.sub("&lt;", written)
    if not FORMATTING.search(tagged) or _is_excessive(written):
        return None
    return UNPRINTABLE.sub("", SAFE.clean(tagged))


def _decoded(written: str) -> str:
    """The text with its entities as characters; only they can still stand for unprintable ones."""
    if "&" not in written:
        return written
    return UNPRINTABLE.sub("", ENTITY.sub(lambda found: html.unescape(found[0]), written))


def _is_excessive(written: str) -> bool:
    return written.count("<") > MAX_TAGS
