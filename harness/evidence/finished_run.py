"""A run that is over: the record that every report is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.evidence.figures.events import Event
from harness.evidence.figures.generator_health import MAX_LAG_P99_US, Health
from harness.evidence.figures.metrics import ErrorCount, ErrorKey, Metrics
from harness.evidence.figures.timeline import Second
from harness.evidence.judging.comparison import Comparison
from harness.evidence.judging.gates import GateResult
from harness.evidence.judging.hangs import oldest_us
from harness.evidence.judging.sweep import Sweep
from harness.evidence.judging.verdict import Verdict
from harness.evidence.storage.rejections import Rejections
from harness.evidence.target import Target

Setting = str | int | float | bool | None
Remedies = Callable[[str, str], tuple[str, str] | None]
"""Cause and remedy of an error, by its kind (`NotAuthorizedException`) and its message; None when nobody knows."""


def no_remedies(kind: str, message: str) -> None:
    """Nobody knows."""


@dataclass(frozen=True, slots=True)
class ExplainedError:
    """One row of the error table, with what is known about it."""

    key: ErrorKey
    seen: ErrorCount
    cause: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """Everything the reports say about one run. Holds no secret: `settings` is filtered by who makes the record."""

    run_id: str
    """Also the name of its directory: `20261123-201530-ab12`."""
    started_s: float
    """Wall clock, seconds since the epoch."""
    ended_s: float
    """The same."""
    duration_s: float
    """How long was measured, in seconds: what rates are relative to."""
    classes: tuple[str, ...]
    """Names of the user classes, that is: which scenarios ran."""
    users: int
    """How many users there were at most."""
    settings: Mapping[str, Setting]
    metrics: Metrics
    gates: tuple[GateResult, ...]
    healths: Mapping[str, Health]
    """By the name of the process."""
    verdict: Verdict
    max_lag_us: int = MAX_LAG_P99_US
    """How late the event loop was allowed to come at p99, in microseconds."""
    remedies: Remedies = no_remedies
    notes: tuple[str, ...] = ()
    """What a reader of the figures must know besides, one sentence each: a worker that was lost."""
    comparison: Comparison | None = None
    """With the run that --baseline names."""
    timeline: Sequence[Second] = ()
    """By time; the warm-up is in it."""
    timeline_step_s: int = 1
    """How many seconds an entry of the timeline stands for; more than 1 in long runs."""
    events: Sequence[Event] = ()
    """By time."""
    warmup_s: float = 0.0
    """How long at the start is in no figure but the timeline, in seconds."""
    sweep: Sweep | None = None
    """What its sweep came to, if it was one."""
    rejections: Rejections = field(default_factory=Rejections)
    """Accounts that Cognito rejected."""
    workers_lost: int = 0
    """How many workers were not heard any more when the run ended, or had ended without a last report."""
    target: Target | None = None
    """What was loaded; None where the record does not say."""

    @property
    def skipped(self) -> int:
        """API requests that were not sent, because there was no token."""
        return sum(self.metrics.skipped.values())

    @property
    def dropped(self) -> int:
        """Arrivals of an open load that found no free slot."""
        return sum(self.metrics.dropped.values())

    @property
    def cut_off(self) -> int:
        """Exchanges and requests still in flight when the run ended: no part of any figure."""
        return sum(self.metrics.cut_offs.values())

    @property
    def cut_off_after_us(self) -> int:
        """How long the oldest of these had been open by then, in microseconds; 0 when that is not known."""
        return oldest_us(self.metrics)

    def errors(self) -> list[ExplainedError]:
        """The error table with cause and remedy, the most frequent first."""
        return explain(self.metrics, self.remedies)


def explain(metrics: Metrics, remedies: Remedies) -> list[ExplainedError]:
    """What went wrong, with cause and remedy, the most frequent first."""
    rows = []
    for key, seen in metrics.errors.items():
        kind, _, message = key.text.partition(": ")
        rows.append(ExplainedError(key, seen, *(remedies(kind, message) or ("", ""))))
    return sorted(rows, key=lambda row: (-row.seen.count, row.key))
