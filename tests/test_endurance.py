"""Everything at once: records are loaded and queries answered while processes are killed, or the disk is full."""

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx2 as httpx
import pytest
from conftest import COMMAND
from live import Served, children, free_port, rounds, serve, until

from loaders.generate import records

CHUNKS, CHUNK = 6, 40  # files of so many records
COUNT = "SELECT (COUNT(*) AS ?n) { GRAPH ?record { ?record <http://www.w3.org/ns/adms#status> ?status } }"
ACCEPT = {"Accept": "text/csv", "Cache-Control": "no-cache"}


@pytest.fixture(scope="module")
def chunks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    directory = tmp_path_factory.mktemp("chunks")
    documents = [json.dumps(one.document) for one in records(CHUNKS * CHUNK, seed=5)]
    files = []
    for number in range(CHUNKS):
        files.append(directory / f"{number}.ndjson")
        files[-1].write_text("\n".join(documents[number * CHUNK : (number + 1) * CHUNK]), encoding="utf-8")
    return files


def entered(data: Path) -> tuple[int, int]:
    """How many documents the ledger has, and the number of its last event."""
    with contextlib.closing(sqlite3.connect(data / "ledger.sqlite")) as ledger:
        [(documents,)] = ledger.execute("SELECT COUNT(*) FROM document")
        [(last,)] = ledger.execute("SELECT MAX(seq) FROM event")
    return documents, last


def load(data: Path, *files: Path) -> "subprocess.Popen[str]":
    """`clearinghouse load`, just started."""
    environment = {**os.environ, "DATA_DIR": str(data)}
    command = [*COMMAND, "load", *map(str, files)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def loaded(data: Path, *files: Path) -> None:
    """`clearinghouse load`, to its end."""
    loader = load(data, *files)
    said, _ = loader.communicate(timeout=120)
    assert loader.returncode == 0, said


def verified(data: Path) -> str:
    environment = {**os.environ, "DATA_DIR": str(data)}
    return subprocess.run([*COMMAND, "verify"], env=environment, capture_output=True, text=True, timeout=120).stderr


def count(url: str) -> tuple[str, int]:
    """The generation that answers and how many records it has."""
    answer = httpx.get(url, params={"query": COUNT}, headers=ACCEPT, timeout=30)
    answer.raise_for_status()
    return answer.headers["Clearinghouse-Generation"], int(answer.text.split()[1])


def up_to_date(url: str, data: Path) -> bool:
    """Whether the graph of all that is entered answers."""
    return sequence(count(url)[0]) == entered(data)[1]


def sequence(generation: str) -> int:
    return int(generation.split("-")[0])


class Readers:
    """Clients who ask all the time: a generation is always the same, and the next one is never older."""

    def __init__(self, url: str) -> None:
        self._url, self._ended = url, threading.Event()
        self.seen: dict[str, int] = {}
        self.wrong: list[str] = []
        self._threads = [threading.Thread(target=self._read) for _ in range(2)]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        newest = 0
        while not self._ended.wait(0.02):
            try:
                generation, found = count(self._url)
            except httpx.TransportError:
                continue  # the server was killed
            except httpx.HTTPStatusError as error:
                if error.response.status_code not in (422, 503):  # the worker was killed, or none is there yet
                    self.wrong.append(error.response.text)
                continue
            if self.seen.setdefault(generation, found) != found or sequence(generation) < newest:
                self.wrong.append(f"{found} records in {generation} after {newest}: {self.seen}")
            newest = sequence(generation)


def kill(victim: str, server: Served, loader: "subprocess.Popen[str]") -> bool:
    """Kill the server, one of its workers, the command that loads or the process that judges for it, if it is there."""
    match victim:
        case "server":
            pids = [server.process.pid]
        case "worker":
            pids = server.workers()[:1]
        case "loader":
            pids = [loader.pid] if loader.poll() is None else []
        case _:
            pids = children(loader.pid)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


def test_whatever_is_killed_answers_are_whole_and_nothing_is_lost(tmp_path: Path, chunks: list[Path]) -> None:
    chance, killed, done = random.Random(11), Counter[str](), {chunks[0]}
    data = tmp_path / "data"
    loaded(data, chunks[0])
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serve(data, port := free_port()))
        with Readers(server.url) as readers:
            for number in range(rounds(8)):
                victim = ("server", "worker", "loader", "judge")[number % 4]
                chunk = chunks[number % CHUNKS]
                loader = load(data, chunk)
                time.sleep(chance.uniform(0.5, 4))
                killed[victim] += kill(victim, server, loader)
                said, _ = loader.communicate(timeout=120)
                if loader.returncode == 0:
                    done.add(chunk)
                assert loader.returncode == 0 or victim in ("loader", "judge"), said
                if victim == "server":
                    server.process.wait()
                    server = stack.enter_context(serve(data, port))
                if loader.returncode == 0:
                    until(partial(up_to_date, server.url, data))
                assert entered(data)[0] >= CHUNK * len(done)
                assert not readers.wrong
            loaded(data, *chunks)
            until(partial(up_to_date, server.url, data))
        assert not readers.wrong
    assert entered(data)[0] == CHUNK * CHUNKS
    assert len(readers.seen) > 1
    assert killed["server"], killed
    assert killed["worker"], killed
    assert "no faults" in verified(data)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a file system of its own needs the rights of an administrator")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_on_a_full_disk_the_published_graph_is_served_and_loading_goes_on_when_there_is_room(
    small_disk: Path, chunks: list[Path]
) -> None:
    data, ballast = small_disk / "data", small_disk / "ballast"
    loaded(data, chunks[0])
    with serve(data) as server:
        before = count(server.url)
        for left in (2_000_000, 300_000, 0):
            ballast.write_bytes(b"")
            with contextlib.suppress(OSError):
                ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - left))
            loader = load(data, *chunks)
            said, _ = loader.communicate(timeout=120)
            assert loader.returncode == 2, said
            assert "Traceback" not in said
            assert count(server.url) == before, said
            with serve(data) as another:
                assert count(another.url) == before
        ballast.unlink()
        loaded(data, *chunks)
        until(partial(up_to_date, server.url, data))
    assert entered(data)[0] == CHUNK * CHUNKS
    assert "no faults" in verified(data)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
def test_a_server_that_starts_makes_anew_what_is_damaged(
    harm: Callable[[Path], None], tmp_path: Path, chunks: list[Path]
) -> None:
    data = tmp_path / "data"
    loaded(data, chunks[0])
    with serve(data) as server:
        before = count(server.url)
    for store in ("generations", "store"):
        harm(max((data / store).rglob("*.sst"), key=lambda file: file.stat().st_size))
    with serve(data) as server:
        assert count(server.url)[1] == before[1]
        assert up_to_date(server.url, data)
        loaded(data, chunks[1])
        until(partial(up_to_date, server.url, data))
    assert "no faults" in verified(data)
