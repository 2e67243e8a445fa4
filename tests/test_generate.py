"""The generator of synthetic records: what it promises about order, identity, mandatory fields, faults and size."""

import json
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest

from loaders.generate import CANARY, FAULTS, SAMPLE, Generated, records, sample, schema, write_sample
from loaders.generator.material import LANGUAGES, countries, questions, texts
from loaders.generator.registry import MARK, references
from loaders.generator.terms import MEMBERS, OTHER, TOPICS
from thesaurus.vocabulary import Thesaurus

Document = dict[str, Any]

MANDATORY = {
    "absPermit": "absCNA title dateOfIssuance picGranted matEstablished",
    "absCheckpoint": "name responsibilities informAllAuthorities",
    "absCheckpointCommunique": "title absCheckpoints description",
    "authority": "name city country phones emails",
    "measure": "title status type jurisdiction documents isAmendment authorities absMeasures",
    "absProcedure": "name jurisdiction contacts hasApplicationDocuments hasApplicationFees keywords",
    "absNationalModelContractualClause": "title keywords resourceLinks",
    "database": "title description websites",
    "absNationalReport1": "contact reportPeriodStartDate reportPeriodEndDate Q003 Q004 Q015",
    "absNationalReport": "title contact question3 question64",
    "focalPoint": "categories country",
    "contact": "type country emails",
    "organization": "name organizationType city country phones emails",
    "resource": "title resourceTypes publicationDate resourceLinks summary gbfTargets cbdSubjects",
    "modelContractualClause": "title resourceTypes publicationDate resourceLinks summary gbfTargets cbdSubjects nagoya",
    "communityProtocol": "title resourceTypes publicationDate resourceLinks summary gbfTargets cbdSubjects nagoya",
    "capacityBuildingInitiative": "title contacts geographicScope status isProjectProgramme description categories "
    "gbfTargets",
    "capacityBuildingResource": "title resourceTypes fileFormat targetGroups authors publicationYear resourceLinks "
    "bchSubjects",
    "biosafetyDecision": "isAmendment authorities title date decisionTypes documents expires",
    "biosafetyLaw": "isAmendment title type jurisdiction cpbSubjectAreas cpbOrganismTypes authorities expires",
    "nationalRiskAssessment": "title date authorities modifiedOrganisms scopes documents expires",
    "modifiedOrganism": "transformationEvent hasUniqueIdentification uniqueIdentification developers description "
    "recipientOrganisms vector techniqueUsed genes traits",
    "dnaSequence": "name abbreviation family isSynthetic donorOrganisms proteinName biologicalFunction traits",
    "organism": "scientificName",
    "nationalReport6": "targetPursued notReportingOnNationalTargetsReason",
    "nationalTarget7": "title globalTargetAlignment additionalImplementation",
    "lwProject": "title leadContact",
    "lwDonor": "name",
    "marineEbsa": "title summary region gisFiles countries status",
}
ITEMS = {"meeting", "notification"}
NATIONAL = {
    "focalPoint",
    "authority",
    "measure",
    "absProcedure",
    "absNationalModelContractualClause",
    "absPermit",
    "database",
    "absCheckpoint",
    "absCheckpointCommunique",
    "absNationalReport1",
    "absNationalReport",
    "contact",
    "biosafetyDecision",
    "biosafetyLaw",
    "nationalRiskAssessment",
    "nationalReport6",
    "nationalTarget7",
}
TARGETS = {
    "absCNA": {"authority"},
    "providers": {"contact", "authority"},
    "entitiesToWhomPICGranted": {"contact", "authority"},
    "relatedIRCCs": {"absPermit"},
    "absIRCCs": {"absPermit"},
    "absCheckpoints": {"absCheckpoint"},
    "policyBasisForCompetencyRef": {"measure"},
    "relevantMeasures": {"measure"},
    "contactOrganization": {"contact", "organization"},
    "contact": {"contact"},
    "modifiedOrganisms": {"modifiedOrganism"},
    "recipientOrganisms": {"organism"},
    "genes": {"dnaSequence"},
    "riskAssessments": {"nationalRiskAssessment"},
    "donorOrganisms": {"organism"},
    "implementingAgencies": {"organization"},
    "resultsReference": {"resource"},
    "donor": {"lwDonor"},
}
DAY = re.compile(r"(?:19|20)\d\d-\d\d-\d\d")


