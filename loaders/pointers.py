"""Pointers: from a validation result back to the field of the source that it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

from loaders import context
from loaders.context import Field, Scope
from loaders.documents import Document, Json, escaped
from loaders.mapping import Mapping
from ontology.errors import IdentifierError
from ontology.identifiers import split_term
from shapes.report import Result
from shapes.terms import Term


def pointer(document: Document, result: Result, mapping: Mapping) -> str:
    """The JSON pointer, within the body, of what a result is about.

    That is the value if it is a node of the record or a field holds it, else the field, also a missing one, else the
    nested object or the record ("") itself.
    """
    own = f"{mapping.iris.record(document.guid).value}#"
    focus, value = text(result.focus), None if result.value is None else text(result.value)
    if value is not None and value != focus and value.startswith(own):
        return unquote(value.removeprefix(own))
    inside = unquote(focus.partition("#")[2])
    found = _node_at(document.body, context.scope(document.schema), inside)
    path = result.concerns or result.path
    if found is None or path is None:
        return inside
    wanted = _predicates(path)
    fields = [(place, held) for field, place, held in _members(*found, inside) if field.iri in wanted]
    given = [(place, held) for place, held in fields if held is not None]
    for place, held in given:
        if (exact := _place(held, place, result.value, mapping)) is not None:
            return exact
    return next((place for place, _ in [*given, *fields]), inside)


def text(term: Term) -> str:
    """The IRI, the label or the lexical form of a term."""
    return str(getattr(term, "value", term))


def _predicates(path: str) -> set[str]:
    """The predicates that a path, an IRI or in SPARQL's notation for a property path, may begin with."""
    named = re.findall(r"<([^>]+)>", path)
    return set(named if "|" in path else named[:1]) or {path}


def _node_at(body: Json, scope: Scope, pointer: str) -> tuple[dict[str, Json], Scope] | None:
    """The object at a pointer and the scope inside it, or None where the pointer leads to no object."""
    node: Json = body
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and key in node:
            field = scope.fields.get(key)
            node, scope = node[key], field.scope if field else scope
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return (node, scope) if isinstance(node, dict) else None


def _members(node: dict[str, Json], scope: Scope, pointer: str) -> Iterator[tuple[Field, str, Json]]:
    """(definition, pointer, value) of each field a node may have, its own before those of the scopes around it."""
    for key, field in sorted(scope.fields.items(), key=lambda item: item[1] is None or item[1].around is not scope):
        if field is None:
            continue
        value, place = node.get(key), f"{pointer}/{escaped(key)}"
        yield field, place, value
        if field.iri == "@nest" and field.scope is not field.around:
            nested = value if isinstance(value, dict) else {}
            own = {name: inner for name, inner in field.scope.fields.items() if inner and inner.around is field.scope}
            yield from ((inner, f"{place}/{escaped(name)}", nested.get(name)) for name, inner in own.items())


def _place(held: Json, pointer: str, wanted: Term | None, mapping: Mapping) -> str | None:
    """Where in what a field holds the wanted value stands; None where it is not found."""
    if wanted is None:
        return None
    language = getattr(wanted, "language", None)
    if language and isinstance(held, dict):
        spelled = next((key for key in held if key.lower() == language), None)
        return None if spelled is None else f"{pointer}/{spelled}"
    for index, item in enumerate(held if isinstance(held, list) else [held]):
        if _means(item, text(wanted), mapping):
            return f"{pointer}/{index}" if isinstance(held, list) else pointer
    return None


def _means(item: Json, wanted: str, mapping: Mapping) -> bool:
    """Whether a statement's value was made of a source value: it is the value, begins with it, or is what it names."""
    identifier = item.get("identifier") if isinstance(item, dict) else item
    if not isinstance(identifier, str) or not identifier:
        return json.dumps(item) == wanted
    if wanted.startswith(identifier):
        return True
    named = {identifier.casefold(), identifier.partition("@")[0].casefold()}
    return wanted.rpartition("/")[2].casefold() in named or wanted in _concepts(identifier, mapping)


def _concepts(identifier: str, mapping: Mapping) -> set[str]:
    try:
        return {node.value for node in mapping.thesaurus.in_use(split_term(identifier)[0])}
    except IdentifierError:
        return set()


IN_HEADER = frozenset({"identifier", "schema", "languages"})
"""What every context defines at the top and the documents have in their `header`."""
TAKEN_FROM = {"guid": "/header/identifier"}
"""Where the members come from that the mapping adds under another name."""
ADDED = frozenset(
    {"uid", "addresses", "clearingHouse", "citedRevisions", "revisions", "currentRevision", "recordStatus"}
)
ADDED_NODES = frozenset({"richTexts", "customTerms"})
"""The members that no source field holds: what is known of a record, and what is taken out of deeper values."""

LIFTED = {"gbfTargets": "alignment"}
"""The members of a record that the mapping also takes out of deeper values, of a kind."""


def fields_of(schema: str, inside: str, predicate: str, language: str | None = None) -> list[str]:
    """The JSON pointers of the fields, in documents of a schema, that a property of a node may come from.

    `inside` is the pointer of the node, empty for the record itself. Of fields for one language each those count that
    are for the language of the value. Empty where the graph has added the property.
    """
    scope = _scope_at(schema, _shape(inside))
    if scope is None:
        return []
    found = [(field, key) for key, field in scope.fields.items() if field is not None and field.iri == predicate]
    own = [(field, key) for field, key in found if field.around is scope] or found
    fitting = [(field, key) for field, key in own if language is None or field.language in (None, language)]
    deeper = {LIFTED[key] for _, key in fitting if key in LIFTED and not inside}
    fitting += [(field, key) for key, field in scope.fields.items() if field is not None and field.kind in deeper]
    return [place for _, key in fitting if (place := _place_of(key, inside)) is not None]


def rank_of(schema: str, inside: str, predicate: str) -> int:
    """The place of a property among those that the context of a schema has for a node: the order of its form."""
    places = _ranks(schema, _shape(inside))
    return places.get(predicate, len(places))


def _shape(pointer: str) -> str:
    """A pointer without the places in arrays, which make no difference to a context."""
    return re.sub(r"/[0-9]+(?=/|$)", "", pointer)


@lru_cache(1000)
def _ranks(schema: str, inside: str) -> dict[str, int]:
    """The place of each property, the scope's own before those of the scopes around it."""
    scope = _scope_at(schema, inside)
    if scope is None:
        return {}
    fields = [field for field in scope.fields.values() if field is not None]
    ordered = sorted(fields, key=lambda field: field.around is not scope)
    return {field.iri: place for place, field in reversed(list(enumerate(ordered)))}


@lru_cache(1000)
def _scope_at(schema: str, pointer: str) -> Scope | None:
    """The scope inside the node at a pointer of documents of a schema, by the context alone."""
    if schema not in context.schemas():
        return None
    scope = context.scope(schema)
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        field = scope.fields.get(key)
        if field is not None:
            scope = field.scope
        else:
            return None
    return scope


def _place_of(key: str, inside: str) -> str | None:
    if not inside and key in TAKEN_FROM:
        return TAKEN_FROM[key]
    if not inside and key in ADDED:
        return None
    return f"/header/{key}" if not inside and key in IN_HEADER else f"{inside}/{escaped(key)}"
