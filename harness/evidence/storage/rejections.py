"""Accounts that Cognito rejected, as a run's folder holds them: `rejected.csv`, for its owner's eyes only.

Its first column is a users file's, so that `cognito-load provision reset-passwords --users` takes it as it is. What a
spreadsheet would take for a formula stands behind an apostrophe, which reading takes away again: names of accounts may
begin with a plus sign (telephone numbers) or an at sign.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

FILE_NAME: Final = "rejected.csv"
HEADER: Final = ("username", "line", "error", "reason")
MOST_KEPT: Final = 1_000
"""Rejected accounts that are kept in memory, those of the earliest lines; the file has all of them."""

_APOSTROPHE: Final = "'"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", _APOSTROPHE)
"""What a cell must not begin with. Source: OWASP, "CSV Injection"; the apostrophe, so that taking one away is safe."""


@dataclass(frozen=True, slots=True, order=True)
class Rejected:
    """One account that was refused for good: it was not tried again in that run."""

    line: int
    """Where it begins in the users file, counted from 1."""
    username: str
    """Empty when names are not to be shown."""
    error: str
    """Cognito's kind of error: `NotAuthorizedException`."""
    reason: str
    """What it said, in words that are the same for every user who meets it."""

    @property
    def said(self) -> str:
        """Kind and words, as in the table of errors."""
        return f"{self.error}: {self.reason}" if self.reason else self.error


@dataclass(slots=True)
class Rejections:
    """All of a run, as far as reports need them."""

    count: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """How many accounts were rejected, by `Rejected.said`."""
    _first: list[Rejected] = field(default_factory=list)

    @property
    def first(self) -> list[Rejected]:
        """Those of the earliest lines, in their order; `MOST_KEPT` at most."""
        return sorted(self._first)[:MOST_KEPT]

    @property
    def are_named(self) -> bool:
        """Whether names may be shown."""
        return any(each.username for each in self._first)

    def add(self, found: Iterable[Rejected]) -> None:
        """Take in some more."""
        for each in found:
            self.count += 1
            self.reasons[each.said] = self.reasons.get(each.said, 0) + 1
            self._first.append(each)
        if len(self._first) > 2 * MOST_KEPT:
            self._first = self.first


def to_csv(found: Iterable[Rejected]) -> str:
    """Lines of `rejected.csv`, each ended."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for each in found:
        writer.writerow((inert(each.username), each.line, inert(each.error), inert(each.reason)))
    return text.getvalue()


def header() -> str:
    """The file's first line."""
    return ",".join(HEADER) + "\n"


def from_csv(lines: Iterable[str], refuse: Callable[[], None] = lambda: None) -> Iterator[Rejected]:
    """The accounts in these lines.

    Args:
        lines: Of `rejected.csv`.
        refuse: Told of each line that is neither an account nor the header.
    """
    rows = csv.reader(lines)
    while True:
        try:
            row = next(rows)
            if tuple(row) != HEADER:
                username, line, error, reason = map(restored, row)
                yield Rejected(int(line), username, error, reason)
        except StopIteration:
            return
        except (ValueError, csv.Error):
            refuse()


def inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"{_APOSTROPHE}{cell}" if cell.startswith(_FORMULA) else cell


def restored(cell: str) -> str:
    """What `inert` was given."""
    return cell.removeprefix(_APOSTROPHE)
