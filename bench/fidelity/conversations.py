"""Logins of more than one step, and renewals."""

from __future__ import annotations

import json
import time

from pyotp import TOTP

from bench.fidelity.place import NEW_PASSWORD, PASSWORD, WRONG, App, Place
from bench.fidelity.probe import behaviour, refused, same, told_by_tests, true
from bench.fidelity.refusals import INCORRECT, NOT_AUTHORIZED

FLOWS = "sandbox/test_flows.py::"
SESSION_CHARACTERS = range(20, 2049)
TOTP_STEP_S = 30


def _proof(place: Place, username: str, password: str = PASSWORD, app: App | None = None) -> tuple[dict, dict]:
    """PASSWORD_VERIFIER, and pycognito's answer to it."""
    peer = place.srp(username, password, app)
    challenge = place.start("USER_SRP_AUTH", app, **peer.get_auth_params())
    same(challenge.get("ChallengeName"), "PASSWORD_VERIFIER", "ChallengeName")
    return challenge, peer.process_challenge(challenge["ChallengeParameters"], peer.get_auth_params())


@behaviour("SRP: a right password ends in tokens", "peers/test_srp.py::test_pycognito_signs_in")
def srp(place: Place) -> None:
    challenge, answer = _proof(place, place.user())
    true(place.respond(challenge, **answer)["AuthenticationResult"]["RefreshToken"], "no refresh token")


@behaviour(
    "SRP: a wrong password is refused at the second step",
    "peers/test_srp.py::test_pycognito_s_wrong_password_is_refused",
)
def srp_wrong_password(place: Place) -> None:
    challenge, answer = _proof(place, place.user(), WRONG)
    refused(NOT_AUTHORIZED, INCORRECT, place.respond, challenge=challenge, **answer)


@behaviour(
    "SRP: the challenge names USERNAME and USER_ID_FOR_SRP, and has no Session",
    f"{FLOWS}test_the_challenge_has_what_clients_read_and_no_session",
)
def srp_challenge(place: Place) -> None:
    challenge, _ = _proof(place, place.user())
    parameters = challenge["ChallengeParameters"]
    same(sorted(parameters), ["SALT", "SECRET_BLOCK", "SRP_B", "USERNAME", "USER_ID_FOR_SRP"], "parameters")
    true("Session" not in challenge, "has a Session")
    int(parameters["SALT"], 16)
    int(parameters["SRP_B"], 16)


@behaviour(
    "SRP: the secret block alone finds the attempt (pycognito sends nothing else), once",
    f"{FLOWS}test_a_proof_is_good_once",
)
def srp_once(place: Place) -> None:
    challenge, answer = _proof(place, place.user())
    challenge.pop("Session", None)
    place.respond(challenge, **answer)
    refused(NOT_AUTHORIZED, None, place.respond, challenge=challenge, **answer)


@behaviour("SRP: a proof over another time is refused", f"{FLOWS}test_a_proof_is_over_time_and_block")
def srp_timestamp(place: Place) -> None:
    challenge, answer = _proof(place, place.user())
    answer["TIMESTAMP"] = "Tue Mar 5 09:02:05 UTC 2024"
    refused(NOT_AUTHORIZED, None, place.respond, challenge=challenge, **answer)


@behaviour("SRP: an A that is a multiple of N is refused", f"{FLOWS}test_a_public_value_that_proves_nothing_is_refused")
def srp_nothing_proved(place: Place) -> None:
    values = {"USERNAME": place.user(), "SRP_A": "0"}
    refused("InvalidParameterException", None, place.start, flow="USER_SRP_AUTH", **values)


@behaviour(
    "USER_AUTH offers SELECT_CHALLENGE with AvailableChallenges", f"{FLOWS}test_what_is_offered_depends_on_the_user"
)
def offered(place: Place) -> None:
    challenge = place.start("USER_AUTH", USERNAME=place.user())
    same(challenge.get("ChallengeName"), "SELECT_CHALLENGE", "ChallengeName")
    true({"PASSWORD", "PASSWORD_SRP"} <= set(challenge.get("AvailableChallenges", ())), "no password is offered")


@behaviour("USER_AUTH: ANSWER=PASSWORD with the PASSWORD ends in tokens", f"{FLOWS}test_a_password_is_chosen")
def chosen(place: Place) -> None:
    username = place.user()
    challenge = place.start("USER_AUTH", USERNAME=username)
    answer = place.respond(challenge, USERNAME=username, ANSWER="PASSWORD", PASSWORD=PASSWORD)
    true("AuthenticationResult" in answer, f"asked for {answer.get('ChallengeName')}")