@cache
def stream(count: int = 3_000) -> tuple[Generated, ...]:
    return tuple(records(count))


@cache
def bundled() -> dict[str, list[Document]]:
    return sample()


def bodies() -> Iterator[Document]:
    for document in chain.from_iterable(bundled().values()):
        if "body" in document:
            yield document


def everywhere(value: Any) -> Iterator[Any]:
    yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everywhere(part)


def fields(body: Document) -> Iterator[tuple[str, str]]:
    """Field and reference for every reference in a body, at any depth."""
    for part in everywhere(body):
        if isinstance(part, dict):
            for field, value in part.items():
                for item in value if isinstance(value, list) else [value]:
                    if (
                        isinstance(item, dict)
                        and str(item.get("identifier", "")).startswith(MARK)
                        and field != "header"
                    ):
                        yield field, item["identifier"]


def test_the_same_seed_gives_the_same_bytes() -> None:
    first = [json.dumps(item.document) for item in records(500, seed=7, faults=0.2)]
    assert first == [json.dumps(item.document) for item in records(500, seed=7, faults=0.2)]
    assert first != [json.dumps(item.document) for item in records(500, seed=8, faults=0.2)]


def test_a_longer_stream_begins_with_the_shorter_one() -> None:
    assert tuple(records(400)) == stream()[:400]


@pytest.mark.parametrize("count", [0, 1, 100, 3_000])
def test_the_stream_has_as_many_records_as_asked_for(count: int) -> None:
    assert sum(1 for _ in records(count)) == count


def test_memory_does_not_grow_with_the_stream() -> None:
    for _ in records(100):
        pass

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            for _ in records(count):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(2_000), peak(20_000)
    assert large < 4 * small, "ten times the records: only the rings of recent references may still fill up"
    assert large < 3_000_000


def test_two_thousand_records_hold_every_schema() -> None:
    assert {schema(item.document) for item in stream()[:2_000]} == MANDATORY.keys() | ITEMS


def test_every_reference_leads_to_an_earlier_document_of_the_right_kind() -> None:
    kinds: dict[str, str] = {}
    revisions: set[str] = set()
    followed = 0
    for document in (item.document for item in stream() if "body" in item.document):
        assert {target.partition("@")[0] for target in references(document["body"])} <= kinds.keys()
        for field, target in fields(document["body"]):
            guid, _, revision = target.partition("@")
            assert not revision or target in revisions
            assert kinds[guid] in TARGETS.get(field, {kinds[guid]}), field
            followed += 1
        kinds[document["identifier"]] = document["type"]
        revisions.add(f"{document['identifier']}@{document['revision']}")
    assert followed > 4_000


def test_references_of_the_sample_stay_inside_the_sample() -> None:
    known = {f"{document['identifier']}@{document['revision']}" for document in bodies()}
    known |= {document["identifier"] for document in bodies()}
    assert {target for document in bodies() for target in references(document["body"])} <= known


def test_revisions_of_a_record_follow_one_another() -> None:
    latest: dict[str, int] = {}
    for document in (item.document for item in stream() if "body" in item.document):
        assert document["revision"] == latest.get(document["identifier"], 0) + 1
        latest[document["identifier"]] = document["revision"]
    assert max(latest.values()) == 3
    numbers = Counter(item.document["documentID"] for item in stream() if item.document.get("revision") == 1)
    assert min(numbers) >= 1_000_000
    assert max(numbers.values()) == 1


@pytest.mark.parametrize("name", sorted(MANDATORY))
def test_every_mandatory_field_is_there(name: str) -> None:
    for document in (item.document for item in stream() if schema(item.document) == name):
        body = document["body"]
        missing = [field for field in MANDATORY[name].split() if body.get(field) in (None, "", [], {})]
        assert not missing, document["documentID"]
        assert ("government" in body) == (name in NATIONAL)


