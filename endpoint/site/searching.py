"""The search page: one box over all records and keywords, in any language, with facets, sorting and numbered pages."""

from collections.abc import Iterator
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint import localisation, web
from endpoint.labels import labels
from endpoint.localisation import N_
from endpoint.search.index import FACETS, Found, SearchIndex, Snippet
from endpoint.search.service import SearchService, SearchUnavailable
from endpoint.site import search_facets, search_feeds
from endpoint.site.search_parameters import LAST_PAGE, PAGE_SIZE, SORTS, Parameters
from endpoint.site.search_query import question
from endpoint.thesauri import Thesauri
from ontology import GRAPH

SORT_NAMES = {
    "relevance": N_("Relevance"),
    "newest": N_("Newest first"),
    "oldest": N_("Oldest first"),
    "title": N_("Title"),
}
_TYPED, _OFFERED = 200, 10  # characters that are looked at; labels
_NEAR = 2  # numbered pages on either side of the present one


@dataclass(frozen=True)
class Help:
    """What may be tried where nothing is found: another spelling, any of the words, and how many that would find."""

    spelling: str | None
    any_word: int
    unfiltered: int


def routes() -> list[BaseRoute]:
    """`/search`, what it offers while somebody types, and what programs read of it."""
    return [web.route("/search", _page), Route("/search/offers", _offers), *search_feeds.routes()]


async def _page(request: Request) -> Response:
    """The results of a search, or the box alone."""
    parameters = Parameters.of(request)
    service: SearchService = request.app.state.search
    try:
        index = service.index()
    except SearchUnavailable as error:
        response = web.page(request, "search_unavailable.html", 503, parameters=parameters, is_remote=service.is_remote)
        response.headers["Retry-After"] = "5"
        if "text/html" not in request.headers.get("accept", ""):
            raise error
        return response
    asked = parameters.search(localisation.language(request), facets=FACETS)
    found = await run_in_threadpool(index.search, asked)
    facets = search_facets.facets(parameters, found.facets, index.concepts)
    chips = search_facets.chips(parameters)
    last = min(LAST_PAGE, -(-found.total // PAGE_SIZE))
    base: str = request.app.state.settings.base_iri
    return web.page(
        request,
        "search_page.html",
        parameters=parameters,
        called="".join(filter(str.isprintable, parameters.q))[:80],
        found=found,
        facets=facets,
        facet_titles=search_facets.TITLES,
        kinds=search_facets.KINDS,
        chips=chips,
        help=await run_in_threadpool(_help, index, parameters) if not found.total else None,
        labels=await labels(request, search_facets.named(facets, chips) | _named(found)),
        sorts=[(name, SORT_NAMES[name]) for name in SORTS if name != "relevance" or parameters.q],
        pages=list(_numbers(parameters.page, last)),
        last=last,
        first_number=(parameters.page - 1) * PAGE_SIZE + 1,
        opened=question(parameters, base),
        feed_query=lambda: parameters.on_page(1).query(lang=localisation.language(request)),
        is_behind=service.is_behind(),
        marked=marked,
        namespace=f"{GRAPH.value}#",
    )


def _offers(request: Request) -> Response:
    """Labels of keywords, in any language, that begin with what somebody has typed."""
    typed = request.query_params.get("q", "")[:_TYPED]
    thesauri: Thesauri = request.app.state.thesauri
    found = thesauri.index().complete(typed, limit=_OFFERED) if typed.strip() else []
    labels = dict.fromkeys(hit.label.text for hit in found)
    return JSONResponse(
        [{"value": label, "label": label} for label in labels], headers={"X-Content-Type-Options": "nosniff"}
    )


def marked(snippet: Snippet) -> Iterator[tuple[str, bool]]:
    """The text of a snippet in parts, and whether each is one that was found."""
    place = 0
    for start, end in snippet.marks:
        if start > place:
            yield snippet.text[place:start], False
        yield snippet.text[start:end], True
        place = end
    if place < len(snippet.text):
        yield snippet.text[place:], False


def _named(found: Found) -> set[str]:
    """The IRIs that hits and additions show by label."""
    iris = {iri for hit in found.hits for iri in (*hit.types, *hit.countries, *hit.houses)}
    additions = (*found.expansion, *found.ignored)
    return (
        iris
        | {hit.status for hit in found.hits if hit.status}
        | {iri for one in additions for iri in (one.concept, *one.narrower)}
    )


def _help(index: SearchIndex, parameters: Parameters) -> Help:
    def count(other: Parameters) -> int:
        return index.search(other.on_page(1).search("en", limit=0)).total

    return Help(
        index.spelling(parameters.q),
        count(parameters.of_any_word()) if parameters.q and not parameters.any_word else 0,
        count(parameters.without_filters()) if parameters.filters else 0,
    )


def _numbers(present: int, last: int) -> Iterator[int | None]:
    """The pages to link to: the first, those near the present one, the last; None for a gap."""
    shown = sorted({1, last, *range(max(1, present - _NEAR), min(last, present + _NEAR) + 1)} - {0})
    before = 0
    for number in shown:
        if number > before + 1:
            yield None
        yield number
        before = number
