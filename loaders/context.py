"""Contexts: the JSON-LD contexts that are the mapping, read once into what the walk over a record needs to know.

A field's definition decides how its value is cleaned (its *kind*): a scoped context that is a file names the kind
(`term.jsonld`, `reference.jsonld`, `link.jsonld` ...), a datatype or a container names it otherwise. So a record type is added by
writing a context, not code. Only the parts of JSON-LD 1.1 (https://www.w3.org/TR/json-ld11/) that the contexts use are read here;
anything else is refused when the context is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ontology.errors import MappingError
from ontology.identifiers import DEFAULT_BASE

CONTEXTS = files("loaders") / "contexts"

KINDS_BY_TYPE = {
    "@id": "iri",
    "@vocab": "name",
    "xsd:boolean": "boolean",
    "xsd:date": "date",
    "xsd:dateTime": "date_time",
    "xsd:decimal": "number",
    "xsd:gYear": "year",
    "xsd:integer": "number",
    "rdf:HTML": "plain",
}
HOUSES = {"ABS": "ABS", "BCH": "BCH", "CHM": "CHM", "ORT": "CHM", "LIFEWEB": "CHM"}  # realm → the name common.jsonld gives its house
KEYWORDS = {"@id", "@type", "@container", "@context", "@language"}


@dataclass(frozen=True)
class Field:
    """One term definition: the property a source field becomes and the kind of value it holds.

    `iri` is a full IRI, `@id`, `@type` or `@nest`; None says the field is ignored by name. `datatype` is the full IRI of a
    coercion to a datatype; `language` the tag of a field that holds one language; `scope` what applies inside the value.
    """

    iri: str | None
    kind: str
    scope: Scope
    datatype: str | None = None
    language: str | None = None


class Scope:
    """The active context at one place of a document: its own definitions before those of the scopes around it."""

    def __init__(self, definitions: Mapping[str, Any], outer: Scope | None = None) -> None:
        self.outer = outer
        self.prefixes: dict[str, str] = dict(outer.prefixes) if outer else {}
        self.fields: dict[str, Field | None] = dict(outer.fields) if outer else {}
        own = {key: value for key, value in definitions.items() if not key.startswith("@")}
        for key, value in own.items():
            if isinstance(value, str) and value.endswith(("#", "/")):
                self.prefixes[key] = value
        for key, value in own.items():
            if key not in self.prefixes:
                self.fields[key] = self._field(key, value)

    def expanded(self, name: str) -> str:
        """The full IRI of a compact IRI; keywords stay. MappingError for an undeclared prefix."""
        prefix, colon, local = name.partition(":")
        if name.startswith("@") or local.startswith("//"):
            return name
        if not colon or prefix not in self.prefixes:
            raise MappingError(f"context: {name!r} uses a prefix that is not declared")
        return self.prefixes[prefix] + local

    def _field(self, key: str, value: Any) -> Field | None:
        if value is None:
            return None
        definition = {"@id": value} if isinstance(value, str) else value
        unknown = set(definition) - KEYWORDS
        if unknown or "@id" not in definition:
            raise MappingError(f"context: the definition of {key!r} uses {sorted(unknown)} or lacks @id")
        coercion = definition.get("@type")
        return Field(
            iri=self.expanded(definition["@id"]),
            kind=_kind(key, definition),
            scope=self._inner(definition.get("@context")),
            datatype=self.expanded(coercion) if coercion and not coercion.startswith("@") else None,
            language=definition.get("@language"),
        )

    def _inner(self, context: Any) -> Scope:
        if context is None:
            return self
        return Scope(source(context) if isinstance(context, str) else context, self)


def _kind(key: str, definition: Mapping[str, Any]) -> str:
    context, coercion = definition.get("@context"), definition.get("@type")
    if isinstance(context, str):
        return context.removesuffix(".jsonld")
    if context is not None and coercion != "@vocab":
        return "part"
    if definition.get("@container") == "@language":
        return "text"
    if "@container" in definition:
        raise MappingError(f"context: {key!r} has a container other than @language")
    if coercion is not None and coercion not in KINDS_BY_TYPE:
        raise MappingError(f"context: {key!r} is coerced to {coercion}, known are {sorted(KINDS_BY_TYPE)}")
    if coercion:
        return KINDS_BY_TYPE[coercion]
    return "tagged" if "@language" in definition else "plain"


@cache
def source(name: str) -> dict[str, Any]:
    """The definitions of one bundled context file."""
    text = (CONTEXTS / name).read_text(encoding="utf-8")
    context: dict[str, Any] = json.loads(text)["@context"]
    return context


@cache
def schemas() -> tuple[str, ...]:
    """Every schema that has a context, sorted."""
    names = (entry.name for entry in CONTEXTS.iterdir() if entry.name.endswith(".jsonld"))
    return tuple(sorted(name.removesuffix(".jsonld") for name in names if isinstance(source(name), list)))


@cache
def scope(schema: str) -> Scope:
    """The active context at the top of a record of this schema. MappingError when there is no such context."""
    if schema not in schemas():
        raise MappingError(f"there is no context for schema {schema!r}; known are {', '.join(schemas())}")
    result: Scope | None = None
    for part in _parts(schema):
        result = Scope(part, result)
    if result is None:
        raise MappingError(f"the context of {schema!r} is empty")
    return result


@cache
def class_of(schema: str) -> str | None:
    """The class of a schema's records, None where the schema has no context."""
    field = scope(schema).fields.get(schema) if schema in schemas() else None
    return field.iri if field else None


@cache
def inlined(schema: str, base: str = DEFAULT_BASE) -> list[dict[str, Any]]:
    """The context of a schema with every file it refers to put in its place and the data base IRI set: what a parser needs.

    Nothing is fetched: a context file names others only by their relative address, and those are bundled.
    """
    text = json.dumps([_pinned(part) for part in _parts(schema)])
    return json.loads(text.replace(f'"{DEFAULT_BASE}id/', f'"{base}id/'))  # type: ignore[no-any-return]


def _parts(schema: str) -> Iterable[dict[str, Any]]:
    for part in source(f"{schema}.jsonld"):
        yield source(part) if isinstance(part, str) else part


def _pinned(part: Mapping[str, Any]) -> dict[str, Any]:
    def pin(definition: Any) -> Any:
        if isinstance(definition, dict) and "@context" in definition:
            inner = definition["@context"]
            return {**definition, "@context": _pinned(source(inner) if isinstance(inner, str) else inner)}
        return definition

    return {key: pin(value) for key, value in part.items()}
