"""Calls the API at a rate that does not depend on the number of users, and notes for how long the event loop stood."""

import os
import time
from pathlib import Path

import gevent
from locust import constant_throughput, events, task

from harness.load import CognitoApiUser, install

install(events)

TICK_S = 0.01
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
    gevent.spawn(note_stalls)


def note_stalls() -> None:
    """One line for each second: how late the latest look at the clock was, in milliseconds."""
    with STALLS.open("w") as file:
        worst_s, until_s = 0.0, time.monotonic() + 1
        while True:
            asleep_s = time.monotonic()
            gevent.sleep(TICK_S)
            now_s = time.monotonic()
            worst_s = max(worst_s, now_s - asleep_s - TICK_S)
            if now_s >= until_s:
                file.write(f"{worst_s * 1000:.1f}\n")
                file.flush()
                worst_s, until_s = 0.0, now_s + 1
