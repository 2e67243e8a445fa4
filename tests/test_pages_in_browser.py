"""What readers do with the pages, in a browser: search, narrow, change the language, read, draw, ask."""

import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from browsing import address, chromium, visit
from playwright.sync_api import Browser, Page, expect

CERTIFICATE = "/record/5E7E71C0-5E20-7FAE-9D40-0000000F42A8"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(site: str, browser: Browser) -> Iterator[Page]:
    """The first page, in English."""
    with visit(browser, address(site, "en", "/")) as seen:
        yield seen.page
        assert seen.problems() == []


def test_a_reader_searches_narrows_and_opens_a_record(page: Page) -> None:
    page.get_by_role("searchbox").first.fill("training")
    page.get_by_role("button", name="Search").first.click()
    expect(page).to_have_url(re.compile(r"/en/search\?.*q=training"))
    results = page.locator(".hits > li")
    before = page.locator("#found").inner_text()
    assert results.count() > 5
    page.locator("#facets").get_by_role("link", name=re.compile("Capacity Development Initiative")).click()
    expect(page).to_have_url(re.compile(r"type=CapacityBuildingInitiative"))
    assert page.locator("#found").inner_text() != before
    results.first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/en/record/[A-Za-z0-9-]+"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_the_language_is_changed_on_any_page_and_stays(page: Page, site: str) -> None:
    page.goto(f"{site}/en/search?q=access")
    page.get_by_role("link", name="العربية").click()
    expect(page).to_have_url(f"{site}/ar/search?q=access")
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.locator(".hits > li").first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/ar/(record|term)/"))
    brand, main = page.locator(".site .name").bounding_box(), page.locator("main h1").bounding_box()
    assert brand
    assert main
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert brand["x"] > width / 2
    assert main["x"] + main["width"] > width / 2


def test_a_record_says_what_it_is_and_leads_on(page: Page, site: str) -> None:
    page.goto(f"{site}/en{CERTIFICATE}")
    main = page.get_by_role("main")
    expect(main.get_by_text("ABSCH-IRCC-ZA-1000104").first).to_be_visible()
    expect(main.get_by_text("https://w3id.org/clearinghouse/id" + CERTIFICATE).first).to_be_visible()
    main.get_by_role("link", name="South Africa").first.click()
    expect(page).to_have_url(f"{site}/en/country/ZA")


def test_a_chart_is_drawn_over_its_table(page: Page, site: str) -> None:
    page.goto(f"{site}/en/explore/records-by-type")
    expect(page.locator("figure svg").first).to_be_visible()
    in_table = [cell.strip() for cell in page.locator("main table tbody th").all_inner_texts()]
    drawn = page.locator("figure svg text").all_text_contents()
    assert len(in_table) > 10
    assert sum(any(text and name.startswith(text.rstrip("…")) for text in drawn) for name in in_table) > 10


def test_a_query_behind_a_page_is_opened_changed_and_run(page: Page) -> None:
    page.get_by_role("link", name="Open this query").first.click()
    expect(page).to_have_url(re.compile("/en/workbench"))
    expect(page.locator(".editor").get_by_role("textbox")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Run")).first.click()
    expect(page.get_by_role("table").first).to_be_visible()
    assert page.get_by_role("table").first.get_by_role("row").count() > 3


def test_an_answer_without_a_page_around_it_loads_too(site: str, browser: Browser) -> None:
    with visit(browser, f"{site}/sparql?query=ASK%20%7B%7D") as seen:
        expect(seen.page.locator("body")).to_contain_text("true")
        assert seen.problems() == []


def test_a_query_that_is_wrong_says_where(site: str, browser: Browser) -> None:
    with visit(browser, f"{site}/en/workbench?query=SELECT%20*%0AWHERE%20%7B%0A%20%20%3Fs%20%3Fp%20%7D") as seen:
        seen.page.get_by_role("button", name=re.compile("^Run")).first.click()
        message = seen.page.locator("#problem")
        expect(message).to_contain_text("3")
        assert all("400" in one for one in seen.problems())


def test_a_map_of_the_workbench_is_saved_with_what_is_said_below_it(page: Page, site: str) -> None:
    query = """PREFIX ch: <https://w3id.org/clearinghouse/ns#>
SELECT ?country (COUNT(*) AS ?records) { ?record ch:government ?country } GROUP BY ?country"""
    page.goto(f"{site}/en/workbench?query={quote(query)}")
    page.get_by_role("button", name=re.compile("^Run")).first.click()
    page.get_by_role("tab", name="Map").click()
    saved = {}
    for kind in ("SVG", "PNG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save as {kind}").click()
        saved[kind] = Path(download.value.path()).read_bytes()
    root = ET.fromstring(saved["SVG"])  # noqa: S314, of our own making
    texts = [text.text or "" for text in root.findall("{http://www.w3.org/2000/svg}text")]
    assert "do not imply official endorsement" in " ".join(line.strip() for line in texts)
    assert float(root.get("height", "0")) > 480, "the remarks have room below the map"
    assert saved["PNG"].startswith(b"\x89PNG")
    width, height = struct.unpack(">II", saved["PNG"][16:24])
    assert (width, height) == (2 * int(float(root.get("width", "0"))), 2 * int(float(root.get("height", "0"))))


def test_what_is_not_there_is_said_in_the_readers_language(site: str, browser: Browser) -> None:
    with visit(browser, address(site, "fr", "/record/00000000-0000-0000-0000-000000000000"), status=404) as seen:
        expect(seen.page.get_by_role("heading", level=1)).to_be_visible()
        assert seen.page.locator("html").get_attribute("lang") == "fr"
        seen.page.get_by_role("alert").wait_for()
        seen.page.locator("main").get_by_role("link", name="Rechercher").click()
        expect(seen.page).to_have_url(f"{site}/fr/search")


def test_an_identifier_is_copied(page: Page, site: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site}/fr/country/KE")
    button = page.get_by_role("button", name="Copier: https://w3id.org/clearinghouse/id/country/KE")
    button.click()
    expect(button).to_have_text("Copié.")
    assert page.evaluate("navigator.clipboard.readText()") == "https://w3id.org/clearinghouse/id/country/KE"
