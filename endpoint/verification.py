"""Between the ledger and the published graph: whether the one still is what the other says, and putting it right.

`checked` is the quick look at the start of a server: the files of the newest generation are those that were published,
and as many records are in it as the ledger says. `ledger_faults` and `graph_faults` are the thorough one: every
document against its digest, every record graph against what the ledger would make of it now.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyoxigraph as ox

import ontology
from endpoint import seals
from endpoint.generations import OXIGRAPH, Generation
from endpoint.house import House
from endpoint.store import APPLIED, META, GraphStore
from loaders.documents import document
from loaders.editing import present
from loaders.ledger import Ledger
from loaders.mapping import Mapping
from loaders.projection import Projection
from ontology.errors import ClearingHouseError, StoreBusy

TOGETHER = 1000
"""Records that are projected and compared together."""
_RECORDS = """
SELECT COUNT(DISTINCT record) FROM event JOIN document USING (digest)
WHERE verdict IN ('accepted', 'withdrawn') AND seq = (
  SELECT MAX(seq) FROM event AS later
  WHERE later.digest = event.digest AND later.verdict <> 'redacted' AND later.seq <= ?)
"""
"""How many records had a graph when the event with this sequence number was the newest."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checked:
    """What the check at the start found, a sentence each, and the generation to serve now, None while there is none."""

    faults: list[str]
    generation: Generation | None


def checked(house: House) -> Checked:
    """Look whether the newest generation and the live store are what they were, and make anew what is not.

    Reads each file once, some hundred megabytes in a second. A generation that cannot be made anew at once, because a
    load is running, is removed; the load publishes the next one at its end.
    """
    if house.remote:
        return Checked([], house.newest())  # its files are another server's
    newest = house.generations.newest()
    known: seals.Digests = {}
    with house.ledger() as ledger:
        damage = _damage(house, newest, known) if newest else []
        mismatch = [] if damage or newest is None else _miscount(house, ledger, newest)
        left = _live_damage(house, known)
        for fault in (*damage, *mismatch, *left):
            _log.error("%s; it is made anew from the ledger", fault)
        if damage or mismatch or left:
            _renew(house, ledger, newest if damage or mismatch else None, is_false=bool(mismatch))
    return Checked([*damage, *mismatch, *left], house.generations.newest())


def _live(house: House) -> Path:
    return house.settings.data_dir / "store"


def _damage(house: House, generation: Generation, known: seals.Digests) -> list[str]:
    path = house.generations.path(generation)
    seal = seals.read(path)
    found = ["it has no list of its files"] if seal is None else seal.faults(path, known)
    return [f"generation {generation.name} is damaged: {fault}" for fault in found]


def _miscount(house: House, ledger: Ledger, generation: Generation) -> list[str]:
    """What was damaged before it was published."""
    seal = seals.read(house.generations.path(generation))
    counts = seal.counts if seal else {}
    [expected] = ledger.connection.execute(_RECORDS, (generation.sequence,)).fetchone()
    here = counts.get("sequence"), counts.get("records")
    if here == (generation.sequence, expected):
        return []
    found = f"it has {here[1]} records of sequence {here[0]}, the ledger {expected}"
    return [f"generation {generation.name} is not what the ledger says: {found}"]


def _live_damage(house: House, known: seals.Digests) -> list[str]:
    """A live store without a seal is in use or was left by a crash, so whoever opens it next does not trust it."""
    directory = _live(house)
    seal = seals.read(directory)
    return [f"the live store is damaged: {fault}" for fault in (seal.faults(directory, known) if seal else [])]


def _renew(house: House, ledger: Ledger, bad: Generation | None, *, is_false: bool) -> None:
    """Put the live store right, which its opening does unless it says something false, and publish it instead of a bad
    generation."""
    try:
        with GraphStore(_live(house), house.generations, Projection(house.mapping)) as store:
            if is_false:
                store.rebuild(ledger)
                return
            store.catch_up(ledger)
            if bad:
                store.publish(keep=1)
    except StoreBusy:
        if bad:
            house.generations.remove(bad)


