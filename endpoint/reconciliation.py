"""Reconciliation: where tools such as OpenRefine match the cells of a table with concepts, at `/reconcile`.

Both versions of the protocol are spoken at the same address, over all concepts or, at `/reconcile/{slug}`, over one
scheme. Forms and bare parameters are version 0.2; JSON bodies are 1.0-draft.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint import reconciliation_pages as pages
from endpoint.bodies import form_fields, json_body
from endpoint.reconciliation_answers import Service
from endpoint.reconciliation_manifest import Version, manifest, version_asked
from endpoint.reconciliation_properties import property_of
from endpoint.reconciliation_queries import MAX_LIMIT, extension, queries_02, queries_1
from thesaurus.index import Index

PATH = "/reconcile"
MAX_BYTES = 4 << 20
MAX_QUERIES = 1000
MAX_IDS = 1000
_DEFAULT_SUGGESTIONS = 10
_MAX_OFFSET = 100_000
_CALLBACK = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*", re.ASCII)
_MAX_CALLBACK = 128
_HEADERS = {"Vary": "Accept, Accept-Language", "X-Content-Type-Options": "nosniff"}

Handler = Callable[[Request], Response]


def routes() -> list[BaseRoute]:
    """The paths of the service over all concepts, then those of the services over one scheme each."""
    made: list[BaseRoute] = []
    for base in (PATH, PATH + "/{slug}"):
        made += [
            Route(f"{base}/match", _match, methods=["POST"]),
            Route(f"{base}/extend", _extend, methods=["POST"]),
            Route(f"{base}/extend/propose", _propose, methods=["GET", "HEAD"]),
            Route(f"{base}/suggest/{{kind}}", _suggest, methods=["GET", "HEAD"]),
            Route(f"{base}/preview", _preview, methods=["GET", "HEAD"]),
            Route(f"{base}/flyout", _flyout, methods=["GET", "HEAD"]),
            Route(base, _root, methods=["GET", "HEAD"]),
            Route(base, _form, methods=["POST"]),
        ]
    return made


def _root(request: Request) -> Response:
    """The manifest; or version 0.2 asked by GET."""
    given = dict(request.query_params)
    if "queries" in given or "extend" in given:
        return _first_version(request, given)
    wanted = version_asked(given.get("version"), request.headers.get("accept", ""))
    if wanted is None:
        raise HTTPException(406, f"expected one of the versions {', '.join(Version)}", headers={"Vary": "Accept"})
    service, settings = _service(request), request.app.state.settings
    address = str(request.url.replace(query="", fragment="")).rstrip("/")
    space = f"{settings.base_iri}id/"
    return _json(request, manifest(wanted, service.index, service.scheme, address, settings.dataset_title, space))


async def _form(request: Request) -> Response:
    """Version 0.2 asked by POST."""
    return await run_in_threadpool(_first_version, request, await form_fields(request, MAX_BYTES))


def _first_version(request: Request, given: dict[str, str]) -> Response:
    service = _service(request)
    if "extend" in given:
        return _json(request, _extended(service, given["extend"], "extend", is_draft=False))
    if "queries" not in given:
        raise HTTPException(400, "queries: expected a batch of queries, or extend")
    queries = queries_02(given["queries"])
    _check_size("queries", len(queries), MAX_QUERIES)
    return _json(
        request, {key: {"result": service.candidates(query, is_draft=False)} for key, query in queries.items()}
    )


async def _match(request: Request) -> Response:
    """Version 1.0-draft: a batch of queries."""
    body = await json_body(request, MAX_BYTES)

    def answer() -> Response:
        queries = queries_1(body)
        _check_size("queries", len(queries), MAX_QUERIES)
        service = _service(request)
        found = [{"candidates": service.candidates(query, is_draft=True)} for query in queries]
        return _json(request, {"results": found})

    return await run_in_threadpool(answer)


async def _extend(request: Request) -> Response:
    """Version 1.0-draft: values of properties."""
    body = await json_body(request, MAX_BYTES)
    answer = await run_in_threadpool(lambda: _extended(_service(request), body, "", is_draft=True))
    return _json(request, answer)


def _extended(service: Service, text: str | bytes, parameter: str, *, is_draft: bool) -> dict[str, Any]:
    asked = extension(text, parameter)
    _check_size("ids", len(asked.ids), MAX_IDS)
    _check_size("properties", len(asked.properties), MAX_LIMIT)
    return service.extension(asked, is_draft)


def _propose(request: Request) -> Response:
    """The properties that concepts of a type may have: every type has all of them."""
    wanted = request.query_params.get("type", "")
    limit = _number(request, "limit", 0, MAX_QUERIES)
    found = [{key: one[key] for key in ("id", "name", "description")} for one in _service(request).properties("")]
    asked = {"type": wanted} | ({"limit": limit} if limit else {})
    return _json(request, {"properties": found[: limit or None], **asked})


def _suggest(request: Request) -> Response:
    """Completion of what somebody types: concepts, types or properties."""
    prefix = request.query_params.get("prefix")
    if prefix is None:
        raise HTTPException(400, "prefix: expected what has been typed, be it nothing")
    name = "offset" if "offset" in request.query_params else "cursor"
    offset = _number(request, name, 0, _MAX_OFFSET)
    limit = _number(request, "limit", _DEFAULT_SUGGESTIONS, MAX_LIMIT)
    service = _service(request)
    match request.path_params["kind"]:
        case "entity":
            found = service.entities(prefix, offset, limit)
        case "type":
            found = service.types(prefix)[offset : offset + limit]
        case "property":
            found = service.properties(prefix)[offset : offset + limit]
        case _:
            raise HTTPException(404, "suggestions are made of entity, type or property")
    return _json(request, {"result": found})


def _preview(request: Request) -> HTMLResponse:
    """A page about a concept, for a frame."""
    service = _service(request)
    concept = service.concept(_identifier(request))
    if concept is None:
        raise HTTPException(404, f"id: there is no concept {_identifier(request)!r} here")
    return pages.preview(service.index, concept, service.language)


def _flyout(request: Request) -> Response:
    """A few words about a concept, a type or a property, as HTML within JSON (0.2 only)."""
    service, identifier = _service(request), _identifier(request)
    if concept := service.concept(identifier):
        html = pages.flyout(concept, service.language)
    elif (asked := property_of(identifier)) and identifier == asked.id:
        html = pages.described(asked.name, asked.description)
    else:
        kinds = [one for one in service.types("") if one["id"] == identifier]
        if not kinds:
            raise HTTPException(404, f"id: there is no concept, type or property {identifier!r} here")
        html = pages.described(kinds[0]["name"], identifier)
    return _json(request, {"id": identifier, "html": html})


def _service(request: Request) -> Service:
    """The service that a path means, over the keywords as they are now."""
    index: Index = request.app.state.thesauri.index()
    slug = request.path_params.get("slug")
    scheme = None if slug is None else index.scheme(slug)
    if slug is not None and scheme is None:
        raise HTTPException(404, f"there is no scheme {slug!r} to reconcile with")
    return Service(index, scheme, _language(request.headers.get("accept-language", ""), index))


def _language(accepted: str, index: Index) -> str:
    """The language of labels that a reader likes best (RFC 4647, 3.4); empty if none is known."""
    known = {tag.lower(): tag for scheme in index.schemes() for tag in scheme.languages}
    ranges = []
    for element in accepted.lower().split(","):
        tag, _, weight = element.partition(";")
        number = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", weight)
        ranges.append((float(number[1]) if number else 1.0, tag.strip()))
    for likes, tag in sorted(ranges, key=lambda one: -one[0]):
        while tag and likes > 0:
            if tag in known:
                return known[tag]
            tag = tag.rpartition("-")[0]
    return ""


def _identifier(request: Request) -> str:
    if found := request.query_params.get("id"):
        return found
    raise HTTPException(400, "id: expected the identifier of a concept")


def _number(request: Request, name: str, default: int, most: int) -> int:
    given = request.query_params.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdecimal() and len(given) < 10):
        raise HTTPException(400, f"{name}: expected a number from 0, not {given!r}")
    return min(int(given), most)


def _check_size(name: str, size: int, most: int) -> None:
    if size > most:
        raise HTTPException(413, f"{name}: at most {most} at a time, not {size}")


def _json(request: Request, content: dict[str, Any]) -> Response:
    """JSON; as a call of the function that a GET names, for clients older than CORS (JSONP)."""
    callback = request.query_params.get("callback") if request.method == "GET" else None
    if callback is None:
        return JSONResponse(content, headers=_HEADERS)
    if len(callback) > _MAX_CALLBACK or not _CALLBACK.fullmatch(callback):
        raise HTTPException(400, f"callback: expected the name of a function, not {callback[:_MAX_CALLBACK]!r}")
    return Response(f"/**/{callback}({json.dumps(content)});", media_type="text/javascript", headers=_HEADERS)
