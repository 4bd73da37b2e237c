"""One process's rows: what it asks of the master, and what it does with the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
import pytest

from harness.load.leases import LeasedRows, LeaseServer, LeaseTable, LocalRows, Refusal
from harness.load.leases.broker import ENOUGH, GRANT, RECALL, REJECTED, RETURNED, SHARE, UNWANTED, WANTED
from harness.load.leases.spans import rows_in, spans_of

SHARED = {"rows": [[3, 6]], "place": 1, "elapsed_s": None, "rejected": []}


class Master:
    """Keeps what a process sends it; the test answers."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.rows = LeasedRows(lambda kind, data: self.sent.append((kind, data)))

    def spawn(self, ask: Callable[[], object], count: int = 1) -> list[gevent.Greenlet]:
        greenlets = [gevent.spawn(ask) for _ in range(count)]
        self.turn()
        return greenlets

    def turn(self) -> None:
        for _ in range(4):
            gevent.sleep(0)

    def grant(self, *rows: int, ahead: int = 0, short_of: int = 0) -> None:
        data = {"rows": spans_of(rows), "settled": len(rows) - ahead, "short_of": short_of}
        self.rows.receive(GRANT, data)
        self.turn()

    def returned(self) -> list[int]:
        return [row for kind, data in self.sent if kind == RETURNED for row in rows_in(data["rows"])]


class TestTaking:
    def test_users_that_come_together_ask_together_and_are_served_in_their_order(self) -> None:
        master = Master()
        users = master.spawn(master.rows.take, 3)
        assert master.sent == [(WANTED, {"count": 3, "ahead": 0})]
        master.grant(4, 5)
        assert [user.value for user in users] == [4, 5, None]
        master.grant(9)
        assert users[2].value == 9

    def test_a_process_with_many_rows_asks_for_some_more_before_it_needs_them(self) -> None:
        master = Master()
        master.spawn(master.rows.take, 8)
        master.grant(*range(8))
        master.spawn(master.rows.take)
        assert master.sent[-1] == (WANTED, {"count": 1, "ahead": 4})
        master.grant(8, 9, 10, 11, 12, ahead=4)
        (user,) = master.spawn(master.rows.take)
        assert user.value == 9
        assert len(master.sent) == 2, "it had one"

    def test_a_row_for_a_user_that_was_stopped_meanwhile_is_not_wanted_any_more(self) -> None:
        master = Master()
        stopped, waiting = master.spawn(master.rows.take, 2)
        stopped.kill()
        master.turn()
        assert master.sent[-1] == (UNWANTED, {"count": 1})
        master.grant(7, 8)
        assert waiting.value == 7
        assert master.spawn(master.rows.take)[0].value == 8, "the other one came all the same, and is spare"

    def test_a_user_that_is_stopped_with_its_row_in_its_hand_leaves_it_to_the_next(self) -> None:
        master = Master()
        (stopped,) = master.spawn(master.rows.take)
        stopped.kill(block=False)
        master.grant(7)
        assert stopped.ready()
        assert master.spawn(master.rows.take)[0].value == 7

    def test_a_row_of_a_user_that_ended_goes_to_the_next_one_here(self) -> None:
        master = Master()
        master.spawn(master.rows.take)
        master.grant(7)
        assert master.rows.give_back(7)
        assert master.spawn(master.rows.take)[0].value == 7

    def test_users_share_the_rows_there_are_when_the_master_says_so(self) -> None:
        master = Master()
        master.spawn(master.rows.take, 2)
        master.grant(4, 5)
        sharing = master.spawn(master.rows.take, 4)
        master.grant(short_of=4)
        assert sorted(user.value for user in sharing) == [4, 4, 5, 5]
        assert [master.rows.give_back(4) for _ in range(3)] == [False, False, True]

    def test_rows_that_leave_go_together_when_their_last_user_has_moved(self) -> None:
        master, moved = Master(), []
        master.rows.on_move = lambda row, count: moved.append((row, count))
        master.spawn(master.rows.take, 3)
        master.grant(4, 5, 6)
        master.rows.receive(RECALL, {"count": 5, "moves": True})
        master.turn()
        assert master.sent[-1] == (RETURNED, {"rows": [], "is_answer": True, "to_come": 2})
        assert moved == [(4, 1), (5, 1)], "one row stays"
        master.rows.give_back(4)
        master.turn()
        assert master.returned() == []
        master.rows.give_back(5)
        master.turn()
        assert master.returned() == [4, 5]
        sharing = master.spawn(master.rows.take, 2)
        master.grant(short_of=2)
        assert [user.value for user in sharing] == [6, 6]

    def test_a_row_that_a_login_keeps_leaves_when_that_is_over_and_is_nobodys_until_then(self) -> None:
        master = Master()
        master.spawn(master.rows.take, 2)
        master.grant(4, 5)
        master.rows.give_back(4)
        master.rows.begin(4)
        master.rows.receive(RECALL, {"count": 1, "moves": True})
        (user,) = master.spawn(master.rows.take)
        assert (user.value, master.returned()) == (None, [])
        master.rows.end(4)
        master.turn()
        assert master.returned() == [4]

    def test_users_that_share_spread_over_rows_that_come_later(self) -> None:
        master, moved = Master(), []
        master.rows.on_move = lambda row, count: moved.append((row, count))
        master.spawn(master.rows.take, 6)
        master.grant(4, short_of=5)
        assert moved == []
        master.grant(7, 8, ahead=2)
        assert moved == [(4, 4)], "two stay"

    def test_a_process_gives_up_rows_that_it_was_asked_for_before_it_had_any(self) -> None:
        master = Master()
        master.rows.receive(RECALL, {"count": 2, "moves": False})
        master.rows.receive(SHARE, SHARED)
        master.turn()
        assert master.returned() == [4, 5]
        assert list(master.rows.login_rows()) == [3]

    def test_a_user_that_has_to_wait_tells_so_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("harness.load.leases.rows.PATIENCE_S", 0.0)
        master, told = Master(), []
        (user,) = master.spawn(lambda: master.rows.take(lambda: told.append("waits")))
        gevent.sleep(0.01)
        assert told == ["waits"]
        master.grant(7)
        assert user.get(timeout=30) == 7


