"""Answers made to order: the next requests of an operation fail in a way that the service's own state never brings up.

A firewall's refusal, a server fault, a throttle out of nowhere. Asked for over HTTP while the sandbox runs.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from harness.sandbox.checks.refusals import Refusal

MOST_TIMES = 100_000


class OrderedRefusal(Refusal):
    """A refusal with a type and status of the caller's choice."""

    def __init__(self, kind: str, message: str, status: HTTPStatus) -> None:
        super().__init__(message)
        self._kind = kind
        self.status = status

    @property
    def kind(self) -> str:
        """The type that was asked for."""
        return self._kind


class Faults:
    """What is ordered and not yet served."""

    def __init__(self) -> None:
        self._orders: defaultdict[str, deque[OrderedRefusal]] = defaultdict(deque)

    def order(self, wanted: Mapping[str, Any]) -> None:
        """Refuse the next `times` requests of `operation` with `type`, `message` and HTTP `status`.

        Raises:
            ValueError: A member is missing or makes no sense; the text says which.
        """
        try:
            operation, kind = str(wanted["operation"]), str(wanted["type"])
            status = HTTPStatus(wanted.get("status", HTTPStatus.BAD_REQUEST))
            times = int(wanted.get("times", 1))
        except KeyError as missing:
            raise ValueError(f"{missing} is missing") from None
        if not 0 < times <= MOST_TIMES:
            raise ValueError(f"'times' is {times}; it has to be between 1 and {MOST_TIMES}")
        self._orders[operation].extend([OrderedRefusal(kind, str(wanted.get("message", "")), status)] * times)

    def serve(self, operation: str) -> None:
        """Nothing, unless a fault is ordered for this operation.

        Raises:
            OrderedRefusal: It is; one fewer is left.
        """
        orders = self._orders.get(operation)
        if orders:
            raise orders.popleft()
