"""Addresses that are identifiers: which document a client is led to, what caches are told, and what is gone."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox
import pytest
from conftest import PERMIT, RECORD, enter, items, permit
from starlette.testclient import TestClient

from endpoint.app import Application
from endpoint.house import House
from endpoint.settings import Settings
from endpoint.site.data import serialised
from endpoint.site.things import moment
from loaders.mapping import Mapping
from ontology.identifiers import DEFAULT_BASE

GONE, LEGACY, LATE = (f"5E7E71C0-AAAA-BBBB-CCCC-00000000000{number}" for number in (3, 6, 9))
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def client(mapping: Mapping, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    house = House(Settings(data_dir=tmp_path_factory.mktemp("addresses") / "data"), mapping)
    enter(
        house,
        items(
            [
                permit(title={"en": "First title"}),
                permit(revision=2, title={"en": "Second title"}, amendmentIntent=0),
                permit(GONE, number=700_003, title={"en": "Taken back"}) | {"deletedOn": "2021-05-05T00:00:00.000Z"},
                permit(LEGACY, number=700_006),
                permit(LATE, number=700_009) | {"updatedOn": "9999-12-31T23:59:59-05:00"},
            ]
        ),
    )
    app = Application(Settings(data_dir=house.settings.data_dir, workers=1, log_requests=False)).rest
    with TestClient(app, follow_redirects=False) as client:
        yield client


RDF = {
    "text/turtle": "ttl",
    "application/n-triples": "nt",
    "application/ld+json": "jsonld",
    "application/rdf+xml": "rdf",
    "application/trig": "trig",
    "application/n-quads": "nq",
}
THINGS = (
    f"record/{PERMIT}",
    f"record/{PERMIT}/1",
    "term/CBD-SUBJECT-ABS",
    "scheme/CBD-SUBJECTS",
    "scheme/FocalPoint%20Types",
    "country/KE",
    "question/absNationalReport1/Q020",
)


@pytest.mark.parametrize("path", THINGS)
@pytest.mark.parametrize("accept", RDF)
def test_a_program_is_led_to_the_format_it_accepts(client: TestClient, path: str, accept: str) -> None:
    answer = client.get(f"/id/{path}", headers={"accept": accept})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/data/{path}.{RDF[accept]}")
    assert {"Accept", "Accept-Language"} <= set(answer.headers["vary"].split(", "))
    document = client.get(answer.headers["location"])
    assert document.status_code == 200
    assert document.headers["content-type"].partition(";")[0] == accept
    form = ox.RdfFormat.from_media_type(accept)
    assert form
    quads = list(ox.parse(document.content, format=form))
    assert any(quad.subject == ox.NamedNode(f"{DEFAULT_BASE}id/{path}") for quad in quads)


@pytest.mark.parametrize("path", THINGS)
@pytest.mark.parametrize(
    ("accept", "language", "expected"),
    [
        (BROWSER, "fr-CH,fr;q=0.9", "fr"),
        (BROWSER, "ar", "ar"),
        (BROWSER, "de", "en"),
        ("*/*", "zh-Hans", "zh"),
        ("text/turtle;q=0.5,text/html", "", "en"),
    ],
)
def test_a_person_is_led_to_the_page_in_a_language(
    client: TestClient, path: str, accept: str, language: str, expected: str
) -> None:
    answer = client.get(f"/id/{path}", headers={"accept": accept, "accept-language": language})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/{expected}/{path}")


def test_json_is_the_source_of_a_record_and_json_ld_of_what_has_none(client: TestClient) -> None:
    accept = {"accept": "application/json"}
    assert client.get(f"/id/record/{PERMIT}", headers=accept).headers["location"] == f"/data/record/{PERMIT}.json"
    assert client.get("/id/country/KE", headers=accept).headers["location"] == "/data/country/KE.jsonld"
    whole = client.get(f"/data/record/{PERMIT}.json").json()
    assert whole["body"]["title"] == {"en": "Second title"}
    assert client.get(f"/data/record/{PERMIT}/1.json").json()["body"]["title"] == {"en": "First title"}


def test_what_no_document_satisfies_is_refused(client: TestClient) -> None:
    answer = client.get(f"/id/record/{PERMIT}", headers={"accept": "image/png"})
    assert answer.status_code == 406
    assert "text/turtle" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/id/record/5E7E71C0-FFFF-FFFF-FFFF-000000000000",
        f"/id/record/{PERMIT}/9",
        f"/id/record/{PERMIT}/0",
        f"/id/record/{PERMIT}/1/2",
        "/id/record/",
        "/id/term/nothing",
        "/id/country/ZZ",
        "/id/country/kenya",
        "/id/nothing/x",
        "/id/",
        "/data/term/nothing.ttl",
        f"/data/record/{PERMIT}.exe",
        f"/data/record/{PERMIT}",
        "/data/country/KE.json",
        "/uid/ABSCH-IRCC-KE-1",
        "/uid/nothing",
        "/ns/9.9.9",
        *(f"/{place}/record/{PERMIT}/{'9' * 5_000}{end}" for place, end in (("id", ""), ("data", ".ttl"), ("en", ""))),
    ],
)
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_ontology_has_a_page_and_data(client: TestClient) -> None:
    assert client.get("/ns", headers={"accept": BROWSER}).headers["location"] == "/en/ontology"
    assert client.get("/ns", headers={"accept": "text/turtle"}).headers["location"] == "/data/ns.ttl"
    assert client.get("/ns/0.1.0", headers={"accept": "text/turtle"}).headers["location"] == "/data/ns.ttl"
    found = set(ox.parse(client.get("/data/ns.nt").content, format=ox.RdfFormat.N_TRIPLES))
    assert len(found) > 2000
    assert client.get("/id/dataset", headers={"accept": BROWSER}).headers["location"] == "/en/dataset"
    assert client.get("/data/dataset.ttl").headers["location"] == "/void?format=turtle"
    assert client.get("/id/thesaurus", headers={"accept": "text/turtle"}).headers["location"] == "/data/thesaurus.ttl"


def test_a_cache_is_told_what_has_not_changed(client: TestClient) -> None:
    path = f"/data/record/{PERMIT}.ttl"
    whole = client.get(path)
    assert whole.headers["last-modified"] == "Thu, 02 Jan 2020 10:00:00 GMT"
    tag = whole.headers["etag"]
    for headers, status in (
        ({"if-none-match": tag}, 304),
        ({"if-none-match": f'"other", {tag}'}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-modified-since": "Thu, 02 Jan 2020 10:00:00 GMT"}, 304),
        ({"if-modified-since": "Thu, 02 Jan 2020 09:59:59 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "Thu, 02 Jan 2020 10:00:00 +999999999999999999"}, 200),
        ({"if-none-match": '"other"', "if-modified-since": "Thu, 02 Jan 2020 10:00:00 GMT"}, 200),
    ):
        answer = client.get(path, headers=headers)
        assert answer.status_code == status, headers
        assert (answer.content == b"") == (status == 304)
    assert client.get(f"/data/record/{PERMIT}/1.ttl").headers["last-modified"] == "Wed, 01 Jan 2020 10:00:00 GMT"
    assert client.head(path).headers["etag"] == tag


def test_a_date_beyond_all_years_is_none(client: TestClient) -> None:
    for path in (f"/data/record/{LATE}.ttl", f"/en/record/{LATE}"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "last-modified" not in answer.headers
    assert moment("0001-01-01T00:00:00+01:00") is None


def test_each_format_has_a_tag_of_its_own_and_names_the_others(client: TestClient) -> None:
    answers = {ending: client.get(f"/data/record/{PERMIT}.{ending}") for ending in (*RDF.values(), "json")}
    assert len({answer.headers["etag"] for answer in answers.values()}) == len(answers)
    for ending, answer in answers.items():
        links = answer.headers["link"]
        assert f'<{RECORD}{PERMIT}>; rel="describes"' in links
        assert f'</data/record/{PERMIT}.{ending}>; rel="canonical"' in links
        assert links.count('rel="alternate"') == len(answers)
        assert f'</data/record/{PERMIT}.{ending}>; rel="alternate"' not in links


def test_all_formats_say_the_same(client: TestClient) -> None:
    graphs = []
    for accept, ending in RDF.items():
        form = ox.RdfFormat.from_media_type(accept)
        quads = list(ox.parse(client.get(f"/data/record/{PERMIT}.{ending}").content, format=form))
        graphs.append({quad.triple for quad in quads})
        names = {quad.graph_name for quad in quads}
        assert names == ({ox.NamedNode(RECORD + PERMIT)} if ending in ("trig", "nq") else {ox.DefaultGraph()})
    assert all(graph == graphs[0] for graph in graphs)
    assert len(graphs[0]) > 50


def test_what_was_withdrawn_is_gone_with_a_tombstone(client: TestClient) -> None:
    for path in (f"record/{GONE}", f"record/{GONE}/1"):
        assert client.get(f"/id/{path}", headers={"accept": "text/turtle"}).status_code == 303
        answer = client.get(f"/data/{path}.ttl")
        assert answer.status_code == 410
        assert "ch:Withdrawn" in answer.text
        assert "Taken back" not in answer.text
        since = {"if-modified-since": "Thu, 02 Jan 2099 10:00:00 GMT"}
        assert client.get(f"/data/{path}.ttl", headers=since).status_code == 410
        source = client.get(f"/data/{path}.json")
        assert source.status_code == 410
        assert "Taken back" not in source.text


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("ABSCH-IRCC-{country}-700001", f"record/{PERMIT}"),
        ("absch-ircc-{lower}-700001", f"record/{PERMIT}"),
        ("ABSCH-IRCC-{country}-700001-1", f"record/{PERMIT}/1"),
        (PERMIT, f"record/{PERMIT}"),
        (f"{PERMIT}@2", f"record/{PERMIT}/2"),
        ("700001", f"record/{PERMIT}"),
        ("700001@1", f"record/{PERMIT}/1"),
        (f"{RECORD}{PERMIT}", f"record/{PERMIT}"),
        (f"{RECORD}{PERMIT}/1", f"record/{PERMIT}/1"),
        (f"{RECORD}{PERMIT}#/permitFiles/0", f"record/{PERMIT}"),
        ("https://absch.cbd.int/database/record/700001", f"record/{PERMIT}"),
        ("https://absch.cbd.int/en/database/IRCC/ABSCH-IRCC-{country}-700001/2", f"record/{PERMIT}/2"),
        ("https://absch.cbd.int/certificate/700001", f"record/{PERMIT}"),
        ("https://api.cbd.int/api/v2013/documents/700001", f"record/{PERMIT}"),
        (f"{DEFAULT_BASE}id/country/KE", "country/KE"),
        ("https://absch.cbd.int/countries/KE", "country/KE"),
        (f"{DEFAULT_BASE}id/term/CBD-SUBJECT-ABS", "term/CBD-SUBJECT-ABS"),
        (f"{DEFAULT_BASE}ns#Certificate", "ontology/Certificate"),
    ],
)
def test_a_record_is_found_by_whatever_name_it_goes(client: TestClient, given: str, path: str) -> None:
    code = json.loads(client.get(f"/data/record/{PERMIT}.json").content)["body"]["government"]["identifier"]
    name = given.format(country=code.upper(), lower=code.lower())
    answer = client.get(f"/en/lookup?id={quote(name, safe='')}", headers={"accept": BROWSER})
    assert (answer.status_code, answer.headers.get("location")) == (303, f"/en/{path}")
    if name.upper().startswith("ABSCH-"):
        by_uid = client.get(f"/uid/{name}", headers={"accept": "text/turtle"})
        assert (by_uid.status_code, by_uid.headers["location"]) == (303, f"/data/{path}.ttl")


def test_what_no_identifier_names_is_said_and_can_be_searched_for(client: TestClient) -> None:
    answer = client.get("/en/lookup", params={"id": "<b>nothing</b>"}, headers={"accept": BROWSER})
    assert answer.status_code == 404
    assert "There is nothing with this identifier here." in answer.text
    assert "<b>nothing" not in answer.text
    assert "/en/search?q=%3Cb%3E" in answer.text
    assert client.get("/en/lookup", headers={"accept": BROWSER}).status_code == 200


def test_the_same_statements_are_the_same_bytes(tmp_path: Path) -> None:
    node, title = ox.NamedNode("https://example.org/a"), ox.NamedNode("http://purl.org/dc/terms/title")
    triples = [ox.Triple(node, title, ox.Literal(str(number))) for number in range(50)]
    for ending in RDF.values():
        assert serialised(triples, ending, node) == serialised(reversed(triples), ending, node)
