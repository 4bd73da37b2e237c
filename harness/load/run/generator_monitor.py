"""Watches the generator itself while it runs: event-loop lag and queue, CPU and garbage collection of this process."""

from __future__ import annotations

import gc
import time
from typing import Any, Final

import gevent

from harness.evidence.figures.generator_health import Health
from harness.steady import STEADY, StepWatch

TICK_S: Final = 0.02
"""Fifty looks a second cost about a thousandth of a core and see every stall that matters (50 ms)."""
CPU_EVERY_S: Final = 1.0


class GeneratorMonitor:
    """Fills a Health while it is started."""

    def __init__(self) -> None:
        self.health = Health()
        self._steps = StepWatch(STEADY)
        self._greenlet: gevent.Greenlet | None = None
        self._collecting_since_s: float | None = None
        self._queue: Any = None
        """Is called once the event loop has found out who is ready, before anybody runs."""

    def start(self) -> None:
        """Begin to watch."""
        gc.callbacks.append(self._collected)
        self._queue = gevent.get_hub().loop.check()
        self._greenlet = gevent.spawn(self._watch)

    def stop(self) -> None:
        """Watch no longer; what was seen stays."""
        if self._greenlet is not None:
            gc.callbacks.remove(self._collected)
            self._greenlet.kill(block=False)
            self._greenlet = None
            self._queue.close()

    def _count_ready(self) -> None:
        """One look at the queue, and no more until the next: this is called in each turn of the loop."""
        self._queue.stop()
        self.health.ready.record(self._queue.loop.pendingcnt)

    def _collected(self, phase: str, _info: dict[str, Any]) -> None:
        """The collector begins, or it has ended."""
        now_s = time.perf_counter()
        if phase == "start":
            self._collecting_since_s = now_s
        elif self._collecting_since_s is not None:
            self.health.gc_pause(round((now_s - self._collecting_since_s) * 1e6))

    def _watch(self) -> None:
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        while True:
            asleep_s = time.perf_counter()
            gevent.sleep(TICK_S)
            woke_s = time.perf_counter()
            self._queue.start(self._count_ready)
            self._late(max(0.0, woke_s - asleep_s - TICK_S))
            if woke_s - wall_s >= CPU_EVERY_S:
                now_cpu_s = time.process_time()
                if step_s := self._steps.step_s():
                    self.health.clock_steps.append(step_s)
                self.health.cpu((now_cpu_s - cpu_s) / (woke_s - wall_s), woke_s - wall_s)
                cpu_s, wall_s = now_cpu_s, woke_s

    def _late(self, late_s: float) -> None:
        """A look that came late stands for those that should have happened meanwhile, and would have been late, too.

        Without them a loop that stalls for seconds is looked at so seldom that its lag hardly shows
        (HdrHistogram's correction for coordinated omission).
        """
        self.health.lag(round(late_s * 1e6))
        while (late_s := late_s - TICK_S) > 0:
            self.health.lag(round(late_s * 1e6))
