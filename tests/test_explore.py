"""Explore: each chart's table is its query's answer and agrees with the sample; its form, files and figure."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from browsing import address, chromium, visit
from live import serving
from playwright.sync_api import Browser
from test_country_pages import page, plain, published
from test_queries import current, parties

from endpoint.asking import question
from endpoint.labels import Label
from endpoint.site.chart_tables import CHARTS, Head, Table, as_csv
from endpoint.site.explore import DAY_OF_TABLE_1, PUBLISHED_TABLE_1, TYPES_OF_TABLE_1
from endpoint.site.spreadsheets import harmless

CH = "https://w3id.org/clearinghouse/ns#"
BASE = "https://w3id.org/clearinghouse/id/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
DISCLAIMER = (
    "The boundaries and names shown and the designations used on this map do not imply official endorsement or "
    "acceptance by anybody, nor any opinion on the legal status of a country, territory, city or area, or on the "
    "delimitation of its frontiers."
)
Cells = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def client(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, headers={"Accept": "text/html"}, timeout=60) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def cells(text: str) -> Cells:
    """The values of a page's table, by the keys of rows and columns."""
    table = re.search(r'<table id="data">.*?</table>', text, re.DOTALL)
    assert table
    columns = re.findall(r'<th scope="col" class="number" data-key="([^"]*)"', table[0])
    found = {}
    for row in re.findall(r"<tr><th scope=\"row\".*?</tr>", table[0], re.DOTALL):
        key = re.search(r'data-key="([^"]*)"', row)
        if key:
            found[key[1]] = dict(zip(columns, re.findall(r'data-value="([^"]*)"', row), strict=True))
    return found


def answered(client: httpx.Client, query: str) -> list[dict[str, str]]:
    """The solutions of a query, each value as its text."""
    sent = client.post("/sparql", data={"query": query}, headers={"Accept": "application/sparql-results+json"})
    assert sent.status_code == 200
    return [{name: one["value"] for name, one in row.items()} for row in sent.json()["results"]["bindings"]]


def local(text: str) -> str:
    return text.replace("#", "/").rpartition("/")[2]


@pytest.mark.parametrize("name", [chart.name for chart in CHARTS])
def test_the_table_of_a_chart_is_the_answer_to_its_query(name: str, client: httpx.Client) -> None:
    chart = next(chart for chart in CHARTS if chart.name == name)
    given = {"year": ox.Literal(2016), "treaty": ox.NamedNode(f"{CH}partyToNPSince")}
    chosen = {one: given.get(one) if one == "treaty" or chart.needs_year else None for one in chart.narrowed_by}
    rows = answered(client, question(chart.query, **chosen).text)
    expected: Cells = {}
    for row in rows:
        series = local(row[chart.series]) if chart.series else ""
        expected.setdefault(local(row[chart.category]), {})[series] = row[chart.measure]
    found = cells(page(client, f"/en/explore/{name}{'?year=2016' if chart.needs_year else ''}"))
    assert len(rows) > 2
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert {series: value for series, value in found[key].items() if value not in ("0", "")} == row


def test_charts_agree_with_the_sample(client: httpx.Client) -> None:
    by_country = cells(page(client, "/en/explore/records-by-country"))
    assert {key.lower(): int(row[""]) for key, row in by_country.items()} == dict(published())
    certificates = Counter(document["body"]["government"]["identifier"] for document in current("absPermit"))
    narrowed = cells(page(client, "/en/explore/records-by-country?type=Certificate"))
    assert {key.lower(): int(row[""]) for key, row in narrowed.items()} == dict(certificates)
    issued = Counter(document["body"]["dateOfIssuance"][:4] for document in current("absPermit"))
    by_year = cells(page(client, "/en/explore/certificates-by-year"))
    assert {key: int(row["issued"]) for key, row in by_year.items() if row["issued"] != "0"} == dict(issued)
    assert {key.lower() for key in cells(page(client, "/en/explore/parties"))} == set(parties())


def test_a_chart_is_narrowed_by_its_form_alone(client: httpx.Client) -> None:
    whole = cells(page(client, "/en/explore/records-by-type"))
    houses = {series for row in whole.values() for series in row}
    assert houses == {"ABSCH", "BCH", "CHM"}
    for house in houses:
        text = page(client, f"/en/explore/records-by-type?house={house}")
        assert f'<option value="{house}" selected' in text
        expected = {key: row[house] for key, row in whole.items() if row[house] != "0"}
        assert {key: row[house] for key, row in cells(text).items()} == expected
    years = [cells(page(client, f"/en/explore/records-by-house?year={year}")) for year in (2016, 2017)]
    assert years[0] != years[1]
    assert "There are no records like that." in page(client, "/en/explore/records-by-type?year=1901")


def test_nonsense_in_an_address_narrows_nothing(client: httpx.Client) -> None:
    whole = cells(page(client, "/en/explore/records-by-type"))
    for given in (
        "house=%3E%20%7D",
        "region=%22",
        "year=abcd",
        "year=%D9%A2%D9%A0%D9%A1%D9%A6",
        "treaty=np",
        "type=%00",
    ):
        assert cells(page(client, f"/en/explore/records-by-type?{given}")) == whole, given
    assert cells(page(client, "/en/explore/parties?treaty=xx")) == cells(page(client, "/en/explore/parties?treaty=np"))
    assert len(cells(page(client, "/en/explore/parties?treaty=cbd"))) > len(parties())
    page(client, "/en/explore/nothing", 404)
    page(client, "/en/explore/nothing.csv", 404)


