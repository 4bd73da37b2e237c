"""Asks the API about the token that it was sent, and notes when tokens are renewed and how the event loop stood."""

import os
import time
from pathlib import Path

import gevent
from locust import constant_throughput, events, task
from stalls import note_stalls

from harness.load import CognitoApiUser, install

install(events)

STALLS, SPAWNED = Path("stalls.txt"), Path("spawned.txt")
AGES, LATE = Path("ages.txt"), Path("late.txt")
MARGIN_S = float(os.environ["BENCH_MARGIN_S"])
CLOCKS_S = 1.5
"""`exp` is in whole seconds, and the answer takes its time."""


class Api(CognitoApiUser):
    """With the token of an account of its own."""

    wait_time = constant_throughput(1 / float(os.environ["BENCH_EVERY_S"]))
    expires_at_s = 0.0

    @task
    def who_am_i(self) -> None:
        """The API tells when the token expires."""
        expires_at_s = self.client.get("/me").json()["expires_at"]
        if expires_at_s - time.time() < MARGIN_S - CLOCKS_S:
            note(LATE, expires_at_s - time.time())
        if self.expires_at_s and expires_at_s != self.expires_at_s:
            note(AGES, expires_at_s - self.expires_at_s)
        self.expires_at_s = expires_at_s


def note(path: Path, value: float) -> None:
    """One more line."""
    with path.open("a") as file:
        file.write(f"{value:.1f}\n")


@events.spawning_complete.add_listener
def note_that_all_are_there(**_: object) -> None:
    """The bench waits for this."""
    SPAWNED.touch()
    gevent.spawn(note_stalls, STALLS)
