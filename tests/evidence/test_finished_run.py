from __future__ import annotations

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.finished_run import FinishedRun, no_remedies
from harness.evidence.judging.verdict import decide
from harness.outcome import Outcome


def run_of(metrics: Metrics, **changes: object) -> FinishedRun:
    verdict = decide(metrics, (), {})
    return FinishedRun("r", 0.0, 1.0, 1.0, ("Api",), 1, {}, metrics, (), {}, verdict, **changes)


def failed(error: str, name: str = "GET /me") -> Sample:
    return Sample("request", name, Outcome.HTTP_ERROR, 0.0, 1, error=error)


def test_errors_are_explained_by_their_kind_and_message():
    metrics = Metrics()
    metrics.record(failed("NotAuthorizedException: Incorrect: really"))
    asked: list[tuple[str, str]] = []

    def remedies(kind: str, message: str) -> tuple[str, str]:
        asked.append((kind, message))
        return "the cause", "the remedy"

    (error,) = run_of(metrics, remedies=remedies).errors()
    assert asked == [("NotAuthorizedException", "Incorrect: really")]
    assert (error.cause, error.remedy) == ("the cause", "the remedy")


def test_an_error_nobody_knows_has_no_cause():
    metrics = Metrics()
    metrics.record(failed("HTTP 500"))
    (error,) = run_of(metrics, remedies=no_remedies).errors()
    assert (error.cause, error.remedy) == ("", "")


def test_the_most_frequent_error_comes_first():
    metrics = Metrics()
    for error in ("A", "B", "B", "C", "C", "C"):
        metrics.record(failed(error))
    assert [error.key.text for error in run_of(metrics).errors()] == ["C", "B", "A"]


def test_what_was_not_measured_is_summed_up():
    metrics = Metrics()
    metrics.skip("GET /me", "a")
    metrics.skip("GET /me", "b")
    metrics.cut_off("InitiateAuth")
    assert (run_of(metrics).skipped, run_of(metrics).cut_off) == (2, 1)
