"""Writing the index of one version of the keywords: one SQLite file, from statements of any SKOS thesaurus.

Rows of `label` are numbered in the order in which a search shows them (`effective_length`), and `words` is a full-text
index over them in that order, so a search reads the first rows of its answer and no others. What a search is limited
to, a language or a scheme, is a word of the row as well, spelt with a private-use character that no query can hold.
"""

import json
import os
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph as ox

from thesaurus.entries import KINDS
from thesaurus.facts import TITLES, Facts, local_name, rows_of
from thesaurus.folding import folded, without_article, words
from thesaurus.turtle import CH, DCTERMS, SKOS

NOTES = ("definition", "scopeNote", "note", "example", "historyNote", "editorialNote", "changeNote")

# The file is of no use before it is whole; 256 MiB of pages are kept in memory, which spares writing them twice.
_SETTINGS = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN;"
_SCHEMA = """
CREATE TABLE about (version TEXT NOT NULL);
CREATE TABLE node (id INTEGER PRIMARY KEY, iri TEXT NOT NULL);
CREATE TABLE statement (subject INTEGER NOT NULL, predicate INTEGER NOT NULL, object INTEGER, text TEXT, language TEXT,
    datatype TEXT);
CREATE TABLE scheme (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, identifier TEXT NOT NULL, titles TEXT NOT NULL,
    completeness TEXT, concepts INTEGER NOT NULL, languages TEXT NOT NULL);
CREATE TABLE concept (id INTEGER PRIMARY KEY, collection INTEGER NOT NULL, identifier TEXT NOT NULL,
    deprecated INTEGER NOT NULL);
CREATE TABLE member (scheme INTEGER, concept INTEGER, top INTEGER NOT NULL,
    PRIMARY KEY (scheme, concept)) WITHOUT ROWID;
CREATE TABLE relation (source INTEGER, kind TEXT, target INTEGER, PRIMARY KEY (source, kind, target)) WITHOUT ROWID;
CREATE TABLE name (key TEXT NOT NULL, rank INTEGER NOT NULL, concept INTEGER NOT NULL);
CREATE TABLE label (id INTEGER PRIMARY KEY, concept INTEGER NOT NULL, kind TEXT NOT NULL, language TEXT NOT NULL,
    text TEXT NOT NULL, standing TEXT NOT NULL, folded TEXT NOT NULL, length REAL NOT NULL, initial TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(label, content='', tokenize='ascii', prefix='1 2 3');
INSERT INTO words (words, rank) VALUES ('hashsize', 268435456);
"""
_INDEXES = """
CREATE UNIQUE INDEX node_iri ON node (iri);
CREATE INDEX statement_subject ON statement (subject);
CREATE INDEX statement_object ON statement (object, predicate) WHERE object IS NOT NULL;
CREATE INDEX member_concept ON member (concept, scheme, top);
CREATE INDEX name_key ON name (key, rank);
CREATE INDEX label_concept ON label (concept);
CREATE INDEX label_folded ON label (folded);
CREATE INDEX label_initial ON label (initial, language, folded);
PRAGMA optimize;
"""
_END = "\ue000"  # of the label in its row, and how every word begins that is no word of it
_WEIGHTS = dict(zip(KINDS, (1.0, 0.9, 0.8), strict=True))
_DEPRECATED_WEIGHT = 0.5


