from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.errors import InvalidPassword
from harness.sandbox.state.clock import Chance
from harness.sandbox.state.password import PasswordPolicy, Verifier
from harness.sandbox.state.srp import enrol


@pytest.mark.parametrize(
    ("password", "lack"),
    [
        ("Aa1-567", "not long enough"),
        ("aa1-5678", "must have uppercase characters"),
        ("AA1-5678", "must have lowercase characters"),
        ("Aaa-bcde", "must have numeric characters"),
        ("Aa145678", "must have symbol characters"),
    ],
)
def test_the_usual_policy_names_what_a_password_lacks(password, lack):
    with pytest.raises(InvalidPassword, match=f"Password did not conform with policy: Password {lack}"):
        PasswordPolicy().check(password)


def test_a_policy_demands_only_what_it_was_given():
    policy = PasswordPolicy.from_wire({"MinimumLength": 6, "RequireNumbers": True})
    policy.check("abcde1")
    assert policy.to_wire() == {
        "MinimumLength": 6,
        "RequireUppercase": False,
        "RequireLowercase": False,
        "RequireNumbers": True,
        "RequireSymbols": False,
        "TemporaryPasswordValidityDays": 7,
    }


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_verifier_accepts_its_password_and_no_other(password, other):
    verifier = Verifier(password, b"salt")
    assert verifier.accepts(password)
    assert verifier.accepts(other) == (other == password)


def test_a_verifier_s_srp_enrolment_stays_the_same_and_is_another_user_s_never():
    chance = Chance()
    one, other = Verifier("Sample-Password-1!", b"salt"), Verifier("Sample-Password-1!", b"salt")
    assert one.enrolment("pool", "alice", chance) is one.enrolment("pool", "alice", chance)
    assert one.enrolment("pool", "alice", chance) != other.enrolment("pool", "alice", chance)


def test_an_enrolment_s_salt_begins_with_neither_a_zero_nor_a_set_bit():
    """Published clients disagree about those."""
    salts = {enrol("pool", "alice", "secret", Chance()).salt[0] for _ in range(60)}
    assert all(0 < byte < 128 for byte in salts)
