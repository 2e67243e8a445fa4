"""Proposing changes in a browser: the forms for a concept, and what a change would do before it is proposed."""

import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from endpoint import addresses, concept_form, languages, localisation, web
from endpoint.accounts import Role, required
from endpoint.alphabet import by_title
from endpoint.concept_form import ALWAYS_SHOWN_NOTES, LABELS, MATCHES, NOTES, concept_of
from endpoint.differences import differences, iris, property_name
from endpoint.editor import concept_or_404, shown_languages, thesauri, with_editing
from endpoint.localisation import N_
from endpoint.sessions import form
from loaders.editing import Editing, Review
from ontology.errors import EditingError
from ontology.identifiers import Iris
from thesaurus.changes import Delta, applied, deprecation, merger
from thesaurus.index import Index
from thesaurus.turtle import SKOS

SUBJECTS = 200
"""Concepts of a change that a page shows; the rest is counted."""
_BRACKETED = re.compile(r"<([^<>\s]+)>\s*$")

Made = tuple[Delta, int]
Make = Callable[[Request, Index, Editing, FormData], Made]


def routes() -> list[BaseRoute]:
    """The forms below `/thesaurus/`, and `POST /thesaurus/changes`, which proposes what they made."""
    actions: tuple[tuple[str, Callable[[Request], Response], Make], ...] = (
        ("edit", _edit_form, _edited),
        ("new", _new_form, _created),
        ("deprecate", _replacement_form, _deprecated),
        ("merge", _replacement_form, _merged),
        ("split", _replacement_form, _split),
    )
    found: list[BaseRoute] = []
    for name, shown, make in actions:
        found.append(web.route(f"/thesaurus/{name}", shown))
        found.append(web.route(f"/thesaurus/{name}", _previewing(make), ("POST",)))
    return [*found, web.route("/thesaurus/changes", _propose, ("POST",))]


def resolver(index: Index) -> Callable[[str], ox.NamedNode]:
    """Tells which concept or scheme a text means: an IRI, an identifier, or a label that only one concept has."""

    def resolve(text: str) -> ox.NamedNode:
        bracketed = _BRACKETED.search(text)
        name = bracketed[1] if bracketed else text.strip()
        if scheme := index.scheme(name):
            return ox.NamedNode(scheme.iri)
        if found := index.find(name):
            return ox.NamedNode(found)
        hits = index.search(name, mode="exact", limit=5)
        if len(hits) == 1:
            return ox.NamedNode(hits[0].iri)
        if not hits:
            raise EditingError(f"{name!r:.80}: there is no such concept; expected an IRI, an identifier or a label")
        several = ", ".join(hit.iri for hit in hits)
        raise EditingError(f"{name!r:.80}: several concepts have this label ({several}); expected the IRI of one")

    return resolve


def _edit_form(request: Request) -> Response:
    required(request, Role.EDITOR)
    index = thesauri(request).index()
    concept = concept_or_404(index, request.query_params.get("iri", ""))
    own = [triple for triple in index.statements(concept.iri) if triple.subject == ox.NamedNode(concept.iri)]
    present = {"broader": concept.broader, "narrower": concept.narrower, "related": concept.related}
    present |= {name: [iri for kind, iri in concept.matches if kind == name] for name in MATCHES}
    return _concept_form(
        request,
        index,
        own,
        shown_languages(concept),
        present,
        concept.schemes,
        concept=concept,
        action="/thesaurus/edit",
        heading=N_("Propose a change"),
    )


def _new_form(request: Request) -> Response:
    required(request, Role.EDITOR)
    index = thesauri(request).index()
    above = index.concept(request.query_params.get("broader", ""))
    present = {"broader": [above.iri] if above else []}
    schemes = above.schemes if above else []
    return _concept_form(
        request,
        index,
        [],
        list(languages.UNITED_NATIONS),
        present,
        schemes,
        concept=None,
        action="/thesaurus/new",
        heading=N_("Propose a new concept"),
    )


def _concept_form(
    request: Request,
    index: Index,
    own: Sequence[ox.Triple],
    tags: Iterable[str],
    present: dict[str, list[str]],
    schemes: list[str],
    **more: object,
) -> Response:
    fields = [
        (
            tag,
            [(kind, _title(request, kind), concept_form.words(own, kind, tag)) for kind in LABELS],
            [
                (kind, _title(request, kind), texts or [""])
                for kind in NOTES
                if (texts := concept_form.texts(own, kind, tag)) or kind in ALWAYS_SHOWN_NOTES
            ],
        )
        for tag in tags
    ]
    relations = [
        (kind, _title(request, kind), present.get(kind, [])) for kind in ("broader", "narrower", "related", *MATCHES)
    ]
    return web.page(
        request,
        "concept_form.html",
        fields=fields,
        relations=relations,
        labels=index.labels((iri for _, _, found in relations for iri in found), localisation.language(request)),
        schemes=by_title(index.schemes(), localisation.language(request)),
        chosen=set(schemes),
        base=index.version,
        **more,
    )


def _title(request: Request, kind: str) -> str:
    return localisation.gettext(request, property_name(SKOS + kind))


def _replacement_form(request: Request) -> Response:
    required(request, Role.EDITOR)
    index = thesauri(request).index()
    concept = concept_or_404(index, request.query_params.get("iri", ""))
    action = request.url.path.rpartition("/")[2]
    label = concept.label(localisation.language(request))
    return web.page(request, "replacement_form.html", concept=concept, action=action, label=label, base=index.version)


