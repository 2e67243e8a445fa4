"""Sources: files, folders, zip archives and standard input become single JSON texts, read in bounded memory.

A file holds one document, an array of documents, one document a line (NDJSON), documents one after the other, or an
answer of the API that wraps an array. What cannot be taken apart is refused with its place; the rest of the file is
read on.
"""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from loaders.documents import Json, escaped
from loaders.parts import Part, parts
from ontology.errors import SourceError

MAX_RECORD = 16 * 1024 * 1024
"""Bytes that one document may have."""
CHUNK = 1024 * 1024
SUFFIXES = (".json", ".jsonl", ".ndjson")
LINES = (".jsonl", ".ndjson")
GLUED = re.compile(rb"\}[ \t]*\{")
BLANK = " \t\r\n"


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
                yield from _file(file)


def _name(path: Path) -> str:
    """A path as a text that can be written anywhere, also one that is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _file(path: Path) -> Iterator[Item]:
    try:
        with path.open("rb") as stream:
            yield from _texts(stream, _name(path))
    except OSError as error:
        yield Refusal(_name(path), "", f"cannot be read: {error.strerror}")


def _archive(path: Path) -> Iterator[Item]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.infolist(), key=lambda member: member.filename):
                if member.filename.lower().endswith(SUFFIXES):
                    yield from _member(archive, member, f"{_name(path)}!{member.filename}")
    except (zipfile.BadZipFile, OSError) as error:
        yield Refusal(_name(path), "", f"not a readable zip archive: {error}")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str) -> Iterator[Item]:
    try:
        with archive.open(member) as stream:
            yield from _texts(stream, source)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        yield Refusal(source, "", f"damaged in the zip archive: {error or 'it ends too early'}")
    except (NotImplementedError, RuntimeError) as error:
        yield Refusal(source, "", f"encrypted, or compressed in an unknown way: {error}")


def _texts(stream: IO[bytes], source: str) -> Iterator[Item]:
    """The texts of one file, whatever its form."""
    head, number = stream.readline(MAX_RECORD).removeprefix(b"\xef\xbb\xbf"), 1
    while head and not head.strip():
        head, number = stream.readline(MAX_RECORD), number + head.endswith(b"\n")
    opening = head.lstrip()[:1]
    if opening != b"[" and (source.lower().endswith(LINES) or (opening == b"{" and _is_line(head))):
        yield from _lines(head, number, stream, source)
    else:
        yield from _values(_chunks(head, stream), source)


def _is_line(head: bytes) -> bool:
    """Whether a file that begins so holds one document a line: its first line opens and closes one, well-formed or
    not."""
    if not head.rstrip().endswith(b"}"):
        return False
    return head.count(b"{") == head.count(b"}") or all(part.complete for part in parts([head], MAX_RECORD))


def _chunks(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    while head:
        yield head
        head = stream.read(CHUNK)


def _lines(line: bytes, number: int, stream: IO[bytes], source: str) -> Iterator[Item]:
    first = number
    while line:
        following = stream.readline(MAX_RECORD)
        place = f"line {number}" if following or number > first else ""
        if len(line) >= MAX_RECORD and not line.endswith(b"\n"):
            yield Refusal(source, f"line {number}", _too_long())
            while following and not line.endswith(b"\n"):
                line, following = following, stream.readline(MAX_RECORD)
        elif GLUED.search(line):
            yield from _values([line], source, place)
        elif line.strip() and not place:
            yield from _unwrapped(line, source, "")
        elif line.strip():
            yield _decoded(line, source, place)
        line, number = following, number + 1


def _values(chunks: Iterable[bytes], source: str, place: str = "") -> Iterator[Item]:
    """The documents in a text, one or several; arrays are taken apart."""
    found = parts(chunks, MAX_RECORD)
    first, second = next(found, None), next(found, None)
    if first and not second and not first.place.startswith("/"):
        yield from [Refusal(source, place, _too_long())] if _is_long(first) else _unwrapped(first.data, source, place)
        return
    for part in chain(filter(None, (first, second)), found):
        yield _item(part, source, place)


def _item(part: Part, source: str, place: str) -> Item:
    here = f"{place}, {part.place}" if place and not part.place.startswith("/") else place + part.place
    if _is_long(part):
        return Refusal(source, here, _too_long())
    if not part.complete:
        return Refusal(source, here, "the text ends in the middle of this")
    return _decoded(part.data, source, here)


def _is_long(part: Part) -> bool:
    return len(part.data) > MAX_RECORD


def _too_long() -> str:
    return f"longer than {MAX_RECORD} bytes; give an array, or one document a line"


def _unwrapped(data: bytes, source: str, place: str) -> Iterator[Item]:
    """A document, or the documents an answer of the API wraps, as they are written there."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        arrays = list(_arrays(json.loads(text), text, place))
    except (ValueError, RecursionError):
        arrays = []
    if not arrays:
        yield _decoded(data, source, place)
    for pointer, array in arrays:
        for part in parts([array.encode("utf-8", "surrogateescape")], MAX_RECORD):
            yield _item(part, source, pointer)


def _arrays(parsed: Json, text: str, pointer: str) -> Iterator[tuple[str, str]]:
    """Pointer and text of each array of documents in an answer of the API; nothing of any other value."""
    if isinstance(parsed, list):
        yield pointer, text
    elif wrapping := _wrapping(parsed):
        members = _members(text)
        for key in wrapping:
            yield from _arrays(parsed[key], members[key], f"{pointer}/{escaped(key)}")


def _wrapping(parsed: Json) -> list[str]:
    """The members of an object that hold documents: `response` with `docs`, `Items`, or all of them, where each is an
    array or such an object."""
    if not isinstance(parsed, dict) or "header" in parsed:
        return []
    for key in ("response", "docs", "Items"):
        if isinstance(parsed.get(key), list) or _wrapping(parsed.get(key)):
            return [key]
    return list(parsed) if all(isinstance(member, list) or _wrapping(member) for member in parsed.values()) else []


def _members(text: str) -> dict[str, str]:
    """The members of a well-formed JSON object, each as it is written. ValueError where one occurs twice."""
    decoder, found = json.JSONDecoder(), dict[str, str]()
    at = _past(text, 0, BLANK + "{")
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        start = _past(text, at, BLANK + ":")
        _, at = decoder.raw_decode(text, start)
        if key in found:
            raise ValueError("a key occurs twice")
        found[key] = text[start:at]
        at = _past(text, at, BLANK + ",")
    return found


def _past(text: str, at: int, signs: str) -> int:
    while text[at] in signs:
        at += 1
    return at


def _decoded(data: bytes, source: str, place: str) -> Item:
    try:
        return Raw(source, place, data.decode("utf-8").strip())
    except UnicodeDecodeError as error:
        return Refusal(source, place, f"not UTF-8: byte {error.start} is {data[error.start]:#04x}")
