"""The server as a process: under attack, told to end while it answers, and with its workers killed."""

import contextlib
import os
import random
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from live import rounds, serve

from endpoint.generations import Generations

RECORDS = 2_000
LIMIT = 3.0
GRAPH = ox.NamedNode("urn:g")
ALL = "SELECT * { ?s ?p ?o }"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("serving")
    store = ox.Store(str(directory / "store"))
    filler = "x" * 200
    store.extend(
        [
            ox.Quad(ox.NamedNode(f"urn:{n}"), ox.NamedNode("urn:p"), ox.Literal(f"{filler}{n}"), GRAPH)
            for n in range(RECORDS)
        ]
    )
    Generations(directory / "generations").create(store, 1)
    del store
    return directory


def hostile(listener: str) -> list[str]:
    """Queries that bring servers down or lead out of them; `listener` is where nobody may call."""
    star = " . ".join(f"?s ?p{n} ?o{n}" for n in range(200))
    return [
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
        "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a ?i",
        f"SELECT * {{ {star} }}",
        f"SELECT * {{ {'{' * 20_000} ?s ?p ?o {'}' * 20_000} }}",
        f"SELECT ({'(' * 20_000}1{')' * 20_000} AS ?x) {{}}",
        f"SELECT * {{ ?s {'/'.join(['<urn:p>'] * 800)} ?o }}",
        "SELECT ?x { " + " ".join(f"OPTIONAL {{ ?a{n} ?b{n} ?c{n} " for n in range(50)) + "}" * 50 + " }",
        'SELECT (STRLEN(?z) AS ?n) { BIND("x" AS ?x0) '
        + " ".join(f'BIND(REPLACE(?x{n}, "x", "xxxxxxxxxxxxxxxx") AS ?x{n + 1})' for n in range(9))
        + " BIND(?x9 AS ?z) }",
        f"SELECT * {{ SERVICE <{listener}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE SILENT <{listener}> {{}} }}",
        f"PREFIX a: <{listener}> SELECT * {{ SERVICE a: {{}} }}",
        f"SELECT * FROM <{listener}> {{ ?s ?p ?o }}",
        f"SELECT * {{ GRAPH <{listener}> {{ ?s ?p ?o }} }}",
        f"LOAD <{listener}>",
        f"SELECT * {{ VALUES ?u {{ <{listener}> }} SERVICE ?u {{}} }}",
        f"SELECT * {{ ?s ?p ?o FILTER EXISTS {{ SERVICE <{listener}> {{ ?s ?p ?o }} }} }}",
        "x" * 60_000,
        "SELECT * { ?s ?p ?o FILTER(REGEX(?o, '(x+x+)+y')) }",
    ]


def test_under_attack_good_clients_are_served_and_nobody_outside_is_called(data: Path) -> None:
    seed = random.Random(7)
    with (
        serve(data, query_timeout=LIMIT, worker_memory=2 << 30) as server,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        listener.settimeout(0.5)
        queries = hostile(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        end = time.monotonic() + 12
        statuses: list[tuple[int, float]] = []
        good: list[tuple[int, float]] = []

        def attack() -> None:
            with httpx.Client(timeout=30) as client:
                while time.monotonic() < end:
                    text = f"{seed.choice(queries)} # {seed.random()}"
                    began = time.monotonic()
                    status = client.post(server.url, data={"query": text}).status_code
                    statuses.append((status, time.monotonic() - began))

        def behave(number: int) -> None:
            with httpx.Client(timeout=30) as client:
                while time.monotonic() < end:
                    began = time.monotonic()
                    answer = client.get(server.url, params={"query": f"SELECT * {{ <urn:{number}> ?p ?o }}"})
                    good.append((answer.status_code, time.monotonic() - began))
                    time.sleep(0.02)

        with ThreadPoolExecutor(12) as clients:
            for done in [clients.submit(attack) for _ in range(4)] + [clients.submit(behave, n) for n in range(8)]:
                done.result()
        assert server.process.poll() is None, "the server lives"
        assert {status for status, _ in statuses} <= {200, 400, 413, 422, 503, 504}
        assert {504, 400} <= {status for status, _ in statuses}, "some were stopped, some refused"
        assert {status for status, _ in good} == {200}
        assert max(seconds for _, seconds in statuses) < 5 * LIMIT
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_server_told_to_end_finishes_the_answers_on_their_way(data: Path) -> None:
    whole = None
    for _ in range(rounds(3)):
        with serve(data, delivery_timeout=30) as server:
            begun = threading.Barrier(5)

            def slowly(url: str = server.url, begun: threading.Barrier = begun) -> bytes:
                with httpx.Client(timeout=60) as client, client.stream("GET", url, params={"query": ALL}) as answer:
                    parts = answer.iter_bytes(1 << 14)
                    first = next(parts)
                    begun.wait(30)
                    rest = []
                    for part in parts:
                        rest.append(part)
                        time.sleep(0.005)
                    return first + b"".join(rest)

            with ThreadPoolExecutor(4) as clients:
                answers = [clients.submit(slowly) for _ in range(4)]
                begun.wait(30)
                server.process.send_signal(signal.SIGTERM)
                bodies = {answer.result() for answer in answers}
            assert len(bodies) == 1
            [body] = bodies
            assert body.count(b"urn:p") == RECORDS
            assert whole in (None, body)
            whole = body
            assert server.process.wait(20) in (0, -signal.SIGTERM)


def test_workers_killed_again_and_again_are_replaced_and_no_answer_is_wrong(data: Path) -> None:
    seed = random.Random(3)
    with serve(data) as server, httpx.Client(timeout=30) as client:
        right, kills = 0, rounds(25)
        for round_ in range(kills):
            with contextlib.suppress(ProcessLookupError):
                if workers := server.workers():
                    os.kill(seed.choice(workers), signal.SIGKILL)
            answer = client.get(server.url, params={"query": f"{ALL} # {round_}"}, headers={"Accept": "text/csv"})
            if answer.status_code == 200:
                assert answer.text.count("urn:p") == RECORDS
                right += 1
            else:
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert answer.status_code in (422, 503)
        assert right > kills / 2
        assert server.process.poll() is None
