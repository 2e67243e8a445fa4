"""The dataset in its own words: VoID and DCAT statements made from the statistics of a generation.

VoID: https://www.w3.org/TR/void/. Its extension for datatypes and languages: http://ldf.fi/void-ext.
DCAT: https://www.w3.org/TR/vocab-dcat-3/.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import pyoxigraph as ox

import ontology
from endpoint.negotiation import GRAPH_FORMATS
from endpoint.settings import Settings
from endpoint.statistics import PropertyCounts, Statistics, Use
from endpoint.store import MARKS


def namespace(iri: str) -> Callable[[str], ox.NamedNode]:
    """What turns the name of a term into its IRI."""
    return lambda name: ox.NamedNode(iri + name)


PREFIXES = {
    "ch": "https://w3id.org/clearinghouse/ns#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "void": "http://rdfs.org/ns/void#",
    "void-ext": "http://ldf.fi/void-ext#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
VOID, VOID_EXT = namespace(PREFIXES["void"]), namespace(PREFIXES["void-ext"])
DCAT, DCTERMS = namespace(PREFIXES["dcat"]), namespace(PREFIXES["dcterms"])
RDF_TYPE = namespace(PREFIXES["rdf"])("type")
XSD = namespace(PREFIXES["xsd"])
_LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
_PROTOCOL = ox.NamedNode("https://www.w3.org/TR/sparql11-protocol/")
_NAMESPACE = re.compile(r"https?://.*[/#]")

Node = ox.NamedNode | ox.BlankNode


def dataset_iri(settings: Settings) -> ox.NamedNode:
    """The IRI of the dataset, the same wherever it is served."""
    return ox.NamedNode(f"{settings.base_iri}id/dataset")


def number(value: int) -> ox.Literal:
    """A count."""
    return ox.Literal(str(value), datatype=XSD("integer"))


def english(text: str) -> ox.Literal:
    """A text for people."""
    return ox.Literal(text, language="en")


def dataset(settings: Settings, statistics: Statistics | None, endpoint: str) -> Iterator[ox.Triple]:
    """The description of the dataset; without figures while they are being counted."""
    it, service = dataset_iri(settings), ox.NamedNode(endpoint)
    yield ox.Triple(it, RDF_TYPE, VOID("Dataset"))
    yield ox.Triple(it, RDF_TYPE, DCAT("Dataset"))
    yield ox.Triple(it, DCTERMS("title"), english(settings.dataset_title))
    yield ox.Triple(it, DCTERMS("description"), english(settings.dataset_description))
    yield ox.Triple(it, VOID("sparqlEndpoint"), service)
    yield ox.Triple(it, VOID("uriSpace"), ox.Literal(f"{settings.base_iri}id/"))
    for format_ in GRAPH_FORMATS:
        yield ox.Triple(it, VOID("feature"), ox.NamedNode(format_.iri))
    yield from _access(settings, it, service)
    if settings.dataset_license:
        yield ox.Triple(it, DCTERMS("license"), ox.NamedNode(settings.dataset_license))
    if statistics is not None:
        modified = ox.Literal(statistics.modified, datatype=XSD("dateTime"))
        yield ox.Triple(it, DCTERMS("modified"), modified)
        yield ox.Triple(it, DCAT("version"), ox.Literal(statistics.generation))
        yield from figures(it, statistics)
        yield from _contents(it, statistics)
        yield from _partitions(it, statistics)


def _access(settings: Settings, it: ox.NamedNode, service: ox.NamedNode) -> Iterator[ox.Triple]:
    """How to come to the data: a distribution that the service gives access to."""
    distribution = ox.NamedNode(f"{it.value}#sparql")
    yield ox.Triple(it, DCAT("distribution"), distribution)
    yield ox.Triple(distribution, RDF_TYPE, DCAT("Distribution"))
    yield ox.Triple(distribution, DCTERMS("title"), english("SPARQL endpoint"))
    yield ox.Triple(distribution, DCAT("accessURL"), service)
    yield ox.Triple(distribution, DCAT("accessService"), service)
    if settings.dataset_license:
        yield ox.Triple(distribution, DCTERMS("license"), ox.NamedNode(settings.dataset_license))
    yield ox.Triple(service, RDF_TYPE, DCAT("DataService"))
    yield ox.Triple(service, DCTERMS("title"), english(f"{settings.dataset_title}: SPARQL endpoint"))
    yield ox.Triple(service, DCAT("endpointURL"), service)
    yield ox.Triple(service, DCAT("endpointDescription"), service)
    yield ox.Triple(service, DCAT("servesDataset"), it)
    yield ox.Triple(service, DCTERMS("conformsTo"), _PROTOCOL)


def figures(subject: Node, statistics: Statistics) -> Iterator[ox.Triple]:
    """The numbers of the whole dataset, without the store's own mark."""
    mark = statistics.mark
    yield from _numbers(
        subject,
        triples=statistics.triples - mark.triples,
        entities=statistics.entities - mark.subjects,
        distinctSubjects=statistics.subjects - mark.subjects,
        distinctObjects=statistics.objects - mark.objects,
        classes=len(statistics.classes),
        properties=len(_properties(statistics)),
    )


