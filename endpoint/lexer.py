"""Before a worker sees it: what kind of query a text is, and whether it calls another server.

The text is read by the terminals of SPARQL 1.1 (https://www.w3.org/TR/sparql11-query/#sparqlGrammar) and never parsed, so
that reading it takes linear time and cannot bring the server down. The engine has no separate lexer: it tries terminals where its
grammar wants them, so `?a<?b)SERVICE#>` may hide a call in what looks like an IRI, `1SERVICE<http://…>` is one, and so is
`SERVICE:x`. Hence `service_calls` follows every reading that a terminal leaves open instead of the longest one alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ontology.errors import QueryRefused, QuerySyntaxError

FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
UPDATES = ("INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH")

# Productions 139 to 173. Where the engine takes more than the standard, so do these: a reading too many does no harm.
_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_CHARS = f"{_BASE}_0-9\u00b7\u0300-\u036f\u203f-\u2040"
_PLX = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_IRI = r"<[^<>\"{}|^`\x00-\x20]*+>"
_PREFIX = rf"(?:[{_BASE}](?:[{_CHARS}.-]*[{_CHARS}-])?)?:"
_LOCAL = rf"(?:[{_CHARS}:]|{_PLX})(?:(?:[{_CHARS}:.-]|{_PLX})*(?:[{_CHARS}:-]|{_PLX}))?"
_VARIABLE = rf"[?$][{_CHARS}]+"
_SPACE = r"(?:[ \t\r\n]|#[^\r\n]*+)"
_STRING = r"\"(?:[^\"\\\r\n]|\\.)*+\"|'(?:[^'\\\r\n]|\\.)*+'"
_LONG_STRING = r"\"\"\"(?:\"{0,2}(?:[^\"\\]|\\.))*+\"\"\"|'''(?:'{0,2}(?:[^'\\]|\\.))*+'''"

_TOKEN = re.compile(
    rf"(?P<space>{_SPACE}++)|(?P<iri>{_IRI})|(?P<long>{_LONG_STRING})|(?P<string>{_STRING})|(?P<variable>{_VARIABLE})"
    rf"|(?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*(?:--[A-Za-z]+)?)"
    rf"|(?P<blank>_:[{_CHARS}](?:[{_CHARS}.-]*[{_CHARS}-])?)"
    rf"|(?P<name>(?P<prefix>{_PREFIX})(?:{_LOCAL})?)|(?P<word>[A-Za-z_]+)|(?P<sign>[^\"'])",
    re.DOTALL,
)
_SHORT = re.compile(_STRING, re.DOTALL)

_PROLOGUE = re.compile(
    rf"\A{_SPACE}*+(?:(?:BASE{_SPACE}*+{_IRI}|PREFIX{_SPACE}*+{_PREFIX}{_SPACE}*+{_IRI}|VERSION{_SPACE}*+(?:{_STRING}))"
    rf"{_SPACE}*+)*+",
    re.IGNORECASE,
)
_FORM = re.compile("|".join(FORMS), re.IGNORECASE)
_UPDATE = re.compile("|".join(UPDATES), re.IGNORECASE)

# Production 59, as the engine reads it: nothing need stand between the words.
_SERVICE = re.compile(
    rf"SERVICE{_SPACE}*+(?:SILENT{_SPACE}*+)?(?P<server>{_IRI}|{_VARIABLE}|{_PREFIX}(?:{_LOCAL})?){_SPACE}*+\{{",
    re.IGNORECASE,
)
_SERVICE_WORD = re.compile("SERVICE", re.IGNORECASE | re.ASCII)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")


class LocatedSyntaxError(QuerySyntaxError):
    """A query that does not parse, with the place (line and column count from 1) where the parser gave up."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.line, self.column = line, column


@dataclass(frozen=True)
class Outline:
    """What the server must know of a query: its form, and whether FROM or FROM NAMED names a dataset."""

    form: str
    has_dataset: bool


