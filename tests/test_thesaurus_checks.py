"""The quality gate: every check finds the fault that it is for and no other, in SPARQL and in SHACL, at any size."""

import random
import re
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from thesaurus_faults import CASES, CONCEPT, PREFIXES, SCHEMES, A, B, Case

from ontology.identifiers import DEFAULT_BASE, Iris
from thesaurus import Thesaurus, checks
from thesaurus.checks import Check, Finding, Level, catalogue
from thesaurus.checks.catalogue import CheckError, check
from thesaurus.checks.hierarchy import Hierarchy
from thesaurus.checks.labels import Labels

FOLDER = Path(checks.__file__).parent
DOCS = Path(__file__).parents[1] / "docs" / "thesaurus-checks.md"
LINES = [
    pytest.param(name, case, id=f"{name}-{number}")
    for name, cases in CASES.items()
    for number, case in enumerate(cases)
]


def store(text: str) -> ox.Store:
    found = ox.Store()
    found.load(text.encode(), format=ox.RdfFormat.TURTLE, lenient=True)
    return found


def found(text: str) -> tuple[Finding, ...]:
    return checks.checked(store(text))


def named(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Concepts and messages, blank nodes without their names."""
    return [(re.sub("^_:.*", "_:", one.concept), one.message) for one in findings]


def of(name: str, findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.check == name]


@cache
def by_id() -> dict[str, Check]:
    return {one.id: one for one in catalogue()}


# ------------------------------------------------------------------------------------------------------- every check


def test_every_check_has_a_case_and_every_case_a_check() -> None:
    assert CASES.keys() == by_id().keys()


@pytest.mark.parametrize(("name", "case"), LINES)
def test_a_check_finds_its_fault_and_is_silent_without_it(name: str, case: Case) -> None:
    bad = of(name, found(case.text(case.bad)))
    assert {finding.concept for finding in bad} >= {case.iri} or (bad and not case.iri)
    assert {finding.level for finding in bad} <= {by_id()[name].level, by_id()[name].own_level}
    assert of(name, found(case.text(case.good))) == []


@pytest.mark.parametrize(("name", "case"), LINES)
def test_a_finding_is_the_same_among_many_sound_concepts(name: str, case: Case) -> None:
    """Labels are looked at twice: a quick reading picks the suspects out of a large thesaurus."""
    sound = "".join(f':sound{n} {CONCEPT} ; skos:prefLabel "Sound {n}"@en , "Звук {n}"@ru .\n' for n in range(200))
    for part in (case.bad, case.good):
        alone, among = found(case.text(part)), found(case.text(part) + sound)
        about = [one for one in of(name, among) if "sound" not in one.concept]
        if by_id()[name].is_local:
            assert named(about) == named(of(name, alone))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.rq")), ids=lambda path: path.stem)
def test_a_check_is_a_query_that_stands_alone_and_gives_what_its_message_names(path: Path) -> None:
    one = by_id()[path.stem]
    rows = ox.Store().query(path.read_text(encoding="utf-8"))
    assert isinstance(rows, ox.QuerySolutions)
    names = {variable.value for variable in rows.variables}
    made = {"fault", "path", "missing", "language", "number", "all"}  # by what finishes a check
    assert {"node"} <= names
    assert set(one.names()) <= names | made
    assert one.title[0].isupper()
    assert not one.title.endswith(".")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# title: T\n# level: error\n\nSELECT ?node {}", "says nothing of expected, message, source"),
        ("# title: T\n# level: grave\n# expected: E\n# source: S\n# message: M\n\nSELECT ?node {}", "grave"),
        ("# title: T\n# level: info\n# expected: E\n# source: S\n# message: M\n# colour: red\n\n", "colour"),
    ],
)
def test_a_check_that_says_too_little_is_refused(text: str, expected: str) -> None:
    with pytest.raises(CheckError, match=expected):
        check("broken", text)


def test_the_documentation_lists_every_check_with_its_level_title_and_source() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| ([a-z, ]+) \| (.+?) \| (.+?) \| (.+?) \|$", DOCS.read_text("utf-8"), re.M)
    assert [tuple(row) for row in rows] == [documented(one) for one in catalogue()]


def documented(one: Check) -> tuple[str, str, str, str, str]:
    level = one.level.value if one.own_level is one.level else f"{one.level}, ours {one.own_level}"
    return one.id, level, one.title, one.expected, one.source


# ------------------------------------------------------------------------------------------------------------- SHACL


@cache
def shapes() -> rdflib.Graph:
    return rdflib.Graph().parse(FOLDER / "skos.ttl")


def shape(name: str) -> rdflib.URIRef:
    return rdflib.URIRef(f"https://w3id.org/clearinghouse/checks#{name}")


def focus_nodes(name: str, text: str) -> set[str]:
    """The nodes that pyshacl reports for one shape."""
    only = shapes().cbd(shape(name)) + shapes().cbd(shape("prefixes"))
    data = rdflib.Graph()
    for quad in store(text):
        data.parse(data=f"{quad.triple} .", format="nt")
    _, report, _ = pyshacl.validate(data, shacl_graph=only)
    severity = {"error": "Violation", "warning": "Warning", "info": "Info"}[by_id()[name].level.value]
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    results = set(report.subjects(rdflib.RDF.type, sh.ValidationResult))
    assert {report.value(result, sh.resultSeverity) for result in results} <= {sh[severity]}
    return {str(node) for result in results for node in report.objects(result, sh.focusNode)}


def test_every_check_of_other_thesauri_has_a_shape_unless_only_all_concepts_show_it() -> None:
    named = {str(node).rpartition("#")[2] for node in shapes().subjects() if "/checks#" in str(node)} - {"prefixes"}
    ours = {one.id for one in catalogue() if one.is_own} | {"label-standing"}
    assert named == {one.id for one in catalogue() if one.is_local} - ours


@pytest.mark.parametrize(("name", "case"), LINES)
def test_a_shape_finds_what_its_query_finds(name: str, case: Case) -> None:
    if (shape(name), None, None) not in shapes():
        pytest.skip(f"{name} is a rule of this thesaurus or of all concepts together")
    for part in (case.bad, case.good):
        text = case.text(part)
        queried = {finding.concept for finding in of(name, found(text))}
        shown = focus_nodes(name, text)
        if name in ("blank-concept", "dangling-relation", "undefined-skos-term"):
            assert bool(shown) == bool(queried)
        else:
            assert shown == queried


# ----------------------------------------------------------------------------------------------------- whole thesauri


def test_the_bundled_thesaurus_has_no_errors() -> None:
    assert checks.findings(Thesaurus.load().triples(), level=Level.ERROR) == ()


def test_a_foreign_thesaurus_need_not_follow_our_rules() -> None:
    text = (
        PREFIXES
        + SCHEMES
        + f':a {CONCEPT} ; skos:prefLabel "Erle"@de ; skos:broader :b . :b {CONCEPT} ; skos:prefLabel "Baum"@de .'
    )
    assert checks.findings([quad.triple for quad in store(text)]) == ()


def test_a_finding_is_graver_on_our_own_concepts_where_a_check_says_so() -> None:
    text = PREFIXES + 'term:A a skos:Concept ; skos:prefLabel "A"@en . :a a skos:Concept ; skos:prefLabel "B"@en .'
    levels = {finding.concept: finding.level for finding in of("missing-scheme", found(text))}
    assert levels == {f"{DEFAULT_BASE}id/term/A": Level.ERROR, "http://example.org/voc/a": Level.WARNING}


def test_our_own_are_those_under_the_base() -> None:
    moved = "https://example.org/abs/"
    text = (PREFIXES + SCHEMES + 'term:A a skos:Concept ; skos:prefLabel "A"@fr .').replace(
        DEFAULT_BASE + "id", moved + "id"
    )
    triples = [quad.triple for quad in store(text)]
    assert "missing-english-label" in {finding.check for finding in checks.findings(triples, moved)}
    assert "missing-english-label" not in {finding.check for finding in checks.findings(triples)}


def test_findings_come_graver_ones_first_and_by_concept() -> None:
    ranks = [(one.level.rank, one.check, one.concept) for one in found(PREFIXES + A + B + ":a skos:broader :a , :z .")]
    assert ranks == sorted(ranks)
    assert len({rank for rank, _, _ in ranks}) == 3


def test_languages_can_be_asked_for() -> None:
    statements = store(PREFIXES + SCHEMES + A)
    assert of("incomplete-languages", checks.checked(statements)) == []
    [missing] = of("incomplete-languages", checks.checked(statements, languages=["en", "zh", "ar"]))
    assert missing.message == "no skos:prefLabel in ar, zh; expected one"


def test_no_label_is_left_out_of_the_exact_checks_that_they_would_find() -> None:
    """Of random hostile labels, what the quick reading calls sound must have no finding in the whole store."""
    chance = random.Random(7)
    letters = [
        "a",
        "Z",
        "é",
        " ",
        "  ",
        "\n",
        "\t",
        "\u200b",
        "\ufeff",
        "\ufffd",
        "Л",
        "森",
        "غ",
        "、",
        "1",
        "-",
        "\n fr",
        "\u00ad",
        "ñ",
        "Δ",
        "가",
        "か",
    ]
    tags = ["en", "fr", "zh", "zh-Hans", "ar", "ru", "ja", "ko", "el", "jp", "eng", "sr", "und"]
    kinds = [ox.NamedNode(f"http://www.w3.org/2004/02/skos/core#{name}Label") for name in ("pref", "alt", "hidden")]
    statements = ox.Store()
    for number in range(3000):
        node = ox.NamedNode(f"http://example.org/{number}")
        statements.add(
            ox.Quad(
                node,
                ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
                ox.NamedNode("http://www.w3.org/2004/02/skos/core#Concept"),
            )
        )
        for kind in chance.choices(kinds, k=2):
            text = "".join(chance.choices(letters, k=chance.randint(0, 4)))
            statements.add(ox.Quad(node, kind, ox.Literal(text, language=chance.choice(tags))))
    suspects = Labels(statements, share=1.0).suspects
    looked_at = [one for one in catalogue() if one.reads_labels]
    assert len(suspects) < len(statements)
    for one in looked_at:
        exact, quick = (
            {str(solution["node"]) for solution in asked.query(one.query)}  # type: ignore[union-attr]
            for asked in (statements, suspects)
        )
        assert quick == exact, one.id


# ------------------------------------------------------------------------------------------------------ what is touched


def test_what_is_touched_has_the_findings_of_the_whole_thesaurus() -> None:
    sound = "".join(
        f':sound{n} {CONCEPT} ; skos:prefLabel "Sound {n}"@en ; skos:related :sound0 .\n' for n in range(50)
    )
    for name, cases in CASES.items():
        for case in cases:
            if not case.node or not by_id()[name].is_local:
                continue
            triples = [quad.triple for quad in store(case.text(case.bad) + sound)]
            concept = ox.NamedNode(case.iri)
            whole = [one for one in checks.findings(triples, level=Level.INFO) if one.concept == concept.value]
            near = checks.touched(triples, DEFAULT_BASE, [concept], level=Level.INFO)
            assert of(name, near)
            assert list(near) == [one for one in whole if by_id()[one.check].is_local], name


def test_what_is_not_touched_is_not_told() -> None:
    triples = [quad.triple for quad in store(PREFIXES + SCHEMES + A + f':b {CONCEPT} ; skos:prefLabel " B"@en .')]
    assert checks.touched(triples, DEFAULT_BASE, [Iris().term("A")]) == ()
    assert checks.touched(triples, DEFAULT_BASE, []) == ()


# -------------------------------------------------------------------------------------------------------- the hierarchy


def test_a_hierarchy_of_any_depth_is_walked() -> None:
    depth = 20_000
    edges = [(str(n), str(n + 1)) for n in range(depth)]
    deep = Hierarchy(edges)
    assert deep.leads("0", str(depth))
    assert not deep.leads(str(depth), "0")
    assert deep.cycle("0") == ()
    ring = Hierarchy([*edges, (str(depth), "0")])
    assert len(ring.cycle("7")) == depth + 2


def test_shortcuts_in_a_deep_hierarchy_are_all_found_in_no_time() -> None:
    depth = 3000
    text = PREFIXES + SCHEMES + "".join(f":c{n} skos:broader :c{n + 1} , :c{n + 2} .\n" for n in range(depth))
    began = time.process_time()
    assert len(of("redundant-broader", found(text))) == depth - 1
    assert time.process_time() - began < 20


def test_the_hierarchy_agrees_with_a_plain_closure_of_random_graphs() -> None:
    chance = random.Random(3)
    for _ in range(60):
        edges = {(str(chance.randrange(9)), str(chance.randrange(9))) for _ in range(chance.randrange(1, 16))}
        edges = {(below, above) for below, above in edges if below != above}
        closure = set(edges)
        while more := {(a, d) for a, b in closure for c, d in closure if b == c} - closure:
            closure |= more
        walked = Hierarchy(edges)
        for one in map(str, range(9)):
            assert bool(walked.cycle(one)) == ((one, one) in closure)
            for other in map(str, range(9)):
                if one != other:
                    assert walked.leads(one, other) == ((one, other) in closure), (edges, one, other)
