"""What a second process brings: signed logins per second with `--processes 2` against one process.

    .venv/bin/python -m bench.two_processes                  about two minutes; only prints

Nobody is pinned to a core, and the server takes its share of the same cores: with two of them the second process gets
what the server leaves. So the processor time of a login is printed, too: where that is the same, the processes do not
hold each other up, and more cores bring as much more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench import machine, servers
from bench.canned import CLIENT_ID, REGION, write_accounts
from bench.contest import Measurement, Standing, Venue
from bench.locust_peer import locust
from bench.names import SIGNED_LOGIN
from bench.peer import Peer, Site, running
from bench.peers.cognito_load import GOOD_EXITS, OPTIONS

LEAST = 1.7


def main() -> int:
    """Measure; 0 when the target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    others = machine.Others()
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
        rounds: list[list[Measurement]] = [[], []]
        for number in range(options.rounds):
            for index in (0, 1) if number % 2 else (1, 0):
                its_site = replace(site, folder=venue.folder / f"round-{number}-{index}")
                # Started anew each time: a master that was stopped for seconds would take its workers for lost.
                with running([peers[index]], its_site, venue, server.count) as field:
                    assert not field.absent, field.absent
                    rounds[index].append(field.contestants[0].turn(options.seconds))
    one, two = (Standing(peer.name, "", tuple(measured)) for peer, measured in zip(peers, rounds, strict=True))
    for standing in (one, two):
        print(
            f"{standing.name}: {standing.per_wall_s:,.0f} logins per second, "
            f"{1e6 / standing.per_cpu_s:.0f} µs of processor time each, {standing.busy:.0%} of a core in all"
        )
    ratio = two.per_wall_s / one.per_wall_s
    print(f"{ratio:.2f}x, asked is {LEAST:g}x; load by others meanwhile: {others.share():.0%} of the machine")
    return int(ratio < LEAST)


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
