"""The process that runs skosify on the N-Triples it reads, and writes what came of it as JSON: see `skosification`."""

from __future__ import annotations

import json
import logging
import resource
import sys
import threading

import pyoxigraph as ox
import rdflib
from skosify import skosify

OPTIONS = {
    "break_cycles": True,
    "eliminate_redundancy": True,
    "enrich_mappings": False,
    "mark_top_concepts": False,
    "preflabel_policy": "longest",
}
"""How it differs from its defaults: it proposes a hierarchy without cycles and repetitions, derives no relations from
mappings, makes no deprecated concept a top concept, and of several preferred labels it never keeps an empty one."""

_NAME = "Thesaurus"
_STACK = 512 << 20  # bytes: the hierarchy is walked by recursion, a frame a level


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelname, record.getMessage()))


def _run(text: bytes) -> dict[str, list[str] | list[tuple[str, str]]]:
    """What skosify makes of N-Triples: its log, and N-Triples of what it adds and removes."""
    nodes = {_statement(quad.triple): quad.triple for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)}
    graph = rdflib.Graph()
    for statement in nodes:
        graph.add(statement)
    collector = _Collector()
    logging.getLogger().handlers = [collector]
    # A label for the scheme silences its wish for one: a title is a label as well.
    changed = skosify(graph, label=_NAME, **OPTIONS)
    added = [
        f"{' '.join(node.n3() for node in statement)} ."
        for statement in changed
        if statement not in nodes and statement[1:] != (rdflib.RDFS.label, rdflib.Literal(_NAME))
    ]
    removed = [f"{triple} ." for statement, triple in nodes.items() if statement not in changed]
    return {"log": collector.lines, "added": sorted(added), "removed": sorted(removed)}


def _statement(triple: ox.Triple) -> tuple[rdflib.term.Node, rdflib.term.Node, rdflib.term.Node]:
    return _node(triple.subject), _node(triple.predicate), _node(triple.object)


def _node(node: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> rdflib.term.Identifier:
    if isinstance(node, ox.NamedNode):
        return rdflib.URIRef(node.value)
    if isinstance(node, ox.Literal):
        datatype = None if node.language else rdflib.URIRef(node.datatype.value)
        return rdflib.Literal(node.value, lang=node.language, datatype=datatype, normalize=False)
    return rdflib.BNode(node.value if isinstance(node, ox.BlankNode) else str(node))


def _main() -> None:
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    text = sys.stdin.buffer.read()
    threading.stack_size(_STACK)
    sys.setrecursionlimit(1_000_000)
    results: list[dict[str, list[str] | list[tuple[str, str]]]] = []
    runner = threading.Thread(target=lambda: results.append(_run(text)))
    runner.start()
    runner.join()
    if not results:
        sys.exit(1)
    json.dump(results[0], sys.stdout)


if __name__ == "__main__":
    _main()
