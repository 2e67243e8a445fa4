"""Candidates and decisions in the ledger and the graph: beside the records, never in them, and nothing withheld."""

import json
from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from conftest import PERMIT, enter, gate_of, graph, items, judge, permit, rows, values
from typer.testing import CliRunner

from endpoint.house import House, finish, rebuild
from endpoint.tagging_records_cli import app
from loaders import context
from loaders.documents import document
from loaders.ledger import Ledger
from loaders.tagged_texts import corpus
from loaders.tagging import Candidate, Candidates, Evidence, Tagging, candidates_guid, decision_guid
from loaders.texts import text_of
from ontology.errors import IdentifierError, LedgerError

CH = "https://w3id.org/clearinghouse/ns#"
TERMS = "https://w3id.org/clearinghouse/id/term/"
TARGET = TERMS + "GBF-TARGET-13"
KEYWORD = TERMS + "357DBB22-6A6C-4C49-BA1F-037320B09247"
FOREIGN = "http://vocabularies.example.org/thesaurus/concept42"
SUGGESTED = Candidates(
    PERMIT,
    1,
    "model-1",
    ("en",),
    (
        Candidate(TARGET, 0.875, (Evidence("/subjectMatter/en", 0, 4, "leaf"),)),
        Candidate(FOREIGN, 0.25),
    ),
)


@pytest.fixture
def ledger(house: House) -> Iterator[Ledger]:
    """A ledger with one certificate."""
    with house.ledger() as opened:
        judge(house, opened, permit(subjectMatter={"en": "Leaf samples of a medicinal plant"}))
        yield opened


@pytest.fixture
def tagging(house: House, ledger: Ledger) -> Tagging:
    """The tags of that ledger."""
    return Tagging(ledger, house.mapping, gate_of(house, ledger).judge)


def publish(house: House, ledger: Ledger) -> set[ox.Quad]:
    """Bring the graph up to the ledger, what tags must lose included; its statements."""
    with house.store() as store:
        finish(gate_of(house, ledger), store)
    return graph(house)


# Texts


def body(**fields: object) -> list[tuple[str, str, str]]:
    """The texts of a certificate with these fields alone."""
    header = {"identifier": PERMIT, "schema": "absPermit", "languages": ["en"]}
    whole = document({"header": header, **fields}, "")
    return [(found.pointer, found.language, found.text) for found in text_of(whole)]


def test_texts_are_what_the_context_holds_by_language() -> None:
    found = body(
        title={"en": "A certificate", "fr": "Un certificat"},
        keywords=[{"identifier": "GBF-TARGET-13", "customValue": {"en": "other words"}}],
        government={"identifier": "ke"},
        dateOfIssuance="2020-01-01",
        unknown={"en": "not mapped"},
    )
    assert found == [("/title/en", "en", "A certificate"), ("/title/fr", "fr", "Un certificat")]


def test_texts_have_no_markup_and_no_repetitions() -> None:
    found = body(subjectMatter={"en": "<p>Seeds &amp; leaves</p><p>of trees</p>", "fr": "Seeds & leaves\nof trees"})
    assert found == [("/subjectMatter/en", "en", "Seeds & leaves\nof trees")]


def test_texts_are_found_inside_nested_objects_and_answers() -> None:
    report = {
        "header": {"identifier": PERMIT, "schema": "absNationalReport1", "languages": ["en", "fr"]},
        "Q003": {"value": {"fr": "Une réponse"}, "additionalInformation": {"en": "More of it"}},
        "Q005": {"value": "true"},
    }
    found = [(one.pointer, one.text) for one in text_of(document(report, ""))]
    assert found == [("/Q003/value/fr", "Une réponse"), ("/Q003/additionalInformation/en", "More of it")]


# Candidates


