"""Tags in the ledger: the concepts a model suggests for a record, and what curators decide on them.

Both are documents of the ledger, of schemas of their own, so each is a named graph of its own by the way every record
takes, beside the record's and never in it: what a country said and what was suggested are not mixed.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Literal, Self

from loaders.documents import GUID, Document, Json, JsonObject, document
from loaders.judgement import Judge, Policy
from loaders.ledger import Entry, Ledger, Verdicted
from loaders.mapping import Mapping
from loaders.projection import published
from ontology.errors import IdentifierError, LedgerError
from ontology.identifiers import DEFAULT_BASE
from thesaurus.vocabulary import Thesaurus

CANDIDATES, DECISION = "tagCandidates", "tagDecision"
Verdict = Literal["accepted", "rejected"]
SOURCE = "tagging"
POLICY = Policy(frozenset({"Violation"}), strict=True)
TOGETHER = 500
"""Documents that are judged and become durable together."""
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, f"{DEFAULT_BASE}id/tagging")


@dataclass(frozen=True)
class Evidence:
    """A place in a text of a record: the text's JSON pointer, where in its plain text, and which label is there."""

    field: str
    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Candidate:
    """A suggested concept, by its IRI, with a score from 0 to 1 and what speaks for it."""

    concept: str
    score: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Candidates:
    """What a version of a model suggests for a revision of a record, best first, made of texts in some languages."""

    record: str
    revision: int
    model: str
    languages: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    made: str = ""

    def is_same(self, other: Self) -> bool:
        """Whether the other says the same, whenever it was made."""
        return replace(self, made="") == replace(other, made="")


@dataclass(frozen=True)
class Decision:
    """What somebody decided on a concept as a keyword of a record; `model` is what had suggested it, if any did."""

    record: str
    concept: str
    decision: Verdict
    by: str
    at: str
    model: str | None = None


def candidates_guid(record: str) -> str:
    """The GUID of the candidates of a record."""
    return str(uuid.uuid5(_NAMES, record)).upper()


def decision_guid(record: str, concept: str) -> str:
    """The GUID of the decision on a concept for a record; those of a record begin with that of its candidates."""
    return f"{candidates_guid(record)}-{uuid.uuid5(_NAMES, concept)}".upper()


