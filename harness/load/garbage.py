"""Keeps the garbage collector from stalling users: a full collection walks all objects that it knows of."""

from __future__ import annotations

import gc


class Spared:
    """What stays for the whole run, out of the collector's sight.

    With Locust, botocore and the users file some hundred thousand objects never go away, and with 10,000 users two
    million: one walk over these holds up every user of the process for most of a second.
    """

    def __init__(self) -> None:
        self._users = 0

    def before_users(self) -> None:
        """A run begins: whatever the one before has left is collected, all else is spared."""
        watchers, gc.callbacks[:] = gc.callbacks[:], []  # this one stalls nobody: no user has begun
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.callbacks[:] = watchers
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
