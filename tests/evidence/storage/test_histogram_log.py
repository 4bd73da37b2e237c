"""HdrHistogram's log format: its own reader reads what we write, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.evidence.figures.histogram import HIGHEST_US, Histogram
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import Key
from harness.evidence.storage.histogram_log import header, lines, read, tag
from harness.outcome import Outcome, Reason

values = st.lists(st.integers(1, HIGHEST_US), min_size=1, max_size=50)


def metrics_of(*durations: int, name: str = "InitiateAuth", connect_us: int = 0) -> Metrics:
    metrics = Metrics()
    for duration in durations:
        metrics.record(Sample("exchange", name, Outcome.OK, 0.0, duration, connect_us, 0, Reason.INITIAL))
    return metrics


@settings(deadline=None)
@given(values)
def test_buckets_survive_the_disk(durations: list[int]) -> None:
    (interval,) = read(lines(metrics_of(*durations), 10.0, 10.0).splitlines(keepends=True))
    expected = Histogram()
    for duration in durations:
        expected.record(duration)
    assert interval.histogram.count == len(durations)
    for metric in ("p50", "p95", "p99"):
        assert interval.histogram.figure(metric) >= (expected.figure(metric) or 0)
        assert abs(interval.histogram.figure(metric) / (expected.figure(metric) or 1) - 1) < 0.001


def test_the_librarys_own_reader_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "histograms.hlog"
    path.write_text(header(1_795_000_000.25) + lines(metrics_of(1_000, 2_000, 90_000), 10.0, 10.0))
    found = HistogramLogReader(str(path), HdrHistogram(1, HIGHEST_US, 3)).get_next_interval_histogram()
    assert found.get_total_count() == 3
    assert found.get_value_at_percentile(50) == 2_000
    assert found.get_tag() == "exchange:InitiateAuth:ok:initial:latency"
    assert found.get_start_time_stamp() == 1_795_000_010_250


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name_can_be_a_tag(name: str) -> None:
    """Tags end at commas and spaces; names have them."""
    key = Key("request", name, Outcome.HTTP_ERROR, None)
    text = tag(key, "latency")
    assert not set(text) & set(", \n\r")
    (interval,) = read([f"Tag={text},1.000,2.000,3.000,{one_sample()}\n"])
    assert (interval.key, interval.phase) == (key, "latency")


def one_sample() -> str:
    histogram = Histogram()
    histogram.record(1)
    return histogram.encode()


def test_each_phase_has_its_line_and_others_may_run_in_between() -> None:
    turns = []
    text = lines(metrics_of(5_000, connect_us=700), 0.0, 10.0, pause=lambda: turns.append(1))
    assert [interval.phase for interval in read(text.splitlines(keepends=True))] == ["latency", "connect", "opened"]
    assert len(turns) == 3


def test_what_is_no_interval_is_left_out() -> None:
    whole = lines(metrics_of(5_000), 0.0, 10.0)
    torn = [whole[:-30], whole.replace(":latency", ":nonsense"), whole.replace("HISTF", "HISTX"), "# a comment\n"]
    assert list(read(torn)) == []


def test_a_histogram_of_another_layout_is_refused() -> None:
    other = HdrHistogram(1, 1_000_000, 2)
    other.record_value(5)
    line = lines(metrics_of(5_000), 0.0, 10.0)
    assert list(read([line[: line.index("HIST")] + other.encode().decode() + "\n"])) == []


@settings(deadline=None)
@given(values, values)
def test_a_wide_histogram_is_encoded_as_a_narrow_one(one: list[int], other: list[int]) -> None:
    narrow, wide = Histogram(), Histogram()
    wide._fold()
    for histogram in (narrow, wide):
        for value in one + other:
            histogram.record(value)
    assert narrow.encode() == wide.encode()
    assert Histogram.decode(narrow.encode())._buckets() == narrow._buckets(), "nothing of the one before is in it"


@settings(deadline=None)
@given(values, values)
def test_what_is_taken_out_of_a_histogram_leaves_the_rest(part: list[int], rest: list[int]) -> None:
    whole, taken, expected = Histogram(), Histogram(), Histogram()
    for value in part:
        whole.record(value)
        taken.record(value)
    for value in rest:
        whole.record(value)
        expected.record(value)
    found = whole.without(taken)
    assert (found.count, found.sum_us) == (expected.count, expected.sum_us)
    assert list(found._buckets()) == list(expected._buckets())
    assert expected.max_us <= found.max_us <= expected.max_us * 1.001


@settings(deadline=None)
@given(values, st.integers(1, HIGHEST_US))
def test_how_many_were_slower_is_known_to_the_resolution(durations: list[int], limit: int) -> None:
    histogram = Histogram()
    for duration in durations:
        histogram.record(duration)
    assert sum(d > limit * 1.001 + 1 for d in durations) <= histogram.above(limit) <= sum(d > limit for d in durations)
