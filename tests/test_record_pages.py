"""Pages of records: what stands on them in which order, that nothing there does harm, and that every record has one."""

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from conftest import PERMIT, RECORD, enter, items, permit
from starlette.testclient import TestClient
from test_privacy import Canaries, _guid, _of, _readable

from endpoint.app import Application
from endpoint.house import House
from endpoint.settings import Settings
from endpoint.site.facts import Graph, facts, schema_of
from loaders.generate import SAMPLE
from loaders.mapping import Mapping
from loaders.pointers import fields_of
from loaders.projection import published
from ontology.identifiers import DEFAULT_BASE

HOSTILE = "5E7E71C0-AAAA-BBBB-CCCC-00000000BAD0"
REVOKED, GONE, SECRET = (f"5E7E71C0-AAAA-BBBB-CCCC-00000000000{number}" for number in (2, 3, 4))
ATTACK = "</script><script>alert(1)</script>"
ESCAPED = ATTACK.replace("<", "&lt;").replace(">", "&gt;")  # a text in HTML, as records may have it
TURNED = "abc\u202edef\u2066"
LONG = "x" * 10_000
CH = f"{DEFAULT_BASE}ns#"
VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
LARGEST = 200_000
"""Bytes that a page may weigh as it is sent, compressed."""


class Page(HTMLParser):
    """What tests look for in a page: elements with attributes, the texts outside of code, and what scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._open: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.elements.append((tag, given))
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self._open.append((tag, given.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tags, classes = {tag for tag, _ in self._open}, {name for _, name in self._open}
        if "script" in tags:
            self.scripts[-1] += data
        elif not tags & {"code", "pre", "title"} and "cite" not in classes:
            self.texts.append(data)

    def attributes(self, name: str) -> list[str]:
        return [given[name] for _, given in self.elements if name in given]

    @property
    def structured(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(next(script for script in self.scripts if script.strip()))
        return found


def _client(house: House, folder: Path) -> Iterator[TestClient]:
    shutil.copytree(house.settings.data_dir, folder)
    app = Application(Settings(data_dir=folder, workers=1, log_requests=False)).rest
    with TestClient(app, headers={"accept": "text/html"}, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def bundled(sample_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server of the bundled records."""
    yield from _client(sample_house, tmp_path_factory.mktemp("bundled") / "data")


