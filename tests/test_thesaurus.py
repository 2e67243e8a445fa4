"""The keywords: the bundled files are sound and in their written form, and every check finds the fault it is for."""

import re
from pathlib import Path

import pyoxigraph as ox
import pytest

import thesaurus
from ontology.errors import ClearingHouseError, IdentifierError
from ontology.identifiers import OTHER_TERM, Iris
from thesaurus import Thesaurus, ThesaurusError, turtle
from thesaurus.checks import Level, findings

SCHEMES = Path(thesaurus.__file__).parent / "schemes"
FILES = sorted(SCHEMES.glob("*.ttl"))
PERMIT_KEYWORDS = "1A22EAAB-9BBC-4543-890E-DEF913F59E98"
ABS_SUBJECTS = "CA9BBEA9-AAA7-4F2F-B3A3-7ED180DE1924"
FOREST = "D570A745-D8C3-4698-BB77-0A90C140F3F2"
JURISDICTION_SCHEMES = (
    "D7BD5BDE-A6B9-4261-B788-16839CCC4F7E",
    "7A56954F-7430-4B8B-B733-54B8A5E7FF40",
    "51A113E9-071F-440A-83DC-E3499B7C646D",
    "5001DC0F-908A-4983-8962-EBF4FC18F245",
    "4D4413D8-36F9-4CD2-8CC1-4F3C866DDE5A",
)
JURISDICTIONS = (
    "7437F880-7B12-4F26-AA91-CED37250DD0A",
    "DEBB019D-8647-40EC-8AE5-10CA88572F6E",
    "528B1187-F1BD-4479-9FB3-ADBD9076D361",
    "7B9C94F4-1A0F-4660-BCDD-062A4653F441",
)
IRIS = Iris()

SOUND = """
@prefix ch: <https://w3id.org/clearinghouse/ns#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix scheme: <https://w3id.org/clearinghouse/id/scheme/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix term: <https://w3id.org/clearinghouse/id/term/> .

scheme:WATERS a skos:ConceptScheme ; dcterms:identifier "WATERS" ;
    dcterms:title "Waters"@en ; ch:completeness "partial" .

term:SEA a skos:Concept ; dcterms:identifier "SEA" ; skos:inScheme scheme:WATERS ;
    skos:prefLabel "Sea"@en , "Mer"@fr ; ch:unofficialLabel "Mer"@fr .

term:BAY a skos:Concept ; dcterms:identifier "BAY" ; skos:inScheme scheme:WATERS ;
    skos:prefLabel "Bay"@en ; skos:altLabel "Cove"@en ; skos:broader term:SEA .
"""


@pytest.fixture(scope="module")
def bundled() -> Thesaurus:
    return Thesaurus.load()


@pytest.fixture(scope="module")
def store(bundled: Thesaurus) -> ox.Store:
    store = ox.Store()
    store.extend(ox.Quad(*triple) for triple in bundled.triples())
    return store


def asked(store: ox.Store, query: str) -> list[tuple[str, ...]]:
    prefixes = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in turtle.PREFIXES.items())
    solutions = store.query(prefixes + query)
    assert isinstance(solutions, ox.QuerySolutions)
    return [tuple(value.value for value in solution) for solution in solutions]


# ------------------------------------------------------------------------------------------------ the bundled files


def test_the_bundled_thesaurus_has_no_errors(bundled: Thesaurus) -> None:
    assert findings(bundled.triples(), level=Level.ERROR) == ()


def test_the_bundled_files_are_many() -> None:
    assert len(FILES) >= 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rewriting_a_bundled_file_changes_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert turtle.rewritten(text, path.name) == text


