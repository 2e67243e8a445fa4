"""The gate: admits, maps and judges documents, a batch at a time, and enters them with their verdicts in the ledger."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TypeVar

from loaders import door
from loaders.documents import OWN_SCHEMAS, Document
from loaders.editing import Editing, present
from loaders.findings import Finding
from loaders.judgement import Judge, Policy, Ruling
from loaders.ledger import Entry, Ledger, Verdict, Verdicted
from loaders.mapping import Cleaned
from loaders.process import JudgeProcess
from loaders.projection import Made
from loaders.sources import Item, Raw, Refusal
from ontology.errors import DoorError, IdentifierError
from ontology.realms import refuse_other_systems

T = TypeVar("T")

BATCH = 1000
"""Documents that are judged together and become durable together."""
AHEAD = 2
"""Batches that may be with the other process while one is entered, so that it need not wait."""


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

    `made` holds the judged documents with their statements, by digest.
    """

    judged: list[Judged] = field(default_factory=list)
    repeated: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    made: dict[str, Made] = field(default_factory=dict)

    def counts(self) -> Counter[str]:
        """How many of each: the verdicts, `repeated` and `refused`."""
        counted: Counter[str] = Counter(judged.verdict for judged in self.judged)
        return counted + Counter(repeated=self.repeated, refused=len(self.refusals))


@dataclass(frozen=True)
class Admitted:
    """A document past the door, with its item and what was removed from it."""

    item: Raw
    document: Document
    removed: list[Finding]


