"""An engine elsewhere: a query goes over HTTP to a remote SPARQL store as it came.

Only the query operation is ever asked for, and never with the credentials of the writer. What a store cuts off is not
passed on as if it were whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from typing import Self

import httpx2 as httpx

from endpoint.engine import Answer, Query
from endpoint.generations import Generation
from endpoint.lexer import outline
from endpoint.metrics import Lane
from endpoint.negotiation import NotAcceptableError
from endpoint.remote import JSON_RESULTS, MARK_QUERY, Address, Mark, said
from endpoint.settings import Settings
from endpoint.turns import Turns
from ontology.errors import (
    QueryError,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
    StoreError,
    WorkersBusy,
)

HEAD_BYTES = 1 << 20
"""Bytes of an answer that are held back until its status can be known."""
_LOOK_INTERVAL = 1.0  # seconds between looks at the mark
_CONNECT_SECONDS = 5.0
_CUT_OFF = ("X-SPARQL-MaxRows", "X-SQL-State")
"""Headers by which Virtuoso says that an answer is not whole: the limit of rows, the error of a query cut short."""
_TIMED_OUT = re.compile(r"time ?limit|timed? ?out|time-?out|execution time|S1T00", re.IGNORECASE)
_EXTENSION = re.compile(r"(?<!\w)(?:bif|sql)\s*:|`", re.IGNORECASE)
"""How Virtuoso's own functions and SQL come into a query; its pragmas are no SPARQL form."""

_log = logging.getLogger(__name__)


