"""The ontology: linted by SHACL, and every word of it that is used anywhere is declared, once."""

import csv
import os
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from rdflib.namespace import OWL, RDF, RDFS, SKOS

import ontology
from loaders import context
from ontology.identifiers import Iris

ROOT = Path(__file__).parents[1]
NS = "https://w3id.org/clearinghouse/ns#"
LINT = Path(__file__).parent / "ontology_lint.ttl"
WORDS = {"translations": "rdfs:label", "definitions": "skos:definition", "other-vocabularies": "rdfs:label"}
"""The modules of words in other languages, and the property that they give."""
MODULES = sorted((ROOT / "ontology").glob("*.ttl"))


@cache
def graph() -> rdflib.Graph:
    whole = rdflib.Graph()
    for module in MODULES:
        whole.parse(module, format="turtle")
    return whole


def linted(data: rdflib.Graph) -> list[str]:
    """What the lint finds: focus node, path and message of each result."""
    _, report, _ = pyshacl.validate(data, shacl_graph=rdflib.Graph().parse(LINT, format="turtle"))
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    return sorted(
        f"{report.value(result, sh.focusNode)} {report.value(result, sh.resultPath)} "
        f"{report.value(result, sh.resultMessage)}"
        for result in report.subjects(RDF.type, sh.ValidationResult)
    )


@cache
def declared() -> frozenset[str]:
    return frozenset(
        str(subject).removeprefix(NS) for subject in graph().subjects(RDF.type) if str(subject).startswith(NS)
    )


def test_the_lint_finds_nothing() -> None:
    assert len(declared()) > 500
    assert linted(graph()) == []


BROKEN = {
    "no label": "ch:x a owl:Class ; skos:definition 'A.'@en ; rdfs:isDefinedBy <https://w3id.org/clearinghouse/ns> .",
    "two labels": "ch:Link rdfs:label 'Other'@en .",
    "labels in some languages only": "ch:X a owl:Class ; rdfs:label 'X'@en, 'X'@fr ; skos:definition 'X.'@en ; "
    "rdfs:isDefinedBy <https://w3id.org/clearinghouse/ns> .",
    "a question in some languages only": "ch:x a ch:Question ; skos:notation '1' ; rdfs:label 'X'@en, 'X'@fr ; "
    "rdfs:isDefinedBy <https://w3id.org/clearinghouse/ns> .",
    "a word of others in some languages only": "sdo:about rdfs:label 'About'@en .",
    "a word of others declared here": "sdo:name a owl:DatatypeProperty .",
    "two definitions": "ch:Link skos:definition 'Other.'@en .",
    "declared as two things": "ch:Link a owl:ObjectProperty .",
    "no ontology": "ch:X a owl:Class ; rdfs:label 'X'@en ; skos:definition 'X.'@en .",
    "a class written small": "ch:x a owl:Class ; rdfs:label 'X'@en ; skos:definition 'X.'@en ; "
    "rdfs:isDefinedBy <https://w3id.org/clearinghouse/ns> .",
    "no range": "ch:x a owl:ObjectProperty ; rdfs:label 'X'@en ; skos:definition 'X.'@en ; rdfs:domain ch:Link ; "
    "rdfs:isDefinedBy <https://w3id.org/clearinghouse/ns> .",
    "an object that is text": "ch:government rdfs:range xsd:string .",
    "a text that is an object": "ch:guid rdfs:range ch:Link .",
    "below a class that is not there": "ch:Link rdfs:subClassOf ch:Nowhere .",
    "below a property that is not there": "ch:guid rdfs:subPropertyOf ch:nowhere .",
    "a subject without a type": "ch:Nowhere rdfs:label 'X'@en .",
    "two versions": "<https://w3id.org/clearinghouse/ns> owl:versionInfo '9' .",
}


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN)
def test_the_lint_finds_what_is_broken(statement: str) -> None:
    small = rdflib.Graph()
    for module in ("core", *WORDS):
        small.parse(ROOT / "ontology" / f"{module}.ttl", format="turtle")
    before = set(linted(small))
    prefixes = "".join(f"@prefix {name}: <{iri}> . " for name, iri in small.namespaces())
    small.parse(data=prefixes + statement, format="turtle")
    assert set(linted(small)) - before


