"""The projection: what the ledger says of a record, as the statements of its named graph.

The graph of a record holds its current revision and the history of all its revisions. It is a function of the ledger
alone, so it can be made again at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from loaders.documents import Document, Json, JsonObject
from loaders.ledger import Entry
from loaders.mapping import Mapping as RecordMapping
from loaders.statements import n_quads

REASONS = ("amendmentDescription", "amendmentsDescription", "amendmentsDetails", "updateReason", "updateReasons")
"""The source fields that say why a revision was published, the first given one counts."""

History = Sequence[Entry]
"""What the ledger holds of one record: an entry per document, by revision, of one revision in the order received."""


@dataclass(frozen=True)
class Made:
    """A document with the statements that it was mapped to, as N-Quads."""

    document: Document
    statements: bytes


AllMade = Mapping[str, Made]
"""What was made of documents already, by their digests, so that it is not made again."""
NOTHING: AllMade = {}


class Projection:
    """Makes the graphs of records from their histories."""

    def __init__(self, mapping: RecordMapping) -> None:
        self.mapping = mapping

    def graphs(self, histories: Sequence[History], made: AllMade = NOTHING) -> list[bytes]:
        """The statements of each record as N-Quads, none where no revision was ever accepted."""
        shown = [revisions for history in histories if (revisions := published(history))]
        current = self._current([revisions[-1] for revisions in shown], made)
        past = self.mapping.quads([self._past(revisions) for revisions in shown])
        graphs = (own + n_quads(added) for own, added in zip(current, past, strict=True))
        return [next(graphs) if published(history) else b"" for history in histories]

    def _current(self, entries: Sequence[Entry], made: AllMade) -> list[bytes]:
        """What the current revisions themselves say."""
        known = [made.get(entry.digest) if entry.verdict == "accepted" else None for entry in entries]
        missing = [_shown(entry) for entry, one in zip(entries, known, strict=True) if one is None]
        mapped = iter(self.mapping.mapped(missing))
        return [n_quads(next(mapped).quads) if one is None else one.statements for one in known]

    def _past(self, revisions: History) -> JsonObject:
        """The history of a record, as a further node object of it."""
        iris, record = self.mapping.iris, revisions[-1].record
        names = [iris.revision(record, entry.revision).value for entry in revisions]
        status = _status(revisions)
        nodes = [
            {
                "@id": name,
                "@type": "Revision",
                "isRevisionOf": iris.record(record).value,
                "number": str(entry.revision),
                "recordStatus": status if entry is revisions[-1] else "Revoked" if _revokes(entry) else "Superseded",
                **_published_when(entry),
                **self._reason(entry),
                **({"previous": names[place - 1]} if place else {}),
                **({"replacedBy": names[place + 1]} if place + 1 < len(names) else {}),
            }
            for place, (name, entry) in enumerate(zip(names, revisions, strict=True))
        ]
        record_iri = iris.record(record).value
        return {"@id": record_iri, "recordStatus": status, "currentRevision": names[-1], "revisions": nodes}

    def _reason(self, entry: Entry) -> JsonObject:
        """Why a revision was published, cleaned as the text it is."""
        given = reason(entry)
        if given is None:
            return {}
        walk = self.mapping.walk(entry.document)
        return walk.cleaned({"reason": given}, walk.inside("revisions"), "")


def reason(entry: Entry) -> Json:
    """Why a revision was published, as its source says it, None where it does not."""
    return next((entry.document.body[field] for field in REASONS if entry.document.body.get(field)), None)


def _shown(entry: Entry) -> Document:
    """The document to show: of a withdrawn record only whose it was, a tombstone."""
    whole = entry.document
    if entry.verdict != "withdrawn":
        return whole
    return replace(whole, body={key: whole.body[key] for key in ("header", "government") if key in whole.body})


def published(history: History) -> list[Entry]:
    """The newest entry of each revision that was accepted or withdrawn, by revision; the last one is what holds."""
    newest = {entry.revision: entry for entry in history if entry.verdict in {"accepted", "withdrawn"}}
    return [newest[revision] for revision in sorted(newest)]


def _status(revisions: History) -> str:
    """`Revoked` once any revision says so, whatever came after it."""
    if revisions[-1].verdict == "withdrawn":
        return "Withdrawn"
    return "Revoked" if any(map(_revokes, revisions)) else "Current"


def _revokes(entry: Entry) -> bool:
    """Whether the revision revokes the certificate it is of."""
    return str(entry.document.body.get("amendmentIntent")) == "1"


def _published_when(entry: Entry) -> JsonObject:
    information = entry.document.information
    written = information.get("updatedOn") or information.get("submittedOn") or information.get("createdOn")
    return {"published": written if written.endswith("Z") else f"{written}Z"} if isinstance(written, str) else {}
