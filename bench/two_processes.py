"""What a second process brings: signed logins per second with `--processes 2` against one process.

    .venv/bin/python -m bench.two_processes        about two minutes; writes results/two-processes-<machine>.md

Nobody is pinned to a core, and the server takes its share of the same cores: with two of them the second process gets
what the server leaves. So the processor time of a login is measured on both sides, and what is asked is held against
what the cores allow: all of them, busy with nothing but the two processes' logins and the server's answers.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench import machine, servers
from bench.canned import CLIENT_ID, REGION, write_accounts
from bench.contest import Measurement, Standing, Venue
from bench.locust_peer import locust
from bench.names import SIGNED_LOGIN
from bench.peer import Peer, Site, running
from bench.peers.cognito_load import GOOD_EXITS, OPTIONS

RESULTS = Path(__file__).parent / "results"
LEAST = 1.7


@dataclass(frozen=True, slots=True)
class Served:
    """What a number of processes did, and what that took of the server."""

    standing: Standing
    server_us: float
    """Processor time of the server for a login."""

    @property
    def row(self) -> str:
        """A row of the table."""
        own = self.standing
        return (
            f"| {own.name} | {own.per_wall_s:,.0f} | {1e6 / own.per_cpu_s:.0f} | {own.busy:.0%} of a core "
            f"| {self.server_us:.0f} |"
        )


def main() -> int:
    """Measure; 0 when the target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    others = machine.Others()
    one, two = measure(options.rounds, options.seconds)
    text = document(one, two, f"{others.share():.0%} of the machine")
    print(text)
    (RESULTS / f"two-processes-{machine.slug()}.md").write_text(text, encoding="utf-8")
    return int(_gain(one, two) < LEAST)


def measure(rounds: int, seconds: float) -> tuple[Served, Served]:
    """One process and two of them, in turn."""
    with tempfile.TemporaryDirectory(prefix="cognito-load-two-") as name, ExitStack() as stack:
        venue = Venue(Path(name), client_core=None, server_core=None)
        users = venue.folder / "users.csv"
        write_accounts(users)
        server = stack.enter_context(servers.canned(venue))
        site = Site(
            endpoint=server.endpoint,
            region=REGION,
            client_id=CLIENT_ID,
            access_key_id="AKIABENCHBENCHBENCH0",
            secret_access_key="made-up/made-up/made-up/made-up/made-up0",
            users=users,
            folder=venue.folder,
            clients=40,
        )
        peers = [_peer(processes) for processes in (1, 2)]
        measured: list[list[Measurement]] = [[], []]
        served, server_s = [0, 0], [0.0, 0.0]
        for number in range(rounds):
            for index in (0, 1) if number % 2 else (1, 0):
                its_site = replace(site, folder=venue.folder / f"round-{number}-{index}")
                # Started anew each time: a master that was stopped for seconds would take its workers for lost.
                with running([peers[index]], its_site, venue, server.count) as field:
                    assert not field.absent, field.absent
                    count, cpu_s = server.count(), server.cpu_s()
                    measured[index].append(field.contestants[0].turn(seconds))
                    served[index] += server.count() - count
                    server_s[index] += server.cpu_s() - cpu_s
    one, two = (
        Served(Standing(peer.name, "", tuple(its)), 1e6 * its_s / count)
        for peer, its, its_s, count in zip(peers, measured, server_s, served, strict=True)
    )
    return one, two


def document(one: Served, two: Served, others: str) -> str:
    """What came out, for people."""
    facts = {**machine.describe(), "Load by others meanwhile": others}
    gain, cores = _gain(one, two), os.cpu_count() or 1
    most = 1e6 * cores / (1e6 / two.standing.per_cpu_s + two.server_us) / one.standing.per_wall_s
    outcome = (
        f"{gain:.2f} times one process; asked is {LEAST:g}. {cores} cores with nothing else to do could bring "
        f"{min(most, 2.0):.2f} times."
    )
    lines = [
        "# What a second process brings",
        "",
        "Made by `python -m bench.two_processes`: signed logins against a canned answer, 40 users, nobody pinned.",
        "",
        *(f"- {name}: {fact}" for name, fact in facts.items()),
        "",
        "|  | logins per second | CPU µs each | used | CPU µs of the server |",
        "| --- | ---: | ---: | ---: | ---: |",
        one.row,
        two.row,
        "",
        outcome,
    ]
    return "\n".join(lines) + "\n"


def _gain(one: Served, two: Served) -> float:
    return two.standing.per_wall_s / one.standing.per_wall_s


def _peer(processes: int) -> Peer:
    more = () if processes == 1 else ("--processes", str(processes))
    return Peer(
        f"{processes} process{'es' if processes > 1 else ''}",
        SIGNED_LOGIN,
        locust("login_cognito_load.py", *OPTIONS, "--cognito-sign", "always", *more),
        good_exits=GOOD_EXITS,
    )


if __name__ == "__main__":
    sys.exit(main())
