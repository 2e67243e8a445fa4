"""The HTTP server: uvicorn, with the time limits for slow clients that it lacks."""

import asyncio

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from endpoint.app import Application
from endpoint.settings import Settings

CONNECTIONS = 2000
"""Connections at a time; one more is answered 503 by the server."""


def protocol(read_timeout: float) -> type[asyncio.Protocol]:
    """The HTTP/1.1 protocol with a time limit for the head of a request: connections that never finish one are closed.

    The body has the same limit (`endpoint.front`), silence between requests is uvicorn's `timeout_keep_alive`.
    """

    class TimedProtocol(HttpToolsProtocol):
        _reading: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._reading = self.loop.call_later(read_timeout, transport.close)

        def data_received(self, data: bytes) -> None:
            is_answering = self.cycle is not None and not self.cycle.response_complete
            if self._reading is None and not is_answering:
                self._reading = self.loop.call_later(read_timeout, self.transport.close)
            super().data_received(data)

        def on_headers_complete(self) -> None:
            self._stop_reading()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_reading()
            super().connection_lost(exc)

        def _stop_reading(self) -> None:
            if self._reading:
                self._reading.cancel()
                self._reading = None

    return TimedProtocol


def config(app: Application, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol(settings.read_timeout),
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
    uvicorn.Server(config(Application(settings), settings)).run()
