"""How long users of a class wait between tasks, as far as its `wait_time` tells.

Locust's `between`, `constant`, `constant_pacing`, `constant_throughput` and `poisson` return functions that hold their
arguments in a closure, which can be read without calling them. A function of the user's own is not called: it may
depend on the user, or change something.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from locust import TaskSet, User
from locust.user import wait_time as of_locust

_MEAN_S: Final[Mapping[str, Callable[[Mapping[str, Any]], float]]] = {
    "between": lambda held: (held["min_wait"] + held["max_wait"]) / 2,
    "constant": lambda held: held["wait_time"],
    "constant_pacing": lambda held: held["wait_time"],  # constant_throughput returns one of these
    "poisson": lambda held: 1 / held["rate"],
}


def mean_wait_s(user_class: type[User]) -> float | None:
    """The mean time from one task to the next when tasks take no time, in seconds; None when it cannot be known."""
    for task in user_class.tasks:
        if isinstance(task, type) and issubclass(task, TaskSet) and task.wait_time is not TaskSet.wait_time:
            return None  # its own, for as long as it runs
    wait = inspect.getattr_static(user_class, "wait_time", None)
    if not inspect.isfunction(wait) or wait.__module__ != of_locust.__name__:
        return None
    mean_s = _MEAN_S.get(wait.__qualname__.partition(".")[0])
    try:
        return max(float(mean_s(inspect.getclosurevars(wait).nonlocals)), 0.0) if mean_s else None
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None  # arguments that Locust will refuse, or another release's closure
