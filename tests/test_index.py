"""The index of the keywords: what it finds, for whom, and that no text of a query disturbs it."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.errors import StoreError
from thesaurus.index import Index, build
from thesaurus.searching import Mode
from thesaurus.vocabulary import Thesaurus

THESAURUS = """
@prefix : <http://example.org/t/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix skosxl: <http://www.w3.org/2008/05/skos-xl#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix ch: <https://w3id.org/clearinghouse/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

:Topics a skos:ConceptScheme ; dct:identifier "Topics & Themes" ; dct:title "Topics"@en, "Thèmes"@fr ;
    ch:completeness "complete" .
:topics-themes a skos:ConceptScheme ; skos:prefLabel "Others"@en .
<http://example.org/all> a skos:ConceptScheme .

:c1 a skos:Concept ; skos:inScheme :Topics ; dct:identifier "0A1B" ; skos:notation "1.1" ;
    skos:prefLabel "Genetic resources"@en, "Ressources génétiques"@fr, "遗传资源"@zh, "الموارد الجينية"@ar,
        "Генетические ресурсы"@ru, "Recursos genéticos"@es ;
    ch:unofficialLabel "遗传资源"@zh ; ch:machineLabel "Recursos genéticos"@es ;
    skos:altLabel "Gene pool"@en ; skos:hiddenLabel "Genetic resurces"@en ;
    skos:definition [ rdf:value "Genetic material of value"@en ] ; skos:scopeNote "Plants too"@en ;
    skos:exactMatch <http://elsewhere.example/7> ; skos:related :c3 ; dct:created "2020-01-01" .
:c2 a skos:Concept ; skos:broader :c1 ; skos:inScheme :Topics, :topics-themes ;
    skos:prefLabel "Access to genetic resources"@en, "获取和惠益分享"@zh .
:c3 a skos:Concept ; skos:topConceptOf :topics-themes ; skos:narrower :c4 ; skosxl:prefLabel :x3 .
:x3 a skosxl:Label ; skosxl:literalForm "Traditional knowledge"@en .
:c4 a :Keyword ; skos:inScheme :topics-themes ; skos:prefLabel "Genetics"@en ;
    owl:deprecated true ; dct:isReplacedBy :c1 .
