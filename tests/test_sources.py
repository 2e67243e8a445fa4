"""Sources of every form become single JSON texts; what cannot be read is refused with its place, the rest comes."""

import io
import json
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders import sources
from loaders.parts import parts
from loaders.sources import Item, Raw, Refusal, read
from ontology.errors import SourceError

ONE, TWO, THREE = '{"a": 1}', '{"b": "x, [y} {"}', '{"c": [{}, {"d": "\\"]"}], "e": 0}'

Given = Callable[[str | bytes], list[Item]]


@pytest.fixture
def given_file(tmp_path: Path) -> Given:
    def items(content: str | bytes) -> list[Item]:
        return items_of(tmp_path / "records.json", content)

    return items


def items_of(path: Path, content: str | bytes) -> list[Item]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read([str(path)]))


def texts(items: Sequence[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, Raw)]


def places(items: Sequence[Item]) -> list[str]:
    return [item.place for item in items]


def refusals(items: Sequence[Item]) -> list[tuple[str, str]]:
    return [(item.place, item.message) for item in items if isinstance(item, Refusal)]


# Forms


@pytest.mark.parametrize("written", [ONE, TWO, THREE, f"\n \r\n{THREE}\n", json.dumps(json.loads(THREE), indent=2)])
def test_a_file_with_one_document_is_that_document(written: str, given_file: Given) -> None:
    items = given_file(written)
    assert texts(items) == [written.strip()]
    assert places(items) == [""]


@pytest.mark.parametrize("separator", [",", ", ", ",\n", "\n,\n\t"])
def test_the_elements_of_an_array_are_documents(separator: str, given_file: Given) -> None:
    items = given_file(f" [{separator.join((ONE, TWO, THREE))}]\n")
    assert texts(items) == [ONE, TWO, THREE]
    assert places(items) == ["/0", "/1", "/2"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_documents_and_blank_lines_count(end: str, given_file: Given) -> None:
    items = given_file(end.join(("", ONE, "", TWO, THREE, "")))
    assert texts(items) == [ONE, TWO, THREE]
    assert places(items) == ["line 2", "line 4", "line 5"]


def test_lines_may_begin_with_a_brace_in_a_string(given_file: Given) -> None:
    assert texts(given_file(f"{TWO}\n{ONE}\n")) == [TWO, ONE]


def test_documents_may_follow_each_other_in_a_line(given_file: Given) -> None:
    items = given_file(f"{ONE}{TWO}\n{THREE}\n{ONE} {ONE}\n")
    assert texts(items) == [ONE, TWO, THREE, ONE, ONE]
    glued = [f"line {line}, document {number}" for line in (1, 3) for number in (1, 2)]
    assert places(items) == [*glued[:2], "line 2", *glued[2:]]


def test_documents_may_follow_each_other_over_several_lines(given_file: Given) -> None:
    written = [json.dumps(json.loads(text), indent=1) for text in (ONE, THREE, TWO)]
    items = given_file("\n".join(written))
    assert texts(items) == written
    assert places(items) == ["document 1", "document 2", "document 3"]


def test_arrays_may_follow_each_other(given_file: Given) -> None:
    items = given_file(f"[{ONE}, {TWO}]\n[{THREE}]\n{ONE}")
    assert texts(items) == [ONE, TWO, THREE, ONE]
    assert places(items) == ["/0", "/1", "document 2/0", "document 3"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f'{{"response": {{"numFound": 2, "docs": [{ONE}, {TWO}]}}}}', ["/response/docs/0", "/response/docs/1"]),
        (f'{{"Items": [{ONE}], "Count": 2}}', ["/Items/0"]),
        (f'{{"a/b": [{ONE}], "c~": [], "": [{TWO}]}}', ["/a~1b/0", "//0"]),
        (
            f'{{"old": {{"response": {{"docs": [{ONE}]}}}}, "new": {{"response": {{"docs": [{TWO}]}}}}}}',
            ["/old/response/docs/0", "/new/response/docs/0"],
        ),
        ('{"response": {"docs": []}}', []),
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_an_answer_of_the_api_is_unwrapped(
    written: str, expected: list[str], indent: int | None, given_file: Given
) -> None:
    items = given_file(json.dumps(json.loads(written), indent=indent))
    assert [json.loads(text) for text in texts(items)] == [json.loads(text) for text in (ONE, TWO)][: len(expected)]
    assert places(items) == expected


@pytest.mark.parametrize("written", ['{"header": {"languages": ["en"]}, "docs": [1]}', "{}", '{"a": [1], "b": 2}'])
def test_a_document_with_arrays_is_no_answer_of_the_api(written: str, given_file: Given) -> None:
    assert texts(given_file(written)) == [written]


def test_a_wrapped_document_comes_as_it_was_written(given_file: Given) -> None:
    """Nothing that the door refuses is hidden by reading it here: repeated keys, numbers, escapes."""
    written = '{"a": 1.10, "a": NaN, "b": 1e999, "c": "\\ud800", "d": "\\u006f"}'
    assert texts(given_file(f'{{"Items": [{written}]}}')) == [written]


def test_an_answer_that_repeats_its_array_is_not_taken_apart(given_file: Given) -> None:
    """The door refuses it for its key, so that neither array is lost without a word."""
    written = f'{{"Items": [{ONE}], "Items": [{TWO}]}}'
    assert texts(given_file(written)) == [written]


def test_one_byte_that_is_not_utf8_spoils_one_wrapped_document(given_file: Given) -> None:
    items = given_file(f'{{"Items": [{ONE}, {{"a": "@"}}, {TWO}]}}'.encode().replace(b"@", b"\xff"))
    assert texts(items) == [ONE, TWO]
    assert refusals(items) == [("/Items/1", "not UTF-8: byte 7 is 0xff")]


def test_a_folder_gives_its_files_by_name(tmp_path: Path) -> None:
    for name in ("b.json", "a/z.NDJSON", "a/y.jsonl", "c.txt", "d.json.bak"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"name": name}), encoding="utf-8")
    assert [json.loads(text)["name"] for text in texts(list(read([str(tmp_path)])))] == [
        "a/y.jsonl",
        "a/z.NDJSON",
        "b.json",
    ]


