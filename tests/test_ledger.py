"""The ledger keeps everything once, in order, for ever, and says clearly when it cannot."""

import copy
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PERMIT, Run, gate_of, judge, permit, rows, written

from endpoint.house import House
from loaders.ledger import Ledger
from ontology.errors import IdentifierError, LedgerError

OTHER = "5E7E71C0-AAAA-BBBB-CCCC-000000000002"


@pytest.fixture
def ledger(house: House) -> Iterator[Ledger]:
    with house.ledger() as opened:
        yield opened


def test_events_cannot_be_changed_or_removed(house: House, ledger: Ledger) -> None:
    judge(house, ledger, permit())
    for statement in ("UPDATE event SET verdict = 'accepted'", "DELETE FROM event", "DELETE FROM document"):
        with pytest.raises(sqlite3.IntegrityError):
            ledger.connection.execute(statement)
    assert ledger.head() == 1


def test_the_same_document_adds_nothing(house: House, ledger: Ledger) -> None:
    whole = permit()
    reordered = dict(reversed(whole.items()))
    reordered["body"] = dict(reversed(whole["body"].items()))
    pair = {"info": {key: value for key, value in whole.items() if key != "body"}, "document": whole["body"]}
    outcome = judge(house, ledger, whole, whole, reordered, pair, json.dumps(whole, indent=3), whole["body"])
    assert (len(outcome.judged), outcome.repeated, outcome.refusals) == (1, 5, [])
    again = judge(house, ledger, whole, pair)
    assert (again.judged, again.repeated) == ([], 2)
    assert rows(ledger, "SELECT COUNT(*) FROM document") == rows(ledger, "SELECT COUNT(*) FROM event") == [(1,)]


def test_a_document_is_kept_as_it_came(house: House, ledger: Ledger) -> None:
    text = json.dumps(permit(), indent=1) + " "
    judge(house, ledger, text)
    assert json.loads(ledger.history(PERMIT)[0].text) == json.loads(text)


def test_events_are_in_the_order_of_arrival(house: House, ledger: Ledger) -> None:
    judge(house, ledger, permit(revision=2), permit(OTHER, number=700_002), permit(revision=1))
    assert list(ledger.touched(0)) == [(1, PERMIT), (2, OTHER), (3, PERMIT)]
    assert list(ledger.touched(2)) == [(3, PERMIT)]
    assert [entry.revision for entry in ledger.history(PERMIT)] == [1, 2]


def test_revisions_may_be_missing_and_come_out_of_order(house: House, ledger: Ledger) -> None:
    judge(house, ledger, permit(revision=7))
    judge(house, ledger, permit(revision=2), permit(revision=4))
    assert [entry.revision for entry in ledger.history(PERMIT)] == [2, 4, 7]


def test_of_two_documents_of_one_revision_the_later_received_comes_last(house: House, ledger: Ledger) -> None:
    first, second = permit(title={"en": "First"}), permit(title={"en": "Second"}, unforeseen="x")
    judge(house, ledger, first, second)
    assert [entry.document.body["title"]["en"] for entry in ledger.history(PERMIT)] == ["First", "Second"]


def test_judging_the_earlier_one_again_does_not_put_it_last(house: House, ledger: Ledger) -> None:
    first, second = permit(title={"en": "First"}), permit(title={"en": "Second"})
    judge(house, ledger, first, second)
    gate = gate_of(house, ledger)
    [entry, _] = ledger.history(PERMIT)
    gate.policy = type(gate.policy)(frozenset({"Info", "Warning", "Violation"}))
    assert [judged.verdict for judged in gate.retry([entry])] == ["quarantined"]
    assert [entry.document.body["title"]["en"] for entry in ledger.history(PERMIT)] == ["First", "Second"]


def test_a_verdict_that_changes_is_a_new_event(house: House, ledger: Ledger) -> None:
    judge(house, ledger, permit(government=None))
    assert [entry.verdict for entry in ledger.history(PERMIT)] == ["quarantined"]
    gate = gate_of(house, ledger)
    gate.agent = "later"
    gate.policy = type(gate.policy)(frozenset())
    list(gate.retry(list(ledger.quarantine())))
    assert rows(ledger, "SELECT seq, agent, verdict FROM event") == [
        (1, "test", "quarantined"),
        (2, "later", "accepted"),
    ]
    assert [entry.verdict for entry in ledger.history(PERMIT)] == ["accepted"]
    assert list(ledger.quarantine()) == []


def test_an_unchanged_verdict_is_no_event(house: House, ledger: Ledger) -> None:
    judge(house, ledger, permit(), permit(OTHER, government=None))
    assert list(gate_of(house, ledger).retry(ledger.everything())) == []
    assert ledger.head() == 2


def test_what_the_api_says_is_deleted_is_withdrawn(house: House, ledger: Ledger) -> None:
    judge(house, ledger, permit(), permit() | {"deletedOn": "2021-05-05T00:00:00.000Z"})
    assert [entry.verdict for entry in ledger.history(PERMIT)] == ["accepted", "withdrawn"]


