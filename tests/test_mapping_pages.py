"""Mappings on the command line and in the browser: from a file of another vocabulary to a decision in the ledger."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, cast

import pyoxigraph as ox
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from endpoint import mapping_pages, problems, web
from endpoint.accounts import SECRET_FILE, Accounts, digest
from endpoint.localisation import Localised
from endpoint.mapping_files import Targets, statements
from endpoint.sessions import FORM_TOKEN, Sessions
from endpoint.settings import Settings
from endpoint.thesauri import Thesauri
from thesaurus import sssom
from thesaurus.turtle import ThesaurusError

Run = Callable[..., "CompletedProcess[bytes]"]
KEYS = {"ada": ("editor", "key of ada"), "cyd": ("reader", "key of cyd")}
TERM = "https://w3id.org/clearinghouse/id/term/"
# A vocabulary of somebody else: with identifiers, languages and a hierarchy of its own.
TARGET = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix v: <http://voc.test/x/> .
v:land a skos:Concept ; skos:prefLabel "land"@en .
v:c1 a skos:Concept ; skos:prefLabel "forest biodiversity"@en, "misitu"@sw ; skos:altLabel "<b>woods</b>"@en ;
    skos:definition "What lives in forests."@en ; skos:broader v:land .
v:c2 a skos:Concept ; skos:prefLabel "tourism"@en, "tourisme"@fr, "туризм"@ru .
v:c3 a skos:Concept ; skos:prefLabel "nothing of the kind"@en .
"""


@pytest.fixture
def target(tmp_path: Path, inside: Run) -> Path:
    """The candidates for mappings to the vocabulary, proposed; its file."""
    path = tmp_path / "target.ttl"
    path.write_text(TARGET, encoding="utf-8")
    done = inside("thesaurus", "mappings", "propose", str(path), "--name", "somebody", "--scheme", "cbd-subjects")
    assert done.returncode == 0, done.stderr.decode()
    return path


@pytest.fixture
def browser(tmp_path: Path, target: Path) -> TestClient:
    """The pages, as Ada the editor sees them."""
    accounts = {name: {"role": role, "key_sha256": digest(key)} for name, (role, key) in KEYS.items()}
    given = Settings.model_validate({"data_dir": tmp_path / "data", "accounts": accounts})
    app = FastAPI(openapi_url=None)
    app.add_middleware(Localised)
    problems.install(app, given.base_iri)
    app.state.settings, app.state.accounts = given, Accounts(given)
    app.state.sessions = Sessions(given.data_dir / SECRET_FILE, given.session_seconds)
    app.state.thesauri = Thesauri(given, cast(Any, None))
    app.router.routes.extend([*web.routes(), *mapping_pages.routes()])
    headers = {"accept": "text/html", "x-api-key": KEYS["ada"][1]}
    return TestClient(app, "http://testserver/en", headers=headers, follow_redirects=False)


def fields(page: str) -> dict[str, str]:
    """The token of the form."""
    found = re.search(rf'name="{FORM_TOKEN}" value="([0-9a-f]+)"', page.partition("data-keep")[2])
    assert found
    return {FORM_TOKEN: found[1]}


def decisions(page: str) -> dict[str, str]:
    """The name of the field of each candidate, by the IRI of the other vocabulary's concept."""
    cards = page.split("<fieldset>")[1:]
    found = {}
    for card in cards:
        iri = re.search(r'href="(http://voc\.test/[^"]*)"', card)
        name = re.search(r'name="(decision-[0-9a-f]+)"', card)
        assert iri and name
        found[iri[1]] = name[1]
    return found


def candidates(tmp_path: Path) -> dict[str, sssom.Row]:
    rows = Targets(tmp_path / "data").target("somebody").candidates.rows
    return {row.value("object_id"): row for row in rows}


# ------------------------------------------------------------------------------------------------------- command line


def test_candidates_are_an_sssom_file_with_evidence(tmp_path: Path, target: Path) -> None:
    tourism = candidates(tmp_path)["http://voc.test/x/c2"]
    assert tourism.value("subject_id").startswith(TERM)
    assert tourism.value("mapping_justification") == sssom.LEXICAL_MATCHING
    assert set(tourism.slots["match_string"]) >= {"tourism", "tourisme", "туризм"}
    assert "fr: " in tourism.value("comment")
    assert float(tourism.value("confidence")) > 0.8


