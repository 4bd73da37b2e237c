"""Login conversations: each is a generator that yields calls, is sent replies and returns tokens.

Who drives it is not its business: Locust, the command line and a test by `.send()` run the same code.
A flow ends in `Tokens` or raises `LoginError`, whatever the replies hold.

To add a flow, write a generator function around `_converse` and name it in `FLOWS`; to add a challenge, write an
`Answer` and name it in `ANSWERS` (or, where it needs what only one flow knows, in a table that this flow extends).

Source: AWS's API reference of InitiateAuth and RespondToAuthChallenge.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64encode
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeGuard

from harness.cognito.remedies import is_cognitos_own
from harness.cognito.tokens import Tokens, claims
from harness.cognito.wire import (
    CHALLENGE_UNANSWERED,
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

Flow = Generator[Call, Reply, Tokens]
"""One login conversation with all its challenges."""
TokenReader = Callable[[Mapping[str, Any]], str]
"""Finds the access token in an answer's JSON object; "" when it holds none."""

NEW_PASSWORD_HINT: Final = (
    "Put one into the column `new_password` of the users file, or give the user a permanent password"  # noqa: S105  # a sentence
    " by AdminSetUserPassword (Permanent=true)."
)

_STEPS: Final = 12
"""More challenges than this in one login are a conversation that goes in circles; Cognito itself ends a custom
flow's after a few."""
_LONGEST_LIFE_S: Final = 3650 * 86_400
"""No token of Cognito's lives longer: the upper bound of RefreshTokenValidity in the service model."""
_SHORTEST_SECRET: Final = 6
"""Cognito's shortest password; anything shorter would blank out half the words of a message."""
_LONGEST_MESSAGE: Final = 1000
_NAME = re.compile(r"[A-Za-z][\w:.-]{0,63}", re.ASCII)
"""What the name of a challenge or an attribute looks like."""


@dataclass(frozen=True, slots=True)
class AppClient:
    """The user pool's app client that logins come from."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    """Empty for a public client, which has none."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user who logs in."""

    username: str
    password: str = field(repr=False)
    new_password: str = field(default="", repr=False)
    """What NEW_PASSWORD_REQUIRED is answered with; empty leaves it unanswered. Never invented."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What Cognito asks for before it gives out tokens."""

    name: str
    parameters: Mapping[str, Any] = field(repr=False)
    session: str = field(repr=False)
    """Ties the answer to the question; good once, for a few minutes."""


Answer = Callable[[AppClient, Account, Challenge], Call]
"""The call that answers a challenge. Raises LoginError when there is nothing to answer it with."""


def user_password_auth(client: AppClient, account: Account, read_token: TokenReader) -> Flow:
    """Log in by sending the username and the password.

    Raises:
        LoginError: Cognito refused, asked for something that is not configured, or gave no token.
    """
    parameters = {"USERNAME": account.username, "PASSWORD": account.password}
    if client.client_secret:
        parameters["SECRET_HASH"] = secret_hash(client, account.username)
    call = _initiate("USER_PASSWORD_AUTH", client, parameters)
    return (yield from _converse(call, client, account, read_token, ANSWERS))


def refresh_token_auth(client: AppClient, username: str, tokens: Tokens, read_token: TokenReader) -> Flow:
    """Fresh tokens for a refresh token, which is kept when no new one comes back.

    Raises:
        LoginError: The refresh token is expired, revoked or not good at this client, or no token came back.
    """
    parameters = {"REFRESH_TOKEN": tokens.refresh_token}
    if client.client_secret:
        parameters["SECRET_HASH"] = secret_hash(client, _own_name(tokens) or username)
    document = _document(
        (yield _initiate("REFRESH_TOKEN_AUTH", client, parameters)),
        (client.client_secret, tokens.refresh_token, tokens.access_token, tokens.id_token),
    )
    challenge = _challenge(document)
    if challenge is not None:
        _leave_unanswered(challenge)
    return _tokens(document, read_token, tokens.refresh_token)


FLOWS: Final[Mapping[str, Callable[[AppClient, Account, TokenReader], Flow]]] = MappingProxyType(
    {"USER_PASSWORD_AUTH": user_password_auth}
)
"""Every flow that starts from an account, by AWS's name for it."""


def secret_hash(client: AppClient, username: str) -> str:
    """SECRET_HASH: base64 of HMAC-SHA256 over the username and the client id, keyed with the client's secret."""
    digest = hmac.digest(client.client_secret.encode(), f"{username}{client.client_id}".encode(), "sha256")
    return b64encode(digest).decode()


def _converse(
    call: Call, client: AppClient, account: Account, read_token: TokenReader, answers: Mapping[str, Answer]
) -> Flow:
    """The conversation from its first call to its tokens."""
    secrets = (account.password, account.new_password, client.client_secret)
    for _ in range(_STEPS):
        document = _document((yield call), secrets)
        challenge = _challenge(document)
        if challenge is None:
            return _tokens(document, read_token)
        answer = answers.get(challenge.name)
        if answer is None:
            _leave_unanswered(challenge)
        call = answer(client, account, challenge)
    raise LoginError(NOT_COGNITO, f"still challenges after {_STEPS} answers", outcome=Outcome.MALFORMED)


