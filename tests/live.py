"""Servers for the tests that meet the endpoint over HTTP only: each listens on the loopback interface."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pyoxigraph as ox
import uvicorn
from conftest import COMMAND

from endpoint.app import Application
from endpoint.generations import Generations
from endpoint.server import config
from endpoint.settings import Settings

_START = 60.0  # seconds


def rounds(default: int) -> int:
    """How often a test of endurance does it again: `CLEARINGHOUSE_ROUNDS` times where that is set."""
    return int(os.environ.get("CLEARINGHOUSE_ROUNDS", default))


def children(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended; none where it has ended itself."""
    found = []
    with contextlib.suppress(OSError):
        for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(child) for child in tasks.read_text().split()]
    return found


def until(happened: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something has happened; a server that cannot answer just now is asked again."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.HTTPStatusError, httpx.TransportError):
            if happened():
                return
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def halt(pid: int) -> None:
    """Stop a process where it is, until SIGCONT; returns when each of its threads has stopped."""
    os.kill(pid, signal.SIGSTOP)
    states = Path(f"/proc/{pid}/task").glob
    until(lambda: all(re.search(r"\) T ", stat.read_text()) for stat in states("*/stat")))


@dataclass
class Served:
    """A running `clearinghouse serve`; `url` is that of the SPARQL endpoint."""

    process: subprocess.Popen[bytes]
    url: str

    def workers(self) -> list[int]:
        """The processes it has started."""
        return children(self.process.pid)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def serve(directory: Path, port: int = 0, **settings: object) -> Iterator[Served]:
    """`clearinghouse serve` on a data directory, at a free port unless one is given; killed at the end."""
    port = port or free_port()
    named = {f"CLEARINGHOUSE_{name.upper()}": str(value) for name, value in settings.items()}
    environment = {**os.environ, "DATA_DIR": str(directory), "PORT": str(port), **named}
    process = subprocess.Popen(
        [*COMMAND, "serve"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: httpx.get(f"{url}/readyz").status_code == 200, _START)
        yield Served(process, f"{url}/sparql")
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def serving(directory: Path, quads: Iterable[ox.Quad], **settings: Any) -> Iterator[str]:
    """A server whose only generation holds `quads`; yields the address of its SPARQL endpoint."""
    whole = Settings(**{"data_dir": directory, "delivery_timeout": 5.0} | settings)
    store = ox.Store(str(directory / "live"))
    store.extend(list(quads))
    Generations(whole.generations_dir).create(store, 1)
    del store
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config(Application(whole), whole))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            until(lambda: httpx.get(f"{url}/readyz").status_code == 200, _START)
            yield f"{url}/sparql"
        finally:
            server.should_exit = True
            thread.join(_START)
