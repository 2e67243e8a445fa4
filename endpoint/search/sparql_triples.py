"""Reads the triples of one subject: which of their predicates are in the search namespace, and the objects of these."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyoxigraph as ox

from endpoint.lexer import LocatedRefusal
from endpoint.search.sparql_tokens import Source, Token
from endpoint.search.sparql_words import ANONYMOUS, EXPECTED, NAMESPACE, PROPERTIES, Object, is_acceptable

GROUPS_FOLLOW = frozenset({"OPTIONAL", "MINUS", "UNION", "LATERAL"})
KEYWORDS = GROUPS_FOLLOW | {"FILTER", "BIND", "VALUES", "GRAPH", "SERVICE", "SELECT"}
"""What may follow triples without a point."""
_PATH_SIGNS = frozenset("/|*+?^")


@dataclass
class Pair:
    """A predicate with its objects; `name` is that of a property of the search namespace, else empty."""

    start: int
    end: int
    name: str = ""
    objects: list[Object] = field(default_factory=list)


@dataclass
class Statement:
    """The triples of a subject, with those in its brackets, and the span of the text with the point after them.

    The subject is None where it cannot be one of a search; `place` is that of the token after them.
    """

    start: int
    end: int
    place: int
    subject: Object | None
    bracketed: list[Pair]
    pairs: list[Pair]

    @property
    def searched(self) -> list[Pair]:
        """The pairs that belong to a search."""
        return [pair for pair in (*self.bracketed, *self.pairs) if pair.name]

    @property
    def is_all_searched(self) -> bool:
        """Whether there are no others."""
        return len(self.searched) == len(self.bracketed) + len(self.pairs)

    def spans(self) -> list[tuple[int, int]]:
        """What an engine must not see: all, or some predicates and objects with the semicolons after them."""
        if self.is_all_searched:
            return [(self.start, self.end)]
        following = [*(pair.start for pair in self.pairs[1:]), None]
        ends = [pair.end if after is None else after for pair, after in zip(self.pairs, following, strict=True)]
        return [(pair.start, end) for pair, end in zip(self.pairs, ends, strict=True) if pair.name]


class Triples:
    """Reads statements of a query; `understood` are the places of the predicates that it knows."""

    def __init__(self, source: Source) -> None:
        self.understood: set[int] = set()
        self._source = source

    def statement(self, place: int) -> Statement:
        """The statement at a place. Raises LocatedSyntaxError where there is none, LocatedRefusal."""
        first = place
        place, subject, bracketed = self._subject(place)
        place, pairs = self._pairs(place)
        if place == first:
            token = self._source[place]
            raise self._source.wrong(token.start, f"{token.text} is not expected here")
        place += self._source[place].text == "."
        return Statement(self._source[first].start, self._source[place - 1].end, place, subject, bracketed, pairs)

    def is_ours(self, token: Token) -> bool:
        """Whether a token is a name in the search namespace."""
        return token.kind in ("iri", "name") and self._source.names.iri(token.text).startswith(NAMESPACE)

    def _subject(self, place: int) -> tuple[int, Object | None, list[Pair]]:
        token = self._source[place]
        if token.text == "[" and self._source[place + 1].text != "]":
            end, pairs = self._pairs(place + 1)
            if self._source[end].text != "]":
                raise self._source.unclosed(token)
            return end + 1, Object(token.start, ANONYMOUS), pairs
        if token.text == "(":
            return self._source.balanced(place), None, []
        after, found = self._object(place)
        is_one = found is not None and not isinstance(found.term, ox.Literal)
        return after, found if is_one else None, []

    def _pairs(self, place: int) -> tuple[int, list[Pair]]:
        """Predicates with their objects, up to what ends them."""
        pairs: list[Pair] = []
        while True:
            while self._source[place].text == ";":
                place += 1
            if self._ends(place):
                return place, pairs
            start, name = self._source[place].start, self._property(place)
            place, objects = self._objects(place, name) if name else (self._others(place), [])
            pairs.append(Pair(start, self._source[place - 1].end, name, objects))

    def _ends(self, place: int) -> bool:
        token = self._source[place]
        return token.kind == "end" or token.text in tuple(".]}{)") or token.keyword in KEYWORDS

    def _others(self, place: int) -> int:
        """The place after a predicate of another namespace and its objects."""
        while self._source[place].text != ";" and not self._ends(place):
            place = self._source.balanced(place)
        return place

    def _property(self, place: int) -> str:
        """The name of the property of the search namespace that is the predicate at a place, if it is one."""
        token = self._source[place]
        if not self.is_ours(token) or self._source[place + 1].text in _PATH_SIGNS:
            return ""
        self.understood.add(place)
        name = self._source.names.iri(token.text).removeprefix(NAMESPACE)
        if name not in PROPERTIES:
            known = ", ".join(f"search:{one}" for one in PROPERTIES)
            raise self._source.refused(token.start, f"{token.text} is no property of a search; there are {known}")
        return name

    def _objects(self, place: int, name: str) -> tuple[int, list[Object]]:
        """The objects of the property at a place, and the place after them."""
        predicate = self._source[place]
        found: list[Object] = []
        while not found or self._source[place].text == ",":
            after, one = self._object(place + 1)
            if one is None or not is_acceptable(one, PROPERTIES[name].kind):
                raise self._unexpected(predicate, name, place + 1, after)
            found.append(one)
            place = after
        return place, found

    def _object(self, place: int) -> tuple[int, Object | None]:
        """The variable, constant or blank node at a place, and the place after it; None for what is none of them."""
        token = self._source[place]
        written, start = token.text, token.start
        if token.kind == "variable":
            return place + 1, Object(start, written, variable=written[1:])
        if written == "[" and self._source[place + 1].text == "]":
            return place + 2, Object(start, ANONYMOUS)
        if token.kind == "name" and written.startswith("_:"):
            return place + 1, Object(start, written)
        if token.kind == "string":
            return self._literal(place)
        if token.kind in ("iri", "name") or (token.kind == "sign" and written[-1:].isdigit()):
            return place + 1, self._constant(start, written)
        return place, None

    def _literal(self, place: int) -> tuple[int, Object | None]:
        """A string with its language or datatype."""
        string, following = self._source[place], self._source[place + 1]
        if following.kind == "language":
            return place + 2, self._constant(string.start, string.text + following.text)
        if following.text == "^" and self._source[place + 2].text == "^":
            datatype = self._source.names.iri(self._source[place + 3].text or "?")
            return place + 4, self._constant(string.start, f"{string.text}^^<{datatype}>")
        return place + 1, self._constant(string.start, string.text)

    def _constant(self, start: int, written: str) -> Object | None:
        term = self._source.names.term(written)
        return None if term is None else Object(start, written, term)

    def _unexpected(self, predicate: Token, name: str, place: int, after: int) -> LocatedRefusal:
        token, end = self._source[place], self._source[max(place, after - 1)].end
        found, why = self._source.text[token.start : end] or "nothing", ""
        if token.kind == "variable":
            found, why = f"the variable {found}", ": a search is made before the query is evaluated"
        expected = EXPECTED[PROPERTIES[name].kind]
        return self._source.refused(token.start, f"{predicate.text} expects {expected}, not {found}{why}")
