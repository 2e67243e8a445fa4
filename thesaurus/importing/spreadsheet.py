"""Sheets that editors work in: a table of the thesaurus goes out, and what comes back is read as a change.

A cell that is as it went out changes nothing. What a changed cell says is compared with what the thesaurus said at the
version that the sheet was made from, so the change lies on that version, and what others have changed since is no part
of it. A row that is gone changes nothing either: a concept is deprecated, not deleted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import pyoxigraph as ox

from ontology.identifiers import Iris
from thesaurus.changes import Delta
from thesaurus.importing.cells import text
from thesaurus.importing.columns import (
    BOOLEAN,
    DEPRECATION,
    IDENTIFIED,
    LINK,
    NAMES,
    STANDING,
    STANDINGS,
    TEXTS,
    Book,
    Column,
    column,
)
from thesaurus.importing.problems import Problem, error, listed, note
from thesaurus.importing.rows import Rows
from thesaurus.importing.tables import Table, column_name
from thesaurus.importing.workbooks import NotText
from thesaurus.turtle import ThesaurusError

LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")
_ALWAYS = ("prefLabel", "altLabel", "definition", "scopeNote")
CHOICES = {STANDING: STANDINGS, DEPRECATION: ("true",)}
INSTRUCTIONS = (
    "One row is one concept. Change cells, add rows, save, and hand the file back: nothing is changed before somebody "
    "has seen and approved what you changed.",
    "Leave the first two rows as they are. The number in the first row says which version of the thesaurus you work "
    "on; what others change meanwhile is not overwritten: you are shown where you and they changed the same thing.",
    "Several values in one cell: separate them by a bar, as in: first | second. A bar that belongs to the text is "
    r"written \| and a backslash \\ (a backslash and u0020 is a space that belongs to the text).",
    "An apostrophe before = + - or @ keeps your program from taking the text for a formula. Leave it there; it is not "
    "part of the text.",
    "identifier: who the concept is. Never change it. A new concept needs a new identifier and its scheme.",
    "standing@fr: whether the preferred label in French is official, unofficial or machine (translated by a machine). "
    "Empty counts as official.",
    "broader, related, replacedBy: identifiers of other concepts. scheme: identifiers of schemes.",
    "An emptied cell removes what was there. A deleted row removes nothing: to take a concept out of use, write true "
    "below deprecated, and below replacedBy what is to be used instead.",
    "You may delete whole columns and rows that you do not need. Columns with other headings are refused.",
)


def sheet(
    statements: Iterable[ox.Triple],
    version: int,
    *,
    schemes: Sequence[str] = (),
    languages: Sequence[str] = (),
    name: str = "",
) -> Table:
    """The table of the concepts of some schemes (named by identifier or IRI), or of all, at a version.

    It has columns for the languages asked for, by default for the six and all others that are used. ThesaurusError for
    an unknown scheme.
    """
    book = Book(statements)
    nodes = [_scheme(book, scheme) for scheme in schemes]
    concepts = _members(book, nodes)
    columns = _columns(book, concepts, [language.lower() for language in languages])
    keys = [(one, one.key) for one in columns]

    def row(node: ox.NamedNode) -> list[str]:
        filled = book.slots[node].keys() | {Column(IDENTIFIED).key}
        return [text(book.texts(node, one)) if key in filled else "" for one, key in keys]

    names = tuple(book.scheme_names.name(node) for node in nodes)
    return Table(
        name, version, names, [one.heading for one in columns], ((at, row(node)) for at, node in enumerate(concepts, 3))
    )


def choices(table: Table) -> dict[str, Sequence[str]]:
    """The values to offer below each heading that has a list of them."""
    return {
        heading: CHOICES[heading.partition("@")[0]]
        for heading in map(str, table.headings)
        if heading.partition("@")[0] in CHOICES
    }


@dataclass(frozen=True)
class Returned:
    """A sheet that came back: the version it was made from, the change that it asks for, and what has to be told."""

    version: int
    delta: Delta
    problems: tuple[Problem, ...]


def changes(
    table: Table, statements_at: Callable[[int], Iterable[ox.Triple]], iris: Iris, scheme: str | None = None
) -> Returned:
    """The change that a table asks for; `statements_at` gives the thesaurus at a version, `scheme` that of new rows
    that name none. With an error among the problems the change is not to be made: it leaves out what was wrong.
    """
    known = tuple(statements_at(table.version))
    book = Book(known)
    default = _scheme(book, scheme) if scheme else None
    columns, problems = _read_headings(table, book)
    rows = Rows(table, known, book, columns, iris, default)
    if IDENTIFIED in [one.name for one in columns.values()]:
        rows.read()
        problems += [*rows.problems, *_missing(table, book, rows.seen)]
    return Returned(table.version, rows.working.delta(), tuple(problems))


def _scheme(book: Book, name: str) -> ox.NamedNode:
    found = book.scheme_names.found(name)
    if len(found) != 1:
        raise ThesaurusError(f"{name!r}: {len(found)} schemes are called so; expected the identifier or IRI of one")
    return next(iter(found))


def _members(book: Book, schemes: Sequence[ox.NamedNode]) -> list[ox.NamedNode]:
    wanted = {scheme.value for scheme in schemes}
    inside = Column("scheme", LINK)
    found = {node for node in book.concepts if not wanted or wanted & {*book.slots[node].get(inside.key, ())}}
    return sorted(found, key=lambda node: (book.texts(node, inside), book.concept_names.name(node)))


def _columns(book: Book, concepts: Iterable[ox.NamedNode], languages: Sequence[str]) -> list[Column]:
    names = [name for name in TEXTS if name != DEPRECATION]
    used = {key for node in concepts for key in book.slots[node]}
    occurring = {(name, tag) for name, tag in used if name in names and tag != LINK}
    tags = {f"@{one}" for one in languages or (*LANGUAGES, *(tag[1:] for _, tag in occurring if tag[:1] == "@"))}
    found = [Column(IDENTIFIED), Column("scheme", LINK)]
    for name in names:
        own = {tag for one, tag in occurring if one == name and (tag in tags or tag[:1] != "@")}
        always = tags if name in _ALWAYS else {""} if name == "notation" else set()
        for tag in sorted(own | always):
            found.append(Column(name, tag))
            if name == "prefLabel" and tag in tags:
                found.append(Column(STANDING, tag))
    links = [Column(name, LINK) for name in ("broader", "related")]
    return [*found, *links, Column(DEPRECATION, BOOLEAN), Column("replacedBy", LINK)]


def _read_headings(table: Table, book: Book) -> tuple[dict[int, Column], list[Problem]]:
    """The columns by their place, and what is wrong with the headings."""
    used = frozenset(tag[1:].partition("-")[0] for slots in book.slots.values() for _, tag in slots if tag[:1] == "@")
    columns: dict[int, Column] = {}
    problems = []
    for index, heading in enumerate(table.headings):
        shown = heading.shown if isinstance(heading, NotText) else heading.strip()
        found = column(shown, used)
        place = f"{table.name}, row 2, column {column_name(index)}"
        if isinstance(found, str):
            near = get_close_matches(shown.partition("@")[0], NAMES, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            expected = f"expected one of {', '.join(NAMES)}, texts with @ and a language{hint}"
            problems.append(error(place, f"{shown!r}: {found}; {expected}"))
        elif found in columns.values():
            problems.append(error(place, f"a second column {shown!r}; expected each once"))
        else:
            columns[index] = found
    if Column(IDENTIFIED) not in columns.values():
        problems.append(error(f"{table.name}, row 2", f"no column {IDENTIFIED!r}; expected one"))
    return columns, problems


def _missing(table: Table, book: Book, seen: set[ox.NamedNode]) -> Iterator[Problem]:
    schemes = [node for name in table.schemes for node in book.scheme_names.found(name)]
    if len(schemes) < len(table.schemes):
        yield error(f"{table.name}, row 1", f"schemes {' | '.join(table.schemes)}; expected schemes of that version")
        return
    names = [book.concept_names.name(node) for node in _members(book, schemes) if node not in seen]
    if names:
        yield note(
            table.name,
            f"{len(names)} concepts have no row and stay as they are; to take one out of use, set it to deprecated: "
            f"{listed(names)}",
        )
