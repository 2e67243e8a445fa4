"""Query workers: what a query can see, what it cannot do, and what becomes of one that goes too far."""

import asyncio
import contextlib
import gc
import os
import random
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from endpoint.engine import Answer, NotXmlError, Query
from endpoint.generations import OXIGRAPH, Generation, Generations
from endpoint.lexer import LocatedSyntaxError
from endpoint.partners import Partners
from endpoint.pool import WorkerPool
from endpoint.settings import Partner, Settings
from endpoint.worker import CHUNK_BYTES
from endpoint.worker_answer import HEAD_FRAMES
from endpoint.workers import Worker
from ontology.errors import QueryError, QueryTimeout, QueryTooLarge, StoreError, WorkersBusy

EX = "https://example.org/"
RECORDS = 200
CARTESIAN = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ENDLESS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def _number(number: int) -> ox.Quad:
    record = ox.NamedNode(f"{EX}{number}")
    return ox.Quad(record, ox.NamedNode(f"{EX}number"), ox.Literal(number), record)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, workers=1, query_timeout=1.5, queue_length=1, max_result_bytes=3 << 20)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ox.Store]:
    store = ox.Store(str(tmp_path / "live"))
    store.extend([_number(number) for number in range(RECORDS)])
    yield store


@pytest.fixture
def generations(settings: Settings, store: ox.Store) -> Generations:
    generations = Generations(settings.generations_dir)
    generations.create(store, 1)
    return generations


def _run(pool: WorkerPool, steps: Callable[[WorkerPool], Coroutine[Any, Any, None]]) -> None:
    async def inside() -> None:
        async with asyncio.timeout(40), pool:
            await steps(pool)

    asyncio.run(inside())


def _select(text: str, media_type: str = "text/csv", **more: Any) -> Query:
    return Query(text, media_type, is_graph=False, has_dataset=" FROM " in text, **more)


def _construct(text: str, media_type: str) -> Query:
    return Query(text, media_type, is_graph=True, has_dataset=False)


async def _lines(pool: WorkerPool, query: Query) -> list[str]:
    return (await _whole(await pool.answer(query))).decode().split()


async def _whole(answer: Answer) -> bytes:
    with contextlib.closing(answer):
        return answer.head + b"".join([part async for part in answer.rest()])


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.02)


def _count(pattern: str = "?s ?p ?o", dataset: str = "") -> str:
    return f"SELECT (COUNT(*) AS ?n) {dataset} WHERE {{ {pattern} }}"


def test_the_default_graph_is_the_union_unless_the_query_or_the_request_says_otherwise(
    generations: Generations, settings: Settings
) -> None:
    async def steps(pool: WorkerPool) -> None:
        async def count(text: str, **graphs: Any) -> int:
            return int((await _lines(pool, _select(text, **graphs)))[1])

        one, named = f"<{EX}1>", "GRAPH ?g { ?s ?p ?o }"
        assert await count(_count()) == RECORDS
        assert await count(_count(named)) == RECORDS
        assert await count(_count(dataset=f" FROM {one} FROM <{EX}2>")) == 2
        assert await count(_count(dataset=f" FROM <{EX}none>")) == 0
        assert await count(_count(named, f" FROM {one}")) == 0
        assert await count(_count(named, f" FROM NAMED {one}")) == 1
        assert await count(_count(), default_graphs=(f"{EX}1",), named_graphs=()) == 1
        assert await count(_count(named), default_graphs=(f"{EX}1",), named_graphs=()) == 0
        assert await count(_count(), default_graphs=(), named_graphs=(f"{EX}1",)) == 0
        assert await count(_count(named), default_graphs=(), named_graphs=(f"{EX}1",)) == 1
        assert await count(_count(dataset=f" FROM <{EX}none>"), default_graphs=(f"{EX}1",), named_graphs=()) == 1

    _run(WorkerPool(generations, settings), steps)


