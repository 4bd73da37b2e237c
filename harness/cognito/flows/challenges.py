"""How challenges are answered, whichever flow meets them.

An answer is the call that gives it, or a LoginError when there is nothing to answer with: that is the outcome
`challenged`, with what to do about it.

Source: AWS's API reference of RespondToAuthChallenge, `ChallengeResponses`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, NoReturn

from harness.cognito.parties import Account, AppClient, Asked, Challenge, secret_hash
from harness.cognito.wire import CHALLENGE_UNANSWERED, Call, encode
from harness.errors import LoginError
from harness.outcome import Outcome

Answer = Callable[[AppClient, Account, Challenge], Call]
"""The call that answers a challenge. Raises LoginError when there is nothing to answer it with."""

NEW_PASSWORD_HINT: Final = (
    "Put one into the column `new_password` of the users file, or give the user a permanent password"  # noqa: S105  # a sentence
    " by AdminSetUserPassword (Permanent=true)."
)
TOTP_HINT: Final = (
    "Put the authenticator's secret (base32) into the column `totp_secret` of the users file, or use test users "
    "without a second factor."
)
FUNCTION_HINT: Final = "Give install() a function that answers it (docs/flows.md), or use test users without it."
SRP: Final = "PASSWORD_SRP"

_NAME = re.compile(r"[A-Za-z][\w:.-]{0,63}", re.ASCII)
"""What the name of an attribute looks like."""
_LONGEST_ANSWER: Final = 2048


def respond(client: AppClient, challenge: Challenge, responses: Mapping[str, str]) -> Call:
    """The answer to a challenge; USERNAME and SECRET_HASH are in every one of them."""
    responses = {"USERNAME": challenge.username, **responses}
    if client.client_secret:
        responses["SECRET_HASH"] = secret_hash(client, challenge.username)
    parameters: dict[str, object] = {"ChallengeName": challenge.name, "ClientId": client.client_id}
    if client.is_admin:
        parameters["UserPoolId"] = client.user_pool_id
    if challenge.session:
        parameters["Session"] = challenge.session
    parameters["ChallengeResponses"] = responses
    return encode("AdminRespondToAuthChallenge" if client.is_admin else "RespondToAuthChallenge", parameters)


def leave_unanswered(challenge: Challenge, why: str = "nothing is configured to answer it", hint: str = "") -> NoReturn:
    """End the login: there is no answer.

    Raises:
        LoginError: Always.
    """
    raise LoginError(
        CHALLENGE_UNANSWERED,
        f"{challenge.name}: {why}",
        outcome=Outcome.CHALLENGED,
        hint=hint or "Use test users without this challenge, or an app client that does not ask for it.",
    )


def choose_first_factor(client: AppClient, challenge: Challenge) -> str:
    """What SELECT_CHALLENGE is answered with: the one that was asked for, else the first that can be given.

    Raises:
        LoginError: None of what Cognito offers can be given.
    """
    wanted = [client.first_factor] if client.first_factor else [SRP, "PASSWORD", *client.answers]
    for name in wanted:
        if name in challenge.available and (name != SRP or client.user_pool_id):
            return name
    offered = ", ".join(name for name in challenge.available if _NAME.fullmatch(name)) or "nothing"
    leave_unanswered(
        challenge,
        f"Cognito offers {offered}; none of it is configured",
        "Choose one of these by --cognito-first-factor, and give install() a function for codes (docs/flows.md).",
    )


def _new_password(client: AppClient, account: Account, challenge: Challenge) -> Call:
    """The answer to NEW_PASSWORD_REQUIRED: an administrator made the user, with a password for one login."""
    if not account.new_password and challenge.name not in client.answers:
        leave_unanswered(challenge, "no new_password is configured for this user", NEW_PASSWORD_HINT)
    missing = _missing_attributes(challenge.parameters)
    if missing:
        leave_unanswered(
            challenge,
            f"the pool also requires attributes that this user has not: {', '.join(missing)}",
            "Set them by AdminUpdateUserAttributes, and the password by AdminSetUserPassword (Permanent=true).",
        )
    if not account.new_password:
        return _by_function("NEW_PASSWORD")(client, account, challenge)
    return respond(client, challenge, {"NEW_PASSWORD": account.new_password})


def _software_token(client: AppClient, account: Account, challenge: Challenge) -> Call:
    """The answer to SOFTWARE_TOKEN_MFA: a code of the account's authenticator, which may have to be waited for."""
    if not account.totp_secret:
        if challenge.name in client.answers:
            return _by_function("SOFTWARE_TOKEN_MFA_CODE")(client, account, challenge)
        leave_unanswered(challenge, "no totp_secret is configured for this user", TOTP_HINT)
    try:
        code = client.authenticators.next_code(account.totp_secret)
    except ValueError as error:
        leave_unanswered(challenge, f"no code can be made of this user's totp_secret: {error}", TOTP_HINT)
    call = respond(client, challenge, {"SOFTWARE_TOKEN_MFA_CODE": code.text})
    return replace(call, not_before_s=code.not_before_s)


