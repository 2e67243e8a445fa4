"""Mapping: documents become statements, by their contexts, under the conservation law.

Every source field is mapped, or ignored by name in the context, or reported as unmapped; and the parser gives exactly
as many statements as the cleaned record and its context call for, since JSON-LD drops an ill-formed IRI or language
tag in silence.
"""

from __future__ import annotations

import json
from collections import abc, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter

import pyoxigraph as ox

from loaders import context
from loaders.context import Field, Scope
from loaders.documents import Document, Json, JsonObject, escaped
from loaders.findings import Finding, Severity, finding
from loaders.index_documents import repeated_fields
from loaders.values import CLEANERS, Place
from ontology.errors import DoorError, IdentifierError
from ontology.identifiers import Iris, PublicUid, addresses
from thesaurus.vocabulary import Thesaurus

ENVELOPE = {"createdOn", "updatedOn", "submittedOn", "synthetic"}
"""The members of the information object that say something of the record; the others are ignored by name."""
EMPTY = (str, list, dict)
"""The types of a value whose empty one says nothing."""
IDENTITY = {"/header/identifier", "/identifier_s", "/id"}  # what `Document.guid` was read from


@dataclass(frozen=True)
class Cleaned:
    """A document as the JSON that is RDF by the flat context of its schema, how many statements that is, and what was
    found on the way."""

    document: Document
    record: JsonObject
    wanted: int
    findings: list[Finding]


@dataclass(frozen=True)
class Mapped:
    """A document as statements, in the named graph of its record, with what was found on the way."""

    document: Document
    quads: list[ox.Quad]
    findings: list[Finding]


