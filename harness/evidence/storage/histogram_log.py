"""Full histograms while a run goes on, in HdrHistogram's own log format (version 1.3), which its tools read.

One line an interval and tag: `Tag=exchange:InitiateAuth:ok:initial:latency,<start s>,<length s>,<max ms>,<histogram>`.
A tag holds kind, name, outcome, reason and phase, percent-encoded, because commas and spaces end it. Start times are
relative to the base time, which is the run's start.

Source of the format: HistogramLogWriter of HdrHistogram for Java; the Python port writes no tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple, cast, get_args
from urllib.parse import quote, unquote

from harness.evidence.figures.histogram import Histogram
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Kind
from harness.evidence.figures.tally import PHASES, Key
from harness.outcome import Outcome, Reason

FILE_NAME: Final = "histograms.hlog"
_KINDS: Final = frozenset(get_args(Kind))
_US_PER_MS: Final = 1_000
"""HdrHistogram's own ratio turns its nanoseconds into milliseconds; ours are microseconds."""
_NO_INTERVAL: Final = ("#", '"StartTimestamp"')
_STARTED: Final = re.compile(r"#\[StartTime: (\d{1,11}\.\d{3}) ")
_LINE: Final = re.compile(r"Tag=([^,]+),([\d.]{1,20}),([\d.]{1,20}),([\d.]{1,20}),(HIST\S+)")


class Interval(NamedTuple):
    """One line: what was measured about one key between two moments."""

    start_s: float
    """Since the run's start."""
    length_s: float
    key: Key
    phase: str
    histogram: Histogram
    """Sum and maximum to the resolution of the buckets."""


def header(started_s: float) -> str:
    """The first lines of a log.

    Args:
        started_s: Wall clock, seconds since the epoch.
    """
    when = datetime.fromtimestamp(started_s, UTC).isoformat()
    return (
        "#[cognito-load: values in microseconds, one line for each kind:name:outcome:reason:phase]\n"
        "#[Histogram log format version 1.3]\n"
        f"#[BaseTime: {started_s:.3f} (seconds since epoch)]\n"
        f"#[StartTime: {started_s:.3f} (seconds since epoch), {when}]\n"
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    )


def lines(metrics: Metrics, start_s: float, length_s: float, pause: Callable[[], None] = lambda: None) -> str:
    """The lines of one interval.

    Args:
        metrics: What was measured in it.
        start_s: Since the run's start.
        length_s: How long it was, in seconds.
        pause: Called after each histogram, which costs 0.1 to 0.7 ms: lets an event loop go on.
    """
    found = []
    for key, series in list(metrics.series()):
        for phase, histogram in zip(PHASES, series.histograms(), strict=True):
            if histogram.count:
                text = histogram.encode()
                found.append(
                    f"Tag={tag(key, phase)},{start_s:.3f},{length_s:.3f},{histogram.max_us / _US_PER_MS:.3f},{text}\n"
                )
                pause()
    return "".join(found)


def read(text: Iterable[str], refuse: Callable[[], None] = lambda: None) -> Iterator[Interval]:
    """The intervals in a log's lines.

    Args:
        text: The lines.
        refuse: Told of each line that is neither an interval nor a comment.
    """
    for line in text:
        if line.startswith(_NO_INTERVAL):
            continue
        try:
            yield _interval(line)
        except ValueError:
            refuse()


def _interval(line: str) -> Interval:
    """The interval of a line.

    Raises:
        ValueError: It is none.
    """
    found = _LINE.fullmatch(line.rstrip("\n"))
    if found is None:
        raise ValueError(line)
    key, phase = _untagged(found[1])
    return Interval(float(found[2]), float(found[3]), key, phase, Histogram.decode(found[5]))


def started(text: Iterable[str]) -> float | None:
    """When the run of a log was started, wall clock in seconds since the epoch; None when the log does not say."""
    found = next(filter(None, map(_STARTED.match, text)), None)
    return float(found[1]) if found else None


def tag(key: Key, phase: str) -> str:
    """What a line is about, in characters that a tag may have."""
    reason = key.reason.value if key.reason else ""
    name = quote(key.name, safe="/", errors="backslashreplace")
    return f"{key.kind}:{name}:{key.outcome.value}:{reason}:{phase}"


def _untagged(text: str) -> tuple[Key, str]:
    kind, name, outcome, reason, phase = text.split(":")
    if phase not in PHASES or kind not in _KINDS:
        raise ValueError(text)
    return Key(cast("Kind", kind), unquote(name), Outcome(outcome), Reason(reason) if reason else None), phase
