"""Login conversations: each is a generator that yields calls, is sent replies and returns tokens.

Who drives it is not its business: Locust, the command line and a test by `.send()` run the same code.
A flow ends in `Tokens` or raises `LoginError`, whatever the replies hold.

To add a flow, write a generator function around `_converse` and name it in `FLOWS`; to add a challenge, write an
`Answer` in `challenges` and name it in `ANSWERS`. Heavy arithmetic comes after `yield OFFLOAD`.

Source: AWS's API reference of InitiateAuth and RespondToAuthChallenge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from harness.cognito.flows.challenges import ANSWERS, SRP, leave_unanswered
from harness.cognito.flows.client_credentials import CLIENT_CREDENTIALS, client_credentials
from harness.cognito.flows.client_credentials import TOKEN_PATH as MACHINE_TOKEN_PATH
from harness.cognito.flows.enrolment import MFA_SETUP, set_up_authenticator
from harness.cognito.flows.proofs import Proofs
from harness.cognito.parties import Account, AppClient, Challenge, secret_hash
from harness.cognito.remedies import is_cognitos_own
from harness.cognito.tokens import Flow, TokenReader, Tokens, claims, is_sendable, read_expires_in_s
from harness.cognito.wire import (
    MISSING_TOKEN,
    NOT_COGNITO,
    Call,
    Reply,
    ServiceError,
    encode,
    read,
)
from harness.errors import LoginError
from harness.outcome import Outcome

_STEPS: Final = 12
"""More challenges than this in one login are a conversation that goes in circles; Cognito itself ends a custom
flow's after a few."""
_SHORTEST_SECRET: Final = 6
"""Cognito's shortest password; anything shorter would blank out half the words of a message."""
_LONGEST_MESSAGE: Final = 1000
_CHALLENGE: Final = "ChallengeName"
"""The member that says that more is asked."""
_NAME = re.compile(r"[A-Za-z][\w:.-]{0,63}", re.ASCII)
"""What the name of a challenge looks like."""


def user_password_auth(client: AppClient, account: Account, read_token: TokenReader) -> Flow:
    """Log in by sending the username and the password.

    Raises:
        LoginError: Cognito refused, asked for something that is not configured, or gave no token.
    """
    call = _initiate("USER_PASSWORD_AUTH", client, account, {"PASSWORD": account.password})
    return (yield from _converse(call, client, account, read_token))


def admin_user_password_auth(client: AppClient, account: Account, read_token: TokenReader) -> Flow:
    """Log in by sending the username and the password, as a server with AWS credentials does.

    Raises:
        LoginError: As `user_password_auth`.
    """
    client = replace(client, is_admin=True)
    call = _initiate("ADMIN_USER_PASSWORD_AUTH", client, account, {"PASSWORD": account.password})
    return (yield from _converse(call, client, account, read_token))


def user_srp_auth(client: AppClient, account: Account, read_token: TokenReader) -> Flow:
    """Log in by proving to know the password: two exchanges, and some milliseconds of arithmetic.

    Raises:
        LoginError: As `user_password_auth`.
    """
    proofs = Proofs(client, account)
    public = yield from proofs.begin()
    call = _initiate("USER_SRP_AUTH", client, account, {"SRP_A": public})
    return (yield from _converse(call, client, account, read_token, proofs))


def user_auth(client: AppClient, account: Account, read_token: TokenReader) -> Flow:
    """Log in by the first factor that is preferred, or by one of those that Cognito offers.

    Raises:
        LoginError: As `user_password_auth`.
    """
    proofs = Proofs(client, account)
    parameters = {"PREFERRED_CHALLENGE": client.first_factor} if client.first_factor else {}
    if client.first_factor == SRP:
        parameters["SRP_A"] = yield from proofs.begin()
    elif client.first_factor == "PASSWORD":
        parameters["PASSWORD"] = account.password
    call = _initiate("USER_AUTH", client, account, parameters)
    return (yield from _converse(call, client, account, read_token, proofs))


def custom_auth(client: AppClient, account: Account, read_token: TokenReader) -> Flow:
    """Log in by answering what the pool's Lambda triggers ask, with the locustfile's function for CUSTOM_CHALLENGE.

    Raises:
        LoginError: As `user_password_auth`.
    """
    return (yield from _converse(_initiate("CUSTOM_AUTH", client, account, {}), client, account, read_token))