class Gate:
    """The one way into a ledger."""

    def __init__(self, ledger: Ledger, judge: Judge, policy: Policy, *, agent: str) -> None:
        self.ledger = ledger
        self.judge = judge
        self.policy = policy
        self.agent = agent

    def outcomes(self, items: Iterable[Item]) -> Iterator[Outcome]:
        """Load items a batch at a time. What an outcome says is durable before it is given.

        From the second batch on another process judges a batch while those before it are entered here, unless the
        ledger is in memory, where no other process can ask it.
        """
        batches = _batched(items)
        ahead = list(islice(batches, 2))
        if len(ahead) < 2 or self.ledger.path is None:
            yield from map(self._outcome, chain(ahead, batches))
        else:
            first, second = ahead
            thesaurus = self.judge.mapping.thesaurus.version
            with JudgeProcess(self.judge.mapping.iris.base, self.ledger.path, thesaurus, self.policy) as process:
                yield self._outcome(first)  # the other process takes a while to start
                yield from self._outcomes_beside(process, chain([second], batches))

    def _outcome(self, batch: list[Item]) -> Outcome:
        """Admit, judge and enter a batch in this process."""
        outcome, admitted = self._admit(batch)
        return self._enter(outcome, admitted, self.judge.rulings([one.document for one in admitted], self.policy))

    def _outcomes_beside(self, process: JudgeProcess, batches: Iterable[list[Item]]) -> Iterator[Outcome]:
        judging: deque[tuple[Outcome, list[Admitted]]] = deque()
        for batch in batches:
            outcome, admitted = self._admit(batch)
            idle = len(judging) == AHEAD
            process.send([self._prepared(one.document, idle and not process.is_ready()) for one in admitted])
            judging.append((outcome, admitted))
            if len(judging) > AHEAD:
                yield self._enter(*judging.popleft(), process.receive())
        while judging:
            yield self._enter(*judging.popleft(), process.receive())

    def _admit(self, items: Sequence[Item]) -> tuple[Outcome, list[Admitted]]:
        """What passes the door and is not known yet; the outcome says what is not readable and what is known."""
        outcome = Outcome()
        redactions = self.ledger.redactions()
        readable = []
        for item in items:
            if isinstance(item, Refusal):
                outcome.refusals.append(item)
                continue
            try:
                whole, removed = door.admitted(item.text, redactions, publish_contacts=self.policy.publish_contacts)
                refuse_other_systems(whole.realm or "")
                _refuse_own(whole)
            except (DoorError, IdentifierError) as error:
                outcome.refusals.append(Refusal(item.source, item.place, str(error)))
            else:
                readable.append(Admitted(item, whole, removed))
        known = self.ledger.known(one.document.digest for one in readable)
        admitted = [one for one in readable if one.document.digest not in known]
        outcome.repeated = len(readable) - len(admitted)
        return outcome, admitted

    def _prepared(self, document: Document, idle: bool) -> Document | Cleaned:
        """The document, already cleaned where this process would only wait for the other one."""
        if idle:
            with suppress(DoorError):  # its schema has no context, which is for the judge to say
                return self.judge.mapping.cleaned(document)
        return document

    def _enter(self, outcome: Outcome, admitted: Sequence[Admitted], rulings: Sequence[Ruling]) -> Outcome:
        """Append what was judged, in one transaction, and complete the outcome."""
        self.ledger.refuse((refusal.source, refusal.place, refusal.message) for refusal in outcome.refusals)
        known = self.ledger.known(one.document.digest for one in admitted)
        self.ledger.append(self._entries(outcome, zip(admitted, rulings, strict=True), known), agent=self.agent)
        return outcome

    def _entries(
        self, outcome: Outcome, judged: Iterable[tuple[Admitted, Ruling]], known: set[str]
    ) -> Iterator[Verdicted]:
        """What to append, found out while it is appended: a revision may depend on the document before it.

        `known` are the digests of documents that are in the ledger already.
        """
        for one, ruling in judged:
            digest = one.document.digest
            revision = one.document.revision or self.ledger.revision_of(one.document)
            if revision is None or digest in known:
                outcome.repeated += 1
                continue
            known.add(digest)
            item, findings = one.item, one.removed + ruling.findings
            entered = Judged(item.source, item.place, one.document, revision, ruling.verdict, findings)
            outcome.judged.append(entered)
            outcome.made[digest] = Made(one.document, ruling.statements)
            yield self._verdicted(entered)

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

    def retry(self, entries: Iterable[Entry], because: str | None = None) -> Iterator[Judged]:
        """Judge entries of the ledger again and append what has changed: a verdict, or another report; all of them,
        with this as their source, where it is said why."""
        for batch in _batched(entries):
            changed = []
            for entry, ruling in zip(
                batch, self.judge.rulings([entry.document for entry in batch], self.policy), strict=True
            ):
                removed = [Finding(**found) for found in entry.report if found.get("code") == "removed"]
                findings = removed + ruling.findings
                told = ruling.verdict, [found.as_json() for found in findings]
                if because or told != (entry.verdict, entry.report):
                    source = because or entry.source
                    changed.append(Judged(source, "", entry.document, entry.revision, ruling.verdict, findings))
            self.ledger.append((self._verdicted(one) for one in changed), agent=self.agent)
            yield from changed

    def settle(self) -> list[Judged]:
        """Judge again the records whose missing references have arrived since."""
        records = self.ledger.settled()
        changed = list(self.retry(entry for record in records for entry in self.ledger.history(record)[-1:]))
        self.ledger.stop_waiting(records)
        return changed

    def follow_thesaurus(self) -> None:
        """Judge from here on with the thesaurus as the ledger tells it now."""
        mapping = present(self.judge.mapping, self.ledger)
        if mapping is not self.judge.mapping:
            self.judge = Judge(mapping, self.ledger.schema_of)

    def retag(self, since: int) -> list[Judged]:
        """Judge again the records tagged with a concept that a change approved after a sequence number has replaced."""
        self.follow_thesaurus()
        changes = Editing(self.ledger, self.judge.mapping.iris).retagged(since)
        return [
            judged for change, entries in changes for judged in self.retry(entries, f"thesaurus change {change.id}")
        ]

    def redact(self) -> list[str]:
        """Take fields that a later revision withholds out of the earlier ones in the ledger; the records that lost
        something.

        Replaced text stays in the files of the ledger, the graph store and its generations until all three are written
        anew; `Ledger.graph_is_stale` tells so until it is done.
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
        return changed


def _refuse_own(whole: Document) -> None:
    if whole.schema in OWN_SCHEMAS:
        raise DoorError(f"{whole.root}/header/schema: {whole.schema} is made here, by editing or tagging; not loaded")


def _batched(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