def test_relative_iris_are_resolved_against_the_base_and_no_prefix_is_known(
    generations: Generations, settings: Settings
) -> None:
    async def steps(pool: WorkerPool) -> None:
        solutions = await _lines(pool, _select("SELECT (<id/record/A> AS ?x) {}"))
        assert solutions == ["x", "https://w3id.org/clearinghouse/id/record/A"]
        with pytest.raises(LocatedSyntaxError, match="line 1, column 22: Prefix not found"):
            await pool.answer(_select("SELECT * { ?s a rdf:x }"))
        assert len(await _lines(pool, _select("SELECT * { ?s ?p ?o }"))) == RECORDS + 1

    _run(WorkerPool(generations, settings), steps)


def test_a_query_that_takes_too_long_is_stopped_and_the_next_one_answered(
    generations: Generations, settings: Settings
) -> None:
    async def steps(pool: WorkerPool) -> None:
        before = [worker.pid for worker in pool.workers]
        with pytest.raises(QueryTimeout, match=r"longer than 1\.5 seconds"):
            await pool.answer(_select(CARTESIAN))
        assert await _lines(pool, _select(_count())) == ["n", str(RECORDS)]
        assert [worker.pid for worker in pool.workers] != before
        await _until(lambda: not Path(f"/proc/{before[0]}").exists())

    _run(WorkerPool(generations, settings), steps)


def test_a_query_that_eats_the_memory_ends_its_worker_only(generations: Generations, settings: Settings) -> None:
    tight = settings.model_copy(update={"worker_memory": 2 << 30, "query_timeout": 20.0})
    doubled = " ".join(f"BIND(CONCAT(?x{number}, ?x{number}) AS ?x{number + 1})" for number in range(21))  # 2 GiB

    async def steps(pool: WorkerPool) -> None:
        with pytest.raises(QueryTooLarge, match="memory"):
            await pool.answer(_select(f'SELECT (STRLEN(?x21) AS ?n) {{ BIND("{"x" * 1024}" AS ?x0) {doubled} }}'))
        assert await _lines(pool, _select(_count())) == ["n", str(RECORDS)]

    _run(WorkerPool(generations, tight), steps)


@pytest.mark.parametrize("depth", [2_200, 30_000])
def test_braces_as_deep_as_a_query_can_have_do_not_end_the_worker(
    generations: Generations, settings: Settings, depth: int
) -> None:
    async def steps(pool: WorkerPool) -> None:
        before = [worker.pid for worker in pool.workers]
        text = f"SELECT (COUNT(*) AS ?n) {'{' * depth} ?s ?p ?o {'}' * depth}"
        assert await _lines(pool, _select(text)) == ["n", str(RECORDS)]
        assert [worker.pid for worker in pool.workers] == before

    _run(WorkerPool(generations, settings.model_copy(update={"fast_timeout": 1.4})), steps)


def test_a_large_answer_comes_in_parts_and_whole(generations: Generations, settings: Settings) -> None:
    async def steps(pool: WorkerPool) -> None:
        answer = await pool.answer(_select("SELECT * { ?a ?b ?c . ?d ?e ?f }"))
        assert HEAD_FRAMES * CHUNK_BYTES <= len(answer.head) < 2 * HEAD_FRAMES * CHUNK_BYTES
        assert not answer.complete
        assert (await _whole(answer)).count(b"\r\n") == RECORDS**2 + 1
        assert answer.complete

    _run(
        WorkerPool(generations, settings.model_copy(update={"max_result_bytes": 1 << 30, "query_timeout": 10.0})), steps
    )


def test_an_answer_that_breaks_off_after_its_head_says_so(generations: Generations, settings: Settings) -> None:
    async def steps(pool: WorkerPool) -> None:
        answer = await pool.answer(_select(ENDLESS))
        with pytest.raises(QueryTooLarge, match="LIMIT"):
            await _whole(answer)

    _run(WorkerPool(generations, settings), steps)


