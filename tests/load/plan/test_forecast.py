"""What is reckoned of a run that is about to begin, from its settings, its users file and Locust's own dispatcher."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from locust import TaskSet, between, constant, constant_pacing, constant_throughput
from locust.env import Environment
from locust.user.wait_time import poisson

from harness.load import CognitoApiUser, CognitoLoginUser
from harness.load.plan.estimate import Load
from harness.load.plan.forecast import estimate_of, say
from harness.settings import Settings


class Api(CognitoApiUser):
    weight = 1


class Login(CognitoLoginUser):
    weight = 3


def load_of(
    settings: Settings, *, users: int = 40, rows: int = 100, classes: tuple[type, ...] = (Api, Login), **more: Any
) -> Load:
    setup: Any = SimpleNamespace(settings=settings, users=range(rows))
    options = {"spawn_rate": 20.0, "run_time": 60, **more}
    environment = Environment(user_classes=list(classes))
    found = estimate_of(setup, environment, options, users=users, processes=2, token_life_s=more.get("life"))
    return found.load


def test_users_and_their_rate_are_those_that_locust_will_spawn() -> None:
    load = load_of(Settings(renew_margin="30s", renew_spread="20%", quota="80", login_cap="70"), life=300.0)
    assert (load.users, load.accounts, load.spawn_rate_per_s, load.login_users) == (10, 10, 5.0, 30)
    assert (load.token_life_s, load.is_life_known, load.run_time_s) == (300.0, True, 60.0)
    assert (load.renewal.margin_s, load.renewal.spread_share) == (30.0, 0.2)
    assert (load.quota_per_s, load.cap_per_s, load.shares_quota) == (80.0, 70.0, True)
    assert load_of(Settings()).is_life_known is False


class Idle(TaskSet):
    wait_time = constant(5)


class Nested(CognitoLoginUser):
    wait_time = constant(1)
    tasks = [Idle]  # noqa: RUF012  # as Locust has it


class Odd(CognitoLoginUser):
    def wait_time(self) -> float:
        raise AssertionError("a function of the user's own is not called")


def login_class(wait_time: Any) -> type[CognitoLoginUser]:
    return type("Waits", (CognitoLoginUser,), {"wait_time": wait_time})


@pytest.mark.parametrize(
    ("user_class", "found"),
    [
        (login_class(between(0.5, 1.5)), (0, 0, 40, 40.0)),
        (login_class(constant(2)), (0, 0, 40, 20.0)),
        (login_class(constant_pacing(4)), (0, 0, 40, 10.0)),
        (login_class(constant_throughput(0.5)), (0, 0, 40, 20.0)),
        (login_class(poisson(2)), (0, 0, 40, 80.0)),
        (login_class(constant(0)), (40, 0, 0, 0.0)),
        (Login, (40, 0, 0, 0.0)),
        (Odd, (0, 40, 0, 0.0)),
        (Nested, (0, 40, 0, 0.0)),
    ],
)
def test_the_rate_of_login_users_is_in_the_wait_time_of_their_class(
    user_class: type[CognitoLoginUser], found: tuple[int, int, int, float]
) -> None:
    load = load_of(Settings(), classes=(user_class,))
    assert (load.login_users, load.unknown_users, load.waiting_users, load.waiting_per_s) == found


@pytest.mark.parametrize(
    ("settings", "accounts"),
    [
        (Settings(on_exhausted="wait"), 7),
        (Settings(on_exhausted="share"), 7),
        (Settings(on_exhausted="recycle"), 14),  # each of two processes logs in for itself
        (Settings(flow="client_credentials"), 40),  # machines have a token each
    ],
)
def test_who_shares_an_account_shares_its_logins(settings: Settings, accounts: int) -> None:
    assert load_of(settings, rows=7, classes=(Api,)).accounts == accounts


@pytest.mark.parametrize(
    ("settings", "logins", "arrivals_per_s"),
    [
        (Settings(login_rate="10:60s,100:5m"), 0, 100.0),
        (Settings(login_rate_sweep="10,20,50"), 0, 50.0),
        (Settings(login_sweep="1,2,5"), 5, 0.0),
    ],
)
def test_a_load_model_says_what_login_users_do(settings: Settings, logins: int, arrivals_per_s: float) -> None:
    load = load_of(settings, users=0)
    assert (load.users, load.login_users, load.arrivals_per_s) == (0, logins, arrivals_per_s)


def test_it_is_printed_headless_and_a_warning_is_logged_in_any_case(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    estimate: Any = SimpleNamespace(text=lambda: "Estimate: much.", warnings=lambda: ["too much"])
    for options, printed in (
        ({"headless": True}, "Estimate: much.\n"),
        ({"headless": True, "quiet": True}, ""),
        ({}, ""),
    ):
        caplog.clear()
        assert say(cast("Any", estimate), options) == ("Estimate: much.", "too much")
        assert capsys.readouterr().out == printed
        assert caplog.messages == ["too much"]
