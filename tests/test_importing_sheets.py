"""Sheets that editors work in: what goes out comes back as it was, and every edit comes back as that edit."""

import csv
import datetime
import random
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from ontology.identifiers import DEFAULT_BASE, Iris
from thesaurus.changes import Delta, applied, conflicts
from thesaurus.importing import cells, spreadsheet, tables
from thesaurus.importing.cells import CellError
from thesaurus.importing.problems import Level
from thesaurus.importing.spreadsheet import Returned
from thesaurus.statements import CONCEPT, DEPRECATED, MACHINE_LABEL, PREF_LABEL, REPLACED_BY, UNOFFICIAL_LABEL
from thesaurus.turtle import CH, SKOS, ThesaurusError, triples
from thesaurus.vocabulary import Thesaurus

NOTE = "Long " * 2_000
SMALL = f"""
@prefix ch: <{CH}> . @prefix dcterms: <http://purl.org/dc/terms/> . @prefix skos: <{SKOS}> .
@prefix scheme: <{DEFAULT_BASE}id/scheme/> . @prefix term: <{DEFAULT_BASE}id/term/> .
@prefix x: <https://example.org/v/> .
scheme:S a skos:ConceptScheme ; dcterms:identifier "S" ; dcterms:title "Small"@en .
x:scheme a skos:ConceptScheme ; skos:prefLabel "Elsewhere"@en .
term:FORESTS a skos:Concept ; dcterms:identifier "FORESTS" ; skos:inScheme scheme:S ;
  skos:prefLabel "Forests"@en , "Forêts"@fr ; ch:unofficialLabel "Forêts"@fr ;
  skos:altLabel "Woods"@en , "Woodland"@en .
term:MANGROVES a skos:Concept ; dcterms:identifier "MANGROVES" ; skos:inScheme scheme:S ;
  skos:prefLabel "Mangroves"@en ; skos:broader term:FORESTS ; skos:related term:COASTS ; skos:notation "M1" .
term:COASTS a skos:Concept ; dcterms:identifier "COASTS" ; skos:inScheme scheme:S ; skos:prefLabel "Coasts"@en ;
  skos:related term:MANGROVES ; skos:scopeNote "{NOTE}"@en .
x:1 a skos:Concept ; skos:inScheme x:scheme ; skos:prefLabel "Wald"@de ; skos:narrower x:2 .
x:2 a skos:Concept ; skos:inScheme x:scheme ; skos:prefLabel "Baum"@de ; skos:broader x:1 .
"""
HOSTILE = (
    "=1+1",
    "'=1+1",
    "+41",
    "-omics",
    "@home",
    "'quoted'",
    '"double"',
    '"',
    "two\nlines",
    "carriage\r\nreturn",
    "a|b",
    "back\\slash",
    "\\u0041",
    " space before",
    "space after ",
    "\tTab",
    "\u3000",
    "",
    "العربية",
    "\u202eturned",
    "👩‍👩‍👧‍👦 family",
    "_x0041_",
    "\x01control\x7f",
    "a;b,c\td",
    "1/2",
    "2026-11-21",
    "00123",
    "TRUE",
    "#REF!",
    "x" * 10_000,
    "é|'=\\",
)
IRIS = Iris()
FORMATS = pytest.mark.parametrize("ending", ["csv", "xlsx"])


@pytest.fixture
def small() -> list[ox.Triple]:
    return triples(SMALL, "small.ttl")


def term(name: str) -> ox.NamedNode:
    return IRIS.term(name)


def written(statements: Sequence[ox.Triple], path: Path, version: int = 5, **options: Sequence[str]) -> Path:
    table = spreadsheet.sheet(statements, version, **options)  # type: ignore[arg-type]
    tables.write(table, path, spreadsheet.choices(table), spreadsheet.INSTRUCTIONS)
    return path


def returned(path: Path, statements: Sequence[ox.Triple], scheme: str | None = None) -> Returned:
    return spreadsheet.changes(tables.read(path), lambda version: statements, IRIS, scheme)


