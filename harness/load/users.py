"""The two kinds of user: one that calls an API with its token, one that does nothing but log in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

import gevent
import gevent.lock
from locust import FastHttpUser, User
from locust.env import Environment
from locust.exception import RescheduleTask

from harness.cognito.tokens import Tokens, TokenUse
from harness.conversation import Conversation
from harness.credentials import Cycle, Row
from harness.errors import ConfigurationError, LoginError, Problem
from harness.evidence.figures.metrics import NO_ACCOUNT
from harness.extract import JsonExtractor
from harness.load.client import ApiSession
from harness.load.http.limits import REQUEST_TIMEOUT_S, Limits
from harness.load.locust_fixes import patches
from harness.load.run.current import run_of
from harness.load.run.run import Run
from harness.load.run.stoppable_wait import wait_of, waiting
from harness.outcome import Outcome, Reason
from harness.session import TokenSession
from harness.settings import Settings

# An enum's members cost a metaclass look-up each time they are named.
_OK = Outcome.OK
IDLE_S = 1.0
"""How long a user without a usable account waits before it looks again: a task without wait time must not spin."""

MOST_ROWS: Final = 3
"""Rows that a user has at most, when Cognito rejects their accounts: to try a whole file of them would be an attack."""


class Extraction:
    """A JSON Extractor as a user class declares it, with the fields of JMeter's form in their order.

    Faults in it are configuration faults: they are found before the load starts.

        class Api(CognitoApiUser):
            order_id = Extraction("orderId", "$.orders[0].id", match_numbers="1", defaults="NOT_FOUND")
    """

    def __init__(
        self,
        names: str,
        paths: str,
        match_numbers: str = "",
        defaults: str = "",
        *,
        compute_concatenation: bool = False,
    ) -> None:
        self.problems: tuple[Problem, ...] = ()
        self._extractor: JsonExtractor | None = None
        try:
            self._extractor = JsonExtractor.checked(names, paths, match_numbers, defaults, compute_concatenation)
        except ConfigurationError as error:
            self.problems = error.problems

    def apply(self, text: str, variables: dict[str, str]) -> None:
        """Set the variables from a response's text.

        Raises:
            ConfigurationError: The extraction is faulty and the load was started all the same.
        """
        if self._extractor is None:
            raise ConfigurationError(self.problems)
        self._extractor.apply(text, variables)


class CognitoApiUser(FastHttpUser):
    """A FastHttpUser whose requests carry the token of its own account.

    The first request that needs a token logs in; `self.vars` holds the row's columns as JMeter variables.
    """

    abstract = True
    insecure = False
    request_timeout: float | None = None
    """How long a request may take until its answer has come whole, in seconds; None: as `--request-timeout` says. With
    `stream=True` only the answer's head counts."""
    max_answer_bytes: int | None = None
    """How large the body of an answer may be; None: as `--max-answer` says."""

    def __init__(self, environment: Environment) -> None:
        super(FastHttpUser, self).__init__(environment)  # FastHttpUser's own would build a session without tokens
        run = run_of(environment)
        if run is None:
            self.tasks = [idle]
            return
        self.vars: dict[str, str] = {}
        """JMeter variables: the row's columns (never a password), and what `extract` found."""
        self.client = ApiSession(
            base_url=self.host,
            request_event=self.environment.events.request,
            network_timeout=self.network_timeout,
            connection_timeout=self.connection_timeout,
            max_redirects=self.max_redirects,
            max_retries=self.max_retries,
            insecure=self.insecure,
            concurrency=self.concurrency,
            user=self,
            client_pool=self.client_pool,
            ssl_context_factory=self.ssl_context_factory or _context_factory(run, insecure=self.insecure),
            headers=self.default_headers,
            proxy_host=self.proxy_host,
            proxy_port=self.proxy_port,
            limits=self._limits(run.setup.settings),
            bearer=_AccountBearer(self, run),
            cut_off=run.request_cut_off,
            in_flight=run.in_flight,
        )

    def extract(self, extraction: Extraction, response: _HasText) -> None:
        """Apply a JSON Extractor to a response, into `self.vars`."""
        extraction.apply(response.text or "", self.vars)

    def _limits(self, settings: Settings) -> Limits:
        usual_s = max(REQUEST_TIMEOUT_S, self.network_timeout)
        return Limits(
            settings.max_answer_bytes if self.max_answer_bytes is None else self.max_answer_bytes,
            self.request_timeout or settings.request_timeout_s or usual_s,
        )

    @classmethod
    def problems(cls) -> list[Problem]:
        """Faults of the class's extractions and limits."""
        limits = {name: getattr(cls, name) for name in ("request_timeout", "max_answer_bytes")}
        faults = [
            Problem(f"{cls.__name__}.{name} is {value!r}", "Expected a number above 0, or None for the option's value.")
            for name, value in limits.items()
            if value is not None and not (isinstance(value, int | float) and 0 < value < float("inf"))
        ]
        declared = [value for base in cls.__mro__ for value in vars(base).values() if isinstance(value, Extraction)]
        return [*faults, *(problem for extraction in declared for problem in extraction.problems)]


