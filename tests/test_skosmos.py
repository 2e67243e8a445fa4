"""`/rest/v1`: what browsers of vocabularies and their clients ask, and the answers they can read."""

import gzip
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pyoxigraph as ox
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from endpoint import autocomplete, skosmos
from thesaurus.index import Index, build

BASE = "http://example.org/fish/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
THESAURUS = """
@prefix : <http://example.org/fish/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix skosxl: <http://www.w3.org/2008/05/skos-xl#> .
@prefix isothes: <http://purl.org/iso25964/skos-thes#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

:fish a skos:ConceptScheme ; dct:title "Fish"@en, "Poissons"@fr .
:gear a skos:ConceptScheme ; dct:title "Gear"@en .
:Species a owl:Class ; rdfs:subClassOf skos:Concept ; rdfs:label "Species"@en, "Espèce"@fr .

:animal a skos:Concept ; skos:inScheme :fish ; skos:topConceptOf :fish ; skos:prefLabel "Animals"@en .
:perch a skos:Concept ; skos:inScheme :fish ; skos:broader :animal ; skos:notation "P" ;
    skos:prefLabel "Perches"@en, "Perches de mer"@fr ; dct:created "2019-05-01"^^xsd:date .
:bass a skos:Concept, :Species ; skos:inScheme :fish ; skos:broader :perch ; skos:related :net ;
    skos:prefLabel "Bass"@en, "Bar"@fr ; skos:altLabel "Sea bass"@en, "Loup"@fr ; skos:hiddenLabel "Baas"@en ;
    skos:exactMatch <http://elsewhere.example/bass>, :net ; skos:closeMatch <http://elsewhere.example/other> ;
    skosxl:altLabel [ skosxl:literalForm "Sea wolf"@en ] ;
    dct:created "2020-05-01T10:00:00Z"^^xsd:dateTime ; dct:modified "2021-01-01T00:00:00+02:00"^^xsd:dateTime .
:black a skos:Concept, :Species ; skos:inScheme :fish ; skos:broader :bass ; skos:prefLabel "Black sea bass"@en .
:old a skos:Concept ; skos:inScheme :fish ; skos:prefLabel "Old bass"@en ; owl:deprecated true ;
    dct:isReplacedBy :bass ; dct:modified "2022-01-01T00:00:00Z"^^xsd:dateTime .
:net a skos:Concept ; skos:inScheme :gear ; skos:prefLabel "Net"@en, "9 mm"@es, "¿Qué?"@ca .
:group a skos:Collection, isothes:ConceptGroup ; skos:prefLabel "Bass family"@en ; skos:notation "G" ;
    skos:member :bass, :old .
:whole a isothes:ConceptGroup ; skos:prefLabel "Everything"@en .
:group isothes:superGroup :whole .
"""


def client(path: Path, statements: list[ox.Triple]) -> TestClient:
    build(path, statements, "1")
    index = Index(path)
    app = Starlette(routes=[*skosmos.routes(), *autocomplete.routes()])
    app.state.thesauri = SimpleNamespace(index=lambda: index)
    return TestClient(app, follow_redirects=False)


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    triples = [quad.triple for quad in ox.parse(THESAURUS, format=ox.RdfFormat.TURTLE)]
    yield client(tmp_path_factory.mktemp("rest") / "index.sqlite", triples)


def asked(rest: TestClient, path: str, **parameters: str) -> Any:
    response = rest.get(f"/rest/v1/{path}", params=parameters)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    return response.json()


def about(rest: TestClient, method: str, name: str, **parameters: str) -> Any:
    return asked(rest, f"fish/{method}", uri=BASE + name, **parameters)


def refusal(rest: TestClient, path: str, **parameters: str) -> tuple[int, str]:
    response = rest.get(f"/rest/v1/{path}", params=parameters)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    return response.status_code, response.text


# ------------------------------------------------------------------------------------------------------- vocabularies


def test_every_scheme_is_a_vocabulary_and_all_is_one_more(rest: TestClient) -> None:
    answer = asked(rest, "vocabularies", lang="fr")
    assert answer["vocabularies"] == [
        {"uri": "all", "id": "all", "title": "All vocabularies"},
        {"uri": "fish", "id": "fish", "title": "Poissons"},
        {"uri": "gear", "id": "gear", "title": "Gear"},
    ]
    assert answer["@context"]["@base"] == "http://testserver/rest/v1/vocabularies"
    assert refusal(rest, "vocabularies") == (400, "400 Bad Request : lang parameter missing")


