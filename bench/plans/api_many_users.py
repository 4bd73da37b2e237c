"""Calls the API at a rate that does not depend on the number of users, and notes for how long the event loop stood."""

import os
from pathlib import Path

import gevent
from locust import constant_throughput, events, task
from stalls import note_stalls

from harness.load import CognitoApiUser, install

install(events)

STALLS = Path("stalls.txt")
SPAWNED = Path("spawned.txt")


class Api(CognitoApiUser):
    """With the token of an account of its own."""

    wait_time = constant_throughput(float(os.environ["BENCH_RATE"]) / int(os.environ["BENCH_CLIENTS"]))

    @task
    def read_orders(self) -> None:
        """One request."""
        self.client.get("/orders")


@events.spawning_complete.add_listener
def note_that_all_are_there(**_: object) -> None:
    """The bench waits for this."""
    SPAWNED.touch()
    gevent.spawn(note_stalls, STALLS)
