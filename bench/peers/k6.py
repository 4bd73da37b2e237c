"""k6: its own HTTP client in Go, its scripts in JavaScript."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from bench.names import K6, SIGNED_LOGIN, UNSIGNED_LOGIN
from bench.peer import PLANS, Peer, Site

STATISTICS = "statistics.json"
ENDED_BY_SIGNAL = 105
"""k6's exit code when it is ended by SIGTERM or SIGINT."""
HOW_TO_GET = "go install go.k6.io/k6@latest"


def _command(sign: str) -> Callable[[Site], Sequence[str]]:
    def command(site: Site) -> list[str]:
        statistics = site.folder / STATISTICS
        return [
            *("k6", "run", "--quiet", "--no-usage-report", "--no-thresholds"),
            *("-e", f"BENCH_SIGN={sign}", "-e", f"BENCH_STATISTICS={statistics}"),
            str(PLANS / "login_k6.js"),
        ]

    return command


def _without_token(site: Site, counted: int) -> str:
    checks = json.loads((site.folder / STATISTICS).read_text())
    if checks["fails"]:
        return f"{checks['fails']} of its logins had no token"
    passes: int = checks["passes"]
    return f"it knows of {passes} logins, the server of {counted}" if passes < counted else ""


PEERS = (
    Peer(
        K6,
        SIGNED_LOGIN,
        _command("yes"),
        note="SigV4 written in its JavaScript with k6/crypto, the signing key kept for the day",
        executable="k6",
        how_to_get=HOW_TO_GET,
        good_exits=frozenset({0, ENDED_BY_SIGNAL}),
        faults=_without_token,
    ),
    Peer(
        K6,
        UNSIGNED_LOGIN,
        _command("no"),
        executable="k6",
        how_to_get=HOW_TO_GET,
        good_exits=frozenset({0, ENDED_BY_SIGNAL}),
        faults=_without_token,
    ),
)
