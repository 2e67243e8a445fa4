"""The reconciliation service: both versions of the protocol, and that it finds what a table means."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pyoxigraph as ox
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from endpoint import problems, reconciliation
from endpoint.reconciliation_properties import fits
from endpoint.reconciliation_queries import queries_02, queries_1
from thesaurus.index import Index, build

Json = dict[str, Any]
THESAURUS = """
@prefix : <http://example.org/t#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
:topics a skos:ConceptScheme ; dct:title "Topics"@en, "Thèmes"@fr .
:animals a skos:ConceptScheme ; dct:title "Animals"@en .
:c1 a skos:Concept ; skos:inScheme :topics ; dct:identifier "CBD-1" ; skos:notation "1.1" ;
    skos:prefLabel "Genetic resources"@en, "Ressources génétiques"@fr, "遗传资源"@zh, "الموارد الجينية"@ar ;
    skos:altLabel "Gene pool"@en, "Germplasm"@en ; skos:definition "Material of value"@en ; skos:broader :c2 ;
    skos:exactMatch <http://elsewhere.example/7> .
:c2 a skos:Concept ; skos:inScheme :topics ; skos:prefLabel "Resources"@en, "Ressources"@fr .
:c3 a skos:Concept ; skos:inScheme :topics ; skos:prefLabel "Access to genetic resources"@en ; skos:related :c1 .
:c4 a skos:Concept ; skos:inScheme :topics ; skos:prefLabel "Germplasm banks"@en, "Pain"@en .
:c5 a skos:Concept ; skos:inScheme :animals ; skos:prefLabel "Crane"@en ; skos:broader :c7 .
:c6 a skos:Concept ; skos:inScheme :topics ; skos:prefLabel "Crane"@en, "Grue"@fr ; skos:altLabel "Hoist"@en .
:c7 a skos:Concept ; skos:inScheme :animals ; skos:prefLabel "Birds"@en, "Oiseaux"@fr, "طيور"@ar ; skos:notation "1.1" .
:c8 a skos:Concept ; skos:inScheme :animals ; skos:prefLabel "Fowl"@en ; owl:deprecated true ; dct:isReplacedBy :c7 .
:c9 a skos:Concept ; skos:inScheme :animals ; skos:prefLabel "Fowl"@en, "Pain"@fr .
:c10 a skos:Concept ; skos:inScheme :animals ; skos:prefLabel "<script>alert(1)</script>"@en ;
    skos:altLabel "'); DROP TABLE label;--"@en ; skos:definition "<img src=x onerror=alert(1)>"@en .
