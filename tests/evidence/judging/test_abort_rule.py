"""When a gate stops a run, and what the verdict then says."""

from __future__ import annotations

import pytest

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.judging.abort_rule import AbortRule, with_abort
from harness.evidence.judging.gates import Gate
from harness.evidence.judging.measured import Measured
from harness.outcome import Outcome

GATE = Gate.parse("InitiateAuth max < 300us abort after 10s")


def test_a_gate_that_fails_for_long_enough_stops_the_run(books):
    watch, bad = AbortRule([GATE]), books.metrics([300])
    looks = [watch.look(Measured(bad, now), now) for now in (1.0, 5.0, 10.9, 11.0)]
    assert looks[:3] == [None, None, None]
    abort = looks[3]
    assert abort is not None
    assert abort.sentence == f"stopped after 11 s: {GATE.text} (was 0.3 ms), failing for 10 s"


def test_a_figure_that_recovers_in_time_stops_nothing(books):
    watch, bad, good = AbortRule([GATE]), books.metrics([300]), books.metrics([299])
    looks = [watch.look(Measured(m, now), now) for m, now in ((bad, 1.0), (good, 10.0), (bad, 11.0), (bad, 20.9))]
    assert looks == [None] * 4
    assert watch.look(Measured(bad, 21.0), 21.0) is not None


def test_no_data_yet_is_no_failure():
    watch = AbortRule([GATE])
    assert [watch.look(Measured(Metrics(), now), now) for now in (0.0, 100.0)] == [None, None]


def test_zero_seconds_stop_at_the_first_failure(books):
    watch = AbortRule([Gate.parse("InitiateAuth throttled == 0 abort after 0s")])
    assert watch.look(Measured(books.metrics([1, 1]), 1.0), 1.0) is None
    assert watch.look(Measured(books.metrics([1, 1], failed=1), 2.0), 2.0) is not None


def test_a_gate_that_does_not_abort_is_not_watched(books):
    watch = AbortRule([Gate.parse("InitiateAuth max < 300us")])
    assert not watch.has_gates
    assert watch.look(Measured(books.metrics([300]), 1e6), 1e6) is None


def test_a_baseline_serves_here_too(books):
    gate = Gate.parse("InitiateAuth max < baseline * 2 abort after 0s")
    watch = AbortRule([gate], books.past(books.metrics([100])))
    assert watch.look(Measured(books.metrics([199]), 1.0), 1.0) is None
    assert watch.look(Measured(books.metrics([200]), 1.0), 1.0) is not None


def test_the_gate_that_stopped_a_run_has_failed_whatever_came_last(books):
    """Answers that arrive after the stop can move a figure to the other side of its limit."""
    other = Gate.parse("InitiateAuth count > 0")
    watch = AbortRule([GATE])
    watch.look(Measured(books.metrics([300]), 1.0), 1.0)
    abort = watch.look(Measured(books.metrics([300]), 11.0), 11.0)
    results = with_abort((gate.judge(Measured(books.metrics([1]), 12.0)) for gate in (GATE, other)), abort)
    assert [result.state for result in results] == ["failed", "passed"]
    assert results[0].sentence == "was 0.001 ms; stopped the run after 11 s"


def test_a_run_that_was_not_stopped_keeps_its_results(books):
    results = [GATE.judge(Measured(books.metrics([1]), 1.0))]
    assert with_abort(results, None) == tuple(results)


HANGING = ("api p99 < 2s", "GET /me fail_rate < 1%", "api mean < 2s", "api max < 2s", "api p50 < 2s")


def in_flight(answered: int, hanging: int, age_s: float) -> Metrics:
    metrics = Metrics()
    for _ in range(answered):
        metrics.record(Sample("request", "GET /me", Outcome.OK, 0.0, 5_000))
    for _ in range(hanging):
        metrics.in_flight.record("request", "GET /me", round(age_s * 1e6))
    return metrics


@pytest.mark.parametrize("text", HANGING)
def test_a_service_that_hangs_gives_no_samples_and_stops_the_run_all_the_same(text):
    """Five of five users: no batch of samples will come any more, and none is needed."""
    watch = AbortRule([Gate.parse(f"{text} abort after 3s")])
    looks = [watch.look(Measured(in_flight(4, 5, now), now, users=5), now) for now in range(1, 17)]
    abort = next(filter(None, looks))
    assert abort.after_s <= 14
    assert abort.result.sentence.endswith(f"5 were still open after up to {abort.after_s:.3g} s")


@pytest.mark.parametrize("text", HANGING[:2])
def test_what_hangs_beside_other_samples_is_held_against_chance(text):
    few, many = in_flight(200, 3, 12), in_flight(200, 20, 12)
    for metrics, is_stopped in ((few, False), (many, True)):
        watch = AbortRule([Gate.parse(f"{text} abort after 0s")])
        assert (watch.look(Measured(metrics, 20.0, users=100), 20.0) is not None) is is_stopped


@pytest.mark.parametrize("text", ["api p99 < 2s", "api mean < 2s", "api p50 < 2s"])
def test_a_stall_that_is_over_soon_stops_nothing(text):
    watch = AbortRule([Gate.parse(f"{text} abort after 0s")])
    assert watch.look(Measured(in_flight(4, 5, 9), 9.0, users=5), 9.0) is None
