from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.credentials import CsvDataSet, Cycle, Cycles, EndOfUsers

ONCE = CsvDataSet("", recycle=False)


@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(1, 5))
def test_recycling_starts_from_the_top_again_after_the_last_row(numbers, rounds):
    cycle = Cycle(lambda: numbers, CsvDataSet(""))
    assert [cycle.take() for _ in range(rounds * len(numbers))] == numbers * rounds


def test_recycling_ignores_stop_thread():
    cycle = Cycle(lambda: range(2), CsvDataSet("", stop_thread=True))
    assert [cycle.take() for _ in range(5)] == [0, 1, 0, 1, 0]


def test_without_recycling_there_is_no_row_after_the_last():
    """Where JMeter sets the variables to <EOF>."""
    cycle = Cycle(lambda: [4, 2], ONCE)
    assert [cycle.take() for _ in range(4)] == [4, 2, None, None]


def test_stop_thread_stops_each_user_that_comes_after_the_last_row():
    cycle = Cycle(lambda: [4], CsvDataSet("", recycle=False, stop_thread=True))
    assert cycle.take() == 4
    for _ in range(2):
        with pytest.raises(EndOfUsers):
            cycle.take()


def test_an_empty_share_is_at_its_end_at_once():
    assert Cycle(list, CsvDataSet("")).take() is None


@pytest.mark.parametrize("stops", [False, True])
def test_an_empty_share_takes_no_turn_and_stops_nobody(stops):
    """Its rows may still come: the first of them is the first turn's."""
    share: list[int] = []
    cycle = Cycle(lambda: share, CsvDataSet("", recycle=False, stop_thread=stops))
    assert [cycle.take() for _ in range(3)] == [None] * 3
    share.append(4)
    assert cycle.take() == 4


def test_no_row_is_taken_twice_by_threads_that_share_a_cycle():
    cycle = Cycle(lambda: range(20_000), ONCE)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: [cycle.take() for _ in range(2_500)], range(8)))
    assert sorted(number for part in taken for number in part) == list(range(20_000))


@pytest.mark.parametrize(
    ("sharing", "expected"),
    [
        ("all", [0, 1, 2, 3]),  # one cycle for everybody
        ("group", [0, 1, 0, 2]),  # Api and Login have their own
        ("thread", [0, 0, 0, 0]),  # and here each user has
    ],
)
def test_sharing_says_who_takes_turns_with_whom(sharing, expected):
    cycles = Cycles(lambda: range(10), CsvDataSet("", sharing=sharing))
    assert [cycles.join(group).take() for group in ("Api", "Api", "Login", "Api")] == expected
