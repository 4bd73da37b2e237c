"""The master's side of the leases: answers what processes ask, and lets those wait for whom there is nothing yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from harness.load.leases.ledger import LeaseTable, Share
from harness.load.leases.spans import rows_in, spans_of

SHARE: Final = "cognito_share"
GRANT: Final = "cognito_rows"
RECALL: Final = "cognito_rows_recalled"
ENOUGH: Final = "cognito_rows_enough"
REJECTED: Final = "cognito_row_rejected"
WANTED: Final = "cognito_rows_wanted"
UNWANTED: Final = "cognito_rows_unwanted"
RETURNED: Final = "cognito_rows_returned"
TO_PROCESSES: Final = (SHARE, GRANT, RECALL, ENOUGH, REJECTED)
TO_MASTER: Final = (WANTED, UNWANTED, RETURNED, REJECTED)

Send = Callable[[str, str, dict[str, Any]], None]
"""Sends a message of this kind to this process."""


class LeaseServer:
    """Hands the ledger's rows to processes. Never yields to other greenlets; `send` must not either.

    Rows that a process has but does not use are asked back as soon as another needs them. A process that could not give
    as many as it was asked for gives every row that it needs no more, until it is told that there are enough. Where
    users share rows, those of a process that has more than its part move together for one that has none.

    Args:
        ledger: The book.
        send: The way to the processes.
        short: Told, once, that users wait for a row that nobody can spare.
    """

    def __init__(self, ledger: LeaseTable, send: Send, short: Callable[[int], None] = lambda _: None) -> None:
        self._ledger = ledger
        self._send = send
        self._tell_short = short
        self._is_short_told = False
        self._waiting: deque[tuple[str, int]] = deque()
        self._asked: dict[str, int] = {}
        """Who was asked to give rows, and how many; the answer is on its way."""
        self._late: set[str] = set()
        """Of these, who was asked before the last full second …"""
        self._overdue: set[str] = set()
        """… and before the one before it."""
        self._owing: set[str] = set()
        """Who gives every row it can spare; where users share rows, who has given all it can in this second."""
        self._to_come: dict[str, int] = {}
        """How many rows a process gives as soon as their users have moved together on others."""
        self._shares: dict[str, Share] = {}
        self._rejected: dict[int, list[Any]] = {}

    def rejected(self, since: int) -> list[list[Any]]:
        """The accounts that Cognito rejected, as processes told of them, in that order, without the first so many."""
        return list(islice(self._rejected.values(), since, None))

    @property
    def waiting(self) -> int:
        """How many users wait for a row."""
        return sum(count for _, count in self._waiting)

    def join(self, holder: str) -> None:
        """A process takes part: it is told its share, its place, and which accounts Cognito has rejected."""
        share = self._ledger.join(holder)
        self._shares[holder] = share
        rejected = list(self._rejected.values())
        self._send(holder, SHARE, {"rows": spans_of(share.rows), "place": share.place, "rejected": rejected})
        self._recall()

    def receive(self, holder: str, kind: str, data: Mapping[str, Any]) -> None:
        """A message of a process; one that does not take part, or no more, is not heard."""
        if holder not in self._ledger.holders:
            return
        if kind == WANTED:
            self._wanted(holder, int(data["count"]), int(data["ahead"]))
        elif kind == UNWANTED:
            self._unwanted(holder, int(data["count"]))
        elif kind == RETURNED:
            self._returned(holder, rows_in(data["rows"]), int(data["to_come"]), is_answer=bool(data["is_answer"]))
        elif kind == REJECTED:
            self._reject(holder, list(data["refusal"]))

    def keep_only(self, alive: Iterable[str]) -> None:
        """Processes that are gone leave their rows to those who wait; called once a second.

        Who has not answered since the last time is not counted upon any more: others are asked instead.
        """
        is_any_gone = self._ledger.keep_only(alive)
        holders = self._ledger.holders
        self._asked = {holder: count for holder, count in self._asked.items() if holder in holders}
        self._overdue, self._late = self._late & set(self._asked), set(self._asked)
        self._to_come = {holder: count for holder, count in self._to_come.items() if holder in holders}
        if self._ledger.on_exhausted == "share":
            self._owing.clear()
        if not is_any_gone:
            self._recall()
            return
        self._waiting = deque((holder, count) for holder, count in self._waiting if holder in holders)
        self._owing &= holders
        self._serve()
        for holder in sorted(holders):  # a place, and rows, for who came before the one that is gone was given up
            share = self._shares[holder]
            if (share.place is None or not share.rows) and self._ledger.join(holder) != share:
                self.join(holder)

    def _wanted(self, holder: str, count: int, ahead: int) -> None:
        rows = self._ledger.lease(holder, count, ahead=0 if self._waiting else ahead)
        missing = max(0, count - len(rows))
        may_share = self._may_share(holder)
        if rows or may_share:
            self._grant(holder, rows, min(count, len(rows)), missing if may_share else 0)
        if missing and not may_share:
            self._waiting.append((holder, missing))
            self._recall()

    def _unwanted(self, holder: str, count: int) -> None:
        kept: deque[tuple[str, int]] = deque()
        for waiting, wanted in self._waiting:
            dropped = min(count, wanted) if waiting == holder else 0
            count -= dropped
            if wanted > dropped:
                kept.append((waiting, wanted - dropped))
        self._waiting = kept
        self._settle()

    def _returned(self, holder: str, rows: list[int], to_come: int, *, is_answer: bool) -> None:
        self._to_come[holder] = to_come if is_answer else self._to_come.get(holder, 0) - len(rows)
        if self._to_come[holder] <= 0:
            del self._to_come[holder]
        if is_answer and len(rows) + to_come < self._asked.pop(holder, 0):
            self._owing.add(holder)
        self._ledger.give_back(holder, rows)
        self._serve()

    def _reject(self, holder: str, refusal: list[Any]) -> None:
        row = int(refusal[0])
        if row in self._rejected:
            return
        self._rejected[row] = refusal
        self._ledger.quarantine(row)
        for other in sorted(self._ledger.holders - {holder}):
            self._send(other, REJECTED, {"refusal": refusal})

    def _serve(self) -> None:
        """Give whoever has waited longest what there is."""
        unserved: deque[tuple[str, int]] = deque()
        while self._waiting:
            holder, count = self._waiting.popleft()
            rows = self._ledger.lease(holder, count)
            missing = count - len(rows)
            may_share = self._may_share(holder)
            if rows or may_share:
                self._grant(holder, rows, len(rows), missing if may_share else 0)
            if missing and not may_share:
                unserved.append((holder, missing))
        self._waiting = unserved
        self._recall()
        self._settle()
        self._even_out()

    def _even_out(self) -> None:
        """Where users share rows, what is free goes to who has some, but less than its part."""
        if self._ledger.on_exhausted != "share" or self._waiting:
            return
        for holder in sorted(self._ledger.holders):
            has = self._ledger.usable(holder)
            if 0 < has < self._ledger.fair and (rows := self._ledger.lease(holder, self._ledger.fair - has)):
                self._grant(holder, rows, 0, 0)

    def _recall(self) -> None:
        """Ask for what is missing, first of all where most is; who has nothing gives what it gets and can spare."""
        is_shared, part = self._ledger.on_exhausted == "share", self._ledger.fair
        wanted = part * len({holder for holder, _ in self._waiting}) if is_shared else self.waiting
        asked = sum(count for holder, count in self._asked.items() if holder not in self._overdue)
        missing = wanted - asked - sum(self._to_come.values())
        candidates = self._ledger.holders - set(self._asked) - self._owing - set(self._to_come)
        for holder in sorted(candidates, key=lambda name: (-self._ledger.held(name), name)):
            if missing <= 0:
                return
            held = self._ledger.held(holder)
            if is_shared and (held := self._ledger.usable(holder) - part) <= 0:
                continue
            self._asked[holder] = min(missing, held) or 1
            self._send(holder, RECALL, {"count": self._asked[holder], "moves": is_shared})
            missing -= min(missing, held)
        if missing > 0 and not self._asked and not self._is_short_told:
            self._is_short_told = True
            self._tell_short(self.waiting)

    def _may_share(self, holder: str) -> bool:
        """Whether a process has rows for its users to share, and will go on to have them."""
        if self._ledger.on_exhausted != "share":
            return False
        return self._ledger.usable(holder) > self._to_come.get(holder, 0)

    def _settle(self) -> None:
        if not self._waiting:
            for holder in sorted(self._owing):
                self._send(holder, ENOUGH, {})
            self._owing.clear()

    def _grant(self, holder: str, rows: list[int], settled: int, short_of: int) -> None:
        self._send(holder, GRANT, {"rows": spans_of(rows), "settled": settled, "short_of": short_of})
