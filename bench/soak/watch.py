"""Looks at the process under soak and at the sandbox's own count, and lets things go wrong when their turn comes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.request import Request, urlopen

from bench.child import Child
from bench.soak.rotation import Turn

EXPIRED = "the token has expired"
"""The sandbox's reason."""
LOGIN, CALL = "InitiateAuth", "GET /me"
TICK_S = 0.1
LOCUST, SANDBOX = "locust", "the sandbox"
"""Names of processes."""
STILL_S = 5.0
"""A tick that takes longer is none of the process's making."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one time."""

    at_s: float
    """Since the users began."""
    rss_bytes: Mapping[str, int]
    """Of each process, by its name."""
    cpu_s: float
    """Processor time of the processes under soak so far."""
    answered: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By the sandbox, by operation or route and by answer, so far."""
    expired: int = 0
    """Tokens that its API refused for their age, so far."""
    still_s: float = 0.0
    """For how long the machine itself has stood still so far, as virtual ones do; no part of `at_s`."""

    def ok(self, name: str) -> int:
        """How many good answers this operation or route has given so far."""
        return self.answered.get(name, {}).get("ok", 0)

    def others(self, name: str) -> int:
        """How many other answers."""
        return sum(self.answered.get(name, {}).values()) - self.ok(name)


class Control:
    """A sandbox's control port.

    Args:
        ready: Its ready line.
    """

    def __init__(self, ready: Mapping[str, str]) -> None:
        self._url, self._token = ready["control"], ready["control_token"]

    def counts(self) -> Any:  # JSON
        """See docs/sandbox.md."""
        return json.loads(self._ask("GET", "/counts"))

    def order(self, order: Mapping[str, Any]) -> None:
        """Let something go wrong."""
        self._ask("POST", "/faults", json.dumps(order).encode())

    def clear(self) -> None:
        """End every fault that stands, and put the clock right."""
        self._ask("DELETE", "/faults")

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}"}
        request = Request(f"{self._url}{path}", body, headers, method=method)  # noqa: S310  # http, to our sandbox
        with urlopen(request, timeout=30) as answer:  # noqa: S310  # the same
            content: bytes = answer.read()
            return content


def watch(
    child: Child,
    sandbox: Child,
    control: Control,
    turns: Sequence[Turn],
    seconds: float,
    every_s: float,
    say: Callable[[str], None],
) -> Iterator[Look]:
    """Looks from the first login on, for so many seconds; faults come and go meanwhile.

    Args:
        child: Who is soaked; users have not begun.
        sandbox: What they work against.
        control: Its control port.
        turns: What goes wrong.
        seconds: How long.
        every_s: The time between two looks.
        say: Told what happens.
    """
    while not control.counts()["arrived"]:
        if child.has_ended:
            raise RuntimeError(f"the users did not begin: {child.last_words}")
        time.sleep(TICK_S)
    due = sorted(
        [(turn.begin_s, turn.spell.name, turn.orders) for turn in turns]
        + [(turn.end_s, f"{turn.spell.name} is over", list(turn.spell.ended)) for turn in turns],
        key=lambda each: each[0],
    )
    number, still_s = 0, 0.0
    began_s = ticked_s = time.monotonic()
    while number * every_s < seconds:
        if child.has_ended:
            raise RuntimeError(f"it ended by itself: {child.last_words}")
        tick_s = time.monotonic() - ticked_s
        ticked_s += tick_s
        if tick_s > STILL_S:
            still_s += tick_s
            say(f"the machine stood still for {tick_s:.0f} s")
        now_s = ticked_s - began_s - still_s
        while due and now_s >= due[0][0]:
            _, name, orders = due.pop(0)
            for order in orders:
                control.order(order)
            say(f"{now_s:6.0f} s  {name}")
        if now_s >= number * every_s:
            yield look_of(control, child, sandbox, now_s, still_s)
            number += 1
        time.sleep(TICK_S)


def look_of(control: Control, child: Child, sandbox: Child, at_s: float, still_s: float) -> Look:
    """What the processes use, and what the sandbox has counted by now."""
    counts = control.counts()
    rss_bytes = {**by_name(child.resident()), SANDBOX: sandbox.rss_bytes()}
    return Look(at_s, rss_bytes, child.cpu_s(), counts["answered"], counts["refused"].get(EXPIRED, 0), still_s)


def by_name(resident: Mapping[int, int]) -> dict[str, int]:
    """The memory of Locust's processes by their names: the first one, and its workers in the order of their start."""
    eldest, *workers = sorted(resident)
    names = {eldest: "the master" if workers else LOCUST}
    names |= {pid: f"worker {number}" for number, pid in enumerate(workers, 1)}
    return {name: resident[pid] for pid, name in names.items()}
