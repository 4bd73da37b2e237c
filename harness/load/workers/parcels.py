"""How measurements get from the workers to the master: in numbered parcels, kept until they are acknowledged.

Locust's own reports lose what was measured in a run's last seconds. Here a worker sends what it has measured every
second of the clock, and once more when its users have ended; it keeps each parcel until the master says it has it, and
the master takes each parcel once.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import gevent
import gevent.event

from harness.evidence.figures.ages import Ages
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.load.run.run import Run
from harness.steady import STEADY

PARCEL = "cognito_parcel"
"""Worker to master: measurements."""
PARCEL_ACK = "cognito_parcel_ack"
"""Master to worker: the number of a parcel that has arrived."""
EVERY_S: Final = 1.0
"""What a worker that dies takes with it at most."""
RESEND_EVERY: Final = 5
"""Every so many parcels, those that are not acknowledged are sent again."""
TIDY_EVERY: Final = 10
"""Every so many parcels, the process is tidied up."""
LATE_S: Final = 2.0
"""A second is complete when all workers have reported it, or so long after its end; what comes later joins it then."""
MAX_SKEW_S: Final = 2.0
"""A worker whose clock differs by more than this has its seconds moved to the master's."""
ACK_TIMEOUT_S: Final = 5.0
"""How long a worker that has ended its users waits for the master's word, in all."""
ATTEMPTS: Final = 5
"""How often it sends what is not acknowledged, in that time."""

Send = Callable[[str, dict[str, Any]], None]


class Sender:
    """A worker's side: the parcels of one run.

    Args:
        run: Whose measurements they are.
        send: The way to the master.
        tidy: What else is done now and then while the run goes on, given the time.
    """

    def __init__(self, run: Run, send: Send, tidy: Callable[[float], None] = lambda _: None) -> None:
        self._run = run
        self._send = send
        self._tidy = tidy
        self._numbers = itertools.count()
        self._unacknowledged: dict[int, dict[str, Any]] = {}
        self._all_arrived = gevent.event.Event()
        self._greenlet = gevent.spawn(self._ship_now_and_then)

    def acknowledged(self, run_id: str, number: int) -> None:
        """The master has this parcel; word of an earlier run's parcels comes late and says nothing about this one's."""
        if run_id != self._run.setup.settings.run:
            return
        self._unacknowledged.pop(number, None)
        if not self._unacknowledged:
            self._all_arrived.set()

    def finish(self) -> bool:
        """Send the last parcel and wait until everything has arrived; False when the master does not answer."""
        self._greenlet.kill(block=False)
        self._pack(is_last=True)
        for _ in range(ATTEMPTS):
            self._send_all()
            if self._all_arrived.wait(ACK_TIMEOUT_S / ATTEMPTS):
                return True
        return False

    def _ship_now_and_then(self) -> None:
        for turn in itertools.count(1):
            at_s = int(STEADY.now_s())
            gevent.sleep(EVERY_S - STEADY.now_s() % EVERY_S)
            parcel = self._pack(is_last=False, at_s=at_s)
            if turn % RESEND_EVERY:
                self._send(PARCEL, parcel)
            else:
                self._send_all()
            if not turn % TIDY_EVERY:
                self._tidy(STEADY.now_s())

    def _pack(self, *, is_last: bool, at_s: int | None = None) -> dict[str, Any]:
        """Pack what was measured since the last parcel.

        Args:
            is_last: Whether nothing more will be measured.
            at_s: The second that this was, since the epoch; None for the one that is.
        """
        number = next(self._numbers)
        now_s = STEADY.now_s()
        self._unacknowledged[number] = parcel = {
            "run": self._run.setup.settings.run,
            "number": number,
            "at_s": int(now_s) if at_s is None else at_s,
            "packed_s": now_s,
            "metrics": self._run.drain().to_wire(),
            "in_flight": self._run.in_flight.ages(time.perf_counter_ns()).to_wire(),
            "health": self._run.monitor.health.to_wire(),
            "is_last": is_last,
            "samples": self._run.close_samples() if is_last else None,
        }
        self._all_arrived.clear()
        return parcel

    def _send_all(self) -> None:
        for parcel in list(self._unacknowledged.values()):
            self._send(PARCEL, parcel)


