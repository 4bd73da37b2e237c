"""Who talks: the app client that logins come from, the user who logs in, and what Cognito asks of both."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from harness.cognito.srp import Exchange
from harness.cognito.totp import Authenticators


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer function of a locustfile is told."""

    username: str
    """As in the users file."""
    challenge: str
    """AWS's name for it: `CUSTOM_CHALLENGE`, `EMAIL_OTP`."""
    parameters: Mapping[str, Any] = field(repr=False)
    """ChallengeParameters."""


AnswerFunction = Callable[[Asked], str]
"""Answers a challenge: a code from a mailbox, the answer to a question. "" when it has none. May wait; its time is in
no sample."""


@dataclass(frozen=True, slots=True)
class AppClient:
    """The user pool's app client that logins come from."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    """Empty for a public client, which has none."""
    user_pool_id: str = ""
    """Needed by SRP, whose proofs hold the pool's name, and by administrators' calls."""
    first_factor: str = ""
    """USER_AUTH's PREFERRED_CHALLENGE; empty lets Cognito offer what the user has."""
    answers: Mapping[str, AnswerFunction] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """What the locustfile answers challenges with, by AWS's name for them."""
    authenticators: Authenticators = field(default_factory=Authenticators, repr=False, compare=False)
    exchanges: deque[Exchange] = field(default_factory=deque, repr=False, compare=False)
    """SRP secrets that nobody has used yet. Each login by SRP leaves one to the next, which then begins at once; so
    there are never more than logins were in flight."""
    is_admin: bool = False
    """Whether calls are an administrator's (`AdminInitiateAuth`), which name the pool."""
    scopes: tuple[str, ...] = ()
    """What client_credentials asks for; none asks for all that the client may have."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user who logs in."""

    username: str
    password: str = field(repr=False)
    new_password: str = field(default="", repr=False)
    """What NEW_PASSWORD_REQUIRED is answered with; empty leaves it unanswered. Never invented."""
    totp_secret: str = field(default="", repr=False)
    """The authenticator app's secret, base32, for SOFTWARE_TOKEN_MFA; empty when there is none."""
    device_key: str = ""
    """The remembered device that logins come from (NewDeviceMetadata's DeviceKey); empty for none."""
    device_group_key: str = ""
    """Its DeviceGroupKey."""
    device_password: str = field(default="", repr=False)
    """What its verifier was made of when it was confirmed."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What Cognito asks for before it gives out tokens."""

    name: str
    parameters: Mapping[str, Any] = field(repr=False)
    session: str = field(repr=False)
    """Ties the answer to the question; good once, for a few minutes."""
    username: str = ""
    """Whom Cognito asks: the user's own name in the pool as soon as Cognito has said it."""
    available: tuple[str, ...] = ()
    """What SELECT_CHALLENGE offers."""


def secret_hash(client: AppClient, username: str) -> str:
    """SECRET_HASH: base64 of HMAC-SHA256 over the username and the client id, keyed with the client's secret."""
    digest = hmac.digest(client.client_secret.encode(), f"{username}{client.client_id}".encode(), "sha256")
    return b64encode(digest).decode()