def test_a_reader_who_pauses_does_not_use_up_the_time_of_the_query(
    generations: Generations, settings: Settings
) -> None:
    limited = settings.model_copy(update={"max_result_bytes": 1 << 30, "query_timeout": 3.0})

    async def steps(pool: WorkerPool) -> None:
        answer = await pool.answer(_select("SELECT * { ?a ?b ?c . ?d ?e ?f }"))
        await asyncio.sleep(limited.query_timeout + 0.2)
        assert (await _whole(answer)).count(b"\r\n") == RECORDS**2 + 1

    _run(WorkerPool(generations, limited), steps)


def test_an_answer_that_is_let_go_frees_its_worker(generations: Generations, settings: Settings) -> None:
    async def steps(pool: WorkerPool) -> None:
        (await pool.answer(_select(ENDLESS))).close()
        assert await _lines(pool, _select(_count())) == ["n", str(RECORDS)]

    _run(WorkerPool(generations, settings), steps)


def test_a_query_too_many_is_turned_away_at_once(generations: Generations, settings: Settings) -> None:
    async def steps(pool: WorkerPool) -> None:
        running = asyncio.create_task(pool.answer(_select(CARTESIAN)))
        waiting = asyncio.create_task(pool.answer(_select(_count())))
        await asyncio.sleep(0.2)
        with pytest.raises(WorkersBusy, match="queue is full"):
            await pool.answer(_select(_count()))
        waiting.cancel()
        with pytest.raises(QueryTimeout):
            await running

    _run(WorkerPool(generations, settings), steps)


def test_a_worker_that_is_killed_from_outside_is_replaced(generations: Generations, settings: Settings) -> None:
    async def steps(pool: WorkerPool) -> None:
        running = asyncio.create_task(pool.answer(_select(CARTESIAN)))
        await asyncio.sleep(0.2)
        os.kill(pool.workers[0].pid, signal.SIGKILL)
        with pytest.raises(QueryTooLarge):
            await running
        await _until(lambda: pool.workers)
        idle = pool.workers[0].pid
        os.kill(idle, signal.SIGKILL)
        await _until(lambda: pool.workers and pool.workers[0].pid != idle)
        assert await _lines(pool, _select(_count())) == ["n", str(RECORDS)]

    _run(WorkerPool(generations, settings), steps)


def test_a_newer_generation_takes_over_and_a_running_query_ends_on_its_own(
    generations: Generations, settings: Settings, store: ox.Store
) -> None:
    async def steps(pool: WorkerPool) -> None:
        old = await pool.answer(_select("SELECT * { ?a ?b ?c . ?d ?e ?f }"))
        store.add(_number(RECORDS))
        await asyncio.to_thread(generations.create, store, 2)
        await _until(lambda: pool.generation == Generation(2))
        assert generations.prune(keep=1) == [], "the running query holds its generation"
        assert await _lines(pool, _select(_count())) == ["n", str(RECORDS + 1)]
        assert old.generation == Generation(1)
        assert (await _whole(old)).count(b"\r\n") == RECORDS**2 + 1
        await _until(lambda: generations.prune(keep=1) == [Generation(1)])

    _run(
        WorkerPool(generations, settings.model_copy(update={"max_result_bytes": 1 << 30, "query_timeout": 10.0})), steps
    )


def test_whoever_has_read_a_generation_never_reads_an_older_one_after_it(
    generations: Generations, settings: Settings, store: ox.Store
) -> None:
    chance = random.Random(7)

    async def read(pool: WorkerPool) -> list[int]:
        seen = [1]
        while seen.count(2) < 20 or len(pool.workers) < 3:
            answer = await pool.answer(_select(_count()))
            await _whole(answer)
            assert answer.generation
            seen.append(answer.generation.sequence)
            await asyncio.sleep(chance.uniform(0, 0.01))  # so that the workers are idle in any order
        return seen

    async def steps(pool: WorkerPool) -> None:
        await asyncio.to_thread(generations.create, store, 2)
        for seen in await asyncio.gather(*(read(pool) for _ in range(3))):
            assert seen == sorted(seen)

    _run(WorkerPool(generations, settings.model_copy(update={"workers": 3, "queue_length": 3})), steps)


