"""Validation of a batch of records: compiled shapes decide and pyshacl confirms, or does alone what they cannot."""

import gc
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from zlib import crc32

import pyoxigraph as ox

from ontology.errors import EngineMismatch

from . import paths
from .compiled import Compiled, Focus, mentioned, sh
from .index import Batch, Graph, Lookup, Statements, Trace
from .paths import NeedsReference
from .reference import Reference, ReferenceFailure, Triple
from .report import Key, Result, difference, ordered
from .terms import SUBCLASS_OF, Statement, Term

REFERENCE_HOPS = 3
"""How far from a record's own nodes statements are looked up for pyshacl where it validates alone."""
MAX_CONFIRMED = 1_000
"""A record with more results than this is not run again: pyshacl takes about a millisecond for each."""


def _nothing(node: ox.NamedNode) -> Iterable[Statement]:
    return ()


class Validator:
    """SHACL validation of batches of records against one shapes graph.

    `ontology` gives the class hierarchy and what else is known without the store. `lookup(node)` gives statements about
    a node outside the batch that shapes may read: with the node as subject and, where a path goes backwards, as object.
    `handed_over` says why pyshacl validates alone, None where the shapes could be compiled. Not for several threads.
    """

    confirm: bool = True
    """Whether every record with a result is validated again by pyshacl, on its statements and what they refer to."""
    sample: float = 0.002
    """Share of the records without a result that are validated again as well; which ones depends on their IRI."""

    def __init__(
        self, shapes: Iterable[Statement], ontology: Iterable[Statement] = (), lookup: Lookup = _nothing
    ) -> None:
        self.unconfirmed: dict[str, str] = {}  # of the last batch: record → why pyshacl could not confirm it
        self.handed_over: str | None = None
        self.compiled: Compiled | None = None
        self._shapes = Statements(shapes)
        self._ontology = Statements(ontology)
        self._lookup = lookup
        self._inverse = paths.inverse_predicates(self._shapes)
        closed = any(predicate == sh("closed") for _, predicate, _ in self._shapes)
        self._mentioned = None if closed else mentioned(self._shapes)
        self._hierarchy: list[Triple] = [triple for triple in self._ontology if triple[1] == SUBCLASS_OF]
        try:
            self.compiled = Compiled(self._shapes, self._ontology)
        except NeedsReference as error:
            self.handed_over = str(error)

    def check(self, batch: Batch) -> dict[str, list[Result]]:
        """Record IRI → its results; a record without any conforms and is left out.

        The records of a batch see each other, and nobody's earlier statements. A result about a node that no record
        contains or mentions is listed under that node. Raises EngineMismatch when pyshacl confirms something else,
        and ReferenceFailure when pyshacl validates alone and cannot.
        """
        self.unconfirmed = {}
        with _collector_paused():
            graph = Graph(batch, self._ontology, self._lookup, self._inverse)
        if self.compiled is None:
            everything = _Slice(graph, self._hierarchy, None)
            everything.around(graph.nodes, REFERENCE_HOPS)
            found = self._referred(everything, None)
        else:
            found = self._compiled_results(graph, self.compiled)
        return {record: ordered(results) for record, results in found.items() if results}

    def _compiled_results(self, graph: Graph, compiled: Compiled) -> dict[str, list[Result]]:
        found: dict[str, list[Result]] = {}
        doubtful = set()
        with _collector_paused():
            focus = compiled.focus(graph)
            for record, nodes in focus.items():
                graph.undecided = False
                found[record] = compiled.results(graph, nodes)
                if graph.undecided:
                    doubtful.add(record)
        again = {
            record: focus.get(record, {})
            for record in (*focus, *(graph.records.keys() - focus.keys()))
            if record in doubtful or (self.confirm and self._confirms(record, found.get(record, ())))
        }
        if again:
            found.update(self._confirmed(graph, compiled, again, found, doubtful))
        return found

    def _confirms(self, record: str, results: Collection[Result]) -> bool:
        if len(results) > MAX_CONFIRMED:
            self.unconfirmed[record] = f"{len(results)} results"
            return False
        return bool(results) or crc32(record.encode()) < self.sample * 2**32

    def _confirmed(
        self,
        graph: Graph,
        compiled: Compiled,
        focus: dict[str, Focus],
        found: dict[str, list[Result]],
        doubtful: set[str],
    ) -> dict[str, list[Result]]:
        """pyshacl's results of the doubtful records, after it agreed on all the others."""
        _ = self._reference  # not to take shapes that pyshacl refuses for records that it cannot judge
        theirs = self._answers(graph, compiled, focus)
        differing = {
            record: differences
            for record in theirs.keys() - doubtful
            if any(differences := difference(found.get(record, ()), theirs[record]))
        }
        if differing:
            raise EngineMismatch(_mismatch(differing))
        return {record: theirs[record] for record in theirs.keys() & doubtful}

    def _answers(self, graph: Graph, compiled: Compiled, focus: dict[str, Focus]) -> dict[str, list[Result]]:
        """pyshacl's results of the records, in one run, without those that end its run; these are `unconfirmed`."""
        slice_ = _Slice(graph, self._hierarchy, self._mentioned)
        slice_.own.update((pointer, None) for pointer in compiled.pointers(graph))
        for record, nodes in focus.items():
            trace = Trace(graph)
            compiled.results(trace, nodes)
            slice_.around(graph.nodes_of.get(record, ()), 1)
            slice_.read(trace)
        try:
            answers = self._referred(slice_, focus)
        except ReferenceFailure as error:
            records = list(focus)
            if len(records) == 1:
                self.unconfirmed[records[0]] = str(error)
                return {}
            middle = len(records) // 2
            halves = ({record: focus[record] for record in part} for part in (records[:middle], records[middle:]))
            return {record: found for half in halves for record, found in self._answers(graph, compiled, half).items()}
        return {record: answers.get(record, []) for record in focus}

    def _referred(self, slice_: "_Slice", records: Collection[str] | None) -> dict[str, list[Result]]:
        return self._reference.results(slice_.own, slice_.other, slice_.graph.records_about, records)

    @cached_property
    def _reference(self) -> Reference:
        return Reference(self._shapes)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Lets Python not search for reference cycles: the many dictionaries of a batch have none, and it takes longest."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Slice:
    """The part of a graph that pyshacl is given: records whole (`own`), of other nodes what can matter to shapes."""

    def __init__(self, graph: Graph, hierarchy: Iterable[Triple], mentioned: Collection[Term] | None) -> None:
        self.graph = graph
        self._mentioned = mentioned
        self._taken: set[Term] = set()
        self.own: dict[Triple, None] = dict.fromkeys(hierarchy)
        self.other: dict[Triple, None] = {}

    def read(self, trace: Trace) -> None:
        """Takes in what the compiled checker read."""
        for node in trace.read:
            self._take(node)
        self.other.update(trace.followed)

    def around(self, nodes: Iterable[Term], hops: int) -> None:
        """Takes in nodes, those they refer to and so on, `hops` times over."""
        for node in nodes:
            self._take(node)
        for _ in range(hops):
            nodes = dict.fromkeys(v for n in nodes for values in self.graph.properties(n).values() for v in values)
            for node in nodes:
                self._take(node)

    def _take(self, node: Term) -> None:
        if node in self._taken or isinstance(node, ox.Literal | ox.Triple):
            return
        self._taken.add(node)
        inside = node in self.graph.nodes
        triples = self.own if inside else self.other
        for predicate, values in self.graph.properties(node).items():
            if inside or self._mentioned is None or predicate in self._mentioned:
                triples.update(((node, predicate, value), None) for value in values)
        self.other.update(((other, predicate, node), None) for predicate, other in self.graph.referrers(node))


def _mismatch(differing: dict[str, tuple[Collection[Key], Collection[Key]]]) -> str:
    lines = [f"compiled shapes and pyshacl disagree about {len(differing)} record(s)"]
    for record, (ours, theirs) in differing.items():
        lines.append(f"{record}: only compiled {list(ours)[:5]}, only pyshacl {list(theirs)[:5]}")
    return "\n".join(lines)
