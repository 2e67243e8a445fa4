"""The mapping: the conservation law, and contexts that mean the same to every JSON-LD parser."""

import json
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib

import ontology
from loaders import context, door
from loaders.context import Field
from loaders.documents import Document, Json, escaped
from loaders.findings import Finding
from loaders.generate import records
from loaders.mapping import Mapping
from loaders.sources import Raw, read
from ontology.errors import DoorError, MappingError
from ontology.identifiers import DEFAULT_BASE, Iris
from thesaurus.vocabulary import Thesaurus

NS = "https://w3id.org/clearinghouse/ns#"
GUID = "5E7E71C0-AAAA-BBBB-CCCC-000000000001"
LOSSES = {
    "unmapped",
    "lost-statement",
    "ill-formed-iri",
    "ill-formed-language-tag",
    "ill-formed-identifier",
    "wrong-type",
}


@pytest.fixture(scope="module")
def mapping() -> Mapping:
    return Mapping(Iris(), Thesaurus.load())


@pytest.fixture(autouse=True)
def literals_as_written() -> Iterator[None]:
    """rdflib keeps the lexical form of literals."""
    kept, rdflib.NORMALIZE_LITERALS = rdflib.NORMALIZE_LITERALS, False
    yield
    rdflib.NORMALIZE_LITERALS = kept


def document(value: Json) -> Document:
    return door.admitted(json.dumps(value), {})[0]


def made(schema: str, **members: Json) -> Document:
    return document({"header": {"identifier": GUID, "schema": schema, "languages": ["en"]}, **members})


@cache
def bundled() -> tuple[Document, ...]:
    """Every record of the bundled sample."""
    items = read([str(files("loaders") / "sample")])
    return tuple(door.admitted(item.text, {})[0] for item in items if isinstance(item, Raw))


@cache
def example(schema: str) -> Document:
    """The valid example of a schema, of a report its first five answers."""
    text = (files("shapes") / "examples" / f"{schema}.json").read_text(encoding="utf-8")
    return small(document(json.loads(text)["valid"]))


def small(whole: Document) -> Document:
    fields = context.scope(whole.schema).fields
    answers = [key for key in whole.body if (field := fields.get(key)) and field.kind == "answer"]
    body = {key: value for key, value in whole.body.items() if key not in answers[5:]}
    return Document(whole.guid, whole.schema, body, whole.information, whole.root, whole.text)


def of_each_schema() -> list[Document]:
    """The example of each schema and the richest small record of it in the sample, but for reports: they take long."""
    richest: dict[str, Document] = {}
    for whole in bundled():
        if whole.schema.startswith("absNationalReport"):
            continue
        if whole.schema not in richest or len(whole.body) > len(richest[whole.schema].body):
            richest[whole.schema] = whole
    return [*map(example, context.schemas()), *richest.values()]


def batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents of different records."""
    waiting = list(documents)
    while waiting:
        first = {whole.guid: whole for whole in reversed(waiting)}
        waiting = [whole for whole in waiting if first[whole.guid] is not whole]
        yield list(first.values())


def findings(mapping: Mapping, documents: Sequence[Document]) -> list[tuple[str, Finding]]:
    return [
        (mapped.document.guid, found)
        for batch in batches(documents)
        for mapped in mapping.mapped(batch)
        for found in mapped.findings
    ]


def walked(mapping: Mapping, whole: Document) -> list[Finding]:
    walk = mapping.walk(whole)
    walk.record()
    return walk.findings


# The conservation law


def test_nothing_of_the_bundled_records_is_lost(mapping: Mapping) -> None:
    assert len(bundled()) > 500
    assert findings(mapping, bundled()) == []


def test_nothing_of_generated_records_is_lost(mapping: Mapping) -> None:
    documents = [document(generated.document) for generated in records(2000, seed=11)]
    assert len({whole.schema for whole in documents}) > 25
    assert findings(mapping, documents) == []


@pytest.mark.parametrize("schema", context.schemas())
def test_the_examples_lose_nothing(schema: str, mapping: Mapping) -> None:
    assert [found.code for _, found in findings(mapping, [example(schema)]) if found.code in LOSSES] == []


def objects(value: Json, fields: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Json]]]:
    """The objects in a document that its context does not ignore by name, with their pointers."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from objects(item, fields, f"{pointer}/{index}")
    if isinstance(value, dict):
        yield pointer, value
        for key, member in value.items():
            if fields is None or fields.get(key) is not None:
                field = (fields or {}).get(key)
                yield from objects(member, field.scope.fields if field else None, f"{pointer}/{escaped(key)}")


