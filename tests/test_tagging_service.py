"""Tagging over HTTP: texts, documents, batches, records, decisions, pages; and the process that does the work."""

import asyncio
import io
import json
import os
import re
import shutil
import signal
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from conftest import PERMIT, enter, items, permit
from fastapi import FastAPI
from live import halt
from starlette.testclient import TestClient

from endpoint import tagging_service
from endpoint.accounts import digest
from endpoint.app import Application
from endpoint.house import House
from endpoint.settings import Settings
from endpoint.tagging_models import Models
from endpoint.tagging_service import TaggingService
from endpoint.tagging_training import trained
from loaders.mapping import Mapping
from loaders.tagged_texts import corpus, joined
from loaders.tagging import Tagging
from loaders.texts import FieldText
from ontology.errors import DocumentError, QueryTimeout, WorkersBusy

ECOSYSTEMS = "Marine and coastal biodiversity needs protected areas, and invasive alien species have to be controlled."
TERMS = "https://w3id.org/clearinghouse/id/term/"
HOSTILE = "<script>alert(1)</script>"
KEYS = {"eve": "editor", "cyd": "reader"}
EDITOR = {"authorization": "Bearer key of eve"}


def settings(directory: Path, **more: Any) -> Settings:
    accounts = {name: {"role": role, "key_sha256": digest(f"key of {name}")} for name, role in KEYS.items()}
    return Settings(data_dir=directory, accounts=accounts, log_requests=False, **more)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, mapping: Mapping) -> Path:
    """A data directory with one certificate, a tagger and an index of the thesaurus, which are made once."""
    directory = tmp_path_factory.mktemp("tagging") / "data"
    house = House(Settings(data_dir=directory), mapping)
    matter = {"en": f"{ECOSYSTEMS} {HOSTILE}", "fr": "La biodiversité marine et côtière et les aires protégées"}
    certificate = permit(subjectMatter=matter, title={"en": "Samples of the sea"})
    del certificate["synthetic"]  # or nothing would be learned from it
    enter(house, items([certificate]))
    with house.ledger() as ledger:
        trained(Models(directory), ledger, mapping.iris)
    Application(settings(directory)).rest.state.thesauri.index()
    return directory


@pytest.fixture
def directory(first: Path, tmp_path: Path) -> Path:
    """A copy of it to write in."""
    return Path(shutil.copytree(first, tmp_path / "data"))


def application(directory: Path) -> FastAPI:
    """The application; instead of publishing the graph it counts how often it was to be published."""
    app = Application(settings(directory)).rest
    app.state.published = 0

    async def publish() -> None:
        app.state.published += 1

    app.state.thesauri.publish = publish
    return app


