"""The book of rows: who gets which, and who gets them next."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.load.leases import LeaseTable

WORKERS = ["a", "b", "c"]


class TestLedger:
    def ledger(self, total: int, *, planned: int, processes: int = 3, **given: Any) -> LeaseTable:
        ledger = LeaseTable(total, planned=planned, processes=processes, **given)
        for worker in WORKERS[:processes]:
            ledger.join(worker)
        return ledger

    def test_rows_are_taken_in_the_files_order_and_the_returned_ones_first(self) -> None:
        ledger = self.ledger(5, planned=5)
        assert ledger.lease("a", 3) == [0, 1, 2]
        ledger.give_back("a", [2, 0])
        assert ledger.lease("b", 4) == [0, 2, 3, 4]

    def test_rows_of_a_worker_that_is_gone_are_free_again(self) -> None:
        ledger = self.ledger(3, planned=3)
        ledger.lease("a", 2)
        ledger.lease("b", 1)
        assert ledger.keep_only(["b"])
        assert not ledger.keep_only(["b"])
        assert ledger.lease("b", 3) == [0, 1]

    def test_rows_ahead_of_need_are_those_that_api_users_were_planned_to_have(self) -> None:
        """Else the login users of a worker that comes later would find none."""
        ledger = LeaseTable(10, planned=4, processes=2)
        ledger.join("a")
        assert ledger.lease("a", 2, ahead=10) == [0, 1, 2, 3]

    def test_a_rejected_row_goes_to_nobody_any_more(self) -> None:
        ledger = self.ledger(3, planned=3, processes=1)
        assert ledger.lease("a", 2) == [0, 1]
        ledger.quarantine(0)
        ledger.quarantine(2)
        ledger.give_back("a", [0, 1])
        assert ledger.lease("a", 3) == [1]

    @given(total=st.integers(1, 60), planned=st.integers(0, 70), processes=st.integers(1, 8))
    def test_login_shares_are_what_api_users_leave_over_and_overlap_nowhere(
        self, total: int, planned: int, processes: int
    ) -> None:
        ledger = LeaseTable(total, planned=planned, processes=processes)
        shares = [ledger.join(f"w{place}").rows for place in range(processes)]
        assert sorted(row for share in shares for row in share) == list(range(planned, total))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
        assert [ledger.join(f"w{place}").rows for place in range(processes)] == shares, "asking again changes nothing"

    def test_a_worker_started_anew_gets_the_share_of_the_one_that_is_gone(self) -> None:
        ledger = self.ledger(9, planned=0)
        first, second, third = (ledger.join(worker) for worker in WORKERS)

        ledger.keep_only(["a", "c"])

        assert ledger.join("new") == second
        assert (ledger.join("a"), ledger.join("c")) == (first, third)

    def test_a_process_more_than_planned_has_no_share(self) -> None:
        """Whose rows could it have, that no other has?"""
        ledger = self.ledger(4, planned=0, processes=2)
        assert ledger.join("c") == ([], None)

    def test_of_more_processes_than_rows_one_gets_the_row_of_the_one_that_is_gone(self) -> None:
        ledger = self.ledger(1, planned=0, processes=2)
        shares = {worker: ledger.join(worker).rows for worker in "ab"}
        assert sorted(shares.values()) == [[], [0]]
        (lucky,) = [worker for worker, rows in shares.items() if rows]
        other = "ab".replace(lucky, "")
        ledger.keep_only([other])
        assert ledger.join(other).rows == [0]

    def test_no_process_at_all_counts_as_one(self) -> None:
        assert LeaseTable(4, planned=0, processes=0).join("a").rows == [0, 1, 2, 3]

    def test_where_users_share_every_process_has_rows(self) -> None:
        """The first one would else take all of them."""
        ledger = self.ledger(5, planned=20, processes=2, on_exhausted="share")
        assert (ledger.lease("a", 10), ledger.lease("b", 10)) == ([0, 1, 2], [3, 4])
        assert ledger.lease("a", 10) == []

    def test_recycling_begins_again_with_the_first_row_whoever_has_it(self) -> None:
        ledger = self.ledger(3, planned=20, processes=2, on_exhausted="recycle")
        assert ledger.lease("a", 2) == [0, 1]
        assert ledger.lease("b", 4) == [2, 0, 1, 2]
        ledger.quarantine(0)
        assert ledger.lease("a", 2) == [1, 2]
