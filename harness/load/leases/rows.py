"""The rows that one process has: its users take them from here, and the master is asked for what is missing."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from typing import Any, Final, NamedTuple

import gevent
from gevent.event import AsyncResult

from harness.load.leases.broker import ENOUGH, GRANT, RECALL, REJECTED, RETURNED, SHARE, UNWANTED, WANTED, LeaseServer
from harness.load.leases.ledger import LeaseTable
from harness.load.leases.spans import rows_in, spans_of

MOST_AHEAD: Final = 256
"""A process asks for half as many rows again as it has, and at most so many, before it needs them: 100,000 users
would else be 100,000 questions."""
PATIENCE_S: Final = 1.0
"""A row that took no longer than this to come was not waited for: the master answers in milliseconds."""


class Refusal(NamedTuple):
    """Cognito rejected an account, as it is told to other processes."""

    row: int
    kind: str
    words: str
    """What was said besides, secrets left out; see `LoginError`."""
    outcome: str


class Part(NamedTuple):
    """A process's part of an open load."""

    place: int | None
    """Which part of the arrivals is its own, from 0; None for none of them."""
    began_s: float | None
    """When the arrivals of all processes began, by `time.perf_counter`; None when they have not."""


class LeasedRows:
    """One process's rows. Safe for its greenlets; only `take` and `part` wait.

    Args:
        send: Sends a message of this kind to the master's `LeaseServer`.
    """

    def __init__(self, send: Callable[[str, dict[str, Any]], None]) -> None:
        self._send = send
        self._users: Counter[int] = Counter()
        """How many API users have a row."""
        self._in_flight: dict[int, int] = {}
        """How many logins of login users are under way with a row."""
        self._own: list[int] = []
        """Rows for API users, whether one has them or not."""
        self._known: set[int] = set()
        """The same, to look one up."""
        self._spare: deque[int] = deque()
        self._login: list[int] = []
        self._rejected: set[int] = set()
        self._leaving: set[int] = set()
        """Rows that go back to the master together, as soon as the last of their users has moved to another one."""
        self._waiters: deque[AsyncResult] = deque()
        self._outstanding = 0
        """How many rows were asked for, and have not come."""
        self._is_owing = False
        self._is_sharing = False
        self._keeps_one = True
        """Whether login users need a row of their own: they have no others."""
        self._turn = 0
        self._part: AsyncResult = AsyncResult()
        self._outbox: deque[tuple[str, dict[str, Any]]] = deque()
        self._postman: gevent.Greenlet | None = None
        self.on_refusal: Callable[[Refusal], None] = lambda _: None
        """Told of an account that another process was refused."""
        self.on_leave: Callable[[int], None] = lambda _: None
        """Told of each row that goes back to the master."""
        self.on_move: Callable[[int, int], None] = lambda *_: None
        """Told of a row, and how many of its users are to take another one before their next request."""
        self.on_part: Callable[[], None] = lambda: None
        """Told when this process's part of an open load is known, or known anew."""

    def take(self, tell: Callable[[], None] = lambda: None) -> int:
        """A row for an API user: of no other user, unless users share rows or rows are recycled. Waits for one.

        Args:
            tell: Called once when the row does not come at once.
        """
        if not self._waiters and (row := self._next_spare()) is not None:
            return row
        waiter = AsyncResult()
        self._waiters.append(waiter)
        self._post()
        try:
            waiter.wait(PATIENCE_S)
            if not waiter.ready():
                tell()
            taken: int = waiter.get()
        except BaseException:  # the user is stopped; a row that it was just given is for the next one
            if waiter.ready():
                self.give_back(waiter.value)
            else:
                self._waiters.remove(waiter)
                self._post()
            raise
        return taken

    def give_back(self, row: int) -> bool:
        """An API user that had this row has ended; whether it was the last one here."""
        self._users[row] -= 1
        if self._users[row] > 0:
            return False
        del self._users[row]
        if row in self._known:
            self._spare.appendleft(row)
            self._serve()
        self._return_left()
        return True

    def login_rows(self) -> Sequence[int]:
        """The rows for login users, as they are now; those of API users where there are no others. Waits for them."""
        self._part.get()
        return self._login or self._own

    def part(self) -> Part:
        """The part of an open load that is this process's."""
        part: Part = self._part.get()
        return part

    def begin(self, row: int) -> None:
        """A login user logs in with this row: it stays here until `end`."""
        self._in_flight[row] = self._in_flight.get(row, 0) + 1

    def end(self, row: int) -> None:
        """That login is over."""
        others = self._in_flight.pop(row) - 1
        if others:
            self._in_flight[row] = others
            return
        if self._is_owing:
            self._return(self._unneeded(1))
        if self._leaving:
            self._return_left()

    def refuse(self, refusal: Refusal) -> None:
        """Cognito rejected an account here: no other process shall try it."""
        if refusal.row not in self._rejected:
            self._rejected.add(refusal.row)
            self._post(REJECTED, {"refusal": list(refusal)})

    def receive(self, kind: str, data: Mapping[str, Any]) -> None:
        """A message of the master's desk."""
        if kind == GRANT:
            self._granted(rows_in(data["rows"]), int(data["settled"]), int(data["short_of"]))
        elif kind == RECALL:
            self._recalled(int(data["count"]), moves=bool(data["moves"]))
        elif kind == ENOUGH:
            self._is_owing = False
        elif kind == REJECTED:
            self._refused([data["refusal"]])
        elif kind == SHARE:
            self._refused(data["rejected"])
            self._shared(rows_in(data["rows"]), data["place"], data["elapsed_s"])

    def _granted(self, rows: list[int], settled: int, short_of: int) -> None:
        self._outstanding = max(0, self._outstanding - settled - short_of)
        for row in rows:
            if row not in self._known:
                self._known.add(row)
                self._own.append(row)
            self._spare.append(row)
        self._is_sharing = self._is_sharing or short_of > 0
        self._serve()
        while short_of and self._waiters and (shared := self._shared_row()) is not None:
            short_of -= 1
            self._users[shared] += 1
            self._waiters.popleft().set(shared)
        if self._is_sharing and self._spare:
            self._spread()
        self._post()

    def _recalled(self, count: int, *, moves: bool) -> None:
        rows = self._unneeded(count)
        self._is_owing = len(rows) < count and not moves
        leaving = self._fewest_users(count - len(rows), besides=rows) if moves else []
        self._return(rows, is_answer=True, to_come=len(leaving))
        self._move_users(leaving)

    def _spread(self) -> None:
        """Have users that share rows go over to those that nobody has."""
        rows = [row for row in self._own if row not in self._rejected]
        most = ceil(sum(self._users[row] for row in rows) / len(rows)) if rows else 0
        for row in rows:
            if self._users[row] > most:
                self.on_move(row, self._users[row] - most)

    def _fewest_users(self, count: int, *, besides: list[int]) -> list[int]:
        """So many rows whose users can move together on others; the last row stays."""
        out = self._rejected.union(besides)
        rows = [row for row in (*self._login, *self._own) if row not in out]
        return sorted(rows, key=self._users.__getitem__)[: max(0, min(count, len(rows) - 1))]

    def _move_users(self, chosen: list[int]) -> None:
        self._leaving.update(chosen)
        self._known.difference_update(chosen)
        for held in (self._own, self._login):
            held[:] = [row for row in held if row not in self._leaving]
        self._spare = deque(row for row in self._spare if row not in self._leaving)  # a login may be under way with it
        for row in chosen:
            self.on_move(row, self._users[row])
        self._return_left()

    def _return_left(self) -> None:
        if self._leaving and not any(row in self._users or row in self._in_flight for row in self._leaving):
            rows, self._leaving = sorted(self._leaving), set()
            self._return(rows)

    def _refused(self, refusals: Iterable[Sequence[Any]]) -> None:
        for given in refusals:
            refusal = Refusal(*given)
            self._rejected.add(refusal.row)
            self.on_refusal(refusal)

    def _shared(self, rows: list[int], place: int | None, elapsed_s: float | None) -> None:
        known = set(self._login)
        self._login += [row for row in rows if row not in known]
        if self._is_owing:  # it was asked before it had any
            self._return(self._unneeded(len(self._login)))
        self._part.set(Part(place, None if elapsed_s is None else time.perf_counter() - elapsed_s))
        self.on_part()

    def _next_spare(self) -> int | None:
        while self._spare:
            row = self._spare.popleft()
            if row not in self._rejected:
                self._users[row] += 1
                return row
            self._return([row])
        return None

    def _serve(self) -> None:
        while self._waiters and (row := self._next_spare()) is not None:
            self._waiters.popleft().set(row)
        if self._is_owing:  # the last login row, too, now that login users may have another
            self._return(self._unneeded(max(1, len(self._spare))))
        self._post()

    def _shared_row(self) -> int | None:
        """The next row in turn, for one more user; None when Cognito has rejected them all."""
        for rows in (self._own, self._login):
            for _ in rows:
                self._turn += 1
                if (row := rows[self._turn % len(rows)]) not in self._rejected:
                    return row
        return None

    def _unneeded(self, count: int) -> list[int]:
        """Up to so many rows that nobody here uses; those of API users first."""
        rows: list[int] = []
        kept: deque[int] = deque()
        while self._spare and len(rows) < count:
            row = self._spare.pop()
            if row in self._in_flight:
                kept.appendleft(row)
            else:
                rows.append(row)
        self._spare += kept
        login = self._login if self._own or not self._keeps_one else self._login[1:]
        for row in reversed(login):
            if len(rows) >= count:
                break
            if row not in self._in_flight and row not in self._users and row not in rows:
                rows.append(row)
        return rows

    def _return(self, rows: list[int], *, is_answer: bool = False, to_come: int = 0) -> None:
        if not (rows or is_answer):
            return
        gone = {row for row in rows if row not in self._users}  # else recycled, and somebody here has it, too
        self._known -= gone
        for row in gone:
            self.on_leave(row)
        for held in (self._own, self._login):
            if not gone.isdisjoint(held):
                held[:] = [row for row in held if row not in gone]
        self._post(RETURNED, {"rows": spans_of(gone), "is_answer": is_answer, "to_come": to_come})

    def _post(self, kind: str = "", data: dict[str, Any] | None = None) -> None:
        """Send this soon, and with it what is wanted by then: users that come together ask together."""
        if kind:
            self._outbox.append((kind, data or {}))
        if self._postman is None and (self._outbox or len(self._waiters) != self._outstanding):
            self._postman = gevent.spawn(self._deliver)

    def _deliver(self) -> None:
        try:
            while True:
                while self._outbox:
                    self._send(*self._outbox.popleft())
                missing = len(self._waiters) - self._outstanding
                if not missing:
                    return
                self._outstanding += missing
                if missing > 0:
                    ahead = min(MOST_AHEAD, len(self._own) // 2)
                    self._send(WANTED, {"count": missing, "ahead": ahead})
                else:
                    self._send(UNWANTED, {"count": -missing})
        finally:
            self._postman = None


class LocalRows(LeasedRows):
    """The rows of a process without workers: the desk is in the same process.

    Args:
        ledger: The book, all of whose rows are this process's.
        short: See `LeaseServer`.
    """

    HOLDER: Final = "local"

    def __init__(self, ledger: LeaseTable, short: Callable[[int], None] = lambda _: None) -> None:
        super().__init__(self._to_desk)
        self._keeps_one = False
        self._all = range(ledger.total)
        self._to_rows: deque[tuple[str, dict[str, Any]]] = deque()
        self._lease_server = LeaseServer(ledger, lambda _, kind, data: self._to_rows.append((kind, data)), short)
        self._lease_server.join(self.HOLDER)
        self._hear()

    def login_rows(self) -> Sequence[int]:
        """See Rows; within one process login users may have the rows of API users as well."""
        return self._login or self._all

    def rejected(self, since: int) -> list[list[Any]]:
        """See Desk."""
        return self._lease_server.rejected(since)

    def _to_desk(self, kind: str, data: dict[str, Any]) -> None:
        self._lease_server.receive(self.HOLDER, kind, data)
        self._hear()

    def _hear(self) -> None:
        while self._to_rows:
            kind, data = self._to_rows.popleft()
            self.receive(kind, {"elapsed_s": None, **data})
