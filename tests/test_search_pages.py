"""The search page and its feeds over HTTP: what a reader, a feed reader, a spreadsheet and a program get."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import httpx2 as httpx
import pytest
from live import serving, until
from searched import CH, HOSTILE, country, quads, record, term

ATOM = "{http://www.w3.org/2005/Atom}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ATTACKS = ["<script>alert(1)</script>", "\u202egnp.exe", "x" * 10_000, '"', "AND OR (", "\x00", "' onmouseover=1 '"]
SERIES = {f"series-{number}": f"Handbook {number} of a series" for number in range(25)}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(tmp_path_factory.mktemp("search"), quads(**SERIES), log_requests=False) as endpoint:
        base = endpoint.removesuffix("/sparql")
        with httpx.Client(base_url=base, headers={"Accept": "text/html"}, timeout=30) as client:
            assert client.get("/en/search").status_code == 503
            until(lambda: client.get("/search.json").status_code == 200, 90)
            yield client


class Page(HTMLParser):
    """A page taken apart: its elements with attributes, its texts, and whether its tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.marks: list[str] = []
        self.hits: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "a" and "ol" in self.open:
            self.hits.append(urlsplit(dict(attrs)["href"] or "").path)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "mark":
            self.marks.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data
        if "mark" in self.open:
            self.marks[-1] += data

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [
            found
            for name, found in self.elements
            if name == tag and all(found.get(k) == v for k, v in attributes.items())
        ]

    def links(self, **attributes: str) -> list[str]:
        return [link["href"] or "" for link in self.all("a", **attributes)]


def page(server: httpx.Client, language: str = "en", /, **parameters: object) -> Page:
    answer = server.get(f"/{language}/search", params=parameters)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


def hits(shown: Page) -> list[str]:
    """The paths of the pages of the hits, in order."""
    return shown.hits


def own(iri: str, language: str = "en") -> str:
    return f"/{language}/{iri.partition('/id/')[2]}"


# The page


def test_a_page_shows_the_hits_with_what_was_found_marked(server: httpx.Client) -> None:
    shown = page(server, q="genetic resources")
    assert own(record("measure")) in hits(shown)
    assert "genetic resources" in shown.marks
    assert shown.all("input", name="q")[0]["value"] == "genetic resources"


def test_what_was_found_in_another_language_says_so(server: httpx.Client) -> None:
    shown = page(server, q="diversité biologique forêts", expand="0")
    marked = [attributes for tag, attributes in shown.elements if tag == "bdi" and attributes.get("lang") == "fr"]
    assert marked
    assert {attributes["dir"] for attributes in marked} == {"ltr"}
    arabic = page(server, q="الموافقة", expand="0")
    assert any(one.get("dir") == "rtl" for one in arabic.all("bdi", lang="ar"))
    assert "المُوَافَقَة" in arabic.marks


def test_a_revoked_record_says_so(server: httpx.Client) -> None:
    assert "Revoked" in page(server, q="aloe").text
    status = [
        attributes
        for tag, attributes in page(server, q="aloe").elements
        if attributes.get("class") == "status rejected"
    ]
    assert len(status) == 1


def test_the_box_alone_counts_everything(server: httpx.Client) -> None:
    shown = page(server)
    assert "records and keywords in all" in shown.text
    assert shown.all("form", role="search")


def test_facets_are_links_that_limit_and_chips_take_the_limits_off(server: httpx.Client) -> None:
    shown = page(server, q="", kind="record")
    [link] = [link for link in shown.links() if "country=KE" in link and "kind=record" in link]
    limited = Page(server.get(link).text)
    assert set(hits(limited)) >= {own(record("measure")), own(record("permit"))}
    assert own(record("meeting")) not in hits(limited)
    active = limited.all("a", **{"aria-current": "true"})
    assert any("country=KE" not in (one["href"] or "") for one in active)
    [chip] = [one for one in limited.links() if one.endswith("/search?kind=record")][:1]
    assert own(record("meeting")) in hits(Page(server.get(chip).text))


def test_a_narrower_subject_stands_below_its_broader_one_and_keeps_its_link(server: httpx.Client) -> None:
    text = server.get("/en/search", params={"kind": "record"}).text
    waters, coasts, reefs = (text.index(f'subject={name}"') for name in ("WATERS", "COASTS", "REEFS"))
    assert waters < coasts < reefs
    between = text[waters:coasts]
    assert between.count("<details") - between.count("</details") == 1
    limited = page(server, subject=term("COASTS"), kind="record")
    assert set(hits(limited)) == {own(record("measure")), own(record("permit"))}