def test_a_permit_gives_each_value_or_its_flag() -> None:
    for body in (item.document["body"] for item in stream() if schema(item.document) == "absPermit"):
        for field in ("providers", "entitiesToWhomPICGranted", "subjectMatter", "usages"):
            assert bool(body.get(field)) != (body.get(field + "Confidential") is True)
        assert body.get("dateOfExpiry", "9999") > body["dateOfIssuance"]
        assert ("amendmentIntent" in body) == ("amendmentDescription" in body)
        assert ({"identifier": OTHER} in body["keywords"]) == ("keywordOther" in body)


def test_a_condition_brings_its_fields() -> None:
    for body in (document["body"] for document in bodies()):
        if body.get("absIRCCsNotAvailable"):
            assert {"sourceCountries", "subjectMatter"} <= body.keys()
            assert "absIRCCs" not in body
        if body.get("type") == "person":
            assert {"firstName", "lastName", "contactOrganization"} <= body.keys()
        if body.get("hasApplicationDocuments"):
            assert {"applicationInformation", "applicationLinks", "applicationContacts"} <= body.keys()
        if body.get("isAmendment"):
            assert {"amendedMeasures", "amendedRecords"} & body.keys()
        if body.get("isProjectProgramme"):
            assert {"projectProgrammeName", "broaderProjects"} <= body.keys()


def test_every_mandatory_question_that_is_asked_is_answered() -> None:
    for body in (document["body"] for document in bundled()["absNationalReport1"]):
        for question in questions():
            asked = not question.enabled_by or (
                body.get(question.enabled_by, {}).get("value") in question.enabled_values
            )
            assert asked == (question.key in body), question.key
            if asked and question.type == "option":
                answers = body[question.key] if question.multiple else [body[question.key]]
                assert {answer["value"] for answer in answers} <= {value for value, _ in question.options}


def test_dates_are_dates_between_1993_and_now_or_an_expiry() -> None:
    days = [part for document in bodies() for part in everywhere(document) if isinstance(part, str) and DAY.match(part)]
    assert len(days) > 1_000
    for day in days:
        found = datetime.fromisoformat(day[:26].rstrip("Z"))
        assert date(1993, 12, 29) <= found.date() < date(2035, 1, 1)


def test_partial_dates_occur() -> None:
    lengths = {len(document["body"]["publicationDate"]) for document in bundled()["resource"]}
    assert lengths == {4, 7}


def test_texts_are_in_the_languages_that_the_header_names() -> None:
    for document in bodies():
        languages = set(document["body"]["header"]["languages"])
        for part in everywhere(document["body"]):
            if isinstance(part, dict) and part.keys() & set(LANGUAGES):
                assert part.keys() <= languages


def test_every_sentence_is_written_in_six_languages_with_the_same_slots() -> None:
    for key, template in texts().items():
        assert template.keys() == set(LANGUAGES), key
        slots = {frozenset(re.findall(r"\{(\w+)\}", text)) for text in template.values()}
        assert len(slots) == 1, key


def test_every_term_is_a_member_of_its_scheme() -> None:
    thesaurus = Thesaurus.load()
    for domain, identifiers in MEMBERS.items():
        members = {identifier.lower() for identifier in thesaurus.members(domain)}
        assert {identifier.lower() for identifier in identifiers} <= members, domain
    assert set(countries()) <= set(thesaurus.members("countries"))
    assert {topic.cbd_subject for topic in TOPICS} <= set(thesaurus.members("CBD-SUBJECTS"))


def test_everything_shows_that_it_is_synthetic() -> None:
    for item in stream():
        assert item.document["synthetic"] is True
        if "body" in item.document:
            assert re.fullmatch(r"5E7E71C0(-[0-9A-F]{4}){3}-[0-9A-F]{12}", item.document["identifier"])
        text = json.dumps(item.document)
        assert "(synthetic)" in text or "SYN-" in text or schema(item.document) == "absNationalReport1"
        assert all(address.endswith("example.org") for address in re.findall(r"[\w.]+@[\w.]+\w", text))


def test_without_asking_there_is_no_fault() -> None:
    assert {item.fault for item in stream()} == {None}
    assert CANARY not in json.dumps([item.document for item in stream()])


def test_the_share_of_faults_is_as_asked_for() -> None:
    found = Counter(item.fault for item in records(12_000, faults=0.25))
    assert abs(1 - found[None] / 12_000 - 0.25) < 0.02
    assert found.keys() == {None, *FAULTS}


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share of the documents"):
        records(10, faults=share)


