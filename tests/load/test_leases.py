"""Who has which row: no row twice at a time, none lost."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from harness.load.leases import LocalRows, RowLedger, WorkerRows

WORKERS = ["a", "b", "c"]


class AnyLeases(RuleBasedStateMachine):
    """Workers that take, return, repeat themselves, claim what is not theirs, and vanish."""

    @initialize(total=st.integers(0, 12))
    def open(self, total: int) -> None:
        self.total = total
        self.ledger = RowLedger(total, planned=total, processes=3)
        self.held: dict[str, set[int]] = {worker: set() for worker in WORKERS}

    def all_held(self) -> list[int]:
        return [row for rows in self.held.values() for row in rows]

    @rule(worker=st.sampled_from(WORKERS), count=st.integers(0, 6))
    def take(self, worker: str, count: int) -> None:
        free = self.total - len(self.all_held())
        rows = self.ledger.lease(worker, count)
        assert len(rows) == min(count, free), "fewer than there are"
        assert not set(rows) & set(self.all_held()), "somebody else's row"
        self.held[worker].update(rows)

    @rule(worker=st.sampled_from(WORKERS), rows=st.lists(st.integers(-1, 13), max_size=8))
    def give_back(self, worker: str, rows: list[int]) -> None:
        self.ledger.give_back(worker, rows)
        self.held[worker] -= set(rows)

    @rule(alive=st.sets(st.sampled_from(WORKERS)))
    def vanish(self, alive: set[str]) -> None:
        self.ledger.keep_only(alive)
        for worker in set(WORKERS) - alive:
            self.held[worker] = set()

    @invariant()
    def no_row_is_held_twice(self) -> None:
        rows = self.all_held() if hasattr(self, "held") else []
        assert len(rows) == len(set(rows))

    def teardown(self) -> None:
        if hasattr(self, "held"):
            rest = self.ledger.lease("last", self.total + 1)
            assert sorted([*rest, *self.all_held()]) == list(range(self.total)), "a row was lost"


AnyLeases.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyLeases = AnyLeases.TestCase


class TestLedger:
    def test_rows_are_taken_in_the_files_order_and_the_returned_ones_first(self) -> None:
        ledger = RowLedger(5, planned=5, processes=1)
        assert ledger.lease("a", 3) == [0, 1, 2]
        ledger.give_back("a", [2, 0])
        assert ledger.lease("b", 4) == [0, 2, 3, 4]

    def test_rows_of_a_worker_that_is_gone_are_free_again(self) -> None:
        ledger = RowLedger(3, planned=3, processes=2)
        ledger.lease("a", 2)
        ledger.lease("b", 1)
        ledger.keep_only(["b"])
        assert ledger.lease("new", 3) == [0, 1]

    @given(total=st.integers(1, 60), planned=st.integers(0, 70), processes=st.integers(1, 8))
    def test_login_shares_cover_what_api_users_leave_over(self, total: int, planned: int, processes: int) -> None:
        ledger = RowLedger(total, planned=planned, processes=processes)
        shares = [ledger.login_share(f"w{place}").rows for place in range(processes)]
        rows = list(range(planned, total)) if planned < total else list(range(total))

        assert {row for share in shares for row in share} == set(rows)
        assert all(shares), "a process without rows could not log in"
        if len(rows) >= processes:
            assert sum(map(len, shares)) == len(rows), "shares overlap"
            assert max(map(len, shares)) - min(map(len, shares)) <= 1
        assert [ledger.login_share(f"w{place}").rows for place in range(processes)] == shares, (
            "asking again changes nothing"
        )

    def test_a_worker_started_anew_gets_the_share_of_the_one_that_is_gone(self) -> None:
        ledger = RowLedger(9, planned=0, processes=3)
        first, second, third = (ledger.login_share(worker) for worker in WORKERS)

        ledger.keep_only(["a", "c"])

        assert ledger.login_share("new") == second
        assert (ledger.login_share("a"), ledger.login_share("c")) == (first, third)

    def test_more_processes_than_expected_share_shares(self) -> None:
        ledger = RowLedger(4, planned=0, processes=2)
        shares = [ledger.login_share(worker) for worker in WORKERS]
        assert shares[2].rows in [share.rows for share in shares[:2]]
        assert [share.place for share in shares] == [0, 1, None], "but the arrivals are dealt out already"

    def test_no_process_at_all_counts_as_one(self) -> None:
        assert RowLedger(4, planned=0, processes=0).login_share("a").rows == range(4)


class TestLocalRows:
    def test_rows_come_from_the_ledger_until_there_are_no_more(self) -> None:
        rows = LocalRows(RowLedger(2, planned=2, processes=1))
        assert [rows.take(), rows.take(), rows.take()] == [0, 1, None]
        rows.give_back(1)
        assert rows.take() == 1

    def test_the_login_scenario_has_the_rows_that_api_users_leave_over(self) -> None:
        assert LocalRows(RowLedger(5, planned=2, processes=1)).login_share() == (range(2, 5), 0)


class Master:
    """Keeps what a worker sends it; the test answers."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, object]]] = []
        self.rows = WorkerRows(lambda kind, data: self.sent.append((kind, data)))

    def spawn(self, ask: Callable[[], object]) -> gevent.Greenlet:
        greenlet = gevent.spawn(ask)
        gevent.sleep(0)
        return greenlet


class TestWorkerRows:
    def test_a_row_is_asked_of_the_master(self) -> None:
        master = Master()
        user = master.spawn(master.rows.take)
        assert master.sent == [("rows_wanted", {"count": 1})]

        master.rows.granted([7], short_of=0)

        assert user.get(timeout=30) == 7

    def test_users_are_served_in_the_order_they_asked_and_who_is_left_over_gets_none(self) -> None:
        master = Master()
        users = [master.spawn(master.rows.take) for _ in range(3)]
        master.rows.granted([4, 5], short_of=1)
        assert [user.get(timeout=30) for user in users] == [4, 5, None]

    def test_a_row_for_a_user_that_was_stopped_meanwhile_goes_back(self) -> None:
        master = Master()
        stopped, waiting = master.spawn(master.rows.take), master.spawn(master.rows.take)
        stopped.kill()

        master.rows.granted([7], short_of=0)
        master.rows.granted([8], short_of=0)

        assert waiting.get(timeout=30) == 8
        gevent.sleep(0.01)
        assert master.sent[2:] == [("rows_returned", {"rows": [7]})]

    def test_no_row_for_a_user_that_was_stopped_meanwhile_needs_no_return(self) -> None:
        master = Master()
        master.spawn(master.rows.take).kill()
        master.rows.granted([], short_of=1)
        gevent.sleep(0.01)
        assert master.sent == [("rows_wanted", {"count": 1})]

    def test_a_row_that_nobody_waits_for_goes_back(self) -> None:
        master = Master()
        master.rows.granted([7], short_of=2)
        assert master.sent == [("rows_returned", {"rows": [7]})]

    def test_a_returned_row_is_told_to_the_master(self) -> None:
        master = Master()
        master.rows.give_back(3)
        assert master.sent == [("rows_returned", {"rows": [3]})]

    @pytest.mark.parametrize("is_early", [True, False])
    def test_the_login_share_is_waited_for(self, is_early: bool) -> None:
        master = Master()
        if is_early:
            master.rows.shared(3, 6, 1)
        user = master.spawn(master.rows.login_share)
        if not is_early:
            assert not user.ready()
            master.rows.shared(3, 6, 1)
        assert user.get(timeout=30) == (range(3, 6), 1)
        assert master.rows.login_share() == (range(3, 6), 1)
