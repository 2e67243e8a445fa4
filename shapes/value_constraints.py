"""SHACL Core constraints on a value node by itself, as Python closures; and what all constraints are built with.

A builder reads the values of one parameter at a shape and adds to it *tests* (true or false for each value node) or
*checks* (on all value nodes of a focus node at once, yielding `sh:value` of each result). Where the Recommendation
leaves room, the reading is pyshacl's. Whatever a builder does not expect raises NeedsReference.
"""

import operator
import re
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


def component(parameter: str) -> str:
    """Local name of the constraint component of a parameter."""
    return parameter[0].upper() + parameter[1:] + "ConstraintComponent"


def one(parameter: str, values: list[Term]) -> Term:
    """The value of a parameter that has one."""
    if len(values) != 1:
        raise NeedsReference(f"{len(values)} values of sh:{parameter}")
    return values[0]


def number(parameter: str, values: list[Term], datatypes: Collection[str] = INTEGERS) -> int:
    """The value of a parameter that has one, an integer from 0."""
    literal = one(parameter, values)
    if isinstance(literal, ox.Literal) and literal.datatype.value in datatypes and well_formed(literal):
        found = int(literal.value)
        if found >= 0:
            return found
    raise NeedsReference(f"sh:{parameter} {literal}")


def predicate(parameter: str, value: Term) -> ox.NamedNode:
    """A value of a parameter that takes IRIs."""
    if isinstance(value, ox.NamedNode):
        return value
    raise NeedsReference(f"sh:{parameter} {value}")


def boolean(parameter: str, values: list[Term]) -> bool:
    """The value of a parameter that switches something on or off."""
    literal = one(parameter, values)
    if isinstance(literal, ox.Literal) and literal.datatype.value == XSD + "boolean" and well_formed(literal):
        return literal == TRUE
    raise NeedsReference(f"sh:{parameter} {literal}")


# Value types


def _class(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    for value in values:
        accepted = compiler.subclasses(value)

        def test(graph: Graph, node: Term, accepted: frozenset[Term] = accepted) -> bool:
            return any(kind in accepted for kind in graph.objects(node, RDF_TYPE))

        shape.tests.append((component("class"), test))


def _datatype(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    datatype = predicate("datatype", one("datatype", values))
    iri = datatype.value

    def typed(graph: Graph, node: Term) -> bool:
        return isinstance(node, ox.Literal) and node.datatype == datatype

    def typed_well(graph: Graph, node: Term) -> bool:
        return isinstance(node, ox.Literal) and node.datatype == datatype and well_formed(node)

    if iri == RDFS + "Literal":
        shape.tests.append((component("datatype"), lambda graph, node: isinstance(node, ox.Literal)))
    elif iri in (XSD + "string", LANG_STRING):
        shape.tests.append((component("datatype"), typed))
    elif iri in LEXICAL:
        shape.tests.append((component("datatype"), typed_well))
    elif iri.startswith((XSD, RDF, RDFS)):
        raise NeedsReference(f"sh:datatype {datatype}")
    else:
        shape.tests.append((component("datatype"), typed))


_KINDS: dict[str, tuple[type, ...]] = {
    "IRI": (ox.NamedNode,),
    "BlankNode": (ox.BlankNode,),
    "Literal": (ox.Literal,),
    "BlankNodeOrIRI": (ox.BlankNode, ox.NamedNode),
    "BlankNodeOrLiteral": (ox.BlankNode, ox.Literal),
    "IRIOrLiteral": (ox.NamedNode, ox.Literal),
}


def _node_kind(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    kind = predicate("nodeKind", one("nodeKind", values)).value.removeprefix(SH)
    if kind not in _KINDS:
        raise NeedsReference(f"sh:nodeKind {kind}")
    kinds = _KINDS[kind]
    shape.tests.append((component("nodeKind"), lambda graph, node: isinstance(node, kinds)))


# Value ranges


def holds(graph: Graph, left: Term, right: Term, accepted: Callable[[int, int], bool]) -> bool:
    """Whether an order holds. Not comparable is "no" (in SPARQL a type error); pyshacl may differ, so it is asked."""
    ordered = order(left, right)
    if ordered is None:
        graph.undecided = True
        return False
    return accepted(ordered, 0)


ORDERS: dict[str, Callable[[int, int], bool]] = {
    "minExclusive": operator.gt,
    "minInclusive": operator.ge,
    "maxExclusive": operator.lt,
    "maxInclusive": operator.le,
    "lessThan": operator.lt,
    "lessThanOrEquals": operator.le,
}


def _bound(parameter: str) -> Builder:
    accepted = ORDERS[parameter]

    def build(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
        for value in values:
            if not isinstance(value, ox.Literal) or comparable(value) is None:
                raise NeedsReference(f"sh:{parameter} {value}")

            def test(graph: Graph, node: Term, bound: ox.Literal = value) -> bool:
                return isinstance(node, ox.Literal) and holds(graph, node, bound, accepted)

            shape.tests.append((component(parameter), test))

    return build


# Strings


def _min_length(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    least = number("minLength", values)
    if least:
        shape.tests.append(
            (
                component("minLength"),
                lambda graph, node: isinstance(node, ox.NamedNode | ox.Literal) and len(text(node)) >= least,
            )
        )


def _max_length(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    most = number("maxLength", values)
    shape.tests.append(
        (
            component("maxLength"),
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

        shape.tests.append((component("pattern"), test))


def _language_in(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    ranges = set()
    for member in compiler.members("languageIn", one("languageIn", values)):
        if not isinstance(member, ox.Literal) or member.datatype.value != XSD + "string":
            raise NeedsReference(f"sh:languageIn {member}")
        ranges.add(member.value.lower())

    def test(graph: Graph, node: Term) -> bool:
        tag = node.language if isinstance(node, ox.Literal) else None
        return bool(tag) and ("*" in ranges or tag in ranges or str(tag).partition("-")[0] in ranges)

    shape.tests.append((component("languageIn"), test))


def _in(compiler: "Compiler", shape: "Shape", values: list[Term]) -> None:
    members = frozenset(compiler.members("in", one("in", values)))
    shape.tests.append((component("in"), lambda graph, node: node in members))


BUILDERS: dict[str, Builder] = {
    "class": _class,
    "datatype": _datatype,
    "nodeKind": _node_kind,
    "minExclusive": _bound("minExclusive"),
    "minInclusive": _bound("minInclusive"),
    "maxExclusive": _bound("maxExclusive"),
    "maxInclusive": _bound("maxInclusive"),
    "minLength": _min_length,
    "maxLength": _max_length,
    "pattern": _pattern,
    "languageIn": _language_in,
    "in": _in,
}
"""Parameter, without `sh:`, → its builder."""
