"""Search finds records and concepts in any of six languages, ranked, counted, and with what the thesaurus knows."""

from collections import Counter
from pathlib import Path

import pytest
from searched import CH, HOSTILE, country, index, named, record, term

from endpoint.search.index import FACETS, Found, Search, SearchIndex


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    return index(tmp_path_factory.mktemp("search"))


def found(searched: SearchIndex, text: str, **more: object) -> set[str]:
    """What a search finds, without the thesaurus unless it is asked for."""
    return named(hit.iri for hit in searched.search(Search(text, **{"expand": False} | more)).hits)  # type: ignore[arg-type]


# Languages


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("researcher needing consent", "measure"),
        ("RESEARCHERS", "measure"),
        ("règlements", "measure"),
        ("reglement ressource genetique", "measure"),
        ("forêt protégées", "permit"),
        ("foret protegee", "permit"),
        ("utilización", "measure"),
        ("utilizacion del recurso", "measure"),
        ("evaluacion riesgo", "guide"),
        ("генетических ресурсов", "ru"),
        ("руководства", "ru"),
        ("учет вида", "ru"),
        ("دليل", "ar"),
        ("للموارد جينية", "ar"),
        ("الموافقة", "ar"),
        ("للموافقة", "ar"),
        ("遗传", "zh"),
        ("资源", "zh"),
        ("遗传资源", "zh"),
        ("获取指南", "zh"),
        ("红树", "meeting"),
        ("公平分享", "zh"),
    ],
)
def test_inflected_and_unaccented_words_are_found_in_every_language(
    searched: SearchIndex, text: str, name: str
) -> None:
    assert name in found(searched, text)


def test_a_chinese_word_of_two_characters_is_not_found_by_its_characters_alone(searched: SearchIndex) -> None:
    assert found(searched, "资遗") == set()
    assert found(searched, "传遗") == set()


def test_only_texts_of_the_languages_asked_for_are_searched(searched: SearchIndex) -> None:
    assert "guide" in found(searched, "risk", languages=("en",))
    assert found(searched, "risk", languages=("es",)) == set()
    assert found(searched, "riesgos", languages=("es",)) == {"guide"}


def test_the_words_may_be_of_several_languages(searched: SearchIndex) -> None:
    assert found(searched, "regulation comunidades génétiques") == {"measure"}


# What a text means


def test_all_words_have_to_be_there_but_function_words_do_not(searched: SearchIndex) -> None:
    assert found(searched, "regulation mangrove") == set()
    assert found(searched, "the regulation of the") == {"measure"}
    assert found(searched, "regulation mangrove", any_word=True) >= {"measure", "meeting"}


def test_a_quoted_phrase_has_to_stand_together(searched: SearchIndex) -> None:
    assert found(searched, "resources access") == {"measure"}
    assert found(searched, '"resources access"') == set()
    assert found(searched, '"access to genetic resources"') == {"measure"}
    assert found(searched, "“access to genetic resources”") == {"measure"}
    assert found(searched, '"ressources genetiques"') == {"measure"}


def test_a_word_behind_a_minus_sign_must_not_be_there(searched: SearchIndex) -> None:
    assert found(searched, "certificate") >= {"permit", "meeting"}
    assert "permit" not in found(searched, "certificate -aloe")
    assert "meeting" in found(searched, "certificate -aloe")
    assert "permit" not in found(searched, "-aloe", limit=100)


def test_a_begun_word_with_a_star_finds_the_words_that_begin_so(searched: SearchIndex) -> None:
    assert found(searched, "mangr") == set()
    assert found(searched, "mangr*") == {"meeting"}
    assert found(searched, "МАНГР*") == set()


@pytest.mark.parametrize(
    "text",
    [
        *('"', "AND OR (", "title:", "a:b^2~", "\x00", "\ud800", "-", "- -", "***", '-"', "[1 TO", "\\", "🦜", "的"),
        *("x" * 10_000, "(" * 5_000, '"a" ' * 2_000, " \u202e ", "NOT", "+", "*genet", "/regex/", "%s %(x)s {0}"),
    ],
)
def test_no_text_is_an_error(searched: SearchIndex, text: str) -> None:
    result = searched.search(Search(text, facets=FACETS, snippets=True))
    assert result.total >= 0
    assert searched.spelling(text) is None or isinstance(searched.spelling(text), str)


def test_nothing_is_found_by_signs_alone_and_everything_by_no_text(searched: SearchIndex) -> None:
    assert searched.search(Search("?!")).total == 0
    assert searched.search(Search("")).total == searched.search(Search("   ")).total == searched.documents > 15


# Identifiers