class Tagging:
    """The candidates and decisions of one ledger; a judge validates them as it does every record."""

    def __init__(self, ledger: Ledger, mapping: Mapping, judge: Judge | None = None) -> None:
        self.ledger = ledger
        self.mapping = mapping
        self._given = judge
        self._ours = f"{mapping.iris.base}id/"

    @cached_property
    def judge(self) -> Judge:
        """The judge given, else one of its own: making one takes a while."""
        return self._given or Judge(Mapping(self.mapping.iris, Thesaurus(())), self.ledger.schema_of)

    # What there is

    def entry(self, identifier: str) -> Entry:
        """What the ledger publishes of a record now. IdentifierError for one that it does not have, or no longer."""
        guid = self.ledger.guid(identifier, self.mapping.iris)
        revisions = published(self.ledger.history(guid))
        if not revisions or revisions[-1].verdict != "accepted" or revisions[-1].schema in (CANDIDATES, DECISION):
            raise IdentifierError(f"there is no record {identifier!r:.80} to be tagged")
        return revisions[-1]

    def entries(self, schema: str | None = None, since: str | None = None) -> Iterator[Entry]:
        """What is published of every record, of a schema, or received since a time (ISO 8601)."""
        records = iter(self.ledger.records(schema, since))
        while some := list(islice(records, TOGETHER)):
            for history in self.ledger.histories(some).values():
                yield from (entry for entry in published(history)[-1:] if entry.verdict == "accepted")

    def candidates(self, record: str) -> Candidates | None:
        """What is suggested for a record, by its GUID; None before that was asked for."""
        held = self._held(candidates_guid(record))
        return self._candidates(held) if held else None

    def decisions(self, record: str) -> dict[str, Decision]:
        """What holds now of what was decided for a record, by concept."""
        guids = self.ledger.beginning_with(f"{candidates_guid(record)}-")
        held = (published(history)[-1:] for history in self.ledger.histories(guids).values())
        decided = (self._decision(entry.document.body) for entries in held for entry in entries)
        return {one.concept: one for one in decided}

    def all_decisions(self) -> dict[str, dict[str, Decision]]:
        """What holds now of all that was decided: record → concept → decision."""
        found: dict[str, dict[str, Decision]] = {}
        for _, entry in self.ledger.received(DECISION):
            if entry.verdict == "accepted":
                one = self._decision(entry.document.body)
                found.setdefault(one.record, {})[one.concept] = one
        return found

    # What is entered

    def store(self, made: Iterable[Candidates], *, agent: str) -> int:
        """Enter candidates; the number of records for which they are new. Same candidates of the same model are not
        entered again."""
        stored = 0
        batch: list[Candidates] = []
        for one in made:
            batch.append(one)
            if len(batch) == TOGETHER:
                stored += self._store(batch, agent)
                batch = []
        return stored + self._store(batch, agent)

    def decide(self, record: str, concept: str, decision: Verdict, by: str, *, model: str | None = None) -> Decision:
        """Enter a decision; it takes the place of the one before. LedgerError for one that the shapes refuse."""
        taken = Decision(record, concept, decision, by, _now(), model)
        about = {"record": {"identifier": record}, "concept": self._named(concept)}
        body = {**about, "decision": decision, "by": by, "model": model, "at": taken.at}
        self._append([_whole(decision_guid(record, concept), DECISION, body)], by)
        return taken

    def settle(self, *, agent: str = SOURCE) -> int:
        """Take out the candidates made of what later revisions withhold, and withdraw those of withdrawn records; how
        many records lost theirs.

        A label found in a withheld text tells what it said, and so does the suggestion. To be called before the graph
        is published, after the records themselves are redacted.
        """
        redactions = self.ledger.redactions()
        lost = sum(self._forget(record, max(fields.values()), agent) for record, fields in redactions.items() if fields)
        withdrawn = [candidates_guid(one) for one in self.ledger.withdrawn() if self._held(one) is None]
        gone = [guid for guid in withdrawn if self._held(guid)]
        self._append([_whole(guid, CANDIDATES, {}, deletedOn=_now()) for guid in gone], agent)
        return lost + len(gone)

    # How it is kept

    def _held(self, guid: str) -> Entry | None:
        revisions = published(self.ledger.history(guid))
        return revisions[-1] if revisions and revisions[-1].verdict == "accepted" else None

    def _store(self, made: Sequence[Candidates], agent: str) -> int:
        new = [one for one in made if (held := self.candidates(one.record)) is None or not held.is_same(one)]
        self._append([self._document(one) for one in new], agent)
        return len(new)

    def _append(self, documents: Sequence[Document], agent: str) -> None:
        """Judge documents and append them, each as the next revision of its record."""
        rulings = self.judge.rulings(documents, POLICY)
        for whole, ruling in zip(documents, rulings, strict=True):
            if ruling.verdict == "quarantined":
                said = "; ".join(f"{found.pointer}: {found.message}" for found in ruling.findings)
                raise LedgerError(f"{whole.schema} {whole.guid} is not as it should be: {said}")

        def entries() -> Iterator[Verdicted]:
            for whole, ruling in zip(documents, rulings, strict=True):
                if revision := self.ledger.revision_of(whole):
                    yield Verdicted(whole, revision, ruling.verdict, ruling.findings, SOURCE)

        if documents:
            self.ledger.append(entries(), agent=agent)

    def _forget(self, record: str, revision: int, agent: str) -> bool:
        """Take the candidates out of the documents made of revisions before one; whether there were any."""
        guid = candidates_guid(record)
        replaced = []
        for entry in self.ledger.history(guid):
            body = entry.document.body
            if "candidates" in body and _reference(body)[1] < revision:
                kept = {key: value for key, value in body.items() if key not in ("header", "candidates")}
                replaced.append((entry.digest, _whole(guid, CANDIDATES, kept)))
        if replaced:
            self.ledger.redact(guid, replaced, ["candidates"], agent=agent)
        return bool(replaced)

    def _document(self, made: Candidates) -> Document:
        listed = [
            {
                "concept": self._named(one.concept),
                "score": one.score,
                **({"evidence": [vars(place) for place in one.evidence]} if one.evidence else {}),
            }
            for one in made.candidates
        ]
        about = {"record": {"identifier": f"{made.record}@{made.revision}"}, "model": made.model}
        body = {**about, "textLanguages": list(made.languages), "madeAt": made.made or _now(), "candidates": listed}
        return _whole(candidates_guid(made.record), CANDIDATES, body)

    def _candidates(self, entry: Entry) -> Candidates:
        body = entry.document.body
        record, revision = _reference(body)
        listed = tuple(
            Candidate(
                self._concept(one["concept"]),
                one["score"],
                tuple(Evidence(**place) for place in one.get("evidence", ())),
            )
            for one in body.get("candidates", ())
        )
        languages = tuple(body.get("textLanguages", ()))
        return Candidates(record, revision, body["model"], languages, listed, body["madeAt"])

    def _decision(self, body: JsonObject) -> Decision:
        concept = self._concept(body["concept"])
        record = body["record"]["identifier"]
        return Decision(record, concept, body["decision"], body["by"], body["at"], body.get("model"))

    def _named(self, concept: str) -> Json:
        """A concept as documents name it: what follows `id/` in an IRI of ours, which another base leaves as it is."""
        return {"identifier": concept.removeprefix(self._ours)}

    def _concept(self, named: JsonObject) -> str:
        identifier: str = named["identifier"]
        return identifier if ":" in identifier.partition("/")[0] else self._ours + identifier


def _reference(body: JsonObject) -> tuple[str, int]:
    """The GUID and the revision of the record that candidates are of."""
    guid, _, revision = body["record"]["identifier"].partition("@")
    return guid, int(revision)


def _whole(guid: str, schema: str, body: JsonObject, **information: str) -> Document:
    """A document of ours; members of the body that are None are left out."""
    if not GUID.match(guid):
        raise IdentifierError(f"{guid!r:.80} is not a GUID")
    header = {"identifier": guid, "schema": schema}
    kept = {key: value for key, value in body.items() if value is not None}
    whole = {"identifier": guid, "type": schema, **information, "body": {"header": header, **kept}}
    return document(whole, json.dumps(whole, ensure_ascii=False, separators=(",", ":")))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
