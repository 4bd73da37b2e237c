from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.run.pacing import LoginCap


@pytest.mark.parametrize(
    ("rate_per_s", "asked_at_s", "waits_s"),
    [
        (0, [0, 0, 0], [0, 0, 0]),  # no cap
        (-1, [0, 0], [0, 0]),  # nonsense is refused by Settings.problems; here it caps nothing
        (2, [10, 10, 10], [0, 0.5, 1.0]),  # all at once: evenly spaced
        (2, [10, 10.25, 10.25], [0, 0.25, 0.75]),  # who comes a little later waits for what is left
        (2, [10, 20, 20], [0, 0, 0.5]),  # an idle time earns no burst
        (0.5, [10, 10], [0, 2.0]),  # slower than one a second
        (4, [10, 9, 9], [0, 1.25, 1.5]),  # a clock that is read late by somebody else cannot jump the queue
    ],
)
def test_logins_wait_for_their_place(rate_per_s: float, asked_at_s: list[float], waits_s: list[float]) -> None:
    cap = LoginCap(rate_per_s)
    assert [cap.reserve(now_s) for now_s in asked_at_s] == waits_s


@pytest.mark.parametrize(("processes", "gap_s"), [(1, 0.1), (4, 0.4), (0, 0.1)])
def test_processes_share_a_rate(processes: int, gap_s: float) -> None:
    cap = LoginCap.share(10, processes)
    cap.reserve(0)
    assert cap.reserve(0) == pytest.approx(gap_s)


def test_no_cap_is_no_cap_for_any_number_of_processes() -> None:
    cap = LoginCap.share(0, 8)
    assert [cap.reserve(0) for _ in range(3)] == [0, 0, 0]


@given(st.floats(0.5, 500), st.lists(st.floats(0, 2), min_size=2, max_size=60))
def test_no_second_holds_more_logins_than_the_rate(rate_per_s: float, pauses_s: list[float]) -> None:
    cap, now_s, starts_s = LoginCap(rate_per_s), 1000.0, []
    for pause_s in pauses_s:
        now_s += pause_s
        starts_s.append(now_s + cap.reserve(now_s))
    assert starts_s == sorted(starts_s)
    for start_s in starts_s:
        assert sum(start_s <= other_s < start_s + 1 for other_s in starts_s) <= rate_per_s + 1
