"""Turns: who waits for a worker or for a place in the slow lane gets it in order, or hears that all are busy."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from ontology.errors import WorkersBusy

T = TypeVar("T")


class Turns(Generic[T]):
    """A queue of limited length. `give_back` takes what was handed to someone who has gone meanwhile."""

    def __init__(self, length: int, what: str, give_back: Callable[[T], None]) -> None:
        self._length, self._what, self._give_back = length, what, give_back
        self._waiting: deque[asyncio.Future[T]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def hand_out(self, thing: T) -> bool:
        """Hand a thing to the first who waits; False when nobody does."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(thing)
                return True
        return False

    async def wait(self, deadline: float) -> T:
        """Wait for one's turn until a time of the loop's clock. WorkersBusy when the queue is full or the time over."""
        if len(self._waiting) >= self._length:
            raise WorkersBusy(f"every {self._what} is taken and the queue is full")
        turn: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout_at(deadline):
                return await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._give_back(turn.result())
            elif turn in self._waiting:
                self._waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise WorkersBusy(f"no {self._what} became free in time") from error
            raise
