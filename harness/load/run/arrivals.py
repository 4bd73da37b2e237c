"""An open load of logins: they arrive at a rate, whatever the answers do, and each takes a free slot or is dropped."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

import gevent
from gevent.event import AsyncResult

from harness.load.run.pacing import Pacer
from harness.load.run.precise_timer import PreciseTimer, precise_timer

LONGEST_SPIN_S: Final = 0.0001
"""A timer wakes a process 50 to 150 µs late, now more and now less: enough to show in the gaps of a Poisson process."""
SPIN_SHARE: Final = 0.02
"""At most so much of the time is spent on waiting so."""
LONGEST_NAP_S: Final = 0.5
"""A schedule may have long pauses; the loop looks at its clock at least so often."""


class Arrivals:
    """One process's arrivals: slots (login users) wait here, and are given the time at which they should have started.

    An arrival that finds no slot is counted as dropped: to delay it in silence would make the load follow the answers.

    Args:
        pacer: When arrivals are due.
        drop: Counts one.
        now: Monotonic seconds.
    """

    def __init__(self, pacer: Pacer, drop: Callable[[], None], now: Callable[[], float] = time.perf_counter) -> None:
        self._pacer = pacer
        self._drop = drop
        self._now = now
        self._free: deque[AsyncResult] = deque()
        self._began_s = 0.0
        self._greenlet: gevent.Greenlet | None = None
        self._is_over = False
        self._may_spin_s = 0.0
        """How much waiting on the processor is left of its share."""

    def begin(self, began_s: float | None = None) -> None:
        """Start the schedule's clock; once: a run that gets more users goes on where it is.

        Args:
            began_s: When other processes began, by the clock that was given: what was due until now is not ours.
        """
        if self._greenlet is None:
            now_s = self._now()
            self._began_s = now_s if began_s is None else began_s
            self._pacer.skip(now_s - self._began_s)
            self._greenlet = gevent.spawn(self._arrive)

    def follow(self, pacer: Pacer) -> None:
        """Another part of the schedule from now on: that of a process that is gone."""
        if self._greenlet is not None:
            pacer.skip(self._now() - self._began_s)
        self._pacer = pacer

    def stop(self) -> None:
        """Nobody arrives any more."""
        self._is_over = True

    def take(self) -> float:
        """Wait for an arrival; when it was due, by the clock that was given."""
        slot = AsyncResult()
        self._free.append(slot)
        try:
            due_s: float = slot.get()
        except BaseException:  # the user is stopped; an arrival that it was just given was never sent
            if slot.ready():
                self._drop()
            else:
                self._free.remove(slot)
            raise
        return due_s

    def _arrive(self) -> None:
        began_s = self._began_s
        clock = precise_timer()
        try:
            while not self._is_over:
                for due_s in self._pacer.due(self._now() - began_s):
                    if self._free:
                        self._free.popleft().set(began_s + due_s)
                    else:
                        self._drop()
                self._wait_for(began_s + self._pacer.next_s, clock)
        finally:
            clock.close()

    def _wait_for(self, due_s: float, clock: PreciseTimer) -> None:
        """Until then, or for a nap: the alarm rings a little early, and the rest is waited out on the processor."""
        left_s = due_s - self._now()
        if left_s > LONGEST_NAP_S:
            clock.wait(LONGEST_NAP_S)
            return
        self._may_spin_s = min(self._may_spin_s + SPIN_SHARE * max(left_s, 0.0), 10 * LONGEST_SPIN_S)
        spin_s = max(min(LONGEST_SPIN_S, left_s, self._may_spin_s), 0.0)
        self._may_spin_s -= spin_s
        clock.wait(left_s - spin_s)  # also when it is late already: whoever was handed an arrival sends it meanwhile
        while self._now() < due_s and not self._is_over:
            pass
