r"""The text of a cell of a sheet: several values in one, and no value that a spreadsheet program takes for a formula.

Values are separated by `|`, and spaces around a value do not count. A backslash writes what could not stand there
otherwise: `\|` a bar, `\\` a backslash, `\0` an empty value, `\uXXXX` a character by its number (control characters,
and a space at either end of a value). A text that begins like a formula gets an apostrophe before it; one is taken away
when such a cell is read. `values(text(found)) == found` for every list of values.
"""

import re
from collections.abc import Sequence

from ontology.errors import ClearingHouseError

# The characters that begin a formula (https://owasp.org/www-community/attacks/CSV_Injection), full-width ones included.
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠]")
_NEUTRALISED = re.compile(r"'+[=+\-@＝＋－＠]")
# What XML 1.0 cannot carry, and `_x0041_`, which programs read as an escape in XLSX (ECMA-376 part 1, 22.9.2.19).
_UNSAFE = re.compile(r"[\\|\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
# Most texts: nothing in them is to be written otherwise.
_ORDINARY = re.compile(
    r"[^\s'=+\-@＝＋－＠\\|_\x00-\x1f\x7f-\x9f\ufffe\uffff](?:[^\\|_\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff]*(?<!\s))?"
)
_PART = re.compile(r"(?:[^\\|]|\\.|\\$)+", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.?))", re.DOTALL)
_NAMED = {"\\": "\\", "|": "|", "0": ""}


class CellError(ClearingHouseError):
    """A cell whose text cannot be read; the message says what was found and expected."""


def text(found: Sequence[str]) -> str:
    """The text of a cell with some values; empty without any."""
    if len(found) == 1 and _ORDINARY.fullmatch(found[0]):
        return found[0]
    whole = " | ".join(map(_escaped, found))
    return f"'{whole}" if _FORMULA.match(whole) else whole


def values(cell: str) -> list[str]:
    """The values in the text of a cell, the inverse of `text`. CellError for an unknown escape."""
    whole = plain(cell)
    if "\\" not in whole:
        return [part for part in map(str.strip, whole.split("|")) if part]
    return [_ESCAPE.sub(_unescaped, part) for part in map(str.strip, _PART.findall(whole)) if part]


def plain(cell: str) -> str:
    """The text of a cell without the apostrophe that keeps it from being a formula, its line ends as `\\n`."""
    whole = cell.replace("\r\n", "\n").replace("\r", "\n")
    return whole[1:] if _NEUTRALISED.match(whole) else whole


def _escaped(value: str) -> str:
    """A value as it stands in a cell: unsafe characters anywhere, and space at its ends, are escaped."""
    if not value:
        return "\\0"
    head = _number(value[0]) if value[0].isspace() else ""
    tail = _number(value[-1]) if value[-1].isspace() and len(value) > 1 else ""
    return head + _UNSAFE.sub(_escape, value[bool(head) : len(value) - bool(tail)]) + tail


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return f"\\{character}" if character in "\\|" else _number(character)


def _number(character: str) -> str:
    return f"\\u{ord(character):04X}"


def _unescaped(match: re.Match[str]) -> str:
    number, name = match.groups()
    if number and not "D800" <= number.upper() <= "DFFF":
        return chr(int(number, 16))
    if number is None and name in _NAMED:
        return _NAMED[name]
    raise CellError(rf"{match.group()!r}: expected \\ for a backslash, \| for a bar, \0 or \u and four digits")
