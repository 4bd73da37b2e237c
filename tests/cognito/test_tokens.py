"""Tokens are read locally and give nothing away."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cognito.tokens import Tokens, claims, life_s
from harness.errors import LoginError

TOKENS = Tokens("acc3ss-token", "id-t0ken", "refr3sh-token", "Bearer", 3600)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def jwt(payload: object) -> str:
    """An unsigned token with this payload."""
    encoded = urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{encoded}.c2lnbmF0dXJl"


@given(payload=st.dictionaries(st.text(), st.text() | st.integers() | st.booleans()))
def test_claims_are_what_the_payload_says(payload):
    assert claims(jwt(payload)) == payload


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "1 part"),
        ("opaque-s3cret", "1 part"),
        ("a.b.s3cret.d.e", "5 part"),
        ("a.s3cret!.c", "not JSON in base64url"),
        ("a.\u00e9s3cret.c", "not JSON in base64url"),
        (jwt(["s3cret"]), "not an object"),
        (f"a.{urlsafe_b64encode(b'[' * 100_000).decode()}.c", "not JSON in base64url"),
    ],
)
def test_what_is_no_jwt_is_refused_without_being_repeated(token, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        claims(token)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"iat": 1_760_000_000, "exp": 1_760_003_600}, 3600.0),
        ({"iat": 1_760_000_000.5, "exp": 1_760_000_003.5}, 3.0),
        ({"iat": 1_760_000_000}, None),
        ({"iat": "soon", "exp": 1}, None),
        ({"iat": None, "exp": 1}, None),
        ({"iat": 0, "exp": float("nan")}, None),
        ({"iat": 0, "exp": 10**400}, None),
    ],
)
def test_the_life_of_a_token_is_from_issue_to_expiry(payload, expected):
    assert life_s(jwt(payload)) == expected


@given(
    token=st.text()
    | st.builds(jwt, json_values)
    | st.builds(lambda e, i: jwt({"exp": e, "iat": i}), json_values, json_values)
)
def test_no_token_makes_its_life_raise(token):
    assert isinstance(life_s(token), float | None)


def test_bearer_is_the_token_that_the_api_expects():
    assert TOKENS.bearer("access") == "acc3ss-token"
    assert TOKENS.bearer("id") == "id-t0ken"


def test_a_missing_token_is_never_borne():
    with pytest.raises(LoginError, match="MissingToken: the login brought no id token") as missing:
        Tokens("acc3ss-token", "", "", "Bearer", 3600).bearer("id")
    assert missing.value.outcome == "malformed"


def test_tokens_stay_out_of_repr_and_str():
    for text in (repr(TOKENS), str(TOKENS), f"{TOKENS}"):
        assert "t0ken" not in text
        assert "3s" not in text
