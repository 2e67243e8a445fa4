"""The sheets of editors as files: CSV as spreadsheet programs write it, and XLSX.

The first row has the version of the thesaurus that the sheet was made from, and its extent: `version`, a number,
`schemes`, their names or nothing for all. The second row has the headings, and every other one a concept.
"""

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl.utils import get_column_letter

from thesaurus.importing import workbooks
from thesaurus.importing.cells import plain, text, values
from thesaurus.importing.workbooks import Cell, NotText
from thesaurus.turtle import ThesaurusError

VERSION, SCHEMES = "version", "schemes"
_FIRST_CELL = re.compile(rf'(?:sep=.\r?\n)?"?{VERSION}"?([,;\t])')


@dataclass(frozen=True)
class Table:
    """A sheet: its name, the version it was made from, the schemes it is about (none for all), headings and rows.

    A row has its number in the file, from 1, and as many cells as there are headings, or more where something stands
    beside the table.
    """

    name: str
    version: int
    schemes: tuple[str, ...]
    headings: Sequence[Cell]
    rows: Iterable[tuple[int, Sequence[Cell]]]


def read(path: Path) -> Table:
    """The table in a CSV or XLSX file. ThesaurusError where the file cannot be read or has no version."""
    name = str(path)
    rows: Iterator[Sequence[Cell]]
    if path.suffix.lower() == ".xlsx":
        title, rows = workbooks.read(path)
        name = f"{path}, sheet {title}"
    else:
        rows = _csv_rows(path)
    numbered = enumerate(rows, 1)
    first, second = next(numbered, (1, []))[1], next(numbered, (2, []))[1]
    told = {str(_shown(key)): _shown(value) for key, value in zip(first[::2], first[1::2], strict=False)}
    if not re.fullmatch(r"[1-9][0-9]{0,8}(\.0)?", told.get(VERSION, "")):
        raise ThesaurusError(
            f"{name}, row 1: {told.get(VERSION, '')!r:.60}; expected {VERSION!r} and the number of the version that "
            "the sheet was made from, as `thesaurus sheet` writes them"
        )
    schemes = tuple(values(told.get(SCHEMES, "")))
    headings = _trimmed(second)
    filled = ((number, _padded(row, len(headings))) for number, row in numbered if _trimmed(row))
    return Table(name, int(float(told[VERSION])), schemes, headings, filled)


def write(table: Table, path: Path, choices: Mapping[str, Sequence[str]], instructions: Sequence[str]) -> int:
    """Write a table to a CSV or XLSX file; the number of its rows.

    `choices` are the values that a program offers below a heading, `instructions` a second sheet; a CSV file has
    neither. ThesaurusError for another kind of file, and for a cell that is too long for an XLSX file.
    """
    first = [VERSION, str(table.version), SCHEMES, text(table.schemes)]
    if path.suffix.lower() == ".csv":
        # With a byte order mark, without which Excel takes UTF-8 for something else.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerows([first, table.headings])
            return _counted(writer.writerow(row) for _, row in table.rows)
    if path.suffix.lower() == ".xlsx":
        headings, rows = [*map(str, table.headings)], ((number, [*map(str, row)]) for number, row in table.rows)
        return workbooks.write(path, first, headings, rows, choices, instructions)
    raise ThesaurusError(f"{path}: expected a file that ends in .csv or .xlsx")


def column_name(index: int) -> str:
    """The letters of a column as spreadsheet programs show them; the first index is 0."""
    return str(get_column_letter(index + 1))


def _counted(rows: Iterable[object]) -> int:
    return sum(1 for _ in rows)


def _shown(cell: Cell) -> str:
    return (cell.shown if isinstance(cell, NotText) else plain(cell)).strip()


def _trimmed(row: Sequence[Cell]) -> Sequence[Cell]:
    end = len(row)
    while end and not _shown(row[end - 1]):
        end -= 1
    return row[:end]


def _padded(row: Sequence[Cell], width: int) -> Sequence[Cell]:
    """Programs leave out the empty cells at the end of a row, or write more of them."""
    return [*row, *[""] * (width - len(row))] if len(row) < width else [*row[:width], *_trimmed(row[width:])]


# CSV


def _csv_rows(path: Path) -> Iterator[Sequence[Cell]]:
    content = _decoded(path)
    start = _FIRST_CELL.match(content)
    if not start:
        raise ThesaurusError(
            f"{path}, row 1: {content[:40]!r}; expected {VERSION!r} and a number, and commas, semicolons or tabs"
        )
    if content.startswith("sep="):
        content = content.partition("\n")[2]
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield from csv.reader(io.StringIO(content, newline=""), delimiter=start[1], strict=True)
    except csv.Error as error:
        raise ThesaurusError(f"{path}: expected CSV: {error}") from error
    finally:
        csv.field_size_limit(before)


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    encoding = "utf-8-sig"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif data[1:2] == b"\0" or data[:1] == b"\0":
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ThesaurusError(
            f"{path}, line {line}: not {encoding}; expected UTF-8 or UTF-16: save it as `CSV UTF-8` or as XLSX"
        ) from error
