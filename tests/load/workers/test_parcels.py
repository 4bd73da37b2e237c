"""Parcels from workers to the master: none is lost, none is counted twice."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.figures.ages import Ages
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.in_flight import InFlight
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import Selector
from harness.load.run.run import Run
from harness.load.workers import parcels
from harness.load.workers.parcels import PARCEL, Collector, Sender
from harness.outcome import Outcome

RUN = "20260101-120000-ab12"


class Worker:
    """A run as a sender sees it, and a line to the master that can be down."""

    def __init__(self, run_id: str = RUN) -> None:
        self.setup = self.settings = self.monitor = self
        self.run = run_id
        self.health = Health()
        self.in_flight = InFlight()
        self.metrics = Metrics()
        self.sent: list[dict[str, Any]] = []
        self.deliver: Callable[[dict[str, Any]], None] = lambda _: None
        self.sender: Sender | None = None

    def close_samples(self) -> None:
        return None

    def drain(self) -> Metrics:
        measured, self.metrics = self.metrics, Metrics()
        return measured

    def measure(self, count: int) -> None:
        for _ in range(count):
            self.metrics.record(Sample("request", "GET /orders", Outcome.OK, 0.0, 1000))

    def start(self) -> Sender:
        def send(kind: str, parcel: dict[str, Any]) -> None:
            assert kind == PARCEL
            self.sent.append(parcel)
            self.deliver(parcel)

        self.sender = Sender(cast("Run", self), send)
        return self.sender


def count_of(metrics: Metrics) -> int:
    return metrics.tally(Selector("request", "GET /orders")).count


def arrived(collector: Collector) -> int:
    """How many samples have arrived since the last time."""
    return sum(count_of(metrics) for _, metrics in collector.due(math.inf, ()))


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    if worker.sender is not None:
        worker.sender._greenlet.kill()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock fifty times as fast: the order of things is the same."""
    monkeypatch.setattr(parcels, "EVERY_S", 0.1)
    monkeypatch.setattr(parcels, "RESEND_EVERY", 1)
    monkeypatch.setattr(parcels, "ACK_TIMEOUT_S", 0.1)


def parcel(number: int, *, count: int = 1, run: str = RUN, is_last: bool = False, lag_us: int = 0) -> dict[str, Any]:
    """What a worker sends, as it comes out of a message."""
    metrics, health = Metrics(), Health()
    for _ in range(count):
        metrics.record(Sample("request", "GET /orders", Outcome.OK, 0.0, 1000))
    health.lag(lag_us)
    return {
        "run": run,
        "number": number,
        "at_s": 100,
        "packed_s": time.time(),
        "samples": None,
        "metrics": metrics.to_wire(),
        "in_flight": [],
        "health": health.to_wire(),
        "is_last": is_last,
    }


class TestSender:
    def test_what_is_measured_arrives_while_the_run_goes_on(self, worker: Worker) -> None:
        collector = Collector(RUN)
        worker.deliver = lambda sent: collector.receive("w", sent)
        worker.start()
        worker.measure(3)
        with gevent.Timeout(30):
            while not (count := arrived(collector)):
                gevent.sleep(0.01)
        assert count == 3

    def test_at_the_end_everything_is_sent_and_acknowledged(self, worker: Worker) -> None:
        collector = Collector(RUN)
        worker.deliver = lambda sent: sender.acknowledged(RUN, collector.receive("w", sent) or 0)
        sender = worker.start()
        worker.measure(5)

        assert sender.finish() is True

        assert [sent["is_last"] for sent in worker.sent] == [True]
        assert arrived(collector) == 5
        assert collector.wait_for(lambda: ["w"], 30) == set()

    def test_a_master_that_never_answers_is_told_again_and_then_given_up(self, worker: Worker) -> None:
        sender = worker.start()
        assert sender.finish() is False
        assert [sent["number"] for sent in worker.sent] == [0] * parcels.ATTEMPTS

    def test_what_is_not_acknowledged_is_sent_again_with_what_came_since(self, worker: Worker) -> None:
        sender = worker.start()
        worker.measure(1)
        with gevent.Timeout(30):
            while len(worker.sent) < 3:
                gevent.sleep(0.01)
        assert [sent["number"] for sent in worker.sent[:3]] == [0, 0, 1]
        assert worker.sent[1] == worker.sent[0]

        sender.acknowledged(RUN, 0)
        sender.finish()
        assert worker.sent[-1]["number"] == max(sent["number"] for sent in worker.sent)
        assert 0 not in [sent["number"] for sent in worker.sent[-2:]]

    def test_the_word_on_an_earlier_runs_parcel_says_nothing_about_this_one(self, worker: Worker) -> None:
        sender = worker.start()
        worker.deliver = lambda _: sender.acknowledged("another run", 0)
        assert sender.finish() is False

    def test_an_acknowledgement_that_comes_twice_is_harmless(self, worker: Worker) -> None:
        sender = worker.start()
        worker.deliver = lambda sent: [sender.acknowledged(RUN, sent["number"]) for _ in range(2)]
        assert sender.finish() is True

    def test_a_parcel_can_be_written_down(self, worker: Worker) -> None:
        """Locust's messages carry plain values only."""
        worker.start().finish()
        assert json.loads(json.dumps(worker.sent[0]))["run"] == RUN