@pytest.mark.parametrize(
    "text",
    [
        "ABSCH-IRCC-KE-206823",
        "absch-ircc-ke-206823",
        "ABSCH-IRCC-KE-206823-1",
        " absch-IRCC-ke-206823 ",
        "206823",
        "https://absch.cbd.int/database/record/206823",
        "http://absch.cbd.int/en/database/IRCC/ABSCH-IRCC-KE-206823/1",
        "https://absch.cbd.int/database/record?documentID=206823",
        record("permit"),
        f"{record('permit')}/2",
        record("permit").rpartition("/")[2],
        record("permit").rpartition("/")[2].lower(),
    ],
)
def test_every_spelling_of_an_identifier_finds_its_record_first(searched: SearchIndex, text: str) -> None:
    hits = searched.search(Search(text)).hits
    assert named([hits[0].iri]) == {"permit"}
    assert hits[0].score >= 1000


def test_identifiers_of_organisms_items_and_concepts_are_found(searched: SearchIndex) -> None:
    for text in ("MON-ØØ6Ø3-6", "mon-00603-6", "MON-00603-6"):
        assert named([searched.search(Search(text)).hits[0].iri]) == {"guide"}
    assert named([searched.search(Search("52000000CBD00500000F4335")).hits[0].iri]) == {"meeting"}
    assert searched.search(Search(term("REEFS"))).hits[0].iri == term("REEFS")
    assert searched.search(Search("reefs")).hits[0].iri == term("REEFS")


# Ranking and order


def test_a_title_counts_more_than_a_text(searched: SearchIndex) -> None:
    hits = [hit.iri for hit in searched.search(Search("certificates", expand=False)).hits]
    assert hits.index(record("permit")) < hits.index(record("meeting"))


def test_words_that_stand_together_count_more(searched: SearchIndex) -> None:
    together = searched.search(Search("genetic resources", expand=False)).hits[0]
    apart = searched.search(Search("resources genetic", expand=False)).hits[0]
    assert together.iri == apart.iri == record("measure")
    assert together.score > apart.score


def test_results_are_sorted_by_date_and_by_title_and_come_in_pages(searched: SearchIndex) -> None:
    records = {"kind": ("record",)}
    newest = [hit.date for hit in searched.search(Search(sort="newest", filters=records, limit=100)).hits]
    oldest = [hit.date for hit in searched.search(Search(sort="oldest", filters=records, limit=100)).hits]
    dated = [date for date in newest if date]
    assert dated == sorted(dated, reverse=True)
    assert newest[: len(dated)] == dated
    assert [date for date in oldest if date] == sorted(date for date in oldest if date)
    assert oldest[0] == "2012-10"
    called = searched.search(Search(sort="title", limit=100, filters=records)).hits
    titles = [hit.best_title("en").text for hit in called if hit.titles]
    lettered = [title.casefold() for title in titles if title[:1].isascii() and title[:1].isalpha()]
    assert lettered[:3] == sorted(lettered)[:3]
    assert len(lettered) > 5
    whole = [hit.iri for hit in searched.search(Search(sort="newest", limit=100)).hits]
    pages = [
        hit.iri
        for start in (0, 7, 14, 21, 28)
        for hit in searched.search(Search(sort="newest", offset=start, limit=7)).hits
    ]
    assert len(whole) == len(set(whole)) == searched.documents
    assert Counter(pages) == Counter(whole)


def test_withdrawn_records_are_not_found_and_revoked_ones_are(searched: SearchIndex) -> None:
    assert found(searched, "withdrawn") == set()
    [hit] = [hit for hit in searched.search(Search("aloe")).hits if hit.kind == "record"]
    assert hit.status == CH + "Revoked"


# Facets


def counts(result: Found, name: str) -> dict[str, int]:
    return {value.rpartition("/")[2].rpartition("#")[2]: count for value, count in result.facets[name].items()}


def test_a_facet_on_a_subject_finds_what_has_a_narrower_one(searched: SearchIndex) -> None:
    result = searched.search(Search(filters={"subject": (term("WATERS"),), "kind": ("record",)}, facets=("subject",)))
    assert named(hit.iri for hit in result.hits) == {"measure", "permit"}
    result = searched.search(Search(filters={"kind": ("record",)}, facets=FACETS))
    assert counts(result, "subject") == {"WATERS": 2, "COASTS": 2, "REEFS": 1, "FORESTS": 1}
    assert found(searched, "", filters={"subject": (term("REEFS"),), "kind": ("record",)}) == {"permit"}


def test_every_facet_counts_what_it_would_leave(searched: SearchIndex) -> None:
    records = {"kind": ("record",)}
    result = searched.search(Search(filters=records, facets=FACETS, limit=100))
    assert counts(result, "country") == {"KE": 2, "EG": 1}
    assert counts(result, "region") == {"AFRICA": 2}
    assert counts(result, "status") == {"Current": result.total - 1, "Revoked": 1}
    assert counts(result, "house")["ABSCH"] == 2
    assert result.facets["year"]["2016"] == 2
    assert result.facets["language"]["es"] == 1
    for name in FACETS:
        for value, count in result.facets[name].items():
            assert searched.search(Search(filters={**records, name: (value,)}, limit=0)).total == count, (name, value)


