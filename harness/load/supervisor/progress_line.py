"""A line every ten seconds about a run that goes on: in a job's log each stands alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import gevent

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.tally import EXCHANGES, LOGINS, REQUESTS
from harness.evidence.judging.hangs import HANG_US
from harness.evidence.reports.numbers import Numbers

EVERY_S: Final = 10.0
_MINUTES_FROM_S: Final = 120
_TEN_SECONDS_US: Final = 10_000_000
"""From here on `Numbers.milliseconds` names its unit itself."""


class ProgressLine:
    """Says how a run is going.

    Args:
        measured: Everything measured so far.
        users: How many users there are.
        run_time_s: How long the run was asked to last; None when until somebody stops it.
        say: Gets each line.
    """

    def __init__(
        self,
        measured: Callable[[], Metrics],
        users: Callable[[], int],
        run_time_s: float | None,
        say: Callable[[str], None],
    ) -> None:
        self._measured = measured
        self._users = users
        self._run_time_s = run_time_s
        self._say = say
        self._before = (0, 0)
        self._greenlet: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin to say so every `EVERY_S`."""
        self._greenlet = gevent.spawn(self._go_on)

    def stop(self) -> None:
        """Say no more."""
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
            self._greenlet = None

    def line(self, elapsed_s: float, since_s: float) -> str:
        """How the run is going.

        Rates are over the time since the last line, the percentile and failures over the run. The percentile is the
        logins', which have few histograms: to merge those of a hundred kinds of request would stall the users.

        Args:
            elapsed_s: Since the run started.
            since_s: Since the last line.
        """
        numbers = Numbers()
        metrics = self._measured()
        (logins, _), (requests, _) = now = metrics.counted("login"), metrics.counted("request")
        failed = sum(failures for _, failures in now)
        rates = [(count - before) / since_s for count, before in zip((logins, requests), self._before, strict=True)]
        self._before = (logins, requests)
        users = self._users()
        p95_us = metrics.figure(LOGINS, "p95", elapsed_s)
        parts = [
            self._time(elapsed_s),
            f"{numbers.count(users)} {'user' if users == 1 else 'users'}",
            f"{numbers.significant(rates[0])} logins/s",
            f"{numbers.significant(rates[1])} API requests/s",
            f"login p95 {numbers.milliseconds(p95_us)}{'' if p95_us is None or p95_us >= _TEN_SECONDS_US else ' ms'}",
            f"{numbers.count(failed)} failed",
        ]
        hanging = [metrics.in_flight.of(selector) for selector in (EXCHANGES, REQUESTS)]
        if number := sum(ages.above(HANG_US) for ages in hanging):
            oldest_s = max(ages.max_us for ages in hanging) / 1e6
            parts.append(f"{numbers.count(number)} open for up to {numbers.duration(oldest_s)}")
        return "cognito-load: " + ", ".join(parts)

    def _time(self, elapsed_s: float) -> str:
        is_endless = self._run_time_s is None
        seconds = round(elapsed_s if self._run_time_s is None else max(self._run_time_s - elapsed_s, 0))
        said = f"{seconds} s" if seconds < _MINUTES_FROM_S else Numbers().duration(seconds)
        return f"{said} {'gone' if is_endless else 'left'}"

    def _go_on(self) -> None:
        started_s = said_s = time.monotonic()
        while True:
            gevent.sleep(max(said_s + EVERY_S - time.monotonic(), 0))
            now_s = time.monotonic()
            self._say(self.line(now_s - started_s, now_s - said_s))
            said_s = now_s
