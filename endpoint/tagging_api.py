"""Tagging for programs: texts, documents, batches of texts and records, as JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from endpoint.accounts import Role, api_key, required
from endpoint.editor import thesauri
from endpoint.problems import problem_of
from endpoint.sessions import body, check_length
from endpoint.tagging_desk import MOST, Desk, decide, desk, labels, scheme_iris, service, suggested, with_tagging
from loaders.tagging import Candidate
from loaders.texts import FieldText
from ontology.errors import ClearingHouseError, SignInNeeded
from thesaurus.index import Index
from thesaurus.tagging.documents import LIMITS, language_of

Json = dict[str, Any]

LARGEST_BATCH = 64 << 20
_FORM = 1 << 20  # what comes with a file in a form
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_LINES = "application/x-ndjson"


class Asked(BaseModel):
    """A text to be tagged: its language, how many suggestions, and of which schemes (slug, identifier or IRI)."""

    model_config = ConfigDict(extra="forbid")

    id: str | int | None = None
    text: str = Field(default="", max_length=LIMITS.characters)
    language: str | None = Field(default=None, max_length=35)
    limit: int = Field(default=10, ge=1, le=MOST)
    schemes: list[str] = Field(default=[], max_length=MOST)


class Decided(BaseModel):
    """A decision on a concept, by its IRI or identifier, as a keyword of a record."""

    model_config = ConfigDict(extra="forbid")

    concept: str
    decision: str


def routes() -> list[BaseRoute]:
    """`/tag/batch` and `/tag/records`; `/tag` is a page as well."""
    record = "/tag/records/{identifier}"
    return [
        Route("/tag/batch", _batch, methods=["POST"]),
        Route(record, _record, methods=["GET", "HEAD"]),
        Route(record, _store, methods=["POST"]),
        Route(f"{record}/decisions", _decisions, methods=["GET", "HEAD"]),
        Route(f"{record}/decisions", _decide, methods=["POST"]),
    ]


# Texts and documents


async def tag(request: Request) -> Response:
    """What is suggested for the text or the document of a request."""
    asked, found = await posted(request)
    return JSONResponse(found | ({} if asked.id is None else {"id": asked.id}))


async def posted(request: Request) -> tuple[Asked, Json]:
    """What a request asks to be tagged, as JSON or as a form that may have a file, and what is suggested for it."""
    if request.headers.get("content-type", "").startswith(_FORMS):
        return await _uploaded(request)
    asked = asked_in(await body(request, LIMITS.size))
    return asked, await tagged(request, asked)


async def _uploaded(request: Request) -> tuple[Asked, Json]:
    check_length(request, LIMITS.size + _FORM)
    async with request.form(max_files=1, max_fields=100, max_part_size=LIMITS.size) as given:
        asked, file = _asked_in_form(given), given.get("file")
        data = await file.read() if isinstance(file, UploadFile) else b""
        if isinstance(file, UploadFile) and file.filename:
            document = await service(request).text(data, file.filename, file.content_type or "")
            asked = asked.model_copy(update={"text": document.text, "language": asked.language or document.language})
            return asked, {"kind": document.kind, **await tagged(request, asked)}
    return asked, await tagged(request, asked)


def _asked_in_form(given: FormData) -> Asked:
    told = {name: str(given[name]) for name in ("text", "language", "limit") if given.get(name)}
    schemes = [one for value in given.getlist("schemes") for one in str(value).split(",") if one.strip()]
    return asked_in(json.dumps({**told, "schemes": [one.strip() for one in schemes]}).encode())


def asked_in(text: bytes | str) -> Asked:
    """A request in JSON. HTTPException, naming member and fault, for what is none."""
    try:
        return Asked.model_validate_json(text or b"{}")
    except ValidationError as error:
        fault = error.errors()[0]
        where = "/".join(map(str, fault["loc"])) or "the body"
        raise HTTPException(422, f"{where}: {fault['msg']}; members are {', '.join(Asked.model_fields)}") from error


async def tagged(request: Request, asked: Asked) -> Json:
    """What is suggested for a text, as JSON."""
    if not asked.text.strip():
        raise HTTPException(422, "text: expected a text, or a document as `file` of a form")
    index = await run_in_threadpool(thesauri(request).index)
    schemes = scheme_iris(index, asked.schemes)
    language = language_of(asked.text, asked.language)
    version, found = await service(request).suggestions([FieldText("", language, asked.text)], asked.limit, schemes)
    known = await run_in_threadpool(labels, index, found)
    return {
        "model": version,
        "language": language,
        "suggestions": [_told(one, known, {"": asked.text}) for one in found],
    }


def _told(one: Candidate, known: dict[str, dict[str, str]], texts: dict[str, str]) -> Json:
    """A suggestion as JSON; its evidence quotes the text that was given."""
    places = [
        {
            **({"field": place.field} if place.field else {}),
            "start": place.start,
            "end": place.end,
            "label": place.label,
            **({"text": texts[place.field][place.start : place.end]} if place.field in texts else {}),
        }
        for place in one.evidence
    ]
    return {"concept": one.concept, "labels": known.get(one.concept, {}), "score": one.score, "evidence": places}


async def _batch(request: Request) -> Response:
    """A text a line, as JSON; the answers in the same order, a line each, with `error` where one cannot be tagged."""
    lines = [line for line in (await body(request, LARGEST_BATCH)).splitlines() if line.strip()]
    if not lines:
        raise HTTPException(422, "expected a JSON object with `text` on each line")
    return StreamingResponse(_answers(request, lines), media_type=_LINES)


async def _answers(request: Request, lines: Iterable[bytes]) -> AsyncIterator[str]:
    for number, line in enumerate(lines, 1):
        named: Json = {"line": number}
        try:
            asked = asked_in(line)
            named = named if asked.id is None else {"id": asked.id}
            told = await tagged(request, asked)
        except HTTPException as error:
            told = {"error": error.detail}
        except ClearingHouseError as error:
            told = {"error": problem_of(error).title}
        yield json.dumps(named | told, ensure_ascii=False) + "\n"


# Records


async def _record(request: Request) -> Response:
    """What is suggested for a record: what is stored, else, or for one `field`, what is suggested now."""
    found, field = await desk(request), request.query_params.get("field")
    asked = _query(request)
    if found.stored and field is None and not asked.schemes:
        shown, is_stored = found.stored, True
    else:
        texts = None if field is None else found.of_field(field)
        schemes = scheme_iris(await run_in_threadpool(thesauri(request).index), asked.schemes)
        shown, is_stored = await suggested(request, found, texts, asked.limit, schemes), False
    return JSONResponse(await _whole(request, found, shown.candidates[: asked.limit], shown.model, is_stored))


async def _store(request: Request) -> Response:
    """Store what is suggested for a record now."""
    who = _who(request)
    found, asked = await desk(request), _query(request)
    made = await suggested(request, found, limit=asked.limit)
    await with_tagging(request, lambda opened: opened.store([made], agent=who))
    told = await _whole(request, found, made.candidates, made.model, True)
    return JSONResponse(told, 201, background=BackgroundTask(thesauri(request).publish))


async def _decisions(request: Request) -> Response:
    found = await desk(request)
    return JSONResponse({"record": found.record, "decisions": [vars(one) for one in found.decisions.values()]})


async def _decide(request: Request) -> Response:
    who = _who(request)
    try:
        given = Decided.model_validate_json(await body(request, _FORM) or b"{}")
    except ValidationError as error:
        raise HTTPException(422, "expected a JSON object with `concept` and `decision`") from error
    taken = await decide(request, await desk(request), given.concept, given.decision, who)
    return JSONResponse(vars(taken), 201, background=BackgroundTask(thesauri(request).publish))


def _query(request: Request) -> Asked:
    given = request.query_params
    return asked_in(json.dumps({"limit": given.get("limit", 10), "schemes": given.getlist("schemes")}))


def _who(request: Request) -> str:
    """The name of the editor who asks. SignInNeeded without an API key: another site's page may have sent a cookie."""
    if not api_key(request):
        raise SignInNeeded("send an API key, as Authorization: Bearer or X-API-Key")
    return required(request, Role.EDITOR).name


async def _whole(request: Request, of: Desk, candidates: Iterable[Candidate], model: str, is_stored: bool) -> Json:
    shown = list(candidates)
    index: Index = await run_in_threadpool(thesauri(request).index)
    known = await run_in_threadpool(labels, index, shown)
    listed = [
        _told(one, known, {})
        | {
            "isKeyword": one.concept in of.keywords,
            "decision": of.decisions[one.concept].decision if one.concept in of.decisions else None,
        }
        for one in shown
    ]
    return {
        "record": of.record,
        "schema": of.schema,
        "revision": of.revision,
        "model": model,
        "stored": is_stored,
        "keywords": sorted(of.keywords),
        "suggestions": listed,
    }
