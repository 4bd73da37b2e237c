"""What happens once: keys, tokens, accounts and the clock; and the control port that it is ordered on."""

from __future__ import annotations

import email.utils
import http.client
import json
from urllib.parse import urlsplit

import pytest

PASSWORD = "Sample-Password-1!"


@pytest.fixture
def served(serve_with):
    """A sandbox of the test's own: what happens here would harm others."""
    return serve_with()


@pytest.fixture
def fault(served):
    def fault(kind, **members):
        assert served.ask_control("POST", "/faults", json.dumps({"fault": kind, **members}).encode()) == (204, None)

    return fault


@pytest.fixture
def get(served):
    """Status and document of a GET with a token, and the Date it came with."""

    def get(path, token=""):
        connection = http.client.HTTPConnection(urlsplit(served.endpoint).netloc, timeout=30)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        get.date = email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
        return answer.status, json.loads(content) if content else None

    return get


def refresh(world, tokens):
    values = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    return world.admin.initiate_auth(AuthFlow="REFRESH_TOKEN_AUTH", ClientId=world.client_id, AuthParameters=values)


def test_challenges_that_wait_for_an_answer_expire_and_later_ones_do_not(world, fault):
    def ask():
        values = {"USERNAME": "plain"}
        start = world.admin.initiate_auth(AuthFlow="CUSTOM_AUTH", ClientId=world.client_id, AuthParameters=values)
        one, other = start["ChallengeParameters"]["question"].split(" + ")
        return {
            "ChallengeName": "CUSTOM_CHALLENGE",
            "ClientId": world.client_id,
            "Session": start["Session"],
            "ChallengeResponses": {"USERNAME": "plain", "ANSWER": str(int(one) + int(other))},
        }

    answer = ask()
    fault("expire-sessions")
    answer_it = world.admin.respond_to_auth_challenge
    assert world.refused(answer_it, **answer)[1] == "Invalid session for the user, session is expired."
    assert "AccessToken" in answer_it(**ask())["AuthenticationResult"]
    fault("replay", on="RespondToAuthChallenge", times=1)
    assert world.refused(answer_it, **ask())[1] == "Invalid session for the user, session can only be used once."


def test_rotated_keys_void_access_tokens_and_leave_refresh_tokens(world, fault, get):
    old = world.sign_in("plain")
    assert get("/me", old["AccessToken"])[0] == 200
    before = get(f"/{world.pool_id}/.well-known/jwks.json")[1]
    fault("rotate-keys")
    assert get("/me", old["AccessToken"])[0] == 401
    new = refresh(world, old)["AuthenticationResult"]
    assert get("/me", new["AccessToken"])[0] == 200
    after = get(f"/{world.pool_id}/.well-known/jwks.json")[1]
    assert {key["kid"] for key in before["keys"]}.isdisjoint(key["kid"] for key in after["keys"])


@pytest.mark.parametrize("whom", [{}, {"user": "plain"}])
def test_revoked_tokens_cannot_be_refreshed_and_new_ones_can(world, fault, get, whom):
    old = world.sign_in("plain")
    fault("revoke", **whom)
    assert world.refused(refresh, world=world, tokens=old) == ("NotAuthorized", "Refresh Token has been revoked")
    assert get("/me", old["AccessToken"])[0] == 200, "an API that verifies locally cannot know"
    refresh(world, world.sign_in("plain"))


def test_revoking_one_users_tokens_leaves_the_others(world, fault):
    other = world.new_user()
    tokens = world.sign_in(other)
    fault("revoke", user="plain")
    refresh(world, tokens)


def test_expired_refresh_tokens_stay_expired_and_new_ones_work(world, fault):
    old = world.sign_in("plain")
    fault("expire-refresh")
    assert world.refused(refresh, world=world, tokens=old) == ("NotAuthorized", "Refresh Token has expired")
    refresh(world, world.sign_in("plain"))


