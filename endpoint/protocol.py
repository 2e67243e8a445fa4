"""Protocol: reads the query operation of a request (https://www.w3.org/TR/sparql11-protocol/#query-operation)."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pyoxigraph as ox
from fastapi import Request
from starlette.exceptions import HTTPException

from endpoint.lexer import outline
from endpoint.negotiation import GRAPH_FORMS, choose, formats_of
from endpoint.pool import Query
from ontology.errors import QueryError, QueryRefused

_QUERY_TYPE, _FORM_TYPE = "application/sparql-query", "application/x-www-form-urlencoded"
_PERCENT_ENCODING = 3  # bytes at most for one byte of a form
_MAX_FIELDS = 200


@dataclass(frozen=True)
class Operation:
    """A query operation as https://www.w3.org/TR/sparql11-protocol/#query-operation defines it."""

    query: str
    format: str | None
    default_graphs: list[str] = field(default_factory=list)
    named_graphs: list[str] = field(default_factory=list)


async def operation(request: Request, max_query_bytes: int) -> Operation | None:
    """The operation that a request asks for; None for a bare GET, which asks for the service description."""
    parameters = _parameters(request.scope["query_string"])
    if request.method == "POST":
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == _QUERY_TYPE:
            parameters = [pair for pair in parameters if pair[0] != "query"]
            parameters.append(("query", _text(await _body(request, max_query_bytes))))
        elif media_type == _FORM_TYPE:
            parameters += _parameters(await _body(request, max_query_bytes * (_PERCENT_ENCODING + 1)))
        else:
            raise HTTPException(415, f"a POST must be {_QUERY_TYPE} or {_FORM_TYPE}, not {media_type or 'untyped'}")
    queries = [value for key, value in parameters if key == "query"]
    if not queries and request.method != "POST" and not any(key == "update" for key, _ in parameters):
        return None
    return Operation(
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


def negotiated(asked: Operation, accept: str) -> tuple[Query, str]:
    """The query for the pool and the Content-Type of its answer."""
    sketch = outline(asked.query)
    choice = choose(formats_of(sketch.form), accept, asked.format)
    from_request = bool(asked.default_graphs or asked.named_graphs)
    query = Query(
        asked.query,
        choice.format.media_type,
        sketch.form in GRAPH_FORMS,
        sketch.has_dataset,
        asked.default_graphs if from_request else None,
        asked.named_graphs if from_request else None,
    )
    return query, choice.content_type
