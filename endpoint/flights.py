"""Flights: of those who ask the same at the same time one is answered, and the others find the answer in the cache."""

import asyncio
from collections.abc import Callable, Hashable


class Flight:
    """The answer to one question on its way. As a context manager it gives `land`, and lands at the end."""

    def __init__(self, flights: dict[Hashable, "Flight"], key: Hashable) -> None:
        self._flights, self._key = flights, key
        self._waiting: list[asyncio.Future[None]] = []

    def __enter__(self) -> Callable[[], None]:
        return self.land

    def __exit__(self, *_: object) -> None:
        self.land()

    async def landed(self) -> None:
        """Wait until it has landed."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def land(self) -> None:
        """Nobody waits any longer: the answer is there, or is sent as it comes and its client may read it slowly."""
        if self._flights.get(self._key) is self:
            del self._flights[self._key]
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)


class Flights:
    """What is on its way, by what was asked."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight] = {}

    async def first(self, key: Hashable) -> Flight:
        """A flight of one's own, after that of the one who asked first has landed."""
        if flight := self._flights.get(key):
            await flight.landed()
        own = Flight(self._flights, key)
        self._flights.setdefault(key, own)
        return own
