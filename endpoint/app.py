"""The way in: the HTTP application that puts the SPARQL endpoint, the health checks and the pages together."""

import contextlib
import sys
from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from endpoint import (
    annif,
    autocomplete,
    dump_pages,
    editor,
    editor_api,
    editor_changes,
    editor_proposals,
    editor_translations,
    editor_versions,
    mapping_pages,
    partner_page,
    problems,
    reconciliation,
    sign_in,
    skosmos,
    tagging_api,
    tagging_pages,
    web,
)
from endpoint.accounts import SECRET_FILE, Accounts
from endpoint.asking import Asking, Question
from endpoint.description import Descriptions
from endpoint.exchange import EXPOSED
from endpoint.front import SparqlEndpoint, is_asked_in_sparql
from endpoint.generations import Generation, Generations
from endpoint.keeper import StatisticsKeeper
from endpoint.labels import Labels
from endpoint.localisation import Localised
from endpoint.logs import RequestLog
from endpoint.metrics import MEDIA_TYPE, Metrics
from endpoint.observation import Observer
from endpoint.oidc import Provider
from endpoint.partners import Partners
from endpoint.pool import WorkerPool
from endpoint.remote import Address
from endpoint.remote_engine import RemoteEngine
from endpoint.search.service import SearchService
from endpoint.search.sparql import SearchesInQueries
from endpoint.sessions import Sessions
from endpoint.settings import Settings
from endpoint.site import (
    concepts,
    countries,
    data,
    dataset,
    explore,
    home,
    identifiers,
    monitoring,
    ontology_pages,
    questions,
    records,
    report_questions,
    searching,
    shapes_pages,
    workbench,
)
from endpoint.site.sources import Sources
from endpoint.standing import standing_questions
from endpoint.tagging_service import TaggingService
from endpoint.thesauri import Thesauri
from ontology.errors import StoreError

SPARQL_PATH = "/sparql"
SITE = (
    web,
    identifiers,
    data,
    monitoring,
    records,
    concepts,
    report_questions,
    dataset,
    partner_page,
    home,
    searching,
    questions,
    workbench,
    countries,
    explore,
    ontology_pages,
    shapes_pages,
)
"""The modules with the pages for readers."""
THESAURUS = (
    sign_in,
    editor_changes,
    editor_proposals,
    editor_translations,
    editor_versions,
    editor_api,
    mapping_pages,
    editor,
    autocomplete,
    skosmos,
    reconciliation,
    annif,
    tagging_api,
    tagging_pages,
)
"""The modules with the routes of the thesaurus; of two that fit a path the first answers."""


class Application:
    """The application over the generations of `settings.data_dir`; its workers live as long as its lifespan."""

    def __init__(self, settings: Settings) -> None:
        metrics = Metrics()
        log = RequestLog(sys.stderr, client_address=settings.log_client_address) if settings.log_requests else None
        self.observer = Observer(metrics, log)
        self.partners = Partners(settings.partners, metrics.partner_called)
        generations = Generations(settings.generations_dir)
        self.engine: WorkerPool | RemoteEngine
        if settings.store:
            self.engine = RemoteEngine(Address.of(settings.store.get_secret_value()), settings)
        else:
            partners = self.partners if settings.partners else None
            self.engine = WorkerPool(generations, settings, partners, metrics)
        keeper = StatisticsKeeper(generations, settings.data_dir / "statistics", self._counted)
        descriptions = Descriptions(settings, lambda: keeper.of(self._counted()))
        search = SearchService(settings, self._counted)
        searches = SearchesInQueries(settings.base_iri, search.index, self.partners.has)
        asking = Asking(self.engine, self.partners, searches)
        self.sparql = SparqlEndpoint(
            settings, self.engine, self.partners, searches, keeper, descriptions, self.observer
        )
        self.rest = _rest(settings, self.engine, self.partners, keeper, descriptions, metrics, search, asking)

    def _counted(self) -> Generation | None:
        """The generation whose statistics are of use: those of a remote store are not counted."""
        return self.engine.generation if isinstance(self.engine, WorkerPool) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Part of ASGI (https://asgi.readthedocs.io/en/latest/specs/main.html)."""
        if scope["type"] != "http":
            await self.rest(scope, receive, send)
            if self.observer.log:
                self.observer.log.flush()  # the lifespan has ended
        elif scope["path"].rstrip("/") == SPARQL_PATH or is_asked_in_sparql(scope):
            await self.sparql(scope, receive, send)
        else:
            await self.observer.observed(self.rest, scope, receive, send)


def _rest(
    settings: Settings,
    engine: WorkerPool | RemoteEngine,
    partners: Partners,
    keeper: StatisticsKeeper,
    descriptions: Descriptions,
    metrics: Metrics,
    search: SearchService,
    asking: Asking,
) -> FastAPI:
    """All but the SPARQL endpoint."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        standing = standing_questions(asking, _standing, lambda: engine.generation)
        async with partners, engine, keeper, search, thesauri, tagging, standing:
            yield

    thesauri, tagging = Thesauri(settings, engine), TaggingService(settings)

    app = FastAPI(title="Clearing-House Graph", lifespan=lifespan, openapi_url=None)
    app.state.settings, app.state.engine, app.state.partners, app.state.metrics = settings, engine, partners, metrics
    app.state.asking, app.state.labels, app.state.keeper, app.state.search = asking, Labels(), keeper, search
    app.state.sources = Sources(settings, engine)
    app.state.thesauri, app.state.tagging, app.state.accounts = thesauri, tagging, Accounts(settings)
    app.state.sessions = Sessions(settings.data_dir / SECRET_FILE, settings.session_seconds)
    app.state.provider = Provider(settings) if settings.oidc_issuer else None
    _prepare(app, descriptions, settings)
    return app


def _prepare(app: FastAPI, descriptions: Descriptions, settings: Settings) -> None:
    """What requests pass through, how errors look, and the routes."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
    )
    app.add_middleware(Localised)
    problems.install(app, settings.base_iri, web.failure)
    app.router.routes.extend(descriptions.routes())
    app.router.routes.extend(dump_pages.routes(settings))
    for module in (*SITE, *THESAURUS):
        app.router.routes.extend(module.routes())
    app.add_route("/metrics", _metrics, methods=["GET", "HEAD"])
    app.add_route("/livez", _livez, methods=["GET", "HEAD"])
    app.add_route("/readyz", _readyz, methods=["GET", "HEAD"])


def _standing() -> Iterator[Question]:
    """What the first pages ask, those first that most readers come to."""
    for module in (home, countries, explore):
        yield from module.standing()


async def _livez(request: Request) -> Response:
    """Whether the process runs."""
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    """Whether a query would be answered, and by how many workers."""
    engine: WorkerPool | RemoteEngine = request.app.state.engine
    if engine.generation is None:
        raise StoreError("there is no graph to query yet")
    ready: dict[str, object] = {"status": "ready", "generation": engine.generation.name}
    if isinstance(engine, WorkerPool):
        if not engine.workers:
            raise StoreError("no query worker is ready")
        isolated = sum(worker.isolated for worker in engine.workers)
        ready |= {"workers": len(engine.workers), "workersWithoutNetwork": isolated}
    return JSONResponse(ready)


async def _metrics(request: Request) -> Response:
    """What Prometheus collects."""
    return Response(request.app.state.metrics.page(), headers={"Content-Type": MEDIA_TYPE})
