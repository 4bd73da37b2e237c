"""Locust's own options, which decide with ours what a run is: how many users, for how long, and on which host."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import isfinite
from typing import Any

from locust import LoadTestShape
from locust.env import Environment
from locust.util.timespan import parse_timespan

from harness.errors import Problem
from harness.load.plan.target import host_problems, hosts
from harness.settings import Settings
from harness.settings.limits import DURATION, RUN_TIME, SPAWN_RATE, USERS_PER_PROCESS, Limit


def problems_of(
    settings: Settings,
    environment: Environment,
    options: Mapping[str, Any],
    changes: Mapping[str, str],
    own_shape: LoadTestShape | None,
) -> list[Problem]:
    """What of Locust's options cannot work, by itself or with these settings; of the users `users_of` says it.

    Args:
        settings: Ours, with the changes.
        environment: Whose user classes there are.
        options: Locust's, as they stand.
        changes: The web UI's form, all of it text; empty before the first run.
        own_shape: The locustfile's.
    """
    host = str(changes.get("host", environment.host or ""))
    return [
        *host_problems(dict(hosts(environment, host))),
        *_figure("--spawn-rate", changes.get("spawn_rate") or options.get("spawn_rate"), SPAWN_RATE),
        *_stop_timeout(options.get("stop_timeout")),
        *_run_time(settings, own_shape, changes.get("run_time") or options.get("run_time")),
    ]


def users_of(
    options: Mapping[str, Any], changes: Mapping[str, str], connected: int
) -> tuple[int | None, list[Problem]]:
    """How many users are asked for, None where nobody has said so; and what is wrong with that, if anything.

    Args:
        options: As above, and so the changes.
        changes: These go first.
        connected: Processes that are there to run users.
    """
    given = changes.get("user_count") or options.get("num_users")
    if given is None:
        return None, []
    try:
        users = int(given)
    except ValueError:
        users = 0
    if users < 1:
        return None, [Problem(f"--users is {str(given)[:40]!r}", "Expected a whole number above 0.")]
    each = users // max(connected, _processes(options))
    if problem := USERS_PER_PROCESS.problem("--users in each process", each):
        return None, [problem]
    return users, []


def _figure(flag: str, given: Any, limit: Limit) -> list[Problem]:  # noqa: ANN401  # a number, or a form's text
    if given is None:
        return []
    try:
        value = float(given)
    except ValueError:
        value = 0.0
    if not isfinite(value) or value <= 0:
        return [Problem(f"{flag} is {str(given)[:40]!r}", "Expected a number above 0.")]
    problem = limit.problem(flag, value)
    return [problem] if problem else []


def _stop_timeout(given: Any) -> list[Problem]:  # noqa: ANN401  # seconds, or nothing
    problem = DURATION.problem("--stop-timeout", given or 0)
    return [problem] if problem else []


def _run_time(
    settings: Settings,
    own_shape: LoadTestShape | None,
    given: Any,  # noqa: ANN401  # the same
) -> list[Problem]:
    """A run that ends before its warm-up measures nothing. A sweep and a shape of the user's own end by themselves."""
    try:
        run_time_s = parse_timespan(given) if isinstance(given, str) else int(given or 0)
    except (ValueError, OverflowError):
        return [Problem(f"--run-time is {str(given)[:40]!r}", "Expected a duration, such as 300s, 20m or 1h30m.")]
    if problem := RUN_TIME.problem("--run-time", run_time_s):
        return [problem]
    what, lasts_s = "--run-time", float(run_time_s)
    if settings.sweep is not None:
        what, lasts_s = "the sweep", settings.sweep.duration_s
    elif own_shape is not None and not own_shape.use_common_options:
        return []
    if not lasts_s or settings.warmup_s < lasts_s:
        return []
    return [
        Problem(
            f"--warmup is {settings.warmup}, and {what} {'lasts' if settings.sweep else 'is'} {lasts_s:g} s: nothing "
            "would be measured",
            "Make the warm-up shorter or the run longer.",
        )
    ]


def _processes(options: Mapping[str, Any]) -> int:
    """How many processes will run users, as far as the options say."""
    forks = int(options.get("processes") or 0)
    return max(os.cpu_count() or 1 if forks < 0 else forks, int(options.get("expect_workers") or 1), 1)
