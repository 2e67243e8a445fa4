"""SKOS statements by predicate and subject: the index that the look-ups and the checks of the thesaurus share."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pyoxigraph as ox

from thesaurus.turtle import CH, DCTERMS, OWL, SKOS, TYPE

IDENTIFIER = ox.NamedNode(DCTERMS + "identifier")
ALTERNATE_IDENTIFIER = ox.NamedNode(CH + "alternateIdentifier")
UNOFFICIAL_LABEL = ox.NamedNode(CH + "unofficialLabel")
MACHINE_LABEL = ox.NamedNode(CH + "machineLabel")
PREF_LABEL = ox.NamedNode(SKOS + "prefLabel")
ALT_LABEL = ox.NamedNode(SKOS + "altLabel")
BROADER = ox.NamedNode(SKOS + "broader")
RELATED = ox.NamedNode(SKOS + "related")
IN_SCHEME = ox.NamedNode(SKOS + "inScheme")
DEPRECATED = ox.NamedNode(OWL + "deprecated")
VERSION_INFO = ox.NamedNode(OWL + "versionInfo")
REPLACED_BY = ox.NamedNode(DCTERMS + "isReplacedBy")
CONCEPT = ox.NamedNode(SKOS + "Concept")
CONCEPT_SCHEME = ox.NamedNode(SKOS + "ConceptScheme")

_TYPE = ox.NamedNode(TYPE)


class Statements:
    """Statements whose subject is an IRI; the others say nothing about a named concept or scheme and are left out."""

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self._links: dict[ox.NamedNode, dict[ox.NamedNode, list[ox.NamedNode]]] = defaultdict(lambda: defaultdict(list))
        self._literals: dict[ox.NamedNode, dict[ox.NamedNode, list[ox.Literal]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for triple in triples:
            if not isinstance(triple.subject, ox.NamedNode):
                continue
            if isinstance(triple.object, ox.NamedNode):
                self._links[triple.predicate][triple.subject].append(triple.object)
            elif isinstance(triple.object, ox.Literal):
                self._literals[triple.predicate][triple.subject].append(triple.object)

    def links(self, predicate: ox.NamedNode) -> Mapping[ox.NamedNode, list[ox.NamedNode]]:
        """The IRIs that a predicate gives, by subject."""
        return dict(self._links.get(predicate, {}))

    def literals(self, predicate: ox.NamedNode) -> Mapping[ox.NamedNode, list[ox.Literal]]:
        """The literals that a predicate gives, by subject."""
        return dict(self._literals.get(predicate, {}))

    def instances(self, kind: ox.NamedNode) -> frozenset[ox.NamedNode]:
        """The subjects typed as instances of a class."""
        return frozenset(node for node, kinds in self.links(_TYPE).items() if kind in kinds)

    def identifiers(self, kind: ox.NamedNode) -> dict[ox.NamedNode, str]:
        """The first `dcterms:identifier` of each instance of a class that has one."""
        found = self.literals(IDENTIFIER)
        return {node: found[node][0].value for node in self.instances(kind) if node in found}