def test_a_file_named_by_itself_may_have_any_name(tmp_path: Path) -> None:
    assert texts(items_of(tmp_path / "d-absPermit.response", ONE)) == [ONE]


def test_a_file_of_lines_is_read_by_lines_even_where_the_first_is_malformed(tmp_path: Path) -> None:
    items = items_of(tmp_path / "records.ndjson", f'{{"a": {{\n{ONE}\nnull\n{TWO}')
    assert texts(items) == ['{"a": {', ONE, "null", TWO]
    assert places(items) == ["line 1", "line 2", "line 3", "line 4"]


def test_an_array_is_an_array_whatever_its_name(tmp_path: Path) -> None:
    assert texts(items_of(tmp_path / "records.jsonl", f"[\n{ONE},\n{TWO}\n]")) == [ONE, TWO]


def test_standard_input_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{ONE}\n{TWO}\n".encode())))
    items = list(read(["-"]))
    assert texts(items) == [ONE, TWO]
    assert {item.source for item in items} == {"standard input"}


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.json: no such file or folder"):
        list(read([str(tmp_path / "nowhere.json")]))


def test_a_file_that_cannot_be_opened_is_refused_and_the_others_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_text(ONE, encoding="utf-8")
    (tmp_path / "b.json").write_text(TWO, encoding="utf-8")
    opened = Path.open

    def denied(path: Path, *args: str) -> object:
        if path.name == "a.json":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", denied)
    items = list(read([str(tmp_path)]))
    assert texts(items) == [TWO]
    assert refusals(items) == [("", "cannot be read: Permission denied")]


# Archives


def archive(path: Path, members: dict[str, str], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as whole:
        for name, text in members.items():
            whole.writestr(name, text)
    return path


def test_a_zip_archive_is_a_folder(tmp_path: Path) -> None:
    path = archive(tmp_path / "r.zip", {"b.json": ONE, "a/x.json": f"[{TWO}, {THREE}]", "c.txt": "no"})
    items = list(read([str(tmp_path)]))
    assert texts(items) == [TWO, THREE, ONE]
    assert [(item.source, item.place) for item in items] == [
        (f"{path}!a/x.json", "/0"),
        (f"{path}!a/x.json", "/1"),
        (f"{path}!b.json", ""),
    ]


def test_what_is_no_zip_archive_is_refused(tmp_path: Path) -> None:
    [(place, message)] = refusals(items_of(tmp_path / "r.zip", b"PK\x03\x04 and nothing more"))
    assert place == ""
    assert message == "not a readable zip archive: File is not a zip file"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_is_refused_and_the_others_come(tmp_path: Path, compression: int) -> None:
    path = archive(tmp_path / "r.zip", {"a.json": ONE, "b.json": TWO * 50, "c.json": THREE}, compression)
    content = bytearray(path.read_bytes())
    at = content.index(b"b.json") + len("b.json")
    content[at : at + 20] = b"\xff" * 20
    items = items_of(path, bytes(content))
    assert [text for text in texts(items) if text in (ONE, THREE)] == [ONE, THREE]
    damaged = [item for item in items if isinstance(item, Refusal)]
    assert damaged
    assert {item.source for item in damaged} == {f"{path}!b.json"}
    assert damaged[-1].message.startswith("damaged in the zip archive: ")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "r.zip", {"a.json": ONE})
    content = bytearray(path.read_bytes())
    content[6] |= 1  # general purpose bit 0 in the local header,
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and in the central directory (APPNOTE.TXT, section 4.4.4)
    [refusal] = items_of(path, bytes(content))
    assert isinstance(refusal, Refusal)
    assert refusal.message.startswith("encrypted, or compressed in an unknown way: ")


