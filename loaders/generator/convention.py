"""Writers of the central clearing-house: national targets, LifeWeb, marine areas, and the Secretariat's index items."""

import json
from typing import Any

from loaders.generator.draft import Draft
from loaders.generator.material import LANGUAGES
from loaders.generator.terms import EBSA_REGIONS, MEMBERS, OTHER

Fields = dict[str, Any]
CRITERIA = 7
LEVELS = ("high", "medium", "low", "noInformation")


def national_target(draft: Draft) -> Fields:
    aligned = dict.fromkeys((draft.topic.gbf_target, draft.pick(MEMBERS["GBF-TARGETS"])))
    actors = draft.number % 2 == 0
    fields = {
        "title": draft.name("target.title"),
        "description": draft.rich("target.description"),
        "sequence": draft.number % 20 + 1,
        "globalGoalAlignment": draft.terms("GBF-GOALS", 2),
        "globalTargetAlignment": [
            {"identifier": target, "degreeOfAlignment": draft.term("GBF-DEGREE-OF-ALIGNMENT")} for target in aligned
        ],
        "implementingConsiderations": draft.terms("GBF-TARGETS-CONSIDERATIONS", 1),
        "headlineIndicators": draft.terms("GBF-HEADLINE-INDICATORS", 2),
        "binaryIndicators": draft.terms("KMGBF-BINARY-INDICATORS", 1),
        "otherNationalIndicators": [{"identifier": f"SYN-{draft.serial}", "value": draft.text("report.progress")}],
        "hasNonStateActors": actors,
        "additionalImplementation": {
            "identifier": "additionalImplementationRequired",
            "customValue": draft.text("report.progress"),
        },
        "additionalInformation": draft.rich("report.progress"),
        "additionalDocuments": [draft.attachment("target")],
    }
    if actors:
        fields["nonStateActorsInfo"] = draft.rich("initiative.description")
    return fields


def donor(draft: Draft) -> Fields:
    name = draft.name("organization.name")
    return {
        "name": name[draft.languages[0]],
        "acronym": f"SYN-{draft.serial}",
        "country": {"identifier": draft.country.code},
        "website": [draft.link("donor")],
        "socialMedia": [{}],
    }


def project(draft: Draft) -> Fields:
    """A LifeWeb project: plain strings instead of texts by language, `title` instead of `name` in its links."""
    language = draft.languages[0]
    description = draft.text("project.abstract")[language]
    return {
        "title": draft.name("project.title")[language],
        "leadContact": f"Person {draft.serial}, person{draft.serial}@example.org",
        "featured": 0,
        "startDate": draft.date(-100),
        "timeFrame": 36,
        "countries": [{"identifier": draft.country.code}],
        "projectAbstract": description,
        "description": f"{description}<br/>{description}",
        "images": [{"url": f"https://example.org/image/{draft.number}.jpg", "title": f"image {draft.serial}"}],
        "protectedAreas": [{"url": f"https://example.org/protected-area/{draft.number}"}],
        "links": [draft.link("project")],
        "thumbnail": {"url": f"https://example.org/image/{draft.number}.png"},
        "aichiTargets": [{"type": {"identifier": "AICHI-TARGET-11"}, "comment": description}],
        "nationalAlignment": [{"type": {"identifier": "NBSAP"}, "comment": ""}, {"type": {"identifier": OTHER}}],
        "climateContribution": [{"type": {"identifier": f"ecoservices{draft.number % 7 + 1}"}, "comment": ""}],
        "institutionalContext": [{"partner": f"SYN-{draft.serial}", "info": description, "role": OTHER}],
        "budget": [{"activity": description, "result": description, "cost": draft.number % 900 * 1_000}],
        "donations": [_donation(draft)],
        "coordinates": draft.place(),
    }


def _donation(draft: Draft) -> Fields:
    return {
        "donor": draft.reference("lwDonor"),
        "description": draft.text("project.abstract")[draft.languages[0]],
        "funding": draft.number % 500 * 1_000,
        "dateTime": str((draft.day - 719_163) * 86_400_000),
        "domestic": False,
        "lifeweb_facilitated": True,
    }


