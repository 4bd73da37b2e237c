"""What the users of one process share: above all, that a wrong password is tried once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import gevent
import pytest
from locust.event import Events

from harness.cognito.flows import Account, AppClient
from harness.cognito.tokens import Tokens
from harness.conversation import Conversation
from harness.credentials import Row, of_machine
from harness.errors import LoginError
from harness.load.leases import LeaseTable, LocalRows, Refusal
from harness.load.leases.broker import REJECTED
from harness.load.run.run import Run
from harness.load.run.setup import Setup
from harness.outcome import Outcome, Reason
from harness.settings import Settings
from harness.transport import Endpoint


class Line:
    """A user's conversation: slow, and answered as the test says."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.sent = 0
        self.in_flight = self.most_in_flight = 0

    def run(self, flow: object, reason: Reason) -> Tokens:
        self.sent += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        gevent.sleep(0.002)
        self.in_flight -= 1
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome.OK
        if outcome is not Outcome.OK:
            raise LoginError("SomeException", "said so", outcome=outcome)
        return Tokens("token", "", "", "Bearer", 3600)

    def close(self) -> None:
        """Nothing to let go of."""


def run_of(rate: str = "0", **given: str) -> Run:
    settings = Settings(client_id="client", login_cap=rate, **given)
    users = of_machine("client")
    setup = SimpleNamespace(
        settings=settings,
        client=AppClient("client"),
        read_token=lambda _: "token",
        users=users,
        endpoint=Endpoint.parse("http://127.0.0.1"),
    )
    return Run(cast("Setup", setup), Events(), LocalRows(LeaseTable(3, planned=0, processes=1)), processes=1)


def row(number: int) -> Row:
    return cast("Row", SimpleNamespace(number=number, account=Account(f"user-{number}", "password")))


def all_log_in(run: Run, line: Line, numbers: list[int]) -> list[Tokens | LoginError]:
    """Users with these rows log in at the same time, as Locust's users do."""

    def log_in(number: int) -> Tokens | LoginError:
        try:
            return run.log_in(cast("Conversation", line), row(number), Reason.INITIAL, gevent.sleep)
        except LoginError as error:
            return error

    greenlets = [gevent.spawn(log_in, number) for number in numbers]
    gevent.joinall(greenlets, timeout=30, raise_error=True)
    return [greenlet.value for greenlet in greenlets]


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.CHALLENGED])
@pytest.mark.parametrize("rate", ["0", "1000"])
def test_a_wrong_password_is_sent_once_however_many_users_have_its_row(outcome: Outcome, rate: str) -> None:
    """Five wrong ones lock the account out; and all of these users come before the first answer does."""
    line, run = Line(outcome), run_of(rate)

    got = all_log_in(run, line, [0] * 8)

    assert line.sent == 1
    assert [cast("LoginError", error).outcome for error in got] == [outcome] * 8


def test_an_account_that_has_worked_logs_in_as_often_at_once_as_users_ask() -> None:
    """Waiting for one another would be a load test of the harness."""
    line, run = Line(), run_of()
    all_log_in(run, line, [0])
    all_log_in(run, line, [0] * 8)
    assert line.most_in_flight == 8


def test_a_fault_that_passes_leaves_the_next_user_its_try() -> None:
    line, run = Line(Outcome.THROTTLED), run_of()
    first, second = all_log_in(run, line, [0, 0])
    assert isinstance(first, LoginError)
    assert isinstance(second, Tokens)


def test_accounts_do_not_wait_for_one_another() -> None:
    line, run = Line(), run_of()
    all_log_in(run, line, [0, 1, 2])
    assert line.most_in_flight == 3


def test_a_user_that_is_stopped_while_it_tries_leaves_the_account_to_the_next() -> None:
    line, run = Line(), run_of()
    stopped = gevent.spawn(run.log_in, cast("Any", line), row(0), Reason.INITIAL, gevent.sleep)
    gevent.sleep(0)
    waiting = gevent.spawn(run.log_in, cast("Any", line), row(0), Reason.INITIAL, gevent.sleep)
    gevent.sleep(0)
    stopped.kill()
    assert isinstance(waiting.get(timeout=30), Tokens)


