"""Tagging beside the server: one process that holds the tagger, another that makes a new one when it is time.

Neither is started before somebody asks. A request that takes too long ends its process; the next one gets a fresh one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any, Self

from endpoint import processes
from endpoint.settings import Settings
from endpoint.tagging_models import Model, Models, ledger_of
from endpoint.worker import QUERY
from endpoint.workers import Channel
from loaders.tagging import Candidate, Evidence
from loaders.texts import FieldText
from ontology.errors import (
    ClearingHouseError,
    DocumentError,
    DocumentTooLarge,
    QueryTimeout,
    QueryTooLarge,
    StoreError,
    WorkersBusy,
)
from ontology.identifiers import Iris
from thesaurus.tagging.documents import TextDocument

Json = dict[str, Any]

LOOK = 2.0
"""Seconds between looks at whether a new tagger is due."""
START = 300.0
"""Seconds for a process to load a tagger."""
WAIT = 30.0
"""Seconds that a request waits for the first tagger to be made."""
QUEUE = 16
"""Requests that may wait for the one process."""
MAKING_NICENESS = 10
_THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")

_log = logging.getLogger(__name__)


class TaggingProcess:
    """The process that holds one tagger."""

    def __init__(self, model: Model, process: asyncio.subprocess.Process, channel: Channel) -> None:
        self.model = model
        self.pid = process.pid
        self._process, self._channel = process, channel

    @classmethod
    async def start(cls, model: Model, settings: Settings) -> Self:
        """Start it and wait until it has loaded the tagger; StoreError where it does not."""
        async with Channel.opened() as (channel, descriptor):
            given = (descriptor, model.tagger, settings.tagging_memory)
            environment = settings.environment(**_THREADS)
            process = await processes.started(
                "endpoint.tagging_worker", *given, keep=(descriptor,), environment=environment
            )
        started = cls(model, process, channel)
        try:
            async with asyncio.timeout(START):
                await channel.arrival()
        except BaseException as error:
            await started.stop()
            if isinstance(error, EOFError | TimeoutError):
                raise StoreError(f"no process could load tagger {model.about.version}") from error
            raise
        channel.arrived()
        return started

    @property
    def is_usable(self) -> bool:
        """Whether it may be asked."""
        return self._process.returncode is None and not self._channel.is_closed

    async def answer(self, request: Json, file: bytes) -> Json:
        """The answer to a request. EOFError when the process ends before."""
        self._channel.send(QUERY, json.dumps(request).encode() + b"\n" + file)
        await self._channel.arrival()
        arrived = self._channel.arrived()
        return json.loads(arrived[1]) if arrived else {}

    async def stop(self) -> None:
        """Kill the process and wait until it is gone."""
        self._channel.close()
        await processes.killed(self._process)


class TaggingService:
    """What tags texts and documents, an asynchronous context manager."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models = Models(settings.data_dir)
        self._process: TaggingProcess | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._wanted, self._there = asyncio.Event(), asyncio.Event()
        self._head = -1  # of the ledger when it was last looked at
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._replace(None)

    @property
    def model(self) -> Model | None:
        """The tagger that answers now, None before there is one."""
        return self._process.model if self._process else None

    # What it is asked

    async def suggestions(
        self, texts: Iterable[FieldText], limit: int = 10, schemes: Collection[str] | None = None
    ) -> tuple[str, list[Candidate]]:
        """What is suggested for some texts, of the schemes with these IRIs, and the version of the tagger that does."""
        request = {
            "is_file": False,
            "texts": [asdict(one) for one in texts],
            "limit": limit,
            "schemes": None if schemes is None else sorted(schemes),
        }
        version, told = await self._asked(request)
        found = [
            Candidate(one["concept"], one["score"], tuple(Evidence(**place) for place in one["evidence"]))
            for one in told["candidates"]
        ]
        return version, found

    async def text(self, file: bytes, name: str, media_type: str) -> TextDocument:
        """The text of a document. DocumentError where it cannot be read."""
        _, told = await self._asked({"is_file": True, "name": name, "media_type": media_type}, file)
        return TextDocument(**told)

    async def _asked(self, request: Json, file: bytes = b"") -> tuple[str, Json]:
        """The version of the tagger and the answer to a request, in its turn."""
        if self._waiting >= QUEUE:
            raise WorkersBusy("too many texts wait to be tagged; try again in a moment")
        self._waiting += 1
        try:
            await self._become_ready()
            async with self._turn:
                return await self._answer(request, file)
        finally:
            self._waiting -= 1

    async def _become_ready(self) -> None:
        self._wanted.set()
        try:
            async with asyncio.timeout(WAIT):
                await self._there.wait()
        except TimeoutError:
            raise WorkersBusy("the tagger is being made; try again in a moment") from None

    async def _answer(self, request: Json, file: bytes) -> tuple[str, Json]:
        process = self._process
        if process is None or not process.is_usable:
            newest = self.models.newest()
            if newest is None:
                raise WorkersBusy("the tagger is being made; try again in a moment")
            process = self._process = await TaggingProcess.start(newest, self.settings)
        is_answered = False
        try:
            async with asyncio.timeout(self.settings.tagging_timeout):
                told = await process.answer(request, file)
            is_answered = True
        except TimeoutError:
            raise QueryTimeout(f"tagging took more than {self.settings.tagging_timeout:g} seconds") from None
        except EOFError:
            raise QueryTooLarge("tagging took more memory than it may") from None
        finally:
            if not is_answered:  # also when the client is gone: what it is doing is of no use any more
                await process.stop()
        _raise_told(told)
        return process.model.about.version, told

    # How it stays up to date

    async def _keep(self) -> None:
        await self._wanted.wait()
        while True:
            try:
                await self._follow()
            except (ClearingHouseError, OSError):
                _log.exception("the tagger cannot be renewed")
            await asyncio.sleep(LOOK)

    async def _follow(self) -> None:
        """Have a tagger made if it is time, and let the newest answer; the one there is does so meanwhile."""
        if self._process and await asyncio.to_thread(self.models.newest) is None:
            async with self._turn:
                await self._replace(None)  # what it was made of must not be told any longer
        is_due = await asyncio.to_thread(self._is_due)
        if self._process is None:
            await self._take_newest()
        if is_due:
            await self._make()
        await self._take_newest()

    async def _take_newest(self) -> None:
        newest = await asyncio.to_thread(self.models.newest)
        if newest is None or (self.model and self.model.about == newest.about):
            return
        started = await TaggingProcess.start(newest, self.settings)
        try:
            async with self._turn:
                await self._replace(started)
        except BaseException:
            await started.stop()
            raise
        self._there.set()

    async def _replace(self, process: TaggingProcess | None) -> None:
        if process is None:
            self._there.clear()
        before, self._process = self._process, process
        if before:
            await before.stop()

    def _is_due(self) -> bool:
        with ledger_of(self.settings.data_dir) as ledger:
            head = ledger.head()
            if head == self._head and self.models.newest():
                return False
            due = self.models.is_due(ledger, Iris(self.settings.base_iri), self.settings.tagging_decisions)
        self._head = head
        return due

    async def _make(self) -> None:
        """Run the process that makes a tagger to its end."""
        given = (self.settings.data_dir, self.settings.base_iri)
        environment = self.settings.environment(**_THREADS)
        async with processes.running("endpoint.tagging_training", *given, environment=environment) as process:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PGRP, process.pid, MAKING_NICENESS)
            if code := await process.wait():
                self._head = -1
                _log.warning("making a tagger ended with code %d", code)


def _raise_told(told: Json) -> None:
    """Raise the error that an answer tells of."""
    match told.get("error"):
        case "too-large":
            raise DocumentTooLarge(told["message"])
        case "document":
            raise DocumentError(told["message"])
        case "memory":
            raise QueryTooLarge("tagging took more memory than it may")
