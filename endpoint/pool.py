"""Between HTTP and the engine: a fixed number of query workers, each killed when its query takes too long or too much.

A worker serves the generation it was started with. When a newer one appears, new workers take over one by one, and an
old one that is answering finishes first. Whatever ends a worker, the keeper starts another.
"""

import asyncio
import contextlib
import json
import logging
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass

from endpoint.generations import Generation, Generations
from endpoint.lexer import located
from endpoint.settings import Settings
from endpoint.worker import DATA, FRAME, QUERY, Request
from ontology.errors import ClearingHouseError, QueryError, QueryTimeout, QueryTooLarge, StoreError, WorkersBusy

HEAD_BYTES = 1 << 20  # of an answer, held back until its status can be known
_START_TIMEOUT = 30.0  # seconds for a worker to open its generation
_KEEP_INTERVAL = 1.0  # seconds between looks for a newer generation

_log = logging.getLogger(__name__)


class NotXmlError(QueryError):
    """An answer that the XML format asked for cannot express."""


@dataclass(frozen=True)
class Query:
    """A query as the protocol hands it over; the graphs are those of the request, None to leave them to the query."""

    text: str
    media_type: str
    is_graph: bool
    has_dataset: bool
    default_graphs: list[str] | None = None
    named_graphs: list[str] | None = None


class WorkerProcess:
    """One worker as seen from here: its process, its channel and its generation."""

    def __init__(
        self,
        generation: Generation,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.generation = generation
        self.pid = process.pid
        self.isolated = False
        self.busy = False
        self.retired = False
        self._process, self._reader, self._writer = process, reader, writer

    @classmethod
    async def start(cls, generations: Generations, generation: Generation, memory: int) -> "WorkerProcess":
        """Start a worker and wait until it has opened the generation; raises StoreError when it does not."""
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        with theirs:
            arguments = (str(theirs.fileno()), str(generations.directory), generation.name, str(memory))
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "endpoint.worker", *arguments),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # an interrupt from the terminal is for the server alone
                )
            except OSError:
                writer.close()
                raise
        worker = cls(generation, process, reader, writer)
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                _, payload = await worker.receive()
        except BaseException as error:
            await worker.stop()
            if isinstance(error, EOFError | OSError | TimeoutError):
                raise StoreError(f"no worker could open generation {generation.name}") from error
            raise
        worker.isolated = json.loads(payload)["isolated"]
        return worker

    @property
    def usable(self) -> bool:
        """Whether it may be given a query."""
        return not self.retired and self._process.returncode is None and not self._reader.at_eof()

    async def send(self, request: Request) -> None:
        """Hand over a query. Raises OSError when the process has ended."""
        payload = json.dumps(request).encode()
        self._writer.write(FRAME.pack(QUERY, len(payload)) + payload)
        await self._writer.drain()

    async def receive(self) -> tuple[bytes, bytes]:
        """The next frame. Raises EOFError or OSError when the process has ended."""
        kind, length = FRAME.unpack(await self._reader.readexactly(FRAME.size))
        return kind, await self._reader.readexactly(length)

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        self.retired = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._writer.close()

    async def stop(self) -> int:
        """Kill the process and wait until it is gone."""
        self.kill()
        return await self.ended()

    async def ended(self) -> int:
        """Wait until the process is gone; its return code, negative for a signal."""
        return await self._process.wait()


