"""Keeps the garbage collector from stalling users: a full collection walks all objects that it knows of."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

LONG_S: Final = 0.02
"""A full collection that takes longer has walked many objects that are not garbage."""
FULL: Final = 2
"""The collector's number for a full collection."""


class GcTuning:
    """What stays for the whole run, out of the collector's sight.

    With Locust, botocore and the users file some hundred thousand objects never go away, and with 10,000 users a
    million: one walk over these holds up every user of the process for most of a second, every few seconds. What is
    spared is still freed when nobody refers to it; only what refers to itself waits until the run, or the users, end.

    Args:
        now: Seconds that never go back.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._users = 0
        self._began_s = 0.0

    def before_users(self) -> None:
        """A run begins: whatever the one before has left is collected, all else is spared."""
        self.after_users()
        watchers, gc.callbacks[:] = gc.callbacks[:], []  # this one stalls nobody: no user has begun
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.callbacks[:] = [*watchers, self.collecting]
        self._users = 0

    def with_users(self, count: int) -> None:
        """So many users are there now, and their number stays for a while.

        When there are fewer than before, some have gone: these are for the collector to find, and it sees everything
        again.
        """
        if count >= self._users:
            gc.freeze()
        else:
            gc.unfreeze()
        self._users = count

    def after_users(self) -> None:
        """The run has ended."""
        if self.collecting in gc.callbacks:
            gc.callbacks.remove(self.collecting)
            gc.unfreeze()

    def collecting(self, phase: str, info: Mapping[str, Any]) -> None:
        """The collector begins, or has ended: what has survived a long walk is not walked over again."""
        if info["generation"] != FULL:
            return
        if phase == "start":
            self._began_s = self._now()
        elif self._now() - self._began_s > LONG_S:
            gc.freeze()
