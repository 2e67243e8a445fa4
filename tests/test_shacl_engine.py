"""The validator: every constraint component both ways, batches, look-ups, confirmation, and agreement with pyshacl."""

import random
import time
from collections.abc import Iterable
from importlib.resources import files

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib

import shapes
from ontology.errors import EngineMismatch, ShapeError
from shapes import Result, Validator, compiled, lint
from shapes.index import Statements
from shapes.patterns import hazard
from shapes.reference import ReferenceFailure
from shapes.terms import RDF_TYPE, SUBCLASS_OF, XSD, Term, order, well_formed

EX = "https://example.org/"
PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix ch: <https://w3id.org/clearinghouse/ns#> . @prefix ex: <https://example.org/> .
"""
RECORD = EX + "a"


def triples(turtle: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(PREFIXES + turtle, format=ox.RdfFormat.TURTLE)]


def iri(name: str) -> ox.NamedNode:
    return ox.NamedNode(EX + name)


def typed(lexical: str, name: str) -> ox.Literal:
    return ox.Literal(lexical, datatype=ox.NamedNode(XSD + name))


def validator(turtle: str, ontology: str = "", background: str = "") -> Validator:
    told = triples(background)

    def lookup(node: ox.NamedNode) -> Iterable[ox.Triple]:
        return [t for t in told if node in (t.subject, t.object)]

    made = Validator(triples(turtle), triples(ontology), lookup)
    made.sample = 1.0
    return made


def property_shape(constraint: str, path: str = "ex:p") -> str:
    return f"ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:property ex:P . ex:P sh:path {path} ; {constraint} ."


def check(shape: str, statements: str, ontology: str = "", background: str = "") -> list[Result]:
    """Results of one record, compiled and confirmed by pyshacl."""
    made = validator(shape, ontology, background)
    assert made.handed_over is None
    found = made.check({RECORD: triples(f"ex:a a ex:C . {statements}")})
    assert not made.unconfirmed
    assert set(found) <= {RECORD}
    return found.get(RECORD, [])


# constraint on ex:p; values of ex:p, and more, that conform; that do not (None: nothing can); components of the results
COMPONENTS = [
    ("sh:class ex:D", "ex:b . ex:b a ex:D", "ex:b, 1", "Class Class"),
    ("sh:class ex:D", "ex:b . ex:b a ex:E", "ex:b . ex:b a ex:F", "Class"),
    ("sh:datatype xsd:integer", "1, '+07'^^xsd:integer", "'1_0'^^xsd:integer, 'x', ex:b", "Datatype Datatype Datatype"),
    ("sh:datatype xsd:date", "'2024-02-29'^^xsd:date",
     "'20240229'^^xsd:date, '2023-02-29'^^xsd:date", "Datatype Datatype"),
    ("sh:datatype xsd:dateTime", "'2024-02-29T10:00:00.5Z'^^xsd:dateTime", "'2024-02-29'^^xsd:dateTime", "Datatype"),
    ("sh:datatype xsd:gYear", "'1999'^^xsd:gYear", "'99'^^xsd:gYear", "Datatype"),
    ("sh:datatype xsd:gYearMonth", "'1999-12'^^xsd:gYearMonth", "'1999-13'^^xsd:gYearMonth", "Datatype"),
    ("sh:datatype xsd:boolean", "true, '0'^^xsd:boolean", "'TRUE'^^xsd:boolean", "Datatype"),
    ("sh:datatype xsd:decimal", "1.5", "'1e5'^^xsd:decimal, '1,5'^^xsd:decimal", "Datatype Datatype"),
    ("sh:datatype xsd:double", "1e5, 'INF'^^xsd:double", "'inf'^^xsd:double", "Datatype"),
    ("sh:datatype xsd:anyURI", "'http://x/é'^^xsd:anyURI", "'http://x y'^^xsd:anyURI", "Datatype"),
    ("sh:datatype xsd:language", "'zh-Hans'^^xsd:language", "'french!'^^xsd:language", "Datatype"),
    ("sh:datatype xsd:unsignedByte", "'255'^^xsd:unsignedByte", "'256'^^xsd:unsignedByte", "Datatype"),
    ("sh:datatype xsd:string", "'x'", "'x'@en", "Datatype"),
    ("sh:datatype rdf:langString", "'x'@en", "'x'", "Datatype"),
    ("sh:datatype rdf:HTML", "'<p>x'^^rdf:HTML", "'<p>x'", "Datatype"),
    ("sh:datatype ex:point", "'1 2'^^ex:point", "'1 2'", "Datatype"),
    ("sh:datatype rdfs:Literal", "'1 2'^^ex:point, 'x'@en", "ex:b", "Datatype"),
    ("sh:nodeKind sh:IRI", "ex:b", "'b', []", "NodeKind NodeKind"),
    ("sh:nodeKind sh:BlankNode", "[]", "'b', ex:b", "NodeKind NodeKind"),
    ("sh:nodeKind sh:Literal", "'b'", "ex:b", "NodeKind"),
    ("sh:nodeKind sh:BlankNodeOrIRI", "ex:b, []", "'b'", "NodeKind"),
    ("sh:nodeKind sh:BlankNodeOrLiteral", "'b', []", "ex:b", "NodeKind"),
    ("sh:nodeKind sh:IRIOrLiteral", "'b', ex:b", "[]", "NodeKind"),
    ("sh:minCount 2", "1, 2", "1, 1", "MinCount"),
    ("sh:maxCount 1", "", "1, 01", "MaxCount"),
    ("sh:minExclusive 1", "2, 1.5", "1", "MinExclusive"),
    ("sh:minInclusive 1", "1, 1.0, 1e0", "0", "MinInclusive"),
    ("sh:maxExclusive 1", "0.5", "1", "MaxExclusive"),
    ("sh:maxInclusive 1", "1", "2, ex:b, []", "MaxInclusive MaxInclusive MaxInclusive"),
    ("sh:minLength 2", "'ab', 10, ex:b", "'é', []", "MinLength MinLength"),
    ("sh:minLength 0", "'', []", None, ""),
    ("sh:maxLength 2", "'ab'@en", "'abc', []", "MaxLength MaxLength"),
    ("sh:pattern '^a+$'", "'aa', 'a'@en", "'A', []", "Pattern Pattern"),
    ("sh:pattern '^a+$', 'aa' ; sh:flags 'i'", "'AA'", "'A', 'b'", "Pattern Pattern Pattern"),
    ("sh:languageIn ('en' 'FR')", "'x'@en, 'x'@fr-CA", "'x'@de, 'x'", "LanguageIn LanguageIn"),
    ("sh:uniqueLang true", "'x'@en, 'y'@fr, 'x', 'y'", "'x'@en, 'y'@EN, 'z'@en", "UniqueLang"),
    ("sh:uniqueLang false", "'x'@en, 'y'@en", None, ""),
    ("sh:equals ex:q", "1, 2 ; ex:q 2, 1", "1 ; ex:q 2", "Equals Equals"),
    ("sh:disjoint ex:q", "1 ; ex:q 01", "1 ; ex:q 1", "Disjoint"),
    ("sh:lessThan ex:q", "1 ; ex:q 2, 3.5", "2 ; ex:q 2, 3, 1", "LessThan LessThan"),
    ("sh:lessThanOrEquals ex:q", "2 ; ex:q 2", "3 ; ex:q 2", "LessThanOrEquals"),
    ("sh:not [ sh:class ex:D ]", "ex:b", "ex:b . ex:b a ex:D", "Not"),
    ("sh:and ([ sh:minLength 2 ] [ sh:maxLength 3 ])", "'ab'", "'a', 'abcd'", "And And"),
    ("sh:or ([ sh:datatype xsd:date ] [ sh:nodeKind sh:IRI ])", "ex:b", "1", "Or"),
    ("sh:xone ([ sh:minLength 2 ] [ sh:minLength 4 ])", "'ab'", "'a', 'abcd'", "Xone Xone"),
    ("sh:node [ sh:property [ sh:path ex:q ; sh:minCount 1 ] ]", "ex:b . ex:b ex:q 1", "ex:b", "Node"),
    ("sh:property [ sh:path ex:q ; sh:minCount 1 ]", "ex:b . ex:b ex:q 1", "ex:b", "MinCount"),
    ("sh:qualifiedValueShape [ sh:minLength 2 ] ; sh:qualifiedMinCount 1", "'ab', 'a'", "'a'", "QualifiedMinCount"),
    ("sh:qualifiedValueShape [ sh:minLength 2 ] ; sh:qualifiedMaxCount 1", "'ab', 'a'",
     "'ab', 'ac'", "QualifiedMaxCount"),
    ("sh:hasValue 1, ex:b", "1, ex:b, 2", "01", "HasValue HasValue"),
    ("sh:in (1 ex:b 'x'@en)", "1, 'x'@EN", "01, 'x'", "In In"),
    ("sh:minCount 1 ; sh:deactivated true", "", None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("constraint", "good", "bad", "components"), COMPONENTS)
def test_a_component_accepts_and_refuses(constraint: str, good: str, bad: str | None, components: str) -> None:
    shape, ontology = property_shape(constraint), "ex:E rdfs:subClassOf ex:M . ex:M rdfs:subClassOf ex:D ."
    assert check(shape, f"ex:a ex:p {good} ." if good else "", ontology) == []
    if bad is not None:
        results = check(shape, f"ex:a ex:p {bad} ." if bad else "", ontology)
        assert [r.component for r in results] == [f"{name}ConstraintComponent" for name in components.split()]


def test_a_closed_shape_names_the_predicate_and_value_that_it_does_not_list() -> None:
    shape = property_shape("sh:minCount 0") + "ex:S sh:closed true ; sh:ignoredProperties (rdf:type ex:q) ."
    assert check(shape, "ex:a ex:p 1 ; ex:q 2 .") == []
    [result] = check(shape, "ex:a ex:p 1 ; ex:other 3 .")
    assert (result.path, result.value, result.component) == (
        EX + "other",
        typed("3", "integer"),
        "ClosedConstraintComponent",
    )


def test_disjoint_qualified_shapes_do_not_count_what_a_sibling_counts() -> None:
    shape = """ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:property
        [ sh:path ex:p ; sh:qualifiedValueShape [ sh:class ex:D ] ; sh:qualifiedMinCount 1 ;
          sh:qualifiedValueShapesDisjoint true ],
        [ sh:path ex:p ; sh:qualifiedValueShape [ sh:class ex:F ] ; sh:qualifiedMinCount 1 ;
          sh:qualifiedValueShapesDisjoint true ] ."""
    assert check(shape, "ex:a ex:p ex:b, ex:c . ex:b a ex:D . ex:c a ex:F .") == []
    assert len(check(shape, "ex:a ex:p ex:b . ex:b a ex:D, ex:F .")) == 2


@pytest.mark.parametrize(
    ("path", "text", "values"),
    [
        ("ex:p", EX + "p", "b"),
        ("[ sh:inversePath ex:p ]", f"^<{EX}p>", "z"),
        ("( ex:p ex:q )", f"<{EX}p>/<{EX}q>", "c"),
        ("[ sh:alternativePath ( ex:p ex:r ) ]", f"<{EX}p>|<{EX}r>", "b e"),
        ("[ sh:zeroOrMorePath ex:q ]", f"<{EX}q>*", "a"),
        ("[ sh:zeroOrOnePath ex:p ]", f"<{EX}p>?", "a b"),
        ("( ex:p [ sh:oneOrMorePath ex:q ] )", f"<{EX}p>/<{EX}q>+", "c d"),
        ("( [ sh:inversePath ex:p ] [ sh:alternativePath ( ex:p ex:s ) ] )", f"^<{EX}p>/(<{EX}p>|<{EX}s>)", "a"),
    ],
)
def test_a_path_leads_to_its_values_and_has_sparql_text(path: str, text: str, values: str) -> None:
    data = "ex:a ex:p ex:b ; ex:r ex:e . ex:b ex:q ex:c . ex:c ex:q ex:d . ex:d ex:q ex:c . ex:z ex:p ex:a ."
    results = check(property_shape("sh:nodeKind sh:Literal", path), data)
    assert {r.value for r in results} == {iri(name) for name in values.split()}
    assert {r.path for r in results} == {text}


@pytest.mark.parametrize(
    ("target", "conforming"),
    [
        ("sh:targetClass ex:Below", "ex:a ex:p 1 . ex:b a ex:Above ."),
        ("sh:targetClass ex:Above", "ex:a ex:p 1 . ex:a a ex:Below ."),
        ("sh:targetNode ex:a", "ex:a ex:p 1 ."),
        ("sh:targetSubjectsOf ex:r", "ex:b ex:r ex:c ; ex:p 1 ."),
        ("sh:targetObjectsOf ex:r", "ex:b ex:r ex:a . ex:a ex:p 1 ."),
        ("a rdfs:Class", "ex:a ex:p 1 . ex:a a ex:S ."),
    ],
)
def test_a_target_finds_its_focus_nodes(target: str, conforming: str) -> None:
    shape = f"ex:S a sh:NodeShape ; {target} ; sh:property [ sh:path ex:p ; sh:minCount 1 ] ."
    ontology = "ex:Below rdfs:subClassOf ex:Middle . ex:Middle rdfs:subClassOf ex:Above ."
    assert check(shape, conforming, ontology) == []
    if "Above" in conforming:
        return
    [result] = check(shape, conforming.replace("ex:p", "ex:other"), ontology)
    assert result.component == "MinCountConstraintComponent"


def test_a_result_carries_what_the_shape_says() -> None:
    shape = property_shape(
        "sh:minCount 1 ; sh:severity sh:Warning ; sh:message 'A p.'@en, 'Un p.'@fr, 'p' ; ch:concerns ex:thing"
    )
    [result] = check(shape, "")
    assert (result.severity, result.focus, result.path, result.value) == ("Warning", iri("a"), EX + "p", None)
    assert (result.shape, result.concerns) == (EX + "P", EX + "thing")
    assert result.messages == {"": "p", "en": "A p.", "fr": "Un p."}
    assert (result.message("fr"), result.message("ru")) == ("Un p.", "A p.")


def test_a_result_inside_a_record_belongs_to_the_record() -> None:
    made = validator("ex:S a sh:NodeShape ; sh:targetClass ex:File ; sh:property [ sh:path ex:p ; sh:minCount 1 ] .")
    batch = {
        RECORD: triples("<https://example.org/a#/files/0> a ex:File ."),
        EX + "b": triples("ex:b ex:q <https://example.org/b#/x> . _:part a ex:File ; ex:p 1 ."),
        EX + "c": triples("ex:c ex:q 1 ."),
    }
    found = made.check(batch)
    assert {record: [r.focus for r in results] for record, results in found.items()} == {
        RECORD: [ox.NamedNode(RECORD + "#/files/0")]
    }


CLASS_OF_P = property_shape("sh:class ex:D ; sh:node [ sh:property [ sh:path ex:q ; sh:hasValue ex:scheme ] ]")


def test_nodes_outside_the_batch_are_looked_up() -> None:
    assert check(CLASS_OF_P, "ex:a ex:p ex:b .", background="ex:b a ex:D ; ex:q ex:scheme .") == []
    assert len(check(CLASS_OF_P, "ex:a ex:p ex:b .", background="ex:b a ex:D .")) == 1


def test_records_of_a_batch_see_each_other_and_not_their_earlier_statements() -> None:
    made = validator(
        CLASS_OF_P, background="ex:b a ex:D ; ex:q ex:scheme . <https://example.org/b#/x> a ex:D ; ex:q ex:scheme ."
    )
    referring = triples("ex:a a ex:C ; ex:p ex:b, <https://example.org/b#/x> .")
    assert made.check({RECORD: referring}) == {}
    assert len(made.check({RECORD: referring, EX + "b": []})[RECORD]) == 4
    described = triples("ex:b a ex:D ; ex:q ex:scheme .")
    assert len(made.check({RECORD: referring, EX + "b": described})[RECORD]) == 2


def test_a_backward_path_finds_referrers_outside_the_batch_but_no_replaced_ones() -> None:
    shape = property_shape("sh:minCount 1", "[ sh:inversePath ex:p ]")
    assert check(shape, "", background="ex:b ex:p ex:a .") == []
    made = validator(shape, background="ex:b ex:p ex:a .")
    assert len(made.check({RECORD: triples("ex:a a ex:C ."), EX + "b": []})[RECORD]) == 1


def test_a_record_cannot_extend_the_class_hierarchy() -> None:
    statements = "ex:a ex:p ex:b . ex:b a ex:Mine . ex:Mine rdfs:subClassOf ex:D ."
    assert len(check(property_shape("sh:class ex:D"), statements)) == 1
    assert len(check(property_shape("sh:class ex:D"), statements, background="ex:Mine rdfs:subClassOf ex:D .")) == 1


@pytest.mark.parametrize(
    "value",
    [
        "'2024-01-01T00:00:00Z'^^xsd:dateTime",
        "'2024-01-01Z'^^xsd:date",
        "'31.12.2024'^^xsd:date",
        "'2024-01-01'",
        "'x'@en",
        "ex:b",
        "'NaN'^^xsd:double",
        "'2024'^^xsd:gYear",
    ],
)
@pytest.mark.parametrize("constraint", ["sh:minInclusive '2024-01-01'^^xsd:date", "sh:lessThan ex:q"])
def test_an_order_across_kinds_is_left_to_the_reference_engine(constraint: str, value: str) -> None:
    made = validator(property_shape(constraint))
    made.confirm = False
    data = f"ex:a a ex:C ; ex:p {value} ; ex:q '2024-06-01'^^xsd:date ."
    ours = made.check({RECORD: triples(data)}).get(RECORD, [])
    conforms, *_ = pyshacl.validate(graph(triples(data)), shacl_graph=graph(triples(property_shape(constraint))))
    assert (ours == []) == conforms


def test_an_ill_formed_value_under_an_order_does_not_end_the_run() -> None:
    shape = property_shape("sh:lessThanOrEquals ex:q ; sh:datatype xsd:date")
    bad = ["'31.12.2024'^^xsd:date", "'05.01.2024'^^xsd:date"]
    for left, right in ((bad[0], bad[1]), (bad[1], bad[0]), (bad[0], "'2024-01-01'^^xsd:date")):
        components = {r.component for r in check(shape, f"ex:a ex:p {left} ; ex:q {right} .")}
        assert "DatatypeConstraintComponent" in components


def test_values_with_braces_and_backslashes_do_not_end_a_batch() -> None:
    shape = property_shape("sh:maxLength 3 ; sh:message 'Not {?value} {$this}'@en")
    values = ["{?value}", "\\1 \\g<0> \\", "{$this}{0}%s", 'a"b\nc\td', "\u0007é\U0001f33f‮"]
    statements = [ox.Triple(iri("a"), iri("p"), ox.Literal(value)) for value in values]
    made = validator(shape)
    results = made.check({RECORD: [*triples("ex:a a ex:C ."), *statements]})[RECORD]
    assert {str(r.value.value) for r in results if isinstance(r.value, ox.Literal)} == set(values)
    assert not made.unconfirmed


SPARQL = """ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:sparql ex:Q . ex:Q sh:severity sh:Info ;
    sh:message "No {?value}"@en, "Pas de {?value}"@fr ;
    sh:select "SELECT $this ?value WHERE { $this <https://example.org/p> ?value }" ."""


def test_shapes_with_sparql_are_handed_over_and_keep_their_messages() -> None:
    made = validator(SPARQL)
    assert made.handed_over is not None
    assert "sparql" in made.handed_over
    [result] = made.check({RECORD: triples("ex:a a ex:C ; ex:p 'a\\\\b' ."), EX + "b": triples("ex:b a ex:C .")})[
        RECORD
    ]
    assert (result.component, result.value) == ("SPARQLConstraintComponent", ox.Literal("a\\b"))
    assert result.messages == {"en": "No {?value}", "fr": "Pas de {?value}"}


@pytest.mark.parametrize(
    "shape",
    [
        property_shape("sh:minCountt 1"),
        property_shape("sh:minCount 1, 2"),
        property_shape("sh:minCount '1'"),
        property_shape("sh:pattern 'a' ; sh:flags 'x'"),
        property_shape("sh:qualifiedValueShape [], ex:T ; sh:qualifiedMinCount 1"),
        property_shape("sh:qualifiedMinCount 1"),
        property_shape("sh:datatype xsd:NCName"),
        property_shape("sh:minCount 1", "[ sh:inversePath ( ex:p ex:q ) ]"),
        property_shape("sh:minCount 1", "( ex:p )"),
        property_shape("sh:minCount 1", "[ sh:alternativePath ( ex:p ) ]"),
        property_shape("sh:minCount 1", "( ex:p ex:p ex:p ex:p ex:p ex:p ex:p ex:p ex:p ex:p ex:p )"),
        property_shape("sh:node ex:S"),
        property_shape("sh:node ex:P"),
        property_shape("sh:deactivated 'false'"),
        property_shape("sh:and 1"),
        "ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:minCount 1 .",
        "ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:property ex:N .",
        "ex:S a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ] .",
        "ex:K a sh:ConstraintComponent ; sh:parameter [ sh:path ex:k ] .",
    ],
)
def test_what_the_compiler_does_not_know_is_handed_over(shape: str) -> None:
    assert validator(shape).handed_over is not None


def test_malformed_shapes_are_an_error_of_this_application() -> None:
    with pytest.raises(ReferenceFailure, match="minCount"):
        validator(property_shape("sh:minCount 1, 2")).check({RECORD: triples("ex:a a ex:C .")})


def test_shapes_that_pyshacl_refuses_are_not_taken_for_records_it_cannot_judge() -> None:
    made = validator(property_shape("sh:minCount 1") + "ex:Unused a sh:NodeShape ; sh:path ex:p .")
    assert made.handed_over is None
    with pytest.raises(ReferenceFailure, match="NodeShape"):
        made.check({RECORD: triples("ex:a a ex:C .")})


def test_a_pattern_that_may_run_away_is_refused() -> None:
    with pytest.raises(ShapeError, match="repeats a group"):
        validator(property_shape("sh:pattern '^([a-z]+ ?)+$'"))


@pytest.mark.parametrize("pattern", ["^(a+)+$", r"^(\w+\s*)+$", "^(a|ab|ba)*$", "a*a*$", "(?=a)", r"(a)\1", "(x?y?)*"])
def test_a_hazardous_pattern_is_told(pattern: str) -> None:
    assert hazard(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["^[A-Z]+$", "^https?://", r"^\d+(-\d+)*$", r"^(\d+,)*$", "^(?:ab|c)*c$", "^[a-z]{2}$", "()", "^a( ?x ?b{2,9}-)*$"],
)
def test_a_linear_pattern_is_not(pattern: str) -> None:
    assert hazard(pattern) is None


def test_a_record_that_pyshacl_cannot_judge_is_told_and_the_others_are_confirmed() -> None:
    made = validator(property_shape("sh:lessThan ex:q ; sh:maxCount 1"))
    batch = {
        RECORD: triples("ex:a a ex:C ; ex:p [] ; ex:q 1 ."),
        EX + "b": triples("ex:b a ex:C ; ex:p 1, 2 ; ex:q 3 ."),
    }
    found = made.check(batch)
    assert {record: [r.component for r in results] for record, results in found.items()} == {
        RECORD: ["LessThanConstraintComponent"],
        EX + "b": ["MaxCountConstraintComponent"],
    }
    assert list(made.unconfirmed) == [RECORD]


def test_a_wrong_compiled_checker_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = validator(property_shape("sh:class ex:D"), background="ex:b a ex:D .")
    assert made.compiled is not None
    monkeypatch.setattr(made.compiled, "results", lambda graph, focus: [])
    assert made.check({RECORD: triples("ex:a a ex:C ; ex:p ex:b .")}) == {}
    with pytest.raises(EngineMismatch, match=r"https://example\.org/a.*ClassConstraintComponent"):
        made.check({RECORD: triples("ex:a a ex:C ; ex:p ex:c .")})
    made.sample = 0.0
    assert made.check({RECORD: triples("ex:a a ex:C ; ex:p ex:c .")}) == {}


def test_a_wrong_choice_of_focus_nodes_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = validator(property_shape("sh:minCount 1"))
    monkeypatch.setattr(made.compiled, "focus", lambda graph: {})
    with pytest.raises(EngineMismatch, match=r"only pyshacl.*MinCount"):
        made.check({RECORD: triples("ex:a a ex:C .")})


def test_a_record_with_many_values_takes_time_in_proportion() -> None:
    made = validator(property_shape("sh:datatype xsd:integer ; sh:disjoint ex:q ; sh:equals ex:p ; sh:hasValue 7"))
    made.confirm = False
    values = [typed(str(number), "integer") for number in range(50_000)]
    statements = [ox.Triple(iri("a"), iri(name), value) for name in ("p", "r") for value in values]
    started = time.process_time()
    assert made.check({RECORD: [*triples("ex:a a ex:C ."), *statements]}) == {}
    assert time.process_time() - started < 10


def test_a_checker_that_forgets_to_look_up_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = validator(property_shape("sh:class ex:D"), background="ex:b a ex:D .")
    made.sample = 0.0
    right = compiled.Shape.validate

    def blind(self: compiled.Shape, graph: object, focus: Term, found: list[object]) -> None:
        monkeypatch.setattr(graph, "objects", lambda n, p: [] if p == RDF_TYPE else type(graph).objects(graph, n, p))  # type: ignore[attr-defined]
        right(self, graph, focus, found)  # type: ignore[arg-type]

    monkeypatch.setattr(compiled.Shape, "validate", blind)
    with pytest.raises(EngineMismatch, match="only compiled"):
        made.check({RECORD: triples("ex:a a ex:C ; ex:p ex:b .")})


# Terms


def test_what_is_well_formed_here_is_so_for_rdflib() -> None:
    lexical = "0 -1 +07 1.5 .5 1. 1e3 INF NaN true false 2024-02-29 2024-02-29Z 2024-02-29+14:00 2024-02-29T10:00:00 "
    lexical += "2024-02-29T23:59:59.1234567-05:00 10:00:00 1999 --12 P1Y2M3DT4H5M6.7S PT1S -P1D 0aFF aGk= en zh-Hans x"
    forms = [
        "",
        " 1",
        "1_0",
        "20240229",
        "2024-02-30",
        "24:00:00",
        "-0044-03-15",
        "12024-01-01",
        "9" * 5000,
        *lexical.split(),
    ]
    accepted = 0
    for name in [
        "integer",
        "byte",
        "decimal",
        "double",
        "boolean",
        "date",
        "dateTime",
        "time",
        "duration",
        "hexBinary",
    ]:
        for form in forms:
            if well_formed(typed(form, name)):
                accepted += 1
                literal = rdflib.Literal(form, datatype=rdflib.URIRef(XSD + name), normalize=False)
                assert not literal.ill_typed, literal.n3()
    assert accepted > 40


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (typed("1", "integer"), typed("1.0", "decimal"), 0),
        (typed("1", "byte"), typed("1.5", "double"), -1),
        (ox.Literal("b"), ox.Literal("a"), 1),
        (typed("2024-01-01T00:00:00+02:00", "dateTime"), typed("2023-12-31T22:00:00Z", "dateTime"), 0),
        (typed("2024-01-01T00:00:00", "dateTime"), typed("2023-12-31T22:00:00Z", "dateTime"), None),
        (typed("2024-01-01", "date"), typed("2024-01-01T00:00:00", "dateTime"), None),
        (typed("x", "integer"), typed("1", "integer"), None),
        (ox.Literal("a", language="en"), ox.Literal("b", language="en"), None),
        (iri("a"), iri("b"), None),
    ],
)
def test_only_values_of_one_family_have_an_order(left: Term, right: Term, expected: int | None) -> None:
    assert order(left, right) == expected


# Lints

GOOD = property_shape("sh:lessThan ex:q ; sh:severity sh:Warning ; sh:message 'x'@en") + (
    "ex:S sh:property [ sh:path [ sh:alternativePath ( ex:p ex:q ) ] ; sh:datatype xsd:date ] ."
)


def test_good_shapes_have_no_findings() -> None:
    assert lint.findings(triples(GOOD)) == []


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (property_shape("sh:minCountt 1"), "unknown_terms"),
        (property_shape("sh:nodeKind sh:Iri"), "unknown_terms"),
        (property_shape("sh:minInclusive 1"), "orders_without_datatype"),
        (property_shape("sh:lessThan ex:q ; sh:datatype xsd:date"), "orders_without_datatype"),
        ("ex:S a sh:NodeShape ; sh:property [ sh:path ex:p ; sh:severity sh:Info ] .", "unexplained_severities"),
        ("ex:Q sh:severity sh:Info .", "misplaced_severities"),
        (property_shape("sh:message 'a'@en, 'b'@en"), "messages"),
        (property_shape("sh:message 'a'@fr"), "messages"),
        (property_shape("sh:pattern '^(a+)+$'"), "runaway_patterns"),
        (property_shape("sh:pattern '('"), "runaway_patterns"),
        (property_shape("sh:node ex:Missing"), "missing_shapes"),
        (property_shape("sh:or (ex:Missing)"), "missing_shapes"),
    ],
)
def test_a_lint_finds_its_fault(shape: str, name: str) -> None:
    assert {finding.lint for finding in lint.findings(triples(shape))} == {name}


def test_the_bundled_shapes_are_compiled_and_have_no_findings() -> None:
    bundled = shapes.load()
    assert Validator(bundled).handed_over is None
    assert lint.findings(bundled) == []


def meta() -> Validator:
    """The shapes of SHACL's own syntax (https://www.w3.org/TR/shacl/#shacl-shacl), as pyshacl brings them."""
    text = (files("pyshacl") / "assets" / "shacl-shacl.ttl").read_bytes()
    return Validator(quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE))


