from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.judging.knee import find_knee, kneedle

LEVELS = (1, 2, 5, 10, 20, 50, 100)


@pytest.mark.parametrize(
    ("xs", "ys", "knee"),
    [
        (LEVELS, [10, 20, 50, 100, 200, 205, 206], 20),  # grows evenly, and then no more
        (LEVELS, [10, 20, 50, 100, 200, 150, 100], 20),  # more load even costs throughput
        (LEVELS, [10 * x for x in LEVELS], None),  # twice the load, twice the logins: no end in sight
        (LEVELS, [7] * 7, None),  # nothing grows
        (LEVELS, [100 / x for x in LEVELS], 1),  # falls from the start: the first level was too much
        ((1, 2, 5), [1, 5, 5], None),  # too few to have a shape
        ((10, 20, 50, 100, 200), [10, 20, 50, 60, 60], 50),  # by rate: what is offered is done, up to 60
    ],
)
def test_kneedle_finds_where_a_curve_bends(xs, ys, knee):
    assert kneedle(xs, ys) == knee


def test_the_papers_own_example():
    """f(x) = -1/x + 5: the paper's figure 2 has the knee at 0.22, between the second and the third of these points."""
    xs = [0.1 * step for step in range(1, 11)]
    assert kneedle(xs, [-1 / x + 5 for x in xs]) == pytest.approx(0.25, abs=0.06)


@given(st.lists(st.integers(0, 1000), min_size=7, max_size=7))
def test_a_knee_does_not_depend_on_the_unit(ys):
    knee = kneedle(LEVELS, ys)
    assert kneedle(LEVELS, [4.0 * y for y in ys]) == knee, "a power of two rounds nothing"
    assert kneedle([4.0 * x for x in LEVELS], ys) == (None if knee is None else 4 * knee)


def seconds(means, spread, count=16):
    draw = random.Random(3)  # noqa: S311  # no secret
    return [[draw.gauss(mean, spread) for _ in range(count)] for mean in means]


def test_a_sharp_knee_is_certain():
    knee = find_knee(LEVELS, seconds([10, 20, 50, 100, 200, 205, 206], 2))
    assert knee == (20, 20, 20)


def test_noise_widens_the_interval_around_the_knee():
    knee = find_knee(LEVELS, seconds([10, 20, 50, 100, 170, 205, 206], 60, count=4))
    assert knee is not None
    assert knee.low <= knee.x <= knee.high
    assert knee.low < knee.high


def test_the_same_run_has_the_same_knee_whenever_it_is_asked():
    noisy = seconds([10, 20, 50, 100, 170, 205, 206], 60)
    assert find_knee(LEVELS, noisy) == find_knee(LEVELS, noisy)


def test_without_a_level_there_is_no_knee():
    assert find_knee((), []) is None