def test_a_vocabulary_tells_its_title_and_languages(rest: TestClient) -> None:
    answer = asked(rest, "fish/", lang="fr")
    assert (answer["id"], answer["title"], answer["defaultLanguage"]) == ("fish", "Poissons", "en")
    assert answer["languages"] == ["en", "fr"]
    assert answer["conceptschemes"] == [{"title": "Poissons", "uri": BASE + "fish", "type": "skos:ConceptScheme"}]
    assert len(asked(rest, "all/")["conceptschemes"]) == 2


def test_a_path_without_its_slash_leads_to_the_vocabulary(rest: TestClient) -> None:
    response = rest.get("/rest/v1/fish")
    assert (response.status_code, response.headers["location"]) == (302, "/rest/v1/fish/")


def test_an_unknown_vocabulary_or_method_is_not_found(rest: TestClient) -> None:
    assert refusal(rest, "nope/") == (404, "404 Not Found : Vocabulary id 'nope' not found.")
    assert refusal(rest, "nope/broader", uri=BASE + "bass")[0] == 404
    assert refusal(rest, "search", query="x", vocab="nope")[0] == 404
    assert refusal(rest, "fish/nonsense")[0] == refusal(rest, "")[0] == 404


def test_types_have_labels_and_superclasses(rest: TestClient) -> None:
    found = {kind["uri"]: kind for kind in asked(rest, "types", lang="fr")["types"]}
    assert found[SKOS + "Concept"] == {"uri": SKOS + "Concept", "label": "Concept"}
    assert found[BASE + "Species"] == {"uri": BASE + "Species", "label": "Espèce", "superclass": SKOS + "Concept"}
    assert [kind["uri"] for kind in asked(rest, "gear/types")["types"]] == [SKOS + "Concept"]
    assert refusal(rest, "types")[0] == 400


def test_top_concepts_say_whether_they_have_children(rest: TestClient) -> None:
    answer = asked(rest, "fish/topConcepts", lang="fr")
    assert answer["topconcepts"] == [
        {"uri": BASE + "animal", "topConceptOf": BASE + "fish", "label": "Animals (en)", "hasChildren": True}
    ]
    assert asked(rest, "all/topConcepts", scheme=BASE + "gear")["topconcepts"][0]["label"] == "Net"


def test_statistics_count_concepts_by_class_and_labels_by_language(rest: TestClient) -> None:
    answer = asked(rest, "fish/vocabularyStatistics", lang="en")
    concepts = {"class": SKOS + "Concept", "label": "Concept", "count": 5, "deprecatedCount": 1}
    assert answer["concepts"] == concepts
    assert answer["subTypes"] == [{"type": BASE + "Species", "label": "Species", "count": 2, "deprecatedCount": 0}]
    assert answer["conceptGroups"]["count"] == 1
    labels = {found["language"]: found for found in asked(rest, "fish/labelStatistics", lang="en")["languages"]}
    assert labels["en"]["literal"] == "English" and labels["en"]["properties"] == [
        {"property": "skos:prefLabel", "labels": 5},
        {"property": "skos:altLabel", "labels": 2},
        {"property": "skos:hiddenLabel", "labels": 1},
    ]


def test_the_alphabetical_index(rest: TestClient) -> None:
    assert asked(rest, "fish/index/", lang="en")["indexLetters"] == ["A", "B", "O", "P", "S"]
    assert asked(rest, "all/index/", lang="es")["indexLetters"] == ["0-9"]
    found = asked(rest, "fish/index/S", lang="en")["indexConcepts"]
    assert [(entry["prefLabel"], entry["altLabel"]) for entry in found] == [("Bass", "Sea bass"), ("Bass", "Sea wolf")]
    assert asked(rest, "fish/index/b", lang="en", limit="1", offset="1")["indexConcepts"] == [
        {"uri": BASE + "black", "localname": "black", "prefLabel": "Black sea bass", "lang": "en"}
    ]
    assert asked(rest, "all/index/" + quote("0-9"), lang="es")["indexConcepts"][0]["prefLabel"] == "9 mm"


