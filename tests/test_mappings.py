"""Candidates for mappings, what curators make of them, and how good the candidates are."""

from collections.abc import Iterable, Iterator
from datetime import date

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thesaurus import mapping_decisions, sssom
from thesaurus.changes import applied
from thesaurus.label_forms import Part, forms
from thesaurus.mapping_evaluation import measures
from thesaurus.mappings import BROAD, CLOSE, EXACT, NARROW, RELATED_MATCH, Candidate, Vocabulary, candidates
from thesaurus.sssom import Row
from thesaurus.statements import ALT_LABEL, BROADER, CONCEPT_SCHEME, DEPRECATED, PREF_LABEL
from thesaurus.turtle import SKOS, TYPE, XSD, ThesaurusError

BASE = "https://example.org/"
DAY = date(2026, 3, 1)
TRUE = ox.Literal("true", datatype=ox.NamedNode(XSD + "boolean"))


def ours(name: str) -> ox.NamedNode:
    return ox.NamedNode(f"{BASE}id/term/{name}")


def theirs(name: str) -> ox.NamedNode:
    return ox.NamedNode(f"http://elsewhere.test/c_{name}")


def labels(concept: ox.NamedNode, kind: ox.NamedNode = PREF_LABEL, **texts: str) -> Iterator[ox.Triple]:
    for language, text in texts.items():
        tagged = ox.Literal(text, language=language) if language != "none" else ox.Literal(text)
        yield ox.Triple(concept, kind, tagged)


def found(source: Iterable[ox.Triple], target: Iterable[ox.Triple], **options: object) -> list[Candidate]:
    return candidates(Vocabulary(source), Vocabulary(target), **options)  # type: ignore[arg-type]


def told(given: Iterable[Candidate]) -> list[tuple[str, str, str]]:
    return [
        (
            one.subject.value.rpartition("/")[2],
            one.predicate.value.removeprefix(SKOS),
            one.object.value.rpartition("_")[2],
        )
        for one in given
    ]


# --------------------------------------------------------------------------------------------------------- candidates


def test_labels_that_agree_in_several_languages_propose_an_exact_match_with_the_labels_as_reasons() -> None:
    [one] = found(
        labels(ours("F"), en="Forests", fr="Forêts", zh="森林"), labels(theirs("1"), en="forest", fr="FORET", zh="森林")
    )
    assert (one.subject, one.predicate, one.object) == (ours("F"), EXACT, theirs("1"))
    assert [(reason.language, reason.object.text) for reason in one.agreements] == [
        ("en", "forest"),
        ("fr", "FORET"),
        ("zh", "森林"),
    ]
    assert one.confidence > 0.9


def test_more_languages_that_agree_give_more_confidence_and_languages_that_differ_less() -> None:
    six = {"ar": "غابة", "en": "forest", "es": "bosque", "fr": "forêt", "ru": "лес", "zh": "森林"}
    confidences = [
        found(labels(ours("F"), **six), labels(theirs("1"), **{**six, **dict.fromkeys(others, "x")}))[0].confidence
        for others in (("zh", "ru", "fr", "es", "ar"), ("zh", "ru"), ())
    ]
    assert confidences == sorted(confidences)
    assert len(set(confidences)) == 3


def test_the_same_word_in_another_language_is_no_agreement() -> None:
    assert not found(labels(ours("C"), en="chair"), labels(theirs("1"), fr="chair"))


def test_regional_language_tags_and_labels_without_language_agree() -> None:
    assert found(labels(ours("C"), **{"pt-BR": "água"}), labels(theirs("1"), pt="agua"))
    untagged = found(labels(ours("C"), en="water"), labels(theirs("1"), none="water"))
    tagged = found(labels(ours("C"), en="water"), labels(theirs("1"), en="water"))
    assert 0 < untagged[0].confidence < tagged[0].confidence


def test_an_alternative_label_counts_less_than_a_preferred_one() -> None:
    preferred, other = found(
        labels(ours("W"), en="wetland"),
        [
            *labels(theirs("1"), en="wetland"),
            *labels(theirs("2"), en="mire"),
            *labels(theirs("2"), ALT_LABEL, en="wetlands"),
        ],
    )
    assert told([preferred, other]) == [("W", "exactMatch", "1"), ("W", "closeMatch", "2")]
    assert preferred.confidence > other.confidence


