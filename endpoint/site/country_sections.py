"""The sections of a country's profile: what it has published in each house, what is for it, what came from it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox
from starlette.requests import Request

from endpoint import asking
from endpoint.asking import Question, Row, question, value
from endpoint.localisation import N_
from endpoint.site.obligations import CH

ACCESS, SAFETY, CONVENTION, CAPACITY = (
    N_("Access and benefit-sharing"),
    N_("Biosafety"),
    N_("The Convention"),
    N_("Capacity-building and cooperation"),
)


@dataclass(frozen=True)
class Kind:
    """A kind of section: its group and title, the record types, the property that names the country, and the house."""

    group: str
    title: str
    types: tuple[str, ...]
    relation: str = "government"
    house: str = ""

    @property
    def facets(self) -> dict[str, str]:
        """The parameters of a search for the same records, beside the country; nothing where no search finds them."""
        found = {"type": self.types[0]} if len(self.types) == 1 else {}
        return (found | {"house": self.house} if self.house else found) if self.relation != "certificate" else {}


@dataclass
class Entry:
    """A record in a section, with its type, status, dates and what else classifies it."""

    iri: str
    type: str
    status: str = ""
    issued: str = ""
    until: str = ""
    changed: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """What there is of a kind: how many records, the newest of them, and the question that they answer."""

    kind: Kind
    number: int
    entries: list[Entry]
    asked: Question | None


KINDS = (
    Kind(ACCESS, N_("Measures"), ("Measure",), house="ABSCH"),
    Kind(ACCESS, N_("Competent national authorities"), ("Authority",), house="ABSCH"),
    Kind(ACCESS, N_("Procedures"), ("Procedure",)),
    Kind(ACCESS, N_("Certificates"), ("Certificate",)),
    Kind(ACCESS, N_("Checkpoints"), ("Checkpoint",)),
    Kind(ACCESS, N_("Communiqués of its checkpoints"), ("CheckpointCommunique",)),
    Kind(ACCESS, N_("Communiqués on what came from it"), ("CheckpointCommunique",), "certificate"),
    Kind(ACCESS, N_("Model contractual clauses"), ("NationalModelContractualClause",)),
    Kind(ACCESS, N_("Websites and databases"), ("Database",)),
    Kind(
        ACCESS,
        N_("Reports on the Nagoya Protocol"),
        ("NagoyaInterimNationalReport", "NagoyaNationalReport1"),
    ),
    Kind(SAFETY, N_("Laws and regulations"), ("BiosafetyLaw",)),
    Kind(SAFETY, N_("Competent national authorities"), ("Authority",), house="BCH"),
    Kind(SAFETY, N_("Decisions"), ("BiosafetyDecision",)),
    Kind(SAFETY, N_("Risk assessments"), ("NationalRiskAssessment",)),
    Kind(CONVENTION, N_("National focal points"), ("FocalPoint",)),
    Kind(CONVENTION, N_("National targets"), ("NationalTarget",)),
    Kind(CONVENTION, N_("National reports"), ("SixthNationalReport",)),
    Kind(CONVENTION, N_("Marine areas of significance"), ("SignificantMarineArea",), "country"),
    Kind(
        CAPACITY,
        N_("Capacity-building initiatives for it"),
        ("CapacityBuildingInitiative",),
        "countryOrRegion",
    ),
    Kind(CAPACITY, N_("Capacity-building resources for it"), ("CapacityBuildingResource",), "countryOrRegion"),
    Kind(CAPACITY, N_("Projects and donors of LifeWeb"), ("LifeWebProject", "LifeWebDonor"), "country"),
)


async def sections(
    request: Request, country: ox.NamedNode, national: Iterable[Row], related: Iterable[Row]
) -> list[Section]:
    """A section of each kind; the engine is asked only for those of which there is something."""
    own = {(value(row, "house"), value(row, "type")): int(value(row, "records")) for row in national}
    others = {(value(row, "relation"), value(row, "type")): int(value(row, "records")) for row in related}
    return list(await asyncio.gather(*(_section(request, country, kind, _number(kind, own, others)) for kind in KINDS)))


def _number(kind: Kind, own: dict[tuple[str, str], int], others: dict[tuple[str, str], int]) -> int:
    types = {f"{CH}{name}" for name in kind.types}
    if kind.relation != "government":
        return sum(others.get((f"{CH}{kind.relation}", one), 0) for one in types)
    houses = {f"{CH}{kind.house}"} if kind.house else {house for house, _ in own}
    return sum(number for (house, one), number in own.items() if one in types and house in houses)


async def _section(request: Request, country: ox.NamedNode, kind: Kind, number: int) -> Section:
    if not number:
        return Section(kind, 0, [], None)
    asked = _asked(country, kind)
    found: dict[str, Entry] = {}
    for row in await asking.rows(request, asked):
        iri = value(row, "record")
        entry = found.setdefault(iri, Entry(iri, value(row, "type"), value(row, "status")))
        entry.issued, entry.until, entry.changed = (value(row, name) for name in ("issued", "until", "changed"))
        if (note := value(row, "note")) and note not in entry.notes:
            entry.notes.append(note)
    return Section(kind, number, list(found.values()), asked)


def _asked(country: ox.NamedNode, kind: Kind) -> Question:
    if kind.relation == "certificate":
        return question("pages/country-communiques-on-it", country=country)
    return question(
        "pages/country-section",
        country=country,
        relation=_term(kind.relation),
        type=[_term(name) for name in kind.types],
        house=_term(kind.house) if kind.house else None,
    )


def _term(local_name: str) -> ox.NamedNode:
    return ox.NamedNode(f"{CH}{local_name}")
