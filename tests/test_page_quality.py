"""Every type of page, in three scripts, on a phone and on a desk: accessible, valid, light, self-contained."""

from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from browsing import (
    DESKTOP,
    HEAVIEST,
    PAGES,
    PHONE,
    address,
    check_markup,
    chromium,
    violations,
    visit,
    wider_than_the_window,
)
from playwright.sync_api import Browser

LOOKED_AT = ("en", "ar", "zh")
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
IN_THREE_SCRIPTS = pytest.mark.parametrize("language", LOOKED_AT)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def status(name: str) -> int:
    return 404 if name == "missing" else 200


@IN_THREE_SCRIPTS
@EVERY_PAGE
def test_a_page_is_accessible_and_loads_nothing_it_may_not(
    site: str, browser: Browser, name: str, language: str
) -> None:
    with visit(browser, address(site, language, PAGES[name]), DESKTOP, status=status(name)) as seen:
        html = seen.page.locator("html")
        assert html.get_attribute("lang") == language
        assert html.get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        assert seen.page.locator("h1").count() == 1
        assert violations(seen.page) == []
        assert wider_than_the_window(seen.page) == 0
        seen.page.set_viewport_size({"width": PHONE, "height": 800})
        assert wider_than_the_window(seen.page) == 0
        if language == "ar":
            assert violations(seen.page) == []
        assert seen.problems() == []
        assert name == "workbench" or seen.weight < HEAVIEST


@EVERY_PAGE
def test_a_page_can_be_read_without_javascript(site: str, browser: Browser, name: str) -> None:
    there = address(site, "en", PAGES[name])
    with visit(browser, there, DESKTOP, status=status(name)) as seen:
        with_script = seen.page.locator("h1").inner_text()
    with visit(browser, there, PHONE, script=False, status=status(name)) as seen:
        assert seen.page.locator("h1").inner_text() == with_script
        assert len(seen.page.locator("main").inner_text()) > 40


@IN_THREE_SCRIPTS
def test_the_markup_of_all_pages_is_valid(site: str, tmp_path: Path, language: str) -> None:
    files = []
    for name, path in PAGES.items():
        answer = httpx.get(address(site, language, path), headers={"Accept": "text/html"})
        assert answer.status_code == status(name), name
        file = tmp_path / f"{name}.html"
        file.write_text(answer.text, encoding="utf-8")
        files.append(file)
    assert check_markup(files) == []


@EVERY_PAGE
def test_a_page_runs_no_script_of_its_own(site: str, name: str) -> None:
    answer = httpx.get(address(site, "en", PAGES[name]), headers={"Accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text
    for script in answer.text.split("<script")[1:]:
        opening = script.partition(">")[0]
        assert "src=" in opening or 'type="application/' in opening, opening