"""
BASE = "http://example.org/t#"
CONCEPT = "http://www.w3.org/2004/02/skos/core#Concept"
VERSIONS = ("0.2", "1.0-draft")


def _conformance() -> Path:
    folder = os.environ.get("CLEARINGHOUSE_CONFORMANCE")
    return Path(folder or Path(__file__).parents[2] / "shared/data/conformance") / "reconciliation"


needs_suite = pytest.mark.skipif(
    not _conformance().is_dir(), reason="the reconciliation suite is not here: set CLEARINGHOUSE_CONFORMANCE"
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = tmp_path_factory.mktemp("reconciliation") / "index.sqlite"
    build(path, [quad.triple for quad in ox.parse(THESAURUS, format=ox.RdfFormat.TURTLE)], "1")
    made = Index(path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(index: Index) -> Iterator[TestClient]:
    app = FastAPI(openapi_url=None)
    app.router.routes.extend(reconciliation.routes())
    app.state.thesauri = SimpleNamespace(index=lambda: index)
    app.state.settings = SimpleNamespace(base_iri="https://w3id.org/clearinghouse/", dataset_title="Keywords")
    problems.install(app, "https://w3id.org/clearinghouse/")
    with TestClient(app, base_url="https://house.example", raise_server_exceptions=True) as made:
        yield made


@pytest.fixture
def valid() -> Any:
    """Whether JSON is valid by a schema of a version of the protocol."""
    if not _conformance().is_dir():
        pytest.skip("the reconciliation suite is not here: set CLEARINGHOUSE_CONFORMANCE")

    def check(document: Any, version: str, name: str) -> None:
        schemas = [json.loads(path.read_text()) for path in (_conformance() / version / "schemas").glob("*.json")]
        found = Registry().with_resources(
            [(one["$id"], Resource.from_contents(one, default_specification=DRAFT7)) for one in schemas]
        )
        schema = json.loads((_conformance() / version / "schemas" / f"{name}.json").read_text())
        jsonschema.Draft7Validator(schema, registry=found).validate(document)

    return check


def _examples(kind: str) -> list[Any]:
    return [
        pytest.param(version, path, id=f"{version}-{path.stem}")
        for version in VERSIONS
        for path in sorted((_conformance() / version / "examples").glob(f"{kind}/*.json"))
    ] or [pytest.param("", Path(), marks=pytest.mark.skip(reason="the reconciliation suite is not here"))]


def one(client: TestClient, text: str, path: str = "/reconcile", **more: Any) -> list[Json]:
    """The candidates of one query in version 0.2."""
    headers = more.pop("headers", {})
    answer = client.post(path, data={"queries": json.dumps({"q": {"query": text, **more}})}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["q"]["result"]
    return found


def draft(client: TestClient, *conditions: Json, path: str = "/reconcile", **more: Any) -> list[Json]:
    """The candidates of one query in version 1.0-draft."""
    answer = client.post(f"{path}/match", json={"queries": [{"conditions": conditions, **more}]})
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["results"][0]["candidates"]
    return found


def matches(found: list[Json]) -> list[str]:
    return [candidate["id"].removeprefix(BASE) for candidate in found if candidate["match"]]


def ids(found: list[Json]) -> list[str]:
    return [candidate["id"].removeprefix(BASE) for candidate in found]


# ------------------------------------------------------------------------------------------------- what the suite says


@needs_suite
@pytest.mark.parametrize(("version", "path"), _examples("reconciliation-query-batch/valid"))
def test_every_valid_batch_is_answered(client: TestClient, valid: Any, version: str, path: Path) -> None:
    text = path.read_text()
    if version == "0.2":
        for answer in (
            client.post("/reconcile", data={"queries": text}),
            client.get("/reconcile", params={"queries": text}),
        ):
            assert answer.status_code == 200
            assert list(answer.json()) == list(json.loads(text))
            valid(answer.json(), version, "reconciliation-result-batch")
    else:
        answer = client.post("/reconcile/match", content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200
        assert len(answer.json()["results"]) == len(json.loads(text)["queries"])
        valid(answer.json(), version, "reconciliation-result-batch")


_FAULTS = {
    "0.2-empty-properties": "queries.q1: expected query, or properties",
    "0.2-empty-query": "queries.q1: expected query",
    "0.2-misnamed-property": "queries.q0.props",
    "1.0-draft-empty-conditions": "queries[0].conditions",
    "1.0-draft-empty-query": "queries[0].conditions",
    "1.0-draft-misnamed-conditions": "queries[0].props",
    "1.0-draft-missing-match-type": "queries[0].conditions[0].matchType",
    "1.0-draft-multiple-types": "queries[0].type",
    "1.0-draft-no-root-object": "the body: expected an object",
    "1.0-draft-old-format": "queries: ",
}


@needs_suite
@pytest.mark.parametrize(("version", "path"), _examples("reconciliation-query-batch/invalid"))
def test_every_invalid_batch_is_a_problem_that_names_the_field(client: TestClient, version: str, path: Path) -> None:
    if version == "0.2":
        answer = client.post("/reconcile", data={"queries": path.read_text()})
    else:
        answer = client.post("/reconcile/match", content=path.read_text(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert _FAULTS[f"{version}-{path.stem}"] in answer.json()["detail"]


@needs_suite
@pytest.mark.parametrize(("version", "path"), _examples("data-extension-query/valid"))
def test_every_valid_extension_query_is_answered(client: TestClient, valid: Any, version: str, path: Path) -> None:
    if version == "0.2":
        answer = client.post("/reconcile", data={"extend": path.read_text()})
    else:
        answer = client.post(
            "/reconcile/extend", content=path.read_text(), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 200
    valid(answer.json(), version, "data-extension-response")
    assert [meta["id"] for meta in answer.json()["meta"]] == [
        p["id"] for p in json.loads(path.read_text())["properties"]
    ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", ["/reconcile", "/reconcile/topics"])
def test_the_manifest_is_valid_in_both_versions(client: TestClient, valid: Any, version: str, path: str) -> None:
    answer = client.get(path, params={"version": version})
    valid(answer.json(), version, "manifest")
    assert answer.json()["versions"] == list(VERSIONS)


# ------------------------------------------------------------------------------------------------------------- clients


@pytest.mark.parametrize("base", ["/reconcile", "/reconcile/topics"])
def test_a_client_of_version_0_2_walks_from_the_manifest_to_the_values(
    client: TestClient, valid: Any, base: str
) -> None:
    manifest = client.get(base).json()
    suggest = {kind: said["service_url"] + said["service_path"] for kind, said in manifest["suggest"].items()}
    types = client.get(suggest["type"], params={"prefix": "topi"}).json()
    valid(types, "0.2", "suggest-types-response")
    kind = types["result"][0]["id"]
    entities = client.get(suggest["entity"], params={"prefix": "genetic res", "type": kind}).json()
    valid(entities, "0.2", "suggest-entities-response")
    assert entities["result"][0]["id"] == BASE + "c1"
    properties = client.get(suggest["property"], params={"prefix": "broader"}).json()
    valid(properties, "0.2", "suggest-properties-response")

    cells = {
        "q0": "Genetic resources",
        "q1": "genetc resources",
        "q2": "الموارد الجينيه",
        "q3": "nothing like it at all",
    }
    queries = {key: {"query": cell, "type": kind, "type_strict": "should", "limit": 3} for key, cell in cells.items()}
    results = client.post(base, data={"queries": json.dumps(queries)}).json()
    valid(results, "0.2", "reconciliation-result-batch")
    assert [results[key]["result"][0]["id"] for key in ("q0", "q1", "q2")] == [BASE + "c1"] * 3
    assert [results[key]["result"][0]["match"] for key in ("q0", "q1", "q2")] == [True, False, True]
    assert results["q3"]["result"] == []

    chosen = results["q0"]["result"][0]["id"]
    assert manifest["view"]["url"].replace("{{id}}", chosen) == chosen
    preview = client.get(manifest["preview"]["url"].replace("{{id}}", chosen.replace("#", "%23")))
    assert "Genetic resources" in preview.text
    flyout = suggest["entity"].replace("/suggest/entity", "/flyout")
    assert "Genetic resources" in client.get(flyout, params={"id": chosen}).json()["html"]

    propose = manifest["extend"]["propose_properties"]
    proposed = client.get(propose["service_url"] + propose["service_path"], params={"type": kind, "limit": 4}).json()
    valid(proposed, "0.2", "data-extension-property-proposal")
    assert (len(proposed["properties"]), proposed["type"], proposed["limit"]) == (4, kind, 4)
    wanted = {"ids": [chosen], "properties": [{"id": "prefLabel@zh"}, {"id": "broader"}, {"id": "exactMatch"}]}
    extended = client.post(base, data={"extend": json.dumps(wanted)}).json()
    valid(extended, "0.2", "data-extension-response")
    assert extended["rows"][chosen] == {
        "prefLabel@zh": [{"str": "遗传资源"}],
        "broader": [{"id": BASE + "c2", "name": "Resources"}],
        "exactMatch": [{"str": "http://elsewhere.example/7"}],
    }


@pytest.mark.parametrize("base", ["/reconcile", "/reconcile/topics"])
def test_a_client_of_version_1_walks_from_the_manifest_to_the_values(client: TestClient, valid: Any, base: str) -> None:
    manifest = client.get(base, headers={"Accept": "application/reconciliation.v1+json"}).json()
    assert "1.0-draft" in manifest["versions"]
    assert manifest["suggest"] == {"entity": True, "property": True, "type": True}
    types = client.get(f"{base}/suggest/type", params={"prefix": "thè"}, headers={"Accept-Language": "fr"}).json()
    valid(types, "1.0-draft", "suggest-types-response")
    assert types["result"][0]["name"] == "Thèmes"
    for kind, name in (("entity", "entities"), ("property", "properties")):
        valid(client.get(f"{base}/suggest/{kind}?prefix=").json(), "1.0-draft", f"suggest-{name}-response")

    condition = {"matchType": "name", "propertyValue": "Ressources genetiques"}
    query = {"type": types["result"][0]["id"], "lang": "fr", "limit": 2, "conditions": [condition]}
    answer = client.post(f"{base}/match", json={"queries": [query]}).json()
    valid(answer, "1.0-draft", "reconciliation-result-batch")
    best = answer["results"][0]["candidates"][0]
    assert (best["id"], best["name"], best["lang"], best["dir"]) == (BASE + "c1", "Ressources génétiques", "fr", "ltr")
    assert best["match"]
    assert best["score"] == 100

    preview = client.get(f"{base}/preview", params={"id": best["id"]}, headers={"Accept-Language": "fr-CA, en;q=0.5"})
    assert preview.headers["content-language"] == "fr"
    proposed = client.get(f"{base}/extend/propose", params={"type": query["type"]}).json()
    valid(proposed, "1.0-draft", "data-extension-property-proposal")
    wanted = {"ids": [best["id"]], "properties": [{"id": one["id"]} for one in proposed["properties"]]}
    extended = client.post(f"{base}/extend", json=wanted).json()
    valid(extended, "1.0-draft", "data-extension-response")
    values = {one["id"]: one["values"] for one in extended["rows"][0]["properties"]}
    assert values["prefLabel@ar"] == [{"str": "الموارد الجينية", "lang": "ar", "dir": "rtl"}]
    assert values["altLabel"] == [{"str": text, "lang": "en", "dir": "ltr"} for text in ("Gene pool", "Germplasm")]


# -------------------------------------------------------------------------------------------------------------- scores


def test_an_equal_label_scores_100_and_is_a_match_when_no_other_concept_has_it(client: TestClient) -> None:
    found = one(client, "GENETIC  Resources")
    assert (found[0]["score"], matches(found)) == (100, ["c1"])
    assert {"id": "exact_label@en", "value": True}.items() <= found[0]["features"][-1].items()


def test_namesakes_are_both_offered_and_neither_is_a_match(client: TestClient) -> None:
    found = one(client, "crane")
    assert sorted(ids(found)[:2]) == ["c5", "c6"]
    assert matches(found) == []


def test_a_type_a_scheme_or_a_property_tells_namesakes_apart(client: TestClient) -> None:
    assert matches(one(client, "crane", type="Animals")) == ["c5"]
    assert matches(one(client, "crane", type=[BASE + "topics"])) == ["c6"]
    assert matches(one(client, "crane", type="animals", type_strict="should")) == ["c5"]
    assert matches(one(client, "crane", path="/reconcile/animals")) == ["c5"]
    assert matches(one(client, "crane", properties=[{"pid": "broader", "v": "oiseaux"}])) == ["c5"]
    assert matches(one(client, "crane", properties=[{"pid": "skos:altLabel", "v": "hoi*"}])) == ["c6"]


def test_a_type_that_is_not_there_has_no_candidates(client: TestClient) -> None:
    assert one(client, "crane", type="Person") == []
    assert ids(one(client, "crane", type=["Person", CONCEPT]))[:2] == ["c5", "c6"]
    assert one(client, "crane", type=["topics", "animals"], type_strict="all") == []


def test_the_language_of_a_query_tells_namesakes_apart(client: TestClient) -> None:
    name = {"matchType": "name", "propertyValue": "pain"}
    assert matches(draft(client, name)) == []
    assert matches(draft(client, name, lang="fr")) == ["c9"]
    assert matches(draft(client, name, lang="en-GB")) == []
    assert matches(draft(client, name, lang="en")) == ["c4"]


def test_a_preferred_label_comes_before_an_alternative_one(client: TestClient) -> None:
    found = one(client, "germplasm")
    assert ids(found)[:2] == ["c1", "c4"]
    assert (found[0]["score"], found[0]["match"]) == (98, True)
    assert found[0]["description"].startswith("= Germplasm")


@pytest.mark.parametrize(
    "text", ["genetc resources", "ressource génétiqe", "遗传资原", "الموارد الجنية", "Resources, genetic"]
)
def test_a_mistyped_label_is_found_and_is_no_match(client: TestClient, text: str) -> None:
    found = one(client, text)
    assert found[0]["id"] == BASE + "c1"
    assert 40 < found[0]["score"] < 96
    assert matches(found) == []


def test_one_wrong_letter_in_a_short_word_counts_less_than_another_word(client: TestClient) -> None:
    assert ids(one(client, "crame"))[0] in ("c5", "c6")
    assert ids(one(client, "birdz"))[0] == "c7"


@pytest.mark.parametrize("text", ["CBD-1", "cbd-1", BASE + "c1", "c1"])
def test_an_identifier_is_a_match(client: TestClient, text: str) -> None:
    assert matches(one(client, text)) == ["c1"]
    assert matches(draft(client, {"matchType": "id", "propertyValue": text})) == ["c1"]


def test_a_notation_of_two_concepts_is_no_match_without_its_scheme(client: TestClient) -> None:
    assert sorted(ids(one(client, "1.1"))[:2]) == ["c1", "c7"]
    assert matches(one(client, "1.1")) == []
    assert matches(one(client, "1.1", type="animals")) == ["c7"]


def test_a_deprecated_concept_gives_way_to_the_one_in_use(client: TestClient) -> None:
    found = one(client, "fowl")
    assert (ids(found)[:2], matches(found)) == (["c9", "c8"], ["c9"])
    features = {feature["id"]: feature["value"] for feature in found[1]["features"]}
    assert features["deprecated"] is True


def test_what_is_required_or_excluded_is_kept_out(client: TestClient) -> None:
    name = {"matchType": "name", "propertyValue": "crane"}
    above = {"matchType": "property", "propertyId": "broader", "propertyValue": [{"id": BASE + "c7"}, "nothing"]}
    assert ids(draft(client, name, above)) == ["c5", "c6"]
    assert ids(draft(client, name, above | {"required": True})) == ["c5"]
    assert ids(draft(client, name, above | {"required": True, "matchQuantifier": "all"})) == []
    assert ids(draft(client, name, above | {"required": True, "matchQuantifier": "none"})) == ["c6"]


@pytest.mark.parametrize(
    ("pid", "value", "found"),
    [
        ("broader", "Resources", ["c1"]),
        ("narrower", {"id": BASE + "c1"}, ["c2"]),
        ("related", "CBD-1", ["c3"]),
        ("exactMatch", "http://elsewhere.example/7", ["c1"]),
        ("http://www.w3.org/2004/02/skos/core#prefLabel", "genetic*", ["c1"]),
        ("prefLabel@fr", "ressources", ["c2"]),
        ("prefLabel@fr", "resources", []),
        ("isReplacedBy", "Birds", ["c8"]),
        ("inScheme", "Animals", ["c5", "c7", "c9", "c10", "c8"]),
        ("colour", "red", []),
    ],
)
def test_properties_alone_find_concepts(client: TestClient, pid: str, value: Any, found: list[str]) -> None:
    queries = {"q": {"properties": [{"pid": pid, "v": value}]}}
    answer = client.post("/reconcile", data={"queries": json.dumps(queries)}).json()
    assert sorted(ids(answer["q"]["result"])) == sorted(found)


def test_a_naming_property_alone_is_a_match(client: TestClient) -> None:
    condition = {"matchType": "property", "propertyId": "identifier", "propertyValue": "cbd-1"}
    assert matches(draft(client, condition)) == ["c1"]
    above = {"matchType": "property", "propertyId": "broader", "propertyValue": "Resources"}
    assert matches(draft(client, above)) == []


def test_the_reader_chooses_the_language_of_names(client: TestClient) -> None:
    assert one(client, "遗传资源")[0]["name"] == "遗传资源"
    assert (
        one(client, "遗传资源", headers={"Accept-Language": "de, fr-CH;q=0.9, en;q=0.8"})[0]["name"]
        == "Ressources génétiques"
    )
    assert one(client, "遗传资源", headers={"Accept-Language": "fr;q=0, en"})[0]["name"] == "Genetic resources"


def test_a_limit_is_kept_and_candidates_come_best_first(client: TestClient) -> None:
    found = one(client, "resources", limit=2)
    assert len(found) == 2
    assert found[0]["score"] >= found[1]["score"]


# -------------------------------------------------------------------------------------- suggestions, values and pages


def test_suggestions_go_on_where_the_client_says(client: TestClient) -> None:
    every = client.get("/reconcile/suggest/entity?prefix=&limit=100").json()["result"]
    assert len(every) == 10
    first, second = (
        client.get(f"/reconcile/suggest/entity?prefix=&limit=5&{name}=5").json() for name in ("cursor", "offset")
    )
    assert first == second == {"result": every[5:]}
    found = client.get("/reconcile/suggest/entity?prefix=gen&limit=1&cursor=1").json()["result"]
    assert ids(found) == [ids(client.get("/reconcile/suggest/entity?prefix=gen").json()["result"])[1]]


def test_an_identifier_is_suggested(client: TestClient) -> None:
    assert ids(client.get("/reconcile/suggest/entity", params={"prefix": "cbd-1"}).json()["result"]) == ["c1"]
    assert client.get("/reconcile/animals/suggest/entity", params={"prefix": "cbd-1"}).json()["result"] == []


def test_values_can_be_limited_and_given_as_iris(client: TestClient) -> None:
    def values(identifier: str, entity: str, **settings: Any) -> Any:
        asked = {"ids": [entity], "properties": [{"id": identifier, "settings": settings}]}
        return client.post("/reconcile", data={"extend": json.dumps(asked)}).json()["rows"][entity][identifier]

    assert values("altLabel", "CBD-1", limit="1") == [{"str": "Gene pool"}]
    assert values("inScheme", "CBD-1") == [{"str": "Topics"}]
    assert values("inScheme", "CBD-1", content="id") == [{"str": BASE + "topics"}]
    assert values("skos:broader", BASE + "c1", content="id") == [{"str": BASE + "c2"}]
    assert values("broader", "unknown") == []


def test_a_preview_stands_in_any_frame_and_runs_nothing(client: TestClient) -> None:
    answer = client.get("/reconcile/preview", params={"id": BASE + "c10"})
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "default-src 'none'" in policy
    assert "<script>" not in answer.text
    assert "<img" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script" not in client.get("/reconcile/flyout", params={"id": BASE + "c10"}).json()["html"]


def test_a_preview_writes_arabic_from_right_to_left(client: TestClient) -> None:
    answer = client.get("/reconcile/preview", params={"id": BASE + "c7"}, headers={"Accept-Language": "ar"})
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert '<dd lang="fr" dir="ltr">Oiseaux</dd>' in answer.text


def test_a_callback_is_called_and_must_be_a_name(client: TestClient) -> None:
    answer = client.get("/reconcile", params={"callback": "jQuery1.call_2"})
    assert answer.headers["content-type"].startswith("text/javascript")
    assert json.loads(re.fullmatch(r"/\*\*/jQuery1\.call_2\((.*)\);", answer.text)[1])["name"] == "Keywords"  # type: ignore[index]
    for bad in ("alert(1)", "a b", "<script>", "a" * 500):
        assert client.get("/reconcile", params={"callback": bad}).status_code == 400


# ---------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/reconcile?queries={", 400, "queries is not JSON"),
        ('/reconcile?queries={"q":{"query":"a","limit":0}}', 400, "queries.q.limit"),
        ('/reconcile?queries={"q":{"query":"a","type":[3]}}', 400, "queries.q.type"),
        ('/reconcile?queries={"q":{"query":"a","type_strict":"most"}}', 400, "queries.q.type_strict"),
        ('/reconcile?queries={"q":{"query":"a","properties":[{"pid":"p","v":{}}]}}', 400, "queries.q.properties[0].v"),
        ('/reconcile?queries={"q":{"query":"\\ud800"}}', 400, "queries is not JSON"),
        ('/reconcile?extend={"ids":["a"]}', 400, "extend.properties"),
        (
            '/reconcile?extend={"ids":[],"properties":[{"id":"a","settings":{"limit":"x"}}]}',
            400,
            "properties[0].settings.limit",
        ),
        ("/reconcile/suggest/entity", 400, "prefix"),
        ("/reconcile/suggest/entity?prefix=a&cursor=-1", 400, "cursor"),
        ("/reconcile/suggest/person?prefix=a", 404, "entity, type or property"),
        ("/reconcile/preview", 400, "id"),
        ("/reconcile/preview?id=nothing", 404, "nothing"),
        ("/reconcile/persons", 404, "persons"),
        ("/reconcile?version=7", 406, "0.2"),
    ],
)
def test_a_bad_request_is_told_what_was_expected(client: TestClient, path: str, status: int, detail: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert detail in answer.json()["detail"]


def test_bodies_that_are_too_large_or_of_another_type_are_refused(client: TestClient) -> None:
    many = {f"q{number}": {"query": "a"} for number in range(reconciliation.MAX_QUERIES + 1)}
    assert client.post("/reconcile", data={"queries": json.dumps(many)}).status_code == 413
    assert (
        client.post(
            "/reconcile",
            content=b"x" * (reconciliation.MAX_BYTES + 1),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ).status_code
        == 413
    )
    assert client.post("/reconcile", json={}).status_code == 415
    assert client.post("/reconcile/match", data={"queries": "{}"}).status_code == 415
    assert client.post("/reconcile", data={"query": "a"}).status_code == 400


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_text_disturbs_the_service(client: TestClient, text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    properties = [{"pid": pid, "v": text} for pid in ("prefLabel", "broader", "inScheme", "exactMatch", "identifier")]
    one(client, text, properties=properties)
    assert client.get("/reconcile/suggest/entity", params={"prefix": text}).status_code == 200


@given(st.text(alphabet="ab*", max_size=12), st.text(alphabet="ab", max_size=12))
def test_a_pattern_fits_as_a_regular_expression_would(pattern: str, text: str) -> None:
    whole = "*" in pattern
    pattern = pattern if whole else pattern + "*"
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
    assert fits(text, pattern) == expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["queries", "query", "conditions", "properties", "pid", "v", "q"]), inner, max_size=4
            )
        ),
    )
)
@settings(max_examples=80)
def test_no_batch_is_anything_but_read_or_refused(document: Any) -> None:
    for read in (queries_02, queries_1):
        try:
            read(json.dumps(document))
        except HTTPException as error:
            assert error.status_code == 400
