"""Authenticator codes, on a clock of the test's own."""

from __future__ import annotations

import pyotp
import pytest

from harness.cognito.totp import Authenticators

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_the_code_is_the_present_step_s():
    code = Authenticators(lambda: 1_000_000_007.0).next_code(SECRET)
    assert code == (pyotp.TOTP(SECRET).at(1_000_000_007), 999_999_990.0)


def test_no_code_is_given_twice_and_the_next_one_says_from_when_it_is_good():
    now = [900.0]
    authenticators = Authenticators(lambda: now[0])
    codes = [authenticators.next_code(SECRET) for _ in range(3)]
    assert [code.not_before_s for code in codes] == [900.0, 930.0, 960.0]
    assert [code.text for code in codes] == [pyotp.TOTP(SECRET).at(at) for at in (900, 930, 960)]
    now[0] = 2000.0
    assert authenticators.next_code(SECRET).not_before_s == 1980.0


@pytest.mark.parametrize(("step_s", "waits_s"), [(-3_600.0, -3_600.0), (-60.0, 30.0), (3_600.0, 3_600.0)])
def test_after_the_clock_was_set_back_by_an_hour_no_login_waits_for_an_hour(step_s: float, waits_s: float):
    """After a minute it does: a code that was given out twice would be refused."""
    now, monotonic = [90_000.0], [7.0]
    authenticators = Authenticators(lambda: now[0], lambda: monotonic[0])
    authenticators.next_code(SECRET)
    now[0] += step_s
    assert authenticators.next_code(SECRET).not_before_s == 90_000.0 + waits_s


def test_accounts_do_not_wait_for_each_other():
    authenticators = Authenticators(lambda: 900.0)
    authenticators.next_code(SECRET)
    assert authenticators.next_code("KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU").not_before_s == 900.0


def test_a_secret_may_be_written_as_apps_show_it():
    spaced = Authenticators(lambda: 900.0).next_code("jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp")
    assert spaced.text == pyotp.TOTP(SECRET).at(900)


def test_a_secret_that_is_none_is_refused_without_being_repeated():
    with pytest.raises(ValueError, match="not base32") as error:
        Authenticators().next_code("canary-1!")
    assert "canary" not in str(error.value)
    assert error.value.__cause__ is None