class Walk:
    """One walk over one document: cleans it field by field and collects what there is to report and to add."""

    def __init__(self, document: Document, iris: Iris, thesaurus: Thesaurus) -> None:
        self.document = document
        self.iris = iris
        self.thesaurus = thesaurus
        self.scope = context.scope(document.schema)
        self.root = document.root
        self.findings: list[Finding] = []
        self.lifted: dict[str, list[Json]] = {}
        header = document.body.get("header")
        languages = header.get("languages") if isinstance(header, dict) else None
        declared = languages if isinstance(languages, list) else ["en"]
        self.languages = tuple(language for language in declared if isinstance(language, str))

    def record(self) -> JsonObject:
        """The document cleaned: JSON that is, with its context, the RDF meant."""
        body = self.document.body
        copies = repeated_fields(body) if "schema_s" in body else set()
        cleaned = self.cleaned({key: value for key, value in body.items() if key not in copies}, self.scope, "")
        identity = {"@id": self.iris.record(self.document.guid).value}
        return {**identity, **cleaned, **self._envelope(), **self.lifted}

    def cleaned(self, members: JsonObject, scope: Scope, pointer: str) -> JsonObject:
        """The members of an object at a pointer, each cleaned as its definition in the scope asks; empty ones left
        out."""
        result = {}
        fields = scope.fields
        for key, value in members.items():
            if value is None or (not value and isinstance(value, EMPTY)):
                continue
            if field := fields.get(key):
                kept = self._value(value, Place(self, field, key, f"{pointer}/{escaped(key)}"))
                if kept is not None and kept != []:
                    result[key] = kept
            elif key not in fields:
                self.unmapped(f"{pointer}/{escaped(key)}", key, value)
        return result

    def _value(self, value: Json, at: Place) -> Json:
        iri, kind = at.field.iri, at.field.kind
        if iri == "@nest":
            return (
                self.cleaned(value, at.field.scope, at.pointer)
                if isinstance(value, dict)
                else at.wrong_type(value, "an object")
            )
        if iri == "@id":
            return None if at.pointer in IDENTITY else self.unmapped(at.pointer, at.key, value)
        clean = CLEANERS[kind]
        if not isinstance(value, list) or kind == "text":
            return clean(value, at)
        return [kept for item, place in _items(value, at) for kept in _listed(clean(item, place))]

    def _envelope(self) -> JsonObject:
        """What the information object and the identifiers say of the record, as further members of it."""
        document, ignored = self.document, context.source(context.INFORMATION)
        self.root = document.information_root
        told = {key: value for key, value in document.information.items() if key not in ignored}
        result = self.cleaned({key: value for key, value in told.items() if key in ENVELOPE}, self.scope, "")
        for key in told.keys() - ENVELOPE:
            self.unmapped(f"/{escaped(key)}", key, told[key])
        self.root = document.root
        result["guid"] = document.guid
        house = context.HOUSES.get((document.realm or "").upper())
        if house:
            result["clearingHouse"] = house
        if document.number is not None:
            result |= {"documentID": str(document.number), **self._public(document.number)}
        return result

    def _public(self, number: int) -> JsonObject:
        """The public UID and web addresses, where the realm and the schema have them."""
        document = self.document
        try:
            uid = PublicUid.of(
                schema=document.schema, realm=document.realm or "", government=document.government, document_id=number
            )
        except IdentifierError:
            return {}
        return {"uid": str(uid), "addresses": addresses(document.realm or "", number, uid)}

    def report(self, severity: Severity, code: str, pointer: str, message: str, value: Json = None) -> None:
        """Report a finding at a pointer within the body, or the information object while that is cleaned."""
        self.findings.append(finding(severity, code, self.root + pointer, message, value))

    def unmapped(self, pointer: str, key: str, value: Json) -> None:
        """Report a field that the context neither maps nor ignores."""
        shown = json.dumps(value, ensure_ascii=False)
        self.report(
            "Warning",
            "unmapped",
            pointer,
            f"{key}: the context of {self.document.schema} does not know this field",
            shown,
        )

    def lift(self, key: str, node: Json) -> None:
        """Add a member to the record itself, from a value deeper down."""
        self.lifted.setdefault(key, []).append(node)

    def inside(self, key: str) -> Scope:
        """The scope inside a member of the record."""
        field = self.scope.fields[key]
        return field.scope if field else self.scope

    def node(self, pointer: str) -> str:
        """The IRI of the node at a pointer."""
        return self.iris.node(self.document.guid, pointer).value

    def concepts(self, identifier: str) -> list[str]:
        """The IRI of a concept, spelled as the thesaurus spells it where it knows it, or of those that have replaced
        it."""
        return [node.value for node in self.thesaurus.in_use(identifier) or (self.iris.term(identifier),)]

    def question(self, key: str) -> str:
        """The IRI of the question a field answers."""
        return self.iris.question(self.document.schema, key).value

    def repeats(self, key: str, field: Field, value: str) -> bool:
        """Whether another language's field of the same property, first English, already says this."""
        rivals = self._families.get(field.iri or "", [])
        earlier = rivals[: rivals.index(key)] if key in rivals else rivals
        return any(self.document.body.get(rival) == value for rival in earlier)

    @cached_property
    def _families(self) -> dict[str, list[str]]:
        """For each property, the fields of it that hold one language each, English first."""
        families: dict[str, list[str]] = defaultdict(list)
        tagged = [(key, field) for key, field in self.scope.fields.items() if field and field.kind == "tagged"]
        for key, field in sorted(tagged, key=lambda item: (item[1].language != "en", item[0])):
            if key in self.document.body:
                families[field.iri or ""].append(key)
        return families


def _items(values: list[Json], at: Place) -> Iterable[tuple[Json, Place]]:
    """The items of an array, of arrays in it too, each with its place; empty ones left out."""
    for index, item in enumerate(values):
        here = Place(at.walk, at.field, at.key, f"{at.pointer}/{index}")
        if isinstance(item, list):
            yield from _items(item, here)
        elif item not in (None, "", {}):
            yield item, here


def _listed(kept: Json) -> list[Json]:
    """What was made of an item: nothing, one value, or several where a concept was split."""
    if kept is None:
        return []
    return kept if isinstance(kept, list) else [kept]


