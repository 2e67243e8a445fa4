"""The rows of a query as texts: the engine writes them faster than it hands over objects one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyoxigraph as ox

from thesaurus.turtle import CH, DCTERMS, SKOS, XSD

_PREFIXES = {SKOS: "skos:", DCTERMS: "dcterms:", CH: "ch:", "http://www.w3.org/2008/05/skos-xl#": "skosxl:"}
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def written(store: ox.Store, query: str) -> Iterator[list[str]]:
    """The values of each solution of a SELECT, in the order of its variables, as Turtle writes them; empty if unbound.

    https://www.w3.org/TR/sparql11-results-csv-tsv/#tsv
    """
    solutions = store.query(query)
    assert isinstance(solutions, ox.QuerySolutions)  # noqa: S101 - a SELECT
    text = (solutions.serialize(format=ox.QueryResultsFormat.TSV) or b"").decode()
    return (line.split("\t") for line in text.split("\n")[1:-1])


def shown(text: str) -> str:
    """A written value as messages show it: words of SKOS with their prefix, other IRIs bare, labels as they are written
    with their language, other text and numbers by themselves."""
    if text.startswith("<"):
        iri = text[1:-1]
        for namespace, prefix in _PREFIXES.items():
            if iri.startswith(namespace):
                return prefix + iri.removeprefix(namespace)
        return iri
    value, quote, kind = text.rpartition('"')
    if quote and (not kind or kind.startswith(f"^^<{XSD}")):
        return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), value[1:])
    return text
