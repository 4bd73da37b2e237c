"""SRP between the sandbox and clients nobody here wrote, and between its server and the harness's own client."""

from __future__ import annotations

import pytest
from pycognito import Cognito
from pycognito.aws_srp import AWSSRP
from pycognito.exceptions import SoftwareTokenMFAChallengeException
from pyotp import TOTP

from harness.cognito.flows import FLOWS, Account, AppClient
from harness.conversation import Cognito as Service
from harness.conversation import Conversation
from harness.errors import LoginError
from harness.extract import JsonExtractor
from harness.outcome import Reason
from harness.transport import Endpoint

pytestmark = pytest.mark.peers

PASSWORD = "Sample-Password-1!"
NEW_PASSWORD = "Another-Password-2?"
SRP = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


class Nobody:
    def sample(self, sample, /):
        """Not what this is about."""

    def cut_off(self, cut_off, /):
        """The same."""


@pytest.fixture(params=[False, True], ids=["public", "secret"])
def client(request, aws, pool_id):
    """A client that takes SRP only, without and with a secret."""
    made = aws.create_user_pool_client(
        UserPoolId=pool_id, ClientName="srp", ExplicitAuthFlows=SRP, GenerateSecret=request.param
    )
    return made["UserPoolClient"]


@pytest.fixture
def pycognitos(sandbox, client, pool_id, aws):
    def make(username, password):
        return AWSSRP(
            username, password, pool_id, client["ClientId"], client=aws, client_secret=client.get("ClientSecret")
        )

    return make


@pytest.fixture
def high_level(sandbox, client, pool_id, username):
    """Pycognito's own idea of a user, which does not verify tokens: it looks for the keys at Amazon."""
    peer = Cognito(
        pool_id,
        client["ClientId"],
        username=username,
        client_secret=client.get("ClientSecret"),
        access_key=sandbox.access_key_id,
        secret_key=sandbox.secret_access_key,
        boto3_client_kwargs={"endpoint_url": sandbox.endpoint},
    )
    peer.verify_tokens = lambda: None
    peer.verify_token = lambda token, name, _: setattr(peer, name, token)
    return peer


@pytest.fixture
def log_in(sandbox, client, pool_id):
    """A login by the harness."""

    def log_in(username, password, flow="USER_SRP_AUTH", **account):
        app = AppClient(client["ClientId"], client.get("ClientSecret", ""), pool_id)
        conversation = Conversation(Service(Endpoint.parse(sandbox.endpoint), region=sandbox.region), Nobody())
        read_token = JsonExtractor.token("$.AuthenticationResult.AccessToken").from_document
        try:
            return conversation.run(
                FLOWS[flow](app, Account(username, password, **account), read_token), Reason.INITIAL
            )
        finally:
            conversation.close()

    return log_in


def test_pycognito_signs_in(pycognitos, username):
    assert pycognitos(username, PASSWORD).authenticate_user()["AuthenticationResult"]["RefreshToken"]


def test_pycognito_s_wrong_password_is_refused(pycognitos, aws, username):
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Incorrect username or password"):
        pycognitos(username, "wrong").authenticate_user()


def test_pycognito_passes_a_new_password(pycognitos, aws, pool_id, username):
    aws.admin_set_user_password(UserPoolId=pool_id, Username=username, Password=PASSWORD, Permanent=False)
    assert pycognitos(username, PASSWORD).set_new_password_challenge(NEW_PASSWORD)["AuthenticationResult"]
    assert pycognitos(username, NEW_PASSWORD).authenticate_user()["AuthenticationResult"]


def test_pycognito_renews_its_tokens_and_signs_out_everywhere(high_level, aws):
    high_level.authenticate(PASSWORD)
    before = high_level.access_token
    high_level.renew_access_token()
    assert high_level.access_token != before
    high_level.logout()
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
        aws.get_user(AccessToken=before)


