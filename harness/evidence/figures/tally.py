"""Which samples a figure is about, and the figures they give: the one definition of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from harness.evidence.figures.histogram import Histogram, percentile_of
from harness.evidence.figures.sample import Kind
from harness.outcome import Outcome, Reason

TOKEN_REFUSED = " (token refused)"  # noqa: S105 - no password, a name
"""Ends the name of a request that an API answered with 401 and that was replayed with a new token.

It is an ok sample with a name of its own, and no part of what `api` sums up: its replay stands there."""

PHASES = ("latency", "first_byte", "connect", "tls", "opened")
"""What a series keeps apart."""

_OUTCOMES = frozenset(outcome.value for outcome in Outcome)


class Key(NamedTuple):
    """What one histogram is about."""

    kind: Kind
    name: str
    outcome: Outcome
    reason: Reason | None


class Subject(NamedTuple):
    """What is open: a `Key` without an outcome, which it does not have yet."""

    kind: Kind
    name: str
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Selector:
    """Which samples a figure is about; None selects every one."""

    kind: Kind
    name: str | None = None
    reason: Reason | None = None

    def selects(self, key: Key | Subject) -> bool:
        """Whether a histogram's samples, or ages, belong to it."""
        if key.kind != self.kind or (self.reason is not None and key.reason is not self.reason):
            return False
        if self.name is None:
            return not key.name.endswith(TOKEN_REFUSED)
        return key.name == self.name


LOGINS = Selector("login")
EXCHANGES = Selector("exchange")
REQUESTS = Selector("request")
INTENDED = Selector("intended")
"""Logins of an open load, timed from when they should have started: what a client would feel."""


class Series:
    """The durations of all samples with one key, in microseconds."""

    __slots__ = ("connect", "first_byte", "latency", "opened", "tls")

    def __init__(self) -> None:
        self.latency = Histogram()
        self.first_byte = Histogram()
        """Only samples that got an answer."""
        self.connect = Histogram()
        """Only samples that opened a connection: TCP, proxy and TLS together."""
        self.tls = Histogram()
        """Only samples that opened a connection with TLS: the handshake alone, a part of `connect`."""
        self.opened = Histogram()
        """Latency of the samples that opened a connection; the others reused one."""

    def histograms(self) -> tuple[Histogram, ...]:
        """All of them, in the order of `PHASES`, which is the order of the wire."""
        return self.latency, self.first_byte, self.connect, self.tls, self.opened


class Tally:
    """The samples a selector chose, merged, and the figures they give.

    Latency figures (`p50`…`p99.9`, `max`, `mean`) obey one rule: **the worse of two, the samples that were ok and all
    samples**. Fast refusals would pull the second down, slow timeouts are missing from the first; so a failed sample
    can make a figure worse and never better. Without a single ok sample there is no figure (None): how fast something
    fails is no latency.

    `rate` and `count` are of all samples, ok or not: what was asked of the service. `fail_rate` says how much of it
    failed.
    """

    __slots__ = (
        "ages",
        "connect",
        "everything",
        "first_byte",
        "known",
        "ok",
        "opened",
        "opened_ok",
        "outcomes",
        "tls",
    )

    def __init__(self) -> None:
        self.ok = Histogram()
        """Latency of the ok samples."""
        self.everything = Histogram()
        """Latency of all samples."""
        self.first_byte = Histogram()
        self.connect = Histogram()
        self.tls = Histogram()
        self.opened = Histogram()
        """Latency of the samples that opened a connection."""
        self.opened_ok = Histogram()
        """The same of those that were ok."""
        self.outcomes: dict[Outcome, Histogram] = {}
        self.ages = Histogram()
        """How long those have been open that have not been answered, or were when they were cut off: in no figure."""
        self.known = False
        """Whether samples of this kind and name exist, perhaps with another reason: then zero is a fact."""

    @property
    def count(self) -> int:
        """All samples."""
        return self.everything.count

    @property
    def failures(self) -> int:
        """Samples that were not ok."""
        return self.everything.count - self.ok.count

    @property
    def reused(self) -> Histogram:
        """Latency of the samples on a connection that was there already."""
        return self.everything.without(self.opened)

    def add(self, outcome: Outcome, series: Series) -> None:
        """Merge samples with this outcome."""
        self.known = True
        self.everything.merge(series.latency)
        self.first_byte.merge(series.first_byte)
        self.connect.merge(series.connect)
        self.tls.merge(series.tls)
        self.opened.merge(series.opened)
        self.outcomes.setdefault(outcome, Histogram()).merge(series.latency)
        if not outcome.is_failure:
            self.ok.merge(series.latency)
            self.opened_ok.merge(series.opened)

    def figure(self, metric: str, duration_s: float) -> float | None:
        """One figure; None where there is no data.

        Args:
            metric: `p50`…`p99.999`, `max`, `mean` (microseconds), `rate` (per second), `fail_rate` (0 to 1), `count`,
                or an outcome (`throttled`): how many ended so.
            duration_s: How long was measured.

        Raises:
            ValueError: if the metric is none of these.
        """
        if metric == "count":
            return self.count if self.known else None
        if metric in _OUTCOMES:
            ended_so = self.outcomes.get(Outcome(metric))
            return (ended_so.count if ended_so else 0) if self.known else None
        if metric == "rate":
            return self.count / duration_s if self.known and duration_s > 0 else None
        if metric == "fail_rate":
            return self.failures / self.count if self.count else None
        ok, everything = self.ok.figure(metric), self.everything.figure(metric)
        return None if ok is None or everything is None else max(ok, everything)

    def at_least(self, metric: str) -> float | None:
        """What a latency figure would be at least if all that is open had been answered; None when nothing is.

        Each would have taken its age or longer, so the figure of samples and ages together is a lower bound.

        Raises:
            ValueError: if the metric is no latency.
        """
        if not self.ages.count:
            return None
        whole = Histogram()
        whole.merge(self.everything)
        whole.merge(self.ages)
        return whole.figure(metric)


def is_latency(metric: str) -> bool:
    """Whether a metric is measured in time."""
    return metric in ("max", "mean") or percentile_of(metric) is not None


def is_count(metric: str) -> bool:
    """Whether a metric is a number of things."""
    return metric == "count" or metric in _OUTCOMES


def is_metric(metric: str) -> bool:
    """Whether a gate can be about this metric."""
    return metric in ("rate", "fail_rate") or is_count(metric) or is_latency(metric)
