"""From a generation to the files of its dump: each part of it in each syntax, ordered, so always the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pyoxigraph as ox

from endpoint.exports import Lines, opened, trig
from endpoint.generations import OXIGRAPH
from endpoint.store import META

PARTS = ("all", "absch", "bch", "chm", "vocabulary")
"""Everything; the records of each clearing-house; the ontology and the thesaurus."""
CLEARING_HOUSE = ox.NamedNode("https://w3id.org/clearinghouse/ns#clearingHouse")
COMPRESSIONS = (".gz", ".zst")
_NO_PART = ord("0")  # the sum of the bits of its parts, added to this, ends a line as a printable character


def write(generation: Path, directory: Path, base_iri: str) -> dict[str, int]:
    """Write every part of a generation as N-Quads and TriG, and the whole in Jelly; the statements of each part.

    The store is read once, since that takes longest: graph by graph, which is the order of TriG and Jelly. The lines of
    N-Quads go through a sort on disk. The largest graph has to fit into memory, no more.
    """
    counts = dict.fromkeys(PARTS, 0)
    with Lines(directory) as lines:
        with ExitStack() as stack:
            blocks, jelly = _Parts(directory, ".trig", stack), _Jelly(directory, stack)
            for graph, parts in _graphs(generation, directory, base_iri):
                for block in trig(graph):
                    blocks.write(block, parts)
                jelly.write(graph)
                end = b"%c\n" % (_NO_PART + parts)
                lines.add(line[:-1] + end for line in graph)
                counts |= {part: counts[part] + len(graph) for place, part in enumerate(PARTS) if parts >> place & 1}
        with ExitStack() as stack:
            n_quads = _Parts(directory, ".nq", stack)
            for line in lines:
                n_quads.write(line[:-2] + b"\n", line[-2] - _NO_PART)
    return counts


def _graphs(generation: Path, directory: Path, base_iri: str) -> Iterator[tuple[list[bytes], int]]:
    """Each graph of a generation in the order of their names, as sorted lines of N-Quads, and the bits of its parts."""
    store = ox.Store.read_only(str(generation / OXIGRAPH))
    with Lines(directory) as names:
        names.add(f"{name}\n".encode() for name in store.named_graphs() if name != META)
        for name in names:
            graph = ox.NamedNode(name[1:-2].decode())
            data = ox.serialize(store.quads_for_pattern(None, None, None, graph), format=ox.RdfFormat.N_QUADS)
            yield sorted((data or b"").splitlines(keepends=True)), _parts(store, graph, base_iri)


def _parts(store: ox.Store, graph: ox.NamedNode, base_iri: str) -> int:
    """The bits of the parts that a graph is in: a record is in those of its clearing-houses."""
    if graph.value.startswith(f"{base_iri}id/record/"):
        houses = store.quads_for_pattern(graph, CLEARING_HOUSE, None, graph)
        names = {"all", *(str(quad.object).rpartition("#")[2].rstrip(">").lower() for quad in houses)}
    else:
        names = {"all", "vocabulary"}
    return sum(1 << place for place, part in enumerate(PARTS) if part in names)


class _Parts:
    """The files of one syntax: of every part, one for each compression."""

    def __init__(self, directory: Path, syntax: str, stack: ExitStack) -> None:
        self._files = [
            [stack.enter_context(opened(directory / f"{part}{syntax}{suffix}", suffix)) for suffix in COMPRESSIONS]
            for part in PARTS
        ]

    def write(self, data: bytes, parts: int) -> None:
        """Append to the files of some parts, given as the sum of their bits."""
        for place, files in enumerate(self._files):
            if parts >> place & 1:
                for file in files:
                    file.write(data)


class _Jelly:
    """The one file in Jelly, of everything, since it takes as long as all others together; none without the extra."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._file = None
        if find_spec("pyjelly"):
            from endpoint.jelly import JellyFile

            self._file = JellyFile(stack.enter_context(opened(directory / "all.jelly.zst", ".zst")))
            stack.callback(self._file.end)

    def write(self, lines: list[bytes]) -> None:
        """Append lines of N-Quads."""
        if self._file:
            self._file.write(ox.parse(b"".join(lines), format=ox.RdfFormat.N_QUADS, lenient=True))