def expected(node: JsonObject, fields: abc.Mapping[str, Field]) -> int:
    """How many statements a cleaned node and its context call for, those of the nodes inside it included."""
    count = 0
    for key, value in node.items():
        if key == "@id":
            continue
        if key == "@type":
            count += 1
            continue
        field = fields[key]
        if field.iri == "@type":
            count += 1
        elif field.iri == "@nest":
            count += expected(value, fields)
        elif field.kind == "text":
            count += sum(len(texts) for texts in value.values())
        elif field.iri != "@id":
            for item in value if isinstance(value, list) else [value]:
                count += 1 + (expected(item, fields) if isinstance(item, dict) and "@value" not in item else 0)
    return count


class Mapping:
    """Maps documents of any schema; one for a whole load."""

    def __init__(self, iris: Iris, thesaurus: Thesaurus) -> None:
        self.iris = iris
        self.thesaurus = thesaurus

    def walk(self, document: Document) -> Walk:
        """A walk over the document. DoorError when its schema has no context."""
        if document.schema not in context.schemas():
            raise DoorError(f"{document.root}/header/schema: no context for schema {document.schema!r:.60}")
        return Walk(document, self.iris, self.thesaurus)

    def cleaned(self, document: Document) -> Cleaned:
        """The document cleaned, the first half of mapping it. DoorError when its schema has no context."""
        walk = self.walk(document)
        record = context.flattened(walk.record(), walk.scope)
        return Cleaned(document, record, expected(record, context.fields(document.schema)), walk.findings)

    def mapped(self, documents: Sequence[Document | Cleaned]) -> list[Mapped]:
        """Each document's statements and findings, in the order given; records of one schema are parsed together.

        No two of the documents are of the same record, since the statements of a record share a named graph.
        """
        whole = [one if isinstance(one, Cleaned) else self.cleaned(one) for one in documents]
        parsed = self._parsed([one.document.schema for one in whole], [one.record for one in whole])
        result = []
        for one, own in zip(whole, parsed, strict=True):
            findings = one.findings
            if len(own) != one.wanted:
                said = f"{one.wanted} statements expected, the parser gave {len(own)}"
                findings = [*findings, finding("Warning", "lost-statement", one.document.root, said)]
            result.append(Mapped(one.document, own, findings))
        return result

    def quads(self, nodes: Sequence[JsonObject]) -> list[list[ox.Quad]]:
        """The statements of further, already cleaned node objects of records, by the fields all records have."""
        scope = context.scope(context.COMMON)
        return self._parsed([context.COMMON] * len(nodes), [context.flattened(node, scope) for node in nodes])

    def _parsed(self, schemas: Sequence[str], records: Sequence[JsonObject]) -> list[list[ox.Quad]]:
        """The statements of each flattened record."""
        graphs: dict[str, list[ox.Quad]] = {str(record["@id"]): [] for record in records}
        by_schema: dict[str, list[JsonObject]] = defaultdict(list)
        for schema, record in zip(schemas, records, strict=True):
            by_schema[schema].append(record)
        for schema, group in by_schema.items():
            data = _json_ld(context.flat(schema, self.iris.base), group)
            for graph, quads in groupby(ox.parse(data, format=ox.RdfFormat.JSON_LD), attrgetter("graph_name")):
                graphs[graph.value] += quads
        return [graphs[record["@id"]] for record in records]

    def json_ld(self, schema: str, records: Sequence[JsonObject]) -> bytes:
        """Cleaned records of one schema as JSON-LD with the context as it is published, each in the named graph of its
        own IRI."""
        return _json_ld(context.published(schema, self.iris.base), records)


def _json_ld(definitions: object, records: Sequence[JsonObject]) -> bytes:
    graphs = [{"@id": record["@id"], "@graph": [record]} for record in records]
    return json.dumps({"@context": definitions, "@graph": graphs}, ensure_ascii=False).encode()
