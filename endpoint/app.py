"""The way in: the HTTP application with the SPARQL protocol, the health checks and the first page."""

import asyncio
import contextlib
import html
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import pyoxigraph as ox
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from endpoint import problems
from endpoint.generations import Generations
from endpoint.lexer import outline
from endpoint.negotiation import GRAPH_FORMATS, GRAPH_FORMS, RESULT_FORMATS, choose, formats_of
from endpoint.pool import HEAD_BYTES, Answer, Query, WorkerPool
from endpoint.settings import Settings
from ontology.errors import QueryError, QueryRefused, StoreError

GENERATION_HEADER = "Clearinghouse-Generation"
_QUERY_TYPE, _FORM_TYPE = "application/sparql-query", "application/x-www-form-urlencoded"
_PERCENT_ENCODING = 3  # bytes at most for one byte of a form
_MAX_FIELDS = 200

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
    operation = await _operation(request)
    if operation is None:
        return _service_description(request)
    settings, pool = _settings(request), _pool(request)
    if len(operation.query.encode()) > settings.max_query_bytes:
        raise HTTPException(413, f"a query may have {settings.max_query_bytes} bytes")
    query, content_type = _negotiated(operation, request.headers.get("accept", ""))
    # HTTP/1.0 marks the end of an answer by closing the connection, so only a whole answer may be begun.
    head_bytes = settings.max_result_bytes if request.scope["http_version"] == "1.0" else HEAD_BYTES
    answer = await _unless_gone(request, pool.answer(query, head_bytes))
    return _AnswerResponse(answer, content_type, settings.delivery_timeout)


@dataclass(frozen=True)
class _Operation:
    """A query operation as https://www.w3.org/TR/sparql11-protocol/#query-operation defines it."""

    query: str
    format: str | None
    default_graphs: list[str] = field(default_factory=list)
    named_graphs: list[str] = field(default_factory=list)


async def _operation(request: Request) -> _Operation | None:
    """The operation that a request asks for; None for a bare GET, which asks for the service description."""
    parameters = _parameters(request.scope["query_string"])
    if request.method == "POST":
        limit = _settings(request).max_query_bytes
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == _QUERY_TYPE:
            parameters = [pair for pair in parameters if pair[0] != "query"]
            parameters.append(("query", _text(await _body(request, limit))))
        elif media_type == _FORM_TYPE:
            parameters += _parameters(await _body(request, limit * _PERCENT_ENCODING + limit))
        else:
            raise HTTPException(415, f"a POST must be {_QUERY_TYPE} or {_FORM_TYPE}, not {media_type or 'untyped'}")
    queries = [value for key, value in parameters if key == "query"]
    if not queries and request.method != "POST" and not any(key == "update" for key, _ in parameters):
        return None
    return _Operation(
        _only_query(queries, parameters),
        next((value for key, value in parameters if key == "format" and value), None),
        _graphs(parameters, "default-graph-uri"),
        _graphs(parameters, "named-graph-uri"),
    )


def _only_query(queries: list[str], parameters: list[tuple[str, str]]) -> str:
    if any(key == "update" for key, _ in parameters):
        raise QueryRefused("this endpoint is read-only, it has no update operation")
    if len(queries) != 1:
        raise QueryError(f"a request must have one parameter 'query', not {len(queries)}")
    return queries[0]