def refresh_token_auth(client: AppClient, username: str, tokens: Tokens, read_token: TokenReader) -> Flow:
    """Fresh tokens for a refresh token, which is kept when no new one comes back.

    Raises:
        LoginError: The refresh token is expired, revoked or not good at this client, or no token came back.
    """
    parameters = {"REFRESH_TOKEN": tokens.refresh_token}
    if device_key := _claim(tokens, "device_key"):
        parameters["DEVICE_KEY"] = device_key
    if client.client_secret:
        parameters["SECRET_HASH"] = secret_hash(client, _claim(tokens, "username") or username)
    document = _document(
        (yield _call(client, "REFRESH_TOKEN_AUTH", parameters)),
        (client.client_secret, tokens.refresh_token, tokens.access_token, tokens.id_token),
    )
    return _renewed(document, username, tokens, read_token)


def get_tokens_from_refresh_token(
    client: AppClient, username: str, tokens: Tokens, read_token: TokenReader, *, makes_good: str = ""
) -> Flow:
    """Fresh tokens for a refresh token, and a new refresh token where the app client rotates them.

    Args:
        client: The app client; this operation takes its secret itself, where it has one.
        username: Whom the tokens belong to.
        tokens: The newest ones.
        read_token: Finds the access token.
        makes_good: The name for the sample of a refusal that this goes in the place of.

    Raises:
        LoginError: As `refresh_token_auth`; or the refresh token was rotated out and is past its grace period.
    """
    members = {"RefreshToken": tokens.refresh_token, "ClientId": client.client_id}
    if client.client_secret:
        members["ClientSecret"] = client.client_secret
    if device_key := _claim(tokens, "device_key"):
        members["DeviceKey"] = device_key
    document = _document(
        (yield replace(encode("GetTokensFromRefreshToken", members), makes_good=makes_good)),
        (client.client_secret, tokens.refresh_token, tokens.access_token, tokens.id_token),
    )
    return _renewed(document, username, tokens, read_token)


FLOWS: Final[Mapping[str, Callable[[AppClient, Account, TokenReader], Flow]]] = MappingProxyType(
    {
        "USER_PASSWORD_AUTH": user_password_auth,
        "USER_SRP_AUTH": user_srp_auth,
        "USER_AUTH": user_auth,
        "CUSTOM_AUTH": custom_auth,
        "ADMIN_USER_PASSWORD_AUTH": admin_user_password_auth,
        CLIENT_CREDENTIALS: client_credentials,
    }
)
"""Every flow that a run can begin with, by AWS's or OAuth's name for it."""
SRP_FLOWS: Final = frozenset({"USER_SRP_AUTH", "USER_AUTH"})
"""Those that may take SRP's arithmetic."""
POOL_FLOWS: Final = frozenset({"USER_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH"})
"""Those that cannot do without the user pool's id."""


def token_path(flow: str) -> str:
    """Where the access token stands in the last answer of a flow: a JSONPath for the extractor."""
    return MACHINE_TOKEN_PATH if flow == CLIENT_CREDENTIALS else "$.AuthenticationResult.AccessToken"


def _converse(
    call: Call, client: AppClient, account: Account, read_token: TokenReader, proofs: Proofs | None = None
) -> Flow:
    """The conversation from its first call to its tokens."""
    secrets = (
        *(account.password, account.new_password, account.totp_secret, account.device_password),
        client.client_secret,
    )
    username = account.username
    for _ in range(_STEPS):
        document = _document((yield call), secrets)
        if not document.get(_CHALLENGE):
            return _tokens(document, read_token)
        challenge = _challenge(document, username)
        username = challenge.username
        proofs = proofs or Proofs(client, account)
        if proofs.answers(challenge):
            call = yield from proofs.answer(challenge)
        elif challenge.name == MFA_SETUP:
            call = yield from set_up_authenticator(client, account, challenge, lambda reply: _document(reply, secrets))
        elif challenge.name in ANSWERS:
            call = ANSWERS[challenge.name](client, account, challenge)
        else:
            leave_unanswered(challenge)
    raise LoginError(NOT_COGNITO, f"still challenges after {_STEPS} answers", outcome=Outcome.MALFORMED)


