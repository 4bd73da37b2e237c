"""What happened when: each second of a run, by kind, name, outcome and reason.

A sample belongs to the second in which it ended. The percentiles are those of this second's samples with this key
alone: they cannot be added up over seconds or keys, which is what the histograms are for.
"""

from __future__ import annotations

import csv
import heapq
import io
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from operator import attrgetter
from typing import Final, NamedTuple, cast, get_args, overload

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Kind
from harness.outcome import Outcome, Reason

MAX_ROWS: Final = 60_000
"""Entries that are kept in memory, about 1 MB; beyond that, steps become twice as wide. The file keeps each second."""
PACKED_AT_ONCE: Final = 256
"""Entries of one key that are packed together, once so many have come after them: 0.2 ms of work in four minutes."""
JOINED_AT_ONCE: Final = 500
"""Entries that are joined to wider steps with each second: about a millisecond of work."""
FILE_NAME: Final = "timeline.csv"
HEADER: Final = "at_s,kind,name,outcome,reason,count,sum_us,max_us,p50_us,p95_us,p99_us\n"

_HEADS: Final = HEADER.strip().split(",")
_KINDS: Final = frozenset(get_args(Kind))
_MOST: Final = 2**53
"""No figure is larger; and no run is longer than thirty years, in seconds:"""
_LONGEST_S: Final = 10**9
_PERCENTILES: Final = (50_000, 95_000, 99_000)
_COLUMNS: Final = 11
_FIGURES: Final = 6
"""Of an entry: count, sum, maximum and the three percentiles."""

_Key = tuple[Kind, str, Outcome, Reason | None]
_Figures = tuple[int, int, int, int, int, int]
_Entry = tuple[int, _Figures]
"""When, in whole seconds, and the figures."""


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
        self._narrow: list[tuple[_Key, Iterator[_Entry]]] = []
        """Entries of half the step that are still to be joined: all at once would stall every user of the process."""
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
        tracks = (_seconds(key, track) for key, track in self._tracks.items())
        return heapq.merge(*tracks, key=lambda second: second.at_s)

    @property
    def end_s(self) -> int:
        """Where the last step ends, in seconds since the run's start; 0 when there is none."""
        self._join(self._rows)
        return max((track.last_s + self.step_s for track in self._tracks.values()), default=0)

    def add(self, seconds: Iterable[Second]) -> None:
        """Take in some entries, of whatever second."""
        for second in seconds:
            key = (second.kind, second.name, second.outcome, second.reason)
            self._put(second.at_s, key, _figures_of(second))
        self._join(JOINED_AT_ONCE)
        if self._rows > self._max_rows and not self._narrow and self._can_be_joined():
            self._narrow = [(key, track.drain()) for key, track in self._tracks.items()]
            self._tracks = {}
            self.step_s *= 2

    def _can_be_joined(self) -> bool:
        return any(track.count > 1 for track in self._tracks.values())

    def _put(self, at_s: int, key: _Key, figures: _Figures) -> None:
        track = self._tracks.get(key)
        if track is None:
            track = self._tracks[key] = _Track()
        self._rows += track.put(at_s - at_s % self.step_s, figures)

    def _join(self, rows: int) -> None:
        """Join about so many entries of narrow steps into wide ones."""
        while self._narrow and rows > 0:
            key, entries = self._narrow[-1]
            taken = list(islice(entries, rows))
            if len(taken) < rows:
                self._narrow.pop()
            rows -= len(taken)
            self._rows -= len(taken)
            for at_s, figures in taken:
                self._put(at_s, key, figures)


def _seconds(key: _Key, track: _Track) -> Iterator[Second]:
    return (Second(at_s, *key, *figures) for at_s, figures in track.entries())


class _Chunk(NamedTuple):
    """Entries of a track that follow each other, packed."""

    last_s: int
    """When the last of them is."""
    length: int
    """How many they are."""
    data: bytes


