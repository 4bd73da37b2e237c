"""Joins, losses, restarts, users that come and go, in any order: no row at two processes, and none lost."""

from __future__ import annotations

from collections import deque
from typing import Any

import gevent
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from harness.load.leases import LeasedRows, LeaseServer, LeaseTable, Refusal

PLACES = st.integers(0, 2)
Message = tuple[str, dict[str, Any]]


class Process:
    """A worker: its rows, its users, and the messages that are under way in either direction."""

    def __init__(self) -> None:
        self.to_master: deque[Message] = deque()
        self.to_worker: deque[Message] = deque()
        self.rows = LeasedRows(lambda kind, data: self.to_master.append((kind, data)))
        self.users: list[gevent.Greenlet] = []
        self.logins: list[int] = []
        self.is_lost = False
        self.moving: dict[int, int] = {}
        """How many users of a row are to move before their next request."""
        self.rows.on_move = self.moving.__setitem__

    @property
    def seated(self) -> list[int]:
        return [user.value for user in self.users if user.ready()]

    @property
    def used(self) -> set[int]:
        return {*self.seated, *self.logins}

    @property
    def waiting(self) -> int:
        return sum(not user.ready() for user in self.users)


def turn_the_loop() -> None:
    for _ in range(4):
        gevent.sleep(0)


