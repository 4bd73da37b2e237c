"""An alarm that rings on time: gevent's own timers, on Linux, come by whole milliseconds, and late rather than early.

libev waits by `epoll_wait`, which counts milliseconds. Arrivals of 200 a second are 5 ms apart: a millisecond more or
less would pull the near ones together, and a Poisson process would be none any more. A timer of the system's that is a
file descriptor (timerfd_create(2)) wakes the same `epoll_wait` by the microsecond.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Final, Protocol

import gevent
from gevent import get_hub

CLOCK_MONOTONIC: Final = 1
TFD_NONBLOCK: Final = os.O_NONBLOCK
TFD_CLOEXEC: Final = getattr(os, "O_CLOEXEC", 0)
"""timerfd_create(2) takes these by the values that open(2) has for them."""
SHORTEST_S: Final = 1e-6
"""Zero would disarm it."""


class PreciseTimer(Protocol):
    """One greenlet's alarm."""

    def wait(self, delay_s: float) -> None:
        """Let others run for so long."""

    def close(self) -> None:
        """Give back what it holds."""


def precise_timer() -> PreciseTimer:
    """The most punctual one that the system has."""
    try:
        return TimerFile()
    except (OSError, AttributeError):  # no Linux: kqueue counts nanoseconds, and gevent's own timers will do
        return Nap()


class Nap:
    """gevent's own timers."""

    def wait(self, delay_s: float) -> None:
        """Let others run for so long."""
        gevent.sleep(max(delay_s, 0.0))

    def close(self) -> None:
        """There is nothing to give back."""


class _Time(ctypes.Structure):
    """The system's struct timespec."""

    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    """Its struct itimerspec."""

    _fields_ = (("interval", _Time), ("value", _Time))


class TimerFile:
    """A timer that is a file descriptor, among those that the event loop waits for.

    Raises:
        OSError: The system gives no descriptor.
        AttributeError: It knows no such timers.
    """

    def __init__(self) -> None:
        system = ctypes.CDLL(None, use_errno=True)
        self._set: Callable[..., int] = system.timerfd_settime
        self._file: int = system.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._watcher = get_hub().loop.io(self._file, 1)

    def wait(self, delay_s: float) -> None:
        """Let others run for so long."""
        seconds, rest_s = divmod(max(delay_s, SHORTEST_S), 1.0)
        setting = _Setting(value=_Time(int(seconds), int(rest_s * 1e9)))
        self._set(self._file, 0, ctypes.byref(setting), None)  # which also makes it unreadable again
        get_hub().wait(self._watcher)

    def close(self) -> None:
        """Give the descriptor back."""
        self._watcher.close()
        os.close(self._file)
