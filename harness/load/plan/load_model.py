"""What a load model asks of Locust: how many login users there are, and when."""

from __future__ import annotations

from typing import Any

from locust import LoadTestShape
from locust.env import Environment
from locust.runners import WorkerNode

from harness.errors import Problem
from harness.load.plan.sweep_shape import SweepShape
from harness.load.users import CognitoLoginUser
from harness.settings import Settings


def problems_of(settings: Settings, environment: Environment) -> list[Problem]:
    """Whether the run has anybody who could log in as the model says."""
    if not (settings.arrivals or settings.sweep) or login_classes(environment):
        return []
    return [Problem("a load of logins is asked for, but no class logs in", "Run the class Login: locust Login ...")]


def apply(
    settings: Settings, environment: Environment, options: dict[str, Any], own_shape: LoadTestShape | None
) -> None:
    """Make Locust's users the slots of an open load, or the steps of a sweep; doing it twice changes nothing.

    Args:
        settings: The model.
        environment: Whose user classes and shape are told.
        options: Locust's; an open load needs `num_users` to be as many as its slots, and no more when all log in.
        own_shape: The locustfile's, for a run without a sweep.
    """
    classes, sweep = login_classes(environment), settings.sweep
    slots = 0 if sweep is not None else settings.slots or 0
    for user_class in classes:
        user_class.fixed_count = slots
    users = int(options["num_users"] or 0)
    others = len(environment.user_classes) > len(classes)
    if slots and not others:
        options["num_users"] = slots  # no more: Locust waits 10 s for workers to report users that cannot be
    elif users < slots:
        options["num_users"] = slots + users
    shape = own_shape
    if sweep is not None:
        shape = SweepShape(sweep, classes, settings.slots)
        shape.runner = environment.runner
    environment.shape_class = shape


def planned(environment: Environment, users: int, processes: int) -> list[dict[str, int]]:
    """How many users of each class Locust will put on each of so many processes; asked of its own dispatcher."""
    nodes = [WorkerNode(id=str(number)) for number in range(processes)]
    dispatcher = environment.dispatcher_class(nodes, environment.user_classes)
    if not users:
        return [{} for _ in nodes]
    dispatcher.new_dispatch(target_user_count=users, spawn_rate=users)
    return list(next(dispatcher).values())


def log_in_apart(environment: Environment, plan: list[dict[str, int]]) -> bool:
    """Whether a process will have login users and nobody else, whose accounts they could use."""
    logins = {user_class.__name__ for user_class in login_classes(environment)}
    return any({name for name, count in users.items() if count} <= logins for users in plan if any(users.values()))


def login_classes(environment: Environment) -> list[type[CognitoLoginUser]]:
    """The classes of this run that do nothing but log in."""
    return [user_class for user_class in environment.user_classes if issubclass(user_class, CognitoLoginUser)]
