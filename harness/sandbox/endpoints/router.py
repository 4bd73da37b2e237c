"""Which request goes where: Cognito at `POST /`, its domain's token endpoint, its public documents, and the API.

All of it is on one port: `POST /` is Cognito, or STS when it carries a form, and everything else is neither.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from harness.sandbox.endpoints.cognito import Service
from harness.sandbox.endpoints.protected_api import Api
from harness.sandbox.endpoints.sts import Sts
from harness.sandbox.endpoints.token_endpoint import PATH, TokenEndpoint
from harness.sandbox.errors import Refusal
from harness.sandbox.faults.orders import JWKS
from harness.sandbox.faults.standing import Faults
from harness.sandbox.http.exchange import Received, Response
from harness.sandbox.state.keys import compact_json
from harness.sandbox.state.outbox import Outbox
from harness.sandbox.state.pool import Directory, Pool

CODES = "/_sandbox/codes"
WELL_KNOWN = "/.well-known/"
JWKS_MAX_AGE_S = 3600


class Application:
    """What answers each request on the public port."""

    def __init__(  # one for each thing that stands behind the port
        self,
        service: Service,
        sts: Sts,
        oauth: TokenEndpoint,
        api: Api,
        directory: Directory,
        faults: Faults,
        outbox: Outbox,
    ) -> None:
        self._service = service
        self._sts = sts
        self._oauth = oauth
        self._api = api
        self._directory = directory
        self._faults = faults
        self._outbox = outbox

    def answer(self, received: Received) -> Response:
        """The answer to any request."""
        if received.path == "/" and received.method == "POST":
            return self._sts.answer(received) if self._sts.is_asked(received) else self._service.answer(received)
        if received.path == "/" and received.method == "OPTIONS":
            return self._service.preflight()
        if received.path == PATH and received.method == "POST":
            return self._oauth.answer(received)
        if received.path == CODES and received.method == "GET":
            return self._last_code(parse_qs(received.query))
        if WELL_KNOWN in received.path and received.method == "GET":
            return self._faults.meet(
                received.path, JWKS, lambda: ("", self._public_document(received)), lambda refusal: ("", _bare(refusal))
            )[1]
        return self._api.answer(received)

    def _last_code(self, query: dict[str, list[str]]) -> Response:
        """The last code that a user was sent: `?pool=…&username=…`, the name as they sign in with it."""
        pool = self._directory.find_pool(query.get("pool", [""])[0])
        user = pool.find(query.get("username", [""])[0]) if pool else None
        code = self._outbox.last(pool.id, user.username) if pool and user else None
        if code is None:
            return _document({"error": "no code was sent to this user of this pool"}, "no-store", HTTPStatus.NOT_FOUND)
        return _document({"code": code}, "no-store")

    def _public_document(self, received: Received) -> Response:
        pool_id, _, name = received.path[1:].partition(WELL_KNOWN)
        pool = self._directory.find_pool(pool_id)
        if pool is None or name not in ("jwks.json", "openid-configuration"):
            return Response(HTTPStatus.NOT_FOUND)
        document = pool.keys.jwks() if name == "jwks.json" else _openid_configuration(pool)
        return _document(document, cache=f"public, max-age={JWKS_MAX_AGE_S}")


def _bare(refusal: Refusal) -> Response:
    return Response(refusal.status)


def _openid_configuration(pool: Pool) -> dict[str, object]:
    """The document that Cognito publishes, as far as a pool without a domain has one."""
    return {
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": pool.issuer,
        "jwks_uri": f"{pool.issuer}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }


def _document(document: Any, cache: str, status: HTTPStatus = HTTPStatus.OK) -> Response:  # noqa: ANN401  # JSON
    headers = (("Content-Type", "application/json"), ("Access-Control-Allow-Origin", "*"), ("Cache-Control", cache))
    return Response(status, headers, compact_json(document))
