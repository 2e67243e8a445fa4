"""Judgement: a mapped record against the shapes, with each result traced back to the field it came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

import ontology
import shapes
from loaders import context, pointers
from loaders.documents import GUID, Document
from loaders.findings import SEVERITIES, Finding, finding
from loaders.ledger import Verdict
from loaders.mapping import Cleaned, Mapped, Mapping
from loaders.statements import n_quads
from ontology.errors import DoorError
from shapes.report import Result
from shapes.validate import Validator

TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
IN_SCHEME = ox.NamedNode("http://www.w3.org/2004/02/skos/core#inScheme")


NO_CONTEXT = "no-context"
LOSSES = frozenset(
    {
        "unmapped",
        "ill-formed-iri",
        "ill-formed-language-tag",
        "ill-formed-identifier",
        "unknown-value",
        "lost-statement",
        "wrong-type",
    }
)
"""Findings of source content that is not in the graph: strict mode refuses a record with any of them."""


@dataclass(frozen=True)
class Policy:
    """What refuses a document: findings of these severities, and in strict mode any loss."""

    refuse: frozenset[str]
    strict: bool = False
    publish_contacts: bool = False

    def verdict(self, document: Document, findings: Sequence[Finding]) -> Verdict:
        """The verdict on a document with these findings; a deletion is not refused for what was deleted."""
        if document.deleted and not any(found.code == NO_CONTEXT for found in findings):
            return "withdrawn"
        lost = self.strict and any(found.code in LOSSES for found in findings)
        if lost or any(found.severity in self.refuse for found in findings):
            return "quarantined"
        return "accepted"


@dataclass(frozen=True)
class Ruling:
    """A verdict with its findings, and what the document was mapped to, as N-Quads; nothing without a context."""

    verdict: Verdict
    findings: list[Finding]
    statements: bytes


class Judge:
    """Validates mapped records; one for a whole load.

    `schema_of` tells the schema of a record that is already in the ledger. Of another record the shapes read only what
    kind it is, of a concept only its schemes.
    """

    def __init__(self, mapping: Mapping, schema_of: Callable[[str], str | None]) -> None:
        self.mapping = mapping
        self.schema_of = schema_of
        self._records = mapping.iris.base + "id/record/"
        self._kinds: dict[str, list[ox.Triple]] = {}
        self._concepts: dict[ox.NamedNode, list[ox.Triple]] = defaultdict(list)
        for triple in mapping.thesaurus.triples():
            if triple.predicate == IN_SCHEME and isinstance(triple.subject, ox.NamedNode):
                self._concepts[triple.subject].append(triple)
        self.validator = Validator(shapes.load(mapping.iris.base), ontology.load(mapping.iris.base), self._about)

    def _about(self, node: ox.NamedNode) -> Iterable[ox.Triple]:
        if not node.value.startswith(self._records):
            return self._concepts.get(node, ())
        guid = node.value.removeprefix(self._records)
        if guid not in self._kinds:
            schema = self.schema_of(guid)
            kind = context.class_of(schema) if schema else None
            if kind is None:
                return ()
            self._kinds[guid] = [ox.Triple(node, TYPE, ox.NamedNode(kind))]
        return self._kinds[guid]

    def _remember(self, accepted: Iterable[Mapped], refused: Iterable[ox.NamedNode]) -> None:
        """Know of records that are not in the ledger yet, and no longer of what is refused."""
        for one in accepted:
            if kind := context.class_of(one.document.schema):
                node = self.mapping.iris.record(one.document.guid)
                self._kinds[one.document.guid] = [ox.Triple(node, TYPE, ox.NamedNode(kind))]
        for node in refused:
            self._kinds.pop(node.value.removeprefix(self._records), None)

    def forget(self) -> None:
        """Forget what kinds of records were looked up: `schema_of` is another one now."""
        self._kinds.clear()

    def findings(self, batch: Sequence[Mapped]) -> list[list[Finding]]:
        """All findings of each record, those of the mapping first. No two records of a batch have the same GUID."""
        iris = [self.mapping.iris.record(mapped.document.guid).value for mapped in batch]
        results = self.validator.check({iri: mapped.quads for iri, mapped in zip(iris, batch, strict=True)})
        return [
            [*mapped.findings, *(self._finding(mapped.document, result) for result in results.get(iri, ()))]
            for iri, mapped in zip(iris, batch, strict=True)
        ]

    def rulings(self, given: Sequence[Document | Cleaned], policy: Policy) -> list[Ruling]:
        """The ruling on each document, in the order given. Revisions of one record are judged one after the other."""
        rulings: dict[int, Ruling] = {}
        documents = [one.document if isinstance(one, Cleaned) else one for one in given]
        for group in _without_repeated_records(documents):
            cleaned: dict[int, Cleaned] = {}
            for index in group:
                one = given[index]
                try:
                    cleaned[index] = one if isinstance(one, Cleaned) else self.mapping.cleaned(one)
                except DoorError as error:
                    pointer = f"{documents[index].root}/header/schema"
                    rulings[index] = Ruling("quarantined", [finding("Violation", NO_CONTEXT, pointer, str(error))], b"")
            rulings |= zip(cleaned, self._ruled(self.mapping.mapped(list(cleaned.values())), policy), strict=True)
        return [rulings[index] for index in range(len(documents))]

    def _ruled(self, batch: Sequence[Mapped], policy: Policy) -> list[Ruling]:
        """The ruling on each of some records; what refers to a refused one of them is judged again without it."""
        ruled: dict[str, Ruling] = {}
        again = list(batch)
        while again:
            for one, found in zip(again, self.findings(again), strict=True):
                ruled[one.document.guid] = Ruling(policy.verdict(one.document, found), found, n_quads(one.quads))
            accepted = [one for one in batch if ruled[one.document.guid].verdict == "accepted"]
            judged = {one.document.guid: ruled[one.document.guid].verdict for one in again}
            newly = {self.mapping.iris.record(guid) for guid, verdict in judged.items() if verdict != "accepted"}
            self._remember(accepted, newly)
            again = [one for one in accepted if newly and any(quad.object in newly for quad in one.quads)]
        return [ruled[one.document.guid] for one in batch]

    def missing(self, findings: Iterable[Finding]) -> list[str]:
        """The GUIDs of the records that findings name as values and that are not in the ledger."""
        values = {found.value for found in findings if found.value and found.value.startswith(self._records)}
        named = {value.removeprefix(self._records) for value in values}
        return sorted(guid for guid in named if GUID.match(guid) and self.schema_of(guid) is None)

    def _finding(self, document: Document, result: Result) -> Finding:
        return Finding(
            severity=result.severity if result.severity in SEVERITIES else "Violation",
            code=result.component,
            pointer=document.root + pointers.pointer(document, result, self.mapping),
            messages=dict(result.messages),
            focus=pointers.text(result.focus),
            path=result.path,
            value=None if result.value is None else pointers.text(result.value)[:200],
            shape=None if result.shape.startswith("_:") else result.shape,
        )


def _without_repeated_records(documents: Sequence[Document]) -> Iterator[list[int]]:
    """The indexes of the documents in groups of different records, so that a record's revisions keep their order."""
    indexes = list(range(len(documents)))
    while indexes:
        first: dict[str, int] = {}
        later = [index for index in indexes if first.setdefault(documents[index].guid, index) != index]
        yield list(first.values())
        indexes = later
