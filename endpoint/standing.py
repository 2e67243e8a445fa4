"""Beside the pages: asks, once for each generation, what every reader of the first pages would otherwise wait for."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Self

from endpoint.asking import Asking, Question
from endpoint.generations import Generation
from ontology.errors import ClearingHouseError

_INTERVAL = 1.0  # seconds between looks for a newer generation


class StandingQuestions:
    """Has the answers to `questions` kept, one at a time, for the generation that `current` names.

    An asynchronous context manager. What cannot be answered is left for the first reader, who is told why.
    """

    def __init__(
        self, asking: Asking, questions: Callable[[], Iterable[Question]], current: Callable[[], Generation | None]
    ) -> None:
        self._asking, self._questions, self._current = asking, questions, current
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        asked: Generation | None = None
        while True:
            generation = self._current()
            if generation not in (None, asked):
                asked = generation
                await self._ask(generation)
            await asyncio.sleep(_INTERVAL)

    async def _ask(self, generation: Generation | None) -> None:
        for question in self._questions():
            if self._current() != generation:
                return
            with contextlib.suppress(ClearingHouseError):
                await self._asking.rows(question)