@pytest.mark.parametrize(
    ("domain", "least"),
    [
        ("countries", 190),
        ("regions", 110),
        ("CBD-SUBJECTS", 80),
        (PERMIT_KEYWORDS, 19),
        (ABS_SUBJECTS, 80),
        ("GBF-GOALS", 4),
        ("GBF-TARGETS", 23),
        ("GBF-GOALS-TARGETS", 27),
        ("AICHI-TARGETS", 20),
        ("SUSTAINABLE-DEVELOPMENT-GOALS", 17),
        ("GBF-HEADLINE-INDICATORS", 27),
        ("GBF-COMPONENT-INDICATORS", 52),
        ("GBF-COMPLEMENTARY-INDICATORS", 109),
        ("DecisionTypes", 14),
        ("DecisionResults", 5),
        ("0AE91664-5C43-46FB-9959-0744AD1B0E91", 9),
        ("E6566232-EE63-4C7B-AF8B-46A26CC295A5", 5),
        ("FocalPoint Types", 18),
        ("8D405050-50AF-45EA-95F7-A31A11196424", 16),
    ],
)
def test_a_domain_has_at_least_the_terms_known_of_it(bundled: Thesaurus, domain: str, least: int) -> None:
    assert len([term for term in bundled.members(domain) if term != OTHER_TERM]) >= least


def test_every_domain_has_a_scheme_even_without_a_known_term(bundled: Thesaurus, store: ox.Store) -> None:
    domains = asked(store, "SELECT ?domain { ?scheme a skos:ConceptScheme ; dcterms:identifier ?domain }")
    assert len(domains) >= 109
    assert bundled.members("ISO-4217") == ()


def test_every_scheme_has_a_title_in_each_language(store: ox.Store) -> None:
    titled = """SELECT ?scheme (GROUP_CONCAT(LANG(?title)) AS ?languages) {
        ?scheme a skos:ConceptScheme OPTIONAL { ?scheme dcterms:title ?title } } GROUP BY ?scheme"""
    found = {scheme: sorted(languages.split()) for scheme, languages in asked(store, titled)}
    assert len(found) > 100
    assert {scheme: tags for scheme, tags in found.items() if tags != ["ar", "en", "es", "fr", "ru", "zh"]} == {}


def test_a_closed_scheme_holds_its_own_terms_and_an_open_one_also_other(bundled: Thesaurus, store: ox.Store) -> None:
    open_schemes = bundled.schemes(IRIS.term(OTHER_TERM))
    for closed in ("countries", "GBF-TARGETS", "GBF-GOALS", "AICHI-TARGETS", "SUSTAINABLE-DEVELOPMENT-GOALS"):
        assert IRIS.scheme(closed) not in open_schemes
    for domain in (PERMIT_KEYWORDS, ABS_SUBJECTS, "CBD-SUBJECTS", "DecisionTypes", *JURISDICTION_SCHEMES):
        assert IRIS.scheme(domain) in open_schemes
    assert len(open_schemes) >= 90


@pytest.mark.parametrize("identifier", JURISDICTIONS)
def test_a_jurisdiction_is_in_every_scheme_of_jurisdictions(bundled: Thesaurus, identifier: str) -> None:
    assert bundled.schemes(IRIS.term(identifier)) >= {IRIS.scheme(domain) for domain in JURISDICTION_SCHEMES}


def test_every_country_has_its_codes_six_names_and_matches(store: ox.Store) -> None:
    rows = asked(
        store,
        """SELECT ?code (COUNT(DISTINCT ?name) AS ?names) (COUNT(DISTINCT ?match) AS ?matches) {
             ?country skos:inScheme scheme:countries ; skos:notation ?code ; skos:exactMatch ?match ;
               skos:prefLabel ?name .
             FILTER(DATATYPE(?code) = xsd:string && STRENDS(STR(?country), ?code))
           } GROUP BY ?code""",
    )
    assert len(rows) >= 190
    assert {code: (names, matches) for code, names, matches in rows if names != "6" or int(matches) < 2} == {
        "EU": ("6", "1")
    }


