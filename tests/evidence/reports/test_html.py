from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.evidence.figures.events import Event
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.finished_run import FinishedRun
from harness.evidence.judging.knee import Knee
from harness.evidence.judging.sweep import CONCURRENT, Plan, Step, Sweep
from harness.evidence.reports import html
from harness.outcome import Outcome, Reason
from tests.evidence.reports import look
from tests.evidence.reports.story import tell

MOST_BYTES = 2_000_000
SECTIONS = [
    "verdict",
    "gates",
    "cost",
    "time",
    "spread",
    "sweep",
    "connections",
    "errors",
    "accounts",
    "tokens",
    "generator",
    "baseline",
    "settings",
]
CHARTS = [
    "latency-login",
    "latency-request",
    "outcomes-login",
    "outcomes-request",
    "reasons",
    "distribution",
    "phases",
]


def words(page: str) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.fixture(scope="module")
def told() -> FinishedRun:
    return tell(120)


@pytest.fixture(scope="module")
def page(told: FinishedRun) -> str:
    return html.page(told)


@pytest.mark.skipif(look.chromium() is None, reason="Chromium is missing: apt-get install chromium")
@pytest.mark.timeout(240)
def test_chromium_shows_it_whole_without_an_error_or_a_request(page: str, tmp_path: Path):
    """Light and wide, dark and as wide as a phone: nothing sticks out, all text can be read, every chart is drawn."""
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    answer = subprocess.run([sys.executable, look.__file__, path], check=True, capture_output=True, timeout=220)
    seen = json.loads(answer.stdout)
    assert len(seen) == 2
    for view, found in seen.items():
        assert found["said"] == [], view
        assert found["requests"] == [path.as_uri()], view
        assert found["width"] == int(view.split()[1])
        assert found["sections"] == SECTIONS
        assert found["palest"][0] >= 4.5, found["palest"]
        assert [name for name, has_ink, _ in found["charts"] if has_ink] == CHARTS
        assert all(0 < width <= found["width"] for _, _, width in found["charts"])
        # By keyboard alone: a line hidden, a table opened, the window of time narrowed.
        assert set(found["hidden"]) == {"p50"}
        assert found["opened"]
        assert found["from_ms"] > 0
    light, dark = seen["light 1200"], seen["dark 390"]
    assert light["paper"] != dark["paper"]
    assert light["first"] < 900, "what a login cost can be seen without scrolling"


def test_an_hour_with_60_names_stays_small():
    run = tell(60, 60)
    hours = tuple(replace(second, at_s=second.at_s + 60 * part) for part in range(60) for second in run.timeline)
    assert len(html.page(replace(run, timeline=hours, duration_s=3_600.0)).encode()) < MOST_BYTES


def test_every_chart_has_a_table(page: str):
    for name in CHARTS:
        part = page[page.index(f'<figure id="{name}">') :]
        part = part[: part.index("</figure>")]
        assert part.count("<tr>") > 4, name


def test_nothing_but_the_file_itself_is_needed(page: str):
    """No element fetches anything; an icon that is no icon keeps browsers from asking for one."""
    assert re.findall(r"<(?:link|img|iframe|object|embed)\b[^>]*>", page) == ['<link rel="icon" href="data:,">']
    assert not re.findall(r"<script[^>]+src", page)
    assert "@import" not in page


def test_the_answers_come_in_the_order_of_the_questions(page: str):
    at = [page.index(f'<section id="{name}"') for name in SECTIONS]
    assert at == sorted(at)
    assert page.index("✗") < page.index('<section id="gates"')


def test_notes_errors_and_events_are_told(page: str):
    seen = words(page)
    assert "worker 3 was lost" in seen
    assert "Do this Lower --cognito-max-login-rate" in seen
    assert "throttled Cognito began to throttle InitiateAuth" in seen
    assert "✓ valid The generator was fit to measure." in seen
    assert "nan" not in seen.split()


def test_what_is_missing_says_how_to_get_it(make: Any):
    """Without a timeline, gates, samples, health: each section says so, and no chart is promised."""
    page = html.page(make.run(Metrics(), gates=(), healths={}, settings={}))
    seen = words(page)
    assert "add --gate" in seen
    assert "add --login-sweep 1,5,10" in seen
    assert "cognito-load report compare" in seen
    assert "This run kept no timeline" in seen
    assert "health was not measured" in seen
    assert '<div class="chart"' not in page
    assert "Bokeh.set_log_level" not in page


def test_an_invalid_run_says_every_reason(make: Any):
    busy = make.healthy(0.99)
    busy.lags = Health().lags
    for _ in range(200):
        busy.lag(80_000)
    seen = words(html.page(make.run(gates=(), healths={"worker 1": busy})))
    assert "! invalid" in seen
    assert "came 80 ms late" in seen
    assert "add workers (--processes)" in seen


def test_a_name_is_never_markup(make: Any):
    """Names and messages come from servers and from locustfiles."""
    evil = "</script><script>alert(1)</script>"
    metrics = Metrics()
    metrics.record(Sample("request", f"GET /{evil}", Outcome.SERVER_ERROR, 0.0, 5, error=evil))
    metrics.record(Sample("request", f"GET /{evil}", Outcome.OK, 0.0, 5))
    run = replace(make.run(metrics, gates=(), notes=(evil,)), events=(Event(1, evil, evil),), timeline=tell(5).timeline)
    page = html.page(run)
    assert evil not in page
    assert "alert(1)" in page


def test_the_warm_up_is_told(told: FinishedRun):
    assert "The first 30.0 s are the warm-up" in words(html.page(replace(told, warmup_s=30.0)))


def test_a_sweep_has_charts_a_table_and_its_sentence(run: FinishedRun):
    def step(level: float, *, p50: float | None, is_complete: bool = True) -> Step:
        return Step(level, level * 9, 10, p50, p50, p50, failures=1, throttled=0, dropped=0, is_complete=is_complete)

    figures = (step(1, p50=100_000), step(5, p50=120_000), step(10, p50=None, is_complete=False))
    sweep = Sweep(Plan((1, 5, 10), CONCURRENT, 20.0), figures, Knee(5, 5, 10))
    page = html.page(replace(run, sweep=sweep))
    assert '<div class="chart" data-chart="sweep-latency"' in page
    assert '<div class="chart" data-chart="sweep-rate"' in page
    seen = words(page)
    assert "beyond 5 concurrent logins latency grows without throughput" in seen
    assert "5 (knee) 45.0 120 120 120 1 0 0" in seen
    assert "10 (unfinished) 90.0 \u2013" in seen


def test_a_comparison_with_a_baseline_is_a_table(run: FinishedRun):
    row = SimpleNamespace(title="InitiateAuth p95", word="worse", sentence="grew by 40 ms")
    comparison = SimpleNamespace(sentence="worse than 2026-a", rows=(row,))
    seen = words(html.page(replace(run, comparison=comparison)))
    assert "worse than 2026-a" in seen
    assert "InitiateAuth p95 worse grew by 40 ms" in seen


def test_intended_and_measured_latencies_are_told_apart(make: Any):
    metrics = Metrics()
    for _ in range(20):
        metrics.record(Sample("login", "login", Outcome.OK, 0.0, 100_000))
        metrics.intended(Outcome.OK, Reason.INITIAL, 900_000)
    seen = words(html.page(make.run(metrics, gates=())))
    assert "logins, intended" in seen
    assert "percentile login, intended ms login ms" in seen
    assert "50 % 900 100" in seen
    assert "this run's users waited" not in seen
