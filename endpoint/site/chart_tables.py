"""Charts: what each one asks, and the table that its answer becomes, which is also what its figure is drawn from."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from endpoint.asking import Row, value
from endpoint.labels import Label
from endpoint.localisation import N_
from endpoint.site.spreadsheets import harmless

HOUSE, REGION, YEAR, TYPE, TREATY = "house", "region", "year", "type", "treaty"
"""What charts may be narrowed to: the names of the lines in their queries and of the fields in their forms."""
EVENTS = {"issued": N_("Issued"), "expires": N_("Expire"), "revoked": N_("Revoked")}
"""What happens to certificates, as the answer names it, in words to be translated."""


@dataclass(frozen=True)
class Chart:
    """A figure: the query whose answer it shows, and which variables are its categories, its series and its numbers.

    `kind` says how it is drawn: "bars", "columns", "groups", "dots", "map" or "status".
    """

    name: str
    title: str
    about: str
    kind: str
    category: str
    category_words: str
    measure_words: str
    series: str = ""
    measure: str = "records"
    narrowed_by: tuple[str, ...] = ()
    needs_year: bool = False

    @property
    def query(self) -> str:
        """The name of its query."""
        return f"pages/chart-{self.name}"


@dataclass(frozen=True)
class Head:
    """What a row or a column is about: its key in the answer, and what it is called."""

    key: str
    label: Label
    iri: str = ""


@dataclass(frozen=True)
class Table:
    """The answer as people read it: a row for each category, a column for each series or one of numbers."""

    columns: Sequence[Head]
    rows: Sequence[tuple[Head, Sequence[str]]]

    @property
    def totals(self) -> Sequence[int]:
        """The sum of each column; zero where its values are no numbers."""
        return [
            sum(int(cells[place] or 0) for _, cells in self.rows if cells[place].isdigit())
            for place in range(len(self.columns))
        ]


CHARTS = (
    Chart(
        "records-by-type",
        N_("Records by type"),
        N_("What kinds of records the clearing-houses hold, and how many of each."),
        "bars",
        "type",
        N_("Type of record"),
        N_("Records"),
        series="house",
        narrowed_by=(HOUSE, REGION, YEAR),
    ),
    Chart(
        "records-by-house",
        N_("Records by clearing-house"),
        N_("How the records are spread over the three clearing-houses."),
        "bars",
        "house",
        N_("Clearing-house"),
        N_("Records"),
        narrowed_by=(REGION, YEAR),
    ),
    Chart(
        "records-by-country",
        N_("Records by country"),
        N_("Where governments have published most: all records, or those of one type, such as certificates."),
        "map",
        "country",
        N_("Country"),
        N_("Records"),
        narrowed_by=(TYPE, HOUSE, YEAR),
    ),
    Chart(
        "parties",
        N_("Parties"),
        N_("Which countries are Parties to the Convention or one of its Protocols, and since when."),
        "status",
        "country",
        N_("Country"),
        N_("Party since"),
        measure="since",
        narrowed_by=(TREATY,),
    ),
    Chart(
        "records-by-year",
        N_("Records by year"),
        N_("When records were first published, year by year. Records that say no day are left out."),
        "columns",
        "year",
        N_("Year"),
        N_("Records"),
        series="house",
        narrowed_by=(TYPE, REGION),
    ),
    Chart(
        "records-by-month",
        N_("Timeline of a year"),
        N_("What was first published in each month of a year, by type. Records that say no day are left out."),
        "dots",
        "month",
        N_("Month"),
        N_("Records"),
        series="type",
        narrowed_by=(YEAR, HOUSE, REGION),
        needs_year=True,
    ),
    Chart(
        "records-by-subject",
        N_("Records by subject"),
        N_("The thirty subjects on which there are the most records, over all houses and their vocabularies."),
        "bars",
        "subject",
        N_("Subject"),
        N_("Records"),
        narrowed_by=(HOUSE, REGION, YEAR),
    ),
    Chart(
        "certificates-by-year",
        N_("Certificates over time"),
        N_("How many certificates were issued, reach the day of their expiry, and were revoked in each year."),
        "groups",
        "year",
        N_("Year"),
        N_("Certificates"),
        series="event",
        measure="certificates",
        narrowed_by=(REGION,),
    ),
)
"""All charts, as they are listed."""
BY_NAME = {chart.name: chart for chart in CHARTS}


def table(chart: Chart, rows: Iterable[Row], head: Callable[[str], Head]) -> Table:
    """The answer with a row for each category and a column for each series, the series with the most first.

    The categories of bars are in the order of their sums, others in that of the answer. `head` says what a key is
    called.
    """
    cells: dict[str, dict[str, str]] = {}
    series: dict[str, int] = {}
    for row in rows:
        column = value(row, chart.series) if chart.series else ""
        number = value(row, chart.measure)
        series[column] = series.get(column, 0) + (int(number) if number.isdigit() else 0)
        cells.setdefault(value(row, chart.category), {})[column] = number
    order = sorted(series, key=lambda key: -series[key])
    columns = [head(key) if chart.series else Head("", Label("", "")) for key in order]
    blank = "" if chart.kind == "status" else "0"
    whole = [(head(key), [found.get(column, blank) for column in order]) for key, found in cells.items()]
    if chart.kind == "bars":
        whole.sort(key=lambda row: -sum(map(int, row[1])))
    return Table(columns, whole)


def as_csv(table: Table, first: str, only: str) -> bytes:
    """A table for spreadsheets: the keys beside what they are called, in UTF-8 with a mark, no cell a formula.

    `first` names the categories, `only` the one column of a table without series.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(map(harmless, ["key", first, *(column.label.text or only for column in table.columns)]))
    for head, cells in table.rows:
        writer.writerow(map(harmless, [head.key, head.label.text, *cells]))
    return written.getvalue().encode("utf-8-sig")


def given(chart: Chart, parameters: Mapping[str, str]) -> dict[str, str]:
    """Those parameters of a request that narrow a chart."""
    return {name: parameters[name] for name in chart.narrowed_by if parameters.get(name)}
