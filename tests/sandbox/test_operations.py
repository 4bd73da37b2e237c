"""What the operations do beyond what boto3 shows in tests/peers: edges, variants, and answers as the model has them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

PASSWORD = "Sample-Password-1!"
NEW_PASSWORD = "Another-Password-2?"
SERVICE = ServiceModel(Loader().load_service_model("cognito-idp", "service-2"))


@pytest.fixture
def email_pool(world):
    """Makes the world's current pool one that signs in by e-mail, with a client and a user."""
    world.pool_id = world.admin.create_user_pool(PoolName="mail", UsernameAttributes=["email"])["UserPool"]["Id"]
    world.new_client()
    world.admin.admin_create_user(UserPoolId=world.pool_id, Username="a@example.com", TemporaryPassword=PASSWORD)
    return world


class TestAnswersAreThoseOfTheServiceModel:
    """No member that the model does not know, and every one of the right type."""

    @pytest.fixture
    def conforms(self, served, call):
        def conforms(attempt):
            reply = call(served, attempt)
            assert reply.status == 200, reply.message
            shape = SERVICE.operation_model(attempt.operation).output_shape
            document = {name: value for name, value in reply.document.items() if name != "ResponseMetadata"}
            if shape is None:
                assert document == {}
                return document
            report = ParamValidator().validate(document, shape)
            assert not report.has_errors(), report.generate_report()
            return document

        return conforms

    def test_signing_in_and_out(self, conforms, world):
        user, temporary = world.new_user(), world.new_user(temporary=True)
        tokens = conforms(world.attempt(user))["AuthenticationResult"]
        challenge = conforms(world.attempt(temporary))
        conforms(
            world.call_of(
                "RespondToAuthChallenge",
                {
                    "ClientId": world.client_id,
                    "ChallengeName": "NEW_PASSWORD_REQUIRED",
                    "Session": challenge["Session"],
                    "ChallengeResponses": {"USERNAME": temporary, "NEW_PASSWORD": NEW_PASSWORD},
                },
            )
        )
        conforms(world.call_of("GetUser", {"AccessToken": tokens["AccessToken"]}))
        conforms(world.call_of("RevokeToken", {"Token": tokens["RefreshToken"], "ClientId": world.client_id}))
        again = conforms(world.attempt(user))["AuthenticationResult"]
        conforms(world.call_of("GlobalSignOut", {"AccessToken": again["AccessToken"]}))

    def test_pools_clients_and_users(self, conforms, world):
        pool = conforms(
            world.call_of(
                "CreateUserPool",
                {
                    "PoolName": "whole",
                    "Policies": {"PasswordPolicy": {"MinimumLength": 10}},
                    "UsernameConfiguration": {"CaseSensitive": False},
                },
            )
        )["UserPool"]
        of_pool = {"UserPoolId": pool["Id"]}
        client = conforms(
            world.call_of("CreateUserPoolClient", {**of_pool, "ClientName": "c", "GenerateSecret": True})
        )["UserPoolClient"]
        assert client["ExplicitAuthFlows"] == [
            "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_CUSTOM_AUTH",
        ]
        of_user = {**of_pool, "Username": "u"}
        assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 10
        conforms(world.call_of("AdminCreateUser", of_user))
        conforms(world.call_of("AdminSetUserPassword", {**of_user, "Password": "long-enough", "Permanent": True}))
        for operation in ("AdminGetUser", "AdminResetUserPassword", "AdminDisableUser", "AdminEnableUser"):
            conforms(world.call_of(operation, of_user))
        conforms(world.call_of("AdminDeleteUser", of_user))
        conforms(world.call_of("DeleteUserPool", of_pool))


