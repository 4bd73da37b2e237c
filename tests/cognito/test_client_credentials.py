"""An app client's login for itself, played by `.send()`."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cognito import wire
from harness.cognito.flows import AppClient, token_path
from harness.cognito.flows.client_credentials import OPERATION, client_credentials
from harness.cognito.remedies import lookup, short
from harness.cognito.tokens import Tokens
from harness.cognito.wire import PlainReply
from harness.errors import LoginError
from harness.extract import JsonExtractor
from harness.outcome import Outcome
from tests.cognito.test_flows import ALICE, failure, play

SECRET = "cl1ent-s3cret-of-the-app"
CLIENT = AppClient("3n4b5urk1ft4fl3mg5e62d9ado", SECRET)
GRANTED = {"access_token": "acc", "expires_in": 3600, "token_type": "Bearer"}
read_token = JsonExtractor.token(token_path("client_credentials")).from_document


def reply(document: object, status: int = 200) -> PlainReply:
    return PlainReply(status, {}, document if isinstance(document, bytes) else json.dumps(document).encode())


def flow(client: AppClient = CLIENT):
    return client_credentials(client, ALICE, read_token)


def test_it_is_one_form_and_ends_in_an_access_token_alone():
    tokens, [call] = play(flow(replace(CLIENT, scopes=("api/read", "api/write"))), reply(GRANTED))
    assert tokens == Tokens("acc", "", "", "Bearer", 3600)
    assert call.operation == OPERATION
    assert parse_qs(call.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["api/read api/write"]}
    headers = dict(call.headers)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == f"{CLIENT.client_id}:{SECRET}"


def test_without_scopes_none_are_asked_for():
    _, [call] = play(flow(), reply(GRANTED))
    assert parse_qs(call.body.decode()) == {"grant_type": ["client_credentials"]}


def test_the_secret_is_in_no_repr():
    call = next(flow())
    assert SECRET not in repr(call)
    assert dict(call.headers)["Authorization"] not in repr(call)


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        (400, "invalid_client", Outcome.REJECTED),
        (401, "invalid_client", Outcome.REJECTED),
        (400, "invalid_grant", Outcome.REJECTED),
        (400, "invalid_scope", Outcome.REJECTED),
        (400, "unauthorized_client", Outcome.REJECTED),
        (400, "unsupported_grant_type", Outcome.REJECTED),
        (400, "invalid_request", Outcome.REJECTED),
        (503, "temporarily_unavailable", Outcome.SERVER_ERROR),
    ],
)
def test_each_error_is_what_oauth_calls_it(status, error, outcome):
    found = failure(flow(), reply({"error": error, "error_description": f"{SECRET} is wrong"}, status))
    assert (found.kind, found.outcome) == (error, outcome)
    assert SECRET not in str(found)
    assert status >= 500 or lookup(error, found.message) is not None
    assert short(found.kind, found.message) == f"{error}: HTTP {status} from the token endpoint" or status >= 500


@pytest.mark.parametrize(
    ("answer", "kind", "outcome"),
    [
        (reply(b"<html>", 502), wire.NOT_COGNITO, Outcome.SERVER_ERROR),
        (reply(b"<html>", 404), wire.NOT_COGNITO, Outcome.MALFORMED),
        (reply({"message": "Too many"}, 429), wire.TOO_MANY_REQUESTS, Outcome.THROTTLED),
        (reply({"error": "slow_down"}, 429), wire.TOO_MANY_REQUESTS, Outcome.THROTTLED),
        (reply(b"<html>"), wire.NOT_COGNITO, Outcome.MALFORMED),
        (reply({"error": "Any Words: at all"}, 400), wire.NOT_COGNITO, Outcome.MALFORMED),
        (reply(GRANTED | {"access_token": ""}), wire.MISSING_TOKEN, Outcome.MALFORMED),
        (reply(GRANTED | {"access_token": "a\r\nX: y"}), wire.MISSING_TOKEN, Outcome.MALFORMED),
        (reply(GRANTED | {"expires_in": True}), wire.NOT_COGNITO, Outcome.MALFORMED),
        (reply({"access_token": "acc"}), wire.NOT_COGNITO, Outcome.MALFORMED),
    ],
)
def test_what_is_no_answer_of_the_endpoint_s_is_told_apart(answer, kind, outcome):
    found = failure(flow(), answer)
    assert (found.kind, found.outcome) == (kind, outcome)


@given(
    status=st.sampled_from([200, 400, 401, 429, 500]),
    document=st.dictionaries(
        st.sampled_from(["access_token", "expires_in", "error"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
    ),
)
def test_no_answer_makes_it_raise_anything_but_a_login_error(status, document):
    begun = flow()
    next(begun)
    with pytest.raises((LoginError, StopIteration)):
        begun.send(reply(document, status))
