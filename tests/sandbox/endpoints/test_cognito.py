"""Cognito's front door, and the server's own count of what came through it."""

from __future__ import annotations

import json

import pytest

from harness.sandbox.http.exchange import Received
from harness.sandbox.launch import assemble
from harness.sandbox.options import Options
from harness.sandbox.sample_accounts import Account

TARGET_PREFIX = "AWSCognitoIdentityProviderService."


@pytest.fixture
def difference(served):
    """What one step adds to the counts."""

    def difference(step):
        before = served.parts.counts.snapshot()
        step()
        after = served.parts.counts.snapshot()
        return {
            name: {
                key: value
                for key, value in after[name].items()
                if value != before[name].get(key, 0 if isinstance(value, int) else {})
            }
            for name in ("arrived", "answered", "logins")
        }

    return difference


def test_logins_are_counted_by_user_also_when_they_fail(served, world, call, difference):
    username = world.new_user()
    counted = difference(lambda: [call(served, world.attempt(username, password)) for password in ("a", "b")])
    assert counted["logins"] == {username: 2}
    assert counted["arrived"].keys() == {"InitiateAuth"}
    assert counted["answered"]["InitiateAuth"]["NotAuthorizedException"] >= 2


def test_a_refresh_is_no_login(served, world, call, difference):
    values = {"REFRESH_TOKEN": world.sign_in("plain")["RefreshToken"]}
    parameters = {"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": world.client_id, "AuthParameters": values}
    counted = difference(lambda: call(served, world.call_of("InitiateAuth", parameters)))
    assert counted["logins"] == {}
    assert counted["arrived"].keys() == {"InitiateAuth"}


def test_what_names_no_operation_is_counted_apart(served, world, call, difference):
    counted = difference(lambda: call(served, world.attempt("plain", target="Nonsense")))
    assert (counted["arrived"].keys(), counted["answered"].keys()) == ({"UnknownTarget"}, {"UnknownTarget"})


def test_an_operation_that_the_sandbox_lacks_is_said_so(served, world, call):
    parameters = {"AccessToken": "a.b.c"}
    reply = call(served, world.call_of("DeleteUser", parameters))
    assert (reply.status, reply.kind) == (400, "UnknownOperationException")
    assert "DeleteUser" in reply.message


def test_a_request_is_refused_for_its_signature_before_its_content(served, world, call):
    reply = call(served, world.call_of("AdminGetUser", {}, is_signed=False))
    assert reply.kind == "MissingAuthenticationTokenException"


def test_a_wrong_signature_is_refused_where_none_is_needed(served, world, raw):
    reply = raw(served, world.attempt("plain", is_signed=True, credentials={"secret_access_key": "wrong"}))
    assert reply.kind == "InvalidSignatureException"
    assert raw(served, world.attempt("plain", is_signed=True)).status == 200


def test_a_demanded_signature_is_demanded_of_initiate_auth(serve_with, new_world, raw):
    served = serve_with(requires_signature=True)
    world = new_world(served)
    assert raw(served, world.attempt("plain")).kind == "MissingAuthenticationTokenException"
    reply = raw(served, world.attempt("plain", is_signed=True))
    assert reply.status == 200
    token = reply.document["AuthenticationResult"]["AccessToken"]
    assert raw(served, world.call_of("GetUser", {"AccessToken": token})).status == 200


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"{", b"\xff", b"[" * 100_000])
def test_only_a_json_object_is_a_request(served, world, raw, body):
    reply = raw(served, world.attempt("plain", body=body))
    assert (reply.status, reply.kind) == (400, "SerializationException")


def test_a_message_in_a_header_stays_one_line_of_ascii(served, world, raw):
    """Values from the request that a message repeats cannot end the header, or stop the answer."""
    parameters = {"UserPoolId": "é\r\nX-Made-Up: 1", "Username": "plain"}
    reply = raw(served, world.call_of("AdminGetUser", parameters))
    assert reply.kind == "InvalidParameterException"
    assert "x-made-up" not in reply.headers
    assert "'???X-Made-Up: 1'" in reply.headers["x-amzn-errormessage"]
    assert "'é\r\nX-Made-Up: 1'" in reply.message


def test_half_a_character_is_answered_too(served, world, raw):
    r"""JSON can hold \ud800, which no encoding can write."""
    body = b'{"UserPoolId": "\\ud800", "Username": "plain"}'
    assert raw(served, world.call_of("AdminGetUser", {}, body=body)).kind == "InvalidParameterException"
    attempt = world.attempt("plain")
    body = json.dumps(attempt.parameters).replace('"plain"', '"\\\\ud800"').encode()
    assert raw(served, world.call_of("InitiateAuth", {}, body=body)).kind == "NotAuthorizedException"


def test_a_fault_of_the_sandbox_is_an_internal_error_and_tells_no_secret(capsys):
    """Its place goes to standard error; what the request held goes nowhere."""
    parts = assemble(Options(), [Account("plain", "Hidden-Password-1!")], pause=lambda: None)

    def explode(parameters):
        raise RuntimeError(str(parameters))

    service = parts.application._service
    service._operations = {"InitiateAuth": explode}
    headers = {"x-amz-target": f"{TARGET_PREFIX}InitiateAuth"}
    body = b'{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"c","AuthParameters":{"PASSWORD":"Hidden-Password-1!"}}'
    response = service.answer(Received("POST", "/", "", headers, body))
    said = capsys.readouterr()
    assert response.status == 500
    assert b"InternalErrorException" in response.body
    assert "InitiateAuth failed with RuntimeError at " in said.err
    assert all("Hidden" not in text for text in (said.out, said.err, response.body.decode()))


def test_the_answer_is_counted_when_it_leaves_and_the_arrival_before():
    """A client that goes away while its answer is held back has still arrived."""
    seen = []
    parts = assemble(Options(), [], pause=lambda: seen.append(parts.counts.snapshot()))
    headers = {"x-amz-target": f"{TARGET_PREFIX}GetUser"}
    parts.application.answer(Received("POST", "/", "", headers, b"{}"))
    assert [(counted["arrived"], counted["answered"]) for counted in seen] == [({"GetUser": 1}, {})]
    assert parts.counts.snapshot()["answered"] == {"GetUser": {"InvalidParameterException": 1}}


def test_nothing_that_is_kept_shows_a_secret():
    accounts = [Account("plain", "Hidden-Password-1!")]
    parts = assemble(Options(has_client_secret=True, has_session_token=True), accounts, pause=lambda: None)
    identity = parts.identity
    secrets = (
        "Hidden",
        identity.client_secret,
        identity.access_key.secret_access_key,
        identity.access_key.session_token,
    )
    directory = parts.application._directory
    user = directory.pool(identity.user_pool_id).user("plain")
    shown = f"{parts!r} {identity!r} {directory.client(identity.client_id)!r} {user!r} {user.verifier!r} {accounts!r}"
    assert [secret for secret in secrets if secret in shown] == []
