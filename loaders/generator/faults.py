"""Named faults: each breaks one thing in a document that is otherwise in order, to try what guards the way in."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from loaders.generator.registry import MARK, Document
from loaders.generator.terms import OTHER

FIRST_FAULTY_NUMBER = 9_000_000
CANARY = "CANARY-5E7E71C0-CONFIDENTIAL"
"""The confidential value that comes along with its flag: it must appear nowhere behind the door."""
DATES = ("dateOfIssuance", "date", "adoption", "startDate", "entryIntoForce", "dateOfAccess", "reportPeriodEndDate")
FOREIGN_TERMS = {
    "keywords": "CBD-SUBJECT-CPB",
    "usages": "CBD-SUBJECT-CPB",
    "cbdSubjects": "5E833A3F-87D1-4ADD-8701-9F1B76383017",
    "gbfTargets": "5E833A3F-87D1-4ADD-8701-9F1B76383017",
    "organizationType": "CBD-SUBJECT-CPB",
    "jurisdiction": "CBD-SUBJECT-CPB",
    "scopes": "CBD-SUBJECT-CPB",
    "decisionResult": "CBD-SUBJECT-CPB",
}
"""A term of another vocabulary for a field."""
REFERENCES = (
    "absCNA", "authorities", "contacts", "absCheckpoints", "contactOrganization", "developers", "donorOrganisms",
    "relevantMeasures", "contact",
)  # fmt: skip
PERIODS = (
    ("startDate", "endDate"),
    ("reportPeriodStartDate", "reportPeriodEndDate"),
    ("dateCollectedFrom", "dateCollectedTo"),
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A document to break: `body` is the document itself if it is an index item; `stranger` refers to a focal point."""

    document: Document
    body: Document
    stranger: str


Fault = Callable[[Broken], bool]
"""Breaks a document in place and tells whether it could."""
FAULTS: dict[str, Fault] = {}
"""The faults by the name that `Generated.fault` gives."""


def fault(function: Fault) -> Fault:
    FAULTS[function.__name__] = function
    return function


def broken(document: Document, number: int, stranger: str, chances: Random) -> tuple[str, Document]:
    """The name of a fault that fits the document, and a copy of the document with its own identity and that fault."""
    copy = _copy(document, number)
    subject = Broken(copy, copy.get("body", copy), stranger)
    for name in chances.sample(sorted(FAULTS), len(FAULTS)):
        if FAULTS[name](subject):
            return name, copy
    raise AssertionError(f"no fault fits {document.get('type')}")


def _copy(document: Document, number: int) -> Document:
    """The document under another GUID and number, to which nothing refers."""
    old = document.get("identifier") or document["id"]
    new = f"{MARK}-FA17-FA17-FA17-{number:012X}" if "body" in document else f"{old[:14]}{number:010x}"
    copy: Document = json.loads(json.dumps(document).replace(old, new))
    if "documentID" in copy:
        copy["documentID"] = number
    return copy


def _named(body: Document) -> str | None:
    """The field that names the record, if it holds texts by language."""
    return next((field for field in ("title", "name") if isinstance(body.get(field), dict)), None)


def _links(body: Document) -> Iterator[dict[str, Any]]:
    for value in body.values():
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict) and "url" in item)


def _put(body: Document, field: str, identifier: str) -> bool:
    """Set the identifier in a field that holds a term or reference, or a list of them."""
    if field not in body:
        return False
    body[field] = [{"identifier": identifier}] if isinstance(body[field], list) else {"identifier": identifier}
    return True


def _refer(body: Document, reference: str) -> bool:
    return any(_put(body, field, reference) for field in REFERENCES)


def _retitle(body: Document, change: Callable[[str, str], dict[str, str]]) -> bool:
    """Change the first language of the title: `change` gets the language and the text."""
    field = _named(body)
    if field is None:
        return False
    language, text = next(iter(body[field].items()))
    del body[field][language]
    body[field] |= change(language, text)
    return True


@fault
def missing_government(it: Broken) -> bool:
    """Not of contacts, which may be without one."""
    return it.document.get("type") != "contact" and it.body.pop("government", None) is not None


@fault
def unknown_government(it: Broken) -> bool:
    return _put(it.body, "government", "zz")


@fault
def missing_title(it: Broken) -> bool:
    field = _named(it.body)
    return field is not None and it.body.pop(field) is not None


@fault
def missing_authority(it: Broken) -> bool:
    return any(it.body.pop(field, None) is not None for field in ("absCNA", "authorities"))