def _initiate(auth_flow: str, client: AppClient, account: Account, parameters: Mapping[str, str]) -> Call:
    parameters = {"USERNAME": account.username, **parameters}
    if account.device_key:
        parameters["DEVICE_KEY"] = account.device_key
    if client.client_secret:
        parameters["SECRET_HASH"] = secret_hash(client, account.username)
    return _call(client, auth_flow, parameters)


def _call(client: AppClient, auth_flow: str, parameters: Mapping[str, str]) -> Call:
    members = {"AuthFlow": auth_flow, "ClientId": client.client_id, "AuthParameters": parameters}
    if client.is_admin:
        return encode("AdminInitiateAuth", {"UserPoolId": client.user_pool_id, **members})
    return encode("InitiateAuth", members)


def _document(reply: Reply, secrets: Collection[str]) -> Mapping[str, Any]:
    """What the answer holds; if it is an error, that is raised, without any secret that it repeats."""
    document = read(reply)
    if not isinstance(document, ServiceError):
        return document
    message = document.message
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET and secret in message and not is_cognitos_own(secret):
            message = message.replace(secret, "***")
    message = "".join(letter if letter.isprintable() else " " for letter in message[:_LONGEST_MESSAGE])
    raise LoginError(document.kind, message.strip(), outcome=document.outcome)


def _challenge(document: Mapping[str, Any], username: str) -> Challenge:
    """What is asked next; `username` is whom Cognito was last known to ask."""
    name = document[_CHALLENGE]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise LoginError(NOT_COGNITO, "ChallengeName is not the name of a challenge", outcome=Outcome.MALFORMED)
    parameters = document.get("ChallengeParameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    session = document.get("Session")
    available = document.get("AvailableChallenges")
    return Challenge(
        name,
        parameters,
        session if isinstance(session, str) and session.isascii() else "",
        # The user's own name in the pool, which may not be the e-mail address that they log in with.
        _name(parameters.get("USER_ID_FOR_SRP")) or username,
        tuple(str(one) for one in available) if isinstance(available, list) else (),
    )


def _renewed(document: Mapping[str, Any], username: str, old: Tokens, read_token: TokenReader) -> Tokens:
    if document.get(_CHALLENGE):
        leave_unanswered(_challenge(document, username))
    return _tokens(document, read_token, old.refresh_token)


def _tokens(document: Mapping[str, Any], read_token: TokenReader, refresh_token: str = "") -> Tokens:
    """The tokens of a last answer; `refresh_token` is the one to keep when it holds none."""
    result = document.get("AuthenticationResult")
    if not isinstance(result, dict):
        raise LoginError(MISSING_TOKEN, "the answer holds no AuthenticationResult", outcome=Outcome.MALFORMED)
    found: list[Any] = [
        read_token(document),
        result.get("IdToken"),
        result.get("RefreshToken"),
        result.get("TokenType"),
    ]
    if not is_sendable(*found):  # the answer to a refresh, for one, may hold no refresh token
        found = [token if is_sendable(token) else "" for token in found]
    access_token, id_token, new_refresh_token, token_type = found
    if not access_token:
        raise LoginError(MISSING_TOKEN, "the answer holds no access token", outcome=Outcome.MALFORMED)
    return Tokens(
        access_token,
        id_token,
        new_refresh_token or refresh_token,
        token_type or "Bearer",
        read_expires_in_s(result.get("ExpiresIn"), "ExpiresIn"),
    )


def _claim(tokens: Tokens, name: str) -> str:
    """What the access token says, "" when it does not.

    `username` is the user's own name in the pool, which a refresh's SECRET_HASH is over; `device_key` stands there
    where the pool keeps track of devices, and then no refresh works without it.
    """
    try:
        return _name(claims(tokens.access_token).get(name))
    except ValueError:
        return ""


def _name(text: object) -> str:
    """A username, or "" for what cannot be one (and could not be sent back: half a surrogate pair)."""
    return text if isinstance(text, str) and text.isprintable() else ""
