"""Renewals, played by `.send()`: by which operation they go, and what the first refusal teaches."""

from __future__ import annotations

import pytest

from harness.cognito.flows.refreshing import REFUSED, ROTATES, Refreshing
from harness.cognito.tokens import Tokens
from harness.cognito.wire import PlainReply
from tests.cognito.test_flows import (
    CLIENT,
    CLIENT_SECRET,
    GRANTED,
    OLD,
    RESULT,
    SECRET_CLIENT,
    body,
    failure,
    ok,
    play,
    read_token,
    refused,
)

OFF = refused("InvalidParameterException", "Auth flow not enabled for this client")


class Renewals:
    """The refreshes of a process, and what it said about them."""

    def __init__(self, way: str) -> None:
        self.said: list[str] = []
        self.refreshing = Refreshing(way, self.said.append)

    def play(self, *replies: PlainReply, client=CLIENT) -> tuple[Tokens, list[str]]:
        tokens, calls = play(self.refreshing.flow(client, "alice", OLD, read_token), *replies)
        return tokens, [call.operation for call in calls]


def test_auto_refreshes_by_initiate_auth_while_that_is_taken():
    renewals = Renewals("auto")
    for _ in range(2):
        assert renewals.play(ok(GRANTED))[1] == ["InitiateAuth"]
    assert renewals.said == []


@pytest.mark.parametrize(
    "no",
    [
        OFF,
        refused("UnsupportedOperationException", "Refresh token rotation is enabled."),
        refused("NotAuthorizedException", "Refresh token rotation is enabled for this client."),
        refused("NotAuthorizedException", "REFRESH_TOKEN_AUTH is not enabled for the client."),
    ],
)
def test_auto_moves_to_the_other_operation_for_good_when_the_client_rotates(no):
    """The refusal and what follows it are one refresh, which works; every later one is one exchange."""
    renewals = Renewals("auto")
    tokens, operations = renewals.play(no, ok(GRANTED))
    assert operations == ["InitiateAuth", "GetTokensFromRefreshToken"]
    assert tokens.refresh_token == "ref"
    assert renewals.play(ok(GRANTED))[1] == ["GetTokensFromRefreshToken"]
    assert renewals.said == [ROTATES]


def test_the_call_that_goes_in_the_place_of_a_refused_one_says_so():
    renewals = Renewals("auto")
    _, calls = play(renewals.refreshing.flow(CLIENT, "alice", OLD, read_token), OFF, ok(GRANTED))
    assert [call.makes_good for call in calls] == ["", REFUSED]


@pytest.mark.parametrize(
    "no",
    [
        refused("NotAuthorizedException", "Invalid Refresh Token."),
        refused("NotAuthorizedException", "Refresh Token has been revoked"),
        refused("NotAuthorizedException", "User is disabled."),
        refused("TooManyRequestsException", "Rate exceeded"),
        refused("InternalErrorException", "", 500),
    ],
)
def test_what_is_wrong_with_one_token_or_one_moment_says_nothing_about_the_client(no):
    renewals = Renewals("auto")
    failure(renewals.refreshing.flow(CLIENT, "alice", OLD, read_token), no)
    assert renewals.refreshing.way == "auto"


def test_initiate_auth_alone_is_never_left():
    renewals = Renewals("initiate-auth")
    error = failure(renewals.refreshing.flow(CLIENT, "alice", OLD, read_token), OFF)
    assert error.kind == "InvalidParameterException"
    assert renewals.play(ok(GRANTED))[1] == ["InitiateAuth"]


def test_never_is_no_refresh():
    assert [Renewals(way).refreshing.is_wanted for way in ("auto", "get-tokens", "never")] == [True, True, False]


def test_get_tokens_sends_the_client_s_secret_itself_and_the_newest_refresh_token():
    """GetTokensFromRefreshToken takes ClientSecret, where REFRESH_TOKEN_AUTH takes SECRET_HASH."""
    flow = Renewals("get-tokens").refreshing.flow(SECRET_CLIENT, "alice", OLD, read_token)
    tokens, [call] = play(flow, ok(GRANTED))
    assert body(call) == {
        "RefreshToken": "old-refresh",
        "ClientId": SECRET_CLIENT.client_id,
        "ClientSecret": CLIENT_SECRET,
    }
    assert tokens.refresh_token == "ref"
    assert "old-refresh" not in repr(call)


def test_a_client_that_does_not_rotate_keeps_its_refresh_token():
    kept = {"AuthenticationResult": {name: value for name, value in RESULT.items() if name != "RefreshToken"}}
    assert Renewals("get-tokens").play(ok(kept))[0].refresh_token == "old-refresh"


def test_a_refusal_repeats_neither_the_secret_nor_the_token():
    flow = Renewals("get-tokens").refreshing.flow(SECRET_CLIENT, "alice", OLD, read_token)
    error = failure(flow, refused("RefreshTokenReuseException", f"old-refresh of {CLIENT_SECRET} was rotated out"))
    assert error.kind == "RefreshTokenReuseException"
    assert "old-refresh" not in str(error)
    assert CLIENT_SECRET not in str(error)
