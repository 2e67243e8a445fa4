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
from thesaurus.folding import folded, without_article, words
from thesaurus.turtle import CH, DCTERMS, SKOS, TYPE

RDFS = "http://www.w3.org/2000/01/rdf-schema#"
DC = "http://purl.org/dc/elements/1.1/"
OWL_DEPRECATED = "http://www.w3.org/2002/07/owl#deprecated"
SKOSXL = "http://www.w3.org/2008/05/skos-xl#"
THES = "http://purl.org/iso25964/skos-thes#"
BROADER = (SKOS + "broader", *(THES + "broader" + kind for kind in ("Generic", "Partitive", "Instantial")))
NARROWER = (SKOS + "narrower", *(THES + "narrower" + kind for kind in ("Generic", "Partitive", "Instantial")))
COLLECTIONS = (SKOS + "Collection", SKOS + "OrderedCollection", THES + "ConceptGroup", THES + "ThesaurusArray")
NOTES = ("definition", "scopeNote", "note", "example", "historyNote", "editorialNote", "changeNote")
TITLES = (DCTERMS + "title", DC + "title", SKOS + "prefLabel", RDFS + "label")

_SCHEMA = """
CREATE TABLE about (version TEXT NOT NULL);
CREATE TABLE node (id INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE);
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

_Row = tuple[str, str, str, str | None, str | None]
"""Subject, predicate, object; of a literal also language tag and datatype, of a node neither."""


def build(path: Path, statements: Iterable[ox.Triple], version: str) -> None:
    """Write the index of one version to `path`; a reader finds the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        scratch = Path(folder) / path.name
        with closing(sqlite3.connect(scratch, isolation_level=None)) as database:
            database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;" + _SCHEMA)
            database.execute("INSERT INTO about VALUES (?)", (version,))
            _write(database, _Facts(_rows(statements)))
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


def local_name(iri: str) -> str:
    """The last part of an IRI, or the IRI when it has none."""
    return re.split("[/#]", iri.rstrip("/#"))[-1] or iri


def _rows(statements: Iterable[ox.Triple]) -> Iterator[_Row]:
    for triple in statements:
        subject, value = triple.subject, triple.object
        if isinstance(value, ox.Literal):
            yield _key(subject), triple.predicate.value, value.value, value.language or "", value.datatype.value
        elif not isinstance(value, ox.Triple):
            yield _key(subject), triple.predicate.value, _key(value), None, None


def _key(node: object) -> str:
    return node.value if isinstance(node, ox.NamedNode) else str(node)


