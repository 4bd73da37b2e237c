"""Which workers are heard: who fell silent, who came back, and who was lost."""

from __future__ import annotations

from collections.abc import Iterable

Happening = tuple[str, str]
"""The kind of an event, and its text; see `harness.evidence.events.Event`."""


class Attendance:
    """The workers of one run."""

    def __init__(self) -> None:
        self._silent_since_s: dict[str, float] = {}
        self._were_silent_s: dict[str, float] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the figures must know: who is missing in them, and who had to wait."""
        return (
            *(
                f"worker {worker} was lost: what it measured in its last second is missing"
                for worker in sorted(self._silent_since_s)
            ),
            *(
                f"worker {worker} was cut off for about {silent_s:.0f} s and came back: what it measured is all here, "
                "and what its users waited is in it"
                for worker, silent_s in sorted(self._were_silent_s.items())
            ),
        )

    def missed(self, workers: Iterable[str], since_s: float) -> list[Happening]:
        """These are not heard.

        Args:
            workers: Who.
            since_s: The time, on a clock of the caller's.

        Returns:
            What is new of it.
        """
        new = sorted(set(workers) - self._silent_since_s.keys())
        self._silent_since_s.update(dict.fromkeys(new, since_s))
        return [("worker_lost", f"worker {worker} was lost") for worker in new]

    def heard(self, workers: Iterable[str], now_s: float) -> list[Happening]:
        """These are heard; what is new of it."""
        back = sorted(self._silent_since_s.keys() & set(workers))
        for worker in back:
            silent_s = now_s - self._silent_since_s.pop(worker)
            self._were_silent_s[worker] = self._were_silent_s.get(worker, 0.0) + silent_s
        return [("worker_back", f"worker {worker} is back") for worker in back]