def test_things_of_ours_go_by_their_names_in_addresses(server: httpx.Client) -> None:
    for name, short, iri in (
        ("country", "KE", country("KE")),
        ("type", "Measure", "https://w3id.org/clearinghouse/ns#Measure"),
        ("subject", "COASTS", term("COASTS")),
    ):
        by_name, by_iri = page(server, **{name: short}), page(server, **{name: iri})
        assert hits(by_name) == hits(by_iri) != []
        leading = [[link for link in one.links() if link.startswith("/en/search?")] for one in (by_name, by_iri)]
        assert leading[0][1:] == leading[1][1:] != []  # the first leads to this page in this language


def test_facets_speak_the_language_of_the_page(server: httpx.Client) -> None:
    shown = page(server, "ar", kind="record")
    assert "كينيا" in shown.text
    assert "مصر" in shown.text


def test_what_the_thesaurus_added_is_shown_and_can_be_switched_off(server: httpx.Client) -> None:
    shown = page(server, q="littoral")
    assert "Added from the thesaurus" in shown.text
    assert "海岸" in shown.text
    assert own(term("REEFS")) in shown.links()  # the narrower one
    assert own(record("permit")) in hits(shown)
    [without] = [link for link in shown.links() if "without=" in link]
    left_out = Page(server.get(without).text)
    assert own(record("permit")) not in hits(left_out)
    assert "Added from the thesaurus" not in left_out.text
    [mine_only] = [link for link in shown.links() if link.endswith("expand=0")]
    alone = Page(server.get(mine_only).text)
    assert own(record("permit")) not in hits(alone)
    [again] = [link for link in alone.links() if "expand" not in link and "q=littoral" in link and "sort" not in link][
        :1
    ]
    assert own(record("permit")) in hits(Page(server.get(again).text))


def test_a_new_search_keeps_the_limits(server: httpx.Client) -> None:
    shown = page(server, q="aloe", house=CH + "ABSCH", sort="newest")
    hidden = {(one["name"], one["value"]) for one in shown.all("input", type="hidden")}
    assert hidden == {("house", CH + "ABSCH"), ("sort", "newest")}


def test_nothing_found_offers_another_spelling_and_fewer_limits(server: httpx.Client) -> None:
    shown = page(server, q="mangroove", expand="0")
    [corrected] = [link for link in shown.links() if "q=mangrove" in link]
    assert own(record("meeting")) in hits(Page(server.get(corrected).text))
    limited = page(server, q="mangrove", house=CH + "ABSCH", expand="0")
    assert "1 result without the limits" in limited.text
    some = page(server, q="mangrove regulation", expand="0")
    [any_word] = [link for link in some.links() if "any=1" in link]
    assert {own(record("meeting")), own(record("measure"))} <= set(hits(Page(server.get(any_word).text)))


def test_pages_have_addresses_that_stay_and_lead_on(server: httpx.Client) -> None:
    first = page(server, kind="record")
    assert not first.all("link", rel="prev")
    [onward] = first.all("link", rel="next")
    assert parse_qs(urlsplit(onward["href"] or "").query) == {"kind": ["record"], "page": ["2"]}
    assert first.links(**{"aria-current": "page", "href": "/en/search?kind=record"})
    second = Page(server.get(onward["href"] or "").text)
    assert not second.all("link", rel="next")
    [back] = second.all("link", rel="prev")
    assert back["href"] == "/en/search?kind=record"
    assert second.all("ol")[0]["start"] == "21"
    told = server.get("/search.json", params={"kind": "record", "sort": "newest", "limit": 100}).json()
    assert hits(first) + hits(second) == [own(hit["iri"]) for hit in told["hits"]]


def test_a_page_beyond_the_last_one_leads_back(server: httpx.Client) -> None:
    for number in ("5000", "99999999999", "-1", "0", "x", "²"):
        answer = server.get("/en/search", params={"q": "aloe", "page": number})
        assert answer.status_code == 200
    assert "There are fewer pages" in page(server, q="aloe", page=77).text


def test_unknown_parameters_mean_nothing(server: httpx.Client) -> None:
    plain = hits(page(server, q="aloe"))
    assert hits(page(server, q="aloe", sort="colour", expand="maybe", any="2", more="nothing", colour="green")) == plain


