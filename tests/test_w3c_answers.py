"""How the suites of the W3C compare answers: what must count as the same, and what must not."""

import pytest
from w3c import Answer, read

JSON, CSV = "application/sparql-results+json", "text/csv"
XSD = "http://www.w3.org/2001/XMLSchema#"


def answer(*rows: str) -> Answer:
    """A CSV answer with variables a and b; a cell such as `_:x` is a blank node."""
    return read("\r\n".join(("a,b", *rows)).encode(), CSV)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["1,2", "3,4"], ["3,4", "1,2"]),
        (["_:x,1", "_:y,2"], ["_:q,2", "_:p,1"]),
        (["_:x,_:y", "_:y,_:x"], ["_:p,_:q", "_:q,_:p"]),
        (["_:x,1", "_:x,2", "7,7"], ["7,7", "_:z,1", "_:z,2"]),
    ],
)
def test_order_and_the_names_of_blank_nodes_do_not_count(ours: list[str], theirs: list[str]) -> None:
    assert answer(*ours).equals(answer(*theirs))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["1,2"], ["1,3"]),
        (["1,2", "1,2"], ["1,2"]),
        (["1,2", "1,2", "3,4"], ["1,2", "3,4", "3,4"]),
        (["_:x,1", "_:x,2"], ["_:p,1", "_:q,2"]),
        (["_:x,1", "_:y,2"], ["_:p,1", "_:p,2"]),
        (["_:x,1"], ["x,1"]),
    ],
)
def test_rows_their_number_and_what_blank_nodes_join_count(ours: list[str], theirs: list[str]) -> None:
    assert not answer(*ours).equals(answer(*theirs))


def test_the_columns_count_but_not_their_order() -> None:
    assert read(b"b,a\r\n2,1", CSV).equals(answer("1,2"))
    assert not read(b"b,c\r\n2,1", CSV).equals(answer("1,2"))


def test_an_order_that_is_expected_counts() -> None:
    ordered = answer("1,2", "3,4")
    ordered.ordered = True
    assert answer("1,2", "3,4").equals(ordered)
    assert not answer("3,4", "1,2").equals(ordered)


def number(text: str, datatype: str) -> Answer:
    """A JSON answer of one number."""
    cell = f'{{"type": "literal", "value": "{text}", "datatype": "{XSD}{datatype}"}}'
    return read(f'{{"head": {{"vars": ["n"]}}, "results": {{"bindings": [{{"n": {cell}}}]}}}}'.encode(), JSON)


def test_of_a_number_the_value_and_the_type_count() -> None:
    assert number("01", "integer").equals(number("1", "integer"))
    assert number("1.0e6", "double").equals(number("1000000", "double"))
    assert number("NaN", "double").equals(number("NaN", "double"))
    assert not number("1", "integer").equals(number("1.0", "decimal"))
    assert not number("1", "integer").equals(number("2", "integer"))
    assert not number("12345678901234567890", "integer").equals(number("12345678901234567891", "integer"))
    assert not number("1.1", "double").equals(number("1.10001", "double"))


def test_a_yes_is_not_a_no() -> None:
    yes, no = (read(f'{{"head": {{}}, "boolean": {word}}}'.encode(), JSON) for word in ("true", "false"))
    assert yes.equals(yes)
    assert not yes.equals(no)
    assert not yes.equals(Answer((), []))
