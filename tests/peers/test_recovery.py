"""Sign-ups, forgotten passwords and an app's enrolment within a sign-in: boto3 and the harness against the sandbox."""

from __future__ import annotations

import json
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from pyotp import TOTP

from harness.cognito.flows import FLOWS, Account, AppClient
from harness.conversation import Cognito, Conversation
from harness.errors import LoginError
from harness.extract import JsonExtractor
from harness.outcome import Outcome, Reason
from harness.transport import Endpoint

pytestmark = pytest.mark.peers

PASSWORD, NEXT = "Sample-Password-1!", "Another-Password-2?"
NAME = "ada@example.org"


class World:
    """A pool with a client, which hides or shows whether somebody exists."""

    def __init__(self, aws, sandbox, *, hides=True, **pool):
        self.aws, self.sandbox = aws, sandbox
        self.pool_id = aws.create_user_pool(PoolName="recovery", **pool)["UserPool"]["Id"]
        made = aws.create_user_pool_client(
            UserPoolId=self.pool_id,
            ClientName="c",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            PreventUserExistenceErrors="ENABLED" if hides else "LEGACY",
        )["UserPoolClient"]
        self.ask = {"ClientId": made["ClientId"], "Username": NAME}

    def new(self, **attributes):
        """A confirmed user."""
        listed = [{"Name": name, "Value": value} for name, value in attributes.items()]
        given = {"UserPoolId": self.pool_id, "Username": NAME}
        self.aws.admin_create_user(**given, MessageAction="SUPPRESS", UserAttributes=listed)
        self.aws.admin_set_user_password(**given, Password=PASSWORD, Permanent=True)

    def code(self):
        """What the user was sent last."""
        url = f"{self.sandbox.endpoint}/_sandbox/codes?pool={self.pool_id}&username={quote(NAME)}"
        with urlopen(url, timeout=10) as answer:  # noqa: S310  # the sandbox's own URL
            return json.load(answer)["code"]

    def sign_in(self, password):
        return self.aws.initiate_auth(
            ClientId=self.ask["ClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": NAME, "PASSWORD": password},
        )

    def status(self):
        return self.aws.admin_get_user(UserPoolId=self.pool_id, Username=NAME)["UserStatus"]


@pytest.fixture
def world(aws, sandbox):
    return World(aws, sandbox)


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_sign_up_is_confirmed_by_its_last_code(world):
    aws = world.aws
    email = [{"Name": "email", "Value": NAME}]
    signed_up = aws.sign_up(**world.ask, Password=PASSWORD, UserAttributes=email)
    assert signed_up["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    first = world.code()
    with pytest.raises(aws.exceptions.UserNotConfirmedException):
        world.sign_in(PASSWORD)
    with pytest.raises(aws.exceptions.CodeMismatchException, match="Invalid verification code provided"):
        aws.confirm_sign_up(**world.ask, ConfirmationCode=wrong(first))
    assert aws.resend_confirmation_code(**world.ask)["CodeDeliveryDetails"]["AttributeName"] == "email"
    aws.confirm_sign_up(**world.ask, ConfirmationCode=world.code())
    assert "AuthenticationResult" in world.sign_in(PASSWORD)
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Current status is CONFIRMED"):
        aws.confirm_sign_up(**world.ask, ConfirmationCode=first)
    with pytest.raises(aws.exceptions.InvalidParameterException, match="already confirmed"):
        aws.resend_confirmation_code(**world.ask)


def test_a_forgotten_password_is_replaced_by_a_code_that_is_good_once(world):
    aws = world.aws
    world.new(email=NAME, email_verified="true")
    aws.admin_reset_user_password(UserPoolId=world.pool_id, Username=NAME)
    aws.forgot_password(**world.ask)
    code = world.code()
    with pytest.raises(aws.exceptions.InvalidPasswordException):
        aws.confirm_forgot_password(**world.ask, ConfirmationCode=code, Password="short")
    with pytest.raises(aws.exceptions.CodeMismatchException):
        aws.confirm_forgot_password(**world.ask, ConfirmationCode=wrong(code), Password=NEXT)
    aws.confirm_forgot_password(**world.ask, ConfirmationCode=code, Password=NEXT)
    assert world.status() == "CONFIRMED"
    assert "AuthenticationResult" in world.sign_in(NEXT)
    with pytest.raises(aws.exceptions.ExpiredCodeException, match="request a code again"):
        aws.confirm_forgot_password(**world.ask, ConfirmationCode=code, Password=PASSWORD)


def test_who_cannot_be_sent_a_code_is_told_why(world):
    aws = world.aws
    world.new()
    with pytest.raises(aws.exceptions.InvalidParameterException, match="no registered/verified email"):
        aws.forgot_password(**world.ask)
    aws.admin_set_user_password(UserPoolId=world.pool_id, Username=NAME, Password=NEXT, Permanent=False)
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="current state"):
        aws.forgot_password(**world.ask)
    aws.admin_disable_user(UserPoolId=world.pool_id, Username=NAME)
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="disabled"):
        aws.forgot_password(**world.ask)


