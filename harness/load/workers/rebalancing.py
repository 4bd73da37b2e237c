"""Users follow workers: what a master does when one joins, comes back, or is known to be gone.

Locust 2.47 starts users anew in the greenlet that hears the workers, and waits there until they have reported: with a
wait longer than the heartbeat's, it loses every worker. It also leaves its dispatcher marked as busy after the first
time, so that a second worker that joins gets no users. So a start that comes from one of Locust's own greenlets is put
off, and made in one of its own.
"""

from __future__ import annotations

from typing import Any, Final

import gevent
from locust.runners import STATE_RUNNING, STATE_STOPPING, MasterRunner

_START: Final = "start"


class Rebalancing:
    """Spreads a run's users over its workers again.

    Args:
        runner: The master's; its `start` is replaced.
    """

    def __init__(self, runner: MasterRunner) -> None:
        self._runner = runner
        self._start = runner.start
        self._is_due = False
        self._greenlet: gevent.Greenlet | None = None
        setattr(runner, _START, self._start_or_put_off)
        runner.environment.events.worker_connect.add_listener(self._joined)

    def look(self, *, may_be_back: bool) -> None:
        """Spread the users, if workers have come or gone; called once a second.

        Args:
            may_be_back: Whether a worker is silent that may still be at work: its users are left to it.
        """
        runner, dispatcher = self._runner, self._runner._users_dispatcher  # noqa: SLF001  # no public way
        if runner.state != STATE_RUNNING or not runner.worker_count or self._greenlet:
            return
        has_changed = dispatcher is None or dispatcher._rebalance  # noqa: SLF001  # the same
        if has_changed and (self._is_due or not may_be_back):
            self._greenlet = gevent.spawn(self._start, runner.target_user_count, runner.spawn_rate)
        self._is_due = False

    def stop(self) -> None:
        """Keep Locust from spawning while workers end: by a ramp that goes on, or to replace the first that quits."""
        runner = self._runner
        dispatcher, runner._users_dispatcher = runner._users_dispatcher, None  # noqa: SLF001  # no public way
        if dispatcher is not None:
            dispatcher._dispatcher_generator = iter(())  # type: ignore[assignment]  # noqa: SLF001  # the same
        runner.update_state(STATE_STOPPING)

    def _start_or_put_off(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # Locust's, passed through
        current = gevent.getcurrent()
        if current in self._runner.greenlet and current is not self._runner.shape_greenlet:
            self._is_due = True
        else:
            self._start(*args, **kwargs)

    def _joined(self, **_: object) -> None:
        self._is_due = True
