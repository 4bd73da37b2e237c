"""A master that hears nobody: it waits while somebody may be at work, and ends when nobody is left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import gevent
import pytest
from gevent.pool import Group
from locust.runners import STATE_MISSING, STATE_RUNNING, STATE_SPAWNING, MasterRunner

from harness.load.workers.outage import SETTLE_S, Outage


class Runner:
    """What it needs of a master's runner, with two workers."""

    def __init__(self) -> None:
        self.greenlet = Group()
        self.shape_greenlet: gevent.Greenlet | None = None
        self.state = STATE_RUNNING
        self.workers = [SimpleNamespace(id=name, state=STATE_RUNNING) for name in "ab"]
        self.clients = SimpleNamespace(all=self.workers)
        self.done: list[str] = []

    @property
    def worker_count(self) -> int:
        return sum(worker.state != STATE_MISSING for worker in self.workers)

    def stop(self) -> None:
        self.done.append("stopped")

    def check_stopped(self) -> None:
        self.done.append("checked")

    def miss(self, *states: str) -> None:
        """The workers' states, and what Locust's heartbeat does about them."""
        for worker, state in zip(self.workers, states, strict=True):
            worker.state = state
        if not self.worker_count:
            self.greenlet.spawn(self.stop).join(timeout=30)
            self.check_stopped()


@pytest.fixture
def gone() -> set[str]:
    """Workers that are known to have ended."""
    return set()


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture
def outage(runner: Runner, gone: set[str]) -> Outage:
    def give_up() -> None:
        runner.done.append("gave up")

    made: Any = Outage(cast("MasterRunner", runner), lambda client: client.id in gone, give_up)
    return cast("Outage", made)


def test_a_run_whose_workers_are_all_silent_goes_on_until_they_are_back(runner: Runner, outage: Outage) -> None:
    runner.miss(STATE_MISSING, STATE_MISSING)
    assert not outage.is_over(1.0)
    runner.miss(STATE_RUNNING, STATE_MISSING)
    assert not outage.is_over(2.0), "the other one has not had the time to be heard"
    runner.miss(STATE_RUNNING, STATE_RUNNING)
    assert outage.is_over(3.0)
    assert runner.done == []
    runner.check_stopped()
    assert runner.done == ["checked"]


def test_who_is_not_heard_soon_after_the_others_is_not_waited_for(runner: Runner, outage: Outage) -> None:
    runner.miss(STATE_MISSING, STATE_MISSING)
    runner.miss(STATE_RUNNING, STATE_MISSING)
    assert not outage.is_over(2.0)
    assert outage.is_over(2.0 + SETTLE_S)


def test_when_nobody_can_be_back_it_gives_up_once(runner: Runner, outage: Outage, gone: set[str]) -> None:
    runner.miss(STATE_MISSING, STATE_MISSING)
    gone.update("ab")
    assert [outage.is_over(1.0), outage.is_over(2.0)] == [True, True]
    assert runner.done == ["gave up"]


def test_when_locust_has_dropped_them_all_it_gives_up(runner: Runner, outage: Outage) -> None:
    runner.miss(STATE_MISSING, STATE_MISSING)
    runner.workers.clear()
    outage.is_over(61.0)
    assert runner.done == ["gave up"]


def test_workers_that_are_known_to_be_gone_are_not_waited_for(runner: Runner, outage: Outage, gone: set[str]) -> None:
    gone.update("ab")
    runner.miss(STATE_MISSING, STATE_MISSING)
    assert runner.done == ["stopped", "gave up", "checked"], "Locust's stop leaves a headless process idle"


def test_somebody_else_and_a_load_shape_can_stop_it_while_it_waits(runner: Runner, outage: Outage) -> None:
    runner.miss(STATE_MISSING, STATE_MISSING)
    runner.stop()
    assert runner.done == ["stopped"]
    assert outage.is_over(1.0)
    runner.shape_greenlet = runner.greenlet.spawn(runner.stop)
    runner.shape_greenlet.join(timeout=30)
    assert runner.done == ["stopped", "stopped"]


def test_while_users_are_spawned_locust_decides(runner: Runner, outage: Outage) -> None:
    runner.state = STATE_SPAWNING
    runner.miss(STATE_MISSING, STATE_MISSING)
    assert runner.done == ["stopped", "gave up", "checked"]
