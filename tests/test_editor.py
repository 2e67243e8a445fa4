"""The editor: what readers see, how a change is proposed, reviewed and approved in a browser, and what is refused."""

import re
import shutil
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from fastapi import FastAPI
from starlette.routing import Route
from starlette.testclient import TestClient

from endpoint import concept_form, differences, languages
from endpoint.accounts import digest
from endpoint.app import THESAURUS, Application
from endpoint.house import House
from endpoint.resolution import Decision, resolved
from endpoint.settings import Settings
from endpoint.thesauri import Thesauri
from endpoint.translations import Translations
from ontology.errors import EditingError
from thesaurus.changes import Conflict, Delta
from thesaurus.turtle import triples

TERM = "https://w3id.org/clearinghouse/id/term/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
ACCESS = f"{TERM}08B2CDEC-786F-4977-AD0A-6A709695528D"
NON_MONETARY = f"{TERM}0AE1295D-0797-44B6-B0AC-974EA356096D"
SCHEME = "ca9bbea9-aaa7-4f2f-b3a3-7ed180de1924"
KEYS = {"ada": "editor", "eve": "editor", "ben": "approver", "bob": "approver", "cyd": "reader"}
ENGLISH = "http://testserver/en"
HOSTILE = "<script>alert(1)</script>"
TURNED = "نص\u202eآخر"
LONG = "x" * 10_000


def page_of(iri: str) -> str:
    """The path of the page of a concept."""
    return f"/term/{iri.removeprefix(TERM)}"


