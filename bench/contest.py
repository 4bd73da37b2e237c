"""Rounds: everybody in turn, several times, so that a slow minute of the machine is a slow minute for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path
from statistics import median
from typing import Protocol

SETTLE_S = 0.15
"""A contestant runs this long before its window opens: what piled up while it was stopped is not measured."""
TURNS = 4
"""A round is made of so many turns, in order and in reverse order by turns: a load that comes, goes or grows meanwhile
meets everybody alike."""
LONGEST_STOP_S = 25.0
"""Nobody stands still for longer, or its read timeout (30 s here, 60 s with most peers) would fire."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One contestant's round, or a turn of it."""

    count: int
    """Units of work done."""
    cpu_s: float
    """Processor time of the contestant alone, user and system."""
    wall_s: float
    rss_bytes: int = 0
    """Resident memory at the end; 0 where that would be the bench's own."""

    @property
    def per_cpu_s(self) -> float:
        """Units of work in a second of processor time."""
        return self.count / self.cpu_s

    def __add__(self, later: Measurement) -> Measurement:
        return Measurement(
            self.count + later.count, self.cpu_s + later.cpu_s, self.wall_s + later.wall_s, later.rss_bytes
        )


class Contestant(Protocol):
    """Somebody who does the work."""

    name: str
    note: str
    """What a reader has to know about how it does it."""

    def turn(self, seconds: float) -> Measurement:
        """Do the work for so long, and stand still afterwards."""

    def finish(self) -> str:
        """End it. What was wrong with its work, in words; empty when nothing was."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one contestant's rounds come to."""

    name: str
    note: str
    rounds: tuple[Measurement, ...]

    @property
    def per_cpu_s(self) -> float:
        """Median of the rounds."""
        return median(each.per_cpu_s for each in self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest round."""
        rates = [each.per_cpu_s for each in self.rounds]
        return min(rates), max(rates)

    @property
    def per_wall_s(self) -> float:
        """Median of the rounds."""
        return median(each.count / each.wall_s for each in self.rounds)

    @property
    def busy(self) -> float:
        """Processor time as a share of the time that went by, median of the rounds."""
        return median(each.cpu_s / each.wall_s for each in self.rounds)

    @property
    def rss_bytes(self) -> int:
        """Resident memory in the last round."""
        return self.rounds[-1].rss_bytes

    def against(self, other: Standing) -> tuple[float, float, float]:
        """How many times the other's rate this one has, round by round: median, lowest, highest."""
        ratios = [mine.per_cpu_s / theirs.per_cpu_s for mine, theirs in zip(self.rounds, other.rounds, strict=True)]
        return median(ratios), min(ratios), max(ratios)


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked of us: a ratio to somebody, or a ceiling in microseconds of processor time."""

    subject: str
    against: str = ""
    at_least: float = 0.0
    """The smallest ratio that will do."""
    at_most_us: float = 0.0

    def __str__(self) -> str:
        if self.against:
            return f"{self.subject} >= {self.at_least:g}x {self.against}"
        return f"{self.subject} <= {self.at_most_us:g} µs"

    def judge(self, standings: Mapping[str, Standing]) -> Judgement:
        """Whether it was met."""
        subject, other = standings.get(self.subject), standings.get(self.against)
        if subject is None or (self.against and other is None):
            return Judgement(self, "not measured", is_met=None)
        if other is None:
            us = 1e6 / subject.per_cpu_s
            return Judgement(self, f"{us:.1f} µs", is_met=us <= self.at_most_us)
        ratio, low, high = subject.against(other)
        return Judgement(self, f"{ratio:.2f}x ({low:.2f} to {high:.2f})", is_met=ratio >= self.at_least)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A target and what was measured. `is_met` is None when it was not measured."""

    target: Target
    measured: str
    is_met: bool | None


@dataclass(slots=True)
class Field:
    """Who takes part, and who could not."""

    contestants: list[Contestant] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    """Names, and why."""


@dataclass(frozen=True, slots=True)
class Venue:
    """Where all of it happens."""

    folder: Path
    """For everything that is written meanwhile; removed at the end."""
    client_core: int | None
    """None where processes cannot be pinned."""
    server_core: int | None


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work that is compared."""

    title: str
    unit: str
    """What is counted: logins, requests, …"""
    method: str
    gather: Callable[[Venue], AbstractContextManager[Field]]
    targets: tuple[Target, ...]
    longest_round_s: float = LONGEST_STOP_S
    shortest_round_s: float = 0.0
    """For work of which little is done in a second."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a work."""

    work: Work
    standings: tuple[Standing, ...]
    absent: Mapping[str, str]
    judgements: tuple[Judgement, ...]


def hold(work: Work, venue: Venue, *, rounds: int, seconds: float, say: Callable[[str], None]) -> Result:
    """Let everybody do the work, in turn.

    Args:
        work: What to do.
        venue: Where.
        rounds: How often each has its turn.
        seconds: How long a turn is measured.
        say: Gets a line on what is happening.
    """
    with work.gather(venue) as ready:
        round_s = max(work.shortest_round_s, min(seconds, work.longest_round_s))
        standings = alternate(ready.contestants, rounds=rounds, seconds=round_s, say=say)
        for contestant, standing in zip(ready.contestants, standings, strict=True):
            if fault := contestant.finish():
                ready.absent[contestant.name] = fault
            elif not all(each.count for each in standing.rounds):
                ready.absent[contestant.name] = "it finished nothing in one of its rounds"
    valid = {standing.name: standing for standing in standings if standing.name not in ready.absent}
    return Result(work, tuple(valid.values()), ready.absent, tuple(target.judge(valid) for target in work.targets))


def alternate(
    contestants: Sequence[Contestant], *, rounds: int, seconds: float, say: Callable[[str], None]
) -> list[Standing]:
    """All rounds of everybody."""
    turn_s = seconds / TURNS
    if len(contestants) > 1:
        turn_s = min(turn_s, LONGEST_STOP_S / (2 * len(contestants) - 2) - SETTLE_S)  # twice: the order is reversed
    measured: list[list[Measurement]] = [[] for _ in contestants]
    for number in range(1, rounds + 1):
        turns: list[list[Measurement]] = [[] for _ in contestants]
        for turn in range(TURNS):
            for contestant, its_turns in list(zip(contestants, turns, strict=True))[:: -1 if turn % 2 else 1]:
                its_turns.append(contestant.turn(turn_s))
        for its_rounds, its_turns in zip(measured, turns, strict=True):
            its_rounds.append(reduce(add, its_turns))
        rates = ", ".join(f"{c.name} {m[-1].per_cpu_s:,.0f}" for c, m in zip(contestants, measured, strict=True))
        say(f"  round {number}: {rates}")
    return [Standing(c.name, c.note, tuple(m)) for c, m in zip(contestants, measured, strict=True)]