def test_boto3_signs_in_renews_and_signs_out_everywhere(aws, pycognitos, client, pool_id, username):
    """The calls are those that a user of boto3 writes, and pycognito lends its arithmetic."""
    app = {"ClientId": client["ClientId"]}

    def log_in(password):
        peer = pycognitos(username, password)
        first = aws.initiate_auth(AuthFlow="USER_SRP_AUTH", AuthParameters=peer.get_auth_params(), **app)
        answer = peer.process_challenge(first["ChallengeParameters"], {"USERNAME": username})
        second = aws.respond_to_auth_challenge(ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answer, **app)
        hashed = {name: value for name, value in answer.items() if name in {"USERNAME", "SECRET_HASH"}}
        return second, hashed

    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Incorrect username or password"):
        log_in("wrong")
    aws.admin_set_user_password(UserPoolId=pool_id, Username=username, Password=PASSWORD, Permanent=False)
    challenge, hashed = log_in(PASSWORD)
    tokens = aws.respond_to_auth_challenge(
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={**hashed, "NEW_PASSWORD": NEW_PASSWORD},
        **app,
    )["AuthenticationResult"]
    values = {**hashed, "REFRESH_TOKEN": tokens["RefreshToken"]}
    renewed = aws.initiate_auth(AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=values, **app)["AuthenticationResult"]
    aws.global_sign_out(AccessToken=renewed["AccessToken"])
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Refresh Token has been revoked"):
        aws.initiate_auth(AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=values, **app)


def test_pycognito_enrols_an_authenticator_and_the_harness_uses_it(high_level, username, log_in):
    peer = high_level
    peer.authenticate(PASSWORD)
    secret = peer.associate_software_token()
    assert peer.verify_software_token(TOTP(secret).now())
    peer.set_user_mfa_preference(sms_mfa=False, software_token_mfa=True, preferred="SOFTWARE_TOKEN")
    with pytest.raises(SoftwareTokenMFAChallengeException):
        peer.authenticate(PASSWORD)
    with pytest.raises(LoginError, match="SOFTWARE_TOKEN_MFA: no totp_secret"):
        log_in(username, PASSWORD)


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "USER_AUTH"])
def test_the_harness_signs_in(log_in, username, flow):
    assert log_in(username, PASSWORD, flow).refresh_token


def test_the_harness_s_wrong_password_is_refused(log_in, username):
    with pytest.raises(LoginError, match=r"Incorrect username or password\."):
        log_in(username, "wrong")


def test_the_harness_passes_a_new_password(log_in, aws, pool_id, username):
    aws.admin_set_user_password(UserPoolId=pool_id, Username=username, Password=PASSWORD, Permanent=False)
    assert log_in(username, PASSWORD, new_password=NEW_PASSWORD).refresh_token
    assert log_in(username, NEW_PASSWORD).refresh_token


def test_an_address_is_another_name_for_the_user(sandbox, aws, client, log_in):
    """USER_ID_FOR_SRP is then the sub, which the proof and SECRET_HASH are made of."""
    pool_id = aws.create_user_pool(PoolName="mail", UsernameAttributes=["email"])["UserPool"]["Id"]
    made = aws.create_user_pool_client(UserPoolId=pool_id, ClientName="c", GenerateSecret=True)["UserPoolClient"]
    aws.admin_create_user(UserPoolId=pool_id, Username="a@example.com")
    aws.admin_set_user_password(UserPoolId=pool_id, Username="a@example.com", Password=PASSWORD, Permanent=True)
    peer = AWSSRP("a@example.com", PASSWORD, pool_id, made["ClientId"], client=aws, client_secret=made["ClientSecret"])
    challenge = aws.initiate_auth(
        AuthFlow="USER_SRP_AUTH", ClientId=made["ClientId"], AuthParameters=peer.get_auth_params()
    )
    assert "@" not in challenge["ChallengeParameters"]["USER_ID_FOR_SRP"]
    app = AppClient(made["ClientId"], made["ClientSecret"], pool_id)
    conversation = Conversation(Service(Endpoint.parse(sandbox.endpoint), region=sandbox.region), Nobody())
    read_token = JsonExtractor.token("$.AuthenticationResult.AccessToken").from_document
    flow = FLOWS["USER_SRP_AUTH"](app, Account("a@example.com", PASSWORD), read_token)
    assert conversation.run(flow, Reason.INITIAL).access_token
    conversation.close()
    aws.delete_user_pool(UserPoolId=pool_id)
