"""Identifiers: every form is minted and read back, in every spelling sources use, and everything else is refused."""

import re

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import IdentifierError
from ontology.identifiers import (
    OTHER_TERM,
    CountryIri,
    Iris,
    NodeIri,
    PublicUid,
    QuestionIri,
    RecordIri,
    Reference,
    RevisionIri,
    SchemeIri,
    TermIri,
    addresses,
    canonical_term,
    split_term,
    term_key,
)
from ontology.realms import REALMS, realm_of
from ontology.recognition import (
    Identified,
    IndexId,
    ItemName,
    LmoName,
    RecordName,
    normal_lmo,
    parse_identifier,
)

GUID = "CB51626B-CF45-2AA0-3A24-459669DDCC34"
BASE = "https://w3id.org/clearinghouse/id/"
IRIS = Iris()

guids = st.from_regex(r"[A-Za-z0-9\-_]{11,128}", fullmatch=True)
revisions = st.integers(1, 10**18 - 1)
numbers = st.integers(1, 999_999_999)
countries = st.from_regex(r"[A-Za-z]{2}", fullmatch=True)
uids = st.builds(
    PublicUid,
    st.sampled_from([realm.prefix for realm in REALMS.values()]),
    st.sampled_from(sorted({code for realm in REALMS.values() for code in realm.codes.values()} | {"CBI"})),
    countries.map(str.upper) | st.just("SCBD"),
    numbers,
    st.none() | revisions,
)
names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(
    lambda text: text.strip() not in ("", ".", "..")
)
pointers = st.lists(st.text(st.characters(exclude_categories=("Cs",))), min_size=1).map(
    lambda steps: "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
)


# IRIs


@given(guids, revisions, pointers)
def test_iris_of_records_revisions_and_nodes_are_read_back(guid: str, revision: int, pointer: str) -> None:
    assert IRIS.parse(IRIS.record(guid)) == RecordIri(guid)
    assert IRIS.parse(IRIS.revision(guid, revision)) == RevisionIri(guid, revision)
    assert IRIS.parse(IRIS.node(guid, pointer)) == NodeIri(guid, pointer)


@given(names, countries)
def test_iris_of_terms_schemes_questions_and_countries_are_read_back(name: str, code: str) -> None:
    assert IRIS.parse(IRIS.term(name)) == TermIri(canonical_term(name))
    assert IRIS.parse(IRIS.scheme(name)) == SchemeIri(canonical_term(name))
    assert IRIS.parse(IRIS.question("cpbNationalReport5", name)) == QuestionIri(
        "cpbNationalReport5", canonical_term(name)
    )
    assert IRIS.parse(IRIS.country(code)) == CountryIri(code.upper())


@given(names, pointers)
def test_minted_iris_are_uris_of_rfc_3986(name: str, pointer: str) -> None:
    characters = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-F]{2})"
    assert re.fullmatch(rf"{BASE}term/{characters}+", IRIS.term(name).value)
    assert re.fullmatch(rf"{BASE}record/{GUID}#(?:{characters}|[/?])+", IRIS.node(GUID, pointer).value)


@pytest.mark.parametrize(
    ("minted", "expected"),
    [
        (IRIS.record(GUID), f"record/{GUID}"),
        (IRIS.record("52000000cbd00500000019e2"), "record/52000000cbd00500000019e2"),
        (IRIS.revision(GUID, 12), f"record/{GUID}/12"),
        (IRIS.node(GUID, "/permitFiles/0"), f"record/{GUID}#/permitFiles/0"),
        (IRIS.node(GUID, '/a~1b/m~0n/k"l/50%'), f"record/{GUID}#/a~1b/m~0n/k%22l/50%25"),
        (IRIS.term("CBD-SUBJECT-ECOA+ECORES"), "term/CBD-SUBJECT-ECOA+ECORES"),
        (IRIS.term("http://data.gbif.org/species/13140807"), "term/http:%2F%2Fdata.gbif.org%2Fspecies%2F13140807"),
        (IRIS.term("B8A150E054154AD3AD97856ABD485E90"), "term/B8A150E054154AD3AD97856ABD485E90"),
        (IRIS.scheme("Organization Types"), "scheme/Organization%20Types"),
        (IRIS.country("eu"), "country/EU"),
        (IRIS.place("ke"), "country/KE"),
        (IRIS.place("bd12d7fb-91f7-4b2d-996c-e70f18a51f0e"), "term/BD12D7FB-91F7-4B2D-996C-E70F18A51F0E"),
        (IRIS.question("absNationalReport1", "Q008_a"), "question/absNationalReport1/Q008_a"),
    ],
)
def test_known_names_get_these_iris(minted: ox.NamedNode, expected: str) -> None:
    assert minted.value == BASE + expected


