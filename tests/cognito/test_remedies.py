"""Every error that can be met has a cause and a remedy, and one row in a table."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from harness.cognito import wire
from harness.cognito.flows import FLOWS, Account, AppClient
from harness.cognito.remedies import ROWS, lookup, short
from harness.cognito.wire import PlainReply, ServiceError
from harness.errors import LoginError

VECTORS = Path(__file__).parents[1] / "vectors" / "cognito_errors.csv"
CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"
OTHER_ID = "7aaaaaaaaaaaaaaaaaaaaaaaaa"


def errors_of_the_table(client_id: str) -> list[ServiceError]:
    """Every row of the committed table, as it arrives: read from a reply."""
    with VECTORS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    errors = []
    for row in rows:
        document = {"__type": row["type"], "message": row["message"].replace("{client_id}", client_id)}
        error = wire.read(PlainReply(int(row["status"]), {}, json.dumps(document).encode() if row["type"] else b""))
        assert isinstance(error, ServiceError)
        errors.append(error)
    return errors


TABLE = errors_of_the_table(CLIENT_ID)
ids = [f"{error.kind} {error.message}"[:60] for error in TABLE]


@pytest.mark.parametrize("error", TABLE, ids=ids)
def test_every_error_of_the_table_has_a_remedy(error):
    assert lookup(error.kind, error.message) is not None


def test_no_two_errors_of_the_table_share_a_remedy():
    """A remedy for everything is a remedy for nothing."""
    found = [lookup(error.kind, error.message) for error in TABLE]
    assert len(set(found)) == len(TABLE)


@pytest.mark.parametrize("kind", ["NotAuthorizedException", "InvalidParameterException"])
def test_no_error_of_the_table_gets_the_remedy_for_any_other_message(kind):
    last_resort = lookup(kind, "words that nobody knows")
    assert last_resort is not None
    assert last_resort not in [lookup(error.kind, error.message) for error in TABLE if error.kind == kind]


@pytest.mark.parametrize("error", TABLE, ids=ids)
def test_what_the_table_shows_leads_to_the_same_remedy(error):
    """The closing summary looks up what the failures table shows, with the kind before it or without."""
    shown = short(error.kind, error.message)
    expected = lookup(error.kind, error.message)
    assert lookup(error.kind, shown) == expected
    assert lookup(error.kind, shown.partition(": ")[2]) == expected
    assert short(error.kind, shown) == shown


@pytest.mark.parametrize(
    ("kind", "message", "cause", "remedy"),
    [
        ("UnrecognizedClientException", "The security token …", ["access key", "expired"], ["credentials", "chain"]),
        (
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided.",
            ["secret access key", "region", "service", "clock"],
            ["`cognito-idp`", "region", "clock"],
        ),
        (
            "InvalidParameterException",
            "USER_PASSWORD_AUTH flow not enabled for this client",
            ["app client"],
            ["ALLOW_USER_PASSWORD_AUTH", "dev or staging", "another --cognito-flow"],
        ),
        (
            "NotAuthorizedException",
            "Incorrect username or password.",
            ["password is wrong", "no such user"],
            ["users file", "pool"],
        ),
        (wire.MISSING_TARGET, "400 with an empty body", ["X-Amz-Target"], ["proxy", "Cognito endpoint"]),
        (
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
            ["signed", "reference"],
            ["credential chain"],
        ),
        ("UserNotConfirmedException", "User is not confirmed.", ["never confirmed"], ["AdminConfirmSignUp", "console"]),
    ],
)
def test_the_seven_common_faults_are_explained(kind, message, cause, remedy):
    found = lookup(kind, message)
    assert found is not None
    assert all(word in found.cause for word in cause)
    assert all(word in found.remedy for word in remedy)


@pytest.mark.parametrize("operation", ["InitiateAuth", "RespondToAuthChallenge", "GetTokensFromRefreshToken"])
def test_every_error_that_the_service_model_lists_has_a_remedy(operation):
    model = Session().get_service_model("cognito-idp").operation_model(operation)
    assert [shape.name for shape in model.error_shapes if lookup(shape.name) is None] == []


@pytest.mark.parametrize(
    "kind",
    [
        *(wire.MISSING_TARGET, wire.NOT_COGNITO, wire.CHALLENGE_UNANSWERED, wire.MISSING_TOKEN),
        *("TransportError", "ConnectError", "TimedOutError", "ProtocolError"),
    ],
)
def test_our_own_errors_have_remedies_too(kind):
    assert lookup(kind) is not None
    assert lookup(kind, "words that nobody knows") is not None


@pytest.mark.parametrize(
    ("kind", "message", "word"),
    [
        ("ConnectError", "connection refused", "Nothing listens"),
        ("ConnectError", "host unreachable", "no route"),
        ("ConnectError", "too many open files", "file descriptors"),
        ("ConnectError", "not connected", "No connection"),
        ("ConnectError", "name not resolved", "host name"),
        ("ConnectError", "closed during the TLS handshake", "no TLS session"),
        ("ConnectError", "TLS handshake failed: wrong version number", "no TLS session"),
        ("ConnectError", "TLS certificate not trusted: self-signed certificate in certificate chain", "CA"),
        ("ConnectError", "TLS certificate is for another host", "another host"),
        ("ConnectError", "the proxy refused the connection (HTTP 403)", "HTTPS_PROXY"),
        ("TimedOutError", "no connection within 10 s", "did not take the connection"),
        ("TimedOutError", "no answer within 30 s", "answer did not come"),
        ("ProtocolError", "the answer is longer than 1048576 bytes", "larger"),
        ("ProtocolError", "closed in the middle of the answer", "dropped"),
        ("ProtocolError", "the answer is not HTTP", "not HTTP"),
        ("TransportError", "reset by peer after the request was sent", "connection broke"),
        ("TransportError", "TLS failed after the request was sent", "TLS session broke"),
        ("TransportError", "closed from this side before the answer", "generator closed"),
    ],
)
def test_what_the_transport_says_is_told_apart_and_shown_as_it_is(kind, message, word):
    found = lookup(kind, message)
    assert found is not None
    assert word in found.cause
    assert short(kind, message) == f"{kind}: {message}"


@pytest.mark.parametrize(
    ("kind", "message", "word"),
    [
        (wire.MISSING_TOKEN, "the login brought no id token", "access token only"),
        (wire.NOT_COGNITO, "ExpiresIn is not a number of seconds", "seconds"),
        ("InvalidSignatureException", "Signature expired: 20261123T201530Z is now earlier than 20261123T…", "clock"),
        ("NotAuthorizedException", "incorrect Username or password", "password is wrong"),
        ("InvalidParameterException", "2 validation errors detected: Value at\n'x'; …", "service model"),
        ("InvalidParameterException", "USER_AUTH flow not enabled for this client", "--cognito-flow"),
        ("InvalidParameterException", "Missing required parameter SRP_A", "was not sent"),
        ("InvalidParameterException", "1 validation error detected: Value at 'x' failed to …", "service model"),
    ],
)
def test_messages_are_told_apart(kind, message, word):
    found = lookup(kind, message)
    assert found is not None
    assert word in found.cause


def test_an_unknown_error_has_no_remedy():
    assert lookup("SomethingNewException", "It is new.") is None


@pytest.mark.parametrize("hidden", [CLIENT_ID, "alice", "a b"])
def test_messages_that_name_a_client_match_by_pattern(hidden):
    message = f"Client {hidden} is configured with secret but SECRET_HASH was not received"
    found = lookup("NotAuthorizedException", message)
    assert found is not None
    assert "COGNITO_CLIENT_SECRET" in found.remedy


def test_no_row_of_the_failures_table_depends_on_the_client():
    one, other = errors_of_the_table(CLIENT_ID), errors_of_the_table(OTHER_ID)
    assert [short(e.kind, e.message) for e in one] == [short(e.kind, e.message) for e in other]


@pytest.mark.parametrize("error", TABLE, ids=ids)
def test_nothing_of_what_cognito_says_is_hidden_but_the_client(error):
    text = short(error.kind, error.message).removeprefix(error.kind).removeprefix(": ")
    assert error.message.replace(CLIENT_ID, "…").startswith(text)
    assert bool(text) == bool(error.message)


def test_different_errors_stay_different_rows():
    assert len({short(error.kind, error.message) for error in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        (
            "NotAuthorizedException",
            "Incorrect username or password.",
            "NotAuthorizedException: Incorrect username or password.",
        ),
        (
            "ResourceNotFoundException",
            f"User pool client {CLIENT_ID} does not exist.",
            "ResourceNotFoundException: User pool client … does not exist.",
        ),
        (
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your …",
            "InvalidSignatureException: The request signature we calculated does not match the signature you provided",
        ),
        ("SerializationException", "", "SerializationException"),
        ("UserLambdaValidationException", "alice@example.com!", "UserLambdaValidationException"),
        (
            "SomethingNewException",
            "User alice: invalid token\nat line 5",
            "SomethingNewException: User … invalid token",
        ),
    ],
)
def test_a_short_text_is_cognitos_own_as_far_as_it_is_nobodys_in_particular(kind, message, expected):
    assert short(kind, message) == expected


names = st.from_regex(r"[a-z]{2,4}\d{3}[a-z]{0,4}(@example\.com)?", fullmatch=True)


@given(one=names, other=names, kind=st.sampled_from([e.kind for e in TABLE if e.kind != wire.MISSING_TARGET]))
def test_two_users_never_make_two_rows(one, other, kind):
    """Whatever Cognito or a trigger says about a user by name, quoted or not."""
    template = "Lambda said: user {} ('{}') was seen by {}, go away"
    assert short(kind, template.replace("{}", one)) == short(kind, template.replace("{}", other))


@given(kind=st.text(max_size=10) | st.sampled_from([row.kind for row in ROWS]), message=st.text())
def test_a_short_text_is_one_line_of_bounded_length(kind, message):
    text = short(kind, message)
    assert text.startswith(kind)
    assert "\n" not in text.removeprefix(kind)
    assert len(text) <= len(kind) + 2 + 160


def test_an_unanswered_challenge_is_shown_by_its_name():
    flow = FLOWS["USER_PASSWORD_AUTH"](AppClient(CLIENT_ID), Account("alice", "Corr3ct"), lambda _: "")
    next(flow)
    with pytest.raises(LoginError) as failed:
        flow.send(PlainReply(200, {}, b'{"ChallengeName":"NEW_PASSWORD_REQUIRED"}'))
    error = failed.value
    assert short(error.kind, error.message).startswith("ChallengeUnanswered: NEW_PASSWORD_REQUIRED: ")
    found = lookup(error.kind, error.message)
    assert found is not None
    assert "`new_password`" in found.remedy


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.kind} {row.says}"[:50] for row in ROWS])
def test_cause_and_remedy_are_one_sentence_each(row):
    for sentence in (row.cause, row.remedy):
        assert re.fullmatch(r"[A-Z][^\n]*\.", sentence)
        assert ". " not in sentence


def test_no_row_hides_behind_an_earlier_one():
    """Each row is found by what its own first spelling shows."""
    for row in ROWS:
        said = row.says.partition("|")[0].replace("{}", "X")
        found = lookup(row.kind, said)
        assert found is not None
        assert (found.cause, found.remedy) == (row.cause, row.remedy), row
