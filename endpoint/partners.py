"""Federation out: the other SPARQL endpoints that queries may call, how each fares, and the only code that calls them.

A query reaches a partner through `endpoint.relay`; what it says decides nothing but which of the configured URLs is
asked. A partner that fails again and again is left alone for a while, then tried with one call.
"""

import asyncio
import socket
import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Literal, Self

import httpx2

from endpoint import relay
from endpoint.breaker import Breaker, State
from endpoint.relay import Reply
from endpoint.settings import Partner
from ontology.errors import QueryError

JSON_RESULTS, XML_RESULTS = "application/sparql-results+json", "application/sparql-results+xml"
_RESULTS = {
    JSON_RESULTS: JSON_RESULTS,
    "application/json": JSON_RESULTS,
    XML_RESULTS: XML_RESULTS,
    "application/xml": XML_RESULTS,
    "text/xml": XML_RESULTS,
}
"""What partners call the two formats, and what the engine calls them."""
_HEADERS = {
    "Accept": f"{JSON_RESULTS}, {XML_RESULTS};q=0.9",
    "Accept-Encoding": "identity",  # so that the limit in bytes is one of memory too
    "User-Agent": "clearinghouse-graph",
}
_LATENCIES = 100  # the last ones are kept
_SILENT = "/silent/"  # opens the path of a call whose failure the query does not mind

Outcome = Literal["answered", "failed", "refused", "left alone", "given up"]
Observe = Callable[[str, Outcome], None]
"""Told the name of a partner and what came of a call."""


def _unobserved(_name: str, _outcome: Outcome) -> None:
    pass


class PartnerError(QueryError):
    """A partner that a query calls did not give an answer that can be used."""


class _QueryFault(PartnerError):
    """An answer that says nothing against the partner: the query asks for what it does not do, or for too much."""


class PartnerClient:
    """One partner: asks it, within its limits, and remembers how that went."""

    def __init__(self, name: str, partner: Partner, http: httpx2.AsyncClient, observe: Observe) -> None:
        self.name, self.partner = name, partner
        self.counts: Counter[Outcome] = Counter()
        self.last_success: float | None = None  # seconds since 1970
        self.last_failure: float | None = None
        self.last_reason = ""
        self._http, self._observe = http, observe
        self._breaker = Breaker(partner.failures, partner.pause)
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)

    @property
    def state(self) -> State:
        """The state of its circuit breaker."""
        return self._breaker.state(time.monotonic())

    @property
    def latencies(self) -> dict[str, float]:
        """Median and maximum of the last answers, in seconds; empty before the first."""
        found = self._latencies
        return {"median": statistics.median(found), "maximum": max(found)} if found else {}

    async def ask(self, query: bytes) -> Reply:
        """The partner's answer, whole. Raises PartnerError."""
        if not self._breaker.admit(time.monotonic()):
            self._count("left alone")
            raise PartnerError(f"partner {self.name} is left alone for a while, as it failed: {self.last_reason}")
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.partner.timeout):
                reply = await self._sent(query)
        except _QueryFault:
            self._breaker.succeed()
            self._count("refused")
            raise
        except (PartnerError, TimeoutError, httpx2.HTTPError) as error:
            raise self._failure(error) from error
        except BaseException:
            self._breaker.forget()
            self._count("given up")
            raise
        self._breaker.succeed()
        self._count("answered")
        self.last_success = time.time()
        self._latencies.append(time.monotonic() - started)
        return reply

    def _count(self, outcome: Outcome) -> None:
        self.counts[outcome] += 1
        self._observe(self.name, outcome)

    def _failure(self, error: Exception) -> PartnerError:
        self._breaker.fail(time.monotonic())
        self._count("failed")
        self.last_failure = time.time()
        match error:
            case PartnerError():
                self.last_reason = str(error)
            case TimeoutError() | httpx2.TimeoutException():
                self.last_reason = f"no answer within {self.partner.timeout:g} seconds"
            case httpx2.ConnectError():
                self.last_reason = "no connection"
            case _:
                self.last_reason = "the connection broke off"
        return PartnerError(f"partner {self.name} failed: {self.last_reason}")

    async def _sent(self, query: bytes) -> Reply:
        # A form is what every implementation of the protocol understands (2.1.2).
        form = {"query": query.decode(errors="replace")}
        async with self._http.stream("POST", self.partner.url, data=form, headers=_HEADERS) as response:
            if response.is_redirect:
                raise PartnerError(f"status {response.status_code}, which sends us to another address")
            if response.is_client_error and response.status_code not in (401, 403, 404, 408, 429):
                raise _QueryFault(f"partner {self.name} refuses the query with status {response.status_code}")
            if response.status_code != httpx2.codes.OK:
                raise PartnerError(f"status {response.status_code}")
            content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            encoding = response.headers.get("Content-Encoding", "identity").lower()
            if content_type not in _RESULTS or encoding != "identity":
                raise PartnerError(f"an answer as {content_type or 'nothing'} ({encoding}), which is no SPARQL result")
            body = await self._body(response)
        return Reply(200, _RESULTS[content_type], body)

    async def _body(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > self.partner.max_bytes:
                raise _QueryFault(f"the answer of partner {self.name} has more than {self.partner.max_bytes} bytes")
        return bytes(body)


class Partners:
    """All partners of one server. Use it as an asynchronous context manager around everything that calls them."""

    def __init__(self, partners: Mapping[str, Partner], observe: Observe = _unobserved) -> None:
        # Proxies and credentials of the environment are not ours to use, and a redirect leads off the list.
        self._http = httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=None)
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.clients = {name: PartnerClient(name, partner, self._http, observe) for name, partner in partners.items()}
        self._names = {partner.url: name for name, partner in partners.items()}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def address(self, server: str, is_silent: bool) -> str | None:
        """Where a worker reaches the partner with a URL, for `lexer.outline`; None when there is no such partner."""
        name = self._names.get(server)
        return _address(name, is_silent) if name else None

    def has(self, server: str) -> bool:
        """Whether a URL is that of a partner."""
        return server in self._names

    def called(self, path: str) -> PartnerClient | None:
        """The partner whose address has this path."""
        return next((client for name, client in self.clients.items() if path in _paths(name)), None)

    def outward(self, query: bytes) -> bytes:
        """A query as a partner gets it: calls within a call go to the URLs of their servers again."""
        for name, client in self.clients.items():
            for is_silent in (False, True):
                query = query.replace(f"<{_address(name, is_silent)}>".encode(), f"<{client.partner.url}>".encode())
        return query


