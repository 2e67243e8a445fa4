"""Where a synthetic document gets its identity: number, identifier, dates, and the references to records before it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from loaders.generator.draft import Draft
from loaders.generator.material import Country
from loaders.generator.terms import Topic

Document = dict[str, Any]
FIRST_NUMBER = 1_000_000
MARK = "5E7E71C0"
RING = 4
"""How many recent records of one kind and country stay available as targets of references."""
LAST_DAY = date(2026, 10, 31).toordinal()
HOUSES = ("ABS", "BCH", "CHM", "ORT")


@dataclass(slots=True)
class Registry:
    """Issues documents in order. Memory is bounded: per kind and country the last `RING` references, nothing else."""

    random: Random
    number: int = FIRST_NUMBER
    recent: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def draft(self, schema: str, realm: str, country: Country, topic: Topic, day: int) -> Draft:
        """A new record of `country` with its identity, ready to be filled in."""
        number = self.number
        self.number += 1
        bits = self.random.getrandbits(48)
        identifier = f"{MARK}-{bits >> 32:04X}-{bits >> 16 & 0xFFFF:04X}-{bits & 0xFFFF:04X}-{number:012X}"
        return Draft(self, self.random, schema, realm, country, topic, day, number, identifier)

    def remember(self, kind: str, country: str, reference: str) -> None:
        """Make `GUID@revision` a target of later references, in place of an earlier revision of the same record."""
        ring = self.recent.setdefault((kind, country), [])
        guid = reference.partition("@")[0]
        ring[:] = [known for known in ring if not known.startswith(guid)][1 - RING :]
        ring.append(reference)

    def known(self, kind: str, country: str) -> list[str]:
        """References to the latest records of a kind in a country, oldest first."""
        return self.recent.get((kind, country), [])


def information(draft: Draft, fields: Document, *, national: bool) -> Document:
    """The first revision of a record: the API's information object with its body."""
    header = {"identifier": draft.identifier, "schema": draft.schema, "languages": list(draft.languages)}
    body: Document = {"header": header}
    if national:
        body["government"] = {"identifier": draft.country.code}
    body.update(fields)
    created = draft.moment(draft.day)
    document: Document = {
        "identifier": draft.identifier,
        "documentID": draft.number,
        "type": draft.schema,
        "owner": f"country:{draft.country.code}" if national else f"user:{draft.number % 997 + 1}",
        "revision": 1,
        "realm": draft.realm,
        "synthetic": True,
        "createdOn": created,
        "updatedOn": created,
        "submittedOn": draft.moment(draft.day + 1),
        "body": body,
    }
    if draft.number % 9 == 0:
        document["createdBy"] = person(draft.number)
        body["notes"] = f'["[ Person {draft.number} | {created[:10]} ] - checked"]'
    return document


def revised(document: Document, changes: Document, day: int) -> Document:
    """The next revision of `document`, published on `day` (an ordinal), with some fields of the body changed."""
    moment = f"{date.fromordinal(min(day, LAST_DAY)).isoformat()}T09:30:00.5Z"
    following = {**document, "revision": document["revision"] + 1, "updatedOn": moment, "submittedOn": moment}
    following["body"] = {**document["body"], **changes}
    return following


def person(number: int) -> dict[str, Any]:
    """An obviously invented person, as the API names the author of a change."""
    return {"userID": number, "firstName": "Person", "lastName": str(number), "email": f"person{number}@example.org"}


def references(value: Any) -> Iterator[str]:
    """Every reference to another record in a body, as written (`GUID` or `GUID@revision`)."""
    if isinstance(value, dict):
        identifier = value.get("identifier")
        if isinstance(identifier, str) and identifier.startswith(MARK):
            yield identifier
        for key, part in value.items():
            if key != "header":
                yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)
