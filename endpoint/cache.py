"""The result cache: whole answers, given again byte for byte while the generation they come from is the present one.

One cache serves all workers. An answer is found by what was asked, and faster by how: a request that is the same to the
byte needs no parsing at all.
"""

import re
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import blake2b

_VARYING = re.compile(r"NOW|RAND|UUID|BNODE|SERVICE", re.IGNORECASE)
_LITERAL_SIGNS = re.compile(r"[\"'#\\]")
_OVERHEAD = 1 << 10  # bytes that an entry takes besides its body, roughly
_ENTRY_SHARE = 8  # no entry takes more than this part of the cache


def is_repeatable(query: str) -> bool:
    """Whether the query gives the same answer each time: it names no function of the moment and no other server."""
    return not _VARYING.search(query)


def normalised(query: str) -> str:
    """The same query in fewer spellings: white space is one space where nothing but white space can be meant by it."""
    return query.strip() if _LITERAL_SIGNS.search(query) else " ".join(query.split())


@dataclass(slots=True)
class Entry:
    """A whole answer: its body and headers as they are sent; the entity tag is made of its bytes.

    `about` is what the log and the metrics tell of it: its format, the form of its query and this one's digest; `head`
    the beginning of a response of HTTP/1.1 with it.
    """

    generation: str
    body: bytes
    headers: list[tuple[bytes, bytes]]
    etag: bytes
    about: tuple[str, str, str] = ("none", "", "")
    requests: list[Hashable] = field(default_factory=list)
    head: bytes = field(init=False)

    def __post_init__(self) -> None:
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in self.headers)
        self.head = b"HTTP/1.1 200 OK\r\n" + lines


def entity_tag(body: bytes) -> bytes:
    """A strong entity tag (RFC 9110, 8.8.3): equal for equal bytes only."""
    return b'"' + blake2b(body, digest_size=16).hexdigest().encode() + b'"'


class ResultCache:
    """Answers up to a number of bytes, the longest unused ones leave first."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._requests: dict[Hashable, tuple[Hashable, Entry]] = {}

    @property
    def largest(self) -> int:
        """The bytes of the largest body that is kept."""
        return self.max_bytes // _ENTRY_SHARE - _OVERHEAD

    def __len__(self) -> int:
        return len(self._entries)

    def of_request(self, request: Hashable, generation: str) -> Entry | None:
        """The answer to a request of exactly these bytes."""
        found = self._requests.get(request)
        if found is None or found[1].generation != generation:
            return None
        self._entries.move_to_end(found[0])
        return found[1]

    def get(self, key: Hashable, generation: str, request: Hashable) -> Entry | None:
        """The answer to a query, however it was asked; the request, if any, will find it by itself from now on."""
        entry = self._entries.get(key)
        if entry is None or entry.generation != generation:
            return None
        self._entries.move_to_end(key)
        self._name(request, key, entry)
        return entry

    def put(self, key: Hashable, entry: Entry, request: Hashable) -> None:
        """Keep an answer, unless it would take more than its share."""
        size = len(entry.body) + _OVERHEAD
        if len(entry.body) > self.largest:
            return
        self._remove(key)
        self._entries[key] = entry
        self.bytes += size
        self._name(request, key, entry)
        while self.bytes > self.max_bytes:
            self._remove(next(iter(self._entries)))

    def _name(self, request: Hashable, key: Hashable, entry: Entry) -> None:
        if request is not None and request not in self._requests and len(entry.requests) < _ENTRY_SHARE:
            entry.requests.append(request)
            self._requests[request] = key, entry

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry:
            self.bytes -= len(entry.body) + _OVERHEAD
            for request in entry.requests:
                self._requests.pop(request, None)
