"""Writers of the schemas of the ABS Clearing-House: from the measure to the certificate and the communiqué."""

from typing import Any

from loaders.generator.draft import Draft
from loaders.generator.terms import ABS_SUBJECTS, NATIONAL, OTHER, PERMIT_KEYWORDS, SUB_NATIONAL, USAGES

Fields = dict[str, Any]
TYPES = ("357DBB22-6A6C-4C49-BA1F-037320B09247", "33A6BF46-3699-4B5E-A3C0-506FAFDA2D76")
AREAS = ("D570A745-D8C3-4698-BB77-0A90C140F3F2", "DFEECF62-EC3D-4F5C-BAC6-2FD308F81277")
CONFIDENTIAL = ("providers", "entitiesToWhomPICGranted", "subjectMatter", "usages")
"""The fields of a permit that a flag of the same name plus `Confidential` may replace."""


def measure(draft: Draft) -> Fields:
    """A measure: its authorities are contacts, since the competent authority is published after its legal basis."""
    sub_national = draft.number % 5 == 0
    fields = {
        "title": draft.name("measure.title"),
        "status": draft.other("other.status"),
        "adoption": draft.date(-900),
        "entryIntoForce": draft.date(-700),
        "type": {"identifier": OTHER},
        "otherTypeName": draft.text("measure.type"),
        "jurisdiction": {"identifier": SUB_NATIONAL if sub_national else NATIONAL},
        "description": draft.rich("measure.description"),
        "documents": [draft.attachment("measure")],
        "isAmendment": False,
        "authorities": draft.references("authority.ABS", 1) or draft.references("contact.organization", 1),
        "absMeasures": matrix(draft),
    }
    if sub_national:
        fields["jurisdictionName"] = draft.text("province")
    earlier = draft.known("measure")
    if earlier and draft.number % 3 == 0:
        fields["isAmendment"] = True
        fields["amendedMeasures"] = [{"identifier": earlier[-1]}]
        fields["amendmentsDescription"] = draft.rich("measure.amendment")
    elif earlier:
        fields["linkedMeasures"] = [{"identifier": earlier[0]}]
    return fields


def matrix(draft: Draft) -> Fields:
    """The measure matrix: which articles of the measure cover what."""
    section = draft.text("measure.section", n=draft.number % 30 + 1)
    element = {
        "types": [{"identifier": draft.pick(TYPES)}],
        "areas": [{"identifier": draft.pick(AREAS)}],
        "section": section,
    }
    parent = draft.pick(("1E824A31-BDFB-4C47-9593-8006B5FC7D60", "A896179F-833E-4F76-B3F4-81CC95C66592"))
    return {
        "geneticResources": {"answer": True, "elements": [element]},
        "traditionalKnowledge": {"answer": draft.topic.name == "knowledge", "elements": []},
        "relevantElements": [
            {"identifier": f"{OTHER}#{parent}", "parent": parent, "section": section, "answer": True},
        ],
    }


def authority(draft: Draft) -> Fields:
    fields = {
        "name": draft.name("authority.name"),
        **draft.address(),
        "websites": [draft.link("authority")],
        "contacts": draft.references("contact.person", 2),
        "responsibleForAll": draft.number % 4 != 0,
        "responsibilities": draft.rich("authority.responsibilities"),
        "policyBasisForCompetency": draft.rich("authority.basis"),
        "policyBasisForCompetencyRef": draft.references("measure", 1),
        "absJurisdiction": [{"identifier": NATIONAL}],
        "absGeneticResourceTypes": draft.terms(PERMIT_KEYWORDS, 2, draft.topic.permit_keyword),
    }
    if draft.number % 4 == 0:
        fields["absJurisdiction"] = [{"identifier": SUB_NATIONAL}]
        fields["absJurisdictionName"] = draft.text("province")
    return fields


def procedure(draft: Draft) -> Fields:
    documents, fees = draft.number % 2 == 0, draft.number % 3 == 0
    fields = {
        "name": draft.name("procedure.name"),
        "jurisdiction": {"identifier": NATIONAL},
        "contacts": draft.references("authority.ABS", 1),
        "links": [draft.link("procedure")],
        "requirements": draft.rich("procedure.requirements"),
        "description": draft.rich("procedure.description"),
        "hasApplicationDocuments": documents,
        "hasApplicationFees": fees,
        "duration": draft.number % 90 + 10,
        "durationPeriod": "days",
        "relevantMeasures": draft.references("measure", 1),
        "keywords": draft.terms(ABS_SUBJECTS, 2),
    }
    if documents:
        fields["applicationInformation"] = draft.rich("procedure.application")
        fields["applicationLinks"] = [draft.link("application")]
        fields["applicationContacts"] = draft.references("contact.person", 1)
    if fees:
        fields["applicationFeesInformation"] = draft.rich("procedure.fees")
    return fields