def test_groups_and_their_members(rest: TestClient) -> None:
    found = {group["uri"]: group for group in asked(rest, "all/groups", lang="en")["groups"]}
    assert found[BASE + "whole"]["childGroups"] == [BASE + "group"]
    assert found[BASE + "group"] == {
        "uri": BASE + "group",
        "prefLabel": "Bass family",
        "hasMembers": True,
        "notation": "G",
    }
    members = about(rest, "groupMembers", "group")["members"]
    assert [(member["uri"], member["hasMembers"]) for member in members] == [(BASE + "bass", False)]
    assert members[0]["type"] == ["skos:Concept", BASE + "Species"]
    assert about(rest, "groupMembers", "whole")["members"][0]["isSuper"] is False
    assert refusal(rest, "fish/groupMembers", uri=BASE + "bass")[0] == 404


def test_changes_come_latest_first_with_what_replaces_a_concept(rest: TestClient) -> None:
    assert [entry["date"] for entry in asked(rest, "fish/new")["changeList"]] == [
        "2020-05-01T10:00:00+0000",
        "2019-05-01T00:00:00+0000",
    ]
    first, second = asked(rest, "fish/modified", lang="fr")["changeList"]
    assert (first["replacedBy"], first["replacingLabel"]) == (BASE + "bass", "Bar")
    assert second["date"] == "2021-01-01T00:00:00+0200"
    assert asked(rest, "fish/modified", limit="1", offset="1")["changeList"][0]["prefLabel"] == "Bass"


# ------------------------------------------------------------------------------------------------------ about concepts


def test_labels_are_those_of_the_language(rest: TestClient) -> None:
    english = about(rest, "label", "bass", lang="en")
    assert english["prefLabel"] == "Bass" and english["hiddenLabel"] == ["Baas"]
    assert english["altLabel"] == ["Sea bass", "Sea wolf"]
    assert "prefLabel" not in about(rest, "label", "black", lang="fr")
    assert asked(rest, "label", uri=BASE + "net", lang="en")["prefLabel"] == "Net"


@pytest.mark.parametrize(
    "method",
    [
        "label",
        "broader",
        "broaderTransitive",
        "narrower",
        "narrowerTransitive",
        "related",
        "children",
        "hierarchy",
        "mappings",
    ],
)
def test_a_concept_must_be_named_and_be_in_the_vocabulary(rest: TestClient, method: str) -> None:
    assert refusal(rest, f"fish/{method}") == (400, "400 Bad Request : uri parameter missing")
    for iri in (BASE + "nothing", BASE + "net", "not an IRI"):
        assert refusal(rest, f"fish/{method}", uri=iri) == (404, f"404 Not Found : Could not find concept <{iri}>")


def test_neighbours_have_labels(rest: TestClient) -> None:
    assert about(rest, "broader", "bass", lang="fr")["broader"] == [
        {"uri": BASE + "perch", "prefLabel": "Perches de mer"}
    ]
    assert about(rest, "narrower", "bass")["narrower"] == [{"uri": BASE + "black", "prefLabel": "Black sea bass"}]
    assert about(rest, "related", "bass")["related"] == [{"uri": BASE + "net", "prefLabel": "Net"}]
    assert asked(rest, "gear/related", uri=BASE + "net")["related"][0]["uri"] == BASE + "bass"
    assert about(rest, "narrower", "black")["narrower"] == []


def test_branches_are_keyed_by_concept(rest: TestClient) -> None:
    above = about(rest, "broaderTransitive", "bass", lang="fr")["broaderTransitive"]
    assert above == {
        BASE + "bass": {"uri": BASE + "bass", "prefLabel": "Bar", "broader": [BASE + "perch"]},
        BASE + "perch": {"uri": BASE + "perch", "prefLabel": "Perches de mer", "broader": [BASE + "animal"]},
        BASE + "animal": {"uri": BASE + "animal", "prefLabel": "Animals (en)"},
    }
    below = about(rest, "narrowerTransitive", "animal", limit="3")["narrowerTransitive"]
    assert list(below) == [BASE + "animal", BASE + "perch", BASE + "bass"]
    assert refusal(rest, "fish/narrowerTransitive", uri=BASE + "animal", limit="0")[0] == 400


