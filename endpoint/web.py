"""Pages made from templates: what all of them share, and how their errors look to people."""

import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, wraps
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from endpoint import languages
from endpoint.accounts import ANYBODY, Role, account, api_key
from endpoint.problems import problem_of
from endpoint.sessions import FORM_TOKEN, Sessions
from ontology.errors import ClearingHouseError, SignInNeeded, TooManyRequests

NAVIGATION = (
    ("/thesaurus/", "Thesaurus", Role.READER),
    ("/thesaurus/search", "Search", Role.READER),
    ("/thesaurus/translations", "Translations", Role.READER),
    ("/thesaurus/mappings", "Mappings", Role.READER),
    ("/thesaurus/changes", "Changes", Role.READER),
    ("/tag", "Tagging", Role.READER),
)
"""Path, words and least role of the links at the top of every page; the longest path that fits is the present one."""
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Cookie",
}
# What turns or hides the text around it: https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff\u00ad")

Handler = Callable[[Request], Response | Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """`/static`: the style sheet and the script of the pages."""
    return [Mount("/static", StaticFiles(packages=[("endpoint", "static")]), name="static")]


def page(request: Request, name: str, status: int = 200, /, **context: object) -> HTMLResponse:
    """A page from the template of a name; the context is escaped."""
    given = {
        "request": request,
        "account": account(request),
        "sign_in_path": f"/sign-in?next={quote(_here(request))}",
        "navigation": [
            (path, words, path == _present(request))
            for path, words, role in NAVIGATION
            if account(request).role >= role
        ],
        "url": lambda path: prefixed(request, path),
        "form_token": lambda: _form_token(request),
        **context,
    }
    response = HTMLResponse(_environment().get_template(name).render(given), status, _HEADERS)
    if getattr(request.state, "session_needed", False):
        sessions: Sessions = request.app.state.sessions
        sessions.write(request, response)
    return response


def route(path: str, handler: Handler, methods: tuple[str, ...] = ("GET", "HEAD"), name: str | None = None) -> Route:
    """A route to a page; a handler that is no coroutine runs in a thread. Errors become pages for who reads HTML."""

    @wraps(handler)
    async def answering(request: Request) -> Response:
        try:
            if iscoroutinefunction(handler):
                return await handler(request)  # type: ignore[no-any-return]
            return await run_in_threadpool(handler, request)  # type: ignore[arg-type]
        except (ClearingHouseError, HTTPException) as error:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            return failure(request, error)

    return Route(path, answering, methods=methods, name=name)


def failure(request: Request, error: ClearingHouseError | HTTPException) -> Response:
    """The page that tells an error; whoever has to sign in is led there."""
    if isinstance(error, SignInNeeded) and request.method in ("GET", "HEAD") and not api_key(request):
        return RedirectResponse(prefixed(request, f"/sign-in?next={quote(_here(request), safe='/')}"), 303)
    if isinstance(error, HTTPException):
        title, status, detail = HTTPStatus(error.status_code).phrase, error.status_code, error.detail
    else:
        problem = problem_of(error)
        title, status, detail = problem.title, problem.status, str(error)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise error  # what is told of these is decided in one place
    if not hasattr(request.state, "account"):
        request.state.account = ANYBODY
    response = page(request, "error.html", status, title=title, detail=detail)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(int(error.wait) + 1)
    return response


def not_found(detail: str) -> HTTPException:
    """What to raise where there is nothing."""
    return HTTPException(404, detail)


def prefixed(request: Request, path: str) -> str:
    """A path of ours as the browser has to ask for it, behind whatever a proxy puts before it."""
    root: str = request.scope.get("root_path", "")
    return root + path


def local_path(text: str) -> str:
    """A path of this site to go on to; the thesaurus for anything else, so that no link leads elsewhere."""
    is_local = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if is_local else "/thesaurus/"


def visible(text: object) -> Markup:
    """Text in which the characters that would turn or hide other text are told by their names."""
    parts = [
        Markup('<span class="control" title="{}">U+{:04X}</span>').format(unicodedata.name(c, "CONTROL"), ord(c))
        if c in _TURNING or (unicodedata.category(c) == "Cc" and c not in "\n\t")
        else escape(c)
        for c in str(text)
    ]
    return Markup("").join(parts)


def _here(request: Request) -> str:
    """The path and query of a request that may be asked again, of the sign-in page what it was to go on to."""
    if request.method not in ("GET", "HEAD"):
        return "/thesaurus/"
    if request.url.path.endswith("/sign-in"):
        return local_path(request.query_params.get("next", ""))
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _present(request: Request) -> str:
    path = request.url.path.removeprefix(prefixed(request, ""))
    return max((known for known, *_ in NAVIGATION if path.startswith(known)), key=len, default="")


def _form_token(request: Request) -> Markup:
    sessions: Sessions = request.app.state.sessions
    return Markup('<input type="hidden" name="{}" value="{}">').format(FORM_TOKEN, sessions.token(request))


def address(path: str, **parameters: object) -> str:
    """A path with those query parameters that have a value."""
    given: Mapping[str, object] = {name: value for name, value in parameters.items() if value not in (None, "")}
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in given.items())
    return f"{path}?{query}" if query else path


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("endpoint"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared: dict[str, Any] = {
        "direction": languages.direction,
        "language_name": languages.name,
        "address": address,
        "Role": Role,
    }
    made.globals.update(shared)
    made.filters["visible"] = visible
    made.globals["words"] = made.get_template("words.html").module
    return made