def test_the_targets_and_their_candidates_are_listed(target: Path, inside: Run) -> None:
    assert inside("thesaurus", "mappings", "list").stdout.decode().startswith("somebody\t")
    listed = inside("thesaurus", "mappings", "list", "somebody").stdout.decode()
    assert "http://voc.test/x/c2" in listed
    assert "nothing of the kind" not in listed


def test_an_unknown_scheme_or_target_is_told(target: Path, inside: Run) -> None:
    done = inside("thesaurus", "mappings", "propose", str(target), "--name", "x", "--scheme", "no such scheme")
    assert done.returncode == 2
    assert b"there is no scheme 'no such scheme'" in done.stderr
    assert b"no candidates named 'nobody'" in inside("thesaurus", "mappings", "list", "nobody").stderr
    bad = inside("thesaurus", "mappings", "propose", str(target), "--name", "../x")
    assert b"'../x' is no name of a target" in bad.stderr


def test_a_mapping_set_is_imported_as_one_change_set_and_exported_when_approved(
    tmp_path: Path, target: Path, inside: Run
) -> None:
    file = tmp_path / "data" / "mappings" / "somebody.sssom.tsv"
    proposed = inside("thesaurus", "mappings", "import", str(file), "--author", "ada").stdout.decode()
    found = re.search(r"change set ([0-9A-F-]{36})", proposed)
    assert found
    approved = inside("thesaurus", "approve", found[1], "--reviewer", "ben")
    assert approved.returncode == 0, approved.stderr.decode()
    text = inside("thesaurus", "mappings", "export").stdout.decode()
    exported = {row.value("object_id"): row for row in sssom.read(text, "export").rows}
    assert exported["http://voc.test/x/c2"].value("predicate_id") == "http://www.w3.org/2004/02/skos/core#exactMatch"
    again = inside("thesaurus", "mappings", "import", str(file), "--author", "ada").stdout
    assert b"are known already" in again


def test_candidates_are_measured_by_a_table_of_right_mappings(tmp_path: Path, target: Path, inside: Run) -> None:
    source = tmp_path / "source.nt.gz"
    label = '<http://mine.test/t> <http://www.w3.org/2004/02/skos/core#prefLabel> "Tourism"@en .\n'
    source.write_bytes(gzip.compress(label.encode()))
    gold = tmp_path / "gold.tsv"
    gold.write_text("subject_id\tobject_id\nhttp://mine.test/t\thttp://voc.test/x/c2\n", encoding="utf-8")
    done = inside("thesaurus", "mappings", "evaluate", str(source), str(target), "--gold", str(gold))
    assert re.search(r"≥ 0\.8 +1 +1 +1\.000 +1\.000 +1\.000", done.stdout.decode()), done.stderr.decode()


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("x.ttl", b"<a", r"x\.ttl: expected Turtle"),
        ("x.pdf", b"", r"x\.pdf: expected a file of RDF"),
        ("x", b"", r"x: expected a file of RDF"),
        ("x.nt.gz", b"plain", r"x\.nt\.gz: expected N-Triples"),
        ("x.nt", b"\xff\xfe", r"x\.nt: expected N-Triples"),
    ],
)
def test_a_file_that_is_no_rdf_is_told_by_name(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ThesaurusError, match=complaint):
        list(statements(path))


# -------------------------------------------------------------------------------------------------------------- pages


def test_the_targets_are_told_with_how_much_is_to_be_decided(browser: TestClient) -> None:
    page = browser.get("/thesaurus/mappings").text
    assert '<a href="/en/thesaurus/mappings/somebody">somebody</a>' in page


def test_both_concepts_stand_side_by_side_with_what_agrees_marked(browser: TestClient) -> None:
    page = browser.get("/thesaurus/mappings/somebody", params={"q": "tourism"}).text
    assert re.search(r'<mark>\s*<bdi lang="fr" dir="ltr">tourisme</bdi>', page)
    assert re.search(r'<mark>\s*<bdi lang="fr" dir="ltr">Tourisme</bdi>', page)
    assert 'lang="ar" dir="rtl"' in page
    assert "http://voc.test/x/c1" not in page


