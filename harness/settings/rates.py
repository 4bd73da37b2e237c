"""Rates of arrivals and levels of a sweep, as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from harness.settings.units import number, seconds


class Stage(NamedTuple):
    """A part of a schedule: in `duration_s` the rate goes evenly from where it is to `target_per_s`."""

    target_per_s: float
    duration_s: float
    """0: the rate is there at once."""


def stages(text: str) -> tuple[Stage, ...] | None:
    """`50` is a constant rate, `10:60s,100:5m` goes up to 10 in a minute and to 100 in five more; None: neither.

    After the last stage its rate stays.
    """
    found = []
    parts = text.split(",")
    for part in parts:
        target, colon, lasts = part.strip().partition(":")
        rate, duration_s = number(target), seconds(lasts) if colon else 0.0
        if rate is None or rate < 0 or duration_s is None or not (colon or len(parts) == 1):
            return None
        found.append(Stage(rate, duration_s))
    return tuple(found) if max(stage.target_per_s for stage in found) > 0 else None


def rate_at(schedule: Sequence[Stage], elapsed_s: float) -> float:
    """The rate of a schedule so long after its begin; 0 when there is none."""
    rate = 0.0
    for target, duration_s in schedule:
        if elapsed_s < duration_s:
            return rate + (target - rate) * elapsed_s / duration_s
        rate, elapsed_s = target, elapsed_s - duration_s
    return rate


def levels(text: str) -> tuple[float, ...] | None:
    """`1,2,5,10`: the levels of a sweep, each above the one before; None: they are not."""
    found = [number(part.strip()) for part in text.split(",")]
    known = [level for level in found if level is not None and level > 0]
    if len(known) < len(found) or any(later <= earlier for earlier, later in pairwise(known)):
        return None
    return tuple(known)