def ledger_faults(ledger: Ledger) -> Iterator[str]:
    """What is wrong in the ledger, a sentence each."""
    for (said,) in ledger.connection.execute("PRAGMA integrity_check"):
        if said != "ok":
            yield f"the ledger's file is damaged: {said}"
    for table, row, parent, _ in ledger.connection.execute("PRAGMA foreign_key_check"):
        yield f"the ledger's {table} {row} refers to a {parent} that is not there"
    events, head = ledger.connection.execute("SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM event").fetchone()
    if events != head:
        yield f"the ledger has {events} events, but the newest is number {head}"
    redacted = {digest for (digest,) in ledger.connection.execute("SELECT digest FROM redacted")}
    for record, digest, body_digest, text in ledger.connection.execute(
        "SELECT record, digest, body_digest, text FROM document"
    ):
        try:
            whole = document(json.loads(text), text)
        except (ValueError, ClearingHouseError):
            yield f"record {record}: the text of document {digest:.12} cannot be read"
            continue
        if whole.body_digest != body_digest or not (whole.digest == digest or whole.digest in redacted):
            yield f"record {record}: the text of document {digest:.12} is not what was received"


def graph_faults(house: House, ledger: Ledger, generation: Generation) -> Iterator[str]:
    """Where a generation differs from what the ledger says, a sentence each.

    Records that the ledger has learned of since are left out.
    """
    path = house.generations.path(generation)
    yield from (damage := _damage(house, generation, {}))
    if any("missing" in fault for fault in damage):
        return
    try:
        yield from _graph_faults(house, ledger, generation, path)
    except (RuntimeError, OSError) as error:  # how pyoxigraph reports corruption
        yield f"generation {generation.name} cannot be read: {error}"


def _graph_faults(house: House, ledger: Ledger, generation: Generation, path: Path) -> Iterator[str]:
    store = ox.Store.read_only(str(path / OXIGRAPH))
    marks = [quad.object for quad in store.quads_for_pattern(META, APPLIED, None, META)]
    if [getattr(mark, "value", "") for mark in marks] != ([str(generation.sequence)] if generation.sequence else []):
        yield f"generation {generation.name} does not say that it has applied {generation.sequence}"
    known = {record for (record,) in ledger.connection.execute("SELECT DISTINCT record FROM document")}
    since = {record for _, record in ledger.touched(generation.sequence)}
    iris, mapping = house.mapping.iris, present(house.mapping, ledger, generation.sequence)
    strangers = {str(name) for name in store.named_graphs()} - {str(iris.record(record)) for record in known}
    strangers -= {str(name) for name in (META, ontology.GRAPH, ox.NamedNode(f"{iris.base}id/thesaurus"))}
    for name in sorted(strangers):
        yield f"the graph {name} is of no record of the ledger"
    for graph in _vocabulary_faults(mapping, store):
        yield f"the graph {graph} is not that of this version; rebuild"
    projection = Projection(mapping)
    for records in _chunks(sorted(known - since)):
        expected = ox.Store()
        expected.load(b"".join(projection.graphs(list(ledger.histories(records).values()))), ox.RdfFormat.N_QUADS)
        for record in records:
            graph = iris.record(record)
            here, there = (set(one.quads_for_pattern(None, None, None, graph)) for one in (store, expected))
            if here != there:
                yield f"record {record}: {len(here - there)} statements too many, {len(there - here)} missing"


def _vocabulary_faults(mapping: Mapping, store: ox.Store) -> Iterator[ox.NamedNode]:
    base = mapping.iris.base
    name = ox.NamedNode(f"{base}id/thesaurus")
    expected = {ontology.GRAPH: ontology.load(base), name: mapping.thesaurus.graph(name)}
    for name, triples in expected.items():
        made = ox.Store()
        made.extend(ox.Quad(triple.subject, triple.predicate, triple.object, name) for triple in triples)
        if set(made) != set(store.quads_for_pattern(None, None, None, name)):
            yield name


def _chunks(records: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(records)
    while chunk := list(islice(rest, TOGETHER)):
        yield chunk
