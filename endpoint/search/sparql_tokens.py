"""The terminals of a query, one sign each, as the reading of searches needs them, and what is told of their places.

The text is read by the longest terminals of `endpoint.lexer`. What is read wrongly, since the engine reads it another
way, does no harm: the text that is made of it is looked at as any other before an engine has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from endpoint.lexer import LocatedRefusal, LocatedSyntaxError, position, terminals
from endpoint.search.sparql_names import Names

BRACKETS = {"(": ")", "[": "]", "{": "}"}
_SIGN = re.compile(r"[+-]?(?:[0-9]*\.)?[0-9]+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A terminal: an `iri`, `string`, `variable`, `language`, `name`, `sign`, or the `end` of what can be read."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)

    @property
    def keyword(self) -> str:
        """The keyword that it may be, in capitals."""
        return self.text.upper() if self.kind == "name" and ":" not in self.text else ""


def tokens(text: str) -> Iterator[Token]:
    """The terminals of a query but white space and comments, with the end of what can be read as the last one."""
    end = 0
    for match in terminals(text):
        kind, start, end = match.lastgroup, match.start(), match.end()
        match kind:
            case "space":
                pass
            case "name":
                name = match[0].rstrip(".")  # which no name ends with
                yield Token("name", name, start)
                yield from (Token("sign", ".", place) for place in range(start + len(name), end))
            case "long" | "string":
                yield Token("string", match[0], start)
            case "iri" | "variable" | "language":
                yield Token(kind, match[0], start)
            case _:
                yield from (Token("sign", sign[0], start + sign.start()) for sign in _SIGN.finditer(match[0]))
    yield Token("end", "", end)


class Source:
    """The terminals of a query by place, what its names stand for, and errors that say where they are."""

    def __init__(self, text: str, names: Names) -> None:
        self.text, self.names = text, names
        self._tokens = list(tokens(text))

    def __getitem__(self, place: int) -> Token:
        return self._tokens[place] if place < len(self._tokens) else self._tokens[-1]

    def __iter__(self) -> Iterator[Token]:
        return iter(self._tokens)

    def balanced(self, place: int) -> int:
        """The place after what stands in brackets, or after one token that is no bracket."""
        opening = self[place]
        closing: list[str] = []
        while True:
            token = self[place]
            if token.kind == "end":
                if closing:
                    raise self.unclosed(opening)
                return place
            if token.text in BRACKETS:
                closing.append(BRACKETS[token.text])
            elif closing and token.text == closing[-1]:
                closing.pop()
            place += 1
            if not closing:
                return place

    def opening(self, place: int) -> int | None:
        """The place of the next brace that opens outside parentheses."""
        while (token := self[place]).kind != "end":
            if token.text == "{":
                return place
            place = self.balanced(place) if token.text == "(" else place + 1
        return None

    def refused(self, offset: int, message: str) -> LocatedRefusal:
        """The refusal of what stands at an offset of the text."""
        return LocatedRefusal(message, *position(self.text, offset))

    def wrong(self, offset: int, message: str) -> LocatedSyntaxError:
        """What is said of text that is not SPARQL at an offset."""
        return LocatedSyntaxError(message, *position(self.text, offset))

    def unclosed(self, opening: Token) -> LocatedSyntaxError:
        """What is said of a bracket that nothing closes."""
        return self.wrong(opening.start, f"nothing closes this {opening.text}")