def grid(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [*csv.reader(file)]


def save(rows: Sequence[Sequence[str]], path: Path, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def edited(
    statements: Sequence[ox.Triple], path: Path, edits: dict[tuple[str, str], str], scheme: str | None = None
) -> Returned:
    """The change by a CSV sheet with some cells, by identifier and heading, filled differently."""
    rows = grid(written(statements, path))
    places = {heading: index for index, heading in enumerate(rows[1])}
    by_name = {row[0]: row for row in rows[2:]}
    for (name, heading), text in edits.items():
        if name not in by_name:
            by_name[name] = [name, *[""] * (len(places) - 1)]
            rows.append(by_name[name])
        by_name[name][places[heading]] = text
    return returned(save(rows, path), statements, scheme)


def errors(found: Returned) -> list[str]:
    return [str(problem) for problem in found.problems if problem.level == Level.ERROR]


def lines(change: Delta) -> tuple[list[str], list[str]]:
    return change.lines()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.text(st.one_of(st.sampled_from("\\|0u_x41 '=\n\r\t-a\u3000\x85"), st.characters(exclude_categories=["Cs"])))
    )
)
def test_a_cell_gives_its_values_back(found: list[str]) -> None:
    cell = cells.text(found)
    assert cells.values(cell) == found
    assert cells.values(cell.replace("\n", "\r\n")) == found
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("cell", ["C:\\new", "end\\", "\\ud800", "\\u12"])
def test_a_backslash_that_says_nothing_is_an_error(cell: str) -> None:
    with pytest.raises(CellError, match="expected"):
        cells.values(cell)


@FORMATS
def test_the_bundled_thesaurus_comes_back_without_a_change(tmp_path: Path, ending: str) -> None:
    known = [*Thesaurus.load().triples()]
    found = returned(written(known, tmp_path / f"all.{ending}"), known)
    assert found.delta.is_empty()
    assert found.problems == ()
    assert found.version == 5


@FORMATS
def test_hostile_texts_come_back_to_the_byte(tmp_path: Path, small: list[ox.Triple], ending: str) -> None:
    node, alternative = term("FORESTS"), ox.NamedNode(SKOS + "altLabel")
    known = [
        *small,
        *(ox.Triple(node, alternative, ox.Literal(text, language="en")) for text in HOSTILE),
        *(ox.Triple(node, ox.NamedNode(SKOS + "note"), ox.Literal(text)) for text in HOSTILE),
    ]
    path = written(known, tmp_path / f"hostile.{ending}")
    assert returned(path, known).delta.is_empty()
    # All of the cell is read anew when one value is added.
    for row in (rows := grid(written(known, path.with_suffix(".csv"))))[2:]:
        if row[0] == "FORESTS":
            row[rows[1].index("altLabel@en")] += " | new"
            row[rows[1].index("note")] += " | new"
    change = returned(save(rows, path.with_suffix(".csv")), known).delta
    assert {triple.object for triple in change.added} == {ox.Literal("new", language="en"), ox.Literal("new")}
    assert not change.removed


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "C"]),
            st.sampled_from(["prefLabel", "altLabel", "definition", "scopeNote", "hiddenLabel", "notation"]),
            st.sampled_from(["en", "zh", "pt-br", ""]),
            _TEXTS,
        )
    )
)
def test_any_statements_come_back(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str, str, str]]
) -> None:
    known = [
        ox.Triple(term(name), ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), CONCEPT)
        for name in "ABC"
    ]
    for name, kind, language, text in said:
        value = ox.Literal(text, language=language) if language else ox.Literal(text)
        known.append(ox.Triple(term(name), ox.NamedNode(SKOS + kind), value))
    for ending in ("csv", "xlsx"):
        path = written(known, tmp_path_factory.mktemp("sheets") / f"any.{ending}")
        found = returned(path, known)
        assert found.delta.is_empty()
        assert not errors(found)