def test_a_worker_retired_on_its_way_to_a_query_is_not_waited_for_while_another_is_idle(
    generations: Generations, settings: Settings, store: ox.Store, tmp_path: Path
) -> None:
    elsewhere = Generations(tmp_path / "elsewhere")  # where the keeper of the pool does not look
    elsewhere.create(store, 2)

    async def steps(pool: WorkerPool) -> None:
        deadline = asyncio.get_running_loop().time() + 10
        old = await pool._free_worker(deadline)
        waiting = asyncio.create_task(pool._free_worker(deadline))
        await _until(lambda: len(pool._turns))
        new = await Worker.start(elsewhere, Generation(2), settings.worker_memory, None)
        pool._workers.add(new)
        generations.path(Generation(2)).mkdir()
        pool._put_back(old)
        pool._take_over(Generation(2))
        async with asyncio.timeout(5):
            assert await waiting is new

    _run(WorkerPool(generations, settings), steps)


def test_a_pool_without_a_generation_waits_for_the_first(tmp_path: Path, settings: Settings, store: ox.Store) -> None:
    generations = Generations(settings.generations_dir)

    async def steps(pool: WorkerPool) -> None:
        with pytest.raises(StoreError, match="no graph"):
            await pool.answer(_select(_count()))
        await asyncio.to_thread(generations.create, store, 1)
        await _until(lambda: pool.workers)
        assert await _lines(pool, _select(_count())) == ["n", str(RECORDS)]

    _run(WorkerPool(generations, settings), steps)


def test_a_damaged_generation_is_reported_and_a_sound_one_taken(
    settings: Settings, store: ox.Store, caplog: pytest.LogCaptureFixture
) -> None:
    generations = Generations(settings.generations_dir)
    generations.create(store, 1)
    (generations.path(Generation(1)) / OXIGRAPH / "CURRENT").unlink()

    async def steps(pool: WorkerPool) -> None:
        assert pool.generation is None
        await asyncio.to_thread(generations.create, store, 2)
        await _until(lambda: pool.workers)

    _run(WorkerPool(generations, settings), steps)
    assert "no query worker could be started" in caplog.text


@pytest.mark.parametrize("partners", [None, Partners({"one": Partner(url="http://127.0.0.1:9/sparql")})])
def test_a_start_that_is_given_up_leaves_nothing_open(generations: Generations, partners: Partners | None) -> None:
    """At whatever step it is cancelled, as it is when the server ends; an end that nobody closed is a warning."""
    generation = generations.newest()
    assert generation is not None

    async def given_up(steps: int) -> None:
        start = asyncio.create_task(Worker.start(generations, generation, 3 << 30, partners))
        for _ in range(steps):
            await asyncio.sleep(0)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        del start
        await asyncio.sleep(0.05)  # the loop has closed what it was told to close
        gc.collect()

    gc.collect()  # what other tests have left
    before = _open_ends()
    for steps in range(10):
        with warnings.catch_warnings(record=True) as left:
            warnings.simplefilter("always", ResourceWarning)
            asyncio.run(given_up(steps))
        assert [str(one.message) for one in left] == []
        assert _open_ends() <= before


def _open_ends() -> set[str]:
    """The sockets and pipes that this process has open, each by a name that no other ever has."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists the others
            found.add(str(descriptor.readlink()))
    return {name for name in found if name.startswith(("socket:", "pipe:"))}


def test_every_worker_ends_with_its_pool(generations: Generations, settings: Settings) -> None:
    pids: list[int] = []

    async def steps(pool: WorkerPool) -> None:
        pids.extend(worker.pid for worker in pool.workers)

    _run(WorkerPool(generations, settings.model_copy(update={"workers": 2})), steps)
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


_SERVER = """
import asyncio, sys
from pathlib import Path
from endpoint.generations import Generations
from endpoint.pool import WorkerPool
from endpoint.settings import Settings

