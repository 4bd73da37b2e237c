"""Tokens, and what they say about themselves.

Tokens are read here, never verified: the harness is the client that they are made for, and the API that receives
them does the verifying.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, Literal

from harness.cognito.wire import MISSING_TOKEN, NOT_COGNITO, Call, Reply
from harness.errors import LoginError
from harness.outcome import Outcome

TokenUse = Literal["access", "id"]
"""Which token an API expects as its Bearer token; the words of the `token_use` claim."""

_LONGEST_LIFE_S: Final = 3650 * 86_400
"""No token of Cognito's lives longer: the upper bound of RefreshTokenValidity in the service model."""
_JWT_PARTS = 3
"""Header, payload and signature (RFC 7515, section 3.1)."""


@dataclass(slots=True)
class Tokens:
    """What a login ends with. Not to be changed; but freezing it would make making it four times as dear."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    """Empty when the answer held none."""
    refresh_token: str = field(repr=False)
    """Empty when the answer held none: then the next login is a full one."""
    token_type: str
    expires_in_s: int
    """ExpiresIn: seconds that the access token is good for, from when it was made; at least 1."""

    def bearer(self, use: TokenUse) -> str:
        """The token for an API that expects the access token, or the id token.

        Raises:
            LoginError: The login brought no such token; nothing must be sent in its place.
        """
        token = self.access_token if use == "access" else self.id_token
        if not token:
            raise LoginError(
                MISSING_TOKEN,
                f"the login brought no {use} token",
                outcome=Outcome.MALFORMED,
                hint="Choose the other one by --cognito-token-use, if the API takes it.",
            )
        return token


Flow = Generator[Call, Reply, Tokens]
"""One login conversation with all its challenges."""
TokenReader = Callable[[Mapping[str, Any]], str]
"""Finds the access token in an answer's JSON object; "" when it holds none."""


def is_sendable(*tokens: object) -> bool:
    """Whether these are texts that can stand in a header; half of RFC 9110's rule, against smuggled fields."""
    try:
        text = "".join(tokens)  # type: ignore[arg-type]  # which is what is caught
    except TypeError:
        return False
    return text.isascii() and "\n" not in text and "\r" not in text and "\0" not in text


def read_expires_in_s(value: object, name: str) -> int:
    """The seconds that an answer says a token is good for.

    Args:
        value: What the answer holds.
        name: The member that it holds it in.

    Raises:
        LoginError: It is no number of seconds, or none that a token could live.
    """
    # To isinstance, `true` is the int 1.
    if (type(value) is int or isinstance(value, float)) and 1 <= value <= _LONGEST_LIFE_S:
        return int(value)
    raise LoginError(NOT_COGNITO, f"{name} is not a number of seconds", outcome=Outcome.MALFORMED)


def claims(token: str) -> dict[str, Any]:
    """What a JWT says, not verified.

    Raises:
        ValueError: This is no JWT. The message holds no part of it.
    """
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        raise ValueError(f"the token is no JWT: it has {len(parts)} part(s) between dots, not {_JWT_PARTS}")
    payload = parts[1]
    try:
        document = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        # `from None`: the decoders' own errors carry the payload.
        raise ValueError("the token is no JWT: its second part is not JSON in base64url") from None
    if not isinstance(document, dict):
        raise ValueError("the token is no JWT: its second part is JSON, but not an object")  # noqa: TRY004  # the token's value is wrong, not its type
    return document


def life_s(token: str) -> float | None:
    """Seconds between a token's own `iat` and `exp` (RFC 7519); None when it is no JWT or does not say."""
    try:
        said = claims(token)
        life = float(said["exp"]) - float(said["iat"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return life if isfinite(life) else None