def test_the_base_is_a_setting() -> None:
    local = Iris("http://localhost:8000/")
    assert local.record(GUID).value == f"http://localhost:8000/id/record/{GUID}"
    assert local.parse(local.country("fr")) == CountryIri("FR")
    with pytest.raises(IdentifierError, match="localhost"):
        local.parse(IRIS.record(GUID))


@pytest.mark.parametrize("base", ["https://example.org", "ftp://example.org/", "https://example.org/#", "https://a b/"])
def test_a_base_that_cannot_carry_iris_is_refused(base: str) -> None:
    with pytest.raises(IdentifierError, match="base IRI"):
        Iris(base)


@pytest.mark.parametrize("guid", ["", "SHORT-10ch", "A" * 129, GUID + "\n", GUID.replace("-", "/"), "É" * 36])
def test_a_guid_outside_the_rule_is_refused_by_name(guid: str) -> None:
    for mint in (IRIS.record, lambda text: IRIS.revision(text, 1), lambda text: IRIS.node(text, "/a")):
        with pytest.raises(IdentifierError, match="expected a GUID") as refusal:
            mint(guid)
        assert repr(guid)[:100] in str(refusal.value)


def test_guids_are_case_sensitive() -> None:
    assert IRIS.record(GUID) != IRIS.record(GUID.lower())


@pytest.mark.parametrize("pointer", ["", "permitFiles/0", "/a~2b", "/a~"])
def test_what_is_not_a_json_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(IdentifierError, match="RFC 6901"):
        IRIS.node(GUID, pointer)


@pytest.mark.parametrize("revision", [0, -1, 10**18])
def test_revisions_count_from_one(revision: int) -> None:
    with pytest.raises(IdentifierError, match="counted from 1"):
        IRIS.revision(GUID, revision)


@pytest.mark.parametrize("schema", ["", "cpb/NationalReport5", "5"])
def test_a_question_belongs_to_a_schema(schema: str) -> None:
    with pytest.raises(IdentifierError, match="a schema"):
        IRIS.question(schema, "Q001")


@pytest.mark.parametrize("code", ["", "e", "eur", "1a", "ſt", "e\n"])
def test_a_country_is_two_letters(code: str) -> None:
    with pytest.raises(IdentifierError, match="country"):
        IRIS.country(code)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "record/",
        f"record/{GUID}/0",
        f"record/{GUID}/01",
        f"record/{GUID}#",
        f"record/{GUID}#a",
        f"record/{GUID}#/%FF",
        "term/",
        "term/%2E%2E",
        "term/a/b",
        "country/EUR",
        "question/Q1",
        "other/1",
    ],
)
def test_an_iri_that_names_nothing_is_refused(path: str) -> None:
    with pytest.raises(IdentifierError):
        IRIS.parse(BASE + path)


# terms


def test_spellings_of_one_term_meet_in_one_iri_and_one_key() -> None:
    mixed = "E8C5A15C-A736-4fb7-A1B6-192412BE7E45"
    assert IRIS.term(mixed) == IRIS.term(mixed.upper()) == IRIS.term(f" {mixed.lower()} ")
    assert term_key("CBD-Subject-AGR") == term_key("cbd-subject-agr")