class TestCollector:
    def test_a_parcel_that_comes_twice_counts_once_and_is_acknowledged_twice(self) -> None:
        collector = Collector(RUN)
        assert [collector.receive("w", parcel(4, count=3)) for _ in range(2)] == [4, 4]
        assert arrived(collector) == 3

    @given(st.permutations([*range(8), *range(4)]))
    def test_parcels_may_come_in_any_order_and_twice(self, order: list[int]) -> None:
        collector = Collector(RUN)
        assert [collector.receive("w", parcel(number, count=1)) for number in order] == order
        assert arrived(collector) == 8

    def test_a_day_of_parcels_leaves_nothing_behind(self) -> None:
        """The master's memory is the same in the last hour as in the first."""
        numbers = parcels._Numbers()
        assert all(numbers.add(number) for number in range(86_400))
        assert not numbers._beyond
        assert not numbers.add(0)

    def test_workers_number_their_parcels_each_for_itself(self) -> None:
        collector = Collector(RUN)
        for worker in ("a", "b"):
            collector.receive(worker, parcel(0, count=2))
        assert arrived(collector) == 4
        assert set(collector.healths) == {"a", "b"}

    def test_a_parcel_of_another_run_is_ignored(self) -> None:
        collector = Collector(RUN)
        assert collector.receive("w", parcel(0, run="an earlier one", is_last=True)) is None
        assert arrived(collector) == 0
        assert set(collector.healths) == set()
        assert collector.wait_for(lambda: ["w"], 0) == {"w"}

    def test_health_is_the_newest_however_late_an_older_parcel_comes(self) -> None:
        """Health is told whole each time, not as what is new."""
        collector = Collector(RUN)
        collector.receive("w", parcel(1, lag_us=70_000))
        collector.receive("w", parcel(0, lag_us=10))
        assert (collector.healths["w"].lag_p99_us or 0) > 60_000

    def test_what_is_open_is_what_the_newest_parcel_says(self) -> None:
        collector, hanging, later = Collector(RUN), Ages(), Ages()
        hanging.record("request", "GET /orders", 3_000_000)
        later.record("request", "GET /orders", 5_000_000)
        for number, ages in ((0, hanging), (2, later), (1, hanging)):
            collector.receive("w", {**parcel(number), "in_flight": ages.to_wire()})
        assert collector.in_flight["w"].to_wire() == later.to_wire()

    def test_a_second_is_handed_out_once_when_all_workers_have_reported_it(self) -> None:
        collector = Collector(RUN)
        collector.receive("a", parcel(0, count=2))
        assert collector.due(101.2, ["a", "b"]) == []
        collector.receive("b", parcel(0, count=3))
        ((at_s, metrics),) = collector.due(101.2, ["a", "b"])
        assert (at_s, count_of(metrics)) == (100, 5)
        assert collector.due(101.2, ["a", "b"]) == []

    def test_a_worker_that_says_nothing_holds_a_second_up_only_so_long(self) -> None:
        collector = Collector(RUN)
        collector.receive("a", parcel(0, count=2))
        assert [at_s for at_s, _ in collector.due(101 + parcels.LATE_S, ["a", "b"])] == [100]

    def test_the_clock_of_another_machine_is_moved_to_the_masters(self) -> None:
        collector = Collector(RUN)
        ahead = {**parcel(0), "packed_s": time.time() + 3_600}
        collector.receive("a", ahead)
        assert [at_s for at_s, _ in collector.due(math.inf, ())] == [100 - 3_600]

    def test_the_last_parcels_are_waited_for(self) -> None:
        collector = Collector(RUN)
        collector.receive("a", parcel(0, is_last=True))
        waiting = gevent.spawn(collector.wait_for, lambda: ["a", "b"], 30)
        gevent.sleep(0.01)
        assert not waiting.ready()

        collector.receive("b", parcel(0))
        gevent.sleep(0.01)
        assert not waiting.ready()

        collector.receive("b", parcel(1, is_last=True))
        assert waiting.get(timeout=30) == set()

    def test_a_worker_that_is_gone_is_waited_for_no_longer(self) -> None:
        collector = Collector(RUN)
        expected = {"a"}
        waiting = gevent.spawn(collector.wait_for, lambda: expected, 30)
        gevent.sleep(0.01)
        expected.clear()
        assert waiting.get(timeout=30) == set()

    def test_workers_that_say_nothing_are_named(self) -> None:
        collector = Collector(RUN)
        collector.receive("a", parcel(0, is_last=True))
        assert collector.wait_for(lambda: ["a", "b"], 0.01) == {"b"}


@given(data=st.data(), counts=st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_whatever_gets_lost_on_the_way_everything_is_counted_once(data: st.DataObject, counts: list[int]) -> None:
    """Parcels and acknowledgements are lost at random; only the last round gets through."""
    worker, collector = Worker(), Collector(RUN)
    is_line_good = False

    def deliver(sent: dict[str, Any]) -> None:
        if is_line_good or data.draw(st.booleans()):
            number = collector.receive("w", sent)
            if number is not None and (is_line_good or data.draw(st.booleans())):
                sender.acknowledged(RUN, number)

    worker.deliver = deliver
    sender = worker.start()
    sender._greenlet.kill()  # the test is the one who sends
    for count in counts:
        worker.measure(count)
        sender._pack(is_last=False)
        sender._send_all()
    is_line_good = True

    assert sender.finish() is True
    assert arrived(collector) == sum(counts)
    assert collector.wait_for(lambda: ["w"], 30) == set()
