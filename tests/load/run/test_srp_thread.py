"""The thread for arithmetic: results and errors come back to whoever asked, and nobody else waits."""

from __future__ import annotations

import os
import sys
import threading

import gevent
import pytest
from gevent.monkey import get_original

from harness.load.run.srp_thread import NICENESS, SrpThread

native_sleep = get_original("time", "sleep")


@pytest.fixture(scope="module")
def srp_thread() -> SrpThread:
    return SrpThread()


def test_each_gets_what_its_own_step_returns(srp_thread):
    askers = [gevent.spawn(srp_thread.run, lambda number=number: number * number) for number in range(50)]
    gevent.joinall(askers, timeout=10, raise_error=True)
    assert [asker.value for asker in askers] == [number * number for number in range(50)]


def test_an_error_is_raised_where_it_was_asked_for_and_the_thread_goes_on(srp_thread):
    def fail():
        raise StopIteration("the flow's end")

    for _ in range(2):
        with pytest.raises(StopIteration, match="the flow's end"):
            srp_thread.run(fail)
    assert srp_thread.run(lambda: 5) == 5


def test_others_run_while_one_waits(srp_thread):
    looks = []
    is_over = threading.Event()

    def look():
        while not is_over.is_set():
            looks.append(1)
            gevent.sleep(0.001)

    other = gevent.spawn(look)
    srp_thread.run(lambda: native_sleep(0.05))
    is_over.set()
    other.join(timeout=10)
    assert len(looks) > 5


def test_who_is_killed_leaves_at_once_and_what_was_not_begun_is_left_out(srp_thread):
    done = []
    gate = get_original("threading", "Lock")()
    gate.acquire()
    first = gevent.spawn(srp_thread.run, gate.acquire)
    second = gevent.spawn(srp_thread.run, lambda: done.append("second"))
    gevent.sleep(0.01)
    gevent.killall([first, second], timeout=1)
    assert first.dead
    assert second.dead
    gate.release()
    assert srp_thread.run(lambda: "third") == "third"
    assert done == []


def test_nothing_keeps_the_event_loop_going_when_nobody_waits(srp_thread):
    srp_thread.run(lambda: None)
    assert not srp_thread._bell.active


@pytest.mark.skipif(sys.platform != "linux", reason="a niceness is the process's here")
def test_it_stands_back_behind_the_event_loop(srp_thread):
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    assert srp_thread.run(niceness) == min(niceness() + NICENESS, 19)
