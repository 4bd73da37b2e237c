"""What a run has measured: samples folded into histograms that merge over processes, and the one way to query them.

Every figure of every screen, gate and report comes from `Metrics.tally` or `Metrics.figure`, so that no two of them
can disagree about what a percentile is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.errors import HarnessError
from harness.evidence.histogram import Histogram, percentile_of
from harness.evidence.sample import Kind, Sample
from harness.outcome import Outcome, Reason

WIRE_VERSION = 1
"""Changes when `to_wire` does: master and workers must run the same release."""

TOKEN_REFUSED = " (token refused)"  # noqa: S105 - no password, a name
"""Ends the name of a request that an API answered with 401 and that was replayed with a new token.

It is an ok sample with a name of its own, and no part of what `api` sums up: its replay stands there."""

MAX_ERRORS = 1_000
"""Distinct errors that are kept; a check that puts an id into its message must not fill the memory."""
OTHER_ERRORS = "(further errors)"
"""The text under which errors beyond `MAX_ERRORS` are counted. Which ones they are then depends on the order."""

# An enum's members cost a metaclass look-up each time they are named.
_OK = Outcome.OK


class Key(NamedTuple):
    """What one histogram is about."""

    kind: Kind
    name: str
    outcome: Outcome
    reason: Reason | None


class ErrorKey(NamedTuple):
    """What one row of the error table is about."""

    kind: Kind
    name: str
    text: str
    """`Type: message`."""


@dataclass(slots=True)
class ErrorCount:
    """How often an error came, and when first and last: wall clock, seconds since the epoch."""

    count: int
    first_s: float
    last_s: float

    def add(self, count: int, first_s: float, last_s: float) -> None:
        """Count the same error again."""
        self.count += count
        self.first_s = min(self.first_s, first_s)
        self.last_s = max(self.last_s, last_s)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which samples a figure is about; None selects every one."""

    kind: Kind
    name: str | None = None
    reason: Reason | None = None

    def selects(self, key: Key) -> bool:
        """Whether a histogram's samples belong to it."""
        if key.kind != self.kind or (self.reason is not None and key.reason is not self.reason):
            return False
        if self.name is None:
            return not key.name.endswith(TOKEN_REFUSED)
        return key.name == self.name


LOGINS = Selector("login")
EXCHANGES = Selector("exchange")
REQUESTS = Selector("request")


class Series:
    """The durations of all samples with one key, in microseconds."""

    __slots__ = ("connect", "first_byte", "latency")

    def __init__(self) -> None:
        self.latency = Histogram()
        self.first_byte = Histogram()
        """Only samples that got an answer."""
        self.connect = Histogram()
        """Only samples that opened a connection."""

    def histograms(self) -> tuple[Histogram, Histogram, Histogram]:
        """All of them, in the order of the wire."""
        return self.latency, self.first_byte, self.connect


class Tally:
    """The samples a selector chose, merged, and the figures they give.

    Latency figures (`p50`…`p99.9`, `max`, `mean`) obey one rule: **the worse of two, the samples that were ok and all
    samples**. Fast refusals would pull the second down, slow timeouts are missing from the first; so a failed sample
    can make a figure worse and never better. Without a single ok sample there is no figure (None): how fast something
    fails is no latency.

    `rate` and `count` are of all samples, ok or not: what was asked of the service. `fail_rate` says how much of it
    failed.
    """

    __slots__ = ("connect", "everything", "first_byte", "known", "ok", "outcomes")

    def __init__(self) -> None:
        self.ok = Histogram()
        """Latency of the ok samples."""
        self.everything = Histogram()
        """Latency of all samples."""
        self.first_byte = Histogram()
        self.connect = Histogram()
        self.outcomes: dict[Outcome, Histogram] = {}
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

    def add(self, outcome: Outcome, series: Series) -> None:
        """Merge samples with this outcome."""
        self.known = True
        self.everything.merge(series.latency)
        self.first_byte.merge(series.first_byte)
        self.connect.merge(series.connect)
        self.outcomes.setdefault(outcome, Histogram()).merge(series.latency)
        if not outcome.is_failure:
            self.ok.merge(series.latency)

    def figure(self, metric: str, duration_s: float) -> float | None:
        """One figure; None where there is no data.

        Args:
            metric: `p50`…`p99.999`, `max`, `mean` (microseconds), `rate` (per second), `fail_rate` (0 to 1), `count`.
            duration_s: How long was measured.

        Raises:
            ValueError: if the metric is none of these.
        """
        if metric == "count":
            return self.count if self.known else None
        if metric == "rate":
            return self.count / duration_s if self.known and duration_s > 0 else None
        if metric == "fail_rate":
            return self.failures / self.count if self.count else None
        ok, everything = self.ok.figure(metric), self.everything.figure(metric)
        return None if ok is None or everything is None else max(ok, everything)


