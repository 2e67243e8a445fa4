"""The words: OWL and RDFS modules in Turtle, the namespaces, and the identifiers of everything the graph names."""

from functools import cache
from importlib.resources import files

import pyoxigraph as ox

GRAPH = ox.NamedNode("https://w3id.org/clearinghouse/ns")
"""The ontology's IRI, and the named graph it is kept in."""


@cache
def load() -> tuple[ox.Triple, ...]:
    """The statements of every bundled module."""
    modules = sorted(
        (file for file in files(__name__).iterdir() if file.name.endswith(".ttl")), key=lambda file: file.name
    )
    parsed = (ox.parse(module.read_bytes(), format=ox.RdfFormat.TURTLE) for module in modules)
    return tuple(quad.triple for quads in parsed for quad in quads)
