"""Skosify (https://github.com/NatLibFi/Skosify) run on a copy: what it says of a thesaurus, and what it would change.

It works on rdflib graphs by recursion, tells of its work by logging only and ends the process where it finds no
concept; so it runs in a process of its own with limits of time and memory. Nothing that it changes is taken over: the
difference is shown to an editor.
"""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox
import rdflib
from skosify import skosify

from thesaurus.changes import Delta
from thesaurus.statements import CONCEPT
from thesaurus.turtle import TYPE

OPTIONS = {
    "break_cycles": True,
    "eliminate_redundancy": True,
    "enrich_mappings": False,
    "mark_top_concepts": False,
    "preflabel_policy": "longest",
}
"""How it differs from its defaults: it proposes a hierarchy without cycles and repetitions, derives no relations from
mappings, makes no deprecated concept a top concept, and of several preferred labels it never keeps an empty one."""

GIB = 1 << 30
_NAME = "Thesaurus"
_STACK = 512 << 20  # bytes: the hierarchy is walked by recursion, a frame a level


@dataclass(frozen=True)
class Line:
    """A line of its log; `level` is a name of logging, as WARNING."""

    level: str
    message: str


@dataclass(frozen=True)
class Skosified:
    """What skosify said and what it would add and remove; `left_out` says why it said nothing, where it did not run."""

    log: tuple[Line, ...] = ()
    delta: Delta = field(default_factory=lambda: Delta(frozenset(), frozenset()))
    left_out: str = ""


def skosified(
    statements: Iterable[ox.Triple], *, most: int = 10_000, seconds: float = 60.0, memory: int = 2 * GIB
) -> Skosified:
    """The result for some statements, which stay as they are.

    It is left out, and says so, for more than `most` concepts, and when it needs more time or bytes of memory.
    """
    known = tuple(statements)
    concepts = sum(triple.predicate.value == TYPE and triple.object == CONCEPT for triple in known)
    if not concepts:
        return Skosified(left_out="there is no skos:Concept")
    if concepts > most:
        return Skosified(left_out=f"{concepts:,} concepts, and it is asked about at most {most:,}")
    text = ox.serialize(known, format=ox.RdfFormat.N_TRIPLES)
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", __name__, str(memory)], input=text, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return Skosified(left_out=f"{concepts:,} concepts took it longer than {seconds:g} seconds")
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return Skosified(left_out=f"it failed on {concepts:,} concepts with {memory / GIB:.1f} GiB: {last}")
    result = json.loads(done.stdout)
    log = tuple(Line(level, message) for level, message in result["log"])
    return Skosified(log, Delta.of_lines(result["added"], result["removed"], "skosify"))


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