def test_five_hundred_edits_are_exactly_those(tmp_path: Path) -> None:
    known = [*Thesaurus.load().triples()]
    marks = {"unofficial": UNOFFICIAL_LABEL, "machine": MACHINE_LABEL}
    chance = random.Random(7)
    rows = grid(written(known, tmp_path / "edits.csv"))
    heading = rows[1]
    thesaurus = Thesaurus(known)
    places = [(row, column) for row in rows[2:] for column in ("prefLabel@fr", "altLabel@es", "scopeNote@en")]
    added, removed, edits = set(), set(), 0
    for row, column in chance.sample(places, 500):
        kind, _, language = column.partition("@")
        node, predicate, index = thesaurus.concept(row[0]), ox.NamedNode(SKOS + kind), heading.index(column)
        assert node is not None
        before = [ox.Literal(text, language=language) for text in cells.values(row[index])]
        after = ox.Literal(f'=новое, "{edits}" | \\ n°\n{edits}', language=language)
        row[index] = cells.text([after.value])
        edits += 1
        added.add(ox.Triple(node, predicate, after))
        removed |= {ox.Triple(node, predicate, value) for value in before}
        if kind == "prefLabel" and (mark := marks.get(row[heading.index("standing@fr")])):
            added.add(ox.Triple(node, mark, after))
        removed |= {ox.Triple(node, mark, value) for mark in marks.values() for value in before} & {*known}
    found = returned(save(rows, tmp_path / "edits.csv"), known)
    assert edits == 500
    assert found.delta == Delta(frozenset(added), frozenset(removed))
    assert not errors(found)


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ";"), ("utf-8-sig", "\t"), ("utf-16", ";"), ("utf-16-le", ","), ("utf-8", ",")],
)
def test_what_a_program_makes_of_a_csv_file_is_read(
    tmp_path: Path, small: list[ox.Triple], encoding: str, delimiter: str
) -> None:
    rows = grid(written(small, tmp_path / "out.csv"))
    rows = [[cell.replace("\n", "\r\n") for cell in row] for row in rows]
    rows[2 + [row[0] for row in rows[2:]].index("COASTS")][rows[1].index("prefLabel@ar")] = "سواحل"
    found = returned(save(rows, tmp_path / "back.csv", encoding, delimiter), small)
    assert lines(found.delta) == ([f'{term("COASTS")} {PREF_LABEL} "سواحل"@ar .'], [])


def test_a_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("version,5\r\nidentifier,prefLabel@fr\r\nFORESTS,Forêts\r\n".encode("cp1252"))
    with pytest.raises(ThesaurusError, match="line 3: not utf-8"):
        tables.read(path)


@pytest.mark.parametrize("first", ["identifier,prefLabel@en", "version,five", "version,", "Version 5", ""])
def test_a_sheet_without_a_version_is_refused(tmp_path: Path, first: str) -> None:
    path = tmp_path / "bare.csv"
    path.write_text(f"{first}\nidentifier\n", encoding="utf-8")
    with pytest.raises(ThesaurusError, match=r"row 1.*expected 'version'"):
        tables.read(path)


def test_a_sheet_of_another_version_conflicts_and_overwrites_nothing(tmp_path: Path, small: list[ox.Triple]) -> None:
    path = written(small, tmp_path / "old.csv")
    old, theirs, mine = (ox.Literal(text, language="en") for text in ("Forests", "Forest", "All forests"))
    meanwhile = Delta(
        frozenset({ox.Triple(term("FORESTS"), PREF_LABEL, theirs), ox.Triple(term("COASTS"), PREF_LABEL, mine)}),
        frozenset({ox.Triple(term("FORESTS"), PREF_LABEL, old)}),
    )
    now = applied(small, meanwhile)
    rows = grid(path)
    for row in rows[2:]:
        row[rows[1].index("prefLabel@en")] = mine.value if row[0] == "FORESTS" else row[rows[1].index("prefLabel@en")]
    versions = {5: small, 9: now}
    found = spreadsheet.changes(tables.read(save(rows, path)), versions.__getitem__, IRIS)
    assert found.version == 5
    assert found.delta.subjects() == {term("FORESTS")}
    [met] = conflicts(small, now, found.delta)
    assert (met.expected, met.found, met.wanted) == ((old,), (theirs,), (mine,))


def test_a_deleted_row_changes_nothing_and_is_told(tmp_path: Path, small: list[ox.Triple]) -> None:
    rows = grid(written(small, tmp_path / "less.csv"))
    found = returned(save([row for row in rows if row[0] != "COASTS"], tmp_path / "less.csv"), small)
    assert found.delta.is_empty()
    [told] = found.problems
    assert told.level == Level.NOTE
    assert "1 concepts have no row" in told.message
    assert "COASTS" in told.message


