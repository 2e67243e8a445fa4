"""Pages made from templates: what all of them share, how they are sent, and how their errors look to people."""

import gzip
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache, partial, wraps
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette._utils import get_route_path
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint import addresses, asking, languages, localisation, markup
from endpoint.accounts import ANYBODY, Role, account, api_key
from endpoint.cache import entity_tag
from endpoint.localisation import N_
from endpoint.problems import http_detail, problem_of
from endpoint.sessions import FORM_TOKEN, Sessions
from endpoint.static_files import served_static
from ontology.errors import ClearingHouseError, SignInNeeded, TooManyRequests

NAVIGATION = (
    ("/search", N_("Search")),
    ("/countries", N_("Countries")),
    ("/explore", N_("Explore")),
    ("/questions", N_("Questions")),
    ("/workbench", N_("Workbench")),
    ("/thesaurus/", N_("Thesaurus")),
)
"""Path and words of the links at the top of every page; the longest path that fits is the present one."""
SECTIONS = (
    ("/thesaurus/", N_("Schemes")),
    ("/thesaurus/search", N_("Find concepts")),
    ("/thesaurus/translations", N_("Translations")),
    ("/thesaurus/mappings", N_("Mappings")),
    ("/thesaurus/changes", N_("Changes")),
    ("/tag", N_("Tagging")),
)
"""The links of the thesaurus, on its own pages."""
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Accept-Encoding, Accept-Language, Cookie",
}
_WORTH_PACKING = 1 << 10
_TITLES = {
    400: N_("The request cannot be read"),
    404: N_("There is nothing here"),
    405: N_("This cannot be done here"),
    410: N_("This is no longer here"),
    411: N_("The length of what was sent is missing"),
    413: N_("What was sent is too large"),
    422: N_("The request is not valid"),
}
_OTHER_TITLE = N_("This did not work")

