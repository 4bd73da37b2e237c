from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.figures.histogram import Histogram
from harness.evidence.figures.tally import TOKEN_REFUSED
from harness.evidence.figures.timeline import Second
from harness.evidence.reports.over_time import MOST_SPANS, PERCENTILES, Timeline
from harness.outcome import Outcome, Reason

LATENCIES = st.lists(st.integers(1, 1_500), min_size=1, max_size=60)


def second(at_s: int, us: list[int], *, name="GET /me", outcome=Outcome.OK, kind="request", reason=None) -> Second:
    seen = Histogram()
    for value in us:
        seen.record(value)
    percentiles = (seen.percentile(p) for p in (50_000, 95_000, 99_000))
    return Second(at_s, kind, name, outcome, reason, seen.count, seen.sum_us, seen.max_us, *percentiles)


def figures(*seconds: Second, most: int = MOST_SPANS) -> list[tuple[float, ...]]:
    spans = Timeline(seconds).cut(most).kinds["request"]
    return list(zip(*(spans.percentiles_us[name].tolist() for name in PERCENTILES), strict=True))


def test_without_a_timeline_there_are_no_spans():
    assert Timeline(()).cut() is None


@given(LATENCIES)
def test_one_second_of_one_name_has_exactly_its_percentiles(us: list[int]):
    seen = second(0, us)
    assert figures(seen) == [(seen.p50_us, seen.p95_us, seen.p99_us)]


@given(st.lists(LATENCIES, min_size=2, max_size=6))
def test_of_several_parts_a_percentile_is_never_too_low_and_never_above_the_slowest(parts: list[list[int]]):
    shown = figures(*(second(0, us, name=f"GET /{number}") for number, us in enumerate(parts)))[0]
    everything = Histogram()
    for us in parts:
        for value in us:
            everything.record(value)
    for value, percentile in zip(shown, (50_000, 95_000, 99_000), strict=True):
        assert everything.percentile(percentile) <= value <= everything.max_us


def test_a_second_without_anything_has_no_latency():
    shown = figures(second(0, [5]), second(2, [7]))
    assert shown[0] == (5, 5, 5)
    assert all(math.isnan(value) for value in shown[1])


def test_failures_alone_are_no_latency_and_slow_ones_make_it_worse():
    failed = {"outcome": Outcome.TRANSPORT_ERROR}
    assert all(math.isnan(value) for value in figures(second(0, [900], **failed))[0])
    assert figures(second(0, [10] * 10), second(0, [900] * 10, **failed))[0] == (10, 900, 900)
    assert figures(second(0, [10] * 10), second(0, [1] * 90, **failed))[0] == (10, 10, 10)


def test_counts_by_outcome_and_reason_are_kept():
    login = {"kind": "login", "name": "login"}
    spans = Timeline(
        (
            second(0, [5, 5], reason=Reason.INITIAL, **login),
            second(0, [5], reason=Reason.REFRESH, outcome=Outcome.THROTTLED, **login),
            second(1, [5], reason=Reason.REFRESH, outcome=Outcome.REJECTED, **login),
        )
    ).cut()
    seen = spans.kinds["login"]
    assert [column.tolist() for column in (seen.ok, seen.throttled, seen.failed)] == [[2, 0], [1, 0], [0, 1]]
    assert {reason: column.tolist() for reason, column in seen.by_reason.items()} == {
        Reason.INITIAL: [2, 0],
        Reason.REFRESH: [1, 1],
    }


def test_a_refused_token_is_no_part_of_the_api():
    assert "request" not in Timeline((second(0, [5], name="GET /me" + TOKEN_REFUSED),)).cut().kinds


@pytest.mark.parametrize(
    ("length_s", "step_s", "span_s"),
    [(1, 1, 1), (720, 1, 1), (721, 1, 2), (3_600, 1, 5), (3_600, 4, 60), (86_400, 1, 120)],
)
def test_spans_are_round_whole_steps_and_not_too_many(length_s: int, step_s: int, span_s: int):
    spans = Timeline((second(0, [5]), second(length_s - step_s, [5])), step_s).cut()
    assert spans.span_s == span_s
    assert len(spans.starts_s) <= MOST_SPANS
    assert np.sum(spans.kinds["request"].ok) == 2


def test_logins_since_they_were_due_stand_apart_from_the_logins():
    """They are the same logins, timed otherwise: no part of what there is of each kind."""
    due = [Second(0, "intended", "login", Outcome.OK, Reason.INITIAL, 1, 900, 900, 900, 900, 900)]
    measured = [Second(0, "login", "login", Outcome.OK, Reason.INITIAL, 1, 100, 100, 100, 100, 100)]
    spans = Timeline((*due, *measured)).cut()
    assert set(spans.kinds) == {"login"}
    assert spans.kinds["login"].percentiles_us["p99"][0] == 100
    assert spans.intended.percentiles_us["p99"][0] == 900
    assert Timeline(measured).cut().intended is None
