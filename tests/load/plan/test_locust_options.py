"""Locust's own options: what of them cannot work, by itself or with the harness's."""

from __future__ import annotations

from typing import Any

import pytest
from locust import HttpUser, LoadTestShape, User
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

from harness.load.plan.locust_options import problems_of, users_of
from harness.settings import Settings


class Fast(FastHttpUser):
    abstract = True


class Http(HttpUser):
    abstract = True


class Other(User):
    abstract = True


class Shape(LoadTestShape):
    def tick(self) -> None:
        return None


def said(
    ours: dict[str, object] | None = None,
    options: dict[str, Any] | None = None,
    changes: dict[str, str] | None = None,
    *,
    host: str | None = None,
    classes: tuple[type[User], ...] = (Fast,),
    shape: LoadTestShape | None = None,
) -> list[str]:
    environment = Environment(user_classes=list(classes), host=host)
    settings = Settings.from_options(ours or {}, {})
    return [str(p) for p in problems_of(settings, environment, options or {}, changes or {}, shape)]


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("127.0.0.1:9441", "http://127.0.0.1:9441"),
        ("api.example.com", "https://api.example.com"),
        ("//api.example.com", "https://api.example.com"),
        ("me:canary@api.example.com", "https://api.example.com"),
        ("ftp://api.example.com", "https://"),
        ("https://", "https://"),
        ("http://a b", "https://"),
        ("http://a\n", "https://"),
        ("http://a:99999", "https://"),
    ],
)
def test_a_host_that_cannot_work_is_a_fault_with_the_right_one(host: str, meant: str) -> None:
    for found in (said(host=host), said(host=host, classes=(Http,)), said(changes={"host": host})):
        [fault] = found
        assert fault.startswith("--host")
        assert meant in fault
        assert "canary" not in fault


def test_the_class_s_host_is_looked_at_where_locust_has_none() -> None:
    class Own(FastHttpUser):
        host = "api.example.com"

    [fault] = said(classes=(Own,))
    assert fault.startswith("the host of Own: 'api.example.com'")
    assert said(classes=(Own,), host="https://api.example.com") == []


def test_a_host_of_users_that_speak_no_http_is_theirs() -> None:
    assert said(host="broker:1883", classes=(Other,)) == []


@pytest.mark.parametrize(
    "host", [None, "", "http://[::1]:9229", "https://me:pw@api.example.com/v1", "http://under_score:1"]
)
def test_good_hosts(host: str | None) -> None:
    assert said(host=host) == []


@pytest.mark.parametrize(
    ("ours", "options", "changes", "named"),
    [
        ({"warmup": "5s"}, {"run_time": 5}, {}, "--warmup is 5s, and --run-time is 5 s"),
        ({"warmup": "1m"}, {}, {"run_time": "30s"}, "--warmup is 1m, and --run-time is 30 s"),
        ({"warmup": "1m"}, {"run_time": 90}, {"run_time": "30s"}, "--run-time is 30 s"),
        (
            {"warmup": "40s", "login_rate_sweep": "1,2", "sweep_hold": "20s"},
            {"run_time": 300},
            {},
            "--warmup is 40s, and the sweep lasts 40 s",
        ),
        ({}, {}, {"run_time": "soon"}, "--run-time is 'soon'"),
        ({}, {"run_time": 10**20}, {}, "--run-time is 1e+20, over the limit of 31,622,400 s"),
        ({}, {}, {"run_time": "9" * 30 + "h"}, "--run-time is"),
        ({}, {"stop_timeout": 10**12}, {}, "--stop-timeout is 1e+12, over the limit of 604,800 s"),
        ({}, {"spawn_rate": 1e300}, {}, "--spawn-rate is 1e+300, over the limit of 100,000 users/s"),
        ({}, {}, {"spawn_rate": "nan"}, "--spawn-rate is 'nan'"),
        ({}, {}, {"spawn_rate": "-1"}, "--spawn-rate is '-1'"),
        ({}, {}, {"spawn_rate": "1e-308"}, "--spawn-rate is 1e-308, below the limit of 0.001 users/s"),
    ],
)
def test_what_a_run_cannot_be(
    ours: dict[str, object], options: dict[str, Any], changes: dict[str, str], named: str
) -> None:
    [fault] = said(ours, options, changes)
    assert named in fault


def test_a_warm_up_that_leaves_something_to_measure_is_no_fault() -> None:
    assert said({"warmup": "4s"}, {"run_time": 5}) == []
    assert said({"warmup": "1h"}, {"run_time": None}) == []
    assert said({"warmup": "5s"}, {"run_time": 5}, shape=Shape()) == []  # a shape ends by itself


@pytest.mark.parametrize("given", [-5, 0, "-1", "1e9", "many", "0"])
def test_users_are_a_whole_number_above_0(given: int | str) -> None:
    changes = {"user_count": given} if isinstance(given, str) else {}
    users, [problem] = users_of({"num_users": given}, changes, connected=1)
    assert users is None
    assert "Expected a whole number above 0" in problem.hint


def test_users_are_limited_by_process() -> None:
    users, [problem] = users_of({}, {"user_count": str(10**20)}, connected=1)
    assert users is None
    assert problem.message == "--users in each process is 1e+20, over the limit of 100,000 users in a process"
    assert users_of({"num_users": 200_000}, {}, connected=1)[1]
    assert users_of({}, {"user_count": "9" * 400}, connected=1)[1]
    assert users_of({"num_users": 200_000}, {}, connected=2) == (200_000, [])
    assert users_of({"num_users": 200_000, "expect_workers": 2}, {}, connected=1) == (200_000, [])
    assert users_of({"num_users": 200_000, "processes": 2}, {}, connected=1) == (200_000, [])


def test_nothing_said_of_users_is_no_fault() -> None:
    assert users_of({"num_users": None}, {"user_count": ""}, connected=1) == (None, [])
