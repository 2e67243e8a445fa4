"""The graph that shapes look at: an index of statements, and that of a batch with a look-up for nodes outside it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import pyoxigraph as ox

from ontology.errors import ShapeError

from .terms import RDF_FIRST, RDF_NIL, RDF_REST, SUBCLASS_OF, Statement, Term

if TYPE_CHECKING:
    from .compiled import Finding, Shape

Properties: TypeAlias = dict[ox.NamedNode, dict[Term, None]]  # predicate → its values, each once, in order
Lookup: TypeAlias = Callable[[ox.NamedNode], Iterable[Statement]]
Batch: TypeAlias = Mapping[str, Sequence[Statement]]

_NOTHING: Properties = {}


def _put(nodes: dict[Term, Properties], subject: Term, predicate: ox.NamedNode, value: Term) -> None:
    properties = nodes.get(subject)
    if properties is None:
        nodes[subject] = {predicate: {value: None}}
    elif (values := properties.get(predicate)) is None:
        properties[predicate] = {value: None}
    else:
        values[value] = None


class Statements:
    """A fixed set of statements, by subject and by object."""

    def __init__(self, triples: Iterable[Statement]) -> None:
        self.nodes: dict[Term, Properties] = {}
        self._subjects: dict[tuple[ox.NamedNode, Term], dict[Term, None]] = {}
        for triple in triples:
            subject, predicate, value = triple.subject, triple.predicate, triple.object
            _put(self.nodes, subject, predicate, value)
            self._subjects.setdefault((predicate, value), {})[subject] = None

    def __iter__(self) -> Iterator[tuple[Term, ox.NamedNode, Term]]:
        for subject, properties in self.nodes.items():
            for predicate, values in properties.items():
                for value in values:
                    yield subject, predicate, value

    def objects(self, subject: Term, predicate: ox.NamedNode) -> Collection[Term]:
        """Values of a predicate at a node."""
        return self.nodes.get(subject, _NOTHING).get(predicate, ())

    def subjects(self, predicate: ox.NamedNode, value: Term) -> Collection[Term]:
        """Nodes that have the value for the predicate."""
        return self._subjects.get((predicate, value), ())

    def items(self, head: Term) -> list[Term]:
        """Members of an RDF list; ShapeError when the list is broken or endless."""
        members: list[Term] = []
        seen = set()
        while head != RDF_NIL:
            first, rest = self.objects(head, RDF_FIRST), self.objects(head, RDF_REST)
            if len(first) != 1 or len(rest) != 1 or head in seen:
                raise ShapeError(f"{head} is not a well-formed RDF list")
            seen.add(head)
            members.extend(first)
            head = next(iter(rest))
        return members


class Graph:
    """The statements of a batch of records, and behind them the ontology and what `lookup` tells about other nodes.

    `rdfs:subClassOf` counts only in the ontology: a record that states it cannot make its values instances of a class.
    `inverse` names the predicates that are also followed from object to subject.
    """

    def __init__(self, batch: Batch, ontology: Statements, lookup: Lookup, inverse: Collection[ox.NamedNode]) -> None:
        self.records = batch
        self.nodes: dict[Term, Properties] = {}
        self.owners: dict[Term, str] = {}
        self.undecided = False  # set by a comparison whose outcome only the reference engine can say
        self.judged: dict[tuple[Shape, Term], list[Finding]] = {}  # what nodes outside the batch break
        self._ontology = ontology
        self._lookup = lookup
        self._inverse = inverse
        self._foreign: dict[Term, Properties] = {}
        self._elsewhere: set[Term] = set()
        self._backward: dict[tuple[ox.NamedNode, Term], dict[Term, None]] = {}
        self._referrers: dict[Term, dict[tuple[ox.NamedNode, Term], None]] = {}
        self._mentions: dict[Term, dict[str, None]] | None = None
        for record, statements in batch.items():
            self._add(record, statements)
        for node in self.nodes.keys() & ontology.nodes.keys():
            for predicate, values in ontology.nodes[node].items():
                for value in values:
                    _put(self.nodes, node, predicate, value)

    def _add(self, record: str, statements: Sequence[Statement]) -> None:
        nodes, inverse = self.nodes, self._inverse
        subjects: dict[Term, Properties] = {}
        for statement in statements:
            subject, predicate, value = statement.subject, statement.predicate, statement.object
            if predicate == SUBCLASS_OF:
                continue
            if (properties := subjects.get(subject)) is None:
                properties = subjects[subject] = nodes.setdefault(subject, {})
            if (values := properties.get(predicate)) is None:
                values = properties[predicate] = {}
            values[value] = None
            if inverse and predicate in inverse:
                self._backward.setdefault((predicate, value), {})[subject] = None
        for node in subjects:
            if isinstance(node, ox.NamedNode) and node.value.partition("#")[0] == record:
                self.owners[node] = record
            else:
                self.owners.setdefault(node, record)

    def objects(self, node: Term, predicate: ox.NamedNode) -> Collection[Term]:
        """Values of a predicate at a node of the batch, of the ontology or outside."""
        return self.properties(node).get(predicate, ())

    def properties(self, node: Term) -> Properties:
        """All that is known about a node."""
        found = self.nodes.get(node)
        return self._outside(node) if found is None else found

    def subjects(self, predicate: ox.NamedNode, value: Term) -> Collection[Term]:
        """Nodes that refer to the value; the predicate must be one of `inverse`."""
        inside = self._backward.get((predicate, value), {})
        outside = [node for p, node in self.referrers(value) if p == predicate and node not in inside]
        return [*inside, *outside] if outside else inside

    def referrers(self, value: Term) -> Collection[tuple[ox.NamedNode, Term]]:
        """(predicate, subject) of statements that refer to the value, in the ontology and as far as `lookup` tells."""
        if not self._inverse:
            return ()
        if isinstance(value, ox.Literal):
            self.undecided = True  # nobody can be asked who has this value
        found = self._referrers.get(value)
        if found is None:
            known = ((p, node) for p in self._inverse for node in self._ontology.subjects(p, value))
            found = self._referrers[value] = dict.fromkeys(known)
            for s in self._lookup(value) if isinstance(value, ox.NamedNode) else ():
                if s.object == value and s.predicate in self._inverse and not self._inside(s.subject):
                    found[s.predicate, s.subject] = None
        return found

    def _inside(self, node: Term) -> bool:
        """Whether the batch alone decides what is said about the node."""
        return node in self.owners or (isinstance(node, ox.NamedNode) and node.value.partition("#")[0] in self.records)

    def _outside(self, node: Term) -> Properties:
        if not isinstance(node, ox.NamedNode | ox.BlankNode):
            return _NOTHING
        found = self._foreign.get(node)
        if found is None:
            found = {p: dict(values) for p, values in self._ontology.nodes.get(node, _NOTHING).items()}
            if isinstance(node, ox.NamedNode) and not self._inside(node):
                for s in self._lookup(node):
                    if s.subject == node and s.predicate != SUBCLASS_OF:
                        found.setdefault(s.predicate, {})[s.object] = None
                        self._elsewhere.add(node)
            self._foreign[node] = found
        return found

    @cached_property
    def nodes_of(self) -> dict[str, list[Term]]:
        """Record → its nodes."""
        found: dict[str, list[Term]] = {}
        for node, record in self.owners.items():
            found.setdefault(record, []).append(node)
        return found

    def records_about(self, node: Term) -> Collection[str]:
        """Whose results are those about a focus node: its record, else the records that mention it, else itself.

        Nobody's here where the look-up tells of the node: it was, or will be, validated where it belongs.
        """
        if (owner := self.owners.get(node)) is not None:
            return (owner,)
        self._outside(node)
        if node in self._elsewhere:
            return ()
        if self._mentions is None:
            self._mentions = {}
            for record, statements in self.records.items():
                for statement in statements:
                    self._mentions.setdefault(statement.object, {})[record] = None
        return self._mentions.get(node) or (node.value if isinstance(node, ox.NamedNode) else str(node),)


class Trace(Graph):
    """A graph that remembers which nodes were read, so that a second engine can be given the same statements."""

    def __init__(self, graph: Graph) -> None:
        self.__dict__.update(graph.__dict__)
        self.judged = {}  # what was found before is read again
        self.read: dict[Term, None] = {}
        self.followed: dict[tuple[Term, ox.NamedNode, Term], None] = {}

    def properties(self, node: Term) -> Properties:
        """As in `Graph`, remembered."""
        self.read[node] = None
        return super().properties(node)

    def subjects(self, predicate: ox.NamedNode, value: Term) -> Collection[Term]:
        """As in `Graph`, remembered."""
        found = super().subjects(predicate, value)
        self.followed.update(((node, predicate, value), None) for node in found)
        return found
