"""The statements of a concept or a vocabulary, in the formats of RDF."""

import io
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import pyoxigraph as ox

from endpoint.negotiation import Format, NotAcceptableError, choose
from endpoint.skosmos_question import NAMESPACES, Question, RestError, compact
from thesaurus import browsing
from thesaurus.facts import TITLES
from thesaurus.index import Index
from thesaurus.turtle import SKOS, TYPE, XSD

_LABELLED = ("broader", "narrower", "related", "inScheme", "exactMatch", "closeMatch", "broadMatch", "narrowMatch")
_NAMES = ("prefLabel", "altLabel", "hiddenLabel", *_LABELLED, "relatedMatch")
_CONTEXT = {
    **NAMESPACES,
    "uri": "@id",
    "type": "@type",
    "lang": "@language",
    "value": "@value",
    "graph": "@graph",
    "label": "rdfs:label",
    **{name: f"skos:{name}" for name in _NAMES},
}
_TERMS = {"rdfs:label": "label", **{f"skos:{name}": name for name in _NAMES}}
FORMATS = (
    Format("rdfxml", "application/rdf+xml", (), ""),
    Format("turtle", "text/turtle", (), ""),
    Format("jsonld", "application/ld+json", ("application/json",), ""),
    Format("ntriples", "application/n-triples", (), ""),
)
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # https://www.w3.org/TR/xml/#charsets


def data(question: Question) -> tuple[bytes, str] | dict[str, Any]:
    """The statements of a concept, a collection, a scheme, or without `uri` of the whole vocabulary.

    Gives the bytes with their media type, or what is to be sent as JSON.
    """
    if question.vocabulary is None:
        question.required("uri")
    media_type = _media_type(question)
    found = described(question.index, question.uri) if question.get("uri") else _whole(question)
    if not found:
        raise RestError(HTTPStatus.NOT_FOUND, "no concept found with given uri")
    if media_type.endswith("json"):
        return json_ld(found)
    format_ = ox.RdfFormat.from_media_type(media_type)
    texts = (triple.object.value for triple in found if isinstance(triple.object, ox.Literal))
    if format_ == ox.RdfFormat.RDF_XML and any(_NOT_XML.search(text) for text in texts):
        raise RestError(HTTPStatus.NOT_ACCEPTABLE, "XML cannot express these texts; ask for text/turtle")
    written = io.BytesIO()
    ox.serialize(found, written, format_, prefixes=NAMESPACES)
    return written.getvalue(), media_type


def document(index: Index, iri: str) -> dict[str, Any]:
    """The statements of a concept as JSON-LD."""
    return json_ld(described(index, iri))


def described(index: Index, iri: str) -> list[ox.Triple]:
    """The statements about an IRI, the hierarchy it is in also where only the inverse is stated, and what the others
    it names are called."""
    found = list(index.statements(iri))
    if concept := index.concept(iri):
        for name in ("broader", "narrower", "related"):
            others = getattr(concept, name)
            found += [ox.Triple(ox.NamedNode(iri), ox.NamedNode(SKOS + name), ox.NamedNode(other)) for other in others]
    told = {TYPE, *TITLES}
    others = sorted({triple.object.value for triple in found if isinstance(triple.object, ox.NamedNode)} - {iri})
    found += [triple for other in others for triple in index.statements(other) if triple.predicate.value in told]
    return list(dict.fromkeys(found))


def json_ld(triples: Iterable[ox.Triple]) -> dict[str, Any]:
    """Statements as compact JSON-LD, a node for each subject, by IRI."""
    nodes: dict[str, dict[str, Any]] = {}
    for triple in triples:
        node = nodes.setdefault(_name(triple.subject), {})
        if triple.predicate.value == TYPE and isinstance(triple.object, ox.NamedNode):
            node.setdefault("type", []).append(compact(triple.object.value))
        else:
            predicate = compact(triple.predicate.value)
            node.setdefault(_TERMS.get(predicate, predicate), []).append(_value(triple.object))
    graph = [{"uri": name} | dict(_single(nodes[name])) for name in sorted(nodes)]
    return {"@context": _CONTEXT, "graph": graph}


def _media_type(question: Question) -> str:
    wanted = question.get("format")
    try:
        return choose(FORMATS, question.accept, wanted and wanted.replace(" ", "+")).media_type
    except NotAcceptableError as error:
        raise RestError(HTTPStatus.NOT_ACCEPTABLE, str(error)) from error


def _whole(question: Question) -> list[ox.Triple]:
    return list(browsing.statements(question.index, question.scope.slug))


def _single(node: dict[str, list[Any]]) -> Iterator[tuple[str, Any]]:
    for name, values in node.items():
        yield name, values[0] if len(values) == 1 else values


def _value(term: object) -> Any:
    if not isinstance(term, ox.Literal):
        return {"uri": _name(term)}
    if term.language:
        return {"lang": term.language, "value": term.value}
    if term.datatype.value == XSD + "string":
        return term.value
    return {"type": term.datatype.value, "value": term.value}


def _name(node: object) -> str:
    return compact(node.value) if isinstance(node, ox.NamedNode) else str(node)