def opened(server: httpx.Client, /, **parameters: object) -> tuple[str, set[str]]:
    """The query that a page of results opens, and the records it answers."""
    [link] = [link for link in page(server, **parameters).links() if "/workbench?query=" in link]
    [query] = parse_qs(urlsplit(link).query)["query"]
    answer = server.post("/sparql", data={"query": query}, headers={"Accept": "application/sparql-results+json"})
    assert answer.status_code == 200, answer.text
    return query, {own(row["record"]["value"]) for row in answer.json()["results"]["bindings"]}


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "coast"},
        {"q": 'coast "genetic resources"', "expand": "0"},
        {"q": "coast", "country": country("KE"), "subject": term("COASTS"), "year": "2014", "status": CH + "Current"},
        {"q": "certificate", "kind": "record", "language": "en"},
        {"country": country("KE"), "subject": term("WATERS")},
        {"region": term("AFRICA"), "kind": "record"},
        {"year": ["2016", "2012"], "house": [CH + "CHM", CH + "BCH"]},
        {"type": CH + "Certificate", "status": CH + "Revoked", "language": "en"},
        {"kind": "concept"},
        {"country": "KE"},
        {"type": "Certificate", "house": "ABSCH"},
        {"subject": "COASTS"},
        {"language": "zh"},
        {"q": "mangrove", "language": "zh"},
        {"q": "mangrove regulation", "any": "1"},
        {"q": "littoral", "without": "COASTS"},
        {"year": "soon", "kind": "book", "type": "<x>", "country": "EG"},
    ],
)
def test_the_query_that_can_be_opened_finds_the_same(server: httpx.Client, parameters: dict[str, object]) -> None:
    _, records = opened(server, **parameters)
    assert records == set(hits(page(server, **parameters)))
    assert records
    told = server.get("/search.json", params=parameters).json()  # type: ignore[arg-type]
    assert records == {own(hit["iri"]) for hit in told["hits"]}


def test_hostile_words_make_a_query_that_parses(server: httpx.Client) -> None:
    for attack in ATTACKS:
        query, _ = opened(server, q=f"coast {attack[:200]}", year=attack, country=attack, kind=attack, language=attack)
        assert "SERVICE" in query


def test_the_page_names_its_feed_and_its_description(server: httpx.Client) -> None:
    shown = page(server, q="aloe", house=CH + "ABSCH")
    [feed] = shown.all("link", type="application/atom+xml")
    assert feed["rel"] == "alternate"
    assert server.get(feed["href"] or "").headers["content-type"].startswith("application/atom+xml")
    [description] = shown.all("link", rel="search")
    described = ET.fromstring(server.get(description["href"] or "").text)  # noqa: S314
    templates = [one.get("template") or "" for one in described if one.tag.endswith("Url")]
    assert any(urlsplit(one).path == "/en/search" for one in templates)
    asked = templates[0].replace("{searchTerms}", "aloe").replace("{startPage?}", "")
    assert own(record("permit")) in hits(Page(server.get(asked).text))


def test_labels_are_offered_while_somebody_types(server: httpx.Client) -> None:
    for typed in ("forest", "FORÊ", "森"):
        offered = server.get("/search/offers", params={"q": typed}).json()
        assert 0 < len(offered) <= 10
        assert all(set(one) == {"value", "label"} for one in offered)
    assert any(
        "forest" in one["value"].casefold() for one in server.get("/search/offers", params={"q": "forest"}).json()
    )
    for nothing in ("", "   ", "\x00", "x" * 10_000):
        assert server.get("/search/offers", params={"q": nothing}).json() == []


# Feeds


def test_the_feed_is_valid_atom(server: httpx.Client) -> None:
    answer = server.get("/search.atom", params={"q": "hostile", "lang": "fr"})
    feed = ET.fromstring(answer.content)  # noqa: S314
    assert feed.tag == f"{ATOM}feed"
    assert feed.get(XML_LANG) == "fr"
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(f"{ATOM}{name}")) == 1
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    assert {link.get("rel") for link in feed.findall(f"{ATOM}link")} >= {"self", "alternate"}
    entries = feed.findall(f"{ATOM}entry")
    assert {entry.findtext(f"{ATOM}id") for entry in entries} == {record(name) for name in HOSTILE}
    for entry in entries:
        for name in ("id", "title", "updated"):
            assert len(entry.findall(f"{ATOM}{name}")) == 1
        assert datetime.fromisoformat(entry.findtext(f"{ATOM}updated") or "").tzinfo
        [link] = entry.findall(f"{ATOM}link")
        assert urlsplit(link.get("href") or "").path == own(entry.findtext(f"{ATOM}id") or "", "fr")


def test_a_feed_begins_with_the_newest_and_goes_on_page_by_page(server: httpx.Client) -> None:
    feed = ET.fromstring(server.get("/search.atom", params={"kind": "record"}).content)  # noqa: S314
    published = [entry.findtext(f"{ATOM}published") for entry in feed.findall(f"{ATOM}entry")]
    dated = [one for one in published if one]
    assert dated == sorted(dated, reverse=True)
    assert "2012-10-01T00:00:00Z" in dated
    total = feed.findtext("{http://a9.com/-/spec/opensearch/1.1/}totalResults")
    assert total == str(len(published))


