"""What SHACL allows in a shapes graph and this project does not: each lint is a function from shapes to findings."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import pyoxigraph as ox

from . import paths, patterns
from .compiled import CORE, NEUTRAL, TYPES, sh
from .index import Statements
from .terms import RDF_TYPE, SH, Statement, Term

ORDERS = ("lessThan", "lessThanOrEquals", "minExclusive", "minInclusive", "maxExclusive", "maxInclusive")
REFERENCES = ("node", "property", "not", "qualifiedValueShape")
LISTS = ("and", "or", "xone")
_VALUES = {"Violation", "Warning", "Info", "IRI", "BlankNode", "Literal"} | {
    "BlankNodeOrIRI",
    "BlankNodeOrLiteral",
    "IRIOrLiteral",
}
_SHAPE_SIGNS = frozenset(map(sh, CORE - {"severity", "message", "name", "description", "order", "group"}))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to correct in a shapes graph."""

    lint: str
    shape: str
    text: str


Lint: TypeAlias = Callable[[Statements], Iterator[Finding]]


def findings(shapes: Iterable[Statement]) -> list[Finding]:
    """What all lints say of a shapes graph."""
    graph = Statements(shapes)
    return [finding for lint in LINTS for finding in lint(graph)]


def _values(shapes: Statements, name: str) -> Iterator[tuple[Term, Term]]:
    return ((subject, value) for subject, predicate, value in shapes if predicate == sh(name))


def unknown_terms(shapes: Statements) -> Iterator[Finding]:
    """Every term of the SHACL namespace is one of SHACL Core: a misspelt parameter would be ignored."""
    for subject, predicate, value in shapes:
        for term, known in ((predicate, CORE | NEUTRAL), (value, CORE | TYPES | _VALUES)):
            if isinstance(term, ox.NamedNode) and term.value.startswith(SH):
                name = term.value.removeprefix(SH)
                if name not in known:
                    yield Finding("unknown_terms", str(subject), f"sh:{name} is no term of SHACL Core")


def orders_without_datatype(shapes: Statements) -> Iterator[Finding]:
    """What is ordered has a datatype: pyshacl lets values of different datatypes pass in an order of its own."""
    for name in ORDERS:
        for shape, value in _values(shapes, name):
            typed = _typed_paths(shapes, shape)
            ordered = [_path(shapes, shape)]
            if name.startswith("less") and isinstance(value, ox.NamedNode):
                ordered.append(value.value)
            for path in ordered:
                if path not in typed:
                    yield Finding("orders_without_datatype", str(shape), f"sh:{name}: {path} has no sh:datatype")


def _path(shapes: Statements, shape: Term) -> str:
    return next((paths.text(shapes, path) for path in shapes.objects(shape, sh("path"))), "the value")


def _typed_paths(shapes: Statements, shape: Term) -> set[str]:
    """Paths with a datatype at the shape and at the property shapes that share a parent with it."""
    parents = shapes.subjects(sh("property"), shape)
    family = {shape, *(sibling for parent in parents for sibling in shapes.objects(parent, sh("property")))}
    typed = [member for member in family if shapes.objects(member, sh("datatype"))]
    alternatives = [
        paths.text(shapes, alternative)
        for member in typed
        for path in shapes.objects(member, sh("path"))
        for head in shapes.objects(path, paths.ALTERNATIVE)
        for alternative in shapes.items(head)
    ]
    return {*alternatives, *(_path(shapes, member) for member in typed)}


def unexplained_severities(shapes: Statements) -> Iterator[Finding]:
    """A shape with a severity of its own has an IRI or a message: a report must be able to say what it was."""
    for shape, _ in _values(shapes, "severity"):
        if isinstance(shape, ox.BlankNode) and not shapes.objects(shape, sh("message")):
            yield Finding("unexplained_severities", str(shape), f"{_path(shapes, shape)}: neither IRI nor message")


def misplaced_severities(shapes: Statements) -> Iterator[Finding]:
    """A severity stands at a shape; at any other node, as that of sh:sparql, it would not count."""
    for node, _ in _values(shapes, "severity"):
        if not any(p in _SHAPE_SIGNS for p in shapes.nodes[node]) and not shapes.objects(node, RDF_TYPE):
            yield Finding("misplaced_severities", str(node), "sh:severity at a node that is no shape")


def messages(shapes: Statements) -> Iterator[Finding]:
    """Messages have a language each at most once, and English is among them."""
    for shape in dict.fromkeys(shape for shape, _ in _values(shapes, "message")):
        texts = [m for m in shapes.objects(shape, sh("message")) if isinstance(m, ox.Literal)]
        tags = Counter(text.language or "no language" for text in texts)
        for tag, count in tags.items():
            if count > 1:
                yield Finding("messages", str(shape), f"{count} messages in {tag}")
        if "en" not in tags:
            yield Finding("messages", str(shape), "no message in English")


def runaway_patterns(shapes: Statements) -> Iterator[Finding]:
    """A pattern takes time in proportion to the text."""
    for shape, pattern in _values(shapes, "pattern"):
        if isinstance(pattern, ox.Literal):
            try:
                reason = patterns.hazard(pattern.value)
            except re.error as error:
                reason = str(error)
            if reason:
                yield Finding("runaway_patterns", str(shape), f"{pattern.value}: {reason}")


def missing_shapes(shapes: Statements) -> Iterator[Finding]:
    """A shape that is referred to exists: one without statements would let everything pass."""
    referred = [pair for name in REFERENCES for pair in _values(shapes, name)]
    referred += [(shape, m) for name in LISTS for shape, head in _values(shapes, name) for m in shapes.items(head)]
    for shape, other in referred:
        if other not in shapes.nodes:
            yield Finding("missing_shapes", str(shape), f"{other} has no statement")


LINTS: tuple[Lint, ...] = (
    unknown_terms,
    orders_without_datatype,
    unexplained_severities,
    misplaced_severities,
    messages,
    runaway_patterns,
    missing_shapes,
)