def build(path: Path, statements: Iterable[ox.Triple], version: str) -> None:
    """Write the index of one version to `path`; a reader finds the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        scratch = Path(folder) / path.name
        with closing(sqlite3.connect(scratch, isolation_level=None)) as database:
            database.executescript(_SETTINGS + _SCHEMA)
            database.execute("INSERT INTO about VALUES (?)", (version,))
            _write(database, Facts(rows_of(statements)))
            database.executescript(_INDEXES)  # which commits first
        with scratch.open("rb+") as file:
            os.fsync(file.fileno())
        scratch.replace(path)


@lru_cache(maxsize=1 << 12)
def tag(kind: str, value: str | int) -> str:
    """The word by which the full-text index knows a language (kind "l") or a scheme (kind "s") of a label."""
    return f"{_END}{kind}{re.sub('[^a-z0-9]', '', str(value).lower())}"


def effective_length(text: str, kind: str, deprecated: bool) -> float:
    """What labels are ordered by: their length, as if longer unless preferred, and for a deprecated concept."""
    return len(text) / (_WEIGHTS[kind] * (_DEPRECATED_WEIGHT if deprecated else 1))


def initial(own: Sequence[str]) -> str:
    """Under what a label of these words stands in an alphabetical list: a letter, `0-9`, or `!*` for what has none."""
    first = own[0][0] if own else ""
    if first.isdecimal():
        return "0-9"
    return first.upper()[0] if first else "!*"


def _write(database: sqlite3.Connection, facts: Facts) -> None:
    ids = facts.ids
    database.executemany("INSERT INTO node VALUES (?, ?)", ((number, iri) for iri, number in ids.items()))
    database.executemany(
        "INSERT INTO statement VALUES (?, ?, ?, ?, ?, ?)",
        (
            (ids[subject], ids[predicate], ids[value], None, None, None)
            if language is None
            else (ids[subject], ids[predicate], None, value, language, datatype)
            for subject, predicate, value, language, datatype in facts.rows
        ),
    )
    database.executemany(
        "INSERT INTO concept VALUES (?, ?, ?, ?)",
        (
            (ids[node], node in facts.collections, identifier, node in facts.deprecated)
            for node, identifier in facts.identifiers.items()
        ),
    )
    database.executemany(
        "INSERT INTO member VALUES (?, ?, ?)",
        (
            (ids[scheme], ids[node], node in facts.tops[scheme])
            for node, schemes in facts.members.items()
            for scheme in schemes
        ),
    )
    database.executemany("INSERT OR IGNORE INTO relation VALUES (?, ?, ?)", _relations(facts))
    database.executemany(
        "INSERT INTO name VALUES (?, ?, ?)",
        (
            (key.strip().casefold(), rank, ids[node])
            for node in facts.concepts
            for key, rank in [(node, 0), *facts.names(node)]
        ),
    )
    database.executemany("INSERT INTO scheme VALUES (?, ?, ?, ?, ?, ?, ?)", _schemes(facts))
    _write_labels(database, facts)


def _relations(facts: Facts) -> Iterator[tuple[int, str, int]]:
    ids = facts.ids
    for node, above in facts.broader.items():
        for other in above:
            yield ids[node], "broader", ids[other]
            yield ids[other], "narrower", ids[node]
    for node, held in facts.held.items():
        yield from ((ids[node], "member", ids[other]) for other in held)
    for node, others in facts.links[SKOS + "related"].items():
        for other in others:
            yield ids[node], "related", ids[other]
            yield ids[other], "related", ids[node]


def _write_labels(database: sqlite3.Connection, facts: Facts) -> None:
    rows = sorted(
        (
            effective_length(short := folded(text), kind, node in facts.deprecated),
            short,
            language,
            kind,
            text,
            node,
            stand,
        )
        for node in facts.identifiers
        for kind, language, text, stand in facts.labels(node)
    )
    found = [(number, words(row[1]), *row) for number, row in enumerate(rows, 1)]
    database.executemany(
        "INSERT INTO label VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (number, facts.ids[node], kind, language, text, stand, short, length, initial(own))
            for number, own, length, short, language, kind, text, node, stand in found
        ),
    )
    schemes = {
        node: " ".join(tag("s", facts.ids[scheme]) for scheme in inside) for node, inside in facts.members.items()
    }
    database.executemany(
        "INSERT INTO words (rowid, label) VALUES (?, ?)",
        (
            (number, " ".join([*own, _END, *_bare(own), *_ranges(language), schemes.get(node, "")]))
            for number, own, _, _, language, _, _, node, _ in found
            if node in facts.concepts
        ),
    )


def _bare(own: Sequence[str]) -> Iterator[str]:
    """Those of the words that have an Arabic article, without it."""
    return filter(None, map(without_article, own))


@lru_cache(maxsize=1 << 10)
def _ranges(language: str) -> tuple[str, ...]:
    """The tags of the languages that a label of one is found by: `zh-hans` by that and by `zh`."""
    return tuple({tag("l", language), tag("l", language.partition("-")[0])}) if language else ()


def _schemes(facts: Facts) -> Iterator[tuple[int, str, str, str, str | None, int, str]]:
    sizes: dict[str, int] = defaultdict(int)
    languages: dict[str, set[str]] = defaultdict(set)
    for node, schemes in facts.members.items():
        used = {language for _, language, _, _ in facts.labels(node) if language}
        for scheme in schemes:
            sizes[scheme] += node in facts.concepts
            languages[scheme] |= used
    taken = {"all"}  # stands for every scheme
    for scheme in sorted(facts.schemes):
        given = [
            text for name in ("identifier", "notation") for _, text in facts.literals[_NAMES[name]].get(scheme, ())
        ]
        identifier = given[0] if given else local_name(scheme)
        titles: dict[str, str] = {}
        for predicate in TITLES:
            for language, text in sorted(facts.literals[predicate].get(scheme, ())):
                titles.setdefault(language, text)
        completeness = [text for _, text in facts.literals[CH + "completeness"].get(scheme, ())]
        yield (
            facts.ids[scheme],
            _slug(identifier, taken),
            identifier,
            json.dumps(titles),
            completeness[0] if completeness else None,
            sizes[scheme],
            " ".join(sorted(languages[scheme])),
        )


_NAMES = {"identifier": DCTERMS + "identifier", "notation": SKOS + "notation"}


def _slug(identifier: str, taken: set[str]) -> str:
    """The slug of a scheme; one that is taken gets a number."""
    name = local_name(identifier) if "://" in identifier else identifier
    first = "-".join(re.findall(r"[^\W_]+", name.lower())) or "scheme"
    slug, number = first, 1
    while slug in taken:
        number += 1
        slug = f"{first}-{number}"
    taken.add(slug)
    return slug
