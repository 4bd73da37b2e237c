"""What a user weighs: 10,000 of them in one process, each with an account, a token and a connection of its own.

    .venv/bin/python -m bench.many_users                     about two minutes; writes results/many-users-<machine>.md
    .venv/bin/python -m bench.many_users --users 2000        only prints

The same number of requests per second is asked of 100 users and of all of them, against canned answers. Targets: 60 KB
of resident memory for each user, no connection that is opened again, no stall of more than 100 ms once all users are
there, and at least three quarters of the requests per second that 100 users reach.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine, servers
from bench.canned import CLIENT_ID, REGION
from bench.child import Child, pinned_to
from bench.contest import Venue
from bench.locust_peer import locust
from bench.peer import Site
from bench.peers.cognito_load import OPTIONS
from bench.servers.canned_server import CannedServer

RESULTS = Path(__file__).parent / "results"
FEW, MANY = 100, 10_000
SPAWNED_PER_S = 400
SETTLE_S = 3.0
START_TIMEOUT_S = 180.0
MOST_KB, MOST_STALL_MS, LEAST_SHARE = 60.0, 100.0, 0.75


@dataclass(frozen=True, slots=True)
class Crowd:
    """What was measured of so many users."""

    users: int
    per_s: float
    cpu_us: float
    rss_bytes: int
    opened: int
    """Connections, from the start to the end."""
    opened_late: int
    """Of these, in the measured window."""
    stall_ms: float
    """The longest in the window."""
    own_ms: float
    """The most processor time of the process's own in one of the stalls; the rest is others on the same core."""


def main() -> int:
    """Measure; 0 when all targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=MANY)
    parser.add_argument("--rate", type=float, default=1000.0, help="requests per second; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long is measured; default: %(default)s")
    options = parser.parse_args()
    others = machine.Others()
    client_core, server_core = machine.cores()
    with tempfile.TemporaryDirectory(prefix="cognito-load-many-") as name:
        venue = Venue(Path(name), client_core, server_core)
        with pinned_to(server_core):
            crowds = [measure(venue, users, options.rate, options.seconds) for users in (FEW, options.users)]
    rows = judged(*crowds)
    text = document(crowds, rows, options.rate, f"{others.share():.0%} of the machine")
    print(text)
    if options.users == MANY:
        (RESULTS / f"many-users-{machine.slug()}.md").write_text(text, encoding="utf-8")
    return int(not all(is_met for *_, is_met in rows))


def measure(venue: Venue, users: int, rate: float, seconds: float) -> Crowd:
    """So many users at a rate that is the same for any number of them."""
    accounts = venue.folder / f"{users}.csv"
    with accounts.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [
                ("username", "password"),
                *((f"many-{number}@example.com", f"Many-Pass-{number}!") for number in range(users)),
            ]
        )
    with servers.canned(venue) as server:
        site = Site(
            endpoint=server.endpoint,
            region=REGION,
            client_id=CLIENT_ID,
            access_key_id="AKIABENCHBENCHBENCH0",
            secret_access_key="made-up/made-up/made-up/made-up/made-up0",
            users=accounts,
            folder=venue.folder / str(users),
            clients=users,
        )
        command = [*locust("api_many_users.py", *OPTIONS)(site), "--spawn-rate", str(SPAWNED_PER_S)]
        environment = {**site.variables(), "BENCH_RATE": str(rate)}
        child = Child(command, core=venue.client_core, folder=site.folder, environment=environment)
        try:
            return _watched(child, server, site, seconds)
        finally:
            child.end()


def _watched(child: Child, server: CannedServer, site: Site, seconds: float) -> Crowd:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not (site.folder / "spawned.txt").exists():
        if child.has_ended or time.monotonic() > deadline_s:
            raise RuntimeError(f"{site.clients} users did not start: {child.last_words}")
        time.sleep(0.2)
    time.sleep(SETTLE_S)
    stalls = site.folder / "stalls.txt"
    lines = len(stalls.read_text().splitlines())
    opened, counted, cpu_s, began_s = server.accepted(), server.count(), child.cpu_s(), time.monotonic()
    time.sleep(seconds)
    count, took_s = server.count() - counted, time.monotonic() - began_s
    used_s = child.cpu_s() - cpu_s
    seen = [tuple(map(float, line.split())) for line in stalls.read_text().splitlines()[lines:]]
    return Crowd(
        users=site.clients,
        per_s=count / took_s,
        cpu_us=used_s / count * 1e6,
        rss_bytes=child.rss_bytes(),
        opened=server.accepted() - 1,
        opened_late=server.accepted() - opened,
        stall_ms=max(stall_ms for stall_ms, _ in seen),
        own_ms=max(own_ms for _, own_ms in seen),
    )


def judged(few: Crowd, many: Crowd) -> list[tuple[str, str, str, bool]]:
    """What is asked, what was measured, and whether that will do."""
    kb = (many.rss_bytes - few.rss_bytes) / 1024 / (many.users - few.users)
    share = many.per_s / few.per_s
    return [
        ("memory of a user", f"<= {MOST_KB:g} KB", f"{kb:.1f} KB", kb <= MOST_KB),
        (
            "resident memory",
            f"<= {MOST_KB * many.users / 1000:,.0f} MB",
            f"{many.rss_bytes / 1e6:,.0f} MB",
            many.rss_bytes <= MOST_KB * 1000 * many.users,
        ),
        ("connections opened in the window", "0", str(many.opened_late), many.opened_late == 0),
        ("longest stall", f"<= {MOST_STALL_MS:g} ms", f"{many.stall_ms:.0f} ms", many.stall_ms <= MOST_STALL_MS),
        (
            "processor time of its own in a stall",
            f"<= {MOST_STALL_MS:g} ms",
            f"{many.own_ms:.0f} ms",
            many.own_ms <= MOST_STALL_MS,
        ),
        ("rate of 100 users kept", f">= {LEAST_SHARE:.0%}", f"{share:.0%}", share >= LEAST_SHARE),
    ]


def document(crowds: Sequence[Crowd], rows: Sequence[tuple[str, str, str, bool]], rate: float, others: str) -> str:
    """What came out, for people."""
    facts = {**machine.describe(), "Load by others meanwhile": others}
    lines = [
        "# Many users in one process",
        "",
        f"Made by `python -m bench.many_users`: {rate:,.0f} requests per second are asked of each crowd.",
        "",
        *(f"- {name}: {fact}" for name, fact in facts.items()),
        "",
        "| Target | Asked | Measured |  |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {name} | {asked} | {got} | {'met' if met else '**missed**'} |" for name, asked, got, met in rows),
        "",
        "| Users | requests per second | CPU µs each | RSS MB | connections | longest stall ms | its own ms |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {each.users:,} | {each.per_s:,.0f} | {each.cpu_us:,.0f} | {each.rss_bytes / 1e6:,.0f} "
            f"| {each.opened:,} | {each.stall_ms:.0f} | {each.own_ms:.0f} |"
            for each in crowds
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
