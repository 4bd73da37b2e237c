"""Slots and arrivals, on gevent's clock."""

from __future__ import annotations

import time

import gevent
import pytest

from harness.load.run.arrivals import Arrivals
from harness.load.run.pacing import Pacer
from harness.settings.rates import Stage


class Load:
    def __init__(self, rate: float) -> None:
        self.dropped = 0
        self.taken: list[float] = []
        self.arrivals = Arrivals(Pacer([Stage(rate, 0)]), self.drop)

    def drop(self) -> None:
        self.dropped += 1

    def slot(self, work_s: float = 0.0) -> None:
        while True:
            self.taken.append(self.arrivals.take())
            gevent.sleep(work_s)


@pytest.fixture
def load():
    made = Load(100)
    yield made
    made.arrivals.stop()


def test_arrivals_come_at_their_times_to_whoever_is_free(load):
    slots = [gevent.spawn(load.slot) for _ in range(3)]
    gevent.sleep(0)
    load.arrivals.begin()
    while len(load.taken) < 20:
        gevent.sleep(0.01)
    gevent.killall(slots)
    numbers = [(due_s - load.taken[0]) / 0.01 for due_s in load.taken]
    assert numbers == pytest.approx([round(number) for number in numbers], abs=1e-4), (
        "the time they were due, not when they were handed out"
    )


def test_an_arrival_that_finds_no_slot_is_dropped_and_not_kept_for_later(load):
    slot = gevent.spawn(load.slot, 60.0)
    gevent.sleep(0)
    load.arrivals.begin()
    while load.dropped < 10:
        gevent.sleep(0.01)
    slot.kill()
    assert len(load.taken) == 1


def test_nobody_arrives_before_the_beginning_nor_after_the_end(load):
    slot = gevent.spawn(load.slot)
    gevent.sleep(0.05)
    assert load.taken == []
    load.arrivals.begin()
    load.arrivals.begin()
    while not load.taken:
        gevent.sleep(0.01)
    load.arrivals.stop()
    gevent.sleep(0.02)
    seen = (len(load.taken), load.dropped)
    gevent.sleep(0.05)
    assert (len(load.taken), load.dropped) == seen
    slot.kill()


def test_a_slot_that_is_stopped_while_it_waits_takes_no_arrival_with_it(load):
    stopped, stays = gevent.spawn(load.slot), gevent.spawn(load.slot)
    gevent.sleep(0)
    stopped.kill()
    assert len(load.arrivals._free) == 1, "the one that stays"
    load.arrivals.begin()
    while len(load.taken) < 5:
        gevent.sleep(0.01)
    stays.kill()


def test_a_process_that_joins_late_begins_where_the_others_are(load):
    """Ten seconds late it has no arrivals to make up for, and its times count from the others' beginning."""
    began_s = time.perf_counter() - 10.0
    slot = gevent.spawn(load.slot)
    gevent.sleep(0)
    load.arrivals.begin(began_s)
    while len(load.taken) < 3:
        gevent.sleep(0.01)
    slot.kill()
    assert load.taken[0] >= began_s + 10.0
    assert load.dropped < 100, "of the thousand that were due before, none"


def test_a_process_without_a_part_takes_over_that_of_one_that_is_gone():
    load = Load(0)
    slot = gevent.spawn(load.slot)
    gevent.sleep(0)
    load.arrivals.begin(time.perf_counter() - 10.0)
    load.arrivals.follow(Pacer([Stage(100, 0)]))
    while not load.taken:
        gevent.sleep(0.01)
    slot.kill()
    load.arrivals.stop()
    assert load.dropped < 100, "of the thousand that were due before, none"
