"""Certificates over time: amended, revoked, related, withdrawn; and whatever they said, when they said it."""

import itertools
import json
from pathlib import Path

import pyoxigraph as ox
import pytest
from conftest import PERMIT, RECORD, Json, Run, enter, graph, items, judge, permit, values

from endpoint.house import House, rebuild
from loaders.ledger import Ledger

NS = "https://w3id.org/clearinghouse/ns#"
OTHER = "5E7E71C0-AAAA-BBBB-CCCC-000000000002"


def _amended(revision: int = 2, **body: object) -> Json:
    reason = {"en": f"Reason {revision}", "fr": f"Raison {revision}"}
    return permit(revision=revision, **({"amendmentIntent": 0, "amendmentDescription": reason} | body))


def _revoked(revision: int = 2, **body: object) -> Json:
    return _amended(revision, **({"amendmentIntent": 1} | body))


def _statuses(quads: set[ox.Quad], revisions: int) -> list[set[str]]:
    return [
        {status.removeprefix(NS) for status in values(quads, f"{PERMIT}{end}", "adms#status")}
        for end in ("", *(f"/{number}" for number in range(1, revisions + 1)))
    ]


def test_an_amendment_supersedes_the_revision_before(house: House) -> None:
    enter(house, items([permit(title={"en": "Old"})]))
    assert _statuses(graph(house), 1) == [{"Current"}, {"Current"}]
    enter(house, items([_amended(title={"en": "New"})]))
    quads = graph(house)
    assert _statuses(quads, 2) == [{"Current"}, {"Superseded"}, {"Current"}]
    assert values(quads, PERMIT, "dc/terms/title") == {"New"}
    assert values(quads, PERMIT, "hasCurrentVersion") == {f"{RECORD}{PERMIT}/2"}


def test_the_history_is_in_the_graph(house: House) -> None:
    enter(house, items([permit(), _amended(2), _amended(3)]))
    quads = graph(house)
    assert values(quads, PERMIT, "ns#revision") == {f"{RECORD}{PERMIT}/{number}" for number in (1, 2, 3)}
    for number in (1, 2, 3):
        here = f"{PERMIT}/{number}"
        assert values(quads, here, "revisionNumber") == {str(number)}
        assert values(quads, here, "dc/terms/issued") == {f"2020-01-0{number}T10:00:00Z"}
        assert values(quads, here, "isVersionOf") == {RECORD + PERMIT}
        assert values(quads, here, "previousVersion") == ({f"{RECORD}{PERMIT}/{number - 1}"} if number > 1 else set())
        assert values(quads, here, "isReplacedBy") == ({f"{RECORD}{PERMIT}/{number + 1}"} if number < 3 else set())
    assert values(quads, f"{PERMIT}/3", "amendmentReason") == {"Reason 3", "Raison 3"}


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_revocation_is_for_ever(house: House, after: int) -> None:
    later = [permit(revision=3 + number) for number in range(after)]
    enter(house, items([permit(), _revoked(2), *later]))
    quads = graph(house)
    assert _statuses(quads, 2 + after)[0] == {"Revoked"}
    assert values(quads, f"{PERMIT}/2", "amendmentReason") == {"Reason 2", "Raison 2"}


@pytest.mark.parametrize("intent", [0, 1])
def test_an_amendment_or_revocation_without_its_reason_is_found(house: House, intent: int) -> None:
    with Ledger(":memory:") as ledger:
        judge(house, ledger, permit(revision=2, amendmentIntent=intent))
        assert any("reason" in json.dumps(found["messages"]).lower() for found in ledger.history(PERMIT)[0].report)
        judge(house, ledger, _amended(3, amendmentIntent=intent))
        assert not any("reason" in json.dumps(found["messages"]).lower() for found in ledger.history(PERMIT)[1].report)


def test_related_certificates_are_linked_whether_one_or_many(house: House) -> None:
    third = "5E7E71C0-AAAA-BBBB-CCCC-000000000003"
    enter(
        house,
        items(
            [
                permit(OTHER, number=700_002, relatedIRCC={"identifier": f"{PERMIT}@1"}),
                permit(third, number=700_003, relatedIRCCs=[{"identifier": f"{one}@1"} for one in (PERMIT, OTHER)]),
            ]
        ),
    )
    quads = graph(house)
    assert values(quads, OTHER, "relatedCertificate") == {RECORD + PERMIT}
    assert values(quads, third, "relatedCertificate") == {RECORD + PERMIT, RECORD + OTHER}


