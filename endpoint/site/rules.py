"""The shapes as their pages show them, read from the Turtle: what each rule is about and asks for, and its examples."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import pyoxigraph as ox

import ontology
from loaders import context
from ontology.identifiers import DEFAULT_BASE
from shapes import report
from shapes.index import Statements
from shapes.terms import SH, Term

NAMESPACE = "https://w3id.org/clearinghouse/shapes#"
SEVERITIES = ("Violation", "Warning", "Info")
_RDF_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_FOLDER = files("shapes")
_NAMED = ("NodeShape", "PropertyShape")
_NOT_ASKED = frozenset({"path", "message", "severity", "targetClass", "targetObjectsOf", "name", "description"})
_SETS = ("or", "and", "xone")


@dataclass(frozen=True)
class Requirement:
    """One thing a rule asks for: `kind` is the name of the SHACL parameter, `values` are IRIs and texts."""

    kind: str
    values: tuple[ox.NamedNode | ox.Literal, ...] = ()
    parts: tuple[Rule, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as texts."""
        return tuple(one.value for one in self.values)


@dataclass(frozen=True)
class Rule:
    """A shape: about the things themselves, or about what a path leads to from them; `steps` are its predicates."""

    path: str
    steps: tuple[str, ...]
    severity: str
    messages: Mapping[str, str] = field(hash=False)
    requirements: tuple[Requirement, ...] = ()
    concerns: str | None = None
    named: str = ""
    """The name of the shape, empty for one that stands only in another."""

    def iris(self) -> Iterator[str]:
        """Everything that the rule names, for labels."""
        yield from self.steps
        if self.concerns:
            yield self.concerns
        for one in self.requirements:
            yield from (value.value for value in one.values if isinstance(value, ox.NamedNode))
            for part in one.parts:
                yield from part.iris()

    @property
    def is_alternative_path(self) -> bool:
        """Whether it is about any of several properties."""
        return "|" in self.path


@dataclass(frozen=True)
class Shape:
    """A named shape: whom it is for, what it asks of the thing itself, and its rules about properties."""

    name: str
    classes: tuple[str, ...]
    objects_of: tuple[str, ...]
    own: tuple[Requirement, ...]
    rules: tuple[Rule, ...]
    whole: Rule

    @property
    def iri(self) -> str:
        """The IRI that reports name it by."""
        return NAMESPACE + self.name

    @property
    def is_aimed(self) -> bool:
        """Whether it is for things of its own choice, not only for those that other shapes lead to."""
        return bool(self.classes or self.objects_of)

    def all_rules(self) -> tuple[Rule, ...]:
        """Its rules about properties, and the one about the thing itself where it asks for something."""
        return (self.whole, *self.rules) if self.own else self.rules


@dataclass(frozen=True)
class Example:
    """A document that a shape is tried with: what is changed in the valid one, and the report expected."""

    name: str
    patch: str
    report: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Examples:
    """The examples of a schema: one valid document, changes that leave it valid, and changes with one fault each."""

    valid: str
    variations: tuple[Example, ...]
    invalid: tuple[Example, ...]


@dataclass(frozen=True)
class File:
    """One Turtle file of shapes: `kind` is the class of the records of its schema, None where it is of no schema."""

    name: str
    about: str
    text: str
    shapes: tuple[Shape, ...]
    kind: str | None

    @property
    def examples(self) -> Examples | None:
        """Those of the schema."""
        place = _FOLDER / "examples" / f"{self.name}.json"
        return _examples(place.read_text(encoding="utf-8")) if place.is_file() else None

    def numbers(self) -> dict[str, int]:
        """How many rules there are of each severity, those that only other shapes name left out."""
        found = dict.fromkeys(SEVERITIES, 0)
        for rule in (rule for shape in self.shapes if shape.is_aimed for rule in shape.all_rules()):
            found[rule.severity] += 1
        return found


