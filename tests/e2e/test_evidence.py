"""What a run leaves on disk: complete when it ends, and enough for a report when everything is killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from harness.errors import EXIT
from harness.evidence.figures.timeline import from_csv
from harness.evidence.storage.record import INTERVAL_S
from tests.e2e.conftest import wait_until

pytestmark = pytest.mark.e2e

BUSY = ("--users", 10, "--spawn-rate", 10)


def counts_of(summary):
    """Samples and failures by name: what the JTL must add up to."""
    rows = {**summary["exchanges"]["by_name"], **summary["requests"]["by_name"], "login": summary["logins"]["all"]}
    return {name: (row["count"], row["failures"]) for name, row in rows.items()}


def test_timeline_histograms_and_samples_agree_with_the_summary(run_locust, start_sandbox):
    """Every sample is in the summary, in a second of the timeline, and a row of one merged JTL."""
    run = run_locust(*BUSY, "--run-time", "5s", "--samples", "--processes", 2, against=start_sandbox())
    assert run.exit_code == EXIT.PASSED, run.output
    (folder,) = run.results.glob("2*")
    expected = counts_of(run.summary)

    with (folder / "samples.jtl").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["label"] for row in rows) == {name: count for name, (count, _) in expected.items()}
    assert all(int(row["Connect"]) <= int(row["elapsed"]) for row in rows)
    assert list(folder.glob("samples-*.jtl")) == []

    entries = list(from_csv((folder / "timeline.csv").read_text().split("\n")))
    in_timeline = Counter()
    for entry in entries:
        in_timeline[entry.name] += entry.count
    assert in_timeline == {name: count for name, (count, _) in expected.items()}

    built = build(folder)
    assert built.returncode == EXIT.PASSED, built.stderr
    again = json.loads((folder / "summary.json").read_text())
    for part in ("logins", "exchanges", "requests", "errors", "verdict", "not_measured"):
        assert again[part] == run.summary[part], part


def test_a_run_whose_processes_are_all_killed_can_be_reported(start_locust, start_sandbox):
    """SIGKILL to master and workers: everything but the last moments is there, and the report says so."""
    locust = start_locust("--headless", "--only-summary", *BUSY, "--processes", 2, "--samples", against=start_sandbox())
    wait_until(lambda: list(locust.results.glob("2*/generator.json")))
    (folder,) = locust.results.glob("2*")
    time.sleep(2)
    killed_s = time.time()
    os.killpg(locust.process.pid, signal.SIGKILL)
    locust.process.wait()
    assert not (folder / "summary.json").exists()

    built = build(folder.parent / "latest")

    assert built.returncode == EXIT.PASSED, built.stderr
    assert "not concluded" in built.stdout
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["verdict"]["word"] == "invalid"
    assert "the last second of the latter are missing" in summary["run"]["notes"][0]
    assert summary["run"]["duration_s"] >= INTERVAL_S - 2
    assert summary["logins"]["all"]["count"] > 0
    facts = json.loads((folder / "run.json").read_text())
    entries = list(from_csv((folder / "timeline.csv").read_text().split("\n")))
    lost_s = killed_s - int(facts["started_s"]) - (entries[-1].at_s + 1)
    assert lost_s < 5, "the second it was in, and on a busy machine those that were on their way"
    assert sum(1 for _ in (folder / "samples.jtl").open()) > 1
    assert list(folder.glob("samples-*.jtl")) == []


def test_warm_up_is_in_no_figure(run_locust, start_sandbox):
    """Each login user's first seconds are slow; the figures begin after them."""
    run = run_locust(*BUSY, "--run-time", "7s", "--warmup", "2s", against=start_sandbox())
    assert run.exit_code == EXIT.PASSED, run.output
    (folder,) = run.results.glob("2*")
    entries = list(from_csv((folder / "timeline.csv").read_text().split("\n")))
    measured = sum(row["count"] for row in run.summary["exchanges"]["by_name"].values())
    assert 0 < measured < sum(entry.count for entry in entries if entry.kind == "exchange")
    assert run.summary["run"]["duration_s"] < 5.5
    assert "are warm-up" in run.summary["run"]["notes"][0]


def build(folder):
    """`cognito-load report build`, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "harness.cli.main", "report", "build", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
