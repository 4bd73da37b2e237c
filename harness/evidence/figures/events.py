"""What a reader of the timeline must know about a moment: a worker was lost, throttling began, the loop lagged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from harness import clock, steady
from harness.clock import Gravity
from harness.evidence.figures import json_shapes
from harness.evidence.figures.generator_health import MAX_LAG_P99_US, Health
from harness.evidence.figures.metrics import Metrics
from harness.outcome import Outcome

FILE_NAME: Final = "events.jsonl"
CLOCK: Final = "clock"
"""The kind of an event that people are told at once: what to do about it is outside of the run."""
CLOCK_SET: Final = "clock_set"
"""The kind of an event that people are told at once, too."""
CALM_S: Final = 5
"""A burst of throttling, or of lag, is over when nothing of it came for so many seconds."""
LOCKED_OUT: Final = "Password attempts exceeded"
"""Cognito's words for an account that is locked out after wrong passwords."""


@dataclass(frozen=True, slots=True)
class Event:
    """One moment of a run."""

    at_s: float
    """Seconds since the run's start."""
    kind: str
    """`started`, `ended`, `stopping`, `worker_joined`, `worker_lost`, `worker_back`, `accounts_short`, `throttled`,
    `lockout`, `lag`, `clock`, `clock_set`, `exception`, `evidence`, `gate_abort`, `fault`."""
    text: str
    """One sentence without a full stop. Never a secret."""


def to_line(event: Event) -> str:
    """A line of `events.jsonl`."""
    return json.dumps({"at_s": round(event.at_s, 3), "kind": event.kind, "text": event.text}) + "\n"


def from_lines(lines: Iterable[str], refuse: Callable[[], None] = lambda: None) -> Iterator[Event]:
    """The events in these lines.

    Args:
        lines: Of `events.jsonl`.
        refuse: Told of each line that is none.
    """
    for line in lines:
        try:
            found = json.loads(line)
            json_shapes.check(found, json_shapes.EVENT)
            yield Event(float(found["at_s"]), found["kind"], found["text"])
        except (ValueError, RecursionError):
            refuse()


def set_clocks(events: Iterable[Event]) -> list[str]:
    """What a reader of the figures must know when clocks were set during the run: one sentence, or none."""
    seen = [event for event in events if event.kind == CLOCK_SET]
    if not seen:
        return []
    more = f" (and {len(seen) - 1} more)" if len(seen) > 1 else ""
    sentence = (
        f"{seen[0].text} at {seen[0].at_s:.0f} s{more}: durations, seconds and rates come from another clock, which "
        "nothing sets, and are not affected"
    )
    return [sentence]


class EventFinder:
    """Finds the events in what was measured, second by second.

    Args:
        max_lag_us: From when on a late event loop is worth an event, in microseconds.
    """

    def __init__(self, max_lag_us: int = MAX_LAG_P99_US) -> None:
        self._max_lag_us = max_lag_us
        self._bursts: dict[str, int] = {}
        """When something that comes in bursts came last, in seconds."""
        self._late: dict[str, int] = {}
        self._steps: dict[str, int] = {}
        self._known: set[str] = set()
        self._told_of_clocks = Gravity.NONE

    def measured(self, at_s: int, metrics: Metrics) -> Iterator[Event]:
        """The events in what ended in one second."""
        throttled: dict[str, int] = {}
        for key, series in metrics.series():
            if key.outcome is Outcome.THROTTLED and key.kind != "login":
                throttled[key.name] = throttled.get(key.name, 0) + series.latency.count
        for name, count in throttled.items():
            if self._begins(f"throttled {name}", at_s):
                yield Event(at_s, "throttled", f"{name} is being throttled: {count} times in this second")
        for error, seen in metrics.errors.items():
            if error.kind == "exchange" and LOCKED_OUT in error.text and self._begins("lockout", at_s):
                yield Event(at_s, "lockout", f"accounts are locked out: {error.name} was refused {seen.count} times")
        for task, count in metrics.exceptions.items():
            if task not in self._known:
                self._known.add(task)
                yield Event(at_s, "exception", f"the test's own code raised for the first time ({task}, {count} times)")

    def generator(self, at_s: int, healths: Mapping[str, Health]) -> Iterator[Event]:
        """The events in how the load generator fared until now."""
        for process, health in healths.items():
            late = health.lags.above(self._max_lag_us)
            new, self._late[process] = late - self._late.get(process, 0), late
            if new > 0 and self._begins(f"lag {process}", at_s):
                limit = self._max_lag_us / 1_000
                yield Event(at_s, "lag", f"the event loop of {process} comes more than {limit:.0f} ms late")
            steps = health.clock_steps[self._steps.get(process, 0) :]
            self._steps[process] = len(health.clock_steps)
            yield from (Event(at_s, CLOCK_SET, steady.sentence(process, step_s)) for step_s in steps)
        clocks = {process: health.clock_ahead_s for process, health in healths.items()}
        if (gravity := clock.gravity(clock.worst(clocks))) > self._told_of_clocks:
            self._told_of_clocks = gravity
            yield Event(at_s, CLOCK, clock.sentence(clocks))

    def _begins(self, what: str, at_s: int) -> bool:
        last = self._bursts.get(what)
        self._bursts[what] = at_s
        return last is None or at_s - last > CALM_S
