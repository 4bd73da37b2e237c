"""An API user and its account: another one when Cognito rejects it, and counted when there never was one."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import gevent
import pytest
from locust.env import Environment
from locust.exception import RescheduleTask

from harness.cognito.flows import Account, AppClient
from harness.cognito.tokens import Tokens
from harness.errors import LoginError
from harness.load import CognitoApiUser
from harness.load.leases import Exhausted, LeaseTable, LocalRows
from harness.load.leases.broker import RECALL
from harness.load.run.current import attach
from harness.load.run.run import Run
from harness.load.run.setup import Setup
from harness.load.users import MOST_ROWS
from harness.outcome import Outcome
from harness.settings import Settings
from harness.transport import Endpoint

NO = LoginError("NotAuthorizedException", "User is disabled.", outcome=Outcome.REJECTED)


class Api(CognitoApiUser):
    host = "http://127.0.0.1:1"


class Load:
    """A run whose accounts Cognito takes or rejects as the test says, and its users."""

    def __init__(self, rows: int, *, on_exhausted: Exhausted = "stop", planned: int = 0) -> None:
        self.rejects: set[int] = set()
        self.asked: list[int] = []
        settings = Settings(client_id="client", on_exhausted=on_exhausted)
        accounts = [
            SimpleNamespace(number=number, account=Account(f"user-{number}", "password"), variables={"n": str(number)})
            for number in range(rows)
        ]
        setup: Any = SimpleNamespace(
            settings=settings,
            client=AppClient("client"),
            read_token=lambda _: "token",
            users=SimpleNamespace(rows=accounts),
            endpoint=Endpoint.parse("http://127.0.0.1"),
            tls=None,
        )
        self.environment = Environment(user_classes=[Api])
        ledger = LeaseTable(rows, planned=planned or rows, processes=1, on_exhausted=on_exhausted)
        self.run = Run(cast("Setup", setup), self.environment.events, LocalRows(ledger), processes=1)
        self.run.session = self.session  # type: ignore[method-assign, assignment]
        attach(self.environment, self.run)
        self.users: list[Api] = []

    def session(self, row: Any, _wait: object) -> Any:
        def token() -> Tokens:
            self.asked.append(row.number)
            if row.number in self.rejects:
                self.run.penalties[row.number].reject_if_final(NO)
                raise NO
            self.run._has_worked = True
            return Tokens(f"token-{row.number}", "", "", "Bearer", 3600)

        return SimpleNamespace(token=token)

    def user(self) -> Api:
        user = Api(self.environment)
        user._state = "running"
        user._greenlet = gevent.spawn(gevent.sleep, 60)
        self.users.append(user)
        return user

    def token(self, user: Api) -> str:
        """The token that a request of this user would carry; empty when it is not sent."""
        try:
            return user.client._bearer.tokens("/me").access_token
        except RescheduleTask:
            return ""


@pytest.fixture(autouse=True)
def no_idling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.load.users.IDLE_S", 0)


@pytest.fixture
def load() -> Iterator[Load]:
    made = Load(6)
    yield made
    gevent.killall([user.greenlet for user in made.users])


def test_a_user_whose_account_was_rejected_goes_on_with_a_free_one(load: Load) -> None:
    """The request that met the rejection is skipped, and the row is nobody's any more."""
    first, second = load.user(), load.user()
    assert [load.token(first), load.token(second)] == ["token-0", "token-1"]
    load.rejects = {0}
    assert load.token(first) == ""
    assert load.token(first) == "token-2"
    assert first.vars == {"n": "2"}
    assert load.run.metrics.skipped == {("/me", "NotAuthorizedException"): 1}
    third = load.user()
    assert load.token(third) == "token-3", "the rejected row is not handed out again"


def test_as_long_as_no_account_has_worked_the_fault_may_be_everybodys(load: Load) -> None:
    load.rejects = set(range(6))
    user = load.user()
    assert [load.token(user) for _ in range(5)] == [""] * 5
    assert set(load.asked) == {0}


def test_a_user_tries_a_few_accounts_and_no_more(load: Load) -> None:
    load.token(load.user())
    load.rejects = set(range(1, 6))
    user = load.user()
    assert [load.token(user) for _ in range(8)] == [""] * 8
    assert sorted(set(load.asked) - {0}) == [1, 2, 3]
    assert MOST_ROWS == 3


def test_the_row_of_a_user_that_ends_is_the_next_ones(load: Load) -> None:
    for _ in range(2):
        user = load.user()
        assert load.token(user) == "token-0"
        user.greenlet.kill()
        gevent.sleep(0)


def test_who_shares_an_account_that_is_rejected_shares_another() -> None:
    load = Load(2, on_exhausted="share", planned=4)
    users = [load.user() for _ in range(4)]
    assert sorted(map(load.token, users)) == ["token-0", "token-0", "token-1", "token-1"]
    load.rejects = {0}
    for user in users:
        load.token(user)
    assert {load.token(user) for user in users} == {"token-1"}
    gevent.killall([user.greenlet for user in users])


def test_users_move_when_their_row_is_needed_elsewhere() -> None:
    """Each before its next request; the row leaves when the last of them has."""
    load, left = Load(2, on_exhausted="share", planned=4), []
    load.run.rows.on_leave = left.append
    users = [load.user() for _ in range(4)]
    assert [load.token(user) for user in users] == ["token-0", "token-1", "token-1", "token-0"]
    load.run.rows.receive(RECALL, {"count": 1, "moves": True})
    assert [load.token(users[0]), left] == ["token-1", []]
    load.token(users[3])
    assert left == [0]
    assert [load.token(user) for user in users[:3]] == ["token-1"] * 3
    assert load.run.metrics.skipped == {}
    gevent.killall([user.greenlet for user in users])


def test_recycled_rows_begin_again_without_the_rejected() -> None:
    load = Load(3, on_exhausted="recycle")
    users = [load.user() for _ in range(5)]
    assert [load.token(user) for user in users] == ["token-0", "token-1", "token-2", "token-0", "token-1"]
    load.rejects = {1}
    for user in users:
        load.token(user)
    assert {load.token(user) for user in users} == {"token-0", "token-2"}
    gevent.killall([user.greenlet for user in users])


@pytest.mark.parametrize(("is_served", "unserved"), [(False, {"Api": 1}), (True, {})])
def test_who_waited_for_an_account_until_the_end_is_counted(
    monkeypatch: pytest.MonkeyPatch, *, is_served: bool, unserved: dict[str, int]
) -> None:
    """Not so who got one late."""
    load = Load(1, on_exhausted="wait")
    lucky, other = load.user(), load.user()
    load.token(lucky)
    monkeypatch.setattr("harness.load.leases.rows.PATIENCE_S", 0.0)
    waits = gevent.spawn(load.token, other)
    with gevent.Timeout(30):
        while not load.run.metrics.skipped:
            gevent.sleep(0.001)
    if is_served:
        lucky.greenlet.kill()
        waits.join(30)
    waits.kill()
    assert load.run.metrics.skipped == {("/me", "NoAccountLeft"): 1}
    assert load.run.metrics.unserved == unserved
    gevent.killall([user.greenlet for user in load.users])
