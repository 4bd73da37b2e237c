"""The protected API, over a socket."""

from __future__ import annotations

import base64
import http.client
import json
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

PASSWORD = "Sample-Password-1!"


@pytest.fixture
def ask(served):
    """One request to the API: status, headers, document."""

    def ask(method, path, token=None, body=None, **headers):
        connection = http.client.HTTPConnection(urlsplit(served.endpoint).netloc, timeout=30)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, json.loads(content or "null")

    return ask


@pytest.fixture
def tokens(world):
    return world.sign_in("plain")


@pytest.mark.parametrize(("name", "use"), [("AccessToken", "access"), ("IdToken", "id")])
def test_it_takes_both_tokens_and_says_whose(ask, world, tokens, name, use):
    status, _, document = ask("GET", "/me", tokens[name])
    assert status == 200
    assert (document["username"], document["token_use"], document["client_id"]) == ("plain", use, world.client_id)


def test_the_orders_are_some_2_kilobytes(ask, tokens):
    status, headers, document = ask("GET", "/orders", tokens["AccessToken"])
    assert (status, headers["content-type"]) == (200, "application/json")
    assert 1800 <= int(headers["content-length"]) <= 2600
    first = document["orders"][0]
    assert ask("GET", f"/orders/{first['id']}", tokens["AccessToken"])[2] == first


def test_a_posted_order_gets_a_number_and_can_be_read(ask, tokens):
    status, headers, order = ask("POST", "/orders", tokens["AccessToken"], body='{"item":"tea"}')
    assert (status, headers["location"]) == (201, f"/orders/{order['id']}")
    assert order["order"] == {"item": "tea"}
    assert ask("GET", headers["location"], tokens["AccessToken"])[2] == order


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/orders/none", None, 404),
        ("GET", "/nothing/here", None, 404),
        ("DELETE", "/orders", None, 404),
        ("POST", "/orders", "no json", 400),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_said_so(ask, tokens, method, path, body, status):
    answered, _, document = ask(method, path, tokens["AccessToken"], body)
    assert answered == status
    assert document["error"]


def test_posted_orders_are_bounded(served, tokens, ask, monkeypatch):
    monkeypatch.setattr("harness.sandbox.endpoints.protected_api.MOST_ORDERS", 3)
    posted = [ask("POST", "/orders", tokens["AccessToken"], body=str(number))[2]["id"] for number in range(5)]
    found = [ask("GET", f"/orders/{order}", tokens["AccessToken"])[0] for order in posted[-3:]]
    assert found == [200, 200, 200]
    assert ask("GET", f"/orders/{posted[0]}", tokens["AccessToken"])[0] == 404


def refusal(ask, token):
    """Why a token is refused: the same in header and body."""
    status, headers, document = ask("GET", "/me", token)
    assert status == 401
    reason = document["error_description"]
    assert document["error"] == "invalid_token"
    assert headers["www-authenticate"] == f'Bearer error="invalid_token", error_description="{reason}"'
    return reason


def forged(tokens, *, key=None, kid=None, **changed):
    """The access token with other claims, signed by a key of nobody's."""
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False}) | changed
    kid = kid or jwt.get_unverified_header(tokens["AccessToken"])["kid"]
    return jwt.encode(claims, key or rsa.generate_private_key(65537, 2048), "RS256", headers={"kid": kid})


def test_no_token_and_no_jwt_are_refused(ask, tokens):
    assert refusal(ask, None) == "the request has no bearer token"
    assert refusal(ask, "NOT_FOUND") == "the token is not a JWT"
    assert refusal(ask, tokens["RefreshToken"]) == "the token is not a JWT"
    assert ask("GET", "/me", Authorization="Basic dTpw")[0] == 401


def test_a_token_that_somebody_else_signed_is_refused(ask, tokens):
    assert refusal(ask, forged(tokens)) == "the signature does not match"
    assert refusal(ask, forged(tokens, kid="another")) == "the token is signed by an unknown key"


def test_a_changed_token_is_refused(ask, tokens):
    header, payload, signature = tokens["AccessToken"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) | {"username": "admin"}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    assert refusal(ask, f"{header}.{payload}.{signature}") == "the signature does not match"


def test_an_unsigned_token_is_refused(ask, tokens):
    kid = jwt.get_unverified_header(tokens["AccessToken"])["kid"]
    unsigned = jwt.encode({"sub": "s"}, None, "none", headers={"kid": kid})
    assert refusal(ask, unsigned) == "the token is malformed (InvalidAlgorithmError)"


@pytest.mark.parametrize("is_known", [False, True])
def test_an_expired_token_is_refused_also_when_it_was_taken_before(served, ask, tokens, is_known):
    if is_known:
        assert ask("GET", "/me", tokens["AccessToken"])[0] == 200
    served.clock.offset_s = 3601
    before = served.parts.counts.snapshot()["refused"].get("the token has expired", 0)
    assert refusal(ask, tokens["AccessToken"]) == "the token has expired"
    assert served.parts.counts.snapshot()["refused"]["the token has expired"] == before + 1


def pool_key(served):
    pool = served.parts.application._directory.pool(served.parts.identity.user_pool_id)
    return pool.keys.access._private_key


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"}, "the issuer is not this user pool"),
        ({"client_id": "another"}, "the token was issued to an unknown client"),
        ({"token_use": "refresh"}, "token_use is 'refresh', this API takes access or id"),
        ({"exp": None}, "the token is malformed (MissingRequiredClaimError)"),
    ],
)
def test_a_token_of_the_right_key_with_wrong_claims_is_refused(served, ask, tokens, changed, reason):
    assert refusal(ask, forged(tokens, key=pool_key(served), **changed)) == reason


def test_an_api_can_insist_on_one_of_the_tokens(serve_with, new_world):
    served = serve_with(api_token_use="id")
    tokens = new_world(served).sign_in("plain")
    connection = http.client.HTTPConnection(urlsplit(served.endpoint).netloc, timeout=30)
    answered = {}
    for name in ("AccessToken", "IdToken"):
        connection.request("GET", "/me", headers={"Authorization": f"Bearer {tokens[name]}"})
        response = connection.getresponse()
        answered[name] = (response.status, json.load(response).get("error_description"))
    connection.close()
    assert answered == {"AccessToken": (401, "token_use is 'access', this API takes id"), "IdToken": (200, None)}


def test_remembered_tokens_are_bounded(served, ask, world, monkeypatch):
    monkeypatch.setattr("harness.sandbox.endpoints.bearer_check.CACHE_SIZE", 2)
    tokens = [world.sign_in("plain")["AccessToken"] for _ in range(4)]
    assert [ask("GET", "/me", token)[0] for token in tokens * 2] == [200] * 8