def settings(folder: Path, **more: Any) -> Settings:
    accounts = {name: {"role": role, "key_sha256": digest(f"key of {name}")} for name, role in KEYS.items()}
    return Settings(data_dir=folder, accounts=accounts, log_requests=False, **more)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the index of the first version, which is made once."""
    folder = tmp_path_factory.mktemp("first") / "data"
    folder.mkdir()
    Application(settings(folder)).rest.state.thesauri.index()
    return folder


@pytest.fixture
def site(first: Path, tmp_path: Path) -> FastAPI:
    return served(first, tmp_path)


def served(first: Path, tmp_path: Path, **more: Any) -> FastAPI:
    """The application; instead of publishing the graph it counts how often it was to be published."""
    shutil.copytree(first, tmp_path / "data")
    app = Application(settings(tmp_path / "data", **more)).rest
    app.state.published = 0

    async def publish() -> None:
        app.state.published += 1

    app.state.thesauri.publish = publish
    return app


class Forms(HTMLParser):
    """The fields of the forms of an English page, as a browser would send them unchanged.

    They are found by the path they are sent to, without its language.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[tuple[str, str]]] = {}
        self._fields: list[tuple[str, str]] = []
        self._area: str | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self.feed(page.replace("\r\n", "\n").replace("\r", "\n"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        match tag:
            case "form":
                self._fields = self.found.setdefault(given.get("action", "").removeprefix("/en"), [])
            case "input" if given.get("name") and (
                "checked" in given or given.get("type") not in ("checkbox", "radio")
            ):
                self._fields.append((given["name"], given.get("value", "")))
            case "textarea":
                self._area = ""
                self._fields.append((given["name"], ""))
            case "select":
                self._select = (given["name"], [])
            case "option" if self._select:
                self._select[1].append((given.get("value", "\0"), "selected" in given))

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area += data
        elif self._select and self._select[1] and self._select[1][-1][0] == "\0":
            self._select[1][-1] = (data.strip(), self._select[1][-1][1])

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            text = self._area.removeprefix("\n").replace("\n", "\r\n")
            self._fields[-1], self._area = (self._fields[-1][0], text), None
        elif tag == "select" and self._select:
            name, options = self._select
            self._fields.append((name, next((value for value, chosen in options if chosen), options[0][0])))
            self._select = None


class Person:
    """Somebody with a browser, who reads English: paths are those below `/en`."""

    def __init__(self, app: FastAPI, name: str = "") -> None:
        self.http = TestClient(app, ENGLISH, headers={"accept": "text/html"}, follow_redirects=False)
        if name:
            page = self.http.get("/sign-in")
            sent = dict(Forms(page.text).found["/sign-in"]) | {"key": f"key of {name}"}
            assert self.http.post("/sign-in", data=sent).status_code == 303

    def get(self, path: str, **parameters: str) -> httpx.Response:
        return self.http.get(path, params=parameters or None)

    def form(self, path: str, action: str | None = None, **parameters: str) -> list[tuple[str, str]]:
        """The fields of a form on a page."""
        page = self.get(path, **parameters)
        assert page.status_code == 200, page.text
        return Forms(page.text).found[path if action is None else action]

    def send(self, path: str, fields: list[tuple[str, str]], **changed: str | list[str]) -> httpx.Response:
        """Send a form, with other values for some fields; dots in their names are written as two underscores."""
        given: dict[str, list[str]] = {}
        for name, value in fields:
            given.setdefault(name, []).append(value)
        for name, values in changed.items():
            given[name.replace("__", ".")] = values if isinstance(values, list) else [values]
        return self.http.post(path, data=given)

    def proposes(self, preview: httpx.Response, reason: str = "because") -> str:
        """Propose what a preview shows; the identifier of the change set."""
        assert preview.status_code == 200, preview.text
        answer = self.send("/thesaurus/changes", Forms(preview.text).found["/thesaurus/changes"], reason=reason)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).rpartition("/")[2]

    def renames(self, iri: str, language: str, text: str, **more: str | list[str]) -> str:
        """Propose another preferred label."""
        fields = self.form("/thesaurus/edit", iri=iri)
        return self.proposes(self.send("/thesaurus/edit", fields, **{f"prefLabel__{language}": text}, **more))

    def decides(self, change: str, decision: str, remark: str = "") -> httpx.Response:
        path = f"/thesaurus/changes/{change}"
        token = [(name, value) for name, value in self.form(path, "/sign-out") if name == "form_token"]
        return self.send(f"{path}/{decision}", token, remark=remark)


def changed(app: FastAPI, added: str, removed: str = "", author: str = "eve") -> None:
    """Make a change that is given as Turtle."""
    thesauri: Thesauri = app.state.thesauri
    with thesauri.editing() as editing:
        delta = Delta(frozenset(triples(added, "added")), frozenset(triples(removed, "removed")))
        editing.approve(editing.propose(delta, author=author, reason="a test").id, reviewer="ben")


def unlabelled(app: FastAPI, iri: str, language: str) -> None:
    """Take away all that a concept is called in a language."""
    with app.state.thesauri.editing() as editing:
        said = [triple for triple in editing.statements() if triple.subject == ox.NamedNode(iri)]
    gone = [triple for triple in said if getattr(triple.object, "language", None) == language]
    changed(app, "", "".join(f"{triple} .\n" for triple in gone))


def labels(app: FastAPI, iri: str, language: str, kind: str = "prefLabel") -> list[tuple[str, str]]:
    concept = app.state.thesauri.index().concept(iri)
    return [(one.text, one.standing) for one in concept.labels if (one.kind, one.language) == (kind, language)]


# ------------------------------------------------------------------------------------------------------------- reading


def test_the_overview_tells_how_far_each_language_is(site: FastAPI) -> None:
    page = Person(site).get("/thesaurus/").text
    with site.state.thesauri.editing() as editing:
        known = Translations.of(1, editing.statements(), [])
    for language in languages.UNITED_NATIONS:
        counter = known.counts[""][language]
        told = ", ".join(
            f"{name}: {counter[name]:,}" for name in ("official", "unofficial", "missing") if counter[name]
        )
        assert told in page
    assert page.count('<li class="card">') == len(site.state.thesauri.index().schemes())


def test_the_counts_of_a_language_are_those_of_the_statements(site: FastAPI) -> None:
    unlabelled(site, ACCESS, "zh")
    with site.state.thesauri.editing() as editing:
        statements = editing.statements()
    store = ox.Store()
    store.extend(ox.Quad(*triple) for triple in statements)
    query = f"""PREFIX skos: <{SKOS}> PREFIX ch: <https://w3id.org/clearinghouse/ns#>
        SELECT (COUNT(DISTINCT ?c) AS ?n) {{ ?c a skos:Concept . %s }}"""
    patterns = {
        "missing": 'FILTER NOT EXISTS { ?c skos:prefLabel ?l FILTER (LANG(?l) = "zh") }',
        "unofficial": '?c skos:prefLabel ?l ; ch:unofficialLabel ?l FILTER (LANG(?l) = "zh")',
        "machine": '?c skos:prefLabel ?l ; ch:machineLabel ?l FILTER (LANG(?l) = "zh")',
    }
    counter = Translations.of(1, statements, []).counts[""]["zh"]
    for standing, pattern in patterns.items():
        [row] = store.query(query % pattern)
        assert counter[standing] == int(row["n"].value) > 0


def test_a_scheme_is_shown_as_a_tree_and_by_letter_in_every_language(site: FastAPI) -> None:
    reader = Person(site)
    tree = reader.get(f"/thesaurus/schemes/{SCHEME}", language="ar").text
    assert '<ul class="tree" dir="rtl">' in tree
    assert '<bdi lang="ar" dir="rtl">الجبال</bdi>' in tree
    letters = {tag: reader.get(f"/thesaurus/schemes/{SCHEME}/letters", language=tag).text for tag in ("ar", "zh", "ru")}
    assert all(page.count("<li>") > 5 for page in letters.values())
    assert 'lang="zh"' in letters["zh"]
    assert reader.get("/thesaurus/schemes/nothing").status_code == 404


def test_a_large_scheme_is_shown_a_page_at_a_time(site: FastAPI) -> None:
    lines = ["<http://x.example/s> a skos:ConceptScheme ; dcterms:identifier 'large' ."]
    for number in range(250):
        lines.append(
            f"<http://x.example/{number:03}> a skos:Concept ; dcterms:identifier 'n{number}' ;"
            f" skos:inScheme <http://x.example/s> ; skos:prefLabel 'Number {number:03}'@en ."
        )
    prefixes = f"@prefix skos: <{SKOS}> . @prefix dcterms: <http://purl.org/dc/terms/> ."
    changed(site, "\n".join([prefixes, *lines]))
    reader = Person(site)
    shown: list[str] = []
    path = "/thesaurus/schemes/large"
    for _ in range(4):
        page = reader.get(path).text
        found = re.findall(r"Number \d{3}", page)
        assert len(found) <= 100
        shown += found
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if not following:
            break
        path = following[1].replace("&amp;", "&").removeprefix("/en")
    assert shown == [f"Number {number:03}" for number in range(250)]


@pytest.mark.parametrize(
    ("text", "found"),
    [("acceso", "Acceso"), ("acces", "Accès"), ("获取", "获取"), ("الوصول", "الوصول"), ("дост", "Доступ")],
)
def test_a_search_finds_words_of_any_language(site: FastAPI, text: str, found: str) -> None:
    page = Person(site).get("/thesaurus/search", q=text).text
    assert page_of(ACCESS) in page
    assert f">{found}</bdi>" in page


def test_a_search_is_narrowed_to_a_language_and_a_scheme(site: FastAPI) -> None:
    reader = Person(site)
    assert page_of(ACCESS) not in reader.get("/thesaurus/search", q="acceso", language="ru").text
    assert page_of(ACCESS) in reader.get("/thesaurus/search", q="acceso", scheme=SCHEME).text
    assert page_of(ACCESS) not in reader.get("/thesaurus/search", q="acceso", scheme="countries").text


def test_the_script_is_offered_what_somebody_may_mean(site: FastAPI) -> None:
    offers = Person(site).get("/thesaurus/offers", q="Acc").json()
    assert 0 < len(offers) <= 10
    assert any(offer["value"].endswith(f"<{ACCESS}>") for offer in offers)


def test_a_concept_is_shown_in_all_six_languages_side_by_side(site: FastAPI) -> None:
    page = Person(site).get(page_of(ACCESS)).text
    for tag, text in {
        "ar": "الوصول",
        "en": "Access",
        "es": "Acceso",
        "fr": "Accès",
        "ru": "Доступ",
        "zh": "获取",
    }.items():
        way = "rtl" if tag == "ar" else "ltr"
        assert f'<bdi lang="{tag}" dir="{way}">{text}</bdi>' in page
    assert page.count('class="standing official"') == 6
    assert "Propose a change" not in page, "a reader is offered nothing to change"


def test_a_missing_label_is_shown_as_missing(site: FastAPI) -> None:
    missing = 'class="standing missing">missing<'
    assert missing not in Person(site).get(page_of(ACCESS)).text
    unlabelled(site, ACCESS, "ru")
    assert missing in Person(site).get(page_of(ACCESS)).text


def test_a_concept_is_found_by_its_identifier_in_any_case(site: FastAPI) -> None:
    answer = Person(site).get(f"/thesaurus/concepts/{ACCESS.rpartition('/')[2].lower()}")
    assert answer.headers["location"] == f"/en{page_of(ACCESS)}"
    assert Person(site).get("/thesaurus/concepts/nothing").status_code == 404


def test_the_former_address_of_a_concept_leads_to_its_page(site: FastAPI) -> None:
    answer = Person(site).get("/thesaurus/concepts", iri=ACCESS, language="fr")
    assert (answer.status_code, answer.headers["location"]) == (301, f"/en{page_of(ACCESS)}?language=fr")
    kenya = "https://w3id.org/clearinghouse/id/country/KE"
    shown = Person(site, "ada").get("/thesaurus/concepts", iri=kenya)
    assert shown.status_code == 200, "a country is edited here, its page is another"
    assert "Propose a change" in shown.text


# ----------------------------------------------------------------------------------------------------------- proposing


def test_a_change_is_previewed_proposed_reviewed_approved_and_published(site: FastAPI) -> None:
    ada, ben = Person(site, "ada"), Person(site, "ben")
    fields = ada.form("/thesaurus/edit", iri=ACCESS)
    preview = ada.send("/thesaurus/edit", fields, prefLabel__fr="Accès aux ressources")
    assert "Accès<ins> aux ressources</ins>" in preview.text
    assert ada.get("/thesaurus/api/changes").json()["total"] == 0, "a preview proposes nothing"
    change = ada.proposes(preview, "The full wording")
    assert labels(site, ACCESS, "fr") == [("Accès", "official")]
    queue = ben.get("/thesaurus/changes").text
    assert "The full wording" in queue
    page = ben.get(f"/thesaurus/changes/{change}").text
    assert "Accès<ins> aux ressources</ins>" in page
    assert ben.decides(change, "approve", "fine").status_code == 303
    assert labels(site, ACCESS, "fr") == [("Accès aux ressources", "official")]
    assert site.state.published == 1
    shown = ben.get(page_of(ACCESS)).text
    assert "The full wording" in shown
    assert "version 2" in shown


def test_a_form_that_is_sent_unchanged_changes_nothing(site: FastAPI) -> None:
    nasty = '" two  spaces "@en, "first\\r\\nsecond\\n\\nthird"@fr, "\\nleading"@ru, "<b>&amp;</b>"@es'
    changed(
        site, f"<{ACCESS}> <{SKOS}definition> {nasty} ; <{SKOS}altLabel> 'more'@en, 'other'@en, 'without language' ."
    )
    ada, index = Person(site, "ada"), site.state.thesauri.index()
    for iri in [ACCESS, *index.all_concepts()[::60]]:
        answer = ada.send("/thesaurus/edit", ada.form("/thesaurus/edit", iri=iri))
        assert answer.status_code == 422, f"{iri}: {re.findall('<(?:ins|del)>.*', answer.text)}"
        assert "Nothing: the form says what the thesaurus says already" in answer.text


def test_standing_notes_and_labels_of_every_kind_are_edited_in_one_form(site: FastAPI) -> None:
    ada = Person(site, "ada")
    fields = ada.form("/thesaurus/edit", iri=ACCESS)
    preview = ada.send(
        "/thesaurus/edit",
        fields,
        prefLabel__zh__standing="machine",
        altLabel__es=["Obtención", " "],
        altLabel__es__standing=["official"] * 2,
        hiddenLabel__en="Acess",
        definition__ar=" نص ",
        scopeNote__en="One.\r\nTwo.",
    )
    assert Person(site, "ben").decides(ada.proposes(preview), "approve").status_code == 303
    assert labels(site, ACCESS, "zh") == [("获取", "machine")]
    assert labels(site, ACCESS, "es", "altLabel") == [("Obtención", "official")]
    assert labels(site, ACCESS, "en", "hiddenLabel") == [("Acess", "official")]
    notes = {(note.kind, note.language, note.text) for note in site.state.thesauri.index().concept(ACCESS).notes}
    assert notes == {("definition", "ar", "نص"), ("scopeNote", "en", "One.\nTwo.")}


def test_relations_are_added_by_label_and_taken_out_by_unticking(site: FastAPI) -> None:
    ada, ben = Person(site, "ada"), Person(site, "ben")
    before = site.state.thesauri.index().concept(ACCESS)
    preview = ada.send(
        "/thesaurus/edit", ada.form("/thesaurus/edit", iri=ACCESS), related__new="Beneficios no monetarios"
    )
    ben.decides(ada.proposes(preview), "approve")
    with site.state.thesauri.editing() as editing:
        related = {t for t in editing.statements() if t.predicate.value == f"{SKOS}related"}
    pair = ox.NamedNode(ACCESS), ox.NamedNode(NON_MONETARY)
    assert related == {ox.Triple(a, ox.NamedNode(f"{SKOS}related"), b) for a, b in (pair, pair[::-1])}
    preview = ada.send("/thesaurus/edit", ada.form("/thesaurus/edit", iri=NON_MONETARY), related=[], broader=[])
    ben.decides(ada.proposes(preview), "approve")
    found = site.state.thesauri.index()
    assert (found.concept(NON_MONETARY).related, found.concept(NON_MONETARY).broader) == ([], [])
    assert found.concept(ACCESS).narrower == before.narrower


def test_a_text_that_means_no_concept_or_several_is_refused_with_what_was_expected(site: FastAPI) -> None:
    ada = Person(site, "ada")
    fields = ada.form("/thesaurus/edit", iri=ACCESS)
    answer = ada.send("/thesaurus/edit", fields, broader__new="no such thing")
    assert answer.status_code == 422
    assert "expected an IRI, an identifier or a label" in answer.text
    assert "the concept itself" in ada.send("/thesaurus/edit", fields, related__new=ACCESS).text


def test_a_new_concept_gets_an_identifier_a_label_and_a_place(site: FastAPI) -> None:
    ada, ben = Person(site, "ada"), Person(site, "ben")
    fields = ada.form("/thesaurus/new", broader=ACCESS)
    assert ada.send("/thesaurus/new", fields).status_code == 422, "it has no label"
    preview = ada.send("/thesaurus/new", fields, prefLabel__en="Access by drone", prefLabel__ar="طائرة")
    assert ben.decides(ada.proposes(preview), "approve").status_code == 303
    [iri] = [hit.iri for hit in site.state.thesauri.index().search("Access by drone")]
    made = site.state.thesauri.index().concept(iri)
    assert iri == TERM + made.identifier
    assert made.broader == [ACCESS]
    assert made.schemes == site.state.thesauri.index().concept(ACCESS).schemes
    assert labels(site, iri, "en") == [("Access by drone", "unofficial")]
    again = ada.send("/thesaurus/new", fields, prefLabel__en="x", identifier=made.identifier.lower())
    assert "already" in again.text


def test_a_concept_is_put_out_of_use_and_points_to_its_replacement(site: FastAPI) -> None:
    ada, ben = Person(site, "ada"), Person(site, "ben")
    preview = ada.send("/thesaurus/deprecate", ada.form("/thesaurus/deprecate", iri=ACCESS), replacement=NON_MONETARY)
    assert "Replaced by" in preview.text
    ben.decides(ada.proposes(preview), "approve")
    page = ben.get(page_of(ACCESS)).text
    assert "Out of use." in page
    assert page_of(NON_MONETARY) in page
    assert site.state.thesauri.index().concept(ACCESS).label("en").text == "Access", "its words stay"
    assert "/thesaurus/merge?" not in page


def test_a_merger_hands_on_the_labels(site: FastAPI) -> None:
    ada, ben = Person(site, "ada"), Person(site, "ben")
    fields = ada.form("/thesaurus/merge", iri=ACCESS)
    preview = ada.send("/thesaurus/merge", fields, replacement=f"Non-monetary benefits <{NON_MONETARY}>")
    ben.decides(ada.proposes(preview), "approve")
    assert ("Access", "official") in labels(site, NON_MONETARY, "en", "altLabel")
    assert site.state.thesauri.index().concept(ACCESS).replaced_by == [NON_MONETARY]
    assert "expected a concept in use" in ada.send("/thesaurus/merge", fields, replacement=ACCESS).text


def test_a_split_may_make_new_concepts(site: FastAPI) -> None:
    ada, ben = Person(site, "ada"), Person(site, "ben")
    fields = ada.form("/thesaurus/split", iri=ACCESS)
    assert "expected them, found 1" in ada.send("/thesaurus/split", fields, part="Alone").text
    preview = ada.send("/thesaurus/split", fields, part=["Access on paper", "Access in fact", ""])
    ben.decides(ada.proposes(preview), "approve")
    index = site.state.thesauri.index()
    parts = index.concept(ACCESS).replaced_by
    assert {index.concept(iri).label("en").text for iri in parts} == {"Access on paper", "Access in fact"}
    assert all(index.concept(iri).broader == [f"{TERM}54578B7847724C3FB6F9470905F372EB"] for iri in parts)


# ----------------------------------------------------------------------------------------------------------- reviewing


def test_nobody_approves_their_own_change(site: FastAPI, first: Path, tmp_path: Path) -> None:
    ben = Person(site, "ben")
    change = ben.renames(ACCESS, "fr", "Autre")
    assert "Somebody else has to approve" in ben.get(f"/thesaurus/changes/{change}").text
    assert ben.decides(change, "approve").status_code == 403
    assert labels(site, ACCESS, "fr") == [("Accès", "official")]
    assert Person(site, "bob").decides(change, "approve").status_code == 303
    alone = Person(served(first, tmp_path / "alone", approve_own=True), "ben")
    assert alone.decides(alone.renames(ACCESS, "fr", "Autre"), "approve").status_code == 303


def test_the_author_of_a_change_may_take_it_back_and_another_editor_may_not(site: FastAPI) -> None:
    ada, eve = Person(site, "ada"), Person(site, "eve")
    change = ada.renames(ACCESS, "fr", "Autre")
    assert eve.decides(change, "reject", "no").status_code == 403
    assert ada.decides(change, "reject").status_code == 422, "without saying why"
    assert ada.decides(change, "reject", "a slip").status_code == 303
    page = ada.get(f"/thesaurus/changes/{change}").text
    assert "a slip" in page
    assert Person(site, "ben").decides(change, "approve").status_code == 422


@pytest.mark.parametrize("path", ["edit", "new", "deprecate", "merge", "split"])
def test_only_editors_get_the_forms(site: FastAPI, path: str) -> None:
    answer = Person(site).get(f"/thesaurus/{path}", iri=ACCESS)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/en/sign-in")
    assert Person(site, "cyd").get(f"/thesaurus/{path}", iri=ACCESS).status_code == 403
    assert Person(site, "ada").get(f"/thesaurus/{path}", iri=ACCESS).status_code == 200


def test_only_approvers_approve(site: FastAPI) -> None:
    change = Person(site, "ada").renames(ACCESS, "fr", "Autre")
    for name, status in (("", 401), ("cyd", 403), ("eve", 403)):
        visitor = Person(site, name)
        token = [("form_token", re.search(r'form_token" value="(\w+)', visitor.get("/sign-in").text)[1])]  # type: ignore[index]
        assert visitor.send(f"/thesaurus/changes/{change}/approve", token).status_code == status
    assert labels(site, ACCESS, "fr") == [("Accès", "official")]


def posts() -> list[str]:
    """The paths that forms are sent to."""
    routes = [route for module in THESAURUS for route in module.routes() if isinstance(route, Route)]
    paths = [route.path for route in routes if "POST" in (route.methods or ())]
    return [path for path in paths if path.startswith(("/thesaurus", "/sign")) and "/api/" not in path]


@pytest.mark.parametrize("path", posts())
def test_every_form_is_refused_without_the_token_of_its_session(site: FastAPI, path: str) -> None:
    ben = Person(site, "ben")
    change = Person(site, "ada").renames(ACCESS, "fr", "Autre")
    sent = {"iri": ACCESS, "base": "1", "key": "key of ada", "remark": "x", "form_token": "0" * 64}
    answer = ben.http.post(path.replace("{id}", change), data=sent)
    assert answer.status_code == 403
    assert "this form is too old" in answer.text
    assert ben.get("/thesaurus/api/changes").json()["changes"][0]["status"] == "proposed"


def test_two_editors_in_conflict_overwrite_nothing(site: FastAPI) -> None:
    ada, eve, ben = Person(site, "ada"), Person(site, "eve"), Person(site, "ben")
    hers, mine = ada.renames(ACCESS, "fr", "Accès libre"), eve.renames(ACCESS, "fr", "Entrée", prefLabel__ru="Вход")
    assert ben.decides(hers, "approve").status_code == 303
    path = f"/thesaurus/changes/{mine}"
    page = ben.get(path).text
    for words in ("It was", ">Accès</bdi>", "It is now", ">Accès libre</bdi>", "This change wants", ">Entrée</bdi>"):
        assert words in page
    assert f'formaction="/en{path}/approve"' not in page
    refused = ben.decides(mine, "approve")
    assert refused.status_code == 409
    assert labels(site, ACCESS, "fr") == [("Accès libre", "official")]
    assert site.state.published == 1

    fields = eve.form(path, f"{path}/resolve")
    assert eve.send(f"{path}/resolve", fields).status_code == 422, "without a choice"
    answer = eve.send(f"{path}/resolve", fields, choice__0="other", text__0="Accès ou entrée")
    assert answer.status_code == 303, answer.text
    assert ben.decides(mine, "approve").status_code == 303
    assert labels(site, ACCESS, "fr") == [("Accès ou entrée", "official")]
    assert labels(site, ACCESS, "ru") == [("Вход", "official")]


@pytest.mark.parametrize(("choice", "left"), [("theirs", "Accès libre"), ("mine", "Entrée")])
def test_a_conflict_is_resolved_either_way(site: FastAPI, choice: str, left: str) -> None:
    ada, eve, ben = Person(site, "ada"), Person(site, "eve"), Person(site, "ben")
    hers, mine = ada.renames(ACCESS, "fr", "Accès libre"), eve.renames(ACCESS, "fr", "Entrée", prefLabel__ru="Вход")
    ben.decides(hers, "approve")
    path = f"/thesaurus/changes/{mine}/resolve"
    assert eve.send(path, eve.form(path.rpartition("/")[0], path), choice__0=choice).status_code == 303
    assert ben.decides(mine, "approve").status_code == 303
    assert [text for text, _ in labels(site, ACCESS, "fr")] == [left]
    assert [text for text, _ in labels(site, ACCESS, "ru")] == ["Вход"]


def test_a_change_of_which_nothing_is_left_is_to_be_rejected(site: FastAPI) -> None:
    ada, eve, ben = Person(site, "ada"), Person(site, "eve"), Person(site, "ben")
    hers, mine = ada.renames(ACCESS, "fr", "Accès libre"), eve.renames(ACCESS, "fr", "Entrée")
    ben.decides(hers, "approve")
    path = f"/thesaurus/changes/{mine}/resolve"
    answer = eve.send(path, eve.form(path.rpartition("/")[0], path), choice__0="theirs")
    assert (answer.status_code, "reject it instead" in answer.text) == (422, True)


def test_a_standing_goes_with_the_label_that_is_chosen() -> None:
    def made(text: str) -> frozenset[ox.Triple]:
        prefixes = f"@prefix skos: <{SKOS}> . @prefix ch: <https://w3id.org/clearinghouse/ns#> ."
        return frozenset(triples(f"{prefixes} @prefix : <http://x.example/> . {text}", "x"))

    now = made(":a skos:prefLabel 'now'@fr ; ch:machineLabel 'now'@fr .")
    change = Delta(
        made(":a skos:prefLabel 'mine'@fr ; ch:unofficialLabel 'mine'@fr ."), made(":a skos:prefLabel 'was'@fr .")
    )
    place = ox.NamedNode("http://x.example/a"), ox.NamedNode(f"{SKOS}prefLabel")
    was, is_now, wanted = (ox.Literal(text, language="fr") for text in ("was", "now", "mine"))
    conflict = Conflict(*place, "fr", (was,), (is_now,), (wanted,))
    key = differences.conflict_key(conflict)
    other = resolved(now, change, [conflict], {key: Decision("other", "else")})
    assert other == Delta(made(":a skos:prefLabel 'else'@fr ; ch:unofficialLabel 'else'@fr ."), now)
    assert resolved(now, change, [conflict], {key: Decision("mine")}) == Delta(change.added, now)
    assert resolved(now, change, [conflict], {key: Decision("theirs")}).is_empty()
    with pytest.raises(EditingError, match="expected one of theirs, mine, other"):
        resolved(now, change, [conflict], {key: Decision("other", " ")})


def test_new_errors_keep_a_change_from_being_approved_and_old_ones_do_not(site: FastAPI) -> None:
    ben, api = Person(site, "ben"), TestClient(site, headers={"x-api-key": "key of ada"})
    second = f'<{ACCESS}> <{SKOS}prefLabel> "Entrance"@en .'
    change = api.post("/thesaurus/api/changes", json={"added": [second], "reason": "two labels"}).json()
    assert not change["review"]["mayBeApproved"]
    page = ben.get(f"/thesaurus/changes/{change['id']}").text
    assert "New errors." in page
    assert "/approve" not in page
    answer = ben.decides(change["id"], "approve")
    assert (answer.status_code, "cannot be approved" in answer.text) == (409, True)
    assert labels(site, ACCESS, "en") == [("Access", "official")]


# -------------------------------------------------------------------------------------------------------- translations


def test_the_board_lists_what_is_to_be_done_in_a_language(site: FastAPI) -> None:
    reader = Person(site)
    page = reader.get("/thesaurus/translations", language="es", kind="copy").text
    shown = re.search(r"untranslated copy \((\d+)\)", page)
    assert shown
    with site.state.thesauri.editing() as editing:
        rows = Translations.of(1, editing.statements(), []).chosen("es", "copy")
    assert int(shown[1]) == len(rows) > 50
    assert page.count('class="number" data-name="Records"') == 50, "a page at a time"
    assert "<textarea" not in page, "readers cannot edit"
    assert "not since version 1" in page


def test_several_rows_are_translated_and_confirmed_in_one_change_set(site: FastAPI) -> None:
    ada, ben, path = Person(site, "ada"), Person(site, "ben"), "/thesaurus/translations"
    page = ada.get(path, language="ru", kind="unofficial").text
    fields = Forms(page).found[path]
    fields = [(name, value) for name, value in fields if name != "scheme"]
    iris = [value for name, value in fields if name == "iri"]
    texts = [value for name, value in fields if name == "text"]
    assert len(iris) == len(texts) == 50
    preview = ada.send(path, fields, text=["Новое", *texts[1:]], confirm=iris[1:3])
    ben.decides(ada.proposes(preview), "approve")
    assert labels(site, iris[0], "ru") == [("Новое", "unofficial")]
    assert [labels(site, iri, "ru") for iri in iris[1:3]] == [[(text, "official")] for text in texts[1:3]]
    assert labels(site, iris[3], "ru") == [(texts[3], "unofficial")]
    [change] = ben.get("/thesaurus/api/changes", status="approved").json()["changes"][:1]
    assert (change["numberAdded"], change["numberRemoved"]) == (2, 4)
    after = ada.get(path, language="ru", kind="unofficial").text
    assert page_of(iris[1]) not in after
    assert change["reviewed"][:10] in after


def test_a_missing_label_is_translated_on_the_board(site: FastAPI) -> None:
    for concept in (ACCESS, NON_MONETARY):
        unlabelled(site, concept, "zh")
    ada, path = Person(site, "ada"), "/thesaurus/translations"
    fields = [
        pair for pair in Forms(ada.get(path, language="zh", kind="missing").text).found[path] if pair[0] != "scheme"
    ]
    iris = [value for name, value in fields if name == "iri"]
    preview = ada.send(path, fields, text=["获取二", *[""] * (len(iris) - 1)])
    Person(site, "ben").decides(ada.proposes(preview), "approve")
    assert labels(site, iris[0], "zh") == [("获取二", "unofficial")]
    assert labels(site, iris[1], "zh") == []


# ------------------------------------------------------------------------------------------------------------ versions


def test_any_two_versions_are_compared_and_each_is_downloaded(site: FastAPI) -> None:
    changed(site, f"<{ACCESS}> <{SKOS}altLabel> 'Entry'@en .")
    changed(site, f"<{ACCESS}> <{SKOS}altLabel> 'Entrée'@fr .", f"<{ACCESS}> <{SKOS}altLabel> 'Entry'@en .")
    reader = Person(site)
    assert "Entry" not in reader.get("/thesaurus/versions/1..3").text, "it came and went"
    page = reader.get("/thesaurus/versions/2..3").text
    assert '<del><bdi lang="en" dir="ltr">Entry</bdi></del>' in page
    assert '<ins><bdi lang="fr" dir="ltr">Entrée</bdi></ins>' in page
    assert (
        "<ins>" in reader.get("/thesaurus/versions/3..1").text or "<del>" in reader.get("/thesaurus/versions/3..1").text
    )
    turtle = [set(triples(reader.get(f"/thesaurus/versions/{n}.ttl").text, "x")) for n in (1, 2, 3)]
    assert len(turtle[1] - turtle[0]) == len(turtle[2] - turtle[0]) == 1
    for path in ("0..1", "1..9", "x..y", "9.ttl"):
        assert reader.get(f"/thesaurus/versions/{path}").status_code == 404
    assert (
        reader.get("/thesaurus/versions/compare", older="1", newer="3").headers["location"].endswith("/versions/1..3")
    )


# ------------------------------------------------------------------------------------------------------- hostile words


def test_hostile_words_are_shown_and_do_nothing(site: FastAPI) -> None:
    changed(
        site,
        f'<{ACCESS}> <{SKOS}altLabel> "{HOSTILE}"@en, "{TURNED}"@ar, "{LONG}"@fr ;'
        f' <{SKOS}definition> "{HOSTILE}{TURNED}"@en .',
        author="eve",
    )
    ada = Person(site, "ada")
    change = ada.proposes(
        ada.send("/thesaurus/edit", ada.form("/thesaurus/edit", iri=ACCESS), altLabel__ru=f"{HOSTILE}{TURNED}"),
        HOSTILE + TURNED,
    )
    pages = [
        ada.get(page_of(ACCESS)),
        ada.get("/thesaurus/edit", iri=ACCESS),
        ada.get("/thesaurus/search", q=HOSTILE),
        ada.get("/thesaurus/search", q="alert"),
        ada.get(f"/thesaurus/schemes/{SCHEME}/letters", letter="*"),
        ada.get("/thesaurus/changes", status="all"),
        ada.get(f"/thesaurus/changes/{change}"),
        ada.get("/thesaurus/versions/1..2"),
        ada.get("/thesaurus/versions"),
        ada.get("/thesaurus/translations", language=HOSTILE),
        ada.get("/thesaurus/schemes/x", language=HOSTILE),
        ada.get("/sign-in", next=f'/"{HOSTILE}'),
        ada.send("/thesaurus/edit", ada.form("/thesaurus/edit", iri=ACCESS), broader__new=HOSTILE),
    ]
    for page in pages:
        assert "<script>" not in page.text
        assert "<script src=" in page.text, "the page's own"
        outside = re.sub(r"<textarea.*?</textarea>|value=\"[^\"]*\"|<title>.*?</title>", "", page.text, flags=re.S)
        assert "\u202e" not in outside, "text that would turn what follows it"
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert 'title="RIGHT-TO-LEFT OVERRIDE">U+202E</span>' in pages[0].text
    assert LONG in pages[0].text


def test_a_name_may_be_hostile_too(site: FastAPI) -> None:
    with site.state.thesauri.editing() as editing:
        delta = Delta(frozenset(triples(f"<{ACCESS}> <{SKOS}altLabel> 'x'@en .", "x")), frozenset())
        change = editing.propose(delta, author=HOSTILE, reason="x").id
    for path in ("/thesaurus/changes", f"/thesaurus/changes/{change}"):
        assert "<script>" not in Person(site).get(path).text


# ----------------------------------------------------------------------------------------------------------------- API


@pytest.fixture
def api(site: FastAPI) -> Iterator[dict[str, TestClient]]:
    yield {name: TestClient(site, headers={"authorization": f"Bearer key of {name}"}) for name in KEYS} | {
        "": TestClient(site)
    }


ENTRY = f'<{ACCESS}> <{SKOS}altLabel> "Entry"@en .'
CHANGES = "/thesaurus/api/changes"


def test_a_program_proposes_and_another_decides(site: FastAPI, api: dict[str, TestClient]) -> None:
    asked = {"added": [ENTRY], "reason": "a synonym", "base": 1}
    tried = api["ada"].post(CHANGES, json=asked | {"dryRun": True}).json()
    assert (tried["mayBeApproved"], tried["conflicts"]) == (True, [])
    assert api[""].get(CHANGES).json()["total"] == 0
    made = api["ada"].post(CHANGES, json=asked)
    assert made.status_code == 201
    path = made.headers["location"]
    assert api[""].get(path).json() == made.json()
    done = api["ben"].post(f"{path}/approve", json={"remark": "yes"})
    assert (done.json()["status"], done.json()["version"], done.json()["remark"]) == ("approved", 2, "yes")
    assert site.state.published == 1
    assert api[""].get("/thesaurus/api/versions").json()["version"] == 2
    assert api[""].get("/thesaurus/api/versions/1..2").json()["added"] == [ENTRY]
    other = api["ada"].post(CHANGES, json={"removed": [ENTRY], "reason": "no"}).headers["location"]
    assert api["bob"].post(f"{other}/reject", json={"remark": "why?"}).json()["status"] == "rejected"
    assert [one["status"] for one in api[""].get(CHANGES, params={"concept": ACCESS}).json()["changes"]] == [
        "rejected",
        "approved",
        "approved",
    ], "the last one is the first version"


def test_the_api_asks_for_a_key_and_takes_no_cookie(site: FastAPI, api: dict[str, TestClient]) -> None:
    ben = Person(site, "ben")
    path = api["ada"].post(CHANGES, json={"added": [ENTRY], "reason": "x"}).headers["location"]
    asked = {"added": [ENTRY], "reason": "x"}
    assert ben.http.post(CHANGES, json=asked, headers={"accept": "application/json"}).status_code == 401
    assert ben.http.post(f"{path}/approve", json={}, headers={"accept": "application/json"}).status_code == 401
    assert api["cyd"].post(CHANGES, json=asked).status_code == 403
    assert api["ada"].post(f"{path}/approve", json={}).status_code == 403
    assert api["eve"].post(f"{path}/reject", json={"remark": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"added": "x"}', "added: Input should be a valid array"),
        ('{"add": []}', "add: Extra inputs are not permitted"),
        ("{", "Invalid JSON"),
        ('{"added": ["nonsense"], "reason": "x"}', "the proposal"),
        ('{"reason": "x"}', "adds and removes nothing"),
        ('{"removed": ["<http://x.example/a> <http://x.example/b> \\"c\\" ."], "reason": "x"}', "not in version 1"),
        ('{"added": ["<http://x.example/a> <http://x.example/b> \\"c\\" ."]}', "reason is empty"),
    ],
)
def test_a_request_that_is_no_proposal_is_refused_with_what_was_expected(
    api: dict[str, TestClient], body: str, said: str
) -> None:
    answer = api["ada"].post(CHANGES, content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert said in answer.json()["detail"]


def test_a_program_is_told_of_a_conflict_and_resolves_it(api: dict[str, TestClient]) -> None:
    def renaming(text: str) -> dict[str, Any]:
        label = f'<{ACCESS}> <{SKOS}prefLabel> "%s"@fr .'
        return {"removed": [label % "Accès"], "added": [label % text], "reason": text, "base": 1}

    first, second = (api["ada"].post(CHANGES, json=renaming(text)).headers["location"] for text in ("Un", "Deux"))
    api["ben"].post(f"{first}/approve", json={})
    refused = api["ben"].post(f"{second}/approve", json={})
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "change-refused")
    [conflict] = api[""].get(second).json()["review"]["conflicts"]
    assert [conflict[name] for name in ("expected", "found", "wanted")] == [['"Accès"@fr'], ['"Un"@fr'], ['"Deux"@fr']]
    label = f'<{ACCESS}> <{SKOS}prefLabel> "%s"@fr .'
    revised = api["ada"].put(second, json={"removed": [label % "Un"], "added": [label % "Deux"]})
    assert revised.json()["review"]["mayBeApproved"]
    assert api["ben"].post(f"{second}/approve", json={}).json()["version"] == 3
    assert api["ada"].get(f"{CHANGES}/nothing").status_code == 404


