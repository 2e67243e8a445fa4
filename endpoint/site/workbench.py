"""The SPARQL workbench: an editor that knows the graph's vocabulary, beside the question library.

Without JavaScript it is a form that sends a query to the endpoint. What the scripts need comes from three addresses
below it: the vocabulary, the labels of IRIs, and the codes of countries.
"""

import json
from collections.abc import Iterable
from typing import Annotated

import pyoxigraph as ox
from pydantic import BaseModel, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from endpoint import asking, bodies, library, localisation, web
from endpoint.asking import question, value
from endpoint.labels import labels
from endpoint.site.workbench_words import WORDS
from endpoint.statistics import Statistics

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "ch": "https://w3id.org/clearinghouse/ns#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "pav": "http://purl.org/pav/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "sdo": "https://schema.org/",
    "search": "https://w3id.org/clearinghouse/search#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "sssom": "https://w3id.org/sssom/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
FIRST = """\
PREFIX ch: <https://w3id.org/clearinghouse/ns#>
PREFIX dcterms: <http://purl.org/dc/terms/>

SELECT ?record ?country ?issued
WHERE {
  ?record a ch:Certificate ;
          ch:government ?country ;
          dcterms:issued ?issued .
}
ORDER BY DESC(?issued)
LIMIT 100
"""
"""What the editor holds when nothing was opened in it."""
FORMATS = ("json", "csv", "tsv", "xml", "turtle", "ntriples", "jsonld", "rdfxml")
_MOST_LABELS, _LARGEST_BODY = 1000, 1 << 19
_KINDS = {
    "Class": "class",
    "ObjectProperty": "property",
    "DatatypeProperty": "property",
    "AnnotationProperty": "property",
}
_UN_CODES = "http://metadata.un.org/sdg/codes/geoArea/"


class _Asked(BaseModel):
    """What is asked of `/workbench/labels`."""

    iris: Annotated[list[str], Field(max_length=_MOST_LABELS)]


_ASKED = TypeAdapter(_Asked)


def routes() -> list[BaseRoute]:
    """`/workbench`, and what its scripts ask for."""
    return [
        web.route("/workbench", _workbench),
        Route("/workbench/vocabulary.json", _vocabulary),
        Route("/workbench/countries.json", _countries),
        Route("/workbench/labels", _labels, methods=["POST"]),
    ]


async def _workbench(request: Request) -> Response:
    """The workbench with `query`, or with the question of the library that `name` names."""
    entry = library.named(request.query_params.get("name", ""))
    text = request.query_params.get("query") or (entry.text if entry else FIRST)
    endpoint = str(request.url.replace(path=web.bare(request, "/sparql"), query=""))
    given = {
        "words": {key: localisation.gettext(request, message) for key, message in WORDS.items()},
        "language": localisation.language(request),
        "prefixes": PREFIXES,
        "endpoint": endpoint,
        "addresses": {
            "sparql": web.bare(request, "/sparql"),
            "complete": web.bare(request, "/thesaurus/complete"),
            "atlas": web.bare(request, "/static/built/countries-110m.json"),
            "vocabulary": web.prefixed(request, "/workbench/vocabulary.json"),
            "countries": web.prefixed(request, "/workbench/countries.json"),
            "labels": web.prefixed(request, "/workbench/labels"),
            "workbench": web.prefixed(request, "/workbench"),
        },
        "questions": {one.name: one.text for one in library.entries()},
    }
    return web.page(
        request,
        "workbench.html",
        text=text,
        entry=entry,
        topics=library.topics(),
        formats=FORMATS,
        given=given,
        settings=request.app.state.settings,
    )


async def _vocabulary(request: Request) -> Response:
    """The classes and properties of the ontology and of the graph, with labels in the page's language and counts."""
    tongues = _tongues(request)
    rows = await asking.rows(request, question("pages/vocabulary", language=map(ox.Literal, tongues)))
    statistics: Statistics | None = request.app.state.keeper.of(request.app.state.engine.generation)
    classes = {iri: one.instances for iri, one in statistics.classes.items()} if statistics else {}
    properties = {iri: one.statements for iri, one in statistics.properties.items()} if statistics else {}
    terms: dict[str, dict[str, object]] = {
        iri: {"iri": iri, "kind": kind, "label": "", "uses": uses}
        for kind, counted in (("class", classes), ("property", properties))
        for iri, uses in counted.items()
    }
    for row in rows:
        iri, kind = value(row, "term"), _KINDS[value(row, "kind").partition("#")[2]]
        uses = (classes if kind == "class" else properties).get(iri, 0)
        term = terms.setdefault(iri, {"iri": iri, "kind": kind, "label": "", "uses": uses})
        for name in ("label", "definition"):
            if (found := row.get(name)) and (not term.get(name) or _language(found) == tongues[0]):
                term[name] = value(row, name)
        if (label := row.get("label")) and _language(label) == "en":
            term["english"] = label.value
    others = await labels(request, [iri for iri, term in terms.items() if not term["label"]])
    for iri, label in others.items():
        terms[iri]["label"] = label.text
    return _json(request, sorted(terms.values(), key=lambda term: str(term["iri"])))


async def _countries(request: Request) -> Response:
    """Each country with its codes, its number in the outlines, and its names in the page's language and in English."""
    tongues = _tongues(request)
    rows = await asking.rows(request, question("pages/country-codes", language=map(ox.Literal, tongues)))
    countries: dict[str, dict[str, list[str] | str]] = {}
    for row in rows:
        iri = value(row, "country")
        number = value(row, "match").removeprefix(_UN_CODES).zfill(3)
        country = countries.setdefault(iri, {"iri": iri, "number": number, "codes": [], "names": []})
        for name, told in (("codes", value(row, "code")), ("names", value(row, "name"))):
            listed = country[name]
            if isinstance(listed, list) and told not in listed:
                listed.append(told)
    return _json(request, list(countries.values()))


async def _labels(request: Request) -> Response:
    """For `{"iris": […]}`: the label of each in the page's language and its page here, where it has them."""
    iris = await _iris(request)
    named = await labels(request, iris)
    base = request.app.state.settings.base_iri
    told = {}
    for iri in iris:
        path, label = web.page_path(base, iri), named.get(iri)
        if path or label:
            told[iri] = {
                "label": label.text if label else "",
                "language": label.language if label else "",
                "path": web.prefixed(request, path) if path else "",
            }
    return _json(request, told)


async def _iris(request: Request) -> list[str]:
    """The IRIs that the body of a request names. HTTPException for anything else."""
    return bodies.parsed(_ASKED, await bodies.json_body(request, _LARGEST_BODY), "").iris


def _tongues(request: Request) -> list[str]:
    """The page's language, and English beside it."""
    return list(dict.fromkeys([localisation.language(request), localisation.DEFAULT]))


def _language(term: object) -> str:
    return getattr(term, "language", None) or ""


def _json(request: Request, content: Iterable[object]) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return web.sent(request, body, "application/json; charset=utf-8")
