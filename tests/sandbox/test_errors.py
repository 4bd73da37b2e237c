"""Every way in which Cognito says no, provoked over a socket by boto3 and by a raw client.

What they have to say is in errors.json, which the sandbox does not read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROWS = json.loads(Path(__file__).with_name("errors.json").read_text("utf-8"))
PROVOKED = [row for row in ROWS if row["case"] != "throttled"]
DAY_S = 24 * 3600
PASSWORD = "Sample-Password-1!"
NEW_PASSWORD = "Another-Password-2?"
SCENARIOS: dict[str, Callable[..., Any]] = {}


def case(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Files a scenario: prepares the world, and returns the attempt that has to fail."""

    def file(scenario: Callable[..., Any]) -> Callable[..., Any]:
        SCENARIOS[name] = scenario
        return scenario

    return file


def admin_get_user(world, **odd):
    return world.call_of("AdminGetUser", {"UserPoolId": world.pool_id, "Username": "plain"}, **odd)


def operation(world, name, **parameters):
    return world.call_of(name, parameters)


def refresh(world, token, **more):
    values = {"REFRESH_TOKEN": token, **more}
    return operation(
        world, "InitiateAuth", AuthFlow="REFRESH_TOKEN_AUTH", ClientId=world.client_id, AuthParameters=values
    )


def challenge_answer(world, session, username, password=NEW_PASSWORD):
    return operation(
        world,
        "RespondToAuthChallenge",
        ClientId=world.client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=session,
        ChallengeResponses={"USERNAME": username, "NEW_PASSWORD": password},
    )


@case("bad password")
def _(world):
    return world.attempt(world.new_user(), "wrong")


@case("unknown user, existence hidden")
def _(world):
    return world.attempt("nobody")


@case("unknown user, legacy")
def _(world):
    world.new_client(PreventUserExistenceErrors="LEGACY")
    return world.attempt("nobody")


@case("locked out")
def _(world):
    username = world.new_user()
    for _ in range(5):
        assert world.refused(world.try_password, username=username, password="wrong")[0] == "NotAuthorized"
    return world.attempt(username)


@case("disabled")
def _(world):
    return world.attempt("disabled")


@case("disabled, wrong password, legacy")
def _(world):
    world.new_client()
    return world.attempt("disabled", "wrong")


@case("disabled, wrong password, existence hidden")
def _(world):
    username = world.new_user()
    world.admin.admin_disable_user(UserPoolId=world.pool_id, Username=username)
    return world.attempt(username, "wrong")


@case("not confirmed")
def _(world):
    return world.attempt("unconfirmed")


@case("reset needed")
def _(world):
    return world.attempt("reset")


@case("temporary password expired")
def _(world):
    username = world.new_user(temporary=True)
    world.served.clock.offset_s = 7 * DAY_S + 1
    return world.attempt(username)


@case("unknown client")
def _(world):
    world.client_id = "nosuchclient"
    return world.attempt("plain")


