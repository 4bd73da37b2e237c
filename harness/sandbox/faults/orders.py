"""What can be ordered of a sandbox while it runs: faults that stand for a while, and incidents that happen once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

COGNITO: Final = "cognito"
API: Final = "api"
JWKS: Final = "jwks"
ALL: Final = "all"
LONGEST_S: Final = 7 * 24 * 3600.0
MOST_TIMES: Final = 100_000


class Kind(StrEnum):
    """The faults."""

    LATENCY = "latency"
    STALL = "stall"
    ERROR_500 = "500"
    ERROR_503 = "503"
    THROTTLE = "throttle"
    REFUSAL = "refusal"
    RESET_BEFORE = "reset-before"
    RESET_INSIDE = "reset-inside"
    TRUNCATED = "truncated"
    NOT_JSON = "not-json"
    HTML = "html"
    WRONG_LENGTH = "wrong-length"
    DRIP = "drip"
    REPLAY = "replay"
    JWKS_DOWN = "jwks-down"
    CLOCK_SKEW = "clock-skew"
    ROTATE_KEYS = "rotate-keys"
    REVOKE = "revoke"
    EXPIRE_REFRESH = "expire-refresh"
    EXPIRE_SESSIONS = "expire-sessions"
    DISABLE = "disable"
    ENABLE = "enable"


MEANINGS: Final[Mapping[Kind, str]] = {
    Kind.LATENCY: "answers take TIME: fixed, with --spread normal, with --p99 long-tailed (TIME is the median)",
    Kind.STALL: "nothing is answered for TIME, then everything at once",
    Kind.ERROR_500: "InternalErrorException, or the API's 500",
    Kind.ERROR_503: "ServiceUnavailableException, or the API's 503",
    Kind.THROTTLE: "TooManyRequestsException, or the API's 429",
    Kind.REFUSAL: "an error of Cognito's of your choice: --type, --message, --status",
    Kind.RESET_BEFORE: "the connection is reset instead of an answer",
    Kind.RESET_INSIDE: "the connection is reset in the middle of the answer",
    Kind.TRUNCATED: "half of the body, as if it were whole",
    Kind.NOT_JSON: "a body that is no JSON, with the answer's own status",
    Kind.HTML: "a proxy's HTML page (502, or --status)",
    Kind.WRONG_LENGTH: "Content-Length is --by bytes off (default: 10 too many); too many, and the connection closes",
    Kind.DRIP: "the answer comes in 20 pieces over TIME",
    Kind.REPLAY: "the request is done twice, as if a proxy had sent it again, and the second answer is delivered",
    Kind.JWKS_DOWN: "the key set answers 503, and the API learns no new keys",
    Kind.CLOCK_SKEW: "the sandbox's clock is TIME ahead (behind: a negative TIME); 0 puts it right",
    Kind.ROTATE_KEYS: "new signing keys; the old ones are withdrawn at once",
    Kind.REVOKE: "every token so far of a --user, or of the pool, is revoked",
    Kind.EXPIRE_REFRESH: "every refresh token so far has expired",
    Kind.EXPIRE_SESSIONS: "every challenge that waits for its answer has expired",
    Kind.DISABLE: "an administrator disables a --user",
    Kind.ENABLE: "and enables it again",
}
INCIDENTS: Final = frozenset(
    {
        Kind.CLOCK_SKEW,
        Kind.ROTATE_KEYS,
        Kind.REVOKE,
        Kind.EXPIRE_REFRESH,
        Kind.EXPIRE_SESSIONS,
        Kind.DISABLE,
        Kind.ENABLE,
    }
)
"""What happens once, and to what the sandbox remembers; everything else stands and happens to answers."""

_SCOPE: Final = frozenset({"on", "share", "for_s", "times"})
_OWN: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.LATENCY: frozenset({"time_s", "spread_s", "p99_s"}),
    Kind.STALL: frozenset({"time_s"}),
    Kind.DRIP: frozenset({"time_s"}),
    Kind.REFUSAL: frozenset({"type", "message", "status"}),
    Kind.HTML: frozenset({"status"}),
    Kind.WRONG_LENGTH: frozenset({"by"}),
    Kind.CLOCK_SKEW: frozenset({"time_s"}),
    Kind.REVOKE: frozenset({"user"}),
    Kind.DISABLE: frozenset({"user"}),
    Kind.ENABLE: frozenset({"user"}),
}
_NEEDS: Final[Mapping[Kind, str]] = {
    Kind.LATENCY: "time_s",
    Kind.STALL: "time_s",
    Kind.DRIP: "time_s",
    Kind.CLOCK_SKEW: "time_s",
    Kind.REFUSAL: "type",
    Kind.DISABLE: "user",
    Kind.ENABLE: "user",
}


@dataclass(frozen=True, slots=True)
class Order:
    """One fault or incident. Made by `Order.read`, which checks it."""

    fault: Kind
    on: str = COGNITO
    """`cognito`, `api`, `jwks`, `all`, or one operation or route: `InitiateAuth`, `GET /orders`."""
    share: float = 1.0
    """Of the requests, drawn for each."""
    for_s: float | None = None
    """None: until it is lifted."""
    times: int | None = None
    """How often at most."""
    time_s: float = 0.0
    spread_s: float = 0.0
    """Standard deviation of a normal latency."""
    p99_s: float = 0.0
    """99th percentile of a long-tailed latency, which is log-normal."""
    type: str = ""
    message: str = ""
    status: int = 0
    by: int = 10
    user: str = ""

    @classmethod
    def read(cls, wanted: Mapping[str, Any]) -> Order:
        """The order of a JSON object.

        Raises:
            ValueError: A member is missing, unknown or makes no sense; the text says which.
        """
        if not isinstance(wanted, dict):
            raise ValueError("an order is a JSON object")  # noqa: TRY004  # one kind of error for what cannot be read
        try:
            kind = Kind(wanted["fault"])
        except KeyError:
            raise ValueError("'fault' is missing") from None
        except ValueError:
            raise ValueError(f"'fault' is {wanted['fault']!r}; expected one of {', '.join(Kind)}") from None
        allowed = _OWN.get(kind, frozenset()) | (frozenset() if kind in INCIDENTS else _SCOPE)
        given = {name: value for name, value in wanted.items() if name != "fault"}
        if unknown := sorted(given.keys() - allowed):
            raise ValueError(f"{kind} takes no {', '.join(map(repr, unknown))}")
        if (needed := _NEEDS.get(kind)) and needed not in given:
            raise ValueError(f"{needed!r} is missing")
        _check_kinds_of_values(given)
        order = cls(kind, **given)
        _check_ranges(order)
        return order

    def to_json(self) -> dict[str, object]:
        """The order as it was given, without what is at its default."""
        default = Order(self.fault)
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if name == "fault" or value != getattr(default, name)}


def _check_kinds_of_values(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name in {"on", "type", "message", "user"}:
            is_good = isinstance(value, str)
        elif name in {"times", "status", "by"}:
            is_good = isinstance(value, int) and not isinstance(value, bool)
        else:
            is_good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_good:
            raise ValueError(f"{name!r} is {value!r}, which it cannot be")


def _check_ranges(order: Order) -> None:
    is_skew = order.fault is Kind.CLOCK_SKEW
    checks = (
        (0 < order.share <= 1, "'share' has to be above 0 and at most 1"),
        (order.for_s is None or 0 < order.for_s <= LONGEST_S, "'for_s' has to be above 0 and at most a week"),
        (order.times is None or 0 < order.times <= MOST_TIMES, f"'times' has to be between 1 and {MOST_TIMES}"),
        ((-LONGEST_S if is_skew else 0) <= order.time_s <= LONGEST_S, "'time_s' has to be at least 0, at most a week"),
        (0 <= order.spread_s <= LONGEST_S, "'spread_s' has to be at least 0, at most a week"),
        (
            order.p99_s == 0 or 0 < order.time_s < order.p99_s <= LONGEST_S,
            "'p99_s' has to be above 'time_s', and that above 0",
        ),
        (not (order.p99_s and order.spread_s), "'spread_s' and 'p99_s' exclude each other"),
        (order.by != 0, "'by' has to be a number of bytes other than 0"),
        (order.status == 0 or order.status in set(HTTPStatus), f"'status' is {order.status}, which HTTP does not have"),
    )
    for is_good, text in checks:
        if not is_good:
            raise ValueError(text)
