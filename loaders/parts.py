"""Parts: takes apart a text of several JSON values, cut in chunks, without parsing it; the sources read by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SIGNS = {b"": re.compile(rb'["{}\[\],]'), b"{": re.compile(rb'["{}]'), b"[": re.compile(rb'["\[\]]')}
"""What to stop at between values and inside one, an object or an array: there only at its own kind of brackets, so that
a wrong one of the other kind does not reach beyond the value."""
STRING_SIGNS = re.compile(rb'["\\\n]')  # no string goes on in the next line


@dataclass(frozen=True, slots=True)
class Part:
    """An element of an array (`/3`, of a second array `document 2/3`) or one of several documents (`document 3`)."""

    place: str
    data: bytes
    complete: bool


def parts(chunks: Iterable[bytes], limit: int) -> Iterator[Part]:
    """The elements of the arrays, and the other values, that follow each other in a text.

    Of one longer than `limit` bytes only the start is kept, itself longer than that. What is no object, array or string
    counts up to the next comma or bracket. A malformed value does not spoil the others, as long as it closes its own
    brackets and its strings.
    """
    splitter = _Splitter(limit)
    for chunk in chunks:
        yield from splitter.parts(chunk)
    yield from splitter.rest()


class _Splitter:
    """Where in the text the splitting is: in which kind of value, how deep, in a string, in an array of values."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._within = b""
        self._depth = 0
        self._in_string = self._escaped = self._in_array = False
        self._kept = bytearray()
        self._documents = self._elements = 0

    def parts(self, chunk: bytes) -> Iterator[Part]:
        """The parts that end in the next chunk."""
        start, at, self._escaped = 0, int(self._escaped), False
        while found := (STRING_SIGNS if self._in_string else SIGNS[self._within]).search(chunk, at):
            at, sign = found.end(), found.group()
            if sign == b"\\":
                self._escaped = at == len(chunk)
                at += 1
            elif self._in_string or sign == b'"':
                self._in_string = not self._in_string
            elif self._within:
                self._depth += 1 if sign == self._within else -1
                if not self._depth:
                    yield self._part(chunk[start:at])
                    self._within, start = b"", at
            elif sign in b"{[," or (sign == b"]" and self._in_array):
                if self._kept.strip() or chunk[start : at - 1].strip():
                    yield self._part(chunk[start : at - 1])
                self._kept.clear()
                start = at - 1 if self._enters(sign) else at
        if len(self._kept) <= self._limit:
            self._kept += chunk[start:]

    def rest(self) -> Iterator[Part]:
        """What is left at the end of the text: a value without its end, or an array without its bracket."""
        complete = not self._within and not self._in_array
        if not complete or self._kept.strip():
            yield self._part(b"", complete)

    def _part(self, end: bytes, complete: bool = True) -> Part:
        data = bytes(self._kept + end).strip()
        self._kept.clear()
        self._elements += self._in_array
        self._documents += not self._in_array
        array = "" if self._documents == 1 else f"document {self._documents}"
        return Part(
            f"{array}/{self._elements - 1}" if self._in_array else f"document {self._documents}", data, complete
        )

    def _enters(self, sign: bytes) -> bool:
        """Whether a sign between values opens one; it may also open or close an array of them."""
        if sign == b"[" and not self._in_array:
            self._in_array = True
            self._documents, self._elements = self._documents + 1, 0
            return False
        self._in_array = self._in_array and sign != b"]"
        self._within = sign if sign in b"{[" else b""
        self._depth = len(self._within)
        return bool(self._within)
