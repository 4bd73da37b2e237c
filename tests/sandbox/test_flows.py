"""Every way to sign in, by boto3: right, wrong, too late, twice."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from urllib.parse import quote, urlsplit

import pyotp
import pytest
from pycognito.aws_srp import AWSSRP

PASSWORD = "Sample-Password-1!"
NEW_PASSWORD = "Another-Password-2?"
WRONG = ("NotAuthorized", "Incorrect username or password.")
EVERY_FLOW = (
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
)


@pytest.fixture
def world(world):
    """The shared sandbox, through a client with every flow that does not hide who exists."""
    world.new_client(*EVERY_FLOW)
    return world


@pytest.fixture
def start(world):
    def start(flow, **values):
        return world.admin.initiate_auth(AuthFlow=flow, ClientId=world.client_id, AuthParameters=values)

    return start


@pytest.fixture
def respond(world):
    def respond(challenge, /, *, challenge_name=None, **responses):
        session = {"Session": challenge["Session"]} if "Session" in challenge else {}
        return world.admin.respond_to_auth_challenge(
            ClientId=world.client_id,
            ChallengeName=challenge_name or challenge["ChallengeName"],
            ChallengeResponses=responses,
            **session,
        )

    return respond


@pytest.fixture
def last_code(world):
    """What the control port says that a user was sent; status and document."""

    def last_code(username):
        connection = HTTPConnection(urlsplit(world.served.endpoint).netloc, timeout=10)
        connection.request("GET", f"/_sandbox/codes?pool={quote(world.pool_id)}&username={quote(username)}")
        response = connection.getresponse()
        document = json.load(response)
        connection.close()
        return response.status, document

    return last_code


@pytest.fixture
def verified(world):
    """A user whose address is verified."""
    username = world.new_user()
    user = world.served.parts.application._directory.pool(world.pool_id).user(username)
    user.attributes["email_verified"] = "true"
    return username


class TestSrp:
    @pytest.fixture
    def peer(self, world):
        def make(username, password=PASSWORD):
            return AWSSRP(username, password, world.pool_id, world.client_id, client=world.admin)

        return make

    @pytest.fixture
    def proved(self, peer, start):
        """A challenge, and the answer to it."""

        def proved(username, password=PASSWORD):
            one = peer(username, password)
            challenge = start("USER_SRP_AUTH", **one.get_auth_params())
            return challenge, one.process_challenge(challenge["ChallengeParameters"], one.get_auth_params())

        return proved

    def test_the_challenge_has_what_clients_read_and_no_session(self, world, proved):
        challenge, _ = proved(username := world.new_user())
        parameters = challenge["ChallengeParameters"]
        assert challenge["ChallengeName"] == "PASSWORD_VERIFIER"
        assert "Session" not in challenge
        assert parameters["USER_ID_FOR_SRP"] == parameters["USERNAME"] == username
        assert int(parameters["SALT"], 16) > 0
        assert int(parameters["SRP_B"], 16) > 0

    def test_a_proof_is_good_once(self, world, proved, respond):
        challenge, answer = proved(world.new_user())
        assert respond(challenge, **answer)["AuthenticationResult"]["RefreshToken"]
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="only be used once"):
            respond(challenge, **answer)

    def test_a_proof_comes_too_late(self, served, world, proved, respond):
        challenge, answer = proved(world.new_user())
        served.clock.offset_s = 181
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="session is expired"):
            respond(challenge, **answer)

    def test_a_wrong_password_is_refused_at_the_second_step_and_locks_out(self, world, proved, respond):
        username = world.new_user()
        for _ in range(5):
            challenge, answer = proved(username, "wrong")
            with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="Incorrect username or password"):
                respond(challenge, **answer)
        challenge, answer = proved(username)
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="Password attempts exceeded"):
            respond(challenge, **answer)

    def test_an_unknown_user_is_named_or_hidden(self, world, proved, respond):
        with pytest.raises(world.admin.exceptions.UserNotFoundException):
            proved("nobody")
        world.new_client(*EVERY_FLOW, PreventUserExistenceErrors="ENABLED")
        (one, answer), (other, _) = proved("nobody"), proved("nobody")
        assert one["ChallengeParameters"]["SALT"] == other["ChallengeParameters"]["SALT"]
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="Incorrect username or password"):
            respond(one, **answer)

    @pytest.mark.parametrize("public", ["0", "xyz", "f" * 2000])
    def test_a_public_value_that_proves_nothing_is_refused(self, world, start, public):
        error = world.refused(start, flow="USER_SRP_AUTH", USERNAME="plain", SRP_A=public)
        assert error == ("InvalidParameter", "Invalid SRP_A value.")

    @pytest.mark.parametrize(
        ("change", "kind"),
        [
            ({"TIMESTAMP": "2024-03-05T09:02:05Z"}, "InvalidParameterException"),
            ({"TIMESTAMP": "Tue Mar 5 09:02:05 UTC 2024"}, "NotAuthorizedException"),
            ({"PASSWORD_CLAIM_SIGNATURE": "?"}, "NotAuthorizedException"),
            ({"PASSWORD_CLAIM_SECRET_BLOCK": "AAAA"}, "NotAuthorizedException"),
        ],
    )
    def test_a_proof_is_over_time_and_block(self, world, proved, respond, change, kind):
        challenge, answer = proved(world.new_user())
        with pytest.raises(getattr(world.admin.exceptions, kind)):
            respond(challenge, **{**answer, **change})


class TestSecondFactors:
    @pytest.fixture
    def enrolled(self, served, world):
        """A user with an authenticator; its name and secret. Its clock is a minute on, so that each code is fresh."""
        username = world.new_user()
        access = world.sign_in(username)["AccessToken"]
        secret = world.admin.associate_software_token(AccessToken=access)["SecretCode"]
        totp = pyotp.TOTP(secret)
        answer = world.admin.verify_software_token(AccessToken=access, UserCode=totp.at(int(served.clock.wall())))
        assert answer["Status"] == "SUCCESS"
        factor = {"Enabled": True, "PreferredMfa": True}
        world.admin.set_user_mfa_preference(AccessToken=access, SoftwareTokenMfaSettings=factor)
        served.clock.offset_s = 60
        return username, totp

    def test_a_right_code_ends_in_tokens_once(self, served, world, enrolled, respond):
        username, totp = enrolled
        code = totp.at(int(served.clock.wall()))
        challenge = world.try_password(username)
        assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
        answer = {"USERNAME": username, "SOFTWARE_TOKEN_MFA_CODE": code}
        assert respond(challenge, **answer)["AuthenticationResult"]
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="only be used once"):
            respond(challenge, **answer)
        with pytest.raises(world.admin.exceptions.ExpiredCodeException, match="already been used"):
            respond(world.try_password(username), **answer)

    def test_a_wrong_code_leaves_the_session_open_and_counts(self, served, world, enrolled, respond):
        username, totp = enrolled
        challenge = world.try_password(username)
        for _ in range(5):
            with pytest.raises(world.admin.exceptions.CodeMismatchException):
                respond(challenge, USERNAME=username, SOFTWARE_TOKEN_MFA_CODE="000000")
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="Password attempts exceeded"):
            respond(challenge, USERNAME=username, SOFTWARE_TOKEN_MFA_CODE="000000")
        served.clock.offset_s += 2
        code = totp.at(int(served.clock.wall()))
        assert respond(challenge, USERNAME=username, SOFTWARE_TOKEN_MFA_CODE=code)["AuthenticationResult"]

    def test_a_code_comes_too_late(self, served, world, enrolled, respond):
        username, totp = enrolled
        challenge = world.try_password(username)
        served.clock.offset_s += 181
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="session is expired"):
            respond(challenge, USERNAME=username, SOFTWARE_TOKEN_MFA_CODE=totp.at(int(served.clock.wall())))

    def test_an_app_has_to_prove_itself_first(self, world):
        username = world.new_user()
        access = world.sign_in(username)["AccessToken"]
        with pytest.raises(world.admin.exceptions.InvalidParameterException):
            world.admin.verify_software_token(AccessToken=access, UserCode="000000")
        world.admin.associate_software_token(AccessToken=access)
        with pytest.raises(world.admin.exceptions.EnableSoftwareTokenMFAException):
            world.admin.verify_software_token(AccessToken=access, UserCode="000000")
        assert (
            world.refused(
                world.admin.set_user_mfa_preference, AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True}
            )[0]
            == "SoftwareTokenMFANotFound"
        )

    def test_without_a_preference_the_user_chooses(self, world, respond, last_code):
        username = world.new_user()
        of_user = {"UserPoolId": world.pool_id, "Username": username}
        on = {"Enabled": True}
        world.admin.admin_set_user_mfa_preference(**of_user, SMSMfaSettings=on, EmailMfaSettings=on)
        challenge = world.try_password(username)
        assert challenge["ChallengeName"] == "SELECT_MFA_TYPE"
        assert json.loads(challenge["ChallengeParameters"]["MFAS_CAN_CHOOSE"]) == ["SMS_MFA", "EMAIL_OTP"]
        with pytest.raises(world.admin.exceptions.InvalidParameterException):
            respond(challenge, USERNAME=username, ANSWER="SOFTWARE_TOKEN_MFA")
        challenge = respond(challenge, USERNAME=username, ANSWER="SMS_MFA")
        status, document = last_code(username)
        assert (status, challenge["ChallengeName"]) == (200, "SMS_MFA")
        with pytest.raises(world.admin.exceptions.CodeMismatchException):
            respond(challenge, USERNAME=username, SMS_MFA_CODE="no")
        assert respond(challenge, USERNAME=username, SMS_MFA_CODE=document["code"])["AuthenticationResult"]
        world.admin.admin_set_user_mfa_preference(**of_user, SMSMfaSettings={"Enabled": False})
        assert world.try_password(username)["ChallengeName"] == "EMAIL_OTP"

    def test_nobody_was_sent_a_code(self, last_code):
        assert last_code("nobody")[0] == last_code("plain")[0] == 404


class TestUserAuth:
    def test_what_is_offered_depends_on_the_user(self, start, verified):
        assert start("USER_AUTH", USERNAME="plain")["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD"]
        assert start("USER_AUTH", USERNAME=verified)["AvailableChallenges"][2:] == ["EMAIL_OTP"]

    def test_a_password_that_comes_along_ends_in_tokens(self, world, start):
        values = {"USERNAME": world.new_user(), "PREFERRED_CHALLENGE": "PASSWORD"}
        assert start("USER_AUTH", **values, PASSWORD=PASSWORD)["AuthenticationResult"]
        assert world.refused(start, flow="USER_AUTH", **values, PASSWORD="wrong") == WRONG

    def test_a_password_can_be_asked_for(self, world, start, respond):
        username = world.new_user()
        challenge = start("USER_AUTH", USERNAME=username, PREFERRED_CHALLENGE="PASSWORD")
        assert challenge["ChallengeName"] == "PASSWORD"
        assert respond(challenge, USERNAME=username, PASSWORD=PASSWORD)["AuthenticationResult"]
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="only be used once"):
            respond(challenge, USERNAME=username, PASSWORD=PASSWORD)

    def test_a_password_is_chosen(self, world, start, respond):
        username = world.new_user()
        chosen = {"USERNAME": username, "ANSWER": "PASSWORD"}
        assert respond(start("USER_AUTH", USERNAME=username), **chosen, PASSWORD=PASSWORD)["AuthenticationResult"]
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="Incorrect"):
            respond(start("USER_AUTH", USERNAME=username), **chosen, PASSWORD="wrong")
        with pytest.raises(world.admin.exceptions.InvalidParameterException):
            respond(start("USER_AUTH", USERNAME=username), USERNAME=username, ANSWER="WEB_AUTHN")

    @pytest.mark.parametrize("asks", [True, False])
    def test_srp_is_chosen_or_asked_for(self, world, start, respond, asks):
        username = world.new_user()
        peer = AWSSRP(username, PASSWORD, world.pool_id, world.client_id, client=world.admin)
        values = peer.get_auth_params()
        if asks:
            challenge = start("USER_AUTH", USERNAME=username, PREFERRED_CHALLENGE="PASSWORD_SRP")
            challenge = respond(challenge, **values)
        else:
            challenge = respond(start("USER_AUTH", USERNAME=username), **values, ANSWER="PASSWORD_SRP")
        answer = peer.process_challenge(challenge["ChallengeParameters"], values)
        assert respond(challenge, **answer)["AuthenticationResult"]

    @pytest.mark.parametrize("asks", [True, False])
    def test_a_mailed_code_is_the_first_factor(self, start, respond, verified, last_code, asks):
        if asks:
            challenge = start("USER_AUTH", USERNAME=verified, PREFERRED_CHALLENGE="EMAIL_OTP")
        else:
            challenge = respond(start("USER_AUTH", USERNAME=verified), USERNAME=verified, ANSWER="EMAIL_OTP")
        code = last_code(verified)[1]["code"]
        assert respond(challenge, USERNAME=verified, EMAIL_OTP_CODE=code)["AuthenticationResult"]


class TestCustomAuth:
    def test_the_sum_is_the_answer_and_anything_else_is_not(self, world, start, respond):
        username = world.new_user()
        challenge = start("CUSTOM_AUTH", USERNAME=username)
        one, other = challenge["ChallengeParameters"]["question"].split(" + ")
        assert respond(challenge, USERNAME=username, ANSWER=str(int(one) + int(other)))["AuthenticationResult"]
        with pytest.raises(world.admin.exceptions.NotAuthorizedException, match="Incorrect"):
            respond(start("CUSTOM_AUTH", USERNAME=username), USERNAME=username, ANSWER="many")


class TestAdministratorsAnswers:
    def test_a_challenge_is_answered_through_the_pool_of_the_client_alone(self, world):
        username = world.new_user(temporary=True)
        of_client = {"UserPoolId": world.pool_id, "ClientId": world.client_id}
        challenge = world.admin.admin_initiate_auth(
            **of_client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": PASSWORD},
        )
        answer = {
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": challenge["Session"],
            "ChallengeResponses": {"USERNAME": username, "NEW_PASSWORD": NEW_PASSWORD},
        }
        other = world.admin.create_user_pool(PoolName="other")["UserPool"]["Id"]
        error = world.refused(
            world.admin.admin_respond_to_auth_challenge, **{**of_client, "UserPoolId": other}, **answer
        )
        assert error[0] == "ResourceNotFound"
        assert world.admin.admin_respond_to_auth_challenge(**of_client, **answer)["AuthenticationResult"]