class CognitoLoginUser(User):
    """A user that logs in, each time with its next account, and does nothing else."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        run = run_of(environment)
        if run is None:
            self.tasks = [idle]
            return
        self._run = run
        self._wait = wait_of(self)
        self._conversation: Conversation = run.conversation()
        self._cycle: Cycle | None = None
        if run.is_paced:
            self.wait_time = _no_wait  # type: ignore[method-assign]  # the load model says when, and not the class

    def log_in(self) -> Tokens | None:
        """Log in with the next account of this process's share; None when that failed (the statistics have it).

        Under an open load (`--login-rate`) it first waits for an arrival, and then logs in at once.
        """
        cycle = self._cycle
        if cycle is None:
            cycle = self._cycle = self._run.cycle(self)
        if self._run.has_arrivals:
            return self._log_in_on_arrival(cycle)
        row = self._run.next_row(cycle)
        if row is not None:
            return self._try(row, self._wait)[0]
        if not len(cycle):
            self._run.skip("login", _no_account())
        self._wait(IDLE_S)
        return None

    def _log_in_on_arrival(self, cycle: Cycle) -> Tokens | None:
        """Log in with an account that nothing holds back; an arrival that finds none is dropped, not delayed."""
        with waiting(self):
            due_s = self._run.arrivals().take()
        penalties = self._run.penalties
        row, tried = self._run.next_row(cycle), 1
        while row is not None and penalties[row.number].wait_s(time.monotonic()) and tried < len(cycle):
            row, tried = self._run.next_row(cycle), tried + 1
        if row is None or penalties[row.number].wait_s(time.monotonic()):
            self._run.metrics.drop(NO_ACCOUNT)
            return None
        self._run.monitor.health.sent_late(round((time.perf_counter() - due_s) * 1e6))
        under_way = self._run.in_flight.arrivals
        under_way[self] = due_s
        try:
            tokens, outcome = self._try(row, None)
        except gevent.GreenletExit:
            since_due_us = round((time.perf_counter() - due_s) * 1e6)
            self._run.metrics.cut_off_ages.record("intended", "login", since_due_us, Reason.INITIAL)
            raise
        finally:
            del under_way[self]
        self._run.metrics.intended(outcome, Reason.INITIAL, round((time.perf_counter() - due_s) * 1e6))
        return tokens

    def _try(self, row: Row, wait: Callable[[float], None] | None) -> tuple[Tokens | None, Outcome]:
        """Log in with this row, which no other process gets meanwhile; its penalty is waited for, given a wait."""
        number = row.number
        penalty = self._run.penalties[number]
        rows = self._run.rows
        rows.begin(number)
        try:
            penalty_s = penalty.wait_s(time.monotonic()) if penalty.until_s else 0.0
            if penalty_s and wait is not None:
                wait(penalty_s)
            tokens = self._run.log_in(self._conversation, row, Reason.INITIAL, wait)
        except LoginError as error:
            penalty.failed(error, time.monotonic())
            return None, Outcome(error.outcome)
        finally:
            rows.end(number)
        if penalty.until_s:  # else there is nothing to forgive: the run has noted that the account works
            penalty.succeeded()
        return tokens, _OK


def _no_account() -> LoginError:
    return LoginError("NoAccountLeft", "", outcome=Outcome.REJECTED)


def _no_wait() -> float:
    return 0.0


def idle(user: User) -> None:
    """The only task of a user that cannot take part; the master ends its run."""
    wait_of(user)(IDLE_S)


class _HasText(Protocol):
    @property
    def text(self) -> str | None: ...


class _AccountBearer:
    """The tokens of one user's own account, taken when the first request needs them."""

    def __init__(self, user: CognitoApiUser, run: Run) -> None:
        self._user = user
        self._run = run
        self._use = cast("TokenUse", run.setup.settings.token_use)
        self._session: TokenSession | None = None
        self._row: Row | None = None
        self._is_served = False
        self._rejections = 0
        self._seating = gevent.lock.RLock()

    def tokens(self, name: str) -> Tokens:
        try:
            return self._usable((self._session or self._seat(name)).token())
        except LoginError as error:
            raise self._skipped(name, error) from error

    def instead_of(self, refused: Tokens, name: str) -> Tokens:
        try:
            return self._usable((self._session or self._seat(name)).force(refused))
        except LoginError as error:
            raise self._skipped(name, error) from error

    def value(self, tokens: Tokens) -> str:
        return "Bearer " + tokens.bearer(self._use)

    def _usable(self, tokens: Tokens) -> Tokens:
        tokens.bearer(self._use)  # raises LoginError when the login brought no token for this use
        return tokens

    def _seat(self, name: str) -> TokenSession:
        has_waited = False

        def skip() -> None:
            nonlocal has_waited
            has_waited = True
            self._run.skip(name, _no_account())

        with self._seating:
            if self._session is not None:
                return self._session
            if not self._is_served:
                self._user.greenlet.link(lambda _: self._leave())
            self._leave()
            try:
                self._row = row = self._run.take_row(self._user, skip, self._move)
            except gevent.GreenletExit:
                if has_waited and not self._is_served:
                    self._run.metrics.count_unserved(type(self._user).__name__)
                raise
            self._is_served = True
            self._user.vars.update(row.variables)
            self._session = self._run.session(row, wait_of(self._user))
        if has_waited:  # the request was counted as not sent, and so it is not
            raise RescheduleTask
        return self._session

    def _leave(self) -> None:
        row, self._row = self._row, None
        if row is not None:
            self._run.give_back(row, self._move)

    def _move(self) -> None:
        """The next request takes another row; one that is on its way has its token already."""
        self._session = None

    def _skipped(self, name: str, error: LoginError) -> RescheduleTask:
        self._run.skip(name, error)
        if error.outcome in (Outcome.REJECTED, Outcome.CHALLENGED):
            if self._row is not None and self._rejections < MOST_ROWS - 1 and self._run.may_move(self._row):
                self._rejections += 1
                self._move()
            else:
                wait_of(self._user)(IDLE_S)
        return RescheduleTask()


def _context_factory(run: Run, *, insecure: bool) -> Any:  # noqa: ANN401  # Locust's own type
    return patches.shared_context_factory(patches.unverified_context() if insecure else run.setup.tls)
