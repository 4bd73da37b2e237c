"""Defects of Locust that need a whole run to show: once with the harness, once without it."""

from __future__ import annotations

import pytest

from harness.errors import EXIT

pytestmark = pytest.mark.e2e

SILENT_PLAIN = """
from locust import User, constant, task
class Idle(User):
    wait_time = constant(1)
    @task
    def nothing(self):
        pass
"""
COUNT_USERS = """
@events.test_stopping.add_listener
def count_users(environment, **_):
    print("users at the end:", environment.runner.user_count, flush=True)
"""
FAILING_PLAIN = (
    """
from locust import User, constant, events, task
class Api(User):
    wait_time = constant(0.2)
    def on_start(self):
        raise RuntimeError("the login failed")
    @task
    def nothing(self):
        pass
"""
    + COUNT_USERS
)
FAILING = (
    """
from locust import constant, events, task
from harness.load import CognitoApiUser, install
install(events)
class Api(CognitoApiUser):
    wait_time = constant(0.2)
    @task
    def me(self):
        self.client.get("/me")
"""
    + COUNT_USERS
)
STOPPING_PLAIN = """
from locust import User, constant, events, task
from locust.exception import StopTest
class Api(User):
    wait_time = constant(0.2)
    @task
    def give_up(self):
        raise StopTest("this cannot go on")
"""
PATH_PLAIN = """
from pathlib import Path
from locust import User, constant, events, task
@events.init_command_line_parser.add_listener
def add(parser):
    parser.add_argument("--folder", type=Path, default=Path("somewhere"))
class Idle(User):
    wait_time = constant(0.2)
    @task
    def told(self):
        print("a user runs", flush=True)
"""
SHORT = ("--users", 3, "--spawn-rate", 3, "--run-time", "2s")


def test_defect_7_a_run_without_requests_passes_in_plain_locust(run_locust):
    """Exit 0 for nothing; with the harness it is invalid (see test_headless)."""
    assert run_locust(*SHORT, code=SILENT_PLAIN, concludes=False).exit_code == EXIT.PASSED


def test_defect_7_an_option_that_is_no_text_leaves_workers_without_users(run_locust):
    """Plain Locust with a Path: no user ever runs, exit 0. The harness's options are text, and its workers run."""
    run = run_locust(*SHORT, "--processes", 1, code=PATH_PLAIN, concludes=False)
    assert "a user runs" not in run.output
    assert run.exit_code == EXIT.PASSED


def test_defect_6_users_whose_login_fails_stay(run_locust, start_sandbox):
    """Every login is throttled: with the harness all users are there at the end; in plain Locust none is."""
    lost = run_locust(*SHORT, code=FAILING_PLAIN, concludes=False)
    assert "users at the end: 0" in lost.output
    kept = run_locust(*SHORT, against=start_sandbox(quota=0.001), code=FAILING)
    assert "users at the end: 3" in kept.output, kept.output
    assert kept.summary["logins"]["all"]["outcomes"].keys() <= {"throttled", "ok"}
    assert kept.exit_code == EXIT.FAILED


def test_defect_5_a_run_that_cannot_go_on_ends_with_its_exit_code(run_locust, start_sandbox, tmp_path):
    """StopTest neither stops a test nor shows in the exit code; the harness quits with 5 (here: no accounts left)."""
    assert run_locust(*SHORT, code=STOPPING_PLAIN, concludes=False).exit_code == EXIT.PASSED
    (tmp_path / "users.csv").write_text("username,password\nsomebody@example.com,Sample-Passw0rd-1\n")
    run = run_locust(*SHORT, against=start_sandbox(), code=FAILING)
    assert run.exit_code == EXIT.CONFIGURATION, run.output
