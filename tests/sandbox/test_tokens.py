"""How long tokens live, and how they end early."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


class TestTokenLives:
    def test_validities_have_units(self, world):
        units = {"AccessToken": "minutes", "IdToken": "seconds", "RefreshToken": "hours"}
        world.new_client(AccessTokenValidity=5, IdTokenValidity=600, RefreshTokenValidity=2, TokenValidityUnits=units)
        assert world.try_password("plain")["AuthenticationResult"]["ExpiresIn"] == 300

    @pytest.mark.parametrize(
        "validity",
        [
            {"AccessTokenValidity": 299, "TokenValidityUnits": {"AccessToken": "seconds"}},
            {"IdTokenValidity": 25},
            {"RefreshTokenValidity": 59, "TokenValidityUnits": {"RefreshToken": "minutes"}},
            {"RefreshTokenValidity": 3651},
        ],
    )
    def test_validities_have_limits(self, world, validity):
        with pytest.raises(ClientError, match="Invalid range for token validity"):
            world.new_client(**validity)

    def test_a_short_life_of_the_sandbox_s_own_lifts_the_limit(self, serve_with, new_world):
        world = new_world(serve_with(access_token_life_s=3))
        assert world.try_password("plain")["AuthenticationResult"]["ExpiresIn"] == 3
        world.new_client(AccessTokenValidity=1, TokenValidityUnits={"AccessToken": "seconds"})
        assert world.try_password("plain")["AuthenticationResult"]["ExpiresIn"] == 1


class TestRefreshAndRevocation:
    def test_rotation_gives_a_new_token_and_the_old_one_its_grace(self, served, world):
        rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30}
        world.new_client("ALLOW_USER_PASSWORD_AUTH", RefreshTokenRotation=rotation)
        old = {"RefreshToken": world.try_password("plain")["AuthenticationResult"]["RefreshToken"]}
        of_client = {"ClientId": world.client_id}
        renew = world.admin.get_tokens_from_refresh_token
        new = {"RefreshToken": renew(**old, **of_client)["AuthenticationResult"]["RefreshToken"]}
        served.clock.offset_s = 29
        renew(**old, **of_client)
        served.clock.offset_s = 31
        assert world.refused(renew, **old, **of_client)[0] == "RefreshTokenReuse"
        assert "AccessToken" in renew(**new, **of_client)["AuthenticationResult"]

    def test_with_rotation_the_old_way_to_refresh_is_off(self, world):
        world.new_client("ALLOW_USER_PASSWORD_AUTH", RefreshTokenRotation={"Feature": "ENABLED"})
        error = world.refused(
            world.admin.initiate_auth,
            AuthFlow="REFRESH_TOKEN_AUTH",
            ClientId=world.client_id,
            AuthParameters={"REFRESH_TOKEN": world.try_password("plain")["AuthenticationResult"]["RefreshToken"]},
        )
        assert error == ("InvalidParameter", "Auth flow not enabled for this client")

    def refresh(self, world, token):
        return world.refused(
            world.admin.initiate_auth,
            AuthFlow="REFRESH_TOKEN_AUTH",
            ClientId=world.client_id,
            AuthParameters={"REFRESH_TOKEN": token},
        )

    def test_a_refresh_token_is_its_client_s_and_its_user_s(self, world):
        username = world.new_user()
        token = world.try_password(username)["AuthenticationResult"]["RefreshToken"]
        world.new_client()
        assert self.refresh(world, token) == ("NotAuthorized", "Invalid Refresh Token.")
        own = world.try_password(username)["AuthenticationResult"]["RefreshToken"]
        world.admin.admin_disable_user(UserPoolId=world.pool_id, Username=username)
        assert self.refresh(world, own) == ("NotAuthorized", "User is disabled.")
        world.admin.admin_delete_user(UserPoolId=world.pool_id, Username=username)
        assert self.refresh(world, own) == ("NotAuthorized", "Invalid Refresh Token.")

    @pytest.mark.parametrize("token", ["a.b.c.d.e", "....", "a.b", "A" * 40])
    def test_a_made_up_refresh_token_is_invalid(self, world, token):
        assert self.refresh(world, token) == ("NotAuthorized", "Invalid Refresh Token.")

    def test_a_changed_refresh_token_is_invalid(self, world):
        token = world.try_password("plain")["AuthenticationResult"]["RefreshToken"]
        head, key, iv, content, tag = token.split(".")
        content = ("B" if content[0] == "A" else "A") + content[1:]
        assert self.refresh(world, f"{head}.{key}.{iv}.{content}.{tag}")[1] == "Invalid Refresh Token."

    def test_only_refresh_tokens_of_this_client_can_be_revoked(self, world):
        result = world.try_password("plain")["AuthenticationResult"]
        revoke, of_client = world.admin.revoke_token, {"ClientId": world.client_id}
        assert world.refused(revoke, Token=result["AccessToken"], **of_client)[0] == "UnsupportedTokenType"
        assert world.refused(revoke, Token="made-up", **of_client)[0] == "InvalidParameter"
        world.new_client()
        assert world.refused(revoke, Token=result["RefreshToken"], ClientId=world.client_id)[0] == "Unauthorized"

    def test_a_client_with_a_secret_shows_it_to_revoke_and_renew(self, world):
        token = {"Token": world.try_password("plain")["AuthenticationResult"]["RefreshToken"]}
        error = world.refused(world.admin.revoke_token, ClientId=world.client_id, ClientSecret="s" * 24, **token)
        assert error[0] == "NotAuthorized"
        world.new_client(GenerateSecret=True)
        error = world.refused(world.admin.revoke_token, ClientId=world.client_id, ClientSecret="s" * 24, **token)
        assert error == ("NotAuthorized", f"Unable to verify secret for client {world.client_id}")

    @pytest.mark.parametrize("token", ["made.up.token", "made-up"])
    def test_a_made_up_access_token_is_invalid(self, world, token):
        assert world.refused(world.admin.get_user, AccessToken=token) == ("NotAuthorized", "Invalid Access Token")

    def test_an_id_token_is_no_access_token(self, world):
        token = world.try_password("plain")["AuthenticationResult"]["IdToken"]
        assert world.refused(world.admin.get_user, AccessToken=token) == ("NotAuthorized", "Invalid Access Token")
