"""A machine as steady as one can ask for: cores that do not fall asleep, and short turns for those who share one.

What a load generator waits for the machine it runs on is no error of its clock, but it is in its latencies. A virtual
core that idles is halted, and to wake it takes the hypervisor 0.1 ms and more; four processes on one core take turns
of 3 ms. A bench that asks how well a client measures takes both away, and says so.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The number of sched_setattr(2), by architecture."""
SCHED_ATTR = struct.Struct("@IIQiIQQQ")
"""Its argument: size, policy, flags, nice, priority, runtime (here: the turn's length in ns), deadline, period."""
TURN_NS = 100_000
"""The shortest that Linux grants (from 6.12 on; older ones do not hear)."""
SPIN = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"


@contextmanager
def awake(*cores: int | None) -> Iterator[None]:
    """Keep cores busy with work that gives way to everything else, where the system knows such work."""
    spinning = []
    try:
        for core in cores:
            if core is not None and hasattr(os, "SCHED_IDLE"):
                spinning.append(subprocess.Popen([sys.executable, "-c", SPIN]))
                os.sched_setaffinity(spinning[-1].pid, {core})
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@contextmanager
def short_turns() -> Iterator[None]:
    """Processes that are started meanwhile take short turns on a core that they share."""
    _take_turns_of(TURN_NS)
    try:
        yield
    finally:
        _take_turns_of(0)


def _take_turns_of(length_ns: int) -> None:
    """0: as long as the system likes."""
    number = SCHED_SETATTR.get(platform.machine())
    if sys.platform == "linux" and number is not None:
        attributes = SCHED_ATTR.pack(SCHED_ATTR.size, os.SCHED_OTHER, 0, 0, 0, length_ns, 0, 0)
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).syscall(number, 0, attributes, 0)
