"""How long things have been open: begun, and neither answered nor failed when they were looked at or cut off.

An age is a censored observation: what was open for 14 s takes at least 14 s, however it would have ended. So it is no
sample, and no figure is made of it; but it can show that a figure is worse than the samples say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.evidence.figures.histogram import Histogram
from harness.evidence.figures.sample import Kind
from harness.evidence.figures.tally import Selector, Subject
from harness.outcome import Reason


class Ages:
    """Ages in microseconds, by what is open. Not thread-safe."""

    __slots__ = ("_ages",)

    def __init__(self) -> None:
        self._ages: dict[Subject, Histogram] = {}

    def __bool__(self) -> bool:
        return bool(self._ages)

    def record(self, kind: Kind, name: str, age_us: int, reason: Reason | None = None, count: int = 1) -> None:
        """So many things have been open for so long.

        Args:
            kind: As in the sample that each would have become; and so are `name` and `reason`.
            name: The same.
            age_us: In microseconds.
            reason: The same as of a sample.
            count: How many they are.
        """
        self._at(Subject(kind, name, reason)).record_many(age_us, count)

    def of(self, selector: Selector) -> Histogram:
        """The ages of everything that a selector chooses, merged."""
        chosen = Histogram()
        for subject, ages in self._ages.items():
            if selector.selects(subject):
                chosen.merge(ages)
        return chosen

    def names(self, kind: Kind) -> set[str]:
        """The names of one kind."""
        return {subject.name for subject in self._ages if subject.kind == kind}

    def merge(self, other: Ages) -> None:
        """Add what another process saw; the other one stays as it is."""
        for subject, ages in other._ages.items():
            self._at(subject).merge(ages)

    def to_wire(self) -> list[list[Any]]:
        """Everything, in types msgpack knows. Equal contents have equal wire forms."""
        return sorted(
            [subject.kind, subject.name, subject.reason.value if subject.reason else "", ages.to_wire()]
            for subject, ages in self._ages.items()
        )

    def merge_wire(self, wire: Iterable[Iterable[Any]]) -> None:
        """Add what `to_wire` described."""
        for kind, name, reason, ages in wire:
            self._at(Subject(kind, name, Reason(reason) if reason else None)).merge(Histogram.from_wire(ages))

    @classmethod
    def from_wire(cls, wire: Iterable[Iterable[Any]]) -> Ages:
        """What `to_wire` described."""
        found = cls()
        found.merge_wire(wire)
        return found

    def items(self) -> Iterator[tuple[Subject, Histogram]]:
        """Everything by what it is about, in no order."""
        yield from self._ages.items()

    def _at(self, subject: Subject) -> Histogram:
        ages = self._ages.get(subject)
        if ages is None:
            ages = self._ages[subject] = Histogram()
        return ages
