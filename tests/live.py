"""Servers for the tests that meet the endpoint over HTTP only: each listens on the loopback interface."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pyoxigraph as ox
import uvicorn

from endpoint.app import Application
from endpoint.generations import Generations
from endpoint.server import config
from endpoint.settings import Settings

_START = 30.0  # seconds


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
            _until_ready(url)
            yield f"{url}/sparql"
        finally:
            server.should_exit = True
            thread.join(_START)


def _until_ready(url: str) -> None:
    end = time.monotonic() + _START
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{url} was not ready in {_START:g} seconds")
