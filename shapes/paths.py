"""SHACL property paths: from their RDF form to a function that walks a graph, and to SPARQL text for reports."""

from collections.abc import Callable, Collection
from typing import TypeAlias

import pyoxigraph as ox

from ontology.errors import ShapeError

from .index import Graph, Statements
from .terms import RDF_FIRST, SH, Term

Walk: TypeAlias = Callable[[Graph, Term], Collection[Term]]

INVERSE = ox.NamedNode(SH + "inversePath")
ALTERNATIVE = ox.NamedNode(SH + "alternativePath")
REPEATED = {
    ox.NamedNode(SH + "zeroOrMorePath"): "*",
    ox.NamedNode(SH + "oneOrMorePath"): "+",
    ox.NamedNode(SH + "zeroOrOnePath"): "?",
}
MAX_DEPTH = 9
"""Nested path forms (each member of a sequence counts as one); the reference engine gives up beyond."""


class NeedsReference(ShapeError):  # says what to do
    """A construct that the compiled checker does not know: the reference engine must validate."""


def text(shapes: Statements, path: Term) -> str:
    """A predicate's IRI, or the SPARQL property path (https://www.w3.org/TR/sparql11-query/#propertypaths)."""
    return path.value if isinstance(path, ox.NamedNode) else _text(shapes, path, outermost=True)


def _text(shapes: Statements, path: Term, outermost: bool = False) -> str:
    if isinstance(path, ox.NamedNode):
        return str(path)
    if not shapes.objects(path, RDF_FIRST):
        for inverted in shapes.objects(path, INVERSE):
            return "^" + _text(shapes, inverted)
        for predicate, sign in REPEATED.items():
            for repeated in shapes.objects(path, predicate):
                return _text(shapes, repeated) + sign
    alternatives = shapes.objects(path, ALTERNATIVE)
    members = shapes.items(next(iter(alternatives), path))
    joined = ("|" if alternatives else "/").join(_text(shapes, member) for member in members)
    return joined if outermost else f"({joined})"


def inverse_predicates(shapes: Statements) -> frozenset[ox.NamedNode]:
    """Predicates that some path of the shapes graph follows backwards."""
    waiting: list[Term] = [o for _, p, o in shapes if p == INVERSE]
    seen: dict[Term, None] = {}
    while waiting:
        part = waiting.pop()
        if part not in seen:
            seen[part] = None
            if isinstance(part, ox.BlankNode):
                waiting.extend(o for values in shapes.nodes.get(part, {}).values() for o in values)
    return frozenset(part for part in seen if isinstance(part, ox.NamedNode))


def walk(shapes: Statements, path: Term, depth: int = 0) -> Walk:
    """The value nodes of a path as a function of graph and focus node (https://www.w3.org/TR/shacl/#property-paths).

    Raises NeedsReference for a form that is malformed, too deep or a backward step over more than one predicate.
    """
    if isinstance(path, ox.NamedNode):
        predicate = path
        return lambda graph, node: graph.objects(node, predicate)
    if depth > MAX_DEPTH or not isinstance(path, ox.BlankNode):
        raise NeedsReference(f"path {path}")
    properties = shapes.nodes.get(path, {})
    if RDF_FIRST in properties:
        members = _members(shapes, path)
        if depth + len(members) > MAX_DEPTH:
            raise NeedsReference(f"path {path}: {len(members)} members")
        return _sequence([walk(shapes, member, depth + n) for n, member in enumerate(members, 1)])
    if len(properties) != 1 or any(len(values) != 1 for values in properties.values()):
        raise NeedsReference(f"path {path}: one path form expected")
    [(form, [operand])] = properties.items()
    if form == INVERSE and isinstance(operand, ox.NamedNode):
        return lambda graph, node: graph.subjects(operand, node)
    if form == ALTERNATIVE:
        return _alternative([walk(shapes, member, depth + 1) for member in _members(shapes, operand)])
    if form in REPEATED:
        return _repeated(walk(shapes, operand, depth + 1), REPEATED[form])
    raise NeedsReference(f"path {path}: form {form}")


def _members(shapes: Statements, head: Term) -> list[Term]:
    try:
        members = shapes.items(head)
    except ShapeError as error:
        raise NeedsReference(str(error)) from None
    if len(members) < 2:
        raise NeedsReference(f"path {head}: two members or more expected")
    return members


def _sequence(steps: list[Walk]) -> Walk:
    def values(graph: Graph, node: Term) -> Collection[Term]:
        reached: Collection[Term] = (node,)
        for step in steps:
            reached = dict.fromkeys(value for start in reached for value in step(graph, start))
        return reached

    return values


def _alternative(branches: list[Walk]) -> Walk:
    return lambda graph, node: dict.fromkeys(value for branch in branches for value in branch(graph, node))


def _repeated(step: Walk, sign: str) -> Walk:
    if sign == "?":
        return lambda graph, node: dict.fromkeys((node, *step(graph, node)))

    def values(graph: Graph, node: Term) -> Collection[Term]:
        reached = dict.fromkeys((node,) if sign == "*" else step(graph, node))
        waiting = list(reached)
        while waiting:
            for value in step(graph, waiting.pop()):
                if value not in reached:
                    reached[value] = None
                    waiting.append(value)
        return reached

    return values
