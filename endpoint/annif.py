"""Annif's REST API (https://github.com/NatLibFi/Annif), version 1, before our tagger: its clients find it at `/v1`.

A project is a language of the texts: `clearinghouse-en` suggests from all concepts, `{slug}-en` from one scheme. There
are many of the latter, so they are not listed.
"""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint.bodies import form_fields, json_body, parsed
from endpoint.tagging_service import TaggingService
from loaders.texts import FieldText
from thesaurus.index import Index, Scheme
from thesaurus.tagging.detection import languages_of

PATH = "/v1"
MAX_BYTES = 8 << 20
MAX_DOCUMENTS = 32
MAX_LIMIT = 500
_DEFAULT_LIMIT = 10
_WHOLE = "clearinghouse"

Json = dict[str, Any]


class _Open(BaseModel):
    model_config = ConfigDict(strict=True)


class _Document(_Open):
    text: str
    document_id: str | None = None


class _Documents(_Open):
    documents: list[_Document] = Field(max_length=MAX_DOCUMENTS)


class _Detection(_Open):
    text: str
    languages: list[Annotated[str, Field(min_length=2, max_length=3)]] = Field(min_length=1, max_length=5)


_DOCUMENTS = TypeAdapter(_Documents)
_DETECTION = TypeAdapter(_Detection)


@dataclass(frozen=True, slots=True)
class _Project:
    """What suggests from a scheme, or from all concepts, for texts of a language."""

    id: str
    language: str
    index: Index
    scheme: Scheme | None

    @classmethod
    def of(cls, request: Request) -> "_Project":
        """The project that a path names. HTTPException 404 for another name."""
        index: Index = request.app.state.thesauri.index()
        wanted = str(request.path_params["project_id"])
        for scheme in (None, *index.schemes()):
            name = scheme.slug if scheme else _WHOLE
            for language in _languages(index, scheme):
                if wanted == f"{name}-{language}".lower():
                    return cls(wanted, language, index, scheme)
        raise HTTPException(404, f"Project '{wanted}' not found")

    @property
    def languages(self) -> list[str]:
        """The languages of its labels."""
        return _languages(self.index, self.scheme)

    def described(self, request: Request) -> Json:
        """As the API lists it. It suggests from the start: until it has learned, by labels alone."""
        newest = _tagging(request).models.newest()
        title = self.scheme.title("en") if self.scheme else request.app.state.settings.dataset_title
        return {
            "project_id": self.id,
            "name": f"{title} ({self.language})",
            "language": self.language,
            "backend": {"backend_id": "clearinghouse"},
            "vocab": _vocabulary(self.index, self.scheme),
            "vocab_language": self.language,
            "is_trained": True,
            "modification_time": newest.about.made if newest else None,
        }


@dataclass(frozen=True, slots=True)
class _Wish:
    """How many suggestions are wanted, from which score on, with labels in which language."""

    limit: int
    threshold: float
    language: str

    @classmethod
    def of(cls, given: Json, project: _Project) -> "_Wish":
        """From the parameters of a request. HTTPException 400 that names the one that is wrong."""
        language = given.get("language") or project.language
        if language.lower() not in map(str.lower, project.languages):
            raise HTTPException(400, f'language "{language}" not supported by vocabulary')
        limit, threshold = given.get("limit", _DEFAULT_LIMIT), given.get("threshold", 0.0)
        if not (str(limit).isascii() and str(limit).isdecimal() and len(str(limit)) < 10):
            raise HTTPException(400, f"limit: expected a number from 0, not {limit!r}")
        try:
            least = float(threshold)
        except ValueError:
            least = -1.0
        if not 0 <= least <= 1:
            raise HTTPException(400, f"threshold: expected a number from 0 to 1, not {threshold!r}")
        return cls(min(int(limit), MAX_LIMIT), least, language)


def routes() -> list[BaseRoute]:
    """The paths of the API."""
    project = PATH + "/projects/{project_id}"
    return [
        Route(f"{PATH}/", _information, methods=["GET", "HEAD"]),
        Route(f"{PATH}/vocabs", _vocabularies, methods=["GET", "HEAD"]),
        Route(f"{PATH}/projects", _projects, methods=["GET", "HEAD"]),
        Route(project, _project, methods=["GET", "HEAD"]),
        Route(f"{project}/suggest", _suggest, methods=["POST"]),
        Route(f"{project}/suggest-batch", _suggest_batch, methods=["POST"]),
        Route(f"{project}/learn", _learn, methods=["POST"]),
        Route(f"{PATH}/detect-language", _detect_language, methods=["POST"]),
    ]


