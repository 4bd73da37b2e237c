"""The alarm of an open load's arrivals."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import gevent
import pytest

from harness.load.run import precise_timer as alarms
from harness.load.run.precise_timer import Nap, TimerFile, precise_timer

KINDS = [Nap, pytest.param(TimerFile, marks=pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's"))]


@pytest.mark.parametrize("kind", KINDS)
def test_an_alarm_never_rings_early_and_rings_again(kind):
    """Whatever the delay: none, one that is over already, a long one after a short one."""
    made = kind()
    try:
        for delay_s in (0.02, 0.0, -1.0, 0.001, 0.03):
            began_s = time.perf_counter()
            made.wait(delay_s)
            assert time.perf_counter() - began_s >= delay_s - 0.0005
    finally:
        made.close()


@pytest.mark.parametrize("kind", KINDS)
def test_others_run_while_one_waits(kind):
    """It is the greenlet that waits, not the process."""
    seen = []
    made = kind()
    other = gevent.spawn(seen.append, "ran")
    made.wait(0.01)
    made.close()
    other.join()
    assert seen == ["ran"]


@pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's")
def test_on_linux_it_is_a_file_descriptor_that_is_given_back():
    """A process that runs test after test, as with the web UI, keeps none of them."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        made = precise_timer()
        assert isinstance(made, TimerFile)
        made.wait(0.0)
        made.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_where_the_system_has_no_such_timers_gevents_own_do(monkeypatch):
    """As on macOS, whose C library knows none."""

    class Library:
        def __init__(self, *_, **__) -> None:
            pass

    monkeypatch.setattr(alarms.ctypes, "CDLL", Library)
    assert isinstance(precise_timer(), Nap)
