"""The course of one run: when it began, when its users were told to stop, and how many of them there were at most."""

from __future__ import annotations

from collections.abc import Callable

from harness.evidence.figures.metrics import Metrics
from harness.load.supervisor.recorder import Due
from harness.steady import STEADY


class Course:
    """Begins when it is made. Times are of this process's steady clock.

    Args:
        users: How many users there are.
        now_s: The time, in seconds since the epoch.
    """

    def __init__(self, users: Callable[[], int], now_s: Callable[[], float] = STEADY.now_s) -> None:
        self._users = users
        self._now_s = now_s
        self.started_s = now_s()
        """When the run began, in seconds since the epoch."""
        self.stopping_s = 0.0
        """When its users were told to stop, by the same clock; 0.0 while they run."""
        self._spawned_at_s: float | None = None
        self.most_users = 0
        """The most there were so far."""

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return self._now_s() - self.started_s

    @property
    def elapsed_s(self) -> float | None:
        """How long ago the arrivals of an open load began; None when they have not."""
        return None if self._spawned_at_s is None else self._now_s() - self._spawned_at_s

    def spawned(self) -> None:
        """All users are here: the arrivals of an open load begin, unless they have."""
        self.count_users()
        if self._spawned_at_s is None:
            self._spawned_at_s = self._now_s()

    def stopping(self) -> None:
        """The users are told to stop."""
        self.count_users()
        self.stopping_s = self._now_s()

    def counting(self, due: Due) -> Due:
        """As `due`, which is asked once a second, and counts users by the way."""

        def counted(now_s: float) -> list[tuple[int, Metrics]]:
            self.count_users()
            return due(now_s)

        return counted

    def count_users(self) -> None:
        """Look how many there are: a shape or the web UI can change that at any time."""
        self.most_users = max(self.most_users, self._users())
