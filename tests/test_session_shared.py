"""Users that share an account, under a fake clock and answers that come when they like: one login for all of them."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import gevent.event
import gevent.lock
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from harness.cognito.tokens import Tokens
from harness.errors import LoginError
from harness.outcome import Outcome, Reason
from harness.session import BACK_OFF_CAP_S, BACK_OFF_S, Penalty, SharedTokens, TokenSession

USERS = st.integers(0, 3)
TRANSIENT = (Outcome.THROTTLED, Outcome.SERVER_ERROR, Outcome.TRANSPORT_ERROR, Outcome.MALFORMED)
FINAL = (Outcome.REJECTED, Outcome.CHALLENGED)
MARGIN_S, MARGIN_SHARE = 60.0, 0.4


class Cognito:
    """One account: what it is asked waits until the test answers, and may not be asked while it must not."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.drawn = 1.0
        self.call: gevent.event.AsyncResult | None = None
        self.is_refresh = False
        self.calls = 0
        self.failures = 0
        self.allowed_s = 0.0
        """When the next login may be, by the rule of the penalty: reckoned here a second time."""
        self.is_rejected = False
        self.expires_at_s: dict[int, float] = {}
        self.issued: list[Tokens] = []
        self.sleeping: list[tuple[float, gevent.event.Event]] = []

    def log_in(self, reason: Reason) -> Tokens:
        return self.ask(is_refresh=False)

    def refresh(self, old: Tokens) -> Tokens:
        assert old.refresh_token
        return self.ask(is_refresh=True)

    def ask(self, *, is_refresh: bool) -> Tokens:
        assert self.call is None, "two logins of one account are in flight"
        assert not self.is_rejected, "a rejected account is tried again"
        assert self.now_s >= self.allowed_s - 1e-6, "sooner than the penalty allows"
        self.calls += 1
        self.call, self.is_refresh = gevent.event.AsyncResult(), is_refresh
        try:
            tokens: Tokens = self.call.get()
        finally:
            self.call = None
        return tokens

    def wait(self, seconds: float) -> None:
        assert 0 < seconds <= BACK_OFF_CAP_S
        assert abs(self.now_s + seconds - self.allowed_s) < 1e-6, "the penalty is another one"
        over = gevent.event.Event()
        self.sleeping.append((self.now_s + seconds, over))
        over.wait()

    def succeed(self, life_s: int, refresh_token: str) -> None:
        tokens = Tokens("access", "id", refresh_token, "Bearer", life_s)
        self.issued.append(tokens)
        self.expires_at_s[id(tokens)] = self.now_s + life_s
        self.failures, self.allowed_s = 0, 0.0
        self.call.set(tokens)

    def fail(self, outcome: Outcome) -> None:
        if outcome in TRANSIENT:
            self.allowed_s = self.now_s + min(BACK_OFF_CAP_S, BACK_OFF_S * 2**self.failures) * self.drawn
            self.failures += 1
        elif not (self.is_refresh and outcome is Outcome.REJECTED):  # then a full login is asked for at once
            self.is_rejected = True
        self.call.set_exception(LoginError("SomeException", "said so", outcome=outcome))


class OneAccount(RuleBasedStateMachine):
    """Four users that ask, are stopped, and have their tokens refused, in whatever order answers and time allow."""

    def __init__(self) -> None:
        super().__init__()
        self.cognito = cognito = Cognito()
        held, penalty = SharedTokens(gevent.lock.RLock()), Penalty(lambda: cognito.drawn)
        self.sessions = [
            TokenSession(
                cognito.log_in,
                cognito.refresh,
                penalty,
                now=lambda: cognito.now_s,
                wait=cognito.wait,
                held=held,
                report=lambda _: None,
            )
            for _ in range(4)
        ]
        self.asking: dict[int, gevent.Greenlet] = {}
        self.refused: set[int] = set()

    @rule(user=USERS)
    def ask(self, user: int) -> None:
        self.begin(user, self.sessions[user].token)

    @precondition(lambda self: self.cognito.issued)
    @rule(user=USERS, back=st.integers(1, 2))
    def an_api_refuses(self, user: int, back: int) -> None:
        refused = self.cognito.issued[-min(back, len(self.cognito.issued))]
        self.refused.add(id(refused))
        self.begin(user, lambda: self.sessions[user].force(refused))

    @precondition(lambda self: self.cognito.call is not None)
    @rule(life_s=st.sampled_from([3, 300, 3600]), refresh_token=st.sampled_from(["", "refresh"]))
    def it_works(self, life_s: int, refresh_token: str) -> None:
        """Whoever waited for this login has its tokens, too."""
        asking = list(self.asking.values())
        self.cognito.succeed(life_s, refresh_token)
        self.turn_the_loop()
        assert self.cognito.call is None, "somebody logs in again, with fresh tokens there"
        assert all(user.ready() for user in asking)

    @precondition(lambda self: self.cognito.call is not None)
    @rule(outcome=st.sampled_from([*TRANSIENT, *FINAL]), drawn=st.floats(0.01, 1))
    def it_fails(self, outcome: Outcome, drawn: float) -> None:
        """Whoever waited for this login shares its failure, and does not make the same call again."""
        self.cognito.drawn = drawn
        asking, calls = list(self.asking.values()), self.cognito.calls
        falls_back = self.cognito.is_refresh and outcome is Outcome.REJECTED
        self.cognito.fail(outcome)
        self.turn_the_loop()
        assert self.cognito.calls - calls == falls_back
        assert falls_back or all(isinstance(user.value, LoginError) for user in asking)

    @rule(seconds=st.one_of(st.floats(0, 30), st.floats(0, 4000)))
    def time_passes(self, seconds: float) -> None:
        self.cognito.now_s += seconds
        for due_s, over in self.cognito.sleeping:
            if due_s <= self.cognito.now_s:
                over.set()
        self.turn_the_loop()

    @rule(user=USERS)
    def a_user_is_stopped(self, user: int) -> None:
        """Maybe in the middle of the login that others wait for: then one of them makes its own."""
        if user in self.asking:
            self.asking.pop(user).kill(block=False)
            self.turn_the_loop()

    @invariant()
    def whoever_waits_waits_for_something(self) -> None:
        is_asleep = any(not over.is_set() for _, over in self.cognito.sleeping)
        assert not self.asking or self.cognito.call is not None or is_asleep, "all wait for each other"

    def begin(self, user: int, ask: Callable[[], Tokens]) -> None:
        if user not in self.asking:
            self.asking[user] = gevent.spawn(self.outcome, ask)
            self.turn_the_loop()

    def outcome(self, ask: Callable[[], Tokens]) -> Tokens | LoginError:
        try:
            tokens = ask()
        except LoginError as error:
            return error
        left_s = self.cognito.expires_at_s[id(tokens)] - self.cognito.now_s
        assert left_s >= min(MARGIN_S, MARGIN_SHARE * tokens.expires_in_s) - 1e-6, "about to expire"
        assert id(tokens) not in self.refused, "an API has refused it"
        return tokens

    def turn_the_loop(self) -> None:
        for _ in range(12):
            gevent.sleep(0)
        for user in [user for user, asking in self.asking.items() if asking.ready()]:
            self.asking.pop(user).get()  # raises what it could not promise

    def teardown(self) -> None:
        gevent.killall(list(self.asking.values()))


OneAccount.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOneAccount = OneAccount.TestCase
