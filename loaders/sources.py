"""Sources: files, folders, zip archives and standard input become single JSON texts, read in bounded memory.

A file holds one document, an array of documents, one document a line (NDJSON), or an answer of the API that wraps an
array. What cannot be taken apart is refused with its place; the rest of the file is read on.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from loaders.documents import Json
from ontology.errors import SourceError

MAX_RECORD = 16 * 1024 * 1024
"""Bytes that one document may have."""
CHUNK = 1024 * 1024
SUFFIXES = (".json", ".jsonl", ".ndjson")
STRUCTURE = re.compile(rb'["{}\[\]]')
STRING_END = re.compile(rb'["\\]')
BETWEEN = b" \t\r\n,["


@dataclass(frozen=True, slots=True)
class Raw:
    """One JSON text with the source it comes from and its place there, e.g. `line 12` or `/3`."""

    source: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What could not be read of a source, and why; never the content itself."""

    source: str
    place: str
    message: str


Item = Raw | Refusal


def read(paths: Iterable[str]) -> Iterator[Item]:
    """The JSON texts under the paths, `-` being standard input. SourceError for a path that does not exist."""
    for path in paths:
        if path == "-":
            yield from _texts(sys.stdin.buffer, "standard input")
            continue
        found = Path(path)
        if not found.exists():
            raise SourceError(f"{path}: no such file or folder")
        files = sorted(file for file in found.rglob("*") if file.is_file()) if found.is_dir() else [found]
        for file in files:
            if file.suffix.lower() == ".zip":
                yield from _archive(file)
            elif not found.is_dir() or file.suffix.lower() in SUFFIXES:
                with file.open("rb") as stream:
                    yield from _texts(stream, str(file))


def _archive(path: Path) -> Iterator[Item]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.namelist()):
                if member.lower().endswith(SUFFIXES):
                    with archive.open(member) as stream:
                        yield from _texts(stream, f"{path}!{member}")
    except zipfile.BadZipFile as error:
        yield Refusal(str(path), "", f"not a readable zip archive: {error}")


def _texts(stream: IO[bytes], source: str) -> Iterator[Item]:
    """The texts of one file, whatever its form."""
    head = stream.readline(MAX_RECORD).removeprefix(b"\xef\xbb\xbf")
    while head and not head.strip():
        head = stream.readline(MAX_RECORD)
    if head.lstrip().startswith(b"["):
        yield from _elements(_chunks(head, stream), source, "")
    elif head.lstrip().startswith(b"{") and _is_line(head):
        yield from _lines(head, stream, source)
    elif head:
        yield from _whole(head, stream, source)


def _is_line(head: bytes) -> bool:
    """Whether a file that begins so holds one document a line: its first line opens and closes one, well-formed or
    not."""
    return head.rstrip().endswith(b"}") and (head.count(b"{") == head.count(b"}") or not head.endswith(b"\n"))


def _chunks(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    yield head
    while chunk := stream.read(CHUNK):
        yield chunk


def _lines(head: bytes, stream: IO[bytes], source: str) -> Iterator[Item]:
    line, number = head, 1
    while line:
        following = stream.readline(MAX_RECORD)
        if len(line) >= MAX_RECORD and not line.endswith(b"\n"):
            yield Refusal(source, f"line {number}", f"longer than {MAX_RECORD} bytes")
            while following and not line.endswith(b"\n"):
                line, following = following, stream.readline(MAX_RECORD)
        elif line.strip() and number == 1 and not following:
            yield from _unwrapped(line, source)
        elif line.strip():
            yield _decoded(line, source, f"line {number}")
        line, number = following, number + 1


def _whole(head: bytes, stream: IO[bytes], source: str) -> Iterator[Item]:
    data = head + stream.read(MAX_RECORD)
    if stream.read(1):
        yield Refusal(source, "", f"one document of more than {MAX_RECORD} bytes; give an array or one document a line")
        return
    yield from _unwrapped(data, source)


def _elements(chunks: Iterable[bytes], source: str, place: str) -> Iterator[Item]:
    """The elements of an array that is an array's text cut in chunks; a malformed element does not spoil the others."""
    for index, (element, complete) in enumerate(_split(chunks)):
        here = f"{place}/{index}"
        if not complete:
            yield Refusal(source, here, "the array ends in the middle of this element")
        elif len(element) > MAX_RECORD:
            yield Refusal(source, here, f"longer than {MAX_RECORD} bytes")
        elif element.strip():
            yield _decoded(element, source, here)


def _split(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The bytes of each element of an array, and whether it was closed. Of one beyond the limit only the start is kept.

    What stands between objects and arrays, other than commas, is an element too: one that is no record.
    """
    depth, in_string, escaped, element = 0, False, False, bytearray()
    for chunk in chunks:
        start = at = 0
        if escaped:
            at, escaped = 1, False
        while found := (STRING_END if in_string else STRUCTURE).search(chunk, at):
            at, sign = found.end(), found.group()
            if sign == b"\\":
                escaped = at == len(chunk)
                at += 1
                continue
            if sign == b'"':
                in_string = not in_string
                continue
            opens = sign in b"{["
            depth += 1 if opens else -1
            cut = at - 1 if opens else at
            if depth == (2 if opens else 1):
                element += chunk[start:cut]
                if not opens or element.strip(BETWEEN):
                    yield bytes(element.strip(BETWEEN) if opens else element), True
                element.clear()
                start = cut
        if len(element) <= MAX_RECORD:
            element += chunk[start:]
    if depth >= 1 or element.strip(BETWEEN + b"]"):
        yield bytes(element.strip(BETWEEN)), False


def _unwrapped(data: bytes, source: str) -> Iterator[Item]:
    """A document, or the documents an answer of the API wraps: `response.docs`, `Items`, or an object of arrays
    only."""
    item = _decoded(data, source, "")
    try:
        arrays = list(_arrays(json.loads(item.text))) if isinstance(item, Raw) else []
    except (ValueError, RecursionError):
        arrays = []
    if not arrays:
        yield item
    for pointer, array in arrays:
        written = json.dumps(array, ensure_ascii=False).encode("utf-8", "surrogatepass")
        yield from _elements([written], source, pointer)


def _arrays(parsed: Json) -> Iterator[tuple[str, list[Json]]]:
    if not isinstance(parsed, dict):
        return
    response = parsed.get("response")
    if isinstance(response, dict) and isinstance(response.get("docs"), list):
        yield "/response/docs", response["docs"]
    elif isinstance(parsed.get("Items"), list):
        yield "/Items", parsed["Items"]
    elif parsed and all(isinstance(member, list) for member in parsed.values()):
        for key, member in parsed.items():
            yield "/" + key.replace("~", "~0").replace("/", "~1"), member


def _decoded(data: bytes, source: str, place: str) -> Item:
    try:
        return Raw(source, place, data.decode("utf-8").strip())
    except UnicodeDecodeError as error:
        return Refusal(source, place, f"not UTF-8: byte {error.start} is {data[error.start]:#04x}")