def test_the_dates_of_the_parties_are_dates_and_the_union_is_a_party(store: ox.Store) -> None:
    for treaty, least in (("CBD", 190), ("CPB", 165), ("NP", 120), ("NKLSP", 40)):
        dates = asked(
            store,
            f"SELECT ?state ?date {{ ?state ch:partyTo{treaty}Since ?date FILTER(?date > '1993-01-01'^^xsd:date) }}",
        )
        assert len(dates) >= least
        assert IRIS.country("eu").value in {state for state, _ in dates}


def test_every_country_but_the_union_is_in_a_regional_group_of_the_convention(store: ox.Store) -> None:
    rows = asked(
        store,
        """SELECT ?country { ?country skos:inScheme scheme:countries
             FILTER NOT EXISTS { ?country skos:broader/skos:inScheme scheme:E6566232-EE63-4C7B-AF8B-46A26CC295A5 } }""",
    )
    assert rows == [(IRIS.country("EU").value,)]


def test_a_question_goes_from_a_permit_keyword_to_the_subject_of_the_convention_and_back(store: ox.Store) -> None:
    subject = IRIS.term("CBD-SUBJECT-FOR").value
    there = asked(store, f"SELECT ?subject {{ term:{FOREST} skos:closeMatch|skos:relatedMatch ?subject }}")
    back = asked(store, "SELECT ?keyword { term:CBD-SUBJECT-FOR skos:closeMatch|skos:relatedMatch ?keyword }")
    assert (there, back) == ([(subject,)], [(IRIS.term(FOREST).value,)])


def test_every_area_of_a_permit_is_mapped_to_a_subject(store: ox.Store) -> None:
    unmapped = asked(
        store,
        f"""SELECT ?keyword {{ ?keyword skos:inScheme scheme:{PERMIT_KEYWORDS}
              FILTER NOT EXISTS {{ ?keyword skos:broader [] }}
              FILTER NOT EXISTS {{ ?keyword skos:closeMatch|skos:relatedMatch ?subject .
                ?subject skos:inScheme scheme:CBD-SUBJECTS }} }}""",
    )
    assert unmapped == [(IRIS.term(OTHER_TERM).value,)]


def test_unofficial_labels_can_be_told_apart_in_a_query(store: ox.Store) -> None:
    query = """SELECT ?label { term:CBD-SUBJECT-%s skos:prefLabel ?label
                 FILTER(LANG(?label) = "fr") FILTER NOT EXISTS { term:CBD-SUBJECT-%s ch:unofficialLabel ?label } }"""
    assert asked(store, query % ("PA", "PA")) == [("Aires protégées",)]
    assert asked(store, query % ("TOUR", "TOUR")) == []


# ------------------------------------------------------------------------------------------------------- look-ups


@pytest.mark.parametrize(
    ("given", "canonical", "iri"),
    [
        (FOREST.lower(), FOREST, IRIS.term(FOREST)),
        ("cbd-subject-abs", "CBD-SUBJECT-ABS", IRIS.term("CBD-SUBJECT-ABS")),
        ("CBD-SUBJECT-ECOA+ECORES", "CBD-SUBJECT-ECOA+ECORES", IRIS.term("CBD-SUBJECT-ECOA+ECORES")),
        ("KE", "ke", IRIS.country("KE")),
        ("sdg-goal-01", "SUSTAINABLE-DEVELOPMENT-GOAL-01", IRIS.term("SUSTAINABLE-DEVELOPMENT-GOAL-01")),
        (
            "http://data.gbif.org/species/13140807",
            "http://data.gbif.org/species/13140807",
            IRIS.term("http://data.gbif.org/species/13140807"),
        ),
        ("NO-SUCH-TERM", None, None),
        (" ", None, None),
    ],
)
def test_an_identifier_in_any_case_finds_its_concept(
    bundled: Thesaurus, given: str, canonical: str | None, iri: ox.NamedNode | None
) -> None:
    assert (bundled.canonical(given), bundled.concept(given)) == (canonical, iri)


