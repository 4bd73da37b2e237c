"""Who has which row of users.csv: the master hands out row numbers, and no row has two API users at a time.

Only numbers travel. Each process reads its own copy of the file, and the files must be the same (digest).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import gevent
import gevent.event


class RowLedger:
    """The master's book of rows. Pure: no sockets, no greenlets.

    API users take rows from the front, one at a time. The login scenario's processes cycle through slices of what
    the planned API users leave over; when they leave nothing over, through slices of the whole file (a second login
    to an account leaves the first one's tokens valid).

    Args:
        total: Rows in the file.
        planned: API users the run was asked for.
        processes: Processes that will run users.
    """

    def __init__(self, total: int, *, planned: int, processes: int) -> None:
        self._free = deque(range(total))
        self._leased: dict[str, set[int]] = {}
        self._shares: dict[str, int] = {}
        self._processes = max(1, processes)
        self._login_rows = range(planned, total) if planned < total else range(total)

    def lease(self, holder: str, count: int) -> list[int]:
        """Up to `count` rows for a process's API users; fewer when the file has no more."""
        rows = [self._free.popleft() for _ in range(min(count, len(self._free)))]
        self._leased.setdefault(holder, set()).update(rows)
        return rows

    def give_back(self, holder: str, rows: Iterable[int]) -> None:
        """A process's API users have ended; rows it does not hold are ignored."""
        held = self._leased.get(holder, set())
        returned = held.intersection(rows)
        held -= returned
        self._free.extendleft(sorted(returned, reverse=True))

    def keep_only(self, alive: Iterable[str]) -> None:
        """Take back the rows of processes that are gone."""
        for holder in set(self._leased) - set(alive):
            self.give_back(holder, self._leased[holder].copy())
            del self._leased[holder]
        for holder in set(self._shares) - set(alive):
            del self._shares[holder]

    def login_share(self, holder: str) -> Share:
        """A process's part of the login scenario; the same answer whenever it asks."""
        place = self._shares.get(holder)
        if place is None:  # a worker that was started anew takes the place of the one that is gone
            free = set(range(self._processes)) - set(self._shares.values())
            place = self._shares[holder] = min(free, default=len(self._shares))
        rows, part = self._login_rows, place % self._processes
        start, stop = (len(rows) * end // self._processes for end in (part, part + 1))
        return Share(rows[start:stop] or rows, place if place < self._processes else None)


class Share(NamedTuple):
    """What a process's login scenario is given."""

    rows: range
    """The rows it cycles through."""
    place: int | None
    """Which part of the arrivals is its own, from 0; None for a process more than the run was planned for."""


class RowSource(Protocol):
    """Where a process's users get their rows from."""

    def take(self) -> int | None:
        """A row that no other API user has; None when the file has no more. May wait for the master."""

    def give_back(self, row: int) -> None:
        """The API user that had this row has ended."""

    def login_share(self) -> Share:
        """The part of the login scenario that is this process's. May wait for the master."""


class LocalRows:
    """Rows in a process without workers."""

    HOLDER = "local"

    def __init__(self, ledger: RowLedger) -> None:
        self._ledger = ledger

    def take(self) -> int | None:
        """See RowSource."""
        return next(iter(self._ledger.lease(self.HOLDER, 1)), None)

    def give_back(self, row: int) -> None:
        """See RowSource."""
        self._ledger.give_back(self.HOLDER, [row])

    def login_share(self) -> Share:
        """See RowSource."""
        return self._ledger.login_share(self.HOLDER)


class WorkerRows:
    """Rows on a worker: asked of the master by message, given back the same way.

    Args:
        send: Sends a message of this kind to the master: `("rows_wanted", {"count": 3})`, …
    """

    def __init__(self, send: Callable[[str, dict[str, object]], None]) -> None:
        self._send = send
        self._waiting: deque[gevent.event.AsyncResult] = deque()
        self._share: gevent.event.AsyncResult = gevent.event.AsyncResult()

    def take(self) -> int | None:
        """See RowSource."""
        answer = gevent.event.AsyncResult()
        self._waiting.append(answer)
        self._send("rows_wanted", {"count": 1})
        try:
            row: int | None = answer.get()
        except BaseException:  # the user was stopped while it waited: the row goes back when it comes
            answer.rawlink(self._return_unwanted)
            raise
        return row

    def give_back(self, row: int) -> None:
        """See RowSource."""
        self._send("rows_returned", {"rows": [row]})

    def login_share(self) -> Share:
        """See RowSource."""
        share: Share = self._share.get()
        return share

    def granted(self, rows: list[int], *, short_of: int) -> None:
        """The master's answer: rows, and how many of those wanted do not exist."""
        for row in [*rows, *[None] * short_of]:
            if self._waiting:
                self._waiting.popleft().set(row)
            elif row is not None:
                self.give_back(row)

    def shared(self, start: int, stop: int, place: int | None) -> None:
        """The master's word on this process's part of the login scenario."""
        self._share.set(Share(range(start, stop), place))

    def _return_unwanted(self, answer: gevent.event.AsyncResult) -> None:
        if answer.value is not None:
            gevent.spawn(self.give_back, answer.value)  # links are called in the event loop, which must not wait
