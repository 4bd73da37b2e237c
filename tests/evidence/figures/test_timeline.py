"""Each second of a run: what is in an entry, how it survives the disk, how long runs stay within bounds."""

from __future__ import annotations

import io
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.timeline import HEADER, Second, Timeline, from_csv, seconds_of, to_csv
from harness.outcome import Outcome, Reason


def second(at_s: int, name: str = "GET /me", *, count: int = 1, worst_us: int = 900) -> Second:
    return Second(at_s, "request", name, Outcome.OK, None, count, count * 500, worst_us, 400, 700, worst_us)


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1, max_size=20)
seconds = st.builds(
    Second,
    st.integers(0, 10**6),
    st.sampled_from(["exchange", "login", "request"]),
    names,
    st.sampled_from(Outcome),
    st.sampled_from([None, *Reason]),
    *[st.integers(0, 10**12)] * 6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(seconds, max_size=5))
def test_what_is_written_is_read(entries: list[Second]) -> None:
    """Names with commas, quotes and line breaks, too."""
    assert list(from_csv(io.StringIO(HEADER + to_csv(entries), newline="\n"))) == entries


def test_a_carriage_return_in_a_name_breaks_no_line() -> None:
    (entry,) = from_csv(io.StringIO(to_csv([second(1, "a\rb")]), newline="\n"))
    assert entry.name == "a b"


def test_half_a_line_at_the_end_is_left_out() -> None:
    text = to_csv([second(1), second(2)])
    assert list(from_csv(text[:-20].split("\n"))) == [second(1)]
    assert list(from_csv(["1,request,x,no outcome,,1,1,1,1,1,1\n"])) == []


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=300))
def test_percentiles_of_a_second_are_those_of_the_raw_values(values: list[int]) -> None:
    """Within the resolution of the histograms, by the nearest rank."""
    metrics = Metrics()
    for value in values:
        metrics.record(Sample("request", "GET /me", Outcome.OK, 0.0, value))
    (entry,) = seconds_of(7, metrics)
    assert (entry.at_s, entry.count, entry.sum_us, entry.max_us) == (7, len(values), sum(values), max(values))
    for found, percent in ((entry.p50_us, 50), (entry.p95_us, 95), (entry.p99_us, 99)):
        exact = sorted(values)[math.ceil(len(values) * percent / 100) - 1]
        assert exact <= found <= exact * 1.001 + 1


def test_a_key_has_one_entry_a_second_however_often_it_is_reported() -> None:
    timeline = Timeline([second(3, count=2), second(3, count=5, worst_us=1_500)])
    (entry,) = timeline
    assert (entry.count, entry.sum_us, entry.max_us, entry.p99_us, entry.p50_us) == (7, 3_500, 1_500, 1_500, 400)


def test_entries_are_sorted_by_time_whenever_they_come() -> None:
    timeline = Timeline([second(5), second(2), second(9)])
    assert [entry.at_s for entry in timeline] == [2, 5, 9]
    assert (timeline[0].at_s, timeline[-1].at_s, len(timeline[1:])) == (2, 9, 2)
    assert timeline.end_s == 10


def test_a_long_run_stays_within_bounds_and_loses_no_sample() -> None:
    """A day of three names in the memory of a thousand entries: steps get wider."""
    timeline = Timeline(max_rows=1_000)
    for at_s in range(86_400 // 20):
        timeline.add([second(at_s, name) for name in ("a", "b", "c")])
        assert timeline._rows <= 1_000 + 3
    assert timeline.step_s == 16
    assert sum(entry.count for entry in timeline) == 3 * 86_400 // 20
    assert {entry.at_s % 16 for entry in timeline} == {0}


def test_an_empty_timeline_ends_at_the_start() -> None:
    assert (Timeline().end_s, list(Timeline())) == (0, [])