@pytest.fixture(scope="module")
def few(mapping: Mapping, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server of some certificates: amended, revoked, withdrawn, partly confidential, and hostile."""
    house = House(Settings(data_dir=tmp_path_factory.mktemp("few") / "data"), mapping)
    reason = {"en": "The holder broke the terms.", "fr": "Le titulaire a enfreint les conditions."}
    hostile = {
        "title": {"en": ESCAPED, "ar": TURNED, "fr": LONG},
        "permitFiles": [{"url": "https://example.org/a", "name": f"{ATTACK}{TURNED}", "language": 'en" onload="x'}],
        "taxonomies": [{"url": "javascript:alert(1)", "name": "no link"}],
        "subjectMatter": {"en": f"<b>{ESCAPED}</b>", "zh": TURNED},
    }
    enter(
        house,
        items(
            [
                permit(title={"en": "First title"}),
                permit(revision=2, title={"en": "Second title"}, amendmentIntent=0, amendmentDescription={"en": "Why"}),
                permit(REVOKED, number=700_002, title={"en": "Before"}),
                permit(REVOKED, 2, 700_002, title={"en": "After"}, amendmentIntent=1, amendmentDescription=reason),
                permit(GONE, number=700_003, title={"en": "Taken back"}) | {"deletedOn": "2021-05-05T00:00:00.000Z"},
                permit(SECRET, number=700_004, providers=None, providersConfidential=True),
                permit(HOSTILE, number=700_005, **hostile),
            ]
        ),
    )
    yield from _client(house, tmp_path_factory.mktemp("few-served") / "data")


def _guids(client: TestClient) -> list[str]:
    query = f"SELECT ?guid {{ ?record <{CH}guid> ?guid ; <{CH}clearingHouse> [] }} GROUP BY ?guid ORDER BY ?guid"
    answer = client.portal.call(_rows, client, query)  # type: ignore[union-attr]
    return [row["guid"].value for row in answer]


async def _rows(client: TestClient, query: str) -> Any:
    from endpoint.asking import Question

    return await client.app.state.asking.rows(Question("test", query))  # type: ignore[attr-defined]


def test_every_bundled_record_has_a_page_in_good_order(bundled: TestClient) -> None:
    guids = _guids(bundled)
    assert len(guids) > 500
    raw = re.compile(rf"{DEFAULT_BASE}(?:ns#|id/)|http://purl.org/dc/|http://www.w3.org/")
    for guid in guids:
        answer = bundled.get(f"/en/record/{guid}")
        assert answer.status_code == 200, guid
        assert len(gzip.compress(answer.content)) < LARGEST, guid
        page = Page(answer.text)
        for tag in page.attributes("lang"):
            ox.Literal("", language=tag)  # raises ValueError for what is no language tag
        shown = [text for text in page.texts if raw.search(text)]
        assert shown == [], (guid, "an IRI is shown where a label is known")
        assert page.structured["@id"] == f"{RECORD}{guid}"
        assert all(not href.startswith(("javascript:", "data:")) for href in page.attributes("href"))
        assert len(set(page.attributes("id"))) == len(page.attributes("id")), (guid, "an id is given twice")


def test_every_source_field_that_a_page_names_is_in_the_document(sample_house: House) -> None:
    """Of several fields that a property may come from the document has at least one."""
    seen = 0
    with sample_house.ledger_to_read() as ledger:
        for history in ledger.histories(ledger.records()).values():
            document = published(history)[-1].document
            [data] = [mapped.quads for mapped in sample_house.mapping.mapped([document])]
            record = f"{RECORD}{document.guid}"
            graph = Graph.of(record, DEFAULT_BASE, [quad.triple for quad in data])
            for fact in facts(graph):
                if fact.sources and not fact.withheld and "schema_s" not in document.body:
                    held = [_at(document.body, pointer) for pointer in fact.sources]
                    held += [_at(document.information, pointer) for pointer in fact.sources]
                    assert any(one is not None for one in held), (document.guid, fact.property, fact.sources)
                    seen += 1
    assert seen > 5000


def _at(node: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        if isinstance(node, dict):
            node = node.get(step.replace("~1", "/").replace("~0", "~"))
        elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            return None
    return node


def test_a_property_knows_the_fields_it_comes_from() -> None:
    title, language = "http://purl.org/dc/terms/title", "https://schema.org/inLanguage"
    assert fields_of("absPermit", "", title) == ["/title"]
    assert fields_of("absPermit", "", language) == ["/header/languages"]
    assert fields_of("absPermit", "/permitFiles/0", "https://schema.org/url") == ["/permitFiles/0/url"]
    assert fields_of("absPermit", "", f"{CH}relatedCertificate") == ["/relatedIRCCs", "/relatedIRCC"]
    assert fields_of("absPermit", "", f"{CH}clearingHouse") == [], "the graph has added it"
    assert fields_of("meeting", "", title, "fr") == ["/title_FR_t", "/title_FR_s"]
    assert fields_of("nationalTarget7", "", f"{CH}gbfTarget") == ["/gbfTargets", "/globalTargetAlignment"]
    assert fields_of("nothing", "", title) == []
    assert schema_of(f"{CH}Certificate") == "absPermit"


def test_a_page_tells_facts_by_labels_with_their_source_fields(bundled: TestClient) -> None:
    certificate = _first(bundled, "absPermit")
    page = bundled.get(f"/en/record/{certificate['identifier']}").text
    assert '<code dir="ltr">/dateOfIssuance</code>' in page
    assert "added by the graph" in page
    for words in (
        "Internationally recognized certificate of compliance",
        "Issuing authority",
        "Date of expiry",
        "Persistent IRI",
    ):
        assert words in page, words
    assert f"{RECORD}{certificate['identifier']}" in page
    assert "describes nothing real" in page, "a synthetic record says so"


def _first(client: TestClient, schema: str) -> Any:
    """The first bundled record of a schema that is neither amended nor revoked."""
    documents = json.loads((SAMPLE / f"{schema}.json").read_text(encoding="utf-8"))
    numbers = [document["identifier"] for document in documents]
    return next(one for one in documents if numbers.count(one["identifier"]) == 1 and "dateOfExpiry" in one["body"])


def test_texts_come_in_all_their_languages_the_readers_first(bundled: TestClient) -> None:
    meeting = "52000000cbd00500000dbdfb"
    for tag, opening in (("fr", "Troisième réunion"), ("zh", "作为关于获取遗传资源"), ("ar", "الاجتماع الثالث")):
        page = bundled.get(f"/{tag}/record/{meeting}").text
        heading = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
        assert heading
        way = "rtl" if tag == "ar" else "ltr"
        assert f'<bdi lang="{tag}" dir="{way}">{opening}' in heading[1]
        assert all(f'lang="{other}"' in page for other in ("ar", "en", "es", "fr", "ru", "zh"))


def test_a_revoked_record_says_so_first_with_date_and_reason(few: TestClient) -> None:
    for path in (f"/record/{REVOKED}", f"/record/{REVOKED}/2"):
        page = few.get(f"/en{path}")
        assert page.status_code == 200
        told = page.text.index("<strong>Revoked.</strong>")
        assert told < page.text.index("Jan 2, 2020") < page.text.index("The holder broke the terms.")
        assert told < page.text.index('id="group-texts"')
    assert "Le titulaire a enfreint" in few.get(f"/fr/record/{REVOKED}").text


def test_a_past_revision_is_shown_as_it_was(few: TestClient) -> None:
    past, now = few.get(f"/en/record/{PERMIT}/1").text, few.get(f"/en/record/{PERMIT}").text
    assert "First title" in past
    assert "Second title" not in re.sub(r"<aside.*", "", past, flags=re.DOTALL)
    assert "<strong>Superseded.</strong>" in past
    assert "Second title" in now
    assert "First title" not in now
    assert f'href="/en/record/{PERMIT}/1"' in now
    assert "Why" in now, "the reason of the amendment stands in the history"
    assert few.get(f"/en/record/{PERMIT}/3").status_code == 404
    assert few.get(f"/en/record/{PERMIT}/x").status_code == 404


def test_a_revision_is_compared_with_the_one_before(few: TestClient) -> None:
    page = few.get(f"/en/record/{PERMIT}/2").text
    rows = re.findall(
        r'<tr><th scope="row">(.*?)</tr>', page[page.index('id="changes"') : page.index('id="group-')], re.S
    )
    assert len(rows) == 2, "the reason of the amendment and the dates are told in the history"
    [title] = [row for row in rows if "Title" in row]
    assert title.index("First title") < title.index('data-name="After"') < title.index("Second title")
    assert 'id="changes"' not in few.get(f"/en/record/{PERMIT}/1").text
    assert 'id="changes"' not in few.get(f"/en/record/{PERMIT}").text


def test_a_withdrawn_record_leaves_a_tombstone(few: TestClient) -> None:
    for path in (f"/record/{GONE}", f"/record/{GONE}/1"):
        page = few.get(f"/en{path}")
        assert page.status_code == 410
        assert "<strong>Withdrawn.</strong>" in page.text
        assert "Taken back" not in page.text


def test_what_is_confidential_is_said_to_be_withheld_in_its_place(few: TestClient) -> None:
    page = few.get(f"/en/record/{SECRET}").text
    place = page.index("/providers</code>")
    assert "withheld as confidential" in page[place : place + 300]


def test_a_hostile_record_does_nothing(few: TestClient) -> None:
    for tag in ("en", "ar", "fr"):
        answer = few.get(f"/{tag}/record/{HOSTILE}")
        assert answer.status_code == 200
        page = Page(answer.text)
        assert [given for name, given in page.elements if name == "script" and "src" not in given] == [
            {"type": "application/ld+json"}
        ]
        assert not [name for _, given in page.elements for name in given if name.startswith("on")]
        assert "\u202e" not in answer.text
        assert "\u2066" not in answer.text
        assert "U+202E" in answer.text, "what would turn the text is told by its name"
        assert not [href for href in page.attributes("href") if href.lower().startswith("javascript")]
        assert "no link" in answer.text
        assert LONG in answer.text
        names = {one["@language"]: one["@value"] for one in page.structured["name"]}
        assert names == {"en": ATTACK, "ar": TURNED, "fr": LONG}, "programs get the title as it is"


def test_a_hostile_record_is_whole_in_its_data(few: TestClient) -> None:
    title = ox.NamedNode("http://purl.org/dc/terms/title")
    for ending, form in (("ttl", ox.RdfFormat.TURTLE), ("jsonld", ox.RdfFormat.JSON_LD), ("rdf", ox.RdfFormat.RDF_XML)):
        answer = few.get(f"/data/record/{HOSTILE}.{ending}")
        assert answer.headers["x-content-type-options"] == "nosniff"
        found = {quad.object.value for quad in ox.parse(answer.content, format=form) if quad.predicate == title}
        assert found == {ATTACK, TURNED, LONG}, ending


def test_the_head_tells_search_engines_what_the_page_is_about(bundled: TestClient) -> None:
    certificate = _first(bundled, "absPermit")
    told = Page(bundled.get(f"/en/record/{certificate['identifier']}").text).structured
    assert told["@type"] == "GovernmentPermit"
    assert told["validUntil"] == certificate["body"]["dateOfExpiry"]
    assert told["issuedBy"]["@id"].startswith(RECORD)
    assert {one["encodingFormat"] for one in told["encoding"]} >= {"text/turtle", "application/ld+json"}
    kinds = {"measure": "Legislation", "meeting": "Event", "organization": "Organization", "organism": "Taxon"}
    for schema, type_ in kinds.items():
        query = f"SELECT ?guid {{ ?record a ?type ; <{CH}guid> ?guid }} ORDER BY ?guid LIMIT 1"
        class_ = f"<{CH}{schema[0].upper()}{schema[1:]}>"
        [row] = bundled.portal.call(_rows, bundled, query.replace("?type", class_))  # type: ignore[union-attr]
        assert Page(bundled.get(f"/en/record/{row['guid'].value}").text).structured["@type"] == type_, schema


def test_what_refers_to_a_record_is_grouped_and_counted(bundled: TestClient) -> None:
    query = """SELECT ?record (COUNT(DISTINCT ?from) AS ?n) {
        GRAPH ?from { ?from <https://schema.org/issuedBy> ?record } } GROUP BY ?record ORDER BY DESC(?n) LIMIT 1"""
    [row] = bundled.portal.call(_rows, bundled, query)  # type: ignore[union-attr]
    page = bundled.get(f"/en/record/{row['record'].value.removeprefix(RECORD)}").text
    section = page[page.index('id="links"') : page.index('id="history"')]
    group = re.search(
        r"certificate of compliance.*?Issuing authority.*?<span class=\"count\">(\d+)</span>", section, re.DOTALL
    )
    assert group
    assert group[1] == row["n"].value
    assert "/workbench?query=" in section


def test_a_record_is_cited_with_government_title_identifier_date_and_iri(few: TestClient) -> None:
    page = few.get(f"/en/record/{PERMIT}").text
    [marked] = re.findall(r'<p class="cite">(.*?)</p>', page)
    cited = re.sub("<.*?>", "", marked)
    assert re.match(r"\w[\w ]* \(2020\)\. Second title \[.+\]\. ABSCH-IRCC-[A-Z]{2}-700001-2\. ", cited)
    assert cited.endswith(f". {RECORD}{PERMIT}")
    assert "@misc{ABSCHIRCC" in page
    assert "TY  - GOVDOC" in page


def test_a_page_names_its_other_forms(few: TestClient) -> None:
    answer = few.get(f"/en/record/{PERMIT}")
    types = {"text/turtle", "application/ld+json", "application/n-triples", "application/rdf+xml", "application/json"}
    page = Page(answer.text)
    alternates = [given for name, given in page.elements if name == "link" and given.get("rel") == "alternate"]
    assert {given["type"] for given in alternates if "type" in given} >= types
    assert f'<{RECORD}{PERMIT}>; rel="describes"' in answer.headers["link"]
    assert f'</data/record/{PERMIT}.ttl>; rel="alternate"; type="text/turtle"' in answer.headers["link"]
    assert answer.headers["last-modified"] == "Thu, 02 Jan 2020 10:00:00 GMT"
    again = few.get(f"/en/record/{PERMIT}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_nothing_private_is_on_pages_or_in_data(mapping: Mapping, tmp_path: Path) -> None:
    canaries = Canaries()
    house = House(Settings(data_dir=tmp_path / "data"), mapping)
    readable = list(_readable(canaries))
    shown = _of("contact", _guid(31), 710_031, lastName=canaries("a name that is public"))
    enter(house, items([*readable, shown]))
    seen = []
    for client in _client(house, tmp_path / "served"):
        for number in range(1, 32):
            for path in (_guid(number), *(f"{_guid(number)}/{revision}" for revision in (1, 2))):
                answers = [client.get(f"/en/record/{path}")]
                answers += [client.get(f"/data/record/{path}.{ending}") for ending in ("ttl", "nq", "rdf", "json")]
                seen += [(path, canaries.seen(answer.content)) for answer in answers if answer.status_code != 404]
    assert len(seen) > 100
    found = {place for _, places in seen for place in places}
    assert found == {"a name that is public"}, "and the search does find what is not withheld"


def test_a_concept_and_its_records_are_on_one_page(bundled: TestClient) -> None:
    page = bundled.get("/en/term/CBD-SUBJECT-ABS")
    assert page.status_code == 200
    assert "148" in page.text
    house = re.search(r"/en/search\?subject=CBD-SUBJECT-ABS&amp;house=ABSCH\">(\d+) records", page.text)
    expected = {document["identifier"] for document in _tagged("CBD-SUBJECT-ABS") if document.get("realm") == "ABS"}
    assert house
    assert int(house[1]) >= len(expected) > 50
    assert page.text.count('<li><a href="/en/record/') == 10
    assert Page(page.text).structured["@type"] == "DefinedTerm"
    assert bundled.get("/en/scheme/CBD-SUBJECTS").headers["location"] == "/en/thesaurus/schemes/cbd-subjects"
    assert bundled.get("/en/term/nothing").status_code == 404


def _tagged(term: str) -> Iterator[Any]:
    """The newest revision of each bundled document that names a term anywhere."""
    newest: dict[str, Any] = {}
    for path in SAMPLE.parent.glob("*/*.json"):
        for document in json.loads(path.read_text(encoding="utf-8")):
            if "identifier" in document and document.get("revision", 0) >= newest.get(document["identifier"], {}).get(
                "revision", 0
            ):
                newest[document["identifier"]] = document
    return (document for document in newest.values() if f'"{term}"' in json.dumps(document["body"]))


def test_a_question_tells_how_countries_answered(bundled: TestClient) -> None:
    reports = json.loads((SAMPLE / "absNationalReport1.json").read_text(encoding="utf-8"))
    answered = [report for report in reports if "Q020" in report["body"]]
    page = bundled.get("/en/question/absNationalReport1/Q020").text
    assert len(answered) > 2
    for report in answered:
        assert f'href="/en/record/{report["identifier"]}"' in page
        assert f'href="/en/country/{report["body"]["government"]["identifier"].upper()}"' in page
    yes = sum(str(report["body"]["Q020"].get("value", report["body"]["Q020"])).lower() == "true" for report in answered)
    counted = re.search(r'<th scope="row">\s*Yes\s*</th><td class="number">(\d+)</td>', page)
    assert (int(counted[1]) if counted else 0) == yes
    assert bundled.get("/en/question/absNationalReport1/Q999").status_code == 404


def test_what_a_report_chose_is_said_in_words_once(bundled: TestClient) -> None:
    reports = json.loads((SAMPLE / "absNationalReport1.json").read_text(encoding="utf-8"))
    workshops = "344E105F-C29F-47F4-B6BF-725D3082BFBE"
    report = next(one for one in reports if {"value": workshops} in one["body"].get("Q054_a", []))
    assert any(answer == {"value": "true.some"} for answer in report["body"].values())
    for path in (f"record/{report['identifier']}", "question/absNationalReport1/Q054_a"):
        page = bundled.get(f"/fr/{path}").text
        assert page.count(workshops) == page.count(f'/fr/term/{workshops}"') > 0, "a concept by its label alone"
    page = bundled.get(f"/fr/record/{report['identifier']}").text
    assert "Oui, dans une certaine mesure" in page
    assert "true.some" not in page
