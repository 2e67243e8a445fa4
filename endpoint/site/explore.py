"""Explore: charts of what is in the graph, each the answer to one query, as a table, a figure, and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from endpoint import addresses, asking, localisation, web
from endpoint.alphabet import sort_key
from endpoint.asking import Question, question, value
from endpoint.labels import Label, labels
from endpoint.localisation import N_, gettext
from endpoint.site.chart_tables import (
    BY_NAME,
    CHARTS,
    EVENTS,
    HOUSE,
    REGION,
    TREATY,
    TYPE,
    YEAR,
    Chart,
    Head,
    Table,
    as_csv,
    given,
    table,
)
from endpoint.site.countries import NOTE, TREATIES, note
from endpoint.site.obligations import CH
from endpoint.site.synthetic import synthetic

_XSD = "http://www.w3.org/2001/XMLSchema#"
FIELDS = {
    HOUSE: N_("Clearing-house"),
    REGION: N_("Regional group"),
    YEAR: N_("Year"),
    TYPE: N_("Type of record"),
    TREATY: N_("Treaty"),
}
"""What the fields of the forms are called."""
TABLE_1 = "national-records-by-type-and-parties"
TYPES_OF_TABLE_1 = {
    "Competent national authorities": N_("Competent national authorities"),
    "Legislative, administrative or policy measures": N_("Legislative, administrative or policy measures"),
    "Checkpoints": N_("Checkpoints"),
    "Permits constituting internationally recognized certificates of compliance": N_(
        "Permits constituting internationally recognized certificates of compliance"
    ),
    "Checkpoint communiqués": N_("Checkpoint communiqués"),
    "National websites or databases": N_("National websites or databases"),
}
"""The types in the answer to the question of Table 1, in words to be translated."""
DAY_OF_TABLE_1 = date(2016, 9, 9)
PUBLISHED_TABLE_1 = {
    "Competent national authorities": (45, 28, 5),
    "Legislative, administrative or policy measures": (70, 21, 1),
    "Checkpoints": (21, 9, 0),
    "Permits constituting internationally recognized certificates of compliance": (38, 4, 0),
    "Checkpoint communiqués": (0, 0, 0),
    "National websites or databases": (19, 15, 0),
}
"""Records, Parties and non-Parties as document UNEP/CBD/NP/COP-MOP/2/3 has them for that day, to compare with."""


@dataclass(frozen=True)
class Choice:
    """A field of a chart's form: its name, what it is called, and its options, each with the key the address has."""

    name: str
    words: str
    options: list[Head]
    chosen: str


def routes() -> list[BaseRoute]:
    """`/explore`, `/explore/table-1`, `/explore/{chart}` and `/explore/{chart}.csv`."""
    return [
        web.route("/explore", _explore),
        web.route("/explore/table-1", _table_1),
        web.route("/explore/{chart}.csv", _csv),
        web.route("/explore/{chart}", _chart),
    ]


def standing() -> Iterator[Question]:
    """What the charts ask before a reader has narrowed them, and Table 1 of today."""
    for chart in CHARTS:
        if not chart.needs_year and TREATY not in chart.narrowed_by:
            yield question(chart.query, **dict.fromkeys(chart.narrowed_by))
    yield _table_1_on(datetime.now(UTC).date())


async def _explore(request: Request) -> Response:
    """All charts, and the figures that lead to them."""
    counting = question("pages/chart-records-by-house", region=None, year=None)
    counted = await asking.rows(request, counting)
    houses = [(value(row, "house"), int(value(row, "records"))) for row in counted]
    named = await labels(request, [iri for iri, _ in houses])
    return web.page(
        request,
        "explore.html",
        charts=CHARTS,
        houses=houses,
        labels=named,
        counting=counting,
        synthetic=await synthetic(request),
    )


async def _chart(request: Request) -> Response:
    """One chart: its form, its figure and its table."""
    chart = _wanted(request)
    chosen, asked, found = await _answered(request, chart)
    choices = [await _choice(request, name, chosen.get(name, "")) for name in chart.narrowed_by]
    keys = [head.iri for head in (*(head for head, _ in found.rows), *found.columns) if head.iri]
    drawn = chart.kind in ("map", "status")
    return web.page(
        request,
        "chart.html",
        synthetic=await synthetic(request),
        chart=chart,
        table=found,
        choices=choices,
        chosen=chosen,
        fields=FIELDS,
        asked=asked,
        areas=await _areas(request) if drawn else {},
        links={iri: path for iri in keys if (path := _page(request, iri))},
        note=note(request, await asking.rows(request, NOTE)) if chart.kind == "status" else None,
    )


async def _csv(request: Request) -> Response:
    """The table of a chart for spreadsheets."""
    chart = _wanted(request)
    _, _, found = await _answered(request, chart)
    words = partial(gettext, request)
    body = as_csv(found, words(chart.category_words), words(chart.measure_words))
    headers = {"Content-Disposition": f'attachment; filename="{chart.name}.csv"', "Vary": "Accept-Encoding"}
    return web.sent(request, body, "text/csv; charset=utf-8; header=present", headers=headers)


