"""What happened when: each second of a run, by kind, name, outcome and reason.

A sample belongs to the second in which it ended. The percentiles are those of this second's samples with this key
alone: they cannot be added up over seconds or keys, which is what the histograms are for.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast, overload

from harness.evidence.metrics import Metrics
from harness.evidence.sample import Kind
from harness.outcome import Outcome, Reason

MAX_ROWS: Final = 60_000
"""Entries that are kept in memory, about 20 MB; beyond that, steps become twice as wide. The file keeps each second."""
JOINED_AT_ONCE: Final = 500
"""Entries that are joined to wider steps with each second: about a millisecond of work."""
FILE_NAME: Final = "timeline.csv"
HEADER: Final = "at_s,kind,name,outcome,reason,count,sum_us,max_us,p50_us,p95_us,p99_us\n"

_PERCENTILES: Final = (50_000, 95_000, 99_000)
_COLUMNS: Final = 11

_Key = tuple[Kind, str, Outcome, Reason | None]


@dataclass(frozen=True, slots=True)
class Second:
    """The samples of one key that ended in one second (in one step, where `Run.timeline_step_s` is more than 1)."""

    at_s: int
    """Whole seconds since the run's start; where the step begins."""
    kind: Kind
    name: str
    outcome: Outcome
    reason: Reason | None
    count: int
    sum_us: int
    max_us: int
    p50_us: int
    """In microseconds; where seconds were joined to a wider step, the worst of them. The same for the others."""
    p95_us: int
    p99_us: int


def seconds_of(at_s: int, metrics: Metrics) -> list[Second]:
    """The entries of one second, from everything that ended in it."""
    found = []
    for key, series in metrics.series():
        latency = series.latency
        if latency.count:
            p50, p95, p99 = latency.percentiles(*_PERCENTILES)
            found.append(Second(at_s, *key, latency.count, latency.sum_us, latency.max_us, p50, p95, p99))
    return found


class Timeline(Sequence[Second]):
    """The seconds of a run, by time, in bounded memory.

    What belongs to the same step and key is one entry: counts and sums are added, of maximum and percentiles the
    worst stands. So measurements that arrive late (a worker's line was down) join their second.
    """

    def __init__(self, seconds: Iterable[Second] = (), *, max_rows: int = MAX_ROWS) -> None:
        self.step_s = 1
        """How many seconds an entry stands for."""
        self._max_rows = max_rows
        self._rows = 0
        self._steps: dict[int, dict[_Key, Second]] = {}
        self._narrow: list[dict[_Key, Second]] = []
        """Steps of half the width that were not joined yet: all at once would stall every user of the process."""
        self.add(seconds)

    def __len__(self) -> int:
        self._join(self._rows)
        return self._rows

    @overload
    def __getitem__(self, index: int) -> Second: ...

    @overload
    def __getitem__(self, index: slice) -> list[Second]: ...

    def __getitem__(self, index: int | slice) -> Second | list[Second]:
        return list(self)[index]

    def __iter__(self) -> Iterator[Second]:
        self._join(self._rows)
        for at_s in sorted(self._steps):
            yield from self._steps[at_s].values()

    @property
    def end_s(self) -> int:
        """Where the last step ends, in seconds since the run's start; 0 when there is none."""
        self._join(self._rows)
        return max(self._steps) + self.step_s if self._steps else 0

    def add(self, seconds: Iterable[Second]) -> None:
        """Take in some entries, of whatever second."""
        for second in seconds:
            self._put(second)
        self._join(JOINED_AT_ONCE)
        if self._rows > self._max_rows and not self._narrow and len(self._steps) > 1:
            self._narrow, self._steps = list(self._steps.values()), {}
            self.step_s *= 2

    def _put(self, second: Second) -> None:
        at_s = second.at_s - second.at_s % self.step_s
        if at_s != second.at_s:
            second = replace(second, at_s=at_s)
        step = self._steps.setdefault(at_s, {})
        key = (second.kind, second.name, second.outcome, second.reason)
        known = step.get(key)
        if known is None:
            self._rows += 1
        step[key] = second if known is None else _joined(known, second)

    def _join(self, rows: int) -> None:
        """Join about so many entries of narrow steps into wide ones."""
        while self._narrow and rows > 0:
            step = self._narrow.pop()
            rows -= len(step)
            self._rows -= len(step)
            for second in step.values():
                self._put(second)


def to_csv(seconds: Iterable[Second]) -> str:
    """Lines of `timeline.csv`, each ended."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for s in seconds:
        reason = s.reason.value if s.reason else ""
        figures = (s.count, s.sum_us, s.max_us, s.p50_us, s.p95_us, s.p99_us)
        name = s.name.replace("\r", " ")  # the writer quotes only what ends its own lines, and no reader bears it
        writer.writerow((s.at_s, s.kind, name, s.outcome.value, reason, *figures))
    return text.getvalue()


def from_csv(lines: Iterable[str]) -> Iterator[Second]:
    """The entries in these lines; what is no entry (the header, half a line at the end of a lost run) is left out."""
    for row in csv.reader(lines):
        if len(row) != _COLUMNS:
            continue
        at_s, kind, name, outcome, reason, *figures = row
        try:
            yield Second(
                int(at_s),
                cast("Kind", kind),
                name,
                Outcome(outcome),
                Reason(reason) if reason else None,
                *map(int, figures),
            )
        except ValueError:
            continue


def _joined(one: Second, other: Second) -> Second:
    return Second(
        one.at_s,
        one.kind,
        one.name,
        one.outcome,
        one.reason,
        one.count + other.count,
        one.sum_us + other.sum_us,
        max(one.max_us, other.max_us),
        max(one.p50_us, other.p50_us),
        max(one.p95_us, other.p95_us),
        max(one.p99_us, other.p99_us),
    )