def test_a_deletion_counts_even_where_the_record_breaks_a_rule(house: House, ledger: Ledger) -> None:
    judge(house, ledger, permit(), permit(government=None) | {"deletedOn": "2021-05-05T00:00:00.000Z"})
    assert [entry.verdict for entry in ledger.history(PERMIT)] == ["accepted", "withdrawn"]


@pytest.mark.parametrize(
    "name",
    [
        PERMIT,
        f"{PERMIT}@1",
        f"https://w3id.org/clearinghouse/id/record/{PERMIT}",
        f"https://w3id.org/clearinghouse/id/record/{PERMIT}/1",
        "700001",
        "ABSCH-IRCC-IN-700001",
        "ABSCH-IRCC-IN-700001-1",
        "https://absch.cbd.int/database/IRCC/ABSCH-IRCC-IN-700001",
    ],
)
def test_a_record_is_found_by_any_of_its_names(house: House, ledger: Ledger, name: str) -> None:
    judge(house, ledger, permit())
    assert ledger.guid(name, house.mapping.iris) == PERMIT


@pytest.mark.parametrize("guid", ["52000000cbd01200000f4336", "12345678901234567"])
def test_a_guid_that_looks_like_another_identifier_is_found(house: House, ledger: Ledger, guid: str) -> None:
    judge(house, ledger, permit(guid))
    assert ledger.guid(guid, house.mapping.iris) == guid


def test_a_name_of_nothing_is_refused(house: House, ledger: Ledger) -> None:
    with pytest.raises(IdentifierError, match="no such name"):
        ledger.guid("no such name", house.mapping.iris)
    assert ledger.history(ledger.guid("999999", house.mapping.iris)) == []


def test_bodies_without_a_revision_are_numbered_as_they_come(house: House, ledger: Ledger) -> None:
    bodies = [permit(title={"en": title})["body"] for title in ("One", "Two", "Three")]
    judge(house, ledger, *bodies)
    judge(house, ledger, *bodies)
    assert [(e.revision, e.document.body["title"]["en"]) for e in ledger.history(PERMIT)] == [
        (1, "One"),
        (2, "Two"),
        (3, "Three"),
    ]


def test_an_old_body_is_no_new_revision(house: House, ledger: Ledger) -> None:
    old, new = permit(revision=1), permit(revision=2, title={"en": "New"})
    judge(house, ledger, old, new)
    assert judge(house, ledger, old["body"]).repeated == 1
    assert [entry.revision for entry in ledger.history(PERMIT)] == [1, 2]


def test_what_cannot_be_read_is_noted_once(house: House, ledger: Ledger) -> None:
    for _ in range(2):
        outcome = judge(house, ledger, '{"broken"', "[]", '{"header": {"identifier": "x"}}')
        assert len(outcome.refusals) == 3
    noted = ledger.refusals()
    assert [place for _, _, place, _ in noted] == ["/0", "/1", "/2"]
    assert "not well-formed JSON" in noted[0][3]
    assert ledger.head() == 0


@pytest.mark.parametrize("content", [b"this is no database " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_a_clear_error(house: House, clearinghouse: Run, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "data" / "ledger.sqlite"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=r"ledger\.sqlite: no ledger"):
        house.ledger()
    done = clearinghouse("status")
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert path.read_bytes() == content


def test_a_ledger_cut_short_is_a_clear_error(house: House, clearinghouse: Run, tmp_path: Path) -> None:
    with house.ledger() as ledger:
        judge(house, ledger, *(permit(f"5E7E71C0-AAAA-BBBB-DDDD-{n:012d}", number=800_000 + n) for n in range(30)))
    path = tmp_path / "data" / "ledger.sqlite"
    os.truncate(path, path.stat().st_size // 8192 * 4096)
    done = clearinghouse("status")
    assert done.returncode == 2
    assert "malformed" in done.stderr.decode()


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (name TEXT)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_full_disk_is_a_clear_error_and_loses_nothing(house: House, ledger: Ledger) -> None:
    judge(house, ledger, permit())
    pages = rows(ledger, "PRAGMA page_count")[0][0]
    ledger.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    many = [permit(f"5E7E71C0-AAAA-BBBB-DDDD-{n:012d}", number=800_000 + n) for n in range(50)]
    with pytest.raises(LedgerError, match="full"):
        judge(house, ledger, *many)
    assert ledger.head() == 1
    ledger.connection.execute("PRAGMA max_page_count = 1000000")
    assert len(judge(house, ledger, *many).judged) == 50


def test_a_folder_that_cannot_be_made_is_one_clear_line(clearinghouse: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = written(tmp_path / "one.ndjson", [permit()])
    done = clearinghouse("load", path, DATA_DIR=str(tmp_path / "file" / "data"))
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for the administrator")
def test_a_read_only_folder_is_one_clear_line(clearinghouse: Run, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    path = written(tmp_path / "one.ndjson", [permit()])
    done = clearinghouse("load", path, DATA_DIR=str(tmp_path / "locked" / "data"))
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1


def test_documents_do_not_change_under_the_judges_hands(house: House, ledger: Ledger) -> None:
    whole = permit()
    before = copy.deepcopy(whole)
    judge(house, ledger, whole)
    assert ledger.history(PERMIT)[0].document.body == before["body"]