def test_revisions_out_of_order_end_in_the_same_graph(house: House, tmp_path: Path) -> None:
    revisions = [permit(title={"en": "1"}), _amended(2, title={"en": "2"}), _revoked(4, title={"en": "4"})]
    graphs = []
    for number, order in enumerate(itertools.permutations(revisions)):
        here = House(house.settings.model_copy(update={"data_dir": tmp_path / str(number)}), house.mapping)
        for document in order if number % 2 else [None]:
            enter(here, items([document] if document else order))
        graphs.append({quad for quad in graph(here) if PERMIT in str(quad.graph_name)})
    assert len(graphs) == 6
    assert all(one == graphs[0] for one in graphs)
    assert values(graphs[0], PERMIT, "dc/terms/title") == {"4"}


def test_a_quarantined_revision_is_no_part_of_the_history(house: House) -> None:
    enter(house, items([permit(), _amended(2, government=None)]))
    assert values(graph(house), PERMIT, "hasCurrentVersion") == {f"{RECORD}{PERMIT}/1"}


def test_a_withdrawn_record_leaves_a_tombstone(house: House) -> None:
    enter(house, items([permit(title={"en": "Gone"})]))
    enter(house, items([permit(title={"en": "Gone"}) | {"deletedOn": "2021-05-05T00:00:00.000Z"}]))
    quads = graph(house)
    assert _statuses(quads, 1)[0] == {"Withdrawn"}
    assert values(quads, PERMIT, "#type") == {f"{NS}Certificate"}
    assert values(quads, PERMIT, "hasCurrentVersion") == {f"{RECORD}{PERMIT}/1"}
    assert not any("Gone" in str(quad.object) for quad in quads)


def test_a_rebuild_from_the_ledger_gives_the_same_graph(house: House) -> None:
    enter(house, items([permit(), _amended(2)]))
    enter(house, items([_revoked(3), permit(OTHER, number=700_002) | {"deletedOn": "2021-05-05T00:00:00.000Z"}]))
    before = graph(house)
    with house.store() as store, house.ledger() as ledger:
        rebuild(house.gate(ledger, agent="rebuild"), store)
    assert graph(house) == before


def test_any_past_revision_is_told_as_it_was(house: House, inside: Run) -> None:
    enter(house, items([permit(title={"en": "Old"})]))
    then = {quad for quad in graph(house) if PERMIT in str(quad.graph_name)}
    enter(house, items([_revoked(2, title={"en": "New"}), _amended(3, title={"en": "Newest"})]))
    for name in (PERMIT, "700001", "ABSCH-IRCC-IN-700001", f"{PERMIT}@2"):
        told = inside("history", name, "--revision", "1")
        assert set(ox.parse(told.stdout, format=ox.RdfFormat.N_QUADS)) == then
    told = inside("history", PERMIT, "--revision", "2", "--format", "jsonld")
    second = set(ox.parse(told.stdout, format=ox.RdfFormat.JSON_LD))
    assert (values(second, PERMIT, "title"), _statuses(second, 2)[0]) == ({"New"}, {"Revoked"})
    unknown = inside("history", PERMIT, "--revision", "9")
    assert (unknown.returncode, b"known are: 1, 2, 3" in unknown.stderr) == (2, True)


def test_what_is_withheld_stays_so_in_a_past_revision(house: House, inside: Run) -> None:
    enter(house, items([permit(subjectMatter={"en": "secret"})]))
    assert b"secret" in inside("history", PERMIT, "--revision", "1").stdout
    enter(house, items([permit(revision=2, subjectMatter=None, subjectMatterConfidential=True)]))
    told = inside("history", PERMIT, "--revision", "1")
    assert told.returncode == 0
    assert b"secret" not in told.stdout


def test_the_history_names_every_revision_and_reason(house: House, inside: Run) -> None:
    enter(house, items([permit(), _amended(2)]))
    head, *lines = inside("history", PERMIT).stdout.decode().splitlines()
    assert head.split("\t") == ["revision", "schema", "verdict", "judged", "source", "reason"]
    assert [(line.split("\t")[0], line.split("\t")[2], line.split("\t")[-1]) for line in lines] == [
        ("1", "accepted", ""),
        ("2", "accepted", "Reason 2"),
    ]
