from __future__ import annotations

import pytest

from harness.settings.rates import Stage, levels, stages


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50", (Stage(50, 0),)),  # constant
        ("0.5", (Stage(0.5, 0),)),  # one every two seconds
        ("10:60s,100:5m", (Stage(10, 60), Stage(100, 300))),  # ramps
        ("10:60, 0:10s", (Stage(10, 60), Stage(0, 10))),  # up and down again; seconds without a unit
        ("", None),  # nothing
        ("0", None),  # no load at all
        ("-5", None),  # less than that
        ("10,20", None),  # how long?
        ("10:60s,20", None),  # the same
        ("10:soon", None),  # no duration
        ("inf", None),  # no number
    ],
)
def test_a_rate_is_a_number_or_ramps(text, expected):
    assert stages(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1,2,5", (1, 2, 5)), ("10", (10,)), ("1, 2", (1, 2)), ("2,1", None), ("1,1", None), ("0,1", None), ("a", None)],
)
def test_levels_grow(text, expected):
    assert levels(text) == expected
