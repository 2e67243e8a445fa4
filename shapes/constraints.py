"""SHACL Core constraint components as Python closures (https://www.w3.org/TR/shacl/#core-components).

A builder reads the values of one parameter at a shape and adds to it *tests* (true or false for each value node) or
*checks* (on all value nodes of a focus node at once, yielding `sh:value` of each result). Where the Recommendation
leaves room, the reading is pyshacl's. Whatever a builder does not expect raises NeedsReference.
"""

import operator
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, TypeAlias

import pyoxigraph as ox

from ontology.errors import ShapeError

from .index import Graph
from .paths import NeedsReference
from .patterns import hazard
from .terms import (
    INTEGERS,
    LANG_STRING,
    LEXICAL,
    RDF,
    RDF_TYPE,
    RDFS,
    SH,
    TRUE,
    XSD,
    Term,
    comparable,
    order,
    text,
    well_formed,
)

if TYPE_CHECKING:
    from .compiled import Compiler, Shape

Test: TypeAlias = Callable[[Graph, Term], bool]
Check: TypeAlias = Callable[[Graph, Term, Collection[Term]], Iterator[Term | None]]
Builder: TypeAlias = Callable[["Compiler", "Shape", list[Term]], None]


def _name(parameter: str) -> str:
    return parameter[0].upper() + parameter[1:] + "ConstraintComponent"


def _one(parameter: str, values: list[Term]) -> Term:
    if len(values) != 1:
        raise NeedsReference(f"{len(values)} values of sh:{parameter}")
    return values[0]


def _number(parameter: str, values: list[Term], datatypes: Collection[str] = INTEGERS) -> int:
    literal = _one(parameter, values)
    if isinstance(literal, ox.Literal) and literal.datatype.value in datatypes and well_formed(literal):
        number = int(literal.value)
        if number >= 0:
            return number
    raise NeedsReference(f"sh:{parameter} {literal}")


def _predicate(parameter: str, value: Term) -> ox.NamedNode:
    if isinstance(value, ox.NamedNode):
        return value
    raise NeedsReference(f"sh:{parameter} {value}")


def _boolean(parameter: str, values: list[Term]) -> bool:
    literal = _one(parameter, values)
    if isinstance(literal, ox.Literal) and literal.datatype.value == XSD + "boolean" and well_formed(literal):
        return literal == TRUE
    raise NeedsReference(f"sh:{parameter} {literal}")


# Value types


