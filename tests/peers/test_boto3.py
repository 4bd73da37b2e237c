"""Every operation of the sandbox, called by boto3."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.peers

PASSWORD = "Sample-Password-1!"
NEW_PASSWORD = "Another-Password-2?"


def sign_in(aws, client_id, username, password=PASSWORD):
    values = {"USERNAME": username, "PASSWORD": password}
    return aws.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", ClientId=client_id, AuthParameters=values)


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_a_password_is_exchanged_for_three_tokens(aws, client_id, username):
    answer = sign_in(aws, client_id, username)
    result = answer["AuthenticationResult"]
    assert answer["ChallengeParameters"] == {}
    assert (result["ExpiresIn"], result["TokenType"]) == (3600, "Bearer")
    assert [result[name].count(".") for name in ("AccessToken", "IdToken", "RefreshToken")] == [2, 2, 4]


def test_the_claims_are_those_of_cognito(aws, pool_id, client_id, username):
    """Access tokens name the client and the user; id tokens the audience and the attributes; neither the other's."""
    result = sign_in(aws, client_id, username)["AuthenticationResult"]
    access, identity = claims(result["AccessToken"]), claims(result["IdToken"])
    assert (access["token_use"], identity["token_use"]) == ("access", "id")
    assert (access["client_id"], identity["aud"]) == (client_id, client_id)
    assert (access["username"], identity["cognito:username"], identity["email"]) == (username,) * 3
    assert access["scope"] == "aws.cognito.signin.user.admin"
    assert access["iss"] == identity["iss"] == f"https://cognito-idp.us-east-1.amazonaws.com/{pool_id}"
    assert access["exp"] - access["iat"] == identity["exp"] - identity["iat"] == 3600
    assert all(access[name] == identity[name] for name in ("sub", "origin_jti", "event_id", "auth_time"))
    assert access["jti"] != identity["jti"]
    assert not {"aud", "email"} & access.keys()
    assert not {"client_id", "username", "scope"} & identity.keys()


def test_a_refresh_keeps_the_sign_in_and_gives_no_refresh_token(aws, client_id, username):
    first = sign_in(aws, client_id, username)["AuthenticationResult"]
    values = {"REFRESH_TOKEN": first["RefreshToken"]}
    second = aws.initiate_auth(AuthFlow="REFRESH_TOKEN_AUTH", ClientId=client_id, AuthParameters=values)
    result = second["AuthenticationResult"]
    assert "RefreshToken" not in result
    old, new = claims(first["AccessToken"]), claims(result["AccessToken"])
    assert (new["origin_jti"], new["auth_time"], new["sub"]) == (old["origin_jti"], old["auth_time"], old["sub"])
    assert new["jti"] != old["jti"]


def test_get_tokens_from_refresh_token_refreshes_too(aws, client_id, username):
    token = sign_in(aws, client_id, username)["AuthenticationResult"]["RefreshToken"]
    result = aws.get_tokens_from_refresh_token(RefreshToken=token, ClientId=client_id)["AuthenticationResult"]
    assert {"AccessToken", "IdToken", "ExpiresIn", "TokenType"} == result.keys()


@pytest.mark.parametrize("flow", ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"])
def test_an_administrator_signs_a_user_in(aws, pool_id, client_id, username, flow):
    answer = aws.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client_id,
        AuthFlow=flow,
        AuthParameters={"USERNAME": username, "PASSWORD": PASSWORD},
    )
    assert aws.get_user(AccessToken=answer["AuthenticationResult"]["AccessToken"])["Username"] == username


def test_a_new_user_has_to_choose_a_password(aws, pool_id, client_id):
    """The challenge's lists are JSON in strings, and what pycognito leaves in its answer is ignored."""
    created = aws.admin_create_user(UserPoolId=pool_id, Username="fresh", TemporaryPassword=PASSWORD)["User"]
    assert (created["UserStatus"], created["Enabled"]) == ("FORCE_CHANGE_PASSWORD", True)
    challenge = sign_in(aws, client_id, "fresh")
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert 20 <= len(challenge["Session"]) <= 2048
    parameters = challenge["ChallengeParameters"]
    assert parameters["USER_ID_FOR_SRP"] == "fresh"
    assert json.loads(parameters["requiredAttributes"]) == []
    assert json.loads(parameters["userAttributes"]) == {}
    answer = aws.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={
            "USERNAME": "fresh",
            "NEW_PASSWORD": NEW_PASSWORD,
            "userAttributes.name": "Fresh",
            "PASSWORD_CLAIM_SIGNATURE": "left over",
        },
    )
    user = aws.get_user(AccessToken=answer["AuthenticationResult"]["AccessToken"])
    assert {"Name": "name", "Value": "Fresh"} in user["UserAttributes"]
    assert "AuthenticationResult" in sign_in(aws, client_id, "fresh", NEW_PASSWORD)


