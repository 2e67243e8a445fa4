"""Judgement: a mapped record against the shapes, with each result traced back to the field it came from."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote

import pyoxigraph as ox

import ontology
import shapes
from loaders import context
from loaders.context import Field, Scope
from loaders.documents import GUID, Document, Json
from loaders.findings import SEVERITIES, Finding
from loaders.mapping import Mapped, Mapping
from ontology.identifiers import split_term
from shapes.report import Result
from shapes.validate import Validator

TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
IN_SCHEME = ox.NamedNode("http://www.w3.org/2004/02/skos/core#inScheme")


class Judge:
    """Validates mapped records; one for a whole load.

    `schema_of` tells the schema of a record that is already in the ledger. Of another record the shapes read only what
    kind it is, of a concept only its schemes.
    """

    def __init__(self, mapping: Mapping, schema_of: Callable[[str], str | None]) -> None:
        self.mapping = mapping
        self.schema_of = schema_of
        self._records = mapping.iris.base + "id/record/"
        self._kinds: dict[str, list[ox.Triple]] = {}
        self._concepts: dict[ox.NamedNode, list[ox.Triple]] = defaultdict(list)
        for triple in mapping.thesaurus.triples():
            if triple.predicate == IN_SCHEME and isinstance(triple.subject, ox.NamedNode):
                self._concepts[triple.subject].append(triple)
        self.validator = Validator(shapes.load(mapping.iris.base), ontology.load(), self._about)

    def _about(self, node: ox.NamedNode) -> Iterable[ox.Triple]:
        if not node.value.startswith(self._records):
            return self._concepts.get(node, ())
        guid = node.value.removeprefix(self._records)
        if guid not in self._kinds:
            schema = self.schema_of(guid)
            kind = context.class_of(schema) if schema else None
            if kind is None:
                return ()
            self._kinds[guid] = [ox.Triple(node, TYPE, ox.NamedNode(kind))]
        return self._kinds[guid]

    def forget(self) -> None:
        """Forget what kinds of records were looked up: `schema_of` is another one now."""
        self._kinds.clear()

    def findings(self, batch: Sequence[Mapped]) -> list[list[Finding]]:
        """All findings of each record, those of the mapping first. No two records of a batch have the same GUID."""
        iris = [self.mapping.iris.record(mapped.document.guid).value for mapped in batch]
        results = self.validator.check({iri: mapped.quads for iri, mapped in zip(iris, batch, strict=True)})
        return [
            [*mapped.findings, *(self._finding(mapped.document, result) for result in results.get(iri, ()))]
            for iri, mapped in zip(iris, batch, strict=True)
        ]

    def missing(self, findings: Iterable[Finding]) -> list[str]:
        """The GUIDs of the records that findings name as values and that are not in the ledger."""
        values = {found.value for found in findings if found.value and found.value.startswith(self._records)}
        named = {value.removeprefix(self._records) for value in values}
        return sorted(guid for guid in named if GUID.match(guid) and self.schema_of(guid) is None)

    def _finding(self, document: Document, result: Result) -> Finding:
        return Finding(
            severity=result.severity if result.severity in SEVERITIES else "Violation",
            code=result.component,
            pointer=self.pointer(document, result),
            messages=dict(result.messages),
            focus=_text(result.focus),
            path=result.path,
            value=None if result.value is None else _text(result.value)[:200],
            shape=None if result.shape.startswith("_:") else result.shape,
        )

    def pointer(self, document: Document, result: Result) -> str:
        """The JSON pointer of the field a result is about; of the record, or the nested object, where no field is."""
        inside = unquote(_text(result.focus).partition("#")[2])
        own = f"{self.mapping.iris.record(document.guid).value}#"
        if result.value is not None and _text(result.value).startswith(own):
            return document.root + unquote(_text(result.value).removeprefix(own))
        found = _node_at(document.body, context.scope(document.schema), inside)
        path = result.concerns or result.path
        if found is None or path is None:
            return document.root + inside
        node, scope = found
        wanted = _predicates(path)
        fields = [(place, value) for field, place, value in _members(node, scope, inside) if field.iri in wanted]
        places = [_place(value, pointer, result, self.mapping) for pointer, value in fields if value is not None]
        exact = [place for place, is_exact in places if is_exact]
        return document.root + next(
            iter([*exact, *(place for place, _ in places), *(pointer for pointer, _ in fields), inside])
        )


def _predicates(path: str) -> set[str]:
    """The predicates that a path, an IRI or in SPARQL's notation for a property path, may begin with."""
    named = re.findall(r"<([^>]+)>", path)
    return set(named if "|" in path else named[:1]) or {path}


def _text(term: Any) -> str:
    return str(term.value) if hasattr(term, "value") else str(term)


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
    """Each field a node may have, those of `@nest` objects included: its definition, its pointer, and its value or
    None."""
    for key, field in scope.fields.items():
        if field is None:
            continue
        value = node.get(key)
        yield field, f"{pointer}/{key}", value
        if field.iri == "@nest" and field.scope.outer is scope:
            nested = value if isinstance(value, dict) else {}
            for name, inner in field.scope.fields.items():
                if inner and inner is not scope.fields.get(name):
                    yield inner, f"{pointer}/{key}/{name}", nested.get(name)


def _place(value: Json, pointer: str, result: Result, mapping: Mapping) -> tuple[str, bool]:
    """Where in a field's value the result's value stands, and whether it was found there."""
    wanted = result.value
    if wanted is None:
        return pointer, False
    language = getattr(wanted, "language", None)
    if language and isinstance(value, dict) and language in {key.lower() for key in value}:
        return f"{pointer}/{next(key for key in value if key.lower() == language)}", True
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if _means(item, _text(wanted), mapping):
            return (f"{pointer}/{index}" if isinstance(value, list) else pointer), True
    return pointer, False


def _means(item: Json, wanted: str, mapping: Mapping) -> bool:
    """Whether a source value is what the statement's value was made of: the value itself, a node there, or an
    identifier."""
    identifier = item.get("identifier") if isinstance(item, dict) else item
    if not isinstance(identifier, str):
        return json.dumps(item) == wanted
    if identifier == wanted or wanted.startswith(identifier):
        return True
    guid = identifier.partition("@")[0]
    concept = mapping.thesaurus.concept(split_term(identifier)[0])
    return wanted.rpartition("/")[2].casefold() in {guid.casefold(), identifier.casefold()} or (
        concept is not None and concept.value == wanted
    )
