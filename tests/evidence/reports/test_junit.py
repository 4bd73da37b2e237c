from __future__ import annotations

from typing import Any

from junitparser import JUnitXml

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.finished_run import FinishedRun
from harness.evidence.reports.junit import junit
from harness.outcome import Outcome


def cases(run: FinishedRun) -> dict[str, list[str]]:
    """Each case with what failed in it."""
    (suite,) = JUnitXml.fromstring(junit(run).encode())
    return {case.name: [failure.message for failure in case.result] for case in suite}


def test_each_gate_is_a_case_and_so_is_the_generator(run: FinishedRun):
    found = cases(run)
    assert list(found) == [*(result.gate.text for result in run.gates), "the load generator was fit to measure"]
    assert found["InitiateAuth p95 < 300ms"] == []
    assert found["InitateAuth p95 < 1s"][0].startswith("no data: nothing is named InitateAuth")


def test_the_counts_are_those_of_the_cases(run: FinishedRun):
    whole = JUnitXml.fromstring(junit(run).encode())
    assert (whole.tests, whole.failures, whole.errors, whole.time) == (4, 1, 0, 60.0)


def test_an_unfit_generator_is_a_failure(make: Any):
    (reason,) = cases(make.run(gates=(), healths={"worker 1": make.healthy(0.99)}))[
        "the load generator was fit to measure"
    ]
    assert "add workers" in reason


def test_without_gates_the_run_itself_is_a_case(make: Any):
    metrics = Metrics()
    metrics.record(Sample("request", "GET /me", Outcome.OK, 0.0, 5))
    assert cases(make.run(metrics, gates=()))["the run"] == []
    metrics.record(Sample("request", "GET /me", Outcome.SERVER_ERROR, 0.0, 5, error="HTTP 500"))
    assert "1 API request failed" in cases(make.run(metrics, gates=()))["the run"][0]


def test_exceptions_fail_a_case_though_every_gate_passed(make: Any):
    metrics = Metrics()
    metrics.record(Sample("request", "GET /me", Outcome.OK, 0.0, 5))
    metrics.count_exception("Api: KeyError")
    found = cases(make.run(metrics, gates=("api p99 < 1s",)))
    assert found["api p99 < 1s"] == []
    assert "KeyError" in found["the run"][0]


def test_any_name_is_legal_xml(make: Any):
    metrics = Metrics()
    metrics.record(Sample("request", 'GET /\x01<&>"\udcff', Outcome.OK, 0.0, 5))
    assert any("did you mean" in "".join(failed) or failed for failed in cases(make.run(metrics)).values())