def _information(request: Request) -> Response:
    """What answers here."""
    title = f"{request.app.state.settings.dataset_title}: suggestions of keywords"
    return JSONResponse({"title": title, "version": version("clearinghouse-graph")})


def _vocabularies(request: Request) -> Response:
    """All concepts, and each scheme."""
    index: Index = request.app.state.thesauri.index()
    return JSONResponse({"vocabs": [_vocabulary(index, scheme) for scheme in (None, *index.schemes())]})


def _projects(request: Request) -> Response:
    """A project for each language."""
    index: Index = request.app.state.thesauri.index()
    every = [_Project(f"{_WHOLE}-{language}".lower(), language, index, None) for language in _languages(index, None)]
    return JSONResponse({"projects": [one.described(request) for one in every]})


def _project(request: Request) -> Response:
    """One project."""
    return JSONResponse(_Project.of(request).described(request))


async def _suggest(request: Request) -> Response:
    """Suggestions for one text."""
    project = await run_in_threadpool(_Project.of, request)
    fields = await form_fields(request, MAX_BYTES)
    if "text" not in fields:
        raise HTTPException(400, "text: expected the text to suggest concepts for")
    return JSONResponse(await _suggested(request, project, fields["text"], _Wish.of(fields, project)))


async def _suggest_batch(request: Request) -> Response:
    """Suggestions for each of some texts."""
    project = await run_in_threadpool(_Project.of, request)
    wish = _Wish.of(dict(request.query_params), project)
    given = parsed(_DOCUMENTS, await json_body(request, MAX_BYTES), "")
    return JSONResponse(
        [
            await _suggested(request, project, one.text, wish) | {"document_id": one.document_id}
            for one in given.documents
        ]
    )


def _learn(request: Request) -> Response:
    """Refused: nothing is learned that is not in the records, where everybody can see it and take it back."""
    project = _Project.of(request)
    raise HTTPException(
        403,
        f"Project '{project.id}' is not configured to allow learning via API: it learns from the keywords of the"
        " records and from what editors accept and reject",
    )


async def _detect_language(request: Request) -> Response:
    """How likely a text is in each of some languages."""
    asked = parsed(_DETECTION, await json_body(request, MAX_BYTES), "")
    found = languages_of(asked.text, asked.languages)
    if found is None:
        raise HTTPException(400, "languages: unsupported candidate languages")
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return JSONResponse({"results": [{"language": tag or None, "score": score} for tag, score in ranked]})


async def _suggested(request: Request, project: _Project, text: str, wish: _Wish) -> Json:
    if not wish.limit:
        return {"results": []}
    schemes = [project.scheme.iri] if project.scheme else None
    _, found = await _tagging(request).suggestions([FieldText("", project.language, text)], wish.limit, schemes)
    scores = {one.concept: one.score for one in found if one.score >= wish.threshold}
    return {"results": await run_in_threadpool(_results, project.index, scores, wish.language)}


def _results(index: Index, scores: dict[str, float], language: str) -> list[Json]:
    known = [(concept, score) for iri, score in scores.items() if (concept := index.concept(iri))]
    return [
        {
            "uri": concept.iri,
            "label": label.text if (label := concept.label(language)) else concept.identifier,
            "notation": next(iter(concept.notations), None),
            "score": score,
        }
        for concept, score in known
    ]


def _vocabulary(index: Index, scheme: Scheme | None) -> Json:
    size = scheme.concepts if scheme else len(index.all_concepts())
    return {
        "vocab_id": scheme.slug if scheme else _WHOLE,
        "languages": _languages(index, scheme),
        "size": size,
        "loaded": True,
    }


def _languages(index: Index, scheme: Scheme | None) -> list[str]:
    schemes = [scheme] if scheme else index.schemes()
    return sorted({language for one in schemes for language in one.languages})


def _tagging(request: Request) -> TaggingService:
    service: TaggingService = request.app.state.tagging
    return service