def _class(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:
        accepted = compiler.subclasses(value)

        def test(graph: Graph, node: Term, accepted: frozenset[Term] = accepted) -> bool:
            return any(kind in accepted for kind in graph.objects(node, RDF_TYPE))

        shape.tests.append((_name("class"), test))


def _datatype(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    datatype = _predicate("datatype", _one("datatype", values))
    iri = datatype.value

    def typed(graph: Graph, node: Term) -> bool:
        return isinstance(node, ox.Literal) and node.datatype == datatype

    def typed_well(graph: Graph, node: Term) -> bool:
        return isinstance(node, ox.Literal) and node.datatype == datatype and well_formed(node)

    if iri == RDFS + "Literal":
        shape.tests.append((_name("datatype"), lambda graph, node: isinstance(node, ox.Literal)))
    elif iri in (XSD + "string", LANG_STRING):
        shape.tests.append((_name("datatype"), typed))
    elif iri in LEXICAL:
        shape.tests.append((_name("datatype"), typed_well))
    elif iri.startswith((XSD, RDF, RDFS)):
        raise NeedsReference(f"sh:datatype {datatype}")
    else:
        shape.tests.append((_name("datatype"), typed))


_KINDS: dict[str, tuple[type, ...]] = {
    "IRI": (ox.NamedNode,),
    "BlankNode": (ox.BlankNode,),
    "Literal": (ox.Literal,),
    "BlankNodeOrIRI": (ox.BlankNode, ox.NamedNode),
    "BlankNodeOrLiteral": (ox.BlankNode, ox.Literal),
    "IRIOrLiteral": (ox.NamedNode, ox.Literal),
}


def _node_kind(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    kind = _predicate("nodeKind", _one("nodeKind", values)).value.removeprefix(SH)
    if kind not in _KINDS:
        raise NeedsReference(f"sh:nodeKind {kind}")
    kinds = _KINDS[kind]
    shape.tests.append((_name("nodeKind"), lambda graph, node: isinstance(node, kinds)))


# Cardinality


def _min_count(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    least = _number("minCount", values, {XSD + "integer"})

    def check(graph: Graph, focus: Term, nodes: Collection[Term]) -> Iterator[None]:
        if len(nodes) < least:
            yield None

    shape.only_on_property("minCount").checks.append((_name("minCount"), check))


def _max_count(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    most = _number("maxCount", values, {XSD + "integer"})

    def check(graph: Graph, focus: Term, nodes: Collection[Term]) -> Iterator[None]:
        if len(nodes) > most:
            yield None

    shape.only_on_property("maxCount").checks.append((_name("maxCount"), check))


# Value ranges


def _holds(graph: Graph, left: Term, right: Term, accepted: Callable[[int, int], bool]) -> bool:
    """Whether an order holds. Not comparable is "no" (in SPARQL a type error); pyshacl may differ, so it is asked."""
    ordered = order(left, right)
    if ordered is None:
        graph.undecided = True
        return False
    return accepted(ordered, 0)


_ORDERS: dict[str, Callable[[int, int], bool]] = {
    "minExclusive": operator.gt,
    "minInclusive": operator.ge,
    "maxExclusive": operator.lt,
    "maxInclusive": operator.le,
    "lessThan": operator.lt,
    "lessThanOrEquals": operator.le,
}


def _bound(parameter: str) -> Builder:
    accepted = _ORDERS[parameter]

    def build(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
        for value in values:
            if not isinstance(value, ox.Literal) or comparable(value) is None:
                raise NeedsReference(f"sh:{parameter} {value}")

            def test(graph: Graph, node: Term, bound: ox.Literal = value) -> bool:
                return isinstance(node, ox.Literal) and _holds(graph, node, bound, accepted)

            shape.tests.append((_name(parameter), test))

    return build


# Strings


def _min_length(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    least = _number("minLength", values)
    if least:
        shape.tests.append(
            (
                _name("minLength"),
                lambda graph, node: isinstance(node, ox.NamedNode | ox.Literal) and len(text(node)) >= least,
            )
        )


def _max_length(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    most = _number("maxLength", values)
    shape.tests.append(
        (
            _name("maxLength"),
            lambda graph, node: isinstance(node, ox.NamedNode | ox.Literal) and len(text(node)) <= most,
        )
    )


def _pattern(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    given = compiler.values(shape.node, "flags")
    flags = given[0].value if len(given) == 1 and isinstance(given[0], ox.Literal) else ""
    if len(given) > 1 or not set(flags) <= {"i", "m"}:
        raise NeedsReference(f"sh:flags {given}")
    for value in values:
        if not isinstance(value, ox.Literal):
            raise NeedsReference(f"sh:pattern {value}")
        try:
            if reason := hazard(value.value):
                raise ShapeError(f"{shape.node}: sh:pattern {value.value}: {reason}")
            search = re.compile(value.value, sum({"i": re.I, "m": re.M}[flag] for flag in set(flags))).search
        except re.error as error:
            raise NeedsReference(f"sh:pattern {value}: {error}") from None

        def test(graph: Graph, node: Term, search: Callable[[str], object] = search) -> bool:
            return isinstance(node, ox.NamedNode | ox.Literal) and search(text(node)) is not None

        shape.tests.append((_name("pattern"), test))


def _language_in(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    ranges = set()
    for member in compiler.members("languageIn", _one("languageIn", values)):
        if not isinstance(member, ox.Literal) or member.datatype.value != XSD + "string":
            raise NeedsReference(f"sh:languageIn {member}")
        ranges.add(member.value.lower())

    def test(graph: Graph, node: Term) -> bool:
        tag = node.language if isinstance(node, ox.Literal) else None
        return bool(tag) and ("*" in ranges or tag in ranges or str(tag).partition("-")[0] in ranges)

    shape.tests.append((_name("languageIn"), test))


def _unique_lang(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    def check(graph: Graph, focus: Term, nodes: Collection[Term]) -> Iterator[None]:
        if len(nodes) > 1:
            tags = Counter(node.language for node in nodes if isinstance(node, ox.Literal) and node.language)
            for uses in tags.values():
                if uses > 1:
                    yield None

    if _boolean("uniqueLang", values):
        shape.only_on_property("uniqueLang").checks.append((_name("uniqueLang"), check))


# Property pairs


def _equals(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for pair in [_predicate("equals", value) for value in values]:

        def check(graph: Graph, focus: Term, nodes: Collection[Term], pair: ox.NamedNode = pair) -> Iterator[Term]:
            others = graph.objects(focus, pair)
            yield from (node for node in nodes if node not in others)
            yield from (node for node in others if node not in nodes)

        shape.checks.append((_name("equals"), check))


def _disjoint(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for pair in [_predicate("disjoint", value) for value in values]:

        def check(graph: Graph, focus: Term, nodes: Collection[Term], pair: ox.NamedNode = pair) -> Iterator[Term]:
            others = graph.objects(focus, pair)
            yield from (node for node in nodes if node in others)

        shape.checks.append((_name("disjoint"), check))


def _less(parameter: str) -> Builder:
    accepted = _ORDERS[parameter]

    def build(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
        for pair in [_predicate(parameter, value) for value in values]:

            def check(graph: Graph, focus: Term, nodes: Collection[Term], pair: ox.NamedNode = pair) -> Iterator[Term]:
                others = graph.objects(focus, pair)
                for node in nodes if others else ():
                    yield from (node for right in others if not _holds(graph, node, right, accepted))

            shape.only_on_property(parameter).checks.append((_name(parameter), check))

    return build


# Logic


def _not(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:
        conforms = compiler.shape(value, shape).conforms
        shape.tests.append(
            (_name("not"), lambda graph, node, conforms=conforms: not conforms(graph, node))  # type: ignore[misc]
        )


def _logic(parameter: str, accepted: Callable[[int, int], bool]) -> Builder:
    def build(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
        for value in values:
            members = compiler.members(parameter, value)
            if not members:
                raise NeedsReference(f"sh:{parameter} without members")
            alternatives: list[Test] = [compiler.shape(member, shape).conforms for member in members]

            def test(graph: Graph, node: Term, alternatives: list[Test] = alternatives) -> bool:
                return accepted(sum(conforms(graph, node) for conforms in alternatives), len(alternatives))

            shape.tests.append((_name(parameter), test))

    return build


# Shapes


def _node(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:
        other = compiler.shape(value, shape)
        if other.source.path is not None:
            raise NeedsReference(f"sh:node {value} is a property shape")
        shape.tests.append((_name("node"), other.conforms))


def _property(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:
        other = compiler.shape(value, shape)
        if other.source.path is None:
            raise NeedsReference(f"sh:property {value} has no sh:path")
        shape.properties.append(other)


def _qualified(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    value = _one("qualifiedValueShape", values)
    conforms = compiler.shape(value, shape.only_on_property("qualifiedValueShape")).conforms
    siblings: list[Test] = []
    if TRUE in compiler.values(shape.node, "qualifiedValueShapesDisjoint"):
        siblings = [compiler.shape(other, shape).conforms for other in compiler.siblings(shape.node) if other != value]

    def count(graph: Graph, nodes: Collection[Term]) -> int:
        return sum(conforms(graph, n) and not any(sibling(graph, n) for sibling in siblings) for n in nodes)

    limits = {
        parameter: _number(parameter, found)
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
            shape.checks.append((_name(parameter), check))


# Other components


def _closed(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    if _boolean("closed", values):
        ignored = [m for head in compiler.values(shape.node, "ignoredProperties") for m in compiler.members("in", head)]
        listed = [path for p in compiler.values(shape.node, "property") for path in compiler.values(p, "path")]
        shape.allowed = frozenset(p for p in (*ignored, *listed) if isinstance(p, ox.NamedNode))


def _has_value(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:

        def check(graph: Graph, focus: Term, nodes: Collection[Term], wanted: Term = value) -> Iterator[None]:
            if wanted not in nodes:
                yield None

        shape.checks.append((_name("hasValue"), check))


def _in(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    members = frozenset(compiler.members("in", _one("in", values)))
    shape.tests.append((_name("in"), lambda graph, node: node in members))


BUILDERS: dict[str, Builder] = {
    "class": _class,
    "datatype": _datatype,
    "nodeKind": _node_kind,
    "minCount": _min_count,
    "maxCount": _max_count,
    "minExclusive": _bound("minExclusive"),
    "minInclusive": _bound("minInclusive"),
    "maxExclusive": _bound("maxExclusive"),
    "maxInclusive": _bound("maxInclusive"),
    "minLength": _min_length,
    "maxLength": _max_length,
    "pattern": _pattern,
    "languageIn": _language_in,
    "uniqueLang": _unique_lang,
    "equals": _equals,
    "disjoint": _disjoint,
    "lessThan": _less("lessThan"),
    "lessThanOrEquals": _less("lessThanOrEquals"),
    "not": _not,
    "and": _logic("and", operator.eq),
    "or": _logic("or", lambda conforming, all_: conforming > 0),
    "xone": _logic("xone", lambda conforming, all_: conforming == 1),
    "node": _node,
    "property": _property,
    "qualifiedValueShape": _qualified,
    "closed": _closed,
    "hasValue": _has_value,
    "in": _in,
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
