"""Whether one run is slower than another, and when nobody can tell."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.figures.histogram import Histogram
from harness.evidence.judging.comparison import Interval, compare, difference, order_interval, wilson_interval

Z = 1.959964
MANY = 4_000


def latencies(seed: int, *, middle_us: float = 200_000, count: int = MANY) -> list[int]:
    """Long-tailed, as latencies are."""
    chance = random.Random(seed)  # noqa: S311  # no secret, a distribution
    return [round(middle_us * chance.lognormvariate(0, 0.3)) for _ in range(count)]


def histogram_of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


def words(books, before: list[int], after: list[int], **facts: object) -> dict[str, str]:
    comparison = compare(books.past(books.metrics(before), **facts), books.past(books.metrics(after), "b"))
    return {row.metric: row.word for row in comparison.rows}


class TestIntervals:
    def test_of_a_median_are_the_ranks_of_the_textbook(self):
        """100 samples: ranks 40 and 61 enclose the median with 95 % (Conover, table A3)."""
        assert order_interval(histogram_of(list(range(1, 101))), "p50", Z) == Interval(40, 50, 61)

    @pytest.mark.parametrize(("count", "is_known"), [(100, False), (750, True)])
    def test_of_a_p99_need_samples_beyond_it(self, count: int, is_known: bool):
        assert (order_interval(histogram_of(list(range(count))), "p99", Z) is not None) is is_known

    def test_enclose_the_true_percentile_as_often_as_they_promise(self):
        """Of 400 samples of a known distribution, 95 % of intervals hold its p90; binomial chance allows 92 to 98."""
        chance = random.Random(7)  # noqa: S311  # no secret, a distribution
        hits = 0
        for _ in range(400):
            values = [chance.randrange(100_000) for _ in range(300)]
            interval = order_interval(histogram_of(values), "p90", Z)
            assert interval is not None
            hits += interval.low <= 90_000 <= interval.high
        assert 0.92 <= hits / 400 <= 0.985

    @pytest.mark.parametrize(
        ("failures", "count", "low", "high"),
        [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (81, 263, 0.2553, 0.3662)],  # the last from Newcombe 1998
    )
    def test_of_a_fail_rate_are_wilsons(self, failures: int, count: int, low: float, high: float):
        interval = wilson_interval(failures, count, Z)
        assert interval is not None
        assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))

    def test_of_nothing_are_unknown(self):
        assert wilson_interval(0, 0, Z) is None
        assert order_interval(Histogram(), "p50", Z) is None

    def test_of_a_difference_are_newcombes(self):
        """56/70 and 48/80, method 10 of Newcombe 1998: 0.2 between 0.0524 and 0.3339."""
        before, after = wilson_interval(48, 80, Z), wilson_interval(56, 70, Z)
        assert before is not None
        assert after is not None
        gap = difference(before, after)
        assert gap == pytest.approx((0.0524, 0.2, 0.3339), abs=5e-5)


class TestVerdict:
    def test_two_samples_of_one_distribution_are_the_same(self, books):
        assert set(words(books, latencies(1), latencies(2)).values()) == {"same"}

    @pytest.mark.parametrize(("factor", "word"), [(1.3, "worse"), (0.7, "better"), (1.05, "same"), (0.95, "same")])
    def test_a_difference_counts_beyond_a_tenth(self, books, factor: float, word: str):
        found = words(books, latencies(1), latencies(2, middle_us=200_000 * factor))
        assert (found["p50"], found["fail_rate"]) == (word, "same")

    def test_less_than_a_millisecond_is_no_difference(self, books):
        assert words(books, [1_000] * MANY, [1_900] * MANY)["p50"] == "same"
        assert words(books, [1_000] * MANY, [2_100] * MANY)["p50"] == "worse"

    def test_a_generator_that_came_late_widens_what_it_made_uncertain(self, books):
        """5 ms of event-loop lag at p99 excuse 15 ms there, and nothing at the median."""
        lags = [100] * 95 + [5_000] * 5
        before, after = [50_000] * MANY, [65_000] * MANY
        found = words(books, before, after, lags_us=lags)
        assert (found["p50"], found["p99"]) == ("worse", "same")

    def test_a_generator_that_came_later_than_the_figure_itself_can_say_nothing(self, books):
        found = words(books, [50_000] * MANY, [60_000] * MANY, lags_us=[20_000] * 100)
        assert {word for metric, word in found.items() if metric != "fail_rate"} == {"not enough data"}
        comparison = compare(
            books.past(books.metrics([50_000] * MANY), lags_us=[20_000] * 100),
            books.past(books.metrics([60_000] * MANY), "b"),
        )
        assert comparison.word == "not enough data"
        assert "on a machine so busy that 80 ms say nothing" in comparison.sentence

    def test_few_samples_are_not_enough_data(self, books):
        assert set(words(books, [1, 2, 3], [900_000] * 3).values()) == {"not enough data"}

    def test_a_wide_interval_is_not_enough_data_and_not_same(self, books):
        chance = random.Random(3)  # noqa: S311  # no secret, a distribution
        wild = [[round(chance.lognormvariate(12, 2)) for _ in range(60)] for _ in range(2)]
        assert words(books, *wild)["p50"] == "not enough data"

    def test_more_failures_are_worse_however_fast_they_are(self, books):
        comparison = compare(
            books.past(books.metrics(latencies(1))), books.past(books.metrics(latencies(1), failed=MANY // 20), "b")
        )
        assert comparison.word == "worse"
        assert "InitiateAuth fail_rate went from 0% to 5%" in comparison.sentence

    def test_nothing_but_failures_is_worse_and_has_no_latency(self, books):
        comparison = compare(
            books.past(books.metrics(latencies(1))), books.past(books.metrics(latencies(1), failed=MANY), "b")
        )
        assert comparison.word == "worse"
        assert {row.word for row in comparison.rows if row.metric != "fail_rate"} == {"not enough data"}
        assert any("every sample failed" in row.sentence for row in comparison.rows)

    def test_a_name_of_one_run_only_cannot_be_compared(self, books):
        comparison = compare(books.past(books.metrics([1], name="SignUp")), books.past(books.metrics([1]), "b"))
        sentences = {(row.subject, row.sentence) for row in comparison.rows if row.metric == "p50"}
        assert ("SignUp", "only the earlier run has samples") in sentences
        assert ("InitiateAuth", "only this run has samples") in sentences

    def test_two_empty_runs_cannot_be_compared(self, books):
        comparison = compare(books.past(books.metrics()), books.past(books.metrics(), "b"))
        assert comparison.word == "not enough data"
        assert "neither run measured anything" in comparison.sentence

    @pytest.mark.parametrize("which", ["before", "after"])
    def test_an_invalid_run_proves_nothing(self, books, which: str):
        metrics = books.metrics(latencies(1))
        runs = [
            books.past(metrics, name, word="invalid" if name == which else "passed") for name in ("before", "after")
        ]
        comparison = compare(*runs)
        assert comparison.word == "not enough data"
        assert f"the run {which} is invalid" in comparison.sentence

    def test_one_worse_figure_outweighs_all_better_ones(self, books):
        tail = MANY // 50
        before = [200_000] * MANY
        after = [100_000] * (MANY - tail) + [900_000] * tail
        found = words(books, before, after)
        assert (found["p50"], found["p99"]) == ("better", "worse")
        comparison = compare(books.past(books.metrics(before)), books.past(books.metrics(after), "b"))
        assert comparison.word == "worse"
        assert comparison.sentence.startswith("worse than an-earlier-run: InitiateAuth p99 went from 200 ms to 900 ms")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_what_is_worse_one_way_is_better_the_other_way(one: int, other: int):
    """The tolerance is a share of the earlier run's figure, so only differences far beyond it are symmetrical."""
    a, b = sorted((one, other))
    if b < 2 * a + 10_000:
        return
    x, y = Interval(a, a, a), Interval(b, b, b)
    assert difference(x, y).value == -difference(y, x).value
    assert difference(x, y).low > 0 > difference(y, x).high


def test_what_hung_counts_as_failed(books):
    before, after = books.metrics(latencies(1)), books.metrics(latencies(1))
    for _ in range(400):
        after.cut_off_ages.record("exchange", "InitiateAuth", 14_000_000)
    comparison = compare(books.past(before), books.past(after, "b"))
    (row,) = [row for row in comparison.rows if row.metric == "fail_rate"]
    assert row.word == comparison.word == "worse"
    assert row.sentence == "went from 0% to 9.091%, where 400 hung"
