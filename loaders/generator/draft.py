"""A record being written: what the writers of all schemas ask for while they fill in its fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from loaders.generator.material import LANGUAGES, Country, countries, texts
from loaders.generator.terms import MEMBERS, OTHER, TAXA, Topic

if TYPE_CHECKING:
    from loaders.generator.registry import Registry

T = TypeVar("T")
Text = dict[str, str]
FIRST_DAY = date(1993, 12, 29).toordinal()
"""Entry into force of the Convention: no date of a synthetic record lies before it."""


@dataclass(slots=True)
class Draft:
    """One record of `country` about `topic`, created on `day` (a proleptic ordinal). All chances come from `random`."""

    registry: Registry
    random: Random
    schema: str
    realm: str
    country: Country
    topic: Topic
    day: int
    number: int
    identifier: str
    languages: tuple[str, ...] = field(init=False)
    serial: int = field(init=False)
    taxon: str = field(init=False)

    def __post_init__(self) -> None:
        self.languages = self._languages()
        self.serial = self.number % 100_000
        self.taxon = TAXA[self.number % len(TAXA)]

    def _languages(self) -> tuple[str, ...]:
        """The country's first language, often with English, now and then all six."""
        chance = self.random.random()
        if chance < 0.05:
            return LANGUAGES
        if chance < 0.55:
            return self.country.languages[:1]
        return tuple(dict.fromkeys((*self.country.languages, "en")))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.random.random() * len(choices))]

    def text(self, key: str, **slots: object) -> Text:
        """A sentence in every language of the record (LString)."""
        template = texts()[key]
        return {language: self._filled(template[language], language, slots) for language in self.languages}

    def _filled(self, template: str, language: str, slots: dict[str, object]) -> str:
        if "{" not in template:
            return template
        topic = texts()["topic." + self.topic.name][language]
        given = {"n": self.serial, "year": date.fromordinal(self.day).year, "taxon": self.taxon, **slots}
        return template.format(country=self.country.name[language], topic=topic, **given)

    def name(self, key: str, **slots: object) -> Text:
        """A title or name that shows the record to be synthetic."""
        return {language: text + " (synthetic)" for language, text in self.text(key, **slots).items()}

    def rich(self, key: str, **slots: object) -> Text:
        """A text as the editor of the forms stores it (LString with HTML)."""
        return {language: f"<div><!--block-->{text}</div>" for language, text in self.text(key, **slots).items()}

    def number_text(self, code: str) -> Text:
        """A reference number: the same in the first language whatever the text languages are."""
        return {self.languages[0]: f"SYN-{code}-{self.country.code.upper()}-{self.number}"}

    def city(self) -> Text:
        return {language: self.country.city(language) for language in self.languages}

    def date(self, offset: int) -> str:
        """The day that lies `offset` days from the creation of the record (ISO 8601)."""
        return date.fromordinal(max(self.day + offset, FIRST_DAY)).isoformat()

    def moment(self, day: int) -> str:
        """A time of publication as the API writes it: a fraction of any length, mostly with `Z`."""
        fraction, zone = "3" * (self.number % 7 + 1), "Z" if self.number % 11 else ""
        return f"{date.fromordinal(day).isoformat()}T{self.number % 24:02d}:{self.number % 60:02d}:07.{fraction}{zone}"

    def link(self, kind: str) -> dict[str, str]:
        """A web page under example.org (ELink)."""
        return {"url": f"https://example.org/{kind}/{self.number}", "name": f"{kind} {self.serial} (synthetic)"}

    def attachment(self, kind: str, **also: Any) -> dict[str, Any]:
        """A file of this record, with its address relative to the portal (ELink)."""
        name = f"{kind}-{self.serial}.pdf"
        url = f"/api/v2013/documents/{self.identifier}/attachments/{self.serial}/{name}"
        return {"url": url, "name": name, "language": self.languages[0], **also}

    def taxonomy(self) -> dict[str, str]:
        return {"url": "https://www.gbif.org/species/search?q=" + self.taxon.replace(" ", "%20"), "name": self.taxon}

    def place(self) -> dict[str, Any]:
        """A point near the middle of the country (MapLocation)."""
        shift = self.random.randrange(-100, 100) / 100
        return {"zoom": 5, "lat": round(self.country.lat + shift, 2), "lng": round(self.country.lng - shift, 2)}

    def term(self, domain: str) -> dict[str, str]:
        return {"identifier": self.pick(MEMBERS[domain])}

    def terms(self, domain: str, most: int, *first: str) -> list[dict[str, str]]:
        """One to `most` different terms of a domain, those given first."""
        members = MEMBERS[domain]
        drawn = [members[int(self.random.random() * len(members))] for _ in range(most - len(first))]
        return [{"identifier": identifier} for identifier in dict.fromkeys((*first, *drawn))]

    def other(self, key: str) -> dict[str, Any]:
        """The term "Other" with the record's own words, for a vocabulary of which no term is known."""
        return {"identifier": OTHER, "customValue": self.text(key)}

    def known(self, kind: str, country: Country | None = None) -> list[str]:
        return self.registry.known(kind, (country or self.country).code)

    def reference(self, kind: str, country: Country | None = None) -> dict[str, str]:
        """A reference to a recent record of the kind; every tenth leaves the revision out, as old documents do."""
        target = self.pick(self.known(kind, country))
        return {"identifier": target if self.number % 10 else target.partition("@")[0]}

    def references(self, kind: str, most: int, country: Country | None = None) -> list[dict[str, str]]:
        """One to `most` references to recent records of the kind; none if there is none yet."""
        latest = self.known(kind, country)[-most:]
        count = 1 + int(self.random.random() * len(latest))
        return [{"identifier": target} for target in latest[-count:]]

    def mail(self) -> list[str]:
        return [f"office{self.serial}@example.org"]

    def phone(self) -> list[str]:
        """Numbers that are set aside for fiction."""
        return [f"+1 555 01{self.number % 100:02d}"]

    def address(self) -> dict[str, Any]:
        """The postal fields of contacts, organizations and authorities."""
        return {
            "address": self.text("address", n=self.number % 90 + 1),
            "city": self.city(),
            "postalCode": {self.languages[0]: f"{self.number % 90_000 + 10_000}"},
            "country": {"identifier": self.country.code},
            "phones": self.phone(),
            "emails": self.mail(),
        }

    def another(self) -> Country:
        """Some country other than the record's own."""
        return self.pick([country for country in countries().values() if country.code != self.country.code])
