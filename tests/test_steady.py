"""A clock that goes on while the system's is set, and what sees that."""

from __future__ import annotations

import pytest

from harness.steady import SteadyClock, StepWatch, sentence


class Machine:
    """A machine's two clocks: one that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.wall_s, self.monotonic_s = 1_700_000_000.0, 50.0
        self.clock = SteadyClock(lambda: self.wall_s, lambda: self.monotonic_s)

    def passes(self, seconds: float) -> None:
        self.wall_s += seconds
        self.monotonic_s += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize("step_s", [-3_600.0, -20.0, 20.0, 3_600.0])
def test_it_goes_on_whatever_the_systems_does(machine: Machine, step_s: float) -> None:
    machine.passes(10.0)
    machine.wall_s += step_s
    machine.passes(5.0)
    assert machine.clock.now_s() == 1_700_000_015.0
    assert machine.monotonic_s + machine.clock.offset_s == machine.clock.now_s()
    assert machine.clock.system_is_ahead_s() == step_s
    machine.clock.set_by_system()
    assert (machine.clock.now_s(), machine.clock.system_is_ahead_s()) == (machine.wall_s, 0.0)


def test_each_step_is_seen_once(machine: Machine) -> None:
    watch = StepWatch(machine.clock)
    machine.passes(1.0)
    assert watch.step_s() == 0.0
    machine.wall_s -= 20.0
    machine.passes(1.0)
    assert (watch.step_s(), watch.step_s()) == (-20.0, 0.0)
    machine.wall_s += 20.0
    assert (watch.step_s(), watch.step_s()) == (20.0, 0.0)


def test_a_clock_that_is_set_right_by_a_little_is_not_told_of(machine: Machine) -> None:
    watch = StepWatch(machine.clock)
    machine.wall_s += 0.3
    assert watch.step_s() == 0.0


def test_says_which_way_it_was_set() -> None:
    assert sentence("vm_1", -20.2) == "the clock of vm_1 was set back by 20 s"
    assert sentence("vm_1", 3_600.0) == "the clock of vm_1 was set forward by 3,600 s"