def test_a_label_is_given_in_the_language_or_else_in_english(bundled: Thesaurus) -> None:
    synthetic = IRIS.term("CBD-SUBJECT-SYNBIO")
    assert bundled.label(synthetic, "fr") == ox.Literal("Biologie synthétique", language="fr")
    assert bundled.label(synthetic, "de") == ox.Literal("Synthetic Biology", language="en")
    assert bundled.label(IRIS.term("NO-SUCH-TERM"), "fr") is None


def test_a_term_in_two_domains_is_one_concept_in_two_schemes(bundled: Thesaurus) -> None:
    assert bundled.schemes(IRIS.term(FOREST)) == {IRIS.scheme(PERMIT_KEYWORDS), IRIS.scheme(ABS_SUBJECTS)}
    assert FOREST in bundled.members(PERMIT_KEYWORDS.lower())


def test_an_unknown_domain_is_refused() -> None:
    with pytest.raises(ThesaurusError, match="no concept scheme for 'NO-SUCH-DOMAIN'"):
        Thesaurus.load().members("NO-SUCH-DOMAIN")


def test_another_base_moves_the_data_and_not_the_ontology(bundled: Thesaurus) -> None:
    base = "https://example.org/abs/"
    moved = Thesaurus.load(base)
    assert moved.concept(FOREST) == Iris(base).term(FOREST)
    assert moved.schemes(Iris(base).country("KE")) == {Iris(base).scheme("countries")}
    assert {triple.predicate for triple in moved.triples()} == {triple.predicate for triple in bundled.triples()}
    assert findings(moved.triples(), base, level=Level.ERROR) == ()


def test_a_base_without_a_slash_is_refused() -> None:
    with pytest.raises(IdentifierError, match="ending in /"):
        Thesaurus.load("https://example.org")


# ----------------------------------------------------------------------------------------------- the written form


def test_editing_a_label_changes_one_line() -> None:
    before = turtle.document(turtle.triples(SOUND, "sound"))
    after = turtle.document(turtle.triples(SOUND.replace('"Bay"', '"Gulf"'), "sound"))
    changed = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert changed == [('    skos:prefLabel "Bay"@en ;', '    skos:prefLabel "Gulf"@en ;')]


def test_the_order_of_the_input_does_not_change_the_text() -> None:
    triples = turtle.triples(SOUND, "sound")
    assert turtle.document(reversed(triples)) == turtle.document([*triples, *triples])


def test_the_written_form_keeps_the_header_and_every_statement() -> None:
    values = [
        ox.Literal('a "quote", a \\ and\na line'),
        ox.Literal("2024-01-01", datatype=ox.NamedNode(turtle.XSD + "date")),
        ox.Literal("مياه", language="ar"),
        ox.NamedNode("https://w3id.org/clearinghouse/id/term/ends.with."),
        ox.NamedNode("https://w3id.org/clearinghouse/id/term/a+b"),
        ox.NamedNode("https://w3id.org/clearinghouse/id/term/http:%2F%2Fexample.org%2F1"),
        ox.NamedNode("https://w3id.org/clearinghouse/id/term/"),
    ]
    triples = [ox.Triple(IRIS.term("A"), ox.NamedNode(turtle.SKOS + "note"), value) for value in values]
    text = turtle.document(triples, "# Why this file is.\n")
    assert turtle.header(text) == "# Why this file is.\n"
    assert set(turtle.triples(text, "text")) == set(triples)
    assert turtle.rewritten(text, "text") == text


def test_a_blank_node_cannot_be_written() -> None:
    with pytest.raises(ThesaurusError, match="blank node"):
        turtle.document([ox.Triple(ox.BlankNode("b"), ox.NamedNode(turtle.TYPE), ox.NamedNode("x:y"))])


def test_a_broken_file_is_named() -> None:
    with pytest.raises(ThesaurusError, match=r"waters\.ttl: expected Turtle"):
        turtle.triples("term:A a skos:Concept .", "waters.ttl")
    assert issubclass(ThesaurusError, ClearingHouseError)


