"""A sweep's steps as rows of text: the same table in every report."""

from __future__ import annotations

from collections.abc import Iterator

from harness.evidence.judging.sweep import Sweep
from harness.evidence.reports.numbers import Numbers

HEADS = ("logins/s", "p50 ms", "p95 ms", "p99 ms", "failed", "throttled", "dropped")
"""Of what stands right of a step's level."""


def rows(sweep: Sweep, numbers: Numbers) -> Iterator[tuple[str, ...]]:
    """Each step's level, marked where that is worth a word, and what stands under `HEADS`."""
    for step in sweep.figures:
        is_knee = sweep.knee is not None and step.level == sweep.knee.x
        mark = " (knee)" if is_knee else "" if step.is_complete else " (unfinished)"
        yield (
            f"{step.level:g}{mark}",
            numbers.significant(step.throughput),
            *map(numbers.milliseconds, (step.p50, step.p95, step.p99)),
            *map(numbers.count, (step.failures, step.throttled, step.dropped)),
        )
