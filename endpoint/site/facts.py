"""Facts: the statements of a record as a reader wants them, in order, nested as in the source, with the fields they
come from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias
from urllib.parse import unquote

import pyoxigraph as ox

from endpoint.localisation import N_
from endpoint.site.namespaces import ADMS, DCTERMS, FOAF, GEO, PAV, RDF, SDO, VCARD
from loaders import context
from loaders.pointers import fields_of, rank_of
from ontology.identifiers import DEFAULT_BASE

CH, XSD = f"{DEFAULT_BASE}ns#", "http://www.w3.org/2001/XMLSchema#"
GROUPS = {
    "texts": N_("Texts"),
    "details": N_("Details"),
    "terms": N_("Keywords and types"),
    "links": N_("Related records, people and organisations"),
    "dates": N_("Dates"),
    "documents": N_("Documents and web links"),
    "parts": N_("Parts"),
    "answers": N_("Answers"),
    "contact": N_("Contact"),
    "places": N_("Places"),
    "added": N_("Added by the graph"),
    "record": N_("The record itself"),
}
"""The groups of facts by their names, in the order of the page."""
APART = frozenset(
    {f"{CH}revision", f"{CH}synthetic", f"{CH}confidential", f"{CH}customTerm", f"{PAV}hasCurrentVersion", f"{RDF}type"}
)
"""What a page of a record says in places of their own."""
OF_THE_RECORD = frozenset(
    {
        *(f"{CH}{name}" for name in ("guid", "documentId", "legacyIdentifier", "clearingHouse", "government")),
        *(f"{DCTERMS}{name}" for name in ("identifier", "created", "modified", "dateSubmitted")),
        f"{ADMS}status",
        f"{FOAF}isPrimaryTopicOf",
        f"{SDO}inLanguage",
    }
)
CONTACT = frozenset(f"{SDO}{name}" for name in ("email", "telephone", "faxNumber"))
_MOMENTS = frozenset(f"{XSD}{name}" for name in ("date", "dateTime", "gYear", "gYearMonth"))
_NUMBERS = frozenset(f"{XSD}{name}" for name in ("integer", "decimal"))
_KINDS = ("Link", "Answer", "Point", "Identifier", "RichText")
_GROUPS_OF_NODES = {"link": "documents", "answer": "answers", "point": "places"}
_DEEPEST = 8

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


@dataclass(frozen=True)
class Text:
    """A text and its language tag, empty for none."""

    text: str
    language: str


@dataclass
class Value:
    """A value that is no text in a language: `kind` says how it is shown, `custom` what the author put beside it."""

    kind: str
    text: str
    custom: list[Text] = field(default_factory=list)


@dataclass
class Node:
    """What stands inside a record at a pointer: a link, an answer, a point, or a part with facts of its own."""

    iri: str
    pointer: str
    kind: str
    facts: list[Fact]

    def first(self, *properties: str) -> str:
        """The first value of the first property that has one, empty where none has."""
        for iri in properties:
            for fact in self.facts:
                if fact.property == iri:
                    return next((text.text for text in fact.texts), next((one.text for one in fact.values), ""))
        return ""

    @property
    def choices(self) -> list[str]:
        """What was chosen in answer to a question, as far as no concept of the answer stands for it."""
        values = [text.text for fact in self.facts if fact.property == f"{CH}answerValue" for text in fact.texts]
        terms = [one.text for fact in self.facts if fact.property == f"{CH}answerTerm" for one in fact.values]
        return without_terms(values, terms)


def without_terms(choices: Iterable[str], terms: Iterable[str]) -> list[str]:
    """The choices that are not the identifier of one of these concepts."""
    known = {term.rpartition("/")[2].casefold() for term in terms}
    return [choice for choice in choices if choice.casefold() not in known]


@dataclass
class Fact:
    """All values of one property: `sources` are the pointers of the fields they come from, none where the graph has
    added them."""

    property: str
    group: str
    sources: list[str]
    texts: list[Text] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    withheld: bool = False

    def in_languages(self, tongue: str) -> tuple[list[Text], list[Text]]:
        """The texts to show to a reader of a language, and the others: those in it, else English, else the first."""
        tags = list(dict.fromkeys(text.language for text in self.texts))
        primary = {tag: tag.partition("-")[0] for tag in tags}
        wanted = (
            next((tag for tag in tags if primary[tag] == one), None) for one in (tongue, "en", tags[0] if tags else "")
        )
        shown = next((tag for tag in wanted if tag is not None), None)
        return (
            [text for text in self.texts if text.language == shown],
            [text for text in self.texts if text.language != shown],
        )


@dataclass(frozen=True)
class Graph:
    """The statements about a record by subject, and what is needed to read them."""

    record: str
    schema: str
    base: str
    by_subject: dict[str, list[tuple[str, Term]]]

    @classmethod
    def of(cls, record: str, base: str, triples: Iterable[ox.Triple]) -> Graph:
        """The statements of a record, in the order of their values."""
        found: dict[str, list[tuple[str, Term]]] = defaultdict(list)
        for triple in sorted(triples, key=_order):
            found[_named(triple.subject)].append((triple.predicate.value, triple.object))
        schema = next((schema_of(_named(term)) for name, term in found[record] if name == f"{RDF}type"), "")
        return cls(record, schema, base, dict(found))

    def values(self, subject: str, *properties: str) -> list[Term]:
        """The values of the properties of a subject."""
        return [term for name, term in self.by_subject.get(subject, ()) if name in properties]

    def first(self, subject: str, *properties: str) -> str:
        """The first value of the first property that a subject has, as text; empty for none."""
        return next((_named(term) for name in properties for term in self.values(subject, name)), "")

    def texts(self, *properties: str, of: str = "") -> list[Text]:
        """The texts that the record, or another subject, has for the properties."""
        return list(_texts(self.values(of or self.record, *properties)))

    def iris(self) -> Iterator[str]:
        """Every IRI in the statements, the properties included."""
        for subject, said in self.by_subject.items():
            yield subject
            for name, term in said:
                yield name
                if isinstance(term, ox.NamedNode):
                    yield term.value


@cache
def _schemas() -> dict[str | None, str]:
    return {context.class_of(schema): schema for schema in context.schemas()}


def schema_of(type_: str) -> str:
    """The schema whose records are of a class, empty for none."""
    return _schemas().get(type_, "")


def facts(graph: Graph) -> list[Fact]:
    """The facts of a record, in the order of its form; those withheld as confidential in their places."""
    found = _facts_of(graph, graph.record, 0)
    for property_ in (_named(term) for term in graph.values(graph.record, f"{CH}confidential")):
        sources = fields_of(graph.schema, "", property_)
        found.append(Fact(property_, "details", sources, withheld=True))
    return sorted(found, key=lambda fact: rank_of(graph.schema, "", fact.property))


def grouped(found: Sequence[Fact]) -> dict[str, list[Fact]]:
    """The facts by their groups, in the order of the page."""
    groups = {name: [fact for fact in found if fact.group == name] for name in GROUPS}
    return {name: members for name, members in groups.items() if members}


def fact_of(graph: Graph, name: str, terms: Sequence[Term], inside: str = "") -> Fact:
    """Some values of a property as a fact, without the nodes that they may lead to."""
    return _fact(graph, name, terms, inside, _DEEPEST)


def _facts_of(graph: Graph, subject: str, depth: int) -> list[Fact]:
    inside = unquote(subject.partition("#")[2])
    by_property: dict[str, list[Term]] = defaultdict(list)
    for name, term in graph.by_subject.get(subject, ()):
        by_property[name].append(term)
    entailed = by_property.pop(f"{DCTERMS}subject", [])
    others = {_named(term) for terms in by_property.values() for term in terms}
    if own := [term for term in entailed if _named(term) not in others]:
        by_property[f"{DCTERMS}subject"] = own
    apart = APART if subject == graph.record else {f"{RDF}type"}
    kept = [(name, terms) for name, terms in by_property.items() if name not in apart]
    found = [_fact(graph, name, terms, inside, depth) for name, terms in kept]
    return sorted(found, key=lambda fact: rank_of(graph.schema, inside, fact.property))


def _fact(graph: Graph, name: str, terms: Sequence[Term], inside: str, depth: int) -> Fact:
    texts = list(_texts(terms))
    languages = {text.language for text in texts}
    single = languages.pop() if len(languages) == 1 and len(texts) == len(terms) else ""
    fact = Fact(name, "details", fields_of(graph.schema, inside, name, single or None), texts)
    for term in terms:
        iri = term.value if isinstance(term, ox.NamedNode) else ""
        if iri.startswith(f"{graph.record}#") and iri in graph.by_subject and depth < _DEEPEST:
            fact.nodes.append(_node(graph, iri, depth))
        elif not list(_texts([term])):
            fact.values.append(Value(_kind(graph, term), _named(term)))
    fact.nodes.sort(key=lambda node: _natural(node.pointer))
    if fact.nodes:
        fact.sources = list(dict.fromkeys(re.sub(r"(/\d+)+$", "", node.pointer) for node in fact.nodes))
    _customise(graph, fact)
    fact.group = _group(fact, depth)
    return fact


def _node(graph: Graph, iri: str, depth: int) -> Node:
    types = {_named(term).rpartition("#")[2] for term in graph.values(iri, f"{RDF}type")}
    kind = next((name.lower() for name in _KINDS if name in types), "part")
    return Node(iri, unquote(iri.partition("#")[2]), kind, _facts_of(graph, iri, depth + 1))


def _customise(graph: Graph, fact: Fact) -> None:
    """Put the author's own words beside the term that stands for them, such as "Other"."""
    for node in (_named(term) for term in graph.values(graph.record, f"{CH}customTerm")):
        pointer = unquote(node.partition("#")[2])
        if re.sub(r"/\d+$", "", pointer) not in fact.sources:
            continue
        said = list(_texts(graph.values(node, f"{CH}customValue")))
        named = graph.first(node, f"{CH}term")
        for value in fact.values:
            if value.text == named:
                value.custom += said


