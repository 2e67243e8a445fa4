"""What a worker with a link to the partners reaches: the listed URLs and nothing else, each within its limits."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from endpoint import relay
from endpoint.lexer import outline
from endpoint.partners import Link, Partners
from endpoint.settings import Partner

WORKER = Path(__file__).with_name("partner_worker.py")
TIMEOUT = 1.0  # seconds for one call of a partner
ANSWER = b'{"head":{"vars":["n"]},"results":{"bindings":[{"n":{"type":"literal","value":"from afar"}}]}}'


class Handler(BaseHTTPRequestHandler):
    """Every path is a partner that behaves as its name says."""

    server: "Host"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.asked.append((self.path, "".join(parse_qs(body).get("query", []))))
        getattr(self, "do_" + self.path.strip("/"))()

    def do_GET(self) -> None:
        self.server.asked.append((self.path, ""))
        self.do_good()

    def do_good(self, body: bytes = ANSWER, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def do_redirecting(self) -> None:
        self.do_good(b"", 307, Location="/good")

    def do_large(self) -> None:
        self.do_good(ANSWER + b" " * 300_000)

    def do_failing(self) -> None:
        self.do_good(b"no", 500)

    def do_packed(self) -> None:
        self.do_good(b"no", Content_Encoding="gzip")

    def do_broken(self) -> None:
        self.do_good(ANSWER[:-5])

    def do_hanging(self) -> None:
        self.server.over.wait(20)

    def do_dripping(self) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/sparql-results+json\r\n\r\n")
            while not self.server.over.wait(0.2):
                self.wfile.write(b" ")

    def log_message(self, *_: object) -> None:
        pass


class Host(ThreadingHTTPServer):
    """A machine on the network, and what was asked of it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/"


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield host
    host.over.set()
    host.shutdown()
    host.server_close()
    thread.join()


KINDS = ("good", "redirecting", "large", "failing", "packed", "broken", "hanging", "dripping")


class Worker:
    """A worker, its link, and the partners, each named by how it behaves."""

    def __init__(self, partners: Partners, link: Link, process: asyncio.subprocess.Process) -> None:
        self.partners, self.link, self.process = partners, link, process

    async def ask(self, query: str) -> dict[str, Any]:
        """The answer to a query, which is not looked at before; as the pool would give it."""
        assert self.process.stdin
        assert self.process.stdout
        self.link.begin()
        self.process.stdin.write(json.dumps(query).encode() + b"\n")
        async with asyncio.timeout(20):
            answer: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return {"error": str(self.link.failure)} if self.link.failure else answer

    async def ask_partner(self, query: str) -> dict[str, Any]:
        """The answer to a query with the addresses of the partners written in."""
        return await self.ask(outline(query, self.partners.address).text)


def partners_of(host: Host) -> dict[str, Partner]:
    partners = {
        kind: Partner(url=host.url + kind, timeout=TIMEOUT, max_bytes=100_000, max_calls=2, failures=2, pause=0.6)
        for kind in KINDS
    }
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return partners | {"dead": Partner(url=f"http://127.0.0.1:{port}/", timeout=TIMEOUT)}


@contextlib.asynccontextmanager
async def working(host: Host) -> AsyncIterator[Worker]:
    async with Partners(partners_of(host)) as partners:
        link = Link(partners)
        ours, theirs = socket.socketpair()
        serving = asyncio.create_task(link.serve(ours))
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(WORKER), str(theirs.fileno())),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        try:
            yield Worker(partners, link, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()
            async with asyncio.timeout(5):
                await serving  # ends by itself when the worker has


_ENTER = "import ctypes; u = ctypes.CDLL(None).unshare; raise SystemExit(u(0x40000000) and u(0x50000000))"


def _namespaces() -> bool:
    """Whether a process of this system may enter a network namespace of its own."""
    return subprocess.run([sys.executable, "-c", _ENTER], check=False, capture_output=True).returncode == 0


isolated = pytest.mark.skipif(not _namespaces(), reason="this system allows no network namespace")


def run(host: Host, scene: Callable[[Worker], Coroutine[None, None, None]]) -> None:
    async def main() -> None:
        async with working(host) as worker:
            await scene(worker)

    asyncio.run(main())


@isolated
def test_a_partner_is_asked_and_its_answer_is_joined(host: Host) -> None:
    async def scene(worker: Worker) -> None:
        query = f"SELECT * {{ <http://a/s> <http://a/p> ?o SERVICE <{host.url}good> {{ ?s <http://b/p> ?n }} }}"
        answer = await worker.ask_partner(query)
        assert [row["n"]["value"] for row in answer["results"]["bindings"]] == ["from afar"] * 3
        client = worker.partners.clients["good"]
        assert client.counts == {"answered": 1}
        assert 0 < client.latencies["median"] <= client.latencies["maximum"] < TIMEOUT

    run(host, scene)
    assert host.asked == [("/good", "SELECT * WHERE { ?s <http://b/p> ?n . }")]


@isolated
def test_a_call_within_a_call_names_the_partner_by_its_url(host: Host) -> None:
    async def scene(worker: Worker) -> None:
        inner = f"SERVICE SILENT <{host.url}large> {{ ?a ?b ?n }}"
        await worker.ask_partner(f"SELECT * {{ SERVICE <{host.url}good> {{ ?s ?p ?n {inner} }} }}")

    run(host, scene)
    [(path, query)] = host.asked
    assert path == "/good"
    assert f"SERVICE SILENT <{host.url}large>" in query
    assert "8890" not in query


@isolated
@pytest.mark.parametrize(
    "server",
    [
        *("<http://127.0.0.1:OTHER/good>", "<http://localhost:OTHER/good>", "<http://[::1]:OTHER/good>"),
        *("<http://192.0.2.1/>", "<http://example.org/>", "<http://0.0.0.0:OTHER/good>", "<file:///etc/passwd>"),
        *("<http://127.0.0.1:8890/>", "<http://127.0.0.1:8890/partners/other>", "<http://127.0.0.1:8890/partners/../good>"),
        *("<http://127.0.0.1:8890/partners/good@127.0.0.1:OTHER>", "<http://127.0.0.1:8890//127.0.0.1:OTHER/x>"),
    ],
)  # fmt: skip
def test_a_worker_reaches_nothing_that_is_not_listed(host: Host, server: str) -> None:
    """The query goes to the engine unread, as if the reading of it had failed."""

    async def scene(worker: Worker) -> None:
        started = time.monotonic()
        port = str(host.server_port)
        answer = await worker.ask(f"SELECT * {{ SERVICE {server.replace('OTHER', port)} {{ ?s ?p ?o }} }}")
        assert "error" in answer
        assert time.monotonic() - started < 15 * TIMEOUT

    run(host, scene)
    assert host.asked == []


@isolated
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("redirecting", "status 307, which sends us to another address"),
        ("large", "the answer of partner large has more than 100000 bytes"),
        ("failing", "status 500"),
        ("packed", "gzip"),
        ("hanging", "no answer within 1 seconds"),
        ("dripping", "no answer within 1 seconds"),
        ("dead", "no connection"),
    ],
)
def test_a_partner_that_fails_is_said_to_in_time_and_silently_where_asked(host: Host, kind: str, reason: str) -> None:
    async def scene(worker: Worker) -> None:
        url = worker.partners.clients[kind].partner.url
        for silent in ("", "SILENT"):
            started = time.monotonic()
            answer = await worker.ask_partner(f"SELECT * {{ SERVICE {silent} <{url}> {{ ?s ?p ?n }} }}")
            assert time.monotonic() - started < 15 * TIMEOUT
            if silent:
                assert answer["results"]["bindings"] == [{}]
            else:
                assert reason in answer["error"]

    run(host, scene)
    assert {path for path, _ in host.asked} <= {f"/{kind}"}, "nothing else was contacted"


