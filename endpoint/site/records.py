"""The page of a record and of each of its revisions: what it says, what refers to it, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from endpoint import asking, localisation, web
from endpoint.asking import Question, Row, question, value
from endpoint.labels import Label, labels
from endpoint.site.citations import Citation
from endpoint.site.comparison import Difference, differences
from endpoint.site.facts import CH, GROUPS, Fact, Graph, Text, facts, grouped
from endpoint.site.namespaces import ADMS, DCTERMS, RDF
from endpoint.site.sources import Sources
from endpoint.site.structured import TYPES_OF_SCHEMA_ORG, structured
from endpoint.site.thing_pages import thing_page
from endpoint.site.things import Thing, moment
from endpoint.web import not_found

SHOWN_LINKS, MOST_LINKS = 10, 1000
"""Records of one kind that a page lists as referring to it, and of all kinds that are asked for one by one."""
AMENDMENTS = (f"{CH}amendedCertificate", f"{CH}relatedCertificate")
_WITHDRAWN, _REVOKED, _SUPERSEDED = (f"{CH}{name}" for name in ("Withdrawn", "Revoked", "Superseded"))


@dataclass(frozen=True)
class Revision:
    """One line of a history."""

    iri: str
    number: int
    published: str
    status: str
    reasons: list[Text]
    replaced_by: str


@dataclass(frozen=True)
class Links:
    """The records of one type that refer to a record by one property: the newest of them, and how many there are."""

    property: str
    type: str
    count: int
    newest: list[str]
    query: Question


def routes() -> list[BaseRoute]:
    """`/record/{guid}` and `/record/{guid}/{number}`."""
    return [
        web.route("/record/{guid}", _record),
        web.route("/record/{guid}/{number}", _revision),
    ]


async def _record(request: Request) -> Response:
    thing = Thing.at(request.app.state.settings.base_iri, f"record/{request.path_params['guid']}")
    if thing is None:
        raise not_found("there is no such record")
    asked = question("pages/named-graph", graph=thing.node)
    triples, links, suggested = await asyncio.gather(
        asking.triples(request, asked), _links(request, thing), _suggested(request, thing)
    )
    if not triples:
        raise not_found(f"there is no record {request.path_params['guid']!r:.150}")
    graph = Graph.of(thing.iri, request.app.state.settings.base_iri, triples)
    return await _page(request, thing, graph, graph, links, suggested, asked)


async def _revision(request: Request) -> Response:
    """A past state of a record; of a withdrawn one the same tombstone as that of the record."""
    base, guid, number = request.app.state.settings.base_iri, request.path_params["guid"], request.path_params["number"]
    record, thing = Thing.at(base, f"record/{guid}"), Thing.at(base, f"record/{guid}/{number}")
    if record is None or thing is None:
        raise not_found("there is no such revision")
    asked = question("pages/named-graph", graph=record.node)
    present = Graph.of(record.iri, base, await asking.triples(request, asked))
    if thing.iri not in present.by_subject:
        raise not_found(f"there is no revision {number:.20} of {guid!r:.150}")
    if present.first(record.iri, f"{ADMS}status") == _WITHDRAWN:
        return await _page(request, thing, present, present, [], [], asked)
    then, before = await asyncio.gather(*(_at(request, record, int(number) - back) for back in (0, 1)))
    if then is None:
        raise not_found(f"revision {number:.20} of {guid!r:.150} was never published")
    changes = differences(before, then) if before else []
    return await _page(request, thing, then, present, [], [], asked, changes)


async def _at(request: Request, record: Thing, number: int) -> Graph | None:
    """What a record said when a revision was its current one; None where it never was."""
    if number < 1:
        return None
    sources: Sources = request.app.state.sources
    found = await run_in_threadpool(sources.revision, record.record, number)
    return None if found is None else Graph.of(record.iri, request.app.state.settings.base_iri, found)


async def _page(
    request: Request,
    thing: Thing,
    graph: Graph,
    present: Graph,
    links: Sequence[Links],
    suggested: Sequence[Row],
    asked: Question,
    changes: Sequence[Difference] = (),
) -> Response:
    """The page of what a graph says: that of a record now, or as it was; `present` says what became of it."""
    found, history = facts(graph), _history(present)
    classes = [term.value for term in graph.values(graph.record, f"{RDF}type") if isinstance(term, ox.NamedNode)]
    iris = {*graph.iris(), *present.iris(), *_iris_of(links), *_concepts(suggested), *_iris_of_changes(changes)}
    kinds = question(TYPES_OF_SCHEMA_ORG, **{"class": [ox.NamedNode(iri) for iri in classes]})
    names, types = await asyncio.gather(labels(request, iris), asking.rows(request, kinds))
    status = present.first(graph.record, f"{ADMS}status")
    is_gone = status == _WITHDRAWN
    revision = next((one for one in history if one.iri == thing.iri), history[-1] if history else None)
    title = _title(request, graph, names)
    return thing_page(
        request,
        "record.html",
        thing,
        410 if is_gone else 200,
        citation=Citation.of_record(thing, graph, revision.number if revision else None, title, names),
        said=structured(request, thing, graph, title, names, [value(row, "type") for row in types]),
        modified=moment(graph.first(graph.record, f"{DCTERMS}modified")),
        record=graph.record,
        title=title,
        titles=[text for text in graph.texts(f"{DCTERMS}title") if text.text != title.text],
        groups=grouped(found),
        group_names={name: localisation.gettext(request, words) for name, words in GROUPS.items()},
        classes=classes,
        labels=names,
        status=status,
        is_gone=is_gone,
        revision=revision if thing.kind == "revision" else None,
        revocation=next((one for one in reversed(history) if one.status == _REVOKED), None),
        history=history,
        changes=changes,
        amendments=_amendments(found, links),
        links=links,
        suggested=suggested,
        queries=_queries(graph.record, asked),
        first=graph.first,
        CH=CH,
        DCTERMS=DCTERMS,
    )


def _title(request: Request, graph: Graph, names: dict[str, Label]) -> Label:
    """What a record is called: by its own title as it was, else by its label now, else by its GUID."""
    own = graph.texts(f"{DCTERMS}title")
    if own:
        shown, _ = Fact("", "", [], own).in_languages(localisation.language(request))
        return Label(shown[0].text, shown[0].language)
    return names.get(graph.record) or Label(graph.record.rpartition("/")[2], "")


def _history(graph: Graph) -> list[Revision]:
    found = []
    for term in graph.values(graph.record, f"{CH}revision"):
        iri = str(getattr(term, "value", term))
        number = graph.first(iri, f"{CH}revisionNumber")
        found.append(
            Revision(
                iri,
                int(number) if number.isdecimal() else 0,
                graph.first(iri, f"{DCTERMS}issued"),
                graph.first(iri, f"{ADMS}status"),
                graph.texts(f"{CH}amendmentReason", of=iri),
                graph.first(iri, f"{DCTERMS}isReplacedBy"),
            )
        )
    return sorted(found, key=lambda one: one.number)


def _amendments(found: Sequence[Fact], links: Sequence[Links]) -> list[tuple[str, bool, list[str]]]:
    """The certificates that one amends or is linked to: property, whether it is the other that says so, and which."""
    said = [(fact.property, False, [one.text for one in fact.values]) for fact in found if fact.property in AMENDMENTS]
    return said + [(group.property, True, group.newest) for group in links if group.property in AMENDMENTS]


def _queries(record: str, facts_query: Question) -> dict[str, Question]:
    node = ox.NamedNode(record)
    return {
        "facts": facts_query,
        "history": question("pages/history-of-a-record", record=node),
        "links": question("pages/links-to-a-record", record=node),
        "suggested": question("pages/keywords-suggested-for-a-record", record=node),
    }


async def _suggested(request: Request, thing: Thing) -> list[Row]:
    return await asking.rows(request, question("pages/keywords-suggested-for-a-record", record=thing.node))


async def _links(request: Request, thing: Thing) -> list[Links]:
    """What refers to a record, by property and type of the referring record, most first.

    All of it is read where that is not too much; else it is counted, and the newest of each kind are asked for.
    """
    rows = await asking.rows(request, question("pages/links-to-a-record", record=thing.node))
    if len(rows) > MOST_LINKS:
        return await _many_links(request, thing)
    by_kind: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        newest = by_kind.setdefault((value(row, "property"), value(row, "type")), {})
        newest[value(row, "from")] = max(value(row, "modified"), newest.get(value(row, "from"), ""))
    found = [
        Links(property_, type_, len(dates), _newest(dates), _linking(thing, property_, type_))
        for (property_, type_), dates in by_kind.items()
        if property_ != f"{DCTERMS}subject"
    ]
    return sorted(found, key=lambda links: (-links.count, links.property, links.type))


async def _many_links(request: Request, thing: Thing) -> list[Links]:
    counted = await asking.rows(request, question("pages/numbers-of-links-to-a-record", record=thing.node))
    kinds = [(value(row, "property"), value(row, "type"), int(value(row, "records"))) for row in counted]
    kinds = [kind for kind in kinds if kind[0] != f"{DCTERMS}subject"]
    queries = [_linking(thing, property_, type_) for property_, type_, _ in kinds]
    answers = await asyncio.gather(*(asking.rows(request, query) for query in queries))
    return [
        Links(*kind, [value(row, "from") for row in rows[:SHOWN_LINKS]], query)
        for kind, rows, query in zip(kinds, answers, queries, strict=True)
    ]


def _concepts(suggested: Sequence[Row]) -> set[str]:
    return {value(row, name) for row in suggested for name in ("concept", "decided")} - {""}


def _iris_of_changes(changes: Sequence[Difference]) -> set[str]:
    facts = [fact for change in changes for fact in (change.removed, change.added)]
    return {fact.property for fact in facts} | {
        value.text for fact in facts for value in fact.values if ":" in value.text
    }


def _linking(thing: Thing, property_: str, type_: str) -> Question:
    return question(
        "pages/records-linking-to-a-record",
        record=thing.node,
        property=ox.NamedNode(property_),
        type=ox.NamedNode(type_),
    )


def _newest(dates: dict[str, str]) -> list[str]:
    return sorted(sorted(dates), key=lambda iri: dates[iri], reverse=True)[:SHOWN_LINKS]


def _iris_of(links: Sequence[Links]) -> set[str]:
    return {iri for group in links for iri in (group.property, group.type, *group.newest)}
