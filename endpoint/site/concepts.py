"""The page of a concept, which readers and editors share, and the way to that of a scheme."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from endpoint import addresses, asking, localisation, web
from endpoint.asking import Question, Row, question, value
from endpoint.differences import property_name
from endpoint.editor import PAGE, concept_or_404, language, ordered, shown_languages, thesauri, uses, with_editing
from endpoint.labels import labels
from endpoint.localisation import N_
from endpoint.site.citations import Citation
from endpoint.site.namespaces import DCTERMS, SKOS
from endpoint.site.structured import in_languages
from endpoint.site.thing_pages import thing_page
from endpoint.site.things import Thing
from endpoint.web import not_found
from loaders.editing import Editing
from ontology.errors import QueryError, StoreError
from thesaurus.changes import ChangeSet
from thesaurus.entries import Concept, Scheme
from thesaurus.index import Index

_KINDS = (
    ("prefLabel", N_("Preferred label")),
    ("altLabel", N_("Alternative labels")),
    ("hiddenLabel", N_("Hidden labels")),
)
_NOTES = {
    "definition": N_("Definition"),
    "scopeNote": N_("Scope note"),
    "note": N_("Note"),
    "example": N_("Example"),
    "historyNote": N_("History note"),
    "editorialNote": N_("Editorial note"),
    "changeNote": N_("Change note"),
}
_MATCHES = {
    "exactMatch": N_("Exact match"),
    "closeMatch": N_("Close match"),
    "broadMatch": N_("Broader match"),
    "narrowMatch": N_("Narrower match"),
    "relatedMatch": N_("Related match"),
}


@dataclass(frozen=True)
class Usage:
    """The records that name a concept: how many by property and by house, and the newest, with the queries for them."""

    by_property: list[Row]
    by_house: list[Row]
    newest: list[Row]
    queries: dict[str, Question]


def routes() -> list[BaseRoute]:
    """`/term/{identifier}`, `/scheme/{identifier}`, and `/thesaurus/concepts` for concepts that have another page."""
    return [
        web.route("/term/{identifier:path}", _term),
        web.route("/scheme/{identifier:path}", _scheme),
        web.route("/thesaurus/concepts", _by_iri),
        web.route("/thesaurus/concepts/{identifier:path}", _identified),
    ]


async def _term(request: Request) -> Response:
    thing = Thing.at(request.app.state.settings.base_iri, f"term/{request.path_params['identifier']}")
    if thing is None:
        raise not_found("there is no such concept")
    return await _page(request, thing.iri, thing)


async def _by_iri(request: Request) -> Response:
    """The page of a concept by its IRI: where it has an address of its own, 301 leads there.

    What the thesaurus has beside concepts with such an address, countries for one, is shown here to whoever edits it.
    """
    iri = request.query_params.get("iri", "")
    path = addresses.page_path(request.app.state.settings.base_iri, iri) or ""
    if path.startswith("/term/"):
        there = addresses.address(path, language=request.query_params.get("language"))
        return RedirectResponse(addresses.prefixed(request, there), 301)
    return await _page(request, iri, None)


async def _identified(request: Request) -> Response:
    """303 to the page of the concept with an identifier, in whatever case."""
    identifier = request.path_params["identifier"]
    index = await run_in_threadpool(thesauri(request).index)
    found = await run_in_threadpool(index.find, identifier)
    if found is None:
        raise not_found(f"there is no concept {identifier!r:.80}")
    there = addresses.page_path(request.app.state.settings.base_iri, found)
    return RedirectResponse(addresses.prefixed(request, there or addresses.address(addresses.CONCEPTS, iri=found)), 303)


async def _scheme(request: Request) -> Response:
    """303 to the tree of the scheme with an identifier."""
    thing = Thing.at(request.app.state.settings.base_iri, f"scheme/{request.path_params['identifier']}")
    index = await run_in_threadpool(thesauri(request).index)
    found = index.scheme(thing.iri) if thing else None
    if found is None:
        raise not_found(f"there is no scheme {request.path_params['identifier']!r:.80}")
    return RedirectResponse(addresses.prefixed(request, f"/thesaurus/schemes/{found.slug}"), 303)


async def _page(request: Request, iri: str, thing: Thing | None) -> Response:
    index = await run_in_threadpool(thesauri(request).index)
    concept = await run_in_threadpool(concept_or_404, index, iri)
    history, counted, usage = await asyncio.gather(
        with_editing(request, lambda editing: _history(editing, iri)), uses(request, [iri]), _usage(request, iri)
    )
    return await _shown(request, index, concept, thing, history, counted.get(iri), usage)


def _history(editing: Editing, iri: str) -> list[ChangeSet]:
    return editing.changes(concept=ox.NamedNode(iri))


async def _usage(request: Request, iri: str) -> Usage | None:
    """What the published graph says of the uses of a concept; None while there is no graph, or no time to ask it."""
    node = ox.NamedNode(iri)
    counting = question("pages/uses-of-a-concept", concept=node)
    try:
        by_property = await asking.rows(request, counting)
        used = [value(row, "property") for row in by_property]
        subject = f"{DCTERMS}subject"
        properties = [ox.NamedNode(one) for one in used if subject not in used] or [ox.NamedNode(subject)]
        queries = {
            name: question(f"pages/{file}", concept=node, property=properties)
            for name, file in (
                ("houses", "records-with-a-concept-by-house"),
                ("newest", "newest-records-with-a-concept"),
            )
        }
        by_house, newest = await asyncio.gather(*(asking.rows(request, queries[name]) for name in ("houses", "newest")))
    except (QueryError, StoreError):
        return None
    unlike = [row for row in by_property if value(row, "property") != subject or len(by_property) == 1]
    return Usage(unlike, by_house, newest, queries | {"properties": counting})


async def _shown(
    request: Request,
    index: Index,
    concept: Concept,
    thing: Thing | None,
    history: list[ChangeSet],
    count: int | None,
    usage: Usage | None,
) -> Response:
    """The page: what the thesaurus says comes from the index of its present version, uses from the graph."""
    tongue, tags = language(request), shown_languages(concept)
    relations = {
        name: await run_in_threadpool(ordered, index, iris, tongue)
        for name, iris in (
            (N_("Broader"), concept.broader),
            (N_("Narrower"), concept.narrower),
            (N_("Related"), concept.related),
        )
    }
    others = {*concept.replaced_by, *(iri for _, iri in concept.matches)}
    others |= {iri for iris in relations.values() for iri in iris[: PAGE * 2]}
    kinds = dict.fromkeys(("definition", "scopeNote", *(note.kind for note in concept.notes)))
    here = await run_in_threadpool(index.labels, others, tongue)
    schemes = [scheme for iri in concept.schemes if (scheme := index.scheme(iri))]
    return thing_page(
        request,
        "concept.html",
        thing,
        citation=_citation(request, concept, schemes, index.version),
        said=_said(concept, schemes),
        concept=concept,
        title=concept.label(tongue),
        language=tongue,
        languages=tags,
        label_rows=[(localisation.gettext(request, name), _cells(concept, kind, tags)) for kind, name in _KINDS],
        note_kinds=[(kind, _word(request, _NOTES, kind)) for kind in kinds],
        relations=[(localisation.gettext(request, name), iris) for name, iris in relations.items()],
        labels=here,
        schemes=schemes,
        matches=[(_word(request, _MATCHES, name), iri) for name, iri in concept.matches],
        history=history,
        uses=count,
        usage=usage,
        subject=concept.iri.rpartition("/")[2],
        named=await _names(request, usage),
        most=PAGE * 2,
    )


def _citation(request: Request, concept: Concept, schemes: Sequence[Scheme], version: str) -> Citation:
    tongue = language(request)
    title = concept.label(tongue)
    return Citation(
        concept.iri,
        title.text if title else concept.identifier,
        localisation.gettext(request, N_("Concept")),
        identifier=concept.identifier,
        collection=schemes[0].title(tongue) if schemes else "",
        edition=localisation.gettext(request, N_("version %(version)s"), version=version),
    )


def _cells(concept: Concept, kind: str, tags: Sequence[str]) -> list[tuple[str, list[object]]]:
    """The labels of a kind by language."""
    return [(tag, [one for one in concept.labels if (one.kind, one.language) == (kind, tag)]) for tag in tags]


def _word(request: Request, words: dict[str, str], name: str) -> str:
    """The name of a property of SKOS."""
    if name in words:
        return localisation.gettext(request, words[name])
    return localisation.gettext(request, property_name(SKOS + name))


async def _names(request: Request, usage: Usage | None) -> dict[str, object]:
    """The labels of all that the uses of a concept name."""
    if usage is None:
        return {}
    rows = (*usage.by_property, *usage.by_house, *usage.newest)
    iris = {value(row, name) for row in rows for name in ("property", "house", "record", "type", "country")} - {""}
    return dict(await labels(request, iris))


def _said(concept: Concept, schemes: Iterable[Scheme]) -> dict[str, object]:
    """The concept as a defined term of schema.org."""
    return {
        "@type": "DefinedTerm",
        "termCode": concept.identifier,
        "name": in_languages(one for one in concept.labels if one.kind == "prefLabel"),
        "alternateName": in_languages(one for one in concept.labels if one.kind == "altLabel"),
        "description": in_languages(note for note in concept.notes if note.kind == "definition"),
        "inDefinedTermSet": [
            {"@type": "DefinedTermSet", "@id": scheme.iri, "name": scheme.title("en")} for scheme in schemes
        ],
        "sameAs": [iri for name, iri in concept.matches if name == "exactMatch"],
    }
