"""Questions about the index that a browser of a thesaurus asks: branches, collections, classes, changes and counts.

A vocabulary is the slug of a scheme, or None for all that the index holds.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pyoxigraph as ox

from thesaurus.entries import Label
from thesaurus.facts import COLLECTIONS, RDFS
from thesaurus.folding import folded
from thesaurus.index import Index, is_owned, node, term
from thesaurus.turtle import SKOS, TYPE

_INSIDE = "(?1 IS NULL OR EXISTS (SELECT 1 FROM member WHERE member.concept = {} AND scheme = ?1))"


@dataclass(frozen=True, slots=True)
class Entry:
    """A concept or collection in a list: what to call it, and whether anything is narrower."""

    iri: str
    label: Label | None
    notation: str | None
    has_narrower: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of concepts or collections: its `rdfs:label`s by language and the classes it is stated to be below."""

    iri: str
    labels: dict[str, str]
    above: tuple[str, ...]


def entries(index: Index, iris: Iterable[str], language: str) -> list[Entry]:
    """The entries of concepts, in the alphabetical order of a language; each concept once."""
    given = list(dict.fromkeys(iris))
    labels = index.labels(given, language)
    below = "SELECT iri FROM node JOIN relation ON source = id AND kind = 'narrower' WHERE iri"
    narrower = {iri for (iri,) in index.in_slices(below, given)}
    noted = dict(
        index.in_slices(
            "SELECT subject.iri, text FROM node subject JOIN statement ON statement.subject = subject.id"
            f" AND predicate = (SELECT id FROM node WHERE iri = '{SKOS}notation') WHERE subject.iri",
            given,
        )
    )
    found = [Entry(iri, labels.get(iri), noted.get(iri), iri in narrower) for iri in given]
    return sorted(found, key=lambda entry: (folded(entry.label.text) if entry.label else "\uffff", entry.iri))


def branch(index: Index, iri: str, kind: Literal["broader", "narrower"], limit: int = -1) -> dict[str, list[str]]:
    """A concept and all above or below it, the nearest first; each with those one step away. At most `limit`."""
    step = index.broader if kind == "broader" else index.narrower
    found: dict[str, list[str]] = {}
    level = [iri]
    while level and len(found) != limit:
        found |= {one: step(one) for one in level[: limit - len(found) if limit >= 0 else None]}
        level = list(dict.fromkeys(other for one in level for other in found.get(one, ()) if other not in found))
    return found


