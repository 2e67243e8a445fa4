"""The index of the keywords on the disk: what pages, APIs and tagging ask for concepts, labels and searches."""

import json
import queue
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from ontology.errors import StoreError
from thesaurus.entries import KINDS, Concept, Hit, Label, Note, Scheme, best_label
from thesaurus.facts import OWL_DEPRECATED, SKOSXL
from thesaurus.folding import folded
from thesaurus.indexing import NOTES, build
from thesaurus.searching import HIT, OF_CONCEPT, Mode, Search, hit
from thesaurus.turtle import CH, DCTERMS, SKOS, TYPE

__all__ = ["Concept", "Hit", "Index", "Label", "Note", "Scheme", "build"]

MATCHES = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
_TOLD = {SKOS + name for name in (*NOTES, *MATCHES, "broader", "narrower", "related", "notation", "inScheme")} | {
    SKOS + "topConceptOf", DCTERMS + "identifier", DCTERMS + "isReplacedBy", OWL_DEPRECATED, TYPE,
    CH + "unofficialLabel", CH + "machineLabel",
    *(name + kind for name in (SKOS, SKOSXL) for kind in ("prefLabel", "altLabel", "hiddenLabel")),
}  # fmt: skip
_Value = str | int | None
_RDF_VALUE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"
_SLICE = 500  # values of one query
_LABEL = "label.kind, label.language, label.text, label.standing"


