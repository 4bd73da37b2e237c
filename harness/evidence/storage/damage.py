"""What of a run's folder cannot be read: which lines of which files, and why a file as a whole cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

SHOWN: Final = 5
"""Lines that are named; then their number."""
MISSING: Final = "is missing"


class Damage:
    """Gathers it. A name is a file's within the folder."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = {}
        self._files: dict[str, str] = {}

    def line(self, name: str, number: int) -> None:
        """A line, counted from 1, is not what a run writes."""
        self._lines.setdefault(name, []).append(number)

    def file(self, name: str, why: str) -> None:
        """A file cannot be used at all: `is missing`."""
        self._files[name] = why

    def of(self, name: str) -> str:
        """What is wrong with a file, in a sentence without a full stop; empty when nothing is."""
        if name in self._files:
            return f"{name} {self._files[name]}"
        numbers = self._lines.get(name)
        if not numbers:
            return ""
        shown = ", ".join(map(str, numbers[:SHOWN])) + (f" and {len(numbers) - SHOWN} more" * (len(numbers) > SHOWN))
        return f"{name} cannot be read in {'line' if len(numbers) == 1 else 'lines'} {shown}"

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, a sentence for each file."""
        return tuple(self.of(name) for name in sorted({*self._files, *self._lines}))


class Lines:
    """The lines of a file, each of them whole and UTF-8; what is not is noted.

    Args:
        path: The file.
        damage: Where faults go.
        is_ended: Whether the file was written to its end, so that half a line there is a fault.
        is_expected: Whether it has to be there.
    """

    def __init__(self, path: Path, damage: Damage, *, is_ended: bool, is_expected: bool = True) -> None:
        self._path = path
        self._damage = damage
        self._is_ended = is_ended
        self._is_expected = is_expected
        self.number = 0
        """Of the line that was read last, counted from 1."""

    def refuse(self) -> None:
        """The line that was read last is not what a run writes."""
        self._damage.line(self._path.name, self.number)

    def __iter__(self) -> Iterator[str]:
        try:
            with self._path.open("rb") as file:
                for self.number, line in enumerate(file, 1):  # told to whoever reads
                    if line.endswith(b"\n"):
                        try:
                            yield line.decode("utf-8")
                        except UnicodeDecodeError:
                            self.refuse()
                    elif self._is_ended:
                        self.refuse()
        except FileNotFoundError:
            if self._is_expected:
                self._damage.file(self._path.name, MISSING)
        except OSError as error:
            self._damage.file(self._path.name, f"cannot be read ({error.strerror or error})")
