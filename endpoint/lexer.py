"""Before a worker sees it: what kind of query a text is, and whether and where it calls other servers.

The text is read by the terminals of SPARQL 1.1 (https://www.w3.org/TR/sparql11-query/#sparqlGrammar) and never parsed,
so reading it takes linear time and cannot bring the server down. The engine has no lexer of its own: it tries terminals
where its grammar wants them, so `?a<?b)SERVICE#>` may hide a call in what looks like an IRI, and `1SERVICE<http://…>{}`
or `SERVICE:x{}` is one. Hence `service_calls` follows every reading that a terminal leaves open, not the longest alone,
and a call of a partner is let through only where the longest reading shows the same calls as all the others.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ontology.errors import QueryRefused, QuerySyntaxError

FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
UPDATES = ("INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH")

# Productions 139 to 173, and wider where width is harmless: a reading too many costs nothing, one too few hides a call.
# Repetitions are possessive and a name takes in whatever may be glued to it, so no text takes more than linear time.
_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_CHARS = f"{_BASE}_0-9\u00b7\u0300-\u036f\u203f-\u2040"
_IRI = r"<[^<>\"{}|^`\x00-\x20]*+>"
_VARIABLE = rf"[?$][{_CHARS}]++"
_PREFIX = rf"(?:[{_BASE}_][{_CHARS}.-]*+)?"
_LOCAL = rf"(?:[{_CHARS}:.-]|%[0-9A-Fa-f]{{2}}|\\[_~.\-!$&'()*+,;=/?#@%])*+"
_SPACE = r"(?:[ \t\r\n]|#[^\r\n]*+)"
_STRING = r"\"(?:[^\"\\\r\n]|\\.)*+\"|'(?:[^'\\\r\n]|\\.)*+'"
_LONG_STRING = r"\"\"\"(?:\"{0,2}(?:[^\"\\]|\\.))*+\"\"\"|'''(?:'{0,2}(?:[^'\\]|\\.))*+'''"

_TOKEN = re.compile(
    rf"(?P<space>{_SPACE}++)|(?P<iri>{_IRI})|(?P<long>{_LONG_STRING})|(?P<string>{_STRING})|(?P<variable>{_VARIABLE})"
    rf"|(?P<language>@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?)"
    rf"|(?P<name>[{_BASE}_][{_CHARS}.-]*+(?::{_LOCAL})?|:{_LOCAL})"
    r"|(?P<signs>[{}()\[\].;,*/|^!&=+>0-9-]++|[^\"'])",
    re.DOTALL,
)
_SHORT = re.compile(_STRING, re.DOTALL)

_DECLARATION = re.compile(
    rf"{_SPACE}*+(?:BASE{_SPACE}*+{_IRI}|PREFIX{_SPACE}*+(?P<prefix>{_PREFIX}):{_SPACE}*+(?P<iri>{_IRI})"
    rf"|VERSION{_SPACE}*+(?:{_STRING})){_SPACE}*+",
    re.IGNORECASE,
)
_PROLOGUE = re.compile(rf"{_SPACE}*+(?:{_DECLARATION.pattern})*+", re.IGNORECASE)
_FORM = re.compile("|".join(FORMS), re.IGNORECASE)
_UPDATE = re.compile("|".join(UPDATES), re.IGNORECASE)
_FROM = re.compile("FROM", re.IGNORECASE)
_SERVICE = re.compile("SERVICE(?:SILENT)?", re.IGNORECASE)
_SILENT = re.compile("SILENT", re.IGNORECASE)
_SERVER = re.compile(rf"{_IRI}|{_VARIABLE}|{_PREFIX}:{_LOCAL}")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")


class LocatedSyntaxError(QuerySyntaxError):
    """A query that does not parse, with the place (line and column count from 1) where the parser gave up."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message, self.line, self.column = message, line, column


