"""The HTTP server: uvicorn, with the time limits for slow clients that it lacks, and a short way for kept answers."""

import asyncio
import gc
from typing import Any, cast

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from endpoint.app import SPARQL_PATH, Application
from endpoint.front import SparqlEndpoint
from endpoint.settings import Settings

CONNECTIONS = 2000
"""Connections at a time; one more is answered 503 by the server."""
_KEPT_AT = SPARQL_PATH.encode() + b"?"


class _Joined:
    """A transport that sends what is written at one time, such as the head of a response and its body, at once."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, as soon as nothing more is written."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def close(self) -> None:
        """Close, after what was written."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 with a time limit for the head of a request: connections that never finish one are closed.

    The body has the same limit (`endpoint.front`), silence between requests is uvicorn's `timeout_keep_alive`. A GET
    whose answer is kept is answered here: calling the application takes longer than all the rest.
    """

    read_timeout: float
    sparql: SparqlEndpoint
    _reading: asyncio.TimerHandle | None = None
    _is_answered = False  # the request whose end is still to come

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Part of uvicorn's protocol."""
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, _Joined(transport, self.loop))
        self._reading = self.loop.call_later(self.read_timeout, transport.close)

    def data_received(self, data: bytes) -> None:
        """Part of uvicorn's protocol."""
        if self._reading is None and self._is_free():
            self._reading = self.loop.call_later(self.read_timeout, self.transport.close)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Part of uvicorn's protocol."""
        self._stop_reading()
        self._unset_keepalive_if_required()
        if not self._answer_at_once():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of uvicorn's protocol."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Part of uvicorn's protocol."""
        if self._is_answered:
            self._is_answered = False
        else:
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of uvicorn's protocol."""
        self._stop_reading()
        super().connection_lost(exc)

    def _is_free(self) -> bool:
        """Whether no answer is on its way."""
        return self.cycle is None or self.cycle.response_complete

    def _answer_at_once(self) -> bool:
        if not self._is_plain_get():
            return False
        path, _, query = self.url.partition(b"?")
        self.scope["method"], self.scope["path"], self.scope["query_string"] = "GET", path.decode(), query
        response = self.sparql.at_once(cast(Scope, self.scope))
        if response is None:
            return False
        date = b"".join(name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers)
        line = response.index(b"\r\n") + 2
        self.transport.write(response[:line] + date + response[line:])
        self.server_state.total_requests += 1
        self._is_answered = True
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        return True

    def _is_plain_get(self) -> bool:
        """Whether the request asks the endpoint in the simplest way and nothing stands before its answer."""
        parser = self.parser
        return bool(
            self.url.startswith(_KEPT_AT)
            and parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and self._is_free()
            and not (self.flow.write_paused or self.expect_100_continue or self.transport.is_closing())
        )

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading.cancel()
            self._reading = None


def config(app: Application, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=type("Bound", (Protocol,), {"read_timeout": settings.read_timeout, "sparql": app.sparql}),
        loop="uvloop",
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=int(settings.idle_timeout),
        timeout_graceful_shutdown=int(settings.delivery_timeout),
        limit_concurrency=CONNECTIONS,
        backlog=CONNECTIONS,
        server_header=False,
    )


def serve(settings: Settings) -> None:
    """Serve until interrupted or terminated; answers that are on their way are finished first."""
    gc.freeze()  # what is there now stays, and looking it through again and again would halt every answer
    uvicorn.Server(config(Application(settings), settings)).run()
