"""One request to the SPARQL endpoint and the way back to its client."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from endpoint import logs
from endpoint.cache import Entry
from endpoint.engine import Answer
from endpoint.metrics import Lane
from endpoint.observation import Observation
from ontology.errors import QueryError

EXPOSED = (
    *("Accept-Ranges", "Content-Length", "Content-Range", "ETag", "Last-Modified", "Retry-After", "X-Request-ID"),
    *("Clearinghouse-Generation", "Clearinghouse-Limits"),
)
"""Headers that pages of other sites may read."""
CORS = ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", ", ".join(EXPOSED).encode()))
_WATCH_AFTER = 0.05  # seconds after which it is worth looking whether the client still waits

_log = logging.getLogger(__name__)


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


@dataclass(slots=True)
class Headers:
    """What the endpoint reads of a request's headers."""

    accept: str = ""
    accept_encoding: str = ""
    content_type: str = ""
    if_none_match: bytes = b""
    cache_control: bytes = b""
    host: str = ""
    request_headers: bytes = b""  # of a CORS preflight

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> "Headers":
        """Read from the headers of a request, names in lower case."""
        found = cls()
        for name, value in headers:
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
                case b"host":
                    found.host = value.decode("latin-1")
                case b"access-control-request-headers":
                    found.request_headers = value
        return found

    @property
    def wants_fresh(self) -> bool:
        """Whether the client asks not to be given a kept answer."""
        return b"no-cache" in self.cache_control or b"no-store" in self.cache_control


@dataclass(slots=True)
class Exchange:
    """One request and the way back to its client."""

    scope: Scope
    receive: Receive
    send: Send
    headers: Headers
    seen: Observation

    async def give(self, entry: Entry, lane: Lane) -> None:
        """Send a whole answer, or say that the client has it already."""
        seen = self.seen
        seen.lane, seen.generation, seen.media, seen.form, seen.digest = lane, entry.generation, *entry.about
        if self.headers.if_none_match and _names(self.headers.if_none_match, entry.etag):
            kept = [header for header in entry.headers if header[0] not in (b"content-type", b"content-length")]
            await self._start(304, kept)
            await self._part(b"", more=False)
            return
        await self._start(200, entry.headers)
        await self._part(b"" if self.scope["method"] == "HEAD" else entry.body, more=False)

    async def stream(
        self, answer: Answer, headers: list[tuple[bytes, bytes]], time_limit: float, keep: int
    ) -> bytes | None:
        """Send an answer as it comes; one that breaks off is cut off too, so that nobody takes it for whole.

        The whole body, None if it was cut off, not asked for, or larger than `keep` bytes.
        """
        body: bytearray | None = bytearray(answer.head)
        try:
            async with asyncio.timeout(time_limit):
                self.seen.generation = answer.generation.name
                await self._start(200, headers)
                if self.scope["method"] == "HEAD":
                    await self._part(b"", more=False)
                    return None
                await self._part(answer.head, more=True)
                async for part in answer.rest():
                    await self._part(part, more=True)
                    if body is not None and len(body) + len(part) <= keep:
                        body += part
                    else:
                        body = None
                await self._part(b"", more=False)
        except (QueryError, TimeoutError) as error:
            # Returning without a last part makes the server close the connection in the midst of the body.
            self.seen.error = "cut-off"
            _log.warning("an answer was cut off: %s", error)
            return None
        finally:
            self.seen.lane = answer.lane
        return None if body is None else bytes(body)

    async def respond(self, response: Response) -> None:
        """Send a response of the framework."""
        self.seen.status, self.seen.size = response.status_code, len(response.body)
        response.raw_headers += [*CORS, (logs.REQUEST_ID, self.seen.identifier.encode())]
        await response(self.scope, self.receive, self.send)

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.seen.status = status
        headers = [*headers, (logs.REQUEST_ID, self.seen.identifier.encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def _part(self, body: bytes, *, more: bool) -> None:
        self.seen.size += len(body)
        await self.send({"type": "http.response.body", "body": body, "more_body": more})


class Watched:
    """Breaks off what the present task does meanwhile, with ClientGone, when the client hangs up."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._gone = False

    def __enter__(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, self._begin)

    def _begin(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._task:
            self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._watching:
            self._watching.cancel()
        if kind is asyncio.CancelledError and self._gone and self._task:
            self._task.uncancel()
            raise ClientGone from None


def _names(if_none_match: bytes, etag: bytes) -> bool:
    """Whether an If-None-Match header names the entity tag; the comparison is the weak one (RFC 9110, 13.1.2)."""
    return any(one.strip().removeprefix(b"W/") in (etag, b"*") for one in if_none_match.split(b","))
