"""Between HTTP and the engine: query workers in two lanes, each killed when its query takes too long or too much.

A query starts in the fast lane. When it takes longer than that lane allows, its worker gives way to the others and goes
on in the slow lane, which has few places and a queue; a fresh worker takes its place in the fast lane. Where the slow
lane is full, the worker is killed and the query waits for its turn to start again. So whoever asks what takes long
waits for others who do, and nobody else does.

A worker serves the generation it was started with. When a newer one appears, new workers are started beside the old
ones and take over all at once, so that nobody who has read the new one reads an older one after it; an old worker that
is answering finishes first. Whatever ends a worker, the keeper starts another.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Coroutine

from endpoint.engine import Query
from endpoint.generations import Generation, Generations
from endpoint.metrics import Metrics
from endpoint.partners import Partners
from endpoint.settings import Settings
from endpoint.turns import Turns
from endpoint.worker import Request
from endpoint.worker_answer import Displaced, WorkerAnswer
from endpoint.workers import Worker
from ontology.errors import StoreError

_KEEP_INTERVAL = 1.0  # seconds between looks for a newer generation
_REMEMBERED = 1000  # queries known to take long

_log = logging.getLogger(__name__)


class WorkerPool:
    """The workers of one server. Use it as an asynchronous context manager; leaving it ends every worker."""

    def __init__(
        self,
        generations: Generations,
        settings: Settings,
        partners: Partners | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._generations, self._settings, self._partners = generations, settings, partners
        self.metrics = metrics or Metrics()
        self.metrics.watch("queue_waiting", "Queries waiting for a worker", lambda: len(self._turns))
        self.metrics.watch("slow_queue_waiting", "Queries waiting for the slow lane", lambda: len(self._slow_turns))
        self.metrics.watch("busy_workers", "Workers that answer", lambda: sum(one.busy for one in self._workers))
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._idle_slow: list[Worker] = []  # not more than there are places in the slow lane
        self._turns: Turns[Worker] = Turns(settings.queue_length, "query worker", self._put_back)
        self._slow_places = settings.slow_workers
        self._slow_turns: Turns[None] = Turns(settings.slow_queue_length, "place in the slow lane", self._free_place)
        self._lent = 0
        self._known_slow: OrderedDict[Query, None] = OrderedDict()
        self._attention = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.time_limit = settings.query_timeout
        self.generation: Generation | None = None

    @property
    def workers(self) -> list[Worker]:
        """The workers of the fast lane that serve the present generation."""
        return [worker for worker in self._fast() if worker.generation == self.generation]

    def _fast(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.usable and not worker.slow and not worker.lent]

    async def __aenter__(self) -> "WorkerPool":
        await self._refresh_or_log()
        self._spawn_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    # Answers

    async def answer(self, query: Query, *, whole: bool = False) -> WorkerAnswer:
        """Run a query; returns when the beginning of its answer is there, or all of it. The caller closes the answer.

        The time limit counts from here on, waiting included. Raises QueryError, WorkersBusy when no worker becomes
        free, StoreError while there is no generation.
        """
        deadline = asyncio.get_running_loop().time() + self.time_limit
        if query not in self._known_slow:
            with contextlib.suppress(Displaced):
                return await self._begun(query, await self._free_worker(deadline), self._settings.fast_timeout, whole)
        if self._slow_places:
            self._slow_places -= 1
        else:
            await self._slow_turns.wait(deadline)
        worker = self._free_slow_worker()
        if worker is None:
            try:
                worker = await self._free_worker(deadline)
            except BaseException:
                self._free_place(None)
                raise
            self._slow_down(worker)
        return await self._begun(query, worker, deadline - asyncio.get_running_loop().time(), whole)

    async def _begun(self, query: Query, worker: Worker, seconds: float, whole: bool) -> WorkerAnswer:
        answer = WorkerAnswer(self, worker, query, seconds)
        try:
            await answer.begin(self._request(query), whole=whole)
        except BaseException:
            answer.close()
            raise
        return answer

    def _request(self, query: Query) -> Request:
        return {
            "query": query.text,
            "media_type": query.media_type,
            "is_graph": query.is_graph,
            "has_dataset": query.has_dataset,
            "base_iri": self._settings.base_iri,
            "default_graphs": None if query.default_graphs is None else list(query.default_graphs),
            "named_graphs": None if query.named_graphs is None else list(query.named_graphs),
            "max_bytes": self._settings.max_result_bytes,
            "max_rows": self._settings.max_result_rows,
            "coding": query.coding,
        }

    async def _free_worker(self, deadline: float) -> Worker:
        """A worker of the fast lane, now marked busy."""
        if self.generation is None:
            raise StoreError("there is no graph to query yet")
        while True:  # one that is handed over may be taken out of service before it is received
            # Of the idle ones the one that answered last: its memory is warm.
            worker = self._idle.pop() if self._idle else await self._turns.wait(deadline)
            if worker.usable:
                worker.busy = True
                return worker

    def _free_slow_worker(self) -> Worker | None:
        """A worker that has answered in the slow lane before, now marked busy; None where there is none."""
        while self._idle_slow:
            worker = self._idle_slow.pop()
            if worker.usable:
                worker.busy = True
                return worker
        return None

    # Lanes

    def moved_to_slow_lane(self, worker: Worker, query: Query) -> float:
        """Let a worker go on in the slow lane; the seconds it has there, 0 where no place is free."""
        self._known_slow[query] = None
        if len(self._known_slow) > _REMEMBERED:
            self._known_slow.popitem(last=False)
        if not worker.lent:
            if not self._slow_places:
                return 0.0
            self._slow_places -= 1
        self._slow_down(worker)
        return self.time_limit - self._settings.fast_timeout

    def took(self, query: Query, seconds: float) -> None:
        """Let a query that was quick in the slow lane, as one may be that was slow on a cold store, start in the fast
        one again."""
        if seconds < self._settings.fast_timeout:
            self._known_slow.pop(query, None)

    def _slow_down(self, worker: Worker) -> None:
        worker.slow_down()
        self._attention.set()

    def _free_place(self, _: None) -> None:
        if not self._slow_turns.hand_out(None):
            self._slow_places += 1

    def lend(self, worker: Worker) -> None:
        """Take a worker out of the fast lane whose answer is still being read when its time there is over, since that
        may take as long as the client likes; not more than so many."""
        if not worker.slow and self._lent < self._settings.max_streams:
            self._lent += 1
            worker.lent = True
            self._attention.set()

    def release(self, worker: Worker, *, finished: bool) -> None:
        """Take a worker back: to the idle ones of its lane, or out of service when it is unfinished, retired or one
        too many."""
        worker.busy = False
        if worker.lent:
            self._lent -= 1
        elif worker.slow:
            self._free_place(None)
        if worker.slow:
            is_wanted = len(self._idle_slow) < self._settings.slow_workers
        else:
            is_wanted = not (worker.lent and self._is_complete())
        worker.lent = False
        if not (finished and worker.usable and is_wanted):
            worker.kill()
        elif worker.slow:
            self._idle_slow.append(worker)
        else:
            self._put_back(worker)

    def _put_back(self, worker: Worker) -> None:
        worker.busy = False
        if not self._turns.hand_out(worker):
            self._idle.append(worker)

    # Generations

    async def _keep(self) -> None:
        """Have as many workers as there should be, on the newest generation, for as long as the pool lives."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_KEEP_INTERVAL):
                    await self._attention.wait()
            self._attention.clear()
            await self._refresh_or_log()

    async def _refresh_or_log(self) -> None:
        try:
            await self._refresh()
        except (StoreError, OSError):
            _log.exception("no query worker could be started; trying again")

    async def _refresh(self) -> None:
        newest = self._generations.newest()
        if newest is None:
            return
        while not self._is_complete(newest):
            worker = await Worker.start(self._generations, newest, self._settings.worker_memory, self._partners)
            if self._is_complete(newest):  # one that was lent has come back meanwhile
                await worker.stop()
                break
            self._workers.add(worker)
            self._spawn_task(self._watch(worker))
            if self.generation is None:
                self._take_over(newest)  # the first one need not wait for the others
            elif self.generation == newest:
                self._put_back(worker)
        if self.generation != newest:
            self._take_over(newest)

    def _take_over(self, newest: Generation) -> None:
        """Answer from this generation from now on; a worker of an older one is taken out of service, at once if it is
        idle, else when it has answered."""
        published = self._generations.path(newest).stat().st_mtime
        self.metrics.took_over(newest.sequence, newest.build, published)
        self.generation = newest
        self._known_slow.clear()
        for worker in self._workers:
            if worker.generation != newest:
                worker.retired = True
                if not worker.busy:
                    worker.kill()
            elif worker.usable:
                self._put_back(worker)

    def _is_complete(self, generation: Generation | None = None) -> bool:
        """Whether the fast lane has all its workers on a generation, the present one if none is given."""
        wanted = generation or self.generation
        return sum(worker.generation == wanted for worker in self._fast()) >= self._settings.workers

    async def _watch(self, worker: Worker) -> None:
        """Forget a worker when its process ends, and have the keeper start another."""
        await worker.ended()
        worker.kill()  # closes the channel
        self._workers.discard(worker)
        for idle in (self._idle, self._idle_slow):
            if worker in idle:
                idle.remove(worker)
        self._attention.set()

    def _spawn_task(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
