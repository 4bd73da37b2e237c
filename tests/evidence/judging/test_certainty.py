"""When a gate that fails may stop a run: by more than chance, and not by the start of a load."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.judging.abort_rule import AbortRule
from harness.evidence.judging.baseline import Baseline
from harness.evidence.judging.certainty import student
from harness.evidence.judging.gates import Gate
from harness.evidence.judging.measured import Measured
from harness.outcome import Outcome

USERS = 10

Second = Iterable[Sample]


def sample(ms: float, outcome: Outcome = Outcome.OK, *, opened: bool = False) -> Sample:
    connect_us = 1_000 if opened else 0
    return Sample("exchange", "InitiateAuth", outcome, 0.0, round(ms * 1_000), connect_us)


def stops_at(
    gate: str,
    seconds: Callable[[int], Second],
    *,
    until_s: int = 60,
    baseline: Baseline | None = None,
    load: Callable[[int], float] = lambda _: USERS,
) -> int | None:
    """The second in which a gate stops a run that measures `seconds(n)` in its n-th second; None if it never does."""
    watch, metrics = AbortRule([Gate.parse(f"InitiateAuth {gate}")], baseline), Metrics()
    for now_s in range(1, until_s + 1):
        for each in seconds(now_s):
            metrics.record(each)
        if watch.look(Measured(metrics, float(now_s), users=USERS), float(now_s), load(now_s)):
            return now_s
    return None


def all_take(ms: float) -> Callable[[int], Second]:
    return lambda _: [sample(ms)] * 10


class TestTheStartOfALoad:
    @pytest.mark.parametrize("after_s", [0, 1, 10])
    @pytest.mark.parametrize("are_marked", [True, False])
    def test_ten_slow_answers_of_the_first_second_stop_nothing(self, after_s: int, are_marked: bool):
        def seconds(now_s: int) -> Second:
            return [sample(8, opened=are_marked) if now_s == 1 else sample(1)] * 10

        assert stops_at(f"p95 < 2ms abort after {after_s}s", seconds) is None

    def test_nor_do_users_that_come_one_by_one_and_open_a_connection_each(self):
        def seconds(now_s: int) -> Second:
            first = [sample(8, opened=True)] if now_s <= USERS else []
            return first + [sample(1)] * min(now_s, USERS)

        assert stops_at("p95 < 2ms abort after 1s", seconds) is None

    def test_a_service_that_lets_users_open_connections_all_the_time_is_measured_with_them(self):
        assert stops_at("p95 < 2ms abort after 1s", lambda _: [sample(8, opened=True)] * 10) == 13


class TestAPercentile:
    @pytest.mark.parametrize("gate", ["p50 < 2ms", "p95 <= 2ms", "p99.9 < 2ms", "p95 == 2ms"])
    def test_of_a_slow_service_stops_the_run_after_ten_batches(self, gate: str):
        assert stops_at(f"{gate} abort after 2s", all_take(3)) == 11

    def test_is_waited_for_as_long_as_the_gate_says(self):
        assert stops_at("p95 < 2ms abort after 30s", all_take(3)) == 31

    def test_in_seconds_with_samples(self):
        assert stops_at("p95 < 2ms abort after 1s", lambda now_s: [sample(3)] * (now_s % 2)) == 21

    def test_needs_samples_enough_to_be_improbable(self):
        """Ten of ten are too slow for a p50 once in a thousand times."""
        assert stops_at("p50 < 2ms abort after 1s", lambda _: [sample(3)]) == 14

    def test_of_one_long_stall_stops_nothing(self):
        stall = {20: [sample(5_000)] * 60}
        assert stops_at("p95 < 2ms abort after 5s", lambda now_s: stall.get(now_s, [sample(1)] * 10)) is None

    def test_that_few_samples_exceed_takes_longer(self):
        """Three of a hundred where one may be: nobody can know that after ten seconds."""
        found = stops_at("p99 < 2ms abort after 5s", drawn(0.03), until_s=300)
        assert found is not None
        assert found > 30

    def test_that_is_too_low_stops_a_run_that_asks_for_more(self):
        assert stops_at("p50 > 2ms abort after 1s", all_take(1)) == 11

    def test_stops_no_run_for_being_different(self):
        assert stops_at("p50 != 3ms abort after 1s", all_take(3)) is None

    @pytest.mark.parametrize(("metric", "share"), [("p95", 0.05), ("p50", 0.5), ("p99", 0.01)])
    def test_of_a_service_that_just_keeps_its_limit_stops_hardly_any_run(self, metric: str, share: float):
        runs = [stops_at(f"{metric} < 2ms abort after 1s", drawn(share, seed)) for seed in range(100)]
        assert sum(found is not None for found in runs) <= 1


def drawn(share: float, seed: int = 1) -> Callable[[int], Second]:
    """Ten samples a second, such a share of which take 3 ms and the others 1 ms."""
    chance = random.Random(seed)  # noqa: S311  # no secret depends on it
    return lambda _: [sample(3 if chance.random() < share else 1) for _ in range(10)]


class TestABaseline:
    def test_that_is_long_enough_lets_a_slower_service_stop_the_run(self, books):
        baseline = books.past(books.metrics([1_000] * 300))
        assert stops_at("p95 < baseline * 1.10 abort after 5s", all_take(1.3), baseline=baseline) == 11
        assert stops_at("p95 < baseline * 1.10 abort after 5s", all_take(1.05), baseline=baseline) is None

    def test_that_is_too_short_to_have_an_interval_stops_nothing(self, books):
        baseline = books.past(books.metrics([1_000] * 100))
        assert stops_at("p95 < baseline * 1.10 abort after 5s", all_take(1.3), baseline=baseline) is None

    def test_whose_figure_may_be_higher_by_chance_gives_the_benefit_of_the_doubt(self, books):
        """Its p95 is 1 ms, and could as well be 3."""
        baseline = books.past(books.metrics([1_000] * 286 + [3_000] * 14))
        assert stops_at("p95 < baseline * 1.10 abort after 5s", all_take(2), baseline=baseline) is None
        assert stops_at("p95 < baseline * 1.10 abort after 5s", all_take(4), baseline=baseline) == 11

    @pytest.mark.parametrize(
        ("gate", "stops"),
        [
            ("fail_rate < baseline + 1%", True),
            ("fail_rate < baseline + 90%", False),
            ("mean < baseline * 1.5", True),
            ("mean < baseline * 20", False),
            ("rate < baseline * 0.1", True),
            ("rate < baseline * 2", False),
            ("throttled <= baseline", True),
        ],
    )
    def test_of_any_figure(self, books, gate: str, stops: bool):
        baseline = books.past(books.metrics([1_000] * 300), duration_s=30.0)

        def seconds(now_s: int) -> Second:
            return [sample(10)] * 9 + [sample(9, Outcome.THROTTLED)] * (1 + now_s % 2)

        found = stops_at(f"{gate} abort after 5s", seconds, baseline=baseline)
        assert (found is not None) is stops


class TestAFailRate:
    def test_beyond_its_limit_stops_the_run(self):
        def seconds(_: int) -> Second:
            return [sample(1)] * 5 + [sample(1, Outcome.THROTTLED)] * 5

        assert stops_at("fail_rate < 5% abort after 1s", seconds) == 11

    def test_of_a_few_failures_at_the_start_stops_nothing(self):
        def seconds(now_s: int) -> Second:
            return [sample(1)] * 10 + [sample(1, Outcome.THROTTLED)] * (5 if now_s == 1 else 0)

        assert stops_at("fail_rate < 1% abort after 10s", seconds) is None

    def test_of_nothing_is_decided_by_one(self):
        assert stops_at("fail_rate == 0% abort after 0s", lambda _: [sample(1, Outcome.THROTTLED), sample(1)]) == 1


class TestAMean:
    def test_beyond_its_limit_stops_the_run(self):
        assert stops_at("mean < 2ms abort after 1s", drawn(0.9)) is not None

    def test_that_one_answer_drives_stops_nothing(self):
        def seconds(now_s: int) -> Second:
            return [sample(9_000 if now_s == 5 else 1), sample(1)]

        assert stops_at("mean < 2ms abort after 1s", seconds) is None


class TestARate:
    def test_that_is_not_reached_stops_the_run(self):
        assert stops_at("rate >= 50/s abort after 5s", all_take(1)) == 11

    def test_that_was_not_reached_while_users_came_stops_nothing(self):
        def seconds(now_s: int) -> Second:
            return [sample(1)] * min(now_s, 55)

        assert stops_at("rate >= 50/s abort after 5s", seconds, until_s=100, load=lambda s: min(s, 55)) is None

    def test_is_tried_anew_when_the_load_changes(self):
        found = stops_at("rate >= 50/s abort after 5s", all_take(1), load=lambda now_s: min(now_s, 20))
        assert found == 30

    def test_that_is_exceeded_stops_the_run(self):
        assert stops_at("rate < 5/s abort after 1s", all_take(1)) == 11


@pytest.mark.parametrize(
    ("gate", "stops"),
    [
        ("max < 2ms", 1),
        ("count < 5", 1),
        ("count == 5", 1),
        ("count >= 1000", None),
        ("count > 1000", None),
        ("count == 1000", None),
        ("max > 5s", None),
        ("throttled != 0", None),
    ],
)
def test_what_can_only_grow_decides_at_once_and_what_can_still_come_never(gate: str, stops: int | None):
    assert stops_at(f"{gate} abort after 0s", all_take(3), until_s=30) == stops


@pytest.mark.parametrize(
    ("error", "freedom", "t"), [(0.05, 9, 1.833), (0.0005, 9, 4.781), (0.0005, 19, 3.883), (0.001, 29, 3.396)]
)
def test_students_t_as_tables_have_it(error: float, freedom: int, t: float):
    assert student(error, freedom) == pytest.approx(t, rel=0.005)