class TestPoolsThatSignInByEmail:
    def test_the_user_s_name_is_its_sub_and_the_address_finds_it(self, email_pool):
        user = email_pool.admin.admin_get_user(UserPoolId=email_pool.pool_id, Username="a@example.com")
        attributes = {attribute["Name"]: attribute["Value"] for attribute in user["UserAttributes"]}
        assert user["Username"] == attributes["sub"]
        assert attributes["email"] == "a@example.com"
        again = email_pool.admin.admin_get_user(UserPoolId=email_pool.pool_id, Username=attributes["sub"])
        assert again["Username"] == user["Username"]

    def test_a_challenge_names_the_real_user_and_takes_either_name(self, email_pool):
        challenge = email_pool.try_password("a@example.com")
        assert "@" not in challenge["ChallengeParameters"]["USER_ID_FOR_SRP"]
        answer = email_pool.admin.respond_to_auth_challenge(
            ClientId=email_pool.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": "a@example.com", "NEW_PASSWORD": NEW_PASSWORD},
        )
        assert "AccessToken" in answer["AuthenticationResult"]

    def test_a_name_that_is_no_address_is_refused(self, email_pool):
        error = email_pool.refused(email_pool.admin.admin_create_user, UserPoolId=email_pool.pool_id, Username="plain")
        assert error == ("InvalidParameter", "Username should be an email.")

    def test_a_deleted_user_s_address_is_free_again(self, email_pool):
        of_user = {"UserPoolId": email_pool.pool_id, "Username": "a@example.com"}
        email_pool.admin.admin_delete_user(**of_user)
        email_pool.admin.admin_create_user(**of_user)


class TestUserStates:
    def test_names_are_as_written_unless_the_pool_ignores_case(self, world):
        assert world.refused(world.try_password, username="PLAIN")[0] == "NotAuthorized"
        configuration = {"CaseSensitive": False}
        pool = world.admin.create_user_pool(PoolName="loose", UsernameConfiguration=configuration)["UserPool"]
        world.admin.admin_create_user(UserPoolId=pool["Id"], Username="Somebody")
        found = world.admin.admin_get_user(UserPoolId=pool["Id"], Username="SOMEBODY")
        assert found["Username"] == "Somebody"

    def test_resending_an_invitation_starts_the_temporary_password_s_week_again(self, served, world):
        username = world.new_user(temporary=True)
        resend = {"UserPoolId": world.pool_id, "MessageAction": "RESEND"}
        served.clock.offset_s = 600  # within what a signature allows
        world.admin.admin_create_user(Username=username, **resend)
        served.clock.offset_s = 7 * 24 * 3600 + 300
        assert world.try_password(username)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
        served.clock.offset_s = 0
        assert world.refused(world.admin.admin_create_user, Username="nobody", **resend)[0] == "UserNotFound"
        assert world.refused(world.admin.admin_create_user, Username="plain", **resend)[0] == "UnsupportedUserState"

    def test_an_unconfirmed_user_s_wrong_password_is_a_wrong_password(self, world):
        world.admin.sign_up(ClientId=world.client_id, Username=(name := f"{world.new_user()}x"), Password=PASSWORD)
        assert world.refused(world.try_password, username=name, password="wrong")[0] == "NotAuthorized"

    def test_only_a_confirmed_user_s_password_can_be_reset(self, world):
        error = world.refused(
            world.admin.admin_reset_user_password,
            UserPoolId=world.pool_id,
            Username=world.new_user(temporary=True),
        )
        assert error == ("NotAuthorized", "User password cannot be reset in the current state.")

    def test_the_lock_of_one_user_holds_for_every_connection_and_ends(self, served, world, call):
        """Two other clients find the lock that this one caused; a second later the right password opens."""
        username = world.new_user()
        for _ in range(5):
            world.refused(world.try_password, username=username, password="wrong")
        assert call(served, world.attempt(username)).message == "Password attempts exceeded"
        served.clock.offset_s = 1.01
        assert call(served, world.attempt(username)).status == 200

    def test_an_administrator_s_sign_in_runs_into_the_same_lock(self, world):
        username = world.new_user()
        for _ in range(5):
            world.refused(world.try_password, username=username, password="wrong")
        error = world.refused(
            world.admin.admin_initiate_auth,
            UserPoolId=world.pool_id,
            ClientId=world.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": PASSWORD},
        )
        assert error[1] == "Password attempts exceeded"


