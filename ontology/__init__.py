"""The words: OWL and RDFS modules in Turtle, the namespaces, and the identifiers of everything the graph names."""

from functools import cache
from importlib.resources import files

import pyoxigraph as ox

from ontology.identifiers import DEFAULT_BASE

GRAPH = ox.NamedNode("https://w3id.org/clearinghouse/ns")
"""The ontology's IRI, and the named graph it is kept in."""


@cache
def load(base: str = DEFAULT_BASE) -> tuple[ox.Triple, ...]:
    """The statements of every bundled module, the questions of reports named under `base`."""
    modules = sorted(
        (file for file in files(__name__).iterdir() if file.name.endswith(".ttl")), key=lambda file: file.name
    )
    texts = (module.read_text(encoding="utf-8").replace(f"<{DEFAULT_BASE}id/", f"<{base}id/") for module in modules)
    return tuple(quad.triple for text in texts for quad in ox.parse(text, format=ox.RdfFormat.TURTLE))
