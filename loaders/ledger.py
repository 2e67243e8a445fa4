"""The ledger: the truth. Every record revision received and every verdict on it, append-only, in one SQLite file.

A *document* is stored once, whatever number of times it arrives (its digest is its key). An *event* gives a document
its verdict and has the sequence number that orders everything: the graph is the events applied in order, and can be
rebuilt from them at any time. The one exception to append-only is a redaction: a field that a later revision withholds
is taken out of the earlier revisions' texts, and the event that did it stays.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from loaders.documents import OWN_SCHEMAS, Document, document
from loaders.findings import Finding
from ontology.errors import IdentifierError, LedgerError
from ontology.identifiers import PUBLISHED, Iris, NodeIri, RecordIri, RevisionIri
from ontology.recognition import RecordName, parse_identifier

Verdict = Literal["accepted", "quarantined", "withdrawn", "redacted"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
  digest TEXT PRIMARY KEY, body_digest TEXT NOT NULL, record TEXT NOT NULL, revision INTEGER NOT NULL,
  schema TEXT NOT NULL, realm TEXT, government TEXT, number INTEGER, text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS document_record ON document (record, revision);
CREATE INDEX IF NOT EXISTS document_schema ON document (schema);
CREATE INDEX IF NOT EXISTS document_number ON document (number);
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, agent TEXT NOT NULL, source TEXT NOT NULL, verdict TEXT NOT NULL,
  digest TEXT NOT NULL REFERENCES document
);
CREATE TABLE IF NOT EXISTS report (seq INTEGER PRIMARY KEY REFERENCES event, findings TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS event_digest ON event (digest, seq);
CREATE TABLE IF NOT EXISTS redaction (
  record TEXT, field TEXT, revision INTEGER NOT NULL, done INTEGER NOT NULL, PRIMARY KEY (record, field)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS redacted (digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS awaited (target TEXT, record TEXT, PRIMARY KEY (target, record)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS awaited_record ON awaited (record);
CREATE TABLE IF NOT EXISTS refusal (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, source TEXT NOT NULL, place TEXT NOT NULL, message TEXT NOT NULL,
  UNIQUE (source, place, message)
);
CREATE TRIGGER IF NOT EXISTS event_is_final BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are append-only');
END; CREATE TRIGGER IF NOT EXISTS event_is_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are
append-only'); END; CREATE TRIGGER IF NOT EXISTS document_is_kept BEFORE DELETE ON document BEGIN SELECT RAISE(ABORT,
'documents are kept'); END;
"""


@dataclass(frozen=True)
class Verdicted:
    """A document with the verdict on it, to be appended."""

    document: Document
    revision: int
    verdict: Verdict
    findings: Sequence[Finding]
    source: str
    withheld: Sequence[str] = ()
    awaits: Sequence[str] = ()


@dataclass(frozen=True)
class Entry:
    """One event of the ledger with its document."""

    seq: int
    at: str
    agent: str
    source: str
    verdict: Verdict
    digest: str
    record: str
    revision: int
    schema: str
    realm: str | None
    government: str | None
    text: str
    report: list[dict[str, Any]]
    parsed: Document | None = None

    @cached_property
    def document(self) -> Document:
        """The document as it was admitted."""
        return self.parsed or document(json.loads(self.text), self.text)


GRAPH_IS_STALE = 1
ENTRY = """SELECT seq, at, agent, source, verdict, event.digest,
                  record, revision, schema, realm, government, text, findings
           FROM event JOIN document ON document.digest = event.digest LEFT JOIN report USING (seq)"""
LATEST = "seq = (SELECT MAX(seq) FROM event AS later WHERE later.digest = event.digest AND later.verdict <> 'redacted')"
"""The event that holds for a document: the newest that judged it."""
RECEIVED = "(SELECT MIN(seq) FROM event AS first WHERE first.digest = event.digest)"
"""The event that a document came with."""


