"""Beside the pages: asks, once for each generation, what every reader of the first pages would otherwise wait for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable

from endpoint.asking import Asking, Question
from endpoint.generations import Generation
from ontology.errors import ClearingHouseError

_INTERVAL = 1.0  # seconds between looks for a newer generation

Questions = Callable[[], Iterable[Question]]
Current = Callable[[], Generation | None]


@contextlib.asynccontextmanager
async def standing_questions(asking: Asking, questions: Questions, current: Current) -> AsyncIterator[None]:
    """While this is open, the answers to `questions` are asked for, one at a time, in the generation that `current`
    names. What cannot be answered is left for the first reader, who is told why."""
    task = asyncio.create_task(_follow(asking, questions, current))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow(asking: Asking, questions: Questions, current: Current) -> None:
    asked: Generation | None = None
    while True:
        generation = current()
        if generation not in (None, asked):
            asked = generation
            for question in questions():
                if current() != generation:
                    break
                with contextlib.suppress(ClearingHouseError):
                    await asking.rows(question)
        await asyncio.sleep(_INTERVAL)
