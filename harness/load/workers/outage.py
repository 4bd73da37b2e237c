"""A master that hears none of its workers waits for them, as long as one may be at work.

Locust 2.47 stops a run when the last of its workers has been silent for three seconds. So a network that failed for
four at the master ended a load of hours, while all workers went on; a headless master then stayed, and did nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import gevent
from locust.runners import STATE_MISSING, STATE_RUNNING, STATE_SPAWNING, MasterRunner, WorkerNode

SETTLE_S: Final = 10.0
"""How long after the first word of a worker the others are waited for, before users are spread over those that are
heard: TCP tries again at moments of its own for each connection."""

_STOP: Final = "stop"
_CHECK_STOPPED: Final = "check_stopped"

log = logging.getLogger("cognito-load")


class Outage:
    """Keeps a run going while no worker is heard. Without effect while users are still being spawned.

    Args:
        runner: The master's; its `stop` and `check_stopped` are replaced.
        is_gone: Whether a silent worker is known to have ended.
        give_up: Called when no worker is left: Locust stops the run then, and a headless process would stay.
    """

    def __init__(
        self, runner: MasterRunner, is_gone: Callable[[WorkerNode], bool], give_up: Callable[[], None]
    ) -> None:
        self._runner = runner
        self._is_gone = is_gone
        self._give_up = give_up
        self._stop = runner.stop
        self._check_stopped = runner.check_stopped
        self._is_waiting = False
        self._heard_s: float | None = None
        setattr(runner, _STOP, self._stop_or_wait)
        setattr(runner, _CHECK_STOPPED, self._check_unless_waiting)

    def may_be_back(self) -> bool:
        """Whether a worker is silent that may still be at work."""
        return any(client.state == STATE_MISSING and not self._is_gone(client) for client in self._runner.clients.all)

    def is_over(self, now_s: float) -> bool:
        """Whether users may be spread over those who are heard; called once a second.

        Args:
            now_s: Monotonic seconds.
        """
        if self._is_waiting and self._runner.state == STATE_RUNNING:
            self._wait(now_s)
        else:
            self._is_waiting = False
        return not self._is_waiting

    def _wait(self, now_s: float) -> None:
        may_be_back = self.may_be_back()
        if not self._runner.worker_count:
            self._heard_s = None
            if not may_be_back:
                self._is_waiting = False
                self._give_up()
            return
        self._heard_s = now_s if self._heard_s is None else self._heard_s
        self._is_waiting = may_be_back and now_s < self._heard_s + SETTLE_S

    def _stop_or_wait(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # Locust's, passed through
        runner, current = self._runner, gevent.getcurrent()
        hears = current in runner.greenlet and current is not runner.shape_greenlet
        if hears and runner.state == STATE_RUNNING and not runner.worker_count and self.may_be_back():
            if not self._is_waiting:
                log.warning("no worker is heard any more: the run goes on, and waits for them for a minute")
            self._is_waiting = True
            return
        self._is_waiting = False
        is_alone = hears and runner.state in (STATE_RUNNING, STATE_SPAWNING) and not runner.worker_count
        self._stop(*args, **kwargs)
        if is_alone:
            self._give_up()

    def _check_unless_waiting(self) -> None:
        """Locust takes a run for stopped when all of its workers are missing."""
        if not self._is_waiting:
            self._check_stopped()
