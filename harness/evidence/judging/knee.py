"""Where a curve of throughput over load bends: Kneedle, and how sure one can be of it.

Ville Satopää, Jeannie Albrecht, David Irwin, Barath Raghavan: Finding a "Kneedle" in a Haystack: Detecting Knee Points
in System Behavior (ICDCS workshops 2011). Both axes are scaled to run from 0 to 1; the knee of a concave curve is where
it is furthest above the diagonal, provided that it then falls towards the diagonal by more than one mean step of the
load (sensitivity 1). A curve that grows evenly has none.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean
from typing import Final, NamedTuple

FEWEST_LEVELS: Final = 4
"""Fewer points have no shape."""
SENSITIVITY: Final = 1.0
"""The paper's S, for its offline setting."""
RESAMPLES: Final = 400
TAIL: Final = 0.05
"""Left out at each end of the resamples: 90 % lie between."""
SURE: Final = 0.5
"""Half of the resamples must have a knee, or there is none to speak of."""


class Knee(NamedTuple):
    """A knee, in the unit of the load."""

    x: float
    low: float
    """Where it is in the resamples, without the lowest twentieth …"""
    high: float
    """… and without the highest."""


def find_knee(levels: Sequence[float], rates: Sequence[Sequence[float]]) -> Knee | None:
    """The knee of mean throughput over load; None where there is none, or no telling.

    Its uncertainty is a bootstrap's: each level's seconds are drawn again, with replacement, and the knee is looked
    for in each such curve.

    Args:
        levels: Ascending.
        rates: For each level what was done in each of its seconds.
    """
    found = kneedle(levels, [fmean(seconds) for seconds in rates]) if rates else None
    if found is None:
        return None
    draw = random.Random(0)  # noqa: S311  # the same run has the same knee whenever its report is made
    drawn = [
        kneedle(levels, [fmean(draw.choices(seconds, k=len(seconds))) for seconds in rates]) for _ in range(RESAMPLES)
    ]
    knees = sorted(knee for knee in drawn if knee is not None)
    if len(knees) < SURE * RESAMPLES:
        return None
    cut = int(len(knees) * TAIL)
    return Knee(found, knees[cut], knees[-1 - cut])


def kneedle(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """The x of the knee of a concave, growing curve; None where it has none.

    Args:
        xs: Ascending.
        ys: One for each x.
    """
    if len(xs) < FEWEST_LEVELS or max(ys) <= min(ys):
        return None
    span, height = xs[-1] - xs[0], max(ys) - min(ys)
    across = [(x - xs[0]) / span for x in xs]
    above = [(y - min(ys)) / height - at for y, at in zip(ys, across, strict=True)]
    knee = max(range(len(xs)), key=above.__getitem__)
    threshold = above[knee] - SENSITIVITY * fmean(later - earlier for earlier, later in pairwise(across))
    is_confirmed = threshold > 0 and any(each < threshold for each in above[knee:])
    return xs[knee] if is_confirmed else None
