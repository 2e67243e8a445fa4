"""The SPARQL endpoint: an ASGI application for the query operation, from the bytes of a request to those of its answer.

At `/search` it answers in the same way, and searches need no SERVICE there (`endpoint.search.sparql`). It stands before
the web framework, since an answer that the cache holds is given in less time than a route takes to find. The text of a
query is only looked at (`endpoint.lexer`), never parsed here.
"""

import asyncio
import re
from collections.abc import Callable, Hashable
from dataclasses import replace

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from endpoint import logs, prepared, problems, protocol
from endpoint.cache import Entry, ResultCache, entity_tag, is_repeatable, normalised
from endpoint.description import Descriptions
from endpoint.engine import Engine
from endpoint.exchange import CORS, ClientGone, Exchange, Headers, Watched
from endpoint.flights import Flights
from endpoint.generations import Generation
from endpoint.keeper import StatisticsKeeper
from endpoint.negotiation import coding_of, prefers_rdf
from endpoint.observation import Observer
from endpoint.partners import Partners
from endpoint.protocol import Negotiated, Operation
from endpoint.rates import RateLimiter
from endpoint.search.sparql import Answered, SearchesInQueries
from endpoint.settings import Settings
from ontology.errors import ClearingHouseError, TooManyRequests

SEARCH_PATH = "/search"
METHODS = "GET, HEAD, POST, OPTIONS"
GENERATION_HEADER = "Clearinghouse-Generation"
LIMITS_HEADER = "Clearinghouse-Limits"
_QUERY = re.compile(rb"(?:^|&)query=")
_VARY = (b"vary", b"Accept, Accept-Encoding")
_REVALIDATE = (b"cache-control", b"no-cache")  # may be kept, and asked for again by its entity tag