def _kind(graph: Graph, term: Term) -> str:
    """How a value is shown."""
    if isinstance(term, ox.NamedNode):
        if re.fullmatch(rf"{re.escape(graph.base)}id/record/[^/#]+/\d+", term.value):
            return "revision"
        if term.value.startswith((graph.base, CH)):
            return "thing"
        return "address"
    if not isinstance(term, ox.Literal):
        return "plain"
    datatype = term.datatype.value
    if datatype == f"{XSD}boolean":
        return "boolean"
    if datatype in _MOMENTS:
        return "day" if re.match(r"\d{4}-\d\d-\d\d", term.value) else "plain"
    return "number" if datatype in _NUMBERS else "markup" if datatype == f"{RDF}HTML" else "plain"


def _group(fact: Fact, depth: int) -> str:
    """The group of a fact: by its property, else by what kind of value it has."""
    name = fact.property
    if depth == 0 and name in OF_THE_RECORD:
        return "record"
    if name in CONTACT or name.startswith(VCARD):
        return "contact"
    if name in (f"{CH}richText", f"{CH}citesRevision", f"{DCTERMS}subject"):
        return "added"
    if fact.nodes:
        kinds = {node.kind for node in fact.nodes}
        return _GROUPS_OF_NODES.get(kinds.pop(), "parts") if len(kinds) == 1 else "parts"
    if fact.values:
        value = fact.values[0]
        if value.kind == "thing":
            return "links" if "/id/record/" in value.text else "terms"
        by_kind = {"day": "dates", "address": "documents"}
        return "places" if name.startswith(GEO) else by_kind.get(value.kind, "details")
    return "texts" if any(text.language for text in fact.texts) else "details"


def _texts(terms: Iterable[Term]) -> Iterator[Text]:
    """Those terms that are texts: with a language, or plain strings."""
    for term in terms:
        if isinstance(term, ox.Literal) and term.datatype.value in (f"{XSD}string", f"{RDF}langString"):
            yield Text(term.value, term.language or "")


def _named(term: object) -> str:
    return str(getattr(term, "value", term))


def _order(triple: ox.Triple) -> tuple[str, str, str, str]:
    language = getattr(triple.object, "language", None) or ""
    return _named(triple.subject), triple.predicate.value, language, _named(triple.object)


def _natural(text: str) -> list[tuple[int, int | str]]:
    """A key that puts /Q2 before /Q10."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", text)]
