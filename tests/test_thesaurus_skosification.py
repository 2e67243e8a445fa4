"""Skosify runs on a copy: its remarks and its changes are shown, its known traps lead nowhere, its absence is said."""

import re

import pyoxigraph as ox
import pytest
from thesaurus_faults import PREFIXES

from thesaurus.skosification import Skosified, skosified

SOUND = (
    PREFIXES
    + """
:s a skos:ConceptScheme ; dcterms:title "Waters"@en .
:sea a skos:Concept ; skos:inScheme :s ; skos:prefLabel "Sea"@en , "Mer"@fr ; skos:narrower :bay .
:bay a skos:Concept ; skos:inScheme :s ; skos:prefLabel "Bay"@en ; skos:altLabel "Cove"@en ; skos:broader :sea .
"""
)


def triples(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]


def done(sound: str = "", broken: str = "") -> Skosified:
    assert not sound or SOUND.count(sound) == 1
    found = skosified(triples(SOUND.replace(sound, broken) if sound else SOUND))
    assert found.left_out == ""
    return found


def test_of_a_sound_thesaurus_there_is_nothing_to_say() -> None:
    assert (done().log, done().delta.is_empty()) == ((), True)


@pytest.mark.parametrize(
    ("sound", "broken", "remark", "removed"),
    [
        ('"Cove"@en', '"Bay"@en', "as both prefLabel and altLabel; removing altLabel", 'altLabel> "Bay"@en'),
        ("skos:broader :sea", "skos:broader :sea ; skos:related :sea", "removing skos:related", "related>"),
        ('"Mer"@fr ;', '"Mer"@fr ; skos:broader :bay ;', "Hierarchy cycle removed", "broader>"),
        ('"Cove"@en', '"Cove "@en', "Stripping whitespace", '"Cove "@en'),
        ('"Bay"@en', '"Bay"@en , "Gulf"@en', "more than one prefLabel@en", 'prefLabel> "Bay"@en'),
    ],
)
def test_its_remarks_and_what_it_takes_out_are_shown(sound: str, broken: str, remark: str, removed: str) -> None:
    found = done(sound, broken)
    assert [line for line in found.log if remark in line.message and line.level == "WARNING"], found.log
    assert [line for line in found.delta.lines()[1] if removed in line], found.delta


def test_an_empty_preferred_label_does_not_take_the_place_of_a_text() -> None:
    assert '"Bay"@en' not in str(done('"Bay"@en', '"Bay"@en , ""@en').delta.removed)


def test_a_deprecated_concept_becomes_no_top_concept() -> None:
    found = done('"Cove"@en ;', '"Cove"@en . :old a skos:Concept ; owl:deprecated true . :bay')
    assert "TopConcept" not in str(found.delta.added)
    assert "topConcept" not in str(found.delta.added)


def test_a_chain_of_two_thousand_concepts_is_walked() -> None:
    length = 2000
    chain = "".join(
        f':c{n} a skos:Concept ; skos:inScheme :s ; skos:prefLabel "C {n}"@en ; skos:broader :c{n + 1} .\n'
        for n in range(length)
    )
    found = skosified(triples(SOUND + chain + f":c{length} a skos:Concept ; skos:inScheme :s ."), seconds=300)
    assert found.left_out == ""
    assert len(found.delta.added) == length  # skos:narrower of each


def test_literals_are_compared_to_the_letter() -> None:
    odd = 'skos:notation "01"^^xsd:integer , "A\\nB" ; dcterms:created "2024-01-01T00:00:00.000Z"^^xsd:dateTime'
    odd += ' ; skos:altLabel "Cove"@en-GB'
    assert done('skos:altLabel "Cove"@en', odd).delta.is_empty()


def test_the_statements_given_stay_as_they_are() -> None:
    given = triples(SOUND.replace('"Cove"@en', '" Cove"@en'))
    before = list(given)
    assert not skosified(given).delta.is_empty()
    assert given == before


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"most": 1}, "2 concepts, and it is asked about at most 1"),
        ({"seconds": 0.01}, "2 concepts took it longer than 0.01 seconds"),
        ({"memory": 64 << 20}, r"it failed on 2 concepts with 0\.1 GiB"),
    ],
)
def test_where_it_is_left_out_it_is_said(limits: dict[str, int], expected: str) -> None:
    found = skosified(triples(SOUND), **limits)  # type: ignore[arg-type]
    assert re.match(expected, found.left_out)
    assert (found.log, found.delta.is_empty()) == ((), True)


def test_without_a_concept_it_has_nothing_to_work_on() -> None:
    assert skosified(triples(PREFIXES + ":s a skos:ConceptScheme .")).left_out == "there is no skos:Concept"


def test_concepts_without_a_scheme_do_not_end_the_process() -> None:
    found = skosified(triples(PREFIXES + ':a a skos:Concept ; skos:prefLabel "A"@en .'))
    assert found.left_out == ""
    assert "ConceptScheme" in str(found.delta.added)
