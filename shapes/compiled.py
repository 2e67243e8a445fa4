"""A shapes graph compiled once, targets to shapes and shapes to closures: checking a record is dictionary look-ups."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import TypeAlias

import pyoxigraph as ox

from ontology.errors import ShapeError

from . import paths
from .constraints import BUILDERS, COMPANIONS
from .index import Graph, Statements
from .paths import NeedsReference
from .report import Result, Source, source
from .terms import RDF_TYPE, RDFS, SH, SUBCLASS_OF, TRUE, XSD, Term, well_formed
from .value_constraints import Check, Test

TARGETS = frozenset({"targetClass", "targetNode", "targetObjectsOf", "targetSubjectsOf"})
PATH_FORMS = frozenset({"path", "inversePath", "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"})
ANNOTATIONS = frozenset({"severity", "message", "name", "description", "order", "group", "defaultValue", "deactivated"})
NEUTRAL = frozenset(
    # prefixes are for SPARQL texts, the rest describes reports: neither makes a constraint
    {"declare", "prefix", "namespace", "shapesGraph", "conforms", "result", "focusNode", "resultPath", "value"}
    | {"resultSeverity", "resultMessage", "sourceShape", "sourceConstraint", "sourceConstraintComponent", "detail"}
)
CORE = frozenset(BUILDERS) | frozenset(COMPANIONS) | TARGETS | PATH_FORMS | ANNOTATIONS
"""Predicates of SHACL Core, without `sh:`."""
TYPES = frozenset({"NodeShape", "PropertyShape", "ValidationReport", "ValidationResult", "PropertyGroup"})
NEEDS_VALUES = frozenset(f"{name}ConstraintComponent" for name in ("MaxCount", "UniqueLang", "Disjoint", "LessThan"))
NEEDS_VALUES |= {"LessThanOrEqualsConstraintComponent"}
"""Checks of all values at once that hold where there are none."""
MAX_DEPTH = 50
"""Shapes nested in shapes. pyshacl gives up where data lead it 15 deep: such a record is then not confirmed."""

Finding: TypeAlias = tuple[Source, str, Term, Term | None, str | None]
Focus: TypeAlias = dict[Term, dict["Shape", None]]

_RESOURCE = ox.NamedNode(RDFS + "Resource")
_CLASSES = (ox.NamedNode(RDFS + "Class"), ox.NamedNode("http://www.w3.org/2002/07/owl#Class"))


@cache
def sh(name: str) -> ox.NamedNode:
    """A term of the SHACL namespace."""
    return ox.NamedNode(SH + name)


class Shape:
    """One compiled node or property shape."""

    __slots__ = ("active", "allowed", "checks", "depth", "node", "path", "properties", "source", "tests", "unless")

    def __init__(self, node: Term, origin: Source, path: paths.Walk | None, active: bool) -> None:
        self.node = node
        self.source = origin
        self.path = path
        self.active = active
        self.depth = 1
        self.tests: list[tuple[str, Test]] = []
        self.checks: list[tuple[str, Check]] = []
        self.properties: list[Shape] = []
        self.allowed: frozenset[ox.NamedNode] | None = None  # predicates of a closed shape
        self.unless: ox.NamedNode | None = None  # the predicate without which nothing is broken

    def only_on_property(self, parameter: str) -> "Shape":
        """Itself, when it is a property shape as the parameter wants."""
        if self.path is None:
            raise NeedsReference(f"sh:{parameter} on a node shape")
        return self

    def validate(self, graph: Graph, focus: Term, found: list[Finding]) -> None:
        """Adds what a focus node breaks."""
        if not self.active:
            return
        origin = self.source
        values = (focus,) if self.path is None else self.path(graph, focus)
        for component, check in self.checks:
            for value in check(graph, focus, values):
                found.append((origin, component, focus, value, None))
        for value in values:
            for component, test in self.tests:
                if not test(graph, value):
                    found.append((origin, component, focus, value, None))
            if self.properties:
                self._validate_properties(graph, value, found)
            if self.allowed is not None:
                found.extend(self._unlisted(graph, focus, value, self.allowed))

    def _validate_properties(self, graph: Graph, node: Term, found: list[Finding]) -> None:
        known = graph.properties(node)
        for shape in self.properties:
            if shape.unless is None or shape.unless in known:
                shape.validate(graph, node, found)

    def _unlisted(self, graph: Graph, focus: Term, node: Term, allowed: Collection[ox.NamedNode]) -> Iterator[Finding]:
        for predicate, values in graph.properties(node).items():
            if predicate not in allowed:
                for value in values:
                    if not (predicate == RDF_TYPE and value == _RESOURCE):
                        yield self.source, "ClosedConstraintComponent", focus, value, predicate.value

    def broken(self, graph: Graph, node: Term) -> list[Finding]:
        """What a focus node breaks; found once for a node outside the batch, since many records refer to it."""
        outside = isinstance(node, ox.NamedNode) and node not in graph.nodes
        found: list[Finding] | None = graph.judged.get((self, node)) if outside else None
        if found is None:
            found = []
            self.validate(graph, node, found)
            if outside and not graph.undecided:
                graph.judged[self, node] = found
        return found

    def conforms(self, graph: Graph, node: Term) -> bool:
        """Whether a node breaks nothing."""
        return not self.broken(graph, node)


class Compiler:
    """Turns the nodes of a shapes graph into shapes, each once; NeedsReference for whatever is not on the list."""

    def __init__(self, shapes: Statements, ontology: Statements) -> None:
        self.shapes = shapes
        self._ontology = ontology
        self._done: dict[Term, Shape] = {}
        self._open: set[Term] = set()
        for subject, predicate, value in shapes:
            self._refuse_unknown(subject, predicate, value)

    @staticmethod
    def _refuse_unknown(subject: Term, predicate: ox.NamedNode, value: Term) -> None:
        if predicate.value.startswith(SH) and predicate.value.removeprefix(SH) not in CORE | NEUTRAL:
            raise NeedsReference(f"{subject}: {predicate}")
        kind = value.value if predicate == RDF_TYPE and isinstance(value, ox.NamedNode) else ""
        if kind.startswith(SH) and kind.removeprefix(SH) not in TYPES:
            raise NeedsReference(f"{subject} is a {value}")

    def values(self, node: Term, name: str) -> list[Term]:
        """Values of a SHACL property at a node of the shapes graph."""
        return list(self.shapes.objects(node, sh(name)))

    def members(self, parameter: str, head: Term) -> list[Term]:
        """Members of a list-taking parameter."""
        try:
            return self.shapes.items(head)
        except ShapeError as error:
            raise NeedsReference(f"sh:{parameter}: {error}") from None

    def siblings(self, node: Term) -> list[Term]:
        """Qualified value shapes of the property shapes that share a parent with the node."""
        parents = self.shapes.subjects(sh("property"), node)
        properties = dict.fromkeys(p for parent in parents for p in self.values(parent, "property"))
        return list(dict.fromkeys(q for p in properties for q in self.values(p, "qualifiedValueShape")))

    def subclasses(self, top: Term) -> frozenset[Term]:
        """The class and all that the ontology puts below it."""
        found = {top}
        waiting = [top]
        while waiting:
            for below in self._ontology.subjects(SUBCLASS_OF, waiting.pop()):
                if below not in found:
                    found.add(below)
                    waiting.append(below)
        return frozenset(found)

    def shape(self, node: Term, parent: Shape | None = None) -> Shape:
        """The compiled shape; `parent` is the shape that refers to it."""
        if node in self._open:
            raise NeedsReference(f"{node} refers to itself")
        shape = self._done.get(node)
        if shape is None:
            self._open.add(node)
            shape = self._done[node] = self._compile(node)
            self._open.remove(node)
        if parent is not None:
            parent.depth = max(parent.depth, shape.depth + 1)
        if shape.depth > MAX_DEPTH:
            raise NeedsReference(f"{node} nests more than {MAX_DEPTH} shapes")
        return shape

    def _compile(self, node: Term) -> Shape:
        if isinstance(node, ox.Literal | ox.Triple):
            raise NeedsReference(f"{node} as a shape")
        given = self.values(node, "path")
        kinds = self.shapes.objects(node, RDF_TYPE)
        if len(given) > 1 or (given and sh("NodeShape") in kinds) or (not given and sh("PropertyShape") in kinds):
            raise NeedsReference(f"{node} with {len(given)} paths")
        path = paths.walk(self.shapes, given[0]) if given else None
        shape = Shape(node, source(self.shapes, node), path, self._active(node))
        for parameter, build in BUILDERS.items():
            if values := self.values(node, parameter):
                build(self, shape, values)
        for companion, parameter in COMPANIONS.items():
            if self.values(node, companion) and not self.values(node, parameter):
                raise NeedsReference(f"{node}: sh:{companion} without sh:{parameter}")
        if given and isinstance(given[0], ox.NamedNode) and NEEDS_VALUES.issuperset(dict(shape.checks)):
            shape.unless = given[0]
        return shape

    def _active(self, node: Term) -> bool:
        match self.values(node, "deactivated"):
            case []:
                return True
            case [ox.Literal() as value] if value.datatype.value == XSD + "boolean" and well_formed(value):
                return value != TRUE
        raise NeedsReference(f"{node}: sh:deactivated")


def shape_nodes(shapes: Statements) -> list[Term]:
    """Nodes that may have targets: declared shapes, and subjects of a target, of `sh:property` or of `sh:node`."""
    found: dict[Term, None] = {}
    told = {sh(name) for name in (*TARGETS, "property", "node")}
    for subject, predicate, value in shapes:
        if predicate in told or (predicate == RDF_TYPE and value in (sh("NodeShape"), sh("PropertyShape"))):
            found[subject] = None
    return list(found)


class Compiled:
    """The compiled form of a shapes graph: which nodes of a batch are in focus of which shapes, and what they break."""

    def __init__(self, shapes: Statements, ontology: Statements) -> None:
        self._by_class: dict[Term, dict[Shape, None]] = defaultdict(dict)
        self._by_subject: dict[Term, dict[Shape, None]] = defaultdict(dict)
        self._by_object: dict[Term, dict[Shape, None]] = defaultdict(dict)
        self._by_node: dict[Term, dict[Shape, None]] = defaultdict(dict)
        compiler = Compiler(shapes, ontology)
        for node in shape_nodes(shapes):
            self._target(compiler, node)

    def _target(self, compiler: Compiler, node: Term) -> None:
        classes = compiler.values(node, "targetClass")
        if any(kind in _meta_classes(compiler.shapes) for kind in compiler.shapes.objects(node, RDF_TYPE)):
            classes.append(node)
        for index, targets in (
            (self._by_class, [below for top in classes for below in compiler.subclasses(top)]),
            (self._by_subject, compiler.values(node, "targetSubjectsOf")),
            (self._by_object, compiler.values(node, "targetObjectsOf")),
            (self._by_node, compiler.values(node, "targetNode")),
        ):
            for target in targets:
                index[target][compiler.shape(node)] = None

    def focus(self, graph: Graph) -> dict[str, Focus]:
        """Record → its focus nodes, each with the shapes that target it (https://www.w3.org/TR/shacl/#targets)."""
        found: dict[str, Focus] = defaultdict(dict)
        for node, record in graph.owners.items():
            shapes: dict[Shape, None] = {}
            properties = graph.nodes[node]
            for kind in properties.get(RDF_TYPE, ()):
                shapes.update(self._by_class.get(kind, {}))
            if self._by_subject:
                for predicate in properties:
                    shapes.update(self._by_subject.get(predicate, {}))
            if shapes:
                found[record][node] = shapes
        for node, more in self._elsewhere(graph):
            for record in graph.records_about(node):
                found[record].setdefault(node, {}).update(more)
        return found

    def _elsewhere(self, graph: Graph) -> Iterator[tuple[Term, dict[Shape, None]]]:
        """Focus nodes that are not found by what they say themselves."""
        yield from self._by_node.items()
        for _, predicate, value in self.pointers(graph):
            yield value, self._by_object[predicate]

    def pointers(self, graph: Graph) -> Iterator[tuple[Term, ox.NamedNode, Term]]:
        """Statements that put their object in focus."""
        for node, properties in graph.nodes.items() if self._by_object else ():
            for predicate in properties:
                if predicate in self._by_object:
                    yield from ((node, predicate, value) for value in properties[predicate])

    def results(self, graph: Graph, focus: Focus) -> list[Result]:
        """What the focus nodes break."""
        found = (shape.broken(graph, node) for node, shapes in focus.items() for shape in shapes)
        return [s.result(node, value, component, path) for one in found for s, component, node, value, path in one]


def _meta_classes(shapes: Statements) -> Collection[Term]:
    """Types that make a shape a class and so its own target (https://www.w3.org/TR/shacl/#implicit-targetClass)."""
    return {*_CLASSES, *shapes.subjects(SUBCLASS_OF, _CLASSES[0])}


def mentioned(triples: Iterable[tuple[Term, ox.NamedNode, Term]]) -> frozenset[Term]:
    """IRIs that stand as values in a shapes graph: no other predicate can matter to it, unless a shape is closed."""
    return frozenset(o for _, _, o in triples if isinstance(o, ox.NamedNode)) | {RDF_TYPE, SUBCLASS_OF}
