"""A distribution of durations that can be recorded cheaply, merged without loss and asked for percentiles."""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate, compress, repeat
from typing import Any

from hdrh.histogram import HdrHistogram

HIGHEST_US = 3_600_000_000
"""The longest duration that is told apart, in microseconds: one hour. Longer ones are clamped to it and counted."""
SIGNIFICANT_DIGITS = 3
"""A recorded value is known to 0.1 %."""

# The layout HdrHistogram derives from the two numbers above: 2 * 10^3 rounded up to a power of two sub-buckets.
_SUB_BUCKETS = 2048
_HALF_MAGNITUDE = 10
_SUB_BUCKET_BITS = 11

WIDE = 2_000
"""Distinct buckets from which on the wire carries HdrHistogram's own text form."""

KEPT = 4_096
"""Samples whose buckets are kept one by one, two bytes each, until they are folded into an array of counts.

A name that was seen a few times then costs a few hundred bytes, one that was seen a thousand times two kilobytes, and
ten thousand names do not fill the memory."""

_PAGE = 1_024
"""An array of counts ends with its highest bucket, rounded up to so many: 36 kB for latencies below a quarter of a
second."""
_MOST_IN_A_COUNT = (1 << 32) - 1
_NARROW, _BROAD = "I", "Q"
"""Counts of 4 and of 8 bytes."""

_PERCENTILE = re.compile(r"p([0-9]{1,2})(?:\.([0-9]{1,3}))?")


def percentile_of(metric: str) -> int | None:
    """The percentile a metric's name asks for, in thousandths of a percent: `p99.9` is 99900; None if it is none."""
    found = _PERCENTILE.fullmatch(metric)
    if found is None:
        return None
    whole, fraction = found[1], found[2] or ""
    return int(whole) * 1_000 + int(fraction.ljust(3, "0")) or None