def test_maps_carry_the_disclaimer_and_the_codes_of_their_outlines(client: httpx.Client) -> None:
    for name in ("records-by-country", "parties"):
        text = page(client, f"/en/explore/{name}")
        assert DISCLAIMER in plain(text)
        assert 'data-key="KE" data-area="404"' in text
    assert DISCLAIMER not in plain(page(client, "/en/explore/records-by-type"))


def test_the_table_can_be_had_as_csv(client: httpx.Client) -> None:
    sent = client.get("/ar/explore/records-by-country.csv")
    assert sent.headers["content-type"].startswith("text/csv")
    assert "attachment" in sent.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(sent.content.decode("utf-8-sig"))))
    expected = {key: row[""] for key, row in cells(page(client, "/en/explore/records-by-country")).items()}
    assert {row[0]: row[2] for row in rows[1:]} == expected
    assert "كينيا" in {row[1] for row in rows}


def test_no_cell_of_a_csv_is_a_formula() -> None:
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "|1", "%1", *"＝＋－＠"):
        assert harmless(text) == f"'{text}"
    assert harmless("10") == "10"
    table = Table([Head("a", Label('=HYPERLINK("x")', ""))], [(Head("=k", Label('a "b", c', "")), ["3"])])
    rows = list(csv.reader(io.StringIO(as_csv(table, "@first", "only").decode("utf-8-sig"))))
    assert rows == [["key", "'@first", '\'=HYPERLINK("x")'], ["'=k", 'a "b", c', "3"]]


def test_table_1_is_the_answer_of_the_library_on_the_chosen_day(client: httpx.Client) -> None:
    expected = json.loads(
        (Path(__file__).parent / "expected" / "national-records-by-type-and-parties.json").read_text()
    )
    text = page(client, "/en/explore/table-1?day=2026-01-01")
    table = re.search(r'<table id="data">.*?</table>', text, re.DOTALL)
    assert table
    rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", table[0], re.DOTALL)
    found = [[plain(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows]
    assert found == expected["rows"]
    earlier = page(client, f"/en/explore/table-1?day={DAY_OF_TABLE_1}")
    assert cells_of_records(earlier) != cells_of_records(text)
    assert client.get("/en/explore/table-1?day=yesterday").status_code == 303


def cells_of_records(text: str) -> list[str]:
    return re.findall(r'data-value="([^"]*)"', text)


def test_the_published_table_1_has_the_types_of_the_library(client: httpx.Client) -> None:
    assert PUBLISHED_TABLE_1.keys() == TYPES_OF_TABLE_1.keys()
    text = plain(page(client, "/fr/explore/table-1"))
    assert re.search(r"45 28 5 .* 70 21 1 .* 21 9 0 .* 38 4 0 .* 0 0 0 .* 19 15 0", text)


def test_hostile_labels_stay_text_in_a_table(tmp_path: Path) -> None:
    record, kind = ox.NamedNode(f"{BASE}record/R1"), ox.NamedNode(f"{CH}Oddity")
    kenya = ox.NamedNode(f"{BASE}country/KE")
    label = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    given = [
        ox.Quad(record, ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), kind, record),
        ox.Quad(record, ox.NamedNode(f"{CH}clearingHouse"), ox.NamedNode(f"{CH}ABSCH"), record),
        ox.Quad(kind, label, ox.Literal("<script>alert(1)</script>\u202egnp.exe", language="en"), record),
        ox.Quad(kenya, label, ox.Literal("\u202eKenya", language="en"), record),
        ox.Quad(kenya, ox.NamedNode(f"{SKOS}exactMatch"), ox.NamedNode("javascript:alert(1)"), record),
    ]
    with serving(tmp_path, given, log_requests=False) as endpoint:
        base = endpoint.removesuffix("/sparql")
        with httpx.Client(base_url=base, headers={"Accept": "text/html"}, timeout=60) as client:
            text = "".join(page(client, path) for path in ("/en/explore/records-by-type", "/en/country/KE"))
            assert page(client, "/en/explore")
            assert page(client, "/en/countries")
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "U+202E" in text
    assert 'href="javascript' not in text


@pytest.mark.parametrize("tongue", ["en", "ar", "zh"])
def test_figures_are_drawn_without_breaking_the_policy(tongue: str, site: str, browser: Browser) -> None:
    for name in (*(chart.name for chart in CHARTS), "table-1"):
        with visit(browser, address(site, tongue, f"/explore/{name}")) as seen:
            drawing = seen.page.locator("figure.chart .drawing > svg")
            drawing.wait_for()
            marks = drawing.locator("rect, path, circle").count()
            assert marks > 3, name
            assert seen.page.locator("figure.chart style").count() == 0
            assert seen.problems() == [], name


def test_a_figure_can_be_saved_by_itself(site: str, browser: Browser) -> None:
    with visit(browser, address(site, "en", "/explore/records-by-country")) as seen:
        seen.page.locator("figure.chart .drawing > svg").wait_for()
        found = {}
        for button in ("SVG", "PNG"):
            with seen.page.expect_download() as download:
                seen.page.get_by_role("button", name=f"Download as {button}").click()
            found[button] = Path(download.value.path()).read_bytes()
        assert seen.problems() == []
    assert found["PNG"].startswith(b"\x89PNG")
    assert DISCLAIMER.split()[-2].encode() in found["SVG"]
    assert b"<style" not in found["SVG"]
    assert b"Records by country" in found["SVG"]
