"""Remembered devices: the sandbox against pycognito and boto3, and the harness's own client against the sandbox."""

from __future__ import annotations

import os

import pytest
from pycognito.aws_srp import AWSSRP, generate_hash_device
from pyotp import TOTP

from harness.cognito.flows import FLOWS, Account, AppClient, refresh_token_auth
from harness.cognito.srp import device_verifier
from harness.cognito.tokens import claims
from harness.conversation import Cognito, Conversation
from harness.errors import LoginError
from harness.extract import JsonExtractor
from harness.outcome import Outcome, Reason
from harness.transport import Endpoint

pytestmark = pytest.mark.peers

PASSWORD = "Sample-Password-1!"
FLOW_NAMES = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
READ_TOKEN = JsonExtractor.token().from_document


class Witness:
    """Keeps the names of exchanges, and what became of them."""

    def __init__(self):
        self.seen = []

    def sample(self, sample, /):
        if sample.kind == "exchange":
            self.seen.append((sample.name, str(sample.outcome)))

    def cut_off(self, cut_off, /):
        """Not what this is about."""


class World:
    """A pool that keeps track of devices, with one user."""

    def __init__(self, aws, sandbox, *, on_request, secret=False):
        tracking = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": on_request}
        self.aws, self.sandbox = aws, sandbox
        self.pool_id = aws.create_user_pool(PoolName="devices", DeviceConfiguration=tracking)["UserPool"]["Id"]
        made = aws.create_user_pool_client(
            UserPoolId=self.pool_id, ClientName="c", ExplicitAuthFlows=FLOW_NAMES, GenerateSecret=secret
        )["UserPoolClient"]
        self.client = AppClient(made["ClientId"], made.get("ClientSecret", ""), self.pool_id)
        aws.admin_create_user(UserPoolId=self.pool_id, Username="ada", MessageAction="SUPPRESS")
        aws.admin_set_user_password(UserPoolId=self.pool_id, Username="ada", Password=PASSWORD, Permanent=True)

    def by_pycognito(self, **device):
        """A login by SRP; what came of it."""
        secret = self.client.client_secret or None
        peer = AWSSRP(
            "ada", PASSWORD, self.pool_id, self.client.client_id, client=self.aws, client_secret=secret, **device
        )
        return peer.authenticate_user()

    def device(self):
        """A device that signed in and was confirmed with a verifier of pycognito's."""
        result = self.by_pycognito()["AuthenticationResult"]
        metadata = result["NewDeviceMetadata"]
        key, group = metadata["DeviceKey"], metadata["DeviceGroupKey"]
        password, config = generate_hash_device(group, key)
        self.confirmed = self.aws.confirm_device(
            AccessToken=result["AccessToken"], DeviceKey=key, DeviceName="phone", DeviceSecretVerifierConfig=config
        )
        return {"device_key": key, "device_group_key": group, "device_password": password}

    def by_us(self, flow="USER_SRP_AUTH", **device):
        """A login by the harness; tokens, and the exchanges."""
        witness = Witness()
        talk = self.conversation(witness)
        try:
            tokens = talk.run(FLOWS[flow](self.client, Account("ada", PASSWORD, **device), READ_TOKEN), Reason.INITIAL)
        finally:
            talk.close()
        return tokens, witness.seen

    def conversation(self, witness):
        return Conversation(Cognito(Endpoint.parse(self.sandbox.endpoint), region=self.sandbox.region), witness)


@pytest.fixture
def world(aws, sandbox):
    return World(aws, sandbox, on_request=False)