def test_the_spreadsheet_has_every_result_and_calculates_nothing(server: httpx.Client) -> None:
    answer = server.get("/search.csv", params={"q": "hostile"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    titles = {row["iri"]: row["title"] for row in rows}
    assert titles[record("formula")] == "'" + HOSTILE["formula"]
    assert titles[record("script")] == HOSTILE["script"]
    assert titles[record("quoted")] == HOSTILE["quoted"]
    assert titles[record("long")] == HOSTILE["long"]
    assert titles[record("wide")] == "'" + HOSTILE["wide"]
    for row in rows:
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


def test_programs_get_json_with_labels_in_their_language(server: httpx.Client) -> None:
    told = server.get("/search.json", params={"q": "aloe", "lang": "zh"}).json()
    [hit] = [one for one in told["hits"] if one["kind"] == "record"]
    assert hit["iri"] == record("permit")
    assert hit["countries"] == [{"iri": country("KE"), "label": "肯尼亚"}]
    assert hit["status"]["iri"] == CH + "Revoked"
    assert told["facets"]["country"] == [{"value": country("KE"), "label": "肯尼亚", "count": 1}]
    one, other = (server.get("/search.json", params={"kind": "record", "limit": 3, "page": n}).json() for n in (1, 2))
    assert len(one["hits"]) == len(other["hits"]) == 3
    assert not {hit["iri"] for hit in one["hits"]} & {hit["iri"] for hit in other["hits"]}
    assert server.get(one["next"]).json()["hits"] == other["hits"]


def test_what_has_no_title_is_called_by_its_type_and_country(server: httpx.Client) -> None:
    told = server.get("/search.json", params={"country": country("EG"), "kind": "record"}).json()
    [hit] = told["hits"]
    assert hit["title"]["text"].endswith(", Egypt")
    shown = page(server, country=country("EG"), kind="record")
    assert own(record("report")) in hits(shown)


# Hostile people


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_what_is_asked_does_no_harm_anywhere(server: httpx.Client, attack: str) -> None:
    for name in ("q", "house", "country", "subject", "year", "language", "without", "more", "sort"):
        answer = server.get("/en/search", params={name: attack, "kind": "record"})
        assert answer.status_code == 200
        shown = Page(answer.text)
        assert [one for one in shown.all("script") if not one.get("src")] == []
        assert not any(key.startswith("on") for _, attributes in shown.elements for key in attributes)
        assert "\u202e" not in shown.text
    for path in ("/search.atom", "/search.json", "/search.csv"):
        answer = server.get(path, params={"q": attack, "country": attack})
        assert answer.status_code == 200
        if path.endswith("atom"):
            ET.fromstring(answer.content)  # noqa: S314


def test_what_records_say_does_no_harm_anywhere(server: httpx.Client) -> None:
    answer = server.get("/en/search", params={"q": "hostile"})
    shown = Page(answer.text)
    assert set(hits(shown)) == {own(record(name)) for name in HOSTILE}
    assert "<script>alert(1)</script>" in shown.text
    assert [one for one in shown.all("script") if not one.get("src")] == []
    assert "\u202e" not in answer.text
    assert "U+202E" in shown.text
    assert "<b>bold" not in answer.text
    atom = server.get("/search.atom", params={"q": "hostile"})
    assert "\u202e" not in atom.text
    assert "\u0007" not in atom.text
    assert "<script" not in atom.text
    told = server.get("/search.json", params={"q": "hostile"})
    assert told.headers["content-type"] == "application/json"
    assert told.headers["x-content-type-options"] == "nosniff"


def test_a_long_address_does_not_make_a_large_page(server: httpx.Client) -> None:
    plain = server.get("/en/search", params={"q": "aloe"})
    assert plain.status_code == 200
    iris = [f"https://example.org/{number}/{'x' * 1_300}" for number in range(40)]
    for more in ({"without": iris}, {"country": iris}, {"more": "x" * 50_000}, {"q": "aloe " * 10_000}):
        answer = server.get("/en/search", params={"q": "aloe", "any": "1", **more})
        assert answer.status_code == 200
        long = [link for link in Page(answer.text).links() if len(link) > 20_000]
        assert len(long) <= 6, "only the same page in each language has all that was given"


def test_an_address_is_the_same_page_again(server: httpx.Client) -> None:
    first = server.get("/en/search", params={"q": "aloe"})
    again = server.get("/en/search", params={"q": "aloe"}, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