def _by_function(response: str) -> Answer:
    """An answer by the locustfile's function, under this name in ChallengeResponses."""

    def answer(client: AppClient, account: Account, challenge: Challenge) -> Call:
        return respond(client, challenge, {response: answer_of(client, account, challenge)})

    return answer


def answer_of(client: AppClient, account: Account, challenge: Challenge) -> str:
    """What the locustfile's function says to a challenge.

    Raises:
        LoginError: There is no such function, or it has no answer.
    """
    function = client.answers.get(challenge.name)
    if function is None:
        leave_unanswered(challenge, hint=FUNCTION_HINT)
    try:
        text = function(Asked(account.username, challenge.name, challenge.parameters))
    except LoginError:
        raise
    except Exception as error:  # noqa: BLE001  # somebody else's code, and its text may hold a secret
        leave_unanswered(challenge, f"the locustfile's answer function raised {type(error).__name__}")
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_ANSWER or not text.isprintable():
        leave_unanswered(challenge, "the locustfile's answer function had no answer")
    return text


def _mfa_type(client: AppClient, account: Account, challenge: Challenge) -> Call:
    """The answer to SELECT_MFA_TYPE: the factor that there is an answer for."""
    offered = _embedded(challenge.parameters.get("MFAS_CAN_CHOOSE"))
    possible = [*(["SOFTWARE_TOKEN_MFA"] if account.totp_secret else []), *client.answers]
    chosen = next((name for name in possible if isinstance(offered, list) and name in offered), None)
    if chosen is None:
        leave_unanswered(challenge, hint=TOTP_HINT)
    return respond(client, challenge, {"ANSWER": chosen})


def _first_factor(client: AppClient, account: Account, challenge: Challenge) -> Call:
    """The answer to SELECT_CHALLENGE; SRP's, which takes arithmetic, is the conversation's own."""
    chosen = choose_first_factor(client, challenge)
    password = {"PASSWORD": account.password} if chosen == "PASSWORD" else {}
    return respond(client, challenge, {"ANSWER": chosen, **password})


def _password(client: AppClient, account: Account, challenge: Challenge) -> Call:
    return respond(client, challenge, {"PASSWORD": account.password})


ANSWERS: Final[Mapping[str, Answer]] = MappingProxyType(
    {
        "NEW_PASSWORD_REQUIRED": _new_password,
        "SOFTWARE_TOKEN_MFA": _software_token,
        "SELECT_MFA_TYPE": _mfa_type,
        "SELECT_CHALLENGE": _first_factor,
        "PASSWORD": _password,
        "CUSTOM_CHALLENGE": _by_function("ANSWER"),
        "EMAIL_OTP": _by_function("EMAIL_OTP_CODE"),
        "SMS_OTP": _by_function("SMS_OTP_CODE"),
        "SMS_MFA": _by_function("SMS_MFA_CODE"),
    }
)
"""How the challenges that any flow may meet are answered, by AWS's name for them."""
ANSWERED_BY_FUNCTION: Final = frozenset(
    {"CUSTOM_CHALLENGE", "EMAIL_OTP", "SMS_OTP", "SMS_MFA", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"}
)
"""What a locustfile's functions may answer. A new password is none of it: it would be gone when the run ends."""


def _missing_attributes(parameters: Mapping[str, Any]) -> list[str]:
    """The names of attributes that the pool requires and that the user has no value for."""
    required = _embedded(parameters.get("requiredAttributes"))
    present = _embedded(parameters.get("userAttributes"))
    names = [str(name).removeprefix("userAttributes.") for name in required] if isinstance(required, list) else []
    values = present if isinstance(present, dict) else {}
    return [name for name in names if _NAME.fullmatch(name) and not values.get(name)]


def _embedded(text: object) -> object:
    """A challenge parameter that is JSON within a JSON string; None when it is not."""
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
