"""Everything that can go wrong, once, in real runs: counted as what it was, with nobody lost and no false success."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from harness.errors import EXIT
from tests.e2e.conftest import wait_until

pytestmark = pytest.mark.e2e

TIMES = 3
LOGIN_FAULTS = (
    ("throttle", {}, "throttled"),
    ("500", {}, "server_error"),
    ("503", {}, "server_error"),
    ("html", {}, "server_error"),
    ("html", {"status": 200}, "malformed"),
    ("truncated", {}, "malformed"),
    ("not-json", {}, "malformed"),
    ("wrong-length", {"by": -10}, "malformed"),
    ("wrong-length", {"by": 25}, "transport_error"),
    ("reset-before", {}, "transport_error"),
    ("reset-inside", {}, "transport_error"),
    ("drip", {"time_s": 0.3}, "ok"),
    ("latency", {"time_s": 0.3}, "ok"),
    ("latency", {"time_s": 0.1, "spread_s": 0.02}, "ok"),
    ("latency", {"time_s": 0.1, "p99_s": 0.5}, "ok"),
)
"""Each fault of an answer of Cognito's, and what a login becomes that meets it."""

ACCOUNT, OTHER_ACCOUNT = "load-user-001@example.com", "load-user-002@example.com"
API_FAULTS = (
    ("throttle", {}, "throttled"),
    ("500", {}, "server_error"),
    ("503", {}, "server_error"),
    ("html", {}, "server_error"),
    ("html", {"status": 200}, "failed_check"),
    ("truncated", {}, "failed_check"),
    ("not-json", {}, "failed_check"),
    ("wrong-length", {"by": -10}, "failed_check"),
    ("wrong-length", {"by": 25}, "transport_error"),
    ("reset-before", {}, "transport_error"),
    ("reset-inside", {}, "transport_error"),
    ("drip", {"time_s": 0.3}, "ok"),
    ("latency", {"time_s": 0.3}, "ok"),
)

USERS_AT_THE_END = """
@events.test_stopping.add_listener
def tell(environment, **_):
    print("users at the end:", environment.runner.user_count, flush=True)
"""
LOGINS = f"""
from locust import constant, events, task
from harness.load import CognitoLoginUser, install
install(events)

class Login(CognitoLoginUser):
    wait_time = constant(0.1)

    @task
    def log_in_once(self):
        self.log_in()
{USERS_AT_THE_END}"""
API = f"""
from locust import constant, events, task
from harness.load import CognitoApiUser, install
install(events)

def says_who(response):
    try:
        return bool(response.json()["sub"])
    except ValueError:
        return False

class Api(CognitoApiUser):
    wait_time = constant(0.1)

    @task
    def who_am_i(self):
        with self.client.get("/me", catch_response=True) as response:
            if response.ok and not (says_who(response)):
                response.failure("it does not say who")
{USERS_AT_THE_END}"""


def users_at_the_end(run):
    return int(re.search(r"users at the end: (\d+)", run.output)[1])


def outcomes(rows):
    """How often each outcome came."""
    return Counter({outcome: row["count"] for outcome, row in rows["all"]["outcomes"].items()})


def expected_failures(faults):
    expected = Counter()
    for _, _, outcome in faults:
        expected[outcome] += TIMES
    del expected["ok"]
    return expected


def assert_even(run, sandbox, name, ok):
    """What the server answered well, the client has seen, or was cut off from when Locust ended a user."""
    cut_off = run.summary["not_measured"]["cut_off"].get(name, 0)
    assert ok <= sandbox.counts()["answered"][name]["ok"] <= ok + cut_off


def test_every_fault_of_a_login_is_counted_as_what_it_is(run_locust, start_sandbox):
    """Three of each: the run's statistics, the server's own count and the users all come out even."""
    sandbox = start_sandbox(tls=True)
    for kind, members, _ in LOGIN_FAULTS:
        sandbox.fault(kind, **members, times=TIMES, on="InitiateAuth")
    run = run_locust(
        *("--users", 6, "--spawn-rate", 6, "--run-time", "5s", "--cognito-ca-bundle", sandbox.ca_bundle),
        code=LOGINS,
        against=sandbox,
    )
    assert (run.exit_code, users_at_the_end(run)) == (EXIT.FAILED, 6), run.output
    assert "Traceback" not in run.output
    found = outcomes(run.summary["exchanges"])
    assert found == outcomes(run.summary["logins"])
    assert_even(run, sandbox, "InitiateAuth", found.pop("ok"))
    assert found == expected_failures(LOGIN_FAULTS)


def test_every_fault_of_an_api_is_counted_as_what_it_is(run_locust, start_sandbox):
    """The same for requests with a token; what only the test can tell to be wrong is its own failed check."""
    sandbox = start_sandbox()
    for kind, members, _ in API_FAULTS:
        sandbox.fault(kind, **members, times=TIMES, on="GET /me")
    run = run_locust("--users", 6, "--spawn-rate", 6, "--run-time", "5s", code=API, against=sandbox)
    assert (run.exit_code, users_at_the_end(run)) == (EXIT.FAILED, 6), run.output
    assert "Traceback" not in run.output
    assert outcomes(run.summary["logins"]) == {"ok": 6}
    found = outcomes(run.summary["requests"])
    assert_even(run, sandbox, "GET /me", found.pop("ok"))
    assert found == expected_failures(API_FAULTS)


