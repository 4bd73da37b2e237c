from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.checks.refusals import InvalidPassword
from harness.sandbox.state.password import PasswordPolicy, Verifier


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


def test_a_verifier_does_not_keep_the_password():
    verifier = Verifier("Sample-Password-1!", b"salt")
    assert all(b"Sample" not in getattr(verifier, name) for name in verifier.__slots__)
