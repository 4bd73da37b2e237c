"""SRP logins: two exchanges, and the arithmetic between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bench.contest import Field, Target, Venue, Work
from bench.names import PYCOGNITO, SRP_LOGIN, SUBJECT
from bench.peer import peers_for, running
from bench.works.sandbox import answered, site_of, started

CLIENTS = 4
"""Few: they share one core's arithmetic, and with many of them all of the slow ones' logins would end at once."""


@contextmanager
def gather(venue: Venue) -> Iterator[Field]:
    """All peers against one sandbox, which is nobody's canned answer: it checks the proof."""
    with started(venue) as (_, ready):
        site = replace(site_of(ready, venue.folder / "srp"), clients=CLIENTS)
        with running(peers_for(SRP_LOGIN), site, venue, answered(ready, "RespondToAuthChallenge")) as field:
            yield field


WORK = Work(
    title="SRP login, client side",
    unit="logins",
    method=f"USER_SRP_AUTH with 1,000 accounts against the sandbox, {CLIENTS} users in one process; unsigned.",
    gather=gather,
    shortest_round_s=6.0,
    targets=(Target(SUBJECT, PYCOGNITO, at_least=2.0),),
)
