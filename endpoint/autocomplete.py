"""`/thesaurus/complete`: the concepts that somebody who is typing a label may mean, for fields of forms."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ontology.errors import QueryError
from thesaurus.index import Index

DEFAULT_LIMIT, LARGEST_LIMIT = 10, 100


def routes() -> list[BaseRoute]:
    """`GET /thesaurus/complete?q=&lang=&scheme=&limit=`; `request.app.state.thesauri.index()` gives the index."""
    return [Route("/thesaurus/complete", complete)]


def complete(request: Request) -> Response:
    """The hits for `q`: in the languages and schemes (slugs or IRIs) named, separated by spaces, or else in any.

    Each has its `uri`, the `label` found with its `lang` and `kind`, the `prefLabel` in the first language named (or in
    that of the label), and the slugs of its `schemes`.
    """
    index: Index = request.app.state.thesauri.index()
    languages = request.query_params.get("lang", "").split()
    hits = index.complete(
        request.query_params.get("q", ""),
        languages=languages or None,
        schemes=request.query_params.get("scheme", "").split() or None,
        limit=_limit(request.query_params.get("limit", "")),
    )
    slugs = {scheme.iri: scheme.slug for scheme in index.schemes()}
    found = []
    for hit in hits:
        shown = index.labels([hit.iri], languages[0] if languages else hit.label.language)
        found.append(
            {
                "uri": hit.iri,
                "label": hit.label.text,
                "lang": hit.label.language,
                "kind": hit.label.kind,
                "prefLabel": shown[hit.iri].text,
                "schemes": [slugs[iri] for iri in hit.schemes],
            }
        )
    return JSONResponse(found)


def _limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= LARGEST_LIMIT):
        raise QueryError(f"limit {text!r}: expected a number from 1 to {LARGEST_LIMIT}")
    return int(text)
