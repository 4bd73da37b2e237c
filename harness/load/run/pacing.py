"""When a login may start: arithmetic, no clock and no sleep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, inf, log, sqrt

from harness.settings.rates import Stage


class LoginCap:
    """Keeps logins below a rate, evenly spaced.

    The user pool's quota is shared with everything else in the account and region, production included.

    Args:
        rate_per_s: Logins per second for this process; 0 for no cap.
    """

    def __init__(self, rate_per_s: float) -> None:
        self._gap_s = 1.0 / rate_per_s if rate_per_s > 0 else 0.0
        self._next_s = 0.0
        self.is_open = not self._gap_s
        """Whether there is no cap."""

    @classmethod
    def share(cls, rate_per_s: float, processes: int) -> LoginCap:
        """One of `processes` equal parts of a rate."""
        return cls(rate_per_s / max(1, processes))

    def reserve(self, now_s: float) -> float:
        """Take the next place in the row; returns how many seconds to wait for it."""
        if not self._gap_s:
            return 0.0
        start_s = max(now_s, self._next_s)
        self._next_s = start_s + self._gap_s
        return start_s - now_s


class Pacer:
    """When the arrivals of an open load are due: arithmetic, no clock and no sleep.

    Arrivals do not wait for answers. `parts` processes share them: constant arrivals are dealt out in turn, so that all
    together are as even as one would be; of Poisson arrivals each part draws its own, which together are Poisson again.

    Args:
        stages: How the rate of all parts together goes.
        part: Which of the parts this is, from 0.
        parts: How many there are.
        draw: A number from 0 to 1, below 1; None for arrivals that are evenly spaced.
    """

    def __init__(
        self, stages: Sequence[Stage], *, part: int = 0, parts: int = 1, draw: Callable[[], float] | None = None
    ) -> None:
        self._stages = stages
        self._parts = parts
        self._draw = draw
        self._next = float(part) if draw is None else parts * _exponential(draw)
        """Which of all arrivals is next here, by their number; between two for Poisson arrivals."""
        self.next_s = _reached_s(stages, self._next)
        """When the next arrival is due, in seconds since the load began; infinity: there is none any more."""

    def skip(self, elapsed_s: float) -> None:
        """Begin so late: what was due before has been somebody else's, or nobody's."""
        begun = _arrived(self._stages, elapsed_s)
        if self._draw is not None:
            self._next += begun
        elif begun > self._next:
            self._next += ceil((begun - self._next) / self._parts) * self._parts
        self.next_s = _reached_s(self._stages, self._next)

    def due(self, elapsed_s: float) -> list[float]:
        """The arrivals that are due by now, by the time when each should start; each is handed out once."""
        found = []
        while self.next_s <= elapsed_s:
            found.append(self.next_s)
            self._next += self._parts if self._draw is None else self._parts * _exponential(self._draw)
            self.next_s = _reached_s(self._stages, self._next)
        return found


def _exponential(draw: Callable[[], float]) -> float:
    return -log(1.0 - draw())


def _arrived(stages: Sequence[Stage], elapsed_s: float) -> float:
    """How many arrivals have come by then: the rate's integral."""
    arrived = start_rate = 0.0
    left_s = elapsed_s
    for target, duration_s in stages:
        if left_s < duration_s:
            return arrived + (start_rate + (target - start_rate) * left_s / duration_s / 2) * left_s
        arrived += (start_rate + target) / 2 * duration_s
        left_s -= duration_s
        start_rate = target
    return arrived + start_rate * left_s


def _reached_s(stages: Sequence[Stage], number: float) -> float:
    """When so many arrivals have come, in seconds since the start: the inverse of the rate's integral."""
    start_s = start_rate = 0.0
    left = number
    for target, duration_s in stages:
        arrivals = (start_rate + target) / 2 * duration_s
        if left < arrivals:
            return start_s + _within(start_rate, (target - start_rate) / duration_s, left)
        left -= arrivals
        start_s, start_rate = start_s + duration_s, target
    return start_s + left / start_rate if start_rate > 0 else inf


def _within(rate: float, growth: float, arrivals: float) -> float:
    """Seconds until so many arrivals have come, from this rate on, which grows by so much each second."""
    reached = sqrt(max(rate * rate + 2 * growth * arrivals, 0.0))
    return 2 * arrivals / (rate + reached) if arrivals else 0.0