class TestMachines:
    def test_all_of_them_have_the_row_of_their_app_client(self) -> None:
        """As many as the load wants: no row is leased, so none runs out, and it holds no variables."""
        run = run_of(flow="client_credentials")
        rows = [run.take_row(cast("Any", None)) for _ in range(10)]
        assert {(row.number, row.account.username, len(row.variables)) for row in rows} == {(0, "client", 0)}

    def test_what_refuses_the_client_refuses_them_all_and_is_asked_once(self) -> None:
        line, run = Line(Outcome.REJECTED), run_of(flow="client_credentials")
        got = all_log_in(run, line, [0] * 8)
        assert line.sent == 1
        assert all(isinstance(error, LoginError) for error in got)

    def test_a_throttle_of_one_holds_up_no_other(self) -> None:
        run = run_of(flow="client_credentials")
        run.penalties[0].failed(LoginError("NotCognito", "said so", outcome=Outcome.THROTTLED), now_s=100.0)
        assert run.penalties[0].wait_s(100.0) == 0


class User:
    """What a run needs of Locust's user."""

    def __init__(self) -> None:
        self._state = "running"

    def move(self) -> None:
        """It need not."""


class TestUsersOfOneAccount:
    def run(self, **given: str) -> Run:
        run = run_of(**given)
        run.setup.users = cast("Any", SimpleNamespace(rows=[row(number) for number in range(3)]))  # type: ignore[misc]
        return run

    def sessions(self, run: Run, line: Line, numbers: list[int]) -> list[Any]:
        run.conversation = lambda: cast("Conversation", line)  # type: ignore[method-assign]
        return [run.session(row(number), gevent.sleep) for number in numbers]

    def all_ask(self, sessions: list[Any]) -> list[Tokens | LoginError]:
        def ask(session: Any) -> Tokens | LoginError:
            try:
                return cast("Tokens", session.token())
            except LoginError as error:
                return error

        greenlets = [gevent.spawn(ask, session) for session in sessions]
        gevent.joinall(greenlets, timeout=30, raise_error=True)
        return [greenlet.value for greenlet in greenlets]

    def test_one_of_them_logs_in_for_all(self) -> None:
        line, run = Line(), self.run()
        got = self.all_ask(self.sessions(run, line, [0] * 8))
        assert line.sent == 1
        assert len({id(tokens) for tokens in got}) == 1

    def test_they_share_a_failure_as_well(self) -> None:
        line, run = Line(Outcome.SERVER_ERROR), self.run()
        got = self.all_ask(self.sessions(run, line, [0] * 8))
        assert line.sent == 1
        assert all(isinstance(error, LoginError) for error in got)

    def test_users_of_different_accounts_share_nothing(self) -> None:
        line, run = Line(), self.run()
        self.all_ask(self.sessions(run, line, [0, 1, 2]))
        assert line.sent == 3

    @pytest.mark.parametrize(("keep_tokens", "logins"), [("no", 2), ("yes", 1)])
    def test_the_next_user_of_an_account_logs_in_again_unless_tokens_are_kept(
        self, keep_tokens: str, logins: int
    ) -> None:
        line, run = Line(), self.run(keep_tokens=keep_tokens)
        taken = []
        for _ in range(2):
            user = User()
            taken.append(run.take_row(cast("Any", user), move=user.move))
            self.all_ask(self.sessions(run, line, [taken[-1].number]))
            run.give_back(taken[-1], user.move)
        assert taken[0] is taken[1]
        assert line.sent == logins

    def test_an_account_that_another_process_was_refused_is_not_tried_here(self) -> None:
        line, run = Line(), self.run()
        run.rows.receive(REJECTED, {"refusal": [0, "SomeException", "said so", "rejected"]})
        (error,) = all_log_in(run, line, [0])
        assert line.sent == 0
        assert str(error) == "SomeException: said so"

    def test_an_account_that_is_refused_here_is_told_to_the_others(self) -> None:
        line, run, told = Line(Outcome.REJECTED), self.run(), []
        run.rows.refuse = told.append  # type: ignore[method-assign]
        all_log_in(run, line, [1, 1])
        assert told == [Refusal(1, "SomeException", "said so", "rejected")]


def test_a_sentence_for_people_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    run = run_of()
    for _ in range(3):
        run.report("the lives differ")
    assert [record.message for record in caplog.records] == ["the lives differ"]
