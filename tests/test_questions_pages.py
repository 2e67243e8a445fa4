"""The question library as pages: every question by topic, its answer, and forms that change it without SPARQL."""

import html
import io
import re
from collections.abc import Iterator

import httpx2 as httpx
import pyoxigraph as ox
import pytest

from endpoint import asking, library, messages
from endpoint.languages import UNITED_NATIONS
from endpoint.library import Entry
from endpoint.site import questions as pages
from ontology.errors import QueryError

ENTRIES = list(library.entries())
NAMES = [entry.name for entry in ENTRIES]


@pytest.fixture(scope="module")
def browser(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, headers={"Accept": "text/html"}, timeout=60) as client:
        yield client


def cells(page: str) -> list[str]:
    """The texts of the cells of a table."""
    found = re.findall(r"<td[^>]*>(.*?)</td>", page, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in found]


def entry(name: str) -> Entry:
    found = library.named(name)
    assert found is not None
    return found


# The library


def test_the_opening_comment_is_the_question_and_its_remarks() -> None:
    valid = entry("certificates-valid-on-a-date")
    assert valid.words.startswith("Which certificates were valid on a given day: issued by then,")
    assert [remark.split()[0] for remark in valid.remarks] == ["A"]
    assert all(not one.startswith("#") for found in ENTRIES for one in (found.words, *found.remarks))


def test_the_lines_that_may_be_changed_are_found_with_their_form() -> None:
    day, country = entry("certificates-valid-on-a-date").choices
    assert (day.name, day.kind, day.values, day.is_optional) == ("day", "date", ("2021-01-01",), False)
    assert (country.kind, country.language, country.is_optional) == ("text", "en", True)
    since, house = entry("records-changed-since-a-date").choices
    assert (since.kind, house.kind, house.values) == ("dateTime", "iri", ("ch:ABSCH",))
    assert sum(bool(one.choices) for one in ENTRIES) > 20


@pytest.mark.parametrize("name", NAMES)
def test_a_question_is_sparql_with_every_line_filled_in(name: str) -> None:
    found = entry(name)
    assert found.filled({}) == found.text
    other = {"date": "1999-12-31", "dateTime": "1999-12-31T00:00:00Z", "iri": "ch:BCH", "text": 'a "b" \\ } {\nc'}
    filled = found.filled({choice.name: [other[choice.kind]] for choice in found.choices})
    for choice in found.choices:
        assert re.search(rf"^\s*VALUES \?{choice.name} {{ .* }}  # ", filled, re.MULTILINE)
    store = ox.Store()
    store.query(re.sub(r"SERVICE <https://w3id.org/clearinghouse/search>", "", filled))  # which is not to be called


def test_a_value_is_written_as_the_one_it_replaces() -> None:
    filled = entry("certificates-valid-on-a-date").filled({"day": ["2022-02-02"], "country": ["India", 'Me"x']})
    assert 'VALUES ?day { "2022-02-02"^^xsd:date }  # the day' in filled
    assert 'VALUES ?country { "India"@en "Me\\"x"@en }' in filled
    house = entry("records-changed-since-a-date").filled({"house": ["https://example.org/a"]})
    assert "VALUES ?house { <https://example.org/a> }" in house


@pytest.mark.parametrize(
    ("name", "variable", "value"),
    [
        ("certificates-valid-on-a-date", "day", "yesterday"),
        ("certificates-valid-on-a-date", "day", '2020-01-01" } #'),
        ("records-changed-since-a-date", "house", "ch:ABSCH } DROP ALL #"),
        ("records-changed-since-a-date", "house", "nobody:declared"),
        ("records-changed-since-a-date", "house", "<http://a> <http://b>"),
        ("certificates-by-usage-and-keyword", "top", "x" * 501),
    ],
)
def test_a_value_of_another_kind_is_refused(name: str, variable: str, value: str) -> None:
    if value == "nobody:declared":  # an absolute IRI as it stands
        assert "<nobody:declared>" in entry(name).filled({variable: [value]})
        return
    with pytest.raises(QueryError, match=rf"\?{variable}"):
        entry(name).filled({variable: [value]})


def test_translators_get_every_word_of_the_library() -> None:
    extracted: list[str] = []
    for found in ENTRIES:
        text = io.BytesIO(asking.source(found.name).encode())
        extracted += [message for _, _, message, _ in messages.questions(text, {}, (), {})]
    shown = {text for one in ENTRIES for text in (one.words, *one.remarks, *(choice.words for choice in one.choices))}
    assert set(extracted) == shown
    listed = io.BytesIO((asking.QUERIES / "topics.toml").read_bytes())
    assert [message for _, _, message, _ in messages.topics(listed, {}, (), {})] == [
        one.title for one in library.topics()
    ]


# The pages


@pytest.mark.parametrize("language", UNITED_NATIONS)
def test_every_question_is_listed_under_its_topic(browser: httpx.Client, language: str) -> None:
    page = browser.get(f"/{language}/questions").text
    parts = page.split('<section aria-labelledby="')[1:]
    assert [part.partition('"')[0] for part in parts] == [topic.name for topic in library.topics()]
    for part, topic in zip(parts, library.topics(), strict=True):
        assert re.findall(rf'href="/{language}/questions/([a-z0-9-]+)"', part) == [one.name for one in topic.entries]