# --------------------------------------------------------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("tag", "way"),
    [
        ("ar", "rtl"),
        ("ar-Latn", "ltr"),
        ("az-Arab", "rtl"),
        ("en", "ltr"),
        ("fa-IR", "rtl"),
        ("", "auto"),
        ("zh-Hant", "ltr"),
    ],
)
def test_a_language_tag_tells_which_way_text_runs(tag: str, way: str) -> None:
    assert languages.direction(tag) == way


def test_the_words_that_change_are_marked_also_without_spaces() -> None:
    def parts(before: str, after: str) -> str:
        triple = [
            ox.Triple(ox.NamedNode(ACCESS), ox.NamedNode(f"{SKOS}prefLabel"), ox.Literal(text, language="zh"))
            for text in (before, after)
        ]
        [subject] = differences.differences(Delta(frozenset(triple[1:]), frozenset(triple[:1])))
        marks = {"same": "%s", "gone": "[-%s-]", "new": "[+%s+]"}
        return "".join(marks[kind] % text for kind, text in subject.differences[0].values[0].parts)

    assert parts("遗传资源获取", "基因资源获取") == "[-遗传-][+基因+]资源获取"
    assert parts("the old words", "the new words") == "the [-old-][+new+] words"
    assert parts("الموارد القديمة", "الموارد الجديدة") == "الموارد [-القديمة-][+الجديدة+]"
    assert parts("a " * 3000, "b") == f"[-{'a ' * 3000}-][+b+]"


