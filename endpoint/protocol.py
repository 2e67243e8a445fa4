"""Protocol: reads the query operation of a request (https://www.w3.org/TR/sparql11-protocol/#query-operation)."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl

import pyoxigraph as ox
from starlette.exceptions import HTTPException

from endpoint.engine import Query
from endpoint.lexer import Address, outline
from endpoint.negotiation import GRAPH_FORMS, choose, formats_of
from ontology.errors import QueryError, QueryRefused

_PERCENT_ENCODING = 3  # bytes at most for one byte of a form
_MAX_FIELDS = 200


class _Type(StrEnum):
    QUERY = "application/sparql-query"
    FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Operation:
    """A query operation as https://www.w3.org/TR/sparql11-protocol/#query-operation defines it."""

    query: str
    format: str | None
    default_graphs: list[str] = field(default_factory=list)
    named_graphs: list[str] = field(default_factory=list)


def body_limit(content_type: str, max_query_bytes: int) -> int:
    """The bytes that a body of a media type may have. Raises HTTPException for a type that carries no query."""
    match media_type(content_type):
        case _Type.QUERY:
            return max_query_bytes
        case _Type.FORM:
            return max_query_bytes * (_PERCENT_ENCODING + 1)
        case other:
            expected = f"{_Type.QUERY} or {_Type.FORM}"
            raise HTTPException(415, f"a POST must be {expected}, not {other or 'untyped'}")


def is_query(content_type: str) -> bool:
    """Whether a body of a media type may carry a query."""
    return media_type(content_type) in tuple(_Type)


def media_type(content_type: str) -> str:
    """The media type of a Content-Type header, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def operation(query_string: bytes, content_type: str | None, body: bytes) -> Operation | None:
    """The operation that a request asks for; None for a bare GET, which asks for the service description.

    `content_type` is that of a POST, None for other methods.
    """
    parameters = _parameters(query_string)
    if content_type is not None:
        if media_type(content_type) == _Type.QUERY:
            parameters = [pair for pair in parameters if pair[0] != "query"]
            parameters.append(("query", _text(body)))
        else:
            parameters += _parameters(body)
    queries = [value for key, value in parameters if key == "query"]
    if not queries and content_type is None and not any(key == "update" for key, _ in parameters):
        return None
    return Operation(
        _only_query(queries, parameters),
        next((value for key, value in parameters if key in ("format", "output") and value), None),
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


@dataclass(frozen=True)
class Negotiated:
    """A query for an engine, and what its answer is: its form (`SELECT` …), its Content-Type, its format's name."""

    query: Query
    form: str
    content_type: str
    format: str


def negotiated(asked: Operation, accept: str, coding: str, address: Address) -> Negotiated:
    """The query of an operation, whose answer may have the content coding, in the format that is most welcome."""
    sketch = outline(asked.query, address)
    choice = choose(formats_of(sketch.form), accept, asked.format)
    from_request = bool(asked.default_graphs or asked.named_graphs)
    query = Query(
        sketch.text,
        choice.format.media_type,
        sketch.form in GRAPH_FORMS,
        sketch.has_dataset,
        tuple(asked.default_graphs) if from_request else None,
        tuple(asked.named_graphs) if from_request else None,
        coding,
        sketch.is_federated,
    )
    return Negotiated(query, sketch.form, choice.content_type, choice.format.name)
