"""Addresses that are identifiers: `/id/…` and `/ns` lead to the page or the data of a thing, `/uid/…` and `/lookup`
find a record by whatever name it goes."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import quote

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

import ontology
from endpoint import addresses, asking, localisation, web
from endpoint.asking import question, value
from endpoint.labels import labels
from endpoint.site.data import standing_of
from endpoint.site.things import Thing, link_header, wanted
from endpoint.web import not_found
from ontology.errors import IdentifierError
from ontology.identifiers import CountryIri, Iris, NodeIri, QuestionIri, SchemeIri, TermIri
from ontology.realms import is_uid
from ontology.recognition import ItemName, LmoName, RecordName, Subject, parse_identifier

_LONGEST = 2048
_INTEGER = ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")


def routes() -> list[BaseRoute]:
    """`/id/{path}`, `/ns`, `/uid/{identifier}` and `/lookup`."""
    return [
        Route("/id/{path:path}", _thing, methods=["GET", "HEAD"], name="identifier"),
        Route("/ns", _ontology, methods=["GET", "HEAD"], name="namespace"),
        Route("/ns/{version}", _version, methods=["GET", "HEAD"], name="version"),
        Route("/uid/{identifier}", _by_uid, methods=["GET", "HEAD"], name="uid"),
        web.route("/lookup", _lookup),
    ]


async def _thing(request: Request) -> Response:
    thing = Thing.at(request.app.state.settings.base_iri, request.path_params["path"])
    if thing is None:
        raise not_found(f"there is nothing at {request.url.path}")
    return await _see_other(request, thing)


async def _ontology(request: Request) -> Response:
    return await _see_other(request, Thing.of_ontology())


async def _version(request: Request) -> Response:
    """The version IRI of the ontology, as long as that version is the present one."""
    thing = Thing.of_ontology()
    known = await standing_of(request, thing)
    if known is None or known.version != f"{ontology.GRAPH.value}/{request.path_params['version']}":
        raise not_found("there is no such version of the ontology here")
    return await _see_other(request, thing)


async def _see_other(request: Request, thing: Thing) -> Response:
    """303 to the document that the client likes best; 404 where the graph says nothing of the thing."""
    known = None if thing.kind == "dataset" else await standing_of(request, thing)
    if known is None and thing.kind != "dataset":
        raise not_found(f"the graph says nothing of {thing.iri}")
    ending = wanted(request, thing).format.name
    there = _page(request, thing) if ending == "html" else addresses.bare(request, thing.data(ending))
    headers = {
        "Vary": "Accept, Accept-Language",
        "Cache-Control": "no-cache",
        "Link": link_header(request, thing, ending),
    }
    return RedirectResponse(there, 303, headers)


def _page(request: Request, thing: Thing) -> str:
    return addresses.bare(request, f"/{localisation.language(request)}{thing.page}")


async def _by_uid(request: Request) -> Response:
    """303 to the record, or the revision, that a public identifier names."""
    identifier = request.path_params["identifier"]
    if not is_uid(identifier):
        raise not_found(f"{identifier!r:.100} is no public identifier such as ABSCH-IRCC-IN-206823")
    found = await _found(request, identifier)
    if len(found) != 1:
        raise not_found(f"there is no record with the public identifier {identifier}")
    return await _see_other(request, found[0])


async def _lookup(request: Request) -> Response:
    """303 to the one thing that an identifier names; else a page that says what was found."""
    given = request.query_params.get("id", "").strip()[:_LONGEST]
    if given.startswith(f"{ontology.GRAPH.value}#"):
        return RedirectResponse(
            addresses.prefixed(request, f"/ontology/{quote(given.partition('#')[2], safe='')}"), 303
        )
    found = await _found(request, given) if given else []
    if len(found) == 1:
        return RedirectResponse(_page(request, found[0]), 303, {"Vary": "Accept-Language", "Cache-Control": "no-cache"})
    named = await labels(request, [thing.iri for thing in found])
    status = 404 if given and not found else 200
    return web.page(request, "lookup.html", status, given=given, found=found, labels=named)


async def _found(request: Request, given: str) -> list[Thing]:
    """The things that an identifier may name, which the graph has something to say of."""
    base = request.app.state.settings.base_iri
    try:
        subject = parse_identifier(given, Iris(base)).subject
    except IdentifierError:
        subject = None
    direct = _direct(base, subject) if subject else Thing.at(base, f"record/{given}")
    if direct is not None and await standing_of(request, direct) is not None:
        return [direct]
    names = [*_names(given), *(_names_of(subject) if subject else ())]
    rows = await asking.rows(request, question("pages/lookup", name=names))
    paths = [value(row, "thing").removeprefix(f"{base}id/") for row in rows]
    found = [thing for path in paths if (thing := Thing.at(base, path))]
    if isinstance(subject, RecordName) and subject.revision:
        revised = [Thing.at(base, f"{thing.path}/{subject.revision}") for thing in found]
        found = [thing for thing in revised if thing and await standing_of(request, thing) is not None]
    return found


def _direct(base: str, subject: Subject) -> Thing | None:
    """The thing whose IRI follows from a name by itself."""
    match subject:
        case RecordName(guid=str(guid), revision=revision):
            return Thing.at(base, f"record/{guid}/{revision}" if revision else f"record/{guid}")
        case ItemName(index_id=index_id) if index_id is not None:
            return Thing.at(base, f"record/{index_id}")
        case NodeIri(guid, _):
            return Thing.at(base, f"record/{guid}")
        case TermIri(identifier):
            return Thing.at(base, f"term/{identifier}")
        case SchemeIri(domain):
            return Thing.at(base, f"scheme/{domain}")
        case CountryIri(code):
            return Thing.at(base, f"country/{code}")
        case QuestionIri(schema, key):
            return Thing.at(base, f"question/{schema}/{key}")
    return None


def _names(given: str) -> list[ox.Literal | ox.NamedNode]:
    """An identifier as the graph may have it: a text, or a web address."""
    names: list[ox.Literal | ox.NamedNode] = [ox.Literal(given)]
    if "://" in given:
        with suppress(ValueError):  # blanks and the like are in no IRI
            names.append(ox.NamedNode(given))
    return names


def _names_of(subject: Subject) -> list[ox.Literal | ox.NamedNode]:
    """The same names as they are spelled in the graph."""
    match subject:
        case RecordName(uid=uid, document_id=int(number)):
            spelled = str(uid).upper() if uid else ""
            without_revision = re.sub(r"^((?:[A-Z]+-){3}\d+)-\d+$", r"\1", spelled)
            return [ox.Literal(str(number), datatype=_INTEGER), ox.Literal(without_revision)]
        case ItemName(symbol=str(symbol)):
            return [ox.Literal(symbol)]
        case LmoName(code):
            return [ox.Literal(code)]
    return []
