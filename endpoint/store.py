"""The store: the graph as one writer keeps it, brought up to the ledger and published as generations.

The live store is never read by queries. It carries the last applied sequence number, written with the statements of a
batch or after them, never before; applying a batch again gives the same graph, so whatever a crash cuts off is done
again at the next start.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyoxigraph as ox

import ontology
from endpoint.generations import OXIGRAPH, Generation, Generations
from loaders.ledger import Ledger
from loaders.projection import NOTHING, AllMade, Projection
from ontology.errors import StoreBusy, StoreError

BATCH = 2000
"""Records that are applied together: the fewer batches, the less has the store to merge."""
BULK = 2**22
"""From this many bytes of statements on a batch is ingested as sorted files, three times as fast as a transaction."""
META = ox.NamedNode("urn:x-clearinghouse:store")
APPLIED = ox.NamedNode("urn:x-clearinghouse:applied")
INTEGER = ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")


Progress = Callable[[int], None]


def silent(records: int) -> None:
    """A progress nobody watches."""


class GraphStore:
    """The live store of a data directory; one process at a time may hold it."""

    def __init__(self, directory: Path, generations: Generations, projection: Projection) -> None:
        self.directory = directory
        self.generations = generations
        self.projection = projection
        directory.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(directory.parent / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise StoreBusy(f"{directory.parent} is being written by another process") from error
        _sweep(directory)
        self._store = _opened(directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the store and the right to write back."""
        del self._store
        os.close(self._lock)

    def applied(self) -> int:
        """The last sequence number whose consequences are in the store, 0 for an empty one."""
        numbers = (int(quad.object.value) for quad in self._store.quads_for_pattern(META, APPLIED, None, META))  # type: ignore[union-attr]
        return max(numbers, default=0)

    def catch_up(self, ledger: Ledger, progress: Progress = silent, made: AllMade = NOTHING) -> int:
        """Apply what the ledger has beyond `applied`; the number of graphs written.

        `progress` is told of each batch.
        """
        if self.applied() > ledger.head():
            raise StoreError("the graph knows more than the ledger; rebuild it")
        if not self._store.contains_named_graph(ontology.GRAPH):
            self._write_vocabulary()
        written = 0
        for records, last in _touched(ledger, self.applied()):
            self._apply(ledger, records, last, made)
            written += len(records)
            progress(len(records))
        return written

    def _apply(self, ledger: Ledger, records: Sequence[str], last: int, made: AllMade) -> None:
        histories = ledger.histories(records, {digest: one.document for digest, one in made.items()})
        graphs = self.projection.graphs(list(histories.values()), made)
        for graph in map(self.projection.mapping.iris.record, records):
            if self._store.contains_named_graph(graph):
                self._store.remove_graph(graph)
        data = b"".join(graphs)
        mark = ox.Quad(META, APPLIED, ox.Literal(str(last), datatype=INTEGER), META)
        if len(data) >= BULK:
            self._store.bulk_load(data, format=ox.RdfFormat.N_QUADS, lenient=True)  # the IRIs were parsed already
            self._store.add(mark)
        else:
            self._store.load(data + f"{mark} .\n".encode(), format=ox.RdfFormat.N_QUADS)
        for earlier in list(self._store.quads_for_pattern(META, APPLIED, None, META)):
            if earlier != mark:
                self._store.remove(earlier)

    def _write_vocabulary(self) -> None:
        """The ontology and the thesaurus, each in its named graph."""
        thesaurus = self.projection.mapping.thesaurus
        graphs = (
            (ontology.GRAPH, ontology.load(self.projection.mapping.iris.base)),
            (ox.NamedNode(self.projection.mapping.iris.base + "id/thesaurus"), thesaurus.triples()),
        )
        for graph, triples in graphs:
            self._store.remove_graph(graph)
            self._store.bulk_extend([ox.Quad(t.subject, t.predicate, t.object, graph) for t in triples])

    def publish(self, *, keep: int = 2) -> Generation:
        """Make the present state a generation that readers take over, if it is newer than the newest; the newest
        one."""
        newest = self.generations.newest()
        if newest is None or newest.sequence != self.applied() or keep == 1:
            self._store.flush()
            self._store.optimize()
            newest = self.generations.create(self._store, self.applied())
        self.generations.prune(keep)
        return newest

    def rebuild(self, ledger: Ledger, progress: Progress = silent) -> Generation:
        """Make the store anew from the ledger, publish it and remove every generation made before."""
        del self._store
        _discard(self.directory)
        self._store = _opened(self.directory)
        self.catch_up(ledger, progress)
        return self.publish(keep=1)


def records_and_vocabulary(generation: Path) -> Iterator[ox.Quad]:
    """Every statement of a generation, without the store's own mark."""
    store = ox.Store.read_only(str(generation / OXIGRAPH))
    return (quad for quad in store.quads_for_pattern(None, None, None, None) if quad.graph_name != META)


def _opened(directory: Path) -> ox.Store:
    """The store, or an empty one in the place of one that is damaged, since the ledger has all that it held."""
    try:
        return ox.Store(str(directory))
    except RuntimeError:  # how pyoxigraph reports corruption
        _discard(directory)
        return ox.Store(str(directory))


def _discard(directory: Path) -> None:
    """Remove a store; a crash leaves it whole or under another name."""
    removing = _removing(directory)
    directory.rename(removing)
    shutil.rmtree(removing)


def _removing(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.removing")


def _sweep(directory: Path) -> None:
    """Remove what an ingestion or a removal cut off by a crash has left."""
    if _removing(directory).exists():
        shutil.rmtree(_removing(directory))
    for leftover in directory.glob("bulk-*.sst"):
        leftover.unlink()


def _touched(ledger: Ledger, after: int) -> Iterator[tuple[list[str], int]]:
    """The records that events after a sequence number are about, in batches with the last number of each."""
    records: dict[str, None] = {}
    last = after
    for seq, record in ledger.touched(after):
        if len(records) >= BATCH and record not in records:
            yield list(records), last
            records = {}
        records[record] = None
        last = seq
    if last > after:
        yield list(records), last
