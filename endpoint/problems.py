"""How a failure looks from outside: every error as a problem document (RFC 9457), by one table."""

import http
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from endpoint.engine import NotXmlError
from endpoint.lexer import LocatedRefusal, LocatedSyntaxError
from endpoint.localisation import N_
from endpoint.negotiation import NotAcceptableError
from endpoint.partners import PartnerError
from endpoint.search.service import SearchUnavailable
from loaders.editing import ChangeRefused
from ontology.errors import (
    AccessError,
    AccountError,
    ClearingHouseError,
    DocumentError,
    DocumentTooLarge,
    DoorError,
    EditingError,
    IdentifierError,
    QueryError,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
    SignInNeeded,
    SourceError,
    StoreError,
    TaggingError,
    TooManyRequests,
    WorkersBusy,
)
from thesaurus.turtle import ThesaurusError

MEDIA_TYPE = "application/problem+json"
_TRY_AGAIN = (http.HTTPStatus.SERVICE_UNAVAILABLE, http.HTTPStatus.GATEWAY_TIMEOUT)
_RETRY_AFTER = {"Retry-After": "5"}  # seconds
_LOGGED = "the failure has been logged"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """A kind of problem: the last part of its type IRI, its title and its status."""

    slug: str
    title: str
    status: int


# The nearest class upwards counts. What is not our client's doing has no detail: see `_detail`.
PROBLEMS: Mapping[type[Exception], Problem] = {
    ClearingHouseError: Problem("internal-error", N_("The server failed"), 500),
    IdentifierError: Problem("bad-identifier", N_("Not an identifier"), 400),
    SourceError: Problem("unreadable-source", N_("The document cannot be read"), 400),
    DoorError: Problem("no-identity", N_("The document carries no usable identity or schema"), 422),
    ThesaurusError: Problem("thesaurus", N_("The thesaurus cannot be so"), 422),
    EditingError: Problem("change-not-possible", N_("The change cannot be made"), 422),
    ChangeRefused: Problem("change-refused", N_("The change cannot be approved"), 409),
    AccountError: Problem("accounts", N_("Signing in is not possible now"), 503),
    AccessError: Problem("not-allowed", N_("Not allowed"), 403),
    SignInNeeded: Problem("sign-in-needed", N_("Sign in first"), 401),
    TaggingError: Problem("tagging", N_("The tagger cannot be used"), 503),
    DocumentError: Problem("unreadable-text", N_("The text of the file cannot be read"), 422),
    DocumentTooLarge: Problem("too-large-to-tag", N_("The file is too large to be tagged"), 413),
    StoreError: Problem("no-graph", N_("The graph is not available"), 503),
    SearchUnavailable: Problem("no-search-index", N_("Search is not available now"), 503),
    QueryError: Problem("query-failed", N_("The query cannot be answered"), 400),
    QuerySyntaxError: Problem("query-syntax", N_("The query does not parse"), 400),
    QueryRefused: Problem("query-refused", N_("The query asks for something this endpoint does not do"), 400),
    QueryTimeout: Problem("query-timeout", N_("The query took too long"), 504),
    QueryTooLarge: Problem("query-too-large", N_("The query or its answer is too large"), 422),
    TooManyRequests: Problem("too-many-requests", N_("Too many requests"), 429),
    WorkersBusy: Problem("busy", N_("The server is busy"), 503),
    NotAcceptableError: Problem("not-acceptable", N_("No acceptable format"), 406),
    PartnerError: Problem("partner-failed", N_("A partner that the query calls did not answer"), 502),
    NotXmlError: Problem("not-xml", N_("XML cannot express this answer"), 406),
}


def problem_of(error: ClearingHouseError) -> Problem:
    """The row of the table for an error."""
    return next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)


def answer_to(error: Exception, path: str, base_iri: str) -> JSONResponse:
    """The problem document that answers a request to a path; its type lies below `base_iri`."""

    def response(problem: Problem, detail: str, **more: Any) -> JSONResponse:
        content = {
            "type": f"{base_iri}problem/{problem.slug}" if problem.slug else "about:blank",
            "title": problem.title,
            "status": problem.status,
            "detail": detail,
            "instance": path,
            **more,
        }
        return JSONResponse(content, problem.status, media_type=MEDIA_TYPE)

    match error:
        case HTTPException():
            # What a status says by itself has no type of its own (RFC 9457, 4.2.1).
            status = http.HTTPStatus(error.status_code)
            answer = response(Problem("", status.phrase, status), http_detail(path, error))
            answer.headers.update(error.headers or {})
        case RequestValidationError():
            faults = [{"in": [str(part) for part in fault["loc"]], "message": fault["msg"]} for fault in error.errors()]
            problem = Problem("invalid-request", "The request is not valid", 422)
            answer = response(problem, "a parameter is missing or not of its type", errors=faults)
        case ClearingHouseError():
            problem = problem_of(error)
            located = error if isinstance(error, LocatedSyntaxError | LocatedRefusal) else None
            more = {"line": located.line, "column": located.column} if located else {}
            answer = response(problem, _detail(error, problem), **more)
            if problem.status in _TRY_AGAIN:
                answer.headers.update(_RETRY_AFTER)
            if isinstance(error, SignInNeeded):
                answer.headers["WWW-Authenticate"] = "Bearer"
            if isinstance(error, TooManyRequests):
                answer.headers["Retry-After"] = str(math.ceil(error.wait))
            if problem.status == http.HTTPStatus.NOT_ACCEPTABLE:
                answer.headers["Vary"] = "Accept"
        case _:
            answer = response(PROBLEMS[ClearingHouseError], _LOGGED)
    return answer


Page = Callable[[Request, HTTPException], Response]


def install(app: FastAPI, base_iri: str, page: Page | None = None) -> None:
    """Answer every error of `app` with a problem document; a browser that asks for what is not there, with a page."""

    async def answer(request: Request, error: Exception) -> Response:
        match error:
            case HTTPException(status_code=404) if page and "text/html" in request.headers.get("accept", ""):
                return page(request, error)
        return answer_to(error, request.url.path, base_iri)

    for kind in (ClearingHouseError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, answer)


def _detail(error: ClearingHouseError, problem: Problem) -> str:
    """What went wrong, unless it is an inner matter whose words may name paths of this machine."""
    if problem.status != http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return str(error)
    _log.error("a request failed", exc_info=error)
    return _LOGGED


def http_detail(path: str, error: HTTPException) -> str:
    """What a plain status of HTTP says of itself."""
    match error.status_code:
        case 404 if error.detail == "Not Found":
            return f"there is nothing at {path}"
        case 405 if error.detail == "Method Not Allowed":
            return f"this method is not possible at {path}"
        case _:
            return str(error.detail)
