"""How a search reads the index: equal labels, then labels that begin so, then the others, each the shortest first.

A query of the full-text index is made of quoted words of letters, marks and digits only, so no text is a syntax error.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from thesaurus.entries import KINDS, Hit, Label
from thesaurus.folding import is_unspaced, without_article, words
from thesaurus.indexing import tag

Mode = Literal["words", "prefix", "exact", "wildcard"]
HIT = "label.id, label.concept, kind, language, text, standing, folded, length"
OF_CONCEPT = "(SELECT NOT collection FROM concept WHERE concept.id = label.concept)"
_ALIVE = "NOT (SELECT deprecated FROM concept WHERE concept.id = label.concept)"
_MOST_WORDS = 64  # of a query; further ones are not looked for
_NO_LABEL = '"\ue000none"'
_LAST = "\U0010ffff"
_Row = tuple[Any, ...]  # of the columns HIT
_Tier = tuple[float, float, Iterator[_Row]]


@dataclass(frozen=True)
class Search:
    """A search in a database: the folded text, and what it is limited to; None stands for no limit.

    `concepts` are numbers of concepts; `collections` and `deprecated` say whether such are found too.
    """

    database: sqlite3.Connection
    text: str
    languages: Sequence[str] | None = None
    schemes: Sequence[int] | None = None
    concepts: Set[int] | None = None
    collections: bool = False
    deprecated: bool = True

    def hits(self, mode: Mode, unique: bool) -> Iterator[Hit]:
        """The hits in order; each concept, or else each label, once."""
        met = set()
        literal = max(1, len(self.text.replace("*", "")))
        for lowest, width, rows in self._tiers(mode, unique):
            for row in rows:
                key = row[1] if unique else row[0]
                if key not in met and (self.concepts is None or row[1] in self.concepts):
                    met.add(key)
                    yield hit(self.database, row, lowest + width * min(1.0, literal / max(1.0, row[7])))

    def _tiers(self, mode: Mode, unique: bool) -> Iterator[_Tier]:
        """Rows of hits from the best on, each lot with its lowest score and how far the scores go above it."""
        if not self.text:
            return
        if mode == "wildcard":
            rows = self._wildcard(self.text)
            yield 0.0, 1.0, _best(rows) if unique else rows
            return
        yield 0.9, 0.1, self._labels("folded = :exact", "id", exact=self.text)
        if mode == "exact":
            return
        phrases = _phrases(self.text)
        if phrases:
            star = "*" if mode == "prefix" and not is_unspaced(phrases[-1][-1]) else ""
            yield 0.5, 0.4, self._matches(f'^ "{" ".join(chain(*phrases))}" {star}')
            yield 0.0, 0.5, self._matches(" AND ".join(_alternatives(phrases, star)))
        elif mode == "prefix":
            yield 0.5, 0.4, self._wildcard(self.text.replace("*", "") + "*")

    def _matches(self, query: str) -> Iterator[_Row]:
        for kind, values in (("l", self.languages), ("s", self.schemes)):
            if values is not None:
                tags = [f'"{tag(kind, value)}"' for value in values] or [_NO_LABEL]
                query = f"({query}) AND ({' OR '.join(tags)})"
        alive = "" if self.deprecated else f"AND {_ALIVE}"
        return self.database.execute(
            f"SELECT {HIT} FROM words JOIN label ON label.id = words.rowid"
            f" WHERE words MATCH ? {alive} ORDER BY words.rowid",
            (query,),
        )

    def _labels(self, condition: str, order: str, **values: str) -> Iterator[_Row]:
        """The labels of a condition, limited by their columns: for the few that an exact text finds, or a scan."""
        if self.languages is not None:
            names = {f"language{number}": value.lower() for number, value in enumerate(self.languages)}
            ranges = [f"lower(language) = :{name} OR lower(language) GLOB :{name} || '-*'" for name in names]
            condition, values = f"{condition} AND ({' OR '.join(ranges) or '0'})", values | names
        if self.schemes is not None:
            numbers = ", ".join(map(str, self.schemes))
            condition += (
                f" AND EXISTS (SELECT 1 FROM member WHERE member.concept = label.concept AND scheme IN ({numbers}))"
            )
        condition += "" if self.collections else f" AND {OF_CONCEPT}"
        condition += "" if self.deprecated else f" AND {_ALIVE}"
        return self.database.execute(f"SELECT {HIT} FROM label WHERE {condition} ORDER BY {order}", values)

    def _wildcard(self, pattern: str) -> Iterator[_Row]:
        """The labels of a pattern in alphabetical order."""
        first, *rest = pattern.split("*")
        order = "folded, text, id"
        if not rest:
            return self._labels("folded = :exact", order, exact=pattern)
        longest = max(rest, key=len)
        rows = self._labels(
            "folded >= :first AND folded < :beyond AND instr(folded, :longest)",
            order,
            first=first,
            beyond=first + _LAST,
            longest=longest,
        )
        return (row for row in rows if _fits(row[6], first, rest))


def hit(database: sqlite3.Connection, row: _Row, score: float) -> Hit:
    """The hit of a row of the columns `HIT`."""
    iri = database.execute("SELECT iri FROM node WHERE id = ?", (row[1],)).fetchone()[0]
    schemes = database.execute(
        "SELECT iri FROM member JOIN node ON node.id = scheme WHERE concept = ? ORDER BY iri", (row[1],)
    )
    return Hit(iri, Label(*row[2:6]), score, tuple(found for (found,) in schemes))


def _best(rows: Iterable[_Row]) -> Iterator[_Row]:
    """Of the rows of each concept the one whose label is best to show, in the order of the rows."""
    best: dict[int, _Row] = {}
    for row in rows:
        found = best.setdefault(row[1], row)
        if KINDS.index(row[2]) < KINDS.index(found[2]):
            best[row[1]] = row
    return iter(sorted(best.values(), key=lambda row: row[6]))


def _fits(text: str, first: str, rest: Sequence[str]) -> bool:
    """Whether a text begins with `first` and has each part of `rest` after the one before, the last at its end."""
    place = len(first)
    for part in rest[:-1]:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(text) - len(rest[-1]) >= place and text.endswith(rest[-1])


def _phrases(text: str) -> list[list[str]]:
    """The words of a text; those of a script without spaces between words together as they stand."""
    phrases: list[list[str]] = []
    number = 0
    for part in text.split():
        joined = False
        for word in words(part):
            if joined and is_unspaced(word):
                phrases[-1].append(word)
            else:
                phrases.append([word])
            joined = is_unspaced(word)
            number += 1
            if number == _MOST_WORDS:
                return phrases
    return phrases


def _alternatives(phrases: Sequence[Sequence[str]], star: str) -> Iterator[str]:
    """Each phrase as the full-text index knows it, an Arabic word also without its article; the last a prefix."""
    for number, phrase in enumerate(phrases, 1):
        ending = star if number == len(phrases) else ""
        written = f'"{" ".join(phrase)}" {ending}'
        bare = without_article(phrase[0])
        yield f'({written} OR "{bare}" {ending})' if bare else written
