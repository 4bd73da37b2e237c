"""A headless run from end to end: what it does, what it prints, how it exits."""

from __future__ import annotations

import json
import time

import pytest

from harness.errors import EXIT
from tests.e2e.conftest import ROOT, wait_until

pytestmark = pytest.mark.e2e

LIGHT = ("--users", 6, "--spawn-rate", 6)


def users_csv(folder, rows):
    """Write users.csv with these (username, password) rows."""
    lines = [f"{name},{password}" for name, password in rows]
    (folder / "users.csv").write_text("\n".join(["username,password", *lines]) + "\n")


def sample_rows(count):
    """The first of the shipped accounts: (username, password)."""
    return [tuple(line.split(",")) for line in (ROOT / "users.csv").read_text().splitlines()[1 : count + 1]]


def failures(summary):
    return sum(summary[part]["all"]["failures"] for part in ("logins", "exchanges", "requests"))


def test_without_any_configuration_both_scenarios_run_against_the_sandbox(run_locust):
    """`locust --headless` in a fresh folder starts the sandbox, says so once, and passes."""
    run = run_locust(*LIGHT, "--run-time", "5s")
    assert run.exit_code == EXIT.PASSED, run.output
    assert run.output.count("started the sandbox at http://127.0.0.1:") == 1
    assert failures(run.summary) == 0
    assert set(run.summary["run"]["classes"]) == {"Login", "Api"}
    assert run.summary["requests"]["by_name"]["GET /orders/{id}"]["count"] > 0
    assert run.summary["logins"]["by_reason"]["initial"]["count"] == run.summary["logins"]["all"]["count"]
    assert run.output.count("Estimate: 3 API users, 3 a second: logins at up to 3/s, for 1 s. Tokens are taken") == 1
    assert run.output.count("3 login users wait between logins: at most 3/s") == 1
    assert run.summary["settings"]["estimate"].startswith("Estimate: 3 API users")
    assert run.summary["settings"]["quota"] == "120"
    tables, verdict = run.output.index("Aggregated"), run.output.index("passed:")
    assert tables < verdict, "the verdict comes after Locust's tables"


def test_every_user_renews_tokens_of_three_seconds_and_no_request_fails(run_locust, start_sandbox):
    """Fifteen seconds on three-second tokens: renewals by refresh for everybody, and nothing is refused."""
    sandbox = start_sandbox(access_token_life="3s", require_signature=True)
    run = run_locust("Api", *LIGHT, "--run-time", "15s", against=sandbox)
    assert run.exit_code == EXIT.PASSED, run.output
    reasons = run.summary["logins"]["by_reason"]
    assert reasons["initial"]["count"] == 6
    assert reasons["refresh"]["count"] >= 6 * 4
    assert failures(run.summary) == 0
    assert len(sandbox.counts()["logins"]) == 6


def test_a_gate_that_fails_or_has_no_data_exits_3(run_locust, start_sandbox):
    """Its sentence names the figure; a typo in a name is no free pass, and the names that exist are listed."""
    gates = ("InitiateAuth p95 < 1us", "GET /nowhere p95 < 1s", "login p99 < 30s")
    options = [word for gate in gates for word in ("--gate", gate)]
    run = run_locust("Login", *LIGHT, "--run-time", "3s", *options, against=start_sandbox())
    assert run.exit_code == EXIT.GATE, run.output
    states = {gate["gate"]: gate["state"] for gate in run.summary["gates"]}
    assert states == dict(zip(gates, ("failed", "no data", "passed"), strict=True))
    assert "2 of 3 gates failed" in run.output
    assert "InitiateAuth" in run.output.partition("GET /nowhere")[2]


def test_a_rejected_password_is_tried_once_and_explained(run_locust, start_sandbox, tmp_path):
    """One wrong row of twenty: one attempt in the whole run, one row of failures, its cause and remedy."""
    rows = sample_rows(20)
    sandbox = start_sandbox()
    users_csv(tmp_path, [*rows[:7], (rows[7][0], "Wrong-Passw0rd-1"), *rows[8:]])
    run = run_locust("Api", "--users", 20, "--spawn-rate", 20, "--run-time", "6s", against=sandbox)
    assert run.exit_code == EXIT.FAILED, run.output
    assert sandbox.counts()["logins"][rows[7][0]] == 1
    (error,) = [e for e in run.summary["errors"] if e["kind"] == "login"]
    assert error["count"] == 1
    assert error["cause"]
    assert error["remedy"]
    assert error["remedy"].split()[0] in run.output
    assert "COGNITO InitiateAuth: NotAuthorizedException: Incorrect username or password." in run.output
    assert run.summary["not_measured"]["skipped"], "the requests it could not send are counted"
    assert f"line 9  {rows[7][0]}  NotAuthorizedException" in run.output


