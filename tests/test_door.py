"""The door: what is malformed is refused with its place, what is private does not come in by any spelling."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loaders import context, door
from loaders.documents import Document, Json, escaped
from loaders.door import MAX_DEPTH, admitted, withheld_fields
from loaders.gate import Gate, Outcome, Policy
from loaders.generate import records
from loaders.judgement import Judge
from loaders.ledger import Ledger
from loaders.mapping import Mapping
from loaders.sources import Raw
from ontology.errors import DoorError
from ontology.identifiers import Iris
from thesaurus.vocabulary import Thesaurus

GUID = "5E7E71C0-AAAA-BBBB-CCCC-000000000001"
SECRET = "canary-" + "secret" * 20
LONG = "x" * 100_000


def body(schema: str = "absPermit", **members: Json) -> dict[str, Json]:
    return {"header": {"identifier": GUID, "schema": schema, "languages": ["en"]}, **members}


def whole(schema: str = "absPermit", **members: Json) -> dict[str, Json]:
    return {"identifier": GUID, "documentID": 7, "type": schema, "revision": 1, "body": body(schema, **members)}


def come_in(value: Json, *, publish_contacts: bool = False) -> tuple[Document, list[str]]:
    """The document behind the door and the pointers of what was removed."""
    text = value if isinstance(value, str) else json.dumps(value)
    admitted_document, findings = admitted(text, {}, publish_contacts=publish_contacts)
    assert {found.code for found in findings} <= {"removed"}
    assert {found.severity for found in findings} <= {"Info"}
    return admitted_document, [found.pointer for found in findings]


def refusal(value: Json) -> str:
    with pytest.raises(DoorError) as raised:
        come_in(value)
    message = str(raised.value)
    assert len(message) < 250
    assert SECRET[:60] not in message
    return message


def with_body(members: str) -> str:
    return f"{json.dumps(whole())[:-2]}, {members}}}}}"


# What is malformed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"header": {',
            "not well-formed JSON: Expecting property name enclosed in double quotes at line 1, column 13",
        ),
        ('{"header":\n {"schema" "x"}}', "not well-formed JSON: Expecting ':' delimiter at line 2, column 12"),
        ("", "not well-formed JSON: Expecting value at line 1, column 1"),
        (f'"{SECRET}', "not well-formed JSON: Unterminated string starting at at line 1, column 1"),
        ('{"a": 1} {"b": 2}', "not well-formed JSON: Extra data at line 1, column 10"),
        ('{"a": "b\nc"}', "not well-formed JSON: Invalid control character at at line 1, column 9"),
        ('{"a": "b\0c"}', "not well-formed JSON: Invalid control character at at line 1, column 9"),
        ('{"a": 01}', "not well-formed JSON: Expecting ',' delimiter at line 1, column 8"),
        ("{'a': 1}", "not well-formed JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        (f'["{LONG}"]', "a record is a JSON object; this is an array"),
        (f'"{LONG}"', "a record is a JSON object; this is a string"),
        ("12", "a record is a JSON object; this is a number"),
        ("1.5", "a record is a JSON object; this is a number"),
        ("true", "a record is a JSON object; this is a boolean"),
        ("null", "a record is a JSON object; this is nothing"),
    ],
)
def test_what_is_no_json_object_is_refused(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "/header: expected an object with identifier, schema and languages, found nothing"),
        ({"body": {}}, "/body/header: expected an object with identifier, schema and languages, found nothing"),
        ({"header": [LONG]}, "/header: expected an object with identifier, schema and languages, found an array"),
        ({"document": {"header": "x"}}, "/document/header: expected an object with identifier, schema and languages, "
         "found a string"),
        ({"info": [1], "document": body()}, "/info: expected the information object, found an array"),
        ({"header": {"identifier": GUID}}, "/header/schema: expected the name of a schema, found nothing"),
        ({"header": {"identifier": GUID, "schema": ""}}, "/header/schema: expected the name of a schema, "
         "found a string"),
        ({"header": {"identifier": GUID, "schema": [1]}}, "/header/schema: expected the name of a schema, "
         "found an array"),
        ({"header": {"schema": "absPermit"}}, "/header/identifier: expected 11 to 128 letters, digits, - or _, "
         "found None"),
        ({"schema_s": 1}, "/schema_s: expected the name of a schema, found a number"),
        ({"schema_s": "meeting"}, "/identifier_s: an index document without the record's identifier; fetch the "
         "document itself"),
        ({"schema_s": "meeting", "id": "x y"}, "/identifier_s: an index document without the record's identifier; "
         "fetch the document itself"),
        ({"schema_s": "meeting", "id": GUID, "_state_s": "draft"}, "/_state_s: only public records are loaded, this "
         "one is 'draft'"),
        ({"schema_s": "contact", "id": GUID, "email_ss": [SECRET]}, "/schema_s: an index extract of contact; load the "
         "document itself"),
        ({"document": {"schema_s": "absPermit", "id": GUID}}, "/document/schema_s: an index extract of absPermit; load "
         "the document itself"),
        ({**whole(), "identifier": "5E7E71C0-XXXX"}, f"/body/header/identifier: {GUID} differs from the information "
         "object's '5E7E71C0-XXXX'"),
        ({**whole(), "documentID": 10**25}, "/documentID: expected a number of at most 18 digits"),
        ({**whole(), "revision": 10**18}, "/revision: expected a number of at most 18 digits"),
    ],
)  # fmt: skip
def test_a_document_without_a_usable_identity_is_refused(value: Json, message: str) -> None:
    assert refusal(value) == message


@pytest.mark.parametrize(
    "guid", ["short", "x" * 129, f"{GUID} ", f"{GUID}\n", "ä" * 20, "a/b" * 5, 12345678901, None, [GUID], LONG]
)
def test_an_ill_formed_guid_is_refused(guid: Json) -> None:
    value = body()
    value["header"]["identifier"] = guid
    message = refusal(value)
    assert message.startswith("/header/identifier: expected 11 to 128 letters, digits, - or _, found ")


@pytest.mark.parametrize("guid", ["a" * 11, "a" * 128, "SIMP-123_45", "DECLARE-ORGANISATION_13394_20240830135408832"])
def test_guids_of_all_known_forms_come_in(guid: str) -> None:
    value = body()
    value["header"]["identifier"] = guid
    assert come_in(value)[0].guid == guid


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 200, 900, 1200, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")])
def test_deep_nesting_is_refused(levels: int, opening: str, closing: str) -> None:
    message = refusal(with_body(f'"a": {opening * levels}1{closing * levels}'))
    assert message.endswith("nested deeper than 64 levels")


def test_nesting_of_64_levels_comes_in() -> None:
    value = json.loads(with_body(f'"a": {"[" * (MAX_DEPTH - 2)}1{"]" * (MAX_DEPTH - 2)}'))
    assert come_in(value)[0].body["a"] is not None


@pytest.mark.parametrize(
    "written",
    ["\\ud800", "\\uDFFF", "\\ude00\\ud83d", "\\u0000", "\\u001f", "\\u000b", "\\uFFFE", "\\uffff", "\ufffe", "\ud800"],
)
def test_characters_that_rdf_cannot_carry_are_refused_with_their_place(written: str) -> None:
    said = "a control character or half of a surrogate pair, which RDF cannot carry"
    assert refusal(with_body(f'"title": {{"en": "a{written}"}}')) == f"/body/title/en: {said}"
    assert refusal(with_body(f'"title": {{"a{written}": "b"}}')) == f"/body/title: {said}"
    assert refusal(with_body(f'"a": [{{"b{written}": {{"c": "{written}"}}}}]')).endswith(said)
    assert refusal(f'{{"x{written}": 1}}') == f"the document: {said}"


@pytest.mark.parametrize(
    "written", ["\\ud83d\\ude00", "😀", "\\u0009", "\\u000a\\u000D", "\\u0085", "\\\\u0000", "\\ufffd"]
)
def test_characters_that_rdf_can_carry_come_in(written: str) -> None:
    assert come_in(with_body(f'"a": "{written}"'))[0].body["a"] == json.loads(f'"{written}"')


def test_a_long_key_is_not_repeated_in_a_refusal() -> None:
    assert len(refusal(with_body(f'"{LONG}": {{"\\u0000": 1}}'))) < 250
    assert len(refusal(with_body(f'"{LONG}": {{"a": 1, "a": 2}}'))) < 250
    assert len(refusal(with_body(f'"{LONG}": {"[" * 100}{"]" * 100}'))) < 250


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ('"a": 1, "a": 1', "/body"),
        ('"b": [{}, {"x": 1, "\\u0078": 2}]', "/body/b/1"),
        ('"b": {"c": {"d": 1, "d": 2}}, "b": 3', "/body"),
        ('"e/f": {"": 1, "": 1}', "/body/e~1f"),
    ],
)
def test_a_repeated_key_is_refused_with_its_place(members: str, place: str) -> None:
    assert refusal(with_body(members)) == f"{place}: a key occurs twice in this object"


@pytest.mark.parametrize(
    "written",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1E+999",
        "1" * 400,
        "-" + "1" * 5000,
        "1" * 400 + ".5",
        "9" * 300 + "e9",
    ],
)
def test_numbers_that_no_double_can_hold_are_refused_with_their_place(written: str) -> None:
    message = refusal(with_body(f'"budget": [{{"cost": 1}}, {{"cost": {written}}}]'))
    assert message == "/body/budget/1/cost: expected a number that a double can hold (RFC 8259, section 6)"


@pytest.mark.parametrize("written", ["1e308", "-0.0", "1e-999", "9" * 300, "0", "1E5"])
def test_numbers_that_a_double_can_hold_come_in(written: str) -> None:
    assert come_in(with_body(f'"a": {written}'))[0].body["a"] == json.loads(written)


# Through the gate


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Mapping(Iris(), Thesaurus.load()), lambda guid: None)


def outcome(judge: Judge, *values: Json) -> Outcome:
    with Ledger(":memory:") as ledger:
        gate = Gate(ledger, judge, Policy(frozenset({"Violation"})), agent="test")
        [result] = gate.outcomes(Raw("test", str(place), json.dumps(value)) for place, value in enumerate(values))
        return result


@pytest.mark.parametrize("realm", ["ABS-TRG", "BCH-DEV", "abs-dev", "CHM-TRG"])
def test_the_training_and_development_systems_are_refused(realm: str, judge: Judge) -> None:
    for value in (
        {**whole(), "realm": realm},
        {**whole(), "Realm": realm},
        {"info": {"realm": realm}, "document": body()},
    ):
        [refused] = outcome(judge, value).refusals
        assert realm in refused.message
        assert re.search("of the (training|development) system", refused.message)


@pytest.mark.parametrize("realms", ["chm-dev", ["chm", "abs-trg"]])
def test_an_index_of_another_system_is_refused(realms: Json, judge: Judge) -> None:
    [refused] = outcome(judge, {"schema_s": "meeting", "id": GUID, "realm_ss": realms}).refusals
    assert re.search("of the (training|development) system", refused.message)


def test_an_unknown_schema_is_quarantined_with_its_place(judge: Judge) -> None:
    [judged] = outcome(judge, whole("absNovelty")).judged
    assert judged.verdict == "quarantined"
    [found] = judged.findings
    assert found.pointer == "/body/header/schema"
    assert found.message == "/body/header/schema: no context for schema 'absNovelty'"


def test_every_item_is_accounted_for(judge: Judge) -> None:
    result = outcome(judge, whole(), whole(), {**whole(), "realm": "ABS-DEV"}, [], whole("absNovelty"))
    assert sum(result.counts().values()) == 5
    assert result.repeated == 1
    assert len(result.refusals) == 2


# What is private

PERSON = {"userID": 12, "firstName": SECRET, "lastName": SECRET, "email": SECRET}


def pointers(value: Json, **options: bool) -> list[str]:
    """What was removed, after a look that nothing of it is left in the text, the body or the information object."""
    document, removed = come_in(value, **options)
    assert "canary" not in document.text
    assert "canary" not in json.dumps([document.body, document.information])
    assert document.text == json.dumps(json.loads(document.text), ensure_ascii=False, separators=(",", ":"))
    return removed


@pytest.mark.parametrize(
    "name",
    [
        *("notes", "authorizedEmails", "leadContact", "dateOfBirth", "birthDate", "placeOfBirth", "birthPlace"),
        *("respondent", "respondentName", "respondentEmail", "workingDocumentBody", "workingDocumentTitle"),
    ],
)
def test_private_members_are_removed_at_any_depth(name: str) -> None:
    private = {name: SECRET}
    removed = pointers({**whole(a=[{"b": private}, private], **private), **private, "x": {"y/z": private}})
    assert removed == [f"/{name}", f"/x/y~1z/{name}", f"/body/{name}", f"/body/a/1/{name}", f"/body/a/0/b/{name}"]


@pytest.mark.parametrize("name", ["createdBy", "updatedBy", "submittedBy", "deletedBy", "lockedBy", "By"])
def test_persons_are_removed_at_any_depth(name: str) -> None:
    removed = pointers({**whole(a=[{"b": {name: PERSON}}]), name: PERSON, "c": {name: [{"x": 1}, {"EMail": SECRET}]}})
    assert removed == [f"/{name}", f"/c/{name}", f"/body/a/0/b/{name}"]


def test_what_is_no_person_stays() -> None:
    assert come_in(whole(recommendedToAnyBy="GOV", x={"doneBy": {"identifier": "abc"}}, y={"email": "a@b"}))[1] == []


@pytest.mark.parametrize("name", ["Notes", "NOTES", "AUTHORIZEDEMAILS", "RespondentName", "createdBY", "CreatedBy"])
def test_the_case_of_a_name_does_not_matter(name: str) -> None:
    assert pointers(whole(**{name: PERSON, "a": [{name: PERSON}]})) == [f"/body/{name}", f"/body/a/0/{name}"]


@pytest.mark.parametrize(
    "key", ['\\u006eotes', 'note\\u0073', '\\u006E\\u006f\\u0074\\u0065\\u0073', 'respondent\\"s', 'respondent\\n',
            '\\u0072espondent', 'created\\u0042y', 'created\\u0042\\u0079', 'x\\"By']
)  # fmt: skip
def test_escapes_in_a_name_do_not_hide_it(key: str) -> None:
    assert len(pointers(with_body(f'"a": {{"{key}": {json.dumps(PERSON)}}}'))) == 1


def test_a_private_name_as_a_value_is_no_private_member() -> None:
    assert come_in(whole(a="notes", b=["createdBy", '"notes":', "respondent"]))[1] == []


def test_a_finding_names_the_field_and_never_the_value() -> None:
    _, [found] = admitted(json.dumps(whole(notes=SECRET)), {})
    assert (found.severity, found.code, found.pointer) == ("Info", "removed", "/body/notes")
    assert found.message == "notes: removed at the door"
    assert found.value is None


PERSONAL = {"emails": [SECRET], "phones": [SECRET], "mobiles": [SECRET], "faxes": [SECRET]}


def personal_pointers(*names: str) -> list[str]:
    return [f"/body/{name}" for name in names]


@pytest.mark.parametrize(
    ("schema", "members"),
    [
        ("contact", {"type": "person"}),
        ("contact", {"type": "Person"}),
        ("contact", {"type": None}),
        ("contact", {}),
        ("Contact", {"type": "person"}),
        ("focalPoint", {}),
        ("focalPoint", {"type": "organization"}),
    ],
)
def test_how_to_reach_a_person_is_removed(schema: str, members: dict[str, Json]) -> None:
    assert pointers(whole(schema, **members, **PERSONAL)) == personal_pointers("emails", "faxes", "mobiles", "phones")
    assert pointers(whole(schema, **members, Emails=[SECRET])) == personal_pointers("Emails")


@pytest.mark.parametrize(
    "envelope", [lambda value: value, lambda value: {"body": value}, lambda value: {"document": value}]
)
def test_an_envelope_does_not_hide_a_person(envelope: Any) -> None:
    assert [pointer.rpartition("/")[2] for pointer in pointers(envelope(body("focalPoint", emails=[SECRET])))] == [
        "emails"
    ]


def test_how_to_reach_an_organization_is_kept() -> None:
    assert come_in(whole("contact", type="organization", emails=["a@b.org"]))[1] == []
    assert come_in(whole("authority", emails=["a@b.org"]))[1] == []


def test_how_to_reach_a_person_is_kept_where_the_setting_says_so() -> None:
    value = whole("contact", type="person", emails=["a@b.org"], notes=SECRET)
    assert pointers(value, publish_contacts=True) == ["/body/notes"]


FLAGS = {
    "providersConfidential": "providers",
    "entitiesToWhomPICGrantedConfidential": "entitiesToWhomPICGranted",
    "subjectMatterConfidential": "subjectMatter",
    "usagesConfidential": "usages",
}


@pytest.mark.parametrize(("flag", "field"), FLAGS.items())
@pytest.mark.parametrize("so", [True, "true", "TRUE", " True ", 1, "yes", "1"])
def test_a_flagged_value_is_removed(flag: str, field: str, so: Json) -> None:
    value = whole(**{flag: so, field: [{"identifier": SECRET}]})
    assert pointers(value) == [f"/body/{field}"]
    assert come_in(value)[0].body[flag] == so
    assert withheld_fields(come_in(value)[0]) == [field]
    assert pointers(whole(**{flag.upper(): so, field.lower(): SECRET})) == [f"/body/{field.lower()}"]


@pytest.mark.parametrize("so", [False, "false", "False", None, "", 0, "no"])
def test_a_flag_that_says_no_withholds_nothing(so: Json) -> None:
    value = whole(usagesConfidential=so, usages=[{"identifier": "a"}])
    assert come_in(value)[1] == []
    assert withheld_fields(come_in(value)[0]) == []


def test_a_flag_withholds_in_a_record_of_any_schema() -> None:
    for schema in ("measure", "absNovelty"):
        value = whole(schema, colourConfidential=True, colour=SECRET, usages=[1])
        assert pointers(value) == ["/body/colour"]
        assert withheld_fields(come_in(value)[0]) == ["colour"]


def test_what_a_later_revision_withholds_is_removed_from_the_earlier_ones() -> None:
    redactions = {GUID: {"usages": 3}, "another-record": {"providers": 9}}
    for revision, removed in ((1, True), (2, True), (3, False), (4, False), (None, True)):
        value = whole(usages=[{"identifier": "a"}], providers=[{"identifier": "b"}]) | {"revision": revision}
        document, findings = admitted(json.dumps(value), redactions)
        assert [found.pointer for found in findings] == ["/body/usages"] * removed
        assert ("usages" in document.body) is not removed


def test_what_is_not_private_stays_as_it_was_written() -> None:
    text = with_body('"a" : 1.10, "b":\t"\\u00e9"')
    assert admitted(text, {})[0].text == text


def test_removing_is_stable() -> None:
    """What came in once comes in again, unchanged: the ledger holds nothing that the door would take out."""
    for generated in records(300, seed=3, faults=0.2):
        text = json.dumps(generated.document)
        if generated.fault and not admissible(text):
            continue
        document, _ = admitted(text, {})
        again, findings = admitted(document.text, {})
        assert findings == []
        assert again.digest == document.digest


def admissible(text: str) -> bool:
    try:
        admitted(text, {})
    except DoorError:
        return False
    return True


# The fast path


def slow_removals(value: Json, pointer: str = "") -> Iterator[str]:
    """The pointers of all that is private in itself, found by a straightforward walk."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from slow_removals(item, f"{pointer}/{index}")
    if isinstance(value, dict):
        for key, member in value.items():
            here, name = f"{pointer}/{escaped(key)}", key.lower()
            people = member if isinstance(member, list) else [member]
            if name in {"notes", "authorizedemails", "leadcontact", "dateofbirth", "birthdate", "placeofbirth"} | {
                "birthplace"
            } or name.startswith(("respondent", "workingdocument")):
                if member is not None:
                    yield here
                    continue
            elif name.endswith("by") and any(
                isinstance(one, dict) and {k.lower() for k in one} & {"userid", "firstname", "lastname", "email"}
                for one in people
            ):
                yield here
                continue
            yield from slow_removals(member, here)


