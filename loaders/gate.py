"""The gate: admits, maps and judges documents, a batch at a time, and enters them with their verdicts in the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import pyoxigraph as ox

from loaders import door
from loaders.documents import Document
from loaders.findings import Finding, finding, refused
from loaders.judgement import Judge
from loaders.ledger import Entry, Ledger, Verdict, Verdicted
from loaders.sources import Item, Raw, Refusal
from ontology.errors import DoorError, IdentifierError
from ontology.realms import refuse_other_systems

T = TypeVar("T")

BATCH = 1000
"""Documents that are judged together and become durable together."""
LOSSES = frozenset(
    {
        "unmapped",
        "ill-formed-iri",
        "ill-formed-language-tag",
        "ill-formed-identifier",
        "unknown-value",
        "lost-statement",
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
        """The verdict on a document with these findings."""
        if refused(findings, self.refuse) or (self.strict and any(found.code in LOSSES for found in findings)):
            return "quarantined"
        return "withdrawn" if document.deleted else "accepted"


@dataclass(frozen=True)
class Judged:
    """One document with its verdict, and where it came from."""

    source: str
    place: str
    document: Document
    revision: int
    verdict: Verdict
    findings: list[Finding]


@dataclass
class Outcome:
    """What became of the items of a load: judged documents, repetitions of known ones, and what could not be read.

    `mapped` holds the statements of the judged documents by digest.
    """

    judged: list[Judged] = field(default_factory=list)
    repeated: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    mapped: dict[str, list[ox.Quad]] = field(default_factory=dict)

    def counts(self) -> Counter[str]:
        """How many of each: the verdicts, `repeated` and `refused`."""
        counted: Counter[str] = Counter(judged.verdict for judged in self.judged)
        return counted + Counter(repeated=self.repeated, refused=len(self.refusals))


class Gate:
    """The one way into a ledger."""

    def __init__(self, ledger: Ledger, judge: Judge, policy: Policy, *, agent: str) -> None:
        self.ledger = ledger
        self.judge = judge
        self.policy = policy
        self.agent = agent

    def outcomes(self, items: Iterable[Item]) -> Iterator[Outcome]:
        """Load items a batch at a time. What an outcome says is durable before it is given."""
        for batch in _batched(items):
            yield self._load(batch)

    def _load(self, items: Sequence[Item]) -> Outcome:
        outcome = Outcome()
        redactions = self.ledger.redactions()
        admitted: list[tuple[Raw, Document, list[Finding]]] = []
        for item in items:
            if isinstance(item, Refusal):
                outcome.refusals.append(item)
                continue
            try:
                whole, removed = door.admitted(item.text, redactions, publish_contacts=self.policy.publish_contacts)
                refuse_other_systems(whole.realm or "")
            except (DoorError, IdentifierError) as error:
                outcome.refusals.append(Refusal(item.source, item.place, str(error)))
            else:
                admitted.append((item, whole, removed))
        self.ledger.refuse((refusal.source, refusal.place, refusal.message) for refusal in outcome.refusals)
        for group in _without_repeated_records(admitted):
            self._judge(group, outcome)
        return outcome

    def _judge(self, group: Sequence[tuple[Raw, Document, list[Finding]]], outcome: Outcome) -> None:
        """Judge documents of different records and append them."""
        fresh = []
        for item, whole, removed in group:
            revision = whole.revision or self.ledger.revision_of(whole)
            if revision is None or self.ledger.knows(whole.digest):
                outcome.repeated += 1
            else:
                fresh.append((item, whole, removed, revision))
        found = self.verdicts([whole for _, whole, _, _ in fresh], outcome.mapped)
        judged = [
            Judged(item.source, item.place, whole, revision, verdict, removed + findings)
            for (item, whole, removed, revision), (verdict, findings) in zip(fresh, found, strict=True)
        ]
        self.ledger.append((self._verdicted(one) for one in judged), agent=self.agent)
        outcome.judged += judged

    def verdicts(
        self, documents: Sequence[Document], statements: dict[str, list[ox.Quad]] | None = None
    ) -> list[tuple[Verdict, list[Finding]]]:
        """The verdict on each of some documents of different records, with the findings.

        `statements` takes up what the documents were mapped to, by digest.
        """
        results: dict[int, list[Finding]] = {}
        mappable = []
        for index, whole in enumerate(documents):
            try:
                self.judge.mapping.walk(whole)
            except DoorError as error:
                results[index] = [finding("Violation", "no-context", f"{whole.root}/header/schema", str(error))]
            else:
                mappable.append(index)
        mapped = self.judge.mapping.mapped([documents[index] for index in mappable])
        results |= zip(mappable, self.judge.findings(mapped), strict=True)
        if statements is not None:
            statements |= {one.document.digest: one.quads for one in mapped}
        return [(self.policy.verdict(whole, results[index]), results[index]) for index, whole in enumerate(documents)]

    def _verdicted(self, one: Judged) -> Verdicted:
        return Verdicted(
            document=one.document,
            revision=one.revision,
            verdict=one.verdict,
            findings=one.findings,
            source=f"{one.source} {one.place}".strip(),
            withheld=door.withheld_fields(one.document),
            awaits=self.judge.missing(one.findings),
        )

    # What is judged again

    def retry(self, entries: Iterable[Entry]) -> Iterator[Judged]:
        """Judge entries of the ledger again and append what has changed: a verdict, or another report."""
        for batch in _batched(entries):
            for group in _without_repeated_records([(entry, entry.document, []) for entry in batch]):
                yield from self._retry([(entry, whole) for entry, whole, _ in group])

    def _retry(self, group: Sequence[tuple[Entry, Document]]) -> list[Judged]:
        changed = []
        for (entry, whole), (verdict, findings) in zip(
            group, self.verdicts([whole for _, whole in group]), strict=True
        ):
            removed = [Finding(**found) for found in entry.report if found.get("code") == "removed"]
            report = [found.as_json() for found in removed + findings]
            if (verdict, report) != (entry.verdict, entry.report):
                changed.append(Judged(entry.source, "", whole, entry.revision, verdict, removed + findings))
        self.ledger.append((self._verdicted(one) for one in changed), agent=self.agent)
        return changed

    def settle(self) -> list[Judged]:
        """Judge again the records whose missing references have arrived since."""
        records = self.ledger.settled()
        changed = list(self.retry(entry for record in records for entry in self.ledger.history(record)[-1:]))
        self.ledger.stop_waiting(records)
        return changed

    def redact(self) -> list[str]:
        """Take fields that a later revision withholds out of the earlier ones in the ledger; the records that lost
        something.

        The graph store and its generations have to be built anew after this, since replaced text stays in their files.
        """
        redactions = self.ledger.redactions()
        changed = []
        for record, fields, history in self.ledger.unredacted():
            replaced = []
            for entry in history:
                whole, removed = door.admitted(entry.text, redactions, publish_contacts=True)
                if removed:
                    replaced.append((entry.digest, whole))
            self.ledger.redact(record, replaced, fields, agent=self.agent)
            if replaced:
                changed.append(record)
        if changed:
            self.ledger.vacuum()
        return changed


def _batched(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _without_repeated_records(
    items: Sequence[tuple[T, Document, list[Finding]]],
) -> Iterator[list[tuple[T, Document, list[Finding]]]]:
    """The items in groups of different records, so that a record's revisions are judged in the order they came."""
    while items:
        first: dict[str, tuple[T, Document, list[Finding]]] = {}
        later = []
        for item in items:
            if first.setdefault(item[1].guid, item) is not item:
                later.append(item)
        yield list(first.values())
        items = later
