"""Row numbers in a message: runs of consecutive ones as their two ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Spans = list[list[int]]
"""Pairs of the first row and the one after the last."""


def spans_of(rows: Iterable[int]) -> Spans:
    """These rows, whatever their order, in few numbers: a hundred thousand of them may be two."""
    spans: Spans = []
    for row in sorted(rows):
        if spans and spans[-1][1] == row:
            spans[-1][1] = row + 1
        else:
            spans.append([row, row + 1])
    return spans


def rows_in(spans: Iterable[Sequence[int]]) -> list[int]:
    """What `spans_of` described, in order."""
    return [row for start, stop in spans for row in range(start, stop)]