def test_children_are_nodes_of_a_tree(rest: TestClient) -> None:
    assert about(rest, "children", "animal")["narrower"] == [
        {"uri": BASE + "perch", "prefLabel": "Perches", "hasChildren": True, "notation": "P"}
    ]


def test_a_hierarchy_shows_what_is_above_and_beside(rest: TestClient) -> None:
    drawn = about(rest, "hierarchy", "bass")["broaderTransitive"]
    assert set(drawn) == {BASE + "bass", BASE + "perch", BASE + "animal"}
    assert drawn[BASE + "animal"]["top"] == BASE + "fish" and "top" not in drawn[BASE + "perch"]
    assert drawn[BASE + "perch"]["narrower"] == [{"uri": BASE + "bass", "label": "Bass", "hasChildren": True}]
    assert drawn[BASE + "bass"]["broader"] == [BASE + "perch"]


def test_a_cycle_ends(tmp_path: Path) -> None:
    text = f"@prefix s: <{SKOS}> . <x:a> a s:Concept ; s:broader <x:b> . <x:b> a s:Concept ; s:broader <x:a> ."
    rest = client(tmp_path / "i", [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)])
    for method in ("broaderTransitive", "narrowerTransitive"):
        assert set(asked(rest, f"all/{method}", uri="x:a")[method]) == {"x:a", "x:b"}
    assert set(asked(rest, "all/hierarchy", uri="x:a")["broaderTransitive"]) == {"x:a", "x:b"}


def test_mappings_are_jskos(rest: TestClient) -> None:
    answer = about(rest, "mappings", "bass", lang="en")
    assert [(found["type"], found["to"]["memberSet"][0]["uri"]) for found in answer["mappings"]] == [
        (["skos:exactMatch"], "http://elsewhere.example/bass"),
        (["skos:exactMatch"], BASE + "net"),
        (["skos:closeMatch"], "http://elsewhere.example/other"),
    ]
    inside = answer["mappings"][1]
    assert inside["to"]["memberSet"] == [{"uri": BASE + "net", "prefLabel": {"en": "Net"}}]
    assert (inside["fromScheme"], inside["toScheme"]) == ({"uri": BASE + "fish"}, {"uri": BASE + "gear"})
    assert answer["mappings"][0]["vocabName"] == "elsewhere.example"
    assert len(about(rest, "mappings", "bass", external="false")["mappings"]) == 1


# ------------------------------------------------------------------------------------------------------------ searching


def found(answer: Any) -> list[tuple[str, str]]:
    return [
        (result["uri"].removeprefix(BASE), result.get("altLabel", result["prefLabel"])) for result in answer["results"]
    ]


def test_a_search_is_a_pattern_in_alphabetical_order(rest: TestClient) -> None:
    answer = asked(rest, "search", query="*bass")
    assert found(answer) == [("bass", "Bass"), ("black", "Black sea bass"), ("bass", "Sea bass")]
    assert answer["results"][0] == {
        "uri": BASE + "bass",
        "type": ["skos:Concept", BASE + "Species"],
        "prefLabel": "Bass",
        "lang": "en",
        "vocab": "fish",
    }
    assert answer["@context"]["results"] == {"@id": "onki:results", "@container": "@list"}
    assert found(asked(rest, "search", query="bass")) == [("bass", "Bass")]
    assert asked(rest, "search", query="ba")["results"] == asked(rest, "search", query="*")["results"] == []


def test_a_search_in_a_vocabulary_finds_collections_too(rest: TestClient) -> None:
    assert found(asked(rest, "fish/search", query="bass*")) == [("bass", "Bass"), ("group", "Bass family")]
    assert found(asked(rest, "fish/search", query="bass*", type="skos:Collection")) == [("group", "Bass family")]
    assert found(asked(rest, "search", query="bass*", vocab="fish gear")) == [("bass", "Bass")]
    assert asked(rest, "gear/search", query="bass*")["results"] == []


