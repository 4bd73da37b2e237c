"""Metrics of a few samples, and runs that are over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.judging.baseline import Baseline
from harness.outcome import Outcome, Reason


class Bookkeeper:
    """Makes metrics and past runs; whatever matters to a test is given by name."""

    @staticmethod
    def metrics(latencies_us: Iterable[int] = (), name: str = "InitiateAuth", failed: int = 0) -> Metrics:
        """Exchanges of these latencies, the first `failed` of them throttled."""
        metrics = Metrics()
        for number, us in enumerate(latencies_us):
            outcome = Outcome.THROTTLED if number < failed else Outcome.OK
            metrics.record(Sample("exchange", name, outcome, 0.0, us, reason=Reason.INITIAL))
        return metrics

    @staticmethod
    def past(
        metrics: Metrics,
        run_id: str = "an-earlier-run",
        duration_s: float = 10.0,
        lags_us: Iterable[int] = (),
        word: str = "passed",
    ) -> Baseline:
        """A run with these metrics."""
        healths: Mapping[str, Health] = {"this process": Health()}
        for us in lags_us:
            healths["this process"].lag(us)
        return Baseline(run_id, duration_s, metrics, healths, word)


@pytest.fixture
def books() -> type[Bookkeeper]:
    return Bookkeeper