@pytest.mark.parametrize("name", ["", "  ", ".", "..", "a\x00b", "a\nb", "\ud800", "x" * 1025])
def test_a_name_that_no_iri_can_carry_is_refused(name: str) -> None:
    with pytest.raises(IdentifierError):
        IRIS.term(name)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("CBD-SUBJECT-AGR", ("CBD-SUBJECT-AGR", None)),
        (f"{OTHER_TERM}#CBD-SUBJECT-AGR", (OTHER_TERM, "CBD-SUBJECT-AGR")),
        (f"{OTHER_TERM.lower()}#a#b", (OTHER_TERM.lower(), "a#b")),
        (f"CBD-SUBJECT-AGR#{OTHER_TERM}", ("CBD-SUBJECT-AGR", OTHER_TERM)),
        ("http://example.org/terms#fungi", ("http://example.org/terms#fungi", None)),
        (f"http://example.org/terms#fungi#{OTHER_TERM}", ("http://example.org/terms#fungi", OTHER_TERM)),
    ],
)
def test_an_other_term_is_split_from_its_parent(text: str, parts: tuple[str, str | None]) -> None:
    assert split_term(text) == parts


@pytest.mark.parametrize("text", ["#", f"{OTHER_TERM}#", f"#{OTHER_TERM}"])
def test_half_an_other_term_is_refused(text: str) -> None:
    with pytest.raises(IdentifierError, match="both sides"):
        split_term(text)


# references


@given(guids, st.none() | revisions)
def test_references_are_read_back(guid: str, revision: int | None) -> None:
    assert Reference.parse(str(Reference(guid, revision))) == Reference(guid, revision)


@pytest.mark.parametrize(
    "text", ["", "@3", f"{GUID}@", f"{GUID}@0", f"{GUID}@03", f"{GUID}@1@2", f"{GUID}@٣", "short@1"]
)
def test_a_bad_reference_is_refused_by_name(text: str) -> None:
    with pytest.raises(IdentifierError, match=re.escape(repr(text)) + ".*GUID@revision"):
        Reference.parse(text)


# public UIDs


@given(uids)
def test_uids_are_read_back_in_any_case(uid: PublicUid) -> None:
    assert PublicUid.parse(str(uid)) == PublicUid.parse(str(uid).lower()) == uid
    assert uid.citation == str(uid).removesuffix(f"-{uid.revision}" if uid.revision else "")


@pytest.mark.parametrize(
    ("schema", "realm", "government", "document_id", "revision", "uid"),
    [
        ("absPermit", "ABS", "mx", 207443, 2, "ABSCH-IRCC-MX-207443-2"),
        ("absPermit", "abs", "in", 206823, None, "ABSCH-IRCC-IN-206823"),
        ("biosafetyLaw", "BCH", "bi", 255933, 12, "BCH-LAW-BI-255933-12"),
        ("modifiedOrganism", "BCH", None, 255056, 4, "BCH-LMO-SCBD-255056-4"),
        ("focalPoint", "ABS", "tg", 209716, 4, "CHM-NFP-TG-209716-4"),
        ("nationalTarget7", "ORT", "be", 276962, 2, "ORT-NT7-BE-276962-2"),
        ("biosafetyLaw", "BCH", "eu", 1, 1, "BCH-LAW-EU-1-1"),
        ("capacityBuildingInitiative", "ABS", None, 206701, 1, "ABSCH-CDI-SCBD-206701-1"),
        ("lwProject", "lifeweb", None, 203706, 1, "CHM-LWP-SCBD-203706-1"),
    ],
)
def test_a_uid_is_computed_from_the_envelope(
    schema: str, realm: str, government: str | None, document_id: int, revision: int | None, uid: str
) -> None:
    computed = PublicUid.of(
        schema=schema, realm=realm, government=government, document_id=document_id, revision=revision
    )
    assert str(computed) == uid
    assert schema in computed.schemas


def test_every_short_code_makes_a_uid() -> None:
    made = [
        PublicUid.of(schema=schema, realm=realm.name, government=None, document_id=7)
        for realm in REALMS.values()
        for schema in realm.codes
    ]
    assert len(made) > 80
    assert all(PublicUid.parse(str(uid)) == uid for uid in made)


