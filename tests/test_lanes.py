"""The two lanes: what takes long waits for what takes long, and nobody else does."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from live import halt

from endpoint.engine import Query
from endpoint.generations import Generations
from endpoint.pool import WorkerPool
from endpoint.settings import Settings
from endpoint.turns import Turns
from endpoint.workers import SLOW_NICENESS
from ontology.errors import QueryError, QueryTimeout, QueryTooLarge, WorkersBusy

RECORDS = 200
LIMIT = 3.0
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
SECONDS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
QUICK = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    store = ox.Store(str(tmp_path / "live"))
    predicate = ox.NamedNode("urn:p")
    store.extend(
        [ox.Quad(ox.NamedNode(f"urn:{n}"), predicate, ox.Literal(n), ox.NamedNode("urn:g")) for n in range(RECORDS)]
    )
    generations = Generations(tmp_path / "generations")
    generations.create(store, 1)
    return generations


def run(generations: Generations, steps: Callable[[WorkerPool], Coroutine[Any, Any, None]], **settings: Any) -> None:
    async def inside() -> None:
        some = {"workers": 2, "query_timeout": LIMIT, "fast_timeout": 0.4, "slow_queue_length": 2} | settings
        async with asyncio.timeout(60), WorkerPool(generations, Settings(**some)) as pool:
            await steps(pool)

    asyncio.run(inside())


def select(text: str, media_type: str = "text/csv", coding: str = "") -> Query:
    return Query(text, media_type, is_graph=False, has_dataset=False, coding=coding)


async def whole(pool: WorkerPool, query: Query) -> tuple[bytes, str]:
    answer = await pool.answer(query)
    lane = answer.lane
    with contextlib.closing(answer):
        return answer.head + b"".join([part async for part in answer.rest()]), lane


def test_a_query_that_takes_long_goes_on_in_the_slow_lane_with_another_worker_in_its_place(
    generations: Generations,
) -> None:
    async def steps(pool: WorkerPool) -> None:
        before = {worker.pid for worker in pool.workers}
        slow = asyncio.create_task(pool.answer(select(ENDLESS)))
        await asyncio.sleep(0.8)
        [gone] = before - {worker.pid for worker in pool.workers}
        for task in Path(f"/proc/{gone}/task").iterdir():
            assert os.getpriority(os.PRIO_PROCESS, int(task.name)) == SLOW_NICENESS, "every thread gives way"
        assert (await whole(pool, select(QUICK)))[1] == "fast"
        with pytest.raises(QueryTimeout, match="longer than 3 seconds"):
            await slow

    run(generations, steps)


def test_while_the_slow_lane_is_full_others_who_take_long_wait_and_quick_ones_do_not(generations: Generations) -> None:
    async def steps(pool: WorkerPool) -> None:
        began = time.monotonic()
        hostile = [asyncio.create_task(pool.answer(select(f"{ENDLESS} # {number}"))) for number in range(5)]
        slowest = 0.0
        while not all(task.done() for task in hostile):
            asked = time.monotonic()
            with contextlib.suppress(WorkersBusy):
                await whole(pool, select(QUICK))
            slowest = max(slowest, time.monotonic() - asked)
            await asyncio.sleep(0.05)
        ends = await asyncio.gather(*hostile, return_exceptions=True)
        assert all(isinstance(end, QueryTimeout | WorkersBusy) for end in ends), ends
        assert any(isinstance(end, WorkersBusy) for end in ends), "the queue holds two"
        assert time.monotonic() - began < 2 * LIMIT - 0.5, "waiting counts against the limit"
        assert slowest < LIMIT - 0.5

    run(generations, steps, workers=4)


def test_a_query_known_to_take_long_does_not_enter_the_fast_lane_again(generations: Generations) -> None:
    async def steps(pool: WorkerPool) -> None:
        with pytest.raises(QueryTimeout):
            await pool.answer(select(ENDLESS))
        task = asyncio.create_task(pool.answer(select(ENDLESS)))
        await asyncio.sleep(0.2)
        assert [worker for worker in pool._workers if worker.slow and worker.busy]
        task.cancel()

    run(generations, steps)


def test_a_query_that_was_quick_in_the_slow_lane_starts_in_the_fast_one_again(generations: Generations) -> None:
    async def steps(pool: WorkerPool) -> None:
        halt(pool._idle[-1].pid)  # as a disk that has not the store in memory yet
        asking = asyncio.create_task(whole(pool, select(QUICK)))
        while not (slow := [worker for worker in pool._workers if worker.slow]):
            assert not asking.done(), asking.result()
            await asyncio.sleep(0.05)
        os.kill(slow[0].pid, signal.SIGCONT)
        lanes = [(await asking)[1], *[(await whole(pool, select(QUICK)))[1] for _ in range(2)]]
        assert lanes == ["slow", "slow", "fast"]

    run(generations, steps, query_timeout=50)


def test_a_worker_of_the_slow_lane_answers_the_next_one_there_too(generations: Generations) -> None:
    async def steps(pool: WorkerPool) -> None:
        text = f"{SECONDS} # one of two"
        found = [await whole(pool, select(text)), await whole(pool, select(text))]
        assert found == [(f"n\r\n{RECORDS**3}\r\n".encode(), "slow")] * 2
        assert len([worker for worker in pool._workers if worker.slow]) == 1

    run(generations, steps, fast_timeout=0.05, query_timeout=20)


def test_answers_being_read_take_no_worker_from_the_fast_lane(generations: Generations) -> None:
    long_ = "SELECT * { ?a ?b ?c . ?d ?e ?f }"

    async def steps(pool: WorkerPool) -> None:
        reading = [await pool.answer(select(f"{long_} # {number}")) for number in range(2)]
        assert not any(answer.complete for answer in reading)
        assert (await whole(pool, select(QUICK)))[0] == f"n\r\n{RECORDS}\r\n".encode()
        for answer in reading:
            with contextlib.closing(answer):
                rows = answer.head + b"".join([part async for part in answer.rest()])
            assert rows.count(b"\r\n") == RECORDS**2 + 1
        async with asyncio.timeout(10):
            while len(pool.workers) != 1 or len(pool._workers) != 1:  # what was lent and is one too many has gone
                await asyncio.sleep(0.05)

    run(generations, steps, workers=1)


@pytest.mark.parametrize(
    "media_type",
    ["text/csv", "text/tab-separated-values", "application/sparql-results+json", "application/sparql-results+xml"],
)
def test_an_answer_with_more_rows_than_allowed_is_refused_and_one_with_as_many_is_given(
    generations: Generations, media_type: str
) -> None:
    tricky = '"a\\"}},{\\"b\\nc</result>,\\"\\"d"'

    async def steps(pool: WorkerPool) -> None:
        text = f"SELECT ?s ({tricky} AS ?x) {{ ?s ?p ?o }} LIMIT "
        assert await whole(pool, select(text + "100", media_type))
        with pytest.raises(QueryTooLarge, match="more rows"):
            await whole(pool, select(text + "102", media_type))

    run(generations, steps, max_result_rows=100)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_long_answer_is_compressed_part_by_part_and_a_short_one_is_not(generations: Generations, coding: str) -> None:
    import gzip

    import zstandard

    def unpacked(data: bytes) -> bytes:
        if coding == "gzip":
            return gzip.decompress(data)
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)

    async def steps(pool: WorkerPool) -> None:
        plain, _ = await whole(pool, select("SELECT * { ?a ?b ?c . ?d ?e ?f }"))
        answer = await pool.answer(select("SELECT * { ?a ?b ?c . ?d ?e ?f }", coding=coding))
        with contextlib.closing(answer):
            packed = answer.head + b"".join([part async for part in answer.rest()])
        assert answer.coding == coding
        assert unpacked(packed) == plain
        assert len(packed) < len(plain) / 5
        assert (await pool.answer(select(QUICK, coding=coding))).coding == ""

    run(generations, steps)


def test_turns_are_taken_in_order_and_what_was_handed_to_somebody_gone_comes_back() -> None:
    async def inside() -> None:
        back: list[str] = []
        turns: Turns[str] = Turns(2, "worker", back.append)
        deadline = asyncio.get_running_loop().time() + 5
        first, second = (asyncio.create_task(turns.wait(deadline)) for _ in range(2))
        await asyncio.sleep(0)
        with pytest.raises(WorkersBusy, match="the queue is full"):
            await turns.wait(deadline)
        assert turns.hand_out("a")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert back == ["a"]
        assert turns.hand_out("b")
        assert await second == "b"
        assert not turns.hand_out("c")
        with pytest.raises(WorkersBusy, match="in time"):
            await turns.wait(asyncio.get_running_loop().time() + 0.05)
        assert len(turns) == 0

    asyncio.run(inside())


def test_a_failure_in_the_slow_lane_frees_its_place(generations: Generations) -> None:
    async def steps(pool: WorkerPool) -> None:
        for _ in range(3):
            with pytest.raises(QueryError):
                await pool.answer(select(ENDLESS))
        assert pool._slow_places == 1

    run(generations, steps, query_timeout=0.8)