@pytest.mark.parametrize("schema", context.schemas())
def test_a_new_source_field_is_reported(schema: str, mapping: Mapping) -> None:
    """At the top of every record kind, in its header and in every object in it: the record, the pointer, the value."""
    whole = example(schema)
    body = json.loads(json.dumps(whole.body))
    places = list(objects(body, context.scope(schema).fields))
    assert len(places) > 1 or "schema_s" in body
    for pointer, holder in places:
        holder["aNewField"] = "what is new"
        found = walked(mapping, Document(whole.guid, schema, body, {}, "/body", ""))
        del holder["aNewField"]
        assert [(one.severity, one.value) for one in found if "aNewField" in one.message] in (
            [("Warning", "what is new")],
            [("Warning", '"what is new"')],
        ), pointer
        [reported] = [one for one in found if "aNewField" in one.message]
        assert reported.code in {"unmapped", "ill-formed-language-tag"}
        assert reported.pointer == f"/body{pointer}/aNewField"


def test_a_new_source_field_is_reported_with_the_record(mapping: Mapping) -> None:
    whole = document({"body": {**example("absPermit").body, "colour": {"a": [1]}}})
    [(guid, found)] = findings(mapping, [whole])
    assert guid == whole.guid
    assert (found.severity, found.code, found.pointer, found.value) == (
        "Warning",
        "unmapped",
        "/body/colour",
        '{"a": [1]}',
    )
    assert found.message == "colour: the context of absPermit does not know this field"


@pytest.mark.parametrize("key", ["@id", "@type", "@context", "@graph", "@reverse", "ch", "xsd", "dcterms:title"])
def test_what_means_something_in_json_ld_means_nothing_in_a_record(key: str, mapping: Mapping) -> None:
    for members in ({key: "https://evil.example/x"}, {"permitFiles": [{"url": "https://x.org", key: "x"}]}):
        whole = made("absPermit", **members)
        [mapped] = mapping.mapped([whole])
        assert [found.code for found in mapped.findings] == ["unmapped"]
        assert not any("evil" in str(quad) for quad in mapped.quads)


ILL_FORMED: dict[str, tuple[Json, str]] = {
    "iri": ("no address", "ill-formed-iri"),
    "link": ({"url": "javascript:alert(1)"}, "ill-formed-iri"),
    "text": ({"not a tag": "x"}, "ill-formed-language-tag"),
    "term": ({"identifier": "#x"}, "ill-formed-identifier"),
    "concept": ({"identifier": "no IRI"}, "ill-formed-iri"),
    "country": ({"identifier": "Atlantis"}, "ill-formed-identifier"),
    "reference": ({"identifier": "x"}, "ill-formed-identifier"),
    "place": ({"identifier": "#x"}, "ill-formed-identifier"),
    "alignment": ({"identifier": {"identifier": "#x"}}, "ill-formed-identifier"),
    "name": ("no such name", "unknown-value"),
}


def fields_to_spoil(scope: context.Scope, deep: int = 2) -> Iterator[tuple[list[str], Field]]:
    """The paths of keys to the fields of a scope that can be ill-formed."""
    for key, field in scope.fields.items():
        if field is None or (field.around is not scope and scope.name):
            continue
        if field.kind in ILL_FORMED:
            yield [key], field
        if field.kind == "part" and field.iri != "@nest" and deep:
            yield from (([key, *path], inner) for path, inner in fields_to_spoil(field.scope, deep - 1))


@pytest.mark.parametrize("schema", context.schemas())
def test_what_is_ill_formed_is_reported_where_it_stands(schema: str, mapping: Mapping) -> None:
    """JSON-LD drops an ill-formed IRI or language tag in silence."""
    checked = 0
    for path, field in fields_to_spoil(context.scope(schema)):
        value, code = ILL_FORMED[field.kind]
        if "schema_s" in context.scope(schema).fields:
            whole = document({"schema_s": schema, "id": GUID, path[0]: nested(path[1:], value)})
        else:
            whole = made(schema, **{path[0]: nested(path[1:], value)})
        found = [one for one in walked(mapping, whole) if one.code == code]
        assert found, path
        assert all(one.pointer.startswith("/" + "/".join(path)) for one in found), path
        assert all(one.value for one in found)
        checked += 1
    assert checked > 3


def nested(path: Sequence[str], value: Json) -> Json:
    return {path[0]: nested(path[1:], value)} if path else value


def test_an_unknown_schema_is_an_error(mapping: Mapping) -> None:
    with pytest.raises(DoorError, match="no context for schema 'absNovelty'"):
        mapping.mapped([made("absNovelty")])


# A broken context


def broken_flat(schema: str, term: str, definition: dict[str, Any] | None) -> Any:
    whole = context.flat(schema)
    rest = {key: value for key, value in whole.items() if key != term}
    return lambda schema, base=DEFAULT_BASE: rest if definition is None else {**rest, term: definition}


