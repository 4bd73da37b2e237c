"""The control port: the server's own count, and orders of faults, for whoever holds the token of the ready line.

A port of its own, so that faults of the other one never hit it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from harness.sandbox.endpoints.incidents import Incidents
from harness.sandbox.faults.orders import INCIDENTS, Kind, Order
from harness.sandbox.faults.standing import Faults
from harness.sandbox.http.exchange import Received, Response
from harness.sandbox.request_counts import Counts
from harness.sandbox.state.keys import compact_json


class Control:
    """`GET /counts`; `GET`, `POST` and `DELETE /faults`.

    Args:
        counts: What is told.
        faults: Gets orders that stand.
        incidents: Gets orders that happen once.
        token: Who may ask, as `Authorization: Bearer <token>`.
    """

    def __init__(self, counts: Counts, faults: Faults, incidents: Incidents, token: str) -> None:
        self._counts = counts
        self._faults = faults
        self._incidents = incidents
        self._expected = f"Bearer {token}".encode()
        self._pages: Mapping[str, Mapping[str, Callable[[bytes], Response]]] = {
            "/counts": {"GET": lambda _: _document(self._counts.snapshot())},
            "/faults": {
                "GET": lambda _: _document({"faults": self._faults.standing()}),
                "POST": self._take,
                "DELETE": self._forget,
            },
        }

    def answer(self, received: Received) -> Response:
        """The answer to any request on this port."""
        given = received.headers.get("authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self._expected):
            reason = "Authorization has to be 'Bearer' and the control_token of the ready line"
            return _document({"error": reason}, HTTPStatus.UNAUTHORIZED)
        page = self._pages.get(received.path)
        if page is None:
            return Response(HTTPStatus.NOT_FOUND)
        way = page.get(received.method)
        return way(received.body) if way else Response(HTTPStatus.METHOD_NOT_ALLOWED)

    def order(self, order: Order) -> None:
        """Let a fault stand, or an incident happen.

        Raises:
            ValueError: It is about a user that does not exist.
        """
        if order.fault in INCIDENTS:
            self._incidents.happen(order)
        else:
            self._faults.order(order)

    def clear(self) -> None:
        """End every standing fault and put the clock right; what happened to tokens and users stays."""
        self._faults.lift()
        self._incidents.happen(Order(Kind.CLOCK_SKEW, time_s=0.0))

    def _forget(self, _: bytes) -> Response:
        self.clear()
        return Response(HTTPStatus.NO_CONTENT)

    def _take(self, body: bytes) -> Response:
        try:
            self.order(Order.read(json.loads(body)))
        except ValueError as error:
            return _document({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        return Response(HTTPStatus.NO_CONTENT)


def _document(document: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:  # noqa: ANN401  # JSON
    headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
    return Response(status, headers, compact_json(document))
