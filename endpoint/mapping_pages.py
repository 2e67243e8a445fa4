"""The pages where curators decide on candidates for mappings: both concepts side by side, one change set per form."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint import addresses, editor, languages, localisation, web
from endpoint.accounts import Role, required
from endpoint.alphabet import by_title
from endpoint.localisation import N_
from endpoint.mapping_files import NoTarget, Target, Targets
from endpoint.sessions import form
from loaders.editing import Editing
from ontology.errors import EditingError
from thesaurus import mapping_decisions
from thesaurus.entries import Label, best_label
from thesaurus.folding import folded
from thesaurus.index import Index
from thesaurus.label_forms import forms
from thesaurus.mappings import BROAD, CLOSE, EXACT, NARROW, RELATED_MATCH, Pair
from thesaurus.sssom import Row
from thesaurus.statements import BROADER
from thesaurus.turtle import SKOS

PAGE = 20
"""Candidates of one page, which are decided on together."""
CHOICES: Mapping[str, tuple[str, ox.NamedNode | None]] = {
    "exact": (N_("is the same"), EXACT),
    "close": (N_("is close"), CLOSE),
    "broad": (N_("is broader"), BROAD),
    "narrow": (N_("is narrower"), NARROW),
    "related": (N_("is related"), RELATED_MATCH),
    "reject": (N_("is none of these"), None),
}
"""What a curator can say of the concept of the other vocabulary, and the property that makes of ours and it."""
_MINIMA = ("0.3", "0.5", "0.7", "0.8", "0.9")
_LABELS = {ox.NamedNode(SKOS + name): name for name in ("prefLabel", "altLabel", "hiddenLabel")}
_NOTES = {ox.NamedNode(SKOS + name) for name in ("definition", "scopeNote")}


@dataclass(frozen=True)
class Side:
    """One of the two concepts: its IRI, labels, notes and the labels of what is broader."""

    iri: str
    labels: list[Label]
    notes: list[tuple[str, str]]
    broader: list[Label]

    def title(self) -> Label | None:
        """The label to show."""
        return best_label(self.labels, "en")


@dataclass(frozen=True)
class Card:
    """A candidate as it is shown: its key in the form, both sides, and by language their labels, with which agree."""

    key: str
    row: Row
    ours: Side
    theirs: Side
    languages: list[tuple[str, list[tuple[Label, bool]], list[tuple[Label, bool]]]]


def routes() -> list[BaseRoute]:
    """`/thesaurus/mappings` and a page for each target below it."""
    return [
        web.route("/thesaurus/mappings", _targets),
        Route(
            "/thesaurus/mappings/",
            lambda request: RedirectResponse(addresses.prefixed(request, "/thesaurus/mappings"), 308),
        ),
        web.route("/thesaurus/mappings/{name}", _candidates),
        web.route("/thesaurus/mappings/{name}", _decide, methods=("POST",)),
    ]


def _targets(request: Request) -> Response:
    decided, waiting = _decided(request)
    files = _files(request)
    counts = []
    for name in files.names():
        pairs = mapping_decisions.pairs(files.target(name).candidates.rows)
        counts.append((name, len(pairs), len(pairs - decided - waiting), len(pairs & waiting)))
    return web.page(request, "mappings.html", counts=counts, decided=len(decided))


def _candidates(request: Request) -> Response:
    target, index = _target(request), editor.thesauri(request).index()
    asked = {name: request.query_params.get(name, "") for name in ("q", "minimum", "scheme", "predicate")}
    decided, waiting = _decided(request)
    rows = _open(target, decided | waiting)
    wanted = [row for row in rows if _fits(row, asked)]
    if asked["scheme"]:
        members = set(index.all_concepts(asked["scheme"])) if index.scheme(asked["scheme"]) else set()
        wanted = [row for row in wanted if row.value("subject_id") in members]
    start = editor.offset(request)
    return web.page(
        request,
        "mapping.html",
        name=request.path_params["name"],
        asked=asked,
        cards=_cards(wanted[start : start + PAGE], target, index),
        choices=CHOICES,
        predicates=[(key, words) for key, (words, predicate) in CHOICES.items() if predicate],
        minima=_MINIMA,
        schemes=by_title(index.schemes(), localisation.language(request)),
        total=len(wanted),
        open=len(rows),
        waiting=len(mapping_decisions.pairs(target.candidates.rows) & waiting),
        offset=start,
        limit=PAGE,
        has_more=len(wanted) > start + PAGE,
    )


async def _decide(request: Request) -> Response:
    account = required(request, Role.EDITOR)
    given = await form(request)
    target = await run_in_threadpool(_target, request)
    chosen = {name: str(value) for name, value in given.items() if name.startswith("decision-") and value}
    by_key = {_key(row): row for row in target.candidates.rows}
    day = datetime.now(UTC).date()
    rows = []
    for name, choice in chosen.items():
        row = by_key.get(name.removeprefix("decision-"))
        if row is None or choice not in CHOICES:
            raise EditingError("a candidate was made anew meanwhile or the choice is none: open the page again")
        rows.append(mapping_decisions.decision(row, CHOICES[choice][1], account.name, day))
    if not rows:
        raise EditingError("nothing is decided: choose something for one candidate or more")
    reason = str(given.get("reason", "")).strip() or f"Mappings to {request.path_params['name']}"

    def proposed(editing: Editing) -> str:
        delta = mapping_decisions.change(editing.statements(), rows, editing.iris.base)
        return editing.propose(delta, author=account.name, reason=reason).id

    identifier = await editor.with_editing(request, proposed)
    return RedirectResponse(addresses.prefixed(request, f"/thesaurus/changes/{identifier}"), 303)


# ----------------------------------------------------------------------------------------------------- what is shown


def _files(request: Request) -> Targets:
    return Targets(request.app.state.settings.data_dir)


def _target(request: Request) -> Target:
    try:
        return _files(request).target(request.path_params["name"])
    except NoTarget as error:
        raise HTTPException(404, str(error)) from error


def _decided(request: Request) -> tuple[frozenset[Pair], frozenset[Pair]]:
    """The pairs that are decided on, read once for a version, and those that proposed change sets decide on."""
    with editor.thesauri(request).editing() as editing:
        version = editing.version()
        known: tuple[int, frozenset[Pair]] | None = getattr(request.app.state, "decided_mappings", None)
        if known is None or known[0] != version:
            known = version, mapping_decisions.pairs(mapping_decisions.decided(editing.statements()))
            request.app.state.decided_mappings = known
        added = [change.delta.added for change in editing.changes("proposed")]
    waiting = (mapping_decisions.pairs(mapping_decisions.decided(statements)) for statements in added)
    return known[1], frozenset().union(*waiting)


def _key(row: Row) -> str:
    return hashlib.sha256(f"{row.value('subject_id')} {row.value('object_id')}".encode()).hexdigest()[:16]


def _open(target: Target, closed: Collection[Pair]) -> list[Row]:
    """The candidates nobody has decided on, the surest first."""
    rows = [row for row in target.candidates.rows if mapping_decisions.pair(row) not in closed]
    return sorted(rows, key=lambda row: (-_confidence(row), row.value("subject_id"), row.value("object_id")))


def _confidence(row: Row) -> float:
    return float(row.value("confidence") or 0)


def _fits(row: Row, asked: Mapping[str, str]) -> bool:
    text = " ".join([row.value("subject_label"), row.value("object_label"), *row.slots.get("match_string", ())])
    choice = CHOICES.get(asked["predicate"])
    return (
        folded(asked["q"]) in folded(text)
        and _confidence(row) >= (float(asked["minimum"]) if asked["minimum"] in _MINIMA else 0)
        and (choice is None or choice[1] is None or row.value("predicate_id") == choice[1].value)
    )


def _cards(rows: Iterable[Row], target: Target, index: Index) -> list[Card]:
    rows = list(rows)
    theirs = _theirs(target, {row.value("object_id") for row in rows})
    return [_card(row, _ours(row, index), theirs[row.value("object_id")]) for row in rows]


def _card(row: Row, ours: Side, theirs: Side) -> Card:
    agreeing = set(row.slots.get("match_string", ()))
    told = {_tongue(label.language) for label in ours.labels}
    told |= {tag for label in theirs.labels if (tag := _tongue(label.language)) in languages.UNITED_NATIONS}

    def spoken(side: Side, tag: str) -> list[tuple[Label, bool]]:
        return [
            (label, any(form in agreeing for form, _ in forms(label.text, _tongue(label.language))))
            for label in side.labels
            if _tongue(label.language) == tag
        ]

    by_language = [(tag, spoken(ours, tag), spoken(theirs, tag)) for tag in languages.ordered(told)]
    return Card(_key(row), row, ours, theirs, by_language)


def _tongue(tag: str) -> str:
    return tag.partition("-")[0].casefold()


def _ours(row: Row, index: Index) -> Side:
    iri = row.value("subject_id")
    concept = index.concept(iri)
    if concept is None:
        return Side(iri, [], [], [])
    broader = index.labels(concept.broader, "en")
    notes = [(note.language, note.text) for note in concept.notes if note.kind in ("definition", "scopeNote")]
    return Side(iri, concept.labels, notes, list(broader.values()))


def _theirs(target: Target, iris: Collection[str]) -> dict[str, Side]:
    """What is known of concepts of the target."""
    labels: dict[str, list[Label]] = {}
    notes: dict[str, list[tuple[str, str]]] = {}
    broader: dict[str, list[str]] = {}
    for triple in target.statements:
        subject = getattr(triple.subject, "value", "")
        if triple.predicate == BROADER and isinstance(triple.object, ox.NamedNode):
            broader.setdefault(subject, []).append(triple.object.value)
        elif isinstance(triple.object, ox.Literal) and triple.predicate in _LABELS:
            told = Label(_LABELS[triple.predicate], triple.object.language or "", triple.object.value)
            labels.setdefault(subject, []).append(told)
        elif isinstance(triple.object, ox.Literal) and triple.predicate in _NOTES:
            notes.setdefault(subject, []).append((triple.object.language or "", triple.object.value))
    found = {}
    for iri in iris:
        above = (best_label(labels.get(one, []), "en") for one in broader.get(iri, []))
        found[iri] = Side(iri, labels.get(iri, []), notes.get(iri, []), [label for label in above if label])
    return found
