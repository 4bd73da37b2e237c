"""Signals end a run as any other, with a shape, a sweep and users that will not stop, and a second one hurries it."""

from __future__ import annotations

import os
import signal

import pytest

from harness.errors import EXIT
from tests.e2e.conftest import group_members, sent, wait_until
from tests.e2e.test_exits import WORKERS, locustfile

pytestmark = pytest.mark.e2e

HEADLESS = ("--headless", "--only-summary", "Login", "--users", 4, "--spawn-rate", 4)
SHAPE = """
class Shape(LoadTestShape):
    def tick(self):
        return 4, 4
"""
STUBBORN = """
while True:
    try:
        self.log_in()
        gevent.sleep(0.05)
    except:
        pass
"""


def is_busy(sandbox):
    return lambda: sandbox.counts()["answered"].get("InitiateAuth", {}).get("ok", 0) > 4


@WORKERS
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_a_shape_that_a_signal_ends_is_concluded(start_locust, start_sandbox, workers, name):
    """Sent to the one process, as a scheduler does; no worker goes on loading."""
    sandbox = start_sandbox()
    locust = start_locust(*HEADLESS, *workers, against=sandbox, code=locustfile(above=SHAPE))
    wait_until(is_busy(sandbox))
    locust.process.send_signal(signal.Signals[name])
    locust.finish(30)
    assert locust.exit_code == EXIT.PASSED, locust.output
    assert f"({name} ended the run): whether it was over is not known" in " ".join(locust.summary["run"]["notes"])
    assert sent(locust.summary, "InitiateAuth") == sandbox.counts()["arrived"]["InitiateAuth"]
    assert group_members(locust.process.pid) == []


def test_a_closed_terminal_ends_all_processes_and_nohup_keeps_them(start_locust, start_sandbox):
    """The system sends SIGHUP to the whole group; nohup has it ignored."""
    sandbox, kept_sandbox = start_sandbox(), start_sandbox()
    locust = start_locust(*HEADLESS, "--processes", 2, against=sandbox, code=locustfile())
    kept = start_locust(*HEADLESS, "--run-time", "6s", against=kept_sandbox, within=("nohup",))
    wait_until(is_busy(sandbox))
    wait_until(is_busy(kept_sandbox))
    for run in (locust, kept):
        os.killpg(run.process.pid, signal.SIGHUP)
    locust.finish(30)
    kept.finish(30)
    assert locust.exit_code == kept.exit_code == EXIT.PASSED, locust.output + kept.output
    assert sent(locust.summary, "InitiateAuth") == sandbox.counts()["arrived"]["InitiateAuth"]
    assert kept.summary["run"]["duration_s"] > 4
    assert group_members(locust.process.pid) == []


@WORKERS
def test_a_second_signal_cuts_the_grace_short(start_locust, start_sandbox, workers):
    """Answers that take 25 s are cut off and counted; the results are written."""
    sandbox = start_sandbox(latency="25s")
    locust = start_locust(*HEADLESS, "--stop-timeout", 60, *workers, against=sandbox, code=locustfile())
    wait_until(lambda: sandbox.counts()["arrived"].get("InitiateAuth") == 4)
    locust.process.send_signal(signal.SIGTERM)
    locust.wait_for_log("Got SIGTERM")
    locust.process.send_signal(signal.SIGTERM)
    locust.finish(30)
    assert locust.summary["not_measured"]["cut_off"] == {"InitiateAuth": 4}
    assert locust.exit_code == EXIT.INVALID, "nothing was measured"


def test_an_interrupted_sweep_names_the_levels_that_were_not_run(start_locust, start_sandbox):
    """It is not the sweep that was ordered."""
    sandbox = start_sandbox()
    sweep = ("--login-sweep", "2,5,10", "--sweep-hold", "5s")
    locust = start_locust("--headless", "--only-summary", "Login", *sweep, against=sandbox, code=locustfile())
    wait_until(is_busy(sandbox))
    locust.wait_for_log("updating to 5 users")
    locust.interrupt()
    locust.finish(30)
    assert locust.exit_code == EXIT.FAILED, locust.output
    assert locust.summary["verdict"]["sentence"] == "the sweep was interrupted: levels 5, 10 were not run"


@WORKERS
def test_users_that_swallow_every_exception_keep_no_run_from_ending(start_locust, start_sandbox, workers):
    """In an endless loop that catches all, on throttled logins; they are left behind, and send nothing more."""
    sandbox = start_sandbox(quota=2)
    options = ("--stop-timeout", 1, "--run-time", "3s")
    locust = start_locust(*HEADLESS, *options, *workers, against=sandbox, code=locustfile(STUBBORN))
    locust.finish(40)
    assert "not stop and w" in " ".join(locust.summary["run"]["notes"]), locust.output
    assert group_members(locust.process.pid) == []


@WORKERS
def test_a_swallowed_end_only_ends_its_user_later(run_locust, start_sandbox, workers):
    """A task with `except:` around a request that waits for a login: its user stops at its next wait."""
    code = locustfile("try:\n    self._wait(30)\nexcept:\n    pass")
    run = run_locust(
        "Login", "--users", 4, "--spawn-rate", 4, "--run-time", "2s", *workers, against=start_sandbox(), code=code
    )
    assert run.exit_code == EXIT.PASSED, run.output
    assert run.summary["run"]["notes"] == []
