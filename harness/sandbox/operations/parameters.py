"""What operations take and give, and the reading that several of them share."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from harness.sandbox.errors import InvalidParameter, NotAuthorized
from harness.sandbox.state.pool import Client

Parameters = Mapping[str, Any]
"""An operation's JSON, validated by the service model."""
Answer = dict[str, Any]


def required(values: Mapping[str, str], name: str) -> str:
    """A member of a free map (AuthParameters, ChallengeResponses) that has to be there.

    Raises:
        InvalidParameter: It is missing or empty.
    """
    value = values.get(name)
    if not value:
        raise InvalidParameter(f"Missing required parameter {name}")
    return value


def attributes(listed: list[Mapping[str, str]] | None) -> dict[str, str]:
    """UserAttributes as a mapping."""
    return {attribute["Name"]: attribute.get("Value", "") for attribute in listed or ()}


def rest(parameters: Parameters, known: frozenset[str]) -> dict[str, object]:
    """What the sandbox only repeats: everything but the members that it acts on."""
    return {name: value for name, value in parameters.items() if name not in known}


def check_secret_hash(client: Client, username: str, given: str | None) -> None:
    """Nothing, when the client has no secret or the hash proves it.

    Raises:
        NotAuthorized: The hash is missing, wrong, or there where there is no secret.
    """
    if client.secret is None:
        if given is not None:
            raise NotAuthorized(f"Client {client.id} is not configured for secret but secret was received")
        return
    if given is None:
        raise NotAuthorized(f"Client {client.id} is configured with secret but SECRET_HASH was not received")
    proof = hmac.digest(client.secret.encode(), (username + client.id).encode(), hashlib.sha256)
    if not hmac.compare_digest(b64encode(proof), given.encode("utf-8", "surrogatepass")):
        raise NotAuthorized(f"Unable to verify secret hash for client {client.id}")


def check_client_secret(client: Client, given: str | None) -> None:
    """Nothing, when this is the client's secret, or it has none and none is given.

    Raises:
        NotAuthorized: It is not.
    """
    if client.secret is None and given is not None:
        raise NotAuthorized(f"Client {client.id} is not configured for secret but secret was received")
    if client.secret is not None and not hmac.compare_digest(client.secret.encode(), (given or "").encode()):
        raise NotAuthorized(f"Unable to verify secret for client {client.id}")
