"""The way in: the HTTP application that puts the SPARQL endpoint, the health checks and the pages together."""

import contextlib
import sys
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from endpoint import pages, problems
from endpoint.description import Descriptions
from endpoint.exchange import EXPOSED
from endpoint.front import SparqlEndpoint
from endpoint.generations import Generations
from endpoint.keeper import StatisticsKeeper
from endpoint.logs import RequestLog
from endpoint.metrics import MEDIA_TYPE, Metrics
from endpoint.observation import Observer
from endpoint.partner_page import partner_page
from endpoint.partners import Partners
from endpoint.pool import WorkerPool
from endpoint.settings import Settings
from ontology.errors import StoreError

SPARQL_PATH = "/sparql"


class Application:
    """The application over the generations of `settings.data_dir`; its workers live as long as its lifespan."""

    def __init__(self, settings: Settings) -> None:
        metrics = Metrics()
        log = RequestLog(sys.stderr, client_address=settings.log_client_address) if settings.log_requests else None
        self.observer = Observer(metrics, log)
        self.partners = Partners(settings.partners, metrics.partner_called)
        generations = Generations(settings.generations_dir)
        self.pool = pool = WorkerPool(generations, settings, self.partners if settings.partners else None, metrics)
        keeper = StatisticsKeeper(generations, settings.data_dir / "statistics", lambda: pool.generation)
        descriptions = Descriptions(settings, lambda: keeper.of(pool.generation))
        self.sparql = SparqlEndpoint(settings, pool, self.partners, keeper, descriptions, self.observer)
        self.rest = _rest(settings, pool, self.partners, keeper, descriptions, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Part of ASGI (https://asgi.readthedocs.io/en/latest/specs/main.html)."""
        if scope["type"] != "http":
            await self.rest(scope, receive, send)
            if self.observer.log:
                self.observer.log.flush()  # the lifespan has ended
        elif scope["path"].rstrip("/") == SPARQL_PATH:
            await self.sparql(scope, receive, send)
        else:
            await self.observer.observed(self.rest, scope, receive, send)


def _rest(
    settings: Settings,
    pool: WorkerPool,
    partners: Partners,
    keeper: StatisticsKeeper,
    descriptions: Descriptions,
    metrics: Metrics,
) -> FastAPI:
    """All but the SPARQL endpoint."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with partners, pool, keeper:
            yield

    app = FastAPI(title="Clearing-House Graph", lifespan=lifespan, openapi_url=None)
    app.state.settings, app.state.pool, app.state.partners, app.state.metrics = settings, pool, partners, metrics
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
    )
    problems.install(app, settings.base_iri)
    app.add_route("/", _home, methods=["GET", "HEAD"])
    app.router.routes.extend(descriptions.routes())
    app.add_route("/partners", partner_page, methods=["GET", "HEAD"])
    app.add_route("/metrics", _metrics, methods=["GET", "HEAD"])
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


async def _metrics(request: Request) -> Response:
    """What Prometheus collects."""
    return Response(request.app.state.metrics.page(), headers={"Content-Type": MEDIA_TYPE})


async def _home(request: Request) -> Response:
    """The first page: what is here and how to ask."""
    generation, settings = request.app.state.pool.generation, request.app.state.settings
    address = str(request.url.replace(path=SPARQL_PATH, query=""))
    return pages.home(address, generation.name if generation else None, settings.query_timeout)
