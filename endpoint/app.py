"""The way in: the HTTP application that puts the SPARQL endpoint, the health checks and the pages together."""

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from endpoint import pages, problems
from endpoint.front import EXPOSED, SparqlEndpoint
from endpoint.generations import Generations
from endpoint.pool import WorkerPool
from endpoint.settings import Settings
from ontology.errors import StoreError

SPARQL_PATH = "/sparql"


def create_app(settings: Settings) -> ASGIApp:
    """The application over the generations of `settings.data_dir`; its workers live as long as its lifespan."""
    pool = WorkerPool(Generations(settings.generations_dir), settings)
    sparql, rest = SparqlEndpoint(settings, pool), _rest(settings, pool)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        is_query = scope["type"] == "http" and scope["path"] == SPARQL_PATH
        await (sparql if is_query else rest)(scope, receive, send)

    return app


def _rest(settings: Settings, pool: WorkerPool) -> FastAPI:
    """All but the SPARQL endpoint."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(title="Clearing-House Graph", lifespan=lifespan, openapi_url=None)
    app.state.settings, app.state.pool = settings, pool
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
    )
    problems.install(app, settings.base_iri)
    app.add_route("/", _home, methods=["GET", "HEAD"])
    app.add_route("/livez", _livez, methods=["GET", "HEAD"])
    app.add_route("/readyz", _readyz, methods=["GET", "HEAD"])
    return app


async def _livez(request: Request) -> Response:
    """Whether the process runs."""
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    """Whether a query would be answered, and by how many workers."""
    pool: WorkerPool = request.app.state.pool
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
    generation, settings = request.app.state.pool.generation, request.app.state.settings
    address = str(request.url.replace(path=SPARQL_PATH, query=""))
    return pages.home(address, generation.name if generation else None, settings.query_timeout)
