"""The store: the graph as one writer keeps it, brought up to the ledger and published as generations.

The live store is never read by queries. It carries the last applied sequence number, written with the statements of a
batch or after them, never before; applying a batch again gives the same graph, so whatever a crash cuts off is done
again at the next start. It is sealed when it is left; one that is not as it was left, after a crash or through damage,
is replaced by a copy of the newest sound generation, from which the ledger leads on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pyoxigraph as ox

import ontology
from endpoint import seals
from endpoint.generations import OXIGRAPH, Generation, Generations
from loaders.editing import present
from loaders.ledger import Ledger
from loaders.projection import NOTHING, AllMade, Projection
from ontology.errors import StoreBusy, StoreError

BATCH = 2000
"""Records that are applied together: the fewer batches, the less has the store to merge."""
BULK = 2**22
"""From this many bytes of statements on a batch is ingested as sorted files, three times as fast as a transaction."""
META = ox.NamedNode("urn:x-clearinghouse:store")
APPLIED = ox.NamedNode("urn:x-clearinghouse:applied")
VOCABULARY = ox.NamedNode("urn:x-clearinghouse:vocabulary")
MARKS = frozenset({APPLIED.value, VOCABULARY.value})
_COPYING = ".copying"
INTEGER = ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")


Progress = Callable[[int], None]


def silent(records: int) -> None:
    """A progress nobody watches."""


def lock(data_dir: Path) -> int:
    """The right to write the graph of a data directory, until this descriptor is closed. Raises StoreBusy."""
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreBusy(f"{data_dir} is being written by another process") from error
    return descriptor


class Writer(ABC):
    """What keeps a graph up to the ledger, wherever it is kept. Use it as a context manager, which holds the lock."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self._opened_with = projection.mapping.thesaurus.version

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @abstractmethod
    def applied(self) -> int:
        """The last sequence number whose consequences are in the store, 0 for an empty one."""

    @abstractmethod
    def publish(self) -> Generation:
        """Have readers take over the present state; what it is called."""

    @abstractmethod
    def rebuild(self, ledger: Ledger, progress: Progress = silent) -> Generation:
        """Make the store anew from the ledger, publish it and remove everything made before."""

    @abstractmethod
    def superseded(self) -> list[Generation]:
        """The states before the newest that readers still keep."""

    @abstractmethod
    def newest(self) -> Generation | None:
        """What was published last, None before the first time."""

    @abstractmethod
    def _vocabulary_version(self) -> int:
        """The version of the thesaurus in the store, 0 where it does not have the graphs of `_vocabulary` whole."""

    @abstractmethod
    def _replace(self, graphs: Mapping[ox.NamedNode, bytes], last: int) -> None:
        """Make the store hold these graphs, given as N-Quads, instead of those of the same names, and no graph where
        there are no statements; then the sequence number that this leads to."""

    @abstractmethod
    def _write_vocabulary(self) -> None:
        """Write the graphs of `_vocabulary`, and which version of the thesaurus they hold."""

    def catch_up(self, ledger: Ledger, progress: Progress = silent, made: AllMade = NOTHING) -> int:
        """Apply what the ledger has beyond `applied`; the number of graphs written.

        `progress` is told of each batch.
        """
        applied, head = self.applied(), ledger.head()
        if applied > head:
            raise StoreError("the graph knows more than the ledger; rebuild it")
        if self._follow_thesaurus(ledger, head):
            made = NOTHING  # with another version
        if self._vocabulary_version() != self.projection.mapping.thesaurus.version:
            self._write_vocabulary()
        written = 0
        for records, last in _touched(ledger, applied, head):
            histories = ledger.histories(records, {digest: one.document for digest, one in made.items()})
            graphs = self.projection.graphs(list(histories.values()), made)
            names = map(self.projection.mapping.iris.record, records)
            self._replace(dict(zip(names, graphs, strict=True)), last)
            written += len(records)
            progress(len(records))
        return written

    def _follow_thesaurus(self, ledger: Ledger, head: int) -> bool:
        """Project with the thesaurus as the ledger tells it up to a sequence number; whether that is not the one that
        the store was opened with."""
        self.projection = Projection(present(self.projection.mapping, ledger, head))
        return self.projection.mapping.thesaurus.version != self._opened_with

    def _vocabulary(self) -> dict[ox.NamedNode, list[ox.Triple]]:
        """The thesaurus and the ontology, each in its named graph; that of the ontology is written last."""
        iris, thesaurus = self.projection.mapping.iris, self.projection.mapping.thesaurus
        name = ox.NamedNode(f"{iris.base}id/thesaurus")
        return {
            name: list(thesaurus.graph(name)),
            ontology.GRAPH: list(ontology.load(iris.base)),
        }


