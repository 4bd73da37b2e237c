"""A gate that aborts, between measurements and the end of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import gevent
import gevent.event
import pytest

from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.judging.gates import parse_gates
from harness.evidence.judging.measured import Measured
from harness.load.run.setup import Setup
from harness.load.supervisor import abort_gates
from harness.load.supervisor.abort_gates import AbortGates
from harness.outcome import Outcome


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks a hundred times as often: the order of things is the same."""
    monkeypatch.setattr(abort_gates, "EVERY_S", 0.01)
    monkeypatch.setattr(abort_gates, "MAX_SHARE", 1.0)


class World:
    """A run as a guardian sees it."""

    user_count = 1
    elapsed_s = None
    workers_lost = 0

    def __init__(self, *gates: str) -> None:
        self.metrics = Metrics()
        self.looks = 0
        self.ended = gevent.event.Event()
        settings = SimpleNamespace(arrivals=(), max_lag_ms=50.0)
        setup = SimpleNamespace(gates=parse_gates(gates)[0], baseline=None, settings=settings)
        self.abort_gates = AbortGates(cast("Setup", setup), self, self.ended.set)

    def measured_so_far(self) -> Measured:
        self.looks += 1
        return Measured(self.metrics, 1.0, workers_lost=self.workers_lost)

    def healths(self) -> dict[str, Health]:
        return {}

    def throttle(self) -> None:
        self.metrics.record(Sample("request", "GET /a", Outcome.THROTTLED, 0.0, 1))


def test_a_gate_that_fails_for_too_long_ends_the_run_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    world = World("GET /a throttled == 0 abort after 50ms")
    world.throttle()
    assert world.ended.wait(30)
    assert world.abort_gates.abort is not None
    assert world.looks > 1
    assert "GET /a throttled == 0 abort after 50ms (was 1)" in caplog.text


def test_a_gate_that_holds_ends_nothing_and_is_watched_until_the_run_ends() -> None:
    world = World("GET /a throttled == 0 abort after 0s")
    with gevent.Timeout(30):
        while world.looks < 3:
            gevent.sleep(0.01)
    world.abort_gates.stop()
    world.throttle()
    looks = world.looks
    gevent.sleep(0.05)
    assert (world.looks, world.abort_gates.abort) == (looks, None)


def test_a_worker_that_is_lost_ends_a_run_whose_gate_forbids_it() -> None:
    world = World("workers_lost == 0 abort after 20ms", "generator == valid abort after 20ms")
    world.workers_lost = 1
    assert world.ended.wait(30)
    assert world.abort_gates.abort is not None
    assert world.abort_gates.abort.result.sentence == "was 1"


def test_without_a_gate_that_aborts_nothing_is_looked_at() -> None:
    world = World("GET /a throttled == 0")
    gevent.sleep(0.05)
    assert world.looks == 0
    world.abort_gates.stop()
