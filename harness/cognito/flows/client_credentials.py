"""Machine to machine: an app client gets an access token for itself, and no user logs in.

One exchange with the token endpoint of the pool's domain, which speaks OAuth 2.0 and not Cognito's protocol: a form
goes there, JSON comes back, and no AWS signature is asked for.

Source: AWS's developer guide, "The token issuer endpoint", and RFC 6749, sections 2.3.1, 4.4 and 5.
"""

from __future__ import annotations

import re
from base64 import b64encode
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from harness.cognito.parties import Account, AppClient
from harness.cognito.tokens import Flow, TokenReader, Tokens, is_sendable, read_expires_in_s
from harness.cognito.wire import MISSING_TOKEN, NOT_COGNITO, TOO_MANY_REQUESTS, Call, Reply, json_object
from harness.errors import LoginError
from harness.outcome import Outcome

CLIENT_CREDENTIALS: Final = "client_credentials"
"""The flow's name: OAuth's own for the grant."""
OPERATION: Final = "oauth2/token"
"""How its exchange is called: the endpoint's path."""
PATH: Final = f"/{OPERATION}"
TOKEN_PATH: Final = "$.access_token"  # noqa: S105  # a JSONPath
FORM: Final = "application/x-www-form-urlencoded"
SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749's scope-token."""

_ERROR: Final = re.compile(r"[a-z][a-z_]{0,63}")
"""What the name of an OAuth error looks like; anything else in its place is no answer of the endpoint's."""


def client_credentials(client: AppClient, account: Account, read_token: TokenReader) -> Flow:  # noqa: ARG001  # every flow is given one
    """Log the app client in by its id and secret: one exchange, an access token and nothing to refresh it with.

    Raises:
        LoginError: The endpoint refused, or gave no token. Its kind is OAuth's name of the error (`invalid_client`).
    """
    form = {"grant_type": CLIENT_CREDENTIALS}
    if client.scopes:
        form["scope"] = " ".join(client.scopes)
    reply = yield Call(OPERATION, urlencode(form).encode(), headers=_headers(client))
    return _tokens(_granted(reply), read_token)


def _headers(client: AppClient) -> tuple[tuple[str, str], ...]:
    basic = b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    return (("Authorization", f"Basic {basic}"), ("Content-Type", FORM), ("Accept", "application/json"))


def _granted(reply: Reply) -> dict[str, Any]:
    """What the answer holds; if it is an error, that is raised. What it says besides may repeat the secret."""
    document = json_object(reply.body)
    if reply.status == HTTPStatus.OK:
        if document is None:
            raise LoginError(NOT_COGNITO, "the answer is not a JSON object", outcome=Outcome.MALFORMED)
        return document
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise LoginError(TOO_MANY_REQUESTS, "HTTP 429 from the token endpoint", outcome=Outcome.THROTTLED)
    error = (document or {}).get("error")
    if isinstance(error, str) and _ERROR.fullmatch(error):
        raise LoginError(
            error, f"HTTP {reply.status} from the token endpoint", outcome=_outcome(reply.status, Outcome.REJECTED)
        )
    raise LoginError(
        NOT_COGNITO,
        f"HTTP {reply.status} without an OAuth error",
        outcome=_outcome(reply.status, Outcome.MALFORMED),
    )


def _outcome(status: int, otherwise: Outcome) -> Outcome:
    return Outcome.SERVER_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else otherwise


def _tokens(document: dict[str, Any], read_token: TokenReader) -> Tokens:
    access_token = read_token(document)
    if not access_token or not is_sendable(access_token):
        raise LoginError(MISSING_TOKEN, "the answer holds no access token", outcome=Outcome.MALFORMED)
    return Tokens(access_token, "", "", "Bearer", read_expires_in_s(document.get("expires_in"), "expires_in"))
