"""The thesaurus as the ledger tells it: change sets are proposed, reviewed and approved here, and make its versions.

Each state of a change set is a document of schema `thesaurusChange`, in the ledger like any record. Version 1 is the
bundled thesaurus, which goes into the ledger before the first change; every approved change makes the next version. So
a version is a function of the ledger, and an approval one transaction: a crash leaves it done or not begun.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

import pyoxigraph as ox

from loaders.documents import CHANGE_SCHEMA, Document, Json, document
from loaders.judgement import Judge, Policy
from loaders.ledger import Entry, Ledger, Verdicted
from loaders.mapping import Mapping
from ontology.errors import EditingError, IdentifierError
from ontology.identifiers import DEFAULT_BASE, Iris, split_term, term_key
from thesaurus import changes, checks
from thesaurus.changes import ChangeSet, Conflict, Delta, Status
from thesaurus.vocabulary import Thesaurus, bundled, rebased

RELEASE = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{DEFAULT_BASE}id/thesaurus")).upper()
"""The change set that holds the bundled thesaurus: version 1."""
LISTED = 2000
"""A change of up to so many statements lists them in the graph as well; a larger one is told by the ledger alone."""
_POLICY = Policy(frozenset({"Violation", "Warning"}), strict=True)


@dataclass(frozen=True)
class Review:
    """What a reviewer has to know of a change set.

    Conflicts with changes approved since its base; findings that it would bring, and those that what it touches has
    already; how many records are tagged with each concept that it replaces, and so will be tagged anew.
    """

    conflicts: list[Conflict]
    new: list[checks.Finding]
    old: list[checks.Finding]
    records: dict[ox.NamedNode, int]

    @property
    def refusals(self) -> list[str]:
        """Why the change set cannot be approved, a sentence each."""
        met = [f"{one.subject.value}: another change has given another {one.predicate.value}" for one in self.conflicts]
        errors = [finding for finding in self.new if finding.level == checks.Level.ERROR]
        return met + [f"{finding.concept}: {finding.message}" for finding in errors]


class ChangeRefused(EditingError):
    """A change set with conflicts or new errors; `review` has them."""

    def __init__(self, change: ChangeSet, review: Review) -> None:
        super().__init__(f"change {change.id} cannot be approved: {'; '.join(review.refusals)}")
        self.review = review


class _Overtaken(EditingError):
    """Another change was decided on between looking and writing."""


class Editing:
    """The changes of the thesaurus in a ledger, and what it was at each version; with `until`, as of that sequence
    number."""

    def __init__(self, ledger: Ledger, iris: Iris, until: int | None = None) -> None:
        self.ledger = ledger
        self.iris = iris
        self._until = until
        self._read = 0
        self._sets: dict[str, ChangeSet] = {}
        self._approved: list[tuple[int, ChangeSet]] = []
        self._folded: tuple[int, dict[ox.Triple, None]] = (0, {})

    def over(self, ledger: Ledger) -> Editing:
        """The same over another connection to the ledger, which need not be read again."""
        other = copy(self)
        other.ledger = ledger
        other._sets, other._approved = dict(self._sets), list(self._approved)
        return other

    # What is known

    def version(self) -> int:
        """The number of the present version, 1 or more."""
        self._follow()
        return max(len(self._approved), 1)

    def statements(self, version: int | None = None) -> tuple[ox.Triple, ...]:
        """The thesaurus at a version, by default the present one. EditingError for a version there is not."""
        wanted = self.version() if version is None else version
        if not 1 <= wanted <= self.version():
            raise EditingError(f"there is no version {wanted} of the thesaurus; expected 1 to {self.version()}")
        if not self._approved:
            return tuple(rebased(bundled(), DEFAULT_BASE, self.iris.base))
        done, folded = self._folded if self._folded[0] <= wanted else (0, {})
        for _, change in self._approved[done:wanted]:
            folded = dict.fromkeys(changes.applied(folded, change.delta))
        self._folded = wanted, folded
        return tuple(folded)

    def thesaurus(self) -> Thesaurus:
        """The present version, to be asked."""
        return Thesaurus(self.statements(), self.version())

    def delta(self, older: int, newer: int) -> Delta:
        """What leads from one version to another. EditingError for a version there is not."""
        return changes.delta(self.statements(older), self.statements(newer))

    def changes(self, status: Status | None = None, concept: ox.NamedNode | None = None) -> list[ChangeSet]:
        """The change sets, those decided on or proposed last first; only of a status, or about a concept."""
        self._follow()
        return [
            change
            for change in reversed(self._sets.values())
            if status in (None, change.status) and (concept is None or concept in change.delta.subjects())
        ]

    def change(self, identifier: str) -> ChangeSet:
        """A change set as it is now. EditingError where there is none."""
        self._follow()
        try:
            return self._sets[identifier.upper()]
        except KeyError:
            raise EditingError(f"there is no change set {identifier!r:.60}") from None

    def review(self, identifier: str) -> Review:
        """What is to be known before a decision on a change set."""
        change = self.change(identifier)
        return self.assessment(change.delta, change.base)

    def assessment(self, delta: Delta, base: int | None = None) -> Review:
        """The same of a change that is not proposed yet."""
        now = self.statements()
        after = changes.applied(now, delta)
        about = changes.touched(now, delta) | changes.touched(after, delta)
        before = set(checks.touched(now, self.iris.base, about))
        found = checks.touched(after, self.iris.base, about)
        return Review(
            conflicts=changes.conflicts(self.statements(base), now, delta),
            new=[finding for finding in found if finding not in before],
            old=[finding for finding in found if finding in before],
            records={concept: len(entries) for concept, entries in self.tagged(delta.replaced()).items()},
        )

    def tagged(self, concepts: Iterable[ox.NamedNode]) -> dict[ox.NamedNode, list[Entry]]:
        """The published records that name each of some concepts, as the ledger has them."""
        named = changes.identifiers(self.statements(), concepts)
        meant = {term_key(name): concept for concept, names in named.items() for name in names}
        found: dict[ox.NamedNode, list[Entry]] = {concept: [] for concept in named}
        for entry in self.ledger.naming(meant) if meant else ():
            for concept in {meant[key] for key in _term_keys(entry.document.body) if key in meant}:
                found[concept].append(entry)
        return found

    # What is decided

    def propose(self, delta: Delta, *, author: str, reason: str, base: int | None = None) -> ChangeSet:
        """Enter a change made on a version, by default the present one. EditingError where it changes nothing, where
        author or reason is empty, or where what it removes was not there."""
        self._refuse_empty(author=author, reason=reason)
        made_on = self.version() if base is None else base
        identifier = str(uuid.uuid4()).upper()
        change = ChangeSet(identifier, author, reason, made_on, delta, "proposed", _now())
        self._refuse_impossible(change)
        self._enter(change, author, lambda: None)
        return self.change(identifier)

    def revise(self, identifier: str, delta: Delta, *, author: str, reason: str | None = None) -> ChangeSet:
        """Put another change, made on the present version, in the place of a proposed one: how conflicts are resolved.
        Its author is who revises it."""
        change = self._proposed(identifier)
        revised = replace(
            change,
            delta=delta,
            base=self.version(),
            author=author,
            reason=reason or change.reason,
            revision=change.revision + 1,
        )
        self._refuse_empty(author=author, reason=revised.reason)
        self._refuse_impossible(revised)
        self._enter(revised, author, self._still(change))
        return self.change(identifier)

    def approve(self, identifier: str, *, reviewer: str, remark: str = "") -> ChangeSet:
        """Make a proposed change the next version. ChangeRefused for conflicts and new errors; what was found before
        the change is no obstacle."""
        self._refuse_empty(reviewer=reviewer)
        while True:
            change, version = self._proposed(identifier), self.version()
            if (review := self.review(identifier)).refusals:
                raise ChangeRefused(change, review)
            approved = replace(_decided(change, "approved", reviewer, remark), version=version + 1)
            try:
                self._enter(approved, reviewer, self._still(change, version))
            except _Overtaken:
                continue  # another change came first: this one is to be looked at again
            return self.change(identifier)

    def reject(self, identifier: str, *, reviewer: str, remark: str) -> ChangeSet:
        """Decide against a proposed change, with a remark that says why."""
        self._refuse_empty(reviewer=reviewer, remark=remark)
        change = self._proposed(identifier)
        self._enter(_decided(change, "rejected", reviewer, remark), reviewer, self._still(change))
        return self.change(identifier)

    def retagged(self, since: int) -> Iterator[tuple[ChangeSet, list[Entry]]]:
        """The changes approved after a sequence number that replace concepts, each with the records that name one and
        were not judged since."""
        self._follow()
        for sequence, change in self._approved:
            if sequence > since and change.id != RELEASE and (replaced := change.delta.replaced()):
                entries = {entry.record: entry for found in self.tagged(replaced).values() for entry in found}
                yield change, [entry for entry in entries.values() if entry.seq < sequence]

    # How it is kept

    def _follow(self) -> None:
        """Take in what the ledger has beyond what was read."""
        for sequence, entry in self.ledger.received(CHANGE_SCHEMA, self._read, self._until):
            change = self._change(entry)
            self._read = sequence
            self._sets.pop(change.id, None)
            self._sets[change.id] = change
            if change.status == "approved":
                self._approved.append((sequence, change))

    def _change(self, entry: Entry) -> ChangeSet:
        body = entry.document.body
        told = Delta.of_lines(_lines(body, "added"), _lines(body, "removed"), f"change {entry.record}")
        return ChangeSet(
            id=entry.record,
            author=body["author"],
            reason=body["reason"],
            base=body["base"],
            delta=self._moved(told, DEFAULT_BASE, self.iris.base),
            status=body["status"],
            created=entry.document.information["createdOn"],
            revision=entry.revision,
            reviewer=body.get("reviewer"),
            reviewed=body.get("reviewed"),
            remark=body.get("remark"),
            version=body.get("version"),
        )

    def _document(self, change: ChangeSet) -> Document:
        added, removed = self._moved(change.delta, self.iris.base, DEFAULT_BASE).lines()
        is_listed = len(added) + len(removed) <= LISTED
        body: dict[str, Json] = {
            "header": {"identifier": change.id, "schema": CHANGE_SCHEMA},
            "status": change.status,
            "author": change.author,
            "reason": change.reason,
            "base": change.base,
            "version": change.version,
            "reviewer": change.reviewer,
            "reviewed": change.reviewed,
            "remark": change.remark,
            "numberAdded": len(added),
            "numberRemoved": len(removed),
        }
        if is_listed:
            ours = f"{self.iris.base}id/"
            concepts = sorted(node.value.removeprefix(ours) for node in change.delta.subjects())
            body |= {"concepts": concepts, "added": added, "removed": removed}
        else:
            body |= {"addedText": "\n".join(added), "removedText": "\n".join(removed)}
        whole = {
            "identifier": change.id,
            "type": CHANGE_SCHEMA,
            "revision": change.revision,
            "createdOn": change.created,
            "updatedOn": change.reviewed or _now(),
            "body": {key: value for key, value in body.items() if value is not None},
        }
        return document(whole, json.dumps(whole, ensure_ascii=False))

    @staticmethod
    def _moved(delta: Delta, old: str, new: str) -> Delta:
        return Delta(frozenset(rebased(delta.added, old, new)), frozenset(rebased(delta.removed, old, new)))

    def _enter(self, change: ChangeSet, agent: str, check: Callable[[], None]) -> None:
        """Append a state of a change set, if the check, made in the transaction, passes."""
        judged = self._judged(change)

        def entries() -> Iterator[Verdicted]:
            check()
            self._follow()
            if not self._sets:
                yield self._judged(self._release())
            yield judged

        self.ledger.append(entries(), agent=agent)

    def _judged(self, change: ChangeSet) -> Verdicted:
        whole = self._document(change)
        [ruling] = _judge(self.iris.base).rulings([whole], _POLICY)
        if ruling.verdict != "accepted":
            said = "; ".join(f"{finding.pointer}: {finding.message}" for finding in ruling.findings)
            raise EditingError(f"change {change.id} is no change set: {said}")
        return Verdicted(whole, change.revision, "accepted", ruling.findings, "thesaurus")

    def _release(self) -> ChangeSet:
        statements = frozenset(rebased(bundled(), DEFAULT_BASE, self.iris.base))
        first = ChangeSet(
            RELEASE, "release", "The bundled thesaurus.", 0, Delta(statements, frozenset()), "proposed", _now()
        )
        return replace(_decided(first, "approved", "release", ""), revision=1, version=1)

    def _proposed(self, identifier: str) -> ChangeSet:
        change = self.change(identifier)
        if change.status != "proposed":
            raise EditingError(f"change {change.id} is {change.status} already, by {change.reviewer}")
        return change

    def _still(self, change: ChangeSet, version: int | None = None) -> Callable[[], None]:
        """A check that a change set, and where one is given the version, is still the one that was looked at."""

        def check() -> None:
            if version is not None and self.version() != version:
                raise _Overtaken(f"the thesaurus is at version {self.version()} by now")
            if self.change(change.id) != change:
                raise EditingError(f"change {change.id} was revised or decided on meanwhile; look at it again")

        return check

    def _refuse_impossible(self, change: ChangeSet) -> None:
        if change.delta.is_empty():
            raise EditingError("the change adds and removes nothing; expected at least one statement")
        missing = change.delta.removed - {*self.statements(change.base)}
        if missing:
            shown = min(map(str, missing))
            raise EditingError(f"{len(missing)} statements to remove are not in version {change.base}, such as {shown}")

    @staticmethod
    def _refuse_empty(**given: str) -> None:
        for name, value in given.items():
            if not value.strip():
                raise EditingError(f"{name} is empty; expected who or why")


@cache
def _judge(base: str) -> Judge:
    """The judge of change sets: they name no record and no term."""
    return Judge(Mapping(Iris(base), Thesaurus(())), lambda guid: None)


def present(mapping: Mapping, ledger: Ledger, until: int | None = None) -> Mapping:
    """A mapping with the thesaurus as the ledger tells it, up to a sequence number: the same one if it has that."""
    editing = Editing(ledger, mapping.iris, until)
    same = editing.version() == mapping.thesaurus.version
    return mapping if same else Mapping(mapping.iris, editing.thesaurus())


def _decided(change: ChangeSet, status: Status, reviewer: str, remark: str) -> ChangeSet:
    return replace(
        change,
        status=status,
        reviewer=reviewer,
        reviewed=_now(),
        remark=remark.strip() or None,
        revision=change.revision + 1,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _lines(body: dict[str, Json], name: str) -> list[str]:
    lines: list[str] = body.get(name) or body.get(f"{name}Text", "").split("\n")
    return lines


def _term_keys(value: Json) -> Iterator[str]:
    """Every text in a document that may be the identifier of a term, as terms are compared."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from _term_keys(member)
    elif isinstance(value, str) and 0 < len(value) <= 1024:
        try:
            yield term_key(split_term(value)[0])
        except IdentifierError:
            return
