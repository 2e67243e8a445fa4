"""The SPARQL endpoint: an ASGI application for the query operation, from the bytes of a request to those of its answer.

It stands before the web framework, since an answer that the cache holds is given in less time than a route takes to
find. The text of a query is only looked at (`endpoint.lexer`), never parsed here.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass, replace

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from endpoint import prepared, problems, protocol
from endpoint.cache import Entry, ResultCache, entity_tag, is_repeatable, normalised
from endpoint.description import Descriptions
from endpoint.keeper import StatisticsKeeper
from endpoint.negotiation import coding_of
from endpoint.partners import Partners
from endpoint.pool import Answer, Query, WorkerPool
from endpoint.rates import RateLimiter
from endpoint.settings import Settings
from ontology.errors import ClearingHouseError, QueryError

METHODS = "GET, HEAD, POST, OPTIONS"
GENERATION_HEADER = "Clearinghouse-Generation"
LIMITS_HEADER = "Clearinghouse-Limits"
EXPOSED = ("Content-Length", "ETag", "Retry-After", "X-Request-ID", GENERATION_HEADER, LIMITS_HEADER)
CORS = ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", ", ".join(EXPOSED).encode()))
_WATCH_AFTER = 0.05  # seconds after which it is worth looking whether the client still waits
_VARY = (b"vary", b"Accept, Accept-Encoding")
_REVALIDATE = (b"cache-control", b"no-cache")  # may be kept, and asked for again by its entity tag

_log = logging.getLogger(__name__)


class _ClientGone(Exception):
    """Nobody waits for the answer any more."""


@dataclass(slots=True)
class _Headers:
    """What the endpoint reads of a request's headers."""

    accept: str = ""
    accept_encoding: str = ""
    content_type: str = ""
    if_none_match: bytes = b""
    cache_control: bytes = b""
    request_headers: bytes = b""  # of a CORS preflight

    @classmethod
    def of(cls, scope: Scope) -> "_Headers":
        found = cls()
        for name, value in scope["headers"]:
            match name:
                case b"accept":
                    found.accept += ("," if found.accept else "") + value.decode("latin-1")
                case b"accept-encoding":
                    found.accept_encoding = value.decode("latin-1")
                case b"content-type":
                    found.content_type = value.decode("latin-1")
                case b"if-none-match":
                    found.if_none_match = value
                case b"cache-control":
                    found.cache_control = value
                case b"access-control-request-headers":
                    found.request_headers = value
        return found

    @property
    def wants_fresh(self) -> bool:
        """Whether the client asks not to be given a kept answer."""
        return b"no-cache" in self.cache_control or b"no-store" in self.cache_control