:Keyword rdfs:subClassOf skos:Concept .
:c5 a skos:Concept ; skos:prefLabel "C++"@en, "++"@fr, "9 lives"@es .
:group a skos:Collection ; skos:prefLabel "Genetic group"@en ; skos:member :c1 .
"""
BASE = "http://example.org/t/"
MODES: tuple[Mode, ...] = ("words", "prefix", "exact", "wildcard")


def statements(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = tmp_path_factory.mktemp("index") / "thesaurus.sqlite"
    build(path, statements(THESAURUS), "7")
    index = Index(path)
    yield index
    index.close()


def found(index: Index, text: str, mode: str = "words", **limits: object) -> list[str]:
    return [hit.iri.removeprefix(BASE) for hit in index.search(text, mode=mode, **limits)]  # type: ignore[arg-type]


def test_an_index_knows_its_version_and_schemes(index: Index) -> None:
    assert index.version == "7"
    topics = index.scheme("topics-themes")
    assert topics is not None and topics == index.scheme(BASE + "Topics")
    assert (topics.identifier, topics.completeness, topics.concepts) == ("Topics & Themes", "complete", 2)
    assert topics.title("fr") == "Thèmes" and topics.title("ru") == "Topics"
    assert topics.languages == ("ar", "en", "es", "fr", "ru", "zh")


def test_slugs_are_unique_and_none_is_that_of_all_schemes(index: Index) -> None:
    assert [scheme.slug for scheme in index.schemes()] == ["all-2", "topics-themes", "topics-themes-2"]


def test_a_concept_tells_all_that_is_known_of_it(index: Index) -> None:
    concept = index.concept(BASE + "c1")
    assert concept is not None
    assert concept.identifier == "0A1B" and concept.notations == ["1.1"]
    assert concept.schemes == [BASE + "Topics"] and not concept.deprecated
    assert (concept.broader, concept.narrower, concept.related) == ([], [BASE + "c2"], [BASE + "c3"])
    assert concept.matches == [("exactMatch", "http://elsewhere.example/7")]
    assert {(note.kind, note.text) for note in concept.notes} == {
        ("definition", "Genetic material of value"),
        ("scopeNote", "Plants too"),
    }
    assert concept.properties == [("http://purl.org/dc/terms/created", ox.Literal("2020-01-01"))]


def test_labels_have_their_standing(index: Index) -> None:
    concept = index.concept(BASE + "c1")
    assert concept is not None
    standing = {label.text: label.standing for label in concept.labels if label.kind == "prefLabel"}
    assert (standing["遗传资源"], standing["Recursos genéticos"]) == ("unofficial", "machine")
    assert [label.official for label in concept.labels if label.language == "ru"] == [True]


def test_the_label_shown_falls_back_to_english_and_then_to_any(index: Index) -> None:
    shown = index.labels([BASE + "c1", BASE + "c2", BASE + "c3", BASE + "none"], "zh")
    assert {iri.removeprefix(BASE): label.text for iri, label in shown.items()} == {
        "c1": "遗传资源",
        "c2": "获取和惠益分享",
        "c3": "Traditional knowledge",
    }
    five = index.concept(BASE + "c5")
    assert five is not None and (label := five.label("ar")) is not None and label.text == "C++"


def test_a_label_given_as_a_node_is_a_label(index: Index) -> None:
    assert found(index, "traditional knowledge") == ["c3"]


def test_what_is_only_stated_the_other_way_round_is_known(index: Index) -> None:
    assert index.broader(BASE + "c4") == [BASE + "c3"]
    three = index.concept(BASE + "c3")
    assert three is not None and three.related == [BASE + "c1"] and three.schemes == [BASE + "topics-themes"]


def test_a_deprecated_concept_says_what_replaces_it(index: Index) -> None:
    concept = index.concept(BASE + "c4")
    assert concept is not None and concept.deprecated and concept.replaced_by == [BASE + "c1"]


@pytest.mark.parametrize("name", ["0a1b", " 0A1B ", "1.1", "HTTP://EXAMPLE.ORG/T/C1", "C1"])
def test_a_concept_is_found_by_its_names_in_any_case(index: Index, name: str) -> None:
    assert index.find(name) == BASE + "c1"


def test_what_has_no_such_name_is_not_found(index: Index) -> None:
    assert index.find("0A1C") is None and index.concept("http://example.org/t/none") is None


def test_stated_top_concepts_count_and_else_those_with_none_above(index: Index) -> None:
    assert index.top_concepts("topics-themes-2") == [BASE + "c3"]
    assert index.top_concepts("topics-themes") == [BASE + "c1"]
    assert index.top_concepts("unknown") == []


def test_concepts_are_listed_by_page_and_collections_are_none(index: Index) -> None:
    assert index.all_concepts() == [BASE + f"c{number}" for number in range(1, 6)]
    assert index.all_concepts(offset=1, limit=2) == [BASE + "c2", BASE + "c3"]
    assert index.all_concepts("topics-themes-2") == [BASE + "c2", BASE + "c3", BASE + "c4"]
    assert index.all_concepts("unknown") == []


def test_equal_labels_come_first_then_those_that_begin_so(index: Index) -> None:
    assert found(index, "genetic resources") == ["c1", "c2"]
    hits = index.search("genetic resources")
    assert hits[0].score == 1 and hits[0].schemes == (BASE + "Topics",)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_words_are_whole_and_in_any_order(index: Index) -> None:
    assert found(index, "resources genetic") == ["c1", "c2"]
    assert found(index, "genet") == []
    assert found(index, "genet", "prefix") == ["c4", "c1", "c2"]


def test_wildcards_stand_for_anything(index: Index) -> None:
    assert found(index, "gen*ces", "wildcard") == ["c1"]
    assert set(found(index, "*genetic*", "wildcard")) == {"c1", "c2", "c4"}
    assert found(index, "*knowledge", "wildcard") == ["c3"]
    assert found(index, "genetic", "wildcard") == []
    assert found(index, "gene*enet*", "wildcard") == []


@pytest.mark.parametrize(
    "text", ["génétiques", "ГЕНЕТИЧЕСКИЕ", "موارد", "الموارد", "المَوارِد الجينيه", "gene pool", "resurces"]
)
def test_accents_case_and_articles_make_no_difference(index: Index, text: str) -> None:
    assert found(index, text)[0] == "c1"


def test_chinese_is_found_by_characters_that_stand_together(index: Index) -> None:
    assert found(index, "惠益") == ["c2"]
    assert found(index, "惠益分", "prefix") == ["c2"]
    assert found(index, "惠分") == []
    assert found(index, "资源") == ["c1"]


def test_any_language_drops_nothing(index: Index) -> None:
    concept = index.concept(BASE + "c1")
    assert concept is not None
    for label in concept.labels:
        for mode in MODES:
            assert "c1" in found(index, label.text, mode), (label, mode)
            assert "c1" in found(index, label.text, mode, languages=[label.language]), (label, mode)


def test_a_label_is_completed_from_its_first_character_on(index: Index) -> None:
    for iri in index.all_concepts():
        concept = index.concept(iri)
        assert concept is not None
        for label in concept.labels:
            for typed in (label.text[:length] for length in range(1, len(label.text) + 1)):
                for languages in (None, [label.language]):
                    assert iri in [hit.iri for hit in index.complete(typed, languages=languages)], typed


def test_a_search_keeps_to_its_languages_and_schemes(index: Index) -> None:
    assert found(index, "gen", "prefix", languages=["fr"]) == ["c1"]
    assert index.search("gen", mode="prefix", languages=["fr"])[0].label.text == "Ressources génétiques"
    assert found(index, "gen", "prefix", schemes=["topics-themes-2"]) == ["c4", "c2"]
    assert found(index, "gen", "prefix", schemes=[BASE + "topics-themes"], languages=["en", "zh"]) == ["c4", "c2"]
    for mode in MODES:
        assert found(index, "genetics", mode, languages=[]) == found(index, "genetics", mode, schemes=["none"]) == []
        assert found(index, "genetics", mode, schemes=["topics-themes"]) == []
        assert found(index, "genetics", mode, languages=["en"], schemes=["topics-themes-2"]) == ["c4"]


def test_a_language_covers_its_regions(tmp_path: Path) -> None:
    skos = "http://www.w3.org/2004/02/skos/core#"
    data = f'<x:a> a <{skos}Concept> ; <{skos}prefLabel> "水"@zh-Hans .'
    build(tmp_path / "i", statements(data), "1")
    index = Index(tmp_path / "i")
    for mode in MODES:
        assert [hit.iri for hit in index.search("水", languages=["zh"], mode=mode)] == ["x:a"]
        assert [hit.iri for hit in index.search("水", languages=["ZH-hans"], mode=mode)] == ["x:a"]
        assert index.search("水", languages=["zh-hant"], mode=mode) == []
    index.close()


def test_each_concept_comes_once_unless_every_label_is_asked_for(index: Index) -> None:
    assert found(index, "gene", "prefix").count("c1") == 1
    every = [hit.label.text for hit in index.search("gene", mode="prefix", unique=False) if hit.iri == BASE + "c1"]
    assert sorted(every) == [
        "Gene pool",
        "Genetic resources",
        "Genetic resurces",
        "Recursos genéticos",
        "Ressources génétiques",
    ]


def test_pages_of_a_search_follow_one_another(index: Index) -> None:
    whole = found(index, "gen", "prefix", limit=50)
    assert [*found(index, "gen", "prefix", limit=2), *found(index, "gen", "prefix", limit=50, offset=2)] == whole


def test_deprecated_concepts_come_later(index: Index) -> None:
    assert found(index, "genetics", "prefix") == ["c4"]
    assert found(index, "gen", "prefix").index("c1") < found(index, "gen", "prefix").index("c4")


def test_a_label_of_signs_is_found_as_it_is_written(index: Index) -> None:
    assert found(index, "++") == ["c5"]
    assert found(index, "+", "prefix") == ["c5"]
    assert found(index, "c+", "prefix")[0] == "c5"


def test_a_search_can_be_among_some_concepts_and_leave_deprecated_ones_out(index: Index) -> None:
    for mode in ("prefix", "wildcard"):
        text = "genet" if mode == "prefix" else "genet*"
        assert "c4" in found(index, text, mode) and "c4" not in found(index, text, mode, deprecated=False)
        assert found(index, text, mode, among=[BASE + "c4", BASE + "c3", "x:none"]) == ["c4"]
        assert found(index, text, mode, among=[]) == []


def test_collections_are_not_found_among_the_concepts(index: Index) -> None:
    for mode in MODES:
        assert found(index, "genetic group", mode) == []
    assert found(index, "genetic gr*", "wildcard", collections=True) == ["group"]
    collection = index.concept(BASE + "group")
    assert collection is not None and collection.label("en") is not None


@pytest.mark.parametrize(
    "text",
    ['"', '"" OR *', "NEAR(gene pool)", '" OR "gene', "^", "{label}:gene", "-gene", "gene AND", "(" * 3000, "a " * 3000,
     "\x00", "\ud800", "\ue000len", "'; DROP TABLE label; --", "%", "_", "[a-z]*", "*" * 5000, "", "  "],
)  # fmt: skip
def test_no_text_is_a_syntax_error(index: Index, text: str) -> None:
    for mode in MODES:
        for languages in (None, [text]):
            index.search(text, mode=mode, languages=languages)
    assert index.find(text) is None and index.concept(text) is None and index.labels([text], text) == {}
    index.by_letter(None, text, text)


@given(text=st.text())
@settings(max_examples=200, deadline=None)
def test_no_text_at_all_disturbs_a_search(index: Index, text: str) -> None:
    for mode in MODES:
        assert all(0 <= hit.score <= 1 for hit in index.search(text, mode=mode))


def test_letters_lead_to_the_labels_below_them(index: Index) -> None:
    assert index.letters(None, "en") == ["A", "C", "G", "T"]
    assert index.letters("topics-themes-2", "en") == ["A", "G", "T"]
    assert index.letters(None, "es") == ["R", "0-9"] and index.letters(None, "fr") == ["R", "!*"]
    assert [hit.label.text for hit in index.by_letter(None, "en", "g")] == [
        "Gene pool",
        "Genetic resources",
        "Genetics",
    ]
    assert [hit.iri for hit in index.by_letter("topics-themes", "en", "*", limit=1, offset=1)] == [BASE + "c1"]
    assert [hit.label.text for hit in index.by_letter(None, "zh", "遗")] == ["遗传资源"]
    assert index.by_letter(None, "en", "genetic resources") == []


def test_statements_of_a_concept_come_with_the_nodes_that_belong_to_it(index: Index) -> None:
    texts = {
        statement.object.value
        for statement in index.statements(BASE + "c1")
        if isinstance(statement.object, ox.Literal)
    }
    assert "Genetic material of value" in texts and "Genetic resources" in texts
    assert ox.Literal("Traditional knowledge", language="en") in {t.object for t in index.statements(BASE + "c3")}
    assert ox.Literal("Genetic group", language="en") not in {t.object for t in index.statements(BASE + "c1")}


def test_the_index_of_the_bundled_thesaurus_holds_every_term_of_it(tmp_path: Path) -> None:
    thesaurus = Thesaurus.load()
    build(tmp_path / "i", thesaurus.triples(), "1")
    index = Index(tmp_path / "i")
    for scheme in index.schemes():
        assert sorted(filter(None, map(thesaurus.canonical, thesaurus.members(scheme.identifier)))) == sorted(
            concept.identifier for iri in index.all_concepts(scheme.slug) if (concept := index.concept(iri))
        )
    index.close()


def test_a_new_index_takes_the_place_of_the_old_one_which_readers_keep(tmp_path: Path) -> None:
    path = tmp_path / "i"
    build(path, statements(THESAURUS), "1")
    old = Index(path)
    build(path, [], "2")
    assert old.version == "1" and old.find("c1")
    new = Index(path)
    assert new.version == "2" and not new.schemes() and new.search("genetic") == []
    assert [file.name for file in tmp_path.iterdir()] == ["i"]
    old.close()
    new.close()


def test_several_threads_use_one_index(index: Index) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda text: found(index, text, "prefix"), ["gen", "trad", "c+"] * 100))
    assert answers == [found(index, text, "prefix") for text in ["gen", "trad", "c+"]] * 100


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, and long enough to have a header" * 5)
    sqlite3.connect(tmp_path / "other").close()
    for name in ("text", "other", "absent"):
        with pytest.raises(StoreError, match=name):
            Index(tmp_path / name)
