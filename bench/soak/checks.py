"""What a soak must show, judged by what was seen of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, Final

from bench.soak.rotation import Turn
from bench.soak.watch import CALL, LOGIN, SANDBOX, Look
from harness.sandbox.faults.orders import Kind
from harness.session import MARGIN_S, MARGIN_SHARE, SPREAD_SHARE

MEGABYTE: Final = 1e6
MOST_GROWTH_MB: Final = 1.0
SETTLED_S: Final = 600.0
"""By then everything that is kept for good is there: users, connections, a histogram of each kind of answer."""
SHORTEST_FOR_GROWTH_S: Final = 590.0
"""Less after that says nothing; looks come when they can."""
AVERAGED_S: Final = 60.0
"""Memory at one time is the mean of so long, so that one page more or less is no growth."""
BINS_IN_LIFE: Final = 30
"""Renewals are counted in a thirtieth of a token's life: 10 s of 5 minutes."""
LOOKS_IN_BIN: Final = 2
AFTER_S: Final = 10.0
"""How long a fault shows after its end: users ask every 2 to 6 s, and wait for some seconds where they were refused."""
DEVIATIONS: Final = 3.0
TOO_LATE: Final = re.compile("timed? ?out", re.IGNORECASE)
"""How the client calls an answer that it did not wait for."""
STRANGER: Final = "the answer is about somebody else"
"""What `plans/api_soak.py` says then."""


@dataclass(frozen=True, slots=True)
class Soak:
    """What was asked, and what was seen."""

    users: int
    life_s: float
    """Of a token."""
    turns: Sequence[Turn]
    looks: Sequence[Look]
    answered: Mapping[str, Mapping[str, int]]
    """By the sandbox, when the users had ended; as in `Look`."""
    users_at_the_end: int
    summary: Mapping[str, Any]
    """The run's summary.json."""

    def is_calm(self, from_s: float, to_s: float) -> bool:
        """Whether nothing went wrong in this time, nor so shortly before it that it shows."""
        disturbed = [(turn.begin_s, turn.end_s) for turn in self.turns]
        disturbed += [
            (before.at_s, after.at_s) for before, after in neighbours(self.looks) if after.still_s > before.still_s
        ]
        return not any(begin_s < to_s and from_s < end_s + AFTER_S for begin_s, end_s in disturbed)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is asked."""

    what: str
    asked: str
    found: str
    holds: bool | None
    """None: the soak was too short to tell."""


def judged(soak: Soak) -> list[Check]:
    """Everything that is asked."""
    return [
        *(memory(soak, process) for process in soak.looks[-1].rss_bytes),
        age(soak),
        renewals(soak),
        Check("users at the end", str(soak.users), str(soak.users_at_the_end), soak.users_at_the_end == soak.users),
        *(false_success(soak, name) for name in (LOGIN, CALL)),
        accounts(soak),
        exceptions(soak),
    ]


def memory(soak: Soak, process: str) -> Check:
    """How much resident memory a process has at the end more than after the first ten minutes.

    The sandbox's is told and not judged: it keeps each session that it has ever begun, as Cognito does.
    """
    begin_s, end_s = SETTLED_S, soak.looks[-1].at_s
    what = f"memory of {process}, from minute {begin_s / 60:.0f} to {end_s / 60:.0f}"
    asked = "" if process == SANDBOX else f"+{MOST_GROWTH_MB:g} MB at most"
    if end_s - begin_s < SHORTEST_FOR_GROWTH_S:
        return Check(what, asked, "too short to tell", None)
    before, after = (
        mean(look.rss_bytes[process] for look in soak.looks if from_s <= look.at_s <= from_s + AVERAGED_S)
        for from_s in (begin_s - AVERAGED_S, end_s - AVERAGED_S)
    )
    grown_mb = (after - before) / MEGABYTE
    return Check(what, asked, f"{grown_mb:+.2f} MB", grown_mb <= MOST_GROWTH_MB if asked else None)


def age(soak: Soak) -> Check:
    """Tokens that the API refused because they had expired, while its clock was right."""
    skewed = [turn for turn in soak.turns if turn.spell.name == Kind.CLOCK_SKEW]
    stale = 0
    for before, after in neighbours(soak.looks):
        margin_s = after.at_s - before.at_s  # an order is given up to a look later than it was due
        if not any(turn.begin_s < after.at_s and before.at_s < turn.end_s + margin_s for turn in skewed):
            stale += after.expired - before.expired
    return Check("tokens sent after their life", "0", str(stale), stale == 0)


def renewals(soak: Soak) -> Check:
    """Renewals in calm times come no denser than the spread lets them when all tokens were issued in one moment."""
    window_s = SPREAD_SHARE * (soak.life_s - min(MARGIN_S, MARGIN_SHARE * soak.life_s))
    bin_s = soak.life_s / BINS_IN_LIFE
    densest = soak.users * bin_s / window_s
    limit = densest + DEVIATIONS * math.sqrt(densest)
    counts = [
        (after.ok(LOGIN) - before.ok(LOGIN)) * bin_s / (after.at_s - before.at_s)
        for before, after in neighbours(soak.looks, LOOKS_IN_BIN)
        if before.at_s >= soak.life_s and soak.is_calm(before.at_s, after.at_s)
    ]
    what, asked = f"renewals in {bin_s:g} s, outside of faults", f"<= {limit:.0f}"
    if not counts or mean(counts) == 0:
        return Check(what, asked, "too short to tell", None)
    peak, average = max(counts), mean(counts)
    found = f"{peak:.0f} at most, {average:.0f} on average: {peak / average:.1f}"
    return Check(what, asked, found, peak <= limit)


def false_success(soak: Soak, name: str) -> Check:
    """What the client takes for good, the server has answered well, but for what was cut off at the end."""
    kind = "exchanges" if name == LOGIN else "requests"
    outcomes = soak.summary[kind]["by_name"][name]["outcomes"]
    own = outcomes.get("ok", {}).get("count", 0)
    sent = soak.answered.get(name, {}).get("ok", 0)
    unseen = soak.summary["not_measured"]["cut_off"].get(name, 0) + sum(
        error["count"] for error in soak.summary["errors"] if error["name"] == name and TOO_LATE.search(error["error"])
    )
    asked = f"{sent:,} by the server, of which {unseen} too late or cut off"
    return Check(f"{name}: good answers", asked, f"{own:,}", own <= sent <= own + unseen)


def accounts(soak: Soak) -> Check:
    """Nobody acts as somebody else, and no account is rejected but the one that was disabled."""
    logins = soak.summary["logins"]["by_reason"]
    rejected = sum(
        row["outcomes"].get("rejected", {}).get("count", 0) for reason, row in logins.items() if reason != "refresh"
    )
    strangers = sum(error["count"] for error in soak.summary["errors"] if STRANGER in error["error"])
    disabled = int(any(Kind.DISABLE in turn.spell.name for turn in soak.turns))
    found = f"{strangers} answers about somebody else, {rejected} rejected"
    return Check("wrong logins", f"0, {disabled} disabled", found, strangers == 0 and rejected <= disabled)


def exceptions(soak: Soak) -> Check:
    """Tasks that raised."""
    count = sum(soak.summary["not_measured"]["exceptions"].values())
    return Check("exceptions in tasks", "0", str(count), count == 0)


def neighbours(looks: Sequence[Look], distance: int = 1) -> list[tuple[Look, Look]]:
    return list(zip(looks, looks[distance:], strict=False))
