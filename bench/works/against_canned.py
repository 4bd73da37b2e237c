"""The ground of all works whose peers are clients: a server with canned answers on one core, they on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from bench import servers
from bench.canned import CLIENT_ID, REGION, write_accounts
from bench.contest import Field, Venue
from bench.peer import Site, peers_for, running


def against_canned(work: str) -> Callable[[Venue], AbstractContextManager[Field]]:
    """How the peers of a work are gathered around a canned server."""

    @contextmanager
    def gather(venue: Venue) -> Iterator[Field]:
        users = venue.folder / "users.bench.csv"
        write_accounts(users)
        with servers.canned(venue) as server:
            site = Site(
                endpoint=server.endpoint,
                region=REGION,
                client_id=CLIENT_ID,
                access_key_id="AKIABENCHBENCHBENCH0",
                secret_access_key="made-up/made-up/made-up/made-up/made-up0",
                users=users,
                folder=venue.folder / work.replace(" ", "-"),
            )
            with running(peers_for(work), site, venue, server.count) as field:
                yield field

    return gather