Handler = Callable[[Request], Response | Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """`/static`: the style sheet and the scripts of the pages; `/favicon.ico`: the icon beside what names none."""
    return [
        Route("/static/{path:path}", served_static, methods=["GET", "HEAD"]),
        Route("/favicon.ico", lambda request: RedirectResponse(addresses.bare(request, "/static/icon.svg"), 308)),
    ]


def page(request: Request, name: str, status: int = 200, /, **context: object) -> Response:
    """A page from the template of a name; the context is escaped. It is not sent again to whoever has it."""
    tongue = localisation.language(request)
    given = {
        "request": request,
        "account": account(request),
        "page_language": tongue,
        "translations_of_page": [
            (tag, localisation.endonym(tag), _in_language(request, tag)) for tag in languages.UNITED_NATIONS
        ],
        "sign_in_path": f"/sign-in?next={quote(_here(request))}",
        "navigation": _links(request, NAVIGATION),
        "sections": _links(request, SECTIONS) if _is_of_thesaurus(request) else [],
        "url": partial(addresses.prefixed, request),
        "bare": partial(addresses.bare, request),
        "page_path": partial(addresses.page_path, request.app.state.settings.base_iri),
        "concept_path": partial(addresses.concept_path, request.app.state.settings.base_iri),
        "form_token": lambda: _form_token(request),
        **context,
    }
    body = _environment(tongue).get_template(name).render(given).encode()
    response = sent(request, body, "text/html; charset=utf-8", status, _HEADERS | {"Content-Language": tongue})
    if getattr(request.state, "session_needed", False):
        sessions: Sessions = request.app.state.sessions
        sessions.write(request, response)
    return response


def sent(
    request: Request, body: bytes, content_type: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A body with its entity tag, compressed for who takes that; 304 for who has it already (RFC 9110, 13.1.2)."""
    tag = entity_tag(body).decode()
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    always = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    told = {**always, **(headers or {}), "ETag": f"W/{tag}"}
    if status == HTTPStatus.OK and tag in known:
        return Response(status_code=304, headers=told)
    if len(body) > _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 5, mtime=0)
        told["Content-Encoding"] = "gzip"
    return Response(body, status, told | {"Content-Type": content_type})


def route(path: str, handler: Handler, methods: tuple[str, ...] = ("GET", "HEAD"), name: str | None = None) -> Route:
    """A route to a page; a handler that is no coroutine runs in a thread. Errors become pages for who reads HTML.

    A browser that asks without a language is sent to the page in the one its reader likes best.
    """

    @wraps(handler)
    async def answering(request: Request) -> Response:
        reads_html = "text/html" in request.headers.get("accept", "")
        if reads_html and request.method in ("GET", "HEAD") and not localisation.is_in_address(request):
            there = _in_language(request, localisation.language(request))
            return RedirectResponse(there, 302, {"Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"})
        try:
            if iscoroutinefunction(handler):
                return await handler(request)  # type: ignore[no-any-return]
            return await run_in_threadpool(handler, request)  # type: ignore[arg-type]
        except (ClearingHouseError, HTTPException) as error:
            if not reads_html:
                raise
            return failure(request, error)

    return Route(path, answering, methods=methods, name=name)


def failure(request: Request, error: ClearingHouseError | HTTPException) -> Response:
    """The page that tells an error; whoever has to sign in is led there."""
    if isinstance(error, SignInNeeded) and request.method in ("GET", "HEAD") and not api_key(request):
        return RedirectResponse(addresses.prefixed(request, f"/sign-in?next={quote(_here(request), safe='/')}"), 303)
    if isinstance(error, HTTPException):
        title, status = _TITLES.get(error.status_code, _OTHER_TITLE), error.status_code
        detail = http_detail(request.url.path, error)
    else:
        problem = problem_of(error)
        title, status, detail = problem.title, problem.status, str(error)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise error  # what is told of these is decided in one place
    if not hasattr(request.state, "account"):
        request.state.account = ANYBODY
    response = page(request, "error.html", status, title=localisation.gettext(request, title), detail=detail)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(int(error.wait) + 1)
    return response


def not_found(detail: str) -> HTTPException:
    """What to raise where there is nothing."""
    return HTTPException(404, detail)


def _path(request: Request) -> str:
    """The path of a request as it is routed, without language."""
    return get_route_path(request.scope) or "/"


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def _in_language(request: Request, tag: str) -> str:
    """Where the same page is in another language; a form that was sent, its page."""
    query = _query(request) if request.method in ("GET", "HEAD") else ""
    return f"{localisation.root(request)}/{tag}{quote(_path(request), safe='/:@+,;=')}{query}"


def _here(request: Request) -> str:
    """The path and query of a request that may be asked again, of the sign-in page what it was to go on to."""
    if request.method not in ("GET", "HEAD"):
        return "/thesaurus/"
    if _path(request) == "/sign-in":
        return addresses.local_path(request.query_params.get("next", ""))
    return _path(request) + _query(request)


def _is_of_thesaurus(request: Request) -> bool:
    return _path(request).startswith(("/thesaurus", "/tag", "/records/", "/sign-in"))


def _links(request: Request, links: Iterable[tuple[str, str]]) -> list[tuple[str, str, bool]]:
    """Path, words, and whether it is the present one, of each link."""
    present = max((known for known, _ in links if _path(request).startswith(known)), key=len, default="")
    return [(path, localisation.gettext(request, text), path == present) for path, text in links]


def _form_token(request: Request) -> Markup:
    sessions: Sessions = request.app.state.sessions
    return Markup('<input type="hidden" name="{}" value="{}">').format(FORM_TOKEN, sessions.token(request))


def _translated(tongue: str, message: str) -> str:
    """A message that is marked elsewhere; unlike that of `_`, what comes out is escaped, so it may also be data."""
    return localisation.translations(tongue).gettext(message) if message else ""


@cache
def _environment(tongue: str) -> Environment:
    """The templates in a language."""
    made = Environment(
        loader=PackageLoader("endpoint"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(localisation.translations(tongue), newstyle=True)  # type: ignore[attr-defined]
    shared: dict[str, Any] = {
        "direction": languages.direction,
        "language_name": partial(localisation.name_of_language, shown_in=tongue),
        "number": partial(localisation.number, shown_in=tongue),
        "day": partial(localisation.day, shown_in=tongue),
        "address": addresses.address,
        "value": asking.value,
        "Role": Role,
    }
    made.globals.update(shared)
    made.filters |= {"visible": markup.visible, "plain": markup.plain, "moment": markup.moment}
    made.filters["translated"] = partial(_translated, tongue)
    made.globals["words"] = made.get_template("words.html").module
    return made