@pytest.fixture
def lifecycle(start_locust, start_sandbox):
    """A run of five users whose tokens live for three seconds, and its sandbox: five are logged in and at work."""
    sandbox = start_sandbox(access_token_life="3s", require_signature=True)
    run = start_locust(
        *("--headless", "--only-summary", "--users", 5, "--spawn-rate", 5, "--run-time", "1m"),
        code=API,
        against=sandbox,
    )
    wait_until(lambda: answered(sandbox, "GET /me", "ok") > 20)
    return run, sandbox


def answered(sandbox, name, answer):
    return sandbox.counts()["answered"].get(name, {}).get(answer, 0)


def wait_for_more(sandbox, name, answer, more):
    """Wait until this has been answered so many times more than now."""
    before = answered(sandbox, name, answer)
    wait_until(lambda: answered(sandbox, name, answer) >= before + more)


@pytest.fixture
def sandbox_fault(lifecycle, tmp_path):
    """Runs `cognito-load sandbox fault …` against the run's sandbox, as a person does in another terminal."""
    ready = tmp_path / "sandbox.json"
    ready.write_text(json.dumps(lifecycle[1].ready))
    command = Path(sys.executable).with_name("cognito-load")

    def fault(*arguments):
        given = [command, "sandbox", "fault", *arguments]
        return subprocess.run(given, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60).stdout

    return fault


def test_tokens_keys_clock_and_accounts_go_wrong_in_the_middle_of_a_run(lifecycle, sandbox_fault):
    """Throttled, revoked, expired, rotated, skewed, disabled, unverifiable, stalled: each is told, and others go on.

    The first one is ordered, listed and lifted by the command, the others over the control port that it speaks to.
    """
    run, sandbox = lifecycle
    sandbox_fault("throttle", "--on", "GET /me", "--share", "50%")
    wait_for_more(sandbox, "GET /me", "429", 10)
    assert json.loads(sandbox_fault("list")) == {"fault": "throttle", "on": "GET /me", "share": 0.5}
    sandbox_fault("clear")
    throttled = answered(sandbox, "GET /me", "429")
    wait_for_more(sandbox, "GET /me", "ok", 20)
    assert answered(sandbox, "GET /me", "429") == throttled
    for loss in ("revoke", "expire-refresh"):
        sandbox.fault(loss)
        wait_for_more(sandbox, "InitiateAuth", "NotAuthorizedException", 5)
        wait_for_more(sandbox, "GET /me", "ok", 20)
    sandbox.fault("revoke", user=OTHER_ACCOUNT)
    wait_for_more(sandbox, "InitiateAuth", "NotAuthorizedException", 1)
    sandbox.fault("rotate-keys")
    wait_for_more(sandbox, "GET /me", "ok", 20)
    sandbox.fault("clock-skew", time_s=600)
    wait_for_more(sandbox, "GET /me", "ok", 20)
    run.wait_for_log(r"the clock of this process is \d+ s behind the endpoint's: AWS refuses signatures")
    sandbox.fault("jwks-down")
    sandbox.fault("rotate-keys")
    wait_for_more(sandbox, "GET /me", "503", 10)
    sandbox.clear_faults()
    wait_for_more(sandbox, "GET /me", "ok", 20)
    sandbox.fault("stall", time_s=1, on="all")
    sandbox.fault("disable", user=ACCOUNT)
    wait_for_more(sandbox, "InitiateAuth", "NotAuthorizedException", 2)
    wait_for_more(sandbox, "GET /me", "ok", 20)
    run.interrupt()
    run.finish()
    assert users_at_the_end(run) == 5
    assert "Traceback" not in run.output
    assert run.output.count("the clock of this process") == 2, "one warning, and a note in the closing summary"
    assert [note for note in run.summary["run"]["notes"] if re.search(r"(599|60[01]) s behind", note)]
    logins = {reason: outcomes({"all": row}) for reason, row in run.summary["logins"]["by_reason"].items()}
    assert logins["initial"] == {"ok": 6}, "the user of the disabled account goes on with another"
    assert logins["refresh"]["rejected"] == 12, "five revoked, five expired, one revoked alone, one disabled"
    assert logins["expired"] == {"ok": 11, "rejected": 1}
    assert set(logins["forced"]) == {"ok"}
    assert logins["forced"]["ok"] >= 5 * 2, "rotated keys and a skewed clock, for each user"
    requests = run.summary["requests"]
    counted = outcomes(requests)
    assert counted["server_error"] == answered(sandbox, "GET /me", "503")
    assert counted["throttled"] == throttled
    cut_off = run.summary["not_measured"]["cut_off"].get("GET /me", 0)
    assert counted["ok"] <= answered(sandbox, "GET /me", "ok") <= counted["ok"] + cut_off
    (skipped,) = run.summary["not_measured"]["skipped"]
    assert (skipped["name"], skipped["why"]) == ("/me", "NotAuthorizedException"), "the disabled account's request"
