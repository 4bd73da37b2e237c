"""One run, as one process lives it: its accounts, its sessions, and the witness of everything that happens."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import gevent
import gevent.lock
from locust.event import Events
from locust.exception import StopUser
from locust.user.users import User

from harness.clock import ClockWatch
from harness.cognito import srp
from harness.cognito.flows import FLOWS, SRP_FLOWS
from harness.cognito.flows.refreshing import Refreshing
from harness.cognito.tokens import Tokens
from harness.cognito.wire import Call
from harness.conversation import Conversation, CutOff
from harness.credentials import Cycle, Cycles, EndOfUsers, Row
from harness.errors import LoginError
from harness.evidence.figures.in_flight import InFlight
from harness.evidence.figures.metrics import NO_SLOT, Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.storage.jtl import SampleFile
from harness.load.leases import LeasedRows
from harness.load.run.accounts import Accounts
from harness.load.run.arrivals import Arrivals
from harness.load.run.generator_monitor import GeneratorMonitor
from harness.load.run.pacing import LoginCap, Pacer
from harness.load.run.setup import Setup
from harness.load.run.srp_thread import SrpThread
from harness.load.run.stoppable_wait import waiting
from harness.outcome import Reason
from harness.session import MARGIN_S, Penalty, Renewal, TokenSession

REQUEST_TYPE = "COGNITO"
"""The type of Cognito's rows in Locust's tables, apart from the API's."""
LONGEST_IDLE_S = 60.0
"""A session that does not need Cognito for longer than this lets its connection go: the other side would not keep it
either (AWS's load balancers close after 60 s by default), and 10,000 users need half the descriptors."""
WAITS_FOR_ACCOUNT = (
    "users wait for an account: all rows of the users file are in use, or rejected. Add accounts, or run fewer users"
)

log = logging.getLogger("cognito-load")


class LocustError(Exception):
    """A failed exchange as Locust's failures table shows it: the text alone, the same for every user who meets it."""

    def __repr__(self) -> str:
        return str(self)


