"""The shapes files: linted, valid SHACL themselves, compiled, and no rule of them untested."""

import json
from collections import defaultdict
from functools import cache
from importlib.resources import files
from typing import Any

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib

import ontology
import shapes
from loaders import context
from loaders.documents import document
from loaders.judgement import Judge
from loaders.mapping import Mapping
from ontology.identifiers import Iris
from shapes import lint
from shapes.index import Statements
from shapes.report import Result
from shapes.terms import SH
from thesaurus.vocabulary import Thesaurus

NS = "https://w3id.org/clearinghouse/ns#"
SHAPES = "https://w3id.org/clearinghouse/shapes#"
EXAMPLES = files("shapes") / "examples"


def sh(name: str) -> ox.NamedNode:
    return ox.NamedNode(SH + name)


@cache
def bundled() -> Statements:
    return Statements(shapes.load())


@cache
def judge() -> Judge:
    judge = Judge(Mapping(Iris(), Thesaurus.load()), lambda guid: None)
    judge.validator.confirm, judge.validator.sample = False, 0.0  # the tests of the examples have them confirmed
    return judge


@cache
def in_rdflib() -> rdflib.Graph:
    text = ox.serialize(shapes.load(), format=ox.RdfFormat.N_TRIPLES)
    return rdflib.Graph().parse(data=text, format="nt")


def patched(target: Any, patch: Any) -> Any:
    """RFC 7396 JSON merge patch."""
    if not isinstance(patch, dict):
        return patch
    result = {**target} if isinstance(target, dict) else {}
    for key, value in patch.items():
        result[key] = patched(result.get(key), value)
        if value is None:
            del result[key]
    return result


@cache
def results_of_examples() -> tuple[Result, ...]:
    """The results of every invalid example."""
    found: list[Result] = []
    for schema in context.schemas():
        example = json.loads((EXAMPLES / f"{schema}.json").read_text(encoding="utf-8"))
        judge().forget()
        judge().schema_of = example.get("neighbours", {}).get
        for case in example["invalid"].values():
            text = json.dumps(patched(example["valid"], case["patch"]))
            [mapped] = judge().mapping.mapped([document(json.loads(text), text)])
            iri = judge().mapping.iris.record(mapped.document.guid).value
            found += judge().validator.check({iri: mapped.quads}).get(iri, ())
    return tuple(found)


DCTERMS, XSD = "http://purl.org/dc/terms/", "http://www.w3.org/2001/XMLSchema#"
NEVER_MAPPED = {
    "A record has exactly one GUID of 11 to 128 letters, digits, hyphens or underscores.": (
        NS + "guid",
        ox.Literal("x"),
    ),
    "The document number is one integer.": (NS + "documentId", ox.Literal("x")),
    "The time of the last change is not a date with a time.": (DCTERMS + "modified", ox.Literal("x")),
    "The title or name is not a text.": (DCTERMS + "title", ox.Literal("1", datatype=ox.NamedNode(XSD + "integer"))),
    "The scientific name is not a plain text.": (
        "http://rs.tdwg.org/dwc/terms/scientificName",
        ox.Literal("x", language="en"),
    ),
}
"""Rules that no document can break, since the mapping makes no such statement: message → predicate and wrong value."""


@cache
def results_of_statements() -> tuple[Result, ...]:
    """The results of valid examples, each with one wrong statement that the mapping would not make."""
    found: list[Result] = []
    for schema in ("absPermit", "organism"):
        example = json.loads((EXAMPLES / f"{schema}.json").read_text(encoding="utf-8"))
        text = json.dumps(example["valid"])
        [mapped] = judge().mapping.mapped([document(json.loads(text), text)])
        record = judge().mapping.iris.record(mapped.document.guid)
        for predicate, value in NEVER_MAPPED.values():
            wrong = ox.Quad(record, ox.NamedNode(predicate), value, record)
            found += judge().validator.check({record.value: [*mapped.quads, wrong]}).get(record.value, ())
    return tuple(found)


def test_the_lint_finds_nothing() -> None:
    assert lint.findings(shapes.load()) == []


def test_the_shapes_are_valid_shacl() -> None:
    conforms, _, text = pyshacl.validate(rdflib.Graph(), shacl_graph=in_rdflib(), meta_shacl=True)
    assert conforms, text