class TestChallenges:
    def answer(self, world, session, username, **more):
        return world.admin.respond_to_auth_challenge(
            ClientId=world.client_id,
            ChallengeName=more.pop("challenge", "NEW_PASSWORD_REQUIRED"),
            Session=session,
            ChallengeResponses={"USERNAME": username, "NEW_PASSWORD": more.get("password", NEW_PASSWORD)},
        )

    def test_a_weak_password_leaves_the_session_open(self, world):
        username = world.new_user(temporary=True)
        session = world.try_password(username)["Session"]
        world.refused(self.answer, world=world, session=session, username=username, password="weak")
        assert "AuthenticationResult" in self.answer(world, session, username)

    def test_a_session_is_for_its_user_and_its_client_alone(self, world):
        username = world.new_user(temporary=True)
        session = world.try_password(username)["Session"]
        error = world.refused(self.answer, world=world, session=session, username="plain")
        assert error == ("NotAuthorized", "Invalid session for the user.")
        world.new_client()
        error = world.refused(self.answer, world=world, session=session, username=username)
        assert error == ("NotAuthorized", "Invalid session for the user, session is expired.")

    def test_other_challenges_are_not_issued_here(self, world):
        error = world.refused(self.answer, world=world, session="s" * 20, username="plain", challenge="WEB_AUTHN")
        assert error[0] == "UnsupportedOperation"

    @pytest.mark.parametrize("missing", ["Session", "USERNAME", "NEW_PASSWORD"])
    def test_what_is_missing_is_named(self, world, missing):
        username = world.new_user(temporary=True)
        responses = {"USERNAME": username, "NEW_PASSWORD": NEW_PASSWORD}
        parameters = {"Session": world.try_password(username)["Session"], "ChallengeResponses": responses}
        parameters.pop(missing, None)
        responses.pop(missing, None)
        error = world.refused(
            world.admin.respond_to_auth_challenge,
            ClientId=world.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            **parameters,
        )
        assert error == ("InvalidParameter", f"Missing required parameter {missing}")


class TestFlowsOfAClient:
    def test_flows_by_their_legacy_names_are_on_and_refresh_with_them(self, world):
        world.new_client("USER_PASSWORD_AUTH")
        token = world.try_password("plain")["AuthenticationResult"]["RefreshToken"]
        answer = world.admin.initiate_auth(
            AuthFlow="REFRESH_TOKEN", ClientId=world.client_id, AuthParameters={"REFRESH_TOKEN": token}
        )
        assert "AccessToken" in answer["AuthenticationResult"]

    def test_legacy_and_new_names_do_not_mix(self, world):
        with pytest.raises(ClientError, match="Invalid ExplicitAuthFlows"):
            world.new_client("USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH")

    def test_a_password_does_not_go_by_its_public_flow_through_the_admin_s_door(self, world):
        error = world.refused(
            world.admin.admin_initiate_auth,
            UserPoolId=world.pool_id,
            ClientId=world.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "plain", "PASSWORD": PASSWORD},
        )
        assert error == ("InvalidParameter", "Initiate Auth method not supported.")

    def test_an_admin_refreshes_through_the_admin_s_door(self, world):
        answer = world.admin.admin_initiate_auth(
            UserPoolId=world.pool_id,
            ClientId=world.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": world.try_password("plain")["AuthenticationResult"]["RefreshToken"]},
        )
        assert "AccessToken" in answer["AuthenticationResult"]

    def test_a_client_of_another_pool_does_not_exist_for_an_admin(self, world):
        pool = world.admin.create_user_pool(PoolName="other")["UserPool"]
        error = world.refused(
            world.admin.admin_initiate_auth,
            UserPoolId=pool["Id"],
            ClientId=world.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        )
        assert error == ("ResourceNotFound", f"User pool client {world.client_id} does not exist.")

    def test_a_secret_where_there_is_none_is_refused(self, world):
        error = world.refused(
            world.admin.initiate_auth,
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=world.client_id,
            AuthParameters={"USERNAME": "plain", "PASSWORD": PASSWORD, "SECRET_HASH": "x"},
        )
        assert error[0] == "NotAuthorized"


def test_a_protected_pool_is_not_deleted(world):
    pool = world.admin.create_user_pool(PoolName="kept", DeletionProtection="ACTIVE")["UserPool"]
    error = world.refused(world.admin.delete_user_pool, UserPoolId=pool["Id"])
    assert error[0] == "InvalidParameter"
    assert "deletion protection" in error[1]
