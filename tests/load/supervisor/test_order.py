"""How much of what was ordered has run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from locust import LoadTestShape

from harness.evidence.judging.sweep import CONCURRENT, Plan, Step, Sweep
from harness.evidence.judging.verdict import FailureReason
from harness.load.supervisor.order import Order

PLAN = Plan((2.0, 5.0, 10.0), CONCURRENT, 5.0)


class Shape(LoadTestShape):
    told = (1, 1)

    def tick(self):
        return self.told


def sweep(*levels, is_complete=True):
    steps = [Step(level, 1.0, 1, 1.0, 1.0, 1.0, 0, 0, 0, is_complete=is_complete) for level in levels]
    return Sweep(PLAN, tuple(steps), None)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (sweep(), "the sweep was interrupted: levels 2, 5, 10 were not run"),
        (sweep(2.0, 5.0), "the sweep was interrupted: level 10 was not run"),
        (
            sweep(2.0, 5.0, is_complete=False),
            "the sweep was interrupted: level 10 was not run, and level 5 was cut short",
        ),
        (sweep(2.0, 5.0, 10.0, is_complete=False), "the sweep was interrupted: level 10 was cut short"),
    ],
)
def test_a_sweep_that_was_interrupted_names_what_did_not_run(found, sentence):
    assert Order(Shape()).failures(found) == (FailureReason(sentence),)


def test_a_shape_that_said_it_is_over_was_not_interrupted():
    shape = Shape()
    order = Order(shape)
    shape.tick()
    assert order.notes(3.0, None) == ("the shape was interrupted after 3 s: whether it was over is not known",)
    shape.told = None
    assert shape.tick() is None
    assert order.notes(3.0, None) == ()
    assert order.failures(sweep()) == ()
    again = Order(shape)
    assert again.failures(sweep(2.0, 5.0, 10.0)) == ()
    assert again.failures(sweep(2.0)), "an earlier run's end is not this one's"


def test_a_run_time_that_was_cut_short_is_noted_with_what_did_it():
    order = Order(None, {"headless": True, "run_time": 60})
    assert order.notes(20.0, None) == (), "nothing is known to have ended it"
    assert order.ended("SIGTERM ended the run", is_note=False)
    assert not order.ended("SIGTERM ended the run", is_note=False)
    (note,) = order.notes(20.0, None)
    assert note == "the run ended after 20 s of the 60 s of --run-time (SIGTERM ended the run)"
    assert order.notes(59.5, None) == ()


@pytest.mark.parametrize(("code", "expected"), [(0, None), (1, None), (9, 9), (256, 1)])
def test_a_code_for_any_error_is_an_order_unless_it_is_locusts_own(code, expected):
    order = Order(None, {"exit_code_on_error": code})
    failed = SimpleNamespace(errors={"one": 1}, exceptions={})
    assert [reason.exit_code for reason in order.exit_code(failed)] == ([expected] if expected else [])
    assert order.exit_code(SimpleNamespace(errors={}, exceptions={})) == ()
