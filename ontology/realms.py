"""The realms of the clearing-houses, and the public UIDs and addresses they give records; read by `identifiers`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from ontology.errors import IdentifierError

NUMBER = r"[1-9][0-9]{0,8}"  # documentID, and the numbers of the Secretariat's databases
REVISION = r"[1-9][0-9]{0,17}"  # counts from 1; fits 64 bits
UID = (
    rf"(?:ABSCH|BCH|CHM|ORT)-[A-Z][A-Z0-9]{{1,9}}-(?:SCBD|[A-Z]{{2}})-{NUMBER}(?:-{REVISION})?"  # to match in any case
)

is_uid = re.compile(UID, re.IGNORECASE | re.ASCII).fullmatch
"""Whether a text is a public identifier, in whatever case."""
_NOT_PUBLIC = re.compile(
    r"(?:ABSCH|ABS|BCH|CHM|ORT)(?:[-_]?|-.*-)(TRG|DEV)(?:[-_@].*)?"  # BCHTRG-LAW-…, ABSCH-TRG-…, ABS-DEV, …-2-DEV
    r"|https?://(?=[^/?#]*cbd(?:\.int|dev\.xyz))[^/?#]*(trg|training|dev)[^/?#]*(?:[/?#].*)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Realm:
    """One publishing context; `codes` maps a schema to the short code of its UIDs, `former` an old code to a schema."""

    name: str
    prefix: str
    hosts: tuple[str, ...]
    codes: Mapping[str, str]
    former: Mapping[str, str]

    def schemas(self, code: str) -> tuple[str, ...]:
        """The schemas a short code stands for, in any case: none if unknown, two for `UNP`."""
        upper = code.upper()
        current = tuple(schema for schema, short in self.codes.items() if short == upper)
        return current or tuple(schema for old, schema in self.former.items() if old == upper)


def _realm(name: str, prefix: str, hosts: str, codes: str, former: str = "") -> Realm:
    def pairs(text: str) -> Mapping[str, str]:
        return MappingProxyType(dict(pair.split(":") for pair in text.split()))

    return Realm(name, prefix, tuple(hosts.split()), pairs(codes), pairs(former))


ABS = _realm(
    "ABS",
    "ABSCH",
    "absch.cbd.int",
    "authority:CNA measure:MSR absProcedure:PRO absNationalModelContractualClause:NMCC absPermit:IRCC database:NDB "
    "absCheckpoint:CP absCheckpointCommunique:CPC absNationalReport1:NR1 absNationalReport:NR contact:CON resource:VLR "
    "organization:ORG capacityBuildingInitiative:CDI modelContractualClause:A19A20 communityProtocol:CPP "
    "capacityBuildingResource:CBR endorsement:EDR focalPoint:NFP",
    former="CBI:capacityBuildingInitiative",
)
BCH = _realm(
    "BCH",
    "BCH",
    "bch.cbd.int new-bch.cbd.int",
    "authority:CNA supplementaryAuthority:SPCA biosafetyLaw:LAW biosafetyDecision:DEC nationalRiskAssessment:RA "
    "database:NDB cpbNationalReport5:NR5 cpbNationalReport4:NR4 cpbNationalReport3:NR3 cpbNationalReport2:NR2 "
    "cpbNationalReport1:NR1 cpbNationalReportInterim:NRI biosafetyExpert:EXP countryProfile:BCP contact:CON "
    "resource:VLR organization:ORG laboratoryDetection:LAB modifiedOrganism:LMO dnaSequence:GENE organism:ORGA "
    "independentRiskAssessment:IRA submission:SUB capacityBuildingInitiative:CDI biosafetyNews:BCHN focalPoint:NFP",
    former="CBI:capacityBuildingInitiative",
)
CHM = _realm(
    "CHM",
    "CHM",
    "chm.cbd.int",
    "nationalReport:NR nationalReport6:NR6 nationalTarget:NT6 nationalAssessment:NA6 nationalIndicator:NI6 "
    "implementationActivity:IAT nationalSupportTool:NST resourceMobilisation:RM15 resourceMobilisation2020:RM20 "
    "contact:CON action:ACT aichiTarget:AT resource:VLR organization:ORG capacityBuildingInitiative:CDI "
    "capacityBuildingResource:CBR submission:SUB event:BBE lwProject:LWP lwDonor:LWD lwEvent:LWE lwCampaign:LWC "
    "undbPartner:UNP undbAction:UNA undbActor:UNAT undbParty:UNP undbBizBioPledge:UNBP bbiOpportunity:BBO "
    "bbiProfile:BBP bbiRequest:BBR bbiContact:BBC marineEbsa:EBSA caseStudy:CST focalPoint:NFP "
    "strategicPlanIndicator:SPI nbsap:NBSAP",
    former="CBI:capacityBuildingInitiative",
)
ORT = _realm(
    "ORT",
    "ORT",
    "ort.cbd.int",
    "nbsap:NBSAP nationalTarget7:NT7 nationalTarget7Mapping:NT7M nationalReport7:NR7 "
    "nationalReport7IndicatorData:NR7ID nationalReport7BinaryIndicatorData:NR7BID stakeholderCommitment:SCM",
)

REALMS: Mapping[str, Realm] = MappingProxyType({realm.name: realm for realm in (ABS, BCH, CHM, ORT)})
_NAMES = {name: realm for realm in REALMS.values() for name in (realm.name, realm.prefix)} | {
    "LIFEWEB": CHM  # the LifeWeb schemas had a realm of their own before they moved to the CHM
}


def refusal(text: object, expected: str) -> IdentifierError:
    """The error that names a text, cut to a readable length, and what was expected in its place."""
    shown = repr(text)
    return IdentifierError(f"{shown if len(shown) <= 120 else shown[:117] + '...'} is refused; expected {expected}")


def refuse_other_systems(text: str) -> None:
    """Raise IdentifierError where a UID, realm or address belongs to the training or the development system."""
    if found := _NOT_PUBLIC.fullmatch(text):
        system = "training" if (found[1] or found[2]).lower().startswith("tr") else "development"
        raise refusal(text, f"an identifier of the public ABSCH, BCH, CHM or ORT; this one is of the {system} system")


def realm_of(name: str) -> Realm:
    """The realm of a name or UID prefix in any case (`ABS`, `absch`); IdentifierError for any other."""
    found = _NAMES.get(name.upper())
    if found is None:
        refuse_other_systems(name)
        raise refusal(name, f"a realm: {', '.join(REALMS)}")
    return found


def short_code(schema: str, of: Realm) -> str:
    """The UID code of a schema: the realm's own, else that of the realm which defines the schema."""
    for candidate in (of, *REALMS.values()):
        if code := candidate.codes.get(schema):
            return code
    raise refusal(schema, f"a schema with a short code in one of the realms {', '.join(REALMS)}")


