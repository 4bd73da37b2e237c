"""The shape of a sweep: one level of load after the other, each held for a while, and then the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from locust import LoadTestShape
from locust.user.users import User

from harness.evidence.judging.sweep import Plan


class SweepShape(LoadTestShape):
    """Tells Locust how many login users there are at each moment of a sweep.

    Abstract for Locust, which would take any other shape that a locustfile has imported for the one to use.

    Args:
        plan: The levels.
        classes: The login user classes.
        slots: Users all the time, where the levels are rates; None where the levels are users.
    """

    abstract: ClassVar[bool] = True

    def __init__(self, plan: Plan, classes: Sequence[type[User]], slots: int | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust has no annotations here, and below
        self._plan = plan
        self._classes = list(classes)
        self._slots = slots

    def tick(self) -> tuple[int, float, list[type[User]]] | None:
        """Users, how many of them start each second, and of which classes; None when the sweep is over."""
        level = self._plan.level_at(self.get_run_time())  # type: ignore[no-untyped-call]
        if level is None:
            return None
        users = self._slots or round(level)
        return users, float(users), self._classes