class LocatedRefusal(QueryRefused):
    """A query that asks for something this endpoint does not do, with the place (counted from 1) where it does so."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message, self.line, self.column = message, line, column


@dataclass(frozen=True)
class Outline:
    """What the server must know of a query: its form, and whether FROM or FROM NAMED names a dataset.

    `text` is what a worker is to run, other than the query only where this calls partners.
    """

    form: str
    has_dataset: bool
    text: str
    is_federated: bool


@dataclass(frozen=True)
class ServiceCall:
    """A call of another server: where it stands and the IRI, prefixed name or variable that says which."""

    offset: int
    server: str


@dataclass(frozen=True)
class _PlainCall:
    """A call in the longest reading; its server, an IRI or a prefixed name, stands from `start` to `end`."""

    offset: int
    is_silent: bool
    start: int
    end: int


Address = Callable[[str, bool], str | None]
"""Where a worker reaches the server with an IRI, silently or not; None when the server is no partner."""


def _no_partners(_server: str, _is_silent: bool) -> None:
    return None


def outline(text: str, address: Address = _no_partners) -> Outline:
    """The outline of a query that this endpoint answers.

    Raises QueryRefused for an update or the call of a server without address, QuerySyntaxError when the text is no
    query at all.
    """
    form = form_of(text)
    rewritten_text, is_federated = rewritten(text, address)
    return Outline(form, _has_dataset(text), rewritten_text, is_federated)


def rewritten(text: str, address: Address) -> tuple[str, bool]:
    """The query with the address of its partner in every SERVICE call, and whether it has such calls.

    Raises QueryRefused for a call whose server has no address, or that not every reading of the text shows alike.
    """
    calls = list(service_calls(text))
    if not calls:
        return text, False
    if _ESCAPE.search(text):
        raise _refusal(text, calls[0], "a query that calls other servers must not contain \\u or \\U escapes")
    plain = {(one.offset, text[one.start : one.end]): one for one in _plain_calls(text)}
    prefixes = _prefixes(text)
    parts, end = [], 0
    for call in calls:
        one = plain.get((call.offset, call.server))
        if one is None or one.start < end:
            raise _refusal(text, call, "its server is not written as the plain IRI or prefixed name of a partner")
        target = address(_expanded(call.server, prefixes), one.is_silent)
        if target is None:
            raise _refusal(text, call, "it is not a partner of this endpoint")
        parts += [text[end : one.start], f"<{target}>"]
        end = one.end
    return "".join([*parts, text[end:]]), True


def _refusal(text: str, call: ServiceCall, reason: str) -> LocatedRefusal:
    return LocatedRefusal(f"SERVICE {call.server} is refused, {reason}", *position(text, call.offset))


def _plain_calls(text: str) -> Iterator[_PlainCall]:
    """The calls in the longest reading of a text: production 59, each word a terminal of its own."""
    tokens = [token for token in terminals(text) if not token["space"]]
    for place, token in enumerate(tokens[:-2]):
        if (token["name"] or "").upper() != "SERVICE":
            continue
        is_silent = (tokens[place + 1]["name"] or "").upper() == "SILENT"
        server, *after = tokens[place + 1 + is_silent : place + 3 + is_silent]
        is_name = server["iri"] or ":" in (server["name"] or "")
        if is_name and after and (after[0]["signs"] or "").startswith("{"):
            yield _PlainCall(token.start(), is_silent, server.start(), server.end())


def _prefixes(text: str) -> dict[str, str]:
    """The prefixes that the prologue declares exactly once, and what each stands for."""
    return {prefix: iris[0] for prefix, iris in declared_prefixes(text).items() if len(iris) == 1}


def declared_prefixes(text: str) -> dict[str, list[str]]:
    """The prefixes that the prologue declares, each with the IRIs that it is to stand for, as they are written."""
    found: dict[str, list[str]] = {}
    offset = 0
    while match := _DECLARATION.match(text, offset):
        if match["iri"]:
            found.setdefault(match["prefix"], []).append(match["iri"][1:-1])
        offset = match.end()
    return found


def prologue(text: str) -> str:
    """What stands before the form of a query: its declarations, and comments."""
    match = _PROLOGUE.match(text)
    return match[0] if match else ""


def _expanded(server: str, prefixes: dict[str, str]) -> str:
    """The IRI of a server, which is compared as it is written: neither BASE nor an escape changes it."""
    if server.startswith("<"):
        return server[1:-1]
    prefix, _, local = server.partition(":")
    return prefixes[prefix] + local if prefix in prefixes else server


def form_of(text: str) -> str:
    """The form of a query. Raises as `outline` does for a text that is none."""
    start = len(prologue(text))
    if match := _FORM.match(text, start):
        return match[0].upper()
    if match := _UPDATE.match(text, start):
        raise QueryRefused(f"{match[0].upper()} is an update, and this endpoint is read-only")
    raise LocatedSyntaxError(f"expected {', '.join(FORMS[:-1])} or {FORMS[-1]}", *position(text, start))


def _has_dataset(text: str) -> bool:
    return bool(_FROM.search(text)) and any(
        token["name"] and token["name"].upper() in ("FROM", "FROMNAMED") for token in terminals(text)
    )


def terminals(text: str) -> Iterator[re.Match[str]]:
    """The longest terminals one after the other, up to a quote that nothing closes."""
    offset = 0
    while match := _TOKEN.match(text, offset):
        yield match
        offset = match.end()


def service_calls(text: str) -> Iterator[ServiceCall]:
    """Every place that the engine may take for a SERVICE call, in order.

    The standard replaces escapes such as `\\u0053` before it reads tokens (19.2), the engine does not, so a text with
    escapes is read both ways.
    """
    if _SERVICE.search(text):
        yield from _calls(text)
    plain = _ESCAPE.sub(_unescaped, text)
    if plain != text and _SERVICE.search(plain):
        yield from _calls(plain)


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code <= sys.maxunicode else match[0]


def _calls(text: str) -> Iterator[ServiceCall]:
    solid = _solid(text)
    starts = bytearray(len(text) + 1)  # 1 where a token starts in some reading
    starts[solid[0]] = 1
    offset = starts.find(1)
    while offset < len(text):
        if match := _TOKEN.match(text, offset):
            if match["name"]:
                yield from _calls_in(text, solid, match)
            for end in _ends(text, match):
                starts[solid[end]] = 1
        offset = starts.find(1, offset + 1)
        if offset < 0:
            return


def _solid(text: str) -> list[int]:
    """For each offset the next one, itself included, that is neither white space nor in a comment that starts there."""
    solid = list(range(len(text) + 1))
    line_end = len(text)
    for offset in range(len(text) - 1, -1, -1):
        character = text[offset]
        if character in "\r\n":
            line_end = offset
        if character in " \t\r\n":
            solid[offset] = solid[offset + 1]
        elif character == "#":
            solid[offset] = solid[line_end]
    return solid


def _ends(text: str, match: re.Match[str]) -> Iterator[int]:
    """Where the next token may start: after the longest match, or where another reading of this token ends."""
    yield match.end()
    if match["iri"]:
        yield match.start() + 1  # the operator <
    elif match["long"] and (short := _SHORT.match(text, match.start())):
        yield short.end()  # an empty string, with another one behind it


def _calls_in(text: str, solid: list[int], match: re.Match[str]) -> Iterator[ServiceCall]:
    """The calls that start within a name: production 59, with nothing between its words if need be.

    The engine splits a name after a keyword, and a local name before its second dot.
    """
    name, end = match["name"], solid[match.end()]
    colon = name.find(":")
    dot = name.find(".", colon) if colon >= 0 else 0
    for word in _SERVICE.finditer(name):
        if colon < word.start() and not 0 <= dot < word.start() and colon >= 0:
            continue
        server = None
        if word.end() == len(name):
            server = _server(text, solid, end)
        elif name.find(":", word.end()) >= 0 and text.startswith("{", end):
            server = name[word.end() :]
        if server:
            yield ServiceCall(match.start() + word.start(), server)


def _server(text: str, solid: list[int], offset: int) -> str | None:
    """The server named at an offset, or behind SILENT there, if a group follows."""
    starts = [offset]
    if silent := _SILENT.match(text, offset):
        starts.append(solid[silent.end()])
    for start in starts:
        match = _SERVER.match(text, start)
        if match and text.startswith("{", solid[match.end()]):
            return match[0]
    return None


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
