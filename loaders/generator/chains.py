"""The order of the stream: one chain of linked records per country and topic, each record after those it refers to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from loaders.generator import access, biosafety, convention, reports, shared
from loaders.generator.draft import Draft
from loaders.generator.material import Country
from loaders.generator.registry import LAST_DAY, Document, Registry, information, revised
from loaders.generator.terms import Topic


class Writer(NamedTuple):
    """How the records of one kind are made. `ring` is the kind under which later records refer to them."""

    schema: str
    realm: str
    national: bool
    fields: Callable[[Draft], dict[str, Any]]
    ring: str


def _writer(
    schema: str, realm: str, national: bool, fields: Callable[[Draft], dict[str, Any]], ring: str = ""
) -> Writer:
    return Writer(schema, realm, national, fields, ring or schema)


ORGANIZATION = _writer("organization", "ABS", False, shared.organization)
ORGANIZATION_CONTACT = _writer("contact", "ABS", True, shared.organization_contact, "contact.organization")
PERSON = _writer("contact", "ABS", True, shared.person_contact, "contact.person")
USER = _writer("contact", "ABS", True, shared.organization_contact, "contact.user")
FOCAL_POINT = _writer("focalPoint", "CHM", True, shared.focal_point)
MEASURE = _writer("measure", "ABS", True, access.measure)
AUTHORITY = _writer("authority", "ABS", True, access.authority, "authority.ABS")
PROCEDURE = _writer("absProcedure", "ABS", True, access.procedure)
DATABASE = _writer("database", "ABS", True, shared.database)
NATIONAL_CLAUSE = _writer("absNationalModelContractualClause", "ABS", True, access.model_clause)
MODEL_CLAUSE = _writer("modelContractualClause", "ABS", False, shared.model_clause)
COMMUNITY_PROTOCOL = _writer("communityProtocol", "ABS", False, shared.community_protocol)
CAPACITY_RESOURCE = _writer("capacityBuildingResource", "ABS", False, shared.capacity_resource)
PERMIT = _writer("absPermit", "ABS", True, access.permit)
CHECKPOINT = _writer("absCheckpoint", "ABS", True, access.checkpoint)
COMMUNIQUE = _writer("absCheckpointCommunique", "ABS", True, access.communique)
UNCERTIFIED = _writer("absCheckpointCommunique", "ABS", True, access.communique_without_certificate)
FIRST_REPORT = _writer("absNationalReport1", "ABS", True, reports.first_report)
INTERIM_REPORT = _writer("absNationalReport", "ABS", True, reports.interim_report)
SIXTH_REPORT = _writer("nationalReport6", "CHM", True, reports.sixth_report)
RESOURCE = _writer("resource", "ABS", False, shared.resource)
INITIATIVE = _writer("capacityBuildingInitiative", "ABS", False, shared.initiative)
BIOSAFETY = (
    _writer("organism", "BCH", False, biosafety.organism),
    _writer("dnaSequence", "BCH", False, biosafety.gene),
    _writer("modifiedOrganism", "BCH", False, biosafety.modified_organism),
    _writer("authority", "BCH", True, biosafety.authority, "authority.BCH"),
    _writer("biosafetyLaw", "BCH", True, biosafety.law),
    _writer("nationalRiskAssessment", "BCH", True, biosafety.risk_assessment),
    _writer("biosafetyDecision", "BCH", True, biosafety.decision),
    RESOURCE._replace(realm="BCH"),
    INITIATIVE._replace(realm="BCH"),
)
TARGET = _writer("nationalTarget7", "ORT", True, convention.national_target)
LIFEWEB = (_writer("lwDonor", "CHM", False, convention.donor), _writer("lwProject", "CHM", False, convention.project))
MARINE_AREA = _writer("marineEbsa", "CHM", False, convention.marine_area)
ITEMS = (
    _writer("meeting", "CHM", False, convention.meeting),
    _writer("notification", "CHM", False, convention.notification),
)
"""Index items of the Secretariat: they have no body."""


class Parts(NamedTuple):
    """What a chain holds besides its core."""

    permits: int
    library: bool = True
    biosafety: bool = True
    convention: bool = True
    interim: bool = False


@dataclass(slots=True)
class Chain:
    """The records that one provider country publishes on one topic, with the user country that its permits go to."""

    registry: Registry
    provider: Country
    user: Country
    topic: Topic
    day: int
    parts: Parts
    permits: list[Document] = field(default_factory=list)

    def documents(self) -> Iterator[Document]:
        """All documents of the chain, each after those it refers to; amendments and revocations come last."""
        yield from self._core()
        if self.parts.library:
            yield from self._library()
        if self.parts.biosafety:
            for writer in BIOSAFETY:
                yield self.written(writer)
        if self.parts.convention:
            yield from self._convention()
        yield from self._revisions()

    def _core(self) -> Iterator[Document]:
        for writer in (ORGANIZATION_CONTACT, PERSON, ORGANIZATION):
            yield self.written(writer)
        user = self.written(USER, self.user)
        self.registry.remember("contact.user", self.provider.code, _reference(user))
        yield user
        for writer in (FOCAL_POINT, MEASURE, AUTHORITY, PROCEDURE, TARGET):
            yield self.written(writer)
        for _ in range(self.parts.permits):
            permit = self.written(PERMIT)
            self.permits.append(permit)
            self.registry.remember("absPermit.granted", self.user.code, _reference(permit))
            yield permit
        yield self.written(CHECKPOINT, self.user)
        yield self.written(COMMUNIQUE, self.user)
        if self.registry.number % 3 == 0:
            yield self.written(UNCERTIFIED, self.user)
        yield self.written(RESOURCE)
        yield self.written(INITIATIVE)

    def _library(self) -> Iterator[Document]:
        for writer in (DATABASE, NATIONAL_CLAUSE, MODEL_CLAUSE, COMMUNITY_PROTOCOL, CAPACITY_RESOURCE):
            yield self.written(writer)
        yield self.written(INTERIM_REPORT if self.parts.interim else FIRST_REPORT)

    def _convention(self) -> Iterator[Document]:
        for writer in (*LIFEWEB, MARINE_AREA, SIXTH_REPORT):
            yield self.written(writer)
        yield self.written(RESOURCE._replace(realm="CHM"))
        yield self.written(INITIATIVE._replace(realm="CHM"))
        for writer in ITEMS:
            yield self._draft(writer, self.provider, writer.fields)

    def written(self, writer: Writer, country: Country | None = None) -> Document:
        """A new record, which later ones may refer to."""
        country = country or self.provider
        national = writer.national
        document: Document = self._draft(
            writer, country, lambda draft: information(draft, writer.fields(draft), national=national)
        )
        self.registry.remember(writer.ring, country.code, _reference(document))
        return document

    def _draft(self, writer: Writer, country: Country, fill: Callable[[Draft], Document]) -> Document:
        self.day = min(self.day + 2, LAST_DAY - 1)
        return fill(self.registry.draft(writer.schema, writer.realm, country, self.topic, self.day))

    def _revisions(self) -> Iterator[Document]:
        """Of eight permits two are amended, one is revoked at once and one is amended, then revoked."""
        for permit in self.permits:
            draft = self._again(permit)
            variant = permit["documentID"] % 8
            if variant in {1, 4, 6}:
                yield (permit := self._revision(permit, 0, draft.rich("permit.amendment")))
            if variant in {2, 6}:
                yield self._revision(permit, 1, draft.rich("permit.revocation"))

    def _again(self, permit: Document) -> Draft:
        """The permit as a draft in its own languages, without a new number."""
        draft = Draft(
            self.registry, self.registry.random, "absPermit", "ABS", self.provider, self.topic, self.day,
            permit["documentID"], permit["identifier"],
        )  # fmt: skip
        draft.languages = tuple(permit["body"]["header"]["languages"])
        return draft

    def _revision(self, permit: Document, intent: int, reason: dict[str, str]) -> Document:
        changes: dict[str, Any] = {"amendmentIntent": intent, "amendmentDescription": reason}
        if intent == 0 and "dateOfExpiry" in permit["body"]:
            changes["dateOfExpiry"] = _a_year_later(permit["body"]["dateOfExpiry"])
        document = revised(permit, changes, self.day + 200 * permit["revision"])
        for kind, country in (("absPermit", self.provider.code), ("absPermit.granted", self.user.code)):
            if any(known.startswith(document["identifier"]) for known in self.registry.known(kind, country)):
                self.registry.remember(kind, country, _reference(document))
        return document


def _a_year_later(day: str) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() + 365).isoformat()


def _reference(document: Document) -> str:
    return f"{document['identifier']}@{document['revision']}"
