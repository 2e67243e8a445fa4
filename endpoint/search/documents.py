"""From a generation to what the index holds: one document for each record and each concept.

A record's graph is read once. Its texts are its literals and those of its parts; texts of its revisions, identifiers,
and how to reach persons are not among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain

import pyoxigraph as ox

import ontology
from endpoint.search import names
from endpoint.search.concepts import Concept, Concepts
from endpoint.search.entries import Text
from thesaurus.turtle import CH, DCTERMS, SKOS, TYPE

ADMS, FOAF, RDFS = "http://www.w3.org/ns/adms#", "http://xmlns.com/foaf/0.1/", "http://www.w3.org/2000/01/rdf-schema#"
SDO, VCARD, DWC = "https://schema.org/", "http://www.w3.org/2006/vcard/ns#", "http://rs.tdwg.org/dwc/terms/"
XSD = "http://www.w3.org/2001/XMLSchema#"
CONCEPT = SKOS + "Concept"
CURRENT, WITHDRAWN = CH + "Current", CH + "Withdrawn"
COUNTRIES = "id/scheme/countries"
"""The scheme of the countries, below the base IRI."""
TITLES = (DCTERMS + "title", RDFS + "label", VCARD + "fn", FOAF + "name", SDO + "name", DWC + "scientificName",
          DWC + "vernacularName", VCARD + "organization-name")  # fmt: skip
"""What a record is called by: the first of these that it has."""
_PERSON = (VCARD + "given-name", VCARD + "family-name")
_DATES = (DCTERMS + "issued", DCTERMS + "dateSubmitted", DCTERMS + "created", DCTERMS + "modified")
_CHANGES = (DCTERMS + "modified", DCTERMS + "dateSubmitted", DCTERMS + "issued", DCTERMS + "created")
_NAMES = {DCTERMS + "identifier", CH + "guid", CH + "documentId", CH + "legacyIdentifier", CH + "symbol",
          CH + "reference", FOAF + "isPrimaryTopicOf", SKOS + "notation"}  # fmt: skip
_SILENT = _NAMES | {SDO + "inLanguage", SDO + "email", SDO + "telephone", SDO + "faxNumber", SDO + "encodingFormat",
                    CH + "answerValue", CH + "totalBudget", VCARD + "postal-code"}  # fmt: skip
_TEXTUAL = {XSD + "string", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"}


@dataclass
class Entry:
    """What the index is to hold of a record or a concept; the names are those of the fields."""

    iri: str
    kind: str
    types: list[str] = field(default_factory=list)
    titles: list[Text] = field(default_factory=list)
    labels: list[Text] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    houses: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    all_subjects: list[str] = field(default_factory=list)
    """The subjects and what is above them."""
    languages: list[str] = field(default_factory=list)
    status: str = CURRENT
    date: str = ""
    updated: str = ""
    identifiers: list[str] = field(default_factory=list)

    @property
    def year(self) -> str:
        """The year of publication, empty if it is not known."""
        return self.date[:4] if self.date[:4].isdigit() else ""

    @property
    def seconds(self) -> int | None:
        """The date, of which month and day may be missing, as seconds since 1970."""
        try:
            moment = datetime.fromisoformat(self.date + "0001-01-01"[len(self.date) :])
        except ValueError:
            return None
        return None if not self.year else int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


class Reader:
    """The documents of one generation, given its store and the base IRI of the data."""

    def __init__(self, store: ox.Store, base: str) -> None:
        self._store, self._base = store, base
        self.concepts = Concepts.of(self._graph(ox.NamedNode(f"{base}id/thesaurus")))

    def records(self) -> Iterator[Entry]:
        """The records of the clearing-houses that are not withdrawn."""
        met: set[str] = set()  # a record may belong to several houses
        for quad in self._store.quads_for_pattern(None, ox.NamedNode(CH + "clearingHouse"), None, None):
            record = quad.subject
            if isinstance(record, ox.NamedNode) and record == quad.graph_name and record.value not in met:
                met.add(record.value)
                entry = self._record(record)
                if entry is not None:
                    yield entry

    def thesaurus(self) -> Iterator[Entry]:
        """The concepts that are in use, countries among them."""
        for concept in self.concepts:
            if not concept.deprecated and concept.labels:
                yield self._concept(concept)

    def _graph(self, name: ox.NamedNode) -> Iterator[ox.Quad]:
        return self._store.quads_for_pattern(None, None, None, name)

    # ------------------------------------------------------------------------------------------------------- records

    def _record(self, record: ox.NamedNode) -> Entry | None:
        read = _Statements(record.value)
        for quad in self._graph(record):
            read.add(quad)
        status = next(iter(read.links.get(ADMS + "status", ())), CURRENT)
        if status == WITHDRAWN:
            return None
        places = [iri for name in self._spatial for iri in read.links.get(name, ())]
        own = read.links.get(CH + "government") or places
        countries = [iri for iri in own if iri.startswith(f"{self._base}id/country/")]
        regions = [iri for iri in places if iri not in countries and iri in self.concepts.by_iri]
        subjects = list(dict.fromkeys(read.subjects))
        types = [iri for iri in read.links.get(TYPE, ()) if iri.startswith(CH)]
        titles, rest = _titles(read)
        return Entry(
            record.value,
            "record",
            types=types,
            titles=titles,
            labels=list(self._labels(chain(types, countries, regions, subjects, read.terms))),
            texts=rest,
            houses=read.links.get(CH + "clearingHouse", []),
            countries=list(dict.fromkeys(countries)),
            regions=self._regions(chain(countries, regions)),
            subjects=subjects,
            all_subjects=self.concepts.closure(subjects),
            languages=_languages(read, titles),
            status=status,
            date=read.first(_DATES),
            updated=read.first(_CHANGES),
            identifiers=read.names,
        )

    def _regions(self, places: Iterable[str]) -> list[str]:
        """The regions that places are, or are in."""
        countries = f"{self._base}id/country/"
        return [iri for iri in self.concepts.closure(places) if not iri.startswith(countries)]

    def _labels(self, iris: Iterable[str]) -> Iterator[Text]:
        for iri in dict.fromkeys(iris):
            if concept := self.concepts.by_iri.get(iri):
                yield from concept.labels
            yield from self._classes.get(iri, ())

    @cached_property
    def _spatial(self) -> list[str]:
        """The properties that say where: what the ontology states to be below `dcterms:spatial`."""
        of_place = ox.NamedNode(DCTERMS + "spatial")
        found = self._store.quads_for_pattern(None, ox.NamedNode(RDFS + "subPropertyOf"), of_place, ontology.GRAPH)
        names = [quad.subject.value for quad in found if isinstance(quad.subject, ox.NamedNode)]
        return sorted(names, key=lambda name: (name != CH + "government", name))

    @cached_property
    def _classes(self) -> dict[str, list[Text]]:
        """What the ontology calls its classes."""
        found: dict[str, list[Text]] = {}
        for quad in self._store.quads_for_pattern(None, ox.NamedNode(RDFS + "label"), None, ontology.GRAPH):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
                found.setdefault(quad.subject.value, []).append(Text(quad.object.value, quad.object.language or ""))
        return found

    # ------------------------------------------------------------------------------------------------------ concepts

    def _concept(self, concept: Concept) -> Entry:
        is_country = concept.iri.startswith(f"{self._base}id/country/")
        return Entry(
            concept.iri,
            "concept",
            types=[CONCEPT],
            titles=concept.preferred or concept.alternative,
            labels=[*concept.alternative, *concept.hidden],
            texts=concept.notes,
            countries=[concept.iri] if is_country else [],
            regions=self._regions([concept.iri]) if is_country else [],
            subjects=[] if is_country else [concept.iri],
            all_subjects=[] if is_country else self.concepts.closure([concept.iri]),
            languages=list(dict.fromkeys(label.language for label in concept.labels if label.language)),
            identifiers=[*concept.names, concept.iri],
        )


class _Statements:
    """What the graph of a record says, sorted by what the index makes of it."""

    def __init__(self, record: str) -> None:
        self._record = record
        self._revision = f"{record}/"
        self.links: dict[str, list[str]] = {}
        self.literals: dict[str, list[ox.Literal]] = {}
        self.texts: list[Text] = []
        self.subjects: list[str] = []
        self.terms: list[str] = []
        self.identifiers: list[str] = []

    def add(self, quad: ox.Quad) -> None:
        """Take in a statement; those about revisions say nothing that is searched for."""
        subject, predicate, value = quad.subject, quad.predicate.value, quad.object
        is_own = isinstance(subject, ox.NamedNode) and subject.value == self._record
        if not is_own and isinstance(subject, ox.NamedNode) and subject.value.startswith(self._revision):
            return
        if isinstance(value, ox.Literal):
            self._add_literal(predicate, value, is_own)
        elif isinstance(value, ox.NamedNode):
            if predicate == DCTERMS + "subject":
                self.subjects.append(value.value)
            elif is_own:
                self.links.setdefault(predicate, []).append(value.value)
                if predicate in _NAMES:
                    self.identifiers.append(value.value)
            if "/id/term/" in value.value:
                self.terms.append(value.value)

    def _add_literal(self, predicate: str, value: ox.Literal, is_own: bool) -> None:
        if predicate in _NAMES:
            self.identifiers.append(value.value)
        if is_own:
            self.literals.setdefault(predicate, []).append(value)
            if predicate in TITLES or predicate in _PERSON:
                return
        if predicate not in _SILENT and value.datatype.value in _TEXTUAL:
            self.texts.append(Text(value.value, value.language or ""))

    @property
    def names(self) -> list[str]:
        """The identifiers, the public one first."""
        first = (DCTERMS + "identifier", CH + "symbol", CH + "guid")
        public = [value.value for name in first for value in self.literals.get(name, ())]
        return list(dict.fromkeys([*public, *self.identifiers]))

    def first(self, properties: Iterable[str]) -> str:
        """The first value of the first property that has one."""
        return next((value.value for name in properties for value in self.literals.get(name, ())), "")


def _titles(read: _Statements) -> tuple[list[Text], list[Text]]:
    """What a record is called, and its other texts."""
    called = [[_text(value) for value in read.literals.get(name, ())] for name in TITLES]
    person = " ".join(value.value for name in _PERSON for value in read.literals.get(name, ())[:1])
    if person:
        called.insert(3, [Text(person, "")])
    present = [texts for texts in called if texts]
    first, others = (present[0], present[1:]) if present else ([], [])
    return sorted(first, key=lambda one: one.language), [*chain.from_iterable(others), *read.texts]


def _languages(read: _Statements, titles: list[Text]) -> list[str]:
    """The languages that a record says it has, else those of its title."""
    stated = [value.value.casefold() for value in read.literals.get(SDO + "inLanguage", ())]
    return list(dict.fromkeys(stated or [one.language for one in titles if one.language]))


def _text(value: ox.Literal) -> Text:
    return Text(value.value, value.language or "")


def keys(entry: Entry) -> list[str]:
    """The keys under which the identifiers of an entry are found."""
    return list(dict.fromkeys(key for one in entry.identifiers for key in names.given(one)))
