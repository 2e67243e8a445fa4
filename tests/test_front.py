"""The endpoint from outside: what is kept and given again, what is packed, what slow and greedy clients get."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import httpx2 as httpx
import pyoxigraph as ox
import pytest
import zstandard
from live import serving

from endpoint.cache import Entry, ResultCache, entity_tag, is_repeatable, normalised
from endpoint.generations import Generations
from endpoint.negotiation import coding_of
from endpoint.rates import RateLimiter
from ontology.errors import TooManyRequests

QUERY = "SELECT ?s { ?s <urn:p> ?o } ORDER BY ?s LIMIT 50"


GRAPH = ox.NamedNode("urn:g")
QUADS = [ox.Quad(ox.NamedNode(f"urn:{n}"), ox.NamedNode("urn:p"), ox.Literal(n), GRAPH) for n in range(200)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("front")
    with serving(directory, QUADS, workers=2, read_timeout=1.0) as url:
        yield url


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20) as client:
        yield client


def ask(client: httpx.Client, url: str, query: str = QUERY, **headers: str) -> httpx.Response:
    return client.get(url, params={"query": query}, headers={"Accept": "text/csv", "Accept-Encoding": ""} | headers)


def address(url: str) -> tuple[str, int]:
    parts = httpx.URL(url)
    return parts.host, parts.port or 80


# What is kept


def test_an_answer_has_an_entity_tag_and_is_not_sent_again_to_who_has_it(client: httpx.Client, running: str) -> None:
    first = ask(client, running)
    tag = first.headers["ETag"]
    assert tag.startswith('"'), "a strong one"
    assert first.headers["Cache-Control"] == "no-cache"
    for known in (tag, f'"other", W/{tag}', "*"):
        again = ask(client, running, **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Vary"] == "Accept, Accept-Encoding"
    assert ask(client, running, **{"If-None-Match": '"other"'}).status_code == 200
    assert ask(client, running, **{"Cache-Control": "no-cache", "If-None-Match": tag}).status_code == 304
    assert ask(client, running, Accept="text/tab-separated-values").headers["ETag"] != tag


def test_however_a_query_is_asked_its_answer_is_the_same(client: httpx.Client, running: str) -> None:
    plain = ask(client, running)
    spaced = ask(client, running, QUERY.replace(" ", "\n   "))
    posted = client.post(running, data={"query": QUERY}, headers={"Accept": "text/csv", "Accept-Encoding": ""})
    assert plain.content == spaced.content == posted.content
    assert plain.headers["ETag"] == spaced.headers["ETag"] == posted.headers["ETag"]


def test_a_kept_answer_is_the_same_by_every_way_through_the_server(running: str) -> None:
    target = "/sparql?" + urlencode({"query": f"{QUERY} # by every way", "format": "csv"})
    plain = f"GET {target} HTTP/1.1\r\nHost: x\r\nX-Request-ID: mine\r\n\r\n"
    other = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    last = plain.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    with socket.create_connection(address(running), timeout=10) as connection:
        connection.sendall(plain.encode())
        first = connection.recv(1 << 16)
        connection.sendall((plain + other + plain + plain + last).encode())  # one after the other, not waiting
        rest = b""
        while part := connection.recv(1 << 16):
            rest += part

    def responses(data: bytes) -> list[tuple[dict[bytes, bytes], bytes]]:
        found = []
        while data:
            head, _, data = data.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
            length = int(headers[b"content-length"])
            found.append((headers, data[:length]))
            data = data[length:]
        return found

    [(headers, body)] = responses(first)
    again, alive, *more = responses(rest)
    assert alive[1] == b'{"status":"alive"}'
    assert len(more) == 3
    assert headers[b"x-request-id"] == b"mine"
    for others, same in (again, *more):
        assert same == body
        assert {**others, b"connection": b"", b"date": b""} == {**headers, b"connection": b"", b"date": b""}


def test_an_answer_of_the_moment_is_made_each_time(client: httpx.Client, running: str) -> None:
    query = "SELECT (STRUUID() AS ?x) {}"
    assert ask(client, running, query).text != ask(client, running, query).text


def test_a_new_generation_is_answered_from_at_once_when_it_is_taken_over(client: httpx.Client, tmp_path: Path) -> None:
    count = "SELECT (COUNT(*) AS ?n) { ?s <urn:p> ?o }"
    with serving(tmp_path, QUADS, workers=1) as url:
        before = ask(client, url, count)
        assert ask(client, url, count).text == before.text == "n\r\n200\r\n"
        store = ox.Store(str(tmp_path / "live"))
        store.add(ox.Quad(ox.NamedNode("urn:new"), ox.NamedNode("urn:p"), ox.Literal(1), GRAPH))
        Generations(tmp_path / "generations").create(store, 2)
        end = time.monotonic() + 15
        while (after := ask(client, url, count)).headers["Clearinghouse-Generation"] == "1":
            assert time.monotonic() < end
            assert after.text == before.text
            time.sleep(0.05)
        assert after.text == "n\r\n201\r\n"
        assert after.headers["ETag"] != before.headers["ETag"]
        assert ask(client, url, count, **{"If-None-Match": before.headers["ETag"]}).status_code == 200


def test_an_answer_sent_as_it_came_is_kept_too_if_it_is_whole(client: httpx.Client, tmp_path: Path) -> None:
    large = "SELECT * { ?a ?b ?c . ?d ?e ?f }"
    with serving(tmp_path, QUADS, workers=1) as url:
        first, again = ask(client, url, large), ask(client, url, large)
        assert "Content-Length" not in first.headers
        assert again.headers["Content-Length"] == str(len(first.content))
        assert again.content == first.content
        assert again.content.count(b"\r\n") == 200**2 + 1
    (tmp_path / "small").mkdir()
    with serving(tmp_path / "small", QUADS, workers=1, cache_bytes=1 << 20) as url:
        assert ask(client, url, large).content == ask(client, url, large).content == first.content
        assert "Content-Length" not in ask(client, url, large).headers, "it is more than its share"


def test_the_cache_keeps_to_its_size_and_forgets_what_is_longest_unused() -> None:
    cache = ResultCache(20_000)
    for number in range(30):
        body = b"x" * 1000
        cache.put(number, Entry("1", body, [], entity_tag(body)), ("asked", number))
        assert cache.get(0, "1", ("asked", 0)), "it is used all the time"
        assert cache.bytes <= 20_000
    assert cache.of_request(("asked", 0), "1")
    assert cache.of_request(("asked", 0), "2") is None, "of another generation"
    assert cache.of_request(("asked", 1), "1") is None
    assert cache.of_request(("asked", 29), "1")
    cache.put("large", Entry("1", b"x" * 10_000, [], b""), "large")
    assert cache.get("large", "1", "large") is None


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("SELECT * { ?s ?p ?o }", "SELECT  *\n{\t?s ?p ?o }"),
        (" ASK {} ", "ASK {}"),
    ],
)
def test_white_space_alone_makes_no_other_query(query: str, same: str) -> None:
    assert normalised(query) == normalised(same)


@pytest.mark.parametrize("literal", ['"a  b"', "'a\\n  b'", "<urn:x>  # a  b\n"])
def test_white_space_that_may_mean_something_is_kept(literal: str) -> None:
    assert normalised(f"SELECT ({literal} AS ?x) {{}}") == f"SELECT ({literal} AS ?x) {{}}"


def test_queries_of_the_moment_are_known_by_their_functions() -> None:
    assert is_repeatable("SELECT * { ?s ?p ?o }")
    for text in ("now()", "RAND()", "UUID()", "struuid()", "BNODE()", "SERVICE <urn:x> {}"):
        assert not is_repeatable(f"SELECT ({text} AS ?x) {{}}")


def test_nobody_waits_for_another_ones_slow_reading(client: httpx.Client, tmp_path: Path) -> None:
    large = "SELECT * { ?a ?b ?c . ?d ?e ?f . VALUES ?x { 1 2 3 4 5 6 7 8 } }"
    target = "/sparql?" + urlencode({"query": large, "format": "csv"})
    with (
        serving(tmp_path, QUADS, workers=1, delivery_timeout=60.0) as url,
        socket.create_connection(address(url), timeout=20) as slow,
    ):
        slow.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 200 OK"), "and reads no further"
        assert ask(client, url, large).content.count(b"\r\n") == 8 * 200**2 + 1


# What is packed


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_longer_answer_is_packed_as_the_client_likes(client: httpx.Client, running: str, coding: str) -> None:
    query = "SELECT * { ?s ?p ?o }"
    packed = client.build_request("GET", running, params={"query": query}, headers={"Accept-Encoding": coding})
    answer = client.send(packed, stream=True)
    body = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == coding
    unpacked = gzip.decompress(body) if coding == "gzip" else zstandard.decompress(body, 1 << 20)
    plain = client.get(running, params={"query": query}, headers={"Accept-Encoding": "identity"})
    assert unpacked == plain.content
    assert plain.headers["ETag"] != answer.headers["ETag"]
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", ""),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("br", ""),
        ("*", "zstd"),
        ("gzip;q=0", ""),
        ("identity", ""),
        ("zstd;q=0, *", "gzip"),
        ("gzip;q=nonsense", ""),
    ],
)
def test_the_most_welcome_coding_is_chosen(accepted: str, coding: str) -> None:
    assert coding_of(accepted) == coding


# Slow and greedy clients


def test_a_client_that_asks_too_often_is_told_when_to_come_back(client: httpx.Client, tmp_path: Path) -> None:
    with serving(tmp_path, QUADS, workers=1, rate_limit=2.0, rate_burst=3) as url:
        answers = [ask(client, url) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        problem = json.loads(answers[-1].text)
        assert problem["type"].endswith("problem/too-many-requests")
        assert "2 times a second" in problem["detail"]
        time.sleep(int(answers[-1].headers["Retry-After"]))
        assert ask(client, url).status_code == 200


@pytest.mark.parametrize("rate", [0.001, 0.3, 1.0, 7.0])
def test_the_burst_is_whole_whatever_the_clock_says(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(500):
        monkeypatch.setattr("endpoint.rates.time", SimpleNamespace(monotonic=lambda now=number * 7919.123457: now))
        limiter = RateLimiter(rate, 3)
        for _ in range(3):
            limiter.admit("client")
        with pytest.raises(TooManyRequests):
            limiter.admit("client")


def test_only_so_many_clients_are_remembered() -> None:
    limiter = RateLimiter(0.001, 1)
    for number in range(10_050):
        limiter.admit(f"client {number}")
    limiter.admit("client 0")
    with pytest.raises(TooManyRequests):
        limiter.admit("client 10049")


def test_a_client_that_never_finishes_its_request_is_sent_away(running: str) -> None:
    for begun in (
        b"",
        b"GET /sparql HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    ):
        with socket.create_connection(address(running), timeout=20) as connection:
            connection.sendall(begun)
            while connection.recv(1 << 16):
                pass


def test_a_body_that_never_ends_is_408(running: str) -> None:
    with socket.create_connection(address(running), timeout=5) as connection:
        head = (
            "POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\nContent-Length: 9\r\n\r\nA"
        )
        connection.sendall(head.encode())
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 408 ")


def test_many_slow_clients_keep_nobody_from_being_served(client: httpx.Client, running: str) -> None:
    slow = [socket.create_connection(address(running)) for _ in range(500)]
    try:
        for connection in slow:
            connection.sendall(b"GET /sparql?query=")
        assert ask(client, running, f"{QUERY} # with slow ones about").status_code == 200
    finally:
        for connection in slow:
            connection.close()
