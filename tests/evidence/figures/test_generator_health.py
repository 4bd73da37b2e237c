from __future__ import annotations

import msgpack
import pytest

from harness.evidence.figures.generator_health import MAX_LAG_P99_US, Health, judge


def health_of(lags_us: list[int] | None = None, readings: list[tuple[float, float]] | None = None) -> Health:
    health = Health()
    for lag in lags_us or []:
        health.lag(lag)
    for share, seconds in readings or []:
        health.cpu(share, seconds)
    return health


def test_an_idle_process_is_fit():
    assert judge({"local": health_of([100] * 100, [(0.2, 1.0)] * 60)}, measured=1) == []


def test_nothing_measured_is_invalid():
    (reason,) = judge({}, measured=0)
    assert reason.startswith("nothing was measured: ")


@pytest.mark.parametrize(
    ("late", "is_valid"),
    [(1, True), (2, False)],
    ids=["one late in a hundred is not its p99", "two late in a hundred are"],
)
def test_an_event_loop_that_comes_late_is_invalid(late: int, is_valid: bool):
    health = health_of([1_000] * (100 - late) + [80_000] * late)
    assert (judge({"worker 1": health}, measured=1) == []) is is_valid


def test_the_lag_limit_itself_is_allowed():
    assert judge({"local": health_of([MAX_LAG_P99_US] * 100)}, measured=1) == []


def test_too_few_looks_at_the_event_loop_are_no_verdict():
    """The 99th percentile of fewer than a hundred is their maximum: one stall while users start."""
    assert judge({"local": health_of([80_000] * 99)}, measured=1) == []


def test_a_late_event_loop_names_process_and_remedy():
    (reason,) = judge({"a": health_of([1]), "b": health_of([80_000] * 100)}, measured=1)
    assert reason.startswith("the event loop of b came 80 ms late or more")
    assert "fewer users per process" in reason


@pytest.mark.parametrize(
    ("hot_s", "share", "is_valid"),
    [(6, 0.99, True), (7, 0.99, False), (60, 0.90, True), (60, 0.91, False)],
    ids=["a tenth of the run", "more than a tenth", "at the limit all the time", "above it all the time"],
)
def test_a_process_without_cpu_to_spare_is_invalid(hot_s: int, share: float, is_valid: bool):
    health = health_of(readings=[(share, 1.0)] * hot_s + [(0.3, 1.0)] * (60 - hot_s))
    assert (judge({"local": health}, measured=1) == []) is is_valid


def test_a_hot_process_names_itself_and_the_remedy():
    (reason,) = judge({"worker 2": health_of(readings=[(0.97, 3.0), (0.2, 7.0)])}, measured=1)
    assert reason.startswith("worker 2 used more than 90% of its core for 30% of the run (limit 10%)")
    assert "add workers" in reason


def test_every_reason_is_told():
    bad = health_of([80_000] * 100, [(1.0, 5.0)])
    assert len(judge({"a": bad, "b": bad}, measured=0)) == 5


def test_readings_are_weighed_by_their_time():
    health = health_of(readings=[(1.0, 1.0), (0.2, 9.0)])
    assert health.mean_cpu_share == pytest.approx(0.28)
    assert health.max_cpu_share == 1.0


def test_a_process_that_was_never_read_has_no_figures():
    health = Health()
    assert (health.mean_cpu_share, health.lag_p99_us, health.hot_share) == (None, None, 0.0)


def test_the_wire_loses_nothing():
    wire = health_of([5, 70_000], [(0.95, 0.5), (0.1, 2.5)]).to_wire()
    assert Health.from_wire(msgpack.unpackb(msgpack.packb(wire, strict_types=True))).to_wire() == wire
