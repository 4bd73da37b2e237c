"""Login conversations, played by `.send()`."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st
from pycognito.aws_srp import AWSSRP

from harness.cognito import wire
from harness.cognito.flows import (
    FLOWS,
    Account,
    AppClient,
    Challenge,
    Flow,
    refresh_token_auth,
    secret_hash,
    user_password_auth,
)
from harness.cognito.tokens import Tokens
from harness.cognito.wire import Call, PlainReply
from harness.errors import LoginError
from harness.outcome import Outcome

PASSWORD = "Corr3ct-Horse"
NEW_PASSWORD = "Battery-5taple"
CLIENT_SECRET = "cl1ent-s3cret-of-the-app"
CLIENT = AppClient("3n4b5urk1ft4fl3mg5e62d9ado")
SECRET_CLIENT = AppClient("3n4b5urk1ft4fl3mg5e62d9ado", CLIENT_SECRET)
ALICE = Account("alice@example.com", PASSWORD)
NEWCOMER = Account("alice@example.com", PASSWORD, NEW_PASSWORD)
OLD = Tokens("old-access", "old-id", "old-refresh", "Bearer", 3600)
RESULT = {"AccessToken": "acc", "IdToken": "idt", "RefreshToken": "ref", "TokenType": "Bearer", "ExpiresIn": 3600}
GRANTED = {"AuthenticationResult": RESULT, "ChallengeParameters": {}}
SESSION = "AYABe-a-session-of-more-than-twenty-letters"


def read_token(document: Mapping[str, Any]) -> str:
    """What the JSON Extractor does with its usual path, here by hand."""
    result = document.get("AuthenticationResult")
    token = result.get("AccessToken") if isinstance(result, dict) else None
    return token if isinstance(token, str) else ""


def ok(document: object) -> PlainReply:
    return PlainReply(200, {"content-type": wire.CONTENT_TYPE}, json.dumps(document).encode())


def refused(kind: str, message: str, status: int = 400) -> PlainReply:
    return PlainReply(status, {}, json.dumps({"__type": kind, "message": message}).encode())


def new_password_required(
    required: object = "[]", attributes: object = '{"email":"alice@example.com"}', **more: str
) -> dict[str, Any]:
    parameters = {"requiredAttributes": required, "userAttributes": attributes, **more}
    return {"ChallengeName": "NEW_PASSWORD_REQUIRED", "ChallengeParameters": parameters, "Session": SESSION}


def play(flow: Flow, *replies: PlainReply) -> tuple[Tokens, list[Call]]:
    """The tokens that the flow ends with, and the calls that it made."""
    calls = [next(flow)]
    for reply in replies:
        try:
            calls.append(flow.send(reply))
        except StopIteration as end:
            return end.value, calls
    pytest.fail(f"the flow wants another reply, to {calls[-1].operation}")


def failure(flow: Flow, *replies: PlainReply) -> LoginError:
    """The error that the flow ends with."""
    with pytest.raises(LoginError) as failed:
        play(flow, *replies)
    return failed.value


def body(call: Call) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(call.body)
    return document


def test_a_right_password_is_one_call_and_ends_in_tokens():
    tokens, calls = play(user_password_auth(CLIENT, ALICE, read_token), ok(GRANTED))
    assert tokens == Tokens("acc", "idt", "ref", "Bearer", 3600)
    assert [call.operation for call in calls] == ["InitiateAuth"]
    assert calls[0].body.decode() == (
        '{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"3n4b5urk1ft4fl3mg5e62d9ado",'
        '"AuthParameters":{"USERNAME":"alice@example.com","PASSWORD":"Corr3ct-Horse"}}'
    )


def test_a_wrong_password_ends_in_cognitos_own_words():
    error = failure(
        user_password_auth(CLIENT, ALICE, read_token),
        refused("NotAuthorizedException", "Incorrect username or password."),
    )
    assert (error.kind, error.outcome) == ("NotAuthorizedException", Outcome.REJECTED)
    assert str(error) == "NotAuthorizedException: Incorrect username or password."


@pytest.mark.parametrize(
    ("reply", "kind", "outcome"),
    [
        (refused("TooManyRequestsException", "Rate exceeded"), "TooManyRequestsException", Outcome.THROTTLED),
        (refused("InternalErrorException", "", 500), "InternalErrorException", Outcome.SERVER_ERROR),
        (PlainReply(400, {}, b""), wire.MISSING_TARGET, Outcome.REJECTED),
        (PlainReply(200, {}, b"<html>"), wire.NOT_COGNITO, Outcome.MALFORMED),
        (PlainReply(502, {}, b"<html>"), wire.NOT_COGNITO, Outcome.SERVER_ERROR),
    ],
)
def test_every_kind_of_refusal_keeps_its_outcome(reply, kind, outcome):
    error = failure(user_password_auth(CLIENT, ALICE, read_token), reply)
    assert (error.kind, error.outcome) == (kind, outcome)


def test_a_refusal_that_repeats_a_secret_is_reported_without_it():
    error = failure(
        user_password_auth(SECRET_CLIENT, NEWCOMER, read_token),
        refused("InvalidParameterException", f"not {PASSWORD}, nor {NEW_PASSWORD}, nor {CLIENT_SECRET}"),
    )
    assert str(error) == "InvalidParameterException: not ***, nor ***, nor ***"


@pytest.mark.parametrize("password", ["password", "Incorrect", "correct", "username or password"])
def test_a_password_that_is_a_word_of_cognitos_leaves_the_message_whole(password):
    """Blanking it out would hide the error from the table of remedies, and tell everybody the password."""
    error = failure(
        user_password_auth(CLIENT, Account("alice", password), read_token),
        refused("NotAuthorizedException", "Incorrect username or password."),
    )
    assert str(error) == "NotAuthorizedException: Incorrect username or password."


def test_a_refusal_is_one_printable_line_of_bounded_length():
    error = failure(user_password_auth(CLIENT, ALICE, read_token), refused("X", "a\r\n\x1b[31m\ud800b" + "c" * 5000))
    assert error.message.startswith("X: a   [31m bc")
    assert len(error.message) < 1100


@given(username=st.text(max_size=20), client_id=st.text(max_size=26), client_secret=st.text(max_size=64))
def test_the_secret_hash_is_pycognitos(username, client_id, client_secret):
    """An implementation that nobody here wrote."""
    expected = AWSSRP.get_secret_hash(username, client_id, client_secret)
    assert secret_hash(AppClient(client_id, client_secret), username) == expected


def test_a_client_with_a_secret_sends_its_hash_everywhere():
    flow = user_password_auth(SECRET_CLIENT, NEWCOMER, read_token)
    _, (first, second) = play(flow, ok(new_password_required()), ok(GRANTED))
    expected = secret_hash(SECRET_CLIENT, "alice@example.com")
    assert body(first)["AuthParameters"]["SECRET_HASH"] == expected
    assert body(second)["ChallengeResponses"]["SECRET_HASH"] == expected
    _, (refresh,) = play(refresh_token_auth(SECRET_CLIENT, "alice", OLD, read_token), ok(GRANTED))
    assert body(refresh)["AuthParameters"]["SECRET_HASH"] == secret_hash(SECRET_CLIENT, "alice")
    assert CLIENT_SECRET.encode() not in first.body + second.body + refresh.body


def test_a_new_password_answers_its_challenge():
    flow = user_password_auth(CLIENT, NEWCOMER, read_token)
    tokens, calls = play(flow, ok(new_password_required()), ok({**GRANTED, "ChallengeName": ""}))
    assert tokens.access_token == "acc"
    assert calls[1].operation == "RespondToAuthChallenge"
    assert body(calls[1]) == {
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "ClientId": CLIENT.client_id,
        "Session": SESSION,
        "ChallengeResponses": {"USERNAME": "alice@example.com", "NEW_PASSWORD": NEW_PASSWORD},
    }


def test_a_challenge_is_answered_for_the_name_that_the_pool_gave_the_user():
    """Where users log in by e-mail address, USERNAME and SECRET_HASH are those of USER_ID_FOR_SRP."""
    flow = user_password_auth(SECRET_CLIENT, NEWCOMER, read_token)
    _, calls = play(flow, ok(new_password_required(USER_ID_FOR_SRP="5d1f-sub")), ok(GRANTED))
    responses = body(calls[1])["ChallengeResponses"]
    assert responses["USERNAME"] == "5d1f-sub"
    assert responses["SECRET_HASH"] == secret_hash(SECRET_CLIENT, "5d1f-sub")


@pytest.mark.parametrize("session", [None, 5, "", "\ud800"])
def test_a_challenge_without_a_usable_session_is_answered_without_one(session):
    document = {**new_password_required(), "Session": session}
    _, calls = play(user_password_auth(CLIENT, NEWCOMER, read_token), ok(document), ok(GRANTED))
    assert "Session" not in body(calls[1])


def test_a_new_password_is_never_invented():
    error = failure(user_password_auth(CLIENT, ALICE, read_token), ok(new_password_required()))
    assert (error.kind, error.outcome) == (wire.CHALLENGE_UNANSWERED, Outcome.CHALLENGED)
    assert "NEW_PASSWORD_REQUIRED" in error.message
    assert "`new_password`" in error.hint
    assert "AdminSetUserPassword" in error.hint


def test_required_attributes_without_a_value_are_named():
    required = json.dumps(["userAttributes.given_name", "userAttributes.email", "custom:team"])
    error = failure(user_password_auth(CLIENT, NEWCOMER, read_token), ok(new_password_required(required)))
    assert (error.kind, error.outcome) == (wire.CHALLENGE_UNANSWERED, Outcome.CHALLENGED)
    assert error.message.endswith(": given_name, custom:team")


@pytest.mark.parametrize("junk", ["", "{", "5", '"userAttributes.x"', "[" * 100_000, None, ["userAttributes.x"], 7])
def test_attribute_lists_that_cannot_be_read_ask_for_nothing(junk):
    flow = user_password_auth(CLIENT, NEWCOMER, read_token)
    tokens, _ = play(flow, ok(new_password_required(junk, junk)), ok(GRANTED))
    assert tokens.access_token == "acc"


@pytest.mark.parametrize("name", ["SOFTWARE_TOKEN_MFA", "SMS_MFA", "PASSWORD_VERIFIER", "ONE_THAT_AWS_INVENTS_LATER"])
def test_any_other_challenge_is_named(name):
    error = failure(user_password_auth(CLIENT, NEWCOMER, read_token), ok({"ChallengeName": name, "Session": SESSION}))
    assert (error.kind, error.outcome) == (wire.CHALLENGE_UNANSWERED, Outcome.CHALLENGED)
    assert name in error.message
    assert error.hint


@pytest.mark.parametrize("name", [5, ["SMS_MFA"], "a name\r\nwith lines", "X" * 65])
def test_a_challenge_without_a_proper_name_is_malformed(name):
    error = failure(user_password_auth(CLIENT, ALICE, read_token), ok({"ChallengeName": name}))
    assert (error.kind, error.outcome) == (wire.NOT_COGNITO, Outcome.MALFORMED)


def test_challenges_in_a_circle_come_to_an_end():
    error = failure(user_password_auth(CLIENT, NEWCOMER, read_token), *[ok(new_password_required())] * 50)
    assert (error.kind, error.outcome) == (wire.NOT_COGNITO, Outcome.MALFORMED)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"AuthenticationResult": None},
        {"AuthenticationResult": "acc"},
        {"AuthenticationResult": {}},
        {"AuthenticationResult": {**RESULT, "AccessToken": ""}},
        {"AuthenticationResult": {**RESULT, "AccessToken": "a\r\nX-Evil: 1"}},
        {"AuthenticationResult": {**RESULT, "AccessToken": "a\u00e9"}},
        {"AuthenticationResult": {**RESULT, "AccessToken": "a\rb"}},
        {"AuthenticationResult": {**RESULT, "AccessToken": "a\nb"}},
        {"AuthenticationResult": {**RESULT, "AccessToken": "a\0b"}},
    ],
)
def test_an_answer_without_a_usable_token_is_malformed(document):
    error = failure(user_password_auth(CLIENT, ALICE, read_token), ok(document))
    assert (error.kind, error.outcome) == (wire.MISSING_TOKEN, Outcome.MALFORMED)


@pytest.mark.parametrize("expires_in", [None, 0, -1, True, "3600", float("nan"), float("inf"), 10**400, 0.5])
def test_a_life_that_is_no_number_of_seconds_is_malformed(expires_in):
    document = {"AuthenticationResult": {**RESULT, "ExpiresIn": expires_in}}
    error = failure(user_password_auth(CLIENT, ALICE, read_token), ok(document))
    assert (error.kind, error.outcome) == (wire.NOT_COGNITO, Outcome.MALFORMED)


def test_tokens_that_are_absent_are_empty():
    document = {"AuthenticationResult": {"AccessToken": "acc", "ExpiresIn": 300.0, "IdToken": 5}}
    tokens, _ = play(user_password_auth(CLIENT, ALICE, read_token), ok(document))
    assert tokens == Tokens("acc", "", "", "Bearer", 300)
    assert isinstance(tokens.expires_in_s, int)


def test_a_refresh_keeps_the_refresh_token_that_it_used():
    result = {name: value for name, value in RESULT.items() if name != "RefreshToken"}
    flow = refresh_token_auth(CLIENT, "alice", OLD, read_token)
    tokens, calls = play(flow, ok({"AuthenticationResult": result}))
    assert tokens == Tokens("acc", "idt", "old-refresh", "Bearer", 3600)
    assert body(calls[0]) == {
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "ClientId": CLIENT.client_id,
        "AuthParameters": {"REFRESH_TOKEN": "old-refresh"},
    }


def test_a_refresh_takes_a_new_refresh_token_when_there_is_one():
    tokens, _ = play(refresh_token_auth(CLIENT, "alice", OLD, read_token), ok(GRANTED))
    assert tokens.refresh_token == "ref"


@pytest.mark.parametrize(
    ("claim", "hashed"),
    [
        ({"username": "5d1f-sub"}, "5d1f-sub"),
        ({}, "alice"),
        ({"username": 5}, "alice"),
        ({"username": "\ud800"}, "alice"),
    ],
)
def test_a_refresh_is_hashed_over_the_name_that_the_pool_gave_the_user(claim, hashed):
    """Known from the access token; the name that the user typed in is the fallback."""
    access_token = f"h.{urlsafe_b64encode(json.dumps(claim).encode()).decode()}.s"
    old = Tokens(access_token, "", "old-refresh", "Bearer", 3600)
    _, calls = play(refresh_token_auth(SECRET_CLIENT, "alice", old, read_token), ok(GRANTED))
    assert body(calls[0])["AuthParameters"]["SECRET_HASH"] == secret_hash(SECRET_CLIENT, hashed)


def test_a_refused_refresh_repeats_no_token():
    error = failure(
        refresh_token_auth(CLIENT, "alice", OLD, read_token),
        refused("NotAuthorizedException", "Invalid Refresh Token. old-refresh"),
    )
    assert str(error) == "NotAuthorizedException: Invalid Refresh Token. ***"


def test_a_challenge_on_refresh_is_an_error():
    error = failure(refresh_token_auth(CLIENT, "alice", OLD, read_token), ok({"ChallengeName": "SMS_MFA"}))
    assert (error.kind, error.outcome) == (wire.CHALLENGE_UNANSWERED, Outcome.CHALLENGED)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "AuthenticationResult": json_values
        | st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("AccessToken", "IdToken", "RefreshToken", "ExpiresIn"), json_values)
        ),
        "ChallengeName": json_values | st.just("NEW_PASSWORD_REQUIRED"),
        "ChallengeParameters": json_values
        | st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("requiredAttributes", "userAttributes", "USER_ID_FOR_SRP"), json_values | json_values.map(json.dumps)
            ),
        ),
        "Session": json_values,
        "__type": json_values | st.just(PASSWORD),
        "message": json_values | st.just(f"no {PASSWORD}, no {CLIENT_SECRET}"),
    },
)
replies = st.builds(
    PlainReply,
    st.sampled_from([200, 200, 200, 204, 301, 400, 403, 429, 500, 503]),
    st.dictionaries(st.sampled_from(["x-amzn-errortype", "content-type"]), st.text(max_size=20)),
    st.one_of(
        st.binary(max_size=40), documents.map(lambda document: json.dumps(document).encode()), st.just(b"[" * 100_000)
    ),
)


@given(
    conversation=st.lists(replies, min_size=15, max_size=15),
    account=st.sampled_from([ALICE, NEWCOMER]),
    client=st.sampled_from([CLIENT, SECRET_CLIENT]),
    is_refresh=st.booleans(),
)
def test_no_reply_makes_a_flow_raise_anything_but_a_login_error(conversation, account, client, is_refresh):
    """And whatever it says, it says without secrets, in a line that every terminal can print."""
    flow = (
        refresh_token_auth(client, account.username, OLD, read_token)
        if is_refresh
        else user_password_auth(client, account, read_token)
    )
    error = tokens = None
    try:
        tokens, _ = play(flow, *conversation)
    except LoginError as raised:
        error = raised
    if error is None:
        assert tokens.access_token
        assert tokens.expires_in_s >= 1
        return
    said = error.message.removeprefix(error.kind) + error.hint
    assert not any(secret in said for secret in (PASSWORD, NEW_PASSWORD, CLIENT_SECRET))
    assert f"{error}{error.hint}".isprintable()
    assert Outcome(error.outcome).is_failure


def test_flows_are_named_as_aws_names_them():
    """All but OAuth's, which is none of InitiateAuth's."""
    model = Session().get_service_model("cognito-idp")
    assert set(FLOWS) - {"client_credentials"} <= set(model.shape_for("AuthFlowType").enum)


def test_what_is_sent_fits_the_service_model():
    model = Session().get_service_model("cognito-idp")
    flow = user_password_auth(SECRET_CLIENT, NEWCOMER, read_token)
    _, calls = play(flow, ok(new_password_required()), ok(GRANTED))
    for call in calls:
        shape = model.operation_model(call.operation).input_shape
        assert set(shape.required_members) <= set(body(call)) <= set(shape.members)


def test_secrets_stay_out_of_repr_and_str():
    challenge = Challenge("NEW_PASSWORD_REQUIRED", {"userAttributes": PASSWORD}, SESSION)
    flow = user_password_auth(SECRET_CLIENT, NEWCOMER, read_token)
    call = next(flow)
    for value in (SECRET_CLIENT, NEWCOMER, challenge, flow, call, ok(GRANTED)):
        for text in (repr(value), str(value)):
            assert not any(secret in text for secret in (PASSWORD, NEW_PASSWORD, CLIENT_SECRET, SESSION))
