"""Between pages and the engine: a page's figures are the answers to `.rq` files, which a reader can open and run.

A query file opens with its question in words; what a page fills in stands in lines `VALUES ?name { … }`.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

import pyoxigraph as ox
from starlette.requests import Request

from endpoint import protocol
from endpoint.engine import Engine
from endpoint.flights import Flights
from endpoint.generations import Generation
from endpoint.partners import Partners
from endpoint.protocol import Operation
from endpoint.search.sparql import SearchesInQueries
from ontology.errors import QueryError

QUERIES = files("endpoint") / "queries"
Term: TypeAlias = ox.NamedNode | ox.Literal
Row: TypeAlias = Mapping[str, ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]
_KEPT, _LARGEST = 200_000, 20_000  # rows of all answers that are kept, and of one
_LONGEST = 20_000  # characters of a query whose answer is kept
_A_ROW = 200  # characters of a query that take as much room as a row


@dataclass(frozen=True)
class Question:
    """A query with its values filled in: what is asked, and what a reader may open."""

    name: str
    text: str

    @property
    def words(self) -> str:
        """The question in words, as its file opens."""
        return words(self.text)


def question(name: str, /, **values: Term | Iterable[Term] | None) -> Question:
    """The query of a file below `endpoint/queries`, its `VALUES ?name` lines filled in; None leaves a line out."""
    text = source(name)
    for variable, given in values.items():
        line = re.compile(rf"^([ \t]*)VALUES \?{variable} \{{[^}}\n]*\}}(.*)\n", re.MULTILINE)
        if given is None:
            filled, count = line.subn("", text)
        else:
            terms = [given] if isinstance(given, ox.NamedNode | ox.Literal) else given
            block = f"VALUES ?{variable} {{ {' '.join(map(str, terms))} }}"
            filled, count = line.subn(lambda found, block=block: f"{found[1]}{block}{found[2]}\n", text)  # type: ignore[misc]
        if not count:
            raise QueryError(f"the query {name!r} has no line VALUES ?{variable}")
        text = filled
    return Question(name, text)


@cache
def source(name: str) -> str:
    """The text of a query file, named by its path below `endpoint/queries` without `.rq`."""
    return (QUERIES / f"{name}.rq").read_text(encoding="utf-8")


def words(text: str) -> str:
    """The comment that a query opens with, in one line."""
    opening = re.match(r"(?:#.*\n)+", text)
    return " ".join(line.lstrip("# ").rstrip() for line in opening[0].splitlines()) if opening else ""


class Asking:
    """Asks the engine for pages, and keeps the answers as long as the generation they come from is the present one."""

    def __init__(self, engine: Engine, partners: Partners, searches: SearchesInQueries) -> None:
        self._engine, self._partners, self._searches = engine, partners, searches
        self._generation: Generation | None = None
        self._kept: OrderedDict[str, list[Row]] = OrderedDict()
        self._rows = 0
        self._flights = Flights()

    async def rows(self, asked: Question) -> list[Row]:
        """The solutions of a SELECT query, each with the variables it binds.

        Raises QueryError, WorkersBusy, StoreError while there is no graph.
        """
        if self._generation != self._engine.generation:
            self._generation = self._engine.generation
            self._kept.clear()
            self._rows = 0
        if (found := self._known(asked)) is not None:
            return found
        with await self._flights.first(asked.text):
            if (found := self._known(asked)) is not None:
                return found
            generation, body = await self._body(asked.text, "json")
            solutions = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
            assert isinstance(solutions, ox.QuerySolutions)  # noqa: S101, the files say SELECT
            names = [variable.value for variable in solutions.variables]
            found = [{name: row[name] for name in names if row[name] is not None} for row in solutions]
            if generation == self._generation and len(found) <= _LARGEST and len(asked.text) <= _LONGEST:
                self._keep(asked, found)
        return found

    def _keep(self, asked: Question, found: list[Row]) -> None:
        """Keep an answer, in the place of those that were not asked for longest."""
        self._kept[asked.text] = found
        self._rows += _room(asked.text, found)
        while self._rows > _KEPT:
            self._rows -= _room(*self._kept.popitem(last=False))

    def _known(self, asked: Question) -> list[Row] | None:
        found = self._kept.get(asked.text)
        if found is not None:
            self._kept.move_to_end(asked.text)
        return found

    async def triples(self, asked: Question) -> list[ox.Triple]:
        """The triples of a CONSTRUCT or DESCRIBE query. Raises as `rows` does."""
        _, body = await self._body(asked.text, "ntriples")
        return [quad.triple for quad in ox.parse(body, format=ox.RdfFormat.N_TRIPLES)]

    async def boolean(self, asked: Question) -> bool:
        """The answer to an ASK query. Raises as `rows` does."""
        _, body = await self._body(asked.text, "json")
        answer = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        assert isinstance(answer, ox.QueryBoolean)  # noqa: S101, who calls this knows the form
        return bool(answer)

    async def _body(self, text: str, format_name: str) -> tuple[Generation | None, bytes]:
        """The answer to a query, and the generation as long as which it is the same."""
        searched = await self._searches.answered(text)
        asked = protocol.negotiated(Operation(searched.text, format_name), "", "", self._partners.address)
        answer = await self._engine.answer(asked.query, whole=True)
        try:
            body = answer.head + b"".join([part async for part in answer.rest()])
            return answer.generation if searched.lasts(answer.generation.name) else None, body
        finally:
            answer.close()


def _room(text: str, found: list[Row]) -> int:
    """What an answer takes, in rows: its own, and as many as its query is worth."""
    return len(found) + 1 + len(text) // _A_ROW


def asking(request: Request) -> Asking:
    """What the pages of an application ask with."""
    found: Asking = request.app.state.asking
    return found


async def rows(request: Request, asked: Question) -> list[Row]:
    """The solutions of a SELECT query: see `Asking.rows`."""
    return await asking(request).rows(asked)


async def triples(request: Request, asked: Question) -> list[ox.Triple]:
    """The triples of a CONSTRUCT query: see `Asking.triples`."""
    return await asking(request).triples(asked)


def value(row: Row, name: str, default: str = "") -> str:
    """The IRI or the text of a variable in a solution; the default where it is unbound."""
    term = row.get(name)
    return default if term is None else str(getattr(term, "value", term))
