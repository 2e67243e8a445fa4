"""Skosify (https://github.com/NatLibFi/Skosify) run on a copy: what it says of a thesaurus, and what it would change.

It works on rdflib graphs by recursion, tells of its work by logging only and ends the process where it finds no
concept; so it runs in a process of its own with limits of time and memory. Nothing that it changes is taken over: the
difference is shown to an editor.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from thesaurus.changes import Delta
from thesaurus.statements import CONCEPT
from thesaurus.turtle import TYPE

GIB = 1 << 30
_RUN = "thesaurus.skosify_run"


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
            [sys.executable, "-m", _RUN, str(memory)], input=text, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return Skosified(left_out=f"{concepts:,} concepts took it longer than {seconds:g} seconds")
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return Skosified(left_out=f"it failed on {concepts:,} concepts with {memory / GIB:.1f} GiB: {last}")
    result = json.loads(done.stdout)
    log = tuple(Line(level, message) for level, message in result["log"])
    return Skosified(log, Delta.of_lines(result["added"], result["removed"], "skosify"))
