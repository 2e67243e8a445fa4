"""The words of searches in SPARQL: what each property of the search namespace takes, and what a pattern asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import pyoxigraph as ox

from endpoint.search.analysis import language_key
from endpoint.search.entries import FACETS, Search

NAMESPACE = "https://w3id.org/clearinghouse/search#"
QUERY = ox.NamedNode(NAMESPACE + "query")
CALLS = ox.NamedNode(NAMESPACE + "Calls")
"""What a service can that makes the searches of calls of the search service itself."""
EXAMPLE = '{ ?record search:query "genetic resources" ; search:score ?score }'
ANONYMOUS = "[]"
SERVICE = "search"
"""The service, below the base IRI."""
DEFAULT_LIMIT, MAX_LIMIT = 1_000, 10_000
"""Hits of one search, where it says nothing, and of all searches of a query together."""
MAX_SNIPPETS = 1_000
"""Hits, of all searches together, that come with a piece of their texts."""
MAX_SEARCHES = 10
"""Searches of one query."""

_XSD = "http://www.w3.org/2001/XMLSchema#"
_YEAR, _NUMBER = re.compile("[0-9]{4}"), re.compile("[0-9]{1,9}")
Kind = Literal["text", "number", "truth", "iri", "year", "kind", "variable"]

EXPECTED: dict[Kind, str] = {
    "text": 'a text such as "genetic resources"',
    "number": f"a whole number from 1 to {MAX_LIMIT}",
    "truth": "true or false",
    "iri": "an IRI or a prefixed name",
    "year": "a year such as 2020",
    "kind": '"record" or "concept"',
    "variable": "a variable",
}


@dataclass(frozen=True)
class Property:
    """A property of the namespace: what its objects are, and whether it may have several."""

    kind: Kind
    is_repeatable: bool = False


PROPERTIES = {
    "query": Property("text"),
    "language": Property("text", is_repeatable=True),
    "limit": Property("number"),
    "expand": Property("truth"),
    "without": Property("iri", is_repeatable=True),
    "anyWord": Property("truth"),
    "kind": Property("kind", is_repeatable=True),
    "type": Property("iri", is_repeatable=True),
    "house": Property("iri", is_repeatable=True),
    "country": Property("iri", is_repeatable=True),
    "region": Property("iri", is_repeatable=True),
    "subject": Property("iri", is_repeatable=True),
    "year": Property("year", is_repeatable=True),
    "inLanguage": Property("text", is_repeatable=True),
    "status": Property("iri", is_repeatable=True),
    "score": Property("variable"),
    "snippet": Property("variable"),
}
LIMITS = {"inLanguage" if name == "language" else name: name for name in FACETS}
"""The properties that limit what is found, each with its facet."""


@dataclass(frozen=True)
class Object:
    """An object of a pattern: a constant, or a variable by its name; neither is one that nothing else refers to."""

    offset: int
    text: str
    term: ox.NamedNode | ox.Literal | None = None
    variable: str = ""

    @property
    def name(self) -> str:
        """What two objects share when they are the same."""
        if self.variable:
            return f"?{self.variable}"
        if self.text == ANONYMOUS:
            return f"{ANONYMOUS}{self.offset}"
        return self.text if self.term is None else str(self.term)


@dataclass
class Pattern:
    """What a group says of one subject in the search namespace, with the place that the answer goes to.

    `variable` is that of the subject and `iri` its IRI; a blank node has neither.
    """

    offset: int
    place: int
    shown: str
    variable: str = ""
    iri: str = ""
    objects: dict[str, list[Object]] = field(default_factory=dict)

    @property
    def limit(self) -> int:
        """How many hits are asked for."""
        given = self.objects.get("limit")
        if given:
            return int(_value(given[0]))
        return MAX_SNIPPETS if self.has_snippets else DEFAULT_LIMIT

    @property
    def has_snippets(self) -> bool:
        """Whether it asks for the text around what was found."""
        return "snippet" in self.objects

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The variables that get values, each with what of a hit: `subject`, `score` or `snippet`."""
        subject = [(self.variable, "subject")] if self.variable else []
        found = [(one.variable, name) for name in ("score", "snippet") for one in self.objects.get(name, ())]
        return subject + [(variable, name) for variable, name in found if variable]

    @property
    def search(self) -> Search:
        """The search that answers it."""
        query = self.objects["query"][0]
        tags = [query.term.language] if isinstance(query.term, ox.Literal) else []
        languages = [language_key(tag) for tag in (*tags, *self._values("language")) if tag]
        filters = {facet: tuple(self._values(name)) for name, facet in LIMITS.items() if name in self.objects}
        return Search(
            _value(query),
            filters=filters | ({"iri": (self.iri,)} if self.iri else {}),
            limit=self.limit,
            expand=self._is("expand", unless_said=True),
            without=tuple(self._values("without")),
            any_word=self._is("anyWord", unless_said=False),
            languages=tuple(dict.fromkeys(languages)),
            language=next(iter(languages), "en"),
            snippets=self.has_snippets,
        )

    def _values(self, name: str) -> Iterable[str]:
        return map(_value, self.objects.get(name, ()))

    def _is(self, name: str, *, unless_said: bool) -> bool:
        return next((said in ("true", "1") for said in self._values(name)), unless_said)


def term(name: str, value: str) -> ox.NamedNode | ox.Literal | None:
    """A value as a property takes it, None for what it does not take."""
    kind = PROPERTIES[name].kind
    try:
        found = ox.NamedNode(value) if kind == "iri" else ox.Literal(value)
    except ValueError:
        return None
    return found if is_acceptable(Object(0, value, found), kind) else None


def is_acceptable(one: Object, kind: Kind) -> bool:
    """Whether an object is what properties of a kind take."""
    if kind == "variable":
        return one.term is None
    if kind == "iri":
        return isinstance(one.term, ox.NamedNode)
    if not isinstance(one.term, ox.Literal):
        return False
    value, datatype = one.term.value, one.term.datatype.value.removeprefix(_XSD)
    is_text, is_whole = datatype == "string", datatype == "integer"
    match kind:
        case "text":
            return is_text or bool(one.term.language)
        case "kind":
            return is_text and value in ("record", "concept")
        case "truth":
            return datatype == "boolean" and value in ("true", "false", "0", "1")
        case "year":
            return (is_text or is_whole or datatype == "gYear") and bool(_YEAR.fullmatch(value))
        case _:
            return is_whole and bool(_NUMBER.fullmatch(value)) and 0 < int(value) <= MAX_LIMIT


def _value(one: Object) -> str:
    return one.term.value if one.term is not None else ""