def test_a_sheet_of_one_scheme_does_not_miss_the_others(tmp_path: Path, small: list[ox.Triple]) -> None:
    path = written(small, tmp_path / "one.csv", schemes=["s"], languages=["ar"])
    assert [row[0] for row in grid(path)[2:]] == ["COASTS", "FORESTS", "MANGROVES"]
    assert "prefLabel@ar" in grid(path)[1]
    assert "prefLabel@en" not in grid(path)[1]
    found = returned(path, small)
    assert found.delta.is_empty()
    assert found.problems == ()
    with pytest.raises(ThesaurusError, match="'nothing': 0 schemes"):
        spreadsheet.sheet(small, 1, schemes=["nothing"])


def test_an_emptied_cell_removes_what_was_there(tmp_path: Path, small: list[ox.Triple]) -> None:
    found = edited(small, tmp_path / "a.csv", {("FORESTS", "prefLabel@fr"): "", ("MANGROVES", "broader"): ""})
    french = ox.Literal("Forêts", language="fr")
    assert found.delta == Delta(
        frozenset(),
        frozenset(
            {
                ox.Triple(term("FORESTS"), PREF_LABEL, french),
                ox.Triple(term("FORESTS"), UNOFFICIAL_LABEL, french),
                ox.Triple(term("MANGROVES"), ox.NamedNode(SKOS + "broader"), term("FORESTS")),
            }
        ),
    )


def test_a_removed_link_leaves_no_inverse(tmp_path: Path, small: list[ox.Triple]) -> None:
    edits = {("MANGROVES", "related"): "", ("https://example.org/v/2", "broader"): ""}
    added, removed = edited(small, tmp_path / "a.csv", edits).delta.lines()
    assert not added
    assert len(removed) == 4
    assert any("narrower" in line for line in removed)


@pytest.mark.parametrize(
    ("standing", "mark"), [("official", None), ("unofficial", UNOFFICIAL_LABEL), ("Machine", MACHINE_LABEL)]
)
def test_a_standing_is_said_of_the_label_of_its_row(
    tmp_path: Path, small: list[ox.Triple], standing: str, mark: ox.NamedNode | None
) -> None:
    edits = {("FORESTS", "prefLabel@fr"): "Bois", ("FORESTS", "standing@fr"): standing}
    change = edited(small, tmp_path / "a.csv", edits).delta
    new, old = ox.Literal("Bois", language="fr"), ox.Literal("Forêts", language="fr")
    marks = {ox.Triple(term("FORESTS"), mark, new)} if mark else set()
    assert change.added == {ox.Triple(term("FORESTS"), PREF_LABEL, new)} | marks
    assert change.removed == {ox.Triple(term("FORESTS"), kind, old) for kind in (PREF_LABEL, UNOFFICIAL_LABEL)}


def test_only_the_standing_of_a_label_may_change(tmp_path: Path, small: list[ox.Triple]) -> None:
    change = edited(small, tmp_path / "a.csv", {("FORESTS", "standing@fr"): "official"}).delta
    gone = ox.Triple(term("FORESTS"), UNOFFICIAL_LABEL, ox.Literal("Forêts", language="fr"))
    assert change == Delta(frozenset(), frozenset({gone}))


def test_a_label_without_standing_is_told(tmp_path: Path, small: list[ox.Triple]) -> None:
    [told] = edited(small, tmp_path / "a.csv", {("COASTS", "prefLabel@ru"): "Берега"}).problems
    assert "1 new labels without standing count as official: COASTS (ru)" in told.message


def test_new_rows_bring_concepts_that_name_each_other(tmp_path: Path, small: list[ox.Triple]) -> None:
    edits = {
        ("REEFS", "scheme"): "S",
        ("REEFS", "prefLabel@en"): "Reefs",
        ("REEFS", "broader"): "SEAS",
        ("SEAS", "scheme"): "s",
        ("SEAS", "prefLabel@en"): "Seas",
    }
    found = edited(small, tmp_path / "a.csv", edits)
    after = Thesaurus(applied(small, found.delta))
    assert not errors(found)
    assert after.members("S") == ("COASTS", "FORESTS", "MANGROVES", "REEFS", "SEAS")
    assert ox.Triple(term("REEFS"), ox.NamedNode(SKOS + "broader"), term("SEAS")) in found.delta.added
    assert not found.delta.removed


