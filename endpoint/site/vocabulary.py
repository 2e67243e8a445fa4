"""The ontology as its pages show it, from the Turtle: terms, what they stand below, and which fields they come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby

import pyoxigraph as ox

import ontology
from endpoint.labels import Label, best
from loaders import context
from loaders.context import Scope

NAMESPACE, SEARCH = f"{ontology.GRAPH.value}#", "https://w3id.org/clearinghouse/search#"
_RDF, _RDFS = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2000/01/rdf-schema#"
_OWL, _SKOS = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2004/02/skos/core#"
CLASSES = frozenset({f"{_OWL}Class", f"{_RDFS}Class"})
PROPERTIES = frozenset({f"{_OWL}ObjectProperty", f"{_OWL}DatatypeProperty", f"{_OWL}AnnotationProperty"})
_QUESTION = f"{NAMESPACE}Question"
_DEEPEST = 6  # objects inside objects, of which some fields hold their own kind


@dataclass(frozen=True)
class Term:
    """A class, a property or a named individual; what stands in other statements about it by their properties."""

    iri: str
    type: str
    module: str
    said: Mapping[str, tuple[ox.Literal | ox.NamedNode, ...]] = field(hash=False)

    @property
    def key(self) -> str:
        """The name in the address of its page."""
        return self.iri.removeprefix(NAMESPACE) if self.iri.startswith(NAMESPACE) else _searching(self.iri)

    @property
    def name(self) -> str:
        """The name as Turtle has it."""
        return self.key if ":" in self.key else f"ch:{self.key}"

    @property
    def is_property(self) -> bool:
        """Whether it is a property, not a class or an individual."""
        return self.type in PROPERTIES

    @property
    def labels(self) -> dict[str, Label]:
        """The labels by language."""
        return self._texts(f"{_RDFS}label")

    @property
    def definitions(self) -> dict[str, Label]:
        """What it means, by language."""
        return self._texts(f"{_SKOS}definition")

    def definition(self, tongue: str) -> Label:
        """What it means, for a reader of a language."""
        return best(self.definitions, tongue)

    @property
    def above(self) -> tuple[str, ...]:
        """The classes or properties that it stands right below, those of other vocabularies too."""
        return self.iris(f"{_RDFS}subClassOf") + self.iris(f"{_RDFS}subPropertyOf")

    @property
    def domain(self) -> tuple[str, ...]:
        """What has the property."""
        return self.iris(f"{_RDFS}domain")

    @property
    def range(self) -> tuple[str, ...]:
        """What the values of the property are."""
        return self.iris(f"{_RDFS}range")

    @property
    def same(self) -> tuple[str, ...]:
        """What means exactly the same elsewhere."""
        return self.iris(f"{_SKOS}exactMatch")

    def iris(self, predicate: str) -> tuple[str, ...]:
        """The things that are values of a property."""
        return tuple(one.value for one in self.said.get(predicate, ()) if isinstance(one, ox.NamedNode))

    def _texts(self, predicate: str) -> dict[str, Label]:
        return _by_language(self.said.get(predicate, ()))


@dataclass(frozen=True, order=True)
class Source:
    """Where the clearing-houses' documents have a property or a class: the path of fields, and in which schemas."""

    path: str
    schemas: tuple[str, ...]