def _previewing(make: Make) -> Callable[[Request], Awaitable[Response]]:
    """The handler that shows what a sent form would do; nothing is proposed yet."""

    async def preview(request: Request) -> Response:
        required(request, Role.EDITOR)
        given = await form(request)
        index = await run_in_threadpool(thesauri(request).index)

        def work(editing: Editing) -> tuple[Delta, int, Review | None]:
            change, base = make(request, index, editing, given)
            return change, base, None if change.is_empty() else editing.assessment(change, base)

        change, base, review = await with_editing(request, work)
        return await run_in_threadpool(preview_page, request, index, change, base, review, str(given.get("reason", "")))

    return preview


def preview_page(
    request: Request, index: Index, change: Delta, base: int, review: Review | None, reason: str
) -> Response:
    """What a change would do, and the form that proposes it; `review` is None for a change of nothing."""
    added, removed = change.lines()
    return web.page(
        request,
        "preview.html",
        200 if review else 422,
        subjects=differences(change, SUBJECTS),
        more=max(len(change.subjects()) - SUBJECTS, 0),
        labels=index.labels(iris(change), localisation.language(request)),
        review=review,
        added="\n".join(added),
        removed="\n".join(removed),
        base=base,
        reason=reason,
    )


async def _propose(request: Request) -> Response:
    """Propose the change that a preview showed."""
    author = required(request, Role.EDITOR)
    given = await form(request)

    def work(editing: Editing) -> str:
        added, removed = (str(given.get(name, "")).splitlines() for name in ("added", "removed"))
        change = Delta.of_lines(added, removed, "the proposal")
        reason = str(given.get("reason", "")).strip()
        return editing.propose(change, author=author.name, reason=reason, base=base_of(given)).id

    identifier = await with_editing(request, work)
    return RedirectResponse(addresses.prefixed(request, f"/thesaurus/changes/{identifier}"), 303)


def base_of(given: FormData) -> int:
    """The version that a form was made on."""
    text = str(given.get("base", ""))
    if not text.isascii() or not text.isdigit():
        raise EditingError(f"base: {text!r:.40} is not a version; expected its number")
    return int(text)


def _known(editing: Editing, given: FormData) -> tuple[tuple[ox.Triple, ...], int]:
    base = base_of(given)
    return editing.statements(base), base


def _edited(request: Request, index: Index, editing: Editing, given: FormData) -> Made:
    known, base = _known(editing, given)
    concept = concept_or_404(index, str(given.get("iri", "")))
    return concept_form.edited(known, ox.NamedNode(concept.iri), given, resolver(index)), base


def _created(request: Request, index: Index, editing: Editing, given: FormData) -> Made:
    known, base = _known(editing, given)
    identifier, iri = (str(given.get(name, "")).strip() for name in ("identifier", "iri"))
    identifier = identifier or str(uuid.uuid4()).upper()
    concept = concept_of(iri) if iri else Iris(request.app.state.settings.base_iri).place(identifier)
    if found := index.find(identifier) or index.find(concept.value):
        raise EditingError(f"there is a concept {identifier} already, {found}; expected a new identifier")
    return concept_form.created(known, concept, identifier, given, resolver(index)), base


def _replacements(index: Index, given: FormData) -> list[ox.NamedNode]:
    resolve = resolver(index)
    return list(dict.fromkeys(resolve(text) for one in given.getlist("replacement") if (text := str(one).strip())))


def _deprecated(request: Request, index: Index, editing: Editing, given: FormData) -> Made:
    known, base = _known(editing, given)
    return deprecation(known, concept_of(str(given.get("iri", ""))), _replacements(index, given)), base


def _merged(request: Request, index: Index, editing: Editing, given: FormData) -> Made:
    known, base = _known(editing, given)
    match _replacements(index, given):
        case [into]:
            return merger(known, concept_of(str(given.get("iri", ""))), into), base
        case others:
            raise EditingError(f"a concept is merged into one other; expected one, not {len(others)}")


def _split(request: Request, index: Index, editing: Editing, given: FormData) -> Made:
    """A concept goes out of use for several: some that are there, some new ones beside it with a label in English."""
    known, base = _known(editing, given)
    concept = concept_of(str(given.get("iri", "")))
    parts, new = _replacements(index, given), set[ox.Triple]()
    beside = [("relations", "inScheme"), ("relations", "broader")]
    beside += [(kind, iri) for kind in ("inScheme", "broader") for iri in concept_form.links(known, concept, kind)]
    for text in filter(None, (str(one).strip() for one in given.getlist("part"))):
        identifier = str(uuid.uuid4()).upper()
        part = Iris(request.app.state.settings.base_iri).term(identifier)
        words = [("languages", "en"), ("prefLabel.en", text), ("prefLabel.en.standing", "unofficial")]
        fields = FormData([*words, *beside])
        new |= concept_form.created(known, part, identifier, fields, resolver(index)).added
        parts.append(part)
    if len(parts) < 2:
        raise EditingError(f"a concept is split into two or more; expected them, found {len(parts)}")
    change = deprecation(applied(known, Delta(frozenset(new), frozenset())), concept, parts)
    return Delta(change.added | new, change.removed), base
