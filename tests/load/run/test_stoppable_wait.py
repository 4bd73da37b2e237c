"""Waits in which a user can be stopped, and what becomes of one whose task swallows that."""

from __future__ import annotations

from types import SimpleNamespace

import gevent
import pytest
from locust.exception import StopUser

from harness.evidence.judging.hangs import HANG_US
from harness.load.ending.stops import GRACE_S
from harness.load.run import stoppable_wait


def test_a_user_waits_and_goes_on_as_before():
    user = SimpleNamespace(_state="running")
    with stoppable_wait.waiting(user):
        assert user._state == "waiting"
    assert user._state == "running"


def test_a_kill_that_is_swallowed_stops_the_user_at_its_next_wait():
    user = SimpleNamespace(_state="running")
    told = []

    def task():
        try:
            stoppable_wait.wait_of(user)(30)
        except BaseException:  # noqa: BLE001  # as the task of this test does
            told.append("swallowed")
        with pytest.raises(StopUser):
            stoppable_wait.wait_of(user)(30)
        told.append("told again")

    greenlet = gevent.spawn(task)
    gevent.sleep(0)
    gevent.sleep(0)
    greenlet.kill(timeout=5)
    assert told == ["swallowed", "told again"]


def test_another_exception_leaves_the_user_as_it_was():
    user = SimpleNamespace(_state="running")
    with pytest.raises(ValueError, match="nothing"), stoppable_wait.waiting(user):
        raise ValueError("nothing")
    assert user._state == "running"


def test_a_parked_user_asks_for_nothing_more():
    client = SimpleNamespace(request=lambda: "an answer")
    user = SimpleNamespace(_state="stopping", client=client)
    stoppable_wait.park([user])
    greenlet = gevent.spawn(client.request)
    assert not greenlet.join(0.05)
    assert not greenlet.dead
    greenlet.kill()


def test_the_grace_of_a_run_is_what_a_hang_is_older_than() -> None:
    assert HANG_US == GRACE_S * 1_000_000