def test_a_disabled_account_is_refused_until_it_is_enabled(world, fault):
    tokens = world.sign_in("plain")
    fault("disable", user="plain")
    assert world.refused(refresh, world=world, tokens=tokens)[1] == "User is disabled."
    assert world.refused(world.try_password, username="plain")[1] == "User is disabled."
    fault("enable", user="plain")
    refresh(world, tokens)
    world.sign_in("plain")


@pytest.mark.parametrize("skew_s", [1200, -1200])
def test_a_skewed_clock_shows_in_dates_and_tokens_and_refuses_signatures(world, served, fault, get, raw, skew_s):
    get("/me")
    now = get.date
    fault("clock-skew", time_s=skew_s)
    get("/me")
    assert get.date - now == pytest.approx(skew_s, abs=60)
    signed = world.attempt("plain", is_signed=True)
    assert raw(served, signed).kind == "InvalidSignatureException"
    assert served.ask_control("DELETE", "/faults") == (204, None)
    assert raw(served, signed).status == 200


def test_a_key_set_that_is_down_harms_those_who_have_not_got_it(world, fault, get):
    """An API that knows the key needs no key set; after a rotation it cannot verify anybody."""
    tokens = world.sign_in("plain")
    assert get("/me", tokens["AccessToken"])[0] == 200
    fault("jwks-down")
    assert get(f"/{world.pool_id}/.well-known/jwks.json")[0] == 503
    assert get("/me", tokens["AccessToken"])[0] == 200
    assert get("/me", world.sign_in("plain")["AccessToken"])[0] == 200
    fault("rotate-keys")
    assert get("/me", world.sign_in("plain")["AccessToken"]) == (503, {"error": "the token's key cannot be fetched"})


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("503", 503), ("throttle", 429), ("html", 502)])
def test_the_api_fails_in_its_own_words(world, fault, get, kind, status, served):
    token = world.sign_in("plain")["AccessToken"]
    fault(kind, on="GET /me", times=1)
    if kind == "html":
        with pytest.raises(json.JSONDecodeError):
            get("/me", token)
    else:
        assert get("/me", token)[0] == status
    assert get("/me", token)[0] == 200
    counted = served.parts.counts.snapshot()["answered"]["GET /me"]
    assert counted == {"html" if kind == "html" else str(status): 1, "ok": 1}


class TestTheControlPort:
    def test_without_the_token_nothing_is_told_or_done(self, served):
        for method, path in (("GET", "/counts"), ("GET", "/faults"), ("POST", "/faults"), ("DELETE", "/faults")):
            status, said = served.ask_control(method, path, b'{"fault": "500"}', token="guessed")
            assert (status, "control_token" in said["error"]) == (401, True)
        assert served.ask_control("GET", "/faults") == (200, {"faults": []})

    def test_faults_are_told_and_lifted(self, served, fault):
        fault("drip", time_s=2)
        assert served.ask_control("GET", "/faults") == (200, {"faults": [{"fault": "drip", "time_s": 2}]})
        assert served.ask_control("DELETE", "/faults") == (204, None)
        assert served.ask_control("GET", "/faults") == (200, {"faults": []})

    @pytest.mark.parametrize(
        ("order", "reason"),
        [
            (b"no json", ""),
            (b'{"fault": "plague"}', "'fault' is 'plague'"),
            (b'{"fault": "disable", "user": "nobody"}', "there is no user 'nobody'"),
        ],
    )
    def test_what_cannot_be_ordered_is_refused_with_the_reason(self, served, order, reason):
        status, said = served.ask_control("POST", "/faults", order)
        assert (status, reason in said["error"]) == (400, True)

    @pytest.mark.parametrize(
        ("method", "path", "status"), [("POST", "/counts", 405), ("PUT", "/faults", 405), ("GET", "/", 404)]
    )
    def test_nothing_else_is_there(self, served, method, path, status):
        assert served.ask_control(method, path) == (status, None)

    def test_faults_of_the_public_port_do_not_reach_it(self, served, fault):
        fault("500", on="all")
        assert served.ask_control("GET", "/counts")[0] == 200
