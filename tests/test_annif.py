"""The REST API of Annif in front of the tagger: what its clients ask and get, with another tagger in place of ours."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyoxigraph as ox
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from endpoint import annif, problems
from loaders.tagging import Candidate, Evidence
from loaders.texts import FieldText
from ontology.errors import WorkersBusy
from thesaurus.index import Index, build
from thesaurus.tagging.detection import languages_of

THESAURUS = """
@prefix : <http://example.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
:topics a skos:ConceptScheme ; skos:prefLabel "Topics"@en .
:animals a skos:ConceptScheme ; skos:prefLabel "Animals"@en .
:fox a skos:Concept ; skos:inScheme :animals ; skos:prefLabel "Foxes"@en, "狐狸"@zh-Hans ; skos:notation "42.42" .
:dog a skos:Concept ; skos:inScheme :topics ; skos:prefLabel "Dogs"@en, "Chiens"@fr .
"""
Json = dict[str, Any]


class Tagging:
    """Suggests every concept, the fox first, and remembers what it was asked."""

    def __init__(self) -> None:
        self.models = SimpleNamespace(newest=lambda: None)
        self.asked: list[tuple[str, str, int, Any]] = []
        self.is_busy = False

    async def suggestions(
        self, texts: Iterable[FieldText], limit: int, schemes: Any = None
    ) -> tuple[str, list[Candidate]]:
        if self.is_busy:
            raise WorkersBusy("too many texts wait to be tagged")
        (text,) = texts
        self.asked.append((text.text, text.language, limit, schemes))
        found = [
            Candidate("http://example.org/fox", 0.9, (Evidence("", 0, 3, "Foxes"),)),
            Candidate("http://example.org/dog", 0.25, ()),
            Candidate("http://example.org/removed", 0.2, ()),
        ]
        return "1", found[:limit]


@pytest.fixture
def tagging() -> Tagging:
    return Tagging()


@pytest.fixture
def client(tmp_path: Path, tagging: Tagging) -> Iterator[TestClient]:
    build(tmp_path / "index.sqlite", [quad.triple for quad in ox.parse(THESAURUS, format=ox.RdfFormat.TURTLE)], "1")
    index = Index(tmp_path / "index.sqlite")
    app = FastAPI(openapi_url=None)
    app.router.routes.extend(annif.routes())
    app.state.thesauri = SimpleNamespace(index=lambda: index)
    app.state.settings = SimpleNamespace(dataset_title="Keywords")
    app.state.tagging = tagging
    problems.install(app, "https://w3id.org/clearinghouse/")
    with TestClient(app) as made:
        yield made
    index.close()


def test_the_service_says_what_it_is(client: TestClient) -> None:
    told = client.get("/v1/").json()
    assert told["title"].startswith("Keywords")
    assert told["version"]


def test_there_is_a_project_for_each_language(client: TestClient) -> None:
    projects = client.get("/v1/projects").json()["projects"]
    assert [one["project_id"] for one in projects] == [f"clearinghouse-{tag}" for tag in ("en", "fr", "zh-hans")]
    assert projects[0] == client.get("/v1/projects/clearinghouse-en").json()
    assert projects[0]["vocab"] == {
        "vocab_id": "clearinghouse",
        "languages": ["en", "fr", "zh-hans"],
        "size": 2,
        "loaded": True,
    }
    assert {"backend", "name", "is_trained", "modification_time", "vocab_language"} < projects[0].keys()


def test_a_scheme_has_projects_of_its_own(client: TestClient, tagging: Tagging) -> None:
    assert client.get("/v1/projects/animals-zh-hans").json()["language"] == "zh-hans"
    assert client.get("/v1/projects/animals-fr").status_code == 404
    client.post("/v1/projects/animals-en/suggest", data={"text": "a fox"})
    assert tagging.asked == [("a fox", "en", 10, ["http://example.org/animals"])]


def test_vocabularies_are_the_schemes(client: TestClient) -> None:
    vocabularies = client.get("/v1/vocabs").json()["vocabs"]
    assert [(one["vocab_id"], one["size"]) for one in vocabularies] == [
        ("clearinghouse", 2),
        ("animals", 1),
        ("topics", 1),
    ]


def test_a_text_gets_concepts_with_labels_notations_and_scores(client: TestClient, tagging: Tagging) -> None:
    answer = client.post("/v1/projects/clearinghouse-en/suggest", data={"text": "The fox", "limit": "5"})
    assert answer.json() == {
        "results": [
            {"uri": "http://example.org/fox", "label": "Foxes", "notation": "42.42", "score": 0.9},
            {"uri": "http://example.org/dog", "label": "Dogs", "notation": None, "score": 0.25},
        ]
    }
    assert tagging.asked == [("The fox", "en", 5, None)]


def test_a_threshold_a_limit_and_a_language_of_labels_are_kept(client: TestClient, tagging: Tagging) -> None:
    def labels(**fields: str) -> list[str]:
        answer = client.post("/v1/projects/clearinghouse-en/suggest", data={"text": "x", **fields})
        return [one["label"] for one in answer.json()["results"]]

    assert labels(threshold="0.5") == ["Foxes"]
    assert labels(limit="1") == ["Foxes"]
    assert labels(limit="0") == []
    assert labels(language="zh-Hans") == ["狐狸", "Dogs"]
    assert labels(metadata_title="A title") == ["Foxes", "Dogs"]


def test_a_batch_is_answered_in_its_order(client: TestClient, tagging: Tagging) -> None:
    documents = [{"text": "one", "document_id": "d1", "metadata": {"title": "t"}}, {"text": "two"}]
    answer = client.post("/v1/projects/clearinghouse-fr/suggest-batch?limit=1", json={"documents": documents})
    assert [(one["document_id"], len(one["results"])) for one in answer.json()] == [("d1", 1), (None, 1)]
    assert [asked[:3] for asked in tagging.asked] == [("one", "fr", 1), ("two", "fr", 1)]


@pytest.mark.parametrize(
    ("path", "request_", "status", "detail"),
    [
        ("projects/nothing-en/suggest", {"data": {"text": "x"}}, 404, "Project 'nothing-en' not found"),
        ("projects/clearinghouse-en/suggest", {"data": {"limit": "1"}}, 400, "text: expected"),
        ("projects/clearinghouse-en/suggest", {"data": {"text": "x", "limit": "-1"}}, 400, "limit: expected"),
        ("projects/clearinghouse-en/suggest", {"data": {"text": "x", "threshold": "2"}}, 400, "threshold: expected"),
        ("projects/clearinghouse-en/suggest", {"data": {"text": "x", "threshold": "nan"}}, 400, "threshold: expected"),
        ("projects/clearinghouse-en/suggest", {"data": {"text": "x", "language": "xx"}}, 400, 'language "xx" not'),
        ("projects/clearinghouse-en/suggest", {"json": {"text": "x"}}, 415, "x-www-form-urlencoded"),
        ("projects/clearinghouse-en/suggest-batch", {"json": {"documents": [{}]}}, 400, "documents[0].text"),
        ("projects/clearinghouse-en/suggest-batch", {"json": {"documents": [{"text": ""}] * 33}}, 400, "documents: "),
        ("projects/clearinghouse-en/learn", {"json": []}, 403, "is not configured to allow learning via API"),
        ("projects/nothing/learn", {"json": []}, 404, "not found"),
        ("detect-language", {"json": {"text": "x", "languages": []}}, 400, "languages: "),
        ("detect-language", {"json": {"text": "x", "languages": ["xxx"]}}, 400, "unsupported candidate languages"),
    ],
)
def test_a_bad_request_is_a_problem(client: TestClient, path: str, request_: Json, status: int, detail: str) -> None:
    answer = client.post(f"/v1/{path}", **request_)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert detail in answer.json()["detail"]


def test_a_tagger_that_is_busy_is_a_503(client: TestClient, tagging: Tagging) -> None:
    tagging.is_busy = True
    assert client.post("/v1/projects/clearinghouse-en/suggest", data={"text": "x"}).status_code == 503


def test_the_language_of_a_text_is_told(client: TestClient) -> None:
    asked = {"text": "The quick brown fox jumped over the lazy dog.", "languages": ["fr", "en", "de"]}
    results = client.post("/v1/detect-language", json=asked).json()["results"]
    assert results[0]["language"] == "en"
    assert results[0]["score"] > 0.9
    assert {"language": None, "score": 0.0} in results


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("遗传资源的获取和惠益分享", "zh"),
        ("الموارد الجينية والمعارف التقليدية", "ar"),
        ("Доступ к генетическим ресурсам", "ru"),
        ("L'accès aux ressources génétiques et le partage des avantages", "fr"),
        ("El acceso a los recursos genéticos y la participación en los beneficios", "es"),
        ("12345 !?", ""),
        ("", ""),
    ],
)
def test_every_language_of_the_united_nations_is_told(text: str, language: str) -> None:
    shares = languages_of(text, ("ar", "en", "es", "fr", "ru", "zh"))
    assert shares is not None
    assert max(shares, key=lambda one: shares[one]) == language
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
