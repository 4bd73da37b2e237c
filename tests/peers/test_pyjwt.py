"""The sandbox's tokens, verified as an API does it with PyJWKClient, and its API called with them."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import jwt
import pytest

pytestmark = pytest.mark.peers

PASSWORD = "Sample-Password-1!"


@pytest.fixture
def tokens(aws, client_id, username):
    values = {"USERNAME": username, "PASSWORD": PASSWORD}
    answer = aws.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", ClientId=client_id, AuthParameters=values)
    return answer["AuthenticationResult"]


def test_the_published_keys_verify_both_tokens(sandbox, pool_id, client_id, tokens):
    keys = jwt.PyJWKClient(f"{sandbox.endpoint}/{pool_id}/.well-known/jwks.json")
    issuer = f"https://cognito-idp.{sandbox.region}.amazonaws.com/{pool_id}"
    access_key = keys.get_signing_key_from_jwt(tokens["AccessToken"])
    id_key = keys.get_signing_key_from_jwt(tokens["IdToken"])
    assert access_key.key_id != id_key.key_id
    access = jwt.decode(tokens["AccessToken"], access_key, algorithms=["RS256"], issuer=issuer)
    identity = jwt.decode(tokens["IdToken"], id_key, algorithms=["RS256"], issuer=issuer, audience=client_id)
    assert access["sub"] == identity["sub"]
    assert jwt.get_unverified_header(tokens["AccessToken"]).keys() == {"kid", "alg"}


def test_the_published_keys_say_what_verifiers_ask_for(sandbox, pool_id):
    keys = jwt.PyJWKClient(f"{sandbox.endpoint}/{pool_id}/.well-known/jwks.json").fetch_data()["keys"]
    assert [sorted(key) for key in keys] == [["alg", "e", "kid", "kty", "n", "use"]] * 2
    assert [(key["alg"], key["kty"], key["use"]) for key in keys] == [("RS256", "RSA", "sig")] * 2


def test_the_issuer_document_names_issuer_and_keys(sandbox, pool_id):
    connection = HTTPConnection(urlsplit(sandbox.endpoint).netloc, timeout=10)
    connection.request("GET", f"/{pool_id}/.well-known/openid-configuration")
    document = json.load(connection.getresponse())
    connection.close()
    issuer = f"https://cognito-idp.{sandbox.region}.amazonaws.com/{pool_id}"
    assert (document["issuer"], document["jwks_uri"]) == (issuer, f"{issuer}/.well-known/jwks.json")


@pytest.mark.parametrize("name", ["AccessToken", "IdToken"])
def test_the_api_lets_a_revoked_token_in_because_it_verifies_locally(sandbox, aws, client_id, tokens, name):
    aws.revoke_token(Token=tokens["RefreshToken"], ClientId=client_id)
    connection = HTTPConnection(urlsplit(sandbox.api).netloc, timeout=10)
    connection.request("GET", "/me", headers={"Authorization": f"Bearer {tokens[name]}"})
    response = connection.getresponse()
    assert (response.status, json.load(response)["username"]) == (200, "someone@example.com")
    connection.close()
