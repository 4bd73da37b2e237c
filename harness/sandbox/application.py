"""Which request goes where: Cognito at `POST /`, its public documents, the API, and the sandbox's own pages.

All of it is one WSGI application on one port: `POST /` can only be Cognito, everything else cannot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from harness.sandbox.api import Api
from harness.sandbox.counts import Counts
from harness.sandbox.exchange import Received, Response
from harness.sandbox.faults import Faults
from harness.sandbox.server import HEADERS
from harness.sandbox.service import Service
from harness.sandbox.state.keys import compact_json
from harness.sandbox.state.outbox import Outbox
from harness.sandbox.state.pool import Directory, Pool

COUNTS = "/_sandbox/counts"
FAULTS = "/_sandbox/faults"
CODES = "/_sandbox/codes"
WELL_KNOWN = "/.well-known/"
BODY_LIMIT_BYTES = 1 << 20
JWKS_MAX_AGE_S = 3600

StartResponse = Callable[[str, list[tuple[str, str]]], object]

_STATUS_LINES = {status: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Application:
    """The sandbox as a WSGI application."""

    def __init__(
        self, service: Service, api: Api, directory: Directory, counts: Counts, faults: Faults, outbox: Outbox
    ) -> None:
        self._service = service
        self._api = api
        self._directory = directory
        self._counts = counts
        self._faults = faults
        self._outbox = outbox

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer as WSGI has it."""
        received = _received(environ)
        response = self.answer(received) if received else Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        start_response(_STATUS_LINES[response.status], list(response.headers))
        return [response.body]

    def answer(self, received: Received) -> Response:
        """The answer to any request."""
        if received.path == "/" and received.method == "POST":
            return self._service.answer(received)
        if received.path == "/" and received.method == "OPTIONS":
            return self._service.preflight()
        if received.path in (COUNTS, FAULTS, CODES):
            return self._own_page(received)
        if WELL_KNOWN in received.path and received.method == "GET":
            return self._public_document(received)
        return self._api.answer(received)

    def _own_page(self, received: Received) -> Response:
        if (received.method, received.path) == ("GET", COUNTS):
            return _document(self._counts.snapshot())
        if (received.method, received.path) == ("POST", FAULTS):
            try:
                self._faults.order(json.loads(received.body))
            except (ValueError, TypeError, AttributeError) as error:
                return _document({"error": str(error)}, HTTPStatus.BAD_REQUEST)
            return Response(HTTPStatus.NO_CONTENT)
        if (received.method, received.path) == ("GET", CODES):
            return self._last_code(parse_qs(received.query))
        return Response(HTTPStatus.METHOD_NOT_ALLOWED)

    def _last_code(self, query: dict[str, list[str]]) -> Response:
        """The last code that a user was sent: `?pool=…&username=…`, the name as they sign in with it."""
        pool = self._directory.find_pool(query.get("pool", [""])[0])
        user = pool.find(query.get("username", [""])[0]) if pool else None
        code = self._outbox.last(pool.id, user.username) if pool and user else None
        if code is None:
            return _document({"error": "no code was sent to this user of this pool"}, HTTPStatus.NOT_FOUND)
        return _document({"code": code})

    def _public_document(self, received: Received) -> Response:
        pool_id, _, name = received.path[1:].partition(WELL_KNOWN)
        pool = self._directory.find_pool(pool_id)
        if pool is None or name not in ("jwks.json", "openid-configuration"):
            return Response(HTTPStatus.NOT_FOUND)
        document = pool.keys.jwks() if name == "jwks.json" else _openid_configuration(pool)
        return _document(document, cache=f"public, max-age={JWKS_MAX_AGE_S}")


def _received(environ: dict[str, Any]) -> Received | None:
    """The request; None when its body is too large."""
    body = environ["wsgi.input"].read(BODY_LIMIT_BYTES + 1)
    if len(body) > BODY_LIMIT_BYTES:
        return None
    method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"]
    return Received(method, path, query, environ[HEADERS], body)


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


def _document(document: Any, status: HTTPStatus = HTTPStatus.OK, cache: str = "no-store") -> Response:  # noqa: ANN401  # JSON
    headers = (("Content-Type", "application/json"), ("Access-Control-Allow-Origin", "*"), ("Cache-Control", cache))
    return Response(status, headers, compact_json(document).encode("utf-8", "replace"))