def test_a_hierarchy_that_states_both_ends_keeps_stating_both() -> None:
    def made(text: str) -> frozenset[ox.Triple]:
        return frozenset(triples(f"@prefix skos: <{SKOS}> . @prefix : <http://x.example/> . {text}", "x"))

    known = made(":s skos:hasTopConcept :c . :c skos:topConceptOf :s . :a skos:broader :b . :b skos:narrower :a .")
    a, c = (ox.NamedNode(f"http://x.example/{name}") for name in "ac")
    fields = {"relations": ["broader"], "broader": ["http://x.example/b"], "broader.new": []}
    change = concept_form.edited(tuple(known), c, _Fields(fields), ox.NamedNode)
    assert change.added == made(":c skos:broader :b . :b skos:narrower :c .")
    assert change.removed == made(":s skos:hasTopConcept :c . :c skos:topConceptOf :s .")
    gone = concept_form.edited(tuple(known), a, _Fields({"relations": ["broader"]}), ox.NamedNode)
    assert gone.removed == made(":a skos:broader :b . :b skos:narrower :a .")


class _Fields(dict[str, list[str]]):
    def getlist(self, key: str) -> list[str]:
        return self.get(key, [])


# ------------------------------------------------------------------------------------------------------ the whole house


def test_an_approval_reaches_the_graph_and_the_records(sample_house: House, tmp_path: Path) -> None:
    shutil.copytree(sample_house.settings.data_dir, tmp_path / "data")
    app = Application(settings(tmp_path / "data", workers=1)).rest
    with TestClient(app, headers={"accept": "text/html"}, follow_redirects=False) as http:
        ada, ben = Person(app, "ada"), Person(app, "ben")
        ada.http.portal = ben.http.portal = http.portal  # one event loop, as in a server
        assert http.portal
        found = http.portal.call(app.state.thesauri.uses, app.state.thesauri.index().all_concepts(SCHEME))
        used, unused = (sorted(found, key=lambda iri: (found[iri], iri))[place] for place in (-1, 0))
        assert found[used] > found[unused] == 0
        tagged = f"<dt>Tagged records</dt><dd>{found[used]:,}</dd>"
        assert tagged in ada.get(page_of(used)).text
        preview = ada.send("/thesaurus/deprecate", ada.form("/thesaurus/deprecate", iri=used), replacement=unused)
        told = re.search(r"<strong>([\d,]+) tagged records? will be tagged anew:</strong>", preview.text)
        assert told
        assert int(told[1].replace(",", "")) == found[used]
        before = app.state.engine.generation
        assert ben.decides(ada.proposes(preview), "approve").status_code == 303
        until = time.monotonic() + 60
        while app.state.engine.generation == before and time.monotonic() < until:
            time.sleep(0.2)
        assert tagged in ben.get(page_of(unused)).text
        assert "<dt>Tagged records</dt><dd>0</dd>" in ben.get(page_of(used)).text
