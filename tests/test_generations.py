"""Generations appear whole, are held by their readers, and go when nobody needs them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from endpoint.generations import OXIGRAPH, Generation, Generations
from ontology.errors import StoreError


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    return Generations(tmp_path / "generations")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ox.Store]:
    yield ox.Store(str(tmp_path / "live"))


def _quad(number: int) -> ox.Quad:
    record = ox.NamedNode(f"https://example.org/{number}")
    return ox.Quad(record, ox.NamedNode("https://example.org/number"), ox.Literal(number), record)


def _content(generations: Generations, generation: Generation) -> set[ox.Quad]:
    return set(ox.Store.read_only(str(generations.path(generation) / OXIGRAPH)))


class _FailingStore:
    """A store whose copy breaks off in the middle."""

    def backup(self, target_directory: str) -> None:
        Path(target_directory).mkdir()
        (Path(target_directory) / "000001.sst").write_bytes(b"half")
        raise OSError("no space left on device")


_HOLD = """
import sys
from pathlib import Path
from endpoint.generations import Generation, Generations
with Generations(Path(sys.argv[1])).hold(Generation.named(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def reader(generations: Generations, store: ox.Store) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds generation 1."""
    generations.create(store, 1)
    arguments = [sys.executable, "-c", _HOLD, str(generations.directory), "1"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_before_the_first_generation_there_is_no_newest(generations: Generations) -> None:
    assert generations.newest() is None
    assert generations.all() == []
    assert generations.prune() == []


def test_a_generation_holds_what_the_store_held_at_that_moment(generations: Generations, store: ox.Store) -> None:
    store.add(_quad(1))
    first = generations.create(store, 1)
    store.add(_quad(2))
    second = generations.create(store, 2)
    assert _content(generations, first) == {_quad(1)}
    assert _content(generations, second) == {_quad(1), _quad(2)}
    assert generations.newest() == second


def test_generations_are_ordered_by_number_not_by_letters(generations: Generations, store: ox.Store) -> None:
    for sequence in (2, 9, 10):
        generations.create(store, sequence)
    assert [generation.name for generation in generations.all()] == ["2", "9", "10"]


def test_a_rebuild_from_the_same_entries_is_a_generation_of_its_own(generations: Generations, store: ox.Store) -> None:
    before = generations.create(store, 12)
    store.add(_quad(1))
    after = generations.create(store, 12)
    assert (before.name, after.name) == ("12", "12-1")
    assert generations.newest() == after
    assert generations.create(store, 13) > after


def test_an_older_sequence_is_refused(generations: Generations, store: ox.Store) -> None:
    generations.create(store, 3)
    with pytest.raises(StoreError, match="older than the newest"):
        generations.create(store, 2)


@pytest.mark.parametrize("name", ["", "01", "1-0", "-1", "1-", "x", ".building-1", "1.lock", "٣"])
def test_other_names_in_the_directory_are_no_generations(name: str) -> None:
    assert Generation.named(name) is None


def test_a_name_leads_back_to_its_generation() -> None:
    for generation in (Generation(0), Generation(7), Generation(7, 2)):
        assert Generation.named(generation.name) == generation


def test_a_copy_that_fails_leaves_no_generation_and_is_swept_by_the_next(
    generations: Generations, store: ox.Store
) -> None:
    with pytest.raises(StoreError, match="no space left"):
        generations.create(_FailingStore(), 1)
    assert generations.newest() is None
    assert list(generations.directory.iterdir()) != []
    generations.create(store, 1)
    assert [entry.name for entry in generations.directory.iterdir()] == ["1"]


def test_pruning_keeps_the_newest(generations: Generations, store: ox.Store) -> None:
    for sequence in (1, 2, 3, 4):
        generations.create(store, sequence)
    assert generations.prune(keep=2) == [Generation(1), Generation(2)]
    assert generations.all() == [Generation(3), Generation(4)]
    with pytest.raises(ValueError, match="at least one"):
        generations.prune(keep=0)


def test_a_held_generation_survives_pruning_until_it_is_let_go(generations: Generations, store: ox.Store) -> None:
    store.add(_quad(1))
    first = generations.create(store, 1)
    generations.create(store, 2)
    with generations.hold(first) as path:
        assert generations.prune(keep=1) == []
        assert set(ox.Store.read_only(str(path / OXIGRAPH))) == {_quad(1)}
    assert generations.prune(keep=1) == [first]


def test_a_hold_of_another_process_counts(
    generations: Generations, store: ox.Store, reader: subprocess.Popen[str]
) -> None:
    generations.create(store, 2)
    assert generations.prune(keep=1) == []
    reader.communicate()
    assert generations.prune(keep=1) == [Generation(1)]


def test_a_hold_ends_with_a_process_that_is_killed(
    generations: Generations, store: ox.Store, reader: subprocess.Popen[str]
) -> None:
    generations.create(store, 2)
    reader.send_signal(signal.SIGKILL)
    reader.wait()
    assert generations.prune(keep=1) == [Generation(1)]


def test_what_is_not_there_cannot_be_held(generations: Generations) -> None:
    with pytest.raises(StoreError, match=r"generation 5 .* is not there"), generations.hold(Generation(5)):
        pass


def test_a_removal_that_was_cut_off_is_finished_by_the_next(generations: Generations, store: ox.Store) -> None:
    generations.create(store, 1)
    (generations.directory / ".removing-0").mkdir()
    generations.prune()
    assert [entry.name for entry in generations.directory.iterdir()] == ["1"]
