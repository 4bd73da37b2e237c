"""The time of day by a clock that no correction moves: the system's may be set while a run goes on.

Durations, seconds and the rates made of them come from here. What another machine compares with its own clock (a
signature's date, an authenticator's code, a cookie's expiry) needs the system's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

STEP_S: Final = 1.0
"""The system's clock has been set when it moved by this much against the monotonic one; NTP's slewing moves both."""


class SteadyClock:
    """Seconds since the epoch: the system's clock as it was when this one was set by it, and monotonic from there.

    Args:
        wall: The system's clock, in seconds since the epoch.
        monotonic: One that nothing can set, in seconds.
    """

    __slots__ = ("_monotonic", "_wall", "offset_s")

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self.offset_s = wall() - monotonic()
        """What to add to `time.monotonic()` where a call is too dear."""

    def now_s(self) -> float:
        """The time, in seconds since the epoch."""
        return self._monotonic() + self.offset_s

    def set_by_system(self) -> None:
        """Follow the system's clock from where it is now: between runs, when nothing is measured."""
        self.offset_s = self._wall() - self._monotonic()

    def system_is_ahead_s(self) -> float:
        """How far the system's clock has been set forward since then, in seconds; back: negative."""
        return self._wall() - self.now_s()


STEADY: Final = SteadyClock()
"""The one of this process's run."""


class StepWatch:
    """Sees when the system's clock is set, if it is asked now and then.

    Args:
        clock: Which nothing sets meanwhile.
    """

    def __init__(self, clock: SteadyClock) -> None:
        self._clock = clock
        self._ahead_s = clock.system_is_ahead_s()

    def step_s(self) -> float:
        """By how many seconds the system's clock was set since the last look; back: negative; 0.0 when it was not."""
        ahead_s = self._clock.system_is_ahead_s()
        step_s = ahead_s - self._ahead_s
        if abs(step_s) < STEP_S:
            return 0.0
        self._ahead_s = ahead_s
        return step_s


def sentence(process: str, step_s: float) -> str:
    """What has happened, without a full stop."""
    return f"the clock of {process} was set {'forward' if step_s > 0 else 'back'} by {abs(step_s):,.0f} s"
