"""What a process of the load throws away now and then, so that an hour takes no more memory than ten minutes."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from functools import cache
from typing import Final

from locust.env import Environment
from locust.runners import WorkerRunner

from harness.load.locust_fixes.patches import forget_old_seconds

RELEASED_EVERY_S: Final = 60.0


class Tidying:
    """Drops what Locust keeps and nobody asks for, and hands freed memory back to the system.

    Args:
        environment: Whose statistics are looked at.
        release: Hands back what is free.
        now: Seconds that never go back.
    """

    def __init__(
        self,
        environment: Environment,
        release: Callable[[], None] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = environment
        self._release = release or release_memory
        self._now = now
        self._released_s = now()

    def tidy(self, now_s: float) -> None:
        """Called now and then while a run goes on.

        Args:
            now_s: The time by the clock of Locust's statistics.
        """
        stats = self._environment.stats
        forget_old_seconds(stats, now_s)
        if not charts_need_history(self._environment):
            stats.history.clear()
        if self._now() - self._released_s >= RELEASED_EVERY_S:
            self._released_s = self._now()
            self._release()


def charts_need_history(environment: Environment) -> bool:
    """Whether somebody looks at Locust's own charts: the web UI's, or those of --html.

    Locust takes a note for them every five seconds, 0.7 MB in an hour, workers and headless runs included.
    """
    if isinstance(environment.runner, WorkerRunner):
        return False
    options = environment.parsed_options
    return environment.web_ui is not None or options is None or bool(getattr(options, "html_file", None))


def release_memory() -> None:
    """Give free pages inside the heap back to the system, where the C library can (glibc): about a millisecond.

    What a burst of logins leaves behind stays resident otherwise, because something small at its end is still in use.
    """
    if (trim := _malloc_trim()) is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    return found
