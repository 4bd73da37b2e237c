"""pycognito on the sandbox. Of its flows, `admin_authenticate` is the one that sends a password."""

from __future__ import annotations

import json
from urllib.request import urlopen

import pytest
from pycognito import Cognito

pytestmark = pytest.mark.peers

PASSWORD = "Sample-Password-1!"


@pytest.fixture
def cognito(sandbox, pool_id, client_id, username):
    """pycognito, told where the sandbox is, and where Amazon's issuer is."""
    cognito = Cognito(
        pool_id,
        client_id,
        username=username,
        access_key=sandbox.access_key_id,
        secret_key=sandbox.secret_access_key,
        boto3_client_kwargs={"endpoint_url": sandbox.endpoint},
    )
    with urlopen(f"{sandbox.endpoint}/{pool_id}/.well-known/jwks.json", timeout=10) as answer:  # noqa: S310  # its own loopback URL
        cognito.pool_jwk = json.load(answer)
    cognito.pool_domain_url = None  # else it expects the endpoint, not Amazon, as issuer
    return cognito


def test_it_signs_in_by_password_and_verifies_both_tokens(cognito, username):
    cognito.admin_authenticate(PASSWORD)
    cognito.verify_tokens()
    assert cognito.access_claims["username"] == username
    assert cognito.id_claims["cognito:username"] == username
    assert cognito.token_type == "Bearer"


def test_it_renews_its_tokens(cognito):
    cognito.admin_authenticate(PASSWORD)
    before = cognito.access_token
    cognito.renew_access_token()
    assert cognito.access_token != before
    cognito.verify_tokens()


def test_it_reads_the_user_and_signs_out(cognito, username):
    cognito.admin_authenticate(PASSWORD)
    assert cognito.get_user().username == username
    access_token = cognito.access_token
    cognito.logout()
    with pytest.raises(cognito.client.exceptions.NotAuthorizedException, match="revoked"):
        cognito.client.get_user(AccessToken=access_token)
