"""The rows of a sheet that came back: what their cells say, against what the thesaurus said when the sheet went out."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import pyoxigraph as ox

from ontology.errors import IdentifierError
from ontology.identifiers import Iris, TermIri
from thesaurus.importing.cells import CellError, plain, text, values
from thesaurus.importing.columns import BOOLEAN, DEPRECATION, IDENTIFIED, LINK, LINKS, STANDING, STANDINGS, Book, Column
from thesaurus.importing.problems import Problem, error, note
from thesaurus.importing.tables import Table, column_name
from thesaurus.importing.workbooks import Cell, NotText
from thesaurus.importing.working import Working
from thesaurus.statements import (
    CONCEPT,
    DEPRECATED,
    IDENTIFIER,
    IN_SCHEME,
    MACHINE_LABEL,
    UNOFFICIAL_LABEL,
)
from thesaurus.turtle import TYPE, ThesaurusError

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LABELS = ("prefLabel", "altLabel", "hiddenLabel")
_REPEATS = {"unofficial": UNOFFICIAL_LABEL, "machine": MACHINE_LABEL}
# What spreadsheet programs make of 1E5 or 00012345678901.
_DAMAGED = re.compile(r"[0-9]([.,][0-9]+)?E[+-]?[0-9]+")
_IRI = re.compile(r"(?:https?://|urn:)[^\s<>\"{}|\\^`]+")


class Rows:
    """The rows of a table as changes of the statements that it was made from."""

    def __init__(
        self,
        table: Table,
        known: Sequence[ox.Triple],
        book: Book,
        columns: dict[int, Column],
        iris: Iris,
        default: ox.NamedNode | None,
    ) -> None:
        self.working = Working(known)
        self.problems: list[Problem] = []
        self.seen: set[ox.NamedNode] = set()
        self._table, self._book, self._columns, self._iris, self._default = table, book, columns, iris, default
        self._known = frozenset(book.concepts)
        self._rows: dict[ox.NamedNode, tuple[int, Sequence[Cell]]] = {}
        self._places = {one: index for index, one in columns.items()}
        self._keys = [(index, one, one.key) for index, one in columns.items() if one.name != IDENTIFIED]
        self._unstated: list[str] = []
        languages = dict.fromkeys(one.tag for one in columns.values() if one.name in ("prefLabel", STANDING))
        self._standing = [Column(STANDING, tag) for tag in languages if tag.startswith("@")]

    def read(self) -> None:
        """Read every row: who they are about first, since a row may name a concept that a later one brings."""
        for number, row in self._table.rows:
            if (node := self._subject(number, row)) is not None:
                if node in self._rows:
                    met = f"the concept of row {self._rows[node][0]} again; expected one row for each concept"
                    self._report(number, Column(IDENTIFIED), met)
                else:
                    self._rows[node] = number, row
        self.seen = {*self._rows}
        edited = {node: found for node in self._rows if (found := self._edited(node))}
        for node, columns in edited.items():
            self._read_row(node, columns)
        for node, columns in edited.items():  # when all links are what they will be
            if any(column.name in (DEPRECATION, "replacedBy") for column in columns):
                self._deprecate(node)
        if self._unstated:
            shown = ", ".join(self._unstated[:10])
            self.problems.append(
                note(self._table.name, f"{len(self._unstated)} new labels without standing count as official: {shown}")
            )

    def _report(self, number: int, column: Column, message: str) -> None:
        index = self._places.get(column)
        letter = "" if index is None else f" ({column_name(index)}{number})"
        self.problems.append(error(f"{self._table.name}, row {number}, column {column.heading}{letter}", message))

    def _text(self, node: ox.NamedNode, column: Column) -> str | None:
        """The text of a cell; None where it holds no text, which is reported."""
        number, row = self._rows[node]
        cell = row[self._places[column]]
        if isinstance(cell, NotText):
            if column.name == DEPRECATION and cell.kind in ("truth value", "number"):
                return cell.shown.lower()
            self._report(number, column, _not_text(cell))
            return None
        return plain(cell)

    # Who a row is about

    def _subject(self, number: int, row: Sequence[Cell]) -> ox.NamedNode | None:
        own = Column(IDENTIFIED)
        cell = row[self._places[own]]
        if len(row) > len(self._table.headings):
            beside = f"{self._table.name}, row {number}, column {column_name(len(self._table.headings))}"
            self.problems.append(error(beside, "a value below no heading; expected nothing there"))
        if isinstance(cell, NotText):
            self._report(number, own, _not_text(cell))
            return None
        try:
            names = values(cell)
        except CellError as fault:
            self._report(number, own, str(fault))
            return None
        if len(names) != 1:
            self._report(number, own, f"{len(names)} identifiers; expected one")
            return None
        found = self._book.concept_names.found(names[0])
        if len(found) > 1:
            self._report(
                number, own, f"{names[0]!r} is the identifier of {len(found)} concepts; expected the IRI of one"
            )
            return None
        return next(iter(found)) if found else self._new(number, row, names[0])

    def _new(self, number: int, row: Sequence[Cell], name: str) -> ox.NamedNode | None:
        """The concept that a row brings, with its scheme: below our base named by its identifier, else by its IRI."""
        own = Column(IDENTIFIED)
        scheme = self._scheme_of(number, row)
        if scheme is None:
            expected = "expected an identifier of the thesaurus, or the scheme of a new concept"
            self._report(number, own, f"{name!r} is no concept of version {self._table.version}; {expected}")
            return None
        if _DAMAGED.fullmatch(name):
            self._report(number, own, f"{name!r}, a number; expected an identifier: format the column as text")
            return None
        is_ours = scheme.value.startswith(f"{self._iris.base}id/")
        if not is_ours and not _IRI.fullmatch(name):
            self._report(number, own, f"{name!r} is new in a scheme from elsewhere; expected the IRI of the concept")
            return None
        try:
            node, identifier = self._named(name) if is_ours else (ox.NamedNode(name), None)
        except (IdentifierError, ValueError) as fault:
            self._report(number, own, str(fault))
            return None
        if node not in self._known:
            self.working.add(ox.Triple(node, ox.NamedNode(TYPE), CONCEPT))
            if identifier:
                self.working.add(ox.Triple(node, IDENTIFIER, ox.Literal(identifier)))
            if self._default and not self._cell_of(row, Column("scheme", LINK)).strip():
                self.working.add(ox.Triple(node, IN_SCHEME, self._default))
            self._book.concept_names.add(identifier or name, node)
        return node

    def _named(self, name: str) -> tuple[ox.NamedNode, str]:
        if name.startswith(f"{self._iris.base}id/"):
            found = self._iris.parse(name)
            if not isinstance(found, TermIri):
                raise IdentifierError(f"{name!r}: expected the identifier of a concept")
            name = found.identifier
        node = self._iris.place(name)
        read = self._iris.parse(node)
        return node, read.identifier if isinstance(read, TermIri) else name

    def _scheme_of(self, number: int, row: Sequence[Cell]) -> ox.NamedNode | None:
        column = Column("scheme", LINK)
        try:
            names = values(self._cell_of(row, column))
        except CellError as fault:
            self._report(number, column, str(fault))
            return None
        found = [node for name in names for node in self._book.scheme_names.found(name)]
        if names and not found:
            self._report(number, column, f"{names[0]!r}: no scheme called so; expected the identifier of one")
            return None
        return found[0] if found else self._default

    def _cell_of(self, row: Sequence[Cell], column: Column) -> str:
        cell = row[self._places[column]] if column in self._places else ""
        return cell if isinstance(cell, str) else ""

    # What it says

    def _edited(self, node: ox.NamedNode) -> list[Column]:
        """The columns where a row is not as it went out."""
        row, slots = self._rows[node][1], self._book.slots.get(node, {})
        return [
            column
            for index, column, key in self._keys
            if (row[index] or key in slots) and row[index] != text(self._book.texts(node, column))
        ]

    def _read_row(self, node: ox.NamedNode, edited: Sequence[Column]) -> None:
        preferred = {}
        for column in edited:
            if column.name not in (STANDING, DEPRECATION, "replacedBy"):
                after = self._change(node, column)
                if column.name == "prefLabel" and after is not None:
                    preferred[column.tag] = after
        for column in self._standing:
            if column in edited or column.tag in preferred:
                self._restate(node, column, preferred.get(column.tag))
        for column in edited:
            if column.name in _LABELS:
                for label in self._values(node, column):
                    self.working.forget_standing(node, label)  # type: ignore[arg-type]

    def _wanted(self, node: ox.NamedNode, column: Column) -> list[str] | None:
        """What a cell says, where that is something else than when it went out; None otherwise, or if it is wrong."""
        before = self._book.texts(node, column)
        cell = self._text(node, column)
        if cell is None or (not cell and not before) or cell == _plain_text(tuple(before)):
            return None
        try:
            wanted = values(cell)
        except CellError as fault:
            self._report(self._rows[node][0], column, str(fault))
            return None
        return None if sorted(wanted) == sorted(before) else wanted

    def _change(self, node: ox.NamedNode, column: Column) -> set[ox.NamedNode | ox.Literal] | None:
        """Take over a cell; the values that it has now, None where it says what it said."""
        wanted = self._wanted(node, column)
        found = None if wanted is None else self._objects(node, column, wanted)
        if found is None:
            return None
        before, after = self._values(node, column), set(found)
        for value in before - after:
            self.working.unlink(ox.Triple(node, column.predicate, value))
        for value in after - before:
            self.working.add(ox.Triple(node, column.predicate, value))
        return after

    def _values(self, node: ox.NamedNode, column: Column) -> set[ox.NamedNode | ox.Literal]:
        found = self._book.slots.get(node, {}).get(column.key, [])
        return {ox.NamedNode(one) if column.name in LINKS else column.literal(one) for one in found}

    def _objects(
        self, node: ox.NamedNode, column: Column, wanted: Sequence[str]
    ) -> Sequence[ox.NamedNode | ox.Literal] | None:
        """What the texts of a cell state; None where one of them cannot, which is reported."""
        number = self._rows[node][0]
        if column.name not in LINKS:
            if column.name == "prefLabel" and len(wanted) > 1:
                message = rf"{len(wanted)} preferred labels; expected one (a bar in a label is written \|)"
                self._report(number, column, message)
                return None
            return [column.literal(one) for one in wanted]
        if column.name == "scheme" and not wanted:
            self._report(number, column, "in no scheme; expected at least one")
            return None
        found = [*self._links(node, column, wanted)]
        return found if len(found) == len(wanted) else None

    def _links(self, node: ox.NamedNode, column: Column, wanted: Sequence[str]) -> Iterator[ox.NamedNode]:
        kind = "scheme" if column.name == "scheme" else "concept"
        names = self._book.scheme_names if kind == "scheme" else self._book.concept_names
        before = {names.name(one): one for one in self._values(node, column) if isinstance(one, ox.NamedNode)}
        for name in wanted:
            found = {before[name]} if name in before else names.found(name)
            number = self._rows[node][0]
            if len(found) != 1:
                message = f"{name!r}: {len(found) or 'no'} {kind} called so; expected the identifier of one"
                self._report(number, column, message)
            elif node in found:
                self._report(number, column, f"{name!r} is the concept itself; expected another one")
            else:
                yield next(iter(found))

    def _restate(self, node: ox.NamedNode, column: Column, new: set[ox.NamedNode | ox.Literal] | None) -> None:
        """Give the preferred label the standing of the row; without a column for it, a new one has that of the old."""
        before = "".join(self._book.texts(node, column))
        wanted: str | None = before
        if column in self._places and (wanted := self._text(node, column)) is not None:
            wanted = wanted.strip().lower()
        if wanted is None or (wanted == before and new is None):
            return
        if wanted and wanted not in STANDINGS:
            expected = f"expected one of {', '.join(STANDINGS)}"
            self._report(self._rows[node][0], column, f"{wanted!r:.60} is no standing; {expected}")
            return
        labels = self._values(node, Column("prefLabel", column.tag)) if new is None else new
        if labels and not wanted:
            self._unstated.append(f"{self._book.concept_names.name(node)} ({column.tag[1:]})")
        for label in labels:
            for name, predicate in _REPEATS.items():
                triple = ox.Triple(node, predicate, label)
                (self.working.add if name == wanted else self.working.remove)(triple)

    # Out of use

    def _deprecate(self, node: ox.NamedNode) -> None:
        flag, replacement = Column(DEPRECATION, BOOLEAN), Column("replacedBy", LINK)
        was = self._book.texts(node, flag)
        is_out = was_out = bool({*was} & {"true", "1"})
        number = self._rows[node][0]
        if flag in self._places:
            cell = self._text(node, flag)
            if cell is None:
                return
            if cell.strip() and cell.strip().lower() not in _BOOLEANS:
                self._report(number, flag, f"{cell!r:.60}; expected true, or nothing")
                return
            if cell != _plain_text(tuple(was)):
                is_out = _BOOLEANS.get(cell.strip().lower(), False)
        changed = self._change(node, replacement) if replacement in self._places else None
        if was_out and not is_out:
            for one in was:
                self.working.remove(ox.Triple(node, DEPRECATED, flag.literal(one)))
        replaced_by = self._values(node, replacement) if changed is None else changed
        if changed and not is_out:
            self._report(number, replacement, "a replacement of a concept in use; expected true below deprecated")
        if is_out and not was_out:
            try:
                self.working.deprecate(node, sorted(replaced_by, key=str))  # type: ignore[arg-type]
            except ThesaurusError as fault:
                self._report(number, replacement, str(fault))


@lru_cache(maxsize=1 << 12)
def _plain_text(found: tuple[str, ...]) -> str:
    """The text of a cell with some values as it reads when it comes back."""
    return plain(text(found))


def _not_text(cell: NotText) -> str:
    return f"a {cell.kind} ({cell.shown:.60}); expected text: format the column as text and enter it again"
