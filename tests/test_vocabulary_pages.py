"""The pages of ontology and shapes: nothing of the Turtle is without its place, and every rule is told in words."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from markupsafe import escape

import ontology
import shapes
from endpoint.site.rules import NAMESPACE, Rules
from endpoint.site.vocabulary import Vocabulary, sources
from ontology.identifiers import DEFAULT_BASE

CH, SH, OWL = f"{DEFAULT_BASE}ns#", "http://www.w3.org/ns/shacl#", "http://www.w3.org/2002/07/owl#"
VOCABULARY, RULES = Vocabulary.load(), Rules.load()
HTML = {"Accept": "text/html"}
KINDS = ("owl:Class", "owl:ObjectProperty", "owl:DatatypeProperty", "owl:AnnotationProperty")


@pytest.fixture(scope="module")
def http(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, headers=HTML, timeout=60) as client:
        yield client


def paths(page: str, before: str) -> set[str]:
    """The paths of the links of a page that begin so."""
    return {path for path in re.findall(r'href="([^"]+)"', page) if path.startswith(before)}


def counted(triples: list[ox.Triple], query: str) -> int:
    store = ox.Store()
    store.extend([ox.Quad(*triple) for triple in triples])
    [row] = store.query(
        f"PREFIX sh: <{SH}> PREFIX owl: <http://www.w3.org/2002/07/owl#> SELECT (COUNT(*) AS ?n) {query}"
    )
    return int(row["n"].value)


def escaped(text: str) -> str:
    """Text as it stands in a page."""
    return str(escape(text))


# ------------------------------------------------------------------------------------------------------------ ontology


@pytest.mark.parametrize("kind", KINDS)
def test_no_class_or_property_of_the_turtle_is_left_out(kind: str) -> None:
    inside = {term.iri for term in VOCABULARY.terms.values() if term.type.endswith(kind.partition(":")[2])}
    assert len(inside) == counted(list(ontology.load()), f"{{ ?term a {kind} }}") > 0


def test_the_overview_leads_to_every_term(http: httpx.Client) -> None:
    page = http.get("/en/ontology")
    assert page.status_code == 200
    assert paths(page.text, "/en/ontology/") >= {f"/en/ontology/{term.key}" for term in VOCABULARY.terms.values()}
    assert "<h1>" in page.text
    assert "</bdi></h1>" in page.text


@pytest.mark.parametrize("module", [module.name for module, terms in VOCABULARY.modules if terms])
def test_every_term_has_a_page_that_says_what_it_means(http: httpx.Client, module: str) -> None:
    terms = next(terms for one, terms in VOCABULARY.modules if one.name == module)
    for term in terms:
        page = http.get(f"/ar/ontology/{term.key}")
        assert page.status_code == 200, term
        assert '<html lang="ar" dir="rtl">' in page.text
        assert f">{term.iri}</code>" in page.text
        for text in (*term.labels.values(), *term.definitions.values()):
            assert escaped(text.text) in page.text, term


@pytest.mark.parametrize("tag", ["ar", "en", "es", "fr", "ru", "zh"])
def test_a_term_is_called_in_the_language_of_the_page(http: httpx.Client, tag: str) -> None:
    term = VOCABULARY.terms[f"{CH}Checkpoint"]
    page = http.get(f"/{tag}/ontology/Checkpoint").text
    assert f'<h1><bdi lang="{tag}"' in page
    assert term.labels[tag].text in page[page.index("<h1>") : page.index("</h1>")]


def test_the_identifier_of_a_term_leads_to_its_page(http: httpx.Client) -> None:
    answer = http.get("/en/ontology/Certificate")
    assert f"{CH}Certificate</code>" in answer.text
    assert "/en/shapes/absPermit" in paths(answer.text, "/en/shapes/")
    assert "/en/search?type=Certificate" in paths(answer.text, "/en/search")
    assert {"/data/ns.ttl", "/data/ns.jsonld"} <= paths(answer.text, "/data/")


def test_what_the_ontology_does_not_know_has_no_page(http: httpx.Client) -> None:
    assert http.get("/en/ontology/Nothing").status_code == 404
    assert http.get("/en/ontology/search:nothing").status_code == 404


def test_a_class_has_the_properties_of_the_classes_above_it() -> None:
    found = dict(VOCABULARY.properties_of(VOCABULARY.terms[f"{CH}Certificate"]))
    assert list(found)[:3] == [f"{CH}Certificate", f"{CH}NationalRecord", f"{CH}Record"]
    assert f"{CH}picGranted" in {term.iri for term in found[f"{CH}Certificate"]}
    assert f"{CH}guid" in {term.iri for term in found[f"{CH}Record"]}


def test_a_property_tells_the_fields_it_comes_from(http: httpx.Client) -> None:
    [source] = sources(f"{CH}picGranted")
    assert (source.path, source.schemas) == ("picGranted", ("absPermit",))
    assert {one.path.rpartition("/")[2] for one in sources(f"{CH}element")} == {"identifier"}
    page = http.get("/en/ontology/guid").text
    assert "in every kind of record" in page
    assert '<code dir="ltr">guid</code>' in page


def test_a_property_leads_to_its_rules_and_to_records_that_have_it(http: httpx.Client) -> None:
    page = http.get("/en/ontology/picGranted").text
    assert "/en/shapes/absPermit#Certificate" in paths(page, "/en/shapes/")
    records = paths(page, "/en/record/")
    assert 1 <= len(records) <= 5
    for path in records:
        assert http.get(path).status_code == 200


def test_the_figures_are_those_of_the_queries_that_the_page_opens(http: httpx.Client) -> None:
    for name, term, kind, words in (
        ("properties-of-the-graph", "picGranted", "property", "statements"),
        ("classes-of-the-graph", "Certificate", "class", "things"),
    ):
        query = (files("endpoint") / "queries" / "pages" / f"{name}.rq").read_text()
        answer = http.get("/sparql", params={"query": query}, headers={"Accept": "application/sparql-results+json"})
        rows = answer.json()["results"]["bindings"]
        [expected] = [row[words]["value"] for row in rows if row[kind]["value"] == f"{CH}{term}"]
        assert int(expected) > 1
        assert f"<dd>{expected} {words}</dd>" in http.get(f"/en/ontology/{term}").text


# -------------------------------------------------------------------------------------------------------------- shapes


def test_no_shape_of_the_turtle_is_left_out() -> None:
    inside = [shape for file in RULES.files.values() for shape in file.shapes]
    named = counted(
        shapes.load(), "{ ?shape a ?kind FILTER(?kind IN (sh:NodeShape, sh:PropertyShape) && ISIRI(?shape)) }"
    )
    assert len(inside) == len({shape.name for shape in inside}) == named > 200
    assert not set(RULES.files) & {shape.name for shape in inside}


def test_no_rule_of_the_turtle_is_left_out() -> None:
    """A rule is whatever a shape with a target asks by `sh:property`."""
    shown = sum(len(shape.rules) for file in RULES.files.values() for shape in file.shapes if shape.is_aimed)
    targeted = "{ { SELECT DISTINCT ?shape { ?shape sh:targetClass|sh:targetObjectsOf ?x } } ?shape sh:property ?rule }"
    assert shown == counted(shapes.load(), targeted) > 300


def test_every_shape_has_its_place_on_a_page_that_the_overview_leads_to(http: httpx.Client) -> None:
    overview = http.get("/en/shapes")
    assert overview.status_code == 200
    assert paths(overview.text, "/en/shapes/") == {f"/en/shapes/{name}" for name in RULES.files}
    for name, file in RULES.files.items():
        page = http.get(f"/fr/shapes/{name}")
        assert page.status_code == 200, name
        assert re.findall(r'<h3 id="([^"]+)"', page.text) == [shape.name for shape in file.shapes]
        assert '<code dir="ltr">sh:' not in page.text, "a rule that is not told in words"
        messages = [text for shape in file.shapes for rule in shape.all_rules() for text in rule.messages.values()]
        assert all(escaped(text) in page.text for text in messages)


@pytest.mark.parametrize("shape", ["Certificate", "Certificate-usage-given", "title-text", "PermitKeyword"])
def test_the_identifier_of_a_shape_leads_to_its_place(http: httpx.Client, shape: str) -> None:
    answer = http.get(f"/zh/shapes/{shape}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/zh/shapes/{RULES.file_of[shape].name}#{shape}"


def told(http: httpx.Client, file: str, shape: str) -> str:
    """The words of the section of a shape."""
    page = http.get(f"/en/shapes/{file}").text
    section = page[page.index(f'<h3 id="{shape}"') :]
    return " ".join(re.sub(r"<[^>]+>", " ", section[: section.index("</section>")]).split())


def test_rules_are_told_in_words(http: httpx.Client) -> None:
    certificate = told(http, "absPermit", "Certificate")
    assert "Warning Date of issue exactly 1 value The date of issuance is missing or given twice." in certificate
    assert "Violation Intent of the amendment type of value: Whole number one of: 0 , 1" in certificate
    assert "Date of issue not later or more than: Date of expiry" in certificate
    assert "kind of thing: Competent national authority" in certificate
    assert "For every thing of the class: Internationally recognized certificate of compliance" in certificate
    identity = told(http, "common", "Record")
    assert "text of the pattern: ^[A-Za-z0-9_-]{11,128}$" in identity
    keyword = told(http, "schemes", "PermitKeyword")
    assert "at least one of these holds: UnknownConcept" in keyword


def test_a_rule_names_the_scheme_that_terms_are_drawn_from(http: httpx.Client) -> None:
    page = http.get("/en/shapes/absPermit").text
    assert RULES.schemes("PermitKeyword") == [f"{DEFAULT_BASE}id/scheme/1A22EAAB-9BBC-4543-890E-DEF913F59E98"]
    assert "/en/scheme/1A22EAAB-9BBC-4543-890E-DEF913F59E98" in paths(page, "/en/scheme/")


def test_the_examples_stand_with_the_report_expected_of_them(http: httpx.Client) -> None:
    given = json.loads((files("shapes") / "examples" / "absPermit.json").read_text(encoding="utf-8"))
    page = http.get("/en/shapes/absPermit").text
    for name, case in given["invalid"].items():
        part = page[page.index(f">{escaped(name)}</bdi></summary>") :]
        part = part[: part.index("</details>")]
        for _severity, code, pointer in case["report"]:
            assert f">{code}</code>" in part
            assert not pointer or f">{pointer}</code>" in part
    assert escaped(json.dumps(given["valid"]["header"]["identifier"])) in page


def test_the_turtle_of_a_file_is_that_of_the_shapes(http: httpx.Client) -> None:
    answer = http.get("/shapes/absPermit.ttl")
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
    found = {str(quad.subject) for quad in ox.parse(answer.content, format=ox.RdfFormat.TURTLE)}
    assert f"<{NAMESPACE}Certificate>" in found
    assert http.get("/shapes/nothing.ttl").status_code == http.get("/en/shapes/nothing").status_code == 404


def test_shapes_name_concepts_under_the_base_of_the_house() -> None:
    moved = Rules.load("https://example.org/kg/")
    assert moved.schemes("PermitKeyword") == ["https://example.org/kg/id/scheme/1A22EAAB-9BBC-4543-890E-DEF913F59E98"]
