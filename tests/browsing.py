"""The pages as a browser has them: one of each type, and what looks at them: Chromium, axe and the Nu HTML checker."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response, sync_playwright

CHECKS = Path(__file__).parents[1] / ".browser" / "node_modules"
AXE = CHECKS / "axe-core" / "axe.min.js"
CHECKER = CHECKS / "vnu-jar" / "build" / "dist" / "vnu.jar"
LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")
PHONE, DESKTOP = 390, 1280
"""Widths of a window, in CSS pixels."""
HEAVIEST = 200_000
"""Bytes that a page may weigh as it is transferred, with all that it loads; the workbench is not counted."""
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")
_SECONDS = 60

PAGES = {
    "home": "/",
    "search": "/search?q=genetic+resources",
    "search-narrowed": "/search?q=training&type=CapacityBuildingInitiative",
    "search-without-result": "/search?q=qqqxyz",
    "certificate": "/record/5E7E71C0-5E20-7FAE-9D40-0000000F42A8",
    "revision": "/record/5E7E71C0-5E20-7FAE-9D40-0000000F42A8/1",
    "chain": "/record/5E7E71C0-5E20-7FAE-9D40-0000000F42A8/chain",
    "meeting": "/record/52000000cbd00500000f42f7",
    "training": "/record/44810518-832F-5DC0-9FE4-4A6852DFF74E",
    "report": "/record/5E7E71C0-D0A6-38DC-751C-0000000F434C",
    "report-question": "/question/absNationalReport1/Q020",
    "lookup": "/lookup",
    "concept": "/term/08B2CDEC-786F-4977-AD0A-6A709695528D",
    "countries": "/countries",
    "country": "/country/ZA",
    "explore": "/explore",
    "chart": "/explore/records-by-type",
    "map": "/explore/records-by-country",
    "table-1": "/explore/table-1",
    "questions": "/questions",
    "question": "/questions/certificates-valid-on-a-date",
    "workbench": "/workbench",
    "ontology": "/ontology",
    "ontology-term": "/ontology/Certificate",
    "shapes": "/shapes",
    "shape": "/shapes/absPermit",
    "dataset": "/dataset",
    "partners": "/partners",
    "dumps": "/dumps/",
    "thesaurus": "/thesaurus/",
    "scheme": "/thesaurus/schemes/ca9bbea9-aaa7-4f2f-b3a3-7ed180de1924",
    "letters": "/thesaurus/schemes/ca9bbea9-aaa7-4f2f-b3a3-7ed180de1924/letters",
    "find-concepts": "/thesaurus/search?q=access",
    "translations": "/thesaurus/translations?language=ar",
    "mappings": "/thesaurus/mappings",
    "changes": "/thesaurus/changes",
    "versions": "/thesaurus/versions",
    "tagging": "/tag",
    "tagging-record": "/records/44810518-832F-5DC0-9FE4-4A6852DFF74E/tags",
    "sign-in": "/sign-in",
    "missing": "/record/00000000-0000-0000-0000-000000000000",
}
"""A page of each type, by the path below its language."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window; the test is skipped where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed: the pages are not looked at in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page that is open in a browser, and what happened meanwhile."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """What the console holds against it: errors, and what the Content-Security-Policy refused."""
    failed: list[str] = field(default_factory=list)
    """What could not be loaded, or was answered with an error, or lies on another host."""
    weight: int = 0
    """Bytes transferred for it and all that it loads."""

    def problems(self) -> list[str]:
        """Everything that went wrong."""
        return [*self.complaints, *self.failed]


@contextlib.contextmanager
def visit(
    browser: Browser, address: str, width: int = DESKTOP, *, script: bool = True, status: int = 200
) -> Iterator[Visit]:
    """Open a page in a window of a width, in a context of its own, and wait until it is quiet."""
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
    host = urlsplit(address).netloc
    try:
        page = context.new_page()
        page.set_default_timeout(_SECONDS * 1000)
        seen = Visit(page)
        page.on("console", lambda message: _heard(seen, message, status))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("requestfailed", lambda request: _failed(seen, request))
        page.on("response", lambda response: _answered(seen, response, host, address, status))
        page.on("requestfinished", lambda request: _weighed(seen, request))
        answer = page.goto(address, wait_until="networkidle")
        assert answer is not None
        assert answer.status == status, f"{address}: {answer.status}"
        yield seen
    finally:
        context.close()


def _heard(seen: Visit, message: ConsoleMessage, status: int) -> None:
    is_the_page_itself = status != 200 and "Failed to load resource" in message.text
    if message.type in ("error", "warning") and not is_the_page_itself:
        seen.complaints.append(f"console: {message.text}")


def _failed(seen: Visit, request: Request) -> None:
    if request.failure != "net::ERR_ABORTED":
        seen.failed.append(f"{request.url}: {request.failure}")


def _answered(seen: Visit, response: Response, host: str, address: str, status: int) -> None:
    if response.url.startswith(("data:", "blob:")):
        return
    if urlsplit(response.url).netloc != host:
        seen.failed.append(f"{response.url}: another host")
    if response.status >= 400 and not (response.url == address and response.status == status):
        seen.failed.append(f"{response.url}: {response.status}")


def _weighed(seen: Visit, request: Request) -> None:
    with contextlib.suppress(Error):  # the page has gone meanwhile
        sizes = request.sizes()
        seen.weight += max(sizes["responseBodySize"], 0) + max(sizes["responseHeadersSize"], 0)


def violations(page: Page) -> list[str]:
    """What axe holds against a page: the rules of WCAG 2.2 A and AA, and its best practices."""
    if not AXE.is_file():
        pytest.skip("axe is not installed: `sh tests/browser/install.sh`")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]


def wider_than_the_window(page: Page) -> int:
    """By how many pixels a page has to be moved sideways to be read."""
    found: int = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return max(found, 0)


def check_markup(files: Sequence[Path]) -> list[str]:
    """What the Nu HTML checker, the one of the W3C, finds wrong in HTML files: errors and warnings.

    How letters with marks are put together is left as the publishers of a text have it.
    """
    if not CHECKER.is_file():
        pytest.skip("the Nu HTML checker is not installed: `sh tests/browser/install.sh`")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: the markup is not checked")
    command = ["java", "-Xss4m", "-jar", str(CHECKER), "--format", "json", "--exit-zero-always", *map(str, files)]
    done = subprocess.run(command, capture_output=True, timeout=600, check=True)
    messages = json.loads(done.stderr)["messages"]
    return [
        f"{Path(one['url']).name}:{one.get('lastLine')}: {one['message']} {one.get('extract', '')[:160]!r}"
        for one in messages
        if (one["type"] == "error" or one.get("subType") == "warning")
        and "Unicode Normalization Form" not in one["message"]
    ]


def address(site: str, language: str, path: str) -> str:
    """The address of a page in a language."""
    return f"{site}/{language}{quote(path, safe='/?&=+:%#-_.@')}"
