"""The house: what works on one data directory, put together as the settings say."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import pyoxigraph as ox

from endpoint import dumps, tagging_models
from endpoint.generations import Generation, Generations
from endpoint.remote import Address, RemoteStore, published
from endpoint.search import folder as search_folder
from endpoint.settings import Settings
from endpoint.store import GraphStore, Progress, Writer, silent
from loaders import door
from loaders.editing import present
from loaders.gate import Gate, Outcome
from loaders.judgement import Judge, Policy
from loaders.ledger import Entry, Ledger
from loaders.mapping import Mapping
from loaders.projection import Made, Projection
from loaders.sources import Item
from loaders.tagging import Tagging
from ontology.errors import IdentifierError, LedgerError, StoreBusy, StoreError
from ontology.identifiers import Iris
from thesaurus.vocabulary import Thesaurus

LEDGER = "ledger.sqlite"
APPLIED_TOGETHER = 1500
"""Documents of a load that the live store may be behind: applying more at once costs it less."""
READERS_LEAVE = 15.0
"""Seconds in which a server takes over a new generation and lets go of the old ones."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class House:
    """Everything that works on one data directory."""

    settings: Settings
    mapping: Mapping

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The house that the settings describe, with the thesaurus as its ledger tells it."""
        house = cls(settings, Mapping(Iris(settings.base_iri), Thesaurus.load(settings.base_iri)))
        if not (settings.data_dir / LEDGER).is_file():
            return house
        with house.ledger_to_read() as ledger:
            return cls(settings, present(house.mapping, ledger))

    @property
    def generations(self) -> Generations:
        """The published states of the graph."""
        return Generations(self.settings.generations_dir)

    def ledger(self) -> Ledger:
        """The ledger of the data directory."""
        return self.ledger_of(self.settings)

    @staticmethod
    def ledger_of(settings: Settings) -> Ledger:
        """The ledger of the data directory that settings name."""
        return Ledger(settings.data_dir / LEDGER)

    def ledger_to_read(self) -> Ledger:
        """The ledger, opened so that nothing is written unless a crash has left it to be mended."""
        path = self.settings.data_dir / LEDGER
        try:
            return Ledger(path, to_read=path.is_file())
        except LedgerError:
            return Ledger(path)

    def existing_ledger(self) -> Ledger:
        """The ledger, for a reader: LedgerError where there is none yet."""
        if not (self.settings.data_dir / LEDGER).is_file():
            raise LedgerError(f"there are no records in {self.settings.data_dir} yet; `clearinghouse load` enters some")
        return self.ledger()

    @property
    def remote(self) -> Address | None:
        """The remote store that keeps the graph, None where the data directory does."""
        return Address.of(self.settings.store.get_secret_value()) if self.settings.store else None

    def newest(self) -> Generation | None:
        """The state of the graph that was published last, None before the first time."""
        return published(self.remote) if self.remote else self.generations.newest()

    def store(self) -> Writer:
        """The graph store of the data directory; StoreError while another process has it."""
        if self.remote:
            return RemoteStore(self.settings.data_dir, self.remote, Projection(self.mapping))
        return GraphStore(self.settings.data_dir / "store", self.generations, Projection(self.mapping))

    def gate(self, ledger: Ledger, *, agent: str, submitted: bool = False, strict: bool = False) -> Gate:
        """The gate to a ledger; `agent` is who enters records through it."""
        refuse = self.settings.refuse_submitted if submitted else self.settings.refuse_harvested
        policy = Policy(frozenset(refuse), strict, self.settings.publish_personal_contacts)
        return Gate(ledger, Judge(self.mapping, ledger.schema_of), policy, agent=agent)


def load(gate: Gate, store: Writer, items: Iterable[Item]) -> Iterator[Outcome]:
    """Load items: what an outcome says is in the ledger, durably; the live store follows, and `finish` publishes it."""
    store.catch_up(gate.ledger)  # StoreError, before anything is entered, where the ledger is not the store's
    made: dict[str, Made] = {}
    for outcome in gate.outcomes(items):
        made |= outcome.made
        if len(made) >= APPLIED_TOGETHER:
            store.catch_up(gate.ledger, made=made)
            made = {}
        yield outcome
    store.catch_up(gate.ledger, made=made)


def finish(gate: Gate, store: Writer, progress: Progress = silent) -> None:
    """Judge again what waited for others and what is tagged with replaced concepts, take out what later revisions
    withhold, and publish the graph."""
    newest = store.newest()
    gate.retag(newest.sequence if newest else 0)
    gate.settle()
    _redact(gate)
    publish(gate.ledger, store, progress)


def _redact(gate: Gate) -> None:
    """Take what later revisions withhold out of the earlier ones, and out of what was suggested from them."""
    gate.redact()
    Tagging(gate.ledger, gate.judge.mapping, gate.judge).settle()


def go_on(house: House) -> bool:
    """Finish what a load that was cut off has left; False where the graph stays behind the ledger, because a load is
    running or there is no room for more. What must not be read any longer is not left in it: then the error is raised.
    """
    with house.ledger_to_read() as ledger:
        newest = house.newest()
        is_published = newest is not None and newest.sequence == ledger.head()
        if is_published and not ledger.graph_is_stale() and not ledger.unredacted():
            return True
    with house.ledger() as ledger:
        try:
            with house.store() as store:
                finish(house.gate(ledger, agent="resumption"), store)
        except StoreBusy:
            return False
        except (OSError, LedgerError, StoreError) as error:
            if newest is None or ledger.graph_is_stale() or ledger.unredacted():
                raise
            _log.error("the graph stays at generation %s: %s", newest.name, error)
            return False
    return True


def publish(ledger: Ledger, store: Writer, progress: Progress = silent) -> None:
    """Bring the graph up to the ledger, from its beginning where its files may hold redacted text, and publish it."""
    if ledger.graph_is_stale():
        _renew(ledger, store, progress)
    else:
        store.catch_up(ledger, progress)
        store.publish()


def _renew(ledger: Ledger, store: Writer, progress: Progress) -> None:
    """Write the ledger, the store and the one generation anew and remove the dumps and search indexes, so that redacted
    text is in no file any more.

    StoreError while a reader keeps an older generation; then all this is done again at the next occasion.
    """
    redacted = ledger.graph_is_stale()
    if redacted:
        ledger.vacuum()
        tagging_models.withdraw(ledger)
    dumps.withdraw(ledger)
    search_folder.withdraw(ledger)
    newest = store.rebuild(ledger, progress)
    until = time.monotonic() + READERS_LEAVE
    while redacted and (older := store.superseded()):
        if time.monotonic() > until:
            raise StoreError(
                f"generation {older[0].name} holds what was redacted, and a reader holds it; end the reader, load again"
            )
        search_folder.withdraw(ledger, but=newest)  # which ends a process that makes one of what is to go
        time.sleep(0.2)
    dumps.withdraw(ledger, but=newest)  # one that was being made, and was cut off as soon as it had its name
    search_folder.withdraw(ledger, but=newest)
    ledger.graph_is_renewed()


def rebuild(gate: Gate, store: Writer, progress: Progress = silent) -> None:
    """Judge every document of the ledger again and build the graph anew."""
    gate.follow_thesaurus()
    for _ in gate.retry(gate.ledger.everything()):
        progress(1)
    gate.settle()
    _redact(gate)
    _renew(gate.ledger, store, progress)


def readable(ledger: Ledger, guid: str) -> list[Entry]:
    """The history of a record without what a later revision withholds, also as long as a load has not taken it out."""
    history, redactions = ledger.history(guid), ledger.redactions()  # in this order: what is withheld since counts
    if guid not in redactions:
        return history
    documents = [door.admitted(entry.text, redactions, publish_contacts=True)[0] for entry in history]
    return [replace(entry, text=one.text, parsed=one) for entry, one in zip(history, documents, strict=True)]


def revision(house: House, ledger: Ledger, identifier: str, number: int) -> list[ox.Quad]:
    """The graph of a record as it was when a revision was its current one; what is redacted since is left out."""
    history = readable(ledger, ledger.guid(identifier, house.mapping.iris))
    if number not in {entry.revision for entry in history}:
        known = ", ".join(sorted({str(entry.revision) for entry in history}))
        raise IdentifierError(f"{identifier} has no revision {number}; known are: {known or 'none'}")
    [data] = Projection(house.mapping).graphs([[entry for entry in history if entry.revision <= number]])
    if not data:
        raise IdentifierError(f"revision {number} of {identifier} was never published")
    spelled_as_published = ox.Store()
    spelled_as_published.load(data, format=ox.RdfFormat.N_QUADS)
    return list(spelled_as_published)
