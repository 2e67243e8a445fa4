"""Which HTTP server carries the service: the same small ASGI application under several, side by side in one run.

    python benchmarks/http_servers.py [--seconds 5] [--rounds 3]

Each server runs as one process on its fastest loop, and is asked by 8 clients for 2 kB from memory. Then each is told
to wait no longer than 2 seconds for anything it has a setting for, and is tried: with half a request head, a body that
does not come, a connection left idle, and a body and a head that are too large. What is printed is what it did.
"""

import argparse
import contextlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import clients
from processes import HOST, Memory, UnavailableError, free_port, installed, started, wait_until_open

BODY = b"x" * 2048
HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"2048")]
PATIENCE = 6.0  # seconds after which a connection counts as kept open
LARGE_BODY, LARGE_HEAD = 64 << 20, 1 << 20  # bytes


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Read whatever the request brings, and answer 2 kB."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


@dataclass(frozen=True)
class Server:
    """How a server is installed, started with a port, and told to wait 2 seconds at most."""

    name: str
    packages: tuple[str, ...]
    command: str
    limits: str


SERVERS = (
    Server(
        "uvicorn, httptools and uvloop",
        ("uvicorn", "httptools", "uvloop"),
        "uvicorn http_servers:app --host 127.0.0.1 --port {port} --http httptools --loop uvloop --log-level error",
        "--timeout-keep-alive 2",
    ),
    Server(
        "uvicorn, h11 and asyncio",
        ("uvicorn",),
        "uvicorn http_servers:app --host 127.0.0.1 --port {port} --http h11 --loop asyncio --log-level error",
        "--timeout-keep-alive 2",
    ),
    Server(
        "hypercorn, uvloop",
        ("hypercorn", "uvloop"),
        "hypercorn http_servers:app --bind 127.0.0.1:{port} --worker-class uvloop --log-level error",
        "--keep-alive 2 --read-timeout 2",
    ),
    Server(
        "granian, uvloop",
        ("granian", "uvloop"),
        "granian http_servers:app --interface asginl --host 127.0.0.1 --port {port} --loop uvloop --no-ws --no-log",
        "--http1-header-read-timeout 2000",
    ),
)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load in each round")
    parser.add_argument("--rounds", type=int, default=3, help="in turn over the servers; the median counts")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is ended too
    with tempfile.TemporaryDirectory() as directory:
        rates = fastest(given.rounds, given.seconds, Path(directory))
        kept = {server.name: limits(server, Path(directory)) for server in SERVERS if server.name in rates}
    print(f"\n{clients.CLIENTS} clients ({clients.tool()}), 2 kB; median of {given.rounds} x {given.seconds:.0f} s\n")
    print("| server | requests/s | against the first | p99 ms | MiB |\n|---|--:|--:|--:|--:|")
    base = next(iter(rates.values()))[0]
    for name, (rate, p99, memory) in rates.items():
        print(f"| {name} | {rate:,.0f} | {rate / base:.2f} | {1000 * p99:.2f} | {memory / 2**20:.0f} |")
    print(f"\n| server | {' | '.join(TRIALS)} |\n|---|{'---|' * len(TRIALS)}")
    for name, found in kept.items():
        print(f"| {name} | {' | '.join(found)} |")


def fastest(rounds: int, seconds: float, scratch: Path) -> dict[str, tuple[float, float, int]]:
    """Requests per second, 99th percentile in seconds, and peak bytes of memory; the servers take turns."""
    found: dict[str, list[clients.Load]] = {}
    memory: dict[str, Memory] = {}
    for _ in range(rounds):
        for server in SERVERS:
            try:
                with (
                    running(server, "", scratch) as (port, process),
                    memory.setdefault(server.name, Memory()).of(partial(getattr, process, "pid")),
                ):
                    clients.load(port, ["/"], "*/*", 1, scratch)
                    found.setdefault(server.name, []).append(clients.load(port, ["/"], "*/*", seconds, scratch))
            except UnavailableError as error:
                print(f"left out: {server.name}: {error}")
    failed = {name: sum(load.failed for load in loads) for name, loads in found.items()}
    for name, count in failed.items():
        if count:
            print(f"{name}: {count} requests failed")
    return {
        name: (
            statistics.median(load.rate for load in loads),
            statistics.median(load.p99 for load in loads),
            memory[name].peak,
        )
        for name, loads in found.items()
    }


@contextlib.contextmanager
def running(server: Server, more: str, scratch: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A server; yields its port and its process."""
    programs, port, log = installed(*server.packages), free_port(), scratch / "server.log"
    name, *arguments = f"{server.command.format(port=port)} {more}".split()
    with started([str(programs / name), *arguments], log, cwd=Path(__file__).parent) as process:
        wait_until_open(port, process, log)
        yield port, process


def limits(server: Server, scratch: Path) -> list[str]:
    """What the server does in each trial when its limits are set."""
    with running(server, server.limits, scratch) as (port, _):
        return [trial(port) for trial in TRIALS.values()]


def half_a_head(port: int) -> str:
    """Send the beginning of a request and nothing more."""
    return _until_closed(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")


def dripping_head(port: int) -> str:
    """Send a header line every second, for ever."""
    with socket.create_connection((HOST, port), PATIENCE) as connection, contextlib.suppress(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            connection.sendall(b"X-Slow: 1\r\n")
            connection.settimeout(1)
            with contextlib.suppress(TimeoutError):
                connection.recv(1 << 16)
                return f"closed after {time.monotonic() - began:.0f} s"
        return "open"
    return "closed"


def stalled_body(port: int) -> str:
    """Announce a body that does not come."""
    return _until_closed(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")


def idle(port: int) -> str:
    """Get an answer, and keep the connection."""
    return _until_closed(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def large_body(port: int) -> str:
    """Send a body of 64 MiB."""
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGE_BODY}\r\n\r\n".encode()
    return _sent(port, head, b"y" * LARGE_BODY)


def large_head(port: int) -> str:
    """Send a header line of 1 MiB."""
    return _sent(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Large: ", b"y" * LARGE_HEAD + b"\r\n\r\n")


TRIALS: dict[str, Callable[[int], str]] = {
    "half a head": half_a_head,
    "a head in drips": dripping_head,
    "a body that stalls": stalled_body,
    "idle connection": idle,
    "body of 64 MiB": large_body,
    "head of 1 MiB": large_head,
}


def _until_closed(port: int, sent: bytes) -> str:
    with socket.create_connection((HOST, port), PATIENCE) as connection:
        connection.sendall(sent)
        began = time.monotonic()
        try:
            got = connection.recv(1 << 16)
            while got:
                got = connection.recv(1 << 16)
        except TimeoutError:
            return "open"
        except ConnectionResetError:
            pass  # closed as well
        return f"closed after {time.monotonic() - began:.0f} s"


def _sent(port: int, head: bytes, body: bytes) -> str:
    with socket.create_connection((HOST, port), PATIENCE) as connection:
        try:
            connection.sendall(head + body)
        except OSError:
            return "cut off"
        try:
            status = connection.recv(1 << 16).split(b" ")[1:2]
        except (TimeoutError, ConnectionResetError):
            return "cut off"
    return f"status {status[0].decode()}" if status else "cut off"


if __name__ == "__main__":
    main()