def test_results_are_limited_and_paged(rest: TestClient) -> None:
    assert found(asked(rest, "search", query="*bass", maxhits="1", offset="1")) == [("black", "Black sea bass")]
    assert [name for name, _ in found(asked(rest, "search", query="*bass", unique="true"))] == ["bass", "black"]
    assert found(asked(rest, "search", query="*bass", parent=BASE + "bass")) == [("black", "Black sea bass")]
    assert found(asked(rest, "search", query="*", parent=BASE + "animal", lang="en", maxhits="2")) == [
        ("bass", "Bass"),
        ("black", "Black sea bass"),
    ]
    assert found(asked(rest, "search", group=BASE + "group", lang="fr")) == [("bass", "Bar")]
    assert found(asked(rest, "search", query="*s*", type=BASE + "Species", unique="true")) == [
        ("bass", "Bass"),
        ("black", "Black sea bass"),
    ]


@pytest.mark.parametrize(
    "wrong", [{"maxhits": "0"}, {"maxhits": "x"}, {"maxhits": "²"}, {"offset": "-1"}, {"query": " "}]
)
def test_parameters_that_make_no_sense_are_refused(rest: TestClient, wrong: dict[str, str]) -> None:
    assert refusal(rest, "search", **{"query": "bass", **wrong})[0] == 400


def test_results_show_the_language_asked_for(rest: TestClient) -> None:
    result = asked(rest, "search", query="loup", lang="fr", labellang="en")["results"][0]
    assert (result["prefLabel"], result["altLabel"], result["lang"]) == ("Bass", "Loup", "fr")
    result = asked(rest, "fish/search", query="bar")["results"][0]
    assert (result["prefLabel"], result["matchedPrefLabel"], result["localname"]) == ("Bass", "Bar", "bass")
    assert asked(rest, "search", query="bass", lang="fr")["results"] == []
    assert asked(rest, "search", query="baas")["results"][0]["hiddenLabel"] == "Baas"


def test_further_fields_of_results(rest: TestClient) -> None:
    answer = asked(rest, "search", query="bass", fields="broader exactMatch prefLabel altLabel", lang="en")
    result = answer["results"][0]
    assert result["broader"] == [{"uri": BASE + "perch", "prefLabel": "Perches"}]
    assert {"uri": "http://elsewhere.example/bass"} in result["exactMatch"]
    assert result["prefLabels"] == {"en": "Bass", "fr": "Bar"} and result["altLabel"] == ["Sea bass"]
    assert answer["@context"]["broader"] == "skos:broader"
    assert answer["@context"]["prefLabels"] == {"@id": "skos:prefLabel", "@container": "@language"}
    assert "broader" not in asked(rest, "search", query="animals", fields="broader")["results"][0]


def test_a_lookup_prefers_preferred_labels(rest: TestClient) -> None:
    def looked(**parameters: str) -> list[tuple[str, str]]:
        results = asked(rest, "fish/lookup", **parameters)["result"]
        return [(result["uri"].removeprefix(BASE), result["prefLabel"]) for result in results]

    assert looked(label="Bass") == looked(label="BASS") == looked(label="sea bass", lang="en") == [("bass", "Bass")]
    assert looked(label="Bar", lang="") == [("bass", "Bar")]
    assert refusal(rest, "fish/lookup", label="Bar", lang="en") == (404, "404 Not Found : Could not find label 'Bar'")
    assert refusal(rest, "fish/lookup")[0] == refusal(rest, "fish/lookup", label="")[0] == 400
    assert refusal(rest, "fish/lookup", label="Old bass")[0] == 404


# ----------------------------------------------------------------------------------------------------------------- data


def triples(rest: TestClient, path: str, accept: str = "*/*", **parameters: str) -> set[ox.Triple]:
    response = rest.get(f"/rest/v1/{path}", params=parameters, headers={"Accept": accept})
    assert response.status_code == 200, response.text
    media_type = response.headers["content-type"].partition(";")[0]
    if media_type == "application/json":
        media_type = "application/ld+json"
    format_ = ox.RdfFormat.from_media_type(media_type)
    assert format_ is not None
    return {quad.triple for quad in ox.parse(response.content, format=format_, rename_blank_nodes=False)}


def named(found: set[ox.Triple]) -> set[ox.Triple]:
    return {triple for triple in found if not {ox.BlankNode} & {type(triple.subject), type(triple.object)}}


