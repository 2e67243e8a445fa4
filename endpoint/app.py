"""The way in: the HTTP application that puts the SPARQL protocol, the health checks and the pages together."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from endpoint import pages, problems, protocol
from endpoint.generations import Generations
from endpoint.pool import HEAD_BYTES, Answer, WorkerPool
from endpoint.settings import Settings
from ontology.errors import QueryError, StoreError

GENERATION_HEADER = "Clearinghouse-Generation"

_log = logging.getLogger(__name__)
T = TypeVar("T")


def create_app(settings: Settings) -> FastAPI:
    """The application over the generations of `settings.data_dir`; its workers live as long as its lifespan."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with WorkerPool(Generations(settings.generations_dir), settings) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(title="Clearing-House Graph", lifespan=lifespan, openapi_url=None)
    app.state.settings = settings
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=[GENERATION_HEADER, "Content-Length", "Retry-After"],
    )
    problems.install(app, settings.base_iri)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_route("/", _home, methods=["GET", "HEAD"])
    app.add_route("/sparql", _sparql, methods=["GET", "HEAD", "POST", "OPTIONS"])
    app.add_route("/livez", _livez, methods=["GET", "HEAD"])
    app.add_route("/readyz", _readyz, methods=["GET", "HEAD"])
    return app


async def _sparql(request: Request) -> Response:
    """The SPARQL 1.1 protocol, query operation."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
    settings, pool = _settings(request), _pool(request)
    operation = await protocol.operation(request, settings.max_query_bytes)
    if operation is None:
        return pages.service_description(request)
    if len(operation.query.encode()) > settings.max_query_bytes:
        raise HTTPException(413, f"a query may have {settings.max_query_bytes} bytes")
    query, content_type = protocol.negotiated(operation, request.headers.get("accept", ""))
    # HTTP/1.0 marks the end of an answer by closing the connection, so only a whole answer may be begun.
    head_bytes = settings.max_result_bytes if request.scope["http_version"] == "1.0" else HEAD_BYTES
    answer = await _unless_gone(request, pool.answer(query, head_bytes))
    return _AnswerResponse(answer, content_type, settings.delivery_timeout)


async def _unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client hangs up."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request.receive))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _AnswerResponse(Response):
    """Sends an answer as it comes; one that breaks off is cut off too, so that nobody takes it for whole."""

    def __init__(self, answer: Answer, content_type: str, time_limit: float) -> None:
        self.status_code, self.background = 200, None
        headers = {"Content-Type": content_type, "Vary": "Accept", GENERATION_HEADER: answer.generation.name}
        if answer.complete:
            headers["Content-Length"] = str(len(answer.head))
        self.init_headers(headers)
        self._answer, self._time_limit = answer, time_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        watch = asyncio.ensure_future(self._close_when_gone(receive))
        try:
            async with asyncio.timeout(self._time_limit):
                await self._send_all(send, is_head=scope["method"] == "HEAD")
        except (QueryError, TimeoutError) as error:
            # Returning without a last part makes the server close the connection in the midst of the body.
            _log.warning("an answer was cut off: %s", str(error) or "the client was too slow")
        finally:
            watch.cancel()
            self._answer.close()

    async def _send_all(self, send: Send, *, is_head: bool) -> None:
        answer = self._answer
        ends = answer.complete or is_head
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": answer.head, "more_body": not ends})
        if not ends:
            async for part in answer.rest():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _close_when_gone(self, receive: Receive) -> None:
        await _disconnected(receive)
        self._answer.close()


async def _livez(request: Request) -> Response:
    """Whether the process runs."""
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    """Whether a query would be answered, and by how many workers."""
    pool = _pool(request)
    if pool.generation is None or not pool.workers:
        raise StoreError("there is no graph to query yet" if pool.generation is None else "no query worker is ready")
    return JSONResponse(
        {
            "status": "ready",
            "generation": pool.generation.name,
            "workers": len(pool.workers),
            "workersWithoutNetwork": sum(worker.isolated for worker in pool.workers),
        }
    )


async def _home(request: Request) -> Response:
    """The first page: what is here and how to ask."""
    generation = _pool(request).generation
    address, timeout = str(request.url_for("_sparql")), _settings(request).query_timeout
    return pages.home(address, generation.name if generation else None, timeout)


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _pool(request: Request) -> WorkerPool:
    pool: WorkerPool = request.app.state.pool
    return pool


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody reads this; the status is the one that proxies log for a client that hung up."""
    return Response(status_code=499)
