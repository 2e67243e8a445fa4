"""The whole site by its own links: none leads nowhere, and none makes the server fail."""

import re
from collections import Counter, deque
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import httpx2 as httpx
from live import rounds

OF_A_KIND, ELSEWHERE = 12, 2
"""Pages visited of each kind, in English and in each other language; `CLEARINGHOUSE_ROUNDS` sets more in English."""
_ELSEWHERE = re.compile(r"^https?://[^/]+/(ar|es|fr|ru|zh)/")
_NAMES = re.compile(
    r"/(record|term|scheme|country|question|questions|ontology|shapes|schemes|explore|changes|data|id|dumps|mappings)/[^?]*"
)


class Links(HTMLParser):
    """The addresses that a page leads to, and the names of its parts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.parts: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag in ("a", "link", "script", "img") and (address := given.get("href") or given.get("src")):
            self.found.append(address)
        if part := given.get("id"):
            self.parts.add(part)


def kind(address: str) -> str:
    """What pages of a kind have in common: the path without names, and the name of the parameter if there is one."""
    parts = urlsplit(address)
    names = {pair.partition("=")[0] for pair in parts.query.split("&")}
    return _NAMES.sub(r"/\1/…", parts.path) + "?" + (names.pop() if len(names) == 1 else "…")


def test_no_link_of_the_site_leads_nowhere(site: str) -> None:
    waiting, known = deque([f"{site}/en/"]), {f"{site}/en/"}
    visited: Counter[str] = Counter()
    broken: list[str] = []
    wanted_parts: list[tuple[str, str, str]] = []
    parts: dict[str, set[str]] = {}
    with httpx.Client(headers={"Accept": "text/html,*/*;q=0.5"}, timeout=60, follow_redirects=True) as client:
        while waiting:
            address = waiting.popleft()
            if visited[kind(address)] >= (ELSEWHERE if _ELSEWHERE.search(address) else rounds(OF_A_KIND)):
                continue
            visited[kind(address)] += 1
            answer = client.get(address)
            if answer.status_code >= 400:
                broken.append(f"{answer.status_code} {address}")
                continue
            if "text/html" not in answer.headers["content-type"]:
                continue
            links = Links(answer.text)
            parts[address] = links.parts
            for found in links.found:
                there, part = urldefrag(urljoin(str(answer.url), found))
                if not there.startswith(f"{site}/"):
                    continue
                if part:
                    wanted_parts.append((address, there, unquote(part)))
                if there not in known:
                    known.add(there)
                    waiting.append(there)
    assert broken == []
    absent = [
        f"{here} leads to {there}#{part}" for here, there, part in wanted_parts if part not in parts.get(there, {part})
    ]
    assert absent == []
    assert sum(visited.values()) > 500
    assert len(visited) > 40