def test_the_header_of_the_lint_needs_everything() -> None:
    header = rdflib.URIRef("https://w3id.org/clearinghouse/ns")
    whole = [(header, p, o) for p, o in graph().predicate_objects(header)]
    assert len(whole) >= 10
    for statement in whole:
        rest = rdflib.Graph()
        for other in whole:
            if other != statement:
                rest.add(other)
        assert linted(rest), statement


def test_nothing_is_declared_twice() -> None:
    places = defaultdict(list)
    for module in MODULES:
        for name in re.findall(r"^(\S+) a ", module.read_text(encoding="utf-8"), re.MULTILINE):
            places[name].append(module.name)
    names = {name: where for name, where in places.items() if not name.startswith("question:")}
    assert {name: where for name, where in names.items() if len(where) > 1} == {}
    assert {name.removeprefix("ch:") for name in names if name.startswith("ch:")} == declared()


def sources() -> list[Path]:
    found = [
        *(ROOT / "loaders" / "contexts").glob("*.jsonld"),
        *(ROOT / "shapes").glob("*.ttl"),
        *(ROOT / "ontology").glob("*.ttl"),
        *(ROOT / "thesaurus" / "schemes").glob("*.ttl"),
        *(ROOT / "endpoint").rglob("*.rq"),
        *(ROOT / "endpoint").rglob("*.ttl"),
        *(
            path
            for package in ("thesaurus", "shapes", "loaders", "endpoint")
            for path in (ROOT / package).rglob("*.py")
        ),
    ]
    return sorted(found)


@pytest.mark.parametrize("folder", ["loaders/contexts", "shapes", "ontology", "thesaurus", "endpoint", "loaders"])
def test_no_word_is_used_that_is_not_declared(folder: str) -> None:
    paths = [path for path in sources() if path.is_relative_to(ROOT / folder)]
    assert paths
    undeclared = {}
    for path in paths:
        text = path.read_text(encoding="utf-8")
        full = re.findall(re.escape(NS) + r"([A-Za-z][\w-]*)", text)
        compact = [] if path.suffix == ".py" else re.findall(r"(?<![\w:/#])ch:([A-Za-z][\w-]*)", text)
        if unknown := {*full, *compact} - declared():
            undeclared[path.name] = sorted(unknown)
    assert undeclared == {}


def test_every_class_and_property_is_used() -> None:
    """By a context, a shape, a query, the thesaurus, the code or another term."""
    used = set()
    for path in sources():
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"(?m)(?<!^)(?:\bch:|ns#)([A-Za-z][\w-]*)", text))
        used |= set(re.findall(r'"([A-Za-z]\w*)"', text)) if path.suffix == ".py" else set()
    assert sorted(declared() - used) == []


def test_no_class_or_property_is_below_itself() -> None:
    for predicate in (RDFS.subClassOf, RDFS.subPropertyOf):
        for start in set(graph().subjects(predicate)):
            above = set(graph().transitive_objects(start, predicate)) - {start}
            assert all(start not in set(graph().objects(one, predicate)) for one in above), start


@pytest.mark.parametrize("schema", context.schemas())
def test_the_class_of_a_schema_is_a_record(schema: str) -> None:
    kind = rdflib.URIRef(str(context.class_of(schema)))
    assert (kind, RDF.type, OWL.Class) in graph()
    assert rdflib.URIRef(NS + "Record") in set(graph().transitive_objects(kind, RDFS.subClassOf))


def test_no_two_schemas_share_a_class() -> None:
    kinds = [context.class_of(schema) for schema in context.schemas()]
    assert len(set(kinds)) == len(kinds)


def titles() -> Path:
    given = os.environ.get("CLEARINGHOUSE_LABELS")
    return (Path(given) if given else ROOT.parent / "shared" / "data" / "labels") / "record-types.tsv"


