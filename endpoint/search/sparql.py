"""Between the protocol and the engine: the searches in a query are made, and what they find stands in their place.

`SERVICE <https://w3id.org/clearinghouse/search> { ?record search:query "forest" ; search:score ?score }` becomes
`{ VALUES (?record ?score) { … } }`, which the engine joins with the rest. The lines of a query stay as they are, so an
error of the engine points at the line that its author knows.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import pyoxigraph as ox

from endpoint.lexer import LocatedRefusal, LocatedSyntaxError, position
from endpoint.search.entries import Found, Hit, Search
from endpoint.search.sparql_names import Names
from endpoint.search.sparql_reader import reading
from endpoint.search.sparql_words import MAX_LIMIT, MAX_SNIPPETS, SERVICE, Pattern
from ontology.errors import StoreError

_CALL = re.compile("SERVICE", re.IGNORECASE)
_NO_GENERATION = "none"
_NOT_A_LINE_END = re.compile(r"[^\r\n]")


class Index(Protocol):
    """What is searched in, made of one generation of the graph."""

    @property
    def generation(self) -> str:
        """The name of that generation."""

    def search(self, asked: Search) -> Found:
        """What a search finds."""


@dataclass(frozen=True)
class Answered:
    """A query whose searches are answered.

    `frame` is its text without what was found. `generation` names that of the index which was asked, None where none
    was; `is_local` says that the query means this server by an address that another server may have.
    """

    text: str
    frame: str
    generation: str | None = None
    is_local: bool = False
    given: tuple[tuple[int, int, int], ...] = ()
    """Line and column where something was put into the query as its author knows it, and how many characters."""

    def lasts(self, generation: str) -> bool:
        """Whether asking again gives the same as long as the graph is this generation."""
        return self.generation in (None, generation)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Errors in the block that have a place in the text get the place that the author knows."""
        try:
            yield
        except (LocatedSyntaxError, LocatedRefusal) as error:
            column = self._column(error.line, error.column)
            if column == error.column:
                raise
            raise type(error)(error.message, error.line, column) from error

    def _column(self, line: int, column: int) -> int:
        for at, start, length in self.given:
            if at == line and column > start:
                column = max(start, column - length)
        return column


class SearchesInQueries:
    """Answers the searches in queries; `index` gives what to search in, or raises StoreError.

    A partner is asked by whoever asks partners, also where its URL looks like that of this search service.
    """

    def __init__(self, base_iri: str, index: Callable[[], Index], is_partner: Callable[[str], bool]) -> None:
        self.service = base_iri + SERVICE
        self._base, self._index, self._is_partner = base_iri, index, is_partner

    async def answered(self, text: str, addresses: Collection[str] = (), *, is_bare: bool = False) -> Answered:
        """A query with the answers to its searches; `addresses` are the service's own besides its IRI.

        Where it is bare it need not call the service, since it is asked of it. Raises LocatedRefusal for a search that
        cannot be made, LocatedSyntaxError, StoreError where there is no index.
        """
        if not is_bare and not _CALL.search(text):
            return Answered(text, text)
        return await asyncio.to_thread(self._answered, text, frozenset(addresses), is_bare)

    def _answered(self, text: str, addresses: frozenset[str], is_bare: bool) -> Answered:
        met: set[str] = set()

        def is_service(iri: str) -> bool:
            is_one = (iri == self.service or iri in addresses) and not self._is_partner(iri)
            met.update([iri] if is_one else ())
            return is_one

        read = reading(text, Names(text, self._base), is_service, is_bare=is_bare)
        if not read.patterns:
            return Answered(text, text)
        _keep_to_limits(text, read.patterns)
        is_local = bool(met - {self.service})
        try:
            index = self._index()
        except StoreError:
            if not read.is_silent:
                raise
            # A silent call that fails has one solution without bindings (SPARQL 1.1 Federated Query, 2.3).
            silenced = _changed(text, [*read.hidden, *read.silent], [])
            return Answered(silenced, silenced, _NO_GENERATION, is_local)
        found = [(pattern.place, _values(pattern, index.search(pattern.search).hits)) for pattern in read.patterns]
        frame = [(pattern.place, _values(pattern, ())) for pattern in read.patterns]
        changed, constant = (_changed(text, read.hidden, given) for given in (found, frame))
        places = [(*position(text, place), len(new)) for place, new in found]
        return Answered(changed, constant, index.generation, is_local, tuple(sorted(places)))


def _keep_to_limits(text: str, patterns: Sequence[Pattern]) -> None:
    """Refuse to search for more than is given."""
    wanted = quoted = 0
    for pattern in patterns:
        wanted += pattern.limit
        quoted += pattern.limit if pattern.has_snippets else 0
        if wanted > MAX_LIMIT:
            said = f"the searches of a query give {MAX_LIMIT} hits at most in all, these ask for {wanted} so far"
        elif quoted > MAX_SNIPPETS:
            said = f"the searches of a query give {MAX_SNIPPETS} hits with search:snippet at most in all, not {quoted}"
        else:
            continue
        raise LocatedRefusal(said, *position(text, pattern.offset))


def _values(pattern: Pattern, hits: Sequence[Hit]) -> str:
    """The block of data that stands for a pattern, in one line (SPARQL 1.1, 10)."""
    columns = pattern.columns
    variables = " ".join(f"?{variable}" for variable, _ in columns)
    rows = " ".join(f"({' '.join(_term(hit, of) for _, of in columns)})" for hit in hits)
    return f"VALUES ({variables}) {{ {rows} }} "


def _term(hit: Hit, of: str) -> str:
    """A term as SPARQL has it: no text of a record can be anything but a literal."""
    match of:
        case "subject":
            return str(ox.NamedNode(hit.iri))
        case "score":
            return str(ox.Literal(hit.score))
        case _:
            return str(_shown(hit))


def _shown(hit: Hit) -> ox.Literal:
    """The piece of a hit's texts in which something was found, else its title if something was found there."""
    pieces = [piece for piece in (hit.snippet, hit.title) if piece]
    shown = next((piece for piece in pieces if piece.marks), None) or next(iter(pieces), hit.best_title("en"))
    return _literal(shown.text, shown.language)


def _literal(text: str, language: str) -> ox.Literal:
    """A text with its language tag, if that is one."""
    try:
        return ox.Literal(text, language=language) if language else ox.Literal(text)
    except ValueError:
        return ox.Literal(text)


def _changed(text: str, hidden: Sequence[tuple[int, int]], given: Sequence[tuple[int, str]]) -> str:
    """A text with spans of it blank and other text at some places; each line stays in its place."""
    edits = [(place, place, new) for place, new in given]
    edits += [(start, end, _NOT_A_LINE_END.sub(" ", text[start:end])) for start, end in hidden]
    parts, done = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        if end >= done and start >= done:
            parts += [text[done:start], new]
            done = end
        elif end > done:  # a span that begins within one before it
            parts.append(new[done - start :])
            done = end
    return "".join([*parts, text[done:]])