class TestGivingBack:
    def process(self) -> Master:
        """Rows 0 and 1 have users, 2 is spare, 3 to 5 are for login users."""
        master = Master()
        master.rows.receive(SHARE, SHARED)
        master.spawn(master.rows.take, 2)
        master.grant(0, 1, 2, ahead=1)
        return master

    def test_spare_rows_go_first_and_then_those_of_login_users(self) -> None:
        master = self.process()
        master.rows.receive(RECALL, {"count": 2, "moves": False})
        master.turn()
        assert master.sent[-1] == (RETURNED, {"rows": [[2, 3], [5, 6]], "is_answer": True, "to_come": 0})
        assert list(master.rows.login_rows()) == [3, 4]

    def test_a_row_with_a_login_under_way_stays_until_it_is_over(self) -> None:
        master = self.process()
        master.rows.begin(4)
        master.rows.receive(RECALL, {"count": 9, "moves": False})
        master.turn()
        assert master.returned() == [2, 3, 5]
        assert list(master.rows.login_rows()) == [4]
        master.rows.end(4)
        master.turn()
        assert master.returned() == [2, 3, 5, 4]
        assert list(master.rows.login_rows()) == [0, 1], "login users have the rows of API users"

    def test_who_could_not_give_enough_gives_what_becomes_spare_until_there_is_enough(self) -> None:
        master = self.process()
        master.rows.receive(RECALL, {"count": 9, "moves": False})
        master.rows.give_back(0)
        master.turn()
        assert master.returned()[-1] == 0
        master.rows.receive(ENOUGH, {})
        master.rows.give_back(1)
        master.turn()
        assert 1 not in master.returned()

    def test_a_process_without_api_users_keeps_one_row_to_log_in_with(self) -> None:
        master = Master()
        master.rows.receive(SHARE, SHARED)
        master.rows.receive(RECALL, {"count": 9, "moves": False})
        master.turn()
        assert list(master.rows.login_rows()) == [3]

    def test_a_row_that_cognito_rejected_goes_back_and_is_told(self) -> None:
        master = self.process()
        master.rows.refuse(Refusal(0, "NotAuthorizedException", "wrong", "rejected"))
        master.rows.refuse(Refusal(0, "NotAuthorizedException", "wrong", "rejected"))
        master.rows.give_back(0)
        (user,) = master.spawn(master.rows.take)
        assert user.value == 2
        told = [data["refusal"] for kind, data in master.sent if kind == REJECTED]
        assert told == [[0, "NotAuthorizedException", "wrong", "rejected"]]
        assert master.returned() == [0]


class TestSharing:
    @pytest.mark.parametrize("is_early", [True, False])
    def test_the_share_is_waited_for(self, is_early: bool) -> None:
        master = Master()
        if is_early:
            master.rows.receive(SHARE, SHARED)
        (user,) = master.spawn(lambda: list(master.rows.login_rows()))
        if not is_early:
            assert not user.ready()
            master.rows.receive(SHARE, SHARED)
        assert user.get(timeout=30) == [3, 4, 5]
        assert master.rows.part() == (1, None)

    def test_who_joins_late_learns_which_accounts_were_rejected_and_since_when_logins_arrive(self) -> None:
        master, heard = Master(), []
        master.rows.on_refusal = heard.append
        refusal = [4, "NotAuthorizedException", "wrong", "rejected"]
        master.rows.receive(SHARE, {**SHARED, "elapsed_s": 60.0, "rejected": [refusal]})
        assert heard == [Refusal(*refusal)]
        assert master.rows.part().began_s is not None


