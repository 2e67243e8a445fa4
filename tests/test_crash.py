"""Whatever kills a load, a publication or a rebuild, and whenever: nothing acknowledged is lost, nothing comes twice.

One process reads contexts and thesaurus once and forks a child for every command, so that kills hit the work and not
the start. Batches are small, so that a kill finds the store in every state.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from conftest import COMMAND, RECORD, Run, enter, graph, items, permit, rows
from live import rounds

from endpoint.generations import OXIGRAPH
from endpoint.house import House, rebuild
from endpoint.settings import Settings
from endpoint.store import APPLIED, META
from loaders.generate import records
from loaders.ledger import Ledger
from loaders.mapping import Mapping
from loaders.sources import read
from ontology.errors import StoreError

RECORDS = 480
KILLS = rounds(50)
LIMIT = 6.0 * KILLS
"""Seconds after which the kills have come to nothing, on a machine however busy."""
DRIVER = """
import os, sys
from pathlib import Path
from endpoint import store
from endpoint.house import House, finish, load, rebuild
from endpoint.settings import Settings
from loaders import gate
from loaders.sources import read

gate.BATCH, store.BATCH, store.BULK = 30, 30, 700
house = House.of(Settings())

def say(text):
    os.write(1, (text + "\\n").encode())

def run(command, path):
    with house.store() as live, house.ledger() as ledger:
        way = house.gate(ledger, agent=command)
        say("begun")
        if command == "load":
            for outcome in load(way, live, read([path])):
                for one in outcome.judged:
                    say(f"loaded {one.document.digest}")
                say("batch")
        elif command == "rebuild":
            rebuild(way, live, lambda count: say("batch"))
        say("finishing")
        finish(way, live)
    say("done")

for line in sys.stdin:
    command, path = line.split()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        run(command, path)
        os._exit(0)
    say(f"pid {pid}")
    os.waitpid(pid, 0)
    say("ended")
"""


class Driver:
    """The forking process: runs commands and kills them some time after they say a word."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.acknowledged: set[str] = set()

    def run(self, command: str, path: Path, word: str = "", delay: float = 0.0) -> bool:
        """Run a command; with a word, kill it `delay` seconds after the word; whether it came to its end."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{command} {path}\n")
        self.process.stdin.flush()
        pid, done, killer = 0, False, None
        for line in self.process.stdout:
            said, _, rest = line.strip().partition(" ")
            if said == "pid":
                pid = int(rest)
            elif said == "loaded":
                self.acknowledged.add(rest)
            elif said == "ended":
                break
            done = done or said == "done"
            if word and said == word and killer is None:
                killer = threading.Timer(delay, _kill, [pid])
                killer.start()
        if killer:
            killer.cancel()
            killer.join()
        return done

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def _kill(pid: int) -> None:
    """Kill a child and what it has started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.fixture
def driver(environment: dict[str, str]) -> Iterator[Driver]:
    started = Driver(environment)
    yield started
    started.close()


@pytest.fixture(scope="module")
def whole(stream: Path, mapping: Mapping) -> House:
    """What one load that nothing cuts off makes of the stream."""
    made = House(Settings(data_dir=stream.parent / "whole"), mapping)
    enter(made, read([str(stream)]))
    return made


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stream") / "records.ndjson"
    with path.open("w", encoding="utf-8") as file:
        for one in records(RECORDS, seed=2, faults=0.1):
            file.write(json.dumps(one.document) + "\n")
    return path


def test_fifty_kills_lose_nothing(house: House, whole: House, driver: Driver, stream: Path) -> None:
    chances = random.Random(50)
    killed: Counter[str] = Counter()
    begun = time.monotonic()
    while killed.total() < KILLS:
        command, word, longest = chances.choice(
            [("load", "begun", 0.4), ("load", "batch", 0.4), ("load", "finishing", 0.3), ("rebuild", "begun", 1.5)]
        )
        if not driver.run(command, stream, word, chances.uniform(0, longest)):
            killed[f"{command} {word}"] += 1
        _check_generations(house)
        with house.ledger() as ledger:
            known = {digest for (digest,) in rows(ledger, "SELECT digest FROM document")}
        assert driver.acknowledged <= known
        assert time.monotonic() - begun < LIMIT, f"{killed} in {LIMIT} seconds"
    assert driver.run("load", stream)
    assert len(killed) == 4, killed
    _check_against_one_load(house, whole)
    before = graph(house)
    assert before == graph(whole)
    with house.store() as store, house.ledger() as ledger:
        rebuild(house.gate(ledger, agent="rebuild"), store)
    assert graph(house) == before


def _check_generations(house: House) -> None:
    """Each generation opens, says what it has applied, and that is its name."""
    for generation in house.generations.all():
        opened = ox.Store.read_only(str(house.generations.path(generation) / OXIGRAPH))
        marks = [quad.object.value for quad in opened.quads_for_pattern(META, APPLIED, None, META)]  # type: ignore[union-attr]
        assert marks == ([str(generation.sequence)] if generation.sequence else [])


