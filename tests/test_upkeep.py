"""Backups are whole or refused, and damage of a store is found before anybody reads it."""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from errno import ENOSPC
from pathlib import Path

import pytest
from conftest import Run, enter, graph, items, judge, permit

from endpoint import seals
from endpoint.cli import app
from endpoint.generations import OXIGRAPH
from endpoint.house import House, go_on
from endpoint.upkeep import app as upkeep
from endpoint.verification import checked

Damage = Callable[[Path], None]


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands are there, wherever the command line takes them from."""
    monkeypatch.setattr(app, "registered_commands", app.registered_commands + upkeep.registered_commands)


@pytest.fixture
def filled(house: House, sample_house: House) -> House:
    """A house of its own with the bundled records."""
    shutil.copytree(sample_house.settings.data_dir, house.settings.data_dir)
    return house


def _truncate_manifest(store: Path) -> None:
    [manifest] = store.glob("MANIFEST-*")
    manifest.write_bytes(manifest.read_bytes()[: manifest.stat().st_size // 3])


def _zero_a_block(store: Path) -> None:
    largest = max(store.glob("*.sst"), key=lambda path: path.stat().st_size)
    with largest.open("r+b") as file:
        file.seek(largest.stat().st_size // 4)
        file.write(bytes(512))


def _delete_a_sorted_file(store: Path) -> None:
    max(store.glob("*.sst"), key=lambda path: path.stat().st_size).unlink()


def _empty_current(store: Path) -> None:
    (store / "CURRENT").write_bytes(b"")


def _remove_everything(store: Path) -> None:
    for path in store.iterdir():
        path.unlink()


DAMAGES = [_truncate_manifest, _zero_a_block, _delete_a_sorted_file, _empty_current, _remove_everything]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_generation_is_found_at_the_start_and_made_anew(filled: House, damage: Damage) -> None:
    before, newest = graph(filled), filled.generations.newest()
    assert newest is not None
    damage(filled.generations.path(newest) / OXIGRAPH)
    found = checked(filled)
    assert found.faults and all("is damaged" in fault for fault in found.faults)
    assert found.generation is not None and found.generation > newest
    assert filled.generations.all() == [found.generation]
    assert graph(filled) == before
    assert checked(filled).faults == []


@pytest.mark.parametrize("damage", DAMAGES[:-1])
def test_a_damaged_live_store_is_found_at_the_start_and_made_anew(filled: House, damage: Damage) -> None:
    before = graph(filled)
    damage(filled.settings.data_dir / "store")
    assert any("live store is damaged" in fault for fault in checked(filled).faults)
    assert checked(filled).faults == []
    enter(filled, items([permit()]))
    assert graph(filled) > before
    assert checked(filled).faults == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_load_into_a_damaged_live_store_publishes_the_whole_graph(filled: House, damage: Damage) -> None:
    before = graph(filled)
    damage(filled.settings.data_dir / "store")
    enter(filled, items([permit()]))
    assert graph(filled) > before
    assert checked(filled).faults == []


def test_a_damaged_file_that_both_stores_share_is_found_in_both(house: House) -> None:
    enter(house, items([permit()]))
    before, newest = graph(house), house.generations.newest()
    assert newest is not None
    damaged = house.generations.path(newest) / OXIGRAPH
    assert any(path.stat().st_nlink > 1 for path in damaged.glob("*.sst"))
    _zero_a_block(damaged)
    found = checked(house).faults
    assert any("generation" in fault for fault in found) and any("live store" in fault for fault in found)
    assert graph(house) == before


def test_a_sound_house_is_left_alone(filled: House) -> None:
    newest = filled.generations.newest()
    found = checked(filled)
    assert (found.faults, found.generation) == ([], newest)


def test_a_house_without_a_graph_has_nothing_to_check(house: House) -> None:
    found = checked(house)
    assert (found.faults, found.generation) == ([], None)


def test_a_generation_without_a_list_of_its_files_is_not_trusted(filled: House) -> None:
    before, newest = graph(filled), filled.generations.newest()
    assert newest is not None
    (filled.generations.path(newest) / seals.NAME).unlink()
    assert checked(filled).faults == [f"generation {newest.name} is damaged: it has no list of its files"]
    assert graph(filled) == before


def test_a_graph_that_was_published_with_too_few_records_is_made_anew(filled: House) -> None:
    before = graph(filled)
    with filled.store() as store:
        some = next(name for name in store._store.named_graphs() if "/id/record/" in str(name))  # type: ignore[attr-defined]
        store._store.remove_graph(some)  # type: ignore[attr-defined]
        store.publish(keep=1)  # type: ignore[call-arg]
    assert graph(filled) < before
    [fault] = checked(filled).faults
    assert "is not what the ledger says" in fault
    assert graph(filled) == before


def test_the_server_does_not_trust_a_damaged_generation_while_a_load_runs(filled: House) -> None:
    before, newest = graph(filled), filled.generations.newest()
    assert newest is not None
    with filled.store() as store:
        _empty_current(filled.generations.path(newest) / OXIGRAPH)
        assert checked(filled).generation is None
        store.publish()
    assert graph(filled) == before


def test_a_store_left_by_a_crash_starts_from_the_newest_generation(filled: House) -> None:
    before, live = graph(filled), filled.settings.data_dir / "store"
    (live / seals.NAME).unlink()
    (live / "CURRENT").write_bytes(b"")
    enter(filled, items([permit()]))
    assert graph(filled) > before


def test_a_backup_taken_while_a_load_goes_on_is_restored_to_the_same_graph(
    filled: House, inside: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    before = graph(filled)
    with filled.store():
        done = inside("backup", str(tmp_path / "copy"))
    assert done.returncode == 0, done.stderr.decode()
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        "generations",
        "ledger.sqlite",
        "manifest.json",
    ]
    manifest = json.loads((tmp_path / "copy" / "manifest.json").read_text())
    assert int(manifest["generation"]) <= manifest["sequence"]
    assert "ledger.sqlite" in manifest["files"]
    shutil.rmtree(filled.settings.data_dir)
    assert inside("restore", str(tmp_path / "copy")).returncode == 0
    assert graph(filled) == before
    assert inside("verify").returncode == 0


def test_a_backup_stays_what_it_is_when_the_house_goes_on(filled: House, inside: Run, tmp_path: Path) -> None:
    before = graph(filled)
    assert inside("backup", str(tmp_path / "copy")).returncode == 0
    enter(filled, items([permit()]))
    shutil.rmtree(filled.settings.data_dir)
    assert inside("restore", str(tmp_path / "copy")).returncode == 0
    enter(filled, items([permit()]))
    assert graph(filled) > before


def test_a_generation_behind_the_restored_ledger_is_caught_up(house: House, inside: Run, tmp_path: Path) -> None:
    enter(house, items([permit()]))
    with house.store(), house.ledger() as ledger:
        judge(house, ledger, permit("5E7E71C0-AAAA-BBBB-CCCC-000000000002", number=700_002))
    assert inside("backup", str(tmp_path / "copy")).returncode == 0
    shutil.rmtree(house.settings.data_dir)
    assert inside("restore", str(tmp_path / "copy")).returncode == 0
    restored = House(house.settings, house.mapping)
    assert checked(restored).faults == []
    assert go_on(restored)
    newest = restored.generations.newest()
    with restored.ledger() as ledger:
        assert newest is not None and newest.sequence == ledger.head() == 2
    assert inside("verify").returncode == 0


def test_where_nothing_can_be_written_the_published_graph_stays_unless_it_holds_what_is_withheld(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: House) -> None:
        raise OSError(ENOSPC, "No space left on device")

    enter(house, items([permit()]))
    published = house.newest()
    with house.ledger() as ledger:
        judge(house, ledger, permit("5E7E71C0-AAAA-BBBB-CCCC-000000000002", number=700_002))
    monkeypatch.setattr(House, "store", full)
    assert not go_on(house)
    assert house.newest() == published
    with house.ledger() as ledger:
        ledger.connection.execute("PRAGMA user_version = 1")
    with pytest.raises(OSError, match="No space left"):
        go_on(house)


def test_a_generation_that_may_hold_redacted_text_is_not_copied(filled: House, inside: Run, tmp_path: Path) -> None:
    with filled.ledger() as ledger:
        ledger.connection.execute("PRAGMA user_version = 1")
    done = inside("backup", str(tmp_path / "copy"))
    assert b"no generation" in done.stdout
    assert not (tmp_path / "copy" / "generations").exists()


def test_a_restore_into_a_filled_directory_is_refused(filled: House, inside: Run, tmp_path: Path) -> None:
    assert inside("backup", str(tmp_path / "copy")).returncode == 0
    before = graph(filled)
    done = inside("restore", str(tmp_path / "copy"))
    assert (done.returncode, b"is not an empty folder" in done.stderr) == (2, True)
    assert graph(filled) == before


def test_a_backup_over_something_is_refused(filled: House, inside: Run, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "letter.txt").write_text("dear", encoding="utf-8")
    done = inside("backup", str(tmp_path / "copy"))
    assert (done.returncode, b"is not an empty folder" in done.stderr) == (2, True)


@pytest.mark.parametrize("name", ["ledger.sqlite", "manifest.json", "CURRENT"])
def test_a_damaged_backup_is_refused_before_anything_is_written(
    filled: House, inside: Run, tmp_path: Path, name: str
) -> None:
    assert inside("backup", str(tmp_path / "copy")).returncode == 0
    [path] = (tmp_path / "copy").rglob(name)
    path.write_bytes(path.read_bytes()[:-7])
    shutil.rmtree(filled.settings.data_dir)
    done = inside("restore", str(tmp_path / "copy"))
    assert done.returncode == 2
    assert re.search(rb"is\s+damaged|cannot\s+be\s+read", done.stderr)
    assert not filled.settings.data_dir.exists()


def test_a_folder_that_is_no_backup_is_refused(inside: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = inside("restore", str(tmp_path / "empty"))
    assert (done.returncode, b"is no backup" in done.stderr) == (2, True)


def test_a_backup_of_another_base_iri_is_refused(
    filled: House, inside: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert inside("backup", str(tmp_path / "copy")).returncode == 0
    shutil.rmtree(filled.settings.data_dir)
    environment["CLEARINGHOUSE_BASE_IRI"] = "https://example.org/"
    done = inside("restore", str(tmp_path / "copy"))
    assert (done.returncode, b"base IRI" in done.stderr) == (2, True)


def test_a_sound_house_verifies(filled: House, inside: Run) -> None:
    done = inside("verify")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"no faults" in done.stderr


def test_redacted_documents_verify(house: House, inside: Run) -> None:
    first = permit(subjectMatter={"en": "A beetle"})
    enter(house, items([first, permit(revision=2, subjectMatterConfidential=True, subjectMatter=None)]))
    with house.ledger() as ledger:
        assert ledger.connection.execute("SELECT COUNT(*) FROM redacted").fetchone()[0] > 0
    done = inside("verify")
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_text_that_was_changed_is_found(filled: House, inside: Run) -> None:
    with filled.ledger() as ledger:
        ledger.connection.execute("UPDATE document SET text = replace(text, '2020', '2021') WHERE schema = 'absPermit'")
    done = inside("verify")
    assert done.returncode == 1
    assert b"is not what was received" in done.stdout


def test_a_text_that_nothing_can_be_made_of_is_found(house: House, inside: Run) -> None:
    enter(house, items([permit()]))
    with house.ledger() as ledger:
        ledger.connection.execute("UPDATE document SET text = replace(text, 'absPermit', 'absPermits')")
    done = inside("verify")
    assert (done.returncode, b"cannot be compared" in done.stdout) == (1, True)


def test_a_damaged_ledger_file_is_found(filled: House, inside: Run) -> None:
    path = filled.settings.data_dir / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(bytes(4096 * 4))
    done = inside("verify")
    assert done.returncode in (1, 2)
    assert done.stdout + done.stderr


def test_a_graph_with_another_statement_is_found(filled: House, inside: Run) -> None:
    with filled.store() as store:
        live = store._store  # type: ignore[attr-defined]
        some = next(quad for quad in live if "/id/record/" in str(quad.graph_name))
        live.remove(some)
        store.publish(keep=1)  # type: ignore[call-arg]
    assert checked(filled).faults == []  # the count of records is the same
    done = inside("verify")
    assert done.returncode == 1
    assert b"0 statements too many, 1 missing" in done.stdout


@pytest.mark.parametrize("damage", [_truncate_manifest, _delete_a_sorted_file])
def test_verify_finds_damaged_files(filled: House, inside: Run, damage: Damage) -> None:
    newest = filled.generations.newest()
    assert newest is not None
    damage(filled.generations.path(newest) / OXIGRAPH)
    done = inside("verify")
    assert done.returncode == 1
    assert b"is damaged" in done.stdout


def test_without_records_there_is_nothing_to_copy(inside: Run, tmp_path: Path) -> None:
    for arguments in (("backup", str(tmp_path / "copy")), ("verify",)):
        done = inside(*arguments)
        assert (done.returncode, b"there are no records" in done.stderr.replace(b"\n", b" ")) == (2, True)
    assert not (tmp_path / "copy").exists()