def test_the_bundled_shapes_are_shapes_for_shacl_itself() -> None:
    made = meta()
    assert made.handed_over is None
    assert made.check({"urn:shapes": shapes.load()}) == {}


@pytest.mark.parametrize("fault", ["", "sh:nodeKind 'IRI'", "sh:minCount 1.5", "sh:in 1", "sh:property ex:none"])
def test_shapes_for_shacl_itself_say_what_pyshacl_says_of_them(fault: str) -> None:
    turtle = property_shape(f"sh:minCount 1 ; {fault}")
    try:
        conforms, *_ = pyshacl.validate(rdflib.Graph(), shacl_graph=graph(triples(turtle)), meta_shacl=True)
    except pyshacl.errors.ReportableRuntimeError:
        conforms = False
    assert conforms == (fault == "")
    made = meta()
    made.confirm = False
    assert (made.check({"urn:shapes": triples(turtle)}) == {}) == conforms


# Random shapes and data, both engines


def graph(statements: Iterable[ox.Triple]) -> rdflib.Graph:
    return rdflib.Graph().parse(data=ox.serialize(statements, format=ox.RdfFormat.N_TRIPLES), format="nt")


DATATYPES = ["string", "integer", "decimal", "double", "boolean", "date", "dateTime", "gYear", "anyURI", "language"]
FORMS = ["", "a", "ab", "A-1", "0", "1", "01", "+1", "1.0", "1e1", "true", "2024-01-01", "2024-01-01Z", "2024-13-01"]
FORMS += ["2024-01-01T10:00:00", "2024-01-01T10:00:00Z", "20240101", "1999", "http://x", "en", "é\\n{?value}\\\\"]