def test_labels_of_others_are_no_markup_of_ours(browser: TestClient) -> None:
    page = browser.get("/thesaurus/mappings/somebody").text
    assert "<b>woods</b>" not in page
    assert "default-src 'none'" in browser.get("/thesaurus/mappings").headers["content-security-policy"]


def test_decisions_of_one_form_are_one_change_set_and_leave_the_list(browser: TestClient) -> None:
    page = browser.get("/thesaurus/mappings/somebody").text
    named = decisions(page)
    given = {
        named["http://voc.test/x/c2"]: "close",
        named["http://voc.test/x/c1"]: "reject",
        "reason": "Looked at both",
    }
    answer = browser.post("/thesaurus/mappings/somebody", data=fields(page) | given)
    assert answer.status_code == 303, answer.text
    thesauri = cast(FastAPI, browser.app).state.thesauri
    with thesauri.editing() as editing:
        [change] = editing.changes("proposed")
        assert answer.headers["location"] == f"/en/thesaurus/changes/{change.id}"
        assert (change.author, change.reason) == ("ada", "Looked at both")
        links = {t.object.value for t in change.delta.added if t.predicate.value.endswith("closeMatch")}
        assert links == {"http://voc.test/x/c2"}
        modifiers = [t for t in change.delta.added if t.predicate.value.endswith("predicate_modifier")]
        assert [t.object for t in modifiers] == [ox.Literal("Not")]
    assert not decisions(browser.get("/thesaurus/mappings/somebody").text)
    with thesauri.editing() as editing:
        editing.approve(change.id, reviewer="ben")
    assert not decisions(browser.get("/thesaurus/mappings/somebody").text)


def test_what_was_decided_against_is_not_proposed_again(
    tmp_path: Path, browser: TestClient, target: Path, inside: Run
) -> None:
    page = browser.get("/thesaurus/mappings/somebody").text
    browser.post(
        "/thesaurus/mappings/somebody", data=fields(page) | {decisions(page)["http://voc.test/x/c2"]: "reject"}
    )
    with cast(FastAPI, browser.app).state.thesauri.editing() as editing:
        [change] = editing.changes("proposed")
        editing.approve(change.id, reviewer="ben")
    inside("thesaurus", "mappings", "propose", str(target), "--name", "somebody", "--scheme", "cbd-subjects")
    assert set(candidates(tmp_path)) == {"http://voc.test/x/c1"}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [({}, "nothing is decided"), ({"decision-0123456789abcdef": "close"}, "open the page again")],
)
def test_a_form_without_a_decision_that_can_be_made_is_refused(
    browser: TestClient, given: dict[str, str], complaint: str
) -> None:
    page = browser.get("/thesaurus/mappings/somebody").text
    answer = browser.post("/thesaurus/mappings/somebody", data=fields(page) | given)
    assert answer.status_code == 422
    assert complaint in answer.text


def test_only_editors_decide_and_only_by_a_form_of_ours(browser: TestClient) -> None:
    page = browser.get("/thesaurus/mappings/somebody").text
    one = {decisions(page)["http://voc.test/x/c2"]: "close"}
    assert browser.post("/thesaurus/mappings/somebody", data=one).status_code == 403
    reader = {"x-api-key": KEYS["cyd"][1]}
    assert browser.post("/thesaurus/mappings/somebody", data=fields(page) | one, headers=reader).status_code == 403
    assert "decision-" not in browser.get("/thesaurus/mappings/somebody", headers=reader).text


def test_a_target_that_is_not_there_is_not_found(browser: TestClient) -> None:
    assert browser.get("/thesaurus/mappings/nobody").status_code == 404
    assert browser.get("/thesaurus/mappings/..%2F..%2Fetc").status_code == 404


@pytest.mark.parametrize(
    "query", ["minimum=x", "scheme=none", "predicate=x", "offset=-1", "offset=99999999999", "q=%00"]
)
def test_a_filter_that_makes_no_sense_is_no_failure(browser: TestClient, query: str) -> None:
    assert browser.get(f"/thesaurus/mappings/somebody?{query}").status_code == 200