def test_a_sandbox_that_goes_away_and_comes_back_costs_failures_but_no_users(start_locust, start_sandbox, tmp_path):
    """Transport errors are counted while it is away; afterwards every user works again."""
    sandbox = start_sandbox()
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(sandbox.ready))
    locust = start_locust("--headless", "--only-summary", *LIGHT, against=sandbox)
    wait_until(lambda: "GET /me" in sandbox.counts()["answered"])
    sandbox.stop()
    time.sleep(2)  # long enough for every user to meet a closed port
    again = start_sandbox(resume=ready)
    wait_until(lambda: set(again.counts()["answered"]) >= {"GET /me", "InitiateAuth"})
    locust.interrupt()
    locust.finish()
    assert locust.exit_code == EXIT.FAILED, locust.output
    outcomes = locust.summary["exchanges"]["all"]["outcomes"]
    assert outcomes["transport_error"]["count"] > 0
    counts = again.counts()
    assert counts["answered"]["GET /me"]["ok"] > 0
    assert counts["answered"]["InitiateAuth"]["ok"] > 0


def test_a_run_that_measures_nothing_is_invalid(run_locust, start_sandbox):
    """Users that never send anything prove nothing."""
    code = """
from locust import constant, events, task
from harness.load import CognitoApiUser, install
install(events)
class Api(CognitoApiUser):
    wait_time = constant(1)
    @task
    def nothing(self):
        pass
"""
    run = run_locust("--users", 2, "--run-time", "2s", against=start_sandbox(), code=code)
    assert run.exit_code == EXIT.INVALID, run.output
    assert "nothing was measured" in run.output


def test_an_overloaded_generator_is_invalid(run_locust, start_sandbox):
    """A task that hogs the processor makes every figure a lie; the run says so."""
    code = """
import time
from locust import constant, events, task
from harness.load import CognitoLoginUser, install
install(events)
class Login(CognitoLoginUser):
    wait_time = constant(0.01)
    @task
    def hog(self):
        self.log_in()
        until = time.perf_counter() + 0.2
        while time.perf_counter() < until:
            pass
"""
    run = run_locust("--users", 2, "--run-time", "5s", "--cognito-max-lag", 50, against=start_sandbox(), code=code)
    assert run.exit_code == EXIT.INVALID, run.output
    assert "--processes" in run.output


def test_a_task_that_raises_exits_1_even_when_gates_pass(run_locust, start_sandbox):
    """An exception of the test's own code is a fault of the test, whatever the gates say."""
    code = """
from locust import constant, events, task
from harness.load import CognitoLoginUser, install
install(events)
class Login(CognitoLoginUser):
    wait_time = constant(0.2)
    @task
    def broken(self):
        self.log_in()
        raise KeyError("oops")
"""
    run = run_locust(
        "--users", 1, "--run-time", "2s", "--gate", "login fail_rate < 50%", against=start_sandbox(), code=code
    )
    assert run.exit_code == EXIT.FAILED, run.output
    assert "KeyError" in run.output


def test_an_api_that_wants_the_other_token_costs_one_forced_login_a_user(run_locust, start_sandbox):
    """A refused token: a sample of its own, one forced login and one replay; then plain failures, no more logins."""
    sandbox = start_sandbox(api_token_use="id")
    run = run_locust("Api", *LIGHT, "--run-time", "4s", against=sandbox)
    assert run.exit_code == EXIT.FAILED, run.output
    assert run.summary["logins"]["by_reason"]["forced"]["count"] == 6
    refused = [row for row in run.summary["requests"]["by_name"].values() if row["token_refused"]]
    assert sum(row["count"] for row in refused) == 6
    assert all(row["failures"] == 0 for row in refused)
    assert run.summary["requests"]["all"]["outcomes"].keys() == {"http_error"}
    right = run_locust("Api", *LIGHT, "--run-time", "3s", "--cognito-token-use", "id", against=sandbox)
    assert right.exit_code == EXIT.PASSED, right.output


def test_new_connections_are_made_for_each_login_when_asked(run_locust, start_sandbox):
    """An app that was just opened connects first, and that time is in its login."""
    sandbox = start_sandbox()
    run = run_locust("Login", *LIGHT, "--run-time", "3s", "--cognito-connection", "new", against=sandbox)
    assert run.exit_code == EXIT.PASSED, run.output
    logins = run.summary["logins"]["all"]
    assert logins["phases"]["connect"]["count"] == logins["count"] > 0
    assert sandbox.counts()["connections"] >= logins["count"]
