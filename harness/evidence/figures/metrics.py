"""What a run has measured: samples folded into histograms that merge over processes, and the one way to query them.

Every figure of every screen, gate and report comes from `Metrics.tally` or `Metrics.figure`, so that no two of them
can disagree about what a percentile is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.errors import HarnessError
from harness.evidence.figures.ages import Ages
from harness.evidence.figures.histogram import Histogram
from harness.evidence.figures.sample import Kind, Sample
from harness.evidence.figures.tally import INTENDED, PHASES, Key, Selector, Series, Tally
from harness.outcome import Outcome, Reason

WIRE_VERSION = 3
"""Changes when `to_wire` does: master and workers must run the same release."""

MAX_ERRORS = 1_000
"""Distinct errors that are kept; a check that puts an id into its message must not fill the memory."""
OTHER_ERRORS = "(further errors)"
"""The text under which errors beyond `MAX_ERRORS` are counted. Which ones they are then depends on the order."""

NO_SLOT = "no free slot"
"""All login users were under way."""
NO_ACCOUNT = "no usable account"
"""All accounts were rejected, or wait after a failure."""

# An enum's members cost a metaclass look-up each time they are named.
_OK = Outcome.OK


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


class Metrics:
    """Everything one process, or all of them, measured. Not thread-safe; never yields to other greenlets."""

    __slots__ = (
        "_series",
        "cut_off_ages",
        "cut_offs",
        "dropped",
        "errors",
        "exceptions",
        "in_flight",
        "skipped",
        "unserved",
    )

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, str, str | None], Series] = {}
        self.errors: dict[ErrorKey, ErrorCount] = {}
        self.skipped: dict[tuple[str, str], int] = {}
        """By name and why."""
        self.dropped: dict[str, int] = {}
        """By what was missing: arrivals of an open load that never happened."""
        self.cut_offs: dict[str, int] = {}
        """By name: sent, and not answered when their users were stopped."""
        self.cut_off_ages = Ages()
        """How long these had been open, and with them the logins that they were part of."""
        self.in_flight = Ages()
        """What is open at the moment, while a run goes on: replaced at each look, and part of no merging."""
        self.exceptions: dict[str, int] = {}
        """By task: an exception of the user's own code, which is a fault of the test and not of the service."""
        self.unserved: dict[str, int] = {}
        """By user class: users that waited for an account until they ended, and never had one."""

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
            series.opened.record(elapsed_us)
            if sample.tls_us:
                series.tls.record(sample.tls_us)
        if outcome is not _OK:
            self._add_error(ErrorKey(kind, name, error or outcome.value), 1, started_s, started_s)

    def skip(self, name: str, why: str) -> None:
        """An API request that was not sent because there was no token: counted, never a sample.

        Args:
            name: Method and name of the request.
            why: Short, and the same for every user who meets it.
        """
        self.skipped[name, why] = self.skipped.get((name, why), 0) + 1

    def intended(self, outcome: Outcome, reason: Reason, since_due_us: int) -> None:
        """A login of an open load ended so long after it should have started; the login itself is a sample besides."""
        key = ("intended", "login", outcome, reason)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series()
        series.latency.record(since_due_us)

    def drop(self, missing: str) -> None:
        """An arrival of an open load could not start: counted, never delayed.

        Args:
            missing: `NO_SLOT` or `NO_ACCOUNT`.
        """
        self.dropped[missing] = self.dropped.get(missing, 0) + 1

    def cut_off(self, name: str) -> None:
        """Something was still in flight when the run ended: counted, never a sample."""
        self.cut_offs[name] = self.cut_offs.get(name, 0) + 1

    def count_exception(self, name: str) -> None:
        """A task raised an exception of its own."""
        self.exceptions[name] = self.exceptions.get(name, 0) + 1

    def count_unserved(self, user_class: str) -> None:
        """A user has ended for whom there never was an account."""
        self.unserved[user_class] = self.unserved.get(user_class, 0) + 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was noted, not even a skip."""
        counted = self.skipped or self.cut_offs or self.exceptions or self.dropped or self.unserved
        return not (self._series or counted or self.cut_off_ages)

    @property
    def measured(self) -> int:
        """How many samples there are, of every kind."""
        return sum(series.latency.count for key, series in self._items() if key.kind != INTENDED.kind)

    @property
    def failures(self) -> int:
        """How many samples failed, of every kind."""
        failed = (series for key, series in self._items() if key.outcome.is_failure and key.kind != INTENDED.kind)
        return sum(series.latency.count for series in failed)

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

    def series(self) -> Iterator[tuple[Key, Series]]:
        """Everything by key, in no order."""
        return self._items()

    def tally(self, selector: Selector) -> Tally:
        """The chosen samples, merged into one answer to every question about them."""
        tally = Tally()
        tally.ages = self.open_ages(selector)
        whatever_reason = Selector(selector.kind, selector.name)
        for key, series in self._items():
            tally.known = tally.known or whatever_reason.selects(key)
            if selector.selects(key):
                tally.add(key.outcome, series)
        return tally

    def tallies(self, kind: Kind) -> dict[str, Tally]:
        """A tally for each name of a kind, the most frequent first: one pass for a whole table.

        A name that was asked for and never answered has one without samples.
        """
        tallies: dict[str, Tally] = {}
        for key, series in self._items():
            if key.kind == kind:
                tallies.setdefault(key.name, Tally()).add(key.outcome, series)
        for name in self.open_names(kind):
            tallies.setdefault(name, Tally()).ages = self.open_ages(Selector(kind, name))
        return dict(sorted(tallies.items(), key=lambda item: (-item[1].count, item[0])))

    def figure(self, selector: Selector, metric: str, duration_s: float) -> float | None:
        """One figure about the chosen samples; see `Tally` for the units and the rule about failed samples."""
        return self.tally(selector).figure(metric, duration_s)

    def open_ages(self, selector: Selector) -> Histogram:
        """How long everything chosen has been open that was not answered: cut off, or in flight at the last look."""
        ages = self.cut_off_ages.of(selector)
        ages.merge(self.in_flight.of(selector))
        return ages

    def open_names(self, kind: Kind) -> list[str]:
        """The names of one kind of which some were not answered, sorted."""
        return sorted(self.cut_off_ages.names(kind) | self.in_flight.names(kind))

    def merge(self, other: Metrics) -> None:
        """Add what another process measured; the other one stays as it is. Order and grouping make no difference."""
        for key, theirs in other._series.items():
            ours = self._series.get(key)
            if ours is None:
                ours = self._series[key] = Series()
            for mine, its in zip(ours.histograms(), theirs.histograms(), strict=True):
                if its.count:
                    mine.merge(its)
        for error, count in other.errors.items():
            self._add_error(error, count.count, count.first_s, count.last_s)
        for pair, number in other.skipped.items():
            self.skipped[pair] = self.skipped.get(pair, 0) + number
        _add(self.dropped, other.dropped)
        _add(self.cut_offs, other.cut_offs)
        self.cut_off_ages.merge(other.cut_off_ages)
        _add(self.exceptions, other.exceptions)
        _add(self.unserved, other.unserved)

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
            **self.rest_to_wire(),
        }

    def rest_to_wire(self) -> dict[str, Any]:
        """What is no sample, in types msgpack knows; all but a wide histogram of ages is JSON's, too."""
        return {
            "errors": [[*error, c.count, c.first_s, c.last_s] for error, c in sorted(self.errors.items())],
            "skipped": [[*pair, number] for pair, number in sorted(self.skipped.items())],
            "dropped": [[*item] for item in sorted(self.dropped.items())],
            "cut_off": [[*item] for item in sorted(self.cut_offs.items())],
            "cut_off_ages": self.cut_off_ages.to_wire(),
            "exceptions": [[*item] for item in sorted(self.exceptions.items())],
            "unserved": [[*item] for item in sorted(self.unserved.items())],
        }

    def merge_rest(self, wire: Mapping[str, Any]) -> None:
        """Add what `rest_to_wire` described."""
        for kind, name, text, count, first_s, last_s in wire["errors"]:
            self._add_error(ErrorKey(kind, name, text), count, first_s, last_s)
        for name, why, number in wire["skipped"]:
            self.skipped[name, why] = self.skipped.get((name, why), 0) + number
        _add(self.dropped, dict(wire["dropped"]))
        _add(self.cut_offs, dict(wire["cut_off"]))
        _add(self.exceptions, dict(wire["exceptions"]))
        # Runs on disk may be older.
        _add(self.unserved, dict(wire.get("unserved", ())))
        self.cut_off_ages.merge_wire(wire.get("cut_off_ages", ()))

    def merge_histogram(self, key: Key, phase: str, histogram: Histogram) -> None:
        """Add one phase of one series."""
        series = self._series.setdefault((key.kind, key.name, key.outcome, key.reason), Series())
        getattr(series, phase).merge(histogram)

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
            for phase, histogram in zip(PHASES, histograms, strict=True):
                setattr(series, phase, Histogram.from_wire(histogram))
            metrics._series[kind, name, Outcome(outcome), Reason(reason) if reason else None] = series
        metrics.merge_rest(wire)
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