# What is malformed


@pytest.mark.parametrize(
    ("malformed", "becomes"),
    [
        ('{"x": [1}', '{"x": [1}'),
        ('{"x": 1]}', '{"x": 1]}'),
        ('{"x" 1}', '{"x" 1}'),
        ('{"x": tru}', '{"x": tru}'),
        ("[1, {2, 3]", "[1, {2, 3]"),
        ("oops", "oops"),
        ("oops }", "oops }"),
        ("42", "42"),
        ("null", "null"),
        ('"a, [string"', '"a, [string"'),
        ("[]", "[]"),
    ],
)
def test_a_malformed_element_does_not_spoil_the_others(malformed: str, becomes: str, given_file: Given) -> None:
    items = given_file(f"[{ONE}, {malformed}, {TWO}]")
    assert texts(items) == [ONE, becomes, TWO]
    assert places(items) == ["/0", "/1", "/2"]


def test_a_string_without_its_end_spoils_one_line(given_file: Given) -> None:
    items = given_file(f'[\n{{"x": "open,\n "y": "z"}},\n{ONE}]')
    assert texts(items) == ['{"x": "open,\n "y": "z"}', ONE]


def test_scalars_between_objects_are_elements_of_their_own(given_file: Given) -> None:
    items = given_file(f'1, {ONE} 2 "three" {TWO} null')
    assert texts(items) == ["1", ONE, '2 "three"', TWO, "null"]


@pytest.mark.parametrize(
    ("written", "whole", "place"),
    [
        (f"[{ONE}, {TWO}", [ONE, TWO], "/2"),
        (f"[{ONE}, {TWO},", [ONE, TWO], "/2"),
        (f'[{ONE}, {{"x": "y', [ONE], "/1"),
        (f'[{ONE}, {{"x": [', [ONE], "/1"),
        ("[", [], "/0"),
        (f'{ONE}\n{ONE} {{"x": ', [ONE, ONE], "line 2, document 2"),
    ],
)
def test_a_text_that_ends_too_early_is_refused_where_it_ends(
    written: str, whole: list[str], place: str, given_file: Given
) -> None:
    items = given_file(written)
    assert texts(items) == whole
    assert refusals(items) == [(place, "the text ends in the middle of this")]


def test_a_truncated_document_is_left_to_the_door_that_tells_line_and_column(given_file: Given) -> None:
    assert texts(given_file('{"header":\n {"schema"')) == ['{"header":\n {"schema"']


def test_what_follows_an_array_is_not_lost(given_file: Given) -> None:
    assert texts(given_file(f"[{ONE}] ] and so on")) == [ONE, "] and so on"]


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n", b"[]", b"[ \n ]"])
def test_an_empty_file_gives_nothing(content: bytes, given_file: Given) -> None:
    assert given_file(content) == []


@pytest.mark.parametrize("written", [ONE, f"[{ONE}]", f"{ONE}\n{TWO}"])
def test_a_byte_order_mark_is_no_part_of_the_text(written: str, given_file: Given) -> None:
    assert texts(given_file(b"\xef\xbb\xbf" + written.encode())) == texts(given_file(written))


@pytest.mark.parametrize(
    ("content", "place"),
    [(b'{"a": "\xff"}', ""), (b'[{"a": 1}, {"a": "\xff"}]', "/1"), (b'{"a": 1}\n{"a": "\xff"}\n', "line 2")],
)
def test_bytes_that_are_not_utf8_are_refused_with_their_place(content: bytes, place: str, given_file: Given) -> None:
    items = given_file(content)
    assert refusals(items) == [(place, "not UTF-8: byte 7 is 0xff")]
    assert len(items) == 1 + content.count(b'{"a": 1}')


def test_utf16_is_refused_and_not_guessed(given_file: Given) -> None:
    items = given_file(ONE.encode("utf-16"))
    assert refusals(items)[0] == ("document 1", "not UTF-8: byte 0 is 0xff")
    assert all("\0" in text for text in texts(items))