class Histogram:
    """Durations in microseconds, 1 us to 1 h, three significant digits, in the buckets of HdrHistogram.

    The buckets and the encoding are the library's. `record` computes the bucket itself, because the library's own
    takes 1 us and a sample has up to three durations; a test holds it against the library. Sum, count and maximum are
    kept exactly. Not thread-safe.
    """

    __slots__ = ("_counts", "_kept", "_ranked", "clamped", "count", "max_us", "sum_us")

    def __init__(self) -> None:
        self.count = 0
        self.sum_us = 0
        self.max_us = 0
        self.clamped = 0
        """How many values exceeded `HIGHEST_US`."""
        self._kept = array("H")
        """The bucket of each sample that is not in `_counts`, in no order."""
        self._counts: array[int] | None = None
        """How many samples are in each bucket, up to the highest one that has any."""
        self._ranked: tuple[int, Sequence[int], Sequence[int]] | None = None
        """Of this many samples: the buckets, and the rank that each ends with. Reports ask for many percentiles."""

    def record(self, value_us: int) -> None:
        """Add one duration in microseconds; below zero counts as zero, above one hour as one hour."""
        if value_us < _SUB_BUCKETS:
            if value_us < 0:  # noqa: PLR1730 - max() costs a call, and this is the hot path
                value_us = 0
            index = value_us
        else:
            if value_us > HIGHEST_US:
                value_us = HIGHEST_US
                self.clamped += 1
            shift = value_us.bit_length() - _SUB_BUCKET_BITS
            index = (shift << _HALF_MAGNITUDE) + (value_us >> shift)
        self._kept.append(index)
        self.sum_us += value_us
        if value_us > self.max_us:  # noqa: PLR1730 - the same
            self.max_us = value_us
        self.count = count = self.count + 1
        if not count % KEPT:
            self._fold()

    def record_many(self, value_us: int, count: int) -> None:
        """Add the same duration so many times."""
        index = _index(min(value_us, HIGHEST_US))
        self.count += count
        self._add(index, count)
        self.sum_us += min(value_us, HIGHEST_US) * count
        self.max_us = max(self.max_us, min(value_us, HIGHEST_US))
        self.clamped += count if value_us > HIGHEST_US else 0

    def percentile(self, thousandths: int) -> int | None:
        """The value at a percentile (99900 is 99.9 %), in microseconds; None without a sample.

        Nearest rank: the smallest recorded value that at least this share of the samples does not exceed, reported
        as the upper end of its bucket but never above the maximum. HdrHistogram for Java defines it so; the Python
        port rounds the rank to the nearest instead, and its p95 of 14 samples leaves out the slowest.
        """
        return self.percentiles(thousandths)[0] if self.count else None

    def percentiles(self, *thousandths: int) -> list[int]:
        """Several percentiles in one pass, as `percentile` defines them; empty without a sample."""
        if not self.count:
            return []
        return [self.at_rank(-(-self.count * wanted // 100_000)) for wanted in thousandths]

    def at_rank(self, rank: int) -> int:
        """The value of this rank, 1 the fastest and `count` the slowest, in microseconds.

        Raises:
            IndexError: if there are not so many values.
        """
        if not 1 <= rank <= self.count:
            raise IndexError(f"rank {rank} of {self.count}")
        if self._ranked is None or self._ranked[0] != self.count:
            if self._counts is None:
                self._ranked = self.count, sorted(self._kept), range(1, self.count + 1)
            else:
                buckets, counts = self._columns()
                self._ranked = self.count, buckets, list(accumulate(counts))
        _, indexes, ends = self._ranked
        return min(_upper_end(indexes[bisect_left(ends, rank)]), self.max_us)

    def above(self, us: int) -> int:
        """How many samples took longer than this, to the resolution of the buckets."""
        if self.max_us <= us:
            return 0
        limit = _index(us)
        return sum(count for index, count in self._buckets() if index > limit)

    def without(self, part: Histogram) -> Histogram:
        """The samples of this histogram that are not in `part`, all of whose samples are in this one.

        Count and sum are exact; the maximum is known to the resolution of the buckets.
        """
        rest = Histogram()
        rest.count, rest.sum_us = self.count - part.count, self.sum_us - part.sum_us
        missing = dict(part._buckets())
        for index, count in self._buckets():
            if count > missing.get(index, 0):
                rest._add(index, count - missing.get(index, 0))
                rest.max_us = min(_upper_end(index), self.max_us)
        rest.clamped = self.clamped - part.clamped
        return rest

    def mean(self) -> float | None:
        """The exact arithmetic mean in microseconds; None without a sample."""
        return self.sum_us / self.count if self.count else None

    def deviation(self) -> float:
        """The standard deviation in microseconds, to the resolution of the buckets; 0 without two samples."""
        mean = self.mean()
        if mean is None:
            return 0.0
        squares = sum(count * (_upper_end(index) - mean) ** 2 for index, count in self._buckets())
        return float((squares / self.count) ** 0.5)

    def figure(self, metric: str) -> float | None:
        """`p50` to `p99.999`, `max` or `mean`, in microseconds; None without a sample.

        Raises:
            ValueError: if the metric is no latency.
        """
        if metric == "max":
            return self.max_us if self.count else None
        if metric == "mean":
            return self.mean()
        thousandths = percentile_of(metric)
        if thousandths is None:
            raise ValueError(f"{metric!r} is no latency metric")
        return self.percentile(thousandths)

    def merge(self, other: Histogram) -> None:
        """Add another histogram's samples to this one; the other one stays as it is."""
        self.count += other.count
        self._kept.extend(other._kept)
        if other._counts is not None:
            self._counts = other._counts[:] if self._counts is None else _added(self._counts, other._counts, self.count)
        if len(self._kept) >= KEPT:
            self._fold()
        self.sum_us += other.sum_us
        self.max_us = max(self.max_us, other.max_us)
        self.clamped += other.clamped

    def to_wire(self) -> dict[str, Any]:
        """Everything, in types msgpack knows; a wide histogram as HdrHistogram's own text form (compressed V2, base64).

        Equal histograms have equal wire forms, whatever was merged in whatever order.
        """
        if not self.count:
            return {}
        wire: dict[str, Any] = {"n": self.count, "sum": self.sum_us, "max": self.max_us, "clamped": self.clamped}
        buckets = self._buckets()
        if len(buckets) <= WIDE:
            wire["buckets"] = [number for bucket in buckets for number in bucket]
        else:
            wire["hdr"] = self._encoded(buckets)
        return wire

    @staticmethod
    def bucket_of(value_us: int) -> int:
        """The place of the bucket that such a value is counted in."""
        return _index(value_us)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Histogram:
        """The histogram that `to_wire` described."""
        histogram = cls()
        if not wire:
            return histogram
        histogram.count, histogram.sum_us = wire["n"], wire["sum"]
        histogram.max_us, histogram.clamped = wire["max"], wire["clamped"]
        if "hdr" in wire:
            hdr = HdrHistogram.decode(wire["hdr"])
            histogram._counts = array(_code(histogram.count), hdr.counts[: _index(histogram.max_us) + 1])
            hdr.encoder = None  # they refer to each other; see `_scratch`
        else:
            numbers = wire["buckets"]
            for index, count in zip(numbers[::2], numbers[1::2], strict=True):
                histogram._add(index, count)
        return histogram

    def encode(self) -> str:
        """HdrHistogram's own text form (compressed V2, base64): the buckets, without the exact sum and maximum."""
        return self._encoded(self._buckets()).decode("ascii")

    @classmethod
    def decode(cls, text: str) -> Histogram:
        """The histogram that `encode` wrote; sum and maximum to the resolution of the buckets.

        Raises:
            ValueError: if it is none, or one of another layout.
        """
        try:
            hdr = HdrHistogram.decode(text)
        except Exception as error:
            raise ValueError(f"no histogram: {error}") from error
        if hdr.highest_trackable_value != HIGHEST_US or hdr.significant_figures != SIGNIFICANT_DIGITS:
            raise ValueError("a histogram of another layout")
        histogram = cls()
        for index, count in enumerate(hdr.counts):
            if count:
                histogram.count += count
                histogram._add(index, count)
                histogram.max_us = _upper_end(index)
                histogram.sum_us += count * histogram.max_us
        return histogram

    def _buckets(self) -> list[tuple[int, int]]:
        """Bucket index and count of every bucket that is not empty, in ascending order."""
        return sorted(Counter(self._kept).items()) if self._counts is None else list(zip(*self._columns(), strict=True))

    def _columns(self) -> tuple[list[int], list[int]]:
        """Indexes and counts of every bucket that is not empty, in ascending order."""
        counts = self._fold()
        return list(compress(range(len(counts)), counts)), list(filter(None, counts))

    def _add(self, index: int, count: int) -> None:
        """Count in a bucket. `self.count` has it already."""
        if self._counts is None and len(self._kept) + count <= KEPT:
            self._kept.extend(repeat(index, count))
        else:
            self._reaching(index)[index] += count

    def _fold(self) -> array[int]:
        """The counts, with all that was kept one by one; `self.count` has it already."""
        counts = self._reaching(max(self._kept, default=0))
        for index in self._kept:
            counts[index] += 1
        del self._kept[:]
        return counts

    def _reaching(self, index: int) -> array[int]:
        """The counts, as long as this bucket needs and as broad as `self.count` does."""
        counts, code = self._counts, _code(self.count)
        if counts is None or counts.typecode != code:
            counts = self._counts = array(code, counts or ())
        if index >= len(counts):
            counts.frombytes(bytes((_PAGE - index % _PAGE + index - len(counts)) * counts.itemsize))
        return counts

    def _encoded(self, buckets: list[tuple[int, int]]) -> bytes:
        scratch = _scratch()
        for index, count in buckets:
            scratch.counts[index] = count
        # The encoder asks for these two.
        scratch.total_count, scratch.max_value = self.count, self.max_us
        text: bytes = scratch.encode()
        for index, _ in buckets:
            scratch.counts[index] = 0
        return text


@cache
def _scratch() -> HdrHistogram:
    """A histogram of the library with the layout of `Histogram`, empty but while one is encoded.

    One for the whole process: the library's histogram and its encoder refer to each other, so that every one that is
    made stays in memory, with 200 kB, until the garbage collector has walked over everything.
    """
    return HdrHistogram(1, HIGHEST_US, SIGNIFICANT_DIGITS)


def _code(count: int) -> str:
    """Of an array whose items can be so large."""
    return _NARROW if count <= _MOST_IN_A_COUNT else _BROAD


def _added(one: array[int], other: array[int], total: int) -> array[int]:
    """The counts of both. As one number each, because a loop in Python takes three times as long.

    Args:
        one: The counts.
        other: The same.
        total: What is in both together, so that no item can overflow into the next.
    """
    code, length = _code(total), max(len(one), len(other))
    width, summed = length * array(code).itemsize, 0
    for counts in (one, other):
        whole = array(code, counts)
        whole.frombytes(bytes(width - len(whole) * whole.itemsize))
        summed += int.from_bytes(whole, sys.byteorder)
    return array(code, summed.to_bytes(width, sys.byteorder))


def _index(value_us: int) -> int:
    if value_us < _SUB_BUCKETS:
        return value_us
    shift = value_us.bit_length() - _SUB_BUCKET_BITS
    return (shift << _HALF_MAGNITUDE) + (value_us >> shift)


def _upper_end(index: int) -> int:
    """The largest value of a bucket, in microseconds."""
    if index < _SUB_BUCKETS:
        return index
    shift = (index >> _HALF_MAGNITUDE) - 1
    lower = ((index & (_SUB_BUCKETS // 2 - 1)) + _SUB_BUCKETS // 2) << shift
    return lower + (1 << shift) - 1
