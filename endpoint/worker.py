"""The process that runs queries: it opens one generation, answers one query at a time and may be killed at any moment.

Started by the pool as `python -m endpoint.worker SOCKET GENERATIONS_DIR GENERATION MEMORY_BYTES [PARTNERS]`, where
SOCKET is the descriptor of its end of a socket pair and PARTNERS that of another, for `endpoint.relay`. Both sides
speak in frames: one byte of kind, four of length (big endian), the payload. The pool sends a QUERY; the worker says
READY once, and for each query zero or more DATA, or PACKED ones if the answer is compressed, then one END.
"""

import contextlib
import ctypes
import json
import re
import resource
import signal
import socket
import struct
import sys
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import pyoxigraph as ox
import zstandard

from endpoint import relay
from endpoint.generations import OXIGRAPH, Generation, Generations
from ontology.errors import StoreError

FRAME = struct.Struct(">cI")
READY, QUERY, DATA, PACKED, END = b"R", b"Q", b"D", b"P", b"E"

_STACK_BYTES = 512 << 20  # the parser is recursive: 64 KiB of opening braces fit into this stack
CHUNK_BYTES = 64 << 10
"""Of an answer, before it is compressed, in one DATA or PACKED frame."""
_WORTH_PACKING = 1 << 10
_OPEN_FILES = 512
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000

# What stands between two rows, or after each, and never within a value; of CSV see `_Rows`.
_ROW_ENDS = {
    "application/sparql-results+json": b'}},{"',
    "application/sparql-results+xml": b"</result>",
    "text/tab-separated-values": b"\n",
}

# Not characters of XML 1.0 (https://www.w3.org/TR/xml/#charsets), and the element without a local name that the engine
# writes for a predicate such as <http://example.org/9>, which RDF/XML has no way to write.
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]|<oxprefix:[ >/]")
_NOT_XML_REACH = len(b"<oxprefix:>") - 1


class Request(TypedDict):
    """A QUERY frame. `default_graphs` and `named_graphs` are IRIs, or None to leave the dataset to the query."""

    query: str
    media_type: str
    is_graph: bool
    has_dataset: bool
    base_iri: str
    default_graphs: list[str] | None
    named_graphs: list[str] | None
    max_bytes: int
    max_rows: int
    coding: str  # "gzip", "zstd", or "" for none


class Ready(TypedDict):
    """The READY frame: whether the worker is without network, and whether it can call partners nevertheless."""

    isolated: bool
    federated: bool


class Outcome(TypedDict, total=False):
    """An END frame: empty when the answer is complete, otherwise what went wrong."""

    error: str  # "syntax", "evaluation", "memory", "bytes", "rows" or "xml"
    message: str


Engines = Mapping[str, ox.Store]
"""What a generation can be asked with, by name."""


class _ByteLimitError(Exception):
    pass


class _RowLimitError(Exception):
    pass


class _NotXmlError(Exception):
    pass


class _Rows:
    """Counts the rows of a result as it is written; what it looks for cannot stand within a value of the format."""

    def __init__(self, media_type: str) -> None:
        self._mark = _ROW_ENDS.get(media_type)
        self._is_csv = media_type == "text/csv"
        self._tail, self._quoted = b"", False
        self.seen = -1 if media_type.startswith("text/") else 0  # the names of the variables are a row there

    def read(self, data: bytes) -> None:
        """Count the rows that end in the next bytes."""
        if self._is_csv:
            for part in data.splitlines(keepends=True):
                self._quoted ^= bool(part.count(b'"') % 2)  # a quote within a value is doubled
                self.seen += part.endswith(b"\n") and not self._quoted
        elif self._mark:
            self.seen += (self._tail + data).count(self._mark)
            self._tail = data[-len(self._mark) + 1 :] if len(self._mark) > 1 else b""


class _Frames:
    """A binary file that sends what is written to it as frames, and refuses what must not be sent."""

    def __init__(self, channel: socket.socket, request: Request) -> None:
        self._channel, self._bytes_left, self._max_rows = channel, request["max_bytes"], request["max_rows"]
        self._is_xml = request["media_type"].endswith("xml")
        self._rows = _Rows(request["media_type"])
        self._buffer = bytearray()
        self._tail = b""
        self._coding = request["coding"]
        self._packer: _Packer | None = None

    def write(self, data: bytes) -> int:
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            raise _ByteLimitError
        if self._is_xml:
            seen = self._tail + data
            if found := _NOT_XML.search(seen):
                raise _NotXmlError(found[0].decode("utf-8", "replace"))
            self._tail = seen[-_NOT_XML_REACH:]
        self._buffer += data
        if len(self._buffer) >= CHUNK_BYTES:
            self._channel.sendall(self._frame(last=False))
        return len(data)

    def flush(self) -> None:
        """The engine flushes at its end; what is left goes with the END frame."""

    def end(self, outcome: Outcome) -> None:
        """Send what is left, unless the query failed, and the END frame."""
        left = b""
        if not outcome:
            try:
                left = self._frame(last=True)
            except _RowLimitError:
                outcome = {"error": "rows"}
        payload = json.dumps(outcome).encode()
        self._channel.sendall(left + FRAME.pack(END, len(payload)) + payload)

    def _frame(self, *, last: bool) -> bytes:
        """What is in the buffer as a frame."""
        data = bytes(self._buffer)
        self._buffer.clear()
        self._rows.read(data)
        if self._rows.seen > self._max_rows:
            raise _RowLimitError
        if self._packer is None and self._coding and (not last or len(data) >= _WORTH_PACKING):
            self._packer = _Packer(self._coding)
        if self._packer:
            data = self._packer.packed(data, last=last)
        return FRAME.pack(PACKED if self._packer else DATA, len(data)) + data if data else b""