@dataclass(frozen=True)
class ServiceCall:
    """A call of another server: where it stands and the IRI, prefixed name or variable that says which."""

    offset: int
    server: str


def outline(text: str) -> Outline:
    """The outline of a query that this endpoint answers.

    Raises QueryRefused for an update or a SERVICE call, QuerySyntaxError when the text is no query at all.
    """
    form = _form(text)
    if call := next(service_calls(text), None):
        line, column = position(text, call.offset)
        raise QueryRefused(f"line {line}, column {column}: SERVICE {call.server} is refused, other servers are not queried")
    return Outline(form, _has_dataset(text))


def _form(text: str) -> str:
    prologue = _PROLOGUE.match(text)
    start = prologue.end() if prologue else 0
    if match := _FORM.match(text, start):
        return match[0].upper()
    if match := _UPDATE.match(text, start):
        raise QueryRefused(f"{match[0].upper()} is an update, and this endpoint is read-only")
    raise LocatedSyntaxError(f"expected {', '.join(FORMS[:-1])} or {FORMS[-1]}", *position(text, start))


def _has_dataset(text: str) -> bool:
    offset = 0
    while match := _TOKEN.match(text, offset):
        if match["word"] and match["word"].upper() in ("FROM", "FROMNAMED"):
            return True
        offset = match.end()
    return False


def service_calls(text: str) -> Iterator[ServiceCall]:
    """Every place that the engine may take for a SERVICE call, in order.

    The standard replaces escapes such as `\\u0053` before it reads tokens (19.2), so a text with escapes is read both ways.
    """
    if _SERVICE_WORD.search(text):
        yield from _calls(text)
    plain = _ESCAPE.sub(_unescaped, text)
    if plain != text and _SERVICE_WORD.search(plain):
        yield from _calls(plain)


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _calls(text: str) -> Iterator[ServiceCall]:
    starts = bytearray(len(text) + 1)
    starts[0] = True
    offset = 0
    while (offset := starts.find(True, offset)) >= 0 and offset < len(text):
        if match := _TOKEN.match(text, offset):
            for word in _SERVICE_WORD.finditer(match["word"] or match["prefix"] or ""):
                if call := _SERVICE.match(text, offset + word.start()):
                    yield ServiceCall(call.start(), call["server"])
            for end in _ends(text, match):
                starts[end] = True
        offset += 1


def _ends(text: str, match: re.Match[str]) -> Iterator[int]:
    """Where the next token may start: after the longest match, or where another reading of this token ends."""
    start, end = match.span()
    yield end
    if match["iri"]:
        yield start + 1  # the operator <
    elif match["long"] and (short := _SHORT.match(text, start)):
        yield short.end()  # an empty string, followed by another one
    elif match["name"] or match["blank"]:
        yield from (start + dot.start() for dot in re.finditer(r"\.", match[0]))  # the end of a triple


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


_ENGINE_ERROR = re.compile(r"error at (?P<line>\d+):(?P<column>\d+): expected (?:one of )?(?P<expected>.*)", re.DOTALL)
_CHARACTER_CLASS = re.compile(r"\[(?:'[^\]]*|_)\](?:,\s*)?")
_EXPECTATIONS_SHOWN = 12


def located(message: str) -> QuerySyntaxError:
    """The engine's message about a syntax error, without the character classes that hide what it has to say."""
    match = _ENGINE_ERROR.fullmatch(message)
    if not match:
        return QuerySyntaxError(message)
    expected = [part for part in _CHARACTER_CLASS.sub("", match["expected"]).strip(", ").split(", ") if part]
    reasons = [part for part in expected if re.search(r"[a-z] [a-z]", part)]
    shown = reasons or [f"expected {' or '.join(expected[:_EXPECTATIONS_SHOWN])}" if expected else "not a SPARQL query"]
    return LocatedSyntaxError("; ".join(shown), int(match["line"]), int(match["column"]))