def _paths(name: str) -> tuple[str, str]:
    return f"/partners/{name}", f"{_SILENT}{name}"


def _address(name: str, is_silent: bool) -> str:
    return f"http://{relay.HOST}:{relay.PORT}{_paths(name)[is_silent]}"


class Link:
    """The way from one worker to the partners: the `Responder` of its calls.

    The engine takes a call that fails within EXISTS for one that holds, so an answer is complete only when `failure`
    is None after it: the failure of a call that is not SILENT.
    """

    def __init__(self, partners: Partners) -> None:
        self.failure: PartnerError | None = None
        self._partners = partners
        self._calls: Counter[str] = Counter()

    def begin(self) -> None:
        """Another query starts: none of its calls has been made or has failed."""
        self.failure = None
        self._calls.clear()

    async def serve(self, channel: socket.socket) -> None:
        """Answer the calls of the worker at the other end of a socket pair until it ends."""
        await relay.serve(channel, self)

    async def respond(self, path: str, body: bytes) -> Reply:
        """What the engine is told for a call."""
        try:
            return await self._ask(path, body)
        except PartnerError as error:
            return self._failed(path, error)

    def refuse(self, path: str, reason: str) -> Reply:
        """What the engine is told for what is not passed on."""
        return self._failed(path, PartnerError(reason))

    def _failed(self, path: str, error: PartnerError) -> Reply:
        if not path.startswith(_SILENT) and self.failure is None:
            self.failure = error
        return Reply(502, "text/plain", str(error).encode())

    async def _ask(self, path: str, query: bytes) -> Reply:
        client = self._partners.called(path)
        if client is None:
            raise PartnerError("there is no such partner")
        self._calls[client.name] += 1
        if self._calls[client.name] > client.partner.max_calls:
            raise PartnerError(f"a query may call partner {client.name} {client.partner.max_calls} times")
        return await client.ask(self._partners.outward(query))
