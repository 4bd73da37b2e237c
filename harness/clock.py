"""This machine's clock against the one that dates answers: the arithmetic, the limits and the words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from enum import IntEnum
from typing import Final

NOTICEABLE_S: Final = 60.0
"""An answer's Date is in whole seconds, and an answer takes its time: below this it is nobody's fault."""
REFUSED_S: Final = 300.0
"""AWS takes a signature for so long before and after its time."""
LONGEST_ANSWER_S: Final = 10.0
"""An answer that took longer may have been dated at any moment of that time, and says too little."""
LOOK_EVERY_NS: Final = 5_000_000_000
"""A clock goes wrong when a machine is resumed, not between two answers."""

CAUSE: Final = "AWS refuses signatures of a clock that is five minutes off: InvalidSignatureException."
REMEDY: Final = "Correct the clock: start NTP, or resume it after a suspend."
REMEDY_IN_TIME: Final = "Correct the clock (start NTP) before it is five minutes off: AWS refuses signatures then."


class Gravity(IntEnum):
    """How bad a difference is."""

    NONE = 0
    NOTICEABLE = 1
    REFUSED = 2
    """Signatures are refused."""


class ClockWatch:
    """Looks now and then at the Date of an answer: one comparison of numbers for each of the others.

    Args:
        tell: Given what `ahead_s` says, each time.
        wall: This machine's clock, in seconds since the epoch.
    """

    __slots__ = ("_tell", "_wall", "due_ns")

    def __init__(self, tell: Callable[[float], None], wall: Callable[[], float] = time.time) -> None:
        self._tell = tell
        self._wall = wall
        self.due_ns = 0
        """From when on an answer is worth a look, by `time.perf_counter_ns`."""

    def look(self, date: str, started_ns: int, took_ns: int) -> None:
        """An answer has just come.

        Args:
            date: Its Date; empty when it has none.
            started_ns: When it was asked for, by `time.perf_counter_ns`.
            took_ns: How long it took, in which a connection is not counted.
        """
        self.due_ns = started_ns + LOOK_EVERY_NS
        ahead = ahead_s(date, self._wall(), took_ns / 1e9)
        if ahead is not None:
            self._tell(ahead)


def ahead_s(date: str, came_s: float, took_s: float) -> float | None:
    """By how many seconds this machine's clock is ahead of the one that dated an answer; negative: behind.

    Args:
        date: The answer's Date (RFC 9110, 5.6.7), in whole seconds.
        came_s: When it came by this machine's clock, in seconds since the epoch.
        took_s: How long it took; it is taken to be dated midway.

    Returns:
        None when the Date is none, or the answer took longer than `LONGEST_ANSWER_S`.
    """
    if took_s > LONGEST_ANSWER_S:
        return None
    try:
        there_s = parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
    return came_s - took_s / 2 - (there_s + 0.5)


def gravity(ahead: float | None) -> Gravity:
    """How bad it is; nothing is said of a clock that was never compared."""
    off_s = abs(ahead or 0.0)
    if off_s >= REFUSED_S:
        return Gravity.REFUSED
    return Gravity.NOTICEABLE if off_s >= NOTICEABLE_S else Gravity.NONE


def how_far(ahead: float) -> str:
    """`1,800 s behind the endpoint's`."""
    return f"{abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} the endpoint's"


def worst(clocks: Mapping[str, float | None]) -> float | None:
    """The greatest difference of several processes; None when none was compared."""
    return max((ahead for ahead in clocks.values() if ahead is not None), key=abs, default=None)


def sentence(clocks: Mapping[str, float | None]) -> str:
    """What is wrong with the clocks of a load's processes and what to do, in one sentence; empty when all is well.

    Args:
        clocks: How far each is ahead, by the process's name.
    """
    off = {name: ahead for name, ahead in clocks.items() if ahead is not None and gravity(ahead)}
    if not off:
        return ""
    name, ahead = max(off.items(), key=lambda item: abs(item[1]))
    others = f" (and {len(off) - 1} more)" if len(off) > 1 else ""
    what_to_do = f"{CAUSE[:-1]}. {REMEDY}" if gravity(ahead) is Gravity.REFUSED else REMEDY_IN_TIME
    return f"the clock of {name}{others} is {how_far(ahead)}: {what_to_do[:-1]}"
