"""The rules: SHACL shapes, one Turtle file per record kind, and their validation."""

from importlib.resources import files

import pyoxigraph as ox

from ontology.identifiers import DEFAULT_BASE

from .report import Result
from .validate import Validator

__all__ = ["Result", "Validator", "load"]


def load(base: str = DEFAULT_BASE) -> list[ox.Triple]:
    """All bundled shapes, the concepts and schemes they name under `base`."""
    found: list[ox.Triple] = []
    for file in sorted(files(__package__).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".ttl"):
            text = file.read_text(encoding="utf-8").replace(f"<{DEFAULT_BASE}id/", f"<{base}id/")
            quads = ox.parse(text, format=ox.RdfFormat.TURTLE, rename_blank_nodes=True)
            found.extend(quad.triple for quad in quads)
    return found
