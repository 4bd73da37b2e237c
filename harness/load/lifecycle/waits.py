"""Waits in which Locust may stop a user at once, as in its own wait between tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from locust.exception import StopUser
from locust.user.users import User


def wait_of(user: User) -> Callable[[float], None]:
    """A sleep during which the user can be stopped at once, as in Locust's own wait between tasks."""

    def wait(seconds: float) -> None:
        with waiting(user):
            gevent.sleep(seconds)

    return wait


@contextmanager
def waiting(user: User) -> Iterator[None]:
    """A time in which the user can be stopped at once.

    Raises:
        StopUser: It is to stop already.
    """
    state: Any = user._state  # noqa: SLF001  # Locust's only way to tell
    if state == "stopping":
        raise StopUser
    user._state = "waiting"  # noqa: SLF001  # the same
    yield
    user._state = state  # noqa: SLF001  # the same
