"""XLSX workbooks: openpyxl knows what surrounds the cells; the cells are read and written here, many times faster.

The names of elements are those of ECMA-376, part 1, section 18.3.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.sax.saxutils import escape

import openpyxl
from openpyxl.styles import Alignment, Font
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.datetime import from_excel
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

from thesaurus.turtle import ThesaurusError

SHEET = "concepts"
LONGEST = 32_767
"""Characters that a cell holds; programs cut off more without a word."""
LAST_ROW = 1_048_576
_HEADER = 2
_RIGHT_TO_LEFT = re.compile(r"@(ar|fa|he|ur|yi)\b")
_BROKEN = (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, ParseError, EOFError)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ROW, _VALUE, _FORMULA, _INLINE, _TEXT, _RUN = (_MAIN + name for name in ("row", "v", "f", "is", "t", "r"))
_LETTERS = re.compile("[A-Z]+")


@dataclass(frozen=True, slots=True)
class NotText:
    """A cell that holds something else than text: what kind of thing, and how it shows."""

    kind: str
    shown: str


Cell = str | NotText


def read(path: Path) -> tuple[str, Iterator[list[Cell]]]:
    """The name of the sheet of concepts, else of the first, and its rows. ThesaurusError for a damaged file."""
    try:
        book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), read_only=True)
        sheet: Any = book[SHEET] if SHEET in book.sheetnames else book.worksheets[0]
    except (*_BROKEN, IndexError) as error:
        raise ThesaurusError(f"{path}: expected an XLSX workbook: {error}") from error
    return sheet.title, _rows(path, sheet)


def _rows(path: Path, sheet: Any) -> Iterator[list[Cell]]:
    strings: Sequence[str] = sheet._shared_strings
    dates = {str(style) for style in sheet.parent._date_formats}
    at = 0
    try:
        for _, element in iterparse(sheet._get_source()):  # noqa: S314  expat bounds what entities expand to
            if element.tag == _ROW:
                number = int(element.get("r", at + 1))
                yield from ([] for _ in range(at + 1, number))  # rows left out are empty
                at = number
                yield _row(element, strings, dates)
                element.clear()
    except (*_BROKEN, IndexError) as error:
        raise ThesaurusError(f"{path}, row {at + 1}: expected an XLSX workbook: {error}") from error


def _row(element: Element, strings: Sequence[str], dates: set[str]) -> list[Cell]:
    cells: list[Cell] = []
    for cell in element:
        if (letters := _LETTERS.match(cell.get("r", ""))) is not None:
            cells += [""] * (_index(letters[0]) - 1 - len(cells))
        cells.append(_cell(cell, strings, dates))
    return cells


def _cell(cell: Element, strings: Sequence[str], dates: set[str]) -> Cell:
    parts = {child.tag: child for child in cell}
    if (formula := parts.get(_FORMULA)) is not None:
        return NotText("formula", f"={formula.text or ''}")
    if (inline := parts.get(_INLINE)) is not None:
        runs = (run if run.tag == _TEXT else run.find(_TEXT) for run in inline if run.tag in (_TEXT, _RUN))
        return _text("".join(run.text or "" for run in runs if run is not None))
    value = parts[_VALUE].text if _VALUE in parts else None
    if value is None:
        return ""
    kind = cell.get("t", "n")
    if kind in ("s", "str"):
        return _text(strings[int(value)] if kind == "s" else value)
    if kind == "b":
        return NotText("truth value", "true" if value == "1" else "false")
    if kind == "d" or cell.get("s") in dates:
        return NotText("date", value if kind == "d" else str(from_excel(float(value))))
    return NotText("error" if kind == "e" else "number", value)


@cache
def _index(letters: str) -> int:
    return int(column_index_from_string(letters))


def _text(value: str) -> str:
    return unescape(value) if "_x" in value else value


def write(
    path: Path,
    first: Sequence[str],
    headings: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str]]],
    choices: Mapping[str, Sequence[str]],
    instructions: Sequence[str],
) -> int:
    """Write a workbook of concepts and instructions; the number of its rows below the headings.

    ThesaurusError for a text that is longer than a cell.
    """
    frame, styles = _frame(first, headings, choices, instructions)
    number, whole = 0, io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(frame)) as source,
        zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as target,
    ):
        for name in source.namelist():
            if name != "xl/worksheets/sheet1.xml":
                target.writestr(name, source.read(name))
        before, _, after = source.read("xl/worksheets/sheet1.xml").decode().partition("</sheetData>")
        before = before[: before.rindex(f'<row r="{_HEADER + 1}"')]  # the row that the styles were taken from
        with target.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as file:
            file.write(before.encode())
            for number, (_, row) in enumerate(rows, 1):
                file.write(_written(number + _HEADER, headings, row, styles).encode())
            file.write(f"</sheetData>{after}".encode())
    path.write_bytes(whole.getvalue())
    return number


def _written(number: int, headings: Sequence[str], row: Sequence[str], styles: Sequence[tuple[str, str]]) -> str:
    cells = []
    for heading, text, (letter, style) in zip(headings, row, styles, strict=True):
        if text:
            if len(text) > LONGEST:
                place = f"row {number}, {heading}: {len(text)} characters"
                raise ThesaurusError(f"{place}; expected at most {LONGEST} in an XLSX file; a CSV file holds them")
            value = f'<is><t xml:space="preserve">{escape(text)}</t></is>'
            cells.append(f'<c r="{letter}{number}" s="{style}" t="inlineStr">{value}</c>')
    return f'<row r="{number}">{"".join(cells)}</row>'


def _frame(
    first: Sequence[str], headings: Sequence[str], choices: Mapping[str, Sequence[str]], instructions: Sequence[str]
) -> tuple[bytes, list[tuple[str, str]]]:
    """A workbook without rows, and the letters and the style of each column."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = SHEET
    sheet.append(list(first))
    sheet.append(list(headings))
    sheet.append([" "] * len(headings))
    sheet.freeze_panes = "B3"
    sheet.auto_filter.ref = f"A{_HEADER}:{get_column_letter(len(headings))}{_HEADER}"
    for index, heading in enumerate(headings, 1):
        letter = get_column_letter(index)
        sheet.column_dimensions[letter].width = 12 if heading in choices else 30
        sheet.column_dimensions[letter].number_format = "@"  # what is typed below the rows stays text, too
        for cell in (sheet.cell(_HEADER, index), sheet.cell(_HEADER + 1, index)):
            cell.number_format = "@"
            cell.alignment = Alignment(vertical="top", readingOrder=2 if _RIGHT_TO_LEFT.search(heading) else 0)
        sheet.cell(_HEADER, index).font = Font(bold=True)
        if heading in choices:
            offered = DataValidation(type="list", formula1=f'"{",".join(choices[heading])}"', showErrorMessage=True)
            offered.add(f"{letter}{_HEADER + 1}:{letter}{LAST_ROW}")
            sheet.add_data_validation(offered)
    told: Any = book.create_sheet("instructions")
    told.column_dimensions["A"].width = 110
    for line in instructions:
        told.append([line])
        told.cell(told.max_row, 1).alignment = Alignment(wrap_text=True, vertical="top")
    styles = [
        (get_column_letter(index), str(sheet.cell(_HEADER + 1, index).style_id))
        for index in range(1, len(headings) + 1)
    ]
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue(), styles
