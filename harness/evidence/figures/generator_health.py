"""Whether the load generator itself was fit to measure: valid, suspect or invalid.

An event loop that comes late stamps every answer late; a process without CPU to spare measures its own queue. Either
way the figures describe the generator and not the service: the run is invalid. It is suspect when that was near, or
when something else shows in the figures: collections of garbage, or connections that had to be made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from harness import clock
from harness.evidence.figures.histogram import Histogram

Validity = Literal["valid", "suspect", "invalid"]
VALIDITIES: Final[tuple[Validity, ...]] = ("valid", "suspect", "invalid")
"""From good to bad."""

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
SUSPECT_SHARE = 0.5
"""Half of what makes a run invalid makes it suspect: the next run, with a few more users, would be invalid."""
MAX_GC_PAUSE_US = MAX_LAG_P99_US
"""A collection stops every user of the process, as lag does; one as long as that is in the maximum of some figure."""
MAX_GC_SHARE = 0.05
"""From 5 % of the time on, one sample in twenty meets a collection, and p95 tells of it."""
MAX_LATE_SEND_P99_US = 10_000
"""Arrivals of an open load may leave 10 ms late once in a hundred times: what p99 may be off by where it is measured
from the send, at a tenth of a login's usual time."""
MAX_READY_P99 = 200
"""So many greenlets may be ready to run at once, once in a hundred times: at 50 µs for a request each, the last of them
waits for 10 ms, which is a tenth of a login's usual time."""
MAX_REOPENED_SHARE = 0.05
"""From 5 % on, p95 is the time of a connection being made, and not of a login on one that is kept."""


class KeptConnections:
    """Whether logins found the connection open that their user kept for them. Not thread-safe."""

    __slots__ = ("logins", "reopened")

    def __init__(self, logins: int = 0, reopened: int = 0) -> None:
        self.logins = logins
        """Logins that were to find it open: their user had logged in over it before, and had not closed it."""
        self.reopened = reopened
        """Those that had to make a new one."""


