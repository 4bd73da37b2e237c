"""A locustfile whose users write down when they use which account, and what they have written."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

USES = """
import os, time
from locust import constant, events, task
from harness.load import CognitoApiUser, install
install(events)

@events.test_stopping.add_listener
def tell(environment, **_):
    print("users at the end:", environment.runner.user_count, flush=True)

class Api(CognitoApiUser):
    wait_time = constant(0.2)

    @task
    def who_am_i(self):
        began_s = time.time()
        self.client.get("/me")
        if "username" in self.vars:
            with open("uses.log", "a") as uses:
                uses.write(f"{began_s} {time.time()} {os.getpid()} {self.vars['username']}\\n")
"""
"""Writes down each use of an account: from when to when, and by which process."""


class Uses:
    """What the users have written down."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "uses.log"

    def read(self) -> list[tuple[float, float, int, str]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        whole = [line.split() for line in lines if line.count(" ") == 3]
        return [(float(began), float(ended), int(process), name) for began, ended, process, name in whole]

    def accounts(self, *, since_s: float = 0.0) -> set[str]:
        return {name for began_s, _, _, name in self.read() if began_s > since_s}

    def are_apart(self, account: str) -> bool:
        """Whether each process had done with it before the next one began."""
        spells: dict[int, list[float]] = {}
        for began_s, ended_s, process, name in self.read():
            if name == account:
                spell = spells.setdefault(process, [began_s, ended_s])
                spell[:] = min(spell[0], began_s), max(spell[1], ended_s)
        in_order = sorted(spells.values())
        return all(before[1] <= after[0] for before, after in pairwise(in_order))

    def of(self, process: int, *, since_s: float = 0.0) -> set[str]:
        return {name for began_s, _, user, name in self.read() if user == process and began_s > since_s}
