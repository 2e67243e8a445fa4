"""How far each language of the thesaurus is: the standing of every preferred label, and when it was last looked at."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self

import pyoxigraph as ox

from endpoint.concept_form import MARKS
from endpoint.languages import UNITED_NATIONS
from endpoint.localisation import N_
from thesaurus.changes import ChangeSet
from thesaurus.statements import CONCEPT, DEPRECATED, IN_SCHEME, PREF_LABEL
from thesaurus.turtle import TYPE

Standing = Literal["official", "unofficial", "machine", "missing"]
STANDINGS: tuple[Standing, ...] = ("official", "unofficial", "machine", "missing")
_WORDS = (N_("official"), N_("unofficial"), N_("machine"), N_("missing"), N_("complete"), N_("partial"))
"""What pages translate: the standings, and the completeness of schemes."""
REFERENCE = "en"
"""The language that the others are translated from."""
KINDS = {
    "missing": N_("no label in this language"),
    "copy": N_("the same words as in English"),
    "unofficial": N_("not the published wording"),
    "machine": N_("translated by a machine"),
}
"""What is to be done in a language, and what it means."""


@dataclass(frozen=True, slots=True)
class Row:
    """A concept whose label in a language is to be looked at; `is_copy` where it repeats the English one."""

    iri: str
    text: str
    standing: Standing
    is_copy: bool

    def is_of(self, kind: str) -> bool:
        """Whether the row belongs to a kind of `KINDS`."""
        return self.is_copy if kind == "copy" else self.standing == kind


@dataclass(frozen=True)
class Translations:
    """The labels of the concepts in use, of one version.

    `counts[scheme][language][standing]` is a number of concepts, the scheme "" all of them; `rows[language]` has the
    labels to be looked at; `schemes[concept]` and `checked[concept, language]`, the day of the last change, go by IRI.
    """

    version: int
    counts: Mapping[str, Mapping[str, Counter[Standing]]]
    rows: Mapping[str, list[Row]]
    schemes: Mapping[str, tuple[str, ...]]
    checked: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, version: int, statements: Iterable[ox.Triple], approved: Iterable[ChangeSet]) -> Self:
        """The labels of the statements of a version; `approved` are the change sets that led there."""
        labels, marks, members, concepts, gone = _read(statements)
        counts: dict[str, dict[str, Counter[Standing]]] = defaultdict(lambda: defaultdict(Counter))
        rows: dict[str, list[Row]] = defaultdict(list)
        languages = _languages(labels, members)
        for concept in sorted(concepts - gone):
            found, schemes = labels.get(concept, {}), members.get(concept, ())
            reference = found.get(REFERENCE)
            for language in languages[""]:
                text = found.get(language)
                standing = _standing(marks, concept, text)
                for scheme in ("", *(one for one in schemes if language in languages[one])):
                    counts[scheme][language][standing] += 1
                is_copy = language != REFERENCE and bool(text and reference and text.value == reference.value)
                if standing != "official" or is_copy:
                    rows[language].append(Row(concept, text.value if text else "", standing, is_copy))
        return cls(version, counts, rows, {one: tuple(of) for one, of in members.items()}, _checked(approved))

    def chosen(self, language: str, kind: str = "", scheme: str = "") -> list[Row]:
        """The rows of a language, those of a kind and of a scheme only where these are given."""
        return [
            row
            for row in self.rows.get(language, ())
            if (not kind or row.is_of(kind)) and (not scheme or scheme in self.schemes.get(row.iri, ()))
        ]


def _read(
    statements: Iterable[ox.Triple],
) -> tuple[
    dict[str, dict[str, ox.Literal]], dict[tuple[str, ox.Literal], Standing], dict[str, list[str]], set[str], set[str]
]:
    """The preferred labels by concept and language, those with a mark, the schemes by concept, the concepts, and
    those that are out of use."""
    labels: dict[str, dict[str, ox.Literal]] = defaultdict(dict)
    marks: dict[tuple[str, ox.Literal], Standing] = {}
    members: dict[str, list[str]] = defaultdict(list)
    concepts, gone = set(), set()
    names: dict[ox.NamedNode, Standing] = {MARKS["unofficial"]: "unofficial", MARKS["machine"]: "machine"}
    is_a = ox.NamedNode(TYPE)
    for triple in statements:
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        if not isinstance(subject, ox.NamedNode):
            continue
        if predicate == PREF_LABEL and isinstance(value, ox.Literal):
            labels[subject.value][value.language or ""] = value
        elif predicate in names and isinstance(value, ox.Literal):
            marks[subject.value, value] = names[predicate]
        elif predicate == IN_SCHEME and isinstance(value, ox.NamedNode):
            members[subject.value].append(value.value)
        elif predicate == is_a and value == CONCEPT:
            concepts.add(subject.value)
        elif predicate == DEPRECATED and isinstance(value, ox.Literal) and value.value in ("true", "1"):
            gone.add(subject.value)
    return labels, marks, members, concepts, gone


def _languages(
    labels: Mapping[str, Mapping[str, ox.Literal]], members: Mapping[str, list[str]]
) -> dict[str, dict[str, None]]:
    """The languages to be complete in, by scheme and, under "", of all: the six, and those that occur there."""
    found: dict[str, dict[str, None]] = defaultdict(lambda: dict.fromkeys(UNITED_NATIONS))
    for concept, texts in labels.items():
        for scheme in ("", *members.get(concept, ())):
            found[scheme] |= dict.fromkeys(texts)
    found.setdefault("", dict.fromkeys(UNITED_NATIONS))
    return found


def _standing(marks: Mapping[tuple[str, ox.Literal], Standing], concept: str, label: ox.Literal | None) -> Standing:
    return "missing" if label is None else marks.get((concept, label), "official")


def _checked(approved: Iterable[ChangeSet]) -> dict[tuple[str, str], str]:
    """When a label or its standing last changed, by concept and language; what the first version has is not told."""
    found: dict[tuple[str, str], str] = {}
    for change in approved:
        if change.base == 0:
            continue
        for triple in change.delta.added | change.delta.removed:
            value = triple.object
            if triple.predicate in (PREF_LABEL, *MARKS.values()) and isinstance(value, ox.Literal):
                key = getattr(triple.subject, "value", ""), value.language or ""
                found[key] = max(found.get(key, ""), (change.reviewed or change.created)[:10])
    return found