def preferred(index: Index, iris: Iterable[str]) -> dict[str, dict[str, str]]:
    """The preferred labels of concepts and collections by language tag."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    query = "SELECT iri, language, text FROM node JOIN label ON concept = node.id AND kind = 'prefLabel' WHERE iri"
    for iri, language, text in index.in_slices(query, iris):
        found[iri].setdefault(language, text)
    return found


def collections(index: Index, vocabulary: str | None) -> list[str]:
    """The collections of a vocabulary, by IRI."""
    query = (
        f"SELECT iri FROM concept JOIN node USING (id) WHERE collection AND {_INSIDE.format('concept.id')} ORDER BY iri"
    )
    return index.column(query, _number(index, vocabulary))


def members(index: Index, groups: Iterable[str]) -> dict[str, list[str]]:
    """What each of some collections holds: concepts and collections, by IRI."""
    query = (
        "SELECT whole.iri, held.iri FROM node whole JOIN relation ON relation.source = whole.id AND kind = 'member'"
        " JOIN node held ON held.id = relation.target JOIN concept ON concept.id = held.id WHERE whole.iri"
    )
    found: dict[str, list[str]] = defaultdict(list)
    for group, iri in sorted(index.in_slices(query, groups)):
        found[group].append(iri)
    return found


def types(index: Index, iris: Iterable[str]) -> dict[str, list[str]]:
    """The classes of each of some concepts or collections."""
    found: dict[str, list[str]] = defaultdict(list)
    query = (
        "SELECT subject.iri, kind.iri FROM node subject JOIN statement ON statement.subject = subject.id"
        f" AND predicate = (SELECT id FROM node WHERE iri = '{TYPE}') JOIN node kind ON kind.id = statement.object"
        " WHERE subject.iri"
    )
    for iri, kind in index.in_slices(query, iris):
        found[iri].append(kind)
    return found


def instances(index: Index, kinds: Sequence[str]) -> set[str]:
    """The concepts and collections that are instances of one of some classes."""
    query = (
        "SELECT subject.iri FROM node kind JOIN statement ON statement.object = kind.id"
        f" AND predicate = (SELECT id FROM node WHERE iri = '{TYPE}') JOIN concept ON concept.id = statement.subject"
        " JOIN node subject ON subject.id = statement.subject WHERE kind.iri"
    )
    return {iri for (iri,) in index.in_slices(query, kinds)}


def counts(index: Index, vocabulary: str | None) -> dict[str, tuple[int, int]]:
    """How many concepts and collections of each class a vocabulary has, and how many of them are deprecated."""
    query = (
        "SELECT kind.iri, count(*), sum(deprecated) FROM concept JOIN statement ON statement.subject = concept.id"
        f" AND predicate = (SELECT id FROM node WHERE iri = '{TYPE}') JOIN node kind ON kind.id = statement.object"
        f" WHERE {_INSIDE.format('concept.id')} GROUP BY kind.iri ORDER BY kind.iri"
    )
    found = {kind: (number, deprecated) for kind, number, deprecated in index.rows(query, _number(index, vocabulary))}
    whole = f"SELECT count(*), total(deprecated) FROM concept WHERE NOT collection AND {_INSIDE.format('concept.id')}"
    number, deprecated = index.rows(whole, _number(index, vocabulary))[0]
    return found | {SKOS + "Concept": (number, int(deprecated))}


def kinds(index: Index, vocabulary: str | None) -> list[Kind]:
    """The classes of the concepts and collections of a vocabulary: those of SKOS first."""
    first = [SKOS + "Concept", *COLLECTIONS]
    found = counts(index, vocabulary)
    used = [kind for kind in first if kind in found and found[kind][0]] + [kind for kind in found if kind not in first]
    return [_kind(index, iri) for iri in used]


def label_counts(index: Index, vocabulary: str | None) -> dict[str, dict[str, int]]:
    """How many labels of each kind the concepts of a vocabulary have in each language."""
    query = (
        "SELECT language, kind, count(*) FROM label JOIN concept ON concept.id = label.concept"
        f" WHERE NOT collection AND {_INSIDE.format('label.concept')} GROUP BY language, kind ORDER BY language"
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for language, kind, number in index.rows(query, _number(index, vocabulary)):
        found[language][kind] = number
    return found


def changes(index: Index, vocabulary: str | None, predicate: str, limit: int, offset: int) -> list[tuple[str, str]]:
    """The concepts with a date of a predicate, the latest first, and that date."""
    query = (
        "SELECT subject.iri, max(text) AS date FROM statement JOIN node subject ON subject.id = statement.subject"
        " JOIN concept ON concept.id = statement.subject WHERE NOT collection AND text IS NOT NULL"
        f" AND predicate = (SELECT id FROM node WHERE iri = ?2) AND {_INSIDE.format('concept.id')}"
        " GROUP BY subject.iri ORDER BY date DESC, subject.iri LIMIT ?3 OFFSET ?4"
    )
    return [(iri, date) for iri, date in index.rows(query, _number(index, vocabulary), predicate, limit, offset)]


def statements(index: Index, vocabulary: str | None) -> Iterator[ox.Triple]:
    """All statements about a scheme, its concepts and its collections, and the nodes that belong to them; or of all."""
    inside = (
        " WHERE subject = ?1 OR EXISTS (SELECT 1 FROM member WHERE member.concept = statement.subject AND scheme = ?1)"
        if vocabulary
        else " WHERE ?1 IS NULL"
    )
    query = (
        "SELECT subject.iri, predicate.iri, object.iri, text, language, datatype FROM statement"
        " JOIN node subject ON subject.id = statement.subject JOIN node predicate ON predicate.id = statement.predicate"
        f" LEFT JOIN node object ON object.id = statement.object {inside} ORDER BY statement.rowid"
    )
    owned: dict[str, None] = {}
    for subject, predicate, *value in index.rows(query, _number(index, vocabulary)):
        yield ox.Triple(node(subject), ox.NamedNode(predicate), term(*value))
        if vocabulary and value[0] and is_owned(predicate, value[0]):
            owned[value[0]] = None
    for iri in owned:
        yield from index.statements(iri)


def _kind(index: Index, iri: str) -> Kind:
    stated = list(index.statements(iri))
    labels = [s.object for s in stated if s.predicate.value == RDFS + "label" and isinstance(s.object, ox.Literal)]
    above = [
        s.object for s in stated if s.predicate.value == RDFS + "subClassOf" and isinstance(s.object, ox.NamedNode)
    ]
    return Kind(iri, {label.language or "": label.value for label in labels}, tuple(kind.value for kind in above))


def _number(index: Index, vocabulary: str | None) -> int | None:
    return index.number(vocabulary) if vocabulary else None


def tops(index: Index, iris: Iterable[str]) -> dict[str, list[str]]:
    """Of some concepts those that are top concepts, each with the schemes it is one of."""
    found: dict[str, list[str]] = defaultdict(list)
    query = (
        "SELECT DISTINCT node.iri, above.iri FROM node JOIN member ON concept = node.id AND top"
        " JOIN node above ON above.id = scheme WHERE node.iri"
    )
    for iri, scheme in sorted(index.in_slices(query, iris)):
        found[iri].append(scheme)
    return found


def living(index: Index, iris: Iterable[str]) -> list[str]:
    """Of some concepts and collections those that are not deprecated."""
    query = "SELECT iri FROM node JOIN concept USING (id) WHERE NOT deprecated AND iri"
    return [iri for (iri,) in index.in_slices(query, iris)]
