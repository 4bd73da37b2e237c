"""Holds the gates that can stop a run against what has been measured, while it goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import gevent

from harness.evidence.metrics import Metrics
from harness.evidence.watch import Abort, Watch
from harness.load.lifecycle.setup import Setup

EVERY_S: Final = 1.0
"""`abort after` is written in seconds."""
MAX_SHARE: Final = 0.01
"""Of the time that may go into looking: with hundreds of names a look costs milliseconds, and users wait meanwhile."""

log = logging.getLogger("cognito-load")


class Guardian:
    """Watches one run from its start until `stop`, if it has gates that abort.

    Args:
        setup: Its gates and its baseline.
        measured: What has been measured so far, and in how many seconds.
        end_run: Called once when a gate has failed for too long.
    """

    def __init__(
        self, setup: Setup, measured: Callable[[], tuple[Metrics, float]], end_run: Callable[[], None]
    ) -> None:
        self.abort: Abort | None = None
        """Why the run was stopped; None as long as it was not."""
        self._watch = Watch(setup.gates, setup.baseline)
        self._measured = measured
        self._end_run = end_run
        self._greenlet = gevent.spawn(self._look_now_and_then) if self._watch.has_gates else None

    def stop(self) -> None:
        """Watch no longer."""
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
            self._greenlet = None

    def _look_now_and_then(self) -> None:
        began_s = time.monotonic()
        took_s = 0.0
        while self.abort is None:
            gevent.sleep(max(EVERY_S, took_s / MAX_SHARE))
            if self._greenlet is None:
                return  # the run has ended while this greenlet waited for its turn
            now_s = time.monotonic()
            self.abort = self._watch.look(*self._measured(), now_s - began_s)
            took_s = time.monotonic() - now_s
        log.error(self.abort.sentence)
        self._end_run()
