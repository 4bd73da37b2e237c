"""What happened when: each second of a run, by kind, name, outcome and reason.

A sample belongs to the second in which it ended. The percentiles are those of this second's samples with this key
alone: they cannot be added up over seconds or keys, which is what the histograms are for.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence.sample import Kind
from harness.outcome import Outcome, Reason


@dataclass(frozen=True, slots=True)
class Second:
    """The samples of one key that ended in one second (in one step, where `Run.timeline_step_s` is more than 1)."""

    at_s: int
    """Whole seconds since the run's start; where the step begins."""
    kind: Kind
    name: str
    outcome: Outcome
    reason: Reason | None
    count: int
    sum_us: int
    max_us: int
    p50_us: int
    """In microseconds; where seconds were joined to a wider step, the worst of them. The same for the others."""
    p95_us: int
    p99_us: int
