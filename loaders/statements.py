"""Statements: those of a record as N-Quads, with what they entail; so they go between processes and into the store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pyoxigraph as ox

import ontology

SUBJECT = ox.NamedNode("http://purl.org/dc/terms/subject")
SUB_PROPERTY = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#subPropertyOf")


def n_quads(quads: Sequence[ox.Quad]) -> bytes:
    """Quads and what they entail, a statement a line.

    `dcterms:subject` is entailed for each of its sub-properties (RDFS entailment rule rdfs7): one property asks for
    subjects everywhere.
    """
    subjects = subject_properties()
    entailed = [ox.Quad(q.subject, SUBJECT, q.object, q.graph_name) for q in quads if q.predicate in subjects]
    return ox.serialize([*quads, *entailed], format=ox.RdfFormat.N_QUADS) or b""


@cache
def subject_properties() -> frozenset[ox.NamedNode]:
    """The properties that the ontology declares to be about a record's subject, at any depth."""
    narrower = {SUBJECT}
    pairs = [(triple.subject, triple.object) for triple in ontology.load() if triple.predicate == SUB_PROPERTY]
    while added := {sub for sub, over in pairs if over in narrower} - narrower:
        narrower |= added  # type: ignore[arg-type]
    return frozenset(narrower - {SUBJECT})