def test_misspelt_shapes_are_not_valid_shacl() -> None:
    broken = rdflib.Graph()
    broken.parse(data=f"<urn:s> a <{SH}NodeShape> ; <{SH}property> [ <{SH}minCount> 'one' ] .", format="turtle")
    with pytest.raises(pyshacl.errors.ReportableRuntimeError, match="SHACL"):
        pyshacl.validate(rdflib.Graph(), shacl_graph=broken, meta_shacl=True)


def test_the_bundled_shapes_are_compiled() -> None:
    assert judge().validator.handed_over is None
    assert judge().validator.compiled is not None


def test_every_rule_is_broken_by_an_example() -> None:
    """Every shape with a message gives a result for an invalid example, so that no rule is untested."""
    by_examples = {message for result in results_of_examples() for message in dict(result.messages).values()}
    by_statements = {message for result in results_of_statements() for message in dict(result.messages).values()}
    assert by_statements >= NEVER_MAPPED.keys()
    assert not NEVER_MAPPED.keys() & by_examples
    said = by_examples | NEVER_MAPPED.keys()
    messages = {
        value.value: shape
        for shape, predicate, value in bundled()
        if predicate == sh("message") and isinstance(value, ox.Literal)
    }
    assert len(messages) > 200
    assert sorted(message for message in messages if message not in said) == []


def test_every_named_rule_with_a_target_is_broken_by_an_example() -> None:
    """Where two rules share a message, their names tell them apart."""
    broken = {result.shape for result in (*results_of_examples(), *results_of_statements())}
    named = {
        shape.value
        for shape, predicate, _ in bundled()
        if predicate == sh("message") and isinstance(shape, ox.NamedNode)
    }
    assert sorted(named - broken) == []


def test_every_rule_explains_itself_in_english_and_once_per_language() -> None:
    texts = defaultdict(list)
    for shape, predicate, value in bundled():
        if predicate == sh("message"):
            assert isinstance(value, ox.Literal)
            texts[shape].append(value)
    for shape, messages in texts.items():
        languages = [message.language for message in messages]
        assert "en" in languages, shape
        assert len(set(languages)) == len(languages), shape
        for message in messages:
            assert message.value.endswith("."), message
            assert len(message.value) > 15, message


def test_every_result_of_an_example_explains_itself() -> None:
    assert len(results_of_examples()) > 300
    assert [result for result in results_of_examples() if not dict(result.messages).get("en")] == []


def subclasses() -> dict[str, set[str]]:
    above = defaultdict(set)
    for triple in ontology.load():
        if triple.predicate.value.endswith("#subClassOf"):
            above[triple.subject.value].add(triple.object.value)
    return above


def test_every_national_record_needs_its_government() -> None:
    """By a class below the national records, which one shape requires it of."""
    national = {kind for kind, above in subclasses().items() if NS + "NationalRecord" in above}
    kinds = {str(context.class_of(schema)): schema for schema in context.schemas()}
    assert len(national & kinds.keys()) > 15
    for kind in national & kinds.keys():
        example = json.loads((EXAMPLES / f"{kinds[kind]}.json").read_text(encoding="utf-8"))
        text = json.dumps(patched(example["valid"], {"government": None}))
        whole = document(json.loads(text), text)
        whole.body.pop("government", None)
        found = judge().findings(judge().mapping.mapped([whole]))[0]
        assert ("Violation", "MinCountConstraintComponent", f"{whole.root}/government") in {
            (one.severity, one.code, one.pointer) for one in found
        }, kind


def test_every_national_record_context_knows_its_government() -> None:
    national = {kind for kind, above in subclasses().items() if NS + "NationalRecord" in above}
    for schema in context.schemas():
        if context.class_of(schema) in national:
            assert context.scope(schema).fields["government"] is not None


def test_every_record_class_is_the_target_of_a_shape() -> None:
    targets = {value.value for _, predicate, value in bundled() if predicate == sh("targetClass")}
    assert {str(context.class_of(schema)) for schema in context.schemas()} <= targets
    declared = {triple.subject.value for triple in ontology.load()}
    assert {target for target in targets if target.startswith(NS)} <= declared


def test_shapes_move_with_the_base() -> None:
    base = "https://example.org/kg/"
    there = shapes.load(base)
    assert len(there) == len(shapes.load())
    assert not any(f"{Iris().base}id/" in str(triple) for triple in there)
    assert any(f"<{base}id/term/" in str(triple) for triple in there)


def test_every_file_of_shapes_is_for_a_schema_or_for_several() -> None:
    names = {entry.name.removesuffix(".ttl") for entry in files("shapes").iterdir() if entry.name.endswith(".ttl")}
    assert names - set(context.schemas()) == {"common", "library", "schemes"}