def test_pycognito_s_device_proves_itself_and_is_not_new_again(world):
    first = world.by_pycognito()["AuthenticationResult"]
    assert set(first["NewDeviceMetadata"]) == {"DeviceKey", "DeviceGroupKey"}
    device = world.device()
    assert world.confirmed["UserConfirmationNecessary"] is False
    again = world.by_pycognito(**device)["AuthenticationResult"]
    assert "NewDeviceMetadata" not in again
    assert claims(again["AccessToken"])["device_key"] == device["device_key"]
    with pytest.raises(world.aws.exceptions.NotAuthorizedException, match="Incorrect username or password"):
        world.by_pycognito(**device | {"device_password": "another"})
    with pytest.raises(world.aws.exceptions.ResourceNotFoundException, match="Device does not exist"):
        world.by_pycognito(**device | {"device_key": "us-east-1_00000000-0000-0000-0000-000000000000"})


@pytest.mark.parametrize("secret", [False, True], ids=["public", "secret"])
@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"])
def test_the_harness_answers_for_a_remembered_device(aws, sandbox, flow, secret):
    """Two exchanges more, whichever way the password went; tokens are refreshed with the device's key."""
    world = World(aws, sandbox, on_request=False, secret=secret)
    device = world.device()
    tokens, seen = world.by_us(flow, **device)
    first = ["InitiateAuth"] + ["RespondToAuthChallenge"] * (flow == "USER_SRP_AUTH")
    assert seen == [(name, "ok") for name in [*first, "RespondToAuthChallenge", "RespondToAuthChallenge"]]
    assert claims(tokens.access_token)["device_key"] == device["device_key"]
    talk = world.conversation(Witness())
    renewed = talk.run(refresh_token_auth(world.client, "ada", tokens, READ_TOKEN), Reason.REFRESH)
    talk.close()
    assert claims(renewed.access_token)["device_key"] == device["device_key"]


def test_a_device_confirmed_by_the_harness_is_pycognito_s_too(world):
    """The verifier of the one is what the other proves against."""
    result = world.by_pycognito()["AuthenticationResult"]
    key, group = result["NewDeviceMetadata"]["DeviceKey"], result["NewDeviceMetadata"]["DeviceGroupKey"]
    config = device_verifier(group, key, "its-own-password", b"\x01" + os.urandom(15))
    world.aws.confirm_device(AccessToken=result["AccessToken"], DeviceKey=key, DeviceSecretVerifierConfig=config)
    device = {"device_key": key, "device_group_key": group, "device_password": "its-own-password"}
    assert "NewDeviceMetadata" not in world.by_pycognito(**device)["AuthenticationResult"]
    assert world.by_us(**device)[0].access_token


def test_a_refresh_that_names_no_device_or_another_is_refused(world):
    result = world.by_pycognito()["AuthenticationResult"]
    for device in ({}, {"DEVICE_KEY": "us-east-1_00000000-0000-0000-0000-000000000000"}):
        with pytest.raises(world.aws.exceptions.NotAuthorizedException, match="Invalid Refresh Token"):
            world.aws.initiate_auth(
                ClientId=world.client.client_id,
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": result["RefreshToken"], **device},
            )


@pytest.mark.parametrize(
    ("wrong", "kind", "outcome"),
    [
        ({"device_password": "another"}, "NotAuthorizedException", Outcome.REJECTED),
        ({"device_password": ""}, "ChallengeUnanswered", Outcome.CHALLENGED),
        ({"device_group_key": ""}, "ChallengeUnanswered", Outcome.CHALLENGED),
        ({"device_key": "us-east-1_x"}, "ResourceNotFoundException", Outcome.REJECTED),
    ],
)
def test_a_device_that_does_not_fit_is_an_outcome_with_a_remedy(world, wrong, kind, outcome):
    device = world.device()
    with pytest.raises(LoginError) as caught:
        world.by_us(**device | wrong)
    assert (caught.value.kind, caught.value.outcome) == (kind, outcome)
    assert device["device_password"] not in str(caught.value)
    if kind == "ChallengeUnanswered":
        assert "device_group_key" in caught.value.hint


