"""A run's seconds as equally long spans with one figure each: what the charts over time and their tables show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evidence.figures.sample import Kind
from harness.evidence.figures.tally import TOKEN_REFUSED
from harness.evidence.figures.timeline import Second
from harness.outcome import Outcome, Reason

MOST_SPANS = 720
"""Points a chart gets: more than a reader's screen can tell apart would only make the file larger."""
_LENGTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600)

PERCENTILES = ("p50", "p95", "p99")
_SHARES = (0.50, 0.95, 0.99)
# Of 100 samples 50 are no slower than p50, 45 more no slower than p95, 4 more than p99, and the last than the maximum.
_HELD = (0.50, 0.45, 0.04, 0.01)
_ROUNDING = 1 - 1e-9
"""Sums of halves and hundredths are never exact."""

KINDS: tuple[Kind, ...] = ("login", "request")
_Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Spans:
    """What one kind did, span by span."""

    ok: _Numbers
    throttled: _Numbers
    failed: _Numbers
    """Failed otherwise than by throttling."""
    by_reason: Mapping[Reason, _Numbers]
    """In the order of `Reason`; only those that occurred."""
    percentiles_us: Mapping[str, _Numbers]
    """p50, p95 and p99; NaN where nothing succeeded."""


@dataclass(frozen=True, slots=True)
class OverTime:
    """A run cut into spans."""

    span_s: int
    starts_s: _Numbers
    """Seconds since the run started, where each span starts."""
    kinds: Mapping[Kind, Spans]
    """Kinds that never occurred are missing."""
    intended: Spans | None = None
    """Logins of an open load, timed from when they were due; None where users waited for answers."""


class Timeline:
    """A run's seconds as columns, to be cut into spans as often as one likes.

    A span's percentile is exact as long as all its samples come from one second of one name. Otherwise it is an upper
    bound, made of the percentiles of the parts: of each part's samples as many as its p50, p95, p99 and maximum vouch
    for are taken to be that slow. As everywhere, it is the worse of two: of the ok samples, and of all.
    """

    def __init__(self, seconds: Sequence[Second], step_s: int = 1) -> None:
        self._step_s = step_s
        self._columns = {kind: _columns(seconds, kind) for kind in KINDS}
        self._intended = _columns(seconds, "intended")
        self.length_s = max((second.at_s for second in seconds), default=-step_s) + step_s
        """From the run's start to the end of the last second."""

    def cut(self, most: int = MOST_SPANS) -> OverTime | None:
        """At most so many spans; None without a second."""
        if self.length_s <= 0:
            return None
        span_s = _length(self.length_s / most, self._step_s)
        number = math.ceil(self.length_s / span_s)
        return OverTime(
            span_s=span_s,
            starts_s=np.arange(number) * span_s,
            kinds={kind: _spans(columns, span_s, number) for kind, columns in self._columns.items() if len(columns)},
            intended=_spans(self._intended, span_s, number) if len(self._intended) else None,
        )


# at_s, count, is ok, is throttled, index of the reason or -1, and four latencies
_AT, _COUNT, _OK, _THROTTLED, _REASON, _LATENCIES = 0, 1, 2, 3, 4, 5
_REASONS = tuple(Reason)


def _columns(seconds: Sequence[Second], kind: Kind) -> _Numbers:
    ok, throttled = Outcome.OK, Outcome.THROTTLED
    number_of: dict[Reason | None, int] = {None: -1, **{reason: number for number, reason in enumerate(_REASONS)}}
    rows = [
        (
            max(second.at_s, 0),
            second.count,
            second.outcome is ok,
            second.outcome is throttled,
            number_of[second.reason],
            second.p50_us,
            second.p95_us,
            second.p99_us,
            second.max_us,
        )
        for second in seconds
        if second.kind == kind and second.count and not second.name.endswith(TOKEN_REFUSED)
    ]
    return np.array(rows, dtype=np.int64)


def _length(wanted_s: float, step_s: int) -> int:
    """The shortest round length that is long enough and made of whole steps."""
    fit = (length for length in _LENGTHS_S if length >= wanted_s and not length % step_s)
    return next(fit, step_s * max(math.ceil(wanted_s / step_s), 1))


def _spans(rows: _Numbers, span_s: int, number: int) -> Spans:
    span = rows[:, _AT] // span_s
    is_ok = rows[:, _OK] == 1

    def counted(chosen: _Numbers) -> _Numbers:
        return np.bincount(span[chosen], weights=rows[chosen, _COUNT], minlength=number).astype(np.int64)

    ok, throttled = counted(is_ok), counted(rows[:, _THROTTLED] == 1)
    everything = _percentiles(rows, span, number)
    successes = _percentiles(rows[is_ok], span[is_ok], number)
    return Spans(
        ok=ok,
        throttled=throttled,
        failed=counted(np.ones(len(rows), dtype=bool)) - ok - throttled,
        by_reason={
            reason: counted(rows[:, _REASON] == index)
            for index, reason in enumerate(_REASONS)
            if (rows[:, _REASON] == index).any()
        },
        # Without a success there is none of it, and the maximum of a number and NaN is NaN.
        percentiles_us={name: np.maximum(a, b) for name, a, b in zip(PERCENTILES, successes, everything, strict=True)},
    )


def _percentiles(rows: _Numbers, span: _Numbers, number: int) -> list[_Numbers]:
    """p50, p95 and p99 of each span; NaN where it is empty."""
    values = rows[:, _LATENCIES:].ravel()
    weights = np.outer(rows[:, _COUNT], _HELD).ravel()
    spans = np.repeat(span, len(_HELD))
    order = np.lexsort((values, spans))
    values, so_far = values[order], np.cumsum(weights[order])
    in_span = np.bincount(spans, weights=weights, minlength=number)
    before = np.cumsum(in_span) - in_span
    found = []
    for share in _SHARES:
        at = np.searchsorted(so_far, (before + share * in_span) * _ROUNDING)
        column = np.full(number, np.nan)
        filled = in_span > 0
        column[filled] = values[at[filled]]
        found.append(column)
    return found
