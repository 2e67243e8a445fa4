"""SKOS files and terms of the API as changes of the thesaurus: what is added, replaced, taken out of use and told."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from ontology.identifiers import DEFAULT_BASE, Iris
from thesaurus.changes import Delta, applied, conflicts
from thesaurus.importing import merging, skos, terms
from thesaurus.importing.preview import conflict, preview
from thesaurus.importing.problems import Imported, Level
from thesaurus.statements import BROADER, CONCEPT, DEPRECATED, IN_SCHEME, MACHINE_LABEL, PREF_LABEL
from thesaurus.turtle import CH, SKOS, TYPE, ThesaurusError, triples
from thesaurus.vocabulary import Thesaurus

X = "https://example.org/v/"
PREFIXES = f"""@prefix x: <{X}> . @prefix skos: <{SKOS}> . @prefix ch: <{CH}> .
@prefix xl: <http://www.w3.org/2008/05/skos-xl#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix dcterms: <http://purl.org/dc/terms/> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix scheme: <{DEFAULT_BASE}id/scheme/> . @prefix term: <{DEFAULT_BASE}id/term/> .
"""
OLD = """
x:s a skos:ConceptScheme ; dcterms:title "Foreign"@en ; skos:hasTopConcept x:1 .
x:1 a skos:Concept ; skos:inScheme x:s ; skos:topConceptOf x:s ; skos:prefLabel "Land"@en , "Terre"@fr ;
  ch:unofficialLabel "Terre"@fr ; skos:altLabel "Soil"@en ; skos:exactMatch <https://example.com/land> .