class RemoteAnswer(Answer):
    """The answer of a remote store. Closing it closes its connection, by which a store learns to stop."""

    def __init__(self, engine: RemoteEngine, generation: Generation, seconds: float) -> None:
        super().__init__(generation)
        self._engine, self._seconds_left, self._bytes_left = engine, seconds, engine.max_bytes
        self._response: httpx.Response | None = None
        self._parts: AsyncIterator[bytes]
        self._closed = False

    @property
    def lane(self) -> Lane:
        """Part of Answer."""
        return "remote"

    async def begin(self, request: httpx.Request, media_type: str, *, whole: bool) -> None:
        """Send the query and wait for the beginning of its answer. Raises QueryError when it fails before that."""
        async with self._waiting():
            self._response = await self._engine.client.send(request, stream=True)
            await _check(self._response, media_type)
        self._parts = self._response.aiter_bytes()
        parts, size = [], 0
        while (whole or size < HEAD_BYTES) and (part := await self.next_part()):
            parts.append(part)
            size += len(part)
        self.head = b"".join(parts)

    def close(self) -> None:
        """Part of Answer: gives the place back, and the connection, which is closed unless all was read."""
        if not self._closed:
            self._closed = True
            self._engine.release(self._response)

    async def next_part(self) -> bytes:
        """Part of Answer."""
        async with self._waiting():
            part = await anext(self._parts, b"")
        self._bytes_left -= len(part)
        if self._bytes_left < 0:
            raise QueryTooLarge("the answer is larger than one answer may be; ask for a part of it with LIMIT")
        if not part:
            self.complete = True
            self.close()
        return part

    @contextlib.asynccontextmanager
    async def _waiting(self) -> AsyncIterator[None]:
        """Wait for the store, as long as the query may take; what goes wrong on the way is said in our words."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._seconds_left):
                yield
        except TimeoutError as error:
            limit = self._engine.time_limit
            raise QueryTimeout(f"the query took longer than {limit:g} seconds and was stopped") from error
        except httpx.ConnectError as error:
            raise StoreError("the remote store cannot be reached") from error
        except httpx.HTTPError as error:
            raise QueryError("the remote store broke off its answer") from error
        finally:
            self._seconds_left -= loop.time() - started


async def _check(response: httpx.Response, media_type: str) -> None:
    """Whether a response is the whole answer in the format asked for; else the error that it stands for."""
    if not response.is_success:
        text = (await response.aread()).decode("utf-8", "replace")
        raise _failure(response.status_code, said(text), media_type)
    if any(name in response.headers for name in _CUT_OFF):
        raise QueryTooLarge("the remote store cuts its answer off; ask for a part of it with LIMIT")
    given = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise NotAcceptableError(f"the remote store does not write {media_type}; it gave {given or 'no type'}")


def _failure(status: int, message: str, media_type: str) -> QueryError | StoreError:
    """The error that a status and the words of the store stand for."""
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
        _log.error("the remote store refuses queries with status %d", status)
        return StoreError("the remote store does not take queries")
    if status == httpx.codes.NOT_ACCEPTABLE:
        return NotAcceptableError(f"the remote store does not write {media_type}")
    if status in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
        return WorkersBusy("the remote store is busy")
    if status in (httpx.codes.REQUEST_TIMEOUT, httpx.codes.GATEWAY_TIMEOUT) or _TIMED_OUT.search(message):
        return QueryTimeout(f"the remote store takes too long: {message}")
    if status == httpx.codes.BAD_REQUEST:
        return QuerySyntaxError(message)
    return QueryError(f"the remote store cannot answer: {message}")


class RemoteEngine:
    """The engine that asks a remote store: as many queries at once as there are workers, the others wait."""

    def __init__(self, address: Address, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.time_limit, self.max_bytes = settings.query_timeout, settings.max_result_bytes
        self.generation: Generation | None = None
        self._address = address
        self.client = httpx.AsyncClient(
            auth=address.reader,
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
            transport=transport,
        )
        self._places = settings.workers
        self._turns: Turns[None] = Turns(settings.queue_length, "connection to the store", self._free_place)
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._look()
        self._keep(asyncio.create_task(self._watch()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.aclose()

    async def answer(self, query: Query, *, whole: bool = False) -> RemoteAnswer:
        """Run a query; returns when the beginning of its answer is there, or all of it. The caller closes the answer.

        The time limit counts from here on, waiting included. Raises QueryError, WorkersBusy when no place becomes
        free, StoreError while there is no graph or no store.
        """
        allow(query.text)
        if self.generation is None:
            raise StoreError("there is no graph to query yet")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.time_limit
        if self._places:
            self._places -= 1
        else:
            await self._turns.wait(deadline)
        answer = RemoteAnswer(self, self.generation, deadline - loop.time())
        try:
            await answer.begin(self._request(query), query.media_type, whole=whole)
        except BaseException:
            answer.close()
            raise
        return answer

    def release(self, response: httpx.Response | None) -> None:
        """Take a place back, and close what an answer was read from."""
        self._free_place(None)
        if response and not response.is_closed:
            self._keep(asyncio.create_task(response.aclose()))

    def _request(self, query: Query) -> httpx.Request:
        """https://www.w3.org/TR/sparql11-protocol/#query-via-post-urlencoded"""
        form: dict[str, str | list[str]] = {"query": query.text}
        if query.default_graphs:
            form["default-graph-uri"] = list(query.default_graphs)
        if query.named_graphs:
            form["named-graph-uri"] = list(query.named_graphs)
        headers = {"Accept": query.media_type, "Accept-Encoding": "identity"}
        return self.client.build_request("POST", self._address.query, data=form, headers=headers)

    def _free_place(self, _: None) -> None:
        if not self._turns.hand_out(None):
            self._places += 1

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_INTERVAL)
            await self._look()

    async def _look(self) -> None:
        """See how far the store has come; what cannot be seen is logged, and queries find it out for themselves."""
        form, headers = {"query": MARK_QUERY}, {"Accept": JSON_RESULTS}
        try:
            response = await self.client.post(self._address.query, data=form, headers=headers, timeout=_CONNECT_SECONDS)
            mark = Mark.read(response.raise_for_status().content)
        except (httpx.HTTPError, StoreError) as error:
            _log.warning("the remote store cannot be asked for its state: %s", type(error).__name__)
        else:
            self.generation = mark.state if mark.published else None


def allow(text: str) -> None:
    """Refuse what must not reach a remote store, whoever else has looked at the query before.

    Raises QueryRefused for an update, any SERVICE call and Virtuoso's way into SQL, QuerySyntaxError for no query.
    """
    outline(text)
    if found := _EXTENSION.search(text):
        raise QueryRefused(f"{found[0].strip()!r} is refused: a remote store may take it for an extension of SPARQL")
