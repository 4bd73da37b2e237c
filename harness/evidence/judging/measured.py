"""What gates are held against: the figures of a run, and facts about the run itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.evidence.figures.generator_health import VALIDITIES, Validity
from harness.evidence.figures.metrics import Metrics

DROPPED: Final = "dropped"
EXCEPTIONS: Final = "exceptions"
USERS_WITHOUT_ACCOUNT: Final = "users_without_account"
WORKERS_LOST: Final = "workers_lost"
GENERATOR: Final = "generator"

RUN_COUNTS: Final = (DROPPED, "skipped", "cut_off", EXCEPTIONS, USERS_WITHOUT_ACCOUNT, WORKERS_LOST)
"""Metrics of the run as a whole that are a number of things: the whole of a gate's left side."""
RUN_METRICS: Final = (*RUN_COUNTS, GENERATOR)
WITHOUT_BASELINE: Final = (WORKERS_LOST, GENERATOR)
"""What a run that is over says nothing about, as far as another one could be held against it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A run, or what there is of it so far."""

    metrics: Metrics
    duration_s: float
    """In how many seconds that was measured: what rates are relative to."""
    workers_lost: int | None = None
    """How many workers are missing; None where this is not known."""
    generator: Validity | None = None
    """Whether the load generator was fit to measure; None where this is not known."""
    users: int = 0
    """How many users there were at most."""

    def fact(self, metric: str) -> float | None:
        """A figure of the run as a whole; None without data.

        Args:
            metric: One of `RUN_METRICS`. `generator` is the place in `VALIDITIES`: 0 is valid.
        """
        if metric == GENERATOR:
            return None if self.generator is None else VALIDITIES.index(self.generator)
        if metric == WORKERS_LOST:
            return self.workers_lost
        metrics = self.metrics
        number = {
            DROPPED: sum(metrics.dropped.values()),
            "skipped": sum(metrics.skipped.values()),
            "cut_off": sum(metrics.cut_offs.values()),
            EXCEPTIONS: sum(metrics.exceptions.values()),
            USERS_WITHOUT_ACCOUNT: sum(metrics.unserved.values()),
        }[metric]
        return number if number or metrics.measured else None
