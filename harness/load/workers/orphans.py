"""A worker that `--processes` forked ends with the process that forked it.

Without its master a worker goes on for 60 s, which may be cut off from it. A fork whose parent is gone has no master to
come back: it would load the service for a minute, and what it measured would reach nobody. One that has not found its
master yet tries for minutes, and takes whatever master listens on the port for its own.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

import gevent

LOADED_IN: Final = os.getpid()
"""The process that read the locustfile, which Locust does before it forks."""
LOOKS_EVERY_S: Final = 1.0
_PR_SET_PDEATHSIG: Final = 1
"""prctl(2); Linux only."""


def end_forks_with_this_process() -> None:
    """Have the system send SIGTERM to forks when this process ends, however early that is. Linux only."""
    if sys.platform == "linux":
        os.register_at_fork(after_in_child=_end_with_parent)


def follow_parent(leave: Callable[[], None]) -> gevent.Greenlet | None:
    """Call `leave` once the parent of this fork is gone; None where this process is no fork."""
    return None if os.getpid() == LOADED_IN else gevent.spawn(_watch, leave)


def _end_with_parent() -> None:
    if os.getppid() == LOADED_IN:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _watch(leave: Callable[[], None]) -> None:
    while os.getppid() == LOADED_IN:
        gevent.sleep(LOOKS_EVERY_S)
    leave()