@pytest.fixture
def site(directory: Path) -> Iterator[TestClient]:
    """A server over the copy."""
    with TestClient(application(directory), follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def reading(first: Path) -> Iterator[TestClient]:
    """A server for what writes nothing."""
    with TestClient(application(first)) as client:
        yield client


def english(answer: httpx.Response) -> list[str]:
    """The English labels of what is suggested."""
    assert answer.status_code in (200, 201), answer.text
    return [one["labels"].get("en", "") for one in answer.json()["suggestions"]]


def docx(text: str) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", f'<x xmlns:w="{word}"><w:p><w:t>{text}</w:t></w:p></x>')
    return file.getvalue()


# Texts and documents


def test_a_text_gets_concepts_with_labels_scores_and_the_places_that_speak_for_them(reading: TestClient) -> None:
    answer = reading.post("/tag", json={"text": ECOSYSTEMS})
    assert any("protected areas" in label.lower() for label in english(answer))
    told = answer.json()
    assert told["language"] == "en"
    assert len(told["model"]) == 12
    scores = [one["score"] for one in told["suggestions"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    places = [place for one in told["suggestions"] for place in one["evidence"]]
    assert places
    assert all(ECOSYSTEMS[place["start"] : place["end"]] == place["text"] for place in places)
    assert {"en", "fr", "es", "ru", "zh", "ar"} <= set(told["suggestions"][0]["labels"])


def test_as_many_concepts_as_asked_for_and_only_of_the_schemes_asked_for(reading: TestClient) -> None:
    assert len(reading.post("/tag", json={"text": ECOSYSTEMS, "limit": 2}).json()["suggestions"]) == 2
    asked = {"text": ECOSYSTEMS, "schemes": ["cbd-subjects"]}
    answer = reading.post("/tag", json=asked)
    assert english(answer)
    assert {one["concept"].rpartition("/")[2].startswith("CBD-SUBJECT") for one in answer.json()["suggestions"]} == {
        True
    }


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", ECOSYSTEMS.encode()),
        ("a.html", f"<html><nav>genetic resources</nav><p>{ECOSYSTEMS}</p></html>".encode()),
        ("a.docx", docx(ECOSYSTEMS)),
    ],
)
def test_a_document_is_tagged_by_its_text(reading: TestClient, name: str, data: bytes) -> None:
    answer = reading.post("/tag", files={"file": (name, data)}, data={"limit": "5"})
    assert any("protected areas" in label.lower() for label in english(answer))
    assert answer.json()["kind"] == {"a.txt": "text", "a.html": "html", "a.docx": "docx"}[name]
    same = reading.post("/tag", json={"text": ECOSYSTEMS, "limit": 5})
    assert english(same) == english(answer)


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "nothing": ({"json": {}}, 422, "expected a text"),
    "no JSON": ({"content": b"{"}, 422, "members are id, text"),
    "another member": ({"json": {"text": "a", "url": "http://x.org"}}, 422, "url: "),
    "too many": ({"json": {"text": "a", "limit": 1000}}, 422, "limit: "),
    "no such scheme": ({"json": {"text": "a", "schemes": ["nowhere"]}}, 422, "there is no scheme 'nowhere'"),
    "an empty file": ({"files": {"file": ("a.pdf", b" ")}}, 422, "a.pdf: "),
    "a damaged file": ({"files": {"file": ("a.pdf", b"%PDF-1.7 x")}}, 422, "a.pdf: the PDF is damaged"),
    "a huge file": ({"files": {"file": ("a.txt", b"a" * (22 << 20))}}, 413, "the body may have"),
}