class Rules:
    """All shapes, by file."""

    def __init__(self, base: str) -> None:
        found = sorted((one for one in _FOLDER.iterdir() if one.name.endswith(".ttl")), key=lambda one: one.name)
        texts = {
            one.name.removesuffix(".ttl"): one.read_text(encoding="utf-8").replace(f"<{DEFAULT_BASE}id/", f"<{base}id/")
            for one in found
        }
        triples = {
            name: [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE, rename_blank_nodes=True)]
            for name, text in texts.items()
        }
        self._shapes = Statements(triple for one in triples.values() for triple in one)
        self.files = {name: self._file(name, text, triples[name]) for name, text in texts.items()}
        self.file_of = {shape.name: file for file in self.files.values() for shape in file.shapes}
        self._about: dict[str, dict[str, None]] = defaultdict(dict)
        for file in self.files.values():
            for shape in file.shapes:
                for iri in (*shape.classes, *shape.objects_of, *_steps(shape.whole)):
                    self._about[iri][shape.name] = None

    @classmethod
    @cache
    def load(cls, base: str = DEFAULT_BASE) -> Rules:
        """The bundled shapes, the concepts and schemes they name under `base`."""
        return cls(base)

    def about(self, iri: str) -> list[str]:
        """The names of the shapes that are for a class or have a rule about a property."""
        return list(self._about.get(iri, ()))

    def schemes(self, name: str) -> list[str]:
        """The schemes that a shape draws concepts from."""
        file = self.file_of.get(name)
        shape = next((one for one in file.shapes if one.name == name), None) if file else None
        return [iri for iri in shape.whole.iris() if "/id/scheme/" in iri] if shape else []

    def _file(self, name: str, text: str, triples: Iterable[ox.Triple]) -> File:
        kinds = {ox.NamedNode(SH + kind) for kind in _NAMED}
        named = dict.fromkeys(
            triple.subject
            for triple in triples
            if triple.predicate == _RDF_TYPE and triple.object in kinds and isinstance(triple.subject, ox.NamedNode)
        )
        kind = context.class_of(name) if name in context.schemas() else None
        return File(name, ontology.opening(text), text, tuple(self._shape(node) for node in named), kind)

    def _shape(self, node: ox.NamedNode) -> Shape:
        whole = self._rule(node)
        is_about_things = not whole.path
        rules = [part for one in whole.requirements if one.kind == "property" for part in one.parts]
        return Shape(
            name=whole.named,
            classes=self._iris(node, "targetClass"),
            objects_of=self._iris(node, "targetObjectsOf"),
            own=tuple(one for one in whole.requirements if one.kind != "property") if is_about_things else (),
            rules=tuple(rules) if is_about_things else (whole,),
            whole=whole,
        )

    def _rule(self, node: Term) -> Rule:
        told = report.source(self._shapes, node)
        path = told.path or ""
        return Rule(
            path=path,
            steps=_predicates(path),
            severity=told.severity,
            messages=told.messages,
            requirements=tuple(self._requirements(node)),
            concerns=told.concerns,
            named=node.value.removeprefix(NAMESPACE) if isinstance(node, ox.NamedNode) else "",
        )

    def _requirements(self, node: Term) -> Iterator[Requirement]:
        """What a shape asks for, in the order of the Turtle."""
        found = {one.kind: one for one in self._parameters(node)}
        least, most = found.get("minCount"), found.get("maxCount")
        for kind, one in found.items():
            if kind == "minCount" and most and one.texts == most.texts:
                yield Requirement("count", one.values)
            elif kind == "qualifiedMinCount":
                yield Requirement("qualified", one.values, found["qualifiedValueShape"].parts)
            elif kind != "qualifiedValueShape" and not (kind == "maxCount" and least and least.texts == one.texts):
                yield one

    def _parameters(self, node: Term) -> Iterator[Requirement]:
        """The SHACL parameters of a shape; another named shape is not told again but by its name."""
        for predicate, values in self._shapes.nodes.get(node, {}).items():
            kind = predicate.value.removeprefix(SH)
            if kind == predicate.value or kind in _NOT_ASKED:
                continue
            if kind in _SETS:
                members = [member for value in values for member in self._shapes.items(value)]
                yield Requirement(kind, parts=tuple(map(self._part, members)))
            elif kind in ("property", "node", "not", "qualifiedValueShape"):
                part = self._rule if kind == "property" else self._part
                yield Requirement(kind, parts=tuple(map(part, values)))
            elif kind in ("in", "languageIn"):
                listed = [member for value in values for member in self._shapes.items(value)]
                yield Requirement(kind, tuple(map(_named_or_text, listed)))
            else:
                yield Requirement(kind, tuple(map(_named_or_text, values)))

    def _part(self, node: Term) -> Rule:
        """A shape inside another: of a named one its name only."""
        if isinstance(node, ox.NamedNode):
            return Rule("", (), "Violation", {}, named=node.value.removeprefix(NAMESPACE))
        return self._rule(node)

    def _iris(self, node: ox.NamedNode, name: str) -> tuple[str, ...]:
        found = self._shapes.objects(node, ox.NamedNode(SH + name))
        return tuple(one.value for one in found if isinstance(one, ox.NamedNode))


def _named_or_text(term: Term) -> ox.NamedNode | ox.Literal:
    assert isinstance(term, ox.NamedNode | ox.Literal)  # noqa: S101, the values of these parameters are
    return term


def _predicates(path: str) -> tuple[str, ...]:
    """The predicates of a path, which is an IRI or in SPARQL's notation for property paths."""
    if "<" not in path:
        return (path,) if path else ()
    return tuple(part.partition(">")[0] for part in path.split("<")[1:])


def _steps(rule: Rule) -> Iterator[str]:
    yield from rule.steps
    for one in rule.requirements:
        for part in one.parts:
            yield from _steps(part)


def _examples(text: str) -> Examples:
    told: Mapping[str, Any] = json.loads(text)
    invalid: Mapping[str, Any] = told["invalid"]
    return Examples(
        valid=_shown(told["valid"]),
        variations=tuple(Example(name, _shown(patch)) for name, patch in told.get("also-valid", {}).items()),
        invalid=tuple(Example(name, _shown(one["patch"]), _results(one["report"])) for name, one in invalid.items()),
    )


def _results(found: Sequence[Sequence[str]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((severity, code, pointer) for severity, code, pointer in found)


def _shown(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1)
