"""The names and texts of a query as the engine understands them: its own parser reads prefixes, BASE and escapes."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TypeAlias

import pyoxigraph as ox

from endpoint.lexer import declared_prefixes, prologue

Constant: TypeAlias = ox.NamedNode | ox.Literal
_ESCAPED = re.compile(r"\\(.)")


class Names:
    """What the prologue of a query, evaluated at a base IRI, makes of names.

    Turtle has the prologue and the terms of SPARQL (https://www.w3.org/TR/turtle/#turtle-compared), so it is its parser
    that decides.
    """

    def __init__(self, text: str, base: str) -> None:
        self._text, self._outer = text, base
        self._known: dict[str, Constant | None] = {}

    def term(self, written: str) -> Constant | None:
        """The term that an IRI, prefixed name, literal or number stands for, None for what is none."""
        if written not in self._known:
            self._known[written] = self._read(written)
        return self._known[written]

    def iri(self, written: str) -> str:
        """The IRI of what is one, else an empty text."""
        found = self.term(written)
        return found.value if isinstance(found, ox.NamedNode) else ""

    def lacks_prefix(self, name: str) -> bool:
        """Whether a name is of a prefix that is not declared."""
        prefix, colon, _ = name.partition(":")
        return bool(colon) and prefix != "_" and prefix not in self._spaces

    def _read(self, written: str) -> Constant | None:
        if written[0] in "<\"'+-0123456789.":
            return _parsed(f"<urn:x> <urn:x> {written} .", self._base)
        if ":" not in written:  # true or false, which Turtle has in small letters only
            return _parsed(f"<urn:x> <urn:x> {written.lower()} .", self._base)
        prefix, _, local = written.partition(":")
        space = self._spaces.get(prefix)
        if space is None:
            return None
        try:
            return ox.NamedNode(space + _ESCAPED.sub(r"\1", local))
        except ValueError:
            return None

    @cached_property
    def _base(self) -> str:
        found = _parsed(f"{prologue(self._text)}\n<urn:x> <urn:x> <> .", self._outer)
        return found.value if isinstance(found, ox.NamedNode) else self._outer

    @cached_property
    def _spaces(self) -> dict[str, str]:
        """The namespaces by prefix; none where the prologue cannot be read, of which the engine will say why."""
        names = sorted(declared_prefixes(self._text))
        asked = "".join(f"<urn:x> <urn:x> {name}: .\n" for name in names)
        try:
            found = list(ox.parse(f"{prologue(self._text)}\n{asked}", ox.RdfFormat.TURTLE, base_iri=self._outer))
        except SyntaxError:
            return {}
        return {name: str(getattr(quad.object, "value", "")) for name, quad in zip(names, found, strict=True)}


def _parsed(document: str, base: str) -> Constant | None:
    """The object of a document of one statement in Turtle."""
    try:
        [statement] = ox.parse(document, ox.RdfFormat.TURTLE, base_iri=base)
    except (SyntaxError, ValueError):
        return None
    found = statement.object
    return found if isinstance(found, ox.NamedNode | ox.Literal) else None