@pytest.mark.parametrize(("sent", "status", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_tagged_is_refused_with_the_reason(
    reading: TestClient, sent: dict[str, Any], status: int, said: str
) -> None:
    answer = reading.post("/tag", **sent)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_batch_is_answered_line_by_line_whatever_a_line_is(reading: TestClient) -> None:
    lines = [json.dumps({"id": "one", "text": ECOSYSTEMS, "limit": 3}), "{", json.dumps({"text": " "})]
    answer = reading.post("/tag/batch", content="\n".join(lines))
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert [one.get("id", one.get("line")) for one in told] == ["one", 2, 3]
    assert [len(one.get("suggestions", ())) for one in told] == [3, 0, 0]
    assert all("error" in one for one in told[1:])
    assert reading.post("/tag/batch", content="\n\n").status_code == 422


# Records


def test_a_record_is_tagged_from_its_texts_and_nothing_of_it_is_quoted(reading: TestClient) -> None:
    answer = reading.get(f"/tag/records/{PERMIT}")
    assert any("protected areas" in label.lower() for label in english(answer))
    told = answer.json()
    assert (told["record"], told["revision"], told["stored"]) == (PERMIT, 1, False)
    places = [place for one in told["suggestions"] for place in one["evidence"]]
    assert {place["field"] for place in places} >= {"/subjectMatter/en", "/subjectMatter/fr"}
    assert all(place.keys() == {"field", "start", "end", "label"} for place in places)


def test_one_field_of_a_record_can_be_tagged(reading: TestClient) -> None:
    answer = reading.get(f"/tag/records/{PERMIT}", params={"field": "/subjectMatter/fr"})
    places = [place for one in answer.json()["suggestions"] for place in one["evidence"]]
    assert {place["field"] for place in places} == {"/subjectMatter/fr"}
    missing = reading.get(f"/tag/records/{PERMIT}", params={"field": "/providers"})
    assert missing.status_code == 422
    assert "there are texts in" in missing.json()["detail"]
    assert reading.get("/tag/records/5E7E71C0-AAAA-BBBB-CCCC-00000NOWHERE").status_code == 404


def test_suggestions_are_stored_and_decided_on_by_editors_only(site: TestClient) -> None:
    path = f"/tag/records/{PERMIT}"
    assert [site.post(path, headers=headers).status_code for headers in ({}, {"x-api-key": "key of cyd"})] == [401, 403]
    stored = site.post(path, headers=EDITOR)
    assert stored.status_code == 201
    concept = stored.json()["suggestions"][0]["concept"]
    shown = site.get(path).json()
    assert shown["stored"] is True
    assert [one["concept"] for one in shown["suggestions"]] == [one["concept"] for one in stored.json()["suggestions"]]
    given = {"concept": concept, "decision": "rejected"}
    assert site.post(f"{path}/decisions", json=given).status_code == 401
    decided = site.post(f"{path}/decisions", json=given, headers=EDITOR)
    assert (decided.status_code, decided.json()["by"]) == (201, "eve")
    assert decided.json()["model"] == shown["model"]
    assert site.get(path).json()["suggestions"][0]["decision"] == "rejected"
    assert [one["concept"] for one in site.get(f"{path}/decisions").json()["decisions"]] == [concept]
    assert site.app.state.published == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"concept": "https://nowhere.example/x", "decision": "accepted"}, "does not know"),
        ({"concept": "CBD-SUBJECT-FOR", "decision": "perhaps"}, "expected accepted or rejected"),
        ({"concept": "CBD-SUBJECT-FOR"}, "`decision`"),
    ],
)
def test_a_decision_that_says_nothing_is_refused(reading: TestClient, given: dict[str, str], said: str) -> None:
    answer = reading.post(f"/tag/records/{PERMIT}/decisions", json=given, headers=EDITOR)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


# Pages

HTML = {"accept": "text/html"}


def test_the_page_of_a_text_shows_what_speaks_for_each_concept(reading: TestClient) -> None:
    assert reading.get("/tag", headers=HTML).status_code == 200
    answer = reading.post("/tag", headers=HTML, data={"text": f"{ECOSYSTEMS} {HOSTILE}"})
    found = re.findall(r"<mark[^>]*>(.*?)</mark>", answer.text)
    assert "protected areas" in found
    assert HOSTILE not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_page_of_a_text_tells_what_is_wrong(reading: TestClient) -> None:
    answer = reading.post("/tag", headers=HTML, files={"file": ("a.pdf", b"%PDF-1.7 x")})
    assert answer.status_code == 422
    assert "the PDF is damaged" in answer.text


def signed_in(site: TestClient) -> dict[str, str]:
    """The form token of a page that eve has opened, under the name of its field."""
    page = site.get("/en/sign-in", headers=HTML).text
    token = dict(re.findall(r'name="(\w+)" value="([0-9a-f]{64})"', page))
    assert site.post("/en/sign-in", headers=HTML, data={**token, "key": "key of eve"}).status_code == 303
    page = site.get(f"/en/records/{PERMIT}/tags", headers=HTML).text
    return dict(re.findall(r'name="(\w+)" value="([0-9a-f]{64})"', page))


