"""The columns of a sheet: which statements of a concept stand under which heading, and what a concept is called.

A heading is a name, and for texts what sets them apart: `prefLabel@fr` is the preferred label in French, `notation` a
plain text, `notation^^IRI` one of a datatype. Links name concepts and schemes by identifier, or by IRI where
that says more.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from ontology.errors import IdentifierError
from ontology.identifiers import term_key
from thesaurus.statements import (
    ALTERNATE_IDENTIFIER,
    CONCEPT,
    CONCEPT_SCHEME,
    DEPRECATED,
    IDENTIFIER,
    IN_SCHEME,
    MACHINE_LABEL,
    REPLACED_BY,
    UNOFFICIAL_LABEL,
)
from thesaurus.turtle import SKOS, TYPE, XSD

IDENTIFIED, STANDING, DEPRECATION = "identifier", "standing", "deprecated"
STANDINGS = ("official", "unofficial", "machine")
BOOLEAN = f"^^{XSD}boolean"
NOTES = ("definition", "scopeNote", "note", "example", "editorialNote", "historyNote", "changeNote")
_SKOS_TEXTS = ("prefLabel", "altLabel", "hiddenLabel", *NOTES, "notation")
TEXTS = {name: ox.NamedNode(SKOS + name) for name in _SKOS_TEXTS} | {DEPRECATION: DEPRECATED}
LINKS = {
    "scheme": IN_SCHEME,
    "broader": ox.NamedNode(SKOS + "broader"),
    "related": ox.NamedNode(SKOS + "related"),
    "replacedBy": REPLACED_BY,
}
NAMES = (IDENTIFIED, STANDING, *LINKS, *TEXTS)
LINK = "<>"
_SHOWN = {predicate: name for name, predicate in (TEXTS | LINKS).items()} | {
    UNOFFICIAL_LABEL: "unofficial",
    MACHINE_LABEL: "machine",
    IDENTIFIER: "own",
    ALTERNATE_IDENTIFIER: "other",
}
# ISO 639-1; tags of three letters (ISO 639-2 and -3) are too many to list.
_TWO_LETTERS = re.compile(
    "a[abefkmnrsvyz]|b[aeghimnors]|c[aehorsuvy]|d[aevz]|e[elnostu]|f[afijory]|g[adlnuv]|h[aeiortuyz]|i[adegikostu]|j[av]|"
    "k[agijklmnorsuvwy]|l[abgintouv]|m[ghiklnrsty]|n[abdeglnorvy]|o[cjmrs]|p[ailst]|qu|r[mnouw]|s[acdegiklmnoqrstuvw]|"
    "t[aeghiklnorstwy]|u[grkz]|v[eio]|w[ao]|xh|y[io]|z[ahu]"
)

Slots = dict[tuple[str, str], list[str]]
"""Texts and IRIs by the name of a column and its tag."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading: its name, and `@` with a language, `^^` with a datatype, `<>` for links, nothing for plain texts."""

    name: str
    tag: str = ""

    @property
    def heading(self) -> str:
        """How the sheet shows it."""
        fixed = self.tag == LINK or self.name == DEPRECATION
        return self.name if fixed else self.name + self.tag

    @property
    def predicate(self) -> ox.NamedNode:
        """The predicate of its statements."""
        return LINKS.get(self.name) or TEXTS[self.name]

    @property
    def key(self) -> tuple[str, str]:
        """Where its texts are among those of a concept; of a standing, those of the labels that it is about."""
        return ("prefLabel" if self.name == STANDING else self.name), self.tag

    def literal(self, text: str) -> ox.Literal:
        """The value that a text of this column states."""
        if self.tag.startswith("@"):
            return ox.Literal(text, language=self.tag[1:])
        return ox.Literal(text, datatype=ox.NamedNode(self.tag[2:])) if self.tag else ox.Literal(text)


def column(heading: str, used: frozenset[str]) -> Column | str:
    """The column of a heading, or what is wrong with it; `used` are languages known besides those of two letters."""
    found = re.fullmatch(r"([A-Za-z]+)(?:@(.*)|(\^\^.+))?", heading)
    names = {name.lower(): name for name in NAMES}
    if not found or found[1].lower() not in names:
        return "unknown column"
    name, language, datatype = names[found[1].lower()], found[2], found[3] or ""
    if name in LINKS or name in (IDENTIFIED, DEPRECATION):
        tag = LINK if name in LINKS else BOOLEAN if name == DEPRECATION else ""
        return "a column without language" if language is not None or datatype else Column(name, tag)
    if language is None:
        return "a language, such as standing@fr" if name == STANDING else Column(name, datatype)
    tag = language.lower()
    primary = tag.partition("-")[0]
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", tag) or not (
        _TWO_LETTERS.fullmatch(primary) or primary in used
    ):
        return f"{language!r} is no language; expected a tag such as fr, zh or pt-br"
    return Column(name, f"@{tag}")


