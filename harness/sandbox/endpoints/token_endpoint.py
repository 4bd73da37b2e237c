"""The token endpoint of a pool's domain: access tokens for app clients that log in for themselves.

All pools of the sandbox have one domain, its endpoint; the client id says which pool is meant.

Source: AWS's developer guide, "The token issuer endpoint", with its error names, and RFC 6749. A client that may use
OAuth only on paper (without AllowedOAuthFlowsUserPoolClient) gets `invalid_grant`, as the service's users report.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from harness.sandbox.endpoints.sts import FORM
from harness.sandbox.errors import Refusal, TooManyRequests
from harness.sandbox.faults.orders import COGNITO
from harness.sandbox.faults.standing import Answered, Faults
from harness.sandbox.http.exchange import Received, Response
from harness.sandbox.request_counts import OK, Counts
from harness.sandbox.state.keys import compact_json
from harness.sandbox.state.pool import Client, Directory
from harness.sandbox.state.tokens import Tokens

OPERATION: Final = "oauth2/token"
"""How it is counted, and what faults and quotas call it."""
PATH: Final = f"/{OPERATION}"
CLIENT_CREDENTIALS: Final = "client_credentials"
GRANTS: Final = frozenset({CLIENT_CREDENTIALS})


class OAuthError(Exception):
    """An error answer.

    Args:
        error: OAuth's name of it.
        status: The service answers 400, whatever RFC 6749 says of `invalid_client`.
    """

    def __init__(self, error: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class TokenEndpoint:
    """Answers `POST /oauth2/token` for the grant client_credentials.

    Args:
        directory: Whose clients it knows.
        tokens: What issues tokens.
        spend: Counts a request against its quota, or raises TooManyRequests.
        counts: Where requests are counted.
        faults: What goes wrong on purpose.
        pause: Waits before an answer leaves (the latency).
    """

    def __init__(  # the parts of the sandbox that it stands on
        self,
        directory: Directory,
        tokens: Tokens,
        spend: Callable[[str], None],
        counts: Counts,
        faults: Faults,
        pause: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._tokens = tokens
        self._spend = spend
        self._counts = counts
        self._faults = faults
        self._pause = pause

    def answer(self, received: Received) -> Response:
        """The answer to a form."""
        self._counts.arrived(OPERATION)
        counted, response = self._faults.meet(OPERATION, COGNITO, lambda: self._grant(received), _refused)
        self._pause()
        self._counts.answered(OPERATION, counted)
        return response

    def _grant(self, received: Received) -> Answered:
        try:
            client, form = self._identified(received)
            self._spend(OPERATION)
            scopes = _granted_scopes(client, form)
        except OAuthError as error:
            return error.error, _error(error.error, error.status)
        except Refusal as refusal:
            return _refused(refusal)
        token = self._tokens.machine(self._directory.pool(client.pool_id), client, scopes)
        return OK, _json(
            HTTPStatus.OK, {"access_token": token, "expires_in": client.lives.access_s, "token_type": "Bearer"}
        )

    def _identified(self, received: Received) -> tuple[Client, dict[str, str]]:
        kind = received.headers.get("content-type", "").partition(";")[0].strip().lower()
        form = {name: values[0] for name, values in parse_qs(received.body.decode("utf-8", "replace")).items()}
        if kind != FORM or not form.get("grant_type"):
            raise OAuthError("invalid_request")
        client_id, secret = _credentials(received.headers.get("authorization", ""), form)
        client = self._directory.find_client(client_id)
        if client is None or not hmac.compare_digest((client.secret or "").encode(), secret.encode()):
            raise OAuthError("invalid_client")
        if form["grant_type"] not in GRANTS:
            raise OAuthError("unsupported_grant_type")
        return client, form


def _credentials(authorization: str, form: dict[str, str]) -> tuple[str, str]:
    """Client id and secret: from Basic authentication, else from the form."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        raise OAuthError("invalid_client") from None
    return client_id, secret


def _granted_scopes(client: Client, form: dict[str, str]) -> Sequence[str]:
    """The scopes that were asked for; all that the client may have when none were."""
    if not client.settings.get("AllowedOAuthFlowsUserPoolClient"):
        raise OAuthError("invalid_grant")
    if CLIENT_CREDENTIALS not in _listed(client, "AllowedOAuthFlows"):
        raise OAuthError("unauthorized_client")
    allowed = _listed(client, "AllowedOAuthScopes")
    wanted = form.get("scope", "").split() or allowed
    if not wanted or not set(wanted) <= set(allowed):
        raise OAuthError("invalid_scope")
    return wanted


def _listed(client: Client, setting: str) -> Sequence[str]:
    found = client.settings.get(setting)
    return found if isinstance(found, list) else []


def _refused(refusal: Refusal) -> Answered:
    """A fault that was ordered, or a quota: the domain's web server answers, and not OAuth."""
    status = HTTPStatus.TOO_MANY_REQUESTS if isinstance(refusal, TooManyRequests) else refusal.status
    return refusal.kind, _json(status, {"message": refusal.message})


def _error(error: str, status: HTTPStatus) -> Response:
    return _json(status, {"error": error})


def _json(status: HTTPStatus, document: dict[str, object]) -> Response:
    headers = (
        ("Content-Type", "application/json;charset=UTF-8"),
        ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
        ("Access-Control-Allow-Origin", "*"),
    )
    return Response(status, headers, compact_json(document))