@pytest.mark.parametrize("hides", [True, False], ids=["hidden", "shown"])
def test_whether_somebody_exists_is_hidden_or_shown_throughout(aws, sandbox, hides):
    world = World(aws, sandbox, hides=hides)
    missing = aws.exceptions.UserNotFoundException
    for operation in (aws.forgot_password, aws.resend_confirmation_code):
        if hides:
            assert operation(**world.ask)["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
        else:
            with pytest.raises(missing):
                operation(**world.ask)
    with pytest.raises(aws.exceptions.ExpiredCodeException if hides else missing):
        aws.confirm_sign_up(**world.ask, ConfirmationCode="123456")
    with pytest.raises(aws.exceptions.CodeMismatchException if hides else missing):
        aws.confirm_forgot_password(**world.ask, ConfirmationCode="123456", Password=NEXT)


def test_somebody_who_is_signed_in_changes_password_and_attributes(world):
    aws = world.aws
    world.new(email=NAME, email_verified="true")
    token = world.sign_in(PASSWORD)["AuthenticationResult"]["AccessToken"]
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Incorrect username or password"):
        aws.change_password(AccessToken=token, PreviousPassword=NEXT, ProposedPassword=NEXT)
    aws.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=NEXT)
    assert "AuthenticationResult" in world.sign_in(NEXT)
    aws.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": "ada@example.com"}])
    told = {one["Name"]: one["Value"] for one in aws.get_user(AccessToken=token)["UserAttributes"]}
    assert (told["email"], told["email_verified"]) == ("ada@example.com", "false")
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="unauthorized attribute"):
        aws.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email_verified", "Value": "true"}])


class TestEnrolment:
    """A pool that demands a second factor of everybody (MfaConfiguration ON)."""

    @pytest.fixture
    def world(self, aws, sandbox):
        world = World(aws, sandbox, MfaConfiguration="ON")
        world.new()
        return world

    @staticmethod
    def log_in(world, **answers):
        samples = []
        witness = type("W", (), {"sample": lambda _, one: samples.append(one), "cut_off": lambda *_: None})()
        cognito = Cognito(Endpoint.parse(world.sandbox.endpoint), region=world.sandbox.region)
        talk = Conversation(cognito, witness)
        client = AppClient(world.ask["ClientId"], user_pool_id=world.pool_id, answers=answers)
        flow = FLOWS["USER_PASSWORD_AUTH"](client, Account(NAME, PASSWORD), JsonExtractor.token().from_document)
        try:
            tokens = talk.run(flow, Reason.INITIAL)
        finally:
            talk.close()
        return tokens, [sample.name for sample in samples if sample.kind == "exchange"]

    def test_an_app_is_enrolled_within_the_sign_in_and_asked_for_from_then_on(self, world):
        kept = {}

        def first_code(asked):
            kept["secret"] = asked.parameters["SecretCode"]
            return TOTP(kept["secret"]).now()

        tokens, names = self.log_in(world, MFA_SETUP=first_code)
        assert tokens.access_token
        assert names == ["InitiateAuth", "AssociateSoftwareToken", "VerifySoftwareToken", "RespondToAuthChallenge"]
        assert world.sign_in(PASSWORD)["ChallengeName"] == "SOFTWARE_TOKEN_MFA"

    def test_a_wrong_first_code_and_no_function_are_outcomes_with_a_remedy(self, world):
        with pytest.raises(LoginError) as caught:
            self.log_in(world, MFA_SETUP=lambda asked: wrong(TOTP(asked.parameters["SecretCode"]).now()))
        assert (caught.value.kind, caught.value.outcome) == ("EnableSoftwareTokenMFAException", Outcome.REJECTED)
        with pytest.raises(LoginError) as caught:
            self.log_in(world)
        assert (caught.value.outcome, "SecretCode" in caught.value.hint) == (Outcome.CHALLENGED, True)

    def test_the_challenge_is_not_answered_before_an_app_is_enrolled(self, world):
        aws, asked = world.aws, world.sign_in(PASSWORD)
        assert json.loads(asked["ChallengeParameters"]["MFAS_CAN_SETUP"]) == ["SOFTWARE_TOKEN_MFA"]
        answer = {"ClientId": world.ask["ClientId"], "ChallengeName": "MFA_SETUP"}
        with pytest.raises(aws.exceptions.InvalidParameterException):
            aws.respond_to_auth_challenge(**answer, Session=asked["Session"], ChallengeResponses={"USERNAME": NAME})
        begun = aws.associate_software_token(Session=asked["Session"])
        with pytest.raises(aws.exceptions.NotAuthorizedException, match="only be used once"):
            aws.associate_software_token(Session=asked["Session"])
        code = TOTP(begun["SecretCode"]).now()
        session = aws.verify_software_token(Session=begun["Session"], UserCode=code)["Session"]
        done = aws.respond_to_auth_challenge(**answer, Session=session, ChallengeResponses={"USERNAME": NAME})
        assert done["AuthenticationResult"]["AccessToken"]
