"""Between records and the tagger: what the tagger learns from the ledger, and what it suggests for texts in fields."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from loaders.ledger import Entry
from loaders.statements import subject_properties
from loaders.tagging import TOGETHER, Candidate, Decision, Evidence, Tagging
from loaders.texts import FieldText, text_of
from thesaurus.tagging import Tagged, Tagger
from thesaurus.tagging.text import primary

BETWEEN = "\n\n"
"""What stands between two texts that are read as one: no label reaches over it."""


@dataclass(frozen=True)
class JoinedText:
    """The texts of one language ("" if untold) as one, and where each begins in it."""

    language: str
    text: str
    starts: tuple[int, ...]
    parts: tuple[FieldText, ...]

    def place(self, start: int, end: int) -> tuple[str, int, int] | None:
        """Where a span stands: the JSON pointer of its text and the span within that; None where it leaves it."""
        index = bisect_right(self.starts, start) - 1
        part, before = self.parts[index], self.starts[index]
        return (part.pointer, start - before, end - before) if end - before <= len(part.text) else None


def joined(texts: Iterable[FieldText]) -> list[JoinedText]:
    """Texts by language, those of each in their order as one."""
    by_language: dict[str, list[FieldText]] = defaultdict(list)
    for one in texts:
        by_language[primary(one.language)].append(one)
    return [_joined(language, parts) for language, parts in by_language.items()]


def _joined(language: str, parts: Sequence[FieldText]) -> JoinedText:
    starts, length = [], 0
    for part in parts:
        starts.append(length)
        length += len(part.text) + len(BETWEEN)
    return JoinedText(language, BETWEEN.join(part.text for part in parts), tuple(starts), tuple(parts))


def suggested(
    tagger: Tagger, texts: Iterable[FieldText], limit: int = 10, schemes: Collection[str] | None = None
) -> list[Candidate]:
    """What a tagger suggests for some texts, best first; a concept has the score of the language that is surest of it.

    `schemes` are IRIs; None means any.
    """
    scores: dict[str, float] = defaultdict(float)
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    for whole in joined(texts):
        for found in tagger.suggestions(whole.text, whole.language or None, limit, schemes):
            scores[found.concept] = max(scores[found.concept], min(max(found.score, 0.0), 1.0))
            for span in found.evidence:
                if span.end > span.start and (place := whole.place(span.start, span.end)):
                    evidence[found.concept].append(Evidence(*place, span.label))
    best = sorted(scores, key=lambda concept: (-scores[concept], concept))[:limit]
    return [Candidate(concept, round(scores[concept], 4), tuple(evidence[concept])) for concept in best]


def corpus(tagging: Tagging) -> Iterator[Tagged]:
    """The records with the subjects that countries gave them, and with what curators decided, a text for each language.

    A record without subjects of its own only tells what was accepted and what was rejected, and so does a synthetic
    one: its subjects were drawn by lot.
    """
    decisions = tagging.all_decisions()
    entries = tagging.entries()
    while some := list(islice(entries, TOGETHER)):
        for entry, given in zip(some, _subjects(tagging, some), strict=True):
            own = frozenset() if entry.document.is_synthetic else given
            yield from _tagged(entry, own, decisions.get(entry.record, {}))


def _tagged(entry: Entry, given: frozenset[str], decisions: dict[str, Decision]) -> Iterator[Tagged]:
    accepted = {concept for concept, one in decisions.items() if one.decision == "accepted"}
    concepts = given | accepted
    rejected = frozenset(decisions) - concepts
    if concepts or rejected:
        for whole in joined(text_of(entry.document)):
            yield Tagged(entry.record, whole.text, whole.language or None, concepts, rejected, bool(given))


def subjects(tagging: Tagging, entry: Entry) -> frozenset[str]:
    """The IRIs of the subjects that a record has of its own."""
    return _subjects(tagging, [entry])[0]


def _subjects(tagging: Tagging, entries: Sequence[Entry]) -> list[frozenset[str]]:
    about = subject_properties()
    return [
        frozenset(
            quad.object.value
            for quad in mapped.quads
            if quad.predicate in about and isinstance(quad.object, ox.NamedNode)
        )
        for mapped in tagging.mapping.mapped([entry.document for entry in entries])
    ]
