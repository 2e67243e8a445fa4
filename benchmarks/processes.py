"""What the benchmarks of servers stand on: tools in an environment of their own, servers started and ended, memory."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
ENVIRONMENT = Path(__file__).parent.parent / ".bench"
"""Where the tools to compare with are installed: beside the project, never into it."""
_STOP_TIMEOUT = 20.0  # seconds for a server to end before it is killed


class UnavailableError(Exception):
    """Something that is to be measured cannot be had here; the text says why."""


def installed(*packages: str) -> Path:
    """The folder of programs of the environment, with these packages in it. UnavailableError when that fails."""
    programs = ENVIRONMENT / "bin"
    noted = ENVIRONMENT / "installed"
    known = set(noted.read_text().split()) if noted.exists() else set()
    if not known.issuperset(packages):
        if not programs.is_dir():
            venv.create(ENVIRONMENT, with_pip=True)
        install = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        result = subprocess.run([*install, *packages], capture_output=True, text=True, check=False)
        if result.returncode:
            raise UnavailableError(f"pip cannot install {' '.join(packages)}: {result.stderr.strip()[-200:]}")
        noted.write_text("\n".join(sorted(known.union(packages))))
    return programs


def program(name: str, package: str) -> str:
    """The path of a program of the system. UnavailableError, naming its Debian package, when it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise UnavailableError(f"{name} is not installed (Debian: apt-get install {package})")
    return found


def own(name: str) -> str:
    """A program installed beside this interpreter."""
    return str(Path(sys.executable).with_name(name))


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class Memory:
    """The largest proportional memory of some processes and their children, of all times it was looked at.

    Proportional: what processes share is counted once; mapped files count as far as they are resident.
    """

    peak: int = 0  # bytes
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def of(self, pid: Callable[[], int | None]) -> Iterator[None]:
        """Look at the process that `pid` tells ten times a second while the block runs."""
        self._ended.clear()
        watcher = threading.Thread(target=self._watch, args=(pid,))
        watcher.start()
        try:
            yield
        finally:
            self._ended.set()
            watcher.join()

    def look(self, pid: int | None) -> None:
        """Look at a process, if there is one, and its descendants."""
        if pid is not None:
            self.peak = max(self.peak, sum(map(proportional, family(pid))))

    def _watch(self, pid: Callable[[], int | None]) -> None:
        while True:
            self.look(pid())
            if self._ended.wait(0.1):
                return


def family(pid: int) -> list[int]:
    """A process and all that descend from it, on Linux."""
    found = [pid]
    with contextlib.suppress(OSError):  # it has ended
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [descendant for child in children.read_text().split() for descendant in family(int(child))]
    return found


def proportional(pid: int) -> int:
    """Bytes of resident memory with what is shared divided among the sharers; 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@dataclass
class Run:
    """What a command took: seconds of wall clock and bytes of memory at its peak."""

    seconds: float
    memory: int


def run(arguments: Sequence[str], log: Path, limit: float, environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end. UnavailableError when it fails, or is not done in `limit` seconds and is killed."""
    memory, began = Memory(), time.monotonic()
    with started(arguments, log, environment=environment) as process, memory.of(lambda: process.pid):
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{Path(arguments[0]).name} was not done after {limit:.0f} s") from None
    if code:
        raise UnavailableError(f"{Path(arguments[0]).name} failed with {code}: {_tail(log)}")
    return Run(time.monotonic() - began, memory.peak)


@contextlib.contextmanager
def started(
    arguments: Sequence[str], log: Path, *, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that writes to a log; it is asked to end when the block does, and killed when it does not."""
    with (
        log.open("ab") as stream,
        subprocess.Popen(
            arguments,
            env={**os.environ, **(environment or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and what it started."""
    descendants = family(process.pid)[1:]
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in descendants:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)


def wait_until_open(port: int, process: "subprocess.Popen[bytes]", log: Path, limit: float = 60.0) -> None:
    """Return when a port takes connections. UnavailableError when the process ends, or after `limit` seconds."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        if process.poll() is not None:
            raise UnavailableError(f"the server ended with {process.returncode}: {_tail(log)}")
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.05)
    raise UnavailableError(f"the server did not listen after {limit:.0f} s: {_tail(log)}")


def disk(*paths: Path) -> int:
    """Bytes that files and folders occupy; what has several names is counted once."""
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    found = {(status.st_dev, status.st_ino): status.st_blocks * 512 for status in (file.lstat() for file in files)}
    return sum(found.values())


def _tail(log: Path) -> str:
    return " ".join(log.read_text(errors="replace").split())[-300:]
