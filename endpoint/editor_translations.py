"""The translation board in a browser: what is to be done in a language, most used concepts first, done right there."""

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from endpoint import concept_form, languages, localisation, web
from endpoint.accounts import Role, required
from endpoint.alphabet import by_title
from endpoint.editor import offset, thesauri, translations, uses, with_editing
from endpoint.editor_proposals import base_of, preview_page
from endpoint.sessions import form
from endpoint.translations import KINDS, REFERENCE, STANDINGS, Row, Translations
from loaders.editing import Editing, Review
from ontology.errors import EditingError
from thesaurus.changes import Delta
from thesaurus.index import Index

ROWS = 50


def routes() -> list[BaseRoute]:
    """`/thesaurus/translations`: the board, and the change set that its fields make."""
    return [
        web.route("/thesaurus/translations", _board),
        web.route("/thesaurus/translations", _preview, ("POST",)),
    ]


async def _board(request: Request) -> Response:
    tongue = request.query_params.get("language") or "zh"
    kind, scheme = request.query_params.get("kind", ""), request.query_params.get("scheme", "")
    if kind not in KINDS:
        kind = ""
    index = await run_in_threadpool(thesauri(request).index)
    known = await run_in_threadpool(translations, request)
    found = index.scheme(scheme)
    rows = known.chosen(tongue, kind, found.iri if found else "")
    counted = await uses(request, [row.iri for row in rows])
    rows.sort(key=lambda row: (-counted.get(row.iri, 0), row.iri))
    return await run_in_threadpool(
        _page, request, index, known, tongue, kind, found.slug if found else "", rows, counted
    )


def _page(
    request: Request,
    index: Index,
    known: Translations,
    tongue: str,
    kind: str,
    scheme: str,
    rows: list[Row],
    counted: dict[str, int],
) -> Response:
    start = offset(request)
    shown = rows[start : start + ROWS]
    chosen = index.scheme(scheme)
    of = chosen.iri if chosen else ""
    labels = index.labels((row.iri for row in shown), REFERENCE)
    return web.page(
        request,
        "translations.html",
        language=tongue,
        languages=languages.ordered(known.counts.get("", {})),
        kind=kind,
        kinds={name: (said, len(known.chosen(tongue, name, of))) for name, said in KINDS.items()},
        scheme=scheme,
        schemes=by_title(index.schemes(), localisation.language(request)),
        standings=STANDINGS,
        counter=known.counts.get(of, {}).get(tongue),
        rows=shown,
        total=len(rows),
        labels=labels,
        uses=counted,
        checked=known.checked,
        base=known.version,
        offset=start,
        limit=ROWS,
        has_more=len(rows) > start + ROWS,
    )


async def _preview(request: Request) -> Response:
    """What the filled-in rows would change, as one change set."""
    required(request, Role.EDITOR)
    given = await form(request)
    index = await run_in_threadpool(thesauri(request).index)

    def work(editing: Editing) -> tuple[Delta, int, Review | None]:
        base = base_of(given)
        change = _change(editing.statements(base), given)
        return change, base, None if change.is_empty() else editing.assessment(change, base)

    change, base, review = await with_editing(request, work)
    reason = f"{localisation.name_of_language(str(given.get('language', '')))} labels"
    return await run_in_threadpool(preview_page, request, index, change, base, review, reason)


def _change(known: tuple[ox.Triple, ...], given: FormData) -> Delta:
    """The change of several rows: each has the IRI of its concept, a label, and a standing."""
    tongue = str(given.get("language", ""))
    rows = list(zip(*(map(str, given.getlist(name)) for name in ("iri", "text", "standing")), strict=False))
    confirmed = set(map(str, given.getlist("confirm")))
    wanted = {iri for iri, _, _ in rows}
    own: dict[str, list[ox.Triple]] = {iri: [] for iri in wanted}
    for triple in known:
        if isinstance(triple.subject, ox.NamedNode) and triple.subject.value in wanted:
            own[triple.subject.value].append(triple)
    added, removed = set[ox.Triple](), set[ox.Triple]()
    for iri, text, standing in rows:
        if not own[iri]:
            raise EditingError(f"{iri}: expected a concept of the thesaurus")
        name = f"prefLabel.{tongue}"
        standing = "official" if iri in confirmed else standing
        fields = FormData([("languages", tongue), (name, text), (f"{name}.standing", standing)])
        change = concept_form.edited(own[iri], ox.NamedNode(iri), fields, concept_form.concept_of)
        added |= change.added
        removed |= change.removed
    return Delta(frozenset(added), frozenset(removed))
