"""When arrivals are due: tables, and properties over any schedule and any number of processes."""

from __future__ import annotations

import random
from math import inf

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.load.run.pacing import Pacer
from harness.settings.rates import Stage

RATES = st.floats(0.5, 200)
SCHEDULES = st.lists(st.builds(Stage, RATES, st.floats(0.5, 20)), min_size=1, max_size=4).map(tuple)


@pytest.mark.parametrize(
    ("stages", "elapsed_s", "due"),
    [
        ([Stage(2, 0)], 1.0, [0.0, 0.5, 1.0]),  # constant: the first one at once, evenly from there
        ([Stage(2, 0)], -0.1, []),  # before the start nobody
        ([Stage(10, 10)], 2.0, [0.0, 2**0.5, 2.0]),  # a ramp from zero: t*t/2 arrivals after t seconds
        ([Stage(1, 2), Stage(1, 3)], 3.0, [0.0, 2.0, 3.0]),  # up to one in two seconds, then constant
        ([Stage(4, 0), Stage(0, 1)], 9.0, [0.0, 1 - 0.5**0.5]),  # down to nothing: the area of the triangle is two
        ([Stage(0, 5), Stage(1, 0)], 7.0, [5.0, 6.0, 7.0]),  # a pause first
        ([], 99.0, []),  # nothing at all
    ],
)
def test_arrivals_come_when_the_rate_has_added_up_to_them(stages, elapsed_s, due):
    assert Pacer(stages).due(elapsed_s) == pytest.approx(due)


def test_each_arrival_is_handed_out_once():
    pacer = Pacer([Stage(10, 0)])
    assert len(pacer.due(1.0)) == 11
    assert pacer.due(1.0) == []
    assert pacer.next_s == pytest.approx(1.1)


def test_after_the_last_arrival_there_is_no_next():
    pacer = Pacer([Stage(4, 0), Stage(0, 1)])
    pacer.due(5.0)
    assert pacer.next_s == inf


@given(SCHEDULES, st.integers(1, 8), st.floats(0, 60))
def test_parts_add_up_to_the_whole_exactly(stages, parts, elapsed_s):
    """What one process would send is what several send, to the arrival and to the moment."""
    whole = Pacer(stages).due(elapsed_s)
    shared = [Pacer(stages, part=part, parts=parts).due(elapsed_s) for part in range(parts)]
    assert sorted(due for part in shared for due in part) == pytest.approx(whole)
    assert max(map(len, shared)) - min(map(len, shared)) <= 1


@given(SCHEDULES, st.floats(0, 60))
def test_as_many_arrive_as_the_rate_adds_up_to(stages, elapsed_s):
    total, rate, at_s = 0.0, 0.0, 0.0
    for target, duration_s in stages:
        part_s = min(max(elapsed_s - at_s, 0.0), duration_s)
        reached = rate + (target - rate) * part_s / duration_s
        total += (rate + reached) / 2 * part_s
        at_s, rate = at_s + duration_s, target
    total += max(elapsed_s - at_s, 0.0) * rate
    assert len(Pacer(stages).due(elapsed_s)) == pytest.approx(total, abs=1.01)


@pytest.mark.parametrize("parts", [1, 4])
def test_poisson_arrivals_have_exponential_gaps_however_many_processes_share_them(parts):
    """Kolmogorov-Smirnov: the largest distance between the gaps' distribution and the exponential one."""
    draw = random.Random(4).random  # noqa: S311  # no secret
    shared = [Pacer([Stage(200, 0)], part=part, parts=parts, draw=draw).due(60.0) for part in range(parts)]
    arrivals = sorted(due for part in shared for due in part)
    assert len(arrivals) == pytest.approx(12_000, rel=0.03)
    gaps = sorted(later - earlier for earlier, later in zip([0.0, *arrivals], arrivals, strict=False))
    distance = max(
        abs((index + 1) / len(gaps) - (1 - 2.718281828459045 ** (-200 * gap))) for index, gap in enumerate(gaps)
    )
    assert distance < 1.628 / len(gaps) ** 0.5, "the critical value at a level of 1 %"


@given(SCHEDULES, st.integers(1, 8), st.floats(0, 60))
def test_a_part_that_begins_late_has_what_was_still_to_come_and_nothing_else(stages, parts, elapsed_s):
    """A worker that replaces a lost one goes on where the ramp is."""
    for part in range(parts):
        late = Pacer(stages, part=part, parts=parts)
        late.skip(elapsed_s)
        due = Pacer(stages, part=part, parts=parts).due(elapsed_s + 5)
        assume(all(abs(due_s - elapsed_s) > 1e-3 for due_s in due))
        assert late.due(elapsed_s + 5) == pytest.approx([due_s for due_s in due if due_s > elapsed_s])


def test_random_arrivals_that_begin_late_begin_where_the_ramp_is():
    """A ramp from nothing to 100/s in 100 s: from the half on there are 50 arrivals a second and more."""
    pacer = Pacer([Stage(100, 100)], draw=random.Random(1).random)  # noqa: S311  # a seeded draw, for a test
    pacer.skip(50.0)
    due = pacer.due(51.0)
    assert min(due) >= 50.0
    assert 30 < len(due) < 75