class _Track:
    """The entries of one key by time. Only the last ones are numbers; older ones are packed, to an eighth of that."""

    __slots__ = ("_at_s", "_chunks", "_numbers", "count")

    def __init__(self) -> None:
        self.count = 0
        """How many entries there are."""
        self._chunks: list[_Chunk] = []
        self._at_s = array("q")
        self._numbers = array("q")
        """`_FIGURES` for each entry."""

    @property
    def last_s(self) -> int:
        """When the last entry is; there is one."""
        return self._at_s[-1]

    def drain(self) -> Iterator[_Entry]:
        """All entries, which are here no more afterwards."""
        while self._chunks:
            yield from _entries(*_unpacked(self._chunks.pop(0)))
        yield from _entries(self._at_s, self._numbers)

    def entries(self) -> Iterator[_Entry]:
        """All of them."""
        for chunk in self._chunks:
            yield from _entries(*_unpacked(chunk))
        yield from _entries(self._at_s, self._numbers)

    def put(self, at_s: int, figures: _Figures) -> int:
        """Take in an entry; how many there are more."""
        if self._chunks and at_s <= self._chunks[-1].last_s:  # it comes late: a worker's line was down
            place = bisect_left(self._chunks, at_s, key=attrgetter("last_s"))
            times, numbers = _unpacked(self._chunks[place])
            more = _put(times, numbers, at_s, figures)
            self._chunks[place] = _packed(times, numbers)
        else:
            more = _put(self._at_s, self._numbers, at_s, figures)
            if len(self._at_s) >= 2 * PACKED_AT_ONCE:
                self._chunks.append(_packed(self._at_s[:PACKED_AT_ONCE], self._numbers[: PACKED_AT_ONCE * _FIGURES]))
                del self._at_s[:PACKED_AT_ONCE], self._numbers[: PACKED_AT_ONCE * _FIGURES]
        self.count += more
        return more


def _put(times: array[int], numbers: array[int], at_s: int, figures: _Figures) -> int:
    place = bisect_left(times, at_s) if times and at_s <= times[-1] else len(times)
    begin = end = place * _FIGURES
    is_known = place < len(times) and times[place] == at_s
    if is_known:
        end += _FIGURES
        figures = _joined(_figures_at(numbers, place), figures)
    else:
        times.insert(place, at_s)
    numbers[begin:end] = array("q", figures)
    return 0 if is_known else 1


def _entries(times: array[int], numbers: array[int]) -> Iterator[_Entry]:
    for place, at_s in enumerate(times):
        yield at_s, _figures_at(numbers, place)


def _figures_at(numbers: array[int], place: int) -> _Figures:
    count, sum_us, max_us, p50_us, p95_us, p99_us = numbers[place * _FIGURES : (place + 1) * _FIGURES]
    return count, sum_us, max_us, p50_us, p95_us, p99_us


def _packed(times: array[int], numbers: array[int]) -> _Chunk:
    """Byte by byte of each column: neighbours are alike there, and most are 0."""
    steps = array("q", [after - before for before, after in zip((0, *times), times, strict=False)])
    columns = [steps.tobytes()[n::8] for n in range(8)] + [
        numbers.tobytes()[n :: 8 * _FIGURES] for n in range(8 * _FIGURES)
    ]
    return _Chunk(times[-1], len(times), zlib.compress(b"".join(columns), level=1))


def _unpacked(chunk: _Chunk) -> tuple[array[int], array[int]]:
    columns, count = zlib.decompress(chunk.data), chunk.length
    steps, figures = bytearray(8 * count), bytearray(8 * _FIGURES * count)
    for n in range(8):
        steps[n::8] = columns[n * count : (n + 1) * count]
    for n in range(8 * _FIGURES):
        figures[n :: 8 * _FIGURES] = columns[(8 + n) * count : (9 + n) * count]
    return array("q", accumulate(array("q", bytes(steps)))), array("q", bytes(figures))


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


def from_csv(lines: Iterable[str], refuse: Callable[[], None] = lambda: None) -> Iterator[Second]:
    """The entries in these lines.

    Args:
        lines: Of `timeline.csv`.
        refuse: Told of each line that is neither an entry nor the header.
    """
    rows = csv.reader(lines)
    while True:
        try:
            row = next(rows)
            if row != _HEADS:
                yield _second(row)
        except StopIteration:
            return
        except (ValueError, csv.Error):
            refuse()


def _second(row: list[str]) -> Second:
    """An entry.

    Raises:
        ValueError: The row is none.
    """
    at_s, kind, name, outcome, reason, *figures = row
    numbers = [int(at_s), *map(int, figures)]
    if len(row) != _COLUMNS or kind not in _KINDS or not all(0 <= number <= _MOST for number in numbers):
        raise ValueError(row)
    at, *found = numbers
    if at > _LONGEST_S:
        raise ValueError(row)
    return Second(at, cast("Kind", kind), name, Outcome(outcome), Reason(reason) if reason else None, *found)


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
