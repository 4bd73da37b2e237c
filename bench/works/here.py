"""Contestants that are a function, called over and over in the bench's own process."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.contest import Contestant, Measurement

BATCH = 50
"""Calls between two looks at the clock."""


class Function(Contestant):
    """A function as a contestant."""

    def __init__(self, name: str, note: str, call: Callable[[], object]) -> None:
        self.name = name
        self.note = note
        self._call = call

    def turn(self, seconds: float) -> Measurement:
        """See Contestant."""
        call, count = self._call, 0
        cpu_s, started_s = time.process_time(), time.monotonic()
        while time.monotonic() - started_s < seconds:
            for _ in range(BATCH):
                call()
            count += BATCH
        return Measurement(count, time.process_time() - cpu_s, time.monotonic() - started_s)

    def finish(self) -> str:
        """See Contestant."""
        return ""