x:2 a skos:Concept ; skos:inScheme x:s ; skos:prefLabel "Forest"@en ; skos:broader x:1 .
x:3 a skos:Concept ; skos:inScheme x:s ; skos:prefLabel "Tree"@en ; skos:broader x:2 ; skos:related x:1 .
x:4 a skos:Concept ; skos:inScheme x:s , x:other ; skos:prefLabel "Shared"@en .
x:g a skos:Collection ; skos:inScheme x:s ; skos:prefLabel "Group"@en ; skos:member x:1 .
x:9 a skos:Concept ; skos:inScheme x:other ; skos:prefLabel "Elsewhere"@en ; skos:related x:2 .
"""


def statements(text: str) -> list[ox.Triple]:
    return triples(PREFIXES + text, "test.ttl")


def triple(text: str) -> ox.Triple:
    [found] = statements(text)
    return found


def source(text: str, *, official: bool = False) -> Imported:
    return Imported(tuple(statements(text)), (), official)


def saved(path: Path, text: str) -> Path:
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode(X + name)


def change(old: str, new: str, *, replace: bool = False, official: bool = False) -> Delta:
    return merging.changes(statements(old), [source(new, official=official)], replace=replace)[0]


# Merging


def test_what_is_there_already_changes_nothing() -> None:
    assert change(OLD, OLD).is_empty()
    assert change(OLD, OLD, replace=True).is_empty()


def test_without_replacing_nothing_goes_that_has_no_other_value() -> None:
    added = 'x:1 skos:altLabel "Ground"@en . x:5 a skos:Concept ; skos:inScheme x:s ; skos:prefLabel "Bush"@en .'
    assert change(OLD, added) == Delta(frozenset(statements(added)), frozenset())


def test_a_new_preferred_label_takes_the_place_of_the_old_and_of_its_mark() -> None:
    assert change(OLD, 'x:1 skos:prefLabel "Terres"@fr .') == Delta(
        frozenset({triple('x:1 skos:prefLabel "Terres"@fr .')}),
        frozenset(statements('x:1 skos:prefLabel "Terre"@fr ; ch:unofficialLabel "Terre"@fr .')),
    )


def test_an_alternative_label_that_becomes_preferred_is_no_alternative_any_more() -> None:
    found = change(OLD, 'x:1 skos:prefLabel "Soil"@en .')
    assert found.removed == set(statements('x:1 skos:prefLabel "Land"@en ; skos:altLabel "Soil"@en .'))


def test_of_two_preferred_labels_the_one_there_stays_and_both_are_told() -> None:
    new = 'x:1 skos:prefLabel "Area"@en , "Land"@en .'
    delta, told = merging.changes(statements(OLD), [source(new)])
    assert delta == Delta(frozenset({triple('x:1 skos:altLabel "Area"@en .')}), frozenset())
    assert '"Land"@en stays so, "Area"@en become alternative' in str(told[0])


def test_a_label_that_an_official_source_has_is_official() -> None:
    label = 'x:1 skos:prefLabel "Terre"@fr .'
    assert change(OLD, label).is_empty()
    gone = triple('x:1 ch:unofficialLabel "Terre"@fr .')
    assert change(OLD, label, official=True) == Delta(frozenset(), frozenset({gone}))


def test_replacing_takes_out_of_use_what_is_no_longer_there() -> None:
    new = """
    x:s a skos:ConceptScheme ; dcterms:title "Foreign"@en ; skos:hasTopConcept x:1 .
    x:1 a skos:Concept ; skos:inScheme x:s ; skos:topConceptOf x:s ; skos:prefLabel "Land"@en ;
      skos:altLabel "Soil"@en .
    x:3 a skos:Concept ; skos:inScheme x:s ; skos:prefLabel "Tree"@en ; skos:broader x:1 ; skos:related x:1 .
    """
    delta, told = merging.changes(statements(OLD), [source(new)], replace=True)
    after = {*applied(statements(OLD), delta)}
    concepts = {one.subject for one in after if one.object == CONCEPT}
    assert concepts == {node(name) for name in "12349"}
    assert {one.subject for one in after if one.predicate == DEPRECATED} == {node("2"), node("g")}
    assert triple('x:2 skos:prefLabel "Forest"@en .') in after  # deprecated, not deleted
    assert not any(one.object == node("2") for one in after)
    assert triple("x:4 skos:inScheme x:other .") in after
    assert triple("x:4 skos:inScheme x:s .") not in after
    assert triple("x:1 skos:exactMatch <https://example.com/land> .") in after
    assert not any(one.object == ox.Literal("Terre", language="fr") for one in after)
    assert triple('x:9 skos:prefLabel "Elsewhere"@en .') in after
    shown = "\n".join(map(str, told))
    assert f"2 are no longer in the source and go out of use: {X}2, {X}g" in shown
    assert f"stay in other schemes only: {X}4" in shown


def test_what_is_out_of_use_here_stays_so_and_is_told() -> None:
    old = OLD + "x:2 owl:deprecated true ; dcterms:isReplacedBy x:1 ."
    delta, told = merging.changes(statements(old), [source(OLD)], replace=True)
    assert delta.is_empty()
    assert f"out of use here, and stay out of use: {X}2" in str(told[0])


def test_a_version_in_the_place_of_another_leaves_exactly_that_version() -> None:
    """Two versions of a large vocabulary, made at random, with everything in them said by both."""
    chance = random.Random(3)

    def version() -> list[ox.Triple]:
        made = [ox.Triple(node("s"), ox.NamedNode(TYPE), ox.NamedNode(SKOS + "ConceptScheme"))]
        for number in range(3_000):
            concept = node(f"c{number}")
            made += [ox.Triple(concept, ox.NamedNode(TYPE), CONCEPT), ox.Triple(concept, IN_SCHEME, node("s"))]
            made.append(ox.Triple(concept, BROADER, node(f"c{chance.randrange(number + 1)}")))
            for language in ("ar", "en", "zh"):
                label = ox.Literal(f"label {number} {chance.randrange(3)}", language=language)
                made.append(ox.Triple(concept, PREF_LABEL, label))
        return made

    old, new = version(), version()
    delta, told = merging.changes(old, [Imported(tuple(new), ())], replace=True)
    assert {*applied(old, delta)} == {*new}
    assert not told


# SKOS files


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.ttl", ox.RdfFormat.TURTLE),
        ("a.nt", ox.RdfFormat.N_TRIPLES),
        ("a.rdf", ox.RdfFormat.RDF_XML),
        ("a.xml", ox.RdfFormat.RDF_XML),
        ("a.owl", ox.RdfFormat.RDF_XML),
        ("a.jsonld", ox.RdfFormat.JSON_LD),
        ("a.trig", ox.RdfFormat.TRIG),
        ("a.n3", ox.RdfFormat.N3),
    ],
)
def test_every_syntax_gives_the_same_statements(tmp_path: Path, name: str, form: ox.RdfFormat) -> None:
    data = ox.serialize(statements(OLD), format=form)
    assert data is not None
    (tmp_path / name).write_bytes(data)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    (tmp_path / "plain").write_bytes(data)
    ending = name.partition(".")[2]
    for path, syntax in ((tmp_path / name, None), (tmp_path / f"{name}.gz", None), (tmp_path / "plain", ending)):
        found = skos.read(path, syntax)
        assert {*found.statements} == {*statements(OLD)}
        assert found.problems == ()


def test_a_file_that_does_not_parse_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ThesaurusError, match=r"a\.ttl: expected Turtle"):
        skos.read(saved(tmp_path / "a.ttl", "x:1 skos:prefLabel "))
    with pytest.raises(ThesaurusError, match=r"'doc' is no RDF syntax"):
        skos.read(saved(tmp_path / "a.doc", OLD))
    (tmp_path / "a.ttl.gz").write_bytes(b"no gzip")
    with pytest.raises(ThesaurusError, match=r"a\.ttl\.gz: expected Turtle"):
        skos.read(tmp_path / "a.ttl.gz")


def test_labels_of_skos_xl_become_plain_and_what_goes_with_them_is_told(tmp_path: Path) -> None:
    text = """
    x:1 a skos:Concept ; skos:inScheme x:s ; xl:prefLabel x:l1 ; xl:altLabel [ xl:literalForm "Soil"@en ] ;
      xl:hiddenLabel x:l3 .
    x:l1 a xl:Label ; xl:literalForm "Land"@en ; dcterms:created "2020" .
    x:l2 a xl:Label ; xl:literalForm "Unused"@en .
    """
    found = skos.read(saved(tmp_path / "a.ttl", text))
    assert {*found.statements} == {
        *statements('x:1 a skos:Concept ; skos:inScheme x:s ; skos:prefLabel "Land"@en ; skos:altLabel "Soil"@en .'),
        *statements('x:l2 a xl:Label ; xl:literalForm "Unused"@en .'),
    }
    told = "\n".join(map(str, found.problems))
    assert "2 labels of SKOS-XL are taken over as plain labels" in told
    assert "1 <http://purl.org/dc/terms/created> of labels are left out" in told
    assert "1 labels without a literal form are left out" in told
    assert "1 statements with <http://www.w3.org/2008/05/skos-xl#literalForm> stay as they are" in told


def test_blank_nodes_get_the_same_names_in_every_reading(tmp_path: Path) -> None:
    text = """
    x:1 a skos:Concept ; skos:inScheme x:s ; skos:note [ rdf:value "a"@en ; dcterms:source [ rdf:value "b" ] ] .
    x:2 a skos:Concept ; skos:inScheme x:s ; skos:note [ rdf:value "c"@en ] , _:c .
    _:c skos:note _:d . _:d skos:note _:c .
    """
    first = skos.read(saved(tmp_path / "a.ttl", text))
    again = skos.read(saved(tmp_path / "b.ttl", text.replace('"c"', '"other"').replace("_:c", "_:e")))
    assert not any(isinstance(part, ox.BlankNode) for one in first.statements for part in (one.subject, one.object))
    names = [
        {one.object for one in found.statements if one.subject == node("1") and one.predicate.value == SKOS + "note"}
        for found in (first, again)
    ]
    assert names[0] == names[1]
    assert len(names[0]) == 1
    told = "\n".join(map(str, first.problems))
    assert "3 blank nodes are named" in told
    assert "3 statements of blank nodes in a circle are left out" in told


def test_graph_names_and_owl_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.trig").write_text(
        PREFIXES + f"x:g {{ {OLD.replace('@prefix', '')} x:1 a owl:Class ; owl:sameAs x:8 . }}", encoding="utf-8"
    )
    found = skos.read(tmp_path / "a.trig")
    assert triple("x:1 owl:sameAs x:8 .") in found.statements
    told = "\n".join(map(str, found.problems))
    assert "the names of 1 graphs are left out" in told
    assert "1 statements with <http://www.w3.org/2002/07/owl#sameAs> stay as they are" in told
    assert "1 statements with <http://www.w3.org/2002/07/owl#Class> stay as they are" in told


def test_concepts_in_no_scheme_go_into_the_one_given(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "a.ttl",
        'x:1 a skos:Concept ; skos:prefLabel "Land"@en . x:s skos:hasTopConcept x:2 . x:2 a skos:Concept .',
    )
    [told] = skos.read(path).problems
    assert "1 concepts are in no scheme" in told.message
    found = skos.read(path, scheme=node("other"))
    assert [one for one in found.statements if one.predicate == IN_SCHEME] == [triple("x:1 skos:inScheme x:other .")]
    assert found.problems == ()


# Terms of the API

THESAURUS = Thesaurus(
    statements("""
    scheme:S a skos:ConceptScheme ; dcterms:identifier "S" .
    term:OLD a skos:Concept ; dcterms:identifier "OLD" ; ch:alternateIdentifier "OLDER" ; skos:inScheme scheme:S .
    """)
)


def read(path: Path, found: Any, domain: str | None = "S") -> Imported:
    path.write_text(json.dumps(found), encoding="utf-8")
    return terms.read({path: domain}, THESAURUS, Iris())


def test_a_term_becomes_a_concept(tmp_path: Path) -> None:
    term = {
        "termId": 7,
        "identifier": "LAND",
        "name": "Land",
        "title": {"en": " Land ", "zh": "土地", "ar": ""},
        "shortTitle": {"en": "Land", "fr": "Terre"},
        "description": "Ground",
        "longDescription": {"fr": "Sol"},
        "source": "A book",
        "broaderTerms": ["older"],
        "narrowerTerms": [{"identifier": "FOREST"}],
        "relatedTerms": ["NOWHERE"],
        "nonPreferedTerms": ["Soil"],
        "acronym": None,
    }
    found = read(tmp_path / "a.json", [term, {"identifier": "FOREST", "name": "Forest", "title": {}}])
    assert {*found.statements} == {
        *statements("""
        term:LAND a skos:Concept ; dcterms:identifier "LAND" ; skos:inScheme scheme:S ;
          skos:prefLabel "Land"@en , "土地"@zh ; skos:altLabel "Terre"@fr ; skos:definition "Ground"@en , "Sol"@fr ;
          dcterms:source "A book" ; skos:broader term:OLD .
        term:FOREST a skos:Concept ; dcterms:identifier "FOREST" ; skos:inScheme scheme:S ; skos:prefLabel "Forest"@en ;
          skos:broader term:LAND .
        """)
    }
    told = [str(problem) for problem in found.problems]
    assert any("relatedTerms: 'NOWHERE': no such term" in one for one in told)
    assert any("termId: 1 values are not taken over" in one for one in told)
    assert any("nonPreferedTerms: 1 values are not taken over" in one for one in told)
    assert len(told) == 3


def test_a_known_term_keeps_its_iri_in_any_spelling(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json", {"identifier": "older", "name": "Old"})
    assert {one.subject for one in found.statements} == {Iris().term("OLD")}
    assert not any(one.predicate.value.endswith("identifier") for one in found.statements)


def test_domains_become_schemes(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json", [{"domainId": 1, "identifier": "NEW", "name": "New words"}], None)
    expected = 'scheme:NEW a skos:ConceptScheme ; dcterms:identifier "NEW" ; dcterms:title "New words"@en .'
    assert {*found.statements} == {*statements(expected)}
    new = read(tmp_path / "a.json", {"identifier": "X", "name": "X"}, "NEW")
    assert triple("term:X skos:inScheme scheme:NEW .") in new.statements
    assert "NEW is a new scheme" in str(new.problems[0])


def test_faults_of_terms_are_told_together_with_their_place(tmp_path: Path) -> None:
    faulty = [
        {"name": "nobody"},
        {"identifier": "A", "title": "text"},
        {"identifier": "a", "title": {}},
        {"identifier": "B", "title": {"en": 5, "not a language": "x"}},
    ]
    found = read(tmp_path / "a.json", faulty)
    told = [str(problem) for problem in found.problems if problem.level == Level.ERROR]
    for place, what in (
        ("term 1", "identifier None"),
        ("term 2 (A), title", "'text'; expected texts by language"),
        ("term 3 (a)", "again the identifier"),
        ("term 4 (B), title", "5 in en; expected a text"),
        ("term 4 (B), title", "language 'not a language'"),
    ):
        assert any(place in one and what in one for one in told), (place, told)
    with pytest.raises(ThesaurusError, match="expected JSON"):
        (tmp_path / "b.json").write_text("{", encoding="utf-8")
        terms.read({tmp_path / "b.json": "S"}, THESAURUS, Iris())
    assert "in no scheme" in str(read(tmp_path / "a.json", {"identifier": "A"}, None).problems[0])


# Preview


def shown(old: str, added: str, removed: str) -> str:
    return preview(Delta(frozenset(statements(added)), frozenset(statements(removed))), statements(old))


def test_a_preview_shows_before_and_after_by_concept_and_language() -> None:
    text = shown(
        OLD,
        'x:1 skos:prefLabel "Terres"@fr . x:2 skos:broader x:9 . x:7 a skos:Concept ; skos:prefLabel "New"@en .',
        'x:1 skos:prefLabel "Terre"@fr ; skos:altLabel "Soil"@en . x:2 skos:broader x:1 .',
    )
    lines = text.splitlines()
    assert lines[0].startswith(
        "3 concepts and schemes: 1 new concepts, 2 changed, 0 taken out of use; 4 statements added"
    )
    assert "  prefLabel fr         1 changed" in lines
    assert "  altLabel en          1 removed" in lines
    assert f"{X}7  New  [new]" in lines
    assert f"{X}1  Land" in lines
    assert '  prefLabel fr         "Terre" → "Terres"' in lines
    assert '  altLabel en          − "Soil"' in lines
    assert f"  broader              {X}1  Land → {X}9  Elsewhere" in lines


def test_a_preview_shows_where_long_texts_differ_and_obeys_no_character() -> None:
    long = "word " * 2_000
    text = shown(OLD, f'x:1 skos:note "{long}new \\u001b[31m \\u202e"@en .', f'x:1 skos:note "{long}old"@en .')
    [line] = [line for line in text.splitlines() if line.startswith("  note en ") and "→" in line]
    assert "old" in line
    assert "new \\u001B[31m \\u202E" in line
    assert len(line) < 500


def test_a_preview_of_much_is_cut_and_says_so() -> None:
    added = statements(" ".join(f'x:{number} skos:note "n"@en .' for number in range(50)))
    text = preview(Delta(frozenset(added), frozenset()), [], 10)
    assert text.count("[new]") == 10
    assert "and 40 more" in text


def test_a_conflict_is_told_in_one_line() -> None:
    base, now = statements('x:1 skos:prefLabel "a"@en .'), statements('x:1 skos:prefLabel "b"@en .')
    wanted = Delta(frozenset(statements('x:1 skos:prefLabel "c"@en .')), frozenset(base))
    [met] = conflicts(base, now, wanted)
    assert conflict(met) == f'{X}1 prefLabel en: was "a"@en, is now "b"@en, the change wants "c"@en'


def test_a_machine_label_goes_with_the_label_it_repeats() -> None:
    old = 'x:1 a skos:Concept ; skos:prefLabel "Tierra"@es ; ch:machineLabel "Tierra"@es .'
    removed = change(old, 'x:1 skos:prefLabel "Suelo"@es .').removed
    assert {one.predicate for one in removed} == {PREF_LABEL, MACHINE_LABEL}
