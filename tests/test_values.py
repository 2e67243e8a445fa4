"""The named cleaners: what each makes of a value, and what it reports instead of dropping it in silence."""

import time
from typing import Any

import pytest

from loaders import context, markup
from loaders.documents import Document, Json
from loaders.index_documents import repeated_fields
from loaders.mapping import Walk
from loaders.values import CLEANERS, Place
from ontology.identifiers import OTHER_TERM, Iris
from thesaurus.vocabulary import Thesaurus

GUID = "5E7E71C0-AAAA-BBBB-CCCC-000000000001"
RECORD = f"https://w3id.org/clearinghouse/id/record/{GUID}"
TERMS = "https://w3id.org/clearinghouse/id/term/"
THESAURUS = Thesaurus.load()


def walk(schema: str = "absPermit", languages: Json = ("en",), **body: Json) -> Walk:
    header = {"identifier": GUID, "schema": schema, "languages": list(languages)}
    return Walk(Document(GUID, schema, {"header": header, **body}, {}, "", ""), Iris(), THESAURUS)


def cleaned(value: Json, key: str, on: Walk | None = None) -> tuple[Json, Walk]:
    """What the cleaner of a field makes of a value, and the walk with what it reported and lifted."""
    on = on or walk()
    field = on.scope.fields[key]
    assert field is not None
    return CLEANERS[field.kind](value, Place(on, field, key, f"/{key}")), on


def reported(on: Walk) -> list[tuple[str, str, str]]:
    return [(found.severity, found.code, found.pointer) for found in on.findings]


def assert_clean(key: str, value: Json, expected: Json, schema: str = "absPermit") -> None:
    result, on = cleaned(value, key, walk(schema))
    assert result == expected
    assert on.findings == []


def assert_reported(key: str, value: Json, code: str, schema: str = "absPermit", pointer: str = "") -> None:
    result, on = cleaned(value, key, walk(schema))
    assert result is None
    severity = "Violation" if code == "wrong-type" else "Warning"
    assert reported(on) == [(severity, code, pointer or f"/{key}")]
    assert key in on.findings[0].message
    assert len(on.findings[0].value or "") <= 200


def test_every_cleaner_is_used_by_a_context_and_tested_here() -> None:
    kinds = {field.kind for schema in context.schemas() for field in context.fields(schema).values()}
    assert set(CLEANERS) <= kinds | {"text"}
    assert set(CLEANERS) == {
        *("alignment", "answer", "boolean", "concept", "country", "date", "date_time", "element", "identification"),
        *("iri", "link"),
        *("location", "name", "number", "part", "partialAnswer", "place", "plain", "reference", "statement"),
        *("tagged", "term", "text", "year"),
    }


# Texts


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"en": " A title "}, {"en": ["A title"]}),
        ({"en": "A", "fr": "B"}, {"en": ["A"], "fr": ["B"]}),
        ({"en": "A", "fr": "A", "zh": "A"}, {"en": ["A"]}),
        ({"en": None, "fr": "", "es": "  "}, None),
        ({"pt-BR": "A"}, {"pt-BR": ["A"]}),
        ("An old plain string", {"en": ["An old plain string"]}),
        ([{"en": "A"}, {"en": "B", "fr": "C"}], {"en": ["A", "B"], "fr": ["C"]}),
        (["A", {"fr": "B"}], {"en": ["A"], "fr": ["B"]}),
        ({"en": "AT&T &amp; R&D &lt;5 &eacute;"}, {"en": ["AT&T & R&D <5 é"]}),
        ({"en": "https://x.org/?a=1&copy=2&reg=3"}, {"en": ["https://x.org/?a=1&copy=2&reg=3"]}),
        ({"en": "a&#1;b&#12;c&#xFFFE;d"}, {"en": ["abcd"]}),
    ],
)
def test_a_text_is_its_languages(value: Json, expected: Json) -> None:
    assert_clean("title", value, expected)


@pytest.mark.parametrize(
    ("languages", "expected"), [(["en", "fr"], "@none"), ([], "@none"), (["fr"], "fr"), (["not a tag!"], "@none")]
)
def test_an_old_plain_string_has_the_only_language_of_its_record(languages: list[str], expected: str) -> None:
    assert cleaned("A", "title", walk(languages=languages))[0] == {expected: ["A"]}


