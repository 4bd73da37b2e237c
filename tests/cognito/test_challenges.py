"""Flows beyond a password that is sent, and the challenges on their way, played by `.send()`."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pyotp
import pytest
from botocore.session import Session
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cognito.flows import FLOWS, Account, AppClient, Asked, Flow, secret_hash
from harness.cognito.flows.challenges import ANSWERS
from harness.cognito.totp import Authenticators
from harness.cognito.wire import CHALLENGE_UNANSWERED, NO_REPLY, NOT_COGNITO, OFFLOAD, Call, PlainReply
from harness.errors import LoginError
from harness.outcome import Outcome

PASSWORD = "Corr3ct-Horse"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CLIENT = AppClient("client1", "", "eu-west-1_AbC", authenticators=Authenticators(lambda: 900.0))
SECRET_CLIENT = replace(CLIENT, client_secret="cl1ent-s3cret")
ALICE = Account("alice@example.com", PASSWORD, totp_secret=TOTP)
GRANTED = {"AuthenticationResult": {"AccessToken": "acc", "ExpiresIn": 3600}}
VERIFIER = {
    "ChallengeName": "PASSWORD_VERIFIER",
    "ChallengeParameters": {
        "USER_ID_FOR_SRP": "the-sub",
        "SALT": "1f",
        "SRP_B": "abcdef",
        "SECRET_BLOCK": base64.b64encode(b"block").decode(),
    },
}


def read_token(document: Any) -> str:
    token = document.get("AuthenticationResult", {}).get("AccessToken")
    return token if isinstance(token, str) else ""


def asked(name: str, session: str = "s" * 20, **parameters: str) -> dict[str, Any]:
    return {"ChallengeName": name, "Session": session, "ChallengeParameters": parameters}


def play(flow: Flow, *documents: Any) -> list[Call]:
    """The calls that a flow makes, which has to end with the last document."""
    calls = []
    replies = iter(PlainReply(200, {}, json.dumps(document).encode()) for document in documents)
    call = next(flow)
    try:
        while True:
            if call is OFFLOAD:
                call = flow.send(NO_REPLY)
                continue
            calls.append(call)
            call = flow.send(next(replies))
    except StopIteration:
        return calls


def body(call: Call) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(call.body)
    return document


def answers(call: Call) -> dict[str, str]:
    responses: dict[str, str] = body(call)["ChallengeResponses"]
    return responses


def failure(flow: Flow, *documents: Any) -> LoginError:
    with pytest.raises(LoginError) as error:
        play(flow, *documents)
    return error.value


def begin(name: str, client: AppClient = CLIENT, account: Account = ALICE) -> Flow:
    return FLOWS[name](client, account, read_token)


def test_srp_proves_the_password_and_never_sends_it():
    calls = play(begin("USER_SRP_AUTH", SECRET_CLIENT), VERIFIER, GRANTED)
    assert [call.operation for call in calls] == ["InitiateAuth", "RespondToAuthChallenge"]
    assert body(calls[0])["AuthParameters"].keys() == {"USERNAME", "SRP_A", "SECRET_HASH"}
    assert body(calls[0])["AuthParameters"]["SECRET_HASH"] == secret_hash(SECRET_CLIENT, "alice@example.com")
    assert answers(calls[1])["USERNAME"] == "the-sub"
    assert answers(calls[1])["SECRET_HASH"] == secret_hash(SECRET_CLIENT, "the-sub")
    assert "Session" not in body(calls[1])
    assert not any(PASSWORD.encode() in call.body for call in calls)


def test_each_login_by_srp_leaves_a_secret_for_the_next_one_which_then_begins_without_arithmetic():
    client = AppClient("client", user_pool_id=CLIENT.user_pool_id)
    flow = begin("USER_SRP_AUTH", client)
    assert next(flow) is OFFLOAD
    first = flow.send(NO_REPLY)
    assert flow.send(PlainReply(200, {}, json.dumps(VERIFIER).encode())) is OFFLOAD
    assert flow.send(NO_REPLY).operation == "RespondToAuthChallenge"
    [left] = client.exchanges
    second = next(begin("USER_SRP_AUTH", client))
    assert body(second)["AuthParameters"]["SRP_A"] == left.public != body(first)["AuthParameters"]["SRP_A"]
    assert not client.exchanges


def test_whom_cognito_asked_once_is_whom_later_answers_are_for():
    calls = play(begin("USER_SRP_AUTH", SECRET_CLIENT), VERIFIER, asked("SOFTWARE_TOKEN_MFA"), GRANTED)
    assert answers(calls[2])["USERNAME"] == "the-sub"
    assert answers(calls[2])["SECRET_HASH"] == secret_hash(SECRET_CLIENT, "the-sub")


@pytest.mark.parametrize(
    "change", [{"SRP_B": "0"}, {"SALT": "?"}, {"SECRET_BLOCK": "*"}, {"USER_ID_FOR_SRP": ""}, {"SRP_B": 5}]
)
def test_a_question_that_is_none_is_malformed(change):
    spoilt = {**VERIFIER, "ChallengeParameters": {**VERIFIER["ChallengeParameters"], **change}}
    error = failure(begin("USER_SRP_AUTH"), spoilt)
    assert (error.kind, error.outcome) == (NOT_COGNITO, Outcome.MALFORMED)


def test_an_administrator_s_calls_name_the_pool():
    account = replace(ALICE, new_password="Battery-5taple")
    calls = play(begin("ADMIN_USER_PASSWORD_AUTH", CLIENT, account), asked("NEW_PASSWORD_REQUIRED"), GRANTED)
    assert [call.operation for call in calls] == ["AdminInitiateAuth", "AdminRespondToAuthChallenge"]
    assert {body(call)["UserPoolId"] for call in calls} == {"eu-west-1_AbC"}


class TestUserAuth:
    def select(self, *available: str) -> dict[str, Any]:
        return {**asked("SELECT_CHALLENGE"), "AvailableChallenges": list(available)}

    def test_srp_is_chosen_where_it_is_offered_and_the_pool_is_known(self):
        calls = play(begin("USER_AUTH"), self.select("PASSWORD", "PASSWORD_SRP"), VERIFIER, GRANTED)
        assert body(calls[0])["AuthParameters"] == {"USERNAME": "alice@example.com"}
        assert answers(calls[1]).keys() == {"USERNAME", "ANSWER", "SRP_A"}
        assert "PASSWORD_CLAIM_SIGNATURE" in answers(calls[2])

    def test_the_password_is_chosen_otherwise(self):
        client = replace(CLIENT, user_pool_id="")
        calls = play(begin("USER_AUTH", client), self.select("PASSWORD_SRP", "PASSWORD"), GRANTED)
        assert answers(calls[1]) == {"USERNAME": "alice@example.com", "ANSWER": "PASSWORD", "PASSWORD": PASSWORD}

    def test_a_code_is_chosen_where_a_function_reads_it(self):
        client = replace(CLIENT, answers={"EMAIL_OTP": lambda _: "123456"})
        calls = play(begin("USER_AUTH", client), self.select("EMAIL_OTP"), asked("EMAIL_OTP"), GRANTED)
        assert answers(calls[1])["ANSWER"] == "EMAIL_OTP"
        assert answers(calls[2])["EMAIL_OTP_CODE"] == "123456"

    @pytest.mark.parametrize("offered", [("WEB_AUTHN",), ()])
    def test_nothing_that_can_be_given_is_challenged(self, offered):
        error = failure(begin("USER_AUTH"), self.select(*offered))
        assert (error.kind, error.outcome) == (CHALLENGE_UNANSWERED, Outcome.CHALLENGED)
        assert "--cognito-first-factor" in error.hint

    @pytest.mark.parametrize(
        ("factor", "sent", "then"),
        [
            ("PASSWORD", {"PASSWORD"}, []),
            ("PASSWORD_SRP", {"SRP_A"}, [VERIFIER]),
            ("SMS_OTP", set(), [asked("SMS_OTP")]),
        ],
    )
    def test_a_preference_goes_with_what_it_needs(self, factor, sent, then):
        client = replace(CLIENT, first_factor=factor, answers={"SMS_OTP": lambda _: "123456"})
        calls = play(begin("USER_AUTH", client), *then, GRANTED)
        assert body(calls[0])["AuthParameters"].keys() == {"USERNAME", "PREFERRED_CHALLENGE"} | sent

    def test_a_password_that_is_asked_for_is_given(self):
        calls = play(begin("USER_AUTH"), asked("PASSWORD"), GRANTED)
        assert answers(calls[1])["PASSWORD"] == PASSWORD

    def test_srp_that_is_asked_for_is_begun(self):
        calls = play(begin("USER_AUTH"), asked("PASSWORD_SRP"), VERIFIER, GRANTED)
        assert "SRP_A" in answers(calls[1])


class TestAuthenticatorCodes:
    def test_no_code_is_sent_twice(self):
        client = replace(CLIENT, authenticators=Authenticators(lambda: 900.0))
        challenge = asked("SOFTWARE_TOKEN_MFA")
        one, other = (play(begin("USER_PASSWORD_AUTH", client), challenge, GRANTED)[1] for _ in range(2))
        assert answers(one)["SOFTWARE_TOKEN_MFA_CODE"] == pyotp.TOTP(TOTP).at(900)
        assert answers(other)["SOFTWARE_TOKEN_MFA_CODE"] == pyotp.TOTP(TOTP).at(930)
        assert (one.not_before_s, other.not_before_s) == (900, 930)

    def test_a_function_makes_them_for_users_without_a_secret(self):
        client = replace(CLIENT, answers={"SOFTWARE_TOKEN_MFA": lambda _: "123456"})
        account = replace(ALICE, totp_secret="")
        calls = play(begin("USER_PASSWORD_AUTH", client, account), asked("SOFTWARE_TOKEN_MFA"), GRANTED)
        assert answers(calls[1])["SOFTWARE_TOKEN_MFA_CODE"] == "123456"

    @pytest.mark.parametrize("secret", ["", "canary-1!"])
    def test_without_a_secret_that_is_one_the_column_is_named(self, secret):
        error = failure(
            begin("USER_PASSWORD_AUTH", account=replace(ALICE, totp_secret=secret)), asked("SOFTWARE_TOKEN_MFA")
        )
        assert error.outcome == Outcome.CHALLENGED
        assert "totp_secret" in error.hint
        assert "canary" not in f"{error}{error.hint}"

    @pytest.mark.parametrize(
        ("offered", "chosen"), [('["SMS_MFA","SOFTWARE_TOKEN_MFA"]', "SOFTWARE_TOKEN_MFA"), ('["SMS_MFA"]', "SMS_MFA")]
    )
    def test_the_factor_that_can_be_given_is_chosen(self, offered, chosen):
        client = replace(CLIENT, answers={"SMS_MFA": lambda _: "123456"})
        select = asked("SELECT_MFA_TYPE", MFAS_CAN_CHOOSE=offered)
        calls = play(begin("USER_PASSWORD_AUTH", client), select, asked(chosen), GRANTED)
        assert answers(calls[1])["ANSWER"] == chosen

    @pytest.mark.parametrize("offered", ['["EMAIL_OTP"]', "[", "5"])
    def test_a_choice_without_one_that_can_be_given_is_challenged(self, offered):
        error = failure(begin("USER_PASSWORD_AUTH"), asked("SELECT_MFA_TYPE", MFAS_CAN_CHOOSE=offered))
        assert error.outcome == Outcome.CHALLENGED


class TestAnswerFunctions:
    def test_a_function_is_told_who_and_what(self):
        told: list[Asked] = []

        def answer(question: Asked) -> str:
            told.append(question)
            return "7"

        client = replace(CLIENT, answers={"CUSTOM_CHALLENGE": answer})
        calls = play(begin("CUSTOM_AUTH", client), asked("CUSTOM_CHALLENGE", question="3 + 4"), GRANTED)
        assert answers(calls[1])["ANSWER"] == "7"
        assert told == [Asked("alice@example.com", "CUSTOM_CHALLENGE", {"question": "3 + 4"})]
        assert "3 + 4" not in repr(told)

    @pytest.mark.parametrize("answer", ["", None, 5, "x" * 3000, "a\nb"])
    def test_no_answer_is_challenged(self, answer):
        client = replace(CLIENT, answers={"CUSTOM_CHALLENGE": lambda _: answer})
        error = failure(begin("CUSTOM_AUTH", client), asked("CUSTOM_CHALLENGE"))
        assert (error.outcome, "had no answer" in error.message) == (Outcome.CHALLENGED, True)

    def test_an_exception_is_named_and_not_quoted(self):
        def fail(_: Asked) -> str:
            raise RuntimeError("canary")

        error = failure(
            begin("CUSTOM_AUTH", replace(CLIENT, answers={"CUSTOM_CHALLENGE": fail})), asked("CUSTOM_CHALLENGE")
        )
        assert "raised RuntimeError" in error.message
        assert "canary" not in error.message

    def test_a_login_error_of_the_function_s_own_passes(self):
        def give_up(_: Asked) -> str:
            raise LoginError("NoMail", "no mail came", outcome=Outcome.TRANSPORT_ERROR)

        client = replace(CLIENT, answers={"EMAIL_OTP": give_up})
        assert failure(begin("CUSTOM_AUTH", client), asked("EMAIL_OTP")).kind == "NoMail"

    @pytest.mark.parametrize("name", ["CUSTOM_CHALLENGE", "EMAIL_OTP", "SMS_OTP", "SMS_MFA", "MFA_SETUP", "WEB_AUTHN"])
    def test_without_a_function_it_is_challenged_with_a_remedy(self, name):
        error = failure(begin("USER_PASSWORD_AUTH"), asked(name))
        assert (error.kind, error.outcome) == (CHALLENGE_UNANSWERED, Outcome.CHALLENGED)
        assert error.hint


json_values = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.lists(st.text(max_size=4), max_size=3)
)
parameters = st.dictionaries(
    st.sampled_from(["USER_ID_FOR_SRP", "SALT", "SRP_B", "SECRET_BLOCK", "MFAS_CAN_CHOOSE", "requiredAttributes"]),
    json_values | st.sampled_from(["1f", "0", "AAAA", '["SMS_MFA"]', "\ud800"]),
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "ChallengeName": st.sampled_from([*ANSWERS, "PASSWORD_VERIFIER", "PASSWORD_SRP", "MFA_SETUP"]) | json_values,
        "ChallengeParameters": parameters | json_values,
        "AvailableChallenges": st.lists(st.sampled_from(["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", 5])) | json_values,
        "AuthenticationResult": st.just(GRANTED["AuthenticationResult"]),
        "Session": json_values,
    },
)


@settings(deadline=None)
@given(
    name=st.sampled_from(sorted(FLOWS)),
    client=st.sampled_from([CLIENT, SECRET_CLIENT, replace(CLIENT, user_pool_id="")]),
    conversation=st.lists(documents, min_size=15, max_size=15),
)
def test_no_answer_makes_any_flow_raise_anything_but_a_login_error(name, client, conversation):
    failed = None
    try:
        play(begin(name, client), *conversation)
    except LoginError as error:
        failed = error
    if failed is not None:
        assert Outcome(failed.outcome).is_failure
        assert failed.message.isprintable()
        assert not any(secret in f"{failed}{failed.hint}" for secret in (PASSWORD, TOTP, "cl1ent-s3cret"))


def test_every_answer_is_named_as_aws_names_it():
    model = Session().get_service_model("cognito-idp")
    assert {*ANSWERS, "PASSWORD_VERIFIER"} <= set(model.shape_for("ChallengeNameType").enum)


def test_secrets_stay_out_of_repr():
    for text in (repr(SECRET_CLIENT), repr(ALICE)):
        assert not any(secret in text for secret in (PASSWORD, TOTP, "cl1ent-s3cret"))


def test_a_new_password_may_be_typed_in():
    client = replace(CLIENT, answers={"NEW_PASSWORD_REQUIRED": lambda _: "Battery-5taple"})
    calls = play(begin("USER_PASSWORD_AUTH", client), asked("NEW_PASSWORD_REQUIRED"), GRANTED)
    assert answers(calls[1])["NEW_PASSWORD"] == "Battery-5taple"
