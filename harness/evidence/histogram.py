"""A distribution of durations that can be recorded cheaply, merged without loss and asked for percentiles."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, MutableMapping
from itertools import accumulate
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
"""Distinct buckets from which on the dense array (188 kB) is used instead of a dictionary (75 kB of so many buckets).

A name that was seen a few times then costs a few hundred bytes, and ten thousand names do not fill the memory."""

_INDEXES = tuple(range((HIGHEST_US.bit_length() - _SUB_BUCKET_BITS + 2) << _HALF_MAGNITUDE))
"""Every bucket's index, once in the process: a dictionary of them is half as large as one of numbers of its own."""

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

    The buckets, the encoding and the sum of two histograms are the library's. `record` computes the bucket itself,
    because the library's own takes 1 us and a sample has up to three durations; a test holds it against the library.
    Sum, count and maximum are kept exactly. Not thread-safe.
    """

    __slots__ = ("_counts", "_hdr", "_ranked", "clamped", "count", "max_us", "sum_us")

    def __init__(self) -> None:
        self.count = 0
        self.sum_us = 0
        self.max_us = 0
        self.clamped = 0
        """How many values exceeded `HIGHEST_US`."""
        self._hdr: HdrHistogram | None = None
        self._counts: MutableMapping[int, int] = {}
        self._ranked: tuple[int, list[int], list[int]] | None = None
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
        try:
            self._counts[index] += 1
        except KeyError:
            self._open(index, 1)
        self.count += 1
        self.sum_us += value_us
        if value_us > self.max_us:  # noqa: PLR1730 - the same
            self.max_us = value_us

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
            buckets = self._buckets()
            ends = list(accumulate(count for _, count in buckets))
            self._ranked = self.count, [index for index, _ in buckets], ends
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
        missing = dict(part._buckets())
        for index, count in self._buckets():
            if count > missing.get(index, 0):
                rest._add(index, count - missing.get(index, 0))
                rest.max_us = min(_upper_end(index), self.max_us)
        rest.count, rest.sum_us = self.count - part.count, self.sum_us - part.sum_us
        rest.clamped = self.clamped - part.clamped
        return rest

    def mean(self) -> float | None:
        """The exact arithmetic mean in microseconds; None without a sample."""
        return self.sum_us / self.count if self.count else None

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
        if other._hdr is not None:
            self._widen().encoder.add(other._hdr.encoder)
        else:
            for index, count in other._buckets():
                self._add(index, count)
        self.count += other.count
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
        if self._hdr is None:
            wire["buckets"] = [number for bucket in self._buckets() for number in bucket]
        else:
            # The encoder asks for these two, which `record` does not keep up to date.
            self._hdr.total_count = self.count
            self._hdr.max_value = self.max_us
            wire["hdr"] = self._hdr.encode()
        return wire

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Histogram:
        """The histogram that `to_wire` described."""
        histogram = cls()
        if not wire:
            return histogram
        histogram.count, histogram.sum_us = wire["n"], wire["sum"]
        histogram.max_us, histogram.clamped = wire["max"], wire["clamped"]
        if "hdr" in wire:
            histogram._hdr = HdrHistogram.decode(wire["hdr"])
            histogram._counts = histogram._hdr.counts
        else:
            numbers = wire["buckets"]
            histogram._counts = {
                _INDEXES[index]: count for index, count in zip(numbers[::2], numbers[1::2], strict=True)
            }
        return histogram

    def encode(self, scratch: HdrHistogram) -> str:
        """HdrHistogram's own text form (compressed V2, base64): the buckets, without the exact sum and maximum.

        Args:
            scratch: An empty histogram of `empty_hdr`, to work in; it is empty again afterwards.
        """
        hdr = self._hdr or scratch
        if self._hdr is None:
            for index, count in self._counts.items():
                scratch.counts[index] = count
        hdr.total_count, hdr.max_value = self.count, self.max_us
        text: str = hdr.encode().decode("ascii")
        if self._hdr is None:
            for index in self._counts:
                scratch.counts[index] = 0
        return text

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
                histogram._add(index, count)
                histogram.count += count
                histogram.max_us = _upper_end(index)
                histogram.sum_us += count * histogram.max_us
        return histogram

    def _buckets(self) -> list[tuple[int, int]]:
        """Bucket index and count of every bucket that is not empty, in ascending order."""
        if self._hdr is None:
            return sorted(self._counts.items())
        counts: list[int] = self._hdr.counts[: _index(self.max_us) + 1]
        return [(index, count) for index, count in enumerate(counts) if count]

    def _add(self, index: int, count: int) -> None:
        try:
            self._counts[index] += count
        except KeyError:
            self._open(index, count)

    def _open(self, index: int, count: int) -> None:
        """Count in a bucket that was empty, in the dictionary or, once that is wide, in the dense array."""
        self._counts[_INDEXES[index]] = count
        if self._hdr is None and len(self._counts) > WIDE:
            self._widen()

    def _widen(self) -> HdrHistogram:
        """The dense array, made from the dictionary when there is none yet."""
        if self._hdr is None:
            self._hdr = empty_hdr()
            for index, count in self._counts.items():
                self._hdr.counts[index] = count
            self._counts = self._hdr.counts
        return self._hdr


def empty_hdr() -> HdrHistogram:
    """A histogram of the library with the layout of `Histogram`."""
    return HdrHistogram(1, HIGHEST_US, SIGNIFICANT_DIGITS)


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
