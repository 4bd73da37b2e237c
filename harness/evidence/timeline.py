"""What happened when: each second of a run, by kind, name, outcome and reason.

A sample belongs to the second in which it ended. The percentiles are those of this second's samples with this key
alone: they cannot be added up over seconds or keys, which is what the histograms are for.
"""

from __future__ import annotations

import csv
import heapq
import io
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast, overload

from harness.evidence.metrics import Metrics
from harness.evidence.sample import Kind
from harness.outcome import Outcome, Reason

MAX_ROWS: Final = 60_000
"""Entries that are kept in memory, about 4 MB; beyond that, steps become twice as wide. The file keeps each second."""
JOINED_AT_ONCE: Final = 500
"""Entries that are joined to wider steps with each second: about a millisecond of work."""
FILE_NAME: Final = "timeline.csv"
HEADER: Final = "at_s,kind,name,outcome,reason,count,sum_us,max_us,p50_us,p95_us,p99_us\n"

_PERCENTILES: Final = (50_000, 95_000, 99_000)
_COLUMNS: Final = 11
_FIGURES: Final = 6
"""Of an entry: count, sum, maximum and the three percentiles."""

_Key = tuple[Kind, str, Outcome, Reason | None]
_Figures = tuple[int, int, int, int, int, int]


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
        self._tracks: dict[_Key, _Track] = {}
        self._narrow: list[tuple[_Key, _Track, int]] = []
        """Tracks of half the step that were joined up to a place: all at once would stall every user of the process."""
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
        tracks = (track.entries(key) for key, track in self._tracks.items())
        return heapq.merge(*tracks, key=lambda second: second.at_s)

    @property
    def end_s(self) -> int:
        """Where the last step ends, in seconds since the run's start; 0 when there is none."""
        self._join(self._rows)
        return max((track.at_s[-1] + self.step_s for track in self._tracks.values()), default=0)

    def add(self, seconds: Iterable[Second]) -> None:
        """Take in some entries, of whatever second."""
        for second in seconds:
            key = (second.kind, second.name, second.outcome, second.reason)
            self._put(second.at_s, key, _figures_of(second))
        self._join(JOINED_AT_ONCE)
        if self._rows > self._max_rows and not self._narrow and self._can_be_joined():
            self._narrow = [(key, track, 0) for key, track in self._tracks.items()]
            self._tracks = {}
            self.step_s *= 2

    def _can_be_joined(self) -> bool:
        return any(len(track.at_s) > 1 for track in self._tracks.values())

    def _put(self, at_s: int, key: _Key, figures: _Figures) -> None:
        track = self._tracks.get(key)
        if track is None:
            track = self._tracks[key] = _Track()
        self._rows += track.put(at_s - at_s % self.step_s, figures)

    def _join(self, rows: int) -> None:
        """Join about so many entries of narrow steps into wide ones."""
        while self._narrow and rows > 0:
            key, track, begin = self._narrow.pop()
            end = min(begin + rows, len(track.at_s))
            if end < len(track.at_s):
                self._narrow.append((key, track, end))
            rows -= end - begin
            self._rows -= end - begin
            for place in range(begin, end):
                self._put(track.at_s[place], key, track.figures(place))


class _Track:
    """The entries of one key by time, packed: a fifth of what objects would take."""

    __slots__ = ("_packed", "at_s")

    def __init__(self) -> None:
        self.at_s = array("q")
        self._packed = array("q")
        """`_FIGURES` for each entry."""

    def figures(self, place: int) -> _Figures:
        """Those of one entry."""
        count, sum_us, max_us, p50_us, p95_us, p99_us = self._packed[place * _FIGURES : (place + 1) * _FIGURES]
        return count, sum_us, max_us, p50_us, p95_us, p99_us

    def entries(self, key: _Key) -> Iterator[Second]:
        """All of them."""
        for place, at_s in enumerate(self.at_s):
            yield Second(at_s, *key, *self.figures(place))

    def put(self, at_s: int, figures: _Figures) -> int:
        """Take in an entry; how many there are more."""
        place = bisect_left(self.at_s, at_s) if self.at_s and at_s <= self.at_s[-1] else len(self.at_s)
        begin = end = place * _FIGURES
        is_known = place < len(self.at_s) and self.at_s[place] == at_s
        if is_known:
            end += _FIGURES
            figures = _joined(self.figures(place), figures)
        else:
            self.at_s.insert(place, at_s)
        self._packed[begin:end] = array("q", figures)
        return 0 if is_known else 1


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


def _figures_of(second: Second) -> _Figures:
    return second.count, second.sum_us, second.max_us, second.p50_us, second.p95_us, second.p99_us


def _joined(one: _Figures, other: _Figures) -> _Figures:
    """Counts and sums are added, of the others the worst stands."""
    return (
        one[0] + other[0],
        one[1] + other[1],
        max(one[2], other[2]),
        max(one[3], other[3]),
        max(one[4], other[4]),
        max(one[5], other[5]),
    )