class GraphStore(Writer):
    """The live store of a data directory; one process at a time may hold it."""

    def __init__(self, directory: Path, generations: Generations, projection: Projection) -> None:
        super().__init__(projection)
        self.directory = directory
        self.generations = generations
        self._lock = lock(directory.parent)
        self._digests: seals.Digests = {}
        try:
            _sweep(directory)
            self._store = self._opened()
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(is_sound=error is None)

    def _close(self, *, is_sound: bool) -> None:
        """Give the store and the right to write back."""
        del self._store
        try:
            if is_sound:
                seals.write(seals.sealed(self.directory, self._digests), self.directory)
        finally:
            os.close(self._lock)

    def _opened(self) -> ox.Store:
        """The store as it was left; else a copy of the newest generation that is sound; else an empty one, since the
        ledger has all that it held."""
        if not seals.is_whole(self.directory, self._digests):
            _discard(self.directory)
            self._copy_newest()
        (self.directory / seals.NAME).unlink(missing_ok=True)
        try:
            return ox.Store(str(self.directory))
        except RuntimeError:  # how pyoxigraph reports corruption
            _discard(self.directory)
            return ox.Store(str(self.directory))

    def _copy_newest(self) -> None:
        newest = self.generations.newest()
        if newest is None:
            return
        with self.generations.hold(newest) as path:
            if seals.is_whole(path, self._digests):
                copying = self.directory.with_name(f"{self.directory.name}{_COPYING}")
                shutil.copytree(path / OXIGRAPH, copying, copy_function=_link_or_copy)
                copying.rename(self.directory)

    def applied(self) -> int:
        """The last sequence number whose consequences are in the store, 0 for an empty one."""
        return self._number(APPLIED)

    def newest(self) -> Generation | None:
        """The newest generation."""
        return self.generations.newest()

    def _vocabulary_version(self) -> int:
        return self._number(VOCABULARY)

    def _number(self, mark: ox.NamedNode) -> int:
        numbers = (int(quad.object.value) for quad in self._store.quads_for_pattern(META, mark, None, META))  # type: ignore[union-attr]
        return max(numbers, default=0)

    def _remove_before(self, mark: ox.Quad) -> None:
        """Take out the marks in whose place one was written."""
        for earlier in list(self._store.quads_for_pattern(META, mark.predicate, None, META)):
            if earlier != mark:
                self._store.remove(earlier)

    def _replace(self, graphs: Mapping[ox.NamedNode, bytes], last: int) -> None:
        for graph in graphs:
            if self._store.contains_named_graph(graph):
                self._store.remove_graph(graph)
        data = b"".join(graphs.values())
        mark = _mark(APPLIED, last)
        if len(data) >= BULK:
            self._store.bulk_load(data, format=ox.RdfFormat.N_QUADS, lenient=True)  # the IRIs were parsed already
            self._store.add(mark)
        else:
            self._store.load(data + f"{mark} .\n".encode(), format=ox.RdfFormat.N_QUADS)
        self._remove_before(mark)

    def _write_vocabulary(self) -> None:
        for graph, triples in self._vocabulary().items():
            self._store.remove_graph(graph)
            self._store.bulk_extend([ox.Quad(t.subject, t.predicate, t.object, graph) for t in triples])
        mark = _mark(VOCABULARY, self.projection.mapping.thesaurus.version)
        self._store.add(mark)
        self._remove_before(mark)

    def publish(self, *, keep: int = 2) -> Generation:
        """Make the present state a generation that readers take over, if it is newer than the newest; the newest
        one."""
        newest = self.generations.newest()
        if newest is None or newest.sequence != self.applied() or keep == 1:
            self._store.flush()
            self._store.optimize()
            newest = self.generations.create(self._store, self.applied(), self._seal)
        self.generations.prune(keep)
        return newest

    def _seal(self, generation: Path) -> None:
        """Leave in a generation what it holds, for whoever opens it."""
        records = f"{self.projection.mapping.iris.base}id/record/"
        graphs = sum(
            isinstance(name, ox.NamedNode) and name.value.startswith(records) for name in self._store.named_graphs()
        )
        counts = {"sequence": self.applied(), "records": graphs, "statements": len(self._store)}
        seals.write(seals.sealed(generation, self._digests, **counts), generation)

    def rebuild(self, ledger: Ledger, progress: Progress = silent) -> Generation:
        """Make the store anew from the ledger, publish it and remove every generation made before."""
        del self._store
        _discard(self.directory)
        self._store = ox.Store(str(self.directory))
        self.catch_up(ledger, progress)
        return self.publish(keep=1)

    def superseded(self) -> list[Generation]:
        """The generations before the newest that a reader holds; the others are removed."""
        self.generations.prune(1)
        return self.generations.all()[:-1]


def records_and_vocabulary(generation: Path) -> Iterator[ox.Quad]:
    """Every statement of a generation, without the store's own mark."""
    store = ox.Store.read_only(str(generation / OXIGRAPH))
    return (quad for quad in store.quads_for_pattern(None, None, None, None) if quad.graph_name != META)


def _link_or_copy(source: str, target: str) -> None:
    """A sorted file never changes, so both stores may have it; the others are written on."""
    if source.endswith(".sst"):
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    shutil.copy2(source, target)


def _mark(name: ox.NamedNode, number: int) -> ox.Quad:
    return ox.Quad(META, name, ox.Literal(str(number), datatype=INTEGER), META)


def _discard(directory: Path) -> None:
    """Remove a store, if there is one; a crash leaves it whole or under another name."""
    if not directory.exists():
        return
    removing = _removing(directory)
    directory.rename(removing)
    shutil.rmtree(removing)


def _removing(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.removing")


def _sweep(directory: Path) -> None:
    """Remove what an ingestion or a removal cut off by a crash has left."""
    for leftover in (_removing(directory), directory.with_name(f"{directory.name}{_COPYING}")):
        if leftover.exists():
            shutil.rmtree(leftover)
    for unused in directory.glob("bulk-*.sst"):
        unused.unlink()


def _touched(ledger: Ledger, after: int, until: int) -> Iterator[tuple[list[str], int]]:
    """The records that events after a sequence number, up to another, are about, in batches with the last number of
    each."""
    records: dict[str, None] = {}
    last = after
    for seq, record in ledger.touched(after, until):
        if len(records) >= BATCH and record not in records:
            yield list(records), last
            records = {}
        records[record] = None
        last = seq
    if last > after:
        yield list(records), last
