"""The shapes of what a run writes as JSON, to tell a damaged file from a whole one before anything is reckoned with it.

A shape is a function that raises ValueError; a list with one shape, for any number of them; a tuple of shapes, for a
list of just these; a dictionary, whose keys have to be there unless the shape is `Maybe`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, get_args

from harness.evidence.figures.generator_health import VALIDITIES
from harness.evidence.figures.histogram import HIGHEST_US, Histogram
from harness.evidence.figures.sample import Kind
from harness.evidence.figures.tally import PHASES
from harness.evidence.target import Kind as TargetKind
from harness.outcome import Outcome, Reason

MOST: Final = 2**53
"""No count and no time of a run is larger, and a float holds all whole numbers up to it."""
KINDS: Final = frozenset(get_args(Kind))
LONGEST_S: Final = 1e9
"""No run takes longer."""
_LATEST_S: Final = 2e11
_TARGETS: Final = frozenset(get_args(TargetKind))
_OUTCOMES: Final = frozenset(outcome.value for outcome in Outcome)
_REASONS: Final = frozenset(["", *(reason.value for reason in Reason)])
_LONGEST_HISTOGRAM: Final = 1_000_000
"""Characters; a histogram of every bucket there is has a tenth of that."""


@dataclass(frozen=True, slots=True)
class Maybe:
    """What may be missing, or null."""

    shape: Any


def check(value: object, shape: Any) -> None:  # noqa: ANN401  # see the module
    """Nothing, when a value has a shape.

    Raises:
        ValueError: It has not.
    """
    if isinstance(shape, Maybe):
        if value is not None:
            check(value, shape.shape)
    elif isinstance(shape, list):
        _expect(isinstance(value, list))
        for each in value:  # type: ignore[attr-defined]  # a list
            check(each, shape[0])
    elif isinstance(shape, tuple):
        _expect(isinstance(value, list) and len(value) == len(shape))
        for each, its in zip(value, shape, strict=True):  # type: ignore[call-overload]  # a list
            check(each, its)
    elif isinstance(shape, dict):
        _expect(isinstance(value, dict))
        for key, its in shape.items():
            check(value.get(key), its)  # type: ignore[attr-defined]  # a dictionary
    else:
        shape(value)


def count(value: object) -> None:
    """A whole number that counts something, or microseconds."""
    _expect(isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST)


def number(value: object) -> None:
    """Seconds, or a share."""
    _expect(isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and abs(value) <= MOST)


def wall(value: object) -> None:
    """Wall clock, seconds since the epoch, of a year that has four digits."""
    number(value)
    _expect(0 <= value <= _LATEST_S)  # type: ignore[operator]  # a number


def seconds(value: object) -> None:
    """A duration of thirty years at most, in seconds."""
    number(value)
    _expect(0 <= value <= LONGEST_S)  # type: ignore[operator]  # a number


def text(value: object) -> None:
    """Any text."""
    _expect(isinstance(value, str))


def plain(value: object) -> None:
    """The value of a setting."""
    _expect(value is None or isinstance(value, str | bool | int | float))
    if isinstance(value, int | float) and not isinstance(value, bool):
        number(value)


def kind(value: object) -> None:
    """Of samples."""
    _expect(isinstance(value, str) and value in KINDS)


def outcome(value: object) -> None:
    """Of samples."""
    _expect(isinstance(value, str) and value in _OUTCOMES)


def reason(value: object) -> None:
    """Why a login happened; empty for none."""
    _expect(isinstance(value, str) and value in _REASONS)


def validity(value: object) -> None:
    """Of the load generator."""
    _expect(isinstance(value, str) and value in VALIDITIES)


def target(value: object) -> None:
    """The kind of what was loaded."""
    _expect(isinstance(value, str) and value in _TARGETS)


def histogram(value: object) -> None:
    """What `Histogram.to_wire` makes, with as many samples as it says."""
    _expect(isinstance(value, dict))
    if not value:
        return
    check(value, {"n": count, "sum": count, "max": count, "clamped": count})
    wire: dict[str, Any] = dict(value)  # type: ignore[call-overload]  # a dictionary
    _expect(wire["max"] <= HIGHEST_US)
    if "hdr" in wire:
        _expect(isinstance(wire["hdr"], str) and len(wire["hdr"]) <= _LONGEST_HISTOGRAM)
        _expect(Histogram.decode(wire["hdr"]).count == wire["n"])
        return
    check(wire.get("buckets"), [count])
    buckets = wire["buckets"]
    _expect(len(buckets) % 2 == 0 and sum(buckets[1::2]) == wire["n"])
    _expect(max(buckets[::2], default=0) <= Histogram.bucket_of(wire["max"]))


def mapping(shape: Any) -> Callable[[object], None]:  # noqa: ANN401  # see the module
    """A dictionary of any names."""

    def shaped(value: object) -> None:
        _expect(isinstance(value, dict))
        for each in value.values():  # type: ignore[attr-defined]  # a dictionary
            check(each, shape)

    return shaped


AGES: Final = [(kind, text, reason, histogram)]
REST: Final[Mapping[str, Any]] = {
    "errors": [(kind, text, text, count, wall, wall)],
    "skipped": [(text, text, count)],
    "dropped": [(text, count)],
    "cut_off": [(text, count)],
    "cut_off_ages": Maybe(AGES),
    "exceptions": [(text, count)],
    "unserved": Maybe([(text, count)]),
}
"""`Metrics.rest_to_wire`."""
METRICS: Final[Mapping[str, Any]] = {
    **REST,
    "series": [(kind, text, outcome, reason, *[histogram] * len(PHASES))],
}
"""`Metrics.to_wire`."""
INTERVAL: Final[Mapping[str, Any]] = {
    **REST,
    "start_s": seconds,
    "end_s": seconds,
    "warmup": (count, count),
    "exact": [(text, count, count, count, count)],
    "in_flight": Maybe(AGES),
}
"""A line of `intervals.jsonl`."""
HEALTH: Final[Mapping[str, Any]] = {
    "lags": histogram,
    **{name: Maybe(histogram) for name in ("gc_pauses", "late_sends", "late_reads", "ready")},
    **dict.fromkeys(("observed_s", "cpu_s", "hot_s", "max_cpu_share"), number),
    "clock_ahead_s": Maybe(number),
    "clock_steps": Maybe([number]),
    "kept": Maybe((count, count)),
}
"""`Health.to_wire`."""
SWEEP: Final[Mapping[str, Any]] = {
    "levels": [number],
    "unit": text,
    "hold_s": seconds,
    "figures": [
        {
            **dict.fromkeys(("level", "throughput"), number),
            **dict.fromkeys(("count", "failures", "throttled", "dropped"), count),
            **{name: Maybe(number) for name in ("p50", "p95", "p99")},
        }
    ],
    "knee": Maybe({"x": number, "low": number, "high": number}),
}
"""`harness.evidence.judging.sweep.to_json`."""
FACTS: Final[Mapping[str, Any]] = {
    "run_id": text,
    "started_s": wall,
    "classes": [text],
    "users": count,
    "settings": mapping(plain),
    "gates": [text],
    "baseline_figures": Maybe(mapping(number)),
    "max_lag_us": count,
    "max_dropped_share": Maybe(number),
    "warmup_s": seconds,
    "sweep": Maybe({"levels": [number], "unit": text, "hold_s": seconds}),
    "stopping_s": Maybe(wall),
    "ended_s": Maybe(wall),
    "workers_lost": Maybe(count),
    "generator": Maybe(validity),
    "notes": [text],
    "invalid_because": Maybe([text]),
    "failed_because": Maybe([{"sentence": text, "exit_code": count}]),
    "target": Maybe({"kind": target, "url": text, "user_pool_id": text, "region": text, "apis": [text]}),
}
"""`run.json`."""
EVENT: Final[Mapping[str, Any]] = {"at_s": seconds, "kind": text, "text": text}
"""A line of `events.jsonl`."""


def _expect(is_so: bool) -> None:  # noqa: FBT001  # an assertion
    if not is_so:
        raise ValueError("not what a run writes")
