"""The facts that an index holds: the statements of a SKOS thesaurus, and what SKOS entails of them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from thesaurus.entries import KINDS
from thesaurus.turtle import CH, DCTERMS, SKOS, TYPE

RDFS = "http://www.w3.org/2000/01/rdf-schema#"
DC = "http://purl.org/dc/elements/1.1/"
OWL_DEPRECATED = "http://www.w3.org/2002/07/owl#deprecated"
SKOSXL = "http://www.w3.org/2008/05/skos-xl#"
THES = "http://purl.org/iso25964/skos-thes#"
BROADER = (SKOS + "broader", *(THES + "broader" + kind for kind in ("Generic", "Partitive", "Instantial")))
NARROWER = (SKOS + "narrower", *(THES + "narrower" + kind for kind in ("Generic", "Partitive", "Instantial")))
COLLECTIONS = (SKOS + "Collection", SKOS + "OrderedCollection", THES + "ConceptGroup", THES + "ThesaurusArray")
TITLES = (DCTERMS + "title", DC + "title", SKOS + "prefLabel", RDFS + "label")

Row = tuple[str, str, str, str | None, str | None]
"""Subject, predicate, object; of a literal also language tag and datatype, of a node neither."""


def local_name(iri: str) -> str:
    """The last part of an IRI, or the IRI when it has none."""
    return re.split("[/#]", iri.rstrip("/#"))[-1] or iri


def rows_of(statements: Iterable[ox.Triple]) -> Iterator[Row]:
    """The rows of statements; one about another statement says nothing about a concept and is left out."""
    for triple in statements:
        subject, value = triple.subject, triple.object
        if isinstance(value, ox.Literal):
            yield _key(subject), triple.predicate.value, value.value, value.language or "", value.datatype.value
        elif not isinstance(value, ox.Triple):
            yield _key(subject), triple.predicate.value, _key(value), None, None


def _key(node: object) -> str:
    return node.value if isinstance(node, ox.NamedNode) else str(node)


class Facts:
    """The statements by predicate and subject, with what SKOS entails of them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(dict.fromkeys(rows))
        self.links: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.literals: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
        self.ids: dict[str, int] = {}
        for subject, predicate, value, language, _ in self.rows:
            for node in (subject, predicate, value) if language is None else (subject, predicate):
                self.ids.setdefault(node, len(self.ids) + 1)
            if language is None:
                self.links[predicate][subject].append(value)
            else:
                self.literals[predicate][subject].append((language, value))
        self.concepts = self._instances(SKOS + "Concept")
        self.collections = {node for kind in COLLECTIONS for node in self._instances(kind)} - self.concepts
        self.deprecated = {
            node
            for node, values in self.literals[OWL_DEPRECATED].items()
            if {"true", "1"} & {text for _, text in values}
        }
        self.identifiers = {node: self._identifier(node) for node in self.concepts | self.collections}
        self.broader = self._both(BROADER, NARROWER)
        self.held = self._both([SKOS + "member", THES + "subGroup"], [THES + "superGroup"])
        self.schemes, self.members, self.tops = self._memberships()

    def labels(self, node: str) -> Iterator[tuple[str, str, str, str]]:
        """Kind, language tag, text and standing of each label, those given as SKOS-XL nodes among them."""
        standings = {
            text: standing
            for standing in ("unofficial", "machine")
            for text in self.literals[f"{CH}{standing}Label"].get(node, ())
        }
        for kind in KINDS:
            forms = self.literals[SKOSXL + "literalForm"]
            extended = (text for form in self.links[SKOSXL + kind].get(node, ()) for text in forms.get(form, ()))
            for language, text in dict.fromkeys([*self.literals[SKOS + kind].get(node, ()), *extended]):
                yield kind, language, text, standings.get((language, text), "official")

    def names(self, node: str) -> Iterator[tuple[str, int]]:
        """The names by which a concept is found, with a rank for those that two concepts share."""
        given = [
            *self.literals[DCTERMS + "identifier"].get(node, ()),
            *self.literals[DC + "identifier"].get(node, ()),
            *self.literals[CH + "alternateIdentifier"].get(node, ()),
        ]
        yield from ((text, 1) for _, text in given)
        yield from ((text, 2) for _, text in self.literals[SKOS + "notation"].get(node, ()))
        yield local_name(node), 3

    def _instances(self, kind: str) -> set[str]:
        kinds, waiting = {kind}, [kind]
        while waiting:
            step = waiting.pop()
            found = {node for node, above in self.links[RDFS + "subClassOf"].items() if step in above} - kinds
            kinds |= found
            waiting += found
        return {node for node, types in self.links[TYPE].items() if not kinds.isdisjoint(types)}

    def _identifier(self, node: str) -> str:
        notations = self.literals[SKOS + "notation"].get(node)
        for predicate in (DCTERMS + "identifier", DC + "identifier"):
            if found := self.literals[predicate].get(node):
                return min(text for _, text in found)
        return min(text for _, text in notations) if notations else local_name(node)

    def _both(self, forward: Iterable[str], inverse: Iterable[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for predicate in forward:
            for source, targets in self.links[predicate].items():
                found[source].update(targets)
        for predicate in inverse:
            for target, sources in self.links[predicate].items():
                for source in sources:
                    found[source].add(target)
        return found

    def _memberships(self) -> tuple[set[str], dict[str, set[str]], dict[str, set[str]]]:
        """The schemes, the schemes of each concept, and the top concepts of each scheme."""
        stated = self._both([SKOS + "topConceptOf"], [SKOS + "hasTopConcept"])
        inside = self._both([SKOS + "inScheme", SKOS + "topConceptOf"], [SKOS + "hasTopConcept"])
        schemes = self._instances(SKOS + "ConceptScheme")
        schemes |= {scheme for node in self.concepts for scheme in inside.get(node, ())}
        members = {node: inside[node] & schemes for node in self.identifiers if node in inside}
        self._place_collections(members)
        tops: dict[str, set[str]] = {scheme: set() for scheme in schemes}
        for node in self.concepts & stated.keys():
            for scheme in stated[node]:
                tops[scheme].add(node)
        roots = {scheme for scheme in schemes if not tops[scheme]}
        for node in self.concepts - self.deprecated:
            for scheme in members.get(node, set()) & roots:
                if not any(scheme in members.get(above, ()) for above in self.broader.get(node, ())):
                    tops[scheme].add(node)
        return schemes, members, tops

    def _place_collections(self, members: dict[str, set[str]]) -> None:
        """A collection that states no scheme is in those of its members; collections may hold one another."""
        placeless = [node for node in self.collections if not members.get(node)]
        changed = True
        while changed:
            changed = False
            for node in placeless:
                before = members.setdefault(node, set())
                members[node] = before.union(*(members.get(other, ()) for other in self.held.get(node, ())))
                changed |= members[node] != before
