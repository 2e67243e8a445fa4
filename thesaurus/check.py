"""The checks of the keywords: what an editor must mend before a file of the thesaurus is published.

Two sources of findings: the checks here, and skosify (https://github.com/NatLibFi/Skosify) run on a copy, whose log and
whose repairs (the statements that it took out of the copy) are both reported. The statements given are never changed.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import pyoxigraph as ox
import rdflib
from skosify import skosify

from ontology.errors import IdentifierError
from ontology.identifiers import DEFAULT_BASE, Iris, term_key
from thesaurus.statements import (
    ALT_LABEL,
    ALTERNATE_IDENTIFIER,
    BROADER,
    CONCEPT,
    CONCEPT_SCHEME,
    IDENTIFIER,
    IN_SCHEME,
    PREF_LABEL,
    RELATED,
    UNOFFICIAL_LABEL,
    Statements,
)
from thesaurus.turtle import CH, DCTERMS, SKOS

COMPLETENESS = ox.NamedNode(CH + "completeness")
TITLE = ox.NamedNode(DCTERMS + "title")
LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")
_SCRIPTS = {"ar": "؀-ۿ", "ru": "Ѐ-ӿ", "zh": "一-鿿"}
_MATCHES = tuple(ox.NamedNode(SKOS + name) for name in ("closeMatch", "relatedMatch", "broadMatch", "narrowMatch"))
# skosify expects one scheme per graph and says so for every graph that holds more; a thesaurus of domains always does.
_EXPECTED_LOG = "Multiple concept schemes found"


class Level(StrEnum):
    """An error keeps a file from being published; a warning asks an editor to look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault: how grave, the IRI of the concept or scheme (empty if the message names it), and what was expected."""

    level: Level
    concept: str
    message: str


def findings(triples: Iterable[ox.Triple], base: str = DEFAULT_BASE) -> tuple[Finding, ...]:
    """All findings on the statements of one thesaurus, sorted; none means that it may be published.

    The statements must be the whole thesaurus: a link to a concept of `base` that is not among them is dangling.
    """
    statements = tuple(triples)
    known = Statements(statements)
    own = (finding for check in CHECKS for finding in check(known, base))
    # Without a scheme skosify looks for a namespace to make one in, and ends the process when it finds none.
    foreign = _skosify_findings(statements) if known.instances(CONCEPT_SCHEME) else ()
    return tuple(sorted({*own, *foreign}))


def identifiers(known: Statements, base: str) -> Iterator[Finding]:
    """Every concept and scheme has one identifier, its IRI is minted from it, and no two differ by case only."""
    iris = Iris(base)
    for kind, minted in ((CONCEPT, iris.place), (CONCEPT_SCHEME, iris.scheme)):
        spellings: dict[str, ox.NamedNode] = {}
        for node in sorted(known.instances(kind), key=str):
            names = [name.value for name in known.literals(IDENTIFIER).get(node, ())]
            if len(names) != 1:
                yield _error(node, f"{len(names)} values of dcterms:identifier; expected one")
            aliases = [name.value for name in known.literals(ALTERNATE_IDENTIFIER).get(node, ())]
            for name in [*names, *aliases]:
                try:
                    other, iri = spellings.setdefault(term_key(name), node), minted(name)
                except IdentifierError as error:
                    yield _error(node, str(error))
                    continue
                if other != node:
                    yield _error(node, f"identifier {name!r} is also that of {other.value}; compared without case")
                elif name in names and iri != node:
                    yield _error(node, f"identifier {name!r}; expected the IRI {iri.value}")


def schemes(known: Statements, base: str) -> Iterator[Finding]:
    """Every scheme has an English title and says whether it is complete or partial."""
    for node in known.instances(CONCEPT_SCHEME):
        if not any(title.language == "en" for title in known.literals(TITLE).get(node, ())):
            yield _error(node, "no dcterms:title in English; expected one")
        stated = [value.value for value in known.literals(COMPLETENESS).get(node, ())]
        if stated not in (["complete"], ["partial"]):
            yield _error(node, f"ch:completeness {stated}; expected either complete or partial")


def labels(known: Statements, base: str) -> Iterator[Finding]:
    """Every concept has an English prefLabel, and at most one in each language, which is one of the six."""
    given = known.literals(PREF_LABEL)
    for node in known.instances(CONCEPT):
        languages = Counter(label.language for label in given.get(node, ()))
        if "en" not in languages:
            yield _error(node, "no skos:prefLabel in English; expected one")
        for language, number in languages.items():
            if number > 1:
                yield _error(node, f"{number} values of skos:prefLabel in {language}; expected one per language")
            if language not in LANGUAGES:
                yield _error(node, f"skos:prefLabel with language {language}; expected one of {', '.join(LANGUAGES)}")


def label_texts(known: Statements, base: str) -> Iterator[Finding]:
    """No label is empty, untrimmed or in another script than its language has."""
    for predicate in (PREF_LABEL, ALT_LABEL):
        for node, values in known.literals(predicate).items():
            for label in values:
                yield from _label_text(node, label)


def _label_text(node: ox.NamedNode, label: ox.Literal) -> Iterator[Finding]:
    if not label.value.strip():
        yield _error(node, f"empty label in {label.language}")
    elif label.value != label.value.strip():
        yield _error(node, f"label {label} begins or ends with a space")
    script = _SCRIPTS.get(label.language or "")
    if script and re.search("[A-Za-z]", label.value) and not re.search(f"[{script}]", label.value):
        yield _error(node, f"label {label} is Latin text; expected the script of {label.language}")


def standing(known: Statements, base: str) -> Iterator[Finding]:
    """`ch:unofficialLabel` repeats a label of the same concept; after an edit of one the other must follow."""
    shown = [known.literals(predicate) for predicate in (PREF_LABEL, ALT_LABEL)]
    for node, values in known.literals(UNOFFICIAL_LABEL).items():
        used = {label for given in shown for label in given.get(node, ())}
        for label in values:
            if label not in used:
                yield _error(node, f"ch:unofficialLabel {label} is no label of the concept; expected a repeated label")


def links(known: Statements, base: str) -> Iterator[Finding]:
    """Every concept is in a scheme, and links lead to what the thesaurus holds."""
    concepts, own_schemes = known.instances(CONCEPT), known.instances(CONCEPT_SCHEME)
    given = known.links(IN_SCHEME)
    for node in concepts:
        if not given.get(node):
            yield _error(node, "in no scheme; expected skos:inScheme")
    for predicate in (BROADER, RELATED, IN_SCHEME, *_MATCHES):
        expected = own_schemes if predicate == IN_SCHEME else concepts
        for node, targets in known.links(predicate).items():
            if node not in concepts:
                yield _error(node, f"has {_short(predicate)} and is no skos:Concept")
            for target in targets:
                foreign = predicate in _MATCHES and not target.value.startswith(base)
                if not foreign and target not in expected:
                    yield _error(node, f"{_short(predicate)} {target.value}: no such concept or scheme here")


def hierarchy(known: Statements, base: str) -> Iterator[Finding]:
    """No concept is broader than itself, over any number of steps."""
    broader = known.links(BROADER)
    for node in broader:
        reached: set[ox.NamedNode] = set()
        waiting = [*broader[node]]
        while waiting:
            step = waiting.pop()
            if step not in reached:
                reached.add(step)
                waiting += broader.get(step, ())
        if node in reached:
            yield _error(node, "skos:broader leads back to the concept itself")


CHECKS: Sequence[Callable[[Statements, str], Iterator[Finding]]] = (
    identifiers,
    schemes,
    labels,
    label_texts,
    standing,
    links,
    hierarchy,
)


def _error(node: ox.NamedNode, message: str) -> Finding:
    return Finding(Level.ERROR, node.value, message)


def _short(predicate: ox.NamedNode) -> str:
    return "skos:" + predicate.value.removeprefix(SKOS)


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _collected_log() -> Iterator[list[logging.LogRecord]]:
    """What is logged on the root logger, where skosify writes, kept from the application's own handlers meanwhile."""
    root, collector = logging.getLogger(), _Collector()
    handlers, root.handlers = root.handlers, [collector]
    try:
        yield collector.records
    finally:
        root.handlers = handlers


def _skosify_findings(triples: Iterable[ox.Triple]) -> Iterator[Finding]:
    graph = rdflib.Graph()
    for triple in triples:
        graph.add((_node(triple.subject), _node(triple.predicate), _node(triple.object)))
    # A label for the scheme silences skosify's wish for rdfs:label: titles here are dcterms:title.
    with _collected_log() as records:
        repaired = skosify(graph, label="Thesaurus", break_cycles=True, eliminate_redundancy=True)
    for record in records:
        if not record.getMessage().startswith(_EXPECTED_LOG):
            yield Finding(Level.WARNING, "", f"skosify: {record.getMessage()}")
    for subject, predicate, value in graph:
        if (subject, predicate, value) not in repaired:
            yield Finding(Level.WARNING, str(subject), f"skosify takes out {predicate.n3()} {value.n3()}")


def _node(node: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> rdflib.term.Identifier:
    if isinstance(node, ox.NamedNode):
        return rdflib.URIRef(node.value)
    if isinstance(node, ox.Literal):
        datatype = None if node.language else rdflib.URIRef(node.datatype.value)
        return rdflib.Literal(node.value, lang=node.language, datatype=datatype, normalize=False)
    return rdflib.BNode(str(node))
