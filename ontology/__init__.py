"""The words: OWL and RDFS modules in Turtle, the namespaces, and the identifiers of everything the graph names."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pyoxigraph as ox

from ontology.identifiers import DEFAULT_BASE

GRAPH = ox.NamedNode("https://w3id.org/clearinghouse/ns")
"""The ontology's IRI, and the named graph it is kept in."""


@dataclass(frozen=True)
class Module:
    """One file of the ontology: its name without ending, the comment it opens with, and its statements."""

    name: str
    about: str
    triples: tuple[ox.Triple, ...]


@cache
def modules(base: str = DEFAULT_BASE) -> tuple[Module, ...]:
    """The bundled modules by name, the questions of reports named under `base`."""
    found = sorted(
        (file for file in files(__name__).iterdir() if file.name.endswith(".ttl")), key=lambda file: file.name
    )
    return tuple(_module(file.name.removesuffix(".ttl"), file.read_text(encoding="utf-8"), base) for file in found)


@cache
def load(base: str = DEFAULT_BASE) -> tuple[ox.Triple, ...]:
    """The statements of every bundled module, the questions of reports named under `base`."""
    return tuple(triple for module in modules(base) for triple in module.triples)


def opening(text: str) -> str:
    """The comment that a Turtle file opens with, in one line."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)


def _module(name: str, text: str, base: str) -> Module:
    moved = text.replace(f"<{DEFAULT_BASE}id/", f"<{base}id/")
    return Module(name, opening(text), tuple(quad.triple for quad in ox.parse(moved, format=ox.RdfFormat.TURTLE)))