@behaviour(
    "USER_AUTH: PREFERRED_CHALLENGE=PASSWORD with the PASSWORD ends in tokens at once",
    f"{FLOWS}test_a_password_that_comes_along_ends_in_tokens",
)
def preferred(place: Place) -> None:
    values = {"USERNAME": place.user(), "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD}
    answer = place.start("USER_AUTH", **values)
    true("AuthenticationResult" in answer, f"asked for {answer.get('ChallengeName')}")


@behaviour("USER_AUTH: PASSWORD_SRP is chosen, and ends in tokens", f"{FLOWS}test_srp_is_chosen_or_asked_for")
def chosen_srp(place: Place) -> None:
    username = place.user()
    peer = place.srp(username)
    values = peer.get_auth_params()
    challenge = place.respond(place.start("USER_AUTH", USERNAME=username), **values, ANSWER="PASSWORD_SRP")
    answer = peer.process_challenge(challenge["ChallengeParameters"], values)
    true("AuthenticationResult" in place.respond(challenge, **answer), "no tokens")


@behaviour(
    "NEW_PASSWORD_REQUIRED: requiredAttributes and userAttributes are JSON in strings, a session 20 to 2048 characters",
    "peers/test_boto3.py::test_a_new_user_has_to_choose_a_password",
)
def new_password(place: Place) -> None:
    username = place.user(is_permanent=False)
    challenge = place.log_in(username)
    same(challenge.get("ChallengeName"), "NEW_PASSWORD_REQUIRED", "ChallengeName")
    parameters = challenge["ChallengeParameters"]
    same(json.loads(parameters["requiredAttributes"]), [], "requiredAttributes")
    same(json.loads(parameters["userAttributes"])["email"], username, "email")
    true(len(challenge["Session"]) in SESSION_CHARACTERS, f"a session of {len(challenge['Session'])} characters")
    answer = {"USERNAME": username, "NEW_PASSWORD": NEW_PASSWORD}
    true("AuthenticationResult" in place.respond(challenge, **answer), "no tokens")
    true("AuthenticationResult" in place.log_in(username, NEW_PASSWORD), "the new password is not taken")


@behaviour(
    "NEW_PASSWORD_REQUIRED: PASSWORD_CLAIM_* that pycognito leaves in its answer change nothing",
    "peers/test_srp.py::test_pycognito_passes_a_new_password",
)
def new_password_with_remains(place: Place) -> None:
    username = place.user(is_permanent=False)
    challenge, answer = _proof(place, username)
    challenge = place.respond(challenge, **answer)
    true("AuthenticationResult" in place.respond(challenge, **answer, NEW_PASSWORD=NEW_PASSWORD), "no tokens")


def _enrolled(place: Place) -> tuple[str, TOTP, int]:
    """A user with an authenticator, and when it was proved."""
    username = place.user()
    access_token = place.tokens(username)["AccessToken"]
    totp = TOTP(place.aws.associate_software_token(AccessToken=access_token)["SecretCode"])
    now_s = int(time.time())
    place.aws.verify_software_token(AccessToken=access_token, UserCode=totp.at(now_s))
    factor = {"Enabled": True, "PreferredMfa": True}
    place.aws.set_user_mfa_preference(AccessToken=access_token, SoftwareTokenMfaSettings=factor)
    return username, totp, now_s


@behaviour("An authenticator's code ends in tokens", f"{FLOWS}test_a_right_code_ends_in_tokens_once")
def authenticator(place: Place) -> None:
    username, totp, now_s = _enrolled(place)
    challenge = place.log_in(username)
    same(challenge.get("ChallengeName"), "SOFTWARE_TOKEN_MFA", "ChallengeName")
    answer = {"USERNAME": username, "SOFTWARE_TOKEN_MFA_CODE": totp.at(now_s + TOTP_STEP_S)}
    true("AuthenticationResult" in place.respond(challenge, **answer), "no tokens")


@behaviour("A wrong code is a CodeMismatchException", f"{FLOWS}test_a_wrong_code_leaves_the_session_open_and_counts")
def wrong_code(place: Place) -> None:
    username, totp, now_s = _enrolled(place)
    code = f"{(int(totp.at(now_s + 3600)) + 1) % 1000000:06}"
    answer = {"USERNAME": username, "SOFTWARE_TOKEN_MFA_CODE": code}
    refused("CodeMismatchException", None, place.respond, challenge=place.log_in(username), **answer)


@behaviour("A code is good once", f"{FLOWS}test_a_right_code_ends_in_tokens_once")
def used_code(place: Place) -> None:
    username, totp, now_s = _enrolled(place)
    answer = {"USERNAME": username, "SOFTWARE_TOKEN_MFA_CODE": totp.at(now_s + TOTP_STEP_S)}
    place.respond(place.log_in(username), **answer)
    refused("ExpiredCodeException", None, place.respond, challenge=place.log_in(username), **answer)


mailed = told_by_tests(
    "EMAIL_OTP, SMS_OTP, SMS_MFA: a code that was sent ends in tokens", f"{FLOWS}test_a_mailed_code_is_the_first_factor"
)
custom = told_by_tests(
    "CUSTOM_AUTH: a right answer ends in tokens", f"{FLOWS}test_the_sum_is_the_answer_and_anything_else_is_not"
)


@behaviour(
    "SECRET_HASH is over USER_ID_FOR_SRP in an answer, and over the sub on refresh, where users sign in by e-mail",
    "peers/test_srp.py::test_an_address_is_another_name_for_the_user",
)
def secret_hashes(place: Place) -> None:
    pool_id = place.pool(UsernameAttributes=["email"])
    app = place.client(pool_id=pool_id, GenerateSecret=True)
    address = place.user(pool_id=pool_id, is_permanent=False)
    challenge = place.log_in(address, app=app)
    own_name = challenge["ChallengeParameters"]["USER_ID_FOR_SRP"]
    true(own_name != address, "USER_ID_FOR_SRP is the address")
    answer = place.respond(challenge, app, USERNAME=own_name, NEW_PASSWORD=NEW_PASSWORD)
    token = {"REFRESH_TOKEN": answer["AuthenticationResult"]["RefreshToken"]}
    refused(NOT_AUTHORIZED, None, place.start, flow="REFRESH_TOKEN_AUTH", app=app, **token, **app.hash(address))
    true("AuthenticationResult" in place.start("REFRESH_TOKEN_AUTH", app, **token, **app.hash(own_name)), "no tokens")


@behaviour(
    "GetTokensFromRefreshToken takes the client's secret itself, and gives no refresh token without rotation",
    "sandbox/test_tokens.py::test_a_client_with_a_secret_shows_it_to_revoke_and_renew",
)
def get_tokens(place: Place) -> None:
    app = place.client(GenerateSecret=True)
    values = {"RefreshToken": place.tokens(place.user(), app)["RefreshToken"], "ClientId": app.id}
    renew = place.aws.get_tokens_from_refresh_token
    refused(NOT_AUTHORIZED, None, renew, **values)
    result = renew(**values, ClientSecret=app.secret)["AuthenticationResult"]
    true("AccessToken" in result and "RefreshToken" not in result, "a refresh token came back")


def _rotating(place: Place) -> App:
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    return place.client("ALLOW_USER_PASSWORD_AUTH", RefreshTokenRotation=rotation)


@behaviour(
    "Rotation: a new refresh token comes back, and the old one is a RefreshTokenReuseException",
    "sandbox/test_tokens.py::test_rotation_gives_a_new_token_and_the_old_one_its_grace",
)
def rotation(place: Place) -> None:
    app = _rotating(place)
    old = place.tokens(place.user(), app)["RefreshToken"]
    renew = place.aws.get_tokens_from_refresh_token
    new = renew(RefreshToken=old, ClientId=app.id)["AuthenticationResult"].get("RefreshToken", old)
    true(new != old, "the same refresh token")
    refused("RefreshTokenReuseException", None, renew, RefreshToken=old, ClientId=app.id)


@behaviour(
    "Rotation: REFRESH_TOKEN_AUTH is refused",
    "sandbox/test_tokens.py::test_with_rotation_the_old_way_to_refresh_is_off",
)
def rotation_refuses(place: Place) -> None:
    app = _rotating(place)
    token = place.tokens(place.user(), app)["RefreshToken"]
    refused("InvalidParameterException", None, place.start, flow="REFRESH_TOKEN_AUTH", app=app, REFRESH_TOKEN=token)
