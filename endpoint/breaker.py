"""Between the partners' client and a partner: whether it is called at all, after failures in a row."""

from typing import Literal

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Leaves a partner alone for `pause` seconds after `failures` failures in a row; times are seconds of any clock."""

    def __init__(self, failures: int, pause: float) -> None:
        self._limit, self._pause = failures, pause
        self._failures = 0
        self._opened: float | None = None
        self._probing = False

    def state(self, now: float) -> State:
        """Closed lets calls through, open does not, half-open lets one through."""
        if self._opened is None:
            return "closed"
        return "open" if now < self._opened + self._pause else "half-open"

    def admit(self, now: float) -> bool:
        """Whether a call may be made now; each one that may is to end in one of `succeed`, `fail` and `forget`."""
        state = self.state(now)
        if state == "half-open" and not self._probing:
            self._probing = True
            return True
        return state == "closed"

    def succeed(self) -> None:
        """The partner answered."""
        self._failures, self._opened, self._probing = 0, None, False

    def fail(self, now: float) -> None:
        """The partner did not answer as it should."""
        self._failures += 1
        if self._probing or (self._opened is None and self._failures >= self._limit):
            self._opened = now
        self._probing = False

    def forget(self) -> None:
        """The call was given up, so it tells nothing."""
        self._probing = False
