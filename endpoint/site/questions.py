"""The question library for people: every question by topic, and for each its answer, and what may be changed of it."""

import re
from dataclasses import dataclass

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from endpoint import library, localisation, web
from endpoint.asking import Question, Row, asking
from endpoint.labels import in_language_of_page, labels
from endpoint.lexer import form_of
from endpoint.library import Entry
from endpoint.localisation import N_
from endpoint.negotiation import GRAPH_FORMS
from ontology.errors import ClearingHouseError, QueryError
from ontology.realms import is_uid

SHOWN = 200
"""Rows of an answer on a page; the downloads have all of them."""
_LIMIT = re.compile(r"^\s*LIMIT\b", re.MULTILINE)
_NUMERIC = re.compile(r"http://www\.w3\.org/2001/XMLSchema#(integer|decimal|double|float|int|long)")


@dataclass(frozen=True)
class Table:
    """An answer as a table: of a SELECT query its solutions, of a CONSTRUCT query its triples."""

    columns: list[str]
    rows: list[Row]
    has_more: bool

    @property
    def figures(self) -> set[str]:
        """The columns that hold numbers only."""
        return {name for name in self.columns if {_kind(row.get(name)) for row in self.rows} - {"none"} == {"number"}}


def routes() -> list[BaseRoute]:
    """`/questions`, `/questions/{name}`."""
    return [web.route("/questions", _questions), web.route("/questions/{name}", _question)]


async def _questions(request: Request) -> Response:
    """All questions, by topic."""
    return web.page(request, "questions.html", topics=library.topics())


async def _question(request: Request) -> Response:
    """A question with the values given, and its answer."""
    entry = library.named(request.path_params["name"])
    if entry is None:
        raise web.not_found(localisation.gettext(request, N_("There is no question of this name.")))
    given = {choice.name: request.query_params.getlist(choice.name) for choice in entry.choices}
    asked, refusal = Question(entry.name, entry.text), ""
    try:
        asked = Question(entry.name, entry.filled(given))
    except QueryError as error:
        refusal = str(error)
    answer, failure = None, ""
    if not refusal:
        try:
            answer = await _answer(request, asked)
        except ClearingHouseError as error:
            failure = str(error)
    return web.page(
        request,
        "question.html",
        400 if refusal else 200,
        entry=entry,
        asked=asked,
        values=_present(entry, given),
        answer=answer,
        failure=failure,
        refusal=refusal,
        labels=await labels(request, _things(answer)) if isinstance(answer, Table) else {},
        names=await in_language_of_page(request, _english(answer)) if isinstance(answer, Table) else {},
        kind=_kind,
        shown=SHOWN,
        is_graph=form_of(entry.text) in GRAPH_FORMS,
    )


async def _answer(request: Request, asked: Question) -> Table | bool:
    """The first rows of the answer to a question, or yes or no."""
    form = form_of(asked.text)
    if form == "ASK":
        return await asking(request).boolean(asked)
    limited = Question(asked.name, asked.text if _LIMIT.search(asked.text) else f"{asked.text}\nLIMIT {SHOWN + 1}\n")
    if form == "SELECT":
        found = await asking(request).rows(limited)
        columns = list(dict.fromkeys(name for row in found for name in row))
        return Table(_in_order(asked.text, columns), found[:SHOWN], len(found) > SHOWN)
    triples = await asking(request).triples(limited)
    rows: list[Row] = [{"subject": s, "predicate": p, "object": o} for s, p, o in sorted(triples, key=str)]
    return Table(["subject", "predicate", "object"], rows[:SHOWN], len(rows) > SHOWN)


def _in_order(text: str, columns: list[str]) -> list[str]:
    """Variables that have values, in the order in which the query selects them."""
    selected = text[text.index("SELECT") :]
    places = {name: re.search(rf"\?{name}\b", selected) for name in columns}
    return sorted(columns, key=lambda name: place.start() if (place := places[name]) else len(selected))


def _present(entry: Entry, given: dict[str, list[str]]) -> dict[str, list[str]]:
    """What the fields of the form hold: the values given, else those of the file."""
    present = {}
    for choice in entry.choices:
        values = [value for value in given[choice.name] if value.strip()]
        present[choice.name] = values or ([] if choice.is_optional else list(choice.values))
    return present


def _things(answer: Table) -> list[str]:
    """The IRIs of an answer."""
    return [term.value for row in answer.rows for term in row.values() if isinstance(term, ox.NamedNode)]


def _english(answer: Table) -> list[str]:
    """The English texts of an answer."""
    terms = (term for row in answer.rows for term in row.values())
    return [term.value for term in terms if isinstance(term, ox.Literal) and term.language == "en"]


def _kind(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None) -> str:
    """How a term is shown."""
    if term is None:
        return "none"
    if isinstance(term, ox.NamedNode):
        return "thing"
    if isinstance(term, ox.Literal):
        if is_uid(term.value):
            return "identifier"
        return "number" if _NUMERIC.fullmatch(term.datatype.value) else "text"
    return "other"