def _parameters(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(_text(encoded), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise QueryError(f"the parameters cannot be read: {error}") from error


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise QueryError(f"the request is not in UTF-8: {error.reason} at byte {error.start}") from error


def _graphs(parameters: list[tuple[str, str]], name: str) -> list[str]:
    """The graph IRIs that a parameter names."""
    graphs = [value for key, value in parameters if key == name]
    for iri in graphs:
        try:
            ox.NamedNode(iri)
        except ValueError as error:
            raise QueryError(f"{name} must be an absolute IRI, not {iri!r}") from error
    return graphs


async def _body(request: Request, limit: int) -> bytes:
    """The body of a request, counted as it comes in: a Content-Length may be absent or lie."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise HTTPException(413, f"a body of this kind may have {limit} bytes", {"Connection": "close"})
    return bytes(body)


def _negotiated(operation: _Operation, accept: str) -> tuple[Query, str]:
    """The query for the pool and the Content-Type of its answer."""
    sketch = outline(operation.query)
    choice = choose(formats_of(sketch.form), accept, operation.format)
    from_request = bool(operation.default_graphs or operation.named_graphs)
    query = Query(
        operation.query,
        choice.format.media_type,
        sketch.form in GRAPH_FORMS,
        sketch.has_dataset,
        operation.default_graphs if from_request else None,
        operation.named_graphs if from_request else None,
    )
    return query, choice.content_type


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


def _service_description(request: Request) -> Response:
    """What this endpoint can do (https://www.w3.org/TR/sparql11-service-description/), about its own address."""
    name = request.query_params.get("format")
    choice = choose(GRAPH_FORMATS, request.headers.get("accept", ""), name)
    graph_format = ox.RdfFormat.from_media_type(choice.format.media_type)
    assert graph_format is not None  # noqa: S101  (every row of the table is a format of the engine)
    content = ox.serialize(_description(str(request.url.replace(query=""))), format=graph_format, prefixes={"sd": _SD})
    return Response(content, headers={"Content-Type": choice.content_type, "Vary": "Accept"})


_SD = "http://www.w3.org/ns/sparql-service-description#"
_RDF_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


def _description(address: str) -> Iterator[ox.Triple]:
    def sd(name: str) -> ox.NamedNode:
        return ox.NamedNode(_SD + name)

    service, dataset, graph = ox.NamedNode(address), ox.BlankNode(), ox.BlankNode()
    yield ox.Triple(service, _RDF_TYPE, sd("Service"))
    yield ox.Triple(service, sd("endpoint"), service)
    yield ox.Triple(service, sd("supportedLanguage"), sd("SPARQL10Query"))
    yield ox.Triple(service, sd("supportedLanguage"), sd("SPARQL11Query"))
    yield ox.Triple(service, sd("feature"), sd("UnionDefaultGraph"))
    for format_ in (*RESULT_FORMATS, *GRAPH_FORMATS):
        yield ox.Triple(service, sd("resultFormat"), ox.NamedNode(format_.iri))
    yield ox.Triple(service, sd("defaultDataset"), dataset)
    yield ox.Triple(dataset, _RDF_TYPE, sd("Dataset"))
    yield ox.Triple(dataset, sd("defaultGraph"), graph)
    yield ox.Triple(graph, _RDF_TYPE, sd("Graph"))


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
    options = "".join(f'<option value="{f.name}">{f.media_type}</option>' for f in (*RESULT_FORMATS, *GRAPH_FORMATS))
    page = _HOME.format(
        address=html.escape(str(request.url_for("_sparql"))),
        generation=html.escape(generation.name if generation else "none yet"),
        timeout=f"{_settings(request).query_timeout:g}",
        options=options,
        results=", ".join(format_.name for format_ in RESULT_FORMATS),
        graphs=", ".join(format_.name for format_ in GRAPH_FORMATS),
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": _HOME_POLICY})


_HOME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"
_HOME = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Clearing-House Graph</title>
<style>
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }}
body {{ color: #1c2b24; background: #fbfcfa }}
h1 {{ color: #14532d }} a {{ color: #14532d }} code, pre, textarea {{ font: .9rem/1.45 ui-monospace, monospace }}
pre, textarea {{ box-sizing: border-box; width: 100%; padding: .75rem; overflow: auto }}
pre, textarea {{ border: 1px solid #b6c4ba; border-radius: .4rem; background: #fff }}
dt {{ font-weight: 600 }} dd {{ margin: 0 0 .5rem }}
button {{ padding: .45rem 1.1rem; border: 0; border-radius: .4rem; font: inherit; color: #fff; background: #14532d }}
select {{ padding: .4rem; font: inherit }}
</style>
</head>
<body>
<main>
<h1>Clearing-House Graph</h1>
<p>The records of the clearing-houses of the Convention on Biological Diversity and its Protocols, as linked data.</p>
<dl>
<dt>SPARQL endpoint</dt><dd><a href="sparql"><code>{address}</code></a></dd>
<dt>Generation of the graph</dt><dd><code>{generation}</code></dd>
<dt>Time for one query</dt><dd>{timeout} seconds</dd>
</dl>
<h2>Ask</h2>
<form action="sparql" method="post">
<p><label for="query">A SPARQL 1.1 query. The default graph is the union of all records,
each of which is a named graph.</label></p>
<textarea id="query" name="query" rows="9" spellcheck="false" required>
SELECT ?type (COUNT(?record) AS ?records)
WHERE {{ ?record a ?type }}
GROUP BY ?type
ORDER BY DESC(?records)
LIMIT 20
</textarea>
<p><label>Answer as <select name="format"><option value="">the usual format</option>{options}</select></label>
<button type="submit">Run</button></p>
</form>
<h2>From a program</h2>
<pre>curl --data-urlencode 'query=SELECT * WHERE {{ ?s ?p ?o }} LIMIT 5' \
     --header 'Accept: text/csv' {address}</pre>
<p>SELECT and ASK answer as {results}; CONSTRUCT and DESCRIBE as {graphs}.
Say which with the <code>Accept</code> header, or with the parameter <code>format</code>.</p>
</main>
</body>
</html>
"""


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _pool(request: Request) -> WorkerPool:
    pool: WorkerPool = request.app.state.pool
    return pool


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody reads this; the status is the one that proxies log for a client that hung up."""
    return Response(status_code=499)