class Collector:
    """The master's side: everything the workers measured in one run."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.healths: dict[str, Health] = {}
        self.in_flight: dict[str, Ages] = {}
        """What was open in each worker when it packed its last parcel."""
        self._arrived: dict[str, _Numbers] = {}
        self._seconds: dict[int, Metrics] = {}
        """What has arrived and was not asked for yet, by second since the epoch."""
        self._reported: dict[str, int] = {}
        """The last second of each worker that is here."""
        self._shifts_s: dict[str, int] = {}
        self.finished: set[str] = set()
        """Workers whose last parcel is here."""
        self.samples: dict[str, Mapping[str, Any]] = {}
        """What each worker said of the file of its samples."""
        self._news = gevent.event.Event()

    def receive(self, worker: str, parcel: Mapping[str, Any]) -> int | None:
        """Take a parcel; the number to acknowledge, or None when it belongs to another run."""
        if parcel["run"] != self.run_id:
            return None
        number = int(parcel["number"])
        arrived = self._arrived.setdefault(worker, _Numbers())
        if arrived.add(number):
            at_s = parcel["at_s"] + self._shift_s(worker, parcel["packed_s"])
            self._seconds.setdefault(at_s, Metrics()).merge(Metrics.from_wire(parcel["metrics"]))
            self._reported[worker] = max(at_s, self._reported.get(worker, at_s))
            if number == arrived.newest:  # a parcel that was lost comes after its successors
                self.healths[worker] = Health.from_wire(parcel["health"])
                self.in_flight[worker] = Ages.from_wire(parcel["in_flight"])
            if parcel["is_last"]:
                self.finished.add(worker)
                if parcel["samples"] is not None:
                    self.samples[worker] = parcel["samples"]
            self._news.set()
        return number

    def due(self, now_s: float, expected: Iterable[str]) -> list[tuple[int, Metrics]]:
        """The seconds that are complete, each handed out once.

        Args:
            now_s: Wall clock, seconds since the epoch; infinity for everything that is here.
            expected: The workers that are still there.
        """
        reported = min((self._reported.get(worker, 0) for worker in expected), default=0)
        complete = sorted(at_s for at_s in self._seconds if at_s <= reported or at_s + 1 + LATE_S <= now_s)
        return [(at_s, self._seconds.pop(at_s)) for at_s in complete]

    def heard_s(self, worker: str, joined_s: float) -> float:
        """The end of the last second that this worker has reported, by our clock; when there was none, `joined_s`."""
        return self._reported[worker] + 1.0 if worker in self._reported else joined_s

    def wait_for(self, expected: Callable[[], Iterable[str]], timeout_s: float) -> set[str]:
        """Wait for the last parcel of every worker that is still expected; those that never sent it."""
        with gevent.Timeout(timeout_s, exception=False):
            while set(expected()) - self.finished:
                self._news.clear()
                self._news.wait(0.2)
        return set(expected()) - self.finished

    def _shift_s(self, worker: str, packed_s: float) -> int:
        """How many seconds this worker's clock is behind ours; judged once, by its first parcel."""
        if worker not in self._shifts_s:
            behind_s = STEADY.now_s() - packed_s
            self._shifts_s[worker] = round(behind_s) if abs(behind_s) > MAX_SKEW_S else 0
        return self._shifts_s[worker]


class _Numbers:
    """Which of a worker's parcels have arrived: all up to one, and a few beyond it. A day of them takes no more."""

    def __init__(self) -> None:
        self.newest = -1
        self._next = 0
        self._beyond: set[int] = set()

    def add(self, number: int) -> bool:
        """Note that this one has arrived; whether it is the first time."""
        if number < self._next or number in self._beyond:
            return False
        self.newest = max(self.newest, number)
        self._beyond.add(number)
        while self._next in self._beyond:
            self._beyond.remove(self._next)
            self._next += 1
        return True
