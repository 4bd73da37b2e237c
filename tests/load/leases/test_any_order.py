"""Joins, losses, restarts, users that come and go, in any order: no row at two processes, and none lost."""

from __future__ import annotations

from collections import deque
from typing import Any

import gevent
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from harness.load.leases import Desk, Refusal, RowLedger, Rows

NAMES = st.sampled_from(["a", "b", "c", "d"])
Message = tuple[str, dict[str, Any]]


class Process:
    """A worker: its rows, its users, and the messages that are under way in either direction."""

    def __init__(self) -> None:
        self.to_master: deque[Message] = deque()
        self.to_worker: deque[Message] = deque()
        self.rows = Rows(lambda kind, data: self.to_master.append((kind, data)))
        self.users: list[gevent.Greenlet] = []
        self.logins: list[int] = []
        self.is_lost = False

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
        total=st.integers(0, 12),
        planned=st.integers(0, 12),
        processes=st.integers(1, 4),
        on_exhausted=st.sampled_from(["stop", "wait", "share"]),
    )
    def open(self, total: int, planned: int, processes: int, on_exhausted: Any) -> None:
        self.total, self.on_exhausted = total, on_exhausted
        self.rejected: set[int] = set()
        self.processes: dict[str, Process] = {}
        self.gone: list[Process] = []
        self.ledger = RowLedger(total, planned=planned, processes=processes, on_exhausted=on_exhausted)
        self.desk = Desk(self.ledger, lambda to, kind, data: self.at(to).to_worker.append((kind, data)))

    def at(self, name: str) -> Process:
        return self.processes.get(name) or Process()

    def working(self, name: str) -> Process | None:
        process = self.processes.get(name)
        return None if process is None or process.is_lost else process

    @rule(name=NAMES)
    def join(self, name: str) -> None:
        if name not in self.processes:
            self.processes[name] = Process()
            self.desk.join(name)

    @rule(name=NAMES)
    def lose(self, name: str) -> None:
        """Nobody knows yet, and what it sent may still arrive."""
        if process := self.working(name):
            process.is_lost = True

    @rule()
    def give_up(self) -> None:
        alive = {name for name, process in self.processes.items() if not process.is_lost}
        for name in set(self.processes) - alive:
            self.gone.append(self.processes.pop(name))
        self.desk.keep_only(alive)

    @rule(name=NAMES, count=st.integers(1, 5))
    def spawn(self, name: str, count: int) -> None:
        if process := self.working(name):
            process.users += [gevent.spawn(process.rows.take) for _ in range(count)]
            turn_the_loop()

    @rule(name=NAMES, which=st.integers(0, 30))
    def stop(self, name: str, which: int) -> None:
        process = self.working(name)
        if process and process.users:
            user = process.users.pop(which % len(process.users))
            if user.ready():
                process.rows.give_back(user.value)
            else:
                user.kill()
            turn_the_loop()

    @rule(name=NAMES, which=st.integers(0, 30))
    def begin_login(self, name: str, which: int) -> None:
        process = self.working(name)
        if process and process.rows._part.ready() and (rows := process.rows.login_rows()):
            process.logins.append(rows[which % len(rows)])
            process.rows.begin(process.logins[-1])

    @rule(name=NAMES)
    def end_login(self, name: str) -> None:
        process = self.working(name)
        if process and process.logins:
            process.rows.end(process.logins.pop())
            turn_the_loop()

    @rule(name=NAMES)
    def reject(self, name: str) -> None:
        process = self.working(name)
        if process and process.used:
            row = min(process.used)
            self.rejected.add(row)
            process.rows.refuse(Refusal(row, "NotAuthorizedException", "", "rejected"))
            turn_the_loop()

    @rule(name=NAMES, count=st.integers(1, 4))
    def hear_a_process(self, name: str, count: int) -> None:
        for _ in range(count):
            if (process := self.processes.get(name)) and process.to_master:
                self.desk.receive(name, *process.to_master.popleft())

    @rule(name=NAMES, count=st.integers(1, 4))
    def hear_the_master(self, name: str, count: int) -> None:
        for _ in range(count):
            if (process := self.working(name)) and process.to_worker:
                process.rows.receive(*_with_elapsed(process.to_worker.popleft()))
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

    def everything_arrives(self) -> None:
        is_quiet = False
        while not is_quiet:
            is_quiet = True
            for name, process in self.processes.items():
                turn_the_loop()
                while process.to_master or process.to_worker:
                    is_quiet = False
                    self.hear_a_process(name, 1)
                    self.hear_the_master(name, 1)

    def teardown(self) -> None:
        if not hasattr(self, "processes"):
            return
        try:
            self.give_up()
            for name, process in self.processes.items():
                while process.logins:
                    self.end_login(name)
            self.everything_arrives()
            self.nobody_waits_for_a_row_that_is_there()
            self.desk.keep_only([])
            self.ledger.on_exhausted = "stop"
            share = self.ledger.join("last").rows
            rest = self.ledger.lease("last", self.total + 1)
            assert self.known_as_rejected() <= self.rejected
            whole = set(range(self.total)) - self.known_as_rejected()
            assert sorted([*share, *rest]) == sorted(whole), "a row was lost"
        finally:
            for process in [*self.processes.values(), *self.gone]:
                gevent.killall(process.users)

    def known_as_rejected(self) -> set[int]:
        """A process that was lost may have taken the news along."""
        return set(self.desk._rejected)

    def nobody_waits_for_a_row_that_is_there(self) -> None:
        if self.on_exhausted == "share" or not any(process.waiting for process in self.processes.values()):
            return
        used = {row for process in self.processes.values() for row in process.used}
        kept = sum(bool(process.rows._login) for process in self.processes.values())
        idle = set(range(self.total)) - used - self.known_as_rejected()
        assert len(idle) <= kept, f"users wait, and these are idle: {idle}"


def _with_elapsed(message: Message) -> Message:
    return message[0], {"elapsed_s": None, **message[1]}


AnyOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
