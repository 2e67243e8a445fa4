"""SHACL Core constraints on the value nodes of a focus node together, and those that refer to other shapes.

With those on a single value node these are all of https://www.w3.org/TR/shacl/#core-components.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

import pyoxigraph as ox

from . import value_constraints
from .index import Graph
from .paths import NeedsReference
from .terms import TRUE, XSD, Term
from .value_constraints import ORDERS, Builder, Test, boolean, component, holds, number, one, predicate

if TYPE_CHECKING:
    from .compiled import Compiler, Shape


# Cardinality


def _min_count(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    least = number("minCount", values, {XSD + "integer"})

    def check(graph: Graph, focus: Term, nodes: Collection[Term]) -> Iterator[None]:
        if len(nodes) < least:
            yield None

    shape.only_on_property("minCount").checks.append((component("minCount"), check))


def _max_count(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    most = number("maxCount", values, {XSD + "integer"})

    def check(graph: Graph, focus: Term, nodes: Collection[Term]) -> Iterator[None]:
        if len(nodes) > most:
            yield None

    shape.only_on_property("maxCount").checks.append((component("maxCount"), check))


def _unique_lang(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    def check(graph: Graph, focus: Term, nodes: Collection[Term]) -> Iterator[None]:
        if len(nodes) > 1:
            tags = Counter(node.language for node in nodes if isinstance(node, ox.Literal) and node.language)
            for uses in tags.values():
                if uses > 1:
                    yield None

    if boolean("uniqueLang", values):
        shape.only_on_property("uniqueLang").checks.append((component("uniqueLang"), check))


# Property pairs


def _equals(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for pair in [predicate("equals", value) for value in values]:

        def check(graph: Graph, focus: Term, nodes: Collection[Term], pair: ox.NamedNode = pair) -> Iterator[Term]:
            others = graph.objects(focus, pair)
            yield from (node for node in nodes if node not in others)
            yield from (node for node in others if node not in nodes)

        shape.checks.append((component("equals"), check))


def _disjoint(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for pair in [predicate("disjoint", value) for value in values]:

        def check(graph: Graph, focus: Term, nodes: Collection[Term], pair: ox.NamedNode = pair) -> Iterator[Term]:
            others = graph.objects(focus, pair)
            yield from (node for node in nodes if node in others)

        shape.checks.append((component("disjoint"), check))


def _less(parameter: str) -> Builder:
    accepted = ORDERS[parameter]

    def build(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
        for pair in [predicate(parameter, value) for value in values]:

            def check(graph: Graph, focus: Term, nodes: Collection[Term], pair: ox.NamedNode = pair) -> Iterator[Term]:
                others = graph.objects(focus, pair)
                for node in nodes if others else ():
                    yield from (node for right in others if not holds(graph, node, right, accepted))

            shape.only_on_property(parameter).checks.append((component(parameter), check))

    return build


# Logic


def _not(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:
        conforms = compiler.shape(value, shape).conforms
        shape.tests.append(
            (component("not"), lambda graph, node, conforms=conforms: not conforms(graph, node))  # type: ignore[misc]
        )


def _logic(parameter: str, accepted: Callable[[Iterable[bool]], bool]) -> Builder:
    def build(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
        for value in values:
            members = compiler.members(parameter, value)
            if not members:
                raise NeedsReference(f"sh:{parameter} without members")
            alternatives: list[Test] = [compiler.shape(member, shape).conforms for member in members]

            def test(graph: Graph, node: Term, alternatives: list[Test] = alternatives) -> bool:
                return accepted(conforms(graph, node) for conforms in alternatives)

            shape.tests.append((component(parameter), test))

    return build


# Shapes


def _node(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:
        other = compiler.shape(value, shape)
        if other.source.path is not None:
            raise NeedsReference(f"sh:node {value} is a property shape")
        shape.tests.append((component("node"), other.conforms))


def _property(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:
        other = compiler.shape(value, shape)
        if other.source.path is None:
            raise NeedsReference(f"sh:property {value} has no sh:path")
        shape.properties.append(other)


def _qualified(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    value = one("qualifiedValueShape", values)
    conforms = compiler.shape(value, shape.only_on_property("qualifiedValueShape")).conforms
    siblings: list[Test] = []
    if TRUE in compiler.values(shape.node, "qualifiedValueShapesDisjoint"):
        siblings = [compiler.shape(other, shape).conforms for other in compiler.siblings(shape.node) if other != value]

    def count(graph: Graph, nodes: Collection[Term]) -> int:
        return sum(conforms(graph, n) and not any(sibling(graph, n) for sibling in siblings) for n in nodes)

    limits = {
        parameter: number(parameter, found)
        for parameter in ("qualifiedMinCount", "qualifiedMaxCount")
        if (found := compiler.values(shape.node, parameter))
    }
    if not limits:
        raise NeedsReference("sh:qualifiedValueShape without a count")

    def at_least(graph: Graph, focus: Term, nodes: Collection[Term]) -> Iterator[None]:
        if count(graph, nodes) < limits["qualifiedMinCount"]:
            yield None

    def at_most(graph: Graph, focus: Term, nodes: Collection[Term]) -> Iterator[None]:
        if count(graph, nodes) > limits["qualifiedMaxCount"]:
            yield None

    for parameter, check in (("qualifiedMinCount", at_least), ("qualifiedMaxCount", at_most)):
        if parameter in limits:
            shape.checks.append((component(parameter), check))


# Other components


def _closed(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    if boolean("closed", values):
        ignored = [m for head in compiler.values(shape.node, "ignoredProperties") for m in compiler.members("in", head)]
        listed = [path for p in compiler.values(shape.node, "property") for path in compiler.values(p, "path")]
        shape.allowed = frozenset(p for p in (*ignored, *listed) if isinstance(p, ox.NamedNode))


def _has_value(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:

        def check(graph: Graph, focus: Term, nodes: Collection[Term], wanted: Term = value) -> Iterator[None]:
            if wanted not in nodes:
                yield None

        shape.checks.append((component("hasValue"), check))


BUILDERS: dict[str, Builder] = value_constraints.BUILDERS | {
    "minCount": _min_count,
    "maxCount": _max_count,
    "uniqueLang": _unique_lang,
    "equals": _equals,
    "disjoint": _disjoint,
    "lessThan": _less("lessThan"),
    "lessThanOrEquals": _less("lessThanOrEquals"),
    "not": _not,
    "and": _logic("and", all),
    "or": _logic("or", any),
    "xone": _logic("xone", lambda answers: sum(answers) == 1),
    "node": _node,
    "property": _property,
    "qualifiedValueShape": _qualified,
    "closed": _closed,
    "hasValue": _has_value,
}
"""Parameter, without `sh:`, → its builder."""

COMPANIONS = {
    "flags": "pattern",
    "ignoredProperties": "closed",
    "qualifiedMinCount": "qualifiedValueShape",
    "qualifiedMaxCount": "qualifiedValueShape",
    "qualifiedValueShapesDisjoint": "qualifiedValueShape",
}
"""Parameter that only says something beside another one → that one."""