def test_candidates_are_a_graph_of_their_own(house: House, ledger: Ledger, tagging: Tagging) -> None:
    assert tagging.store([SUGGESTED], agent="test") == 1
    quads = publish(house, ledger)
    own = {quad for quad in quads if quad.graph_name.value.endswith(candidates_guid(PERMIT))}
    assert values(own, "#/candidates/0", "suggestedConcept") == {TARGET}
    assert values(own, "#/candidates/1", "suggestedConcept") == {FOREIGN}
    assert values(own, "#/candidates/0", "score") == {"0.875"}
    assert values(own, "#/candidates/0/evidence/0", "fieldPointer") == {"/subjectMatter/en"}
    assert values(own, candidates_guid(PERMIT), "taggedRecord") == {
        f"https://w3id.org/clearinghouse/id/record/{PERMIT}"
    }
    others = {quad for quad in quads - own if "id/thesaurus" not in quad.graph_name.value}
    assert not any(quad.object.value in (TARGET, FOREIGN) for quad in others if isinstance(quad.object, ox.NamedNode))


def test_a_suggestion_is_never_a_subject(house: House, ledger: Ledger, tagging: Tagging) -> None:
    before = values(publish(house, ledger), PERMIT, "terms/subject")
    tagging.store([SUGGESTED], agent="test")
    tagging.decide(PERMIT, TARGET, "accepted", "curator")
    quads = publish(house, ledger)
    assert values(quads, PERMIT, "terms/subject") == before
    subjects = {quad.object.value for quad in quads if quad.predicate.value.endswith("terms/subject")}
    assert TARGET not in subjects


def test_candidates_are_given_back_as_they_were_stored(tagging: Tagging) -> None:
    assert tagging.candidates(PERMIT) is None
    tagging.store([SUGGESTED], agent="test")
    held = tagging.candidates(PERMIT)
    assert held is not None
    assert held.is_same(SUGGESTED)
    assert held.made


def test_same_candidates_are_not_stored_again(ledger: Ledger, tagging: Tagging) -> None:
    assert [tagging.store([SUGGESTED], agent="test") for _ in range(2)] == [1, 0]
    fewer = Candidates(PERMIT, 1, "model-1", ("en",), SUGGESTED.candidates[:1])
    assert tagging.store([fewer], agent="test") == 1
    assert [entry.revision for entry in ledger.history(candidates_guid(PERMIT))] == [1, 2]
    held = tagging.candidates(PERMIT)
    assert held is not None
    assert [one.concept for one in held.candidates] == [TARGET]


def test_what_the_shapes_refuse_is_not_stored(ledger: Ledger, tagging: Tagging) -> None:
    odd = Candidates(PERMIT, 1, "model-1", ("en",), (Candidate(TARGET, 1.5),))
    with pytest.raises(LedgerError, match="a score from 0 to 1"):
        tagging.store([odd], agent="test")
    assert tagging.candidates(PERMIT) is None


@pytest.mark.parametrize("schema", ["tagCandidates", "tagDecision"])
def test_nobody_loads_candidates_or_decisions_from_outside(house: House, ledger: Ledger, schema: str) -> None:
    foreign = {"identifier": PERMIT + "X", "body": {"header": {"identifier": PERMIT + "X", "schema": schema}}}
    outcome = judge(house, ledger, foreign)
    assert [schema in refusal.message for refusal in outcome.refusals] == [True]
    assert ledger.history(PERMIT + "X") == []


def test_another_base_keeps_what_was_suggested(house: House, ledger: Ledger, tagging: Tagging) -> None:
    tagging.store([SUGGESTED], agent="test")
    text = ledger.history(candidates_guid(PERMIT))[0].text
    assert [one["concept"]["identifier"] for one in json.loads(text)["body"]["candidates"]] == [
        "term/GBF-TARGET-13",
        FOREIGN,
    ]
    assert context.flat("tagCandidates", "https://example.org/kg/")


# Decisions


