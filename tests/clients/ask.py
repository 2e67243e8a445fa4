"""Asks an endpoint by one of the Python clients and prints what came back as JSON: `ask.py CLIENT ENDPOINT`.

Run by the interpreter in which the clients are installed. Of solutions it prints the rows of `ROWS`, of a graph the
number of its statements, of an error its class.
"""

import csv
import io
import json
import sys
import urllib.parse
from collections.abc import Callable
from typing import Any

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
ROWS = f"SELECT ?s ?l {{ ?s <{LABEL}> ?l }}"
GRAPH = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
YES = "ASK { ?s ?p ?o }"


def sparqlwrapper(endpoint: str, query: str, result_format: str, method: str = "GET", by: str = "urlencoded") -> Any:
    from SPARQLWrapper import SPARQLWrapper

    client = SPARQLWrapper(endpoint)
    client.setQuery(query)
    client.setReturnFormat(result_format)
    client.setMethod(method)
    client.setRequestMethod(by)
    return client.query().convert()


def wrapper_json(endpoint: str, **how: str) -> Any:
    found = sparqlwrapper(endpoint, ROWS, "json", **how)["results"]["bindings"]
    return [[row["s"]["value"], row["l"]["value"]] for row in found]


def wrapper_xml(endpoint: str) -> Any:
    document = sparqlwrapper(endpoint, ROWS, "xml")
    rows = document.getElementsByTagName("result")
    return [[_inner(row, "uri"), _inner(row, "literal")] for row in rows]


def _inner(node: Any, name: str) -> str:
    [found] = node.getElementsByTagName(name)
    return str(found.firstChild.data)


def wrapper_csv(endpoint: str) -> Any:
    return list(csv.reader(io.StringIO(sparqlwrapper(endpoint, ROWS, "csv").decode(), newline="")))[1:]


def wrapper_tsv(endpoint: str) -> Any:
    import rdflib.util

    lines = sparqlwrapper(endpoint, ROWS, "tsv").decode().splitlines()[1:]
    return [[str(rdflib.util.from_n3(term)) for term in line.split("\t")] for line in lines]


def wrapper_text(endpoint: str, result_format: str) -> Any:
    import rdflib

    return len(rdflib.Graph().parse(data=sparqlwrapper(endpoint, GRAPH, result_format), format="turtle"))


def wrapper_graph(endpoint: str, result_format: str) -> Any:
    return len(sparqlwrapper(endpoint, GRAPH, result_format))


def wrapper_ask(endpoint: str) -> Any:
    return sparqlwrapper(endpoint, YES, "json")["boolean"]


def wrapper_error(endpoint: str) -> Any:
    from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

    try:
        sparqlwrapper(endpoint, "SELECT * {", "json")
    except SPARQLWrapperException as error:
        return type(error).__name__


def store(endpoint: str, **how: Any) -> Any:
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    return [[str(term) for term in row] for row in SPARQLStore(endpoint, **how).query(ROWS)]


def store_graph(endpoint: str) -> Any:
    from rdflib import Graph, URIRef
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    graph = Graph(SPARQLStore(endpoint))
    return [[str(subject), str(value)] for subject, value in graph.subject_objects(URIRef(LABEL))]


def store_construct(endpoint: str) -> Any:
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    return len(SPARQLStore(endpoint).query(GRAPH).graph)


def rdflib_service(endpoint: str) -> Any:
    import rdflib

    found = rdflib.Graph().query(f"SELECT ?s ?l {{ SERVICE <{endpoint}> {{ ?s <{LABEL}> ?l }} }}")
    return [[str(term) for term in row] for row in found]


def oxigraph_service(endpoint: str) -> Any:
    import pyoxigraph

    found = pyoxigraph.Store().query(f"SELECT ?s ?l {{ SERVICE <{endpoint}> {{ ?s <{LABEL}> ?l }} }}")
    return [[term.value for term in row] for row in found]


def pandas_csv(endpoint: str) -> Any:
    import pandas

    address = f"{endpoint}?{urllib.parse.urlencode({'query': ROWS, 'format': 'csv'})}"
    return pandas.read_csv(address).to_numpy().tolist()


def dataframe(endpoint: str, *, post: bool) -> Any:
    import sparql_dataframe

    return sparql_dataframe.get(endpoint, ROWS, post=post).to_numpy().tolist()


CLIENTS: dict[str, Callable[[str], Any]] = {
    "SPARQLWrapper JSON": wrapper_json,
    "SPARQLWrapper JSON by POST": lambda url: wrapper_json(url, method="POST"),
    "SPARQLWrapper JSON by POST direct": lambda url: wrapper_json(url, method="POST", by="postdirectly"),
    "SPARQLWrapper XML": wrapper_xml,
    "SPARQLWrapper CSV": wrapper_csv,
    "SPARQLWrapper TSV": wrapper_tsv,
    "SPARQLWrapper Turtle": lambda url: wrapper_text(url, "turtle"),
    "SPARQLWrapper N3": lambda url: wrapper_text(url, "n3"),
    "SPARQLWrapper RDF/XML": lambda url: wrapper_graph(url, "rdf+xml"),
    "SPARQLWrapper RDF": lambda url: wrapper_graph(url, "rdf"),
    "SPARQLWrapper JSON-LD": lambda url: wrapper_graph(url, "json-ld"),
    "SPARQLWrapper ASK": wrapper_ask,
    "SPARQLWrapper bad query": wrapper_error,
    "rdflib SPARQLStore": store,
    "rdflib SPARQLStore by POST": lambda url: store(url, method="POST"),
    "rdflib SPARQLStore by POST form": lambda url: store(url, method="POST_FORM"),
    "rdflib SPARQLStore JSON": lambda url: store(url, returnFormat="json"),
    "rdflib SPARQLStore CSV": lambda url: store(url, returnFormat="csv"),
    "rdflib SPARQLStore as a graph": store_graph,
    "rdflib SPARQLStore CONSTRUCT": store_construct,
    "rdflib SERVICE": rdflib_service,
    "pyoxigraph SERVICE": oxigraph_service,
    "pandas read_csv": pandas_csv,
    "sparql-dataframe": lambda url: dataframe(url, post=False),
    "sparql-dataframe by POST": lambda url: dataframe(url, post=True),
}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(CLIENTS[sys.argv[1]](sys.argv[2])))
