"""The end of a run loses nothing, however it ends and wherever its users run."""

from __future__ import annotations

import signal

import pytest

from harness.errors import EXIT
from tests.e2e.conftest import ROOT, free_port, group_members, sent, wait_until

pytestmark = pytest.mark.e2e

BUSY = ("--users", 10, "--spawn-rate", 10)
SLOW_LOGINS = """
from locust import constant, events, task
from harness.load import CognitoLoginUser, install
install(events)
class Login(CognitoLoginUser):
    wait_time = constant(0.1)
    @task
    def log_in_once(self):
        self.log_in()
"""

SLOW_START = """import time
install(events)
until = time.monotonic() + 4
while time.monotonic() < until:
    pass
"""


def assert_counts_agree(summary, counts):
    """The server's own count of each operation and route is the client's."""
    arrived = counts["arrived"]
    assert sent(summary, "InitiateAuth") == arrived["InitiateAuth"]
    cut_off = summary["not_measured"]["cut_off"]
    for name, row in summary["requests"]["by_name"].items():
        assert row["count"] + cut_off.get(name, 0) == arrived[name], name


@pytest.mark.parametrize("workers", [("--processes", 1), ("--processes", 2)], ids=["1 worker", "2 workers"])
def test_the_server_counts_what_the_client_counts(run_locust, start_sandbox, workers):
    """Both scenarios, with one and two workers: not one exchange or request is missing.

    Without workers the interrupted runs below are counted.
    """
    sandbox = start_sandbox()
    run = run_locust(*BUSY, "--run-time", "5s", *workers, against=sandbox)
    assert run.exit_code == EXIT.PASSED, run.output
    assert_counts_agree(run.summary, sandbox.counts())
    assert group_members(run.process.pid) == []


@pytest.mark.parametrize("workers", [(), ("--processes", 2)], ids=["local", "2 workers"])
def test_slow_logins_in_flight_at_the_end_are_waited_for(run_locust, start_sandbox, workers):
    """Two-second logins: those in flight when the run ends arrive, and are measured."""
    sandbox = start_sandbox(latency="2s")
    run = run_locust(*BUSY, "--run-time", "5s", *workers, against=sandbox, code=SLOW_LOGINS)
    assert run.exit_code == EXIT.PASSED, run.output
    counts = sandbox.counts()
    assert run.summary["logins"]["all"]["count"] == counts["answered"]["InitiateAuth"]["ok"] >= 10
    assert sent(run.summary, "InitiateAuth") == counts["arrived"]["InitiateAuth"]
    assert run.summary["not_measured"]["cut_off"] == {}


@pytest.mark.parametrize("workers", [(), ("--processes", 2)], ids=["local", "2 workers"])
def test_what_cannot_be_waited_for_is_counted_as_cut_off(start_locust, start_sandbox, workers):
    """Answers slower than --stop-timeout are no samples, but nobody pretends that they were never sent."""
    sandbox = start_sandbox(latency="25s")
    run = start_locust(
        *("--headless", "--only-summary", *BUSY, "--stop-timeout", 1, *workers), against=sandbox, code=SLOW_LOGINS
    )
    wait_until(lambda: sandbox.counts()["arrived"].get("InitiateAuth") == 10)
    run.process.send_signal(signal.SIGTERM)
    run.finish()
    assert run.summary["not_measured"]["cut_off"] == {"InitiateAuth": 10}
    assert sent(run.summary, "InitiateAuth") == sandbox.counts()["arrived"]["InitiateAuth"] == 10
    assert run.exit_code == EXIT.INVALID, "nothing was measured"


@pytest.mark.parametrize("workers", [(), ("--processes", 2)], ids=["local", "2 workers"])
@pytest.mark.parametrize("how", ["ctrl-c", "sigterm"])
def test_an_interrupted_run_is_concluded_like_any_other(start_locust, start_sandbox, workers, how):
    """Ctrl-C (to the whole process group) and SIGTERM: verdict, results, equal counts, nobody left behind."""
    sandbox = start_sandbox(latency="300ms")
    locust = start_locust("--headless", "--only-summary", *BUSY, *workers, against=sandbox)
    wait_until(lambda: sandbox.counts()["answered"].get("InitiateAuth", {}).get("ok", 0) > 10)
    locust.interrupt() if how == "ctrl-c" else locust.process.send_signal(signal.SIGTERM)
    locust.finish()
    assert locust.exit_code == EXIT.PASSED, locust.output
    assert "passed:" in locust.output
    assert_counts_agree(locust.summary, sandbox.counts())
    assert group_members(locust.process.pid) == []


def test_a_master_and_a_worker_of_their_own(start_locust, start_sandbox):
    """`locust --master` and `locust --worker`, started apart: one result, on the master, complete."""
    sandbox, port = start_sandbox(), free_port()
    master = start_locust(
        *("--headless", "--only-summary", "--master", "--master-bind-port", port, "--expect-workers", 1),
        *BUSY,
        *("--run-time", "5s"),
        against=sandbox,
    )
    worker = start_locust("--worker", "--master-port", port, against=sandbox)
    master.finish()
    worker.finish()
    assert master.exit_code == EXIT.PASSED, master.output
    assert worker.exit_code == EXIT.PASSED, worker.output
    assert_counts_agree(master.summary, sandbox.counts())
    assert worker.summaries() == []


def test_a_slow_start_takes_nothing_from_the_run_time(run_locust, start_sandbox):
    """Timers of the event loop count from its last look at the clock, which was before the locustfile was read."""
    code = (ROOT / "locustfile.py").read_text().replace("install(events)\n", SLOW_START)
    run = run_locust("Login", "--users", 2, "--run-time", "3s", against=start_sandbox(), code=code)
    assert run.exit_code == EXIT.PASSED, run.output
    assert run.summary["run"]["duration_s"] > 2