class _Facts:
    """The statements by predicate and subject, with what SKOS entails of them."""

    def __init__(self, rows: Iterable[_Row]) -> None:
        self.rows = list(dict.fromkeys(rows))
        self.links: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.literals: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
        self.ids: dict[str, int] = {}
        for subject, predicate, value, language, _ in self.rows:
            for node in (subject, predicate, value) if language is None else (subject, predicate):
                self.ids.setdefault(node, len(self.ids) + 1)
            if language is None:
                self.links[predicate][subject].append(value)
            else:
                self.literals[predicate][subject].append((language, value))
        self.concepts = self._instances(SKOS + "Concept")
        self.collections = {node for kind in COLLECTIONS for node in self._instances(kind)} - self.concepts
        self.deprecated = {
            node
            for node, values in self.literals[OWL_DEPRECATED].items()
            if {"true", "1"} & {text for _, text in values}
        }
        self.identifiers = {node: self._identifier(node) for node in self.concepts | self.collections}
        self.broader = self._both(BROADER, NARROWER)
        self.held = self._both([SKOS + "member", THES + "subGroup"], [THES + "superGroup"])
        self.schemes, self.members, self.tops = self._memberships()

    def labels(self, node: str) -> Iterator[tuple[str, str, str, str]]:
        """Kind, language tag, text and standing of each label, those given as SKOS-XL nodes among them."""
        standings = {
            text: standing
            for standing in ("unofficial", "machine")
            for text in self.literals[f"{CH}{standing}Label"].get(node, ())
        }
        for kind in KINDS:
            forms = self.literals[SKOSXL + "literalForm"]
            extended = (text for form in self.links[SKOSXL + kind].get(node, ()) for text in forms.get(form, ()))
            for language, text in dict.fromkeys([*self.literals[SKOS + kind].get(node, ()), *extended]):
                yield kind, language, text, standings.get((language, text), "official")

    def names(self, node: str) -> Iterator[tuple[str, int]]:
        """The names by which a concept is found, with a rank for those that two concepts share."""
        given = [
            *self.literals[DCTERMS + "identifier"].get(node, ()),
            *self.literals[DC + "identifier"].get(node, ()),
            *self.literals[CH + "alternateIdentifier"].get(node, ()),
        ]
        yield from ((text, 1) for _, text in given)
        yield from ((text, 2) for _, text in self.literals[SKOS + "notation"].get(node, ()))
        yield local_name(node), 3

    def _instances(self, kind: str) -> set[str]:
        kinds, waiting = {kind}, [kind]
        while waiting:
            step = waiting.pop()
            found = {node for node, above in self.links[RDFS + "subClassOf"].items() if step in above} - kinds
            kinds |= found
            waiting += found
        return {node for node, types in self.links[TYPE].items() if not kinds.isdisjoint(types)}

    def _identifier(self, node: str) -> str:
        notations = self.literals[SKOS + "notation"].get(node)
        for predicate in (DCTERMS + "identifier", DC + "identifier"):
            if found := self.literals[predicate].get(node):
                return min(text for _, text in found)
        return min(text for _, text in notations) if notations else local_name(node)

    def _both(self, forward: Iterable[str], inverse: Iterable[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for predicate in forward:
            for source, targets in self.links[predicate].items():
                found[source].update(targets)
        for predicate in inverse:
            for target, sources in self.links[predicate].items():
                for source in sources:
                    found[source].add(target)
        return found

    def _memberships(self) -> tuple[set[str], dict[str, set[str]], dict[str, set[str]]]:
        """The schemes, the schemes of each concept, and the top concepts of each scheme."""
        stated = self._both([SKOS + "topConceptOf"], [SKOS + "hasTopConcept"])
        inside = self._both([SKOS + "inScheme", SKOS + "topConceptOf"], [SKOS + "hasTopConcept"])
        schemes = self._instances(SKOS + "ConceptScheme")
        schemes |= {scheme for node in self.concepts for scheme in inside.get(node, ())}
        members = {node: inside[node] & schemes for node in self.identifiers if node in inside}
        self._place_collections(members)
        tops: dict[str, set[str]] = {scheme: set() for scheme in schemes}
        for node in self.concepts & stated.keys():
            for scheme in stated[node]:
                tops[scheme].add(node)
        roots = {scheme for scheme in schemes if not tops[scheme]}
        for node in self.concepts - self.deprecated:
            for scheme in members.get(node, set()) & roots:
                if not any(scheme in members.get(above, ()) for above in self.broader.get(node, ())):
                    tops[scheme].add(node)
        return schemes, members, tops

    def _place_collections(self, members: dict[str, set[str]]) -> None:
        """A collection that states no scheme is in those of its members; collections may hold one another."""
        inside = self.held
        waiting = [node for node in self.collections if not members.get(node)]
        while waiting:
            placed = {
                node: set[str]().union(*(members.get(other, ()) for other in inside.get(node, ()))) for node in waiting
            }
            waiting = [node for node in waiting if placed[node] - members.get(node, set())]
            for node in waiting:
                members[node] = members.get(node, set()) | placed[node]


def _write(database: sqlite3.Connection, facts: _Facts) -> None:
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


def _relations(facts: _Facts) -> Iterator[tuple[int, str, int]]:
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


def _write_labels(database: sqlite3.Connection, facts: _Facts) -> None:
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


def _schemes(facts: _Facts) -> Iterator[tuple[int, str, str, str, str | None, int, str]]:
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
