from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.errors import TooManyRequests
from harness.sandbox.state.quota import Quotas, TokenBucket


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def spent(quotas, operation, times):
    """How many of `times` requests pass."""
    passed = 0
    for _ in range(times):
        with suppress(TooManyRequests):
            quotas.spend(operation)
            passed += 1
    return passed


@given(
    rate=st.integers(min_value=1, max_value=200),
    waits_s=st.lists(st.floats(min_value=0, max_value=2), min_size=1, max_size=200),
)
def test_never_more_than_a_burst_and_the_rate(rate, waits_s):
    """Over any stretch of time: one second's worth at once, and then the rate."""
    clock = Clock()
    bucket = TokenBucket(rate, clock)
    taken = 0
    for wait_s in waits_s:
        clock.now_s += wait_s
        while bucket.take():
            taken += 1
        assert taken <= rate + rate * (clock.now_s - 100.0) + 1e-6


def test_a_bucket_slower_than_one_a_second_still_lets_one_through():
    clock = Clock()
    bucket = TokenBucket(0.5, clock)
    assert [bucket.take(), bucket.take()] == [True, False]
    clock.now_s += 2
    assert bucket.take()


def test_both_kinds_of_sign_in_share_one_allowance():
    quotas = Quotas(Clock(), user_authentication=10)
    assert spent(quotas, "InitiateAuth", 6) + spent(quotas, "AdminInitiateAuth", 6) == 10


def test_challenge_answers_have_three_times_as_much_and_then_draw_on_sign_ins():
    quotas = Quotas(Clock(), user_authentication=10)
    assert spent(quotas, "RespondToAuthChallenge", 35) == 35
    assert spent(quotas, "InitiateAuth", 10) == 5
    assert spent(quotas, "RespondToAuthChallenge", 1) == 0


def test_new_accounts_have_an_allowance_of_their_own():
    quotas = Quotas(Clock(), user_creation=50)
    assert spent(quotas, "AdminCreateUser", 30) + spent(quotas, "SignUp", 30) == 50
    assert spent(quotas, "InitiateAuth", 100) == spent(quotas, "AdminSetUserPassword", 100) == 100


def test_a_refused_request_costs_nothing():
    clock = Clock()
    quotas = Quotas(clock, user_authentication=10)
    spent(quotas, "InitiateAuth", 1000)
    clock.now_s += 1
    assert spent(quotas, "InitiateAuth", 11) == 10


@pytest.mark.parametrize("operation", ["GetUser", "AdminCreateUser"])
def test_other_operations_are_not_counted(operation):
    assert spent(Quotas(Clock(), user_authentication=1), operation, 50) == 50


def test_without_a_rate_there_is_no_quota():
    assert spent(Quotas(Clock()), "InitiateAuth", 500) == 500
