"""Writers of the national reports: questions with answers under the Nagoya Protocol, sections under the Convention."""

from typing import Any

from loaders.generator.draft import Draft
from loaders.generator.material import Question, questions
from loaders.generator.terms import MEMBERS, OTHER

Fields = dict[str, Any]
INFORMATION_ONLY = frozenset({10, 19, 23, 30, 34, 36, 44, 46, 47, 50, 53, 58, 60, 64})
"""Questions of the interim report that take a text and no answer."""
NOT_APPLICABLE = frozenset({7, 8, 31, 49})
"""Questions of the interim report that may not concern a country."""
PARTS: dict[int, tuple[str, ...]] = {
    24: ("measures", "violation"),
    25: ("measures", "violation"),
    26: ("violation",),
    33: ("justice", "mechanisms"),
    35: ("research", "emergencies", "access", "importance"),
    38: ("measures", "law", "pic"),
    42: ("community", "mat", "mcc"),
    54: ("measures",),
    55: ("measures",),
}
"""Questions of the interim report with parts that are answered one by one."""


def first_report(draft: Draft) -> Fields:
    """The first national report on the Nagoya Protocol: every question that the former answers open is answered."""
    fields: Fields = {
        "contact": draft.reference("contact.person"),
        "reportPeriodStartDate": draft.date(-1_400),
        "reportPeriodEndDate": draft.date(-30),
    }
    chosen: dict[str, str] = {}
    for question in questions():
        if question.enabled_by and chosen.get(question.enabled_by) not in question.enabled_values:
            continue
        fields[question.key] = answer = _answer(draft, question)
        if question.type == "option" and not question.multiple:
            chosen[question.key] = answer["value"]
    return fields


def _answer(draft: Draft, question: Question) -> Any:
    if question.type == "option":
        if question.multiple:
            first, second = question.options[0], question.options[draft.number % (len(question.options) - 1) + 1]
            return [_option(draft, *first), _option(draft, *second)]
        return _option(draft, *draft.pick(question.options))
    if question.type == "int":
        return {"value": draft.number % 50}
    if question.type == "link":
        return {"links": [draft.link("report")]}
    return {"value": draft.text("report.comment") if question.type == "lstring" else draft.rich("report.comment")}


def _option(draft: Draft, value: str, takes_text: bool) -> Fields:
    if takes_text and (value == OTHER or draft.chance(0.3)):
        return {"value": value, "additionalInformation": draft.rich("report.answer")}
    return {"value": value}


def interim_report(draft: Draft) -> Fields:
    """The interim national report on the Nagoya Protocol: one object per question, 3 to 64."""
    fields: Fields = {"title": draft.name("report.title"), "contact": draft.reference("contact.person")}
    for number in range(3, 65):
        fields[f"question{number}"] = _interim_answer(draft, number)
    fields["question63new"] = {"additionalInfo": draft.text("report.comment")}
    fields["question64new"] = {"additionalInfo": draft.text("report.comment")}
    return fields


def _interim_answer(draft: Draft, number: int) -> Fields:
    if number in INFORMATION_ONLY:
        return {"additionalInfo": draft.text("report.answer")}
    if number in NOT_APPLICABLE and draft.chance(0.3):
        return {"notApplicable": True}
    if special := _special_answer(draft, number):
        return special
    answer = _yes_no(draft)
    for part in PARTS.get(number, ()):
        answer[part] = _yes_no(draft)
    if number in {3, 4} and draft.known("measure"):
        answer["documentReferenceIDs"] = draft.references("measure", 1)
    return answer


def _yes_no(draft: Draft) -> Fields:
    answer: Fields = {"answer": draft.chance(0.6)}
    if draft.chance(0.1):
        answer["furtherInfo"] = draft.text("report.answer")
    return answer


def _special_answer(draft: Draft, number: int) -> Fields:
    """The questions on numbers, benefits, communiqués, staff and money."""
    match number:
        case 16:
            return {"permitsOnAbsCh": draft.number % 200}
        case 18:
            benefits = {"answer": True, "monetary": draft.chance(0.4), "nonMonetary": draft.chance(0.7)}
            return {"geneticResources": benefits, "tk": {"answer": False}}
        case 27:
            communiques = {"option": "no", "furtherInfo": draft.text("report.answer")}
            return {"answer": draft.chance(0.5), "cpc": communiques, "cpcsOnAbsChCount": 0}
        case 62:
            recipient = {"answer": True, "gef": True, "parties": draft.chance(0.3), "otherSources": False}
            return {"donor": {"answer": False}, "recipient": recipient}
        case 63:
            return {"answer": True, "numberOfStaff": draft.pick(("one", "Less than 5", "Less than 10", "10 or more"))}
    return {}


def sixth_report(draft: Draft) -> Fields:
    """The sixth national report of a country that reports on the Aichi Targets."""
    contribution: Fields = {
        f"aichiTarget{number}": {
            "identifier": f"AICHI-TARGET-{number:02d}",
            "description": draft.rich("report.progress"),
            "includeLinkedRecords": False,
        }
        for number in (1, 11, 16, 17)
    }
    if draft.known("absPermit"):
        contribution["aichiTarget16"]["includeLinkedRecords"] = True
        contribution["aichiTarget16"]["linkedRecords"] = draft.references("absPermit", 3)
    contribution["nationalContributionSDGs"] = draft.rich("report.progress")
    return {
        "targetPursued": False,
        "notReportingOnNationalTargets": True,
        "notReportingOnNationalTargetsReason": draft.rich("report.reason"),
        "implementationMeasures": [_sixth_measure(draft) for _ in range(2)],
        "nationalContribution": contribution,
        "iplcContribution": draft.rich("report.progress"),
        "biodiversityCountryProfile": {
            "statusAndTrends": draft.rich("report.progress"),
            "mainDriversofChange": draft.rich("report.progress"),
        },
        "additionalDocuments": [draft.attachment("report")],
    }


def _sixth_measure(draft: Draft) -> Fields:
    targets = dict.fromkeys(draft.pick(MEMBERS["AICHI-TARGETS"]) for _ in range(3))
    return {
        "title": draft.name("report.measure"),
        "description": draft.rich("report.progress"),
        "aichiTargets": [{"identifier": identifier} for identifier in targets],
        "relevantDocuments": [draft.link("implementation")],
    }
