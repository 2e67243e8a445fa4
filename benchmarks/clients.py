"""The clients of the benchmarks: one connection that times an answer, and several that count how many come in a second.

Load comes from `wrk` where it is installed, since a client in Python takes more of the processors than the fast servers
do; where it is not, eight processes of the connection below take its place.
"""

import json
import select
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from processes import HOST

CLIENTS = 8
LUA = Path(__file__).with_name("paths.lua")
_END_OF_CHUNKS = b"0\r\n\r\n"


class RequestFailedError(Exception):
    """No whole answer came: the text says why."""


@dataclass(frozen=True)
class Reply:
    """An answer, with the seconds from sending the request to the first byte of its body and to its last."""

    status: int
    headers: dict[str, str]
    body: bytes
    first: float
    last: float


class Connection:
    """A kept-alive HTTP/1.1 connection that reads what comes as fast as it comes and looks at it afterwards."""

    def __init__(self, port: int, timeout: float) -> None:
        self.timeout = timeout
        self._socket = socket.create_connection((HOST, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_open(self) -> bool:
        """Whether the server has not hung up, as some do after seconds of silence."""
        return not select.select([self._socket], [], [], 0)[0]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def get(self, path: str, accept: str, extra: str = "") -> Reply:
        """GET a path; `extra` are header lines that end with CRLF. RequestFailedError when no whole answer comes."""
        return self.exchange(request(path, accept, extra))

    def exchange(self, sent: bytes) -> Reply:
        """Send a request and read its answer. RequestFailedError when it does not come whole in time."""
        began = time.perf_counter()
        try:
            self._socket.settimeout(self.timeout)
            self._socket.sendall(sent)
            head, rest = self._head(began)
            status, headers = _parsed(head)
            if not rest and headers.get("content-length") != "0":
                rest = self._more(began)
            first = time.perf_counter() - began
            body = self._body(headers, rest, began)
        except TimeoutError:
            raise RequestFailedError(f"nothing whole after {self.timeout:.0f} s") from None
        except OSError as error:
            raise RequestFailedError(f"the connection broke: {error}") from error
        return Reply(status, headers, body, first, time.perf_counter() - began)

    def _head(self, began: float) -> tuple[bytes, bytes]:
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more(began)
        head, _, rest = got.partition(b"\r\n\r\n")
        return head, rest

    def _body(self, headers: dict[str, str], rest: bytes, began: float) -> bytes:
        parts, length = [rest], len(rest)
        if "content-length" in headers:
            while length < int(headers["content-length"]):
                parts.append(self._more(began))
                length += len(parts[-1])
            return b"".join(parts)
        if headers.get("transfer-encoding") != "chunked":
            raise RequestFailedError("neither length nor chunks")
        while True:
            if b"".join(parts[-5:]).endswith(_END_OF_CHUNKS) and (body := _unchunked(b"".join(parts))) is not None:
                return body
            parts.append(self._more(began))

    def _more(self, began: float) -> bytes:
        left = self.timeout - (time.perf_counter() - began)
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        got = self._socket.recv(1 << 20)
        if not got:
            raise RequestFailedError("the server hung up")
        return got


def request(path: str, accept: str, extra: str = "") -> bytes:
    """A GET request; `extra` are header lines that end with CRLF."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: {accept}\r\n{extra}\r\n".encode("ascii")


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def _unchunked(text: bytes) -> bytes | None:
    """The body, or None when the chunks are not all there: their end may also be a part of the data."""
    parts: list[bytes] = []
    place = 0
    while True:
        line = text.find(b"\r\n", place)
        size = int(text[place:line].partition(b";")[0], 16) if line > place else -1
        if size < 0 or line + 4 + size > len(text):
            return None
        if size == 0:
            return b"".join(parts)
        parts.append(text[line + 2 : line + 2 + size])
        place = line + 4 + size


@dataclass(frozen=True)
class Load:
    """What a server did under load: answers per second, the 99th percentile in seconds, answers that were no 200."""

    rate: float
    p99: float
    failed: int


def tool() -> str:
    """Which client makes the load."""
    return "wrk" if shutil.which("wrk") else f"{CLIENTS} processes in Python"


def load(port: int, paths: Sequence[str], accept: str, seconds: float, scratch: Path) -> Load:
    """Eight clients ask for the paths in turn, each from a place of its own, for so many seconds."""
    by_wrk = shutil.which("wrk")
    if by_wrk is None:
        return _by_processes(port, paths, accept, seconds)
    listing = scratch / "paths.txt"
    listing.write_text("\n".join(paths) + "\n", encoding="ascii")
    command = [by_wrk, "-t2", f"-c{CLIENTS}", f"-d{max(1, round(seconds))}s", "--timeout", "30s", "-s", str(LUA)]
    arguments = [f"http://{HOST}:{port}/", "--", str(listing), accept]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True, timeout=seconds + 60)
    found = json.loads(done.stdout.splitlines()[-1])
    return Load(found["answers"] / found["seconds"], found["p99"], found["failed"])


def _by_processes(port: int, paths: Sequence[str], accept: str, seconds: float) -> Load:
    with ProcessPoolExecutor(CLIENTS) as pool:
        share = max(1, len(paths) // CLIENTS)
        jobs = [
            pool.submit(_ask, port, paths[n * share % len(paths) :] or paths, accept, seconds) for n in range(CLIENTS)
        ]
        results = [job.result() for job in jobs]
    times = [time_ for result in results for time_ in result[0]]
    if len(times) < 2:
        return Load(0.0, 0.0, sum(failed for _, failed in results))
    return Load(len(times) / seconds, statistics.quantiles(times, n=100)[98], sum(failed for _, failed in results))


def _ask(port: int, paths: Sequence[str], accept: str, seconds: float) -> tuple[list[float], int]:
    """The seconds of each answer of one client, and how many were no 200."""
    requests = [request(path, accept) for path in paths]
    connection = Connection(port, 30)
    times: list[float] = []
    failed, until, number = 0, time.monotonic() + seconds, 0
    while time.monotonic() < until:
        try:
            reply = connection.exchange(requests[number % len(requests)])
        except RequestFailedError:
            connection.close()
            connection = Connection(port, 30)
            failed += 1
        else:
            times.append(reply.last)
            failed += reply.status != 200
        number += 1
    connection.close()
    return times, failed