def _check_against_one_load(house: House, whole: House) -> None:
    """The ledger is that of one load that nothing has cut off."""
    with house.ledger() as ledger, whole.ledger() as expected:
        for query in (
            "SELECT digest, revision, text FROM document ORDER BY digest",
            "SELECT place, message FROM refusal ORDER BY place, message",
        ):
            assert rows(ledger, query) == rows(expected, query)
        here, there = ({entry.digest: entry.verdict for entry in one.everything()} for one in (ledger, expected))
        assert here == there


def test_readers_only_see_whole_batches(house: House, driver: Driver, stream: Path) -> None:
    seen: set[str] = set()
    ended = threading.Event()
    failures: list[str] = []

    def look() -> None:
        while not ended.is_set():
            newest = house.generations.newest()
            if newest is None or newest.name in seen:
                time.sleep(0.01)
                continue
            try:
                with house.generations.hold(newest) as directory:
                    failures.extend(_half_applied(house, directory, newest.sequence))
            except StoreError:
                continue
            seen.add(newest.name)

    reader = threading.Thread(target=look)
    reader.start()
    lines = stream.read_text(encoding="utf-8").splitlines(keepends=True)
    for part in range(4):
        piece = stream.parent / f"part{part}.ndjson"
        piece.write_text("".join(lines[part * 40 : (part + 1) * 40]), encoding="utf-8")
        assert driver.run("load", piece)
    time.sleep(0.3)
    ended.set()
    reader.join()
    assert len(seen) >= 4
    assert failures == []


def _half_applied(house: House, directory: Path, sequence: int) -> Iterator[str]:
    """What a generation lacks, or has too much, of what the ledger says up to its sequence number."""
    opened = ox.Store.read_only(str(directory / OXIGRAPH))
    accepted = "SELECT record FROM event JOIN document USING (digest) WHERE verdict = 'accepted' AND seq <= ?"
    with house.ledger() as ledger:
        expected = {RECORD + record for (record,) in rows(ledger, accepted, sequence)}
    names = [name.value for name in opened.named_graphs() if isinstance(name, ox.NamedNode)]
    graphs = {name for name in names if name.startswith(RECORD)}
    if graphs != expected:
        yield f"{sequence}: {len(graphs)} records, expected {len(expected)}"
    current = ox.NamedNode("http://purl.org/pav/hasCurrentVersion")
    for name in graphs:
        if len(list(opened.quads_for_pattern(ox.NamedNode(name), current, None, ox.NamedNode(name)))) != 1:
            yield f"{sequence}: {name} is not whole"


def test_a_second_writer_is_refused_clearly(house: House, clearinghouse: Run, tmp_path: Path) -> None:
    enter(house, items([permit()]))
    with house.store():
        for arguments in (("load", "--sample"), ("rebuild",), ("quarantine", "retry")):
            done = clearinghouse(*arguments)
            assert done.returncode == 2
            assert done.stderr.decode().replace("\n", " ").count("being written by another process") == 1
        assert clearinghouse("status").returncode == 0
    assert clearinghouse("rebuild").returncode == 0


def test_a_store_that_was_half_removed_is_built_again(house: House) -> None:
    enter(house, items([permit()]))
    before = graph(house)
    live = house.settings.data_dir / "store"
    for name in sorted(path.name for path in live.iterdir())[::2]:
        (live / name).unlink()
    enter(house, items([permit()]))
    assert graph(house) == before


def test_a_ledger_from_an_older_backup_can_be_rebuilt(house: House, clearinghouse: Run) -> None:
    enter(house, items([permit()]))
    with house.ledger() as ledger:
        ledger.connection.execute("VACUUM INTO ?", (str(house.settings.data_dir / "backup"),))
    enter(house, items([permit(revision=2)]))
    (house.settings.data_dir / "backup").rename(house.settings.data_dir / "ledger.sqlite")
    refused = clearinghouse("load", "--sample")
    assert (refused.returncode, b"rebuild" in refused.stderr) == (2, True)
    refused = clearinghouse("rebuild")
    assert (refused.returncode, b"generations and rebuild" in refused.stderr.replace(b"\n", b" ")) == (2, True)
    shutil.rmtree(house.settings.generations_dir)
    assert clearinghouse("rebuild").returncode == 0
    with Ledger(house.settings.data_dir / "ledger.sqlite") as ledger:
        newest = house.generations.newest()
        assert newest is not None
        assert newest.sequence == ledger.head() == 1


def test_a_kill_of_the_command_itself_loses_nothing(
    house: House, whole: House, environment: dict[str, str], stream: Path
) -> None:
    for seconds in (1.5, 2.5, 3.5):
        process = subprocess.Popen([*COMMAND, "load", str(stream)], env=environment, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        process.kill()
        process.wait()
    done = subprocess.run([*COMMAND, "load", str(stream)], env=environment, capture_output=True, timeout=90)
    assert done.returncode == 1, done.stderr.decode()
    _check_against_one_load(house, whole)
