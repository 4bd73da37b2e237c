from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.state.lockout import Lockout


def failed(times, at_s=0.0):
    lockout = Lockout()
    now_s = at_s
    for _ in range(times):
        while lockout.is_locked(now_s):
            now_s += 1
        lockout.failed(now_s)
    return lockout, now_s


def test_four_failures_lock_nothing():
    lockout, now_s = failed(4)
    assert not lockout.is_locked(now_s)


@pytest.mark.parametrize(("failures", "seconds"), [(5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (40, 900)])
def test_each_failure_from_the_fifth_doubles_the_lock_up_to_15_minutes(failures, seconds):
    lockout, now_s = failed(failures)
    assert lockout.is_locked(now_s + seconds - 0.01)
    assert not lockout.is_locked(now_s + seconds)


@given(st.lists(st.floats(min_value=0, max_value=3.99), max_size=50).map(sorted))
def test_attempts_during_the_lock_do_not_extend_it(attempts):
    """Seven failures lock for four seconds, however often somebody tries meanwhile."""
    lockout, now_s = failed(7)
    assert all(lockout.is_locked(now_s + attempt) for attempt in attempts)
    assert not lockout.is_locked(now_s + 4)


def test_a_success_starts_over():
    lockout, now_s = failed(6)
    lockout.succeeded()
    lockout.failed(now_s)
    assert not lockout.is_locked(now_s)


def test_a_quarter_of_an_hour_without_an_attempt_starts_over():
    lockout, now_s = failed(6)
    assert not lockout.is_locked(now_s + 900)
    lockout.failed(now_s + 900)
    assert not lockout.is_locked(now_s + 900)


def test_an_attempt_in_between_keeps_the_failures():
    lockout, now_s = failed(6)
    assert not lockout.is_locked(now_s + 600)
    lockout.failed(now_s + 1200)
    assert lockout.is_locked(now_s + 1203)
