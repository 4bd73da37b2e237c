from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.provision.passwords import SYMBOLS, new_password
from harness.sandbox.state.password import PasswordPolicy


@given(
    seed=st.integers(),
    policy=st.fixed_dictionaries(
        {
            "MinimumLength": st.integers(min_value=6, max_value=99),
            "RequireUppercase": st.booleans(),
            "RequireLowercase": st.booleans(),
            "RequireNumbers": st.booleans(),
            "RequireSymbols": st.booleans(),
        }
    ),
)
def test_every_password_conforms_to_the_policy_by_the_sandboxs_own_check(seed, policy):
    password = new_password(policy, random.Random(seed).choice)  # noqa: S311  # a seed is what a property needs
    PasswordPolicy.from_wire(policy).check(password)
    assert len(password) == max(20, policy["MinimumLength"])
    assert set(password) <= set(string.ascii_letters + string.digits + SYMBOLS)


@pytest.mark.parametrize("policy", [{}, {"MinimumLength": None}])
def test_a_pool_without_a_policy_gets_long_ones(policy):
    assert len(new_password(policy, random.Random(1).choice)) == 20  # noqa: S311  # the same