def test_every_format_says_the_same(rest: TestClient) -> None:
    given = [
        named(triples(rest, "fish/data", uri=BASE + "bass", format=name))
        for name in (
            "text/turtle",
            "application/rdf+xml",
            "application/ld+json",
            "application/json",
            "application/n-triples",
        )
    ]
    assert all(one == given[0] for one in given)
    stated = {(str(triple.predicate.value), str(triple.object)) for triple in given[0]}
    assert (SKOS + "prefLabel", '"Bar"@fr') in stated  # the concept
    assert (SKOS + "narrower", f"<{BASE}black>") in stated  # where only the inverse is stated
    assert (SKOS + "prefLabel", '"Perches"@en') in stated  # what the others are called
    assert any(
        triple.object == ox.Literal("Sea wolf", language="en") for triple in triples(rest, "data", uri=BASE + "bass")
    )


def test_the_format_is_negotiated(rest: TestClient) -> None:
    for accept, media_type in [
        ("*/*", "application/rdf+xml"),
        ("text/turtle;q=0.9, application/ld+json;q=0.5", "text/turtle; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
    ]:
        response = rest.get("/rest/v1/data", params={"uri": BASE + "bass"}, headers={"Accept": accept})
        assert response.headers["content-type"] == media_type and response.headers["vary"] == "Accept"
    assert rest.get("/rest/v1/data?uri=x:y&format=image/png").status_code == 406
    assert rest.get("/rest/v1/data?format=application/rdf+xml&uri=" + quote(BASE + "bass")).status_code == 200


def test_the_data_of_a_vocabulary_are_all_its_statements(rest: TestClient) -> None:
    whole = {quad.triple for quad in ox.parse(THESAURUS, format=ox.RdfFormat.TURTLE)}
    assert named(triples(rest, "all/data", accept="text/turtle")) == named(whole)
    gear = {triple for triple in whole if str(triple.subject) in (f"<{BASE}gear>", f"<{BASE}net>")}
    assert triples(rest, "gear/data", accept="text/turtle") == gear
    assert ox.Literal("Sea wolf", language="en") in {triple.object for triple in triples(rest, "fish/data")}
    assert refusal(rest, "data")[0] == 400 and refusal(rest, "data", uri=BASE + "none")[0] == 404


def test_a_text_that_xml_cannot_express_is_refused_in_xml_only(tmp_path: Path) -> None:
    text = f'<x:a> a <{SKOS}Concept> ; <{SKOS}prefLabel> "a\\u0001b"@en .'
    rest = client(tmp_path / "i", [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)])
    assert rest.get("/rest/v1/data?uri=x:a").status_code == 406
    assert rest.get("/rest/v1/data?uri=x:a&format=text/turtle").status_code == 200


# ----------------------------------------------------------------------------------------------------------------- HTTP


def test_an_answer_is_wrapped_for_a_callback(rest: TestClient) -> None:
    for callback in ("setVocabularies", 'onki["fish"].set', "jQuery1_2"):
        response = rest.get("/rest/v1/vocabularies", params={"lang": "en", "callback": callback})
        assert response.headers["content-type"] == "application/javascript; charset=utf-8"
        assert response.headers["x-content-type-options"] == "nosniff"
        body = response.text.removeprefix(callback + "(").removesuffix(");")
        assert json.loads(body) == asked(rest, "vocabularies", lang="en")
    for callback in ("alert(1)//", "a;b", "<script>", "a.b.", "é"):
        assert refusal(rest, "vocabularies", lang="en", callback=callback)[0] == 400