def test_the_last_decision_holds_and_the_earlier_ones_are_its_history(
    house: House, ledger: Ledger, tagging: Tagging
) -> None:
    tagging.decide(PERMIT, TARGET, "accepted", "ann", model="model-1")
    tagging.decide(PERMIT, FOREIGN, "rejected", "ann")
    tagging.decide(PERMIT, TARGET, "rejected", "ben")
    decided = tagging.decisions(PERMIT)
    assert {concept: (one.decision, one.by) for concept, one in decided.items()} == {
        TARGET: ("rejected", "ben"),
        FOREIGN: ("rejected", "ann"),
    }
    assert tagging.all_decisions() == {PERMIT: decided}
    assert [entry.revision for entry in ledger.history(decision_guid(PERMIT, TARGET))] == [1, 2]
    quads = publish(house, ledger)
    assert values(quads, decision_guid(PERMIT, TARGET), "tagVerdict") == {CH + "TagRejected"}
    assert values(quads, decision_guid(PERMIT, TARGET), "decidedConcept") == {TARGET}


def test_decisions_of_one_record_are_not_those_of_another(house: House, ledger: Ledger, tagging: Tagging) -> None:
    judge(house, ledger, permit(guid="5E7E71C0-AAAA-BBBB-CCCC-000000000002", number=700_002))
    tagging.decide(PERMIT, TARGET, "accepted", "ann")
    assert tagging.decisions("5E7E71C0-AAAA-BBBB-CCCC-000000000002") == {}


def test_a_decision_needs_a_name_for_who_decided(tagging: Tagging) -> None:
    with pytest.raises(LedgerError, match="names who decided"):
        tagging.decide(PERMIT, TARGET, "accepted", " ")


# What is to be tagged


def test_a_record_is_found_by_any_of_its_names(tagging: Tagging) -> None:
    for name in (PERMIT, "700001", f"https://w3id.org/clearinghouse/id/record/{PERMIT}"):
        assert tagging.entry(name).record == PERMIT


@pytest.mark.parametrize("name", ["5E7E71C0-AAAA-BBBB-CCCC-00000NOWHERE", candidates_guid(PERMIT)])
def test_what_is_no_record_cannot_be_tagged(tagging: Tagging, name: str) -> None:
    tagging.store([SUGGESTED], agent="test")
    with pytest.raises(IdentifierError):
        tagging.entry(name)


def test_the_records_to_tag_are_those_published_without_our_own(house: House, ledger: Ledger, tagging: Tagging) -> None:
    tagging.store([SUGGESTED], agent="test")
    judge(house, ledger, permit(revision=2, title={"en": "A later one"}))
    assert [(entry.record, entry.revision) for entry in tagging.entries()] == [(PERMIT, 2)]
    assert list(tagging.entries(schema="measure")) == []
    assert list(tagging.entries(since="2999-01-01")) == []


# What is withheld later, and what is withdrawn


def withheld(house: House, ledger: Ledger) -> None:
    """Enter a second revision, which withholds what the samples are."""
    judge(house, ledger, permit(revision=2, subjectMatter=None, subjectMatterConfidential=True))


def test_candidates_made_of_what_is_withheld_later_are_taken_out_everywhere(
    house: House, ledger: Ledger, tagging: Tagging
) -> None:
    tagging.store([SUGGESTED], agent="test")
    withheld(house, ledger)
    quads = publish(house, ledger)
    assert tagging.settle() == 0
    assert not any(quad.predicate.value == CH + "candidate" for quad in quads)
    assert rows(ledger, "SELECT 1 FROM document WHERE text LIKE '%leaf%'") == []
    assert rows(ledger, "SELECT 1 FROM report WHERE findings LIKE '%leaf%'") == []
    held = tagging.candidates(PERMIT)
    assert held is not None
    assert held.candidates == ()


