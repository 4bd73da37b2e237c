"""Open loads and sweeps by real runs: as many arrive as asked, what finds no slot is counted, steps have figures."""

from __future__ import annotations

import re

import pytest

from harness.errors import EXIT
from tests.e2e.conftest import sent

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("workers", [(), ("--processes", 2)], ids=["local", "2 workers"])
def test_logins_arrive_at_their_rate_whatever_the_answers_take(run_locust, start_sandbox, workers):
    """Forty a second with answers after 300 ms; all arrive, timed from when they were due and from the send."""
    sandbox = start_sandbox(latency="300ms")
    run = run_locust(
        *("Login", "--login-rate", 40, "--login-slots", 40, "--spawn-rate", 40, "--run-time", "8s", *workers),
        *("--gate", "dropped == 0", "--gate", "intended p50 >= 300ms"),
        against=sandbox,
    )
    assert run.exit_code == EXIT.PASSED, run.output
    summary = run.summary
    logins, intended = summary["logins"]["all"], summary["logins"]["intended"]
    assert intended["count"] == logins["count"]
    assert sent(summary, "InitiateAuth") == sandbox.counts()["arrived"]["InitiateAuth"]
    assert 40 * 4 <= logins["count"] <= 40 * 8.5, "the schedule begins when all slots are there"
    assert intended["p50_ms"] >= logins["p50_ms"] >= 300
    assert "since due" in run.output


def test_arrivals_that_find_no_slot_are_dropped_and_never_delayed(run_locust, start_sandbox):
    """Two slots, answers after a second, ten arrivals a second: four fifths are dropped, which no gate has to say."""
    run = run_locust(
        *("Login", "--login-rate", 10, "--login-slots", 2, "--run-time", "6s"), against=start_sandbox(latency="1s")
    )
    assert run.exit_code == EXIT.FAILED, run.output
    assert re.search(r"failed: \d+ of \d+ arrivals \([78]\d%\) were dropped, and 1% may be", run.output), run.output
    dropped = run.summary["not_measured"]["dropped"]["no free slot"]
    assert dropped > run.summary["logins"]["all"]["count"] > 0
    assert run.summary["logins"]["intended"]["max_ms"] < 2_000, "nobody waited for a slot"
    assert "arrivals dropped: no free slot" in run.output


def test_a_sweep_measures_each_level_by_itself(run_locust, start_sandbox):
    """One, two and four concurrent logins of 100 ms each: ten, twenty and forty a second, in every report."""
    run = run_locust(
        *("Login", "--login-sweep", "1,2,4", "--sweep-hold", "5s", "--report", "yes"),
        against=start_sandbox(latency="100ms"),
    )
    assert run.exit_code == EXIT.PASSED, run.output
    sweep = run.summary["sweep"]
    assert [step["level"] for step in sweep["steps"]] == [1, 2, 4]
    rates = [step["rate_ok"] for step in sweep["steps"]]
    assert rates[0] < rates[1] < rates[2]
    assert all(step["is_complete"] and step["p50_ms"] >= 100 for step in sweep["steps"])
    assert sweep["sentence"] in run.output
    (folder,) = run.results.glob("2*")
    assert sweep["sentence"] in (folder / "report.html").read_text()
    assert "concurrent logins" in (folder / "summary.md").read_text()


def test_a_model_that_cannot_work_is_refused(run_locust, start_sandbox):
    """Nobody logs in in this run, and two models are asked for."""
    run = run_locust("Api", "--users", 2, "--login-rate", 5, "--login-sweep", "1,2", against=start_sandbox())
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    assert "--login-rate and --login-sweep are set" in run.output
