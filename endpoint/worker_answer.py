"""The answer to one query as it comes from a worker, frame by frame, and the end of those that take too long."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from typing import TYPE_CHECKING

from endpoint.engine import Answer, NotXmlError, Query
from endpoint.lexer import located
from endpoint.metrics import Lane
from endpoint.worker import DATA, END, PACKED, Request
from endpoint.workers import Worker
from ontology.errors import ClearingHouseError, QueryError, QueryRefused, QueryTimeout, QueryTooLarge

if TYPE_CHECKING:
    from endpoint.pool import WorkerPool

HEAD_FRAMES = 2
"""Parts of an answer, of `CHUNK_BYTES` before compression, that are held back until its status can be known."""
_TOO_LONG = "the query took longer than {:g} seconds and was stopped"

_log = logging.getLogger(__name__)


class Displaced(QueryError):
    """The query took too long for the fast lane, and the slow lane was full."""


class WorkerAnswer(Answer):
    """The answer of a worker, which is killed when it takes too long."""

    def __init__(self, pool: WorkerPool, worker: Worker, query: Query, time_limit: float) -> None:
        super().__init__(worker.generation)
        self._pool, self._worker, self._query, self._seconds_left = pool, worker, query, time_limit
        self._taken = 0.0  # seconds of the worker
        self._closed = False
        self._failure: QueryError | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lending: asyncio.TimerHandle | None = None

    @property
    def lane(self) -> Lane:
        """Part of Answer."""
        return "slow" if self._worker.slow else "fast"

    async def begin(self, request: Request, *, whole: bool) -> None:
        """Send the query and wait for the beginning of its answer. Raises QueryError when it fails before that."""
        if self._query.is_federated and not self._worker.federated:
            self.complete = True  # it has nothing to do
            raise QueryRefused("SERVICE is refused: this system cannot shut a query off from the network otherwise")
        self._worker.ask(request)
        parts: list[bytes] = []
        while (whole or len(parts) < HEAD_FRAMES) and (part := await self.next_part()):
            parts.append(part)
        if self._worker.channel.next_is(END):
            await self.next_part()
        self.head = b"".join(parts)
        if not self.complete:
            self._lending = asyncio.get_running_loop().call_later(self._seconds_left, self._pool.lend, self._worker)

    def close(self) -> None:
        """Part of Answer. A complete answer has given its worker back by itself; an unfinished one has it killed."""
        if not self._closed:
            self._closed = True
            if self._lending:
                self._lending.cancel()
            self._pool.release(self._worker, finished=self.complete)

    async def next_part(self) -> bytes:
        """Part of Answer."""
        frame = self._worker.channel.arrived()
        while frame is None:
            await self._wait()
            frame = self._worker.channel.arrived()
        kind, payload = frame
        if kind in (DATA, PACKED):
            self.coding = self._query.coding if kind == PACKED else ""
            return payload
        self._end(payload)
        return b""

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._timer = loop.call_later(self._seconds_left, self._overdue)
        try:
            await self._worker.channel.arrival()
        except EOFError as error:
            raise await self._death() from error
        finally:
            self._timer.cancel()
            waited = loop.time() - started
            self._taken += waited
            self._seconds_left -= waited

    def _overdue(self) -> None:
        """The time is up: go on in the slow lane, or end."""
        more = 0.0 if self._worker.slow else self._pool.moved_to_slow_lane(self._worker, self._query)
        if more:
            self._seconds_left += more
            self._timer = asyncio.get_running_loop().call_later(more, self._overdue)
        elif self._worker.slow or self._worker.lent:
            self._failure = QueryTimeout(_TOO_LONG.format(self._pool.time_limit))
            self._worker.kill()
            self._pool.metrics.worker_died("timeout")
        else:
            self._failure = Displaced("the slow lane is full")
            self._worker.kill()

    def _end(self, payload: bytes) -> None:
        self.complete = True
        if self._worker.slow:
            self._pool.took(self._query, self._taken)
        failure = self._worker.link.failure if self._worker.link else None
        self.close()
        if failure:
            raise failure
        if outcome := json.loads(payload):
            raise _failure(outcome["error"], outcome.get("message", ""))

    async def _death(self) -> QueryError:
        if self._failure:
            return self._failure
        if self._closed:
            return QueryError("the answer is no longer wanted")
        code = await self._worker.stop()
        self._pool.metrics.worker_died("memory" if code == -signal.SIGABRT else "crash")
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
        case "rows":
            return QueryTooLarge("the answer has more rows than one answer may have; ask for a part of it with LIMIT")
        case "xml":
            return NotXmlError(
                f"the answer contains {message!r}, which XML cannot express; ask for another format, such as JSON"
            )
        case _:
            return QueryError(f"the query cannot be evaluated: {message}")
