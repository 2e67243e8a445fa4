"""Beside the workers: has what is derived from each generation made once, by a process of its own, and keeps it.

Statistics and the search index are such: files or directories named after their generation.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Self, TypeVar

from endpoint import processes, statistics
from endpoint.generations import Generation, Generations
from endpoint.statistics import Statistics

_INTERVAL = 0.5  # seconds between looks for a newer generation
_RETRY = 60.0  # seconds before what failed is begun again

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Making(Generic[T]):
    """How something is made of a generation.

    `module` is run as `python -m module GENERATIONS_DIR NAME OUTPUT`, with `more` behind; the output has the name of
    the generation and `suffix`. `read` gives what an output holds, None where it does not hold that of the generation
    in a directory whole. What `goes_on` is made to its end although a newer generation has appeared, since it takes so
    long that newer ones might always come before; its process writes in a directory `.NAME.PID` beside its output, and
    is ended when that is taken away.
    """

    what: str
    module: str
    read: Callable[[Path, Path], T | None]
    suffix: str = ""
    more: Sequence[str] = ()
    goes_on: bool = False


class Keeper(Generic[T]):
    """What is made of the generation that `current` names, an asynchronous context manager.

    A process at work holds its generation, so it is ended when a newer one appears, or when what it writes is taken
    away: what must go can go.
    """

    def __init__(
        self,
        making: Making[T],
        generations: Generations,
        directory: Path,
        current: Callable[[], Generation | None],
    ) -> None:
        self.directory = directory
        self._making, self._generations, self._current = making, generations, current
        self._known: dict[Generation, T] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def of(self, generation: Generation | None) -> T | None:
        """What was made of exactly this generation, None while it is not there."""
        return self._known.get(generation) if generation is not None else None

    def newest(self) -> T | None:
        """What was made of the newest generation of which anything is there, and which is there itself."""
        there = set(self._generations.all()) if self._known else set()
        return self._known[max(known)] if (known := self._known.keys() & there) else None

    async def _keep(self) -> None:
        failed: Generation | None = None
        retry_at = 0.0
        while True:
            generation, now = self._current(), asyncio.get_running_loop().time()
            if generation is not None and generation not in self._known and (generation != failed or now >= retry_at):
                await self._remember()
                found = await self._found_or_logged(generation)
                if found is not None:
                    self._known[generation] = found
                elif self._current() == generation:
                    failed, retry_at = generation, now + _RETRY
                self._forget()
            await asyncio.sleep(_INTERVAL)

    async def _remember(self) -> None:
        """Have at hand, until the new one is made, what was made of an earlier generation."""
        for generation in self._generations.all():
            if not self._known and self._output(generation).exists():
                found = await self._read(generation)
                if found is not None:
                    self._known[generation] = found

    async def _found_or_logged(self, generation: Generation) -> T | None:
        try:
            return await self._found(generation)
        except OSError:
            _log.exception("the %s of generation %s cannot be made", self._making.what, generation.name)
            return None

    async def _found(self, generation: Generation) -> T | None:
        """What the output holds, which is made if need be."""
        if (found := await self._read(generation)) is not None:
            return found
        await self._make(generation)
        return await self._read(generation)

    async def _read(self, generation: Generation) -> T | None:
        return await asyncio.to_thread(self._making.read, self._output(generation), self._generations.path(generation))

    def _output(self, generation: Generation) -> Path:
        return self.directory / f"{generation.name}{self._making.suffix}"

    async def _make(self, generation: Generation) -> None:
        """Run the process to its end, or until what it makes is no longer wanted."""
        arguments = (self._generations.directory, generation.name, self._output(generation))
        async with processes.running(self._making.module, *arguments, *self._making.more) as process:
            while process.returncode is None and self._is_wanted(generation, process.pid):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_INTERVAL):
                        await process.wait()
            if process.returncode:
                code, what = process.returncode, self._making.what
                _log.warning("making the %s of generation %s ended with code %d", what, generation.name, code)

    def _is_wanted(self, generation: Generation, pid: int) -> bool:
        if self._current() == generation:
            return True
        return self._making.goes_on and (self.directory / f".{generation.name}.{pid}").exists()

    def _forget(self) -> None:
        """Drop what was made of generations that are gone, its outputs too, and what ended processes have left."""
        there = set(self._generations.all())
        self._known = {generation: known for generation, known in self._known.items() if generation in there}
        wanted = {self._output(generation) for generation in there}
        for entry in list(self.directory.iterdir()) if self.directory.is_dir() else []:
            if entry not in wanted:
                removed(entry)


class StatisticsKeeper(Keeper[Statistics]):
    """The statistics of each generation."""

    def __init__(self, generations: Generations, directory: Path, current: Callable[[], Generation | None]) -> None:
        making = Making("statistics", "endpoint.statistics", statistics.read, suffix=".json")
        super().__init__(making, generations, directory, current)


def removed(entry: Path) -> None:
    """Remove a file or a directory, which somebody else may be doing too."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)