def test_candidates_made_after_a_field_was_withheld_stay(house: House, ledger: Ledger, tagging: Tagging) -> None:
    withheld(house, ledger)
    tagging.store([Candidates(PERMIT, 2, "model-1", ("en",), (Candidate(FOREIGN, 0.5),))], agent="test")
    assert tagging.settle() == 0


def test_candidates_of_a_withdrawn_record_are_withdrawn_with_it(house: House, ledger: Ledger, tagging: Tagging) -> None:
    tagging.store([SUGGESTED], agent="test")
    gone = permit(revision=2)
    gone["deletedOn"] = "2020-03-01T10:00:00Z"
    judge(house, ledger, gone)
    quads = publish(house, ledger)
    assert tagging.settle() == 0
    assert tagging.candidates(PERMIT) is None
    assert not any(quad.predicate.value == CH + "candidate" for quad in quads)
    with pytest.raises(IdentifierError):
        tagging.entry(PERMIT)
    with house.store() as store:
        rebuild(gate_of(house, ledger), store)
    assert tagging.candidates(PERMIT) is None


def test_a_rebuilt_graph_has_the_same_tags(house: House) -> None:
    enter(house, items([permit()]))
    with house.ledger() as ledger:
        tagging = Tagging(ledger, house.mapping, gate_of(house, ledger).judge)
        tagging.store([SUGGESTED], agent="test")
        tagging.decide(PERMIT, TARGET, "accepted", "ann")
        before = publish(house, ledger)
        with house.store() as store:
            rebuild(gate_of(house, ledger), store)
    assert graph(house) == before


# The command line


def test_records_are_tagged_in_a_batch_and_only_where_something_is_new(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(house, items([permit(subjectMatter={"en": "Invasive alien species of the sea"})]))
    monkeypatch.setenv("DATA_DIR", str(house.settings.data_dir))
    runner = CliRunner()

    def run(*arguments: str) -> str:
        done = runner.invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "0 records, 0 tagged" in run("records", "--schema", "measure")
    assert "1 records, 1 tagged, 1 with new candidates" in run("records", "--limit", "3")
    assert len([quad for quad in graph(house) if quad.predicate.value == CH + "candidate"]) == 3
    assert "1 records, 0 tagged, 0 with new candidates" in run("records")
    assert "1 records, 1 tagged, 1 with new candidates" in run("records", "--all", "--limit", "2")
    assert "0 records" in run("records", "--since", "2999-01-01")
    shown = json.loads(run("record", PERMIT, "--field", "/subjectMatter", "--json"))
    labels = {place["label"].lower() for one in shown for place in one["evidence"]}
    assert "invasive alien species" in labels
    assert {place["field"] for one in shown for place in one["evidence"]} == {"/subjectMatter/en"}
    assert "Invasive Alien Species" in run("record", "700001")


# What is learned


def test_only_decisions_are_learned_from_synthetic_records(house: House, ledger: Ledger, tagging: Tagging) -> None:
    """The subjects of a synthetic record were drawn by lot, whether it came as a document or out of the index."""
    keywords = [{"identifier": KEYWORD.rpartition("/")[2]}]
    real, drawn = (permit(f"{PERMIT}-{name}", keywords=keywords) for name in ("REAL", "DRAWN"))
    indexed = {
        "id": "52000000cbd012000000aaaa",
        "schema_s": "notification",
        "synthetic": True,
        "title_EN_t": "Call",
        "themes_ss": ["CBD-SUBJECT-ABS"],
        "_state_s": "public",
    }
    del real["synthetic"]
    judge(house, ledger, real, drawn, indexed)
    learned = list(corpus(tagging))
    assert {one.id for one in learned} == {f"{PERMIT}-REAL"}
    assert all(KEYWORD in one.concepts for one in learned)
    tagging.decide(f"{PERMIT}-DRAWN", KEYWORD, "accepted", "ann")
    assert {one.id for one in corpus(tagging)} == {f"{PERMIT}-REAL", f"{PERMIT}-DRAWN"}
