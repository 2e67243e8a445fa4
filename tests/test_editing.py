"""Changes of the thesaurus: from the proposal through the ledger to versions, retagged records and the graph."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pyoxigraph as ox
import pytest
from conftest import PERMIT, enter, items, permit

from endpoint.house import House, go_on
from endpoint.settings import Settings
from endpoint.store import records_and_vocabulary
from loaders.editing import RELEASE, ChangeRefused, Editing
from loaders.ledger import Ledger
from loaders.sources import Raw
from ontology.errors import EditingError
from thesaurus import changes
from thesaurus.changes import Delta
from thesaurus.statements import ALT_LABEL, BROADER, PREF_LABEL
from thesaurus.turtle import ThesaurusError, triples

ABS = "https://w3id.org/clearinghouse/id/term/CBD-SUBJECT-ABS"
OTHER = "https://w3id.org/clearinghouse/id/term/CBD-SUBJECT-AGR"
KEYWORDS = "https://w3id.org/clearinghouse/id/scheme/1A22EAAB-9BBC-4543-890E-DEF913F59E98"
KEYWORD = "357DBB22-6A6C-4C49-BA1F-037320B09247"


@pytest.fixture
def ledger(house: House) -> Iterator[Ledger]:
    with house.ledger() as opened:
        yield opened


@pytest.fixture
def editing(house: House, ledger: Ledger) -> Editing:
    return Editing(ledger, house.mapping.iris)


def node(iri: str) -> ox.NamedNode:
    return ox.NamedNode(iri)


def label(text: str, language: str = "fr", iri: str = ABS, predicate: ox.NamedNode = PREF_LABEL) -> ox.Triple:
    return ox.Triple(node(iri), predicate, ox.Literal(text, language=language))


def renamed(editing: Editing, text: str, language: str = "fr", version: int | None = None) -> Delta:
    """The concept gets another preferred label; labels of unsure standing go with theirs."""
    said = [
        triple
        for triple in editing.statements(version)
        if triple.subject == node(ABS)
        and triple.predicate == PREF_LABEL
        and isinstance(triple.object, ox.Literal)
        and triple.object.language == language
    ]
    return Delta(frozenset({label(text, language)}), frozenset(said))


def approved(editing: Editing, delta: Delta, base: int | None = None) -> int:
    change = editing.propose(delta, author="amina", reason="The wording of the decision.", base=base)
    version = editing.approve(change.id, reviewer="li").version
    assert version is not None
    return version


def test_without_a_change_the_bundled_thesaurus_is_version_one(house: House, editing: Editing) -> None:
    assert editing.version() == 1
    assert editing.statements() == tuple(house.mapping.thesaurus.triples())
    assert editing.changes() == []


def test_an_approved_change_makes_the_next_version_and_the_first_stays(editing: Editing) -> None:
    before = editing.statements()
    change = editing.propose(renamed(editing, "APA"), author="amina", reason="Shorter.")
    assert (change.status, change.base, editing.version()) == ("proposed", 1, 1)
    done = editing.approve(change.id, reviewer="li", remark="Agreed.")
    assert (done.status, done.version, done.reviewer, done.remark) == ("approved", 2, "li", "Agreed.")
    assert set(editing.statements(1)) == set(before)
    assert label("APA") in editing.statements(2)
    assert editing.delta(1, 2) == change.delta == renamed(editing, "APA", version=1)
    assert editing.delta(2, 1) == Delta(change.delta.removed, change.delta.added)


def test_a_ledger_read_again_tells_the_same_versions(house: House, ledger: Ledger, editing: Editing) -> None:
    approved(editing, renamed(editing, "un"))
    approved(editing, renamed(editing, "deux"))
    rejected = editing.propose(renamed(editing, "trois"), author="amina", reason="Try.")
    editing.reject(rejected.id, reviewer="li", remark="No.")
    again = Editing(ledger, house.mapping.iris)
    assert again.version() == editing.version() == 3
    assert [set(again.statements(n)) for n in (1, 2, 3)] == [set(editing.statements(n)) for n in (1, 2, 3)]
    assert again.changes() == editing.changes()
    assert [change.status for change in again.changes()] == ["rejected", "approved", "approved", "approved"]
    assert [change.id for change in again.changes(concept=node(OTHER))] == [RELEASE]


def test_a_data_base_of_its_own_is_kept_when_versions_are_read(tmp_path: Path) -> None:
    house = House.of(Settings(data_dir=tmp_path, base_iri="https://example.org/graph/"))
    concept = node("https://example.org/graph/id/term/CBD-SUBJECT-ABS")
    with house.ledger() as ledger:
        editing = Editing(ledger, house.mapping.iris)
        approved(
            editing, Delta(frozenset({ox.Triple(concept, ALT_LABEL, ox.Literal("Nagoya", language="fr"))}), frozenset())
        )
    with house.ledger() as ledger:
        read = Editing(ledger, house.mapping.iris).statements()
    assert ox.Triple(concept, ALT_LABEL, ox.Literal("Nagoya", language="fr")) in read
    assert not any(triple.subject.value.startswith("https://w3id.org/clearinghouse/id/") for triple in read)


def test_two_editors_of_one_label_are_in_conflict_and_nothing_is_overwritten(editing: Editing) -> None:
    first = editing.propose(renamed(editing, "premier"), author="amina", reason="Mine.")
    second = editing.propose(renamed(editing, "second"), author="boris", reason="Mine.")
    editing.approve(first.id, reviewer="li")
    [conflict] = editing.review(second.id).conflicts
    assert (conflict.subject.value, conflict.predicate, conflict.language) == (ABS, PREF_LABEL, "fr")
    assert [value.value for value in (*conflict.found, *conflict.wanted)] == ["premier", "second"]
    with pytest.raises(ChangeRefused, match="another change has given another"):
        editing.approve(second.id, reviewer="li")
    assert (editing.version(), editing.change(second.id).status) == (2, "proposed")
    editing.revise(second.id, renamed(editing, "second"), author="boris")
    assert editing.review(second.id).conflicts == []
    assert editing.approve(second.id, reviewer="li").version == 3
    assert label("second") in editing.statements()
    assert label("premier") not in editing.statements()


def test_changes_of_different_labels_of_one_concept_do_not_collide(editing: Editing) -> None:
    french = editing.propose(renamed(editing, "français"), author="amina", reason="One.")
    spanish = editing.propose(renamed(editing, "español", "es"), author="boris", reason="Two.")
    editing.approve(french.id, reviewer="li")
    editing.approve(spanish.id, reviewer="li")
    assert {label("français"), label("español", "es")} <= set(editing.statements())


def test_two_editors_who_fill_the_same_gap_differently_are_in_conflict(editing: Editing) -> None:
    definition = ox.NamedNode("http://www.w3.org/2004/02/skos/core#definition")
    sets = [
        editing.propose(Delta(frozenset({label(text, predicate=definition)}), frozenset()), author=text, reason="Gap.")
        for text in ("une", "autre", "une")
    ]
    editing.approve(sets[0].id, reviewer="li")
    assert len(editing.review(sets[1].id).conflicts) == 1
    assert editing.review(sets[2].id).conflicts == [], "it wants what is there already"


def test_new_errors_refuse_a_change_and_old_findings_do_not(editing: Editing) -> None:
    twice = Delta(frozenset({label("Deuxième nom")}), frozenset())
    change = editing.propose(twice, author="amina", reason="A second name.")
    review = editing.review(change.id)
    assert any("prefLabel" in finding.message for finding in review.new)
    with pytest.raises(ChangeRefused, match="prefLabel"):
        editing.approve(change.id, reviewer="li")
    assert editing.version() == 1


@pytest.mark.parametrize("missing", ["author", "reason"])
def test_a_change_without_author_or_reason_is_refused(editing: Editing, missing: str) -> None:
    given = {"author": "amina", "reason": "Why."} | {missing: "  "}
    with pytest.raises(EditingError, match=f"{missing} is empty"):
        editing.propose(renamed(editing, "x"), **given)


def test_what_was_not_there_cannot_be_removed(editing: Editing) -> None:
    with pytest.raises(EditingError, match="1 statements to remove are not in version 1"):
        editing.propose(Delta(frozenset(), frozenset({label("never said")})), author="amina", reason="Out.")
    with pytest.raises(EditingError, match="adds and removes nothing"):
        editing.propose(Delta(frozenset(), frozenset()), author="amina", reason="Nothing.")


def test_what_is_decided_stays_decided(editing: Editing) -> None:
    change = editing.propose(renamed(editing, "x"), author="amina", reason="Why.")
    editing.reject(change.id, reviewer="li", remark="No.")
    with pytest.raises(EditingError, match="rejected already, by li"):
        editing.approve(change.id, reviewer="li")
    with pytest.raises(EditingError, match="no change set 'unheard-of'"):
        editing.change("unheard-of")
    with pytest.raises(EditingError, match="no version 7"):
        editing.statements(7)


def test_an_approval_beside_another_is_looked_at_again(house: House, ledger: Ledger, editing: Editing) -> None:
    mine = editing.propose(renamed(editing, "mien"), author="amina", reason="Mine.")
    with house.ledger() as other:
        beside = Editing(other, house.mapping.iris)
        theirs = beside.propose(renamed(beside, "leur"), author="boris", reason="Theirs.")
        review = editing.review

        def slow_review(identifier: str) -> object:
            found = review(identifier)
            if editing.version() == 1 and beside.version() == 1:
                beside.approve(theirs.id, reviewer="li")
            return found

        editing.review = slow_review  # type: ignore[method-assign, assignment]
        with pytest.raises(ChangeRefused):
            editing.approve(mine.id, reviewer="li")
    assert editing.version() == 2
    assert label("leur") in editing.statements()


# ------------------------------------------------------------------------------------- deprecation, merger, splitting


SEA, OCEAN, COAST, BAY = (node(f"https://example.org/{name}") for name in ("sea", "ocean", "coast", "bay"))
TREE = triples(
    """@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix e: <https://example.org/> .
    e:water a skos:Concept .
    e:sea a skos:Concept ; skos:broader e:water ; skos:prefLabel "Sea"@en ; skos:altLabel "Mer"@fr ;
      skos:exactMatch <https://other.org/sea> .
    e:ocean a skos:Concept ; skos:prefLabel "Ocean"@en . e:bay a skos:Concept ; skos:broader e:sea .
    e:coast a skos:Concept ; skos:related e:sea .""",
    "test",
)


def after(change: Delta) -> SimpleNamespace:
    found = set(changes.applied(TREE, change))
    return SimpleNamespace(has=lambda s, p, o: ox.Triple(s, p, o) in found, all=found)


def test_what_was_below_a_deprecated_concept_is_below_what_that_was_below() -> None:
    graph = after(changes.deprecation(TREE, SEA))
    assert graph.has(BAY, BROADER, node("https://example.org/water"))
    assert not any(triple.object == SEA for triple in graph.all)
    assert graph.has(SEA, PREF_LABEL, ox.Literal("Sea", language="en")), "its labels stay"


def test_a_merged_concept_gives_its_labels_and_mappings_to_the_other() -> None:
    graph = after(changes.merger(TREE, SEA, OCEAN))
    assert graph.has(OCEAN, ALT_LABEL, ox.Literal("Sea", language="en"))
    assert graph.has(OCEAN, ALT_LABEL, ox.Literal("Mer", language="fr"))
    assert graph.has(
        OCEAN, ox.NamedNode("http://www.w3.org/2004/02/skos/core#exactMatch"), node("https://other.org/sea")
    )
    assert graph.has(BAY, BROADER, OCEAN)


def test_a_split_concept_has_several_replacements() -> None:
    graph = after(changes.deprecation(TREE, SEA, [OCEAN, COAST]))
    assert graph.has(SEA, changes.REPLACED_BY, OCEAN)
    assert graph.has(SEA, changes.REPLACED_BY, COAST)
    assert graph.has(BAY, BROADER, OCEAN)
    assert not graph.has(COAST, ox.NamedNode("http://www.w3.org/2004/02/skos/core#related"), COAST)


def test_a_concept_is_not_replaced_by_itself_or_by_what_is_out_of_use() -> None:
    gone = changes.applied(TREE, changes.deprecation(TREE, OCEAN))
    with pytest.raises(ThesaurusError, match="deprecated as well"):
        changes.deprecation(gone, SEA, [OCEAN])
    with pytest.raises(ThesaurusError, match="the concept itself"):
        changes.deprecation(TREE, SEA, [SEA])
    with pytest.raises(ThesaurusError, match="expected a concept"):
        changes.deprecation(TREE, node("https://example.org/nothing"))


# -------------------------------------------------------------------------------------------- records and their graph


def keywords(house: House) -> set[str]:
    newest = house.generations.newest()
    assert newest is not None
    record = house.mapping.iris.record(PERMIT)
    quads = records_and_vocabulary(house.generations.path(newest))
    return {
        quad.object.value.rpartition("/")[2]
        for quad in quads
        if quad.graph_name == record and quad.predicate.value.endswith("#keyword")
    }


def term(name: str) -> ox.NamedNode:
    return node(f"https://w3id.org/clearinghouse/id/term/{name}")


def replacements(editing: Editing, number: int) -> list[ox.NamedNode]:
    """Other permit keywords."""
    inside = ox.NamedNode("http://www.w3.org/2004/02/skos/core#inScheme")
    members = [t.subject for t in editing.statements() if t.predicate == inside and t.object == node(KEYWORDS)]
    return [member for member in members if isinstance(member, ox.NamedNode) and member != term(KEYWORD)][:number]


def loaded(house: House) -> None:
    enter(house, items([permit(keywords=[{"identifier": KEYWORD.lower()}])]))
    assert keywords(house) == {KEYWORD}


@pytest.mark.parametrize("parts", [1, 2])
def test_records_tagged_with_a_replaced_concept_are_tagged_anew(house: House, parts: int) -> None:
    loaded(house)
    with house.ledger() as ledger:
        editing = Editing(ledger, house.mapping.iris)
        new = replacements(editing, parts)
        change = editing.propose(changes.deprecation(editing.statements(), term(KEYWORD), new), author="a", reason="b")
        assert editing.review(change.id).records == {term(KEYWORD): 1}, "the count is shown first"
        editing.approve(change.id, reviewer="li")
        events = ledger.head()
    assert go_on(House.of(house.settings))
    assert keywords(house) == {concept.value.rpartition("/")[2] for concept in new}
    with house.ledger() as ledger:
        [entry] = ledger.history(PERMIT)
        assert entry.source == f"thesaurus change {change.id}"
        assert ledger.head() == events + 1
        assert json.loads(entry.text)["body"]["keywords"] == [{"identifier": KEYWORD.lower()}], "the document stays"
    assert go_on(House.of(house.settings))
    with house.ledger() as ledger:
        assert ledger.head() == events + 1, "once is enough"


def test_a_load_that_an_approval_falls_into_ends_with_the_new_thesaurus(house: House) -> None:
    with house.ledger() as ledger:
        editing = Editing(ledger, house.mapping.iris)
        [new] = replacements(editing, 1)
        change = changes.deprecation(editing.statements(), term(KEYWORD), [new])

    def given() -> Iterator[Raw]:
        yield from items([permit(keywords=[{"identifier": KEYWORD}])])  # type: ignore[misc]
        with house.ledger() as ledger:
            approved(Editing(ledger, house.mapping.iris), change)

    enter(house, given())
    assert keywords(house) == {new.value.rpartition("/")[2]}


def test_the_graph_holds_the_change_its_statements_and_the_version(house: House) -> None:
    enter(house, items([permit()]))
    with house.ledger() as ledger:
        editing = Editing(ledger, house.mapping.iris)
        approved(editing, renamed(editing, "APA"))
    assert go_on(House.of(house.settings))
    newest = house.generations.newest()
    assert newest is not None
    store = ox.Store()
    store.extend(records_and_vocabulary(house.generations.path(newest)))
    asked = """PREFIX ch: <https://w3id.org/clearinghouse/ns#> PREFIX owl: <http://www.w3.org/2002/07/owl#>
      SELECT ?author ?reviewer ?line ?now WHERE { GRAPH ?g { ?change a ch:ThesaurusChange ; ch:changes <%s> ;
      ch:changeStatus ch:Approved ; ch:changeAuthor ?author ; ch:reviewer ?reviewer ; ch:thesaurusVersion 2 ;
      ch:addedStatement ?line } GRAPH <https://w3id.org/clearinghouse/id/thesaurus> { ?t owl:versionInfo ?now } }"""
    [row] = store.query(asked % ABS)  # type: ignore[misc]
    assert [value.value for value in row] == ["amina", "li", f"{label('APA')} .", "2"]  # type: ignore[union-attr]


def test_change_sets_are_not_loaded_from_outside(house: House) -> None:
    with house.ledger() as ledger:
        editing = Editing(ledger, house.mapping.iris)
        change = editing.propose(renamed(editing, "x"), author="amina", reason="Why.")
        [entry] = ledger.history(change.id)
        forged = json.loads(entry.text.replace('"proposed"', '"approved"')) | {"revision": 2}
    outcome = enter(house, items([forged]))
    assert outcome.counts()["refused"] == 1
    with house.ledger() as ledger:
        assert Editing(ledger, house.mapping.iris).version() == 1


APPROVE = """
import sys
from pathlib import Path
from endpoint.house import House
from endpoint.settings import Settings
from loaders.editing import Editing
house = House.of(Settings(data_dir=Path(sys.argv[1])))
with house.ledger() as ledger:
    editing = Editing(ledger, house.mapping.iris)
    print("ready", flush=True)
    editing.approve(sys.argv[2], reviewer="li")
    print("done", flush=True)
"""


def test_an_approval_that_is_killed_is_done_or_not_begun(house: House) -> None:
    loaded(house)
    with house.ledger() as ledger:
        editing = Editing(ledger, house.mapping.iris)
        [new] = replacements(editing, 1)
        delta = changes.deprecation(editing.statements(), term(KEYWORD), [new])
        change = editing.propose(delta, author="amina", reason="Replaced.").id
    for wait in (0.1, 0.4, 0.8, 1.2):
        script = [sys.executable, "-c", APPROVE, str(house.settings.data_dir), change]
        with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
            said = process.stdout.read()
        with house.ledger() as ledger:
            editing = Editing(ledger, house.mapping.iris)
            is_approved = editing.change(change).status == "approved"
            assert editing.version() == (2 if is_approved else 1)
            assert is_approved or "done" not in said
        if is_approved:
            break
    else:
        with house.ledger() as ledger:
            Editing(ledger, house.mapping.iris).approve(change, reviewer="li")
    assert go_on(House.of(house.settings))
    assert keywords(house) == {new.value.rpartition("/")[2]}
