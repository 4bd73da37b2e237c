"""Gates and baselines, each exit code by a real `locust`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import EXIT

pytestmark = pytest.mark.e2e

LIGHT = ("Login", "--users", 6, "--spawn-rate", 6)
SLOW, LONGEST = "InitiateAuth p50 < 1us abort after 1s", "InitiateAuth max < 1us abort after 1s"
BUSY = """
from locust import constant, events
from harness.load import CognitoLoginUser, install
from locust import task
install(events)
class Login(CognitoLoginUser):
    wait_time = constant(0.02)
    @task
    def log_in_once(self):
        self.log_in()
"""


def kept(results: Path) -> list[int]:
    """Exit codes of what failed the last run, and that `report build` cannot see in its figures."""
    facts = json.loads((results / "latest" / "run.json").read_text())
    return [reason["exit_code"] for reason in facts["failed_because"]]


@pytest.mark.parametrize(
    ("slow", "processes"), [(SLOW, ()), (LONGEST, ("--processes", 2))], ids=["in one process", "with workers"]
)
def test_a_gate_that_aborts_stops_the_run_long_before_its_time(run_locust, start_sandbox, slow, processes):
    """Exit code 3, with everything that was measured until then; with workers from their parcels."""
    run = run_locust(*LIGHT, *processes, "--run-time", "80s", "--gate", slow, against=start_sandbox())
    assert run.exit_code == EXIT.GATE, run.output
    assert run.summary["run"]["duration_s"] < 60
    (gate,) = run.summary["gates"]
    assert gate["state"] == "failed"
    assert "stopped the run after" in gate["sentence"]
    assert f"{slow} (was" in run.output
    assert run.summary["exchanges"]["all"]["count"] > 0
    assert kept(run.results) == [EXIT.GATE]


def test_gates_come_from_everywhere_and_hold_at_once(run_locust, start_sandbox, tmp_path):
    """--gate, --gate-file and pyproject.toml; counts of outcomes, and arrivals that were dropped."""
    (tmp_path / "gates.txt").write_text("# what the team agreed on\nlogin throttled == 0\ndropped == 0\n")
    (tmp_path / "pyproject.toml").write_text('[tool.cognito-load]\ngates = ["login ok > 0"]\n')
    options = ("--gate-file", "gates.txt", "--gate", "login fail_rate < 1%")
    run = run_locust(*LIGHT, "--run-time", "2s", *options, against=start_sandbox())
    assert run.exit_code == EXIT.PASSED, run.output
    gates = ["login fail_rate < 1%", "login throttled == 0", "dropped == 0", "login ok > 0"]
    assert [gate["gate"] for gate in run.summary["gates"]] == gates


def test_faults_of_gates_are_pointed_at_before_anything_is_sent(run_locust, start_sandbox, tmp_path):
    """Exit code 5: a typo in a file, a baseline that is not there, all of it at once."""
    (tmp_path / "gates.txt").write_text("login p95 < 300\n")
    sandbox = start_sandbox()
    run = run_locust(*LIGHT, "--gate-file", "gates.txt", "--baseline", "results/none", against=sandbox)
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    assert "gates.txt line 1: the unit is missing\n    login p95 < 300\n                   ^" in run.output
    assert "results/none/histograms.json cannot be read" in run.output or "results/none cannot be read" in run.output
    assert sandbox.counts()["logins"] == {}


def test_a_run_is_held_against_an_earlier_one(run_locust, start_sandbox, tmp_path):
    """A slower service is worse: exit code 3, by --baseline and by `report compare`; the other way round is better."""
    fast, slow = start_sandbox(), start_sandbox(latency="250ms")
    options = ("--users", 8, "--spawn-rate", 100, "--run-time", "5s")
    before = run_locust(*options, against=fast, code=BUSY)
    assert before.exit_code == EXIT.PASSED, before.output
    baseline = ("--baseline", before.results / "latest", "--gate", "InitiateAuth p50 < baseline * 1000")
    after = run_locust(*options, *baseline, against=slow, code=BUSY)
    assert after.exit_code == EXIT.GATE, after.output
    assert kept(after.results) == [EXIT.GATE]
    assert "failed: worse than" in after.output
    assert after.summary["comparison"]["word"] == "worse"
    assert after.summary["gates"][0]["state"] == "passed"

    def compare(one, other):
        command = [sys.executable, "-m", "harness.cli.main", "report", "compare", "--json", one, other]
        told = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        return told.returncode, json.loads(told.stdout)["word"]

    assert compare(before.results / "latest", after.results / "latest") == (EXIT.GATE, "worse")
    assert compare(after.results / "latest", before.results / "latest") == (EXIT.PASSED, "better")
