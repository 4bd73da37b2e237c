from __future__ import annotations

from typing import Any

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.finished_run import FinishedRun
from harness.evidence.reports.markdown import markdown
from harness.outcome import Outcome


def test_the_verdict_comes_first_and_the_gates_that_failed_next(run: FinishedRun):
    lines = markdown(run).splitlines()
    assert lines[0] == "## ❌ cognito-load: failed"
    gates = [line for line in lines if "InitiateAuth p95" in line or "InitateAuth p95" in line][1:]
    assert [line.split("|")[1].strip() for line in gates] == ["❌ no data", "✅ passed"]


def test_tables_have_the_figures_of_the_terminal(run: FinishedRun):
    text = markdown(run).replace("\u2009", " ")
    assert "| **all logins** | 1 520 | 0.8 | 25.3 | 98.2 | 98.2 | 210 | 210 |" in text
    assert "| <code>GET /orders</code> | 9 003 | <0.1 | 150 | 20.5 | 20.5 | 20.5 | 13.4 s |" in text


def test_every_row_of_a_table_has_as_many_cells(run: FinishedRun):
    table = [line for line in markdown(run).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table if "gate" not in line and "<code>Init" not in line} >= {9}


def test_an_error_is_told_once_with_its_remedy(run: FinishedRun):
    text = markdown(run)
    assert text.count("TooManyRequestsException: Rate exceeded") == 1
    assert "**Do this:** Lower --cognito-max-login-rate" in text


def test_a_servers_text_is_only_text(make: Any):
    metrics = Metrics()
    metrics.record(Sample("request", "GET /a|b", Outcome.SERVER_ERROR, 0.0, 5, error="<img> [x](http://e) @all\n# a"))
    text = markdown(make.run(metrics, gates=()))
    assert "GET /a&#124;b" in text
    assert "&#60;img&#62; &#91;x&#93;(http://e) &#64;all &#35; a" in text


def test_long_lists_are_cut_and_say_so(make: Any):
    metrics = Metrics()
    for number in range(30):
        metrics.record(Sample("request", f"GET /{number}", Outcome.SERVER_ERROR, 0.0, 5, error=f"HTTP {number}"))
    text = markdown(make.run(metrics, gates=()))
    assert "10 more kinds of request are in the report." in text
    assert "20 more kinds of error are in the report" in text


def test_a_run_without_anything_is_short(make: Any):
    assert "|" not in markdown(make.run(Metrics(), gates=(), healths={}))
