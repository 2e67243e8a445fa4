"""The question library: each bundled query asks in words, uses declared terms and answers as expected on the sample.

Run as a program, `python tests/test_queries.py` writes the expected answers anew, those of some queries only when they
are named (`pages/labels`). They are to be read against the sample before they are kept; for the most important ones a
test below computes the answer from the JSON, without RDF.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

import endpoint
import loaders
import ontology
import thesaurus
from endpoint import library
from endpoint.generations import OXIGRAPH
from endpoint.house import House, finish, load
from endpoint.search.index import SearchIndex
from endpoint.search.newest import index_of
from endpoint.search.sparql import SearchesInQueries
from endpoint.settings import Settings
from loaders.editing import Editing
from loaders.sources import read
from loaders.tagging import Candidate, Candidates, Evidence, Tagging
from thesaurus.changes import Delta, deprecation
from thesaurus.statements import ALT_LABEL

QUERIES = Path(endpoint.__file__).parent / "queries"
SAMPLE = Path(loaders.__file__).parent / "sample"
EXPECTED = Path(__file__).parent / "expected"
GUIDE = Path(__file__).parent.parent / "docs" / "questions.md"
CH = "https://w3id.org/clearinghouse/ns#"
BASE = "https://w3id.org/clearinghouse/id/"
LIBRARY = sorted(path.stem for path in QUERIES.glob("*.rq"))
PAGES = sorted(f"pages/{path.stem}" for path in QUERIES.glob("pages/*.rq"))
NAMES = LIBRARY + PAGES
"""The questions for readers, and those that pages ask with values of their own in the place of the ones in the file."""
ENGLISH = ("prefLabel", "en")
Json = dict[str, Any]


# The library


SUGGESTED = ("CBD-SUBJECT-FOR", "CBD-SUBJECT-IAS", "GBF-TARGET-13")


def suggest(tagging: Tagging) -> None:
    """Suggest keywords for three measures and decide on some, which the sample leaves to others."""
    concepts = [f"{BASE}term/{name}" for name in SUGGESTED]
    first, second, third = sorted(revisions("measure"))[:3]
    found = Evidence("/title/en", 0, 10, "forests")
    for place, record in enumerate((first, second, third)):
        candidates = [
            Candidate(concept, round(0.9 - number / 4 - place / 10, 4), (found,) if number == 0 else ())
            for number, concept in enumerate(concepts[: 3 - place])
        ]
        tagging.store([Candidates(record, 1, "model-1", ("en",), tuple(candidates))], agent="test")
    forests, invasive, target = concepts
    tagging.decide(first, forests, "rejected", "ann", model="model-1")
    tagging.decide(second, forests, "rejected", "ann", model="model-1")
    tagging.decide(first, invasive, "rejected", "ben", model="model-1")
    tagging.decide(first, target, "rejected", "ben", model="model-1")
    tagging.decide(first, target, "accepted", "ann", model="model-1")


@contextmanager
def sample_graph(directory: Path) -> Iterator[ox.Store]:
    """The bundled sample as the gate lets it in, with ontology, a thesaurus that was edited, and tags decided on."""
    house = House.of(Settings(data_dir=directory, base_iri="https://w3id.org/clearinghouse/"))
    with house.ledger() as ledger, house.store() as store:
        gate = house.gate(ledger, agent="test")
        for outcome in load(gate, store, read([str(SAMPLE)])):
            assert {judged.verdict for judged in outcome.judged} <= {"accepted"}
        suggest(Tagging(ledger, house.mapping, gate.judge))
        edit(Editing(ledger, house.mapping.iris))
        finish(gate, store)
        newest = house.generations.newest()
    assert newest is not None
    with house.generations.hold(newest) as path:
        yield ox.Store.read_only(str(path / OXIGRAPH))


def sample_index(directory: Path) -> SearchIndex:
    """The search index of the graph below a directory."""
    return index_of(Settings(data_dir=directory))


def edit(editing: Editing) -> None:
    """A label added, one proposed, one rejected, and a concept that no record of the sample uses put out of use."""
    subject, unused, instead = (f"{BASE}term/CBD-SUBJECT-{name}" for name in ("ABS", "25TH-ANN", "CHM"))
    added, proposed, rejected = (
        Delta(frozenset({ox.Triple(ox.NamedNode(subject), ALT_LABEL, ox.Literal(text, language="en"))}), frozenset())
        for text in ("ABS", "Access to genetic material", "Biopiracy")
    )
    replaced = deprecation(editing.statements(), ox.NamedNode(unused), [ox.NamedNode(instead)])
    for delta, reason in ((added, "Known by its letters."), (replaced, "The anniversary is over.")):
        editing.approve(editing.propose(delta, author="Amina", reason=reason).id, reviewer="Li")
    editing.propose(proposed, author="Boris", reason="Often searched for.")
    editing.reject(
        editing.propose(rejected, author="Boris", reason="Used in the press.").id, reviewer="Li", remark="No."
    )


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("questions")


@pytest.fixture(scope="session")
def store(directory: Path) -> Iterator[ox.Store]:
    with sample_graph(directory) as graph:
        yield graph


@pytest.fixture(scope="session")
def index(directory: Path, store: ox.Store) -> SearchIndex:
    return sample_index(directory)


def text(name: str) -> str:
    return (QUERIES / f"{name}.rq").read_text(encoding="utf-8")


def bare(query: str) -> str:
    """A query without its comments, strings and IRIs, so that only its words are left."""
    tokens = re.compile(r'"(?:[^"\\\n]|\\.)*"|<[^<>\s]*>|(#[^\n]*)')
    return tokens.sub(" ", query)


def written(term: Any) -> str | None:
    """A term as the expected answers write it: `value`, `value@language` or `<IRI>`."""
    if isinstance(term, ox.Literal):
        return f"{term.value}@{term.language}" if term.language else term.value
    return str(term) if term is not None else None


def answer(store: ox.Store, query: str) -> Json:
    """What a query answers over the union of the named graphs, in the form of the expected answers."""
    result = store.query(query, use_default_graph_as_union=True)
    if isinstance(result, ox.QueryBoolean):
        return {"boolean": bool(result)}
    if isinstance(result, ox.QueryTriples):
        return {"triples": sorted(" ".join(str(part) for part in triple) for triple in result)}
    rows = [[written(term) for term in solution] for solution in result]
    variables = [variable.value for variable in result.variables]
    return {"variables": variables, "rows": rows if "ORDER BY" in bare(query) else sorted(rows, key=str)}


def searched(query: str, index: SearchIndex) -> str:
    """A query as the engine gets it: with what its searches find."""
    searches = SearchesInQueries(BASE.removesuffix("id/"), lambda: index, lambda _: False)
    return asyncio.run(searches.answered(query)).text


def columns(store: ox.Store, name: str, *wanted: str) -> list[tuple[str, ...]]:
    """Some columns of the answer to a bundled query."""
    answered = answer(store, text(name))
    places = [answered["variables"].index(variable) for variable in wanted]
    return [tuple(row[place] for place in places) for row in answered["rows"]]


def test_there_are_enough_questions() -> None:
    assert len(LIBRARY) >= 24


@pytest.mark.parametrize("name", NAMES)
def test_a_file_opens_with_its_question_in_words(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+|pages/[a-z0-9]+(-[a-z0-9]+)*", name)
    opening = text(name).split("\n\n")[0]
    assert all(line.startswith("#") for line in opening.splitlines())
    question = " ".join(line.lstrip("# ") for line in opening.split("\n#\n")[0].splitlines())
    assert question[0].isupper()
    assert "?" in question


@pytest.mark.parametrize("name", NAMES)
def test_a_query_uses_declared_terms_and_declares_no_idle_prefix(name: str) -> None:
    declared = {triple.subject.value for triple in ontology.load() if isinstance(triple.subject, ox.NamedNode)}
    query = bare(text(name))
    used = {CH + local for local in re.findall(r"(?<![\w:])ch:(\w+)", query)}
    assert used <= declared
    prefixes = re.findall(r"PREFIX (\w+):", query)
    body = query.split("PREFIX")[-1].partition("\n")[2]
    assert [prefix for prefix in prefixes if not re.search(rf"(?<![\w:?]){prefix}:\w", body)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_query_answers_as_expected_on_the_sample(name: str, store: ox.Store, index: SearchIndex) -> None:
    expected = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    assert expected.get("rows") or expected.get("triples") or expected.get("boolean")
    assert answer(store, searched(text(name), index)) == expected


def test_every_expected_answer_belongs_to_a_query() -> None:
    expected = (path.relative_to(EXPECTED).with_suffix("") for path in EXPECTED.rglob("*.json"))
    assert sorted(map(str, expected)) == sorted(NAMES)


def test_the_guide_lists_every_question_once() -> None:
    assert sorted(re.findall(r"`([a-z0-9-]+)\.rq`", GUIDE.read_text(encoding="utf-8"))) == LIBRARY


def test_the_guide_has_the_topics_of_the_library() -> None:
    parts = GUIDE.read_text(encoding="utf-8").split("\n## ")[1:]
    told = [(part.partition("\n")[0], re.findall(r"`([a-z0-9-]+)\.rq`", part)) for part in parts]
    assert told == [(topic.title, [entry.name for entry in topic.entries]) for topic in library.topics()]


# The sample read as JSON


@cache
def revisions(schema: str) -> dict[str, list[Json]]:
    """The information objects of a schema by GUID, each list in the order of the revisions."""
    found: dict[str, list[Json]] = {}
    for path in sorted(SAMPLE.glob(f"*/{schema}.json")):
        for document in json.loads(path.read_text(encoding="utf-8")):
            found.setdefault(document["identifier"], []).append(document)
    return {guid: sorted(documents, key=lambda document: document["revision"]) for guid, documents in found.items()}


def current(schema: str) -> list[Json]:
    """The current revision of each record of a schema."""
    return [documents[-1] for documents in revisions(schema).values()]


def country(document: Json) -> str:
    return str(document["body"]["government"]["identifier"])


def guids(references: list[Json] | None) -> list[str]:
    return [reference["identifier"].split("@")[0] for reference in references or []]


def number(guid: str) -> str:
    """The document number of a record, the tail of its public identifier."""
    schemas = {path.stem for path in SAMPLE.glob("*/*.json")} - {"meeting", "notification"}
    return next(str(revisions(schema)[guid][-1]["documentID"]) for schema in schemas if guid in revisions(schema))


def terms(references: list[Json] | None) -> set[str]:
    """The concepts that a field names, as the last part of their IRIs."""
    return {reference["identifier"].replace("/", "%2F") for reference in references or []}


def tail(identifier: str | None) -> str | None:
    return identifier.rsplit("-", 1)[1] if identifier else None


def revoked_on(permit: list[Json]) -> str | None:
    return next((one["updatedOn"] for one in permit if one["body"].get("amendmentIntent") == 1), None)


@cache
def vocabulary() -> list[tuple[str, str, str, str | None]]:
    """The thesaurus as subject, predicate, object and language, of IRIs only the last part."""
    schemes = Path(thesaurus.__file__).parent / "schemes"
    rows = []
    for quad in (quad for file in sorted(schemes.glob("*.ttl")) for quad in ox.parse(path=str(file))):
        subject, predicate, value = str(quad.subject), quad.predicate.value, quad.object
        last = re.split(r"[/#]", predicate)[-1]
        if isinstance(value, ox.Literal):
            rows.append((subject.strip("<>").rpartition("/")[2], last, value.value, value.language))
        else:
            rows.append((subject.strip("<>").rpartition("/")[2], last, str(value).strip("<>").rpartition("/")[2], None))
    return rows


@cache
def related(*properties: str) -> dict[str, set[str]]:
    """The concepts that some properties of SKOS lead to, by concept."""
    found: dict[str, set[str]] = {}
    for subject, predicate, value, _ in vocabulary():
        if predicate in properties:
            found.setdefault(subject, set()).add(value)
    return found


def with_broader(concepts: set[str]) -> set[str]:
    broader = related("broader")
    while added := {over for concept in concepts for over in broader.get(concept, ())} - concepts:
        concepts = concepts | added
    return concepts


@cache
def labels() -> dict[str, str]:
    return {subject: value for subject, predicate, value, language in vocabulary() if (predicate, language) == ENGLISH}


def english(concept: str) -> str:
    """The English label of a concept or country, as answers write it."""
    return f"{labels()[concept]}@en"


@cache
def parties() -> dict[str, str]:
    """The day from which a country is a Party to the Nagoya Protocol, by its code."""
    return {subject.lower(): day for subject, predicate, day, _ in vocabulary() if predicate == "partyToNPSince"}


# Answers computed from the JSON


def test_valid_certificates_are_issued_not_expired_and_not_yet_revoked(store: ox.Store) -> None:
    day = "2021-01-01"
    expected = set()
    for permit in revisions("absPermit").values():
        body, revoked = permit[-1]["body"], revoked_on(permit)
        lasting = body.get("dateOfExpiry", "9999") >= day and (revoked is None or revoked[:10] > day)
        if body["dateOfIssuance"] <= day and lasting:
            expected.add((str(permit[-1]["documentID"]), english(country(permit[-1]).upper()), body["dateOfIssuance"]))
    found = columns(store, "certificates-valid-on-a-date", "certificate", "country", "issued")
    assert sorted((tail(certificate), *rest) for certificate, *rest in found) == sorted(expected)


def test_a_revocation_counts_from_the_day_it_was_published(store: ox.Store) -> None:
    permit = next(permit for permit in revisions("absPermit").values() if revoked_on(permit))
    day = str(revoked_on(permit))[:10]
    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    query = text("certificates-valid-on-a-date")
    identifier = str(permit[0]["documentID"])

    def valid(on: str) -> bool:
        rows = answer(store, query.replace("2021-01-01", on))["rows"]
        return any(tail(row[0]) == identifier for row in rows)

    assert valid(before)
    assert not valid(day)


def test_one_certificate_is_valid_when_the_list_of_that_day_has_it(store: ox.Store) -> None:
    one, listed = text("is-a-certificate-valid"), text("certificates-valid-on-a-date")
    for day in ("2018-06-30", "2020-02-25", "2024-06-30"):
        valid = {row[0] for row in answer(store, listed.replace("2021-01-01", day))["rows"]}
        assert valid
        for permit in current("absPermit"):
            identifier = f"ABSCH-IRCC-{country(permit).upper()}-{permit['documentID']}"
            asked = one.replace("ABSCH-IRCC-CN-1000289", identifier).replace("2024-06-30", day)
            assert answer(store, asked) == {"boolean": identifier in valid}, (identifier, day)


def test_revoked_certificates_come_with_the_reason_of_the_revocation(store: ox.Store) -> None:
    expected = []
    for permit in revisions("absPermit").values():
        for one in permit:
            if one["body"].get("amendmentIntent") == 1:
                reasons = one["body"]["amendmentDescription"]
                language = "en" if "en" in reasons else min(reasons, key=lambda language: reasons[language])
                plain = re.sub(r"<[^>]*>", "", reasons[language])
                expected.append((str(one["documentID"]), one["updatedOn"][:10], f"{plain}@{language}"))
    found = columns(store, "revoked-certificates-with-reasons", "certificate", "revoked", "reason")
    assert [(tail(certificate), day[:10], reason) for certificate, day, reason in found] == sorted(
        expected, key=lambda row: row[1]
    )


def test_national_records_are_counted_by_type_and_party(store: ox.Store) -> None:
    expected = []
    for schema in ("authority", "measure", "absCheckpoint", "absPermit", "absCheckpointCommunique", "database"):
        documents = [document for document in current(schema) if document["realm"] == "ABS"]
        publishers = {country(document) for document in documents}
        parts = (documents, publishers & parties().keys(), publishers - parties().keys())
        expected.append(tuple(str(len(part)) for part in parts))
    assert columns(store, "national-records-by-type-and-parties", "records", "parties", "nonParties") == expected
    assert {nonparties for _, _, nonparties in expected} > {"0"}


def focal_points(code: str) -> list[str]:
    return [
        str(document["documentID"])
        for document in current("focalPoint")
        if country(document) == code and "ABS-FP" in document["body"]["categories"]
    ]


def certificate_recipients(permit: Json) -> set[tuple[str, str | None]]:
    body = permit["body"]
    found: set[tuple[str, str | None]] = {("national focal point", point) for point in focal_points(country(permit))}
    found.add(("competent national authority", number(guids([body["absCNA"]])[0])))
    for field, role in (("providers", "provider"), ("entitiesToWhomPICGranted", "person or entity granted consent")):
        found |= {(role, number(guid)) for guid in guids(body.get(field))}
        if body.get(f"{field}Confidential"):
            found.add((f"{role}, confidential", None))
    return found


def test_each_certificate_goes_to_those_it_concerns(store: ox.Store) -> None:
    query = text("who-receives-a-new-certificate")
    for permit in current("absPermit"):
        identifier = f"ABSCH-IRCC-{country(permit).upper()}-{permit['documentID']}"
        rows = answer(store, query.replace("ABSCH-IRCC-ZA-1000104", identifier))["rows"]
        assert {(role, tail(recipient)) for role, recipient, _ in rows} == certificate_recipients(permit), identifier
        assert all(name for _, recipient, name in rows if recipient)


def abs_authorities(code: str) -> set[str]:
    documents = [document for document in current("authority") if document["realm"] == "ABS"]
    return {str(document["documentID"]) for document in documents if country(document) == code}


def communique_recipients(communique: Json) -> set[tuple[str, str | None]]:
    body = communique["body"]
    permits = [revisions("absPermit")[guid][-1] for guid in guids(body.get("absIRCCs"))]
    sources = [reference["identifier"] for reference in body.get("sourceCountries", [])]
    found: set[tuple[str, str | None]] = set()
    for guid in guids(body["absCheckpoints"]):
        checkpoint = revisions("absCheckpoint")[guid][-1]
        named = guids(checkpoint["body"].get("contactsToInform"))
        found |= {("authority named by the checkpoint", number(contact)) for contact in named}
        if checkpoint["body"]["informAllAuthorities"]:
            everyone = abs_authorities(country(checkpoint))
            found |= {("authority of the country of the checkpoint", one) for one in everyone}
    issuers = {number(guids([permit["body"]["absCNA"]])[0]) for permit in permits}
    issuers |= {one for code in sources for one in abs_authorities(code)}
    found |= {("competent authority of the providing country", one) for one in issuers}
    points = {point for code in [*map(country, permits), *sources] for point in focal_points(code)}
    found |= {("focal point of the providing country", point) for point in points}
    granted = guids([body["entityToWhomPICGranted"]]) if "entityToWhomPICGranted" in body else []
    for permit in permits:
        granted += guids(permit["body"].get("entitiesToWhomPICGranted"))
        if permit["body"].get("entitiesToWhomPICGrantedConfidential"):
            found.add(("person or entity granted consent, confidential", None))
    return found | {("person or entity granted consent", number(guid)) for guid in granted}


def test_each_communique_goes_to_those_it_concerns(store: ox.Store) -> None:
    query = text("who-receives-a-new-communique")
    for communique in current("absCheckpointCommunique"):
        identifier = f"ABSCH-CPC-{country(communique).upper()}-{communique['documentID']}"
        rows = answer(store, query.replace("ABSCH-CPC-GB-1000106", identifier))["rows"]
        assert {(role, tail(recipient)) for role, recipient, _ in rows} == communique_recipients(communique), identifier


def helped(code: str, documents: list[Json]) -> set[tuple[str, str]]:
    """The initiatives for a country or its region, with the subjects that connect them with the documents."""
    tagged = {keyword for document in documents for keyword in terms(document["body"]["keywords"])}
    subjects = with_broader(tagged - {"5B6177DD-5E5E-434E-8CB7-D63D67D5EBED"})
    matched = related("closeMatch", "relatedMatch")
    subjects |= {other for subject in subjects for other in matched.get(subject, ())}
    places = {code} | related("broader")[code.upper()]
    found = set()
    for initiative in current("capacityBuildingInitiative"):
        body = initiative["body"]
        fields = ("cbdSubjects", "absKeyAreas", "cpbThematicAreas", "gbfTargets", "aichiTargets")
        about = {term for field in fields for term in terms(body.get(field))}
        if places & set(guids(body["countryRegions"])):
            found |= {(str(initiative["documentID"]), english(subject)) for subject in about & subjects}
    return found


def test_the_path_of_each_communique_ends_at_initiatives_on_its_subjects(store: ox.Store) -> None:
    query, houses, measures = text("communique-to-capacity-building"), Counter[str](), 0
    for communique in current("absCheckpointCommunique"):
        expected = set()
        permits = [revisions("absPermit")[guid][-1] for guid in guids(communique["body"].get("absIRCCs"))]
        for permit in permits:
            authority = revisions("authority")[guids([permit["body"]["absCNA"]])[0]][-1]
            for basis in guids(authority["body"]["policyBasisForCompetencyRef"]):
                known = (str(permit["documentID"]), str(authority["documentID"]), number(basis))
                helping = helped(country(permit), [communique, *permits])
                expected |= {(*known, subject, work) for work, subject in helping}
        identifier = f"ABSCH-CPC-{country(communique).upper()}-{communique['documentID']}"
        rows = answer(store, query.replace("ABSCH-CPC-FR-1000013", identifier))["rows"]
        found = {(tail(row[1]), tail(row[2]), tail(row[3]), row[5], tail(row[6])) for row in rows}
        assert found == expected, identifier
        houses.update(row[7] for row in rows)
        measures += len({row[3] for row in rows})
    assert len(houses) == 3
    assert measures > 5


def test_the_history_shows_every_revision_of_an_amended_certificate(store: ox.Store) -> None:
    expected = []
    for permit in revisions("absPermit").values():
        for place, one in enumerate(permit):
            last = "Revoked" if revoked_on(permit) else "Current"
            status = f"{last if place + 1 == len(permit) else 'Superseded'}@en"
            if len(permit) > 1:
                expected.append((str(one["documentID"]), str(one["revision"]), one["updatedOn"][:10], status))
    found = columns(store, "history-of-amended-certificates", "certificate", "number", "published", "status")
    assert sorted((tail(one), count, day[:10], status) for one, count, day, status in found) == sorted(expected)


def test_what_is_withheld_is_counted_by_field_and_country(store: ox.Store) -> None:
    fields = {
        "providersConfidential": "Provider",
        "entitiesToWhomPICGrantedConfidential": "Person or entity to whom prior informed consent was granted",
        "subjectMatterConfidential": "Subject matter",
        "usagesConfidential": "Usage",
    }
    expected = Counter(
        (english(country(permit).upper()), name)
        for permit in current("absPermit")
        for field, name in fields.items()
        if permit["body"].get(field)
    )
    found = columns(store, "what-is-withheld-as-confidential", "country", "field", "withheld")
    told = {(place, next(name for name in fields.values() if field.startswith(name))): n for place, field, n in found}
    assert told == {key: str(count) for key, count in expected.items()}


def test_certificates_are_found_by_usage_and_by_narrower_keywords(store: ox.Store) -> None:
    query, commercial = text("certificates-by-usage-and-keyword"), "5E833A3F-87D1-4ADD-8701-9F1B76383017"
    for top in ("4E2974DF-216E-46C8-8797-8E3A33D6A048", "99FCE39007594FCD862564EC8D6E304F"):
        expected = {
            (str(permit["documentID"]), english(keyword))
            for permit in current("absPermit")
            if commercial in terms(permit["body"].get("usages"))
            for keyword in terms(permit["body"]["keywords"])
            if top in with_broader({keyword})
        }
        label = english(top).removesuffix("@en")
        rows = answer(store, query.replace("All types of genetic resources", label))["rows"]
        assert {(tail(certificate), keyword) for certificate, _, keyword in rows} == expected


def test_words_find_the_certificates_that_have_them_as_a_keyword(store: ox.Store, index: SearchIndex) -> None:
    query = searched(text("certificates-found-by-words-with-their-measures"), index)
    basis = {
        guid: guids(authority[-1]["body"].get("policyBasisForCompetencyRef"))
        for guid, authority in revisions("authority").items()
    }
    expected = {
        (str(permit["documentID"]), number(measure))
        for permit in current("absPermit")
        if "Fungi@en" in map(english, terms(permit["body"]["keywords"]))
        for authority in guids([permit["body"]["absCNA"]])
        for measure in basis[authority]
    }
    assert len({certificate for certificate, _ in expected}) > 2
    rows = answer(store, query)["rows"]
    assert {(tail(certificate), tail(measure)) for _, certificate, measure, _ in rows} == expected


def test_certificates_without_communique_are_those_no_communique_cites(store: ox.Store) -> None:
    cited = {guid for report in current("absCheckpointCommunique") for guid in guids(report["body"].get("absIRCCs"))}
    expected = {
        str(permit[-1]["documentID"])
        for guid, permit in revisions("absPermit").items()
        if guid not in cited and not revoked_on(permit)
    }
    found = columns(store, "certificates-without-communique", "certificate")
    assert {tail(certificate) for (certificate,) in found} == expected


def test_communiques_without_certificate_name_the_source_country(store: ox.Store) -> None:
    expected = {
        (english(source["identifier"].upper()), str(report["documentID"]))
        for report in current("absCheckpointCommunique")
        if not report["body"].get("absIRCCs")
        for source in report["body"]["sourceCountries"]
    }
    found = columns(store, "communiques-without-certificate", "sourceCountry", "communique")
    assert {(source, tail(communique)) for source, communique in found} == expected


def test_parties_lacking_information_are_those_without_a_record_of_each_kind(store: ox.Store) -> None:
    group = "0EC2E5AE-25F3-4D3A-B71F-8019BB62ED4B"
    members = {code for code in parties() if group in related("broader").get(code.upper(), ())}
    measures = {country(document) for document in current("measure")}
    expected = {
        (english(code.upper()), parties()[code], *(str(held).lower() for held in kinds))
        for code in members
        if not all(kinds := (code in measures, bool(abs_authorities(code)), bool(focal_points(code))))
    }
    wanted = ("country", "since", "measure", "authority", "focalPoint")
    assert set(columns(store, "parties-lacking-mandatory-information", *wanted)) == expected


def test_sole_authorities_are_those_that_say_so(store: ox.Store) -> None:
    expected = {
        str(document["documentID"])
        for document in current("authority")
        if document["realm"] == "ABS" and document["body"]["responsibleForAll"]
    }
    assert {tail(one) for (one,) in columns(store, "authorities-solely-responsible", "authority")} == expected


def test_procedures_tell_how_long_they_take_and_whether_they_cost(store: ox.Store) -> None:
    expected = {
        (str(document["documentID"]), str(body["duration"]), "Days@en", str(body["hasApplicationFees"]).lower())
        for document in current("absProcedure")
        if (body := document["body"])
    }
    found = columns(store, "procedures-with-fees-and-duration", "procedure", "duration", "unit", "fees")
    assert {(tail(procedure), *rest) for procedure, *rest in found} == expected


def test_training_events_are_the_known_ones_of_the_years(store: ox.Store) -> None:
    expected = {
        (body["startDate"], f"{body['title']['en']}@en", english(place.upper() if len(place) == 2 else place))
        for document in current("capacityBuildingInitiative")
        if (body := document["body"]) and not document.get("synthetic") and document["realm"] == "ABS"
        if "2014" <= body.get("startDate", "") < "2017"
        for place in guids(body["countryRegions"])
    }
    assert set(columns(store, "training-events-2014-2016", "starts", "title", "place")) == expected


def test_decisions_lead_to_the_organism_its_assessment_and_the_law(store: ox.Store) -> None:
    laws = {country(document): str(document["documentID"]) for document in current("biosafetyLaw")}
    expected = {
        (
            str(document["documentID"]),
            revisions("modifiedOrganism")[organism][-1]["body"]["uniqueIdentification"],
            number(guids(document["body"]["riskAssessments"])[0]),
            laws[country(document)],
        )
        for document in current("biosafetyDecision")
        for organism in guids(document["body"]["modifiedOrganisms"])
    }
    wanted = ("decision", "organism", "riskAssessment", "law")
    found = columns(store, "decisions-with-organism-risk-assessment-and-law", *wanted)
    assert {(tail(one), organism, tail(assessed), tail(law)) for one, organism, assessed, law in found} == expected


def test_national_targets_are_found_by_the_global_target(store: ox.Store) -> None:
    query = text("national-targets-aligned-to-a-global-target")
    for target in ("GBF-TARGET-01", "GBF-TARGET-03", "GBF-TARGET-13"):
        expected = {
            (str(document["documentID"]), english(aligned["degreeOfAlignment"]["identifier"]))
            for document in current("nationalTarget7")
            for aligned in document["body"]["globalTargetAlignment"]
            if aligned["identifier"] == target
        }
        rows = answer(store, query.replace("GBF-TARGET-13", target))["rows"]
        assert expected
        assert {(tail(row[1]), row[3]) for row in rows} == expected


def test_records_in_one_language_are_counted_by_kind(store: ox.Store) -> None:
    schemas = {path.stem for path in SAMPLE.glob("*/*.json")} - {"meeting", "notification"}
    languages = [document["body"]["header"]["languages"] for schema in schemas for document in current(schema)]
    expected = Counter(given[0] for given in languages if len(given) == 1)
    found = columns(store, "records-in-one-language-only", "language", "records")
    assert sum((Counter({language: int(count)}) for language, count in found), Counter()) == expected


# What the sample does not have


def test_an_amended_measure_is_told(store: ox.Store) -> None:
    """The sample has one measure per country, so that none amends another; two statements more show the answer."""
    graph = ox.Store()
    graph.extend(store.quads_for_pattern(None, None, None))
    first, second = sorted(revisions("measure"))[:2]
    subject, amended = (ox.NamedNode(f"{BASE}record/{guid}") for guid in (first, second))
    amends = ox.NamedNode("http://data.europa.eu/eli/ontology#amends")
    graph.add(ox.Quad(subject, amends, amended, subject))
    rows = answer(graph, text("records-that-amend-or-follow-others"))["rows"]
    assert [(tail(row[2]), row[3], tail(row[4])) for row in rows if row[3] == "amends"] == [
        (number(first), "amends", number(second))
    ]


def test_the_decisions_of_curators_are_told(store: ox.Store) -> None:
    first, second, third = (f"<{BASE}record/{guid}>" for guid in sorted(revisions("measure"))[:3])
    forests, invasive, target = (f"<{BASE}term/{name}>" for name in SUGGESTED)
    assert columns(store, "most-suggested-concepts", "concept", "records") == [
        (forests, "3"),
        (invasive, "2"),
        (target, "1"),
    ]
    rejected = columns(store, "most-rejected-concepts", "concept", "rejected", "labels")
    assert rejected == [(forests, "2", "forests"), (invasive, "1", "")]
    accepted = columns(store, "accepted-keywords-that-no-country-gave", "record", "concept", "curator")
    assert accepted == [(first, target, "ann")]
    undecided = columns(store, "candidates-not-yet-decided", "record", "concept", "score")
    assert undecided == [(third, forests, "0.7"), (second, invasive, "0.55")]
    assert columns(store, "suggestions-accepted-by-model", "model", "accepted", "rejected") == [("model-1", "1", "3")]


def write_expected(names: list[str]) -> None:
    """Write the answers of today as the expected ones, a row a line."""
    with tempfile.TemporaryDirectory() as directory, sample_graph(Path(directory)) as graph:
        index = sample_index(Path(directory))
        for name in names:
            answered = answer(graph, searched(text(name), index))
            lines = [json.dumps(row, ensure_ascii=False) for row in answered.pop("rows", answered.pop("triples", []))]
            key = "rows" if "variables" in answered else "triples"
            shown = json.dumps(answered, ensure_ascii=False)[:-1]
            if lines:
                shown += f'{", " if answered else ""}"{key}": [\n' + ",\n".join(lines) + "\n]"
            kept = EXPECTED / f"{name}.json"
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(shown + "}\n", encoding="utf-8")


if __name__ == "__main__":
    write_expected(sys.argv[1:] or NAMES)
