"""The pages of tagging: a text or a document to try; a record with what is suggested for it and what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from endpoint import addresses, localisation, tagging_api, web
from endpoint.accounts import Role, required
from endpoint.alphabet import by_title
from endpoint.editor import thesauri
from endpoint.localisation import N_
from endpoint.sessions import form
from endpoint.tagging_api import Asked, Json, posted
from endpoint.tagging_desk import Desk, decide, desk, service, suggested, with_tagging
from loaders.tagging import Candidate, Decision
from thesaurus.index import Index, Label

AROUND = 60
"""Characters shown on both sides of a place that speaks for a concept."""
PLACES = 3
"""Places shown for a concept."""
_VERDICTS = (N_("accepted"), N_("rejected"))


@dataclass(frozen=True)
class Excerpt:
    """A place in a text with what stands around it, in which field ("" outside records) and language."""

    field: str
    language: str
    before: str
    match: str
    after: str
    label: str


@dataclass(frozen=True)
class Row:
    """A concept on a page: its label, how sure the tagger is of it if it suggests it, and what speaks for it."""

    concept: str
    label: Label | None
    score: float | None
    excerpts: list[Excerpt]
    is_keyword: bool = False
    decision: Decision | None = None


def routes() -> list[BaseRoute]:
    """`/tag` and `/records/{identifier}/tags`."""
    record = "/records/{identifier}/tags"
    return [
        web.route("/tag", _page),
        web.route("/tag", _posted, methods=("POST",)),
        web.route(record, _record),
        web.route(f"{record}/suggestions", _suggest, methods=("POST",)),
        web.route(f"{record}/decisions", _decide, methods=("POST",)),
    ]


def excerpt(text: str, start: int, end: int, label: str, language: str = "", field: str = "") -> Excerpt:
    """A place in a text, cut out with what is around it."""
    first, last = max(start - AROUND, 0), min(end + AROUND, len(text))
    before = ("…" if first else "") + text[first:start]
    after = text[end:last] + ("…" if last < len(text) else "")
    return Excerpt(field, language, before, text[start:end], after, label)


# Texts and documents


async def _page(request: Request) -> Response:
    return await _tag_page(request, Asked(), None)


async def _posted(request: Request) -> Response:
    """Tag what a form or a program sends; nothing is kept of it."""
    if "text/html" not in request.headers.get("accept", ""):
        return await tagging_api.tag(request)
    asked, told = await posted(request)
    return await _tag_page(request, asked, told)


async def _tag_page(request: Request, asked: Asked, told: Json | None) -> Response:
    index = await run_in_threadpool(thesauri(request).index)

    def made() -> Response:
        return web.page(
            request,
            "tag.html",
            asked=asked,
            told=told,
            kind=told.get("kind", "") if told else "",
            rows=_rows_of_text(index, asked, told) if told else [],
            schemes=by_title((one for one in index.schemes() if one.concepts), localisation.language(request)),
            standing=_standing(request),
        )

    return await run_in_threadpool(made)


def _rows_of_text(index: Index, asked: Asked, told: Json) -> list[Row]:
    suggestions, language = told["suggestions"], told["language"]
    known = index.labels([one["concept"] for one in suggestions], language)
    return [
        Row(
            one["concept"],
            known.get(one["concept"]),
            one["score"],
            [
                excerpt(asked.text, place["start"], place["end"], place["label"], language)
                for place in one["evidence"][:PLACES]
            ],
        )
        for one in suggestions
    ]


def _standing(request: Request) -> str:
    model = service(request).model
    return f"{model.about.version}, {model.about.standing}" if model else ""


# Records


async def _record(request: Request) -> Response:
    found = await desk(request)
    index = await run_in_threadpool(thesauri(request).index)

    def made() -> Response:
        candidates = found.stored.candidates if found.stored else ()
        rows = _rows(request, index, found, candidates)
        suggested_ones = {row.concept for row in rows}
        others = [Candidate(concept, 0.0) for concept in sorted(found.decisions) if concept not in suggested_ones]
        return web.page(
            request,
            "tagging.html",
            desk=found,
            rows=rows,
            keywords=index.labels(sorted(found.keywords), localisation.language(request)),
            others=_rows(request, index, found, others),
            path=f"/records/{quote(found.record)}/tags",
        )

    return await run_in_threadpool(made)


def _rows(request: Request, index: Index, of: Desk, candidates: Iterable[Candidate]) -> list[Row]:
    shown = list(candidates)
    known: Mapping[str, Label] = index.labels([one.concept for one in shown], localisation.language(request))
    texts = {text.pointer: text for text in of.texts}
    return [
        Row(
            one.concept,
            known.get(one.concept),
            one.score,
            [
                excerpt(text.text, place.start, place.end, place.label, text.language, place.field)
                for place in one.evidence
                if (text := texts.get(place.field)) and place.end <= len(text.text)
            ][:PLACES],
            one.concept in of.keywords,
            of.decisions.get(one.concept),
        )
        for one in shown
    ]


async def _suggest(request: Request) -> Response:
    """Suggest keywords for a record anew and keep them as candidates."""
    who = required(request, Role.EDITOR).name
    await form(request)
    made = await suggested(request, await desk(request))
    await with_tagging(request, lambda opened: opened.store([made], agent=who))
    return _back(request)


async def _decide(request: Request) -> Response:
    """Accept or reject a concept: the button says `decision`, and which concept it is about."""
    who = required(request, Role.EDITOR).name
    given = await form(request)
    decision, _, concept = str(given.get("decide", "")).partition(" ")
    await decide(request, await desk(request), concept, decision, who)
    return _back(request)


def _back(request: Request) -> Response:
    path = addresses.prefixed(request, f"/records/{quote(request.path_params['identifier'])}/tags")
    return RedirectResponse(path, 303, background=BackgroundTask(thesauri(request).publish))