def test_an_editor_asks_for_keywords_and_decides_on_them_in_a_browser(site: TestClient) -> None:
    path = f"/en/records/{PERMIT}/tags"
    reader = site.get(path, headers=HTML)
    assert "Samples of the sea" in reader.text
    assert "Suggest keywords</button>" not in reader.text
    token = signed_in(site)
    assert site.post(f"{path}/suggestions", headers=HTML).status_code == 403  # without the token of the form
    assert site.post(f"{path}/suggestions", headers=HTML, data=token).status_code == 303
    page = site.get(path, headers=HTML).text
    assert "protected areas" in re.findall(r"<mark[^>]*>(.*?)</mark>", page)
    assert "<code>/subjectMatter/en</code>" in page
    assert HOSTILE not in page
    choices = re.findall(r'name="decide" value="((?:accepted|rejected) [^"]+)"', page)
    assert site.post(f"{path}/decisions", headers=HTML, data={"decide": choices[0]}).status_code == 403
    assert site.post(f"{path}/decisions", headers=HTML, data={**token, "decide": choices[0]}).status_code == 303
    page = site.get(path, headers=HTML).text
    assert "by <bdi>eve</bdi>" in page
    assert choices[0] not in page
    assert choices[1] in page


def test_the_page_of_no_record_says_so(reading: TestClient) -> None:
    answer = reading.get("/en/records/5E7E71C0-AAAA-BBBB-CCCC-00000NOWHERE/tags", headers=HTML)
    assert answer.status_code == 404
    assert "there is no record" in answer.text


# The process


@dataclass
class Running:
    """A service in a loop of its own."""

    runner: asyncio.Runner
    service: TaggingService

    def suggestions(self, *texts: str, times: int = 1) -> Any:
        """What is suggested for texts in different languages, asked for so many times at once."""
        fields = [FieldText(f"/{tag}", tag, text) for tag, text in zip(("en", "fr", "es"), texts, strict=False)]

        async def asking() -> list[Any]:
            asked = (self.service.suggestions(fields) for _ in range(times))
            return await asyncio.gather(*asked, return_exceptions=True)

        answers = self.runner.run(asking())
        if times > 1:
            return answers
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    @property
    def pid(self) -> int:
        """The process that answers."""
        assert self.service._process is not None
        return self.service._process.pid


@pytest.fixture(scope="module")
def running(first: Path) -> Iterator[Running]:
    """A service; nothing of it is left after its end."""
    with asyncio.Runner() as runner:
        service = TaggingService(settings(first))
        runner.run(service.__aenter__())
        whole = Running(runner, service)
        assert service._process is None  # nothing is started before somebody asks
        whole.suggestions(ECOSYSTEMS)
        pid = whole.pid
        assert alive(pid)
        yield whole
        pid = whole.pid
        runner.run(service.__aexit__(None, None, None))
        assert not alive(pid)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/exe").exists()


def test_a_process_that_dies_is_replaced(running: Running) -> None:
    before, pid = running.suggestions(ECOSYSTEMS), running.pid
    os.kill(pid, signal.SIGKILL)
    running.runner.run(asyncio.sleep(0.3))
    assert running.suggestions(ECOSYSTEMS) == before
    assert running.pid != pid


