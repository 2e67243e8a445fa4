"""What validation says: one result per broken constraint, and the comparison of two engines' results."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pyoxigraph as ox

from ontology.errors import ShapeError

from . import paths
from .index import Statements
from .terms import SH, Term

_SEVERITY, _MESSAGE, _PATH = (ox.NamedNode(SH + name) for name in ("severity", "message", "path"))
_CONCERNS = ox.NamedNode("https://w3id.org/clearinghouse/ns#concerns")

Key: TypeAlias = tuple[Term, str | None, Term | None, str, str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """One SHACL validation result (https://www.w3.org/TR/shacl/#results-validation-result)."""

    severity: str  # "Violation", "Warning", "Info"; the IRI of any other severity
    focus: Term
    path: str | None  # predicate IRI, or SPARQL property path for a complex path; None on a node shape
    value: Term | None
    component: str  # local name, "MinCountConstraintComponent"
    shape: str  # IRI, or "_:" and the label of a blank node
    messages: Mapping[str, str]  # language, "" for none → text
    concerns: str | None  # IRI of the property that a result without path is about

    @property
    def key(self) -> Key:
        """What makes two engines' results the same one."""
        named = "" if self.shape.startswith("_:") else self.shape
        return self.focus, self.path, self.value, self.component, self.severity, named

    def message(self, *languages: str) -> str:
        """The text in the first of the languages that has one, else in English, else any, else the component's name."""
        for language in (*languages, "en", ""):
            if language in self.messages:
                return self.messages[language]
        return next(iter(self.messages.values()), self.component.removesuffix("ConstraintComponent"))


@dataclass(frozen=True, slots=True)
class Source:
    """What a shape gives to each of its results."""

    severity: str
    path: str | None
    shape: str
    messages: Mapping[str, str]
    concerns: str | None

    def result(self, focus: Term, value: Term | None, component: str, path: str | None = None) -> Result:
        """A result of this shape; `path` where it is not the shape's own."""
        where = path or self.path
        return Result(self.severity, focus, where, value, component, self.shape, self.messages, self.concerns)


def source(shapes: Statements, shape: Term) -> Source:
    """Reads severity, path and messages of a shape."""
    severity = next(iter(shapes.objects(shape, _SEVERITY)), None)
    path = next(iter(shapes.objects(shape, _PATH)), None)
    concerns = next(iter(shapes.objects(shape, _CONCERNS)), None)
    if severity is not None and not isinstance(severity, ox.NamedNode):
        raise ShapeError(f"{shape}: sh:severity must be an IRI, found {severity}")
    return Source(
        severity="Violation" if severity is None else severity.value.removeprefix(SH),
        path=None if path is None else paths.text(shapes, path),
        shape=shape.value if isinstance(shape, ox.NamedNode) else str(shape),
        messages=messages(shapes, shape),
        concerns=concerns.value if isinstance(concerns, ox.NamedNode) else None,
    )


def messages(shapes: Statements, node: Term) -> dict[str, str]:
    """Language → text of `sh:message`, languages in order."""
    found = [m for m in shapes.objects(node, _MESSAGE) if isinstance(m, ox.Literal)]
    return {m.language or "": m.value for m in sorted(found, key=lambda m: (m.language or "", m.value))}


def difference(ours: Iterable[Result], theirs: Iterable[Result]) -> tuple[Collection[Key], Collection[Key]]:
    """Keys that only the first has, and keys that only the second has, as multisets."""
    a, b = Counter(r.key for r in ours), Counter(r.key for r in theirs)
    return list((a - b).elements()), list((b - a).elements())


def ordered(results: Iterable[Result]) -> list[Result]:
    """Results in an order that does not depend on the engine."""
    return sorted(results, key=lambda r: (str(r.focus), r.path or "", r.component, str(r.value), r.shape))