def test_a_repetition_in_a_language_the_author_chose_is_kept() -> None:
    same = {"en": "COP", "fr": "COP", "es": "COP"}
    assert cleaned(same, "title", walk(languages=["en", "fr"]))[0] == {"en": ["COP"], "fr": ["COP"]}


@pytest.mark.parametrize("value", [5, True, 1.5])
def test_a_text_of_another_type_is_reported(value: Json) -> None:
    assert_reported("title", value, "wrong-type")


@pytest.mark.parametrize("part", [5, ["nested"], True])
def test_a_part_of_a_text_of_another_type_is_reported_and_the_others_kept(part: Json) -> None:
    result, on = cleaned([part, {"en": "A", "fr": part}], "title")
    assert result == {"en": ["A"]}
    assert reported(on) == [("Violation", "wrong-type", pointer) for pointer in ("/title/0", "/title/1/fr")]


@pytest.mark.parametrize("tag", ["english!", "", "en us", "@none", "x" * 300])
def test_an_ill_formed_language_tag_is_reported_and_the_others_kept(tag: str) -> None:
    result, on = cleaned({tag: "lost?", "en": "A"}, "title")
    assert result == {"en": ["A"]}
    assert reported(on) == [("Warning", "ill-formed-language-tag", f"/title/{tag}")]
    assert on.findings[0].value == "lost?"


@pytest.mark.parametrize(
    ("written", "text", "html"),
    [
        ("<div><!--block-->A text</div>", "A text", None),
        ("<p>One</p><p>Two<br>Three</p>", "One\nTwo\nThree", None),
        ("<p>A <b>bold</b> text</p>", "A bold text", "<p>A <b>bold</b> text</p>"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb", "<ul><li>a</li><li>b</li></ul>"),
        ("<p>a &lt; b &amp;amp; c&nbsp;d</p>", "a < b &amp; c d", None),
        ("<p>See <http://x.org>, <a@b.org> or x<y>z</p>", "See <http://x.org>, <a@b.org> or x<y>z", None),
        ("mail <a@b.org> where p<0.05 & a<b", "mail <a@b.org> where p<0.05 & a<b", None),
        ("<p>if a<b then</p>", "if a<b then", None),
        ("<o:p>Word</o:p><st1:place w:st='on'>Rome</st1:place>", "WordRome", "WordRome"),
        ("<script>alert(1)</script><b>x</b>", "x", "<b>x</b>"),
        ('<a href="javascript:alert(1)">x</a>', "x", '<a rel="noopener noreferrer">x</a>'),
        ("<p>a&#1;b&#12;c<i>d</i></p>", "ab\ncd", "<p>abc<i>d</i></p>"),
        ("<p> </p>", "", None),
        ("<img src='x'>", "", None),
    ],
)  # fmt: skip
def test_html_becomes_text_and_is_kept_where_it_is_formatted(written: str, text: str, html: str | None) -> None:
    result, on = cleaned({"en": written}, "title")
    assert result == ({"en": [text]} if text else None)
    nodes = [
        {"@id": f"{RECORD}#/title/en", "@type": "RichText", "html": html, "language": "en"},
    ]
    assert on.lifted == ({"richTexts": nodes} if html else {})
    assert on.findings == []


def test_html_without_a_language_is_kept_without_one() -> None:
    _, on = cleaned(["<b>a</b>"], "title", walk(languages=[]))
    assert on.lifted == {"richTexts": [{"@id": f"{RECORD}#/title/0", "@type": "RichText", "html": "<b>a</b>"}]}


@pytest.mark.parametrize("hostile", ["<div>", "<p ", "<br ", "<b", "<!--", "&lt;", "&#", "<a href='"])
def test_hostile_html_takes_no_time(hostile: str) -> None:
    started = time.process_time()
    markup.plain(hostile * 100_000)
    markup.formatted(hostile * 100_000)
    assert time.process_time() - started < 5


def test_a_text_with_very_many_tags_keeps_its_words() -> None:
    written = "<b>x</b> " * (markup.MAX_TAGS + 1)
    assert markup.formatted(written) is None
    assert markup.plain(written) == " ".join("x" * (markup.MAX_TAGS + 1))


@pytest.mark.parametrize(("value", "expected"), [("A", "A"), (" A ", "A"), ("  ", None)])
def test_a_tagged_text_is_a_string(value: Json, expected: Json) -> None:
    assert_clean("title_EN_t", value, expected, "meeting")


@pytest.mark.parametrize("value", [5, {"en": "A"}, ["A"]])
def test_a_tagged_text_of_another_type_is_reported(value: Json) -> None:
    assert_reported("title_EN_t", value, "wrong-type", "meeting")


def test_a_tagged_text_that_repeats_english_is_no_translation() -> None:
    on = walk("meeting", title_EN_t="A", title_FR_t="A", title_ES_t="B")
    assert [cleaned(on.document.body[key], key, on)[0] for key in ("title_EN_t", "title_FR_t", "title_ES_t")] == [
        "A",
        None,
        "B",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(" A ", "A"), ("  ", None), (5, "5"), (1.5, "1.5"), (True, "true"), (10**300, "1" + "0" * 300)],
)
def test_a_plain_value_is_what_is_written(value: Json, expected: Json) -> None:
    assert_clean("firstName", value, expected, "contact")


