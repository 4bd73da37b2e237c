"""Which workers are heard: which fell silent, came back, or were lost, and what of their measurements is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

Happening = tuple[str, str]
"""The kind of an event, and its text; see `harness.evidence.figures.events.Event`."""

LAST_SECOND_S: Final = 2.0
"""A worker hands over what it measured each second, and its parcel is on its way for a moment: one that ends loses no
more than this."""
GIVEN_UP_AFTER_S: Final = 63.0
"""Locust 2.47 takes a worker off its list when it was not heard for so long. By then the worker has stopped its users:
it ends when it has not heard the master for 60 s."""


class Presence:
    """The workers of one run. All times are of one clock of the caller's, in seconds."""

    def __init__(self) -> None:
        self._silent_since_s: dict[str, float] = {}
        self._were_silent_s: dict[str, float] = {}
        self._ended: set[str] = set()

    @property
    def lost(self) -> tuple[str, ...]:
        """The workers that were lost: they are silent, and did not hand over everything they measured."""
        return tuple(sorted(self._silent_since_s))

    def gaps(self, until_s: float) -> dict[str, float]:
        """For how many seconds measurements of a worker are missing, by its name; those that lost more than a moment.

        A worker whose process is known to have ended measured nothing afterwards. Of any other one that is silent
        nothing tells whether it went on with its users.

        Args:
            until_s: When the users were told to stop.
        """
        found = {
            worker: min(until_s - since_s, GIVEN_UP_AFTER_S)
            for worker, since_s in self._silent_since_s.items()
            if worker not in self._ended
        }
        return {worker: gap_s for worker, gap_s in sorted(found.items()) if gap_s > LAST_SECOND_S}

    def notes(self, until_s: float) -> tuple[str, ...]:
        """What a reader of the figures must know: which workers are missing in them, and which had to wait.

        Args:
            until_s: When the users were told to stop.
        """
        gaps = self.gaps(until_s)
        return (
            *(f"worker {worker} was lost: {_missing(gaps.get(worker))}" for worker in self.lost),
            *(
                f"worker {worker} was cut off for about {silent_s:.0f} s and came back: what it measured is all here, "
                "and what its users waited is in it"
                for worker, silent_s in sorted(self._were_silent_s.items())
            ),
        )

    def missed(self, workers: Collection[str], since_s: float) -> list[Happening]:
        """These are not heard.

        Args:
            workers: Their names.
            since_s: The end of what is known of them.

        Returns:
            What is new of it.
        """
        new = sorted(set(workers) - self._silent_since_s.keys())
        self._silent_since_s.update(dict.fromkeys(workers, since_s))
        return [("worker_lost", f"worker {worker} was lost") for worker in new]

    def ended(self, worker: str) -> None:
        """The process of this worker is known to have ended."""
        self._ended.add(worker)

    def heard(self, workers: Iterable[str], now_s: float) -> list[Happening]:
        """These are heard; what is new of it."""
        back = sorted(self._silent_since_s.keys() & set(workers))
        for worker in back:
            silent_s = now_s - self._silent_since_s.pop(worker)
            self._were_silent_s[worker] = self._were_silent_s.get(worker, 0.0) + silent_s
        return [("worker_back", f"worker {worker} is back") for worker in back]


def _missing(gap_s: float | None) -> str:
    if gap_s is None:
        return "what it measured in its last second is missing"
    return f"what it measured in the {gap_s:.0f} s after its last report is missing"
