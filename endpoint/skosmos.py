"""`/rest/v1`: the thesaurus as browsers of vocabularies ask for it, by the REST API of Skosmos, version 1.

https://github.com/NatLibFi/Skosmos/wiki/REST-API. A vocabulary is a scheme, by its slug, or `all`. Answers are JSON-LD,
or JavaScript for a `callback`; refusals are plain text. They stay valid until the thesaurus changes (`ETag`).
"""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint import skosmos_concepts as concepts
from endpoint import skosmos_vocabularies as vocabularies
from endpoint.negotiation import Format, NotAcceptableError, choose
from endpoint.skosmos_data import data
from endpoint.skosmos_description import description
from endpoint.skosmos_question import Answer, Question, RestError, vocabulary
from endpoint.skosmos_search import lookup, search
from thesaurus.index import Index

PATH = "/rest/v1"
_JSON = (Format("json", "application/json", (), ""), Format("jsonld", "application/ld+json", (), ""))
# A name, or what is in a property of it: `jQuery123`, `a.b`, `a["b"].c`.
_CALLBACK = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*|\[(?:[0-9]+|\"[\w$ -]+\"|'[\w$ -]+')\])*", re.ASCII)
_Handler = Callable[[Question], Answer | tuple[bytes, str]]

OF_SERVER: dict[str, _Handler] = {
    "vocabularies": vocabularies.vocabularies,
    "search": search,
    "label": concepts.label,
    "data": data,
    "types": vocabularies.types,
}
OF_VOCABULARY: dict[str, _Handler] = {
    "": vocabularies.information,
    "types": vocabularies.types,
    "topConcepts": vocabularies.top_concepts,
    "data": data,
    "search": search,
    "lookup": lookup,
    "vocabularyStatistics": vocabularies.vocabulary_statistics,
    "labelStatistics": vocabularies.label_statistics,
    "index/": vocabularies.index_letters,
    "index/{letter}": vocabularies.index_concepts,
    "label": concepts.label,
    "broader": concepts.broader,
    "broaderTransitive": concepts.broader_transitive,
    "narrower": concepts.narrower,
    "narrowerTransitive": concepts.narrower_transitive,
    "related": concepts.related,
    "children": concepts.children,
    "groups": vocabularies.groups,
    "new": vocabularies.new,
    "modified": vocabularies.modified,
    "groupMembers": concepts.group_members,
    "hierarchy": concepts.hierarchy,
    "mappings": concepts.mappings,
}


def routes() -> list[BaseRoute]:
    """`/rest/v1` and all below; `request.app.state.thesauri.index()` gives the index to ask."""
    return [
        Route(f"{PATH}/swagger.json", _swagger),
        *(Route(f"{PATH}/{name}", _endpoint(handler)) for name, handler in OF_SERVER.items()),
        Route(f"{PATH}/{{vocid}}", _with_slash),
        *(Route(f"{PATH}/{{vocid}}/{name}", _endpoint(handler)) for name, handler in OF_VOCABULARY.items()),
        Route(f"{PATH}/{{rest:path}}", _unknown),
    ]


def _endpoint(handler: _Handler) -> Callable[[Request], Response]:
    """A handler of requests, run in a thread, as the index is a file."""

    def answer(request: Request) -> Response:
        try:
            return _answered(request, handler)
        except RestError as error:
            status = error.status
            return PlainTextResponse(f"{status.value} {status.phrase} : {error}", status, _headers())

    return answer


def _answered(request: Request, handler: _Handler) -> Response:
    index: Index = request.app.state.thesauri.index()
    given = dict(request.path_params)
    name = given.pop("vocid", None)
    parameters = {**request.query_params, **given}
    asked = vocabulary(index, name) if name is not None else None
    callback = _callback(parameters.get("callback"))
    tag = f'W/"{sha256(index.version.encode()).hexdigest()[:16]}"'
    base = str(request.url.replace(path=f"{request.scope.get('root_path', '')}{PATH}/", query="", fragment=""))
    answer = handler(Question(index, base, parameters, asked, request.headers.get("accept", "")))
    if tag in (part.strip() for part in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_headers(tag))
    if isinstance(answer, tuple):
        return Response(answer[0], media_type=answer[1], headers=_headers(tag))
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    if callback:
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        return Response(
            f"{callback}({text});", media_type="application/javascript; charset=utf-8", headers=_headers(tag)
        )
    return Response(text, media_type=_json_type(request), headers=_headers(tag))


def _headers(tag: str | None = None) -> dict[str, str]:
    return {"Vary": "Accept", "X-Content-Type-Options": "nosniff", **({"ETag": tag} if tag else {})}


def _callback(text: str | None) -> str | None:
    if not text:
        return None
    callback = text.strip().replace('\\"', '"')
    if not _CALLBACK.fullmatch(callback):
        raise RestError(HTTPStatus.BAD_REQUEST, "callback parameter is invalid: expected the name of a function")
    return callback


def _json_type(request: Request) -> str:
    """JSON under the one of its names that the client prefers; a client that accepts neither gets it as well."""
    wanted = request.query_params.get("format", "").replace(" ", "+")
    try:
        media_type = choose(_JSON, wanted or request.headers.get("accept", "")).media_type
    except NotAcceptableError:
        media_type = _JSON[0].media_type
    return f"{media_type}; charset=utf-8"


def _with_slash(request: Request) -> Response:
    path = f"{request.scope.get('root_path', '')}{PATH}/{quote(request.path_params['vocid'])}/"
    return RedirectResponse(path, HTTPStatus.FOUND)


def _unknown(request: Request) -> Response:
    return PlainTextResponse("404 Not Found", HTTPStatus.NOT_FOUND)


def _swagger(request: Request) -> Response:
    return JSONResponse(description(request.scope.get("root_path", "") + PATH))
