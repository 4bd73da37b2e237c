"""5,000 users in one process, each with an account and a token of its own that lives for five minutes.

    .venv/bin/python -m bench.short_tokens                    nine minutes; writes results/short-tokens-<machine>.md
    .venv/bin/python -m bench.short_tokens --users 500 --life 30 --minutes 1

Each user asks the sandbox's API every ten seconds about its token. Targets: no connection that the server did not close
is opened again, no stall of the event loop above 100 ms once all users are there, no token is sent with less of its
life left than the margin, and each is renewed within its spread. The exit code is 0 when all are met.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from bench import machine
from bench.child import Child, pinned_to
from bench.contest import Venue
from bench.locust_peer import locust
from bench.peers.cognito_load import OPTIONS
from bench.soak.watch import CALL, LOGIN, Control
from bench.works.sandbox import site_of, started
from harness.session import MARGIN_S, MARGIN_SHARE, SPREAD_SHARE

RESULTS = Path(__file__).parent / "results"
USERS, LIFE_S, MINUTES = 5_000, 300, 8.0
SPAWNED_PER_S = 100
EVERY_S = 10
START_TIMEOUT_S = 180.0
MOST_STALL_MS = 100.0
CHECKS = 1
"""Connections that `locust` opens before the load, to see whether Cognito answers."""
LETS_GO_S = 120
"""A session whose tokens live longer lets its login connection go, and opens one for each login."""
ROUNDING_S = 1.0
"""`exp` is in whole seconds."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What was seen of it."""

    users: int
    life_s: float
    connections: int
    """That the server accepted, from the start to the end."""
    logins: int
    refused: Mapping[str, int]
    """Tokens that the API took for invalid, by reason."""
    failures: int
    per_s: float
    """Requests in a second, once all were there."""
    core: float
    """The share of it that they cost."""
    rss_bytes: int
    renewals: Sequence[int]
    """In each ten seconds, once all were there."""
    ages_s: Sequence[float]
    """How old tokens were when the next one took their place."""
    late: int
    """Requests whose token had less than the margin left."""
    stalls: Sequence[tuple[float, float]]
    """The longest of each second, and the processor time in it, in milliseconds."""
    collection_ms: float
    """The longest garbage collection."""

    @property
    def margin_s(self) -> float:
        """How long before its expiry a token is renewed at the latest."""
        return min(MARGIN_S, MARGIN_SHARE * self.life_s)