def test_of_several_values_of_a_facet_any_will_do_and_its_counts_leave_its_own_limit_out(searched: SearchIndex) -> None:
    limits = {"country": (country("KE"), country("EG")), "kind": ("record",)}
    assert found(searched, "", filters=limits) == {"measure", "permit", "report"}
    limited = searched.search(Search(filters={"country": (country("EG"),), "kind": ("record",)}, facets=FACETS))
    assert limited.total == 1
    assert counts(limited, "country") == {"KE": 2, "EG": 1}
    assert counts(limited, "year") == {"2019": 1}


def test_a_limit_changes_no_score(searched: SearchIndex) -> None:
    free = {hit.iri: hit.score for hit in searched.search(Search("certificate")).hits}
    limited = searched.search(Search("certificate", filters={"house": (CH + "ABSCH",)})).hits
    assert [hit.score for hit in limited] == pytest.approx([free[hit.iri] for hit in limited])


def test_hostile_values_of_filters_find_nothing(searched: SearchIndex) -> None:
    for value in ('"', "\x00", "<script>", "x" * 10_000):
        assert searched.search(Search(filters={"country": (value,)}, facets=FACETS)).total == 0
    with pytest.raises(ValueError, match="is no facet"):
        searched.search(Search(filters={"colour": ("green",)}))


# The thesaurus


def test_a_label_in_any_language_finds_what_is_tagged_with_its_concept_or_a_narrower_one(searched: SearchIndex) -> None:
    for text in ("coast", "littoral", "海岸", "السواحل"):
        result = searched.search(Search(text))
        assert named(hit.iri for hit in result.hits) >= {"measure", "permit", "COASTS"}, text
        [added] = result.expansion
        assert added.concept == term("COASTS")
        assert {label.text for label in added.labels} == {"Coasts", "Littoral", "海岸", "السواحل"}
        assert added.narrower == (term("REEFS"),)
    assert found(searched, "coast") == {"COASTS", "measure"}  # which have it as a keyword


def test_an_alternative_label_is_a_label_too(searched: SearchIndex) -> None:
    assert "permit" in found(searched, "coral garden", expand=True)
    assert found(searched, "arrecife de coral", expand=True) >= {"permit", "REEFS"}


def test_what_the_thesaurus_adds_can_be_left_out(searched: SearchIndex) -> None:
    assert "permit" in found(searched, "littoral", expand=True)
    without = searched.search(Search("littoral", without=(term("COASTS"),)))
    assert "permit" not in named(hit.iri for hit in without.hits)
    assert without.expansion == ()
    assert [one.concept for one in without.ignored] == [term("COASTS")]
    none = searched.search(Search("littoral", expand=False))
    assert none.expansion == ()
    assert [one.concept for one in none.ignored] == [term("COASTS")]


def test_the_other_words_have_to_be_there_all_the_same(searched: SearchIndex) -> None:
    both = searched.search(Search("coast aloe"))
    assert {one.concept for one in both.expansion} == {term("COASTS")}
    assert named(hit.iri for hit in both.hits) == {"permit"}


def test_a_country_is_found_by_its_name_in_any_language(searched: SearchIndex) -> None:
    for text in ("kenya", "肯尼亚", "كينيا"):
        assert found(searched, text, expand=True) >= {"measure", "permit", "KE"}
    assert searched.search(Search("egypte")).hits[0].iri == country("EG")


# What is shown


def test_what_was_found_is_marked_in_the_language_of_its_text(searched: SearchIndex) -> None:
    hit = next(hit for hit in searched.search(Search("forêts protégées", snippets=True)).hits if hit.kind == "record")
    assert hit.title is not None
    assert (hit.title.text, hit.title.marks) == ("Certificate for Aloe ferox", ())
    assert hit.snippet is not None
    assert hit.snippet.language == "fr"
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.marks] == ["forêts", "protégée"]


def test_the_title_is_in_the_language_of_the_reader_and_a_found_one_beside_it(searched: SearchIndex) -> None:
    [hit] = [
        hit for hit in searched.search(Search("红树林", snippets=True, language="en")).hits if hit.kind == "record"
    ]
    assert hit.title is not None
    assert hit.snippet is not None
    assert hit.title.text == "Workshop on mangrove forests"
    assert (hit.snippet.text, hit.snippet.language, hit.snippet.marks) == ("红树林讲习班", "zh", ((0, 3),))
    [chinese] = [
        hit for hit in searched.search(Search("红树林", snippets=True, language="zh")).hits if hit.kind == "record"
    ]
    assert chinese.title is not None
    assert chinese.title.marks == ((0, 3),)


def test_a_snippet_of_a_long_text_is_short(searched: SearchIndex) -> None:
    for hit in searched.search(Search("hostile", snippets=True)).hits:
        assert hit.snippet is not None
        assert len(hit.snippet.text) < 700
    assert found(searched, "hostile") == set(HOSTILE)


def test_a_mistyped_word_is_corrected(searched: SearchIndex) -> None:
    assert searched.spelling("regulatoin of mangroove forests") == "regulation of mangrove forests"
    assert searched.spelling("regulation") is None


def test_an_index_knows_its_generation(searched: SearchIndex, tmp_path: Path) -> None:
    assert searched.generation == searched.search(Search()).generation == "1"