def marine_area(draft: Draft) -> Fields:
    approved = draft.number % 2 == 0
    fields = {
        "title": draft.name("area.title"),
        "summary": draft.text("area.summary"),
        "areaIntroducion": draft.rich("area.summary"),
        "region": draft.term(EBSA_REGIONS),
        "location": draft.rich("area.title"),
        "gisFiles": [draft.attachment("area")],
        "gisMapCenter": draft.place(),
        "areaDescription": draft.rich("area.summary"),
        "countries": [{"identifier": draft.country.code}],
        "beyondNationalJurisdiction": False,
        "status": "approved" if approved else "recommendedToCop",
        "assessments": [_criterion(draft, number) for number in range(1, CRITERIA + 1)],
    }
    role = "approvedByGovernment" if approved else "recommendedToCopByGovernment"
    fields[role] = {"identifier": draft.country.code}
    fields[role + "On"] = draft.date(-400)
    return fields


def _criterion(draft: Draft, number: int) -> Fields:
    level = draft.pick(LEVELS)
    return {"identifier": f"criteria{number}", "level": level, "justification": draft.rich("area.summary")}


def meeting(draft: Draft) -> Fields:
    """An index document of a meeting: flat field names of the search index, dates as UTC times."""
    item = _index_item(draft, "005", "meeting.title")
    symbol = f"SYN-EM-{draft.number}"
    return item | {
        "symbol_s": symbol,
        "status_s": draft.pick(("CONFIRM", "TENTAT", "CANCEL")),
        "startDate_dt": draft.date(90) + "T00:00:00Z",
        "endDate_dt": draft.date(94) + "T00:00:00Z",
        "eventCity_EN_t": draft.country.capital,
        "eventCountry_s": draft.country.code,
        "hostGovernments_ss": [draft.country.code],
        "thematicAreas_ss": [draft.topic.cbd_subject],
        "url_ss": [f"https://example.org/meetings/{symbol}"],
    }


def notification(draft: Draft) -> Fields:
    """An index document of a notification to Parties."""
    item = _index_item(draft, "012", "notification.title")
    created = draft.date(0)
    symbol = f"{created[:4]}-{draft.number % 1_000:03d}"
    file = {"type": "application/pdf", "language": "en", "url": f"/doc/{symbol}.pdf", "name": f"ntf-{symbol}-en.pdf"}
    texts = draft.text("notification.text")
    return item | {
        "symbol_s": symbol,
        "reference_s": f"SYN/NTF/{draft.number}",
        **{f"fulltext_{language.upper()}_t": text for language, text in texts.items()},
        "sender_t": "Executive Secretary",
        "recipient_txt": ["CBD national focal points", "ABS focal points"],
        "actionDate_dt": draft.date(45) + "T00:00:00Z",
        "deadline_dt": draft.date(60) + "T00:00:00Z",
        "files_ss": [json.dumps([file])],
        "url_ss": [f"https://example.org/notifications/{symbol}"],
    }


def _index_item(draft: Draft, kind: str, title: str) -> Fields:
    """What meetings and notifications have in common; the index always fills the titles of all six languages."""
    identifier = f"52000000cbd{kind}{draft.number:010x}"
    draft.languages = LANGUAGES
    moment = draft.date(0) + "T12:00:00Z"
    return {
        "id": identifier,
        "identifier_s": identifier,
        "schema_s": draft.schema,
        "schemaType_s": "scbd",
        "realm_ss": ["chm"],
        "_state_s": "public",
        "synthetic": True,
        "createdDate_dt": moment,
        "updatedDate_dt": moment,
        "themes_ss": ["CBD-SUBJECT-ABS", draft.topic.cbd_subject],
        **{f"title_{language.upper()}_t": text for language, text in draft.name(title).items()},
    }