def tag_of(value: object) -> str | None:
    """The tag of the column where a value stands; None for a value that no sheet shows."""
    if isinstance(value, ox.Literal):
        if value.language:
            return f"@{value.language}"
        return "" if value.datatype.value == XSD + "string" else f"^^{value.datatype.value}"
    return LINK if isinstance(value, ox.NamedNode) else None


class Book:
    """What a sheet shows of some statements: the texts of every concept by column, and the names of all."""

    def __init__(self, statements: Iterable[ox.Triple]) -> None:
        self.slots: dict[ox.NamedNode, Slots] = defaultdict(dict)
        self.concepts: list[ox.NamedNode] = []
        self.schemes: list[ox.NamedNode] = []
        kind = ox.NamedNode(TYPE)
        for triple in statements:
            subject, predicate, value = triple.subject, triple.predicate, triple.object
            if not isinstance(subject, ox.NamedNode):
                continue
            if (name := _SHOWN.get(predicate)) and (tag := tag_of(value)) is not None:
                self.slots[subject].setdefault((name, tag), []).append(value.value)  # type: ignore[union-attr]
            elif predicate == kind and value == CONCEPT:
                self.concepts.append(subject)
            elif predicate == kind and value == CONCEPT_SCHEME:
                self.schemes.append(subject)
        self.concept_names = Names(self.concepts, self.slots)
        self.scheme_names = Names(self.schemes, self.slots)

    def texts(self, node: ox.NamedNode, column: Column) -> list[str]:
        """What the cell of a concept in a column shows, sorted."""
        if column.name == IDENTIFIED:
            return [self.concept_names.name(node)]
        slots = self.slots.get(node, {})
        found = slots.get(column.key, [])
        if column.name == STANDING:
            given = {standing(slots, column.tag, label) for label in found}
            return [max(given, key=STANDINGS.index)] if given else []
        if column.tag == LINK:
            names = self.scheme_names if column.name == "scheme" else self.concept_names
            found = [names.name(ox.NamedNode(iri)) for iri in found]
        return sorted(found) if len(found) > 1 else found


def standing(slots: Slots, tag: str, label: str) -> str:
    """The standing of a label, from what repeats it."""
    for name in ("machine", "unofficial"):
        if label in slots.get((name, tag), ()):
            return name
    return "official"


class Names:
    """What some nodes are called, and what a name calls: one identifier that no other has, else the IRI."""

    def __init__(self, nodes: Sequence[ox.NamedNode], slots: dict[ox.NamedNode, Slots]) -> None:
        self._exact: dict[str, set[ox.NamedNode]] = defaultdict(set)
        self._folded: dict[str, set[ox.NamedNode]] = defaultdict(set)
        own: dict[ox.NamedNode, str] = {}
        for node in nodes:
            given = [text for tag in ("", f"^^{XSD}anyURI") for text in slots[node].get(("own", tag), ())]
            if len(given) == 1:
                own[node] = given[0]
            for name in (*given, *slots[node].get(("other", ""), ()), node.value):
                self._exact[name].add(node)
                self._folded[_key(name)].add(node)
        self._names = {node: name for node, name in own.items() if self.found(name) == {node} and name.strip() == name}

    def name(self, node: ox.NamedNode) -> str:
        """What a sheet calls a node."""
        return self._names.get(node, node.value)

    def found(self, name: str) -> set[ox.NamedNode]:
        """The nodes that a name may mean: compared with case first, then without."""
        return self._exact.get(name) or self._folded.get(_key(name), set())

    def add(self, name: str, node: ox.NamedNode) -> None:
        """A node that the sheet brings."""
        self._names[node] = name
        for spelling in {name, node.value}:
            self._exact[spelling].add(node)
            self._folded[_key(spelling)].add(node)


def _key(name: str) -> str:
    try:
        return term_key(name)
    except IdentifierError:
        return name.casefold()