def test_an_old_code_keeps_its_spelling_and_means_the_schema_of_today() -> None:
    uid = PublicUid.parse("absch-cbi-scbd-206701-1")
    assert str(uid) == "ABSCH-CBI-SCBD-206701-1"
    assert uid.schemas == ("capacityBuildingInitiative",)
    assert PublicUid.parse("CHM-UNP-SCBD-1").schemas == ("undbPartner", "undbParty")
    assert PublicUid.parse("ABSCH-XYZ-SCBD-1").schemas == ()


@pytest.mark.parametrize(
    "text",
    [
        "ABSCH-IRCC-MX",
        "ABSCH-IRCC-MEX-1",
        "ABSCH-IRCC-MX-0",
        "ABSCH-IRCC-MX-1234567890",
        "ABSCH-IRCC-MX-1-0",
        "XCH-A-MX-1",
    ],
)
def test_what_is_not_a_uid_is_refused(text: str) -> None:
    with pytest.raises(IdentifierError, match="public UID"):
        PublicUid.parse(text)


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("BCHTRG-LAW-BI-255933-2", "training"),
        ("ABSCH-TRG-IRCC-MX-207443-2", "training"),
        ("absch-dev-ircc-mx-207443", "development"),
        ("ABSCH-IRCC-MX-207443-2-DEV", "development"),
        ("https://absch-trg.cbd.int/database/record/207443", "training"),
        ("https://training.absch.cbd.int/", "training"),
        ("https://api.cbddev.xyz/api/v2013/documents/207443", "development"),
        ("https://absch.cbd.int/database/record/ABSCH-TRG-IRCC-MX-207443-2", "training"),
    ],
)
def test_identifiers_of_the_training_and_development_systems_are_refused(text: str, system: str) -> None:
    with pytest.raises(IdentifierError, match=f"of the {system} system"):
        parse_identifier(text)


@pytest.mark.parametrize(("realm", "system"), [("ABS-TRG", "training"), ("abs-dev", "development")])
def test_realms_of_the_training_and_development_systems_are_refused(realm: str, system: str) -> None:
    with pytest.raises(IdentifierError, match=f"of the {system} system"):
        PublicUid.of(schema="absPermit", realm=realm, government="mx", document_id=1)


def test_an_unknown_realm_or_schema_is_refused_by_name() -> None:
    with pytest.raises(IdentifierError, match=r"'XYZ'.*a realm: ABS, BCH, CHM, ORT"):
        realm_of("XYZ")
    with pytest.raises(IdentifierError, match="'nonsense'"):
        PublicUid.of(schema="nonsense", realm="ABS", government="mx", document_id=1)


# index ids


@given(
    st.sampled_from(["record", "meeting", "notification", "focalPoint", "press", "article", "country"]),
    st.integers(0, 16**8 - 1),
)
def test_index_ids_are_read_back(kind: str, number: int) -> None:
    text = str(IndexId(kind, number))
    assert len(text) == 24
    assert IndexId.parse(text) == IndexId.parse(text.upper()) == IndexId(kind, number)


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("52000000cbd0800000032af8", "record", 207608),
        ("52000000cbd00500000019cf", "meeting", 6607),
        ("52000000cbd0316600000310", "country", 784),
    ],
)
def test_an_index_id_is_a_kind_and_a_number(text: str, kind: str, number: int) -> None:
    assert IndexId.parse(text) == IndexId(kind, number)


@pytest.mark.parametrize("text", ["52000000cbd0", "52000000cbd0990000032af8", "52000000cbd08000000032af8", GUID])
def test_what_is_not_an_index_id_is_refused(text: str) -> None:
    with pytest.raises(IdentifierError, match="index id"):
        IndexId.parse(text)
    with pytest.raises(IdentifierError, match="number of a meeting"):
        IndexId("meeting", 16**10)
    with pytest.raises(IdentifierError, match="'decision'"):
        IndexId("decision", 1)


# LMO unique identifiers