def is_latency(metric: str) -> bool:
    """Whether a metric is measured in time."""
    return metric in ("max", "mean") or percentile_of(metric) is not None


def is_metric(metric: str) -> bool:
    """Whether `Metrics.figure` knows this metric."""
    return metric in ("rate", "fail_rate", "count") or is_latency(metric)


class Metrics:
    """Everything one process, or all of them, measured. Not thread-safe; never yields to other greenlets."""

    __slots__ = ("_series", "cut_offs", "errors", "exceptions", "skipped")

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, str, str | None], Series] = {}
        self.errors: dict[ErrorKey, ErrorCount] = {}
        self.skipped: dict[tuple[str, str], int] = {}
        """By name and why."""
        self.cut_offs: dict[str, int] = {}
        """By name: in flight when the run ended, so that nobody knows how long they would have taken."""
        self.exceptions: dict[str, int] = {}
        """By task: an exception of the user's own code, which is a fault of the test and not of the service."""

    def record(self, sample: Sample) -> None:
        """Take in one sample; on the hot path, 1 us."""
        kind, name, outcome, started_s, elapsed_us, connect_us, first_byte_us, reason, error = sample[:9]
        key = (kind, name, outcome, reason)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series()
        series.latency.record(elapsed_us)
        if first_byte_us:
            series.first_byte.record(first_byte_us)
        if connect_us:
            series.connect.record(connect_us)
        if outcome is not _OK:
            self._add_error(ErrorKey(kind, name, error or outcome.value), 1, started_s, started_s)

    def skip(self, name: str, why: str) -> None:
        """An API request that was not sent because there was no token: counted, never a sample.

        Args:
            name: Method and name of the request.
            why: Short, and the same for every user who meets it.
        """
        self.skipped[name, why] = self.skipped.get((name, why), 0) + 1

    def cut_off(self, name: str) -> None:
        """Something was still in flight when the run ended: counted, never a sample."""
        self.cut_offs[name] = self.cut_offs.get(name, 0) + 1

    def count_exception(self, name: str) -> None:
        """A task raised an exception of its own."""
        self.exceptions[name] = self.exceptions.get(name, 0) + 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was noted, not even a skip."""
        return not (self._series or self.skipped or self.cut_offs or self.exceptions)

    @property
    def measured(self) -> int:
        """How many samples there are, of every kind."""
        return sum(series.latency.count for series in self._series.values())

    @property
    def failures(self) -> int:
        """How many samples failed, of every kind."""
        return sum(series.latency.count for key, series in self._items() if key.outcome.is_failure)

    def counted(self, kind: Kind) -> tuple[int, int]:
        """How many samples there are of a kind, and how many failed: cheap enough for a look while a run goes on."""
        selector = Selector(kind)
        chosen = [(key.outcome, series.latency.count) for key, series in self._items() if selector.selects(key)]
        return sum(count for _, count in chosen), sum(count for outcome, count in chosen if outcome.is_failure)

    @property
    def clamped(self) -> int:
        """How many samples took longer than the histograms can tell apart (one hour)."""
        return sum(series.latency.clamped for series in self._series.values())

    def names(self, kind: Kind) -> list[str]:
        """The names seen of one kind, sorted."""
        return sorted({key.name for key, _ in self._items() if key.kind == kind})

    def reasons(self, kind: Kind = "login") -> list[Reason]:
        """Why these happened, in the order of `Reason`; samples without a reason have none here."""
        seen = {key.reason for key, _ in self._items() if key.kind == kind}
        return [reason for reason in Reason if reason in seen]

    def tally(self, selector: Selector) -> Tally:
        """The chosen samples, merged into one answer to every question about them."""
        tally = Tally()
        whatever_reason = Selector(selector.kind, selector.name)
        for key, series in self._items():
            tally.known = tally.known or whatever_reason.selects(key)
            if selector.selects(key):
                tally.add(key.outcome, series)
        return tally

    def tallies(self, kind: Kind) -> dict[str, Tally]:
        """A tally for each name of a kind, the most frequent first: one pass for a whole table."""
        tallies: dict[str, Tally] = {}
        for key, series in self._items():
            if key.kind == kind:
                tallies.setdefault(key.name, Tally()).add(key.outcome, series)
        return dict(sorted(tallies.items(), key=lambda item: (-item[1].count, item[0])))

    def figure(self, selector: Selector, metric: str, duration_s: float) -> float | None:
        """One figure about the chosen samples; see `Tally` for the units and the rule about failed samples."""
        return self.tally(selector).figure(metric, duration_s)

    def merge(self, other: Metrics) -> None:
        """Add what another process measured; the other one stays as it is. Order and grouping make no difference."""
        for key, theirs in other._series.items():
            ours = self._series.get(key)
            if ours is None:
                ours = self._series[key] = Series()
            for mine, its in zip(ours.histograms(), theirs.histograms(), strict=True):
                mine.merge(its)
        for error, count in other.errors.items():
            self._add_error(error, count.count, count.first_s, count.last_s)
        for pair, number in other.skipped.items():
            self.skipped[pair] = self.skipped.get(pair, 0) + number
        _add(self.cut_offs, other.cut_offs)
        _add(self.exceptions, other.exceptions)

    def to_wire(self) -> dict[str, Any]:
        """Everything, without loss, in types msgpack knows. Equal contents have equal wire forms."""
        return {
            "version": WIRE_VERSION,
            "series": [
                [
                    key.kind,
                    key.name,
                    key.outcome.value,
                    key.reason.value if key.reason else "",
                    *(h.to_wire() for h in series.histograms()),
                ]
                for key, series in sorted(self._items(), key=lambda item: tuple(str(part) for part in item[0]))
            ],
            "errors": [[*error, c.count, c.first_s, c.last_s] for error, c in sorted(self.errors.items())],
            "skipped": [[*pair, number] for pair, number in sorted(self.skipped.items())],
            "cut_off": [[*item] for item in sorted(self.cut_offs.items())],
            "exceptions": [[*item] for item in sorted(self.exceptions.items())],
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Metrics:
        """What `to_wire` described.

        Raises:
            HarnessError: if another release of the harness wrote it.
        """
        if wire.get("version") != WIRE_VERSION:
            raise HarnessError(
                f"measurements arrived in format {wire.get('version')!r}, expected {WIRE_VERSION}",
                "install the same release of cognito-load on the master and on every worker",
            )
        metrics = cls()
        for kind, name, outcome, reason, *histograms in wire["series"]:
            series = Series()
            series.latency, series.first_byte, series.connect = map(Histogram.from_wire, histograms)
            metrics._series[kind, name, Outcome(outcome), Reason(reason) if reason else None] = series
        for kind, name, text, count, first_s, last_s in wire["errors"]:
            metrics.errors[ErrorKey(kind, name, text)] = ErrorCount(count, first_s, last_s)
        metrics.skipped = {(name, why): number for name, why, number in wire["skipped"]}
        metrics.cut_offs = dict(wire["cut_off"])
        metrics.exceptions = dict(wire["exceptions"])
        return metrics

    def _items(self) -> Iterator[tuple[Key, Series]]:
        return ((Key._make(key), series) for key, series in self._series.items())

    def _add_error(self, error: ErrorKey, count: int, first_s: float, last_s: float) -> None:
        row = self.errors.get(error)
        if row is None and len(self.errors) >= MAX_ERRORS:
            error = error._replace(text=OTHER_ERRORS)
            row = self.errors.get(error)
        if row is None:
            self.errors[error] = ErrorCount(count, first_s, last_s)
        else:
            row.add(count, first_s, last_s)


def _add(ours: dict[str, int], theirs: Mapping[str, int]) -> None:
    for name, number in theirs.items():
        ours[name] = ours.get(name, 0) + number