def test_what_takes_too_long_is_ended_and_the_next_one_is_answered(
    running: Running, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.suggestions("short")
    pid = running.pid
    halt(pid)  # so it takes too long however fast the machine is
    with monkeypatch.context() as hurried:
        hurried.setattr(running.service, "settings", settings(first, tagging_timeout=0.5))
        with pytest.raises(QueryTimeout, match=r"more than 0\.5 seconds"):
            running.suggestions(ECOSYSTEMS)
    assert not alive(pid)
    assert running.suggestions("short")


def test_a_document_that_cannot_be_read_ends_nothing(running: Running) -> None:
    running.suggestions("short")
    pid = running.pid
    with pytest.raises(DocumentError, match="not a PDF file"):
        running.runner.run(running.service.text(b"no", "a.pdf", ""))
    assert running.pid == pid


def test_too_many_at_once_are_sent_away(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging_service, "QUEUE", 2)
    answers = running.suggestions(ECOSYSTEMS, times=4)
    assert sum(isinstance(answer, WorkersBusy) for answer in answers) == 2


def test_the_first_tagger_is_made_when_it_is_asked_for(tmp_path: Path) -> None:
    """Without any record there is the thesaurus to go by."""

    async def work() -> str:
        async with TaggingService(settings(tmp_path / "data")) as running:
            version, found = await running.suggestions([FieldText("", "en", ECOSYSTEMS)])
            assert found
            return version

    version = asyncio.run(work())
    newest = Models(tmp_path / "data").newest()
    assert newest is not None
    assert newest.about.version == version
    assert newest.about.standing.startswith("not trained")


def test_the_tagger_there_is_answers_while_a_new_one_is_made(directory: Path, mapping: Mapping) -> None:
    before = Models(directory).newest()
    assert before is not None
    with House(Settings(data_dir=directory), mapping).ledger() as ledger:
        Tagging(ledger, mapping).decide(PERMIT, f"{TERMS}CBD-SUBJECT-FOR", "accepted", "ann")

    async def work() -> tuple[str, str]:
        async with TaggingService(settings(directory, tagging_decisions=1)) as running:
            first, _ = await running.suggestions([FieldText("", "en", ECOSYSTEMS)])
            async with asyncio.timeout(60):
                while (later := (await running.suggestions([FieldText("", "en", ECOSYSTEMS)]))[0]) == first:
                    await asyncio.sleep(0.1)
            return first, later

    first, later = asyncio.run(work())
    newest = Models(directory).newest()
    assert newest is not None
    assert (first, later) == (before.about.version, newest.about.version)


# What is learned


def test_a_tagger_is_due_after_so_many_decisions_and_after_a_redaction(directory: Path, mapping: Mapping) -> None:
    house, models = House(Settings(data_dir=directory), mapping), Models(directory)
    with house.ledger() as ledger:
        tagging = Tagging(ledger, mapping)
        assert not models.is_due(ledger, mapping.iris, 2)
        tagging.decide(PERMIT, "http://example.org/a", "accepted", "ann")
        assert not models.is_due(ledger, mapping.iris, 2)
        tagging.decide(PERMIT, "http://example.org/b", "accepted", "ann")
        assert models.is_due(ledger, mapping.iris, 2)
        assert models.newest() is not None
    enter(house, items([permit(revision=2, subjectMatter=None, subjectMatterConfidential=True)]))
    assert models.newest() is None  # the words of what is withheld now were in it


def test_what_countries_gave_and_curators_decided_is_learned(directory: Path, mapping: Mapping) -> None:
    with House(Settings(data_dir=directory), mapping).ledger() as ledger:
        tagging = Tagging(ledger, mapping)
        tagging.decide(PERMIT, "http://example.org/a", "accepted", "ann")
        tagging.decide(PERMIT, "http://example.org/b", "rejected", "ann")
        found = list(corpus(tagging))
    assert {text.language for text in found} >= {"en", "fr"}
    for text in found:
        assert text.id == PERMIT
        assert "http://example.org/a" in text.concepts
        assert text.rejected == {"http://example.org/b"}
        assert text.is_complete
        assert any(concept.startswith(TERMS) for concept in text.concepts)


def test_texts_of_a_language_are_read_as_one_and_places_lead_back_to_each() -> None:
    texts = [FieldText("/a/en", "en", "one two"), FieldText("/a/fr", "fr-CA", "un"), FieldText("/b/en", "en", "three")]
    english_ones, french = joined(texts)
    assert (english_ones.text, french.text, french.language) == ("one two\n\nthree", "un", "fr")
    start = english_ones.text.index("three")
    assert english_ones.place(start, start + 5) == ("/b/en", 0, 5)
    assert english_ones.place(4, 7) == ("/a/en", 4, 7)
    assert english_ones.place(4, start + 5) is None