@pytest.mark.parametrize(
    ("spellings", "normal"),
    [
        (("MON-ØØ6Ø3-6", "mon-øø6ø3-6", "MON-00603-6", "MON 00603-6", "MON-∅∅6∅3-6"), "MON006036"),
        (
            (
                "DP-2Ø2216-6 X DAS-4Ø278-9",
                "DAS-4Ø278-9 × DP-2Ø2216-6",
                "DAS-4Ø278-9×DP-2Ø2216-6",
                "das402789 x dp2022166",
            ),
            "DAS402789 x DP2022166",
        ),
        (("SYN-BTØ11-1 × SYN-Ø53Ø7-1× MON-ØØØ21-9",), "MON000219 x SYN053071 x SYNBT0111"),
    ],
)
def test_spellings_of_one_lmo_meet(spellings: tuple[str, ...], normal: str) -> None:
    assert {normal_lmo(text) for text in (*spellings, normal)} == {normal}


@pytest.mark.parametrize("text", ["", " × ", "MON-ØØ6Ø3-6 × "])
def test_an_lmo_without_a_code_is_refused(text: str) -> None:
    with pytest.raises(IdentifierError, match="LMO"):
        normal_lmo(text)


# any text


MSR = PublicUid("ABSCH", "MSR", "IN", 283500)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("ABSCH-MSR-IN-283500", RecordName(document_id=283500, uid=MSR)),
        (" absch-msr-in-283500-12 ", RecordName(None, 283500, PublicUid("ABSCH", "MSR", "IN", 283500, 12), 12)),
        (GUID, RecordName(guid=GUID)),
        (f"{GUID}@10", RecordName(guid=GUID, revision=10)),
        ("DECLARE-ORGANISATION_13394_20240830135408832", RecordName("DECLARE-ORGANISATION_13394_20240830135408832")),
        ("283500", RecordName(document_id=283500)),
        ("283500@11", RecordName(document_id=283500, revision=11)),
        ("52000000cbd0800000032af8", RecordName(document_id=207608)),
        ("52000000CBD00500000019E2", ItemName("meeting", 6626)),
        ("52000000cbd0990000032af8", RecordName(guid="52000000cbd0990000032af8")),
        ("MON-00810-6", LmoName("MON008106")),
        ("DAS-4Ø278-9 × MON-ØØ6Ø3-6", LmoName("DAS402789 x MON006036")),
        (f"{BASE}record/{GUID}", RecordName(guid=GUID)),
        (f"{BASE}record/{GUID}/10", RecordName(guid=GUID, revision=10)),
        (f"{BASE}record/{GUID}#/permitFiles/0", NodeIri(GUID, "/permitFiles/0")),
        (f"{BASE}term/Organization%20Types", TermIri("Organization Types")),
        (f"{BASE}country/KE", CountryIri("KE")),
        ("https://absch.cbd.int/en/database/MSR/ABSCH-MSR-IN-283500/1", RecordName(None, 283500, MSR, 1)),
        ("https://absch.cbd.int/database/ABSCH-MSR-IN-283500", RecordName(None, 283500, MSR)),
        ("https://bch.cbd.int/zh/database/record/15403/14?x=1#y", RecordName(document_id=15403, revision=14)),
        ("http://chm.cbd.int/database/record?documentID=206523", RecordName(document_id=206523)),
        ("http://bch.cbd.int/database/record.shtml?a=b&documentid=14750", RecordName(document_id=14750)),
        ("https://absch.cbd.int/certificate/207443", RecordName(document_id=207443)),
        ("https://absch.cbd.int/certificate/ABSCH-MSR-IN-283500", RecordName(None, 283500, MSR)),
        ("https://absch.cbd.int/database/NFP/1234", ItemName("focalPoint", 1234)),
        ("https://absch.cbd.int/database/NFP/209716/4", RecordName(document_id=209716, revision=4)),
        ("http://www.cbd.int/kb/record/meeting/5362", ItemName("meeting", 5362)),
        ("http://www.cbd.int/kb/record/marineEbsa/200108", RecordName(document_id=200108)),
        ("https://www.cbd.int/notifications/2024-001", ItemName("notification", symbol="2024-001")),
        ("https://www.cbd.int/meetings/COP-17", ItemName("meeting", symbol="COP-17")),
        ("https://www.cbd.int/meetings/006607", ItemName("meeting", 6607, "006607")),
        ("https://www.cbd.int/doc/?meeting=5362", ItemName("meeting", 5362)),
        ("https://www.cbd.int/conferences/2021-2022", ItemName("conference", symbol="2021-2022")),
        ("https://www.cbd.int/decision/cop/default.shtml?id=12268", ItemName("decision", 12268)),
        ("https://www.cbd.int/decision/np-mop/?id=13400", ItemName("decision", 13400)),
        ("https://bch.cbd.int/en/countries/ke/LAW", CountryIri("KE")),
        ("https://absch.cbd.int/ar/countries/EU", CountryIri("EU")),
        (f"https://api.cbd.int/api/v2013/documents/{GUID}@10", RecordName(guid=GUID, revision=10)),
        ("https://chm.cbd.int/api/v2013/documents/206523/versions/2/info", RecordName(document_id=206523, revision=2)),
        ("https://api.cbd.int/api/v2013/documents/206523?include-deleted=true", RecordName(document_id=206523)),
        ("https://api.cbd.int/api/v2013/thesaurus/domains/Organization%20Types/terms", SchemeIri("Organization Types")),
        ("https://api.cbd.int/api/v2013/thesaurus/terms/CBD-SUBJECT-AGR", TermIri("CBD-SUBJECT-AGR")),
    ],
)
def test_any_known_form_is_identified(text: str, subject: object) -> None:
    assert parse_identifier(text).subject == subject