@pytest.mark.parametrize("value", [{"en": "A"}, ["A"]])
def test_a_plain_value_of_another_type_is_reported(value: Json) -> None:
    assert_reported("firstName", value, "wrong-type", "contact")


# Terms, countries, references


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"identifier": "CBD-SUBJECT-AGR"}, "CBD-SUBJECT-AGR"),
        ("cbd-subject-agr", "CBD-SUBJECT-AGR"),
        ({"identifier": " cbd-SUBJECT-agr "}, "CBD-SUBJECT-AGR"),
        ({"identifier": "never heard of"}, "never%20heard%20of"),
        ({"identifier": "5b6177dd-5e5e-434e-8cb7-d63d67d5ebed"}, OTHER_TERM),
        ({"identifier": f"CBD-SUBJECT-AGR#{OTHER_TERM}"}, "CBD-SUBJECT-AGR"),
        ({"identifier": "http://data.gbif.org/species/13140807"}, "http:%2F%2Fdata.gbif.org%2Fspecies%2F13140807"),
        ({"identifier": "CBD-SUBJECT-AGR", "name": "Agriculture"}, "CBD-SUBJECT-AGR"),
    ],
)
def test_a_term_is_spelled_as_the_thesaurus_does(value: Json, expected: str) -> None:
    assert_clean("keywords", value, {"identifier": TERMS + expected})


@pytest.mark.parametrize("key", ["keywords", "government", "absCNA"])
@pytest.mark.parametrize("value", ["", {"identifier": ""}, {"identifier": None}, {}])
def test_an_empty_identifier_is_nothing(key: str, value: Json) -> None:
    assert_clean(key, value, None)


@pytest.mark.parametrize("key", ["keywords", "government", "absCNA"])
@pytest.mark.parametrize("value", [5, True, ["a"], {"identifier": 5}, {"identifier": {"identifier": "a"}}])
def test_an_identifier_of_another_type_is_reported(key: str, value: Json) -> None:
    assert_reported(key, value, "wrong-type")


@pytest.mark.parametrize("key", ["keywords", "government", "absCNA"])
def test_an_unknown_member_beside_an_identifier_is_reported(key: str) -> None:
    _, on = cleaned({"identifier": "ke", "colour": "red"}, key)
    assert ("Warning", "unmapped", f"/{key}/colour") in reported(on)


def test_a_statement_is_told_under_the_base_of_the_graph() -> None:
    line = '<https://w3id.org/clearinghouse/id/term/A> <https://w3id.org/clearinghouse/ns#p> "<p>a</p>" .'
    assert_clean("added", line, line, "thesaurusChange")
    elsewhere = Walk(walk("thesaurusChange").document, Iris("https://example.org/"), THESAURUS)
    moved = line.replace("<https://w3id.org/clearinghouse/id", "<https://example.org/id")
    assert cleaned(line, "added", elsewhere)[0] == moved
    assert_reported("added", 5, "wrong-type", "thesaurusChange")