class SparqlEndpoint:
    """The ASGI application at `/sparql`, and at `/search` for requests of the protocol."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        partners: Partners,
        searches: SearchesInQueries,
        statistics: StatisticsKeeper,
        descriptions: Descriptions,
        observer: Observer,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.observer = observer
        self.partners, self.searches = partners, searches
        self.statistics, self.descriptions = statistics, descriptions
        self.cache = ResultCache(settings.cache_bytes)
        self._limiter = RateLimiter(settings.rate_limit, settings.rate_burst)
        self._flights = Flights()
        limits = (
            f"seconds={settings.query_timeout:g}, rows={settings.max_result_rows}, bytes={settings.max_result_bytes}"
        )
        self._limits = (LIMITS_HEADER.lower().encode(), limits.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, send, Headers.of(scope["headers"]), self.observer.begin(scope))
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
        except ClientGone:
            exchange.seen.status = 499  # as proxies log a client that hung up
        except (ClearingHouseError, HTTPException) as error:
            if isinstance(error, TooManyRequests):
                self.observer.metrics.rate_limited += 1
            exchange.seen.error = type(error).__name__
            await exchange.respond(problems.answer_to(error, scope["path"], self.settings.base_iri))
        finally:
            self.observer.end(exchange.seen)

    def at_once(self, scope: Scope) -> bytes | None:
        """The head, but for its end, and the body of the response to a GET whose answer is kept and that asks for
        nothing else: what the server may write without calling anybody. None for any other request."""
        headers = Headers.of(scope["headers"])
        if headers.wants_fresh or headers.if_none_match or self.settings.rate_limit:
            return None
        request = (False, scope["query_string"], None, b"", headers.accept, headers.accept_encoding)
        entry = self.cache.of_request(request, self._generation)
        if entry is None:
            return None
        self.observer.metrics.cache_hits += 1
        seen = self.observer.begin(scope)
        seen.status, seen.size, seen.lane, seen.generation = 200, len(entry.body), "cached", entry.generation
        seen.media, seen.form, seen.digest = entry.about
        self.observer.end(seen)
        return b"%b%b: %b\r\n\r\n%b" % (entry.head, logs.REQUEST_ID, seen.identifier.encode(), entry.body)

    async def _answer(self, exchange: Exchange, content_type: str | None, body: bytes) -> None:
        """Answer a query operation, from the cache if it is there."""
        headers, is_search = exchange.headers, _is_of_search(exchange.scope)
        query_string = exchange.scope["query_string"]
        request = (is_search, query_string, content_type, body, headers.accept, headers.accept_encoding)
        if not headers.wants_fresh and (entry := self.cache.of_request(request, self._generation)):
            self.observer.metrics.cache_hits += 1
            await exchange.give(entry, "cached")
            return
        operation = protocol.operation(query_string, content_type, body)
        if operation is None:
            described = self.descriptions.service_description(Request(exchange.scope), is_search=is_search)
            await exchange.respond(described)
            return
        size = len(operation.query.encode())
        if size > self.settings.max_query_bytes:
            raise HTTPException(413, f"a query may have {self.settings.max_query_bytes} bytes, this one has {size}")
        exchange.seen.digest = logs.digest(operation.query)
        searched = await self.searches.answered(operation.query, _addresses(exchange), is_bare=is_search)
        with searched.located():
            await self._answer_searched(exchange, operation, searched, None if searched.is_local else request)

    async def _answer_searched(
        self, exchange: Exchange, operation: Operation, searched: Answered, request: Hashable
    ) -> None:
        """Answer an operation whose searches are made; a request that is None may mean something else elsewhere."""
        headers, metrics = exchange.headers, self.observer.metrics
        coding = coding_of(headers.accept_encoding)
        operation = replace(operation, query=searched.text)
        asked = protocol.negotiated(operation, headers.accept, coding, self.partners.address)
        exchange.seen.form, exchange.seen.media = asked.form, asked.format
        if not is_repeatable(searched.frame) or not searched.lasts(self._generation) or headers.wants_fresh:
            await self._evaluate(exchange, asked, lambda: None)
            return
        key = (replace(asked.query, text=normalised(asked.query.text)), asked.content_type)
        with await self._flights.first(key) as begun:
            if entry := self.cache.get(key, self._generation, request):
                metrics.cache_hits += 1
                await exchange.give(entry, "cached")
                return
            metrics.cache_misses += 1
            if entry := self._prepared(exchange, asked):
                await exchange.give(entry, "prepared")
            else:
                entry = await self._evaluate(exchange, asked, begun)
            if entry and searched.lasts(entry.generation):
                self.cache.put(key, entry, request)

    @property
    def _generation(self) -> str:
        return self.engine.generation.name if self.engine.generation else ""

    def _prepared(self, exchange: Exchange, asked: Negotiated) -> Entry | None:
        """The answer to a query that the statistics of the present generation answer."""
        query, generation = asked.query, self.engine.generation
        found = self.statistics.of(generation)
        if generation is None or found is None or query.is_graph or query.has_dataset:
            return None
        if query.default_graphs is not None or query.named_graphs is not None:
            return None
        body = prepared.answer(query.text, query.media_type, found)
        return None if body is None else self._entry(exchange, body, self._headers(generation, asked), generation)

    def _headers(self, generation: Generation, asked: Negotiated) -> list[tuple[bytes, bytes]]:
        content_type, of = (b"content-type", asked.content_type.encode()), GENERATION_HEADER.lower().encode()
        return [content_type, _VARY, _REVALIDATE, (of, generation.name.encode()), self._limits, *CORS]

    def _entry(
        self, exchange: Exchange, body: bytes, headers: list[tuple[bytes, bytes]], generation: Generation
    ) -> Entry:
        etag = entity_tag(body)
        headers = [*headers, (b"etag", etag), (b"content-length", str(len(body)).encode())]
        return Entry(
            generation.name, body, headers, etag, (exchange.seen.media, exchange.seen.form, exchange.seen.digest)
        )

    async def _evaluate(self, exchange: Exchange, asked: Negotiated, begun: Callable[[], None]) -> Entry | None:
        """Have an engine answer; the answer if it may be kept."""
        # HTTP/1.0 marks the end of an answer by closing the connection, so only a whole answer may be begun.
        whole = exchange.scope["http_version"] == "1.0"
        with Watched(exchange.receive):
            answer = await self.engine.answer(asked.query, whole=whole)
            try:
                headers = self._headers(answer.generation, asked)
                if answer.coding:
                    headers.append((b"content-encoding", answer.coding.encode()))
                if not answer.complete:
                    begun()
                    limit, keep = self.settings.delivery_timeout, self.cache.largest
                    body = await exchange.stream(answer, headers, limit, keep)
                    return None if body is None else self._entry(exchange, body, headers, answer.generation)
            finally:
                answer.close()
        entry = self._entry(exchange, answer.head, headers, answer.generation)
        await exchange.give(entry, answer.lane)
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
                        raise ClientGone
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > limit:
                        raise HTTPException(413, f"a body of this kind may have {limit} bytes", {"Connection": "close"})
        except TimeoutError as error:
            said = f"the request did not come within {self.settings.read_timeout:g} seconds"
            raise HTTPException(408, said, {"Connection": "close"}) from error
        return bytes(body)


def is_asked_in_sparql(scope: Scope) -> bool:
    """Whether a request at `/search` is one of the SPARQL protocol: it has a query, or wants a description in RDF."""
    if not _is_of_search(scope):
        return False
    headers = Headers.of(scope["headers"])
    if scope["method"] == "POST":
        return protocol.is_query(headers.content_type)
    if scope["method"] not in ("GET", "HEAD"):
        return False
    if scope["query_string"]:
        return bool(_QUERY.search(scope["query_string"]))
    return prefers_rdf(headers.accept)


def _is_of_search(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.rstrip("/") == SEARCH_PATH


def _addresses(exchange: Exchange) -> list[str]:
    """The addresses of the search service on this server, as the client of a request knows it."""
    host, root = exchange.headers.host, exchange.scope.get("root_path", "")
    return [f"{scheme}://{host}{root}{SEARCH_PATH}" for scheme in ("http", "https")] if host else []


def _preflight(headers: Headers) -> Response:
    """What browsers ask before they send (https://fetch.spec.whatwg.org/#cors-preflight-request)."""
    allowed = {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": "86400"}
    if headers.request_headers:
        allowed["Access-Control-Allow-Headers"] = headers.request_headers.decode("latin-1")
    return Response(status_code=204, headers={"Allow": METHODS, **allowed})