class TestLocalRows:
    def test_rows_come_from_the_ledger_and_who_finds_none_waits(self) -> None:
        rows = LocalRows(LeaseTable(2, planned=2, processes=1))
        users = [gevent.spawn(rows.take) for _ in range(3)]
        gevent.joinall(users[:2], timeout=30)
        assert [user.value for user in users] == [0, 1, None]
        rows.give_back(1)
        assert users[2].get(timeout=30) == 1

    def test_the_login_scenario_has_the_rows_that_api_users_leave_over_or_all(self) -> None:
        assert list(LocalRows(LeaseTable(5, planned=2, processes=1)).login_rows()) == [2, 3, 4]
        assert list(LocalRows(LeaseTable(3, planned=9, processes=1)).login_rows()) == [0, 1, 2]

    def test_more_api_users_than_planned_get_the_rows_of_login_users(self) -> None:
        rows = LocalRows(LeaseTable(3, planned=1, processes=1))
        users = [gevent.spawn(rows.take) for _ in range(3)]
        gevent.joinall(users, timeout=30)
        assert sorted(user.value for user in users) == [0, 1, 2]


class TestDesk:
    def test_that_users_wait_for_what_nobody_has_is_told_once(self) -> None:
        told: list[int] = []
        lease_server = LeaseServer(LeaseTable(1, planned=1, processes=1), lambda *_: None, told.append)
        lease_server.join("a")
        lease_server.receive("a", WANTED, {"count": 3, "ahead": 0})
        assert lease_server.waiting == 2
        lease_server.receive("a", RETURNED, {"rows": [], "is_answer": True, "to_come": 0})
        lease_server.receive("a", WANTED, {"count": 1, "ahead": 0})
        assert told == [2]

    def test_a_process_that_takes_no_part_is_not_heard(self) -> None:
        lease_server = LeaseServer(LeaseTable(1, planned=1, processes=1), lambda *_: pytest.fail("answered"))
        lease_server.receive("late", WANTED, {"count": 1, "ahead": 0})

    def test_the_rows_of_a_process_that_is_gone_go_to_who_waits(self) -> None:
        sent: list[tuple[str, str, Any]] = []
        lease_server = LeaseServer(
            LeaseTable(1, planned=1, processes=2), lambda to, kind, data: sent.append((to, kind, data))
        )
        for name in "ab":
            lease_server.join(name)
            lease_server.receive(name, WANTED, {"count": 1, "ahead": 0})
        lease_server.keep_only(["b"])
        assert [data for to, kind, data in sent if (to, kind) == ("b", GRANT)] == [
            {"rows": [[0, 1]], "settled": 1, "short_of": 0}
        ]

    def test_where_users_share_a_process_that_joins_late_gets_its_part_of_the_rows(self) -> None:
        """Six rows of one process, whose users move together on three; rejected ones are for nobody to share."""
        sent: list[tuple[str, str, Any]] = []
        ledger = LeaseTable(6, planned=9, processes=1, on_exhausted="share")
        lease_server = LeaseServer(ledger, lambda to, kind, data: sent.append((to, kind, data)))
        lease_server.join("a")
        lease_server.receive("a", WANTED, {"count": 9, "ahead": 0})
        lease_server.join("b")
        lease_server.receive("b", WANTED, {"count": 2, "ahead": 0})
        assert sent[-1] == ("a", RECALL, {"count": 3, "moves": True})
        lease_server.receive("a", RETURNED, {"rows": [], "is_answer": True, "to_come": 3})
        for _ in range(3):
            lease_server.keep_only("ab")
        assert sent[-1][1] == RECALL, "it is not asked again"
        lease_server.receive("a", RETURNED, {"rows": [[0, 3]], "is_answer": False, "to_come": 0})
        assert sent[-2] == ("b", GRANT, {"rows": [[0, 2]], "settled": 2, "short_of": 0})
        assert sent[-1] == ("b", GRANT, {"rows": [[2, 3]], "settled": 0, "short_of": 0}), "the rest of its part"
        lease_server.receive("b", WANTED, {"count": 5, "ahead": 0})
        assert sent[-1] == ("b", GRANT, {"rows": [], "settled": 0, "short_of": 5})
        for row in (0, 1, 2):
            lease_server.receive("b", REJECTED, {"refusal": [row, "NotAuthorizedException", "", "rejected"]})
        lease_server.receive("b", WANTED, {"count": 1, "ahead": 0})
        assert lease_server.waiting == 1

    def test_who_does_not_answer_is_not_counted_upon_for_longer_than_a_second(self) -> None:
        asked: list[str] = []
        lease_server = LeaseServer(
            LeaseTable(3, planned=0, processes=3), lambda to, kind, _: asked.append(to) if kind == RECALL else None
        )
        for name in "abc":
            lease_server.join(name)
        lease_server.receive("a", WANTED, {"count": 1, "ahead": 0})
        assert asked == ["a"], "which has most, or the first of those that have as many"
        for _ in range(2):
            lease_server.keep_only("abc")
        assert asked == ["a", "b"]

    def test_a_place_that_becomes_free_is_given_to_who_has_none(self) -> None:
        sent: list[tuple[str, str, Any]] = []
        lease_server = LeaseServer(
            LeaseTable(2, planned=0, processes=1), lambda to, kind, data: sent.append((to, kind, data))
        )
        lease_server.join("a")
        lease_server.join("b")
        assert sent[-1][2]["place"] is None
        lease_server.keep_only(["b"])
        assert sent[-1] == ("b", SHARE, {"rows": [[0, 2]], "place": 0, "rejected": []})