class SparqlEndpoint:
    """The ASGI application at `/sparql`."""

    def __init__(
        self,
        settings: Settings,
        pool: WorkerPool,
        partners: Partners,
        statistics: StatisticsKeeper,
        descriptions: Descriptions,
    ) -> None:
        self.settings = settings
        self.pool = pool
        self.partners = partners
        self.statistics, self.descriptions = statistics, descriptions
        self.cache = ResultCache(settings.cache_bytes)
        self._limiter = RateLimiter(settings.rate_limit, settings.rate_burst)
        self._flights: dict[Hashable, asyncio.Future[None]] = {}
        limits = (
            f"seconds={settings.query_timeout:g}, rows={settings.max_result_rows}, bytes={settings.max_result_bytes}"
        )
        self._limits = (LIMITS_HEADER.lower().encode(), limits.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = _Exchange(scope, receive, send, _Headers.of(scope))
        try:
            self._limiter.admit(scope["client"][0] if scope["client"] else "")
            match scope["method"]:
                case "GET" | "HEAD":
                    await self._answer(exchange, None, b"")
                case "POST":
                    content_type = exchange.headers.content_type
                    limit = protocol.body_limit(content_type, self.settings.max_query_bytes)
                    await self._answer(exchange, content_type, await self._body(receive, limit))
                case "OPTIONS":
                    await exchange.respond(_preflight(exchange.headers))
                case _:
                    raise HTTPException(405, "Method Not Allowed", {"Allow": METHODS})
        except _ClientGone:
            return
        except (ClearingHouseError, HTTPException) as error:
            await exchange.respond(problems.answer_to(error, scope["path"], self.settings.base_iri))

    async def _answer(self, exchange: "_Exchange", content_type: str | None, body: bytes) -> None:
        """Answer a query operation, from the cache if it is there."""
        headers = exchange.headers
        query_string = exchange.scope["query_string"]
        request = (query_string, content_type, body, headers.accept, headers.accept_encoding)
        if not headers.wants_fresh and (entry := self.cache.of_request(request, self._generation)):
            await exchange.give(entry)
            return
        operation = protocol.operation(query_string, content_type, body)
        if operation is None:
            await exchange.respond(self.descriptions.service_description(Request(exchange.scope)))
            return
        size = len(operation.query.encode())
        if size > self.settings.max_query_bytes:
            raise HTTPException(413, f"a query may have {self.settings.max_query_bytes} bytes, this one has {size}")
        coding = coding_of(headers.accept_encoding)
        query, media_type = protocol.negotiated(operation, headers.accept, coding, self.partners.address)
        if not is_repeatable(query.text) or headers.wants_fresh:
            await self._evaluate(exchange, query, media_type)
            return
        key = (replace(query, text=normalised(query.text)), media_type)
        async with self._only_one(key):
            if entry := self.cache.get(key, self._generation, request):
                await exchange.give(entry)
            elif entry := self._prepared(query, media_type):
                self.cache.put(key, entry, request)
                await exchange.give(entry)
            elif entry := await self._evaluate(exchange, query, media_type):
                self.cache.put(key, entry, request)

    @property
    def _generation(self) -> str:
        return self.pool.generation.name if self.pool.generation else ""

    @contextlib.asynccontextmanager
    async def _only_one(self, key: Hashable) -> AsyncIterator[None]:
        """Let those who ask the same at the same time wait for the first, whose answer they may find in the cache."""
        if flight := self._flights.get(key):
            await asyncio.wait([flight])
        landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flights.setdefault(key, landed)
        try:
            yield
        finally:
            if self._flights.get(key) is landed:
                del self._flights[key]
            landed.set_result(None)

    def _prepared(self, query: Query, media_type: str) -> Entry | None:
        """The answer to a query that the statistics of the present generation answer."""
        generation = self.pool.generation
        found = self.statistics.of(generation)
        if generation is None or found is None or query.is_graph or query.has_dataset:
            return None
        if query.default_graphs is not None or query.named_graphs is not None:
            return None
        body = prepared.answer(query.text, query.media_type, found)
        return None if body is None else self._entry(generation.name, body, self._headers(generation.name, media_type))

    def _headers(self, generation: str, media_type: str) -> list[tuple[bytes, bytes]]:
        content_type, of = (b"content-type", media_type.encode()), GENERATION_HEADER.lower().encode()
        return [content_type, _VARY, _REVALIDATE, (of, generation.encode()), self._limits, *CORS]

    def _entry(self, generation: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> Entry:
        etag = entity_tag(body)
        return Entry(generation, body, [*headers, (b"etag", etag), (b"content-length", str(len(body)).encode())], etag)

    async def _evaluate(self, exchange: "_Exchange", query: Query, media_type: str) -> Entry | None:
        """Have a worker answer; the answer if it was whole at once, None if it was sent as it came."""
        # HTTP/1.0 marks the end of an answer by closing the connection, so only a whole answer may be begun.
        whole = exchange.scope["http_version"] == "1.0"
        async with _watched(exchange.receive):
            answer = await self.pool.answer(query, whole=whole)
            try:
                headers = self._headers(answer.generation.name, media_type)
                if answer.coding:
                    headers.append((b"content-encoding", answer.coding.encode()))
                if not answer.complete:
                    await exchange.stream(answer, headers, self.settings.delivery_timeout)
                    return None
            finally:
                answer.close()
        entry = self._entry(answer.generation.name, answer.head, headers)
        await exchange.give(entry)
        return entry

    async def _body(self, receive: Receive, limit: int) -> bytes:
        """The body of a request, counted as it comes in: a Content-Length may be absent or lie."""
        body = bytearray()
        try:
            async with asyncio.timeout(self.settings.read_timeout):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _ClientGone
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > limit:
                        raise HTTPException(413, f"a body of this kind may have {limit} bytes", {"Connection": "close"})
        except TimeoutError as error:
            said = f"the request did not come within {self.settings.read_timeout:g} seconds"
            raise HTTPException(408, said, {"Connection": "close"}) from error
        return bytes(body)


@dataclass(slots=True)
class _Exchange:
    """One request and the way back to its client."""

    scope: Scope
    receive: Receive
    send: Send
    headers: _Headers

    async def give(self, entry: Entry) -> None:
        """Send a whole answer, or say that the client has it already."""
        if self.headers.if_none_match and _names(self.headers.if_none_match, entry.etag):
            kept = [header for header in entry.headers if header[0] not in (b"content-type", b"content-length")]
            await self._start(304, kept)
            await self._part(b"", more=False)
            return
        await self._start(200, entry.headers)
        await self._part(b"" if self.scope["method"] == "HEAD" else entry.body, more=False)

    async def stream(self, answer: Answer, headers: list[tuple[bytes, bytes]], time_limit: float) -> None:
        """Send an answer as it comes; one that breaks off is cut off too, so that nobody takes it for whole."""
        try:
            async with asyncio.timeout(time_limit):
                await self._start(200, headers)
                if self.scope["method"] == "HEAD":
                    await self._part(b"", more=False)
                    return
                await self._part(answer.head, more=True)
                async for part in answer.rest():
                    await self._part(part, more=True)
                await self._part(b"", more=False)
        except (QueryError, TimeoutError) as error:
            # Returning without a last part makes the server close the connection in the midst of the body.
            _log.warning("an answer was cut off: %s", str(error) or "the client was too slow")

    async def respond(self, response: Response) -> None:
        """Send a response of the framework."""
        for name, value in CORS:
            response.raw_headers.append((name, value))
        await response(self.scope, self.receive, self.send)

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def _part(self, body: bytes, *, more: bool) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": more})


@contextlib.asynccontextmanager
async def _watched(receive: Receive) -> AsyncIterator[None]:
    """Break off what is done meanwhile, with _ClientGone, when the client hangs up."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    watching: list[asyncio.Task[None]] = []
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        if task:
            task.cancel()

    timer = loop.call_later(_WATCH_AFTER, lambda: watching.append(loop.create_task(watch())))
    try:
        yield
    except asyncio.CancelledError:
        if gone and task:
            task.uncancel()
            raise _ClientGone from None
        raise
    finally:
        timer.cancel()
        for one in watching:
            one.cancel()


def _names(if_none_match: bytes, etag: bytes) -> bool:
    """Whether an If-None-Match header names the entity tag; the comparison is the weak one (RFC 9110, 13.1.2)."""
    return any(one.strip().removeprefix(b"W/") in (etag, b"*") for one in if_none_match.split(b","))


def _preflight(headers: _Headers) -> Response:
    """What browsers ask before they send (https://fetch.spec.whatwg.org/#cors-preflight-request)."""
    allowed = {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": "86400"}
    if headers.request_headers:
        allowed["Access-Control-Allow-Headers"] = headers.request_headers.decode("latin-1")
    return Response(status_code=204, headers={"Allow": METHODS, **allowed})