def _properties(statistics: Statistics) -> dict[str, PropertyCounts]:
    return {name: counts for name, counts in statistics.properties.items() if name not in MARKS}


def _numbers(subject: Node, **counts: int) -> Iterator[ox.Triple]:
    for name, count in counts.items():
        yield ox.Triple(subject, VOID(name), number(count))


def _contents(it: ox.NamedNode, statistics: Statistics) -> Iterator[ox.Triple]:
    """What is in the dataset: vocabularies, examples, and the part of each clearing-house."""
    names = [*_properties(statistics), *statistics.classes]
    for vocabulary in sorted({found[0] for name in names if (found := _NAMESPACE.match(name))}):
        yield ox.Triple(it, VOID("vocabulary"), ox.NamedNode(vocabulary))
    for example in statistics.examples:
        yield ox.Triple(it, VOID("exampleResource"), ox.NamedNode(example))
    for house, records in statistics.houses.items():
        part = ox.NamedNode(f"{it.value}#{house.rpartition('#')[2]}")
        yield ox.Triple(it, VOID("subset"), part)
        yield ox.Triple(part, RDF_TYPE, VOID("Dataset"))
        yield ox.Triple(part, DCTERMS("title"), english(_house_labels().get(house, house)))
        yield ox.Triple(part, DCTERMS("source"), ox.NamedNode(house))
        yield from _numbers(part, entities=records)


@cache
def _house_labels() -> Mapping[str, str]:
    """The English labels of the ontology's terms, by IRI."""
    labels = (triple for triple in ontology.load() if triple.predicate == _LABEL)
    return {
        triple.subject.value: triple.object.value
        for triple in labels
        if isinstance(triple.subject, ox.NamedNode)
        and isinstance(triple.object, ox.Literal)
        and triple.object.language == "en"
    }


def _partitions(it: ox.NamedNode, statistics: Statistics) -> Iterator[ox.Triple]:
    """By class and the properties of its instances; by property, and by datatype and language below it and of all."""
    for place, (name, counts) in enumerate(statistics.classes.items()):
        part = _named_part(f"c{place}")
        yield ox.Triple(it, VOID("classPartition"), part)
        yield ox.Triple(part, VOID("class"), ox.NamedNode(name))
        yield from _numbers(part, entities=counts.instances, properties=len(counts.properties))
        for inner, (used, use) in enumerate(counts.properties.items()):
            yield from _use(part, _named_part(f"c{place}p{inner}"), used, use)
    datatypes: dict[str, int] = {}
    languages: dict[str, int] = {}
    for place, (name, of_property) in enumerate(_properties(statistics).items()):
        part = _named_part(f"p{place}")
        yield ox.Triple(it, VOID("propertyPartition"), part)
        yield ox.Triple(part, VOID("property"), ox.NamedNode(name))
        yield from _numbers(
            part,
            triples=of_property.triples,
            distinctSubjects=of_property.subjects,
            distinctObjects=of_property.objects,
        )
        yield from _literals(part, f"p{place}", of_property.datatypes, of_property.languages)
        for sums, added in ((datatypes, of_property.datatypes), (languages, of_property.languages)):
            for key, count in added.items():
                sums[key] = sums.get(key, 0) + count
    yield from _literals(it, "", dict(sorted(datatypes.items())), dict(sorted(languages.items())))


def _use(whole: Node, part: Node, property_: str, use: Use) -> Iterator[ox.Triple]:
    yield ox.Triple(whole, VOID("propertyPartition"), part)
    yield ox.Triple(part, VOID("property"), ox.NamedNode(property_))
    yield from _numbers(part, triples=use.triples, distinctSubjects=use.subjects)


def _literals(
    whole: Node, name: str, datatypes: Mapping[str, int], languages: Mapping[str, int]
) -> Iterator[ox.Triple]:
    for place, (datatype, count) in enumerate(datatypes.items()):
        part = _named_part(f"{name}d{place}")
        yield ox.Triple(whole, VOID_EXT("datatypePartition"), part)
        yield ox.Triple(part, VOID_EXT("datatype"), ox.NamedNode(datatype))
        yield from _numbers(part, triples=count)
    for place, (language, count) in enumerate(languages.items()):
        part = _named_part(f"{name}l{place}")
        yield ox.Triple(whole, VOID_EXT("languagePartition"), part)
        yield ox.Triple(part, VOID_EXT("language"), ox.Literal(language))
        yield from _numbers(part, triples=count)


def _named_part(name: str) -> ox.BlankNode:
    """A partition; its label is the same each time, and so are the bytes of the description."""
    return ox.BlankNode(name)