def test_a_label_of_several_targets_counts_against_each_of_them() -> None:
    one = found(labels(ours("M"), en="mercury"), labels(theirs("1"), en="mercury"))
    two = found(
        labels(ours("M"), en="mercury"), [*labels(theirs("1"), en="mercury"), *labels(theirs("2"), en="Mercury")]
    )
    assert len(two) == 2
    assert max(each.confidence for each in two) <= one[0].confidence / 2
    assert {each.predicate for each in two} == {CLOSE}


def test_of_two_targets_with_one_label_that_with_an_agreeing_broader_concept_comes_first() -> None:
    source = [
        *labels(ours("M"), en="mercury"),
        *labels(ours("P"), en="planets"),
        ox.Triple(ours("M"), BROADER, ours("P")),
    ]
    target = [
        *labels(theirs("1"), en="mercury"),
        *labels(theirs("2"), en="mercury"),
        *labels(theirs("3"), en="planet"),
        ox.Triple(theirs("2"), BROADER, theirs("3")),
    ]
    order = [one.object for one in found(source, target) if one.subject == ours("M")]
    assert order == [theirs("2"), theirs("1")]


def test_one_of_the_names_of_a_target_is_narrower_than_it_and_the_other_way_round() -> None:
    double, single = (
        list(labels(theirs("1"), en="afforestation/reforestation")),
        list(labels(ours("A"), en="afforestation")),
    )
    assert told(found(single, double)) == [("A", "broadMatch", "1")]
    assert [one.predicate for one in found(double, single)] == [NARROW]


@pytest.mark.parametrize(
    ("ours_", "theirs_"),
    [
        ("by-catch", "Bycatch"),
        ("exclusive economic zone", "EEZ-exclusive economic zone"),
        ("1. No Poverty", "No poverty"),
        ("marine fishery", "Marine fisheries"),
        ("church", "churches"),
        ("house", "houses"),
    ],
)
def test_hyphens_acronyms_numbers_and_plurals_do_not_hide_an_agreement(ours_: str, theirs_: str) -> None:
    assert found(labels(ours("A"), en=ours_), labels(theirs("1"), en=theirs_))


@pytest.mark.parametrize(
    ("one", "other"), [("government", "governance"), ("COVID-19", "19"), ("class", "clas"), ("gas", "ga")]
)
def test_words_that_only_look_alike_do_not_agree(one: str, other: str) -> None:
    assert not found(labels(ours("A"), en=one), labels(theirs("1"), en=other))


def test_a_label_without_its_qualifier_agrees_for_less() -> None:
    [bare] = found(labels(ours("M"), en="mercury"), labels(theirs("1"), en="mercury (element)"))
    [whole] = found(labels(ours("M"), en="mercury (element)"), labels(theirs("1"), en="Mercury (element)"))
    assert bare.predicate == CLOSE
    assert bare.confidence < whole.confidence


def test_a_label_without_a_word_agrees_with_nothing() -> None:
    hostile = ["", "   ", "–", "()", "\u200b", "/", "1.", "(", "a" * 5000, "/" * 500]
    empty = [triple for number, text in enumerate(hostile) for triple in labels(theirs(str(number)), en=text)]
    assert not found([*labels(ours("A"), en="//"), *labels(ours("B"), en="")], empty)


def test_concepts_out_of_use_schemes_and_collections_are_no_candidates() -> None:
    target = [
        *labels(theirs("1"), en="forest"),
        ox.Triple(theirs("1"), DEPRECATED, TRUE),
        *labels(theirs("2"), en="forest"),
        ox.Triple(theirs("2"), ox.NamedNode(TYPE), CONCEPT_SCHEME),
        *labels(theirs("3"), en="forest"),
        ox.Triple(theirs("3"), ox.NamedNode(TYPE), ox.NamedNode(SKOS + "Collection")),
    ]
    assert not found(labels(ours("F"), en="forest"), target)


def test_labels_of_skos_xl_are_labels() -> None:
    xl = "http://www.w3.org/2008/05/skos-xl#"
    node = ox.BlankNode()
    target = [
        ox.Triple(node, ox.NamedNode(xl + "literalForm"), ox.Literal("forest", language="en")),
        ox.Triple(theirs("1"), ox.NamedNode(xl + "prefLabel"), node),
    ]
    assert told(found(labels(ours("F"), en="forest"), target)) == [("F", "exactMatch", "1")]


def test_a_label_that_everything_has_tells_nothing_and_takes_no_time() -> None:
    source = [triple for number in range(600) for triple in labels(ours(str(number)), en="Other")]
    target = [triple for number in range(20_000) for triple in labels(theirs(str(number)), en="other")]
    assert not found(source, target)