def test_an_answer_is_valid_until_the_thesaurus_changes(rest: TestClient) -> None:
    first = rest.get("/rest/v1/fish/")
    again = rest.get("/rest/v1/fish/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert rest.get("/rest/v1/fish/", headers={"If-None-Match": 'W/"other"'}).status_code == 200


def test_json_ld_is_sent_under_its_own_name_when_preferred(rest: TestClient) -> None:
    for accept, media_type in [("application/ld+json", "application/ld+json"), ("text/html", "application/json")]:
        response = rest.get("/rest/v1/fish/", headers={"Accept": accept})
        assert response.headers["content-type"] == f"{media_type}; charset=utf-8"


def test_the_answers_are_json_ld_that_parses(rest: TestClient) -> None:
    text = rest.get("/rest/v1/fish/broaderTransitive", params={"uri": BASE + "bass", "lang": "fr"}).content
    assert ox.Literal("Perches de mer", language="fr") in {
        quad.object for quad in ox.parse(text, format=ox.RdfFormat.JSON_LD, base_iri="http://testserver/")
    }


def test_the_description_lists_what_is_served(rest: TestClient) -> None:
    described = rest.get("/rest/v1/swagger.json").json()
    served = {f"/{name}" for name in skosmos.OF_SERVER} | {f"/{{vocid}}/{name}" for name in skosmos.OF_VOCABULARY}
    assert set(described["paths"]) == served
    for path, methods in described["paths"].items():
        values = {"vocid": "fish", "letter": "B", "uri": BASE + "bass", "lang": "en", "query": "bass", "label": "Bass"}
        if path.endswith("groupMembers"):
            values["uri"] = BASE + "group"
        needed = {given["name"]: values[given["name"]] for given in methods["get"]["parameters"] if given["required"]}
        response = rest.get("/rest/v1" + path.format(**values), params=needed)
        assert response.status_code == 200, (path, response.text)
        schema = methods["get"]["responses"]["200"].get("schema", {"required": []})
        assert not schema["required"] or set(schema["required"]) <= response.json().keys(), path


def conformance(name: str) -> Path:
    folder = os.environ.get("CLEARINGHOUSE_CONFORMANCE", Path(__file__).parents[2] / "shared" / "data" / "conformance")
    path = Path(folder) / "skosmos" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path


def test_every_path_and_parameter_of_the_reference_is_served(rest: TestClient) -> None:
    reference = json.loads(conformance("swagger.json").read_text())
    own = rest.get("/rest/v1/swagger.json").json()["paths"]
    for path, methods in reference["paths"].items():
        wanted = {given["name"] for given in methods["get"]["parameters"]}
        assert wanted <= {given["name"] for given in own[path]["get"]["parameters"]}, path


def test_requests_of_real_clients_are_answered(tmp_path: Path) -> None:
    lines = gzip.decompress(conformance("rest-label.txt.gz").read_bytes()).decode().splitlines()
    paths = [line.removeprefix("${BASEURL}") for line in random.Random(7).sample(lines, 300)]
    label = re.compile(r"/rest/v1/([a-z-]+)/label\?")
    statements, kept = set(), 0
    for number, path in enumerate(paths):
        name, uri = label.match(path), parse_qs(urlsplit(path).query).get("uri", [""])[0]
        if name and uri and number % 10:  # every tenth is left unknown
            concept, scheme = ox.NamedNode(uri), ox.NamedNode(f"http://www.yso.fi/onto/{name[1]}")
            statements.add(ox.Triple(concept, ox.NamedNode(SKOS + "inScheme"), scheme))
            kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
            statements.add(ox.Triple(concept, kind, ox.NamedNode(SKOS + "Concept")))
            for language in ("fi", "sv", "en"):
                text = ox.Literal(f"{language} {uri}", language=language)
                statements.add(ox.Triple(concept, ox.NamedNode(SKOS + "prefLabel"), text))
            kept += 1
    rest = client(tmp_path / "i", list(statements))
    answers = [(path, rest.get(path)) for path in paths]
    assert kept > 200 and Counter(response.status_code for _, response in answers)[200] >= kept
    for path, response in answers:
        asked_for = parse_qs(urlsplit(path).query)
        if response.status_code == 200:
            language = asked_for.get("lang", ["en"])[0]
            assert response.json()["prefLabel"] == f"{language} {asked_for['uri'][0]}"
        else:
            assert response.status_code == 404, (path, response.text)


# ---------------------------------------------------------------------------------------------------------- completing


def test_a_form_completes_what_is_typed(rest: TestClient) -> None:
    assert rest.get("/thesaurus/complete?q=sea&lang=en fr&limit=1").json() == [
        {
            "uri": BASE + "bass",
            "label": "Sea bass",
            "lang": "en",
            "kind": "altLabel",
            "prefLabel": "Bass",
            "schemes": ["fish"],
        }
    ]
    assert [hit["label"] for hit in rest.get("/thesaurus/complete?q=b&lang=fr").json()] == ["Bar"]
    assert rest.get("/thesaurus/complete?q=b&scheme=gear").json() == rest.get("/thesaurus/complete").json() == []
