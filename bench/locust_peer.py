"""Peers that are locustfiles: how Locust is started, and what its own statistics say afterwards."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence

from bench.peer import PLANS, Site

STATISTICS = "statistics"
"""Locust adds `.json` to the name that it is given."""


def locust(plan: str, *options: str) -> Callable[[Site], Sequence[str]]:
    """The command that runs a locustfile of `bench/plans/` in one process, until it is ended.

    Args:
        plan: The file.
        options: More options of Locust; `{endpoint}` and the like are filled in from the site.
    """

    def command(site: Site) -> list[str]:
        values = {"endpoint": site.endpoint, "region": site.region, "client_id": site.client_id, "users": site.users}
        return [
            *(sys.executable, "-m", "locust", "-f", str(PLANS / plan), "--headless", "--only-summary"),
            *("--loglevel", "WARNING", "--json-file", STATISTICS, "--host", site.endpoint),
            *("--users", str(site.clients), "--spawn-rate", str(site.clients)),
            *(option.format(**values) for option in options),
        ]

    return command


def failed_requests(site: Site, counted: int) -> str:
    """What Locust's statistics hold against the peer: failures, or fewer requests than the server had."""
    rows = json.loads((site.folder / f"{STATISTICS}.json").read_text())
    requests, failures = (sum(row[key] for row in rows) for key in ("num_requests", "num_failures"))
    if failures:
        return f"{failures} of its {requests} requests failed"
    return f"it knows of {requests} requests, the server of {counted}" if requests < counted else ""
