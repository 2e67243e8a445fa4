"""The descriptions say of the service and the dataset what is so, in every format, about the address that was asked."""

import asyncio
import os
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import ontology
from endpoint import problems
from endpoint.description import VOID_PATHS, Descriptions
from endpoint.generations import OXIGRAPH
from endpoint.house import House
from endpoint.negotiation import GRAPH_FORMATS, RESULT_FORMATS, Format
from endpoint.settings import Partner, Settings
from endpoint.statistics import Statistics, count
from endpoint.store import MARKS, META

CH = "https://w3id.org/clearinghouse/ns#"
SD = "http://www.w3.org/ns/sparql-service-description#"
CALLS = "https://w3id.org/clearinghouse/search#Calls"
VOID = "http://rdfs.org/ns/void#"
EXT = "http://ldf.fi/void-ext#"
DCTERMS = "http://purl.org/dc/terms/"
DCAT = "http://www.w3.org/ns/dcat#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
HOST = "https://graph.example.org"
SPARQL = f"{HOST}/sparql"
DATASET = "https://w3id.org/clearinghouse/id/dataset"
DECLARED = {
    *("Service", "Dataset", "Graph", "NamedGraph", "endpoint", "feature", "resultFormat", "supportedLanguage"),
    *("defaultDataset", "defaultGraph", "namedGraph", "name"),
}
"""The words of the service description vocabulary that a description may use."""


@pytest.fixture(scope="session")
def statistics(sample_house: House) -> Statistics:
    newest = sample_house.generations.newest()
    assert newest is not None
    return count(sample_house.generations.path(newest))


@pytest.fixture(scope="session")
def store(sample_house: House) -> ox.Store:
    newest = sample_house.generations.newest()
    assert newest is not None
    return ox.Store.read_only(str(sample_house.generations.path(newest) / OXIGRAPH))


def application(statistics: Statistics | None, **settings: Any) -> FastAPI:
    whole = Settings(**settings)
    descriptions = Descriptions(whole, lambda: statistics)

    async def sparql(request: Request) -> Response:
        return descriptions.service_description(request)

    app = FastAPI(openapi_url=None, routes=[*descriptions.routes(), Route("/sparql", sparql)])
    problems.install(app, whole.base_iri)
    return app