def test_signing_out_everywhere_revokes_every_token_before(aws, client_id, username):
    before, other = (sign_in(aws, client_id, username)["AuthenticationResult"] for _ in range(2))
    aws.global_sign_out(AccessToken=before["AccessToken"])
    after = sign_in(aws, client_id, username)["AuthenticationResult"]
    for token in (before["AccessToken"], other["AccessToken"]):
        with pytest.raises(aws.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
            aws.get_user(AccessToken=token)
    values = {"REFRESH_TOKEN": other["RefreshToken"]}
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Refresh Token has been revoked"):
        aws.initiate_auth(AuthFlow="REFRESH_TOKEN_AUTH", ClientId=client_id, AuthParameters=values)
    assert aws.get_user(AccessToken=after["AccessToken"])["Username"] == username


def test_revoking_a_refresh_token_ends_its_sign_in_and_no_other(aws, client_id, username):
    revoked, kept = (sign_in(aws, client_id, username)["AuthenticationResult"] for _ in range(2))
    aws.revoke_token(Token=revoked["RefreshToken"], ClientId=client_id)
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
        aws.get_user(AccessToken=revoked["AccessToken"])
    assert aws.get_user(AccessToken=kept["AccessToken"])["Username"] == username


def test_a_sign_up_waits_for_its_confirmation(aws, pool_id, client_id):
    answer = aws.sign_up(ClientId=client_id, Username="newcomer", Password=PASSWORD)
    assert answer["UserConfirmed"] is False
    with pytest.raises(aws.exceptions.UserNotConfirmedException):
        sign_in(aws, client_id, "newcomer")
    aws.admin_confirm_sign_up(UserPoolId=pool_id, Username="newcomer")
    assert claims(sign_in(aws, client_id, "newcomer")["AuthenticationResult"]["IdToken"])["sub"] == answer["UserSub"]


def test_an_administrator_sees_a_user_with_dates(aws, pool_id, username):
    user = aws.admin_get_user(UserPoolId=pool_id, Username=username)
    assert (user["Username"], user["UserStatus"], user["Enabled"]) == (username, "CONFIRMED", True)
    assert {"Name": "email", "Value": username} in user["UserAttributes"]
    assert timedelta() <= datetime.now(UTC) - user["UserCreateDate"] < timedelta(minutes=5)
    assert user["UserLastModifiedDate"] >= user["UserCreateDate"]


def test_a_temporary_password_set_by_an_administrator_has_to_be_replaced(aws, pool_id, client_id, username):
    aws.admin_set_user_password(UserPoolId=pool_id, Username=username, Password=NEW_PASSWORD, Permanent=False)
    assert sign_in(aws, client_id, username, NEW_PASSWORD)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_a_disabled_user_is_signed_out_and_comes_back_when_enabled(aws, pool_id, client_id, username):
    token = sign_in(aws, client_id, username)["AuthenticationResult"]["AccessToken"]
    aws.admin_disable_user(UserPoolId=pool_id, Username=username)
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="User is disabled"):
        sign_in(aws, client_id, username)
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
        aws.get_user(AccessToken=token)
    aws.admin_enable_user(UserPoolId=pool_id, Username=username)
    assert "AuthenticationResult" in sign_in(aws, client_id, username)


def test_a_reset_password_is_no_longer_taken(aws, pool_id, client_id, username):
    aws.admin_reset_user_password(UserPoolId=pool_id, Username=username)
    with pytest.raises(aws.exceptions.PasswordResetRequiredException):
        sign_in(aws, client_id, username)


def test_a_deleted_user_is_gone(aws, pool_id, client_id, username):
    token = sign_in(aws, client_id, username)["AuthenticationResult"]["AccessToken"]
    aws.admin_delete_user(UserPoolId=pool_id, Username=username)
    with pytest.raises(aws.exceptions.UserNotFoundException):
        aws.admin_get_user(UserPoolId=pool_id, Username=username)
    with pytest.raises(aws.exceptions.UserNotFoundException):
        aws.get_user(AccessToken=token)


def test_a_client_with_a_secret_wants_its_hash(aws, pool_id, username):
    """On a password over the name as given, on a refresh over the user's real name."""
    client = aws.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="secretive",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]
    message = (username + client["ClientId"]).encode()
    digest = hmac.digest(client["ClientSecret"].encode(), message, hashlib.sha256)
    secret_hash = {"SECRET_HASH": base64.b64encode(digest).decode()}
    values = {"USERNAME": username, "PASSWORD": PASSWORD, **secret_hash}
    answer = aws.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", ClientId=client["ClientId"], AuthParameters=values)
    values = {"REFRESH_TOKEN": answer["AuthenticationResult"]["RefreshToken"], **secret_hash}
    again = aws.initiate_auth(AuthFlow="REFRESH_TOKEN_AUTH", ClientId=client["ClientId"], AuthParameters=values)
    assert "AccessToken" in again["AuthenticationResult"]


def test_a_pool_goes_with_its_clients(aws):
    pool = aws.create_user_pool(PoolName="short-lived")["UserPool"]
    client = aws.create_user_pool_client(UserPoolId=pool["Id"], ClientName="c")["UserPoolClient"]
    assert pool["Arn"].endswith(f"userpool/{pool['Id']}")
    aws.delete_user_pool(UserPoolId=pool["Id"])
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=f"client {client['ClientId']} does not exist"):
        sign_in(aws, client["ClientId"], "anyone")