def test_a_custom_value_is_kept_beside_its_concept() -> None:
    result, on = cleaned({"identifier": OTHER_TERM, "customValue": {"en": "Seaweed <b>x</b>"}}, "keywords")
    assert result == {"identifier": TERMS + OTHER_TERM}
    assert on.lifted["customTerms"] == [
        {
            "@id": f"{RECORD}#/keywords",
            "@type": "CustomTerm",
            "term": {"identifier": TERMS + OTHER_TERM},
            "customValue": {"en": ["Seaweed x"]},
        }
    ]
    assert [node["@id"] for node in on.lifted["richTexts"]] == [f"{RECORD}#/keywords/customValue/en"]
    assert on.findings == []


@pytest.mark.parametrize("identifier", ["", None])
def test_a_custom_value_without_a_concept_is_reported(identifier: Json) -> None:
    assert_reported("keywords", {"identifier": identifier, "customValue": {"en": "Seaweed"}}, "ill-formed-identifier")
    assert_reported("keywords", {"customValue": {"en": "Seaweed"}}, "ill-formed-identifier")


@pytest.mark.parametrize("identifier", ["#abc", "abc#", "a\tb", "x" * 5000])
def test_an_ill_formed_term_is_reported(identifier: str) -> None:
    assert_reported("keywords", {"identifier": identifier}, "ill-formed-identifier")


@pytest.mark.parametrize(
    ("value", "expected"), [("ke", "KE"), ({"identifier": "KE"}, "KE"), ({"identifier": " eu "}, "EU")]
)
def test_a_country_is_two_letters(value: Json, expected: str) -> None:
    assert_clean("government", value, {"identifier": f"https://w3id.org/clearinghouse/id/country/{expected}"})


@pytest.mark.parametrize("value", ["Kenya", "k", "k3", "кe", "ke/../x"])
def test_an_ill_formed_country_is_reported(value: str) -> None:
    assert_reported("government", {"identifier": value}, "ill-formed-identifier")


def test_a_place_is_a_country_or_a_region() -> None:
    key = next(
        key
        for key, field in context.scope("capacityBuildingInitiative").fields.items()
        if field and field.kind == "place"
    )
    on = walk("capacityBuildingInitiative")
    assert cleaned({"identifier": "ke"}, key, on)[0] == {"identifier": "https://w3id.org/clearinghouse/id/country/KE"}
    assert cleaned("D50FE62D-8A5E-4407-83F8-AFCAAF708EA4", key, on)[0]["identifier"].startswith(TERMS)
    assert cleaned({"identifier": 5}, key, on)[0] is None
    assert reported(on) == [("Violation", "wrong-type", f"/{key}")]


@pytest.mark.parametrize(
    ("value", "revision"), [(f"{GUID}@3", 3), ({"identifier": f"{GUID}@12"}, 12), ({"identifier": GUID}, None)]
)
def test_a_reference_leads_to_the_record_and_keeps_the_revision(value: Json, revision: int | None) -> None:
    result, on = cleaned(value, "absCNA")
    assert result == {"identifier": RECORD}
    assert on.lifted == ({"citedRevisions": [f"{RECORD}/{revision}"]} if revision else {})
    assert on.findings == []


@pytest.mark.parametrize(
    "value", ["short", f"{GUID}@", f"{GUID}@0", f"{GUID}@x", f"{GUID}@1@2", f"{GUID} {GUID}", "../x"]
)
def test_an_ill_formed_reference_is_reported(value: str) -> None:
    assert_reported("absCNA", {"identifier": value}, "ill-formed-identifier")


# Addresses and nested objects


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" https://example.org/a b ", "https://example.org/a%20b"),
        ("HTTPS://example.org", "HTTPS://example.org"),
        ("/api/v2013/documents/x/attachments/a b.pdf", "https://api.cbd.int/api/v2013/documents/x/attachments/a%20b.pdf"),
        ("/doc/x.pdf", "https://www.cbd.int/doc/x.pdf"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        ("www.example.org", "http://www.example.org"),
        ("WWW.example.org", "http://WWW.example.org"),
        ("https://example.org/é|{}", "https://example.org/%C3%A9%7C%7B%7D"),
        ("mailto:a@b.org", "mailto:a@b.org"),
        ("doi:10.1/x", "doi:10.1/x"),
        ("urn:x:y", "urn:x:y"),
        ("ftp://x.org/y", "ftp://x.org/y"),
    ],
)  # fmt: skip
def test_an_address_is_an_iri(value: str, expected: str) -> None:
    assert_clean("url_ss", value, expected, "meeting")


