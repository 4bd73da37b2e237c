"""Says before the first user what the run is going to ask of Cognito, and what would exceed the quota."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from locust.env import Environment

from harness.evidence.judging.sweep import CONCURRENT
from harness.load.ending.signals import say_line
from harness.load.plan import load_model
from harness.load.plan.estimate import ASSUMED_LIFE_S, Estimate, Load
from harness.load.plan.wait_times import mean_wait_s
from harness.load.run.setup import Setup
from harness.load.users import CognitoApiUser
from harness.session import Renewal
from harness.settings import Settings

log = logging.getLogger("cognito-load")


def estimate_of(
    setup: Setup,
    environment: Environment,
    options: Mapping[str, object],
    *,
    users: int,
    processes: int,
    token_life_s: float | None,
) -> Estimate:
    """The arithmetic of a run that is about to begin; empty where a load shape of the user's own decides.

    Args:
        setup: What it runs with.
        environment: Whose user classes it has.
        options: Locust's: how fast users come, and how long the run takes.
        users: How many there will be.
        processes: How many processes run them.
        token_life_s: As a login has told it; None when none has.
    """
    settings, sweep = setup.settings, setup.settings.sweep
    plan: Mapping[str, int] = load_model.planned(environment, users, processes=1)[0] if users else {}
    api = sum(plan.get(each.__name__, 0) for each in environment.user_classes if issubclass(each, CognitoApiUser))
    logins = _Logins()
    if sweep is not None:
        logins.add(int(max(sweep.levels)) if sweep.unit == CONCURRENT else 0, 0.0)
    elif not settings.arrivals:
        for each in load_model.login_classes(environment):
            logins.add(plan.get(each.__name__, 0), mean_wait_s(each))
    spawn_rate = float(str(options.get("spawn_rate") or 1))
    return Estimate(
        Load(
            users=api,
            accounts=_accounts(settings, api, len(setup.users), processes),
            spawn_rate_per_s=spawn_rate * api / users if users else spawn_rate,
            login_users=logins.at_once,
            unknown_users=logins.unknown,
            waiting_users=logins.waiting,
            waiting_per_s=logins.waiting_per_s,
            arrivals_per_s=max((stage.target_per_s for stage in settings.arrivals), default=0.0),
            token_life_s=token_life_s or ASSUMED_LIFE_S,
            is_life_known=token_life_s is not None,
            renewal=Renewal(settings.renew_margin_s, settings.renew_spread_share),
            quota_per_s=settings.quota_per_s,
            cap_per_s=settings.max_login_rate,
            run_time_s=float(str(options.get("run_time") or 0)),
            shares_quota=not settings.is_local,
        )
    )


def say(estimate: Estimate, options: Mapping[str, object]) -> tuple[str, ...]:
    """Headless, print the paragraph; log what would exceed the quota. What was said, for whoever looks later."""
    text, warnings = estimate.text(), estimate.warnings()
    if text and options.get("headless") and not options.get("quiet"):
        say_line(text)
    for warning in warnings:
        log.warning(warning)
    return tuple(filter(None, (text, *warnings)))


@dataclass(slots=True)
class _Logins:
    """Login users, by what their wait_time tells of their rate."""

    at_once: int = 0
    unknown: int = 0
    waiting: int = 0
    waiting_per_s: float = 0.0

    def add(self, users: int, wait_s: float | None) -> None:
        """So many that wait so long between logins; None: how long is not known."""
        if wait_s is None:
            self.unknown += users
        elif wait_s > 0:
            self.waiting += users
            self.waiting_per_s += users / wait_s
        else:
            self.at_once += users


def _accounts(settings: Settings, users: int, rows: int, processes: int) -> int:
    """How many sessions with Cognito so many API users have."""
    if settings.is_machine:
        return users
    return min(users, rows * processes if settings.on_exhausted == "recycle" else rows)
