"""The rate limit: how often one client may ask."""

import time
from collections import OrderedDict

from ontology.errors import TooManyRequests

_CLIENTS = 10_000
_ROUNDING = 1e-6  # seconds by which sums with the clock's reading may be too large


class RateLimiter:
    """So many requests a second for each client, after a burst: the generic cell rate algorithm (ITU-T I.371).

    Of more clients than it can remember those that have not asked for longest are forgotten. A rate of 0 is no limit.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._tolerance = self._interval * burst
        self._due: OrderedDict[str, float] = OrderedDict()  # client → when its burst will be whole again

    def admit(self, client: str) -> None:
        """Count a request. TooManyRequests, with the seconds to wait, for one that comes too early."""
        if not self._interval:
            return
        now = time.monotonic()
        due = max(self._due.get(client, now), now) + self._interval
        if due - now > self._tolerance + _ROUNDING:
            raise TooManyRequests(due - now - self._tolerance, 1 / self._interval)
        self._due[client] = due
        self._due.move_to_end(client)
        if len(self._due) > _CLIENTS:
            self._due.popitem(last=False)
