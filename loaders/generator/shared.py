"""Writers of the schemas that all three clearing-houses share: contacts, organizations, library, capacity-building."""

from datetime import date
from typing import Any

from loaders.generator.draft import Draft
from loaders.generator.terms import (
    ABS_KEY_AREAS,
    ABS_SUBJECTS,
    AUDIENCES,
    BIOSAFETY_AREAS,
    LIBRARY_TYPES,
    NATIONAL,
)

Fields = dict[str, Any]


def organization_contact(draft: Draft) -> Fields:
    return {
        "type": "organization",
        "organization": draft.name("organization.name"),
        "organizationAcronym": {draft.languages[0]: f"IB{draft.serial}"},
        "organizationType": draft.term("Organization Types"),
        **draft.address(),
        "websites": [draft.link("organization")],
    }


def person_contact(draft: Draft) -> Fields:
    return {
        "type": "person",
        "firstName": "Person",
        "lastName": str(draft.serial),
        "designation": draft.name("contact.designation"),
        "department": draft.text("contact.department"),
        "contactOrganization": draft.reference("contact.organization"),
        "addressType": "person",
        **draft.address(),
        "emails": [f"person{draft.serial}@example.org"],
    }


def organization(draft: Draft) -> Fields:
    fields = {
        "name": draft.name("organization.name"),
        "acronym": {draft.languages[0]: f"IB{draft.serial}"},
        "organizationType": draft.term("Organization Types"),
        **draft.address(),
        "websites": [draft.link("organization")],
        "thematicAreas": [{"identifier": draft.topic.cbd_subject}],
        "profile": draft.rich("organization.profile"),
        "operationalRegions": [{"identifier": draft.country.code}],
        "coordinates": draft.place(),
    }
    if draft.known("contact.person"):
        fields["contacts"] = [draft.reference("contact.person")]
    if draft.known("organization"):
        fields["linkedOrganizations"] = [draft.reference("organization")]
    return fields


def focal_point(draft: Draft) -> Fields:
    address = draft.address()
    address["addressLine1"] = address.pop("address")
    first = draft.country.code in {"in", "mx", "gt", "za"}
    codes = draft.terms("FocalPoint Types", 3, *(["ABS-FP"] if first else []))
    return {
        "categories": [code["identifier"] for code in codes],
        "firstName": "Person",
        "lastName": str(draft.serial),
        "designation": draft.name("contact.designation"),
        "department": draft.text("contact.department"),
        "organization": draft.name("organization.name"),
        **address,
    }


def resource(draft: Draft) -> Fields:
    """A library resource of the realm, with the subject fields that the realm and the chosen target ask for."""
    target = draft.topic.gbf_target
    fields = library_fields(draft, "resource.title")
    fields["resourceTypes"] = draft.terms(LIBRARY_TYPES, 2)
    if draft.realm == "ABS" or target == "GBF-TARGET-13":
        fields["nagoya"] = {"subjects": draft.terms(ABS_SUBJECTS, 3), "keyAreas": draft.terms(ABS_KEY_AREAS, 1)}
    if draft.realm == "BCH" or target == "GBF-TARGET-17":
        fields["biosafety"] = {"subjects": draft.terms(BIOSAFETY_AREAS, 2), **_biosafety_links(draft)}
    return fields


def _biosafety_links(draft: Draft) -> Fields:
    addressed = bool(draft.known("modifiedOrganism"))
    links: Fields = {"addressModifiedOrganisms": addressed, "addressOrganisms": False, "addressGenes": False}
    if addressed:
        links["modifiedOrganisms"] = draft.references("modifiedOrganism", 2)
    return links


def library_fields(draft: Draft, title: str) -> Fields:
    """What every kind of library resource has."""
    published = draft.date(-draft.number % 8_000)
    fields = {
        "title": draft.name(title),
        "authors": {draft.languages[0]: f"Person {draft.serial}"},
        "publicationDate": published[:4] if draft.number % 5 == 0 else published[:7],
        "resourceLinks": [draft.attachment("resource")],
        "summary": draft.text("resource.summary"),
        "countryRegions": [{"identifier": draft.country.code}],
        "gbfTargets": [{"identifier": draft.topic.gbf_target}],
        "cbdSubjects": [{"identifier": subject} for subject in ("CBD-SUBJECT-ABS", draft.topic.cbd_subject)],
    }
    if draft.known("organization"):
        fields["organizations"] = [draft.reference("organization")]
    return fields


