"""The SPARQL workbench: an editor that knows the graph's vocabulary, beside the question library.

Without JavaScript it is a form that sends a query to the endpoint. What the scripts need comes from three addresses
below it: the vocabulary, the labels of IRIs, and the codes of countries.
"""

import json
from collections.abc import Iterable
from typing import Annotated, TypeAlias

import pyoxigraph as ox
from pydantic import BaseModel, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from endpoint import addresses, asking, bodies, library, localisation, web
from endpoint.asking import question, value
from endpoint.labels import labels
from endpoint.site.figures import statistics
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
Term: TypeAlias = dict[str, str | int]
"""A class or property for the editor: `iri`, `kind`, `label`, `uses`, and where it has them `english`, `definition`."""
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
    endpoint = str(request.url.replace(path=addresses.bare(request, "/sparql"), query=""))
    given = {
        "words": {key: localisation.gettext(request, message) for key, message in WORDS.items()},
        "language": localisation.language(request),
        "prefixes": PREFIXES,
        "endpoint": endpoint,
        "addresses": {
            "sparql": addresses.bare(request, "/sparql"),
            "complete": addresses.bare(request, "/thesaurus/complete"),
            "atlas": addresses.bare(request, "/static/built/countries-110m.json"),
            "vocabulary": addresses.prefixed(request, "/workbench/vocabulary.json"),
            "countries": addresses.prefixed(request, "/workbench/countries.json"),
            "labels": addresses.prefixed(request, "/workbench/labels"),
            "workbench": addresses.prefixed(request, "/workbench"),
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
    terms = _counted(statistics(request))
    for row in await asking.rows(request, question("pages/vocabulary", language=map(ox.Literal, tongues))):
        _describe(terms, row, tongues[0])
    unnamed = [iri for iri, term in terms.items() if not term["label"]]
    for iri, label in (await labels(request, unnamed)).items():
        terms[iri]["label"] = label.text
    return _json(request, [terms[iri] for iri in sorted(terms)])


def _counted(known: Statistics | None) -> dict[str, Term]:
    """The terms that a generation uses, by IRI; none as long as it has not been counted."""
    if known is None:
        return {}
    classes = {iri: _term(iri, "class", one.instances) for iri, one in known.classes.items()}
    return classes | {iri: _term(iri, "property", one.statements) for iri, one in known.properties.items()}


def _term(iri: str, kind: str, uses: int = 0) -> Term:
    return {"iri": iri, "kind": kind, "label": "", "uses": uses}


def _describe(terms: dict[str, Term], row: asking.Row, tongue: str) -> None:
    """Add what a row of the vocabulary says of its term; the page's language counts more than English."""
    iri = value(row, "term")
    term = terms.setdefault(iri, _term(iri, _KINDS[value(row, "kind").partition("#")[2]]))
    for name in ("label", "definition"):
        told = row.get(name)
        if isinstance(told, ox.Literal) and (told.language == tongue or not term.get(name)):
            term[name] = told.value
    label = row.get("label")
    if isinstance(label, ox.Literal) and label.language == localisation.DEFAULT:
        term["english"] = label.value


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
        path, label = addresses.page_path(base, iri), named.get(iri)
        if path or label:
            told[iri] = {
                "label": label.text if label else "",
                "language": label.language if label else "",
                "path": addresses.prefixed(request, path) if path else "",
            }
    return _json(request, told)


async def _iris(request: Request) -> list[str]:
    """The IRIs that the body of a request names. HTTPException for anything else."""
    return bodies.parsed(_ASKED, await bodies.json_body(request, _LARGEST_BODY), "").iris


def _tongues(request: Request) -> list[str]:
    """The page's language, and English beside it."""
    return list(dict.fromkeys([localisation.language(request), localisation.DEFAULT]))


def _json(request: Request, content: Iterable[object]) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return web.sent(request, body, "application/json; charset=utf-8")
