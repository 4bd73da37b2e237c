"""For plans: notes for how long the event loop stood."""

import time
from pathlib import Path

import gevent

TICK_S = 0.01


def note_stalls(path: Path) -> None:
    """One line for each second: its latest look at the clock, in milliseconds, and the processor time until it.

    A look that came late while the thread used less than that of the processor was held up by others on the machine.
    """
    with path.open("w") as file:
        worst_s, used_s, until_s = 0.0, 0.0, time.monotonic() + 1
        while True:
            asleep_s, began_s = time.monotonic(), time.thread_time()
            gevent.sleep(TICK_S)
            now_s = time.monotonic()
            if now_s - asleep_s - TICK_S > worst_s:
                worst_s, used_s = now_s - asleep_s - TICK_S, time.thread_time() - began_s
            if now_s >= until_s:
                file.write(f"{worst_s * 1000:.1f} {used_s * 1000:.1f}\n")
                file.flush()
                worst_s, used_s, until_s = 0.0, 0.0, now_s + 1