def _initiate(auth_flow: str, client: AppClient, parameters: Mapping[str, str]) -> Call:
    return encode("InitiateAuth", {"AuthFlow": auth_flow, "ClientId": client.client_id, "AuthParameters": parameters})


def _respond(client: AppClient, challenge: Challenge, username: str, responses: Mapping[str, str]) -> Call:
    """The answer to a challenge; USERNAME and SECRET_HASH are in every one of them."""
    responses = {"USERNAME": username, **responses}
    if client.client_secret:
        responses["SECRET_HASH"] = secret_hash(client, username)
    parameters: dict[str, object] = {"ChallengeName": challenge.name, "ClientId": client.client_id}
    if challenge.session:
        parameters["Session"] = challenge.session
    parameters["ChallengeResponses"] = responses
    return encode("RespondToAuthChallenge", parameters)


def _new_password(client: AppClient, account: Account, challenge: Challenge) -> Call:
    """The answer to NEW_PASSWORD_REQUIRED: an administrator made the user, with a password for one login."""
    if not account.new_password:
        raise LoginError(
            CHALLENGE_UNANSWERED,
            f"{challenge.name}: no new_password is configured for this user",
            outcome=Outcome.CHALLENGED,
            hint=NEW_PASSWORD_HINT,
        )
    missing = _missing_attributes(challenge.parameters)
    if missing:
        raise LoginError(
            CHALLENGE_UNANSWERED,
            f"{challenge.name}: the pool also requires attributes that this user has not: {', '.join(missing)}",
            outcome=Outcome.CHALLENGED,
            hint="Set them by AdminUpdateUserAttributes, and the password by AdminSetUserPassword (Permanent=true).",
        )
    return _respond(client, challenge, _real_name(account, challenge), {"NEW_PASSWORD": account.new_password})


ANSWERS: Final[Mapping[str, Answer]] = MappingProxyType({"NEW_PASSWORD_REQUIRED": _new_password})
"""How the challenges that any flow may meet are answered, by AWS's name for them."""


def _leave_unanswered(challenge: Challenge) -> NoReturn:
    raise LoginError(
        CHALLENGE_UNANSWERED,
        f"{challenge.name}: nothing is configured to answer it",
        outcome=Outcome.CHALLENGED,
        hint="Use test users without this challenge, or an app client that does not ask for it.",
    )


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


def _challenge(document: Mapping[str, Any]) -> Challenge | None:
    name = document.get("ChallengeName")
    if not name:
        return None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise LoginError(NOT_COGNITO, "ChallengeName is not the name of a challenge", outcome=Outcome.MALFORMED)
    parameters = document.get("ChallengeParameters")
    session = document.get("Session")
    return Challenge(
        name,
        parameters if isinstance(parameters, dict) else {},
        session if isinstance(session, str) and session.isascii() else "",
    )


def _tokens(document: Mapping[str, Any], read_token: TokenReader, refresh_token: str = "") -> Tokens:
    """The tokens of a last answer; `refresh_token` is the one to keep when it holds none."""
    result = document.get("AuthenticationResult")
    if not isinstance(result, dict):
        raise LoginError(MISSING_TOKEN, "the answer holds no AuthenticationResult", outcome=Outcome.MALFORMED)
    access_token = read_token(document)
    if not access_token or not _is_sendable(access_token):
        raise LoginError(MISSING_TOKEN, "the answer holds no access token", outcome=Outcome.MALFORMED)
    expires_in_s = result.get("ExpiresIn")
    if not _is_number(expires_in_s) or not 1 <= expires_in_s <= _LONGEST_LIFE_S:
        raise LoginError(NOT_COGNITO, "ExpiresIn is not a number of seconds", outcome=Outcome.MALFORMED)
    return Tokens(
        access_token,
        _token(result, "IdToken"),
        _token(result, "RefreshToken") or refresh_token,
        _token(result, "TokenType") or "Bearer",
        int(expires_in_s),
    )


def _token(result: Mapping[str, Any], name: str) -> str:
    token = result.get(name)
    return token if isinstance(token, str) and _is_sendable(token) else ""


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and value is not True  # to isinstance, `true` is the int 1


def _is_sendable(token: str) -> bool:
    """Whether a token can stand in a header; the cheap half of RFC 9110's rule, which keeps others' headers out."""
    return token.isascii() and "\n" not in token and "\r" not in token and "\0" not in token


def _real_name(account: Account, challenge: Challenge) -> str:
    """The user's own name in the pool, which may not be the e-mail address that they log in with."""
    return _name(challenge.parameters.get("USER_ID_FOR_SRP")) or account.username


def _own_name(tokens: Tokens) -> str:
    """The user's own name in the pool as the access token has it; a refresh's SECRET_HASH is over that one."""
    try:
        return _name(claims(tokens.access_token).get("username"))
    except ValueError:
        return ""


def _name(text: object) -> str:
    """A username, or "" for what cannot be one (and could not be sent back: half a surrogate pair)."""
    return text if isinstance(text, str) and text.isprintable() else ""


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