def test_a_vocabulary_maps_to_itself_without_a_concept_to_itself() -> None:
    same = [*labels(ours("A"), en="forest"), *labels(ours("B"), en="forests")]
    pairs = {(one.subject, one.object) for one in found(same, same)}
    assert pairs == {(ours("A"), ours("B")), (ours("B"), ours("A"))}


def test_only_the_best_candidates_of_a_concept_are_kept() -> None:
    target = [triple for number in range(9) for triple in labels(theirs(str(number)), en="forest")]
    assert len(found(labels(ours("F"), en="forest"), target, minimum=0.0, best=3)) == 3


@given(st.lists(st.text(alphabet="abc /(1.-é森ا", max_size=6), min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_confidence_is_a_share_and_what_is_whole_on_both_sides_is_always_found(texts: list[str]) -> None:
    source = [triple for number, text in enumerate(texts) for triple in labels(ours(str(number)), en=text)]
    target = [triple for number, text in enumerate(texts) for triple in labels(theirs(str(number)), en=text)]
    every = found(source, target, minimum=0.0, best=100)
    assert all(0 < one.confidence <= 1 for one in every)
    pairs = {(one.subject, one.object) for one in every}
    for number, text in enumerate(texts):
        if any(part is Part.WHOLE for _, part in forms(text, "en")):
            assert (ours(str(number)), theirs(str(number))) in pairs


def test_precision_and_recall_count_what_the_gold_knows_about() -> None:
    source = [*labels(ours("A"), en="forest"), *labels(ours("B"), en="water"), *labels(ours("C"), en="soil")]
    target = [*labels(theirs("1"), en="forest"), *labels(theirs("2"), en="water"), *labels(theirs("3"), en="soil")]
    gold = frozenset({(ours("A").value, theirs("1").value), (ours("B").value, theirs("9").value)})
    measure = next(one for one in measures(found(source, target), gold) if one.threshold == 0.5)
    assert (measure.proposed, measure.right, measure.gold) == (2, 1, 2)
    assert (measure.precision, measure.recall, measure.f1) == (0.5, 0.5, 0.5)


# ---------------------------------------------------------------------------------------------------------- decisions


def thesaurus() -> list[ox.Triple]:
    return [*labels(ours("F"), en="Forests"), *labels(ours("W"), en="Wetlands")]


def proposed(name: str = "F", target: str = "1") -> Row:
    source = Vocabulary(thesaurus())
    other = Vocabulary(labels(theirs(target), en="Forests" if name == "F" else "Wetlands"))
    [one] = [one for one in candidates(source, other) if one.subject == ours(name)]
    return mapping_decisions.proposal(one, source, other)


def after(statements: Iterable[ox.Triple], *rows: Row) -> tuple[ox.Triple, ...]:
    known = tuple(statements)
    return applied(known, mapping_decisions.change(known, rows, BASE))


def matches(statements: Iterable[ox.Triple]) -> set[tuple[ox.NamedNode, ox.NamedNode, ox.NamedNode]]:
    return {(t.subject, t.predicate, t.object) for t in statements if t.predicate.value.endswith("Match")}  # type: ignore[misc]


def test_an_accepted_candidate_becomes_a_statement_of_skos() -> None:
    decided = mapping_decisions.decision(proposed(), CLOSE, "Ana", DAY)
    assert matches(after(thesaurus(), decided)) == {(ours("F"), CLOSE, theirs("1"))}


def test_a_rejected_candidate_is_remembered_and_not_proposed_again() -> None:
    decided = after(thesaurus(), mapping_decisions.decision(proposed(), None, "Ana", DAY))
    assert not matches(decided)
    closed = mapping_decisions.pairs(mapping_decisions.decided(decided))
    assert not candidates(Vocabulary(decided), Vocabulary(labels(theirs("1"), en="Forests")), decided=closed)


def test_sparql_tells_who_decided_against_what() -> None:
    store = ox.Store()
    store.extend(
        ox.Quad(*triple) for triple in after(thesaurus(), mapping_decisions.decision(proposed(), None, "Ana", DAY))
    )
    query = """
        PREFIX owl: <http://www.w3.org/2002/07/owl#> PREFIX sssom: <https://w3id.org/sssom/> PREFIX pav: <http://purl.org/pav/>
        SELECT ?subject ?object ?who ?day WHERE {
          ?mapping a sssom:Mapping ; owl:annotatedSource ?subject ; owl:annotatedTarget ?object ;
                   sssom:predicate_modifier "Not" ; sssom:author_label ?who ; pav:authoredOn ?day }"""
    [solution] = store.query(query)  # type: ignore[misc]
    assert (solution["subject"], solution["object"]) == (ours("F"), theirs("1"))
    assert (solution["who"].value, solution["day"].value) == ("Ana", "2026-03-01")


def test_the_confidence_stays_only_with_the_mapping_that_was_proposed() -> None:
    assert mapping_decisions.decision(proposed(), EXACT, "Ana", DAY).value("confidence")
    assert not mapping_decisions.decision(proposed(), BROAD, "Ana", DAY).value("confidence")
    assert not mapping_decisions.decision(proposed(), None, "Ana", DAY).value("confidence")


def test_a_later_decision_takes_the_place_of_an_earlier_one() -> None:
    once = after(thesaurus(), mapping_decisions.decision(proposed(), EXACT, "Ana", DAY))
    twice = after(once, mapping_decisions.decision(proposed(), BROAD, "Bo", DAY))
    assert matches(twice) == {(ours("F"), BROAD, theirs("1"))}
    [row] = mapping_decisions.decided(twice)
    assert (row.value("predicate_id"), row.value("author_label")) == (BROAD.value, "Bo")


def test_a_mapping_decided_against_is_taken_back_when_it_was_stated() -> None:
    stated = [*thesaurus(), ox.Triple(ours("F"), EXACT, theirs("1"))]
    decided = after(stated, mapping_decisions.decision(proposed(), None, "Ana", DAY))
    assert not matches(decided)
    assert not matches(after(decided, mapping_decisions.decision(proposed(), None, "Bo", DAY)))


def test_a_mapping_inside_the_thesaurus_is_stated_both_ways() -> None:
    row = Row({**proposed().slots, "object_id": (ours("W").value,)})
    decided = after(thesaurus(), mapping_decisions.decision(row, BROAD, "Ana", DAY))
    assert matches(decided) == {(ours("F"), BROAD, ours("W")), (ours("W"), NARROW, ours("F"))}
    assert matches(after(decided, mapping_decisions.decision(row, RELATED_MATCH, "Ana", DAY))) == {
        (ours("F"), RELATED_MATCH, ours("W")),
        (ours("W"), RELATED_MATCH, ours("F")),
    }


def test_a_mapping_made_from_the_other_side_is_turned_round() -> None:
    foreign = mapping_decisions.flipped(mapping_decisions.decision(proposed(), BROAD, "Ana", DAY))
    assert foreign.value("object_id") == ours("F").value
    assert foreign.value("object_label") == "Forests"
    assert matches(after(thesaurus(), foreign)) == {(ours("F"), BROAD, theirs("1"))}


def test_decisions_survive_the_way_through_sssom() -> None:
    decided = after(
        thesaurus(),
        mapping_decisions.decision(proposed(), EXACT, "Ana | Bo", DAY),
        mapping_decisions.decision(proposed("W", "2"), None, "Ana", DAY),
    )
    slots = {"mapping_set_id": (f"{BASE}m",), "license": ("https://creativecommons.org/publicdomain/zero/1.0/",)}
    text = sssom.document(sssom.MappingSet(slots, tuple(mapping_decisions.decided(decided))))
    assert set(after(thesaurus(), *sssom.read(text, "m").rows)) == set(decided)


def test_what_is_decided_already_changes_nothing() -> None:
    row = mapping_decisions.decision(proposed(), EXACT, "Ana", DAY)
    assert mapping_decisions.change(after(thesaurus(), row), [row], BASE).is_empty()


def test_a_mapping_of_unknown_concepts_is_refused_by_name() -> None:
    row = Row({**proposed().slots, "subject_id": ("http://nobody.test/x",)})
    with pytest.raises(
        ThesaurusError, match=r"http://nobody\.test/x to http://elsewhere\.test/c_1: neither is a concept"
    ):
        after(thesaurus(), row)


def test_a_mapping_by_another_property_is_refused() -> None:
    row = Row({**proposed().slots, "predicate_id": ("http://www.w3.org/2002/07/owl#sameAs",)})
    with pytest.raises(ThesaurusError, match="expected one of skos:exactMatch"):
        after(thesaurus(), row)


def test_mappings_without_a_word_on_who_made_them_are_told_as_such() -> None:
    [row] = mapping_decisions.decided([*thesaurus(), ox.Triple(ours("F"), EXACT, theirs("1"))])
    assert row.value("mapping_justification") == sssom.UNSPECIFIED_MATCHING