def main() -> int:
    """Measure; 0 when all targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--life", type=int, default=LIFE_S, help="of a token, in seconds; default: %(default)s")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="once all users are there; default: %(default)s")
    options = parser.parse_args()
    facts, others = machine.describe(), machine.Others()
    client_core, server_core = machine.cores()
    with tempfile.TemporaryDirectory(prefix="cognito-load-short-") as folder, pinned_to(server_core):
        crowd = measured(
            Venue(Path(folder), client_core, server_core), options.users, options.life, options.minutes * 60
        )
    facts["Load by others meanwhile"] = f"{others.share():.0%} of the machine"
    rows = judged(crowd)
    text = document(crowd, rows, facts)
    print(text)
    if (options.users, options.life, options.minutes) == (USERS, LIFE_S, MINUTES):
        (RESULTS / f"short-tokens-{machine.slug()}.md").write_text(text, encoding="utf-8")
    return int(not all(is_met for *_, is_met in rows))


def measured(venue: Venue, users: int, life_s: int, seconds: float) -> Crowd:
    """So many users, for so long after the last of them has come."""
    accounts = venue.folder / "accounts.csv"
    with accounts.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("username", "password"), *((f"short-{number}", f"Short-Pass-{number}!") for number in range(users))]
        )
    with started(venue, "--access-token-life", f"{life_s}s", "--users", str(accounts)) as (_, ready):
        control = Control(ready)
        site = replace(site_of(ready, venue.folder / "crowd"), clients=users, users=accounts)
        command = [*locust("api_short_tokens.py", *OPTIONS)(site), "--spawn-rate", str(SPAWNED_PER_S), "--report", "no"]
        margin_s = min(MARGIN_S, MARGIN_SHARE * life_s)
        environment = {**site.variables(), "BENCH_EVERY_S": str(EVERY_S), "BENCH_MARGIN_S": str(margin_s)}
        child = Child(command, core=venue.client_core, folder=site.folder, environment=environment)
        try:
            _wait_for_all(child, site.folder / "spawned.txt")
            before, cpu_s, began_s = control.counts(), child.cpu_s(), time.monotonic()
            logins = [ok(before, LOGIN)]
            while time.monotonic() - began_s < seconds:
                time.sleep(EVERY_S - (time.monotonic() - began_s) % EVERY_S)
                logins.append(ok(control.counts(), LOGIN))
            after, took_s = control.counts(), time.monotonic() - began_s
            used_s, rss_bytes = child.cpu_s() - cpu_s, child.rss_bytes()
            stalls = _numbers(site.folder / "stalls.txt")
        finally:
            child.end()
    summary = json.loads((site.folder / "results/latest/summary.json").read_text())
    return Crowd(
        users=users,
        life_s=life_s,
        connections=after["connections"],
        logins=after["arrived"][LOGIN],
        refused=after["refused"],
        failures=sum(summary[kind]["all"]["failures"] for kind in ("logins", "requests")),
        per_s=(ok(after, CALL) - ok(before, CALL)) / took_s,
        core=used_s / took_s,
        rss_bytes=rss_bytes,
        renewals=[later - earlier for earlier, later in pairwise(logins)],
        ages_s=[age for (age,) in _numbers(site.folder / "ages.txt")],
        late=len(_numbers(site.folder / "late.txt")),
        collection_ms=max(process["gc_pause_max_ms"] for process in summary["generator"]["processes"].values()),
        stalls=[(late, used) for late, used in stalls],
    )


def judged(crowd: Crowd) -> list[tuple[str, str, str, bool]]:
    """What is asked, what was measured, and whether that will do."""
    again = crowd.connections - CHECKS - crowd.users - (crowd.logins if crowd.life_s > LETS_GO_S else crowd.users)
    latest_s = crowd.life_s - crowd.margin_s
    earliest_s = latest_s * (1 - SPREAD_SHARE)
    low, high = min(crowd.ages_s), max(crowd.ages_s)
    stall_ms, used_ms = max(crowd.stalls)
    stale = sum(crowd.refused.values())
    return [
        ("connections beyond one for each user and one for each login", "0", str(again), again == 0),
        (
            "longest stall of the event loop",
            f"<= {MOST_STALL_MS:g} ms",
            f"{stall_ms:.0f} ms, {used_ms:.0f} of them on the processor",
            stall_ms <= MOST_STALL_MS,
        ),
        ("tokens that the API refused", "0", str(stale), stale == 0),
        (f"requests with less than {crowd.margin_s:g} s of the token left", "0", str(crowd.late), crowd.late == 0),
        (
            "age of tokens when they are renewed",
            f"{earliest_s:g} to {latest_s:g} s, and up to {EVERY_S} s until they are needed",
            f"{low:.0f} to {high:.0f} s, median {median(crowd.ages_s):.0f} s",
            earliest_s - ROUNDING_S <= low and high <= latest_s + EVERY_S + ROUNDING_S,
        ),
        ("failed logins and requests", "0", str(crowd.failures), crowd.failures == 0),
    ]


def document(crowd: Crowd, rows: Sequence[tuple[str, str, str, bool]], facts: Mapping[str, str]) -> str:
    """What came out, for people."""
    half = crowd.renewals[len(crowd.renewals) // 2 :]
    above_50 = sum(late > 50 for late, _ in crowd.stalls)
    own_ms = max(used for _, used in crowd.stalls)
    stalls = (
        f"- seconds with a stall above 50 ms: {above_50} of {len(crowd.stalls)}; the most processor time in the longest"
        f" stall of a second: {own_ms:.0f} ms; the longest garbage collection: {crowd.collection_ms:.0f} ms"
    )
    peak, average = max(half), mean(half)
    lines = [
        "# Many users with short tokens",
        "",
        f"Made by `python -m bench.short_tokens`: {crowd.users:,} users in one process, tokens of {crowd.life_s:g} s.",
        "",
        *(f"- {name}: {fact}" for name, fact in facts.items() if name != "Canned answers"),
        "",
        "| Target | Asked | Measured |  |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {name} | {asked} | {got} | {'met' if met else '**missed**'} |" for name, asked, got, met in rows),
        "",
        f"- {crowd.per_s:,.0f} requests per second, {crowd.core:.0%} of a core, {crowd.rss_bytes / 1e6:,.0f} MB",
        f"- {crowd.logins:,} logins; in the second half of the time {average:.0f} in {EVERY_S} s, {peak} at most",
        stalls,
    ]
    return "\n".join(lines) + "\n"


def ok(counts: Mapping[str, Mapping[str, Mapping[str, int]]], name: str) -> int:
    """How many good answers an operation or route has given."""
    return counts["answered"].get(name, {}).get("ok", 0)


def _wait_for_all(child: Child, spawned: Path) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not spawned.exists():
        if child.has_ended or time.monotonic() > deadline_s:
            raise RuntimeError(f"the users did not start: {child.last_words}")
        time.sleep(0.2)


def _numbers(path: Path) -> list[tuple[float, ...]]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [tuple(map(float, line.split())) for line in lines]


if __name__ == "__main__":
    sys.exit(main())
