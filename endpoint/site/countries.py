"""Countries: the list of them with their Party status, and the profile of each with what it has published."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from endpoint import addresses, asking, localisation, web
from endpoint.alphabet import sort_key
from endpoint.asking import Question, Row, question, value
from endpoint.labels import Label, best, labels
from endpoint.localisation import N_
from endpoint.site import obligations
from endpoint.site.citations import Citation
from endpoint.site.country_sections import Section, sections
from endpoint.site.facts import Text
from endpoint.site.figures import statistics
from endpoint.site.structured import in_languages
from endpoint.site.synthetic import synthetic
from endpoint.site.thing_pages import thing_page
from endpoint.site.things import Thing

TREATIES = (
    ("cbd", N_("Convention on Biological Diversity")),
    ("cpb", N_("Cartagena Protocol")),
    ("np", N_("Nagoya Protocol")),
    ("nklsp", N_("Nagoya – Kuala Lumpur Supplementary Protocol")),
)
"""The variables of `pages/countries` that say since when a country is a Party, and the names of the treaties."""
CODES = {"": N_("ISO 3166-1 alpha-2"), "ISO3166Alpha3": N_("ISO 3166-1 alpha-3")}
"""What a notation of a country is, by the local name of its datatype."""
NOTE = question("pages/note-on-countries")
_OF_COUNTRY = ("country-facts", "national-records", "focal-points", "country-records")


@dataclass(frozen=True)
class Country:
    """A country in the list: its days of entry into force by treaty, its records, and what of it is mandatory."""

    iri: str
    name: Label
    region: str
    since: Mapping[str, str]
    records: int
    findings: list[obligations.Finding]

    @property
    def lacks(self) -> bool:
        """Whether mandatory information of a Party to the Nagoya Protocol is missing."""
        return "np" in self.since and bool(obligations.missing(self.findings))


def routes() -> list[BaseRoute]:
    """`/countries`, `/country/{code}`."""
    return [web.route("/countries", _countries), web.route("/country/{code}", _country)]


def standing() -> tuple[Question, Question, Question, Question]:
    """What every reader of the list asks: the countries, their records and focal points, and what to know of both."""
    return (
        question("pages/countries"),
        question("pages/national-records", country=None),
        question("pages/focal-points", country=None),
        NOTE,
    )


def note(request: Request, rows: Iterable[Row]) -> Label | None:
    """What to know of the dates from which countries are Parties, from the answer to `NOTE`."""
    texts = [Label(value(row, "note"), getattr(row["note"], "language", None) or "") for row in rows]
    return best({text.language: text for text in texts}, localisation.language(request)) if texts else None


async def _countries(request: Request) -> Response:
    """All countries, or those of a region, of a Party status, or that lack mandatory information."""
    asked = {name: request.query_params.get(name, "") for name in ("region", "party", "lacking")}
    listing, counting, *others = standing()
    listed, counted, pointed, noted = await asyncio.gather(
        *(asking.rows(request, one) for one in (listing, counting, *others))
    )
    named = await labels(request, {value(row, name) for row in listed for name in ("country", "region")} - {""})
    everyone = _listed(listed, _by_country(counted, "house", "type"), _by_country(pointed, "code"), named)
    tongue = localisation.language(request)
    regions = {value(row, "region") for row in listed} - {""}
    return web.page(
        request,
        "countries.html",
        synthetic=await synthetic(request),
        countries=sorted(
            (one for one in everyone if _fits(one, **asked)), key=lambda one: sort_key(one.name.text, tongue)
        ),
        everyone=len(everyone),
        regions=sorted(regions, key=lambda iri: sort_key(_text(iri, named), tongue)),
        asked=asked,
        treaties=TREATIES,
        parties={key: sum(key in one.since for one in everyone) for key, _ in TREATIES},
        mandatory=obligations.mandatory,
        missing=obligations.missing,
        labels=named,
        note=note(request, noted),
        listing=listing,
        counting=counting,
    )


def _listed(
    rows: Iterable[Row],
    records: Mapping[str, Mapping[tuple[str, ...], int]],
    focal_points: Mapping[str, Mapping[tuple[str, ...], int]],
    named: Mapping[str, Label],
) -> list[Country]:
    """The countries of the thesaurus, once each."""
    found: dict[str, Country] = {}
    for row in rows:
        iri = value(row, "country")
        own, points = records.get(iri, {}), {code: number for (code,), number in focal_points.get(iri, {}).items()}
        found[iri] = Country(
            iri,
            named.get(iri, Label(iri.rpartition("/")[2], "")),
            value(row, "region"),
            {key: value(row, key) for key, _ in TREATIES if key in row},
            sum(own.values()),
            obligations.NAGOYA.findings(_pairs(own), points),
        )
    return list(found.values())


def _by_country(rows: Iterable[Row], *names: str) -> dict[str, dict[tuple[str, ...], int]]:
    """The numbers of records by country, and there by what the names say."""
    found: dict[str, dict[tuple[str, ...], int]] = {}
    for row in rows:
        key = tuple(value(row, name) for name in names)
        found.setdefault(value(row, "country"), {})[key] = int(value(row, "records"))
    return found


def _pairs(records: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], int]:
    return {(house, kind): number for (house, kind), number in records.items()}


def _fits(country: Country, region: str, party: str, lacking: str) -> bool:
    """Whether a country is among those asked for; `party` names a treaty, or with a `-` before it who is no Party."""
    is_party = party.removeprefix("-") in country.since
    right_party = not party or is_party != party.startswith("-")
    right_region = not region or country.region.rpartition("/")[2] == region
    return right_party and right_region and (not lacking or country.lacks)


def _text(iri: str, named: Mapping[str, Label]) -> str:
    return named[iri].text if iri in named else iri


# The profile of one country


async def _country(request: Request) -> Response:
    """What is known of a country, what it has published, and what is missing of the mandatory information."""
    code: str = request.path_params["code"]
    if code != code.upper():
        return RedirectResponse(addresses.prefixed(request, f"/country/{code.upper()}"), 308)
    thing = Thing.at(request.app.state.settings.base_iri, f"country/{code}")
    if thing is None:
        raise web.not_found(f"no country has the code {code}")
    country = thing.node
    queries = {name: question(f"pages/{name}", country=country) for name in _OF_COUNTRY}
    facts, counted, pointed, related, noted = await asyncio.gather(
        *(asking.rows(request, one) for one in (*queries.values(), NOTE))
    )
    if not facts:
        raise web.not_found(f"no country has the code {code}")
    shown, certificates = await asyncio.gather(
        sections(request, country, counted, related), _certificates(request, country)
    )
    since = _since(facts)
    own = {(value(row, "house"), value(row, "type")): int(value(row, "records")) for row in counted}
    points = {value(row, "code"): int(value(row, "records")) for row in pointed}
    named = await labels(request, {country.value, *_values(facts, "broader"), *_things(shown)})
    return thing_page(
        request,
        "country.html",
        thing,
        citation=_citation(request, thing.iri, code, named),
        said=_said(facts, named),
        synthetic=await synthetic(request),
        country=country.value,
        code=code,
        labels=named,
        since=since,
        today=_today().isoformat(),
        treaties=TREATIES,
        codes=_codes(facts),
        regions=_values(facts, "broader"),
        matches=_values(facts, "exactMatch"),
        total=sum(own.values()),
        checklists=[(one, one.key in since, one.findings(own, points)) for one in obligations.ALL],
        missing=obligations.missing,
        groups=[(title, list(some)) for title, some in groupby(shown, key=lambda section: section.kind.group)],
        certificates=certificates,
        note=note(request, noted),
        queries=queries,
    )


async def _certificates(request: Request, country: ox.NamedNode) -> tuple[Question, dict[str, int]]:
    """How the certificates of a country stand today: their number by the local name of their state."""
    asked = question("pages/country-certificates", country=country, day=_day(_today()))
    found = await asking.rows(request, asked)
    return asked, {value(row, "state").rpartition("#")[2]: int(value(row, "number")) for row in found}


def _today() -> date:
    return datetime.now(UTC).date()


def _day(day: date) -> ox.Literal:
    return ox.Literal(day.isoformat(), datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#date"))


def _values(facts: Iterable[Row], local_name: str) -> list[str]:
    """The values of a property, which is named by the end of its IRI."""
    return [value(row, "value") for row in facts if value(row, "property").endswith(f"#{local_name}")]


def _since(facts: Iterable[Row]) -> dict[str, str]:
    """The days of entry into force by treaty, of those that are in force for the country by now."""
    found = {value(row, "property").rpartition("#")[2]: value(row, "value") for row in facts}
    days = {key: found.get(f"partyTo{key.upper()}Since", "") for key, _ in TREATIES}
    return {key: day for key, day in days.items() if day and day <= _today().isoformat()}


def _codes(facts: Iterable[Row]) -> list[tuple[str, str]]:
    """The codes of a country, each with what it is."""
    found = []
    for row in facts:
        term = row["value"]
        if value(row, "property").endswith("#notation") and isinstance(term, ox.Literal):
            kind = term.datatype.value.rpartition("#")[2]
            found.append((CODES.get("" if kind == "string" else kind, kind), term.value))
    return found


def _citation(request: Request, iri: str, code: str, named: Mapping[str, Label]) -> Citation:
    """The country as this data set knows it in its present generation."""
    known = statistics(request)
    return Citation(
        iri,
        _text(iri, named),
        localisation.gettext(request, N_("Country")),
        identifier=code,
        date=known.modified[:10] if known else "",
        collection=request.app.state.settings.dataset_title,
    )


def _said(facts: Iterable[Row], named: Mapping[str, Label]) -> dict[str, object]:
    """The country in the words of schema.org."""
    names = [row["value"] for row in facts if value(row, "property").endswith("#prefLabel")]
    return {
        "@type": "Country",
        "name": in_languages(Text(one.value, one.language or "") for one in names if isinstance(one, ox.Literal)),
        "identifier": [{"@type": "PropertyValue", "propertyID": name, "value": code} for name, code in _codes(facts)],
        "containedInPlace": [
            {"@type": "Place", "@id": iri, "name": _text(iri, named)} for iri in _values(facts, "broader")
        ],
        "sameAs": _values(facts, "exactMatch"),
    }


def _things(shown: Iterable[Section]) -> set[str]:
    """All that the sections name."""
    rows = (entry for section in shown for entry in section.entries)
    return {iri for entry in rows for iri in (entry.iri, entry.type, entry.status, *entry.notes) if iri}
