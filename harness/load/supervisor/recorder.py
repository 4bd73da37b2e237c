"""Keeps the record of a run while it goes on: looks once a second at what was measured, and writes it down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import gevent
import gevent.event

from harness.errors import HarnessError
from harness.evidence.figures.ages import Ages
from harness.evidence.figures.events import CLOCK, CLOCK_SET
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.storage.record import INTERVAL_S, Facts, Record, make_folder
from harness.load.run.setup import Setup
from harness.load.supervisor.rejected import Refusals, RejectedAccounts, no_refusals
from harness.steady import STEADY

Due = Callable[[float], list[tuple[int, Metrics]]]
"""Given the time (infinity at the end): the seconds that are complete, each handed out once."""

ALL: Final = float("inf")

log = logging.getLogger("cognito-load")


class Recorder:
    """Keeps a run's record from its start to its end.

    Args:
        setup: What the run was started with.
        facts: What is known of it.
        due: Where measurements come from.
        healths: The health of each process by its name, as it is now.
        after_s: How long after the clock's full second to look: measurements of workers are on their way.
        refusals: The rows that Cognito rejected; see `RejectedAccounts`.
        tidy: What else is done now and then while a run goes on, given the time.
        in_flight: What is open in all processes, and since when.
    """

    def __init__(
        self,
        setup: Setup,
        facts: Facts,
        due: Due,
        healths: Callable[[], Mapping[str, Health]],
        refusals: Refusals = no_refusals,
        *,
        after_s: float = 0.0,
        tidy: Callable[[float], None] = lambda _: None,
        in_flight: Callable[[], Ages] = Ages,
    ) -> None:
        folder = None
        self.lost_folder = ""
        try:
            folder = make_folder(Path(setup.settings.results_dir), facts.run_id)
        except HarnessError as error:
            log.warning("%s (%s): the run goes on, and its record is kept in memory", error.message, error.hint)
            self.lost_folder = error.message
        self.record = Record(facts, folder, log.warning)
        self.record.event(facts.started_s, "started", f"{', '.join(facts.classes)}: {facts.users} users")
        self._due = due
        self._healths = healths
        self._after_s = after_s
        settings = setup.settings
        self._rejected = RejectedAccounts(setup.users, refusals, shows_names=settings.shows_accounts)
        self._tidy = tidy
        self._in_flight = in_flight
        self._is_over = gevent.event.Event()
        self._greenlet = gevent.spawn(self._keep)

    def event(self, kind: str, text: str) -> None:
        """Something happens now; see `Record.event`."""
        self.record.event(STEADY.now_s(), kind, text)

    def catch_up(self) -> Metrics:
        """Everything measured until now, without the warm-up."""
        self._take(ALL)
        return self.record.metrics

    def finish(self, changes: Mapping[str, Any]) -> Record:
        """Nothing more will be measured: the record, whole.

        Args:
            changes: Fields of `Facts` that are known now.
        """
        self._is_over.set()
        self._greenlet.join()
        self._take(ALL)
        self.record.metrics.in_flight = Ages()  # what was open at the end was cut off
        self.record.reject(self._rejected.news())
        self.record.finish(self._healths(), changes)
        return self.record

    def _keep(self) -> None:
        interval_at_s = STEADY.now_s() + INTERVAL_S
        while not self._is_over.wait(1.0 - (STEADY.now_s() - self._after_s) % 1.0):
            now_s = STEADY.now_s()
            self._take(now_s)
            self.record.metrics.in_flight = self._in_flight()
            for event in self.record.generator(int(now_s), self._healths()):
                if event.kind in (CLOCK, CLOCK_SET):
                    log.warning(event.text)
            if now_s >= interval_at_s:
                interval_at_s += INTERVAL_S
                self.record.interval(now_s, self._healths(), pause=_let_others_run)
                self.record.reject(self._rejected.news())
                self._tidy(now_s)

    def _take(self, now_s: float) -> None:
        for at_s, metrics in self._due(now_s):
            self.record.second(at_s, metrics)


class OwnSeconds:
    """The seconds of a process that runs its users itself.

    Args:
        drain: Hands out everything measured since the last time.
    """

    def __init__(self, drain: Callable[[], Metrics]) -> None:
        self._drain = drain
        self._second = int(STEADY.now_s())

    def due(self, _now_s: float) -> list[tuple[int, Metrics]]:
        """What was measured since the last time, in the second in which that was."""
        second, self._second = self._second, int(STEADY.now_s())
        return [(second, self._drain())]


def _let_others_run() -> None:
    gevent.sleep(0)
