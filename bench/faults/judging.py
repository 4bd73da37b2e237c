"""What was seen of a run that met a fault, and whether that is what has to come of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

NONE: Final = "none"
"""The word of a run that has no verdict."""
TOLD_GAP: Final = re.compile(r"missing|lost|incomplete|not heard|reaches", re.IGNORECASE)
"""How a run says that the server knows of more than it."""
REPEATED: Final = re.compile(r" \(.*\)$")
"""What a request's name gets when it is sent again: `GET /me (token refused)`."""


class Counts(StrEnum):
    """How the client's count and the server's have to compare."""

    EVEN = "equal"
    """Each request that the server had was measured or cut off, by name."""
    UNSENT = "equal but for requests that failed on their way"
    GAP = "equal, or the run says what is missing"
    GONE = "at least what the server had when it was last asked"
    """For a server that was ended in the middle."""
    NOTHING = "nothing was sent"
    ANY = "not compared"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one run."""

    code: int | None
    """The exit code, negative when a signal ended the process; None when it did not end in time."""
    output: str
    """What it printed, standard error included."""
    summary: Mapping[str, Any] | None = None
    """summary.json; None when there is none."""
    junit: str = ""
    """junit.xml."""
    markdown: str = ""
    """summary.md."""
    arrived: Mapping[str, int] = field(default_factory=dict)
    """The server's own count, by operation or route."""
    users: int | None = None
    """Users that were there when the run was told to stop."""
    left_over: Sequence[str] = ()
    """Processes of the run that were still there after its end."""
    ended_after_s: float = 0.0
    """How long it took from the fault, or from the time at which the run was due to end, to its end."""
    rebuilt_code: int | None = None
    """The exit code of `cognito-load report build`, where the run itself had no chance to conclude."""
    refused: str = ""
    """What the web UI said when it did not start the run."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What a case itself has looked at."""

    @property
    def word(self) -> str:
        """The verdict in summary.json."""
        return self.summary["verdict"]["word"] if self.summary else NONE

    @property
    def text(self) -> str:
        """Everything that a reader can find."""
        return "\n".join([self.output, json.dumps(self.summary, ensure_ascii=False), self.junit, self.refused])

    def sent(self) -> Counter[str]:
        """How many requests of each name the run knows of: measured or cut off."""
        counted: Counter[str] = Counter()
        if self.summary is None:
            return counted
        for kind in ("exchanges", "requests"):
            for name, row in self.summary[kind]["by_name"].items():
                counted[REPEATED.sub("", name)] += row["count"]
        for name, number in self.summary["not_measured"]["cut_off"].items():
            counted[REPEATED.sub("", name)] += number
        return counted

    def undelivered(self) -> Counter[str]:
        """How many of them failed on their way."""
        counted: Counter[str] = Counter()
        for kind in ("exchanges", "requests"):
            for name, row in (self.summary or {}).get(kind, {}).get("by_name", {}).items():
                counted[REPEATED.sub("", name)] += row["outcomes"].get("transport_error", {}).get("count", 0)
        return counted


@dataclass(frozen=True, slots=True)
class Expected:
    """What may come of a fault."""

    words: frozenset[str]
    codes: frozenset[int]
    counts: Counts = Counts.EVEN
    users: int | None = 6
    """How many there have to be at the end; None where that says nothing."""
    may_leave: int = 0
    """How many processes may still be there after its end."""
    says: tuple[str, ...] = ()
    """Patterns that the run's output or its files have to hold."""
    says_not: tuple[str, ...] = ("Traceback",)
    within_s: float = 25.0
    """How long it may take from the fault, or from when the run is due to end, to its end."""
    check: Callable[[Seen], str] | None = None
    """What else is wrong; empty when nothing is."""


def wrongs(expected: Expected, seen: Seen) -> list[str]:
    """Everything that is not as it has to be."""
    found = [*_ending(expected, seen), *disagreements(seen), *_counts(expected.counts, seen)]
    if expected.users is not None and seen.users != expected.users:
        found.append(f"{seen.users} users at the end instead of {expected.users}")
    if len(seen.left_over) > expected.may_leave:
        found.append(f"left over: {', '.join(seen.left_over)}")
    found += [f"nothing says {said!r}" for said in expected.says if not re.search(said, seen.text)]
    found += [f"it says {said!r}" for said in expected.says_not if re.search(said, seen.text)]
    if expected.check is not None and (said := expected.check(seen)):
        found.append(said)
    return found


def disagreements(seen: Seen) -> list[str]:
    """Where exit code, printed verdict, summary.json and junit.xml say different things."""
    if seen.summary is None:
        return ["a junit.xml without a summary.json"] if seen.junit else []
    word, code = seen.word, seen.summary["verdict"]["exit_code"]
    found = []
    own = seen.code if seen.rebuilt_code is None else seen.rebuilt_code
    if own not in {code, 0 if seen.rebuilt_code is not None else code}:
        found.append(f"exit code {own}, in summary.json {code}")
    if seen.rebuilt_code is None:
        printed = re.findall(r"^ ?(passed|failed|invalid): .*\(exit code (\d)\)$", seen.output, re.MULTILINE)
        if not printed:
            found.append("no verdict was printed")
        elif printed[-1] != (word, str(code)):
            found.append(f"printed {' '.join(printed[-1])}, in summary.json {word} {code}")
    if f'name="verdict" value="{word}"' not in seen.junit:
        found.append(f"junit.xml does not say {word}")
    if bool(re.search(r"<failure\b", seen.junit)) is (word == "passed"):
        found.append(f"junit.xml has {'a' if word == 'passed' else 'no'} failure, the verdict is {word}")
    if (word == "passed") is not (code == 0):
        found.append(f"{word} with exit code {code}")
    return found


def _ending(expected: Expected, seen: Seen) -> list[str]:
    if seen.code is None:
        return [f"it did not end within {expected.within_s:g} s"]
    found = []
    if seen.code not in expected.codes:
        found.append(f"exit code {seen.code} instead of {_choice(expected.codes)}")
    if seen.word not in expected.words:
        found.append(f"{seen.word} instead of {_choice(expected.words)}")
    if seen.ended_after_s > expected.within_s:
        found.append(f"it ended after {seen.ended_after_s:.0f} s instead of {expected.within_s:g} s")
    return found


def _counts(rule: Counts, seen: Seen) -> list[str]:
    sent, arrived = seen.sent(), seen.arrived
    if rule is Counts.ANY:
        return []
    if rule is Counts.NOTHING:
        return [f"{sum(arrived.values())} requests were sent"] if arrived else []
    if not sent and not arrived:
        return ["nothing was sent"]
    found = []
    for name in sorted(sent.keys() | arrived.keys()):
        had, knows = arrived.get(name, 0), sent[name]
        unsent = seen.undelivered()[name]
        is_good = {
            Counts.EVEN: had == knows,
            Counts.UNSENT: knows - unsent <= had <= knows,
            Counts.GAP: had == knows or (had > knows and bool(TOLD_GAP.search(seen.text))),
            Counts.GONE: had <= knows,
        }[rule]
        if not is_good:
            found.append(f"{name}: {had} at the server, {knows} in the report")
    return found


def _choice(values: frozenset[Any]) -> str:
    return " or ".join(str(value) for value in sorted(values))