@pytest.mark.parametrize("name", NAMES)
def test_every_question_is_answered_on_its_page(browser: httpx.Client, name: str) -> None:
    page = browser.get(f"/en/questions/{name}")
    assert page.status_code == 200
    assert 'class="notice' not in page.text
    assert "/en/workbench?query=" in page.text


def test_the_answer_is_the_one_of_the_endpoint(browser: httpx.Client) -> None:
    query = entry("certificates-valid-on-a-date").text
    told = browser.get("/sparql", params={"query": query, "format": "json"}).json()["results"]["bindings"]
    page = browser.get("/en/questions/certificates-valid-on-a-date").text
    expected = [
        row.get(name, {"value": ""})["value"]
        for row in told
        for name in ("certificate", "country", "issued", "expires")
    ]
    assert len(told) > 5
    assert cells(page) == expected


def test_the_form_asks_again_with_other_values(browser: httpx.Client) -> None:
    address = "/en/questions/certificates-valid-on-a-date"
    later = cells(browser.get(address, params={"day": "2024-01-01"}).text)
    assert later != cells(browser.get(address).text)
    page = browser.get(address, params={"day": "2021-03-01", "country": ["Japan", ""]}).text
    assert set(cells(page)[1::4]) == {"Japan"}
    assert 'value="Japan"' in page
    assert "%22Japan%22%40en" in page  # in the link to the workbench and the downloads


def test_names_are_those_of_the_language_of_the_page(browser: httpx.Client) -> None:
    address = "/questions/certificates-valid-on-a-date"
    english, russian = (browser.get(f"/{tag}{address}").text for tag in ("en", "ru"))
    names = dict(zip(cells(english), cells(russian), strict=True))
    assert names["Brazil"] == "Бразилия"
    assert names["2016-04-14"] == "2016-04-14"
    assert '<bdi lang="ru" dir="ltr">Бразилия</bdi>' in russian
    assert "Названия здесь приведены" in russian
    houses = cells(browser.get("/ar/questions/records-by-kind-and-clearing-house").text)
    assert "غرفة تبادل معلومات الحصول وتقاسم المنافع" in houses, "a keyword of this name in English is called otherwise"
    assert "Names stand here" not in english


def test_a_public_identifier_leads_to_its_record(browser: httpx.Client) -> None:
    page = browser.get("/ru/questions/certificates-valid-on-a-date").text
    links = re.findall(r'<a href="(/ru/uid/(ABSCH-IRCC-[A-Z]{2}-[0-9]+))"><bdi dir="ltr">\2</bdi></a>', page)
    assert [identifier for _, identifier in links] == [cell for cell in cells(page) if cell.startswith("ABSCH-")]
    path, identifier = links[0]
    there = browser.get(path, follow_redirects=True)
    assert there.status_code == 200
    assert "/ru/record/" in str(there.url)
    assert identifier in there.text


def test_a_wrong_value_is_said_in_the_form(browser: httpx.Client) -> None:
    page = browser.get("/en/questions/certificates-valid-on-a-date", params={"day": "<script>alert(1)</script>"})
    assert page.status_code == 400
    assert "<script>alert" not in page.text
    assert "?day" in page.text


def test_a_hostile_value_is_a_value(browser: httpx.Client) -> None:
    hostile = '"} UNION { ?s ?p ?o } #<b>\u202e'
    page = browser.get("/en/questions/certificates-valid-on-a-date", params={"country": hostile})
    assert page.status_code == 200
    assert not cells(page.text)
    assert "<b>" not in page.text


def test_yes_and_no_are_told(browser: httpx.Client) -> None:
    address = "/en/questions/is-a-certificate-valid"
    assert '<p class="big">Yes</p>' in browser.get(address).text
    assert '<p class="big">No</p>' in browser.get(address, params={"day": "1990-01-01"}).text


def test_a_graph_is_a_table_of_statements_with_labels(browser: httpx.Client) -> None:
    page = browser.get("/fr/questions/everything-about-a-record").text
    assert re.findall(r"<th scope=\"col\"><bdi dir=\"ltr\">(\w+)", page) == ["subject", "predicate", "object"]
    assert "format=turtle" in page
    assert "/fr/country/IN" in page


def test_a_long_answer_is_cut_and_says_so(browser: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    page = browser.get("/en/questions/standing-of-labels-by-scheme-and-language").text
    rows = page.count("<tr>") - 1
    assert rows == pages.SHOWN
    assert "first 200 rows" in page
    assert re.findall(r'<th scope="col" class="number"><bdi dir="ltr">(\w+)', page) == ["concepts"]


def test_there_is_no_page_of_a_question_that_is_not_in_the_library(browser: httpx.Client) -> None:
    assert browser.get("/en/questions/nothing").status_code == 404
    assert browser.get("/en/questions/pages%2Flabels").status_code == 404
