"""The judge process: maps and validates a batch beside the process that admits and enters documents.

It is given documents and gives rulings, in order, so it knows of every record of the load that it has accepted; of
older ones it asks the ledger. It ends with the process that started it.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from loaders.documents import Document
from loaders.editing import Editing
from loaders.judgement import Judge, Policy, Ruling
from loaders.ledger import Ledger
from loaders.mapping import Cleaned, Mapping
from ontology.errors import ClearingHouseError
from ontology.identifiers import Iris
from thesaurus.vocabulary import Thesaurus


class JudgeProcess:
    """A judge in a process of its own, with a version of the thesaurus, which takes the next batches in while it judges
    one."""

    def __init__(self, base: str, ledger: Path, thesaurus: int, policy: Policy) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._connection, theirs = spawning.Pipe()
        self._process = spawning.Process(target=_serve, args=(theirs, base, ledger, thesaurus, policy), daemon=True)
        _start_without_interrupts(self._process)
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.join()

    def send(self, documents: Sequence[Document | Cleaned]) -> None:
        """Give it a batch to judge."""
        try:
            self._connection.send([_without_text(one) for one in documents])
        except OSError as error:
            raise self._ended() from error

    def is_ready(self) -> bool:
        """Whether the rulings on a batch can be received without waiting."""
        return self._connection.poll()

    def receive(self) -> list[Ruling]:
        """The rulings on the batch; raises what judging it raised there."""
        try:
            answer: list[Ruling] | ClearingHouseError = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._ended() from error
        if isinstance(answer, ClearingHouseError):
            raise answer
        return answer

    def _ended(self) -> ClearingHouseError:
        self._process.join(1.0)
        return ClearingHouseError(f"the judging process ended with code {self._process.exitcode}; load again to go on")


def _without_text(one: Document | Cleaned) -> Document | Cleaned:
    """Without the text it was read from, which only the ledger wants."""
    if isinstance(one, Cleaned):
        return replace(one, document=replace(one.document, text=""))
    return replace(one, text="")


def _start_without_interrupts(process: BaseProcess) -> None:
    """Start a process that an interrupt from the terminal does not reach, not even while it starts."""
    resource_tracker.ensure_running()  # here, since starting it lets interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, base: str, path: Path, thesaurus: int, policy: Policy) -> None:
    """Judge batches until the other side closes the connection or ends."""
    with suppress(EOFError, OSError):  # it has gone
        _judge(connection, base, path, thesaurus, policy)


def _take_in(connection: Connection, batches: SimpleQueue[list[Document | Cleaned] | None]) -> None:
    """Put batches in the queue as they come, and None at their end."""
    with suppress(EOFError, OSError):
        while True:
            batches.put(connection.recv())
    batches.put(None)


@contextmanager
def collecting_by_hand() -> Iterator[Callable[[], object]]:
    """Let the garbage collector run only when the function given is called, once a batch: a load makes many objects
    that last a batch, and hardly any cycles. What is there already, contexts, shapes and terms, is looked at no more.

    Saves about a tenth of the time.
    """
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.enable()
        gc.unfreeze()


def _judge(connection: Connection, base: str, path: Path, thesaurus: int, policy: Policy) -> None:
    batches: SimpleQueue[list[Document | Cleaned] | None] = SimpleQueue()
    threading.Thread(target=_take_in, args=(connection, batches), daemon=True).start()
    ledger = Ledger(path)
    iris = Iris(base)
    known = Thesaurus(Editing(ledger, iris).statements(thesaurus), thesaurus)
    judge = Judge(Mapping(iris, known), ledger.schema_of)
    with collecting_by_hand() as collect:
        while (documents := batches.get()) is not None:
            try:
                connection.send(judge.rulings(documents, policy))
            except ClearingHouseError as error:
                connection.send(error)
                return
            del documents
            collect()