class Vocabulary:
    """All terms by IRI, those of each module in the order of their names; `labels` also of terms of others."""

    def __init__(self, modules: Iterable[ontology.Module]) -> None:
        self.modules: list[tuple[ontology.Module, list[Term]]] = []
        self.terms: dict[str, Term] = {}
        modules = list(modules)
        said: dict[str, dict[str, list[ox.Literal | ox.NamedNode]]] = defaultdict(lambda: defaultdict(list))
        for triple in (triple for module in modules for triple in module.triples):
            assert isinstance(triple.subject, ox.NamedNode)  # noqa: S101, a test holds the modules to it
            assert isinstance(triple.object, ox.Literal | ox.NamedNode)  # noqa: S101
            said[triple.subject.value][triple.predicate.value].append(triple.object)
        self.header = said.pop(ontology.GRAPH.value)
        self.labels: dict[str, dict[str, Label]] = {
            iri: called for iri, about in said.items() if (called := _by_language(about.get(f"{_RDFS}label", ())))
        }
        for module in modules:
            declared = sorted(_declared(module), key=lambda pair: (pair[0].casefold(), pair[0]))
            found = [Term(iri, type_, module.name, _fixed(said[iri])) for iri, type_ in declared]
            self.terms |= {term.iri: term for term in found}
            self.modules.append((module, found))
        self._below: dict[str, list[Term]] = defaultdict(list)
        for term in self.terms.values():
            for iri in term.above:
                self._below[iri].append(term)

    @classmethod
    @cache
    def load(cls) -> Vocabulary:
        """The bundled ontology."""
        return cls(ontology.modules())

    def term(self, key: str) -> Term | None:
        """The term of an address."""
        return self.terms.get(f"{NAMESPACE}{key}") or self.terms.get(f"{SEARCH}{key.removeprefix('search:')}")

    def classes(self) -> list[Term]:
        """Every class."""
        return [term for term in self.terms.values() if term.type in CLASSES]

    def properties(self) -> list[Term]:
        """Every property."""
        return [term for term in self.terms.values() if term.type in PROPERTIES]

    def others(self) -> list[Term]:
        """What is neither: the individuals, such as statuses, and the types of values."""
        return [term for term in self.terms.values() if term.type not in CLASSES | PROPERTIES]

    def roots(self) -> list[Term]:
        """The classes that stand below none of ours, those with classes below them first."""
        found = [term for term in self.classes() if not any(iri in self.terms for iri in term.above)]
        return sorted(found, key=lambda term: not self.below(term.iri))

    def below(self, iri: str) -> list[Term]:
        """The classes or properties right below one."""
        return self._below.get(iri, [])

    def properties_of(self, term: Term) -> list[tuple[str, list[Term]]]:
        """The properties of a class, its own first and then those of each class above it; classes without any are not
        there."""
        chain = self._chain(term)
        by_domain = {iri: [one for one in self.properties() if iri in one.domain] for iri in chain}
        return [(iri, found) for iri, found in by_domain.items() if found]

    def values_of(self, term: Term) -> list[Term]:
        """The properties whose values belong to a class."""
        return [one for one in self.properties() if term.iri in one.range]

    def members_of(self, term: Term) -> list[Term]:
        """The individuals of a class."""
        return [one for one in self.others() if one.type == term.iri]

    def _chain(self, term: Term) -> list[str]:
        found, waiting = [], [term.iri]
        while waiting:
            iri = waiting.pop(0)
            if iri not in found:
                found.append(iri)
                waiting += self.terms[iri].above if iri in self.terms else ()
        return found


def sources(iri: str) -> Sequence[Source]:
    """Where the documents of the clearing-houses have a property or a class, by the contexts."""
    return _sources().get(iri, ())


@cache
def schemas_of() -> Mapping[str, str]:
    """The schema of each class of records."""
    return {kind: schema for schema in context.schemas() if (kind := context.class_of(schema))}


@cache
def _sources() -> Mapping[str, tuple[Source, ...]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for schema in context.schemas():
        for iri, path in dict.fromkeys(_fields(context.scope(schema), "", _DEEPEST)):
            found[iri, path].append(schema)
    listed = sorted((iri, Source(path, tuple(schemas))) for (iri, path), schemas in found.items())
    return {iri: tuple(source for _, source in group) for iri, group in groupby(listed, key=lambda pair: pair[0])}


def _fields(scope: Scope, before: str, depth: int) -> Iterable[tuple[str, str]]:
    """Property and path of every field of a scope and of the objects inside it that it defines itself."""
    outer = scope.outer.fields if scope.outer and before else {}
    for name, one in scope.fields.items():
        if one is None or one is outer.get(name) or one.iri.startswith("@"):
            continue
        path = f"{before}{name}"
        yield one.iri, path
        if "@context" in one.definition and depth:
            yield from _fields(one.scope, f"{path}/", depth - 1)


def _declared(module: ontology.Module) -> Iterable[tuple[str, str]]:
    """The terms that a module declares, each with its type; questions of reports have pages of their own."""
    for triple in module.triples:
        if triple.predicate.value != f"{_RDF}type" or not isinstance(triple.subject, ox.NamedNode):
            continue
        kind = str(getattr(triple.object, "value", ""))
        if triple.subject != ontology.GRAPH and kind != _QUESTION:
            yield triple.subject.value, kind


def _by_language(values: Iterable[ox.Literal | ox.NamedNode]) -> dict[str, Label]:
    texts = [Label(one.value, one.language or "") for one in values if isinstance(one, ox.Literal)]
    return {text.language: text for text in texts}


def _searching(iri: str) -> str:
    return f"search:{iri.removeprefix(SEARCH)}"


def _fixed(
    said: Mapping[str, list[ox.Literal | ox.NamedNode]],
) -> Mapping[str, tuple[ox.Literal | ox.NamedNode, ...]]:
    return {predicate: tuple(values) for predicate, values in said.items()}