def test_record_classes_carry_the_published_labels() -> None:
    """In the languages in which a clearing-house publishes a title of the schema; English may be spelled out."""
    if not titles().exists():
        pytest.skip(f"{titles()} with the published titles is not there; CLEARINGHOUSE_LABELS names its folder")
    published = defaultdict(lambda: defaultdict(set))
    with titles().open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            for key, title in row.items():
                if key.startswith("title_") and title:
                    published[row["schema"]][key.removeprefix("title_")].add(title.strip())
    compared = 0
    for schema in sorted(set(context.schemas()) & set(published)):
        labels = {
            label.language: str(label)
            for label in graph().objects(rdflib.URIRef(str(context.class_of(schema))), RDFS.label)
        }
        foreign = {language: found for language, found in published[schema].items() if language != "en"}
        lacking = {
            language
            for language, found in foreign.items()
            if labels.get(language) not in found and not found <= published[schema]["en"]
        }
        assert not lacking, (schema, labels, foreign)
        compared += 1
    assert compared > 15


OF_TURTLE = frozenset({"ch", "chs", "owl", "rdf", "rdfs", "scheme", "sh", "term", "vann", "xsd"})
"""Prefixes of our own words and of those that say how shapes and ontology are written."""


@pytest.mark.parametrize(("module", "property_"), WORDS.items())
def test_translations_are_sorted_one_term_a_line(module: str, property_: str) -> None:
    lines = [
        line
        for line in (ROOT / "ontology" / f"{module}.ttl").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(("#", "@prefix"))
    ]
    assert len(lines) > 100
    form = re.compile(rf'\S+ {property_} "[^"\\]+"@\w\w(, "[^"\\]+"@\w\w)* \.')
    assert [line for line in lines if not form.fullmatch(line)] == []
    names = [line.partition(" ")[0] for line in lines]
    assert names == sorted(set(names))
    for line in lines:
        tags = re.findall(r'"@(\w\w)', line)
        assert tags == sorted(set(tags)), line


def test_every_word_of_others_that_a_record_may_use_has_labels() -> None:
    """Those of the contexts, of the shapes, and the classes and properties that ours stand below."""
    labelled = {str(term) for term in graph().subjects(RDFS.label)}
    texts = [
        path.read_text(encoding="utf-8")
        for folder, ending in (("loaders/contexts", "*.jsonld"), ("shapes", "*.ttl"))
        for path in (ROOT / folder).glob(ending)
    ]
    namespaces = dict(
        pair
        for text in (*texts, *(module.read_text(encoding="utf-8") for module in MODULES))
        for pair in re.findall(r"@prefix (\w+): <([^>]+)>", text) + re.findall(r'"(\w+)": "(http[^"]+[#/])"', text)
    )
    used = {
        namespaces[prefix] + name
        for text in texts
        for prefix, name in re.findall(r"\b(\w+):([A-Za-z][\w-]*)", text)
        if prefix in namespaces and prefix not in OF_TURTLE
    }
    used |= {
        str(above)
        for predicate in (RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range)
        for above in graph().objects(None, predicate)
    }
    assert len(used) > 100
    assert sorted(used - labelled) == []


def test_the_questions_move_with_the_base() -> None:
    base = "https://example.org/kg/"
    here, there = ontology.load(), ontology.load(base)
    assert len(here) == len(there)
    assert Iris(base).question("absNationalReport1", "Q004") in {triple.subject for triple in there}
    assert not any(f"{Iris().base}id/" in str(triple) for triple in there)
    assert {triple for triple in here if str(triple.subject).startswith(f"<{NS}")} == {
        triple for triple in there if str(triple.subject).startswith(f"<{NS}")
    }


def test_the_modules_are_plain_turtle() -> None:
    """No blank nodes, so that the modules can be compared statement by statement."""
    assert not any(
        isinstance(term, ox.BlankNode) for triple in ontology.load() for term in (triple.subject, triple.object)
    )
    assert (rdflib.URIRef(NS + "Record"), SKOS.definition, None) in graph()
