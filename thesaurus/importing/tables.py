"""The sheets of editors as files: CSV as spreadsheet programs write it, and XLSX.

The first row has the version of the thesaurus that the sheet was made from, and its extent: `version`, a number,
`schemes`, their names or nothing for all. The second row has the headings, and every other one a concept.
"""

import csv
import io
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.cell import Cell as CellType
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

from thesaurus.importing.cells import plain, text, values
from thesaurus.turtle import ThesaurusError

VERSION, SCHEMES = "version", "schemes"
SHEET = "concepts"
LONGEST = 32_767
"""Characters that a cell of a spreadsheet program holds; more would be cut off without a word."""
_HEADER = 2
_RIGHT_TO_LEFT = re.compile(r"@(ar|fa|he|ur|yi)\b")
_FIRST_CELL = re.compile(rf'(?:sep=.\r?\n)?"?{VERSION}"?([,;\t])')
_BROKEN = (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, ParseError)


@dataclass(frozen=True, slots=True)
class NotText:
    """A cell that holds something else than text: what kind of thing, and how it shows."""

    kind: str
    shown: str


Cell = str | NotText


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
    if path.suffix.lower() == ".xlsx":
        name, rows = _xlsx_rows(path)
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


def write(table: Table, path: Path, choices: dict[str, Sequence[str]], instructions: Sequence[str]) -> int:
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
        return _write_xlsx(table, first, path, choices, instructions)
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


# XLSX


def _xlsx_rows(path: Path) -> tuple[str, Iterator[Sequence[Cell]]]:
    try:
        book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), read_only=True)
    except _BROKEN as error:
        raise ThesaurusError(f"{path}: expected an XLSX workbook: {error}") from error
    sheet = book[SHEET] if SHEET in book.sheetnames else book.worksheets[0]
    sheet.reset_dimensions()  # some programs write wrong ones
    return f"{path}, sheet {sheet.title}", _cells(path, sheet)


def _cells(path: Path, sheet: Any) -> Iterator[Sequence[Cell]]:
    try:
        for row in sheet.iter_rows():
            yield [_cell(cell.value, cell.data_type) if cell.value is not None else "" for cell in row]
    except _BROKEN as error:
        raise ThesaurusError(f"{path}: expected an XLSX workbook: {error}") from error


_KINDS = {"n": "number", "d": "date", "b": "truth value", "f": "formula", "e": "error"}


def _cell(value: object, kind: str) -> Cell:
    if kind in _KINDS:
        return NotText(_KINDS[kind], str(value))
    shown = str(value)
    return unescape(shown) if "_x" in shown else shown


def _write_xlsx(
    table: Table, first: Sequence[str], path: Path, choices: dict[str, Sequence[str]], instructions: Sequence[str]
) -> int:
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet(SHEET)
    sheet.freeze_panes = "B3"
    headings = [str(heading) for heading in table.headings]
    sheet.auto_filter.ref = f"A{_HEADER}:{column_name(len(headings) - 1)}{_HEADER}"
    for index, heading in enumerate(headings):
        letter = column_name(index)
        sheet.column_dimensions[letter].width = 12 if heading in choices else 30
        sheet.column_dimensions[letter].number_format = "@"  # also where no cell is written: what is typed stays text
        if heading in choices:
            offered = DataValidation(type="list", formula1=f'"{",".join(choices[heading])}"', showErrorMessage=True)
            offered.add(f"{letter}{_HEADER + 1}:{letter}1048576")
            sheet.data_validations.append(offered)
    sheet.append(first)
    # One cell for each column, written again and again: a styled cell for each value takes three times as long.
    cells = [_styled(WriteOnlyCell(sheet), heading) for heading in headings]
    sheet.append([_filled(_styled(WriteOnlyCell(sheet), heading, bold=True), heading) for heading in headings])
    number = _counted(sheet.append(_written(table, cells, row)) for row in table.rows)
    _write_instructions(book.create_sheet("instructions"), instructions)
    book.save(path)
    return number


def _written(table: Table, cells: Sequence[CellType], row: tuple[int, Sequence[Cell]]) -> list[CellType | None]:
    written: list[CellType | None] = []
    for heading, cell, value in zip(table.headings, cells, row[1], strict=True):
        if isinstance(value, str) and len(value) > LONGEST:
            raise ThesaurusError(
                f"row {row[0]}, {heading}: {len(value)} characters; expected at most {LONGEST} in an XLSX file, a CSV "
                "file holds them"
            )
        written.append(_filled(cell, value) if value else None)
    return written


def _filled(cell: CellType, value: Cell) -> CellType:
    cell.value = str(value)
    return cell


def _styled(cell: CellType, heading: str, *, bold: bool = False) -> CellType:
    cell.number_format = "@"
    cell.alignment = Alignment(vertical="top", readingOrder=2 if _RIGHT_TO_LEFT.search(heading) else 0)
    if bold:
        cell.font = Font(bold=True)
    return cell


def _write_instructions(sheet: Any, lines: Sequence[str]) -> None:
    sheet.column_dimensions["A"].width = 110
    for line in lines:
        cell = WriteOnlyCell(sheet, line)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.append([cell])
