"""Faults that stand for a while: what they do to the answers of Cognito, of the API and of the key set.

Drawn anew for each request. Latencies add up; of the other faults, the first that is drawn happens.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from harness.sandbox.errors import InternalError, Refusal, ServiceUnavailable, TooManyRequests
from harness.sandbox.faults.orders import ALL, JWKS, Kind, Order
from harness.sandbox.http.exchange import Delivery, Response

Z_99: Final = 2.3263478740408408
"""The 99th percentile of the standard normal distribution."""
HTML_TYPE: Final = ("Content-Type", "text/html")
HTML_PAGE: Final = b"""<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy</center></body>
</html>
"""
NO_JSON: Final = b"upstream connect error or disconnect/reset before headers"

Answered = tuple[str, Response]
"""How the answer is counted, and the answer."""


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


class _Standing:
    """An order, and how long it still stands. Times are monotonic seconds."""

    __slots__ = ("left", "order", "until_s")

    def __init__(self, order: Order, now_s: float) -> None:
        self.order = order
        for_s = order.time_s if order.fault is Kind.STALL else order.for_s
        self.until_s = math.inf if for_s is None else now_s + for_s
        self.left = math.inf if order.times is None else order.times

    def is_over(self, now_s: float) -> bool:
        """Whether it will not happen again."""
        return now_s >= self.until_s or self.left <= 0


class Faults:
    """What is ordered and still stands.

    Args:
        monotonic: Seconds.
        wait: Holds back one answer for so many seconds, without holding up others.
        chance: Draws who is hit, and for how long.
    """

    def __init__(
        self, monotonic: Callable[[], float], wait: Callable[[float], None], chance: random.Random | None = None
    ) -> None:
        self._monotonic = monotonic
        self._wait = wait
        self._chance = chance or random.Random()  # noqa: S311  # who is hit is no secret
        self._standing: list[_Standing] = []

    def order(self, order: Order) -> None:
        """Let this fault happen from now on."""
        self._standing.append(_Standing(order, self._monotonic()))

    def lift(self) -> None:
        """End all faults."""
        self._standing.clear()

    def standing(self) -> list[dict[str, object]]:
        """What stands now: each order, with `left_s` or `left` where it ends by itself."""
        now_s = self._monotonic()
        self._forget_past(now_s)
        return [
            {
                **one.order.to_json(),
                **({} if math.isinf(one.until_s) else {"left_s": round(one.until_s - now_s, 3)}),
                **({} if math.isinf(one.left) else {"left": one.left}),
            }
            for one in self._standing
        ]

    @property
    def is_jwks_down(self) -> bool:
        """Whether nobody can fetch the key set."""
        return any(one.order.fault is Kind.JWKS_DOWN and not one.is_over(self._monotonic()) for one in self._standing)

    def meet(
        self, name: str, area: str, work: Callable[[], Answered], refuse: Callable[[Refusal], Answered]
    ) -> Answered:
        """The answer to one request, as it is or as the faults make it.

        Args:
            name: The operation or route.
            area: `cognito`, `api` or `jwks`.
            work: Makes the proper answer. Not called where a refusal, or nothing at all, comes in its place.
            refuse: Words a refusal as this area does.
        """
        if not self._standing:
            return work()
        wait_s, order = self._draw(name, area)
        if wait_s > 0:
            self._wait(wait_s)
        if order is None:
            return work()
        refusal = _refusal(order)
        return refuse(refusal) if refusal else _spoiled(order, work)

    def _draw(self, name: str, area: str) -> tuple[float, Order | None]:
        now_s = self._monotonic()
        self._forget_past(now_s)
        wait_s, hit = 0.0, None
        for one in self._standing:
            order = one.order
            is_delay = order.fault in {Kind.LATENCY, Kind.STALL}
            if (hit and not is_delay) or not _is_about(order, name, area) or self._chance.random() >= order.share:
                continue
            one.left -= 1
            if order.fault is Kind.STALL:
                wait_s = max(wait_s, one.until_s - now_s)
            elif is_delay:
                wait_s += self._latency_s(order)
            else:
                hit = order
        return wait_s, hit

    def _latency_s(self, order: Order) -> float:
        if order.p99_s:
            return self._chance.lognormvariate(math.log(order.time_s), math.log(order.p99_s / order.time_s) / Z_99)
        if order.spread_s:
            return max(0.0, self._chance.gauss(order.time_s, order.spread_s))
        return order.time_s

    def _forget_past(self, now_s: float) -> None:
        self._standing = [one for one in self._standing if not one.is_over(now_s)]


def _is_about(order: Order, name: str, area: str) -> bool:
    if order.fault is Kind.JWKS_DOWN:
        return area == JWKS
    return order.on in {ALL, area, name}


def _refusal(order: Order) -> Refusal | None:
    match order.fault:
        case Kind.ERROR_500:
            return InternalError("Something went wrong")
        case Kind.ERROR_503 | Kind.JWKS_DOWN:
            return ServiceUnavailable("Service is unavailable")
        case Kind.THROTTLE:
            return TooManyRequests("Rate exceeded")
        case Kind.REFUSAL:
            return OrderedRefusal(order.type, order.message, HTTPStatus(order.status or HTTPStatus.BAD_REQUEST))
        case _:
            return None


def _spoiled(order: Order, work: Callable[[], Answered]) -> Answered:
    """The answer that was made, and how it goes wrong; a slow one still counts as what it is."""
    if order.fault is Kind.HTML:
        return order.fault, Response(HTTPStatus(order.status or HTTPStatus.BAD_GATEWAY), (HTML_TYPE,), HTML_PAGE)
    if order.fault is Kind.REPLAY:
        work()
    counted, made = work()
    if order.fault in {Kind.DRIP, Kind.REPLAY}:
        return counted, _with(made, Delivery(over_s=order.time_s))
    if order.fault is Kind.TRUNCATED:
        return order.fault, Response(made.status, made.headers, made.body[: len(made.body) // 2])
    if order.fault is Kind.NOT_JSON:
        return order.fault, Response(made.status, made.headers, NO_JSON)
    if order.fault is Kind.WRONG_LENGTH:
        return order.fault, _with(made, Delivery(excess_bytes=max(order.by, -len(made.body))))
    return order.fault, _with(made, _RESETS[order.fault])


_RESETS: Final[Mapping[Kind, Delivery]] = {
    Kind.RESET_BEFORE: Delivery(share=0.0, is_reset=True),
    Kind.RESET_INSIDE: Delivery(share=0.5, is_reset=True),
}


def _with(made: Response, delivery: Delivery) -> Response:
    return Response(made.status, made.headers, made.body, delivery)