class AnyOrder(RuleBasedStateMachine):
    """The real desk and the real rows, with messages that take as long as they like."""

    @initialize(
        total=st.integers(1, 6),
        planned=st.integers(0, 6),
        processes=st.integers(1, 3),
        on_exhausted=st.sampled_from(["stop", "wait", "share"]),
        logins=st.integers(0, 2),
    )
    def open(self, total: int, planned: int, processes: int, on_exhausted: Any, logins: int) -> None:
        self.total, self.on_exhausted = total, on_exhausted
        self.rejected: set[int] = set()
        self.processes: dict[str, Process] = {}
        self.gone: dict[str, Process] = {}
        self.ledger = LeaseTable(total, planned=planned, processes=processes, on_exhausted=on_exhausted)
        self.lease_server = LeaseServer(
            self.ledger, lambda to, kind, data: self.processes[to].to_worker.append((kind, data))
        )
        for _ in range(processes):
            self.join()
        self.everything_arrives()
        for place in range(processes if logins else 0):
            self.begin_logins(place, 0, logins)

    def working(self, place: int) -> Process:
        """One of the processes that have not ended, or one that does nothing."""
        working = [process for process in self.processes.values() if not process.is_lost]
        return working[place % len(working)] if working else Process()

    @precondition(lambda self: len(self.processes) < 4)
    @rule()
    def join(self) -> None:
        """Each has a name that none had before, as Locust's workers do."""
        name = f"worker-{len(self.processes) + len(self.gone)}"
        self.processes[name] = Process()
        self.lease_server.join(name)

    @rule(place=PLACES, luck=st.integers(1, 3))
    def lose(self, place: int, luck: int) -> None:
        """Nobody knows yet, and what it sent may still arrive."""
        self.working(place).is_lost = luck == 1

    @rule()
    def give_up(self) -> None:
        alive = {name for name, process in self.processes.items() if not process.is_lost}
        for name in set(self.processes) - alive:
            self.gone[name] = self.processes.pop(name)
        self.lease_server.keep_only(alive)

    @rule(place=PLACES, count=st.integers(1, 3))
    def spawn(self, place: int, count: int) -> None:
        process = self.working(place)
        process.users += [gevent.spawn(process.rows.take) for _ in range(count)]
        turn_the_loop()

    @rule(place=PLACES, which=st.integers(0, 30))
    def stop(self, place: int, which: int) -> None:
        process = self.working(place)
        if process.users:
            user = process.users.pop(which % len(process.users))
            user.kill(block=False)
            turn_the_loop()
            if isinstance(user.value, int):  # it had its row, or came to it before it could be stopped
                process.rows.give_back(user.value)
                turn_the_loop()

    @rule(place=PLACES)
    def stop_all(self, place: int) -> None:
        while self.working(place).users:
            self.stop(place, 0)

    @rule(place=PLACES, count=st.integers(1, 3))
    def users_move(self, place: int, count: int) -> None:
        """Before their next request, whenever that is."""
        process = self.working(place)
        for _ in range(count):
            movers = [user for user in process.users if user.ready() and process.moving.get(user.value)]
            if movers:
                process.moving[movers[0].value] -= 1
                process.users.remove(movers[0])
                process.rows.give_back(movers[0].value)
                process.users.append(gevent.spawn(process.rows.take))
            turn_the_loop()

    @rule(place=PLACES, which=st.integers(0, 30), count=st.integers(1, 3))
    def begin_logins(self, place: int, which: int, count: int) -> None:
        process = self.working(place)
        for number in range(which, which + count):
            if process.rows._part.ready() and (rows := process.rows.login_rows()):
                process.logins.append(rows[number % len(rows)])
                process.rows.begin(process.logins[-1])

    @rule(place=PLACES)
    def end_login(self, place: int) -> None:
        process = self.working(place)
        if process.logins:
            process.rows.end(process.logins.pop(0))
            turn_the_loop()

    @rule(place=PLACES, which=st.integers(0, 30))
    def reject(self, place: int, which: int) -> None:
        process = self.working(place)
        if process.used and which < 5:
            row = sorted(process.used)[which % len(process.used)]
            self.rejected.add(row)
            process.rows.refuse(Refusal(row, "NotAuthorizedException", "", "rejected"))
            turn_the_loop()

    @rule(place=PLACES, count=st.integers(1, 9))
    def the_master_hears(self, place: int, count: int) -> None:
        """Of processes that are gone, too."""
        senders = [*self.processes.items(), *self.gone.items()]
        name, process = senders[place % len(senders)] if senders else ("", Process())
        for _ in range(min(count, len(process.to_master))):
            self.lease_server.receive(name, *process.to_master.popleft())

    @rule(place=PLACES, count=st.integers(1, 9), stop_at_once=st.booleans())
    def a_process_hears(self, place: int, count: int, stop_at_once: bool) -> None:
        """Maybe a user is stopped that has been given a row, and has not seen it yet."""
        process = self.working(place)
        for _ in range(min(count, len(process.to_worker))):
            process.rows.receive(*_with_elapsed(process.to_worker.popleft()))
        if stop_at_once:
            self.stop(place, len(process.users) - 1)
        turn_the_loop()

    @precondition(lambda self: hasattr(self, "processes"))
    @invariant()
    def no_account_is_at_two_processes(self) -> None:
        used = [row for process in self.processes.values() for row in process.used]
        assert len(used) == len(set(used)), f"at two processes: {sorted(used)}"

    @precondition(lambda self: hasattr(self, "processes") and self.on_exhausted != "share")
    @invariant()
    def no_row_has_two_users(self) -> None:
        seated = [row for process in self.processes.values() for row in process.seated]
        assert len(seated) == len(set(seated)), f"two users: {sorted(seated)}"

    @rule()
    def everything_arrives(self) -> None:
        """And what is sent in answer, and so on."""
        is_quiet = False
        while not is_quiet:
            is_quiet = True
            for name, process in self.processes.items():
                turn_the_loop()
                while not process.is_lost and (process.to_master or process.to_worker):
                    is_quiet = False
                    while process.to_master:
                        self.lease_server.receive(name, *process.to_master.popleft())
                    while process.to_worker:
                        process.rows.receive(*_with_elapsed(process.to_worker.popleft()))
                    turn_the_loop()

    def teardown(self) -> None:
        if not hasattr(self, "processes"):
            return
        try:
            self.give_up()
            for process in self.processes.values():
                while process.logins:
                    process.rows.end(process.logins.pop())
            self.everything_arrives()
            for _ in range(len(self.processes) if self.on_exhausted == "share" else 0):  # seconds
                for place in range(len(self.processes)):
                    self.users_move(place, 9)
                self.everything_arrives()
                self.give_up()
                self.everything_arrives()
            self.no_account_is_at_two_processes()
            self.nobody_waits_for_a_row_that_is_there()
            self.who_shares_waits_only_where_all_rows_are_needed()
            self.lease_server.keep_only([])
            self.ledger.on_exhausted = "stop"
            share = self.ledger.join("last").rows
            rest = self.ledger.lease("last", self.total + 1)
            assert self.known_as_rejected() <= self.rejected
            whole = set(range(self.total)) - self.known_as_rejected()
            assert sorted([*share, *rest]) == sorted(whole), "a row was lost"
        finally:
            for process in [*self.processes.values(), *self.gone.values()]:
                gevent.killall(process.users)

    def known_as_rejected(self) -> set[int]:
        """A process that was lost may have taken the news along."""
        return set(self.lease_server._rejected)

    def nobody_waits_for_a_row_that_is_there(self) -> None:
        if self.on_exhausted == "share" or not any(process.waiting for process in self.processes.values()):
            return
        used = {row for process in self.processes.values() for row in process.used}
        kept = [process.rows._login for process in self.processes.values() if not process.rows._own]
        assert all(len(rows) <= 1 for rows in kept), "more than it needs to log in"
        idle = set(range(self.total)) - used - self.known_as_rejected() - {row for rows in kept for row in rows}
        assert not idle, f"users wait, and these are idle: {idle}"

    def who_shares_waits_only_where_all_rows_are_needed(self) -> None:
        """A process without rows gets some of those that others have more than one of, if there are as many."""
        waiting = [name for name, process in self.processes.items() if process.waiting]
        if self.on_exhausted != "share" or not waiting:
            return
        assert not any(self.ledger.usable(name) for name in waiting), "it has rows to share"
        has_more = [name for name in self.processes if self.ledger.usable(name) > self.ledger.fair]
        assert not has_more, f"{has_more} could give some"
        assert not self.ledger._free


def _with_elapsed(message: Message) -> Message:
    return message[0], {"elapsed_s": None, **message[1]}


AnyOrder.TestCase.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)
TestAnyOrder = AnyOrder.TestCase
