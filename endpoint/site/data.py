"""Data documents: what the graph says of one thing, at `/data/…` in every RDF format, and the source of a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

import ontology
from endpoint import addresses, asking, web
from endpoint.asking import question
from endpoint.site.namespaces import ADMS, DCTERMS, DWC, ELI, FOAF, GEO, ORG, PAV, PROV, RDF, RDFS, SDO, SKOS, VCARD
from endpoint.site.sources import Sources
from endpoint.site.things import (
    Standing,
    Thing,
    http_date,
    is_unchanged_since,
    link_header,
    media_type,
    standing,
)
from endpoint.web import not_found

PREFIXES: Mapping[str, str] = {
    "adms": ADMS,
    "ch": f"{ontology.GRAPH.value}#",
    "dcterms": DCTERMS,
    "dwc": DWC,
    "eli": ELI,
    "foaf": FOAF,
    "geo": GEO,
    "org": ORG,
    "owl": "http://www.w3.org/2002/07/owl#",
    "pav": PAV,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "sdo": SDO,
    "skos": SKOS,
    "vcard": VCARD,
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_WITH_GRAPHS = frozenset({"trig", "nq"})
_HEADERS = {"Vary": "Accept-Encoding", "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


def routes() -> list[BaseRoute]:
    """`/data/{path}.{ending}`."""
    return [Route("/data/{path:path}", _document, methods=["GET", "HEAD"], name="data")]


async def _document(request: Request) -> Response:
    """One document about one thing; 410 with its tombstone where it was withdrawn."""
    path, dot, ending = request.path_params["path"].rpartition(".")
    thing = Thing.of_ontology() if path == "ns" else Thing.at(request.app.state.settings.base_iri, path)
    if thing is None or not dot or ending not in thing.endings:
        raise not_found(f"there is no document at {request.url.path}")
    if thing.kind == "dataset":
        return RedirectResponse(addresses.bare(request, f"/void?format={_VOID_FORMATS[ending]}"), 303)
    known = await standing_of(request, thing)
    if known is None:
        raise not_found(f"the graph says nothing of {thing.iri}")
    headers = {**_HEADERS, "Link": link_header(request, thing, ending)}
    if known.modified:
        headers["Last-Modified"] = http_date(known.modified)
    if not known.is_gone and is_unchanged_since(request, known.modified):
        return Response(status_code=304, headers=headers)
    body = await _body(request, thing, ending, known)
    type_ = media_type(ending)
    content_type = f"{type_}; charset=utf-8" if type_.startswith("text/") else type_
    return web.sent(request, body, content_type, 410 if known.is_gone else 200, headers)


_VOID_FORMATS = {"ttl": "turtle", "jsonld": "jsonld", "nt": "ntriples", "rdf": "rdfxml", "trig": "trig", "nq": "nquads"}


async def standing_of(request: Request, thing: Thing) -> Standing | None:
    """What the graph says of a thing at a glance; a revision of a withdrawn record is withdrawn with it."""
    if thing.kind == "thesaurus":
        return Standing((), "", None, "")
    if thing.kind == "revision":
        own = await standing(request, thing)
        record = Thing.at(request.app.state.settings.base_iri, f"record/{thing.record}")
        whole = await standing(request, record) if record else None
        return whole if own and whole and whole.is_gone else own
    return await standing(request, thing)


async def statements(request: Request, thing: Thing, known: Standing) -> list[ox.Triple]:
    """What is said of a thing: the named graph of a record, of the ontology or the thesaurus, or what is said about a
    concept, country, scheme or question. HTTPException 404 where a revision was never published."""
    if thing.kind == "revision" and not known.is_gone:
        sources: Sources = request.app.state.sources
        found = await run_in_threadpool(sources.revision, thing.record, int(thing.path.rpartition("/")[2]))
        if found is None:
            raise not_found(f"{thing.iri} was never published")
        return found
    if thing.kind in ("record", "revision", "ns", "thesaurus"):
        graph = ox.NamedNode(thing.iri.rpartition("/")[0]) if thing.kind == "revision" else thing.node
        return await asking.triples(request, question("pages/named-graph", graph=graph))
    return await asking.triples(request, question("pages/data-of-a-thing", thing=thing.node))


async def _body(request: Request, thing: Thing, ending: str, known: Standing) -> bytes:
    if ending == "json":
        if known.is_gone:
            return b'{"status": "withdrawn"}\n'
        sources: Sources = request.app.state.sources
        number = int(thing.path.rpartition("/")[2]) if thing.kind == "revision" else None
        source = await run_in_threadpool(sources.document, thing.record, number)
        if source is None:
            raise HTTPException(404, f"the source document of {thing.iri} is not kept here")
        return source
    found = await statements(request, thing, known)
    graph = ox.NamedNode(thing.iri) if thing.kind in ("record", "revision", "ns", "thesaurus") else None
    return await run_in_threadpool(serialised, found, ending, graph)


def serialised(triples: Iterable[ox.Triple], ending: str, graph: ox.NamedNode | None = None) -> bytes:
    """Statements in the RDF format of an ending, sorted so that the same ones are the same bytes; in the formats for
    datasets they stand in their named graph."""
    form = ox.RdfFormat.from_media_type(media_type(ending))
    assert form is not None  # noqa: S101, every ending is of a format of the engine
    ordered = sorted(set(triples), key=str)
    if ending in _WITH_GRAPHS and graph is not None:
        quads = [ox.Quad(triple.subject, triple.predicate, triple.object, graph) for triple in ordered]
        return ox.serialize(quads, format=form, prefixes=dict(PREFIXES)) or b""
    return ox.serialize(ordered, format=form, prefixes=dict(PREFIXES)) or b""