def model_clause(draft: Draft) -> Fields:
    fields = library_fields(draft, "tool.title")
    fields["resourceTypes"] = [draft.other("other.code")]
    fields["nagoya"] = {"subjects": draft.terms(ABS_SUBJECTS, 2), "mccKeywords": draft.terms("ABS-A1920-Keywords", 1)}
    return fields


def community_protocol(draft: Draft) -> Fields:
    fields = library_fields(draft, "protocol.title")
    fields["resourceTypes"] = [draft.other("other.protocol")]
    fields["nagoya"] = {"subjects": draft.terms(ABS_SUBJECTS, 2, "F7D357FEC3884D388FD49CECBCFF5083")}
    return fields


def capacity_resource(draft: Draft) -> Fields:
    fields = library_fields(draft, "resource.title")
    for name in ("publicationDate", "countryRegions"):
        del fields[name]
    return fields | {
        "resourceTypes": [draft.other("other.course")],
        "fileFormat": draft.other("other.format"),
        "targetGroups": draft.terms(AUDIENCES, 1),
        "publicationYear": date.fromordinal(draft.day).year,
        "regions": [{"identifier": draft.country.code}],
        "absKeyAreas": draft.terms(ABS_KEY_AREAS, 1),
        "bchSubjects": draft.terms(BIOSAFETY_AREAS, 1),
    }


def initiative(draft: Draft) -> Fields:
    """A capacity development initiative of the realm on the topic of its chain."""
    fields = {
        "title": draft.name("initiative.title"),
        "projectNumber": draft.number_text("CDI"),
        "contacts": draft.references("contact.person", 2),
        "geographicScope": {"identifier": NATIONAL},
        "countryRegions": [{"identifier": draft.country.code}],
        "status": draft.term("4E7731C7-791E-46E9-A579-7272AF261FED"),
        "startDate": draft.date(-300),
        "endDate": draft.date(430),
        "durationPeriod": 2,
        "durationText": "Years",
        "activityScope": draft.term("5CA7AACE-CB79-4146-BF12-B3B1955AFF17"),
        "isProjectProgramme": False,
        "description": draft.text("initiative.description"),
        "categories": draft.terms("579F448B-ECA8-4258-B130-3EAA68056D1F", 1),
        "targetGroups": draft.terms(AUDIENCES, 1),
        "cbdSubjects": [{"identifier": draft.topic.cbd_subject}],
        "gbfTargets": [{"identifier": draft.topic.gbf_target}],
        "fundingSourceTypes": draft.terms("Capacity Building Project Funding Types", 1),
        "totalBudget": str(draft.number % 900 * 1_000 + 50_000),
        "resultsAchievements": draft.rich("initiative.results"),
    }
    if draft.realm in {"ABS", "CHM"} or draft.topic.gbf_target == "GBF-TARGET-13":
        fields["absKeyAreas"] = draft.terms(ABS_KEY_AREAS, 2)
    if draft.realm in {"BCH", "CHM"} or draft.topic.gbf_target == "GBF-TARGET-17":
        fields["cpbThematicAreas"] = draft.terms(BIOSAFETY_AREAS, 2)
    return fields | _initiative_links(draft)


def _initiative_links(draft: Draft) -> Fields:
    links: Fields = {"isImplementedByAgencies": bool(draft.known("organization"))}
    if links["isImplementedByAgencies"]:
        links["implementingAgencies"] = draft.references("organization", 2)
        links["coreFundingSources"] = [draft.reference("organization")]
    if draft.known("resource"):
        links["resultsReference"] = [draft.reference("resource")]
    if draft.known("capacityBuildingInitiative") and draft.number % 3 == 0:
        links["isProjectProgramme"] = True
        links["projectProgrammeName"] = draft.name("initiative.title")
        links["broaderProjects"] = [draft.reference("capacityBuildingInitiative")]
    return links


def database(draft: Draft) -> Fields:
    return {
        "title": draft.name("database.title"),
        "description": draft.rich("database.description"),
        "websites": [draft.link("database")],
    }