def test_a_new_row_takes_the_scheme_given_beside_the_sheet(tmp_path: Path, small: list[ox.Triple]) -> None:
    found = edited(small, tmp_path / "a.csv", {("REEFS", "prefLabel@en"): "Reefs"}, scheme="S")
    assert Thesaurus(applied(small, found.delta)).members("S")[-1] == "REEFS"


def test_a_concept_of_a_foreign_scheme_is_named_by_its_iri(tmp_path: Path, small: list[ox.Triple]) -> None:
    foreign = "https://example.org/v/scheme"
    edits = {("https://example.org/v/3", "scheme"): foreign, ("https://example.org/v/3", "prefLabel@de"): "Ast"}
    added, removed = edited(small, tmp_path / "a.csv", edits).delta.lines()
    assert len(added) == 3
    assert all(line.startswith("<https://example.org/v/3>") for line in added)
    assert not removed
    [told] = errors(edited(small, tmp_path / "b.csv", {("AST", "scheme"): foreign}))
    assert "expected the IRI of the concept" in told


def test_a_concept_goes_out_of_use_with_what_replaces_it(tmp_path: Path, small: list[ox.Triple]) -> None:
    found = edited(small, tmp_path / "a.csv", {("FORESTS", "deprecated"): "true", ("FORESTS", "replacedBy"): "coasts"})
    assert not errors(found)
    assert {triple.predicate for triple in found.delta.added if triple.subject == term("FORESTS")} == {
        DEPRECATED,
        REPLACED_BY,
    }
    assert ox.Triple(term("MANGROVES"), ox.NamedNode(SKOS + "broader"), term("COASTS")) in found.delta.added
    after = applied(small, found.delta)
    back = edited(after, tmp_path / "b.csv", {("FORESTS", "deprecated"): "", ("FORESTS", "replacedBy"): ""})
    assert {triple.predicate for triple in back.delta.removed} == {DEPRECATED, REPLACED_BY}
    assert not back.delta.added


def test_all_errors_are_told_at_once_with_row_and_column(tmp_path: Path, small: list[ox.Triple]) -> None:
    rows = grid(written(small, tmp_path / "bad.csv"))
    column = {heading: index for index, heading in enumerate(rows[1])}
    row = {cells[0]: cells for cells in rows[2:]}
    row["FORESTS"][column["broader"]] = "NOWHERE"
    row["FORESTS"][column["standing@fr"]] = "good"
    row["COASTS"][column["scheme"]] = ""
    row["COASTS"][column["prefLabel@en"]] = "Coasts | Shores"
    row["MANGROVES"][column["broader"]] = "MANGROVES"
    row["MANGROVES"][column["replacedBy"]] = "COASTS"
    row["MANGROVES"][column["deprecated"]] = "perhaps"
    rows.append([*row["FORESTS"]])
    rows.append(["NEW", *[""] * (len(column) - 1)])
    rows.append(["1E+25", "S"])
    rows[1] += ["Comments", "prefLabel@english", "definiton@en", "prefLabel@en"]
    told = errors(returned(save(rows, tmp_path / "bad.csv"), small))
    number = {cells[0]: place for place, cells in [*enumerate(rows, 1)][2:5]}
    for place, what in (
        ("row 2", "'Comments': unknown column"),
        ("row 2", "'english' is no language"),
        ("row 2", "did you mean definition?"),
        ("row 2", "a second column 'prefLabel@en'"),
        (f"row {number['FORESTS']}, column broader", "'NOWHERE': no concept"),
        (f"row {number['FORESTS']}, column standing@fr", "'good' is no standing"),
        (f"row {number['COASTS']}, column scheme", "in no scheme"),
        (f"row {number['COASTS']}, column prefLabel@en", "2 preferred labels"),
        (f"row {number['MANGROVES']}, column broader", "the concept itself"),
        (f"row {number['MANGROVES']}, column deprecated", "'perhaps'; expected true"),
        (f"row {len(rows) - 2}, column identifier (A", f"the concept of row {number['FORESTS']} again"),
        (f"row {len(rows) - 1}, column identifier", "'NEW' is no concept of version 5"),
        (f"row {len(rows)}, column identifier", "'1E+25', a number"),
    ):
        assert any(place in line and what in line for line in told), (place, what, told)


def test_a_value_beside_the_table_is_an_error(tmp_path: Path, small: list[ox.Triple]) -> None:
    rows = grid(written(small, tmp_path / "a.csv"))
    rows[2].append("by the way")
    assert "a value below no heading" in errors(returned(save(rows, tmp_path / "a.csv"), small))[0]