@case("password flow off")
def _(world):
    world.new_client("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    return world.attempt("plain")


@case("SRP flow off")
def _(world):
    world.new_client()
    values = {"USERNAME": "plain", "SRP_A": "ab12"}
    return operation(world, "InitiateAuth", AuthFlow="USER_SRP_AUTH", ClientId=world.client_id, AuthParameters=values)


def admin_sign_in(world, flow):
    return operation(
        world,
        "AdminInitiateAuth",
        UserPoolId=world.pool_id,
        ClientId=world.client_id,
        AuthFlow=flow,
        AuthParameters={"USERNAME": "plain", "PASSWORD": PASSWORD},
    )


@case("admin flow off")
def _(world):
    world.new_client()
    return admin_sign_in(world, "ADMIN_USER_PASSWORD_AUTH")


@case("admin flow on InitiateAuth")
def _(world):
    values = {"USERNAME": "plain", "PASSWORD": PASSWORD}
    return operation(
        world, "InitiateAuth", AuthFlow="ADMIN_USER_PASSWORD_AUTH", ClientId=world.client_id, AuthParameters=values
    )


@case("user name missing")
def _(world):
    return world.attempt(None)


@case("password missing")
def _(world):
    return world.attempt("plain", None)


@case("secret hash absent")
def _(world):
    world.new_client(GenerateSecret=True)
    return world.attempt("plain")


@case("secret hash absent on refresh")
def _(world):
    token = world.sign_in("plain")["RefreshToken"]
    world.new_client(GenerateSecret=True)
    return refresh(world, token)


@case("secret hash wrong")
def _(world):
    world.new_client(GenerateSecret=True)
    return world.attempt("plain", values={"SECRET_HASH": "bm9wZQ=="})


@case("refresh token bad")
def _(world):
    return refresh(world, "not.a.refresh.token.atall")


@case("refresh token revoked")
def _(world):
    token = world.sign_in("plain")["RefreshToken"]
    world.admin.revoke_token(Token=token, ClientId=world.client_id)
    return refresh(world, token)


@case("refresh token expired")
def _(world):
    token = world.sign_in("plain")["RefreshToken"]
    world.served.clock.offset_s = 30 * DAY_S + 1
    return refresh(world, token)


@case("challenge session expired")
def _(world):
    username = world.new_user(temporary=True)
    session = world.try_password(username)["Session"]
    world.served.clock.offset_s = 3 * 60 + 1
    return challenge_answer(world, session, username)


@case("challenge session unknown")
def _(world):
    return challenge_answer(world, "j" * 40, world.new_user(temporary=True))


@case("challenge session used twice")
def _(world):
    username = world.new_user(temporary=True)
    attempt = challenge_answer(world, world.try_password(username)["Session"], username)
    world.admin.respond_to_auth_challenge(**attempt.parameters)
    return attempt


@case("new password too weak")
def _(world):
    username = world.new_user(temporary=True)
    return challenge_answer(world, world.try_password(username)["Session"], username, "short")


@case("access token revoked")
def _(world):
    token = world.sign_in(world.new_user())["AccessToken"]
    world.admin.global_sign_out(AccessToken=token)
    return operation(world, "GetUser", AccessToken=token)


@case("access token expired")
def _(world):
    token = world.sign_in("plain")["AccessToken"]
    world.served.clock.offset_s = 3601
    return operation(world, "GetUser", AccessToken=token)


@case("firewall")
def _(world):
    world.order_fault("ForbiddenException", "Request not allowed due to WAF block.", 403)
    return world.attempt("plain")


@case("signed, unknown key")
def _(world):
    return admin_get_user(world, credentials={"access_key_id": "AKIAUNKNOWNUNKNOWNUN"})


@case("signed, unexpected session token")
def _(world):
    return admin_get_user(world, credentials={"session_token": "none-was-issued"})


@case("signed, wrong secret")
def _(world):
    return admin_get_user(world, credentials={"secret_access_key": "wrong"})


@case("signed, wrong region")
def _(world):
    return admin_get_user(world, credentials={"region": "eu-central-1"})


@case("signed, wrong service")
def _(world):
    return admin_get_user(world, credentials={"service": "cognito-identity"})


@case("signed, clock 30 minutes behind")
def _(world):
    world.served.clock.offset_s = 30 * 60
    return admin_get_user(world)


@case("signed, clock 30 minutes ahead")
def _(world):
    world.served.clock.offset_s = -30 * 60
    return admin_get_user(world)


@case("signature required and absent")
def _(world):
    return admin_get_user(world, is_signed=False)


@case("no X-Amz-Target")
def _(world):
    return world.attempt("plain", target="")


@case("wrong X-Amz-Target")
def _(world):
    return world.attempt("plain", target="AWSCognitoIdentityProviderService.NoSuchOperation")


@case("body that is not JSON")
def _(world):
    return world.attempt("plain", body=b"AuthFlow=USER_PASSWORD_AUTH")


@case("rotated-out refresh token")
def _(world):
    world.new_client("ALLOW_USER_PASSWORD_AUTH", RefreshTokenRotation={"Feature": "ENABLED"})
    token = world.sign_in("plain")["RefreshToken"]
    parameters = {"RefreshToken": token, "ClientId": world.client_id}
    world.admin.get_tokens_from_refresh_token(**parameters)
    return operation(world, "GetTokensFromRefreshToken", **parameters)


@case("server fault")
def _(world):
    world.order_fault("InternalErrorException", "Something went wrong", 500)
    return world.attempt("plain")


@case("service unavailable")
def _(world):
    world.order_fault("ServiceUnavailableException", "Service is unavailable", 503)
    return world.attempt("plain")


@case("user exists")
def _(world):
    return operation(world, "AdminCreateUser", UserPoolId=world.pool_id, Username="plain")


@case("signed up before")
def _(world):
    return operation(world, "SignUp", ClientId=world.client_id, Username="plain", Password=PASSWORD)


@case("unknown user, admin")
def _(world):
    return operation(world, "AdminEnableUser", UserPoolId=world.pool_id, Username="nobody")


@case("unknown pool")
def _(world):
    return operation(world, "DeleteUserPool", UserPoolId="us-east-1_nosuchpool")


@case("confirmed before")
def _(world):
    return operation(world, "AdminConfirmSignUp", UserPoolId=world.pool_id, Username="plain")


@case("member missing")
def _(world):
    return operation(world, "InitiateAuth", AuthFlow="USER_PASSWORD_AUTH")


@case("member that breaks its pattern")
def _(world):
    return operation(world, "AdminGetUser", UserPoolId="no-pool", Username="plain")


def test_every_row_of_the_table_is_provoked_here():
    assert [row["case"] for row in ROWS if row["case"] not in SCENARIOS] == ["throttled"]
    assert len(ROWS) == len(SCENARIOS) + 1


def test_a_used_up_quota_is_answered_as_in_the_table(call, serve_with, new_world):
    """The row that needs a sandbox of its own."""
    row = next(row for row in ROWS if row["case"] == "throttled")
    served = serve_with(user_authentication_quota=0.001)
    world = new_world(served)
    first, second = (call(served, world.attempt("plain")) for _ in range(2))
    assert (first.status, first.kind) == (200, None)
    assert (second.status, second.kind, second.message) == (row["status"], row["type"], row["message"])


@pytest.mark.parametrize("row", PROVOKED, ids=[row["case"] for row in PROVOKED])
def test_the_answer_is_the_one_in_the_table(row, call, served, world):
    """Type and text in the body, both again in headers, a request id of 36 characters, and readable for a browser."""
    attempt = SCENARIOS[row["case"]](world)
    reply = call(served, attempt)
    assert (reply.status, reply.kind) == (row["status"], row["type"])
    if row["message"] is not None:
        assert reply.message == row["message"].format(client_id=world.client_id)
    assert len(reply.headers["x-amzn-requestid"]) == 36
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["content-type"] == "application/x-amz-json-1.1"
    assert reply.headers.get("x-amzn-errortype") == (f"{row['type']}:" if row["type"] else None)
    assert reply.headers.get("x-amzn-errormessage", "") == reply.message
