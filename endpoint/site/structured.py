"""Structured data for search engines: what a page is about in the words of schema.org, as JSON-LD in its head."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from markupsafe import Markup
from starlette.requests import Request

from endpoint.labels import Label
from endpoint.site.facts import CH, Graph
from endpoint.site.namespaces import ADMS, DCTERMS, ELI, RDF, SDO
from endpoint.site.things import Thing, alternates

TYPES_OF_SCHEMA_ORG = "pages/schema-org-types"
"""The query for the types of schema.org that classes are sub-classes of."""
_ALIGNED = {
    f"{CH}{name}": type_
    for type_, names in {
        "Organization": ("Organization", "Authority", "Checkpoint", "LifeWebDonor"),
        "Person": ("FocalPoint",),
        "Taxon": ("Organism",),
        "GovernmentService": ("Procedure",),
        "Report": ("NagoyaInterimNationalReport", "NagoyaNationalReport1"),
    }.items()
    for name in names
}
"""Types for classes that are aligned with another vocabulary than schema.org."""
_OTHERWISE = "CreativeWork"
_EVENTS, _NO_WORKS = frozenset({"Event"}), frozenset({"Organization", "Person", "Place", "Taxon", "BioChemEntity"})


def structured(
    request: Request,
    thing: Thing,
    graph: Graph,
    title: Label,
    names: Mapping[str, Label],
    types: Sequence[str],
) -> dict[str, Any]:
    """What a record is; only what its class has a property for."""
    classes = [str(getattr(term, "value", term)) for term in graph.values(graph.record, f"{RDF}type")]
    of_schema = [type_.removeprefix(SDO) for type_ in types] or [_ALIGNED.get(one, _OTHERWISE) for one in classes]
    said: dict[str, Any] = {
        "@type": of_schema[0] if len(of_schema) == 1 else of_schema or _OTHERWISE,
        "name": in_languages(graph.texts(f"{DCTERMS}title") or [title]),
        "description": in_languages(graph.texts(f"{DCTERMS}description", f"{DCTERMS}abstract")),
        "identifier": graph.first(graph.record, f"{DCTERMS}identifier") or thing.record,
        "sameAs": _addresses(graph, f"{SDO}sameAs"),
    }
    if not _NO_WORKS & {*of_schema}:
        said |= _of_works(request, thing, graph, names)
    if _EVENTS & {*of_schema}:
        said |= {name: graph.first(graph.record, f"{SDO}{name}") for name in ("startDate", "endDate")}
    if "GovernmentPermit" in of_schema:
        said |= _of_permits(graph, names)
    return said


def script(said: Mapping[str, Any]) -> Markup:
    """JSON-LD for a `script` element, without what is empty: nothing in it ends the element, and all of it is ASCII."""
    content = {name: content for name, content in said.items() if content}
    text = json.dumps({"@context": "https://schema.org", **content}, ensure_ascii=True, indent=1)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704, what HTML would read is escaped above


class Worded(Protocol):
    """A text and its language, `""` where it has none."""

    @property
    def text(self) -> str: ...
    @property
    def language(self) -> str: ...


def in_languages(texts: Iterable[Worded]) -> list[Any]:
    """Texts, each with its language."""
    return [{"@language": one.language, "@value": one.text} if one.language else one.text for one in texts]


def _of_works(request: Request, thing: Thing, graph: Graph, names: Mapping[str, Label]) -> dict[str, Any]:
    """What is said of works: dates, languages, subjects, country, status, where the data are."""
    root = str(request.base_url).rstrip("/")
    keywords = [iri for term in graph.values(graph.record, f"{DCTERMS}subject") if (iri := _iri(term)) in names]
    status = graph.first(graph.record, f"{ADMS}status")
    return {
        "inLanguage": [str(getattr(term, "value", term)) for term in graph.values(graph.record, f"{SDO}inLanguage")],
        "dateCreated": graph.first(graph.record, f"{DCTERMS}created"),
        "dateModified": graph.first(graph.record, f"{DCTERMS}modified"),
        "datePublished": graph.first(graph.record, f"{DCTERMS}issued", f"{ELI}date_document"),
        "expires": graph.first(graph.record, f"{SDO}validUntil"),
        "keywords": [names[iri].text for iri in keywords],
        "spatialCoverage": _named(graph.first(graph.record, f"{CH}government"), "Country", names),
        "creativeWorkStatus": names[status].text if status in names else "",
        "publisher": _named(graph.first(graph.record, f"{CH}clearingHouse"), "Organization", names),
        "isPartOf": {"@type": "Dataset", "@id": f"{graph.base}id/dataset"},
        "encoding": [
            {"@type": "MediaObject", "encodingFormat": type_, "contentUrl": f"{root}{path}"}
            for _, type_, path in alternates(request, thing)
        ],
    }


def _of_permits(graph: Graph, names: Mapping[str, Label]) -> dict[str, Any]:
    """What schema.org has for permits."""
    return {
        "issuedBy": _named(graph.first(graph.record, f"{SDO}issuedBy"), "GovernmentOrganization", names),
        "validFrom": graph.first(graph.record, f"{DCTERMS}issued"),
        "validUntil": graph.first(graph.record, f"{SDO}validUntil"),
        "validIn": _named(graph.first(graph.record, f"{CH}government"), "Country", names),
    }


def _named(iri: str, type_: str, names: Mapping[str, Label]) -> dict[str, Any] | None:
    if not iri:
        return None
    named = {"name": names[iri].text} if iri in names else {}
    return {"@type": type_, "@id": iri, **named}


def _addresses(graph: Graph, property_: str) -> list[str]:
    found = (_iri(term) for term in graph.values(graph.record, property_))
    return [iri for iri in found if iri.startswith(("http://", "https://"))]


def _iri(term: object) -> str:
    return str(getattr(term, "value", term))