def test_missing_cells_at_the_end_of_a_row_are_empty(tmp_path: Path, small: list[ox.Triple]) -> None:
    rows = grid(written(small, tmp_path / "a.csv"))
    for row in rows:
        while row and not row[-1]:
            row.pop()
    assert returned(save(rows, tmp_path / "a.csv"), small).delta.is_empty()


def workbook(path: Path, change: Callable[[Worksheet, dict[str, int]], None]) -> Path:
    """A saved workbook after somebody has worked in it."""
    book = openpyxl.load_workbook(path)
    sheet = book["concepts"]
    change(sheet, {str(cell.value): index for index, cell in enumerate(sheet[2], 1)})
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (datetime.date(2026, 3, 1), "a date (2026-03-01 00:00:00)"),
        (45_123.5, "a number (45123.5)"),
        ("=A1", "a formula (=A1)"),
        (True, "a truth value (true)"),
    ],
)
def test_a_cell_that_a_program_turned_into_something_else_is_told(
    tmp_path: Path, small: list[ox.Triple], value: str | float | datetime.date, what: str
) -> None:
    path = written(small, tmp_path / "a.xlsx")

    def work(sheet: Worksheet, columns: dict[str, int]) -> None:
        sheet.cell(3, columns["prefLabel@en"]).value = value

    [told] = errors(returned(workbook(path, work), small))
    assert "sheet concepts, row 3, column prefLabel@en (" in told
    assert f"{what}; expected text" in told


def test_a_workbook_saved_by_another_program_is_read(tmp_path: Path, small: list[ox.Triple]) -> None:
    def work(sheet: Worksheet, columns: dict[str, int]) -> None:
        for cell in sheet["A"]:
            if cell.value == "COASTS":
                sheet.cell(cell.row, columns["deprecated"]).value = True
                sheet.cell(cell.row, columns["prefLabel@ar"]).value = "سواحل_x000D_\nبحر"

    found = returned(workbook(written(small, tmp_path / "a.xlsx"), work), small)
    assert not errors(found)
    assert ox.Triple(term("COASTS"), PREF_LABEL, ox.Literal("سواحل\nبحر", language="ar")) in found.delta.added
    assert any(triple.predicate == DEPRECATED for triple in found.delta.added)


def test_a_workbook_helps_those_who_fill_it_in(tmp_path: Path, small: list[ox.Triple]) -> None:
    path = written(small, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book["concepts"]
    assert book.sheetnames == ["concepts", "instructions"]
    assert book["instructions"]["A1"].value == spreadsheet.INSTRUCTIONS[0]
    assert sheet.freeze_panes == "B3"
    assert (sheet["A1"].value, sheet["B1"].value) == ("version", "5")
    offered = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    assert '"official,unofficial,machine"' in offered.values()
    assert '"true"' in offered.values()
    assert {cell.number_format for row in sheet.iter_rows(min_row=3) for cell in row if cell.value} == {"@"}
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_a_text_too_long_for_a_workbook_is_refused_and_fits_a_csv_file(tmp_path: Path, small: list[ox.Triple]) -> None:
    long = ox.Triple(term("COASTS"), ox.NamedNode(SKOS + "note"), ox.Literal("x" * 200_000))
    known = [*small, long]
    with pytest.raises(ThesaurusError, match="200000 characters; expected at most 32767"):
        written(known, tmp_path / "a.xlsx")
    assert not (tmp_path / "a.xlsx").exists()
    assert returned(written(known, tmp_path / "a.csv"), known).delta.is_empty()


def test_a_file_that_is_no_sheet_is_refused(tmp_path: Path, small: list[ox.Triple]) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ThesaurusError, match="expected an XLSX workbook"):
        tables.read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(ThesaurusError, match="expected an XLSX workbook"):
        tables.read(path)
    with pytest.raises(ThesaurusError, match=r"ends in \.csv or \.xlsx"):
        written(small, tmp_path / "a.ods")
    path = tmp_path / "a.csv"
    path.write_text('version,5\nidentifier\n"FORESTS', encoding="utf-8")
    with pytest.raises(ThesaurusError, match="expected CSV"):
        returned(path, small)