class Run:
    """What the users of one process share during one run."""

    def __init__(
        self,
        setup: Setup,
        events: Events,
        rows: LeasedRows,
        *,
        processes: int,
        users: Callable[[], int] = lambda: 1,
    ) -> None:
        self.setup = setup
        self._url = setup.endpoint.url
        self._users = users
        self.metrics = Metrics()
        """What was measured since the last `drain`: the supervisor's record has the whole."""
        self.in_flight = InFlight()
        """What its users have begun, and what has not ended yet."""
        self.samples: SampleFile | None = None
        self.monitor = GeneratorMonitor()
        self._clock = ClockWatch(self.monitor.health.clock)
        self._events = events
        self.rows = rows
        """Where the rows of this process come from."""
        rows.on_part = self._take_part
        settings = setup.settings
        self._renewal = Renewal(settings.renew_margin_s, settings.renew_spread_share, random.random)
        self._cap = LoginCap.share(setup.settings.max_login_rate, processes)
        self._accounts = Accounts(rows, are_machines=settings.is_machine, keeps_tokens=settings.keeps_tokens)
        self.penalties: Mapping[int, Penalty] = self._accounts.penalties
        """What the failures of a row's account have cost; see `Accounts.penalties`."""
        self._cycles: Cycles | None = None
        self._processes = processes
        self._schedule = settings.arrivals
        self.has_arrivals = bool(self._schedule)
        """Whether the load is open: logins start when they are due, and not when their users are free."""
        self._arrivals: Arrivals | None = None
        self._is_spawned = False
        self._reported: set[str] = set()
        self._has_worked = False
        """Whether any account has: then what refuses another is not the fault of all."""
        self._begin = FLOWS[setup.settings.flow]
        self._refreshing = Refreshing(settings.refresh, self.report)
        if setup.settings.flow in SRP_FLOWS:
            srp.prepare()
            if not srp.IS_FAST:
                self.report(srp.SLOW_ARITHMETIC)

    def sample(self, sample: Sample) -> None:
        """Keep an exchange or a login; Locust's own tables get the exchanges."""
        self.metrics.record(sample)
        if self.samples is not None:
            self.samples.add(sample)
        if sample.unread_us:
            self.monitor.health.late_reads.record(sample.unread_us)
        if sample.kind == "exchange":
            self._events.request.fire(
                request_type=REQUEST_TYPE,
                name=sample.name,
                response_time=sample.elapsed_us / 1000,
                response_length=sample.received_bytes,
                exception=LocustError(sample.error) if sample.error else None,
                start_time=sample.started_s,
                url=self._url,
                context={},
                response=None,
            )

    def keep(self, sample: Sample) -> None:
        """Keep a sample that Locust's tables have already, or never will."""
        self.metrics.record(sample)
        if sample.unread_us:
            self.monitor.health.late_reads.record(sample.unread_us)
        if self.samples is not None:
            self.samples.add(sample)

    def write_samples(self, path: Path, process: str) -> None:
        """From now on, write every sample down; a file that cannot be written is said once, and the run goes on."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.report(f"{path} could not be written ({error.strerror or error}): the run goes on")
            return
        self.samples = SampleFile(path, process, lambda sentence: self.report(f"{sentence}: the run goes on"))

    def close_samples(self) -> dict[str, Any] | None:
        """Nothing more comes: the file's name, its rows, and whether it is whole; None when none was asked for."""
        if not self.setup.settings.writes_samples:
            return None
        if self.samples is None:
            return {"file": "", "rows": 0, "is_whole": False}
        self.samples.flush()
        told = {"file": self.samples.path.name, "rows": self.samples.rows, "is_whole": self.samples.is_open}
        self.samples.close()
        return told

    def cut_off(self, cut_off: CutOff) -> None:
        """Keep an exchange with Cognito that was in flight when its user was stopped, and its login."""
        operation, reason, age_us, login_us, is_sent = cut_off
        if is_sent:
            self.metrics.cut_off(operation)
        self.metrics.cut_off_ages.record("exchange", operation, age_us, reason)
        self.metrics.cut_off_ages.record("login", "login", login_us, reason)

    def request_cut_off(self, name: str, age_us: int) -> None:
        """Keep an API request that was in flight when its user was stopped."""
        self.metrics.cut_off(name)
        self.metrics.cut_off_ages.record("request", name, age_us)

    def skip(self, name: str, error: LoginError) -> None:
        """Count an API request that was not sent, because its user has no token."""
        self.metrics.skip(name, error.kind)

    def report(self, sentence: str) -> None:
        """Say something to people, once."""
        if sentence not in self._reported:
            self._reported.add(sentence)
            log.warning(sentence)

    def drain(self) -> Metrics:
        """Everything measured since the last time; from now on measurements go into a fresh book."""
        measured, self.metrics = self.metrics, Metrics()
        if self.samples is not None:
            self.samples.flush()
            self.samples.users = max(self._users(), 1)
        return measured

    def take_row(
        self, user: User, tell: Callable[[], None] = lambda: None, move: Callable[[], None] = lambda: None
    ) -> Row:
        """A row for an API user, until it is given back; waits for one. Machines share the one of their app client.

        Args:
            user: Who gets it; it can be stopped while it waits.
            tell: Called once when the row does not come at once.
            move: Called when the user has to give it back before its next request, and to take another one.
        """
        if self.setup.settings.is_machine:
            return self.setup.users.rows[0]

        def say() -> None:
            self.report(WAITS_FOR_ACCOUNT)
            tell()

        with waiting(user):
            number = self.rows.take(say)
        self._accounts.take(number, move)
        return self.setup.users.rows[number]

    def give_back(self, row: Row, move: Callable[[], None]) -> None:
        """An API user needs its row no more, which it took with this `move`."""
        if not self.setup.settings.is_machine:
            self._accounts.give_back(row.number, move)

    def may_move(self, row: Row) -> bool:
        """Whether a user of this row had better take another: Cognito rejected it, and not all of them.

        Where no account has worked yet the fault may be everybody's, and asking with more accounts helps nobody.
        """
        is_rejected = self.penalties[row.number].rejection is not None
        return is_rejected and self._has_worked and not self.setup.settings.is_machine

    def cycle(self, user: User) -> Cycle:
        """What a login user takes its turns on, for as long as it lives."""
        if self._cycles is None:
            rows = _the_only_row if self.setup.settings.is_machine else self.rows.login_rows
            if not rows():
                self.report(WAITS_FOR_ACCOUNT)
            self._cycles = Cycles(rows, self.setup.data_set)
        return self._cycles.join(type(user).__name__)

    @property
    def is_paced(self) -> bool:
        """Whether the load model says when logins happen, and not the wait time of their users."""
        return self.has_arrivals or bool(self.setup.settings.sweep)

    def arrivals(self) -> Arrivals:
        """The open load of this process, where it has one."""
        if self._arrivals is None:
            self._arrivals = Arrivals(self._pacer(self.rows.part().place), lambda: self.metrics.drop(NO_SLOT))
            if self._is_spawned:
                self._arrivals.begin(self.rows.part().began_s)
        return self._arrivals

    def begin_arrivals(self) -> None:
        """All users are here: the clock of an open load starts, unless it runs already."""
        self._is_spawned = True
        if self._arrivals is not None:
            self._arrivals.begin(self.rows.part().began_s)

    def end_arrivals(self) -> None:
        """Users are about to be stopped: nobody arrives any more."""
        if self._arrivals is not None:
            self._arrivals.stop()

    def next_row(self, cycle: Cycle) -> Row | None:
        """The next row whose account was not rejected; None when there is none, or the file is at its end.

        Raises:
            StopUser: The file is at its end, and its data set stops the user there.
        """
        try:
            number, tried = cycle.take(), 1
            while number is not None and self.penalties[number].rejection is not None:
                if tried >= len(cycle):
                    return None
                number, tried = cycle.take(), tried + 1
        except EndOfUsers:
            raise StopUser from None
        return None if number is None else self.setup.users.rows[number]

    def conversation(self) -> Conversation:
        """A user's own line to Cognito."""
        return Conversation(
            self.setup.cognito,
            self,
            keeps_connection=self.setup.settings.connection == "keep",
            offload=_off_the_loop,
            wait=gevent.sleep,
            clock=self._clock,
            in_flight=self.in_flight,
            kept=self.monitor.health.kept,
        )

    def log_in(
        self, conversation: Conversation, row: Row, reason: Reason, wait: Callable[[float], None] | None
    ) -> Tokens:
        """One full login, when the login rate allows; without a `wait` at once.

        Until an account has worked, one login of it is in flight at a time: several users can have the same row, and
        a wrong password that all of them try at once locks the account out.
        """
        if wait is not None and not self._cap.is_open:
            self._await_turn(wait)
        flow = self._begin(self.setup.client, row.account, self.setup.read_token)
        penalty = self.penalties[row.number]
        if penalty.has_worked:
            return conversation.run(flow, reason)
        with self._accounts.trial(row.number):
            penalty.refuse_if_rejected()
            try:
                tokens = conversation.run(flow, reason)
            except LoginError as error:
                penalty.reject_if_final(error)  # before the next one, which waits here, has its turn
                raise
            penalty.succeeded()
            self._has_worked = True
            return tokens

    def session(self, row: Row, wait: Callable[[float], None]) -> TokenSession:
        """A user's session with an account."""
        conversation = self.conversation()

        def refresh(old: Tokens) -> Tokens:
            self._await_turn(wait)
            flow = self._refreshing.flow(self.setup.client, row.account.username, old, self.setup.read_token)
            return _rested(conversation, conversation.run(flow, Reason.REFRESH))

        return TokenSession(
            lambda reason: _rested(conversation, self.log_in(conversation, row, reason, wait)),
            refresh if self._refreshing.is_wanted else None,
            self._accounts.own_penalty(row.number),
            now=time.monotonic,
            wait=wait,
            held=self._accounts.held(row.number),
            report=self.report,
            renewal=self._renewal,
        )

    def _pacer(self, place: int | None) -> Pacer:
        return Pacer(
            self._schedule if place is not None else (),
            part=place or 0,
            parts=self._processes,
            draw=random.random if self.setup.settings.login_arrivals == "poisson" else None,
        )

    def _take_part(self) -> None:
        if self._arrivals is not None:
            self._arrivals.follow(self._pacer(self.rows.part().place))

    def _await_turn(self, wait: Callable[[float], None]) -> None:
        delay_s = self._cap.reserve(time.monotonic())
        if delay_s > 0:
            wait(delay_s)


def incomplete(samples: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What a reader of `samples.jtl` must know about one process's part of it, by what `close_samples` said."""
    if samples is None or samples["is_whole"]:
        return ()
    return (f"samples of {samples['file'] or 'one process'} are not complete: the file could not be written",)


def _the_only_row() -> Sequence[int]:
    """Machines share the row of their app client."""
    return (0,)


def _rested(conversation: Conversation, tokens: Tokens) -> Tokens:
    if tokens.expires_in_s > LONGEST_IDLE_S + MARGIN_S:
        conversation.close()
    return tokens


@cache
def _srp_thread(_: int) -> SrpThread:
    """A process of its own has one of its own."""
    return SrpThread()


def _off_the_loop(step: Callable[[], Call]) -> Call:
    return _srp_thread(os.getpid()).run(step)
