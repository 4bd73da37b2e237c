"""The book of rows: pure, no sockets, no greenlets."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from math import ceil
from typing import Literal, NamedTuple

Exhausted = Literal["stop", "wait", "share", "recycle"]
"""What happens to an API user for which no row is left: `--cognito-on-exhausted`."""


class Share(NamedTuple):
    """What a process is given when it joins a run."""

    rows: list[int]
    """Those that its login users cycle through."""
    place: int | None
    """Which part of the arrivals is its own, from 0; None for a process more than the run was planned for."""


class LeaseTable:
    """Which process has which row. A row has one process at a time, unless rows are recycled.

    API users take rows from the front. The processes' login users cycle through slices of what the planned API users
    leave over; where that is nothing they use the rows that their own process has.

    Args:
        total: Rows in the file.
        planned: API users the run was asked for.
        processes: Processes that will run users.
        on_exhausted: What happens when no row is left.
    """

    def __init__(self, total: int, *, planned: int, processes: int, on_exhausted: Exhausted = "stop") -> None:
        self.total = total
        self.on_exhausted = on_exhausted
        self._planned = planned
        self._processes = max(1, processes)
        self._free = set(range(total))
        self._order = list(range(total))
        """A heap of the free rows, and of some that are free no more."""
        self._leased: dict[str, set[int]] = {}
        self._places: dict[str, int] = {}
        self._login: dict[str, list[int]] = {}
        """What each process was given for its login users."""
        self._quarantined: set[int] = set()
        self._next_again = 0

    @property
    def holders(self) -> set[str]:
        """The processes that take part."""
        return set(self._leased)

    def held(self, holder: str) -> int:
        """How many rows a process has."""
        return len(self._leased.get(holder, ()))

    def usable(self, holder: str) -> int:
        """The same, without those whose accounts Cognito rejected."""
        leased = self._leased.get(holder, set())
        return len(leased) - len(leased & self._quarantined)  # the latter are few, and looked up one by one

    @property
    def fair(self) -> int:
        """How many rows each process keeps, where users share them and another has none."""
        return max(1, self.total // max(self._processes, len(self._leased)))

    def join(self, holder: str) -> Share:
        """A process takes part: rows for its login users, and its place; asking again changes nothing."""
        leased = self._leased.setdefault(holder, set())
        if holder not in self._places:  # a process that was started anew takes the place of the one that is gone
            place = min(set(range(self._processes)) - set(self._places.values()), default=None)
            if place is None:
                return Share([], None)
            self._places[holder] = place
            self._login[holder] = []
        rows = self._login[holder]
        if not rows:
            rows += [row for row in self._slice(self._places[holder]) if row in self._free]
            if not rows and not leased:  # more processes than rows, and one that had some is gone
                rows += sorted(row for row in self._free if row >= self._planned)[:1]
            self._free.difference_update(rows)
            leased.update(rows)
        return Share(list(rows), self._places[holder])

    def lease(self, holder: str, count: int, *, ahead: int = 0) -> list[int]:
        """Up to `count` rows for a process's API users; fewer when there are no more.

        Args:
            holder: The process, which has joined.
            count: How many are needed now.
            ahead: So many more, if they are not needed elsewhere: of those that API users were planned to have.
        """
        if self.on_exhausted == "share":
            count = min(count, self._allowance(holder))
        rows = self._lowest(count, self.total)
        if len(rows) == count:
            rows += self._lowest(ahead, self._planned) if self.on_exhausted in {"stop", "wait"} else []
        self._leased[holder].update(rows)
        if self.on_exhausted == "recycle":
            rows += self._again(count - len(rows))
        return rows

    def give_back(self, holder: str, rows: Iterable[int]) -> None:
        """A process needs these no more; rows it does not hold are ignored."""
        held = self._leased.get(holder, set())
        returned = held.intersection(rows)
        held -= returned
        if returned and (login := self._login.get(holder)):
            login[:] = [row for row in login if row not in returned]
        for row in returned - self._quarantined:
            self._free.add(row)
            heapq.heappush(self._order, row)

    def quarantine(self, row: int) -> None:
        """Cognito rejected this row's account: nobody gets it any more."""
        self._quarantined.add(row)
        self._free.discard(row)

    def keep_only(self, alive: Iterable[str]) -> bool:
        """Take back the rows of processes that are gone; whether there were any."""
        gone = self.holders - set(alive)
        for holder in gone:
            self.give_back(holder, self._leased[holder].copy())
            del self._leased[holder]
            self._places.pop(holder, None)
            self._login.pop(holder, None)
        return bool(gone)

    def _slice(self, place: int) -> range:
        """The login rows of a place."""
        rows = range(min(self._planned, self.total), self.total)
        start, stop = (len(rows) * end // self._processes for end in (place, place + 1))
        return rows[start:stop]

    def _allowance(self, holder: str) -> int:
        """How many more rows a process may have where users share them: every process shall have some."""
        processes = max(self._processes, len(self._leased))
        return max(0, ceil(self.total / processes) - self.usable(holder))

    def _lowest(self, count: int, below: int) -> list[int]:
        rows: list[int] = []
        while len(rows) < count and self._order and self._order[0] < below:
            row = heapq.heappop(self._order)
            if row in self._free:
                self._free.remove(row)
                rows.append(row)
        return rows

    def _again(self, count: int) -> list[int]:
        """From row 0 again, whoever has it."""
        usable = self.total - len(self._quarantined)
        rows: list[int] = []
        while usable and len(rows) < count:
            if self._next_again not in self._quarantined:
                rows.append(self._next_again)
            self._next_again = (self._next_again + 1) % self.total
        return rows
