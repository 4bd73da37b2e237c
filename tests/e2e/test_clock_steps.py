"""The system's clock is set while a run goes on, with libfaketime: what is measured stays what it was."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.conftest import free_port, sent, wait_until

pytestmark = pytest.mark.e2e

RUN_S, STEP_S = 6, 20
CODE = """
from locust import constant, events, task
from harness.load import CognitoLoginUser, install
install(events)

class Login(CognitoLoginUser):
    wait_time = constant(0.1)

    @task
    def once(self):
        self.log_in()
"""


class SystemClock:
    """The clock of the processes that are started with `variables`; the test sets it."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._offset = folder / "offset"
        self._offset.write_text("+0")
        self.variables = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: int) -> None:
        """Set it forward, or back."""
        self._offset.write_text(f"{seconds:+d}")


@pytest.fixture
def system_clock(tmp_path):
    found = sorted(Path("/usr/lib").glob("**/faketime/libfaketime.so.1"))
    if not found:
        pytest.skip("setting a process's clock needs libfaketime (Debian: apt-get install libfaketime)")
    return SystemClock(tmp_path, found[0])


def assert_nothing_is_lost(run, sandbox):
    """Every login is in the figures, the run is as long as it was, and its seconds follow each other."""
    assert run.exit_code == 0, run.output
    summary = run.summary
    answered = sandbox.counts()["answered"]["InitiateAuth"]["ok"]
    assert answered == sent(summary, "InitiateAuth") or answered == summary["exchanges"]["all"]["count"]
    assert RUN_S / 2 < summary["run"]["duration_s"] < STEP_S
    (timeline,) = run.results.glob("2*/timeline.csv")
    with timeline.open() as file:
        seconds = sorted({int(row["at_s"]) for row in csv.DictReader(file)})
    assert seconds[0] <= 2
    assert all(after - before <= 2 for before, after in pairwise(seconds))
    (samples,) = run.results.glob("2*/samples.jtl")
    with samples.open() as file:
        stamps = [int(row["timeStamp"]) for row in csv.DictReader(file)]
    assert max(stamps) - min(stamps) < 1_000 * STEP_S


def seconds_of(run):
    return {line.partition(",")[0] for path in run.results.glob("2*/timeline.csv") for line in path.open()}


@pytest.mark.parametrize("step_s", [-STEP_S, STEP_S])
def test_a_process_whose_clock_is_set_measures_on(start_locust, start_sandbox, system_clock, step_s):
    sandbox = start_sandbox()
    run = start_locust(
        *("--headless", "--only-summary", "--users", 2, "--spawn-rate", 2, "--run-time", RUN_S),
        *("--gate", "login rate < 30", "--samples", "yes"),
        against=sandbox,
        code=CODE,
        env=system_clock.variables,
    )
    wait_until(lambda: run.process.poll() is not None or len(seconds_of(run)) > 2)
    system_clock.step(step_s)
    assert_nothing_is_lost(run.finish(), sandbox)
    way = "back" if step_s < 0 else "forward"
    (note,) = [note for note in run.summary["run"]["notes"] if "clock" in note]
    assert note.startswith(f"the clock of this process was set {way} by 20 s at ")
    assert [event["kind"] for event in run.summary["run"]["events"]].count("clock_set") == 1


def test_one_worker_whose_clock_is_set_back_stays_in_its_seconds(start_locust, start_sandbox, system_clock):
    """Until all users are spawned, Locust's workers would discard what spawns them, if it were the master's clock."""
    sandbox, port = start_sandbox(), free_port()
    run = start_locust(
        *("--headless", "--only-summary", "--master", "--master-bind-port", port, "--expect-workers", 2),
        *("--users", 4, "--spawn-rate", 4, "--run-time", RUN_S, "--samples", "yes"),
        against=sandbox,
        code=CODE,
    )
    worker = ("--worker", "--master-port", port)
    start_locust(*worker, against=sandbox)
    start_locust(*worker, against=sandbox, env=system_clock.variables)
    wait_until(lambda: run.process.poll() is not None or len(seconds_of(run)) > 2)
    system_clock.step(-STEP_S)
    assert_nothing_is_lost(run.finish(), sandbox)
    (note,) = [note for note in run.summary["run"]["notes"] if "clock" in note]
    assert "was set back by 20 s at " in note