class Answer:
    """The answer to one query: a beginning that is there already, and a rest that is still to come."""

    def __init__(self, pool: "WorkerPool", worker: WorkerProcess, time_limit: float) -> None:
        self.generation = worker.generation
        self.head = b""
        self.complete = False
        self._pool, self._worker, self._seconds_left = pool, worker, time_limit
        self._time_limit = time_limit
        self._closed = False

    async def begin(self, request: Request, head_bytes: int) -> None:
        """Send the query and wait for its first `head_bytes`. Raises QueryError when it fails before that."""
        parts, size = [], 0
        try:
            await self._worker.send(request)
        except OSError as error:
            raise await self._death() from error
        while size < head_bytes and (part := await self._next()):
            parts.append(part)
            size += len(part)
        self.head = b"".join(parts)

    async def rest(self) -> AsyncIterator[bytes]:
        """What follows the head. Raises QueryError when the answer breaks off, so that it is not taken for whole."""
        while not self.complete and (part := await self._next()):
            yield part

    def close(self) -> None:
        """Give the worker back, which a complete answer has done by itself; one that has not finished is killed."""
        if not self._closed:
            self._closed = True
            self._pool.release(self._worker, finished=self.complete)

    async def _next(self) -> bytes:
        """The next part, empty at the end. Only the time spent waiting for the worker counts against the limit."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._seconds_left):
                kind, payload = await self._worker.receive()
        except TimeoutError as error:
            raise QueryTimeout(f"the query took longer than {self._time_limit:g} seconds and was stopped") from error
        except (EOFError, OSError) as error:
            raise await self._death() from error
        self._seconds_left -= loop.time() - started
        if kind == DATA:
            return payload
        self.complete = True
        self.close()
        if outcome := json.loads(payload):
            raise _failure(outcome["error"], outcome.get("message", ""))
        return b""

    async def _death(self) -> QueryError:
        if self._closed:
            return QueryError("the answer is no longer wanted")
        code = await self._worker.stop()
        _log.warning("worker %d ended with code %d while answering", self._worker.pid, code)
        return QueryTooLarge("the query ended its process, most likely by taking more memory than one query may")


def _failure(error: str, message: str) -> ClearingHouseError:
    """The error that an END frame reports."""
    match error:
        case "syntax":
            return located(message)
        case "memory":
            return QueryTooLarge("the query needs more memory than one query may take")
        case "bytes":
            return QueryTooLarge("the answer is larger than one answer may be; ask for a part of it with LIMIT")
        case "xml":
            return NotXmlError(
                f"the answer contains {message!r}, which XML cannot express; ask for another format, such as JSON"
            )
        case _:
            return QueryError(f"the query cannot be evaluated: {message}")


class WorkerPool:
    """The workers of one server. Use it as an asynchronous context manager; leaving it ends every worker."""

    def __init__(self, generations: Generations, settings: Settings) -> None:
        self._generations, self._settings = generations, settings
        self._workers: set[WorkerProcess] = set()
        self._idle: asyncio.Queue[WorkerProcess] = asyncio.Queue()
        self._waiting = 0
        self._attention = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.generation: Generation | None = None

    @property
    def workers(self) -> list[WorkerProcess]:
        """The workers that serve the present generation."""
        return [worker for worker in self._workers if worker.usable and worker.generation == self.generation]

    async def __aenter__(self) -> "WorkerPool":
        await self._refresh_or_log()
        self._spawn_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def answer(self, query: Query, head_bytes: int = HEAD_BYTES) -> Answer:
        """Run a query; returns when its first `head_bytes` are there or it is complete. The caller closes the answer.

        Raises QueryError, WorkersBusy when no worker becomes free, StoreError while there is no generation.
        """
        answer = Answer(self, await self._take(), self._settings.query_timeout)
        try:
            await answer.begin(self._request(query), head_bytes)
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
            "default_graphs": query.default_graphs,
            "named_graphs": query.named_graphs,
            "max_bytes": self._settings.max_result_bytes,
        }

    async def _take(self) -> WorkerProcess:
        """An idle worker, now marked busy."""
        if self.generation is None:
            raise StoreError("there is no graph to query yet")
        if self._idle.empty() and self._waiting >= self._settings.queue_length:
            raise WorkersBusy("every query worker is taken and the queue is full")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.query_timeout):
                while not (worker := await self._idle.get()).usable:
                    pass  # it ended or was retired while it was idle
        except TimeoutError as error:
            raise WorkersBusy("no query worker became free in time") from error
        finally:
            self._waiting -= 1
        worker.busy = True
        return worker

    def release(self, worker: WorkerProcess, *, finished: bool) -> None:
        """Take a worker back: to the idle ones, or out of service when it is unfinished, retired or dead."""
        worker.busy = False
        if finished and worker.usable:
            self._idle.put_nowait(worker)
        else:
            worker.kill()

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
        fresh = sum(worker.generation == newest and worker.usable for worker in self._workers)
        for _ in range(self._settings.workers - fresh):
            worker = await WorkerProcess.start(self._generations, newest, self._settings.worker_memory)
            self._workers.add(worker)
            self._spawn_task(self._watch(worker))
            self._idle.put_nowait(worker)
            self.generation = newest
            self._retire_one(newest)
        while self._retire_one(newest):
            pass

    def _retire_one(self, newest: Generation) -> bool:
        """Take one worker of an older generation out of service, at once if it is idle, else when it has answered."""
        for worker in self._workers:
            if worker.generation != newest and not worker.retired:
                worker.retired = True
                if not worker.busy:
                    worker.kill()
                return True
        return False

    async def _watch(self, worker: WorkerProcess) -> None:
        """Forget a worker when its process ends, and have the keeper start another."""
        await worker.ended()
        worker.kill()  # closes the channel
        self._workers.discard(worker)
        self._attention.set()

    def _spawn_task(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