def test_faulty_documents_leave_the_others_as_they_are() -> None:
    clean = islice((item.document for item in records(4_000, faults=0.3) if item.fault is None), 1_500)
    assert list(clean) == [item.document for item in stream()[:1_500]]


def test_nothing_refers_to_a_faulty_document() -> None:
    items = list(records(3_000, faults=0.3))
    faulty = {item.document["identifier"] for item in items if item.fault and "body" in item.document}
    for item in items:
        assert faulty.isdisjoint(target.partition("@")[0] for target in references(item.document.get("body", {})))


def test_a_faulty_document_has_its_own_identity() -> None:
    items = list(records(4_000, faults=0.3))
    numbers = Counter(item.document["documentID"] for item in items if item.fault and "body" in item.document)
    assert max(numbers.values()) == 1
    assert min(numbers) >= 9_000_000


def broken_bodies(name: str) -> list[Document]:
    documents = (item.document for item in records(12_000, faults=0.25) if item.fault == name)
    return [document.get("body", document) for document in documents]


def test_a_value_beside_its_flag_is_the_canary() -> None:
    for body in broken_bodies("value_with_confidentiality_flag"):
        assert body["subjectMatterConfidential"] is True
        assert set(body["subjectMatter"].values()) == {CANARY}


def test_an_amendment_without_a_reason_is_a_later_revision() -> None:
    found = [item.document for item in records(12_000, faults=0.25) if item.fault == "amendment_without_reason"]
    assert found
    assert all(document["revision"] >= 2 for document in found)
    assert all("amendmentDescription" not in document["body"] for document in found)


def test_a_dangling_reference_leads_nowhere() -> None:
    known = {item.document.get("identifier") for item in records(12_000, faults=0.25)}
    for body in broken_bodies("dangling_reference"):
        assert any(target.partition("@")[0] not in known for target in references(body))


def test_a_missing_government_is_missing_from_national_records_only() -> None:
    assert {body["header"]["schema"] for body in broken_bodies("missing_government")} <= NATIONAL - {"contact"}


def test_the_sample_holds_at_least_five_documents_of_every_schema() -> None:
    sizes = {name: len(documents) for name, documents in bundled().items()}
    assert sizes.keys() == MANDATORY.keys() | ITEMS
    assert min(sizes.values()) >= 5
    assert sum(sizes.values()) <= 420


def test_the_sample_is_in_six_languages() -> None:
    found = Counter(language for document in bodies() for language in document["body"]["header"]["languages"])
    assert found.keys() == set(LANGUAGES)
    assert min(found.values()) >= 10


def test_the_sample_has_complete_chains_of_twelve_countries() -> None:
    core = ["measure", "authority", "absProcedure", "absPermit", "focalPoint", "nationalTarget7"]
    governments = [{document["body"]["government"]["identifier"] for document in bundled()[name]} for name in core]
    assert len(set.intersection(*governments)) >= 12
    assert {"in", "mx", "gt", "za"} <= set.intersection(*governments)


def test_the_sample_has_every_variant_of_permits_and_communiques() -> None:
    permits = bundled()["absPermit"]
    revoked = [document for document in permits if document["body"].get("amendmentIntent") == 1]
    assert {document["revision"] for document in permits} == {1, 2, 3}
    assert len(revoked) >= 2
    assert all(document["body"]["amendmentDescription"] for document in revoked)
    flagged = Counter(field for document in permits for field in document["body"] if field.endswith("Confidential"))
    assert len(flagged) == 4
    assert any("relatedIRCCs" in document["body"] for document in permits)
    kinds = Counter("absIRCCs" in document["body"] for document in bundled()["absCheckpointCommunique"])
    assert min(kinds[True], kinds[False]) >= 2


def test_capacity_building_is_in_all_three_houses() -> None:
    for name in ("resource", "capacityBuildingInitiative"):
        assert {document["realm"] for document in bundled()[name]} == {"ABS", "BCH", "CHM"}


def test_the_bundled_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    write_sample(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in SAMPLE.glob("*.json")}
    for text in written.values():
        documents = json.loads(text)
        order = [(document.get("documentID", 0), document.get("revision", 0)) for document in documents]
        assert order == sorted(order)
