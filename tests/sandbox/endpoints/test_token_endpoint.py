"""The token endpoint of the sandbox, asked by the standard library."""

from __future__ import annotations

import contextlib
import http.client
import json
from base64 import b64encode
from urllib.parse import urlencode, urlsplit

import jwt
import pytest

GRANT = {"grant_type": "client_credentials"}
SCOPES = ("api/read", "api/write")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def machines(serve_with):
    """A sandbox whose client may log in for itself."""
    return serve_with(scopes=SCOPES)


def ask(served, form, *, secret=None, client_id=None, kind=FORM, in_form=False):
    """Status, document and headers of an answer to a form."""
    identity = served.parts.identity
    client_id = identity.client_id if client_id is None else client_id
    secret = identity.client_secret if secret is None else secret
    headers = {"Content-Type": kind}
    if in_form:
        form = {**form, "client_id": client_id, "client_secret": secret}
    else:
        headers["Authorization"] = f"Basic {b64encode(f'{client_id}:{secret}'.encode()).decode()}"
    with contextlib.closing(http.client.HTTPConnection(urlsplit(served.endpoint).netloc, timeout=30)) as connection:
        connection.request("POST", "/oauth2/token", urlencode(form), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), dict(answer.getheaders())


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("in_form", [True, False])
def test_a_client_gets_an_access_token_of_its_own(machines, in_form):
    """Its subject is the client; what a user would have is not there."""
    status, document, headers = ask(machines, {**GRANT, "scope": "api/read"}, in_form=in_form)
    assert (status, document["token_type"], document["expires_in"]) == (200, "Bearer", 3600)
    assert document.keys() == {"access_token", "token_type", "expires_in"}
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    claims = claims_of(document["access_token"])
    client_id = machines.parts.identity.client_id
    assert (claims["sub"], claims["client_id"], claims["scope"], claims["version"]) == (
        client_id,
        client_id,
        "api/read",
        2,
    )
    assert claims["token_use"] == "access"
    assert "username" not in claims


def test_without_a_scope_it_gets_all_that_it_may_have(machines):
    assert claims_of(ask(machines, GRANT)[1]["access_token"])["scope"] == "api/read api/write"


@pytest.mark.parametrize(
    ("form", "changes", "error"),
    [
        (GRANT, {"secret": "wrong"}, "invalid_client"),
        (GRANT, {"client_id": "nobody"}, "invalid_client"),
        (GRANT, {"secret": "wrong", "in_form": True}, "invalid_client"),
        (GRANT | {"scope": "api/none"}, {}, "invalid_scope"),
        (GRANT | {"scope": "openid"}, {}, "invalid_scope"),
        ({"grant_type": "password"}, {}, "unsupported_grant_type"),
        ({}, {}, "invalid_request"),
        (GRANT, {"kind": "application/json"}, "invalid_request"),
    ],
)
def test_each_refusal_is_a_400_with_oauth_s_name(machines, form, changes, error):
    status, document, _ = ask(machines, form, **changes)
    assert (status, document) == (400, {"error": error})


def test_a_client_made_by_the_api_needs_oauth_switched_on(machines, new_world):
    """What Terraform's users meet: the grant is allowed, and the answer is invalid_grant."""
    world = new_world(machines)
    oauth = {"AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["api/read"]}

    def answer(**settings):
        made = world.new_client(GenerateSecret=True, **settings)
        return ask(machines, GRANT, client_id=made["ClientId"], secret=made["ClientSecret"])[:2]

    assert answer(**oauth) == (400, {"error": "invalid_grant"})
    on = {"AllowedOAuthFlowsUserPoolClient": True}
    assert answer(**oauth | {"AllowedOAuthFlows": ["code"]}, **on) == (400, {"error": "unauthorized_client"})
    assert answer(AllowedOAuthFlows=["client_credentials"], **on) == (400, {"error": "invalid_scope"})
    assert answer(**oauth, **on)[0] == 200


def test_a_client_s_scopes_are_those_of_a_resource_server(machines, new_world):
    world = new_world(machines)
    pool = {"UserPoolId": world.pool_id}
    grant = {"AllowedOAuthFlows": ["client_credentials"], "GenerateSecret": True}
    assert world.refused(world.new_client, AllowedOAuthScopes=["shop/buy"], **grant) == (
        "ScopeDoesNotExist",
        "Invalid scope requested: shop/buy",
    )
    scope = {"ScopeName": "buy", "ScopeDescription": "Buy things"}
    make = world.admin.create_resource_server
    made = make(**pool, Identifier="shop", Name="Shop", Scopes=[scope])["ResourceServer"]
    assert world.admin.describe_resource_server(**pool, Identifier="shop")["ResourceServer"] == made
    assert world.new_client(AllowedOAuthScopes=["shop/buy"], **grant)["AllowedOAuthScopes"] == ["shop/buy"]
    assert world.refused(make, **pool, Identifier="shop", Name="Shop")[0] == "InvalidParameter"
    assert world.refused(world.admin.describe_resource_server, **pool, Identifier="x")[0] == "ResourceNotFound"


def test_a_client_without_a_secret_cannot_log_in_for_itself(machines, new_world):
    error = new_world(machines).refused(new_world(machines).new_client, AllowedOAuthFlows=["client_credentials"])
    assert error[0] == "InvalidOAuthFlow"


def test_a_machine_s_token_opens_the_api_and_is_nobody_s(machines, new_world):
    token = ask(machines, GRANT)[1]["access_token"]
    with contextlib.closing(http.client.HTTPConnection(urlsplit(machines.endpoint).netloc, timeout=30)) as connection:
        connection.request("GET", "/me", headers={"Authorization": f"Bearer {token}"})
        assert json.loads(connection.getresponse().read())["sub"] == machines.parts.identity.client_id
    world = new_world(machines)
    assert world.refused(world.admin.get_user, AccessToken=token) == (
        "NotAuthorized",
        "Access Token does not have required scopes",
    )


def test_it_has_a_quota_of_its_own_which_is_answered_with_429(serve_with):
    served = serve_with(scopes=SCOPES, client_authentication_quota=1.0)
    answers = [ask(served, GRANT)[0] for _ in range(2)]
    assert answers == [200, 429]
    counts = served.ask_control("GET", "/counts")[1]
    assert counts["answered"]["oauth2/token"] == {"ok": 1, "TooManyRequestsException": 1}


def test_faults_reach_it(machines):
    order = {"fault": "503", "on": "oauth2/token", "times": 1}
    machines.ask_control("POST", "/faults", json.dumps(order).encode())
    assert ask(machines, GRANT)[0] == 503
    assert ask(machines, GRANT)[0] == 200
