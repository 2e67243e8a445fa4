"""Exports: the graph as a file, in an order that depends on its statements alone."""

from __future__ import annotations

import gzip
import heapq
import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any, BinaryIO

import pyoxigraph as ox
import zstandard

from ontology.errors import StoreError

RUN = 200_000
"""Lines that are sorted in memory at a time."""
BLOCK = 500
"""Lines that go to a file at a time."""
SUFFIXES = {".nq", ".trig"}
BUFFER = 1 << 18
"""Bytes that are compressed at a time."""
GZIP_LEVEL, ZSTD_LEVEL = 6, 10


def write(quads: Iterable[ox.Quad], path: Path) -> int:
    """Write quads to `.nq` or `.trig`, compressed where the name ends in `.gz` or `.zst`; the number written.

    The lines of N-Quads are sorted by their bytes; TriG has the same order within each graph. The file appears whole
    or not at all.
    """
    bare = path.with_suffix("") if path.suffix in {".gz", ".zst"} else path
    if bare.suffix not in SUFFIXES:
        raise StoreError(f"{path}: an export is .nq or .trig, or one of these with .gz or .zst")
    partial = path.with_name(path.name + ".partial")
    lines = Lines(path.parent)
    try:
        with lines, opened(partial, path.suffix) as target:
            if bare.suffix == ".trig":
                lines.add(f"{quad.graph_name} {quad} .\n".encode() for quad in quads)
                target.writelines(trig(line.partition(b" ")[2] for line in lines))
            else:
                lines.add(f"{quad} .\n".encode() for quad in quads)
                target.writelines(lines)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return lines.count


class Lines:
    """Lines that are sorted by their bytes, in runs on disk that are merged: memory does not grow with them.

    The runs lie in files without a name in `directory`.
    """

    def __init__(self, directory: Path) -> None:
        self.count = 0
        self._directory = directory
        self._run: list[bytes] = []
        self._runs: list[BinaryIO] = []
        self._open = ExitStack()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, lines: Iterable[bytes]) -> None:
        """Take lines, each with its end, in any order."""
        for line in lines:
            self._run.append(line)
            if len(self._run) >= RUN:
                self._spill()

    def __iter__(self) -> Iterator[bytes]:
        """Every line that was added, in order; only once, and nothing is added after it."""
        self._spill()
        return heapq.merge(*self._runs)

    def _spill(self) -> None:
        self._run.sort()
        file = self._open.enter_context(tempfile.TemporaryFile(dir=self._directory))  # noqa: SIM115 (the stack closes it)
        file.writelines(self._run)
        file.seek(0)
        self._runs.append(file)
        self.count += len(self._run)
        self._run = []


@contextmanager
def opened(path: Path, suffix: str) -> Iterator[BinaryIO]:
    """A new file, compressed as the suffix says; without a name or a time inside, so that the same content gives the
    same bytes. It is on the disk when the context ends."""
    with path.open("wb") as file:
        with ExitStack() as stack:
            inner: Any = file
            if suffix == ".gz":
                inner = gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=GZIP_LEVEL, mtime=0)
            elif suffix == ".zst":
                compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True)
                inner = compressor.stream_writer(file, closefd=False)
            target = inner if inner is file else stack.enter_context(io.BufferedWriter(inner, BUFFER))
            yield target
        file.flush()
        os.fsync(file.fileno())


def trig(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of N-Quads that are ordered by graph, as TriG: a block for each graph, a statement a line in full IRIs."""
    for graph, group in groupby(lines, graph_of):
        yield graph + b" {\n"
        end = b" " + graph + b" .\n"
        while some := b"".join(b"  %b .\n" % line.removesuffix(end) for line in islice(group, BLOCK)):
            yield some
        yield b"}\n"


def graph_of(line: bytes) -> bytes:
    """The graph name at the end of a line of N-Quads."""
    return line.rsplit(b" ", 2)[1]