names = st.sampled_from(
    ["notes", "Notes", "createdBy", "BY", 'x"By', "respondent~/", 'respondent"', "email", "a", "\\u006e"]
)
keys = st.one_of(names, st.text('notesBy"\\/~:e', max_size=6))
scalars = st.one_of(st.none(), st.integers(0, 3), keys, st.text("\x00\ud800\ufffe\u00e9\\u00", max_size=3))
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=12
)


def spelled(value: Json, as_escapes: bool, indent: int | None) -> str:
    """The value as JSON; every letter of a key or text may be an escape."""
    text = json.dumps(value, indent=indent, ensure_ascii=True)
    if as_escapes:
        text = re.sub(r'(?<=[A-Za-z"])(?<!\\)[tB](?=[a-z"])', lambda found: f"\\u{ord(found[0]):04x}", text)
    return text


@settings(max_examples=300, deadline=None)
@given(tree=trees, as_escapes=st.booleans(), indent=st.sampled_from([None, 1]))
@example(tree={"notes": None}, as_escapes=False, indent=None)
@example(tree={'respondent"x': 1}, as_escapes=False, indent=None)
@example(tree=[[[{"a": [{"notes": 1}]}]]] * 30, as_escapes=False, indent=None)
def test_the_fast_paths_change_nothing(tree: Json, as_escapes: bool, indent: int | None) -> None:
    text = spelled(whole(a=tree), as_escapes, indent)
    parsed = json.loads(text)
    if UNPRINTABLE.search(json.dumps(parsed, ensure_ascii=False).replace("\\u0000", "\0")):
        assert "which RDF cannot carry" in refusal(text)
        return
    assert sorted(come_in(text)[1]) == sorted(slow_removals(parsed))


UNPRINTABLE = re.compile("[\0\ud800\ufffe]")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["[", "{"]), max_size=90), st.booleans())
def test_the_count_of_brackets_changes_nothing(opened: list[str], suspect: bool) -> None:
    value: Json = "\\u000a" if suspect else 1
    for sign in opened:
        value = [value] if sign == "[" else {"a": value}
    text = json.dumps({**body(), "a": value}).replace("\\\\u000a", "\\u000a")
    if len(opened) + 1 > MAX_DEPTH:
        assert "nested deeper" in refusal(text)
    else:
        come_in(text)


def test_every_rule_of_the_door_names_a_known_schema_and_field() -> None:
    rules = door._private()
    for schema, flags in rules["confidential"]["schemas"].items():
        fields = context.scope(schema).fields
        assert {*flags, *flags.values()} <= fields.keys()
    for schema, personal in rules["personal"].items():
        assert set(personal["members"]) & context.scope(schema).fields.keys()