@pytest.mark.parametrize("schema", ["absPermit", "measure", "lwProject", "meeting", "absNationalReport1"])
def test_a_broken_definition_is_noticed(schema: str, mapping: Mapping, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every definition that a record uses, taken away or with an IRI that is relative."""
    whole = example(schema)
    flat = context.flat(schema)
    record = context.flattened(mapping.walk(whole).record(), context.scope(schema))
    used = sorted(terms(record) & {term for term, field in context.fields(schema).items() if field.iri[0] != "@"})
    assert len(used) > 5
    for term in used:
        for definition in (None, {**flat[term], "@id": "relative"}):
            monkeypatch.setattr(context, "flat", broken_flat(schema, term, definition))
            [mapped] = mapping.mapped([whole])
            assert "lost-statement" in {found.code for found in mapped.findings}, (term, definition)
            monkeypatch.undo()
    assert findings(mapping, [whole]) == []


def terms(value: Json) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(terms, value))
    return {*value, *set().union(*map(terms, value.values()))} if isinstance(value, dict) else set()


def test_a_lost_statement_is_counted(mapping: Mapping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "flat", broken_flat("absPermit", "title", None))
    [mapped] = mapping.mapped([made("absPermit", title={"en": "A", "fr": "B"})])
    [found] = mapped.findings
    assert found.code == "lost-statement"
    assert found.message == f"{len(mapped.quads) + 2} statements expected, the parser gave {len(mapped.quads)}"


@pytest.mark.parametrize(
    "definition",
    [
        "dcterms",
        "nowhere:title",
        {"@id": "ch:title", "@container": "@list"},
        {"@id": "ch:title", "@type": "xsd:float"},
        {"@id": "ch:title", "@reverse": "x"},
        {"@type": "@id"},
        {"@id": "ch:title", "@container": "@set", "@type": "@id"},
    ],
)
def test_a_definition_that_is_not_understood_is_refused(definition: Json) -> None:
    with pytest.raises(MappingError):
        context.Scope({"ch": NS, "dcterms": "http://purl.org/dc/terms/", "title": definition})


# The same to every parser


@pytest.mark.parametrize("schema", context.schemas())
def test_every_schema_has_a_class_and_a_record(schema: str, mapping: Mapping) -> None:
    [mapped] = mapping.mapped([example(schema)])
    kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    record = mapping.iris.record(mapped.document.guid)
    assert [quad.object.value for quad in mapped.quads if (quad.subject, quad.predicate) == (record, kind)] == [
        context.class_of(schema)
    ]
    assert {quad.graph_name for quad in mapped.quads} == {record}
    assert not any(isinstance(term, ox.BlankNode) for quad in mapped.quads for term in (quad.subject, quad.object))


def same(term: Any) -> tuple[str, ...]:
    """A term of either library."""
    if isinstance(term, ox.Literal):
        return term.value, term.language or term.datatype.value
    if isinstance(term, rdflib.Literal):
        datatype = term.datatype or rdflib.XSD.string
        return str(term), (term.language or str(datatype)).lower() if term.language else str(datatype)
    return (term.value if isinstance(term, ox.NamedNode) else str(term),)


def statements(quads: Iterable[ox.Quad]) -> set[tuple[Any, ...]]:
    return {tuple(map(same, (quad.subject, quad.predicate, quad.object))) for quad in quads}


def parsed_by_rdflib(definitions: Json, record: Json) -> set[tuple[Any, ...]]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="ConjunctiveGraph is deprecated")  # rdflib warns of itself
        graph = rdflib.Graph().parse(data=json.dumps({"@context": definitions, **record}), format="json-ld")
    assert not any(isinstance(term, rdflib.BNode) for triple in graph for term in triple)
    return {tuple(map(same, triple)) for triple in graph}


@pytest.mark.parametrize(
    "whole", [pytest.param(whole, id=f"{whole.schema} {whole.guid}") for whole in of_each_schema()]
)
class TestParsers:
    def test_rdflib_reads_the_flat_document_as_pyoxigraph_does(self, whole: Document, mapping: Mapping) -> None:
        [mapped] = mapping.mapped([whole])
        record = context.flattened(mapping.walk(whole).record(), context.scope(whole.schema))
        assert parsed_by_rdflib(context.flat(whole.schema), record) == statements(mapped.quads)

    def test_pyoxigraph_reads_the_published_context_as_the_flat_one(self, whole: Document, mapping: Mapping) -> None:
        [mapped] = mapping.mapped([whole])
        data = mapping.json_ld(whole.schema, [mapping.walk(whole).record()])
        assert statements(ox.parse(data, format=ox.RdfFormat.JSON_LD)) == statements(mapped.quads)

    def test_rdflib_reads_the_published_context_as_pyoxigraph_does(self, whole: Document, mapping: Mapping) -> None:
        nesting = [key for key in scoped_nests(context.published(whole.schema)) if key in whole.body]
        if nesting:
            pytest.skip(
                f"rdflib 7.6 drops what is in {', '.join(nesting)} of {whole.schema}: @nest with a scoped context"
            )
        [mapped] = mapping.mapped([whole])
        published = context.published(whole.schema)
        assert parsed_by_rdflib(published, mapping.walk(whole).record()) == statements(mapped.quads)


def scoped_nests(published: Json) -> list[str]:
    return [
        key
        for part in published
        for key, definition in part.items()
        if isinstance(definition, dict) and definition.get("@id") == "@nest" and "@context" in definition
    ]


def test_rdflib_normalises_literals_elsewhere() -> None:
    """The fixture of this module restores what it switches off."""
    assert rdflib.NORMALIZE_LITERALS is False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rdflib, "NORMALIZE_LITERALS", True)
        assert str(rdflib.Literal("01", datatype=rdflib.XSD.integer)) == "1"
    assert str(rdflib.Literal("01", datatype=rdflib.XSD.integer)) == "01"


# Another base


def test_another_base_changes_the_base_and_nothing_else(mapping: Mapping) -> None:
    base = "https://example.org/kg/"
    elsewhere = Mapping(Iris(base), Thesaurus.load(base))
    for here, there in zip(mapping.mapped(first_batch()), elsewhere.mapped(first_batch()), strict=True):
        moved = {str(quad).replace(f"<{DEFAULT_BASE}id/", f"<{base}id/") for quad in here.quads}
        assert {str(quad) for quad in there.quads} == moved
        assert not any(f"{DEFAULT_BASE}id/" in quad for quad in moved)
        assert there.findings == here.findings


def first_batch() -> list[Document]:
    return next(batches([*map(example, context.schemas()), *bundled()]))


def test_another_base_reaches_the_published_contexts() -> None:
    for schema in context.schemas():
        text = json.dumps(context.published(schema, "https://example.org/kg/"))
        assert f"{DEFAULT_BASE}id/" not in text
        assert "https://example.org/kg/id/" in text
        assert NS in text


# The context files


def context_files() -> list[str]:
    return sorted(entry.name for entry in context.CONTEXTS.iterdir())


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    assert len(set(keys)) == len(keys), f"{[key for key in keys if keys.count(key) > 1]} twice"
    return dict(pairs)


def definitions(value: Json) -> Iterator[Json]:
    """Every string in a context: IRIs, names of contexts, datatypes."""
    for part in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        yield from definitions(part)
    if isinstance(value, str):
        yield value


def test_a_new_member_of_the_information_object_is_reported() -> None:
    whole = json.loads((context.CONTEXTS.parent / "sample/synthetic/absPermit.json").read_text(encoding="utf-8"))[0]
    whole |= {"colour": "green", "updatedOn": 5, "size": 3}
    findings = Mapping(Iris(), Thesaurus.load()).mapped([door.admitted(json.dumps(whole), {})[0]])[0].findings
    said = {(found.code, found.pointer) for found in findings}
    assert said == {("unmapped", "/colour"), ("wrong-type", "/updatedOn")}


@pytest.mark.parametrize("name", context_files())
def test_a_context_file_names_only_what_there_is(name: str) -> None:
    text = (context.CONTEXTS / name).read_text(encoding="utf-8")
    whole = json.loads(text, object_pairs_hook=unique)
    assert list(whole) == ["@context"]
    assert text.endswith("}\n")
    named = [said for said in definitions(whole["@context"]) if said.endswith(".jsonld")]
    assert set(named) <= set(context_files())
    declared = {triple.subject for triple in ontology.load()}
    used = {said for said in definitions(whole["@context"]) if said.startswith("ch:")}
    assert {term for term in used if ox.NamedNode(NS + term[3:]) not in declared} == set()


def test_every_context_file_is_used() -> None:
    texts = {name: (context.CONTEXTS / name).read_text(encoding="utf-8") for name in context_files()}
    schemas = {f"{schema}.jsonld" for schema in context.schemas()} | {context.INFORMATION}
    unused = {name for name in texts if name not in schemas and not any(f'"{name}"' in text for text in texts.values())}
    assert unused == set()


@pytest.mark.parametrize("schema", context.schemas())
def test_a_context_reaches_no_network(schema: str) -> None:
    for whole in (context.published(schema), context.flat(schema)):
        assert not re.search(r'"@(context|import)": "', json.dumps(whole))