# Limits


LONG = '{"x": "' + "x" * 2000 + '"}'


@pytest.mark.parametrize("chunk", [7, 1000, 5000])
@pytest.mark.parametrize(
    ("written", "place"),
    [
        (f"[{ONE}, {LONG}, {TWO}]", "/1"),
        (f"{ONE}\n{LONG}\n{TWO}\n", "line 2"),
        (f"{ONE}\n{LONG * 3}\n{TWO}\n", "line 2"),
        (f'[{ONE}, "{"x" * 2000}", {TWO}]', "/1"),
        (f"[{ONE}, {'x' * 2000}, {TWO}]", "/1"),
    ],
)
def test_what_is_too_long_is_refused_and_the_others_come(
    written: str, place: str, chunk: int, given_file: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_RECORD", 1000)
    monkeypatch.setattr(sources, "CHUNK", chunk)
    items = given_file(written)
    assert texts(items) == [ONE, TWO]
    [(where, message)] = refusals(items)
    assert where == place
    assert message.startswith("longer than 1000 bytes")


def test_a_document_that_is_too_long_is_refused(given_file: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_RECORD", 1000)
    for written in (LONG, LONG + "\n", json.dumps(json.loads(LONG), indent=1), f"{LONG}\n{ONE}"):
        [(_, message)] = refusals(given_file(written))
        assert message.startswith("longer than 1000 bytes")


def test_a_first_line_that_is_too_long_does_not_spoil_the_others(
    given_file: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_RECORD", 1000)
    assert texts(given_file(f"{LONG}\n{ONE}\n{TWO}\n")) == [ONE, TWO]


@pytest.mark.parametrize("form", ['{"x": "%s"}', '[{"x": "%s"}]', '{"a": 1}\n{"x": "%s"}\n', "%s", "[%s"])
def test_a_hundred_megabytes_in_one_literal_are_refused_in_bounded_memory(form: str) -> None:
    before, after = form.encode().split(b"%s")
    stream = Endless(before, 100 * 1024 * 1024, after)
    tracemalloc.start()
    items = list(sources._texts(stream, "endless"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(texts(items)) == form.count('"a"')
    assert len(refusals(items)) == 1
    assert peak < 6 * sources.MAX_RECORD


class Endless(io.RawIOBase):
    """A stream with very many `x` in its middle."""

    def __init__(self, before: bytes, middle: int, after: bytes) -> None:
        self.before, self.middle, self.after = before, middle, after

    def read(self, size: int = -1) -> bytes:
        if self.before:
            head, self.before = self.before[:size], self.before[size:]
            return head
        taken = min(size, self.middle)
        self.middle -= taken
        if taken:
            return b"x" * taken
        rest, self.after = self.after[:size], self.after[size:]
        return rest

    def readline(self, size: int | None = -1) -> bytes:
        line = b""
        while len(line) < (size or 0):
            wanted = 1 if self.before or not self.middle else (size or 0) - len(line)
            line += (found := self.read(wanted))
            if not found or found == b"\n":
                break
        return line


# The splitter


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text('ab"\\{}[],:é\n', max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('x"\\{]', max_size=3), inner, max_size=3),
    max_leaves=8,
)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks, at = [], 0
    for size in sizes * (len(data) // max(sum(sizes), 1) + 1):
        chunks.append(data[at : at + size])
        at += size
    return [chunk for chunk in [*chunks, data[at:]] if chunk]


@settings(max_examples=200, deadline=None)
@given(st.lists(values, max_size=5), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.sampled_from([None, 1]))
def test_an_array_is_taken_apart_the_same_however_it_is_cut(array: list[object], sizes: list[int], indent: int) -> None:
    data = json.dumps(array, ensure_ascii=False, indent=indent).encode()
    found = list(parts(cut(data, sizes), 10_000))
    assert [json.loads(part.data) for part in found] == array
    assert [part.place for part in found] == [f"/{index}" for index in range(len(array))]
    assert all(part.complete for part in found)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text('{}[]",\\ab\n ', max_size=60).map(str.encode), st.integers(1, 7))
def test_any_bytes_at_all_are_taken_apart_the_same_however_they_are_cut(data: bytes, size: int) -> None:
    """And nothing but blanks, commas and brackets of arrays is lost."""
    found = list(parts(cut(data, [size]), 10_000))
    assert found == list(parts([data] if data else [], 10_000))
    assert signs(b"".join(part.data for part in found)) == signs(data)


def signs(data: bytes) -> bytes:
    return bytes(byte for byte in data if byte not in b"[], \t\r\n\x0b\x0c")
