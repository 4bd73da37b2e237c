"""Every report shows what was never answered, where its reader looks."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from harness.evidence.figures.metrics import Metrics
from harness.evidence.finished_run import FinishedRun
from harness.evidence.judging.verdict import decide, hung_because
from harness.evidence.reports.html import page
from harness.evidence.reports.junit import junit
from harness.evidence.reports.markdown import markdown
from harness.evidence.reports.summary import summary
from harness.evidence.reports.terminal import render
from harness.outcome import Outcome, Reason

SAID = "no API request was answered: 5 were still open after up to 14.9 s"


@pytest.fixture
def hanging(make: Any) -> FinishedRun:
    """Five users have logged in, and wait for an API."""
    metrics = Metrics()
    make.logins(metrics, 5, 98.2, Reason.INITIAL, Outcome.OK)
    for age_s in (14.1, 14.3, 14.5, 14.7, 14.9):
        metrics.cut_off("GET /me")
        metrics.cut_off_ages.record("request", "GET /me", round(age_s * 1e6))
    verdict = decide(metrics, (), {}, failed_because=hung_because(metrics, 5, is_judged=False))
    return make.run(metrics, gates=(), users=5, verdict=verdict)  # type: ignore[no-any-return]


def printed(run: FinishedRun) -> str:
    out = io.StringIO()
    render(run, Console(file=out, width=120))
    return out.getvalue()


def test_the_closing_summary(hanging: FinishedRun) -> None:
    text = printed(hanging)
    assert "  GET /me                0       -       -       -       -       -       -" in text
    assert "5 cut off at the end after up to 14.9 s, so in no figure: GET /me" in text
    assert text.splitlines()[-1] == f"failed: {SAID} (exit code 1)"


def test_the_page_and_the_jobs_summary(hanging: FinishedRun) -> None:
    assert f"{SAID} (exit code 1)" in markdown(hanging)
    assert "| <code>GET /me</code> | 0 |" in markdown(hanging)
    assert "5 cut off at the end after up to 14.9 s, so in no figure" in markdown(hanging)
    shown = page(hanging)
    assert "5 were still unanswered when the run ended, after up to 14.9 s: in no figure." in shown
    assert "No API request in this run" not in shown


def test_programs(hanging: FinishedRun) -> None:
    told = summary(hanging)
    assert told["requests"]["by_name"]["GET /me"]["count"] == 0
    (entry,) = told["not_measured"]["still_open"]
    assert entry["name"] == "GET /me"
    assert (entry["count"], entry["hung"], entry["max_ms"]) == (5, 5, 14_900.0)
    assert (told["verdict"]["word"], told["verdict"]["exit_code"]) == ("failed", 1)
    assert SAID in junit(hanging)