@pytest.mark.parametrize(
    "value",
    [
        *("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "example.org", "n/a", "https://x.org/%zz"),
        *(
            "http://[x",
            "x" * 5000,
            "?",
            "{not json",
            "https://example.org/<x>",
            'https://example.org/"x"',
            "https://exa mple.org",
        ),
    ],
)
def test_what_is_no_address_is_reported(value: str) -> None:
    assert_reported("url_ss", value, "ill-formed-iri", "meeting")


@pytest.mark.parametrize("value", [5, {"url": "https://x.org"}, True])
def test_an_address_of_another_type_is_reported(value: Json) -> None:
    assert_reported("url_ss", value, "wrong-type", "meeting")


def link(at: str = "", **members: Json) -> dict[str, Json]:
    return {"@id": f"{RECORD}#/permitFiles{at}", "@type": "Link", **members}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"url": "https://x.org", "name": "X", "language": "en"}, link(url="https://x.org", name="X", language="en")),
        ("https://x.org", link(url="https://x.org")),
        ('{"url": "https://x.org"}', link(url="https://x.org")),
        ({"url": ""}, None),
    ],
)
def test_a_link_is_a_node_of_its_own(value: Json, expected: Json) -> None:
    assert_clean("permitFiles", value, expected)


def test_several_links_in_one_string_are_several_links() -> None:
    result, on = cleaned('[{"url": "https://x.org"}, {"url": "https://y.org"}]', "permitFiles")
    assert result is None
    assert on.lifted["permitFiles"] == [link("/0", url="https://x.org"), link("/1", url="https://y.org")]


@pytest.mark.parametrize(
    "value",
    [
        *("{", "[" * 100_000, "[" * 99 + "]" * 99),
        *('{"url": NaN}', '{"url": "\\ud800"}', '["\\u0000"]', '{"url": 1, "url": 2}'),
    ],
)
def test_json_in_a_string_passes_the_door_too(value: str) -> None:
    """It is taken for an address, and reported."""
    result, on = cleaned(value, "permitFiles")
    assert result is None
    assert reported(on) == [("Warning", "ill-formed-iri", "/permitFiles/url")]


@pytest.mark.parametrize(("value", "expected"), [(5, "wrong-type"), (True, "wrong-type")])
@pytest.mark.parametrize("key", ["permitFiles", "gisMapCenter"])
def test_a_nested_object_of_another_type_is_reported(key: str, value: Json, expected: str) -> None:
    assert_reported(key, value, expected)


def test_a_location_is_a_point() -> None:
    assert_clean(
        "gisMapCenter",
        {"lat": -15.5, "lng": 50.123456789, "zoom": 7},
        {"@id": f"{RECORD}#/gisMapCenter", "@type": "Point", "lat": "-15.5", "lng": "50.123456789"},
    )


def test_an_unknown_member_of_a_nested_object_is_reported() -> None:
    _, on = cleaned({"url": "https://x.org", "colour": [1]}, "permitFiles")
    assert reported(on) == [("Warning", "unmapped", "/permitFiles/colour")]
    assert on.findings[0].value == "[1]"


def test_a_part_has_its_pointer_as_identity() -> None:
    result, on = cleaned({"activity": "Plant", "cost": 5.0}, "budget", walk("lwProject"))
    part = {"@id": f"{RECORD}#/budget", "@type": "Part"}
    assert result == {**part, "activity": {"en": ["Plant"]}, "cost": "5"}
    assert on.findings == []
    assert_reported("budget", 5, "wrong-type", "lwProject")
    assert_clean("budget", {}, None, "lwProject")


def test_a_bare_string_is_the_name_of_a_part_that_has_one() -> None:
    partner = context.scope("lwProject").fields["institutionalContext"].scope.fields["partner"]  # type: ignore[union-attr]
    assert partner is not None
    on = walk("lwProject")
    assert CLEANERS["part"]("The partner", Place(on, partner, "partner", "/p")) == {
        "@id": f"{RECORD}#/p",
        "@type": "Part",
        "name": {"en": ["The partner"]},
    }
    assert_reported("budget", "Five", "wrong-type", "lwProject")