class Generator:
    """Random shapes and records over a handful of names, so that they meet."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def literal(self) -> str:
        form = self.one(*FORMS)
        return f"'{form}'" + self.one("", "@en", "@EN", "@fr", "@en-GB", *(f"^^xsd:{name}" for name in DATATYPES))

    def term(self) -> str:
        return self.one(
            self.literal(), self.literal(), "ex:a", "ex:b", "ex:c", "ex:out", "<https://example.org/a#/0>", "_:b"
        )

    def path(self, depth: int = 2) -> str:
        plain = self.one("ex:p", "ex:q", "ex:r", "rdf:type")
        if not depth or self.random.random() < 0.7:
            return plain
        inner, other = self.path(depth - 1), self.path(depth - 1)
        forms = ["zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"]
        return self.one(
            f"[ sh:inversePath {plain} ]", f"( {inner} {other} )", f"[ sh:alternativePath ( {inner} {other} ) ]",
            f"[ sh:{self.one(*forms)} {inner} ]",
        )  # fmt: skip

    def nested(self, depth: int) -> str:
        path = f"sh:path {self.path(1)} ; " if self.random.random() < 0.3 else ""
        return f"[ {path}{self.constraints(depth - 1, bool(path))} ]"

    def constraints(self, depth: int, on_property: bool) -> str:
        number = str(self.random.randrange(3))
        found = [
            f"sh:class ex:{self.one('C', 'D', 'E')}", f"sh:datatype xsd:{self.one(*DATATYPES)}",
            f"sh:nodeKind sh:{self.one('IRI', 'Literal', 'BlankNodeOrIRI', 'IRIOrLiteral')}", f"sh:minLength {number}",
            f"sh:maxLength {number}", "sh:languageIn ('en' 'de')",
            f"sh:pattern '{self.one('^a', '1', '^[A-Z]-[0-9]$')}'",
            f"sh:{self.one('min', 'max')}{self.one('In', 'Ex')}clusive {self.one('1', '1.5', 'true', '%s^^xsd:date')}",
            f"sh:hasValue {self.term()}", f"sh:in ( {self.term()} {self.term()} )", "sh:datatype rdf:langString",
            f"sh:equals ex:{self.one('p', 'q')}", f"sh:disjoint ex:{self.one('p', 'q')}",
            "sh:closed true ; sh:ignoredProperties ( rdf:type ex:p )",
        ]  # fmt: skip
        if on_property:
            found += [f"sh:minCount {number}", f"sh:maxCount {number}", "sh:uniqueLang true", "sh:lessThan ex:q"]
            found += ["sh:lessThanOrEquals ex:r"]
        if depth:
            inner, other = self.nested(depth), self.nested(depth)
            found += [f"sh:not {inner}", f"sh:{self.one('and', 'or', 'xone')} ( {inner} {other} )"]
            found += [f"sh:node [ {self.constraints(depth - 1, False)} ]", self.property(depth - 1)]
            if on_property:
                found += [f"sh:qualifiedValueShape {inner} ; sh:qualified{self.one('Min', 'Max')}Count {number}"]
        chosen = self.random.sample(found, self.random.randrange(1, 4))
        names = [constraint.split()[0] for constraint in chosen]
        kept = [c for c, name in zip(chosen, names, strict=True) if names.count(name) == 1]
        return " ; ".join(kept or [f"sh:class ex:{self.one('C', 'D')}"]).replace("%s", "'2024-01-01'")

    def property(self, depth: int) -> str:
        return f"sh:property [ sh:path {self.path()} ; {self.constraints(depth, True)} ]"

    def shapes(self) -> str:
        target = self.one("sh:targetClass ex:C", "sh:targetSubjectsOf ex:p", "sh:targetObjectsOf ex:q")
        severity = self.one("", "sh:severity sh:Warning ; ")
        first, second = self.property(2), self.property(2).removeprefix("sh:property")
        body = f"{severity}{first}, {second} ; {self.constraints(2, False)}"
        return f"ex:S a sh:NodeShape ; {target} ; {body} ."

    def statement(self, nodes: list[str]) -> str:
        return f"{self.one(*nodes)} ex:{self.one('p', 'q', 'r')} {self.term()} ."

    def statements(self, name: str) -> str:
        nodes = [f"ex:{name}", f"<https://example.org/{name}#/0>", "_:b"]
        found = [f"{node} a ex:{self.one('C', 'D', 'E')} ." for node in nodes if self.random.random() < 0.7]
        found += [
            f"{self.one(*nodes)} ex:{self.one('p', 'q', 'r')} {self.term()} ."
            for _ in range(self.random.randrange(2, 12))
        ]
        return " ".join(found)


ONTOLOGY = "ex:E rdfs:subClassOf ex:D ."
BACKGROUND = "ex:out a ex:E ; ex:p ex:a, 'x'@en ; ex:q 1 ."


def test_random_shapes_and_records_get_the_same_results_from_both_engines(
    seed: int | None = None, seconds: float = 12.0
) -> None:
    seed = random.randrange(10**6) if seed is None else seed  # printed for another run
    deadline = time.monotonic() + seconds
    rounds = found = handed_over = 0
    while time.monotonic() < deadline:
        print(f"seed {seed + rounds}")  # noqa: T201  # shown when the test fails
        made = Generator(seed + rounds)
        turtle = made.shapes()
        engine = validator(turtle, ONTOLOGY, BACKGROUND)
        batch = {EX + name: triples(made.statements(name)) for name in ("a", "b", "c")}
        handed_over += engine.handed_over is not None
        if engine.handed_over is None:
            found += sum(map(len, engine.check(batch).values()))
        rounds += 1
    print(f"{rounds} rounds, {found} results, {handed_over} handed over")  # noqa: T201
    assert rounds > 50
    assert found > rounds
    assert handed_over < rounds / 4


def test_whole_reports_are_the_same_as_of_a_plain_pyshacl_run() -> None:
    for seed in range(40):
        made = Generator(seed)
        turtle = made.shapes()
        engine = validator(turtle, ONTOLOGY)
        statements = triples(made.statements("a"))
        if engine.handed_over is None:
            ours = engine.check({RECORD: statements})
            if engine.unconfirmed:
                continue
            everything = graph([*statements, *triples(ONTOLOGY)])
            conforms, _, text = pyshacl.validate(everything, shacl_graph=graph(triples(turtle)))
            assert (ours == {}) == conforms, f"seed {seed}: {text}"


def test_a_predicate_of_the_ontology_is_read_in_both_directions() -> None:
    below = Statements([ox.Triple(iri("E"), SUBCLASS_OF, iri("D"))])
    assert list(below.subjects(SUBCLASS_OF, iri("D"))) == [iri("E")]
    shape = property_shape("sh:hasValue ex:E", f"( rdf:type [ sh:inversePath <{SUBCLASS_OF.value}> ] )")
    assert check(shape, "", "ex:E rdfs:subClassOf ex:C .") == []