def get(app: Starlette, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            return await client.request(
                method, path, headers={name.replace("_", "-"): v for name, v in headers.items()}
            )

    return asyncio.run(run())


def statements(response: httpx.Response) -> set[ox.Triple]:
    assert response.status_code == 200, response.text
    format_ = ox.RdfFormat.from_media_type(response.headers["content-type"].partition(";")[0])
    assert format_ is not None
    return {quad.triple for quad in ox.parse(response.content, format=format_)}


def objects(found: set[ox.Triple], subject: str | ox.NamedNode | ox.BlankNode, predicate: str) -> set[str]:
    node = ox.NamedNode(subject) if isinstance(subject, str) else subject
    return {getattr(t.object, "value", "") for t in found if t.subject == node and t.predicate.value == predicate}


def parts(found: set[ox.Triple], subject: str, link: str, key: str, number: str) -> dict[str, int]:
    """The partitions of a dataset: by what they are for, one of their numbers."""
    nodes = [t.object for t in found if t.subject == ox.NamedNode(subject) and t.predicate.value == link]
    rows = [(objects(found, node, key), objects(found, node, number)) for node in nodes]  # type: ignore[arg-type]
    assert all(len(keys) == len(numbers) == 1 for keys, numbers in rows)
    return {keys.pop(): int(numbers.pop()) for keys, numbers in rows}


def answers(store: ox.Store, query: str) -> list[tuple[str, ...]]:
    found = store.query(query, use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    return [tuple(getattr(value, "value", "") for value in row) for row in found]


# The service


def test_the_service_describes_itself_about_its_own_address(statistics: Statistics) -> None:
    found = statements(get(application(statistics), "/sparql"))
    assert objects(found, SPARQL, f"{RDF}type") == {f"{SD}Service"}
    assert objects(found, SPARQL, f"{SD}endpoint") == {SPARQL}
    assert objects(found, SPARQL, f"{SD}supportedLanguage") == {f"{SD}SPARQL10Query", f"{SD}SPARQL11Query"}
    assert objects(found, SPARQL, f"{SD}feature") == {f"{SD}UnionDefaultGraph", CALLS}
    formats = {format_.iri for format_ in (*RESULT_FORMATS, *GRAPH_FORMATS)}
    assert objects(found, SPARQL, f"{SD}resultFormat") == formats
    assert len(formats) == 10
    assert {t.predicate.value for t in found if t.predicate.value.startswith(SD)} <= {SD + name for name in DECLARED}


def test_federation_is_announced_where_there_are_partners(statistics: Statistics) -> None:
    partners = {"example": Partner(url="https://example.org/sparql")}
    found = statements(get(application(statistics, partners=partners), "/sparql"))
    assert objects(found, SPARQL, f"{SD}feature") == {f"{SD}UnionDefaultGraph", f"{SD}BasicFederatedQuery", CALLS}


def test_the_limits_are_declared_in_words_of_the_ontology(statistics: Statistics) -> None:
    limits = {"query_timeout": 2.5, "max_result_rows": 7, "max_result_bytes": 8, "max_query_bytes": 9}
    found = statements(get(application(statistics, **limits), "/sparql"))
    said = {t.predicate: t.object for t in found if t.predicate.value.startswith(CH)}
    words = ("queryTimeLimit", "resultRowLimit", "resultByteLimit", "queryByteLimit")
    assert [said[ox.NamedNode(CH + word)].value for word in words] == ["PT2.5S", "7", "8", "9"]  # type: ignore[union-attr]
    assert len(said) == len(words)
    ranges = {t.subject: t.object for t in ontology.load() if t.predicate.value.endswith("#range")}
    assert all(ranges[word] == value.datatype for word, value in said.items())  # type: ignore[index,union-attr]


def test_the_default_graph_is_the_union_with_its_figures(statistics: Statistics, store: ox.Store) -> None:
    found = statements(get(application(statistics), "/sparql"))
    [dataset] = objects(found, SPARQL, f"{SD}defaultDataset")
    [union] = objects(found, dataset, f"{SD}defaultGraph")
    [[all_]] = answers(store, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    assert objects(found, union, f"{VOID}triples") == {str(int(all_) - len(MARKS))}  # without the marks of the store
    assert f"{statistics.graphs} named graphs" in objects(found, union, f"{DCTERMS}description").pop()
    names = {getattr(t.object, "value", "") for t in found if t.predicate.value == f"{SD}name"}
    assert {ox.NamedNode(name) for name in names} <= set(store.named_graphs())
    assert len(names) == 2


# The dataset


@pytest.mark.parametrize("path", VOID_PATHS)
def test_the_dataset_is_described_at_its_well_known_place(path: str, statistics: Statistics) -> None:
    found = statements(get(application(statistics), path))
    assert objects(found, HOST + path, "http://xmlns.com/foaf/0.1/primaryTopic") == {DATASET}
    assert objects(found, DATASET, f"{VOID}sparqlEndpoint") == {SPARQL}
    assert objects(found, DATASET, f"{VOID}uriSpace") == {"https://w3id.org/clearinghouse/id/"}
    assert objects(found, DATASET, f"{DCTERMS}modified") == {statistics.modified}
    assert f"{SD}Service" in objects(found, SPARQL, f"{RDF}type")
    examples = objects(found, DATASET, f"{VOID}exampleResource")
    assert len(examples) == 3
    assert all(example.startswith("https://w3id.org/clearinghouse/id/record/") for example in examples)
    vocabularies = objects(found, DATASET, f"{VOID}vocabulary")
    assert {CH, "http://www.w3.org/2004/02/skos/core#", DCTERMS} <= vocabularies


def test_the_figures_are_what_queries_answer(statistics: Statistics, store: ox.Store) -> None:
    found = statements(get(application(statistics), "/void"))
    rest = f"FILTER(?s != {META})"
    query = f"SELECT (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?a) (COUNT(DISTINCT ?p) AS ?b) {{ ?s ?p ?o {rest} }}"
    [[triples, subjects, properties]] = answers(store, query)
    [[classes]] = answers(store, "SELECT (COUNT(DISTINCT ?c) AS ?n) { ?s a ?c }")
    for name, number in {
        "triples": triples,
        "distinctSubjects": subjects,
        "properties": properties,
        "classes": classes,
    }.items():
        assert objects(found, DATASET, VOID + name) == {number}, name


def test_the_partitions_are_what_queries_answer(statistics: Statistics, store: ox.Store) -> None:
    found = statements(get(application(statistics), "/void"))
    by_class = dict(answers(store, "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) { ?s a ?c } GROUP BY ?c"))
    classes = parts(found, DATASET, f"{VOID}classPartition", f"{VOID}class", f"{VOID}entities")
    assert {name: str(number) for name, number in classes.items()} == by_class
    by_property = dict(answers(store, "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p"))
    properties = parts(found, DATASET, f"{VOID}propertyPartition", f"{VOID}property", f"{VOID}triples")
    assert {name: str(number) for name, number in properties.items()} == {
        name: number for name, number in by_property.items() if name not in MARKS
    }
    languages = "SELECT ?l (COUNT(*) AS ?n) { ?s ?p ?o BIND(LANG(?o) AS ?l) FILTER(?l != '') } GROUP BY ?l"
    given = parts(found, DATASET, f"{EXT}languagePartition", f"{EXT}language", f"{VOID}triples")
    assert {name: str(number) for name, number in given.items()} == dict(answers(store, languages))
    datatypes = "SELECT ?d (COUNT(*) AS ?n) { ?s ?p ?o BIND(DATATYPE(?o) AS ?d) FILTER(BOUND(?d)) } GROUP BY ?d"
    expected = {name: int(number) for name, number in answers(store, datatypes)}
    expected["http://www.w3.org/2001/XMLSchema#integer"] -= len(MARKS)  # the marks of the store
    assert parts(found, DATASET, f"{EXT}datatypePartition", f"{EXT}datatype", f"{VOID}triples") == expected


def test_the_properties_of_a_class_are_what_queries_answer(statistics: Statistics, store: ox.Store) -> None:
    found = statements(get(application(statistics), "/void"))
    kind = ox.NamedNode(f"{CH}Certificate")
    [part] = [t.subject for t in found if t.predicate.value == f"{VOID}class" and t.object == kind]
    nodes = [t.object for t in found if t.subject == part and t.predicate.value == f"{VOID}propertyPartition"]
    rows = {
        (*objects(found, node, f"{VOID}property"), *objects(found, node, f"{VOID}triples"))  # type: ignore[arg-type]
        for node in nodes
    }
    assert rows == set(answers(store, f"SELECT ?p (COUNT(*) AS ?n) {{ ?s a {kind} ; ?p ?o }} GROUP BY ?p"))


def test_each_house_is_a_subset_with_its_records(statistics: Statistics) -> None:
    found = statements(get(application(statistics), "/void"))
    subsets = parts(found, DATASET, f"{VOID}subset", f"{DCTERMS}source", f"{VOID}entities")
    assert subsets == statistics.houses
    assert objects(found, f"{DATASET}#BCH", f"{DCTERMS}title") == {"Biosafety Clearing-House"}


def test_title_description_and_license_are_settings(statistics: Statistics) -> None:
    license_ = "https://creativecommons.org/licenses/by/4.0/"
    settings = {"dataset_title": "T", "dataset_description": "D", "dataset_license": license_}
    found = statements(get(application(statistics, base_iri="https://example.org/kg/", **settings), "/void"))
    it = "https://example.org/kg/id/dataset"
    assert [objects(found, it, DCTERMS + name) for name in ("title", "description", "license")] == [
        {"T"},
        {"D"},
        {license_},
    ]
    assert not objects(statements(get(application(statistics), "/void")), DATASET, f"{DCTERMS}license")


def test_without_statistics_the_description_has_no_figures(statistics: Statistics) -> None:
    for path in ("/sparql", "/void"):
        found = statements(get(application(None), path))
        assert not [t for t in found if t.predicate.value in (f"{VOID}triples", f"{VOID}classPartition")]
        assert len(found) > 20


# On the way to the client


@pytest.mark.parametrize("path", ["/sparql", "/void"])
@pytest.mark.parametrize("format_", GRAPH_FORMATS, ids=lambda format_: format_.name)
def test_every_format_says_the_same(path: str, format_: Format, statistics: Statistics) -> None:
    app = application(statistics)
    given = get(app, path, accept=format_.media_type)
    assert given.headers["content-type"].startswith(format_.media_type)
    assert given.headers["vary"] == "Accept"
    assert get(app, f"{path}?format={format_.name}").content == given.content
    found, expected = ox.Dataset(), ox.Dataset()
    for dataset, response in ((found, given), (expected, get(app, path, accept="application/n-triples"))):
        for triple in statements(response):
            dataset.add(ox.Quad(triple.subject, triple.predicate, triple.object))
        dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    assert found == expected
    assert len(rdflib.Graph().parse(data=get(app, path, accept="text/turtle").text, format="turtle")) == len(found)


def test_a_client_that_has_the_description_is_told_so(statistics: Statistics) -> None:
    app = application(statistics)
    first = get(app, "/void")
    again = get(app, "/void", if_none_match=f'"other", {first.headers["etag"]}')
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert get(application(statistics), "/void").headers["etag"] == first.headers["etag"]
    assert get(app, "/void", if_none_match='"other"').status_code == 200
    assert get(application(None), "/void", if_none_match=first.headers["etag"]).status_code == 200


def test_a_new_generation_is_described_at_once(statistics: Statistics) -> None:
    present: list[Statistics | None] = [None]
    descriptions = Descriptions(Settings(), lambda: present[0])
    app = Starlette(routes=list(descriptions.routes()))
    before = get(app, "/void").content
    present[0] = statistics
    assert get(app, "/void").content != before


def test_an_unknown_format_is_refused(statistics: Statistics) -> None:
    app = application(statistics)
    assert get(app, "/void", accept="image/png").status_code == 406
    assert get(app, "/void?format=png").status_code == 406


def test_a_made_up_host_is_refused(statistics: Statistics) -> None:
    for path in ("/sparql", "/void"):
        assert get(application(statistics), path, host="<script>").status_code == 400


def test_addresses_made_up_by_clients_are_not_kept_for_ever(statistics: Statistics) -> None:
    descriptions = Descriptions(Settings(), lambda: None)
    app = Starlette(routes=list(descriptions.routes()))
    for number in range(40):
        assert get(app, "/void", host=f"h{number}.example.org").status_code == 200
    assert len(descriptions._kept) < 20


# What others check


def conformance() -> Path:
    given = os.environ.get("CLEARINGHOUSE_CONFORMANCE")
    return Path(given) if given else Path(__file__).parents[2] / "shared" / "data" / "conformance"


def test_only_declared_words_of_void_are_used(statistics: Statistics) -> None:
    file = conformance() / "void" / "void-vocabulary.ttl"
    if not file.exists():
        pytest.skip("the VoID vocabulary is not here: set CLEARINGHOUSE_CONFORMANCE")
    declared = {str(subject) for subject in rdflib.Graph().parse(file, format="turtle").subjects()}
    found = statements(get(application(statistics), "/void"))
    used = {term.value for t in found for term in (t.predicate, t.object) if isinstance(term, ox.NamedNode)}
    assert {name for name in used if name.startswith(VOID) and name != VOID} <= declared
    assert len({name for name in used if name.startswith(VOID)}) > 15


def test_the_description_meets_the_shapes_of_dcat_ap(statistics: Statistics) -> None:
    file = conformance() / "dcat-ap-3.0.1" / "html-shacl" / "shapes.ttl"
    if not file.exists():
        pytest.skip("the DCAT-AP shapes are not here: set CLEARINGHOUSE_CONFORMANCE")
    license_ = "https://creativecommons.org/licenses/by/4.0/"
    text = get(application(statistics, dataset_license=license_), "/void", accept="application/n-triples").text
    data = rdflib.Graph().parse(data=text, format="nt")
    shapes = rdflib.Graph().parse(file, format="turtle")
    conforms, _, report = pyshacl.validate(data, shacl_graph=shapes)
    assert conforms, report