@isolated
def test_a_failure_that_the_engine_takes_for_an_answer_is_known(host: Host) -> None:
    async def scene(worker: Worker) -> None:
        call = f"SERVICE <{host.url}failing> {{ ?s ?p ?n }}"
        answer = await worker.ask_partner(f"SELECT * {{ ?s <http://a/p> ?o FILTER EXISTS {{ {call} }} }}")
        assert "status 500" in answer["error"]

    run(host, scene)


@isolated
def test_an_answer_that_is_not_whole_is_an_error_even_of_a_silent_call(host: Host) -> None:
    async def scene(worker: Worker) -> None:
        for silent in ("", "SILENT"):
            answer = await worker.ask_partner(f"SELECT * {{ SERVICE {silent} <{host.url}broken> {{ ?s ?p ?n }} }}")
            assert "error" in answer

    run(host, scene)


@isolated
def test_a_partner_that_fails_again_and_again_is_left_alone_and_then_tried_once(host: Host) -> None:
    async def scene(worker: Worker) -> None:
        query = f"SELECT * {{ SERVICE <{host.url}failing> {{ ?s ?p ?n }} }}"
        client = worker.partners.clients["failing"]
        for _ in range(4):
            await worker.ask_partner(query)
        assert client.state == "open"
        assert client.counts == {"failed": 2, "left alone": 2}
        await asyncio.sleep(0.7)
        assert client.state == "half-open"
        await worker.ask_partner(query)
        assert client.state == "open"

    run(host, scene)
    assert len(host.asked) == 3


@isolated
def test_one_query_may_not_call_a_partner_without_end(host: Host) -> None:
    async def scene(worker: Worker) -> None:
        call = f"{{ SERVICE SILENT <{host.url}good> {{ ?s ?p ?n }} }}"
        await worker.ask_partner(f"SELECT * {{ {' UNION '.join([call] * 9)} }}")
        assert len(host.asked) == 2
        answer = await worker.ask_partner(f"SELECT * {call}")
        assert "error" not in answer, "the next query has its own calls"

    run(host, scene)
    assert len(host.asked) == 3


@isolated
def test_a_worker_that_is_killed_gives_up_its_call_and_its_link_ends(host: Host) -> None:
    async def scene(worker: Worker) -> None:
        asking = asyncio.create_task(worker.ask_partner(f"ASK {{ SERVICE <{host.url}hanging> {{ ?s ?p ?n }} }}"))
        while not host.asked:
            await asyncio.sleep(0.02)
        worker.process.kill()
        await asyncio.wait([asking])
        with pytest.raises(json.JSONDecodeError):
            asking.result()
        await asyncio.sleep(0.1)
        assert worker.partners.clients["hanging"].counts == {"given up": 1}

    run(host, scene)


def test_a_loopback_interface_that_others_use_is_left_alone() -> None:
    with pytest.raises(OSError, match="no network namespace of its own"):
        relay.loopback_up()


def test_a_worker_that_ends_without_listening_ends_its_link() -> None:
    async def main() -> None:
        async with Partners({}) as partners:
            ours, theirs = socket.socketpair()
            theirs.close()
            async with asyncio.timeout(5):
                await Link(partners).serve(ours)

    asyncio.run(main())
