"""Beside the workers: has each generation counted once, by a process of its own, and keeps the figures at hand."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

from endpoint.generations import Generation, Generations
from endpoint.statistics import Statistics, read

_INTERVAL = 0.5  # seconds between looks for a newer generation
_RETRY = 60.0  # seconds before a count that failed is begun again

_log = logging.getLogger(__name__)


class StatisticsKeeper:
    """The statistics of the generation that `current` names, an asynchronous context manager.

    A process that counts holds its generation, so it is ended when a newer one appears: what must go can go.
    """

    def __init__(self, generations: Generations, directory: Path, current: Callable[[], Generation | None]) -> None:
        self.directory = directory
        self._generations, self._current = generations, current
        self._known: dict[Generation, Statistics] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def of(self, generation: Generation | None) -> Statistics | None:
        """The statistics of exactly this generation, None while they are not there."""
        return self._known.get(generation) if generation is not None else None

    async def _keep(self) -> None:
        failed: Generation | None = None
        retry_at = 0.0
        while True:
            generation, now = self._current(), asyncio.get_running_loop().time()
            if generation is not None and generation not in self._known and (generation != failed or now >= retry_at):
                found = await self._found_or_logged(generation)
                if found is not None:
                    self._known[generation] = found
                    self._forget()
                elif self._current() == generation:
                    failed, retry_at = generation, now + _RETRY
            await asyncio.sleep(_INTERVAL)

    async def _found_or_logged(self, generation: Generation) -> Statistics | None:
        try:
            return await self._found(generation)
        except OSError:
            _log.exception("generation %s cannot be counted", generation.name)
            return None

    async def _found(self, generation: Generation) -> Statistics | None:
        """The statistics from their file, which is made if need be."""
        file, path = self.directory / f"{generation.name}.json", self._generations.path(generation)
        if (found := read(file, path)) is not None:
            return found
        await self._count(generation, file)
        return read(file, path)

    async def _count(self, generation: Generation, file: Path) -> None:
        """Run the counting process to its end, or until its generation is no longer the present one."""
        arguments = (str(self._generations.directory), generation.name, str(file))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "endpoint.statistics", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # an interrupt from the terminal is for the server alone
        )
        try:
            while process.returncode is None and self._current() == generation:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_INTERVAL):
                        await process.wait()
            if process.returncode:
                _log.warning("counting generation %s ended with code %d", generation.name, process.returncode)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _forget(self) -> None:
        """Drop the statistics, and their files, of generations that are gone."""
        there = set(self._generations.all())
        self._known = {generation: known for generation, known in self._known.items() if generation in there}
        for file in self.directory.iterdir():
            if file.suffix != ".json" or Generation.named(file.stem) not in there:
                file.unlink(missing_ok=True)
