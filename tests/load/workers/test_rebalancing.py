"""When a master spreads its users again, and where."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import gevent
from gevent.pool import Group
from locust.event import Events
from locust.runners import STATE_RUNNING, STATE_SPAWNING, STATE_STOPPING, MasterRunner

from harness.load.workers.rebalancing import Rebalancing


class Runner:
    """What the redistribution needs of a master's runner."""

    def __init__(self) -> None:
        self.environment = SimpleNamespace(events=Events())
        self.greenlet = Group()
        self.shape_greenlet: gevent.Greenlet | None = None
        self.state = STATE_RUNNING
        self.worker_count, self.target_user_count, self.spawn_rate = 2, 12, 3.0
        self._users_dispatcher: Any = SimpleNamespace(_rebalance=False, _dispatcher_generator=iter([1]))
        self.started: list[tuple[int, float]] = []

    def start(self, user_count: int, spawn_rate: float) -> None:
        self.started.append((user_count, spawn_rate))

    def update_state(self, state: str) -> None:
        self.state = state


def made() -> tuple[Runner, Rebalancing]:
    runner = Runner()
    return runner, Rebalancing(cast("MasterRunner", runner))


def look(rebalancing: Rebalancing, *, may_be_back: bool = False) -> None:
    rebalancing.look(may_be_back=may_be_back)
    for _ in range(3):
        gevent.sleep(0)


def test_a_start_by_the_greenlet_that_hears_the_workers_is_put_off_and_made_apart() -> None:
    """It would wait there for reports that nobody hears."""
    runner, rebalancing = made()
    runner._users_dispatcher._rebalance = True
    runner.greenlet.spawn(runner.start, 12, 3.0).join(timeout=30)
    assert runner.started == []
    look(rebalancing, may_be_back=True)
    assert runner.started == [(12, 3.0)]


def test_a_start_by_anybody_else_and_by_a_load_shape_is_made_at_once() -> None:
    runner, _ = made()
    runner.start(5, 1.0)
    runner.shape_greenlet = runner.greenlet.spawn(runner.start, 6, 1.0)
    runner.shape_greenlet.join(timeout=30)
    assert runner.started == [(5, 1.0), (6, 1.0)]


def test_users_of_a_silent_worker_that_may_be_back_stay_until_another_one_joins() -> None:
    runner, rebalancing = made()
    runner._users_dispatcher._rebalance = True
    look(rebalancing, may_be_back=True)
    assert runner.started == []
    runner.environment.events.worker_connect.fire(client_id="new")
    look(rebalancing, may_be_back=True)
    assert runner.started == [(12, 3.0)]


def test_users_of_a_worker_that_is_known_to_be_gone_move_at_once() -> None:
    runner, rebalancing = made()
    runner._users_dispatcher._rebalance = True
    look(rebalancing)
    assert runner.started == [(12, 3.0)]


def test_nothing_is_started_while_nothing_has_changed_or_locust_is_at_it() -> None:
    runner, rebalancing = made()
    look(rebalancing)
    runner._users_dispatcher._rebalance = True
    runner.state = STATE_SPAWNING
    look(rebalancing)
    runner.state, runner.worker_count = STATE_RUNNING, 0
    look(rebalancing)
    assert runner.started == []


def test_at_the_end_nobody_is_spawned_any_more() -> None:
    runner, rebalancing = made()
    dispatcher = runner._users_dispatcher
    rebalancing.stop()
    assert (runner.state, runner._users_dispatcher) == (STATE_STOPPING, None)
    assert list(dispatcher._dispatcher_generator) == []
    look(rebalancing)
    assert runner.started == []
