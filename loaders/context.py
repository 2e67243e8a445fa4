"""Contexts: the JSON-LD contexts that are the mapping, read once into what the walk over a record needs to know.

A field's definition decides how its value is cleaned (its *kind*): a scoped context that is a file names the kind
(`term.jsonld`, `reference.jsonld`, `link.jsonld` ...), a datatype or a container names it otherwise. So a record type
is added by writing a context, not code. Only the parts of JSON-LD 1.1 (https://www.w3.org/TR/json-ld11/) that the
contexts use are read here; anything else is refused when the context is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from ontology.errors import MappingError
from ontology.identifiers import DEFAULT_BASE

COMMON = "common"
"""The context of the fields that records of every schema have."""
INFORMATION = "information.jsonld"
"""The members of the information object that are ignored by name: they are read elsewhere or say nothing new."""
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
HOUSES = {
    "ABS": "ABS",
    "BCH": "BCH",
    "CHM": "CHM",
    "ORT": "CHM",
    "LIFEWEB": "CHM",
}  # realm → the name common.jsonld gives its house
LITERAL_KINDS = {"text", "tagged", "plain", "boolean", "date", "date_time", "number", "year"}
KEYWORDS = {"@id", "@type", "@container", "@context", "@language"}


@dataclass(frozen=True)
class Field:
    """One term definition: the property a source field becomes and the kind of value it holds.

    `iri` is a full IRI, `@id`, `@type` or `@nest`; `language` the tag of a field that holds one language; `term` the
    field's name in the flat context; `definition` the definition itself, which stands in the scope `around` it.
    """

    iri: str
    kind: str
    language: str | None
    term: str
    definition: Mapping[str, Any]
    around: Scope

    @cached_property
    def scope(self) -> Scope:
        """Made when it is first asked for: by then the scope around it has all of its fields."""
        context = self.definition.get("@context")
        if context is None:
            return self.around
        named = context.removesuffix(".jsonld") if isinstance(context, str) else self.term
        return Scope(source(context) if isinstance(context, str) else context, self.around, named)


class Scope:
    """The active context at one place of a document: its own definitions before those of the scopes around it.

    A field that is None is ignored by name.
    """

    def __init__(self, definitions: Mapping[str, Any], outer: Scope | None = None, name: str = "") -> None:
        self.outer = outer
        self.name = name
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
        return Field(
            iri=self.expanded(definition["@id"]),
            kind=_kind(key, definition),
            language=definition.get("@language"),
            term=f"{self.name}.{key}" if self.name else key,
            definition=definition,
            around=self,
        )


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
def source(name: str) -> Any:
    """The definitions of one bundled context file."""
    text = (CONTEXTS / name).read_text(encoding="utf-8")
    return json.loads(text)["@context"]


@cache
def schemas() -> tuple[str, ...]:
    """Every schema that has a context, sorted."""
    names = (entry.name for entry in CONTEXTS.iterdir() if entry.name.endswith(".jsonld"))
    return tuple(sorted(name.removesuffix(".jsonld") for name in names if isinstance(source(name), list)))


@cache
def scope(schema: str) -> Scope:
    """The active context at the top of a record of this schema. MappingError when there is no such context."""
    if schema not in schemas() and schema != COMMON:
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
def published(schema: str, base: str = DEFAULT_BASE) -> list[dict[str, Any]]:
    """The context of a schema with every file it refers to put in its place: what a partner's parser makes of it."""
    return _with_base([_pinned(part) for part in _parts(schema)], base)  # type: ignore[no-any-return]


@cache
def flat(schema: str, base: str = DEFAULT_BASE) -> dict[str, Any]:
    """The same context without scopes, for records flattened by `flattened`.

    A parser works a scoped context out again at every value it applies to, which made reports of a hundred answers a
    hundred times slower to parse.
    """
    top = scope(schema)
    context: dict[str, Any] = {"@version": 1.1, "@base": f"{DEFAULT_BASE}id/record/", **top.prefixes}
    for term, field in fields(schema).items():
        context[term] = {keyword: said for keyword, said in field.definition.items() if keyword != "@context"}
    return _with_base(context, base)  # type: ignore[no-any-return]


def flattened(node: Mapping[str, Any], inside: Scope) -> dict[str, Any]:
    """A cleaned node with its members, and those of the nodes inside it, named as in the flat context."""
    result: dict[str, Any] = {}
    for key, value in node.items():
        field = inside.fields.get(value if key == "@type" else key)
        if key == "@type" and field is not None:
            result[key] = field.term
        elif field is None:
            result[key] = value
        elif field.kind in LITERAL_KINDS:
            result[field.term] = value
        elif isinstance(value, list):
            result[field.term] = [_flat_value(item, field) for item in value]
        else:
            result[field.term] = _flat_value(value, field)
    return result


def _flat_value(value: Any, field: Field) -> Any:
    if field.kind == "name":
        named = field.scope.fields[value]
        return named.term if named else value
    return flattened(value, field.scope) if isinstance(value, dict) else value


@cache
def fields(schema: str) -> Mapping[str, Field]:
    """Every field of a schema's context by its name in the flat context."""
    found: dict[str, Field] = {}
    todo = [field for field in scope(schema).fields.values() if field]
    while todo:
        field = todo.pop()
        if field.term not in found:
            found[field.term] = field
            if field.scope is not field.around:
                todo += [inner for inner in field.scope.fields.values() if inner and inner.around is field.scope]
    return found


def _with_base(context: Any, base: str) -> Any:
    return json.loads(json.dumps(context).replace(f'"{DEFAULT_BASE}id/', f'"{base}id/'))


def _parts(schema: str) -> Iterable[dict[str, Any]]:
    whole = source(f"{schema}.jsonld")
    for part in whole if isinstance(whole, list) else [whole]:
        yield source(part) if isinstance(part, str) else part


def _pinned(part: Mapping[str, Any]) -> dict[str, Any]:
    def pin(definition: Any) -> Any:
        if not isinstance(definition, dict) or "@context" not in definition:
            return definition
        inner = definition["@context"]
        return {**definition, "@context": _pinned(source(inner) if isinstance(inner, str) else inner)}

    return {key: pin(value) for key, value in part.items()}