class Health:
    """How one process fared: lateness of its event loop and its share of one core. Not thread-safe."""

    __slots__ = (
        "clock_ahead_s",
        "clock_steps",
        "cpu_s",
        "gc_pauses",
        "hot_s",
        "kept",
        "lags",
        "late_reads",
        "late_sends",
        "max_cpu_share",
        "observed_s",
        "ready",
    )

    def __init__(self) -> None:
        self.lags = Histogram()
        """How late the event loop came, in microseconds."""
        self.gc_pauses = Histogram()
        """How long collections of garbage took, in microseconds: nothing else runs meanwhile."""
        self.late_sends = Histogram()
        """How late what was due at a time was sent, in microseconds: only an open load knows."""
        self.late_reads = Histogram()
        """How long answers lay there before they were read, in microseconds; in no latency. Only Linux says so."""
        self.ready = Histogram()
        """How many greenlets were ready to run at once, by looks at the event loop."""
        self.observed_s = 0.0
        """How long CPU was observed, in seconds."""
        self.cpu_s = 0.0
        """CPU time used in that time, in seconds."""
        self.hot_s = 0.0
        """How much of that time the process used more than `MAX_CPU_SHARE` of its core."""
        self.max_cpu_share = 0.0
        """The busiest reading, as a share of one core."""
        self.clock_ahead_s: float | None = None
        """How far its clock was ahead of the endpoint's when they differed most; None when they were not compared."""
        self.clock_steps: list[float] = []
        """By how many seconds its clock was set during the run, each time; back: negative."""
        self.kept = KeptConnections()
        """The connections to Cognito that were to stay open between logins."""

    def lag(self, us: int) -> None:
        """The event loop came this many microseconds later than it was asked to."""
        self.lags.record(us)

    def gc_pause(self, us: int) -> None:
        """A collection of garbage took so many microseconds."""
        self.gc_pauses.record(us)

    def sent_late(self, us: int) -> None:
        """An arrival of the open load was sent so many microseconds after it was due."""
        self.late_sends.record(us)

    def clock(self, ahead_s: float) -> None:
        """The process's clock was found so many seconds ahead of the endpoint's, or behind it."""
        if self.clock_ahead_s is None or abs(ahead_s) > abs(self.clock_ahead_s):
            self.clock_ahead_s = ahead_s

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
    def gc_share(self) -> float:
        """Share of the observed time that went into collections of garbage."""
        return self.gc_pauses.sum_us / 1e6 / self.observed_s if self.observed_s > 0 else 0.0

    @property
    def lag_p99_us(self) -> int | None:
        """99 % of the time the event loop came no later than this, in microseconds; None when it was never read."""
        return self.lags.percentile(99_000)

    def to_wire(self) -> dict[str, Any]:
        """Everything, in types msgpack knows."""
        return {
            "lags": self.lags.to_wire(),
            "gc_pauses": self.gc_pauses.to_wire(),
            "late_sends": self.late_sends.to_wire(),
            "late_reads": self.late_reads.to_wire(),
            "ready": self.ready.to_wire(),
            "observed_s": self.observed_s,
            "cpu_s": self.cpu_s,
            "hot_s": self.hot_s,
            "max_cpu_share": self.max_cpu_share,
            "clock_ahead_s": self.clock_ahead_s,
            "clock_steps": self.clock_steps,
            "kept": [self.kept.logins, self.kept.reopened],
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Health:
        """What `to_wire` described."""
        health = cls()
        health.lags = Histogram.from_wire(wire["lags"])
        health.gc_pauses = Histogram.from_wire(wire.get("gc_pauses", {}))
        health.late_sends = Histogram.from_wire(wire.get("late_sends", {}))
        health.late_reads = Histogram.from_wire(wire.get("late_reads", {}))
        health.ready = Histogram.from_wire(wire.get("ready", {}))
        health.observed_s, health.cpu_s = wire["observed_s"], wire["cpu_s"]
        health.hot_s, health.max_cpu_share = wire["hot_s"], wire["max_cpu_share"]
        health.clock_ahead_s = wire.get("clock_ahead_s")
        health.clock_steps = list(wire.get("clock_steps", ()))
        health.kept = KeptConnections(*wire.get("kept", ()))
        return health


def judge(
    healths: Mapping[str, Health], measured: int, max_lag_us: int = MAX_LAG_P99_US, unanswered: str = ""
) -> list[str]:
    """Why the run proves nothing, one sentence each with what to do about it; empty when it is valid.

    Args:
        healths: By the name of the process.
        measured: How many samples there are.
        max_lag_us: How late the event loop may come at p99, in microseconds.
        unanswered: That nothing was answered of what was sent, if something was.
    """
    reasons = []
    if not measured:
        why = unanswered or "check that users were started, and look for errors further up"
        reasons.append(f"nothing was measured: {why}")
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


def suspicions(healths: Mapping[str, Health], max_lag_us: int = MAX_LAG_P99_US) -> list[str]:
    """What in the generator may show in the figures, one sentence each with what to do about it.

    What `judge` calls invalid is not told again.
    """
    found = []
    for process, health in healths.items():
        lag = health.lag_p99_us
        if lag is not None and max_lag_us * SUSPECT_SHARE < lag <= max_lag_us and health.lags.count >= MIN_LOOKS:
            found.append(
                f"the event loop of {process} came {lag / 1_000:.0f} ms late or more in 1 of 100 cases, over half of "
                f"the limit ({max_lag_us / 1_000:.0f} ms): use fewer users per process (--processes)"
            )
        if MAX_HOT_SHARE_OF_RUN * SUSPECT_SHARE < health.hot_share <= MAX_HOT_SHARE_OF_RUN:
            found.append(
                f"{process} used more than {MAX_CPU_SHARE:.0%} of its core for {health.hot_share:.0%} of the run: "
                "add a worker (--processes)"
            )
        if health.gc_pauses.max_us > MAX_GC_PAUSE_US or health.gc_share > MAX_GC_SHARE:
            found.append(
                f"collecting garbage stopped {process} for up to {health.gc_pauses.max_us / 1_000:.0f} ms and "
                f"{health.gc_share:.1%} of the time (limits {MAX_GC_PAUSE_US / 1_000:.0f} ms, {MAX_GC_SHARE:.0%}): "
                "keep fewer objects in the locustfile, or spread users over more processes (--processes)"
            )
        late = health.late_sends.percentile(99_000)
        if late is not None and late > MAX_LATE_SEND_P99_US and health.late_sends.count >= MIN_LOOKS:
            found.append(
                f"{process} sent {late / 1_000:.0f} ms late or more in 1 of 100 cases "
                f"(limit {MAX_LATE_SEND_P99_US / 1_000:.0f} ms): add a worker, or lower the rate"
            )
        found += filter(None, [_queue(process, health, max_lag_us)])
    return found


def validity(
    healths: Mapping[str, Health],
    measured: int,
    max_lag_us: int = MAX_LAG_P99_US,
    *,
    invalid_because: Sequence[str] = (),
    suspicious: Sequence[str] = (),
) -> Validity:
    """Whether the load generator was fit to measure.

    Args:
        healths: By the name of the process.
        measured: How many samples there are.
        max_lag_us: How late the event loop may come at p99, in microseconds.
        invalid_because: What makes the run invalid besides, each with what to do about it.
        suspicious: What makes it suspect besides.
    """
    if invalid_because or judge(healths, measured, max_lag_us):
        return "invalid"
    return "suspect" if suspicious or suspicions(healths, max_lag_us) else "valid"


def _queue(process: str, health: Health, max_lag_us: int) -> str:
    """What waited inside a process whose event loop was in time, or nearly; empty when nothing much did."""
    lag, unread = health.lag_p99_us or 0, health.late_reads.percentile(99_000) or 0
    if unread > max_lag_us >= lag and health.late_reads.count >= MIN_LOOKS:
        return (
            f"answers lay there for {unread / 1_000:.0f} ms or more in 1 of 100 cases before {process} read them "
            f"(limit {max_lag_us / 1_000:.0f} ms): that is in no latency, but users came back so much later, and the "
            "load was lower than asked for: use fewer users per process (--processes)"
        )
    ready = health.ready.percentile(99_000) or 0
    if ready > MAX_READY_P99 and health.ready.count >= MIN_LOOKS:
        return (
            f"{ready} greenlets of {process} or more were ready to run at once in 1 of 100 cases (limit "
            f"{MAX_READY_P99}), and each waits for those before it: use fewer users per process (--processes)"
        )
    return ""


def clocks(healths: Mapping[str, Health]) -> list[str]:
    """Whether clocks differ too much from the endpoint's: one sentence with what to do about it, or none.

    Durations are measured by another clock, which nothing can set: the figures are as good as ever.
    """
    said = clock.sentence({process: health.clock_ahead_s for process, health in healths.items()})
    return [said] if said else []


def reopened(healths: Mapping[str, Health]) -> list[str]:
    """Whether connections that were kept were found closed too often: one sentence with what to do about it, or none.

    A user's first login, and one after a renewal or a failure that closed the connection, is not expected to find any.
    """
    logins = sum(health.kept.logins for health in healths.values())
    again = sum(health.kept.reopened for health in healths.values())
    if not logins or again / logins <= MAX_REOPENED_SHARE:
        return []
    sentence = (
        f"{again} of {logins} logins ({again / logins:.0%}, limit {MAX_REOPENED_SHARE:.0%}) found "
        "their connection closed and paid for a new one: have users wait less between logins than the server or a "
        "proxy keeps a connection, or say --cognito-connection new if that is what you measure"
    )
    return [sentence]