def test_what_is_identified_says_how_it_was_written() -> None:
    assert parse_identifier("283500") == Identified("documentID", RecordName(document_id=283500))
    assert parse_identifier(f"{BASE}country/KE").form == "IRI"


def test_iris_are_identified_against_the_base_in_use() -> None:
    local = Iris("http://localhost:8000/")
    assert parse_identifier(f"http://localhost:8000/id/record/{GUID}", local).subject == RecordName(guid=GUID)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0123456",
        "1234567890",
        "two words here",
        f"{GUID}@0",
        "https://example.org/database/record/1",
        "https://absch.cbd.int.example.org/database/record/1",
        "https://absch.cbd.int/database/share/abcdefghijklmnop",
        "https://absch.cbd.int/database/record/1/0",
        f"https://api.cbd.int/api/v2013/documents/{GUID}/attachments/map.pdf",
        f"{BASE}record/",
        "x" * 5000,
    ],
)
def test_a_text_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(IdentifierError) as refusal:
        parse_identifier(text)
    assert len(str(refusal.value)) < 400


def test_only_secretariat_items_with_a_known_kind_and_number_have_an_index_id() -> None:
    meeting = parse_identifier("https://www.cbd.int/meetings/006607").subject
    assert isinstance(meeting, ItemName)
    assert str(meeting.index_id) == "52000000cbd00500000019cf"
    assert ItemName("meeting", symbol="COP-17").index_id is None
    assert ItemName("decision", 12268).index_id is None


@given(uids)
def test_every_address_of_a_record_leads_back_to_it(uid: PublicUid) -> None:
    found = addresses(uid.prefix, uid.document_id, str(uid))
    subjects = [parse_identifier(address).subject for address in found]
    assert [s.document_id for s in subjects if isinstance(s, RecordName)] == [uid.document_id] * len(found)


def test_the_addresses_of_a_certificate() -> None:
    assert addresses("ABS", 207443, "ABSCH-IRCC-MX-207443-2") == [
        "https://absch.cbd.int/en/database/IRCC/ABSCH-IRCC-MX-207443",
        "https://absch.cbd.int/database/record/207443",
        "https://absch.cbd.int/database/record?documentID=207443",
        "https://absch.cbd.int/certificate/207443",
        "https://api.cbd.int/api/v2013/documents/207443",
    ]
    assert "http://bch.cbd.int/database/record.shtml?documentid=14750" in addresses("BCH", 14750)
    assert addresses("ORT", 276962) == ["https://api.cbd.int/api/v2013/documents/276962"]