def test_an_alignment_is_a_subject_of_the_record_as_well() -> None:
    result, on = cleaned({"identifier": "GBF-TARGET-01"}, "globalTargetAlignment", walk("nationalTarget7"))
    assert result["identifier"] == {"identifier": f"{TERMS}GBF-TARGET-01"}
    assert on.lifted == {"gbfTargets": [{"identifier": f"{TERMS}GBF-TARGET-01"}]}
    bare, _ = cleaned("gbf-target-01", "globalTargetAlignment", walk("nationalTarget7"))
    assert bare == result
    assert_reported("globalTargetAlignment", 5, "wrong-type", "nationalTarget7")


def test_an_element_other_is_joined_to_its_parent() -> None:
    parent, on = "24F8AFF3-6EDE-4A6B-9F5D-0D5E5A2C9F11", walk("measure")
    field = on.inside("absMeasures").fields["relevantElements"]
    assert field is not None
    at = Place(on, field, "relevantElements", "/absMeasures/relevantElements/0")
    joined = {"identifier": f"{parent}#{OTHER_TERM}"}, {"parent": f"{OTHER_TERM}#{parent}", "identifier": OTHER_TERM}
    for value in joined:
        assert CLEANERS["element"]({**value, "section": {"en": "3"}}, at) == {
            "@id": f"{RECORD}#/absMeasures/relevantElements/0",
            "@type": "Part",
            "identifier": {"identifier": TERMS + OTHER_TERM},
            "parent": {"identifier": TERMS + parent},
            "section": {"en": ["3"]},
        }
    assert on.findings == []
    assert CLEANERS["element"](5, at) is None
    assert reported(on) == [("Violation", "wrong-type", "/absMeasures/relevantElements/0")]


def test_an_identification_is_a_node_with_a_notation() -> None:
    schema, key = next(
        (schema, key)
        for schema in context.schemas()
        for key, field in context.scope(schema).fields.items()
        if field and field.kind == "identification"
    )
    node = {"@id": f"{RECORD}#/{key}", "@type": "Identifier", "notation": "DAS-4Ø278-9"}
    assert_clean(key, " DAS-4Ø278-9 ", node, schema)
    assert_clean(key, "  ", None, schema)
    assert_reported(key, {"a": 1}, "wrong-type", schema)


def answered(value: Json, key: str = "Q004") -> tuple[dict[str, Any], Walk]:
    result, on = cleaned(value, key, walk("absNationalReport1"))
    assert result.pop("@id") == f"{RECORD}#/{key}"
    assert result.pop("@type") == "Answer"
    assert result.pop("question") == f"https://w3id.org/clearinghouse/id/question/absNationalReport1/{key}"
    return result, on


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", {"value": "true"}),
        (True, {"value": "true"}),
        (12, {"value": "12"}),
        ({"en": "In words"}, {"text": {"en": ["In words"]}}),
        ({"value": {"en": "In words"}}, {"text": {"en": ["In words"]}}),
        (
            {"value": "yes", "additionalInformation": {"en": "More"}},
            {"value": "yes", "additionalInformation": {"en": ["More"]}},
        ),
    ],
)
def test_an_answer_is_a_value_or_a_text(value: Json, expected: Json) -> None:
    result, on = answered(value)
    assert result == expected
    assert on.findings == []


def test_an_answer_that_is_a_term_leads_to_its_concept() -> None:
    result, _ = answered("5b6177dd-5e5e-434e-8cb7-d63d67d5ebed")
    assert result == {"value": "5b6177dd-5e5e-434e-8cb7-d63d67d5ebed", "term": {"identifier": TERMS + OTHER_TERM}}


def test_an_unknown_member_of_an_answer_is_reported() -> None:
    _, on = answered({"value": "yes", "colour": "red"})
    assert reported(on) == [("Warning", "unmapped", "/Q004/colour")]


# Numbers, dates, flags


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), ("true", True), (" FALSE ", False), (" ", None), ("maybe", "maybe")],
)
def test_a_boolean_may_be_a_string(value: Json, expected: Json) -> None:
    assert_clean("picGranted", value, expected)


@pytest.mark.parametrize("value", [1, 0, {"en": True}, 1.5])
def test_a_boolean_of_another_type_is_reported(value: Json) -> None:
    assert_reported("picGranted", value, "wrong-type")