def test_an_account_without_a_device_signs_in_as_ever(world):
    """Each login is a new device's, and nobody asks for more."""
    _, seen = world.by_us()
    assert seen == [("InitiateAuth", "ok"), ("RespondToAuthChallenge", "ok")]


def test_a_remembered_device_stands_in_for_the_second_factor(world):
    result = world.by_pycognito()["AuthenticationResult"]
    secret = world.aws.associate_software_token(AccessToken=result["AccessToken"])["SecretCode"]
    device = world.device()
    world.aws.verify_software_token(AccessToken=result["AccessToken"], UserCode=TOTP(secret).now())
    world.aws.set_user_mfa_preference(
        AccessToken=result["AccessToken"], SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    assert world.by_us(**device)[0].access_token
    with pytest.raises(LoginError, match="SOFTWARE_TOKEN_MFA"):
        world.by_us()


def test_a_device_is_remembered_when_its_user_asks_for_it(aws, sandbox):
    world = World(aws, sandbox, on_request=True)
    device = world.device()
    key = device["device_key"]
    assert world.confirmed["UserConfirmationNecessary"] is True
    tokens, seen = world.by_us(**device)
    assert len(seen) == 2, "nothing is asked of a device that is not remembered"
    aws.update_device_status(AccessToken=tokens.access_token, DeviceKey=key, DeviceRememberedStatus="remembered")
    assert len(world.by_us(**device)[1]) == 4
    shown = aws.get_device(AccessToken=tokens.access_token, DeviceKey=key)["Device"]
    told = {one["Name"]: one["Value"] for one in shown["DeviceAttributes"]}
    assert (told["device_status"], told["device_name"]) == ("remembered", "phone")
    aws.admin_update_device_status(
        UserPoolId=world.pool_id, Username="ada", DeviceKey=key, DeviceRememberedStatus="not_remembered"
    )
    assert len(world.by_us(**device)[1]) == 2


def test_devices_are_listed_by_pages_and_forgotten(world):
    keys = [world.device()["device_key"] for _ in range(3)]
    token = world.by_us()[0].access_token
    listed, more = [], {}
    while True:
        page = world.aws.list_devices(AccessToken=token, Limit=2, **more)
        listed += [device["DeviceKey"] for device in page["Devices"]]
        if "PaginationToken" not in page:
            break
        more = {"PaginationToken": page["PaginationToken"]}
    assert set(keys) <= set(listed)
    assert len(listed) == len(set(listed)) == 4, "each sign-in without a device makes one"
    user = {"UserPoolId": world.pool_id, "Username": "ada"}
    assert len(world.aws.admin_list_devices(**user)["Devices"]) == 4
    world.aws.forget_device(AccessToken=token, DeviceKey=keys[0])
    world.aws.admin_forget_device(**user, DeviceKey=keys[1])
    for key in keys[:2]:
        with pytest.raises(world.aws.exceptions.ResourceNotFoundException, match="Device does not exist"):
            world.aws.admin_get_device(**user, DeviceKey=key)
    with pytest.raises(world.aws.exceptions.InvalidParameterException):
        world.aws.list_devices(AccessToken=token, PaginationToken="nowhere")


def test_a_verifier_that_is_none_confirms_nothing(world):
    result = world.by_pycognito()["AuthenticationResult"]
    key = result["NewDeviceMetadata"]["DeviceKey"]
    for config in ({"Salt": "AAAA", "PasswordVerifier": "AA=="}, {"Salt": "AAAA", "PasswordVerifier": "no base64"}, {}):
        with pytest.raises(world.aws.exceptions.InvalidParameterException):
            world.aws.confirm_device(
                AccessToken=result["AccessToken"], DeviceKey=key, DeviceSecretVerifierConfig=config
            )
    with pytest.raises(world.aws.exceptions.InvalidParameterException, match="not been confirmed"):
        world.aws.update_device_status(
            AccessToken=result["AccessToken"], DeviceKey=key, DeviceRememberedStatus="remembered"
        )
