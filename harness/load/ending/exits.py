"""The ends that a locustfile gives itself: `sys.exit`, `KeyboardInterrupt` and `StopTest` in a greenlet.

gevent throws the first two into the main greenlet, past everything that Locust does at the end of a run. Locust
documents the third as the end of the whole test, and ends one user.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import gevent
from gevent import GreenletExit
from locust.env import Environment
from locust.event import EventHook
from locust.exception import StopTest, StopUser
from locust.user.task import LOCUST_STATE_RUNNING, DefaultTaskSet
from locust.user.users import User

End = Callable[[str, int, bool], None]
"""Told why the locustfile ends the run (a sentence without a full stop), with which exit code, and whether the
process is to end, too."""

_END: Final = "cognito_end"
_LISTENERS: Final = "_handlers"
"""An EventHook's own."""

log = logging.getLogger("cognito-load")


def listen(environment: Environment, end: End, is_leaving: Callable[[], bool]) -> None:
    """Take over what the locustfile raises to end a run.

    Args:
        environment: Whose users.
        end: See `End`; may be called from any greenlet, and often.
        is_leaving: Whether the process ends already: then such an exception goes where it is aimed at.
    """
    setattr(environment, _END, end)
    setattr(User, "run", _run)  # noqa: B010  # mypy lets nobody assign to a method
    hub = gevent.get_hub()
    original = hub.handle_system_error

    def handle_system_error(kind: Any, value: Any, tb: Any = None) -> None:  # noqa: ANN401  # gevent's own
        if is_leaving() or not isinstance(value, SystemExit | KeyboardInterrupt):
            original(kind, value, tb)
        else:
            _tell(end, value)

    hub.handle_system_error = handle_system_error


def guard(hook: EventHook, end: End, after: Callable[[int], None] | None = None) -> None:
    """Keep a listener's SystemExit and KeyboardInterrupt from those that are called after it, and from Locust.

    Args:
        hook: Whose listeners.
        end: See `End`.
        after: Called when all were called, with the event's `exit_code`.
    """
    one = EventHook()

    def fire(*, reverse: bool = False, **facts: Any) -> None:  # noqa: ANN401  # an event's
        listeners = list(getattr(hook, _LISTENERS))
        for listener in reversed(listeners) if reverse else listeners:
            setattr(one, _LISTENERS, [listener])
            try:
                one.fire(**facts)
            except (SystemExit, KeyboardInterrupt) as error:
                _tell(end, error)
        if after is not None:
            after(int(facts["exit_code"]))

    setattr(hook, "fire", fire)  # noqa: B010  # mypy lets nobody assign to a method


def _tell(end: End, error: SystemExit | KeyboardInterrupt) -> None:
    if isinstance(error, SystemExit):
        code = exit_code_of(error.code)
        end(f"the locustfile called sys.exit({_shown(error.code)})", code, True)  # noqa: FBT003  # as `End` says
    else:
        end("the locustfile raised KeyboardInterrupt", 0, True)  # noqa: FBT003  # the same


def exit_code_of(asked: object) -> int:
    """What a process that asks for this exit code exits with: the system keeps eight bits of it, and loses 256."""
    if asked is None:
        return 0
    if not isinstance(asked, int):
        return 1
    return asked & 0xFF or int(asked != 0)


def _shown(code: object) -> str:
    return "" if code is None else str(code) if isinstance(code, int) else "a message"


def _run(self: User) -> None:
    """Locust's `User.run`, with StopTest as Locust documents it."""
    self._state = LOCUST_STATE_RUNNING
    self._taskset_instance = DefaultTaskSet(self)
    try:
        try:
            self.on_start()
        except Exception as error:
            if not isinstance(error, StopUser | StopTest):
                log.exception("on_start of a user has failed")
                self.environment.events.user_error.fire(user_instance=self, exception=error, tb=error.__traceback__)
            raise
        self._taskset_instance.run()
    except (GreenletExit, StopUser, StopTest) as error:
        if isinstance(error, StopTest):
            log.error("a user ends the run (StopTest): %s", error)  # noqa: TRY400  # it is no fault of its own
            if end := getattr(self.environment, _END, None):
                end("the locustfile ended the run with StopTest", 0, False)  # noqa: FBT003  # as `End` says
        self.on_stop()
