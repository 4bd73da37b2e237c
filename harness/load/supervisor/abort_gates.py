"""Holds the gates that can stop a run against what has been measured, while it goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol

import gevent

from harness.evidence.figures.generator_health import Health, validity
from harness.evidence.judging.abort_rule import Abort, AbortRule
from harness.evidence.judging.measured import Measured
from harness.load.run.setup import Setup
from harness.settings.rates import rate_at

EVERY_S: Final = 1.0
"""`abort after` is written in seconds."""
MAX_SHARE: Final = 0.01
"""Of the time that may go into looking: with hundreds of names a look costs milliseconds, and users wait meanwhile."""

log = logging.getLogger("cognito-load")


class Watched(Protocol):
    """A run, as far as its gates look at it."""

    def measured_so_far(self) -> Measured:
        """What has been measured until now, without the warm-up and without `generator`."""

    def healths(self) -> Mapping[str, Health]:
        """How each process fares, by its name."""

    @property
    def user_count(self) -> int:
        """How many users run now."""

    @property
    def elapsed_s(self) -> float | None:
        """How long ago the arrivals of an open load began; None when they have not."""


class AbortGates:
    """Watches one run from its start until `stop`, if it has gates that abort.

    Args:
        setup: Its gates and its baseline.
        run: What it looks at.
        end_run: Called once when a gate has failed for too long.
    """

    def __init__(self, setup: Setup, run: Watched, end_run: Callable[[], None]) -> None:
        self.abort: Abort | None = None
        """Why the run was stopped; None as long as it was not."""
        self._setup = setup
        self._run = run
        self._watch = AbortRule(setup.gates, setup.baseline)
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
            self.abort = self._watch.look(self._measured_now(), now_s - began_s, self._load())
            took_s = time.monotonic() - now_s
        log.error(self.abort.sentence)
        self._end_run()

    def _measured_now(self) -> Measured:
        """What gates are held against; how the generator fares costs something, and is asked where a gate does."""
        measured = self._run.measured_so_far()
        if not self._watch.needs_generator:
            return measured
        # That nothing is measured yet is no fault of the generator's.
        samples, max_lag_us = max(measured.metrics.measured, 1), round(self._setup.settings.max_lag_ms * 1_000)
        return replace(measured, generator=validity(self._run.healths(), samples, max_lag_us))

    def _load(self) -> float:
        """Users and arrivals a second that there are now: as long as both stay the same, rates should, too."""
        return self._run.user_count + rate_at(self._setup.settings.arrivals, self._run.elapsed_s or 0.0)
