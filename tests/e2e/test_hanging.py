"""A service that hangs: nobody is answered, nothing fails, and the run does not pass."""

from __future__ import annotations

import signal

import pytest

from harness.errors import EXIT
from tests.e2e.conftest import wait_until

pytestmark = pytest.mark.e2e

USERS = ("--headless", "--only-summary", "--users", 5, "--spawn-rate", 5)


def still_open(run, kind):
    """What was still open of one kind: how many, and how long the oldest had been."""
    entries = [entry for entry in run.summary["not_measured"]["still_open"] if entry["kind"] == kind]
    return sum(entry["count"] for entry in entries), max(entry["max_ms"] for entry in entries)


@pytest.mark.parametrize(
    ("workers", "gates", "code"),
    [((), (), EXIT.FAILED), (("--processes", 2), ("--gate", "login fail_rate < 1%; api p99 < 1s"), EXIT.GATE)],
    ids=["local, without gates", "2 workers, with gates"],
)
def test_an_api_that_stalls_does_not_pass(start_locust, start_sandbox, workers, gates, code):
    """Users log in and wait; there is no sample of the API, and no failure."""
    sandbox = start_sandbox()
    sandbox.fault("stall", time_s=300, on="api")
    run = start_locust("Api", *USERS, *workers, *gates, "--stop-timeout", 2, against=sandbox)
    wait_until(lambda: sum(sandbox.counts()["arrived"].get(name, 0) for name in ROUTES) == 5)
    run.process.send_signal(signal.SIGTERM)
    run.finish()
    assert run.exit_code == code, run.output
    verdict = run.summary["verdict"]
    count, oldest_ms = still_open(run, "request")
    assert (verdict["word"], count) == ("failed", 5)
    assert oldest_ms >= 2_000, "the time that it had to arrive"
    assert sum(run.summary["not_measured"]["cut_off"].values()) == 5
    if gates:
        assert [gate["state"] for gate in run.summary["gates"]] == ["passed", "failed"]
        assert "5 were still open after up to" in run.summary["gates"][1]["sentence"]
    else:
        assert verdict["sentence"].startswith("no API request was answered: 5 were still open after up to")


ROUTES = ("GET /me", "GET /orders", "POST /orders")
"""What the shipped locustfile's users begin with."""


def test_users_that_end_up_hanging_fail_a_run_whose_answers_were_all_good(start_locust, start_sandbox):
    """The API answers, and then no more: the time that answers have at the end alone makes the requests old enough."""
    sandbox = start_sandbox()
    run = start_locust(*USERS, against=sandbox, code=API)
    wait_until(lambda: answered(sandbox) > 20)
    sandbox.fault("stall", time_s=300, on="api")
    wait_until(lambda: sandbox.counts()["arrived"]["GET /me"] - answered(sandbox) == 5)
    run.process.send_signal(signal.SIGTERM)
    run.finish()
    assert run.exit_code == EXIT.FAILED, run.output
    count, oldest_ms = still_open(run, "request")
    assert count == 5
    assert oldest_ms >= 10_000
    requests = run.summary["requests"]["all"]
    assert (requests["failures"], requests["count"]) == (0, answered(sandbox))
    assert "5 API requests were still open after up to" in run.summary["verdict"]["sentence"]


def answered(sandbox):
    return sandbox.counts()["answered"].get("GET /me", {}).get("ok", 0)


API = """
from locust import constant, events, task
from harness.load import CognitoApiUser, install
install(events)
class Api(CognitoApiUser):
    wait_time = constant(0.05)
    @task
    def who_am_i(self):
        self.client.get("/me")
"""


def test_a_gate_stops_a_run_on_a_cognito_that_hangs(start_locust, start_sandbox):
    """An open load: logins go on arriving, are in flight, and their gate fails before one of them times out (30 s)."""
    sandbox = start_sandbox()
    run = start_locust(
        *(
            "Login",
            *USERS,
            "--login-rate",
            5,
            "--login-slots",
            5,
            "--stop-timeout",
            1,
            "--processes",
            2,
            "--max-dropped",
            "100%",
        ),
        *("--gate", "intended p95 < 2s abort after 1s"),
        against=sandbox,
    )
    wait_until(lambda: sandbox.counts()["answered"].get("InitiateAuth", {}).get("ok", 0) >= 5)
    sandbox.fault("stall", time_s=300)
    run.finish()
    assert run.exit_code == EXIT.GATE, run.output
    (gate,) = run.summary["gates"]
    assert gate["state"] == "failed"
    assert "were still open after up to" in gate["sentence"]
    assert "stopped the run after" in gate["sentence"]
    assert still_open(run, "intended")[0] == still_open(run, "exchange")[0] == 5
    assert run.summary["exchanges"]["all"]["failures"] == 0