async def serve():
    settings = Settings(data_dir=Path(sys.argv[1]), workers=1)
    async with WorkerPool(Generations(settings.generations_dir), settings) as pool:
        print(pool.workers[0].pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(serve())
"""


def test_no_worker_outlives_a_server_that_is_killed(generations: Generations, settings: Settings) -> None:
    arguments = [sys.executable, "-c", _SERVER, str(settings.data_dir)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        server.kill()
        server.wait()
    asyncio.run(_until(lambda: not _runs(pid)))


def _runs(pid: int) -> bool:
    """Whether a process runs, rather than being gone or waiting to be reaped."""
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_worker_has_its_limits_and_writes_nothing(generations: Generations, settings: Settings) -> None:
    async def steps(pool: WorkerPool) -> None:
        limits = Path(f"/proc/{pool.workers[0].pid}/limits").read_text()
        for line in ("Max file size 0 0 bytes", "Max core file size 0 0 bytes"):
            assert line in " ".join(limits.split())
        assert f"Max address space {settings.worker_memory} {settings.worker_memory} bytes" in " ".join(limits.split())

    _run(WorkerPool(generations, settings), steps)


def test_a_worker_reaches_no_network_where_the_system_allows_to_take_it_away(
    generations: Generations, settings: Settings
) -> None:
    async def steps(pool: WorkerPool) -> None:
        if not pool.workers[0].isolated:
            pytest.skip("this system lets no process leave the network")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(0.3)
            with pytest.raises(QueryError, match="cannot be evaluated"):
                await pool.answer(
                    _select(f"SELECT * {{ SERVICE <http://127.0.0.1:{listener.getsockname()[1]}/> {{}} }}")
                )
            with pytest.raises(TimeoutError):
                listener.accept()

    _run(WorkerPool(generations, settings), steps)


@pytest.mark.parametrize("media_type", ["application/sparql-results+xml", "application/rdf+xml"])
def test_what_xml_cannot_express_is_an_error_not_an_ill_formed_answer(
    generations: Generations, settings: Settings, media_type: str
) -> None:
    def query(literal: str) -> Query:
        if media_type.startswith("application/rdf"):
            return _construct(f"CONSTRUCT {{ <a:s> <a:p> {literal} }} {{}}", media_type)
        return _select(f"SELECT ({literal} AS ?x) {{}}", media_type)

    async def steps(pool: WorkerPool) -> None:
        for character in ("\\u0000", "\\u0001", "\\u001F", "\\uFFFE", "\\uFFFF"):
            with pytest.raises(NotXmlError, match="XML cannot express"):
                await pool.answer(query(f'"x{character}"'))
        assert "é\t\ufffd".encode() in (await pool.answer(query('"\\u00E9\\t\\uFFFD"'))).head

    _run(WorkerPool(generations, settings), steps)


def test_a_predicate_that_rdf_xml_cannot_name_is_an_error(generations: Generations, settings: Settings) -> None:
    async def steps(pool: WorkerPool) -> None:
        text = "CONSTRUCT { <a:s> <https://example.org/9> 1 } {}"
        with pytest.raises(NotXmlError):
            await pool.answer(_construct(text, "application/rdf+xml"))
        assert b"https://example.org/9" in (await pool.answer(_construct(text, "text/turtle"))).head

    _run(WorkerPool(generations, settings), steps)


def test_a_format_that_does_not_fit_the_form_is_an_error(generations: Generations, settings: Settings) -> None:
    async def steps(pool: WorkerPool) -> None:
        with pytest.raises(QueryError, match="solutions cannot be written as text/turtle"):
            await pool.answer(_construct("SELECT * {}", "text/turtle"))
        with pytest.raises(QueryError, match="a graph cannot be written as text/csv"):
            await pool.answer(_select("CONSTRUCT WHERE { ?s ?p ?o }"))

    _run(WorkerPool(generations, settings), steps)
