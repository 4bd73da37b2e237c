"""What is in tokens, who can check them, and machines' tokens."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64decode
from typing import Any
from urllib.parse import urlencode

from bench.fidelity.place import Place, Told
from bench.fidelity.probe import behaviour, same, true

SHARED = {"sub", "origin_jti", "event_id", "auth_time"}
BOTH = SHARED | {"iss", "token_use", "exp", "iat", "jti"}
ACCESS = BOTH | {"client_id", "scope", "username"}
IDENTITY = BOTH | {"aud", "cognito:username", "email"}
POOL_ID = re.compile(r"[a-z]{2}-[a-z]+-\d_[A-Za-z0-9]+")
CLAIMS = "peers/test_boto3.py::test_the_claims_are_those_of_cognito"


def _part(token: str, number: int) -> dict[str, Any]:
    part = token.split(".")[number]
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


def _claims(token: str) -> dict[str, Any]:
    return _part(token, 1)


@behaviour(
    "Access and id tokens are RS256, with kid and alg alone in the header, each kind by a key of its own",
    "peers/test_pyjwt.py::test_the_published_keys_verify_both_tokens",
)
def headers(place: Place) -> None:
    tokens = place.tokens(place.user())
    access, identity = (_part(tokens[name], 0) for name in ("AccessToken", "IdToken"))
    same([sorted(access), sorted(identity)], [["alg", "kid"]] * 2, "headers")
    same((access["alg"], identity["alg"]), ("RS256", "RS256"), "alg")
    true(access["kid"] != identity["kid"], "one key for both")


@behaviour("An access token has Cognito's claims: client_id, username, scope; no aud", CLAIMS)
def access_token(place: Place) -> None:
    claims = _claims(place.tokens(username := place.user())["AccessToken"])
    same(sorted(ACCESS - claims.keys()), [], "missing")
    true("aud" not in claims, "has an aud")
    found = (claims["token_use"], claims["scope"], claims["username"], claims["client_id"])
    same(found, ("access", "aws.cognito.signin.user.admin", username, place.app.id), "claims")


@behaviour("An id token has aud, cognito:username and the attributes; no client_id, username or scope", CLAIMS)
def id_token(place: Place) -> None:
    claims = _claims(place.tokens(username := place.user())["IdToken"])
    same(sorted(IDENTITY - claims.keys()), [], "missing")
    same(sorted({"client_id", "username", "scope"} & claims.keys()), [], "too many")
    found = (claims["token_use"], claims["aud"], claims["cognito:username"], claims["email"])
    same(found, ("id", place.app.id, username, username), "claims")


@behaviour("Both share sub, origin_jti, event_id and auth_time, and differ in jti", CLAIMS)
def shared_claims(place: Place) -> None:
    tokens = place.tokens(place.user())
    access, identity = _claims(tokens["AccessToken"]), _claims(tokens["IdToken"])
    same(sorted(name for name in SHARED if name not in access or access[name] != identity.get(name)), [], "not shared")
    true(access.get("jti") != identity.get("jti"), "one jti for both")


@behaviour("ExpiresIn is a number, an hour by default, and so far is exp from iat", CLAIMS)
def lives(place: Place) -> None:
    tokens = place.tokens(place.user())
    same(tokens["ExpiresIn"], 3600, "ExpiresIn")
    for name in ("AccessToken", "IdToken"):
        claims = _claims(tokens[name])
        same(claims["exp"] - claims["iat"], 3600, name)


@behaviour("A refresh token has five parts", "peers/test_boto3.py::test_a_password_is_exchanged_for_three_tokens")
def refresh_token(place: Place) -> None:
    same(place.tokens(place.user())["RefreshToken"].count("."), 4, "dots")


@behaviour("iss is Amazon's URL also here, and pool ids look like `us-east-1_AbC123xyz`", CLAIMS)
def issuer(place: Place) -> None:
    true(POOL_ID.fullmatch(place.pool_id), f"a pool id {place.pool_id}")
    expected = f"https://cognito-idp.{place.region}.amazonaws.com/{place.pool_id}"
    same(_claims(place.tokens(place.user())["AccessToken"])["iss"], expected, "iss")


@behaviour(
    "The key set has both keys, with kty, alg, use, kid, n and e",
    "peers/test_pyjwt.py::test_the_published_keys_say_what_verifiers_ask_for",
)
def key_set(place: Place) -> None:
    keys = place.ask({}, method="GET", path=f"/{place.pool_id}/.well-known/jwks.json").document["keys"]
    tokens = place.tokens(place.user())
    kids = {_part(tokens[name], 0)["kid"] for name in ("AccessToken", "IdToken")}
    same(sorted(kids - {key["kid"] for key in keys}), [], "keys that are not published")
    for key in keys:
        same(sorted({"kty", "alg", "use", "kid", "n", "e"} - key.keys()), [], "missing")


@behaviour(
    "A refresh keeps origin_jti and auth_time, and gives no refresh token",
    "peers/test_boto3.py::test_a_refresh_keeps_the_sign_in_and_gives_no_refresh_token",
)
def refreshed(place: Place) -> None:
    first = place.tokens(place.user())
    second = place.start("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=first["RefreshToken"])["AuthenticationResult"]
    true("RefreshToken" not in second, "a refresh token came back")
    old, new = _claims(first["AccessToken"]), _claims(second["AccessToken"])
    for name in ("origin_jti", "auth_time"):
        same(new[name], old[name], name)


@behaviour(
    "RevokeToken ends that sign-in's access tokens and no other's",
    "peers/test_boto3.py::test_revoking_a_refresh_token_ends_its_sign_in_and_no_other",
)
def revoked(place: Place) -> None:
    username = place.user()
    ended, kept = place.tokens(username), place.tokens(username)
    place.aws.revoke_token(Token=ended["RefreshToken"], ClientId=place.app.id)
    place.aws.get_user(AccessToken=kept["AccessToken"])
    try:
        place.aws.get_user(AccessToken=ended["AccessToken"])
    except place.aws.exceptions.NotAuthorizedException:
        return
    true(claim=False, otherwise="its access token is taken")


@behaviour(
    "Groups are in both tokens (cognito:groups)",
    "peers/test_boto3_administration.py::test_groups_are_in_the_tokens_the_one_that_wins_first",
)
def groups(place: Place) -> None:
    username = place.user()
    group = f"group-of-{username.partition('@')[0]}"
    place.aws.create_group(UserPoolId=place.pool_id, GroupName=group)
    place.aws.admin_add_user_to_group(UserPoolId=place.pool_id, Username=username, GroupName=group)
    tokens = place.tokens(username)
    for name in ("AccessToken", "IdToken"):
        same(_claims(tokens[name]).get("cognito:groups"), [group], name)


def _machine(place: Place, secret: str | None = None) -> Told:
    """A machine asks for a token, by a wrong secret if one is given."""
    pool_id = place.pool()
    scopes = [{"ScopeName": "read", "ScopeDescription": "read"}]
    place.aws.create_resource_server(UserPoolId=pool_id, Identifier="api", Name="api", Scopes=scopes)
    app = place.client(
        "ALLOW_REFRESH_TOKEN_AUTH",
        pool_id=pool_id,
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["api/read"],
    )
    basic = b64encode(f"{app.id}:{app.secret if secret is None else secret}".encode()).decode()
    fields = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    form = urlencode({"grant_type": "client_credentials", "scope": "api/read"}).encode()
    return place.ask(fields, form, path="/oauth2/token")


@behaviour(
    "client_credentials gives a client a token of its scopes, without a user",
    "sandbox/endpoints/test_token_endpoint.py::test_a_client_gets_an_access_token_of_its_own",
)
def machine(place: Place) -> None:
    told = _machine(place)
    same(told.status, 200, "status")
    same(sorted(told.document), ["access_token", "expires_in", "token_type"], "members")
    claims = _claims(told.document["access_token"])
    found = (claims.get("scope"), claims.get("sub") == claims.get("client_id"), "username" in claims)
    same(found, ("api/read", True, False), "scope, sub is client_id, username")


@behaviour(
    "client_credentials by a wrong secret: 400 invalid_client",
    "sandbox/endpoints/test_token_endpoint.py::test_each_refusal_is_a_400_with_oauth_s_name",
)
def stranger(place: Place) -> None:
    told = _machine(place, "wrong")
    true(told.body.startswith(b"{"), f"HTTP {told.status} without JSON")
    same((told.status, told.document.get("error")), (400, "invalid_client"), "answer")
