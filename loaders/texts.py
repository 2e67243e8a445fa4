"""The texts of a document: what its context says is prose, field by field and language by language, for tagging."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loaders import context, markup
from loaders.context import LITERAL_KINDS, Field, Scope
from loaders.documents import Document, Json, JsonObject, escaped
from loaders.index_documents import repeated_fields

CONCEPT_KINDS = frozenset({"concept", "country", "name", "place", "reference", "term"})
"""Kinds of values that name something; what an author wrote beside a name is no prose."""


@dataclass(frozen=True)
class FieldText:
    """One text of a record: the JSON pointer of it within the body, its language ("" if untold), without markup."""

    pointer: str
    language: str
    text: str


def text_of(document: Document) -> list[FieldText]:
    """The texts of a document in its order; one that only repeats another of the same field is left out.

    What is withheld is not in a document of the ledger, so it is in no text either. MappingError for a schema without
    context.
    """
    header = document.body.get("header")
    declared = header.get("languages") if isinstance(header, dict) else None
    languages = [one for one in declared if isinstance(one, str)] if isinstance(declared, list) else []
    body = document.body
    copies = repeated_fields(body) if "schema_s" in body else set()
    top = {key: value for key, value in body.items() if key not in copies}
    found: list[FieldText] = []
    met: set[tuple[str, str]] = set()
    for field, pointer, value in _fields(top, context.scope(document.schema), ""):
        for place, language, written in _texts(field, pointer, value, languages):
            text = markup.plain(written)
            if text and (field.iri, text) not in met:
                met.add((field.iri, text))
                found.append(FieldText(place, language.lower(), text))
    return found


def _fields(members: JsonObject, scope: Scope, pointer: str) -> Iterator[tuple[Field, str, Json]]:
    """Every field with a definition in an object and in those inside it, with its JSON pointer and value."""
    for key, value in members.items():
        field, place = scope.fields.get(key), f"{pointer}/{escaped(key)}"
        if field is None:
            continue
        if field.iri == "@nest":
            yield from _fields(value, field.scope, place) if isinstance(value, dict) else ()
            continue
        yield field, place, value
        if field.kind not in LITERAL_KINDS | CONCEPT_KINDS:
            for inner, node in _objects(value, place):
                yield from _fields(node, field.scope, inner)


def _objects(value: Json, pointer: str) -> Iterator[tuple[str, JsonObject]]:
    if isinstance(value, dict):
        yield pointer, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _objects(item, f"{pointer}/{index}")


def _texts(field: Field, pointer: str, value: Json, declared: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(JSON pointer, language, source text) of each text that a field holds."""
    if field.kind == "text":
        yield from _by_language(pointer, value, declared)
    elif field.kind == "tagged" and isinstance(value, str):
        yield pointer, field.language or "", value
    elif field.kind in ("answer", "partialAnswer"):
        for place, node in _objects(value, pointer):
            told = node.get("value")
            at, spoken = (f"{place}/value", told) if isinstance(told, dict) else (place, node)
            known = field.scope.fields  # such as `no`, which is also a language
            yield from _by_language(at, {key: one for key, one in spoken.items() if key not in known}, declared)


def _by_language(pointer: str, value: Json, declared: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, str):
        yield pointer, declared[0] if len(declared) == 1 else "", value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _by_language(f"{pointer}/{index}", item, declared)
    elif isinstance(value, dict):
        chosen = sorted(value, key=lambda language: language not in declared)  # a repetition is of what was declared
        for language in chosen:
            if isinstance(value[language], str):
                yield f"{pointer}/{escaped(language)}", language, value[language]