@pytest.mark.parametrize("key", ["amendmentIntent"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (50.123456789, "50.123456789"),
        (1e22, "10000000000000000000000"),
        (10**300, "1" + "0" * 300),
        (" 1.50 ", "1.50"),
        (" ", None),
        ("many", "many"),
    ],
)
def test_a_number_is_its_decimal_notation(key: str, value: Json, expected: Json) -> None:
    assert_clean(key, value, expected)


@pytest.mark.parametrize("value", [True, {"a": 1}, [1]])
def test_a_number_of_another_type_is_reported(value: Json) -> None:
    assert_reported("amendmentIntent", value, "wrong-type")


def test_a_year_is_a_number_or_a_string() -> None:
    schema, key = next(
        (schema, key)
        for schema in context.schemas()
        for key, field in context.scope(schema).fields.items()
        if field and field.kind == "year"
    )
    assert_clean(key, 2014, "2014", schema)
    assert_clean(key, " 2014 ", "2014", schema)
    assert_reported(key, True, "wrong-type", schema)


def typed(value: str, datatype: str) -> dict[str, str]:
    return {"@value": value, "@type": f"xsd:{datatype}"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2014-11-07", "2014-11-07"),
        (" 2014-11-07 ", "2014-11-07"),
        ("2014-11-07T19:42:51.43Z", "2014-11-07"),
        ("2014-11-07T19:42:51", "2014-11-07"),
        ("2014-11-07T19:42:51+05:30", "2014-11-07"),
        ("2014-11", typed("2014-11", "gYearMonth")),
        ("2014", typed("2014", "gYear")),
        ("1230768000000", "2009-01-01"),
        ("-86400000000", "1967-04-07"),
        ("-62135596800000", None),
        ("  ", None),
        ("soon", "soon"),
        ("２０１４", "２０１４"),
        ("7 November 2014", "7 November 2014"),
    ],
)
def test_a_date_is_a_day_a_month_or_a_year(value: str, expected: Json) -> None:
    assert_clean("dateOfIssuance", value, expected)


@pytest.mark.parametrize("key", ["dateOfIssuance", "createdOn"])
@pytest.mark.parametrize("value", [2014, {"en": "2014"}, True, ["2014"]])
def test_a_date_of_another_type_is_reported(key: str, value: Json) -> None:
    assert_reported(key, value, "wrong-type")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2014-11-07T19:42:51.43Z", "2014-11-07T19:42:51.43Z"),
        ("2014-11-07T19:42:51.43", "2014-11-07T19:42:51.43Z"),
        ("2014-11-07T19:42:51+01:00", "2014-11-07T19:42:51+01:00"),
        ("2014-11-07", "2014-11-07T00:00:00Z"),
        (" ", None),
        ("soon", "soon"),
    ],
)
def test_a_date_with_a_time_has_a_zone(value: str, expected: Json) -> None:
    assert_clean("createdOn", value, expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "usages"),
        ("true", "usages"),
        (" TRUE ", "usages"),
        (False, None),
        ("false", None),
        ("False", None),
        ("", None),
    ],
)
def test_a_flag_is_the_name_of_the_field_it_withholds(value: Json, expected: Json) -> None:
    assert_clean("usagesConfidential", value, expected)


def test_a_name_comes_from_its_enumeration() -> None:
    assert_clean("status_s", "CONFIRM", "CONFIRM", "meeting")
    assert_reported("status_s", "PERHAPS", "unknown-value", "meeting")
    assert_reported("usagesConfidential", "perhaps", "unknown-value")


@pytest.mark.parametrize("value", [5, {"a": 1}, 1.5])
def test_a_name_of_another_type_is_reported(value: Json) -> None:
    assert_reported("usagesConfidential", value, "wrong-type")


def test_the_copies_of_an_index_document_are_known_by_their_names() -> None:
    copies = {"title_s": "A", "start_dt": "x", "end_s": "x", "end_dt": "y", "title_EN_t": "A"}
    assert repeated_fields({**copies, "title_t": "A", "start_s": "x"}) == {"title_t", "start_s"}
    forms = "themes_CEN_ss themes_EN_ss themes_REL_ss text_EN_txt sort1_s _version_ virtual_x schema_EN_t meta1_EN_txt"
    assert repeated_fields(dict.fromkeys(forms.split(), "A")) == set(forms.split())
    assert repeated_fields({"themes_EN_ss": ["A"]}) == set()
