"""Faults of the sandbox's answers: Cognito's to logins, the API's to requests with a token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench.faults.case import FAILED, PASSED, Case, but, expect
from bench.faults.deeds import order
from bench.faults.judging import Expected
from bench.faults.scene import Scene
from harness.sandbox.faults.orders import Kind

TIMES: Final = 5
"""How often each happens."""


def _outcome(outcome: str, expected: Expected) -> Expected:
    """The fault became this outcome, as often as it happened."""

    def check(seen: Any) -> str:
        kind = "requests" if "requests" in (seen.summary or {}) and seen.summary["requests"]["by_name"] else "logins"
        found = (seen.summary or {}).get(kind, {}).get("all", {}).get("outcomes", {})
        count = found.get(outcome, {}).get("count", 0)
        return "" if count == TIMES else f"{count} of {kind} are {outcome} instead of {TIMES}"

    return but(expected, check=check) if outcome != "ok" else expected


_SPOILED: Final[tuple[tuple[Kind, Mapping[str, Any], str, str], ...]] = (
    (Kind.LATENCY, {"time_s": 0.3}, "ok", "ok"),
    (Kind.LATENCY, {"time_s": 0.2, "spread_s": 0.05}, "ok", "ok"),
    (Kind.LATENCY, {"time_s": 0.1, "p99_s": 0.5}, "ok", "ok"),
    (Kind.ERROR_500, {}, "server_error", "server_error"),
    (Kind.ERROR_503, {}, "server_error", "server_error"),
    (Kind.THROTTLE, {}, "throttled", "throttled"),
    (Kind.REFUSAL, {"type": "ForbiddenException", "status": 403}, "rejected", "http_error"),
    (Kind.RESET_BEFORE, {}, "transport_error", "transport_error"),
    (Kind.RESET_INSIDE, {}, "transport_error", "transport_error"),
    (Kind.TRUNCATED, {}, "malformed", "failed_check"),
    (Kind.NOT_JSON, {}, "malformed", "failed_check"),
    (Kind.HTML, {}, "server_error", "server_error"),
    (Kind.HTML, {"status": 200}, "malformed", "failed_check"),
    (Kind.WRONG_LENGTH, {"by": 25}, "transport_error", "transport_error"),
    (Kind.WRONG_LENGTH, {"by": -10}, "malformed", "failed_check"),
    (Kind.DRIP, {"time_s": 0.3}, "ok", "ok"),
    (Kind.REPLAY, {}, "ok", "ok"),
)


def _spoiled() -> list[Case]:
    found = []
    for on, classes, column in (("InitiateAuth", "Login", 2), ("GET /me", "Api", 3)):
        for row in _SPOILED:
            kind, members, outcome = row[0], row[1], str(row[column])
            told = " ".join(f"{name}={value}" for name, value in members.items())
            found.append(
                Case(
                    f"{kind} {told}".strip() + f" on {on}",
                    _outcome(outcome, PASSED if outcome == "ok" else FAILED),
                    group="Answers",
                    classes=classes,
                    orders=({"fault": kind, **members, "on": on, "times": TIMES},),
                )
            )
    return found


def _few_users(scene: Scene) -> None:
    """So few that each account logs in again and again."""
    lines = Path(scene.sandbox.ready["users"]).read_text().splitlines()[:13]
    (scene.folder / "users.csv").write_text("\n".join(lines) + "\n")


def _orders(*orders: Mapping[str, Any]) -> Callable[[Scene], None]:
    """One order after the other, once the run is under way."""

    def deed(scene: Scene) -> None:
        scene.get_going()
        for each in orders:
            scene.fault(**each)

    return deed


_ACCOUNT: Final = "bench-0001@example.com"
_SHORT: Final = ("--access-token-life", "3s")
_INCIDENTS: Final = (
    Case("stall 1s of everything", PASSED, classes="Api", deed=order("stall", time_s=1.0, on="all")),
    Case("jwks-down, keys known", PASSED, classes="Api", deed=_orders({"fault": "jwks-down"})),
    Case(
        "jwks-down, then rotate-keys",
        FAILED,
        classes="Api",
        deed=_orders({"fault": "jwks-down"}, {"fault": "rotate-keys"}),
        has_own_sandbox=True,
    ),
    Case("rotate-keys", PASSED, classes="Api", deed=_orders({"fault": "rotate-keys"}), has_own_sandbox=True),
    Case("revoke", PASSED, classes="Api", deed=_orders({"fault": "revoke"}), has_own_sandbox=True),
    Case(
        "expire-refresh",
        expect(("passed", "failed"), (0, 1)),
        classes="Api",
        deed=_orders({"fault": "expire-refresh"}),
        sandbox=_SHORT,
        seconds=6,
    ),
    Case(
        "expire-sessions of SELECT_CHALLENGE",
        FAILED,
        options=("--cognito-flow", "USER_AUTH"),
        form={"cognito_flow": "USER_AUTH"},
        orders=({"fault": "latency", "time_s": 0.5, "on": "RespondToAuthChallenge"},),
        deed=_orders({"fault": "expire-sessions"}),
        has_own_sandbox=True,
        seconds=4,
    ),
    Case(
        "clock-skew 10m",
        expect(("passed", "failed"), (0, 1), says=("clock",)),
        deed=_orders({"fault": "clock-skew", "time_s": 600.0}),
        has_own_sandbox=True,
        seconds=8,
    ),
    Case(
        "disable one account",
        FAILED,
        deed=_orders({"fault": "disable", "user": _ACCOUNT}),
        environment={"COGNITO_USERS": "users.csv"},
        before=_few_users,
        has_own_sandbox=True,
        seconds=5,
    ),
    Case(
        "disable and enable one account",
        expect(("passed", "failed"), (0, 1)),
        deed=_orders({"fault": "disable", "user": _ACCOUNT}, {"fault": "enable", "user": _ACCOUNT}),
        environment={"COGNITO_USERS": "users.csv"},
        before=_few_users,
        has_own_sandbox=True,
    ),
)

CASES: Final = (*_spoiled(), *(replace(case, group="Answers") for case in _INCIDENTS))
