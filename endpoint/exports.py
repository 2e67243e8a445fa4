"""Exports: the whole graph as a file, in an order that depends on its statements alone."""

from __future__ import annotations

import gzip
import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from io import BufferedIOBase
from itertools import islice
from pathlib import Path

import pyoxigraph as ox

from ontology.errors import StoreError

RUN = 200_000
"""Lines that are sorted in memory at a time."""
SUFFIXES = {".nq", ".trig"}


def write(quads: Iterable[ox.Quad], path: Path) -> int:
    """Write quads to `.nq` or `.trig`, compressed where the name ends in `.gz`; the number written.

    The lines of N-Quads are sorted by their bytes; TriG has the same order within each graph. The file appears whole
    or not at all.
    """
    bare = path.with_suffix("") if path.suffix == ".gz" else path
    if bare.suffix not in SUFFIXES:
        raise StoreError(f"{path}: an export is .nq or .trig, or one of these with .gz")
    partial = path.with_name(path.name + ".partial")
    try:
        with ExitStack() as stack:
            target: BufferedIOBase = stack.enter_context(partial.open("wb"))
            if path.suffix == ".gz":  # without a name or a time of its own, so that the same graph gives the same bytes
                target = stack.enter_context(gzip.GzipFile(filename="", fileobj=target, mode="wb", mtime=0))
            ordered = _sorted(_lines(quads, by_graph=bare.suffix == ".trig"), stack)
            count = _write_trig(ordered, target) if bare.suffix == ".trig" else _write_lines(ordered, target)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _lines(quads: Iterable[ox.Quad], *, by_graph: bool) -> Iterator[bytes]:
    """Each quad as a line of N-Quads, its graph first where the order is by graph."""
    for quad in quads:
        graph = f"{quad.graph_name} " if by_graph else ""
        yield f"{graph}{quad} .\n".encode()


def _sorted(lines: Iterator[bytes], stack: ExitStack) -> Iterator[bytes]:
    """The lines sorted, in runs on disk that are merged: memory does not grow with the graph."""
    runs = []
    while run := sorted(islice(lines, RUN)):
        file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
        file.writelines(run)
        file.seek(0)
        runs.append(file)
    return heapq.merge(*runs)


def _write_lines(lines: Iterator[bytes], target: BufferedIOBase) -> int:
    count = 0
    for line in lines:
        target.write(line)
        count += 1
    return count


def _write_trig(lines: Iterator[bytes], target: BufferedIOBase) -> int:
    """Graph blocks in order; a statement a line, in full IRIs."""
    count, open_graph = 0, b""
    for line in lines:
        graph, _, quad = line.partition(b" ")
        if graph != open_graph:
            target.write((b"}\n" if open_graph else b"") + graph + b" {\n")
            open_graph = graph
        statement = quad.removesuffix(b" .\n").removesuffix(graph)
        target.write(b"  " + statement.rstrip() + b" .\n")
        count += 1
    if open_graph:
        target.write(b"}\n")
    return count
