from __future__ import annotations

import gc
import math
import sys
from fractions import Fraction

import msgpack
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.figures.histogram import HIGHEST_US, KEPT, SIGNIFICANT_DIGITS, WIDE, Histogram, percentile_of

durations = st.one_of(
    st.integers(0, 5_000),
    st.integers(0, HIGHEST_US),
    st.integers(0, 31).flatmap(lambda bit: st.integers(max(2**bit - 2, 0), min(2**bit + 2, HIGHEST_US))),
)
samples = st.lists(durations, max_size=60)
percentiles = st.sampled_from(["p50", "p75", "p90", "p95", "p99", "p99.9", "p1", "p33.333"])


def histogram_of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


def wide_histogram(start: int = 2_000) -> Histogram:
    """One that fills more buckets than are listed on the wire."""
    return histogram_of([start + step * (start // 500) for step in range(WIDE + 1)])


def nearest_rank(values: list[int], metric: str) -> int:
    """The definition in the textbook: the smallest value that at least p % do not exceed."""
    return sorted(values)[max(math.ceil(Fraction(metric[1:]) * len(values) / 100), 1) - 1]


@given(samples.filter(bool), percentiles)
def test_a_percentile_is_the_nearest_rank_within_the_resolution(values: list[int], metric: str):
    exact = nearest_rank(values, metric)
    shown = histogram_of(values).figure(metric)
    assert shown is not None
    assert exact <= shown <= exact * (1 + 10**-SIGNIFICANT_DIGITS)


@given(samples)
def test_every_value_falls_into_the_bucket_hdrhistogram_chooses(values: list[int]):
    theirs = HdrHistogram(1, HIGHEST_US, SIGNIFICANT_DIGITS)
    for value in values:
        assert theirs.record_value(value)
    counts = dict(histogram_of(values)._buckets())
    assert counts == {index: count for index, count in enumerate(theirs.counts[:]) if count}


@given(st.integers(0, HIGHEST_US))
def test_a_bucket_reaches_as_far_as_hdrhistogram_says(value: int):
    histogram = histogram_of([value, HIGHEST_US])
    theirs = HdrHistogram(1, HIGHEST_US, SIGNIFICANT_DIGITS)
    assert histogram.figure("p50") == min(theirs.get_highest_equivalent_value(value), HIGHEST_US)


def test_the_slowest_of_fourteen_is_their_p95():
    """13.3 of 14 samples is the fourteenth; the library's own rounding would take the thirteenth."""
    assert histogram_of([1] * 13 + [500]).figure("p95") == 500


@given(samples)
def test_mean_and_maximum_are_exact(values: list[int]):
    histogram = histogram_of(values)
    assert histogram.figure("max") == (max(values) if values else None)
    assert histogram.figure("mean") == (sum(values) / len(values) if values else None)
    assert histogram.count == len(values)


def test_no_percentile_exceeds_the_maximum():
    assert histogram_of([300_001]).figure("p99") == 300_001


@pytest.mark.parametrize("metric", ["p50", "p99.9", "max", "mean"])
def test_without_a_sample_there_is_no_figure(metric: str):
    assert Histogram().figure(metric) is None


def test_values_above_the_range_are_clamped_and_counted():
    histogram = histogram_of([HIGHEST_US, HIGHEST_US + 1, 10 * HIGHEST_US])
    assert (histogram.clamped, histogram.max_us, histogram.count) == (2, HIGHEST_US, 3)


def test_a_clock_that_stepped_back_counts_as_zero():
    histogram = histogram_of([-5])
    assert (histogram.figure("p50"), histogram.sum_us) == (0, 0)


def test_a_wide_distribution_is_folded_and_keeps_its_figures():
    values = [2_000 + 4 * step for step in range(3 * WIDE)]
    histogram = histogram_of(values)
    assert "hdr" in histogram.to_wire()
    assert histogram.figure("p50") == pytest.approx(nearest_rank(values, "p50"), rel=1e-3)
    assert (histogram.count, histogram.sum_us) == (len(values), sum(values))


def test_a_wide_distribution_below_two_milliseconds_keeps_its_figures():
    assert histogram_of(list(range(1_500))).figure("p50") == 749


@pytest.mark.parametrize("count", [KEPT - 1, KEPT, KEPT + 1, 3 * KEPT])
def test_samples_are_folded_into_counts_without_loss(count: int):
    values = [137 * number % 90_000 for number in range(count)]
    assert histogram_of(values).figure("p50") == pytest.approx(nearest_rank(values, "p50"), rel=1e-3)
    assert sum(count for _, count in histogram_of(values)._buckets()) == count


def bytes_of(histogram: Histogram) -> int:
    counts = 0 if histogram._counts is None else sys.getsizeof(histogram._counts)
    return sys.getsizeof(histogram._kept) + counts


@pytest.mark.parametrize(
    ("count", "most_bytes"),
    [
        (0, 100),  # ten thousand names have five of these each
        (1_000, 2_500),  # two bytes a sample: a run keeps one for each phase, reason and outcome of a login
        (KEPT - 1, 9_500),
        (100_000, 48_000),  # an array of counts up to a quarter of a second, and what has come since it was folded
    ],
)
def test_what_was_seen_rarely_takes_little_memory(count: int, most_bytes: int):
    """All over the place: the worst case for whatever keeps one thing for each distinct latency."""
    assert bytes_of(histogram_of([2_000 + 7_919 * number % 248_000 for number in range(count)])) <= most_bytes


def test_nothing_of_the_library_waits_for_the_garbage_collector():
    """Its histogram refers to itself: one made for each line of a log would be megabytes of garbage at any time."""
    wide = wide_histogram()
    gc.collect()
    before = sum(isinstance(thing, HdrHistogram) for thing in gc.get_objects())
    gc.disable()
    try:
        for _ in range(5):
            wide.encode()
            Histogram.from_wire(wide.to_wire())
        assert sum(isinstance(thing, HdrHistogram) for thing in gc.get_objects()) <= before + 1
    finally:
        gc.enable()


def merged_often(values: list[int], doublings: int) -> Histogram:
    histogram = histogram_of(values)
    for _ in range(doublings):
        histogram.merge(Histogram.from_wire(histogram.to_wire()))
    return histogram


@pytest.mark.parametrize("values", [[5], list(range(2_048))], ids=["one bucket", "many"])
def test_counts_may_pass_four_bytes(values: list[int]):
    """A hundred workers for a month: no count runs over into the next bucket's, before, at and after the border."""
    histogram = merged_often(values, 33)
    assert histogram.count == len(values) << 33
    assert [count for _, count in histogram._buckets()] == [1 << 33] * len(values)
    assert histogram.figure("max") == values[-1]
    histogram.record(5)
    assert Histogram.from_wire(histogram.to_wire()).to_wire() == histogram.to_wire()


def test_few_buckets_stay_small_on_the_wire():
    """Ten thousand names that were seen once are ten thousand small entries, not two gigabytes."""
    assert len(msgpack.packb(histogram_of([1_234_567] * 5).to_wire())) < 64


@given(samples, samples)
def test_merging_equals_recording_everything_in_one_place(left: list[int], right: list[int]):
    merged = histogram_of(left)
    merged.merge(histogram_of(right))
    assert merged.to_wire() == histogram_of(left + right).to_wire()


@pytest.mark.parametrize("reverse", [False, True])
def test_wide_and_narrow_histograms_merge_either_way(reverse: bool):
    parts = [wide_histogram(), histogram_of([7, 7_000_000])]
    merged = Histogram()
    for part in reversed(parts) if reverse else parts:
        merged.merge(part)
    assert merged.count == WIDE + 3
    assert merged.figure("max") == 7_000_000
    assert merged.to_wire() == Histogram.from_wire(merged.to_wire()).to_wire()


def test_two_wide_histograms_merge():
    merged = wide_histogram()
    merged.merge(wide_histogram(70_000))
    assert merged.count == 2 * WIDE + 2
    assert merged.figure("p99") == pytest.approx(70_000 + 140 * WIDE * 0.98, rel=0.01)


def test_merging_leaves_the_other_one_alone():
    other = wide_histogram()
    before = other.to_wire()
    merged = Histogram()
    merged.merge(other)
    merged.record(5)
    assert other.to_wire() == before


@given(samples)
def test_the_wire_loses_nothing(values: list[int]):
    wire = histogram_of(values).to_wire()
    assert Histogram.from_wire(msgpack.unpackb(msgpack.packb(wire))).to_wire() == wire


def test_a_wide_histogram_goes_on_recording_after_the_wire():
    wide = wide_histogram()
    copy = Histogram.from_wire(msgpack.unpackb(msgpack.packb(wide.to_wire())))
    for histogram in (wide, copy):
        histogram.record(123_456_789)
    assert copy.to_wire() == wide.to_wire()


@pytest.mark.parametrize(
    ("metric", "thousandths"),
    [("p50", 50_000), ("p99.9", 99_900), ("p99.999", 99_999), ("p5", 5_000), ("p0.5", 500)]
    + [(text, None) for text in ("p", "p0", "p100", "p99.", "p99.9999", "50", "P50", "p-1", "max")],
)
def test_a_percentile_is_read_from_its_name(metric: str, thousandths: int | None):
    assert percentile_of(metric) == thousandths


def test_a_metric_that_is_no_latency_is_refused():
    with pytest.raises(ValueError, match="'rate' is no latency metric"):
        Histogram().figure("rate")


@given(st.lists(st.tuples(st.integers(0, 5_000_000_000), st.integers(1, 3_000)), max_size=6))
def test_many_of_the_same_are_as_one_by_one(values):
    many, singly = Histogram(), Histogram()
    for value, count in values:
        many.record_many(value, count)
        for _ in range(count):
            singly.record(value)
    assert many.to_wire() == singly.to_wire()
    many.record(7)
    singly.record(7)
    assert many.to_wire() == singly.to_wire()
