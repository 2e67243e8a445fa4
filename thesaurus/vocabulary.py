"""The keywords in memory: the loaders ask it what an identifier means, the shapes and the graph take its statements.

The bundled files are `schemes/*.ttl`, in the written form of `thesaurus.turtle`. A scheme is a domain of the thesaurus
service: `dcterms:identifier` is the domain, `ch:completeness` says whether all of its terms are here ("complete") or
only those found so far ("partial"). The file of a scheme states its members; the labels of a concept with several
schemes stand in the file of one of them.

Standing of labels: `skos:prefLabel` is the best label known in a language, official or not. Where it is not the
published wording of the Secretariat (a translation found elsewhere, or words written for this thesaurus), the same
literal is repeated as `ch:unofficialLabel`, so that `FILTER NOT EXISTS { ?concept ch:unofficialLabel ?label }` keeps
the official ones. English labels are the wording the clearing-houses show; other languages count as official only if
they come from the services, forms or index of the clearing-houses.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Self, TypeVar

import pyoxigraph as ox

from ontology.errors import IdentifierError
from ontology.identifiers import DEFAULT_BASE, Iris, term_key
from thesaurus import files
from thesaurus.statements import (
    ALTERNATE_IDENTIFIER,
    CONCEPT,
    CONCEPT_SCHEME,
    IN_SCHEME,
    PREF_LABEL,
    REPLACED_BY,
    VERSION_INFO,
    Statements,
)
from thesaurus.turtle import ThesaurusError

T = TypeVar("T")


class Thesaurus:
    """Concepts, schemes and labels of a set of SKOS statements; look-ups compare identifiers without case."""

    def __init__(self, statements: Iterable[ox.Triple], version: int = 1) -> None:
        self.version = version
        self._triples = tuple(statements)
        known = Statements(self._triples)
        names = known.identifiers(CONCEPT)
        self._concepts = {term_key(name): (name, node) for node, name in names.items()}
        for node, others in known.literals(ALTERNATE_IDENTIFIER).items():
            self._concepts |= {term_key(other.value): (names[node], node) for other in others}
        self._replacements = known.links(REPLACED_BY)
        self._schemes = {node: frozenset(schemes) for node, schemes in known.links(IN_SCHEME).items()}
        self._labels = {
            (node, label.language): label for node, labels in known.literals(PREF_LABEL).items() for label in labels
        }
        inside: dict[ox.NamedNode, list[str]] = defaultdict(list)
        for node, name in names.items():
            for scheme in self._schemes.get(node, ()):
                inside[scheme].append(name)
        domains = known.identifiers(CONCEPT_SCHEME)
        self._members = {term_key(domain): tuple(sorted(inside[scheme])) for scheme, domain in domains.items()}

    @classmethod
    def load(cls, base: str = DEFAULT_BASE) -> Self:
        """The bundled thesaurus with its data IRIs under `base`; the files are read once per process.

        Raises ThesaurusError for a file that does not parse, IdentifierError for a base that does not end in a slash.
        """
        return cls(rebased(bundled(), DEFAULT_BASE, base))

    def triples(self) -> Iterable[ox.Triple]:
        """Every statement, in the order of the files."""
        return self._triples

    def graph(self, name: ox.NamedNode) -> Iterator[ox.Triple]:
        """What the named graph of the thesaurus holds: every statement, and which version it is."""
        yield from self._triples
        yield ox.Triple(name, VERSION_INFO, ox.Literal(str(self.version)))

    def canonical(self, identifier: str) -> str | None:
        """The spelling of the thesaurus for an identifier in any case, or for an alternate one; None if unknown."""
        found = self._found(identifier)
        return found[0] if found else None

    def concept(self, identifier: str) -> ox.NamedNode | None:
        """The concept of an identifier in any case; a country by its two letters. None if unknown."""
        found = self._found(identifier)
        return found[1] if found else None

    def in_use(self, identifier: str) -> tuple[ox.NamedNode, ...]:
        """What an identifier means today: its concept, or what has replaced that; several where it was split."""
        concept = self.concept(identifier)
        reached: dict[ox.NamedNode, bool] = {}
        waiting = [concept] if concept else []
        while waiting:
            node = waiting.pop()
            if node not in reached:
                replacements = self._replacements.get(node, [])
                reached[node] = not replacements
                waiting += sorted(replacements, key=str, reverse=True)
        return tuple(node for node, is_last in reached.items() if is_last)

    def schemes(self, concept: ox.NamedNode) -> frozenset[ox.NamedNode]:
        """The schemes of a concept; empty if the concept is unknown."""
        return self._schemes.get(concept, frozenset())

    def members(self, domain: str) -> tuple[str, ...]:
        """The sorted identifiers of the terms of a domain. Raises ThesaurusError for a domain that has no scheme."""
        try:
            return self._members[term_key(domain)]
        except KeyError:
            raise ThesaurusError(f"no concept scheme for {domain!r}: expected a domain of the thesaurus") from None

    def label(self, concept: ox.NamedNode, language: str) -> ox.Literal | None:
        """The preferred label in a language, else in English, as its language tag says; None for an unknown concept."""
        return self._labels.get((concept, language)) or self._labels.get((concept, "en"))

    def _found(self, identifier: str) -> tuple[str, ox.NamedNode] | None:
        try:
            return self._concepts.get(term_key(identifier))
        except IdentifierError:
            return None


@cache
def bundled() -> tuple[ox.Triple, ...]:
    """Every statement of the bundled files, under the default base; read once per process."""
    return tuple(triple for content in files.read(files.BUNDLED).values() for triple in content)


def rebased(statements: Iterable[ox.Triple], old: str, new: str) -> Iterable[ox.Triple]:
    """The statements with every data IRI moved to another base; the terms of the ontology stay where they are.

    IdentifierError for a base that does not end in a slash.
    """
    if Iris(new).base == Iris(old).base:
        return statements
    return (
        ox.Triple(_moved(triple.subject, old, new), triple.predicate, _moved(triple.object, old, new))
        for triple in statements
    )


def _moved(node: T, old: str, new: str) -> T | ox.NamedNode:
    if isinstance(node, ox.NamedNode) and node.value.startswith(f"{old}id/"):
        return ox.NamedNode(new + node.value.removeprefix(old))
    return node
