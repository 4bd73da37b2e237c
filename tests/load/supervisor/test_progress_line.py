from __future__ import annotations

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import TOKEN_REFUSED
from harness.load.supervisor.progress_line import ProgressLine
from harness.outcome import Outcome


def login(metrics: Metrics, count: int, outcome: Outcome = Outcome.OK) -> None:
    for _ in range(count):
        metrics.record(Sample("login", "login", outcome, 0.0, 212_000))


def test_a_line_says_how_the_run_is_going():
    metrics = Metrics()
    progress = ProgressLine(lambda: metrics, lambda: 20, 60.0, print)
    login(metrics, 24)
    login(metrics, 1, Outcome.THROTTLED)
    for name in ("GET /me", "GET /me" + TOKEN_REFUSED):
        metrics.record(Sample("request", name, Outcome.OK, 0.0, 5_000))
    assert progress.line(10.0, 10.0) == (
        "cognito-load: 50 s left, 20 users, 2.50 logins/s, 0.100 API requests/s, login p95 212 ms, 1 failed"
    )


def test_rates_are_those_since_the_last_line():
    metrics = Metrics()
    progress = ProgressLine(lambda: metrics, lambda: 1, None, print)
    login(metrics, 100)
    progress.line(10.0, 10.0)
    login(metrics, 5)
    assert progress.line(20.0, 10.0).startswith("cognito-load: 20 s gone, 1 user, 0.500 logins/s, 0 API requests/s")


def test_what_hangs_is_said():
    metrics = Metrics()
    for age_s in (3, 12, 14):
        metrics.in_flight.record("request", "GET /me", age_s * 1_000_000)
    line = ProgressLine(lambda: metrics, lambda: 3, None, print).line(20.0, 10.0)
    assert line.endswith(", 0 failed, 2 open for up to 14.0 s")


def test_before_anything_is_measured_there_is_a_dash():
    line = ProgressLine(Metrics, lambda: 0, 7_200.0, print).line(5.0, 5.0)
    assert line.startswith("cognito-load: 119 min 55 s left, 0 users, 0 logins/s")
    assert "login p95 -, 0 failed" in line


def test_it_can_be_stopped_before_it_was_started():
    ProgressLine(Metrics, lambda: 0, None, print).stop()