# ------------------------------------------------------------------------------------------------------- checks


def test_a_sound_thesaurus_has_no_findings() -> None:
    assert findings(turtle.triples(SOUND, "sound")) == ()


@pytest.mark.parametrize(
    ("sound", "broken", "expected"),
    [
        ('"Bay"@en', '"Baie"@fr', "no skos:prefLabel in English"),
        ('"Bay"@en', '"Bay"@en , "Gulf"@en', "2 values of skos:prefLabel in en"),
        ('"Bay"@en', '"Bay"@en , "Bucht"@de', "prefLabel with language de"),
        ('"Bay"@en', '"Bay"@en , " "@es', "empty label in es"),
        ('"Cove"@en', '"Cove "@en', "begins or ends with a space"),
        ('"Bay"@en', '"Bay"@en , "Haiwan"@zh', "expected the script of zh"),
        ('"Bay"@en', '"Bay"@en , "Zaliv"@ru', "expected the script of ru"),
        ('"Bay"@en', '"Bay"@en , "Khalij"@ar', "expected the script of ar"),
        ('ch:unofficialLabel "Mer"', 'ch:unofficialLabel "Océan"', "is no label of the concept"),
        ('dcterms:identifier "BAY" ;', "", "0 values of dcterms:identifier"),
        ('"BAY"', '"BAY" , "COVE"', "2 values of dcterms:identifier"),
        ('dcterms:identifier "BAY"', 'dcterms:identifier "sea"', "is also that of"),
        ('dcterms:identifier "BAY"', 'dcterms:identifier "GULF"', "expected the IRI"),
        ('"BAY"', '"BAY" ; ch:alternateIdentifier "Sea"', "is also that of"),
        ('dcterms:identifier "BAY"', 'dcterms:identifier " "', "expected a term identifier"),
        ('"Waters"@en', '"Eaux"@fr', "no dcterms:title in English"),
        ('"partial"', '"nearly"', "expected either complete or partial"),
        ("skos:broader term:SEA", "skos:broader term:LAKE", "skos:broader https://w3id.org/clearinghouse/id/term/LAKE"),
        ("skos:broader term:SEA", "skos:related term:LAKE", "skos:related https://w3id.org/clearinghouse/id/term/LAKE"),
        (
            "skos:broader term:SEA",
            "skos:closeMatch term:LAKE",
            "skos:closeMatch https://w3id.org/clearinghouse/id/term/L",
        ),
        (
            "skos:broader term:SEA",
            "skos:inScheme scheme:LAKES",
            "skos:inScheme https://w3id.org/clearinghouse/id/scheme/L",
        ),
        ('"BAY" ; skos:inScheme scheme:WATERS', '"BAY"', "in no scheme"),
        ('"SEA" ;', '"SEA" ; skos:broader term:BAY ;', "leads back to the concept itself"),
        ("term:BAY a skos:Concept ;", "term:BAY", "is no skos:Concept"),
    ],
)
def test_a_check_finds_the_fault_it_is_for(sound: str, broken: str, expected: str) -> None:
    assert SOUND.count(sound) == 1
    found = findings(turtle.triples(SOUND.replace(sound, broken), "broken"))
    assert [finding for finding in found if finding.level is Level.ERROR and expected in finding.message], found


def test_a_match_outside_the_thesaurus_is_no_dangling_link() -> None:
    text = SOUND.replace("skos:broader term:SEA", "skos:closeMatch <http://example.org/bay>")
    assert findings(turtle.triples(text, "outside")) == ()


def test_statements_without_a_scheme_are_checked_too() -> None:
    text = re.sub(r"scheme:WATERS a [^.]*\.", "", SOUND, count=1)
    assert any("no such scheme" in finding.message for finding in findings(turtle.triples(text, "bare")))
    assert findings([]) == ()
