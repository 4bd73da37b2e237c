"""Whether the load generator itself was fit to measure.

An event loop that comes late stamps every answer late; a process without CPU to spare measures its own queue. Either
way the figures describe the generator and not the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.evidence.histogram import Histogram

MAX_LAG_P99_US = 50_000
"""The event loop may come 50 ms late once in a hundred times, no more often.

Every sample in flight is stamped late by as much; a login takes 100 to 300 ms, so this is where the error becomes as
large as the differences people look for."""
MIN_LOOKS = 100
"""Fewer looks at the event loop have no 99th percentile, only a maximum: one stall while users start is no verdict."""
MAX_CPU_SHARE = 0.90
"""From 90 % of one core on, work waits for the core: Python uses one core per process, and Locust warns there, too."""
MAX_HOT_SHARE_OF_RUN = 0.10
"""A process may be that busy for a tenth of the run: users are spawned at its start, and that is no measurement."""


class Health:
    """How one process fared: lateness of its event loop and its share of one core. Not thread-safe."""

    __slots__ = ("cpu_s", "hot_s", "lags", "max_cpu_share", "observed_s")

    def __init__(self) -> None:
        self.lags = Histogram()
        """How late the event loop came, in microseconds."""
        self.observed_s = 0.0
        """How long CPU was observed, in seconds."""
        self.cpu_s = 0.0
        """CPU time used in that time, in seconds."""
        self.hot_s = 0.0
        """How much of that time the process used more than `MAX_CPU_SHARE` of its core."""
        self.max_cpu_share = 0.0
        """The busiest reading, as a share of one core."""

    def lag(self, us: int) -> None:
        """The event loop came this many microseconds later than it was asked to."""
        self.lags.record(us)

    def cpu(self, share_of_one_core: float, seconds: float) -> None:
        """Over the last seconds the process used this share of one core: 1.0 is all of it."""
        self.observed_s += seconds
        self.cpu_s += share_of_one_core * seconds
        self.max_cpu_share = max(self.max_cpu_share, share_of_one_core)
        if share_of_one_core > MAX_CPU_SHARE:
            self.hot_s += seconds

    @property
    def mean_cpu_share(self) -> float | None:
        """Share of one core over the whole run; None when it was never read."""
        return self.cpu_s / self.observed_s if self.observed_s > 0 else None

    @property
    def hot_share(self) -> float:
        """Share of the run in which the process was too busy."""
        return self.hot_s / self.observed_s if self.observed_s > 0 else 0.0

    @property
    def lag_p99_us(self) -> int | None:
        """99 % of the time the event loop came no later than this, in microseconds; None when it was never read."""
        return self.lags.percentile(99_000)

    def to_wire(self) -> dict[str, Any]:
        """Everything, in types msgpack knows."""
        return {
            "lags": self.lags.to_wire(),
            "observed_s": self.observed_s,
            "cpu_s": self.cpu_s,
            "hot_s": self.hot_s,
            "max_cpu_share": self.max_cpu_share,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Health:
        """What `to_wire` described."""
        health = cls()
        health.lags = Histogram.from_wire(wire["lags"])
        health.observed_s, health.cpu_s = wire["observed_s"], wire["cpu_s"]
        health.hot_s, health.max_cpu_share = wire["hot_s"], wire["max_cpu_share"]
        return health


def judge(healths: Mapping[str, Health], measured: int, max_lag_us: int = MAX_LAG_P99_US) -> list[str]:
    """Why the run proves nothing, one sentence each with what to do about it; empty when it is valid.

    Args:
        healths: By the name of the process.
        measured: How many samples there are.
        max_lag_us: How late the event loop may come at p99, in microseconds.
    """
    reasons = []
    if not measured:
        reasons.append("nothing was measured: check that users were started, and look for errors further up")
    for process, health in healths.items():
        lag = health.lag_p99_us
        if lag is not None and lag > max_lag_us and health.lags.count >= MIN_LOOKS:
            reasons.append(
                f"the event loop of {process} came {lag / 1_000:.0f} ms late or more in 1 of 100 cases "
                f"(limit {max_lag_us / 1_000:.0f} ms): use fewer users per process (--processes), "
                "and no blocking calls in tasks"
            )
        if health.hot_share > MAX_HOT_SHARE_OF_RUN:
            reasons.append(
                f"{process} used more than {MAX_CPU_SHARE:.0%} of its core for {health.hot_share:.0%} of the run "
                f"(limit {MAX_HOT_SHARE_OF_RUN:.0%}): add workers (--processes), or use fewer users"
            )
    return reasons
