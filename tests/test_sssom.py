"""Mapping sets in SSSOM/TSV: read, written, refused."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thesaurus.sssom import LEXICAL_MATCHING, MANUAL_CURATION, NOT, MappingSet, Row, document, pairs, read
from thesaurus.turtle import SKOS, ThesaurusError

METADATA = """#curie_map:
#  A: http://a.test/
#  B: http://b.test/c_
#mapping_set_id: http://a.test/set
#license: https://creativecommons.org/licenses/by/4.0/
"""
HEADER = "subject_id\tpredicate_id\tobject_id\tmapping_justification"
ROW = "A:1\tskos:exactMatch\tB:2\tsemapv:LexicalMatching"
SLOTS = {"mapping_set_id": ("http://a.test/set",), "license": ("https://creativecommons.org/licenses/by/4.0/",)}


def row(**slots: str | tuple[str, ...]) -> Row:
    required = {
        "subject_id": "http://a.test/1",
        "predicate_id": SKOS + "exactMatch",
        "object_id": "http://b.test/c_2",
        "mapping_justification": LEXICAL_MATCHING,
    }
    return Row({slot: (value,) if isinstance(value, str) else value for slot, value in {**required, **slots}.items()})


def file(*rows: str, header: str = HEADER, metadata: str = METADATA) -> str:
    return metadata + "".join(f"{line}\n" for line in (header, *rows))


def test_identifiers_are_read_as_iris() -> None:
    [one] = read(file(ROW), "m").rows
    assert one == row()


def test_what_a_set_says_of_all_its_mappings_each_mapping_says() -> None:
    [one] = read(file(ROW, metadata=METADATA + "#mapping_tool: hand\n#mapping_date: 2026-03-01\n"), "m").rows
    assert (one.value("mapping_tool"), one.value("mapping_date")) == ("hand", "2026-03-01")


def test_a_slot_that_a_mapping_has_itself_is_not_the_sets_to_give() -> None:
    rows = (f"{ROW}\tmachine", f"{ROW}\t")
    read_set = read(file(*rows, header=f"{HEADER}\tmapping_tool", metadata=METADATA + "#mapping_tool: hand\n"), "m")
    assert [one.value("mapping_tool") for one in read_set.rows] == ["machine", ""]
    assert read_set.slots["mapping_tool"] == ("hand",)


def test_yaml_of_other_writers_is_read() -> None:
    metadata = (
        '# curie_map:\n#   A: \'http://a.test/\'\n#   "B": "http://b.test/c_"\n# mapping_set_id: http://a.test/set\n'
        "# license: https://creativecommons.org/licenses/by/4.0/\n# mapping_set_version: 1.10\n# creator_label: Ana\n"
        "# see_also: [one, two]\n# mapping_set_description: >\n#   folded\n#   text\n# unheard_of: 3\n"
    )
    slots = read(file(ROW, metadata=metadata), "m").slots
    assert slots["mapping_set_version"] == ("1.10",)
    assert slots["creator_label"] == ("Ana",)
    assert slots["see_also"] == ("one", "two")
    assert slots["mapping_set_description"] == ("folded text\n",)


def test_columns_that_the_standard_does_not_know_are_left_out() -> None:
    [one] = read(file(f"{ROW}\tx", header=f"{HEADER}\tmood"), "m").rows
    assert one == row()


def test_line_ends_of_windows_and_a_byte_order_mark_are_no_obstacle() -> None:
    assert read("\ufeff" + file(ROW).replace("\n", "\r\n"), "m").rows == (row(),)


def test_bars_and_backslashes_in_values_are_kept() -> None:
    text = file(f"{ROW}\ta\\|b|c\\\\|\\d", header=f"{HEADER}\tmatch_string")
    assert read(text, "m").rows[0].slots["match_string"] == ("a|b", "c\\", "\\d")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (file("A:1\tskos:exactMatch\t\tsemapv:LexicalMatching"), r"m, row 1: no object_id; expected a CURIE"),
        (file("C:1\tskos:exactMatch\tB:2\tsemapv:LexicalMatching"), r"m, row 1, subject_id: 'C:1'; expected a CURIE"),
        (
            file("http://a.test/1\tskos:exactMatch\tB:2\tsemapv:LexicalMatching"),
            r"row 1, subject_id: 'http://a\.test/1'",
        ),
        (file("A:a b\tskos:exactMatch\tB:2\tsemapv:LexicalMatching"), r"row 1, subject_id: 'A:a b'"),
        (file(ROW, "A:1\tskos:exactMatch"), r"m, row 2: 2 columns; expected 4"),
        (
            file(f"{ROW}\t1.5", header=f"{HEADER}\tconfidence"),
            r"row 1: confidence is '1\.5'; expected a number from 0 to 1",
        ),
        (file(f"{ROW}\tnan", header=f"{HEADER}\tconfidence"), r"confidence is 'nan'"),
        (file(f"{ROW}\tMay", header=f"{HEADER}\tmapping_date"), r"mapping_date is 'May'; expected a date"),
        (file(f"{ROW}\tnot", header=f"{HEADER}\tpredicate_modifier"), r"predicate_modifier is 'not'; expected Not"),
        (
            file(ROW, header=f"{HEADER}"[:-3]),
            r"the table has columns .*; expected each once, with \['mapping_justification'\]",
        ),
        (file(ROW, metadata=""), r"m, metadata: no mapping_set_id"),
        (file(ROW, metadata=METADATA.replace("#license", "#licence")), r"m, metadata: no license"),
        (file(ROW, metadata="#: : :\n"), r"m: expected YAML"),
        (file(ROW, metadata="#just words\n"), r"expected `slot: value`"),
        (file(ROW, metadata="#curie_map: no\n"), r"curie_map is no list of prefixes"),
        (file(ROW, metadata=METADATA.replace("#  A:", "#  skos: http://x.test/\n#  A:")), r"http://x\.test/ for skos"),
        (file(f'{ROW}\t"open', header=f"{HEADER}\tcomment"), r"expected tab-separated text"),
    ],
)
def test_a_fault_is_told_with_file_row_and_column(text: str, complaint: str) -> None:
    with pytest.raises(ThesaurusError, match=complaint):
        read(text, "m")


def test_a_written_set_has_sorted_rows_no_empty_columns_and_only_the_prefixes_it_uses() -> None:
    given = MappingSet(
        SLOTS,
        (
            row(subject_id="http://a.test/2", confidence="0.98765"),
            row(predicate_modifier=NOT, mapping_justification=MANUAL_CURATION),
        ),
        {"A": "http://a.test/", "B": "http://b.test/c_", "unused": "http://c.test/"},
    )
    assert document(given) == METADATA + (
        "subject_id\tpredicate_id\tpredicate_modifier\tobject_id\tmapping_justification\tconfidence\n"
        "A:1\tskos:exactMatch\tNot\tB:2\tsemapv:ManualMappingCuration\t\n"
        "A:2\tskos:exactMatch\t\tB:2\tsemapv:LexicalMatching\t0.988\n"
    )


def test_what_all_mappings_say_is_written_once() -> None:
    text = document(
        MappingSet(SLOTS, (row(mapping_tool="hand"), row(mapping_tool="hand", object_id="http://b.test/c_3")))
    )
    assert "#mapping_tool: hand\n" in text
    assert "\tmapping_tool" not in text


def test_a_namespace_without_a_known_prefix_gets_one() -> None:
    rows = (row(subject_id="urn:isbn:1", object_id="http://b.test/v#x"), row(subject_id="http://a.test/deep/er/"))
    given = MappingSet(SLOTS, rows, {"ns1": "http://taken.test/"})
    assert {one.value("subject_id") for one in read(document(given), "m").rows} == {
        "urn:isbn:1",
        "http://a.test/deep/er/",
    }


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(texts, st.lists(texts, min_size=1, max_size=3), texts)
def test_any_text_survives_writing_and_reading(label: str, strings: list[str], title: str) -> None:
    rows = (row(subject_label=label, match_string=tuple(strings)), row(object_id="http://b.test/c_3"))
    text = document(MappingSet({**SLOTS, "mapping_set_title": (title,)}, rows))
    again = read(text, "m")
    assert {frozenset(one.slots.items()) for one in again.rows} == {frozenset(one.slots.items()) for one in rows}
    assert again.slots["mapping_set_title"] == (title,)
    assert document(again) == text


def test_right_answers_need_two_columns_only() -> None:
    plain = "subject_id\tobject_id\nhttp://a.test/1\thttp://b.test/2\n"
    assert pairs(plain, "gold") == {("http://a.test/1", "http://b.test/2")}
    told = file(ROW + "\t", ROW.replace("B:2", "B:3") + "\tNot", header=f"{HEADER}\tpredicate_modifier")
    assert pairs(told, "gold") == {("http://a.test/1", "http://b.test/c_2")}


def test_the_reference_implementation_accepts_what_we_write(tmp_path: Path) -> None:
    tool = shutil.which(os.environ.get("CLEARINGHOUSE_SSSOM", "sssom"))
    if tool is None:
        pytest.skip("no sssom command: CLEARINGHOUSE_SSSOM or the PATH may name one")
    path = tmp_path / "m.sssom.tsv"
    rows = (
        row(confidence="0.9", match_string=("a|b", 'c"d'), subject_label='say "so"\tnow', mapping_date="2026-03-01"),
        row(object_id="urn:x:3", predicate_modifier=NOT, author_label="Ana", mapping_date="2026-03-01"),
    )
    path.write_text(document(MappingSet({**SLOTS, "mapping_set_title": ("A: #title",)}, rows)), encoding="utf-8")
    done = subprocess.run([tool, "validate", str(path)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "error" not in (done.stdout + done.stderr).casefold()
