"""Waits in which Locust may stop a user at once, as in its own wait between tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import gevent
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING
from locust.user.users import User

BREATH_S: Final = 0.05
"""What a user that is to stop waits before it is told so: a task that swallows that, and asks again, must not spin."""
_STATE: Final = "_state"
"""Locust's only way to tell whether a user may be stopped at once."""


def wait_of(user: User) -> Callable[[float], None]:
    """A sleep during which the user can be stopped at once, as in Locust's own wait between tasks."""

    def wait(seconds: float) -> None:
        with waiting(user):
            gevent.sleep(seconds)

    return wait


@contextmanager
def waiting(user: User) -> Iterator[None]:
    """A time in which the user can be stopped at once.

    A task may swallow the exception by which it is; the user then stops at its next wait.

    Raises:
        StopUser: It is to stop already.
    """
    state = getattr(user, _STATE)
    if state == LOCUST_STATE_STOPPING:
        gevent.sleep(BREATH_S)
        raise StopUser
    setattr(user, _STATE, LOCUST_STATE_WAITING)
    try:
        yield
    except gevent.GreenletExit:
        setattr(user, _STATE, LOCUST_STATE_STOPPING)
        raise
    finally:
        if getattr(user, _STATE) == LOCUST_STATE_WAITING:
            setattr(user, _STATE, state)


def park(users: Iterable[User]) -> None:
    """Let users that cannot be stopped do nothing more: their next request, login or wait does not return."""
    for user in users:
        parts: tuple[Any, ...] = (user, getattr(user, "client", None), getattr(user, "_taskset_instance", None))
        for part in parts:
            for name in ("request", "log_in", "wait", "_sleep"):
                if hasattr(part, name):
                    setattr(part, name, _stay)


def _stay(*_: object, **__: object) -> NoReturn:
    while True:
        gevent.sleep(3600)