@fault
def ill_formed_date(it: Broken) -> bool:
    field = next((field for field in (*DATES, "startDate_dt", "deadline_dt") if field in it.body), None)
    if field is not None:
        it.body[field] = "2021-13-45"
    return field is not None


@fault
def expiry_before_issuance(it: Broken) -> bool:
    if "dateOfIssuance" not in it.body:
        return False
    it.body["dateOfExpiry"] = f"{int(it.body['dateOfIssuance'][:4]) - 1}-06-30"
    return True


@fault
def period_ends_before_it_begins(it: Broken) -> bool:
    for first, last in PERIODS:
        if first in it.body and last in it.body:
            it.body[first], it.body[last] = it.body[last], it.body[first]
            return True
    return False


@fault
def value_with_confidentiality_flag(it: Broken) -> bool:
    """The value is `CANARY`."""
    if it.document.get("type") != "absPermit":
        return False
    it.body["subjectMatterConfidential"] = True
    it.body["subjectMatter"] = dict.fromkeys(it.body["header"]["languages"], CANARY)
    return True


@fault
def neither_value_nor_flag(it: Broken) -> bool:
    present = "subjectMatter" in it.body and it.document.get("type") == "absPermit"
    return present and it.body.pop("subjectMatter") is not None


@fault
def term_of_another_scheme(it: Broken) -> bool:
    return any(_put(it.body, field, identifier) for field, identifier in FOREIGN_TERMS.items())


@fault
def unknown_term(it: Broken) -> bool:
    return any(_put(it.body, field, "00000000-FA17-FA17-FA17-000000000000") for field in FOREIGN_TERMS)


@fault
def other_without_words(it: Broken) -> bool:
    if it.document.get("type") not in {"absPermit", "absCheckpointCommunique"}:
        return False
    it.body.pop("keywordOther", None)
    return _put(it.body, "keywords", OTHER)


@fault
def dangling_reference(it: Broken) -> bool:
    return _refer(it.body, f"{MARK}-DEAD-DEAD-DEAD-DEADDEADDEAD@1")


@fault
def reference_to_wrong_kind(it: Broken) -> bool:
    return bool(it.stranger) and _refer(it.body, it.stranger)


@fault
def unmapped_field(it: Broken) -> bool:
    it.body["unforeseenField"] = "SYN"
    return True


@fault
def ill_formed_iri(it: Broken) -> bool:
    link = next(_links(it.body), None)
    if link is not None:
        link["url"] = "https://example.org/a b<c>"
    return link is not None


@fault
def script_in_link(it: Broken) -> bool:
    link = next(_links(it.body), None)
    if link is not None:
        link["url"] = "javascript:alert(1)"
    return link is not None


@fault
def ill_formed_language(it: Broken) -> bool:
    return _retitle(it.body, lambda _, text: {"no language!": text})


@fault
def language_clash(it: Broken) -> bool:
    """One language in two spellings of its code, with different texts."""
    return _retitle(it.body, lambda language, text: {language: text, language.upper(): f"{text} 2"})


@fault
def lone_surrogate(it: Broken) -> bool:
    return _retitle(it.body, lambda language, text: {language: f"{text} \ud800"})


@fault
def control_character(it: Broken) -> bool:
    return _retitle(it.body, lambda language, text: {language: f"{text} \x00"})


@fault
def wrong_json_type(it: Broken) -> bool:
    field = _named(it.body)
    if field is not None:
        it.body[field] = 42
    return field is not None


@fault
def amendment_without_reason(it: Broken) -> bool:
    if it.document.get("type") != "absPermit":
        return False
    it.document["revision"] = max(it.document["revision"], 2)
    it.body["amendmentIntent"] = 0
    it.body.pop("amendmentDescription", None)
    return True


@fault
def communique_without_source(it: Broken) -> bool:
    """Neither a certificate nor a source country."""
    if it.document.get("type") != "absCheckpointCommunique":
        return False
    it.body.pop("absIRCCs", None)
    it.body.pop("sourceCountries", None)
    it.body["absIRCCsNotAvailable"] = True
    it.body.setdefault("subjectMatter", it.body["description"])
    return True


@fault
def ill_formed_identifier(it: Broken) -> bool:
    if "header" not in it.body:
        return False
    it.document["identifier"] = it.body["header"]["identifier"] = f"{MARK} no identifier"
    return True


@fault
def missing_schema(it: Broken) -> bool:
    if "header" not in it.body:
        return False
    del it.body["header"]["schema"], it.document["type"]
    return True