class Ledger:
    """One ledger file. One process writes; any number read.

    One that is opened `to_read` leaves the files as they are: even closing another writes, which a full disk forbids.
    """

    def __init__(self, path: Path | Literal[":memory:"], *, to_read: bool = False) -> None:
        self.path = path if isinstance(path, Path) else None
        try:
            if to_read and isinstance(path, Path):
                self.connection = _opened_to_read(path)
                return
            if isinstance(path, Path):
                path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=30)
            _refuse_foreign(self.connection)
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
                self.connection.execute(f"PRAGMA {pragma}")
            self.connection.executescript(SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(f"{path}: no ledger can be opened here: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException as error:
            if self.connection.in_transaction:  # a full disk has ended it already
                self.connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise LedgerError(f"the ledger cannot be written: {error}") from error
            raise

    # What is known

    def head(self) -> int:
        """The newest sequence number, 0 for an empty ledger."""
        return int(self.connection.execute("SELECT COALESCE(MAX(seq), 0) FROM event").fetchone()[0])

    def time_of(self, seq: int) -> str:
        """When the newest event up to a sequence number was appended, an ISO 8601 time. LedgerError if none was."""
        at = self.connection.execute("SELECT at FROM event WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (seq,)).fetchone()
        if at is None:
            raise LedgerError(f"the ledger has no event up to {seq}")
        return str(at[0])

    def known(self, digests: Iterable[str]) -> set[str]:
        """Those of the digests whose document has been received before."""
        query = """WITH asked AS (SELECT value FROM json_each(?))
                   SELECT digest FROM document WHERE digest IN asked UNION ALL
                   SELECT digest FROM redacted WHERE digest IN asked"""
        return {digest for (digest,) in self.connection.execute(query, (json.dumps(list(digests)),))}

    def revision_of(self, whole: Document) -> int | None:
        """The revision a document that does not tell one has, None if it only repeats a known one."""
        newest, repeated = self.connection.execute(
            "SELECT COALESCE(MAX(revision), 0), COALESCE(MAX(body_digest = ?), 0) FROM document WHERE record = ?",
            (whole.body_digest, whole.guid),
        ).fetchone()
        return None if repeated else int(newest) + 1

    def redactions(self) -> dict[str, dict[str, int]]:
        """Record → field → the newest revision that withholds the field."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for record, field, revision in self.connection.execute("SELECT record, field, revision FROM redaction"):
            found[record][field] = revision
        return found

    def schema_of(self, record: str) -> str | None:
        """The schema of a record that has an accepted revision."""
        row = self.connection.execute(
            f"""SELECT schema FROM event JOIN document USING (digest)
                WHERE record = ? AND {LATEST} AND verdict = 'accepted' LIMIT 1""",
            (record,),
        ).fetchone()
        return row[0] if row else None

    def settled(self) -> list[str]:
        """The records that were judged before a record they refer to was there, which is there now."""
        rows = self.connection.execute("SELECT DISTINCT target FROM awaited").fetchall()
        there = [target for (target,) in rows if self.schema_of(target)]
        waiting = (
            self.connection.execute("SELECT record FROM awaited WHERE target = ?", (target,)) for target in there
        )
        return sorted({record for rows in waiting for (record,) in rows})

    # What is appended

    def append(self, batch: Iterable[Verdicted], *, agent: str) -> int:
        """Append documents with their verdicts in one transaction, durable when this returns; the newest sequence
        number."""
        with self._transaction() as transaction:
            redactions = self.redactions()
            for item in batch:
                self._append(transaction, item, agent)
                self._withhold(transaction, item, redactions[item.document.guid])
        return self.head()

    def _append(self, transaction: sqlite3.Connection, item: Verdicted, agent: str) -> None:
        whole = item.document
        transaction.execute(
            "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
            (
                *(whole.digest, whole.body_digest, whole.guid, item.revision),
                *(whole.schema, whole.realm, whole.government, whole.number, whole.text),
            ),
        )
        self._event(
            transaction, agent, item.source, item.verdict, whole.digest, [found.as_json() for found in item.findings]
        )
        transaction.execute("DELETE FROM awaited WHERE record = ?", (whole.guid,))
        if item.verdict == "accepted":
            transaction.executemany(
                "INSERT OR IGNORE INTO awaited VALUES (?, ?)", ((target, whole.guid) for target in item.awaits)
            )

    def _withhold(self, transaction: sqlite3.Connection, item: Verdicted, redactions: dict[str, int]) -> None:
        """Note what the document withholds from earlier revisions, and whether it is an earlier one itself: it may come
        in the same batch as, and after, the one that withholds a field of it.

        `redactions` are those of its record.
        """
        whole = item.document
        for field in item.withheld:
            redactions[field] = max(item.revision, redactions.get(field, 0))
            transaction.execute(
                """INSERT INTO redaction
                   SELECT ?1, ?2, ?3, NOT EXISTS (SELECT 1 FROM document WHERE record = ?1 AND revision < ?3) WHERE true
                   ON CONFLICT DO UPDATE SET revision = excluded.revision, done = 0
                     WHERE excluded.revision > revision""",
                (whole.guid, field, item.revision),
            )
        given = {field.lower() for field in whole.body} if redactions else set()
        for field, revision in redactions.items():
            if revision > item.revision and field.lower() in given:
                transaction.execute("UPDATE redaction SET done = 0 WHERE record = ? AND field = ?", (whole.guid, field))

    def _event(
        self,
        transaction: sqlite3.Connection,
        agent: str,
        source: str,
        verdict: Verdict,
        digest: str,
        report: list[dict[str, Any]],
    ) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        seq = transaction.execute(
            "INSERT INTO event (at, agent, source, verdict, digest) VALUES (?, ?, ?, ?, ?)",
            (now, agent, source, verdict, digest),
        ).lastrowid
        if report:
            transaction.execute("INSERT INTO report VALUES (?, ?)", (seq, json.dumps(report, ensure_ascii=False)))

    def refuse(self, refusals: Iterable[tuple[str, str, str]]) -> None:
        """Note what could not be read: (source, place in it, message). Its content is not kept, since it could not be
        redacted."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._transaction() as transaction:
            transaction.executemany(
                "INSERT OR IGNORE INTO refusal (at, source, place, message) VALUES (?, ?, ?, ?)",
                ((now, *refusal) for refusal in refusals),
            )

    # What is read

    def touched(self, after: int, until: int | None = None) -> Iterator[tuple[int, str]]:
        """(sequence number, record) of every event after a sequence number, up to another where one is given, in
        order."""
        query = "SELECT seq, record FROM event JOIN document USING (digest) WHERE seq > ? AND seq <= ? ORDER BY seq"
        return iter(self.connection.execute(query, (after, self.head() if until is None else until)))

    def history(self, record: str) -> list[Entry]:
        """What holds for each document of a record, by revision; of two with one revision the later received comes
        later, however often either was judged again."""
        return self.histories([record])[record]

    def histories(self, records: Sequence[str], parsed: Mapping[str, Document] | None = None) -> dict[str, list[Entry]]:
        """The history of each of some records; `parsed` documents, by digest, are not parsed again."""
        found: dict[str, list[Entry]] = {record: [] for record in records}
        condition = f"record IN (SELECT value FROM json_each(?)) AND {LATEST} ORDER BY revision, {RECEIVED}"
        for entry in self._entries(condition, json.dumps(records)):
            known = parsed.get(entry.digest) if parsed else None
            found[entry.record].append(replace(entry, parsed=known) if known else entry)
        return found

    def quarantine(self) -> Iterator[Entry]:
        """What is quarantined now, oldest first."""
        return self._entries(f"verdict = 'quarantined' AND {LATEST} ORDER BY seq")

    def everything(self) -> Iterator[Entry]:
        """What holds for every document now, in the order it was judged; what is judged meanwhile is left out."""
        return self._entries(f"{LATEST} AND seq <= ? ORDER BY seq", self.head())

    def guid(self, identifier: str, iris: Iris = PUBLISHED) -> str:
        """The GUID that an identifier of a record stands for: GUID, UID, documentID, IRI or web address.
        IdentifierError if none."""
        if self.connection.execute("SELECT 1 FROM document WHERE record = ? LIMIT 1", (identifier,)).fetchone():
            return identifier  # a GUID may look like another identifier
        subject = parse_identifier(identifier, iris).subject
        if isinstance(subject, RecordIri | RevisionIri | NodeIri):
            return subject.guid
        if not isinstance(subject, RecordName):
            raise IdentifierError(f"{identifier!r} does not name a record")
        number = subject.uid.document_id if subject.uid else subject.document_id
        row = self.connection.execute("SELECT record FROM document WHERE number = ? LIMIT 1", (number,)).fetchone()
        return subject.guid or (row[0] if row else identifier)

    def received(self, schema: str, after: int = 0, until: int | None = None) -> list[tuple[int, Entry]]:
        """Every document of a schema whose first event comes after a sequence number, and not after another, with that
        event's number and in that order."""
        condition = f"schema = ? AND {LATEST} AND {RECEIVED} > ? AND {RECEIVED} <= ? ORDER BY {RECEIVED}"
        entries = list(self._entries(condition, schema, after, self.head() if until is None else until))
        first = "SELECT MIN(seq) FROM event WHERE digest = ?"
        return [(self.connection.execute(first, (entry.digest,)).fetchone()[0], entry) for entry in entries]

    def naming(self, texts: Iterable[str]) -> Iterator[Entry]:
        """The published revision of every record, but those made here, that contains one of some texts, its ASCII
        letters in any case."""
        wanted = json.dumps(list(texts))
        own = json.dumps(list(OWN_SCHEMAS))
        return self._entries(
            f"""verdict = 'accepted' AND {LATEST} AND schema NOT IN (SELECT value FROM json_each(?))
                AND EXISTS (SELECT 1 FROM json_each(?) WHERE instr(lower(text), lower(value)))
                AND revision = (SELECT MAX(revision) FROM document AS other WHERE other.record = document.record)
                ORDER BY seq""",
            own,
            wanted,
        )

    def records(self, schema: str | None = None, since: str | None = None) -> list[str]:
        """The records received, but those made here; only of a schema, or with an event since a time (ISO 8601)."""
        rows = self.connection.execute(
            """SELECT DISTINCT record FROM document JOIN event USING (digest)
               WHERE schema NOT IN (SELECT value FROM json_each(?)) AND schema = COALESCE(?, schema)
                 AND at >= COALESCE(?, '') ORDER BY record""",
            (json.dumps(list(OWN_SCHEMAS)), schema, since),
        )
        return [record for (record,) in rows]

    def size(self) -> int:
        """How many documents were received; those made here do not count."""
        query = "SELECT COUNT(*) FROM document WHERE schema NOT IN (SELECT value FROM json_each(?))"
        return int(self.connection.execute(query, (json.dumps(list(OWN_SCHEMAS)),)).fetchone()[0])

    def beginning_with(self, start: str) -> list[str]:
        """The records whose GUID begins with a text."""
        query = "SELECT DISTINCT record FROM document WHERE record >= ? AND record < ? ORDER BY record"
        return [record for (record,) in self.connection.execute(query, (start, f"{start}\x7f"))]

    def last_redaction(self) -> int:
        """The sequence number of the newest redaction, 0 before the first one."""
        query = "SELECT COALESCE(MAX(seq), 0) FROM event WHERE verdict = 'redacted'"
        return int(self.connection.execute(query).fetchone()[0])

    def withdrawn(self) -> list[str]:
        """The records, but those made here, with a revision that was withdrawn."""
        rows = self.connection.execute(
            f"""SELECT DISTINCT record FROM event JOIN document USING (digest)
                WHERE verdict = 'withdrawn' AND {LATEST} AND schema NOT IN (SELECT value FROM json_each(?))""",
            (json.dumps(list(OWN_SCHEMAS)),),
        )
        return [record for (record,) in rows]

    def refusals(self) -> list[tuple[str, str, str, str]]:
        """(when, source, place, message) of what could not be read."""
        return self.connection.execute("SELECT at, source, place, message FROM refusal ORDER BY id").fetchall()

    def counts(self) -> list[tuple[str, str, str, int]]:
        """(schema, government or "", verdict, documents) of what holds now."""
        return self.connection.execute(
            f"""SELECT schema, COALESCE(government, ''), verdict, COUNT(*) FROM event JOIN document USING (digest)
                WHERE {LATEST} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
        ).fetchall()

    def _entries(self, condition: str, *values: object) -> Iterator[Entry]:
        for row in self.connection.execute(f"{ENTRY} WHERE {condition}", values):
            *columns, findings = row
            yield Entry(*(*columns, json.loads(findings or "[]")))

    # What is taken out

    def withhold(self, redactions: Mapping[str, Mapping[str, int]]) -> None:
        """Take over another ledger's redactions, as done."""
        with self._transaction() as transaction:
            rows = (
                (record, field, revision) for record, known in redactions.items() for field, revision in known.items()
            )
            transaction.executemany("INSERT OR IGNORE INTO redaction VALUES (?, ?, ?, 1)", rows)

    def stop_waiting(self, records: Iterable[str]) -> None:
        """Forget that records wait for others that have arrived; what they still miss is awaited on."""
        with self._transaction() as transaction:
            for record in records:
                targets = transaction.execute("SELECT target FROM awaited WHERE record = ?", (record,)).fetchall()
                there = [(target, record) for (target,) in targets if self.schema_of(target)]
                transaction.executemany("DELETE FROM awaited WHERE target = ? AND record = ?", there)

    def unredacted(self) -> list[tuple[str, list[str], list[Entry]]]:
        """(record, fields, what holds for its revisions) for every record with a withheld field not yet taken out of
        earlier ones."""
        fields: dict[str, list[str]] = defaultdict(list)
        for record, field in self.connection.execute("SELECT record, field FROM redaction WHERE NOT done"):
            fields[record].append(field)
        return [(record, withheld, self.history(record)) for record, withheld in fields.items()]

    def redact(
        self, record: str, replaced: Sequence[tuple[str, Document]], fields: Sequence[str], *, agent: str
    ) -> None:
        """Put documents without the fields in the place of a record's earlier ones (their digest, the document).

        An event keeps the digest it was given, and its report loses its values; the new digest is known as well, so
        that the same revision arriving again adds nothing. The old bytes are in the file until `vacuum`. A finding on
        one of the fields keeps its code and place only, since its message may quote them.
        """
        with self._transaction() as transaction:
            for digest, whole in replaced:
                changed = transaction.execute(
                    "UPDATE document SET text = ?, body_digest = ? WHERE digest = ?",
                    (whole.text, whole.body_digest, digest),
                ).rowcount
                if changed != 1:
                    raise LedgerError(f"record {record}: no document {digest} to redact")
                transaction.execute("INSERT OR IGNORE INTO redacted VALUES (?)", (whole.digest,))
                for seq, findings in transaction.execute(
                    "SELECT seq, findings FROM report JOIN event USING (seq) WHERE digest = ?", (digest,)
                ).fetchall():
                    places = [f"{whole.root}/{field}" for field in fields]
                    kept = [_without_values(found, places) for found in json.loads(findings)]
                    transaction.execute(
                        "UPDATE report SET findings = ? WHERE seq = ?", (json.dumps(kept, ensure_ascii=False), seq)
                    )
                self._event(
                    transaction, agent, "redaction", "redacted", digest, [{"code": "redacted", "fields": list(fields)}]
                )
            unawaited = transaction.execute(  # a withheld reference is not awaited either
                """DELETE FROM awaited WHERE record = ?1
                   AND NOT EXISTS (SELECT 1 FROM document WHERE record = ?1 AND instr(text, target))""",
                (record,),
            ).rowcount
            transaction.execute("UPDATE redaction SET done = 1 WHERE record = ?", (record,))
            if replaced or unawaited:
                transaction.execute(f"PRAGMA user_version = {GRAPH_IS_STALE}")

    def graph_is_stale(self) -> bool:
        """Whether text that was redacted here may still be in the files of the graph store, so that it has to be built
        anew."""
        return bool(self.connection.execute("PRAGMA user_version").fetchone()[0] == GRAPH_IS_STALE)

    def graph_is_renewed(self) -> None:
        """Note that the graph store and its generations were built anew."""
        self.connection.execute("PRAGMA user_version = 0")

    def vacuum(self) -> None:
        """Write the file anew and empty its log, so that replaced text is in neither. LedgerError when the disk is
        full, or while another process reads an older state."""
        try:
            self.connection.execute("VACUUM")
            busy = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise LedgerError(f"the ledger cannot be written anew: {error}") from error
        if busy:
            raise LedgerError("the ledger's log still holds redacted text, since another process reads it; try again")


def _opened_to_read(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing, not even what tells other processes of it where there is no room for that and
    the log is empty."""
    log = path.with_name(f"{path.name}-wal")
    for way in ("mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{way}", uri=True, isolation_level=None, timeout=30)
        try:
            connection.execute("SELECT 1 FROM event LIMIT 1").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if way != "mode=ro" or (log.exists() and log.stat().st_size):
                raise
        else:
            break
    return connection


def _refuse_foreign(connection: sqlite3.Connection) -> None:
    """LedgerError for an SQLite file that something else has written, before anything in it is changed."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and not {"document", "event"} <= tables:
        raise sqlite3.DatabaseError("an SQLite file, but not a ledger")


def _without_values(found: dict[str, Any], places: Sequence[str]) -> dict[str, Any]:
    """A finding without the value it quotes, and one inside the places without its message and what is below them: a
    key may say as much as a value."""
    pointer = found.get("pointer", "")
    about = [place for place in places if pointer == place or pointer.startswith(f"{place}/")]
    dropped = {"value", "messages", "focus"} if about else {"value"}
    kept = {key: member for key, member in found.items() if key not in dropped}
    return {**kept, "pointer": about[0]} if about else kept
