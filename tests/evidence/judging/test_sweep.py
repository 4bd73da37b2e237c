from __future__ import annotations

import json

import pytest

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.judging.knee import Knee
from harness.evidence.judging.sweep import CONCURRENT, PER_SECOND, Plan, Sweep, SweepBook, from_json, to_json
from harness.outcome import Outcome, Reason

PLAN = Plan((1, 2, 5, 10), CONCURRENT, 10.0)


def second(ok: int, ms: float = 100, *, throttled: int = 0, dropped: int = 0) -> Metrics:
    metrics = Metrics()
    for outcome, count in ((Outcome.OK, ok), (Outcome.THROTTLED, throttled)):
        for _ in range(count):
            metrics.record(Sample("login", "login", outcome, 0.0, round(ms * 1_000), reason=Reason.INITIAL))
    for _ in range(dropped):
        metrics.drop("no free slot")
    return metrics


class TestPlan:
    @pytest.mark.parametrize(
        ("elapsed_s", "level"),
        [(0.0, 1), (9.99, 1), (10.0, 2), (39.9, 10), (40.0, None), (-0.1, 1)],
    )
    def test_each_level_is_held(self, elapsed_s, level):
        assert PLAN.level_at(elapsed_s) == level

    @pytest.mark.parametrize(
        ("at_s", "step"),
        [
            (0, None),  # settling
            (1, None),  # the same
            (2, 0),  # the first whole second after it
            (9, 0),  # the last one
            (10, None),  # the next step settles
            (12, 1),
            (39, 3),
            (42, None),  # answers to what was sent before the end
        ],
    )
    def test_a_second_belongs_to_a_step_that_has_settled(self, at_s, step):
        assert PLAN.step_of(at_s) == step

    def test_long_steps_settle_longer(self):
        assert Plan((1,), CONCURRENT, 60.0).settle_s == 12
        assert Plan((1,), CONCURRENT, 5.0).settle_s == 2

    def test_how_much_of_a_step_is_measured(self):
        assert PLAN.measured_s == 8
        assert Plan((1,), CONCURRENT, 7.5).measured_s == 5


class TestBook:
    def test_each_step_has_figures_of_its_own(self):
        book = SweepBook(PLAN)
        for at_s in range(20):
            book.second(at_s, second(10, 100) if at_s < 10 else second(19, 150, throttled=1, dropped=2))
        first, later = book.result().figures
        assert (first.level, first.throughput, first.count, first.failures) == (1, 10, 80, 0)
        assert (later.level, later.throughput, later.count) == (2, 19, 160)
        assert (later.failures, later.throttled, later.dropped) == (8, 8, 16)
        assert first.p50 == pytest.approx(100_000, rel=1e-3)
        assert later.p99 == pytest.approx(150_000, rel=1e-3)
        assert first.is_complete

    def test_parts_of_a_second_add_up(self):
        whole, parts = SweepBook(PLAN), SweepBook(PLAN)
        whole.second(5, second(6))
        for _ in range(2):
            parts.second(5, second(3))
        assert whole.result() == parts.result()

    def test_a_step_that_was_cut_short_says_so(self):
        book = SweepBook(PLAN)
        book.second(2, second(5))
        (only,) = book.result().figures
        assert not only.is_complete

    def test_the_knee_is_told_in_one_sentence(self):
        book = SweepBook(Plan((1, 2, 5, 10, 20, 50), CONCURRENT, 10.0))
        for step, rate in enumerate((10, 20, 50, 100, 102, 101)):
            for at_s in range(10):
                book.second(step * 10 + at_s, second(rate))
        assert book.result().sentence == (
            "beyond 10 concurrent logins latency grows without throughput "
            "(Kneedle; in 90 % of resamples the knee is at 10)"
        )

    def test_without_a_knee_it_says_up_to_where(self):
        book = SweepBook(PLAN)
        for step, rate in enumerate((10, 20, 50, 100)):
            book.second(step * 10 + 5, second(rate))
        assert book.result().sentence.startswith("no knee was seen up to 10 concurrent logins")

    def test_a_run_that_ends_at_once_has_no_figures(self):
        result = SweepBook(PLAN).result()
        assert result.figures == ()
        assert "before the first level" in result.sentence


def test_it_survives_json():
    book = SweepBook(Plan((10, 20), PER_SECOND, 10.0))
    book.second(5, second(9, throttled=1))
    found = Sweep(book.plan, book.result().figures, Knee(10, 10, 20))
    assert from_json(json.loads(json.dumps(to_json(found)))) == found
