"""The pages of the thesaurus to read: its schemes, their trees and alphabetical lists, and search."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint import addresses, languages, localisation, web
from endpoint.alphabet import by_title, sort_key
from endpoint.thesauri import Thesauri
from endpoint.translations import STANDINGS, Translations
from loaders.editing import Editing
from thesaurus.index import Concept, Index, Scheme

PAGE = 100
"""Rows of a page; whatever is longer goes on on the next one."""
SORTED = 2000
"""Of so many concepts the labels are read to put them in order; more are shown in the order of their IRIs."""
BRANCH = 30
"""Concepts shown below one of a tree before it leads to a page of its own."""
OFFERS = 10
COUNTING, COUNTED_TOGETHER = 3.0, 200
"""Seconds in which a page counts tagged records, so many concepts at a time; what was counted is remembered."""

T = TypeVar("T")


def routes() -> list[BaseRoute]:
    """`/thesaurus/` and what is read below it."""
    return [
        web.route("/thesaurus/", _overview),
        Route("/thesaurus", lambda request: RedirectResponse(addresses.prefixed(request, "/thesaurus/"), 308)),
        web.route("/thesaurus/search", _search),
        web.route("/thesaurus/offers", _offers),
        web.route("/thesaurus/schemes/{slug}", _tree),
        web.route("/thesaurus/schemes/{slug}/letters", _letters),
    ]


def thesauri(request: Request) -> Thesauri:
    """The thesaurus that a request is about."""
    found: Thesauri = request.app.state.thesauri
    return found


async def with_editing(request: Request, work: Callable[[Editing], T]) -> T:
    """What is done, in a thread, with the changes in the ledger."""

    def working() -> T:
        with thesauri(request).editing() as editing:
            return work(editing)

    return await run_in_threadpool(working)


async def uses(request: Request, iris: Sequence[str]) -> dict[str, int]:
    """How many records are tagged with each concept; those are left out that are not counted in good time."""
    found: dict[str, int] = {}
    until = time.monotonic() + COUNTING
    for start in range(0, len(iris), COUNTED_TOGETHER):
        some = iris[start : start + COUNTED_TOGETHER]
        found |= await thesauri(request).uses(some)
        if time.monotonic() > until or some[-1] not in found:
            break
    return found


def language(request: Request) -> str:
    """The language whose labels a page shows: that of the page, unless another is asked for."""
    return request.query_params.get("language", localisation.language(request))[:35]


def offset(request: Request) -> int:
    """From which row on a page goes."""
    given = request.query_params.get("offset", "0")
    return min(int(given), 1 << 31) if given.isascii() and given.isdigit() else 0


def translations(request: Request) -> Translations:
    """How far each language is; counted once for a version."""
    with thesauri(request).editing() as editing:
        version = editing.version()
        known: Translations | None = getattr(request.app.state, "translations", None)
        if known is None or known.version != version:
            known = Translations.of(version, editing.statements(), editing.changes("approved"))
            request.app.state.translations = known
    return known


def _overview(request: Request) -> Response:
    known, index = translations(request), thesauri(request).index()
    return web.page(
        request,
        "thesaurus.html",
        schemes=by_title(index.schemes(), localisation.language(request)),
        counts=known.counts,
        version=known.version,
        concepts=sum(known.counts.get("", {}).get("en", {}).values()),
        standings=STANDINGS,
        ordered=languages.ordered,
    )


def _scheme(request: Request, index: Index) -> Scheme:
    found = index.scheme(request.path_params["slug"])
    if found is None:
        raise web.not_found(f"there is no scheme {request.path_params['slug']!r}")
    return found


def _tree(request: Request) -> Response:
    """A page of the top concepts of a scheme, or of those below one, each with the next level."""
    index, tongue, start = thesauri(request).index(), language(request), offset(request)
    scheme, below = _scheme(request, index), request.query_params.get("below", "")
    concepts = ordered(index, index.narrower(below) if below else index.top_concepts(scheme.slug), tongue)
    shown = concepts[start : start + PAGE]
    branches = {iri: ordered(index, index.narrower(iri), tongue) for iri in shown}
    leads_on = {iri for branch in branches.values() for iri in branch[:BRANCH] if index.narrower(iri)}
    named = {*shown, below, *(iri for branch in branches.values() for iri in branch[:BRANCH])}
    return web.page(
        request,
        "scheme.html",
        scheme=scheme,
        language=tongue,
        below=below,
        above=index.broader(below) if below else [],
        concepts=shown,
        branches=branches,
        leads_on=leads_on,
        branch=BRANCH,
        labels=index.labels({*named, *(index.broader(below) if below else ())}, tongue),
        total=len(concepts),
        offset=start,
        limit=PAGE,
        has_more=len(concepts) > start + PAGE,
    )


def ordered(index: Index, iris: list[str], tongue: str) -> list[str]:
    """Concepts by their labels, as far as there are not too many."""
    if len(iris) > SORTED:
        return iris
    labels = index.labels(iris, tongue)
    return sorted(iris, key=lambda iri: (sort_key(labels[iri].text if iri in labels else iri, tongue), iri))


def _letters(request: Request) -> Response:
    """The labels of a scheme under one letter; those of the first one where none is asked for."""
    index, tongue, start = thesauri(request).index(), language(request), offset(request)
    scheme = _scheme(request, index)
    letters = index.letters(scheme.slug, tongue)
    letter = request.query_params.get("letter", letters[0] if letters else "*")
    hits = index.by_letter(scheme.slug, tongue, letter, PAGE + 1, start)
    return web.page(
        request,
        "letters.html",
        scheme=scheme,
        language=tongue,
        languages=languages.ordered(scheme.languages),
        letters=letters,
        letter=letter,
        hits=hits[:PAGE],
        preferred=index.labels((hit.iri for hit in hits if hit.label.kind != "prefLabel"), tongue),
        offset=start,
        limit=PAGE,
        has_more=len(hits) > PAGE,
    )


def _search(request: Request) -> Response:
    index, start = thesauri(request).index(), offset(request)
    text, tongue = request.query_params.get("q", "").strip()[:200], request.query_params.get("language", "")[:35]
    slug = request.query_params.get("scheme", "")
    mode = "wildcard" if "*" in text else "prefix"
    hits = index.search(
        text,
        languages=[tongue] if tongue else None,
        schemes=[slug] if slug else None,
        mode=mode,  # type: ignore[arg-type]
        limit=PAGE + 1,
        offset=start,
    )
    schemes = index.schemes()
    return web.page(
        request,
        "search.html",
        q=text,
        language=tongue,
        scheme=slug,
        languages=languages.ordered(tag for scheme in schemes for tag in scheme.languages),
        schemes=by_title(schemes, localisation.language(request)),
        titles={scheme.iri: scheme for scheme in schemes},
        hits=hits[:PAGE],
        preferred=index.labels((hit.iri for hit in hits), localisation.language(request)),
        offset=start,
        limit=PAGE,
        has_more=len(hits) > PAGE,
    )


def _offers(request: Request) -> Response:
    """What somebody who is typing may mean, for the script of the pages."""
    hits = thesauri(request).index().complete(request.query_params.get("q", "")[:200], limit=OFFERS)
    return JSONResponse(
        [
            {
                "value": f"{hit.label.text} <{hit.iri}>",
                "label": localisation.name_of_language(hit.label.language, localisation.language(request)),
            }
            for hit in hits
        ],
        headers={"Cache-Control": "no-cache"},
    )


def concept_or_404(index: Index, iri: str) -> Concept:
    """The concept of an IRI."""
    found = index.concept(iri)
    if found is None:
        raise web.not_found(f"there is no concept {iri!r:.200}")
    return found


def shown_languages(concept: Concept) -> list[str]:
    """The six languages, and those that a concept has words in."""
    return languages.ordered({label.language for label in concept.labels} | {note.language for note in concept.notes})