def model_clause(draft: Draft) -> Fields:
    return {
        "title": draft.name("clause.title"),
        "description": draft.rich("clause.description"),
        "jurisdiction": {"identifier": NATIONAL},
        "relevantMeasures": draft.references("measure", 1),
        "keywords": draft.terms("ABS-A1920-Keywords", 1),
        "thematicAreas": draft.terms(ABS_SUBJECTS, 2),
        "resourceLinks": [draft.attachment("clause")],
        "relevantDocuments": [draft.link("clause")],
    }


def permit(draft: Draft) -> Fields:
    """A certificate; the serial number decides what it has, so that a hundred permits show every variant."""
    fields: Fields = {
        "absCNA": draft.reference("authority.ABS"),
        "title": draft.number_text("IRCC"),
        "dateOfIssuance": draft.date(-20 - draft.number % 40),
        "providers": draft.references("contact.organization", 2),
        "picGranted": True,
        "picInformation": draft.rich("permit.consent"),
        "entitiesToWhomPICGranted": draft.references("contact.user", 1),
        "matEstablished": True,
        "matInformation": draft.rich("permit.terms"),
        "subjectMatter": draft.rich("permit.subject"),
        "keywords": draft.terms(PERMIT_KEYWORDS, 3, draft.topic.permit_keyword),
        "usages": draft.terms(USAGES, 2),
        "permitFiles": [draft.attachment("permit")],
    }
    fields |= _permit_options(draft)
    for name in _withheld(draft.number):
        del fields[name]
        fields[name + "Confidential"] = True
    return fields


def _permit_options(draft: Draft) -> Fields:
    options: Fields = {}
    number = draft.number
    if number % 2:
        options["dateOfExpiry"] = draft.date(365 * (1 + number % 5))
        options["usagesDescription"] = draft.rich("permit.usage")
    if number % 3:
        options["taxonomies"] = [draft.taxonomy()]
        options["thirdPartyTransferCondition"] = draft.rich("permit.transfer")
    if number % 4 == 0:
        options["specimens"] = [draft.link("specimen")]
        options["gisMapCenter"] = draft.place()
        options["relevantInformation"] = draft.rich("authority.basis")
    if number % 6 == 1 and draft.known("absPermit"):
        options["relatedIRCCs"] = draft.references("absPermit", 2)
    if number % 8 == 3:
        options["keywords"] = [{"identifier": draft.topic.permit_keyword}, {"identifier": OTHER}]
        options["keywordOther"] = draft.text("other.keyword")
        options["referenceToNationalPermit"] = draft.rich("measure.section")
    return options


def _withheld(number: int) -> tuple[str, ...]:
    """The fields of a permit that stay confidential: one in seven has one of them, one in forty all four."""
    if number % 40 == 7:
        return CONFIDENTIAL
    return (CONFIDENTIAL[number // 7 % 4],) if number % 7 == 0 else ()


def checkpoint(draft: Draft) -> Fields:
    inform_all = not draft.known("contact.user") or draft.number % 2 == 0
    fields = {
        "name": draft.name("checkpoint.name"),
        "responsibilities": draft.rich("checkpoint.responsibilities"),
        "jurisdiction": {"identifier": NATIONAL},
        "informAllAuthorities": inform_all,
    }
    if draft.number % 5 == 0:
        fields["jurisdiction"] = {"identifier": SUB_NATIONAL}
        fields["jurisdictionName"] = draft.text("province")
    if not inform_all:
        fields["contactsToInform"] = draft.references("contact.user", 1)
    return fields


def communique(draft: Draft) -> Fields:
    """A communiqué of a user country on a certificate that it knows."""
    return _communique(draft) | {"absIRCCs": draft.references("absPermit.granted", 2)}


def communique_without_certificate(draft: Draft) -> Fields:
    """A communiqué where no certificate is available: it names the source country and the subject matter."""
    return _communique(draft) | {
        "absIRCCsNotAvailable": True,
        "sourceCountries": [{"identifier": draft.another().code}],
        "subjectMatter": draft.rich("permit.subject"),
    }


def _communique(draft: Draft) -> Fields:
    fields = {
        "title": draft.name("communique.title"),
        "absCheckpoints": draft.references("absCheckpoint", 1),
        "keywords": draft.terms(PERMIT_KEYWORDS, 2, draft.topic.permit_keyword),
        "taxonomies": [draft.taxonomy()],
        "evidenceOfPIC": draft.rich("permit.consent"),
        "description": draft.rich("communique.description"),
        "dateOfAccess": draft.date(-120),
        "dateCollected": draft.date(-150),
    }
    if draft.number % 2:
        del fields["dateCollected"]
        fields["dateCollectedFrom"], fields["dateCollectedTo"] = draft.date(-190), draft.date(-150)
    if draft.known("contact.user"):
        fields["entityToWhomPICGranted"] = draft.reference("contact.user")
        fields["personsAtCheckpoint"] = draft.references("contact.user", 1)
    return fields