class Index:
    """A file that `build` wrote, read only; usable from several threads. Raises StoreError for another file."""

    def __init__(self, path: Path) -> None:
        self._address = path.resolve().as_uri() + "?mode=ro&immutable=1"
        self._connections: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        try:
            self.version: str = self.rows("SELECT version FROM about")[0][0]
            rows = self.rows("SELECT * FROM scheme JOIN node USING (id) ORDER BY slug")
        except sqlite3.Error as error:
            raise StoreError(f"{path}: expected an index of the thesaurus: {error}") from error
        self._schemes = {slug: _scheme(iri, slug, *others) for _, slug, *others, iri in rows}
        self._numbers: dict[str, int] = {name: number for number, slug, *_, iri in rows for name in (slug, iri)}

    def close(self) -> None:
        """Close the file; a later question opens it again, if it is still there."""
        while not self._connections.empty():
            self._connections.get().close()

    # ------------------------------------------------------------------------------------------- schemes and concepts

    def schemes(self) -> list[Scheme]:
        """All schemes by slug."""
        return list(self._schemes.values())

    def scheme(self, slug: str) -> Scheme | None:
        """The scheme of a slug or an IRI."""
        found = (scheme for scheme in self._schemes.values() if slug in (scheme.slug, scheme.iri))
        return next(found, None)

    def number(self, scheme: str) -> int:
        """The number in the tables of the scheme of a slug or an IRI; -1, which no scheme has, when there is none."""
        return self._numbers.get(scheme, -1)

    def concept(self, iri: str) -> Concept | None:
        """A concept or a collection."""
        row = self.rows("SELECT identifier, deprecated FROM concept JOIN node USING (id) WHERE iri = ?", iri)
        return self._concept(iri, *row[0]) if row else None

    def find(self, identifier: str) -> str | None:
        """The IRI of the concept with an identifier, a notation, an IRI or the last part of one, in any case."""
        query = "SELECT iri FROM name JOIN node ON node.id = concept WHERE key = ? ORDER BY rank, iri LIMIT 1"
        return next(iter(self.column(query, identifier.strip().casefold())), None)

    def labels(self, iris: Iterable[str], language: str) -> dict[str, Label]:
        """The label of each concept or collection to show to a reader of a language; those without any are left out."""
        found: dict[str, list[Label]] = {}
        query = f"SELECT iri, {_LABEL} FROM node JOIN label ON concept = node.id WHERE iri"
        for iri, *label in self.in_slices(query, iris):
            found.setdefault(iri, []).append(Label(*label))
        return {iri: best for iri, labels in found.items() if (best := best_label(labels, language))}

    def top_concepts(self, scheme: str) -> list[str]:
        """The stated top concepts of a scheme; where none is stated, its concepts with none broader in it. By IRI."""
        query = "SELECT iri FROM member JOIN node ON node.id = concept WHERE scheme = ? AND top ORDER BY iri"
        return self.column(query, self.number(scheme))

    def narrower(self, iri: str) -> list[str]:
        """The concepts directly below one, by IRI."""
        return self._related(iri, "narrower")

    def broader(self, iri: str) -> list[str]:
        """The concepts directly above one, by IRI."""
        return self._related(iri, "broader")

    def all_concepts(self, scheme: str | None = None, offset: int = 0, limit: int = -1) -> list[str]:
        """The concepts of a scheme, or of all, by IRI; without a limit to the end."""
        within = "AND id IN (SELECT concept FROM member WHERE scheme = ?3)" if scheme else "AND ?3 IS NULL"
        query = f"SELECT iri FROM concept JOIN node USING (id) WHERE NOT collection {within} ORDER BY iri"
        return self.column(f"{query} LIMIT ?1 OFFSET ?2", limit, offset, self.number(scheme) if scheme else None)

    def statements(self, iri: str) -> Iterator[ox.Triple]:
        """The statements about a node and about the blank nodes and SKOS-XL labels they lead to, as they were given."""
        waiting, met = [iri], set()
        while waiting:
            subject = waiting.pop()
            met.add(subject)
            for predicate, value in self._values(subject):
                yield ox.Triple(node(subject), ox.NamedNode(predicate), value)
                if not isinstance(value, ox.Literal) and is_owned(predicate, _key(value)) and _key(value) not in met:
                    waiting.append(_key(value))

    # ------------------------------------------------------------------------------------------------------- searching

    def search(
        self,
        text: str,
        *,
        languages: Sequence[str] | None = None,
        schemes: Sequence[str] | None = None,
        mode: Mode = "words",
        limit: int = 20,
        offset: int = 0,
        unique: bool = True,
        among: Iterable[str] | None = None,
        collections: bool = False,
        deprecated: bool = True,
    ) -> list[Hit]:
        """The concepts with a label that a text finds: equal labels, then those that begin so; the shortest first.

        `words`: has these words; `prefix`: the last one may be begun only; `exact`: is the same when folded;
        `wildcard`: is the same, with `*` for anything, in alphabetical order. No languages, schemes or IRIs to search
        `among` means any. Each concept comes once, with the label that found it; unless `unique`, with each of them.
        `collections` are found too by an exact text or a wildcard.
        """
        numbers = None if schemes is None else [self._numbers[name] for name in schemes if name in self._numbers]
        concepts = None if among is None else {row[0] for row in self.in_slices("SELECT id FROM node WHERE iri", among)}
        with self._database() as database:
            found = Search(database, folded(text), languages, numbers, concepts, collections, deprecated)
            return list(islice(found.hits(mode, unique), offset, offset + limit))

    def complete(
        self,
        text: str,
        *,
        languages: Sequence[str] | None = None,
        schemes: Sequence[str] | None = None,
        limit: int = 10,
    ) -> list[Hit]:
        """The concepts that somebody who has typed this much of a label may mean."""
        return self.search(text, languages=languages, schemes=schemes, mode="prefix", limit=limit)

    def letters(self, scheme: str | None, language: str) -> list[str]:
        """Under which letters the labels of a language stand; `0-9` and `!*` for digits and other signs come last."""
        query = f"SELECT DISTINCT initial FROM label WHERE language = ?1 {_listed(scheme)}"
        found = self.column(query, language.lower(), self.number(scheme) if scheme else None)
        return sorted(found, key=lambda letter: (("0-9", "!*").index(letter) + 1 if len(letter) > 1 else 0, letter))

    def by_letter(self, scheme: str | None, language: str, letter: str, limit: int = -1, offset: int = 0) -> list[Hit]:
        """The labels under a letter, or under all for `*`, in alphabetical order; without a limit all of them."""
        query = f"SELECT {HIT} FROM label WHERE language = ?1 {_listed(scheme)} AND ?3 IN (initial, '*')"
        values = (language.lower(), self.number(scheme) if scheme else None, letter.upper(), limit, offset)
        with self._database() as database:
            rows = database.execute(f"{query} ORDER BY folded, text, id LIMIT ?4 OFFSET ?5", _parameters(values))
            return [hit(database, row, 1.0) for row in rows.fetchall()]

    # --------------------------------------------------------------------------------------------------------- reading

    def _concept(self, iri: str, identifier: str, deprecated: int) -> Concept:
        links: dict[str, list[str]] = {}
        literals: dict[str, list[tuple[str, str]]] = {}
        properties = []
        for predicate, value in self._values(iri):
            if isinstance(value, ox.Literal):
                literals.setdefault(predicate, []).append((value.language or "", value.value))
            else:
                links.setdefault(predicate, []).append(_key(value))
            if predicate not in _TOLD:
                properties.append((predicate, value))
        labels = self.rows(f"SELECT {_LABEL} FROM label JOIN node ON node.id = concept WHERE iri = ?", iri)
        schemes = "SELECT s.iri FROM node c JOIN member ON concept = c.id JOIN node s ON s.id = scheme WHERE c.iri = ?"
        return Concept(
            iri,
            identifier,
            types=links.get(TYPE, []),
            schemes=self.column(f"{schemes} ORDER BY s.iri", iri),
            labels=sorted(
                (Label(*row) for row in labels), key=lambda label: (KINDS.index(label.kind), label.language, label.text)
            ),
            notes=list(self._notes(links, literals)),
            broader=self._related(iri, "broader"),
            narrower=self._related(iri, "narrower"),
            related=self._related(iri, "related"),
            matches=[(name, other) for name in MATCHES for other in sorted(links.get(SKOS + name, ()))],
            notations=[text for _, text in literals.get(SKOS + "notation", ())],
            deprecated=bool(deprecated),
            replaced_by=links.get(DCTERMS + "isReplacedBy", []),
            properties=properties,
        )

    def _notes(self, links: dict[str, list[str]], literals: dict[str, list[tuple[str, str]]]) -> Iterator[Note]:
        for kind in NOTES:
            yield from (Note(kind, *text) for text in sorted(literals.get(SKOS + kind, ())))
            for node in links.get(SKOS + kind, ()):
                for predicate, value in self._values(node):
                    if predicate == _RDF_VALUE and isinstance(value, ox.Literal):
                        yield Note(kind, value.language or "", value.value)

    def _values(self, iri: str) -> list[tuple[str, ox.NamedNode | ox.BlankNode | ox.Literal]]:
        query = (
            "SELECT predicate.iri, object.iri, text, language, datatype FROM node subject"
            " JOIN statement ON statement.subject = subject.id"
            " JOIN node predicate ON predicate.id = statement.predicate"
            " LEFT JOIN node object ON object.id = statement.object WHERE subject.iri = ? ORDER BY statement.rowid"
        )
        return [(predicate, term(*value)) for predicate, *value in self.rows(query, iri)]

    def _related(self, iri: str, kind: str) -> list[str]:
        query = (
            "SELECT target.iri FROM node source JOIN relation ON relation.source = source.id"
            " JOIN node target ON target.id = relation.target WHERE source.iri = ? AND kind = ? ORDER BY target.iri"
        )
        return self.column(query, iri, kind)

    def column(self, query: str, *values: _Value) -> list[str]:
        """The first column of what a query answers."""
        return [row[0] for row in self.rows(query, *values)]

    def rows(self, query: str, *values: _Value) -> list[tuple[Any, ...]]:
        """What a query of the tables of `thesaurus.indexing` answers."""
        with self._database() as database:
            return database.execute(query, _parameters(values)).fetchall()

    def in_slices(self, query: str, values: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """The rows of a query that ends in the name of a column which has one of the values."""
        waiting = iter(values)
        while some := list(islice(waiting, _SLICE)):
            yield from self.rows(f"{query} IN ({', '.join('?' * len(some))})", *some)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread uses meanwhile."""
        try:
            database = self._connections.get_nowait()
        except queue.Empty:
            database = sqlite3.connect(self._address, uri=True, check_same_thread=False, isolation_level=None)
        try:
            yield database
        finally:
            self._connections.put(database)


def _listed(scheme: str | None) -> str:
    """The condition that a label is in the alphabetical list of a scheme, or of all; the scheme is parameter 2."""
    member = "SELECT 1 FROM member WHERE member.concept = label.concept AND scheme = ?2"
    return f"AND kind <> 'hiddenLabel' AND {OF_CONCEPT} AND {f'EXISTS ({member})' if scheme else '?2 IS NULL'}"


def _parameters(values: Iterable[_Value]) -> list[_Value]:
    """Values that SQLite takes: a lone surrogate, which is in no file, is left out of a text."""
    return [value.encode("utf-8", "ignore").decode() if isinstance(value, str) else value for value in values]


def _scheme(
    iri: str, slug: str, identifier: str, titles: str, completeness: str | None, concepts: int, languages: str
) -> Scheme:
    return Scheme(iri, slug, identifier, json.loads(titles), completeness, concepts, tuple(languages.split()))


def is_owned(predicate: str, key: str) -> bool:
    """Whether a node belongs to what it is stated of: a blank node, or a label of SKOS-XL."""
    return key.startswith("_:") or predicate.startswith(SKOSXL)


def term(iri: str | None, text: str, language: str, datatype: str) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """The term of the columns `object` (its IRI), `text`, `language` and `datatype` of a statement."""
    if iri is not None:
        return node(iri)
    return ox.Literal(text, language=language) if language else ox.Literal(text, datatype=ox.NamedNode(datatype))


def node(key: str) -> ox.NamedNode | ox.BlankNode:
    """The node of an IRI, or of the name of a blank node after `_:`."""
    return ox.BlankNode(key[2:]) if key.startswith("_:") else ox.NamedNode(key)


def _key(node: ox.NamedNode | ox.BlankNode) -> str:
    return node.value if isinstance(node, ox.NamedNode) else str(node)
