"""A small API that only lets bearers of a token in: what the load is for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from harness.sandbox.endpoints.bearer_check import BearerCheck, InvalidToken, KeysUnavailable
from harness.sandbox.errors import Refusal, TooManyRequests
from harness.sandbox.faults.orders import API
from harness.sandbox.faults.standing import Answered, Faults
from harness.sandbox.http.exchange import Received, Response
from harness.sandbox.request_counts import OK, Counts
from harness.sandbox.state.clock import LOWER_ALPHANUMERIC, Chance
from harness.sandbox.state.keys import compact_json

JSON = ("Content-Type", "application/json")
SAMPLE_ORDERS = 12
"""Together some 2 KB of JSON, an ordinary page of an ordinary API."""
MOST_ORDERS = 10_000
"""How many posted orders are kept; the oldest go first."""
ORDER_ID_LENGTH = 12
OTHER = "other"
"""How a route that does not exist is counted."""

Claims = Mapping[str, Any]
Handler = Callable[[Received, Claims], Response]


class Api:
    """`GET /me`, `GET /orders`, `POST /orders`, `GET /orders/{id}`.

    Args:
        bearer: Who may call.
        counts: Where requests are counted.
        chance: Where order numbers come from.
        faults: What goes wrong on purpose.
    """

    def __init__(self, bearer: BearerCheck, counts: Counts, chance: Chance, faults: Faults) -> None:
        self._bearer = bearer
        self._counts = counts
        self._chance = chance
        self._faults = faults
        samples = [_sample_order(number) for number in range(1, SAMPLE_ORDERS + 1)]
        self._samples: dict[str, Mapping[str, object]] = {str(order["id"]): order for order in samples}
        self._page = compact_json({"orders": samples})
        self._posted: dict[str, Mapping[str, object]] = {}
        self._routes: Mapping[str, Handler] = {
            "GET /me": self._me,
            "GET /orders": self._orders,
            "POST /orders": self._post_order,
            "GET /orders/{id}": self._order,
        }

    def answer(self, received: Received) -> Response:
        """The answer to a request of any route."""
        name = _route(received)
        handler = self._routes.get(name)
        name = name if handler else OTHER
        self._counts.arrived(name)
        counted, response = self._faults.meet(name, API, lambda: self._serve(handler, received), _refused)
        self._counts.answered(name, counted)
        return response

    def _serve(self, handler: Handler | None, received: Received) -> Answered:
        try:
            claims = self._bearer.check(received.headers.get("authorization", ""))
        except InvalidToken as reason:
            self._counts.refused(str(reason))
            response = _unauthorized(str(reason))
        except KeysUnavailable:
            response = _problem(HTTPStatus.SERVICE_UNAVAILABLE, "the token's key cannot be fetched")
        else:
            response = handler(received, claims) if handler else _problem(HTTPStatus.NOT_FOUND, "no such route")
        return _counted(response), response

    def _me(self, _: Received, claims: Claims) -> Response:
        return _json(
            HTTPStatus.OK,
            {
                "sub": claims["sub"],
                "username": claims.get("username") or claims.get("cognito:username"),
                "client_id": claims.get("client_id") or claims.get("aud"),
                "token_use": claims["token_use"],
                "expires_at": claims["exp"],
            },
        )

    def _orders(self, _received: Received, _claims: Claims) -> Response:
        return Response(HTTPStatus.OK, (JSON,), self._page)

    def _post_order(self, received: Received, _: Claims) -> Response:
        try:
            content = json.loads(received.body)
        except (ValueError, RecursionError):
            return _problem(HTTPStatus.BAD_REQUEST, "the body is not JSON")
        order_id = self._chance.text(ORDER_ID_LENGTH, LOWER_ALPHANUMERIC)
        order = {"id": order_id, "status": "created", "order": content}
        if len(self._posted) >= MOST_ORDERS:
            del self._posted[next(iter(self._posted))]
        self._posted[order_id] = order
        response = _json(HTTPStatus.CREATED, order)
        return Response(response.status, (*response.headers, ("Location", f"/orders/{order_id}")), response.body)

    def _order(self, received: Received, _: Claims) -> Response:
        order_id = received.path.rpartition("/")[2]
        order = self._samples.get(order_id) or self._posted.get(order_id)
        if order is None:
            return _problem(HTTPStatus.NOT_FOUND, "no such order")
        return _json(HTTPStatus.OK, order)


def _route(received: Received) -> str:
    parts = received.path.strip("/").split("/")
    if len(parts) == len(("orders", "id")) and parts[0] == "orders":
        return f"{received.method} /orders/{{id}}"
    return f"{received.method} /{'/'.join(parts)}"


def _sample_order(number: int) -> dict[str, object]:
    return {
        "id": f"sample-{number:04d}",
        "status": ("open", "packed", "shipped")[number % 3],
        "created": f"2024-03-{number:02d}T09:30:00Z",
        "customer": {"name": f"Sample Customer {number}", "city": "Anytown"},
        "total": {"amount": f"{number * 7 + 0.95:.2f}", "currency": "EUR"},
        "items": number,
    }


def _counted(response: Response) -> str:
    return OK if response.status < HTTPStatus.BAD_REQUEST else str(response.status.value)


def _refused(refusal: Refusal) -> Answered:
    is_throttle = isinstance(refusal, TooManyRequests)
    response = _problem(HTTPStatus.TOO_MANY_REQUESTS if is_throttle else refusal.status, refusal.message)
    return _counted(response), response


def _unauthorized(reason: str) -> Response:
    challenge = f'Bearer error="invalid_token", error_description="{reason}"'
    response = _json(HTTPStatus.UNAUTHORIZED, {"error": "invalid_token", "error_description": reason})
    return Response(response.status, (*response.headers, ("WWW-Authenticate", challenge)), response.body)


def _problem(status: HTTPStatus, reason: str) -> Response:
    return _json(status, {"error": reason})


def _json(status: HTTPStatus, document: Mapping[str, object]) -> Response:
    return Response(status, (JSON,), compact_json(document))