@dataclass(frozen=True, slots=True)
class PublicUid:
    """The name people cite, `ABSCH-IRCC-IN-206823-1`; without its revision it means the latest one."""

    prefix: str
    code: str
    owner: str
    document_id: int
    revision: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """A UID in any case; IdentifierError for anything else, such as a UID of the training system."""
        if not is_uid(text):
            refuse_other_systems(text)
            raise refusal(text, "a public UID such as ABSCH-IRCC-IN-206823 or ABSCH-IRCC-IN-206823-1")
        prefix, code, owner, number, *revision = text.upper().split("-")
        return cls(prefix, code, owner, int(number), int(revision[0]) if revision else None)

    @classmethod
    def of(
        cls, *, schema: str, realm: str, government: str | None, document_id: int, revision: int | None = None
    ) -> Self:
        """The UID which the portals compute from an envelope: a record without a government is owned by SCBD."""
        home = realm_of(realm)
        prefix = (
            "CHM" if schema == "focalPoint" else home.prefix
        )  # the focal points of all treaties are kept by the CHM
        owner = government.upper() if government else "SCBD"
        revised = "" if revision is None else f"-{revision}"
        return cls.parse(f"{prefix}-{short_code(schema, home)}-{owner}-{document_id}{revised}")

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas the short code stands for; none if the code is unknown."""
        return realm_of(self.prefix).schemas(self.code)

    @property
    def citation(self) -> str:
        """The UID without its revision."""
        return f"{self.prefix}-{self.code}-{self.owner}-{self.document_id}"

    def __str__(self) -> str:
        return self.citation if self.revision is None else f"{self.citation}-{self.revision}"


def addresses(realm: str, document_id: int, uid: PublicUid | str | None = None) -> list[str]:
    """The public web addresses of a record, current before former, for statements that keep every known name.

    The ORT shows its records at addresses without their number, so there only the address of the API is known.
    """
    home = realm_of(realm)
    cited = PublicUid.parse(uid) if isinstance(uid, str) else uid
    found = []
    if home is not ORT:
        portal = f"https://{home.hosts[0]}"
        if cited and home is not CHM:
            found.append(f"{portal}/en/database/{cited.code}/{cited.citation}")
        found += [f"{portal}/database/record/{document_id}", f"{portal}/database/record?documentID={document_id}"]
    if home is BCH:
        found.append(f"http://bch.cbd.int/database/record.shtml?documentid={document_id}")
    if cited and cited.code == "IRCC":
        found.append(f"https://absch.cbd.int/certificate/{document_id}")
    return [*found, f"https://api.cbd.int/api/v2013/documents/{document_id}"]