async def _table_1(request: Request) -> Response:
    """Table 1 of document UNEP/CBD/NP/COP-MOP/2/3 on a chosen day."""
    text = request.query_params.get("day", "")
    try:
        day = date.fromisoformat(text) if text else datetime.now(UTC).date()
    except ValueError:
        return RedirectResponse(addresses.prefixed(request, "/explore/table-1"), 303)
    asked = _table_1_on(day)
    rows = await asking.rows(request, asked)
    return web.page(
        request,
        "table_1.html",
        synthetic=await synthetic(request),
        rows=rows,
        words_of=TYPES_OF_TABLE_1,
        published=PUBLISHED_TABLE_1,
        published_on=DAY_OF_TABLE_1.isoformat(),
        chosen_day=day.isoformat(),
        asked=asked,
    )


def _table_1_on(day: date) -> Question:
    return question(TABLE_1, day=ox.Literal(day.isoformat(), datatype=ox.NamedNode(f"{_XSD}date")))


def _wanted(request: Request) -> Chart:
    name: str = request.path_params["chart"]
    if name not in BY_NAME:
        raise web.not_found("there is no such chart")
    return BY_NAME[name]


async def _answered(request: Request, chart: Chart) -> tuple[dict[str, str], Question, Table]:
    """What a chart is narrowed to, its question, and its table. What narrows to nothing is passed over."""
    asked_for = given(chart, request.query_params)
    chosen = {name: key for name, key in asked_for.items() if _term(request, name, key) is not None}
    if chart.needs_year and YEAR not in chosen:
        years = await _keys(request, YEAR)
        chosen |= {YEAR: years[-1]} if years else {}
    if TREATY in chart.narrowed_by:
        chosen.setdefault(TREATY, "np")
    terms = {name: _term(request, name, chosen[name]) if name in chosen else None for name in chart.narrowed_by}
    asked = question(chart.query, **terms)
    rows = await asking.rows(request, asked)
    named = await labels(request, {value(row, name) for row in rows for name in (chart.category, chart.series) if name})
    return chosen, asked, table(chart, rows, partial(_head, request, named))


def _term(request: Request, name: str, key: str) -> ox.NamedNode | ox.Literal | None:
    """The term of a key in an address; None where it can be none."""
    if name == YEAR:
        is_year = key.isascii() and key.isdigit() and len(key) == 4
        return ox.Literal(key, datatype=ox.NamedNode(f"{_XSD}integer")) if is_year else None
    if not key.isascii() or not key.replace("-", "").isalnum():
        return None
    if name == TREATY:
        known = {treaty for treaty, _ in TREATIES}
        return ox.NamedNode(f"{CH}partyTo{key.upper()}Since") if key in known else None
    base = f"{request.app.state.settings.base_iri}id/term/" if name == REGION else CH
    return ox.NamedNode(f"{base}{key}")


def _head(request: Request, named: Mapping[str, Label], key: str) -> Head:
    """What a key of an answer is called: a thing by its label, an event by its words, all else by itself."""
    if key in EVENTS:
        return Head(key, Label(gettext(request, EVENTS[key]), localisation.language(request)))
    if ":" not in key:
        return Head(key, Label(key, ""))
    short = key.replace("#", "/").rpartition("/")[2]
    return Head(short, named.get(key, Label(short, "")), key)


async def _choice(request: Request, name: str, chosen: str) -> Choice:
    """A field with all that a chart may be narrowed to by it."""
    tongue = localisation.language(request)
    if name == TREATY:
        options = [Head(key, Label(gettext(request, words), tongue)) for key, words in TREATIES]
    else:
        keys = await _keys(request, name)
        named = await labels(request, [key for key in keys if ":" in key])
        options = [_head(request, named, key) for key in keys]
        if name != YEAR:
            options.sort(key=lambda one: sort_key(one.label.text, tongue))
    return Choice(name, gettext(request, FIELDS[name]), options, chosen)


async def _keys(request: Request, name: str) -> list[str]:
    """All values that a field can have, as other answers have them."""
    asked, variable = {
        HOUSE: (question("pages/chart-records-by-house", region=None, year=None), "house"),
        TYPE: (question("pages/chart-records-by-type", house=None, region=None, year=None), "type"),
        YEAR: (question("pages/chart-records-by-year", type=None, region=None), "year"),
        REGION: (question("pages/countries"), "region"),
    }[name]
    return sorted({value(row, variable) for row in await asking.rows(request, asked)} - {""})


async def _areas(request: Request) -> dict[str, str]:
    """The numeric code of the United Nations of each country, by its own code, as the outlines of the map have it."""
    rows = await asking.rows(request, question("pages/countries"))
    pairs = ((value(row, "country"), value(row, "area")) for row in rows)
    return {country.rpartition("/")[2]: area.rpartition("/")[2] for country, area in pairs if area}


def _page(request: Request, iri: str) -> str | None:
    return addresses.page_path(request.app.state.settings.base_iri, iri)