class _Packer:
    """Compresses an answer part by part, each of which can be read when it arrives."""

    def __init__(self, coding: str) -> None:
        if coding == "gzip":
            self._compressor: Any = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
            self._between, self._at_end = zlib.Z_SYNC_FLUSH, zlib.Z_FINISH
        else:
            self._compressor = zstandard.ZstdCompressor(level=3).compressobj()
            self._between, self._at_end = zstandard.COMPRESSOBJ_FLUSH_BLOCK, zstandard.COMPRESSOBJ_FLUSH_FINISH

    def packed(self, data: bytes, *, last: bool) -> bytes:
        """The next part, compressed."""
        packed: bytes = self._compressor.compress(data)
        packed += self._compressor.flush(self._at_end if last else self._between)
        return packed


def send(channel: socket.socket, kind: bytes, payload: bytes) -> None:
    """Send one frame."""
    channel.sendall(FRAME.pack(kind, len(payload)) + payload)


def _results(store: ox.Store, request: Request) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Evaluate over the dataset of the protocol, else that of the query, else the union of all named graphs.

    The engine lets the union prevail over a FROM clause, so the union is asked for only when there is none.
    """
    default, named = request["default_graphs"], request["named_graphs"]
    if default is None and named is None:
        return store.query(
            request["query"], base_iri=request["base_iri"], use_default_graph_as_union=not request["has_dataset"]
        )
    return store.query(
        request["query"],
        base_iri=request["base_iri"],
        default_graph=[ox.NamedNode(iri) for iri in default or ()],
        named_graphs=[ox.NamedNode(iri) for iri in named or ()],
    )


def _serialize(store: ox.Store, request: Request, output: Any) -> None:
    results = _results(store, request)
    if isinstance(results, ox.QueryTriples):
        graph_format = ox.RdfFormat.from_media_type(request["media_type"]) if request["is_graph"] else None
        if graph_format is None:
            raise ValueError(f"a graph cannot be written as {request['media_type']}")
        results.serialize(output, format=graph_format)
    else:
        format_ = None if request["is_graph"] else ox.QueryResultsFormat.from_media_type(request["media_type"])
        if format_ is None:
            raise ValueError(f"solutions cannot be written as {request['media_type']}")
        results.serialize(output, format=format_)


def _engine(engines: Engines, request: Request) -> ox.Store:
    """Which engine answers a query: the one place where that is decided."""
    return engines[OXIGRAPH]


def _outcome(engines: Engines, request: Request, output: _Frames) -> Outcome:
    """Answer one query, up to but without the END frame."""
    try:
        _serialize(_engine(engines, request), request, output)
    except SyntaxError as error:
        return {"error": "syntax", "message": str(error)}
    except (ValueError, RuntimeError, OSError) as error:
        return {"error": "evaluation", "message": str(error)}
    except MemoryError:
        return {"error": "memory"}
    except _ByteLimitError:
        return {"error": "bytes"}
    except _RowLimitError:
        return {"error": "rows"}
    except _NotXmlError as error:
        return {"error": "xml", "message": str(error)}
    return {}


def _serve(channel: socket.socket, directory: Path, generation: Generation, ready: Ready) -> None:
    """Open the generation and answer queries until the pool hangs up."""
    with Generations(directory).hold(generation) as path:
        engines = {OXIGRAPH: ox.Store.read_only(str(path / OXIGRAPH))}
        # No file may grow from here on; the store was opened before because a first open may write its log.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        send(channel, READY, json.dumps(ready).encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError), channel.makefile("rb") as frames:
            while head := frames.read(FRAME.size):
                _, length = FRAME.unpack(head)
                request: Request = json.loads(frames.read(length))
                output = _Frames(channel, request)
                output.end(_outcome(engines, request, output))


def isolate() -> bool:
    """Leave the network, if the system lets us: a namespace of its own has no interface that is up."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return bool(libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def _reaches_partners(descriptor: int) -> bool:
    """Let the server answer calls to partners, if the system lets us; nothing else can be reached from here."""
    try:
        relay.start_in_namespace(descriptor)
    except OSError:
        return False
    return True


def limit(memory: int) -> None:
    """Let this process have so many bytes of address space and few open files."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    open_files = min(_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
    with contextlib.suppress(OSError):  # when memory runs out the kernel should take a worker, not the server
        Path("/proc/self/oom_score_adj").write_text("900")


def main(arguments: list[str]) -> None:
    """Run one worker; see the head of this module for its arguments."""
    descriptor, directory, name, memory, *partners = arguments
    generation = Generation.named(name)
    if generation is None:
        raise StoreError(f"{name!r} does not name a generation")
    isolated = isolate()
    ready: Ready = {
        "isolated": isolated,
        "federated": isolated and bool(partners) and _reaches_partners(int(*partners)),
    }
    limit(int(memory))
    threading.stack_size(_STACK_BYTES)
    with socket.socket(fileno=int(descriptor)) as channel:
        thread = threading.Thread(target=_serve, args=(channel, Path(directory), generation, ready))
        thread.start()
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
