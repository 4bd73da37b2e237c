"""A token that is valid now: expiry, refresh, single flight, and what failures cost.

Nothing here reads a clock, sleeps or draws random numbers by itself: all of it is given, so that a test plays a day
in a millisecond, and Locust's greenlets and the command line share this code.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import inf
from typing import Final

from harness.cognito.tokens import Tokens, life_s
from harness.errors import LoginError
from harness.outcome import Outcome, Reason

MARGIN_S: Final = 60.0
"""A token is renewed this long before its expiry …"""
MARGIN_SHARE: Final = 0.4
"""… or at this share of its life, whichever is shorter (three-second tokens exist in tests)."""
SPREAD_SHARE: Final = 0.5
"""… and, where many sessions began together, earlier by up to this share of what is left: `bench/renewal_wave.py`."""
LIFE_TOLERANCE_S: Final = 60.0
"""ExpiresIn and the token's own exp - iat may differ by this much before it is worth a word."""
BACK_OFF_S: Final = 0.5
"""The first penalty is drawn from zero to this; each further failure doubles the range."""
BACK_OFF_CAP_S: Final = 20.0

_FINAL: Final = frozenset({Outcome.REJECTED, Outcome.CHALLENGED})


@dataclass(frozen=True, slots=True)
class Renewal:
    """When in its life a token is renewed.

    Tokens that were issued together would expire together, and their renewals would come in waves that trip the pool's
    quota. So each is renewed at a moment of its own, drawn at random from a window that ends at the margin.
    """

    margin_s: float = MARGIN_S
    """How long before its expiry at the latest; for short lives `MARGIN_SHARE` of the life."""
    spread_share: float = SPREAD_SHARE
    """How long the window is, as a share of the life without the margin; 0: everybody at the margin."""
    random: Callable[[], float] = lambda: 0.0
    """A number from 0 to 1."""

    def after_s(self, life_s: float) -> float:
        """How long after its issue a token of this life is renewed."""
        return self.latest_s(life_s) * (1.0 - self.spread_share * self.random())

    def latest_s(self, life_s: float) -> float:
        """How long after its issue a token of this life is good for: until the margin."""
        return life_s - min(self.margin_s, MARGIN_SHARE * life_s)


class Penalty:
    """What an account's failed logins demand before its next one.

    A rejection is final for the run: Cognito locks an account out after five wrong passwords, and a load test must
    not lock its accounts. Throttles, server faults and lost connections cost a wait that doubles, drawn at random
    over its whole range ("full jitter") so that users who failed together do not come back together.

    Args:
        random: A number from 0 to 1.
        rejected: Told, once, why the account is not tried again.
    """

    __slots__ = ("_failures", "_random", "_tell_rejected", "has_worked", "rejection", "until_s")

    def __init__(self, random: Callable[[], float], rejected: Callable[[LoginError], None] = lambda _: None) -> None:
        self._random = random
        self._tell_rejected = rejected
        self._failures = 0
        self.until_s = 0.0
        """Before this moment, by the clock of `wait_s`, nothing is to be asked; 0 when nothing has failed lately."""
        self.rejection: LoginError | None = None
        """Why this account is not tried again; None while it may be."""
        self.has_worked = False
        """Whether a login has succeeded; until then nobody knows that the password is right."""

    def wait_s(self, now_s: float) -> float:
        """Seconds to wait before the next login, 0 for none."""
        left_s = self.until_s - now_s
        return left_s if left_s > 0 else 0.0

    def failed(self, error: LoginError, now_s: float) -> None:
        """A login failed."""
        if self.reject_if_final(error):
            return
        reach_s = min(BACK_OFF_CAP_S, BACK_OFF_S * 2**self._failures)
        self._failures = min(self._failures + 1, 16)  # past the cap the exponent need not grow
        self.until_s = now_s + reach_s * self._random()

    def reject_if_final(self, error: LoginError) -> bool:
        """Whether asking again changes nothing; then this account is not tried again. Harmless when told twice."""
        if error.outcome in _FINAL:
            is_news, self.rejection = self.rejection is None, error
            if is_news:
                self._tell_rejected(error)
            return True
        return False

    def succeeded(self) -> None:
        """A login worked: all is forgiven."""
        self._failures = 0
        self.until_s = 0.0
        self.has_worked = True

    def refuse_if_rejected(self) -> None:
        """Raise the rejection again, if there is one.

        Raises:
            LoginError: The account was rejected and is not tried again.
        """
        if self.rejection is not None:
            raise _afresh(self.rejection)


AT_THE_MARGIN: Final = Renewal(spread_share=0.0)


class SharedTokens:
    """What sessions of one account share: its tokens, and how its last login went.

    Args:
        lock: Makes one login at a time.
    """

    __slots__ = ("failure", "failures", "good_until_s", "is_refused", "lock", "renew_at_s", "tokens")

    def __init__(self, lock: AbstractContextManager[object]) -> None:
        self.lock = lock
        self.tokens: Tokens | None = None
        self.renew_at_s = 0.0
        self.good_until_s = 0.0
        """Until when they serve while a renewal does not work: the margin before their expiry."""
        self.is_refused = False
        """Whether an API would not take the tokens: a refresh would not do."""
        self.failures = 0
        self.failure: LoginError | None = None


class TokenSession:
    """One account's tokens, for one of its users.

    Safe for several greenlets (or threads) that share the account, given a lock that is safe for them: one login is
    in flight at a time, and those who waited for it share its result or its failure.

    Args:
        log_in: A full login, for the reason given. Raises LoginError.
        refresh: Fresh tokens for the old ones. Raises LoginError. None: each renewal is a full login.
        penalty: What this account's failures have cost so far; sessions of one account share it.
        now: Monotonic seconds.
        wait: Sleeps for so many seconds; never measured as part of a sample.
        held: What sessions of one account share.
        report: Takes a sentence for people, which it says once however often it is given.
        renewal: When in its life a token is renewed; without one at the margin.
    """

    def __init__(
        self,
        log_in: Callable[[Reason], Tokens],
        refresh: Callable[[Tokens], Tokens] | None,
        penalty: Penalty,
        *,
        now: Callable[[], float],
        wait: Callable[[float], None],
        held: SharedTokens,
        report: Callable[[str], None],
        renewal: Renewal = AT_THE_MARGIN,
    ) -> None:
        self._log_in = log_in
        self._refresh = refresh
        self._penalty = penalty
        self._now = now
        self._wait = wait
        self._report = report
        self._renewal = renewal
        self._held = held

    def token(self) -> Tokens:
        """Tokens good for at least the margin, which is 60 s unless asked otherwise, and 40 % of their life at most.

        While a renewal does not work (a throttle, a lost connection), those that are still good for so long serve on.

        Raises:
            LoginError: None is to be had now. Asking again waits out the penalty first.
        """
        held = self._held
        if held.tokens is not None and self._now() < held.renew_at_s:
            return held.tokens
        failures = held.failures
        with held.lock:
            if held.tokens is not None and self._now() < held.renew_at_s:
                return held.tokens
            if held.tokens is None or held.is_refused or self._now() >= held.good_until_s:
                self._share_failure_since(failures)
                return self._renew()
            return self._renewed_or_still_good(held.tokens, failures)

    def force(self, refused: Tokens) -> Tokens:
        """Tokens to use instead of `refused`, which an API would not take: one full login, however many ask.

        Raises:
            LoginError: None is to be had now.
        """
        held = self._held
        failures = held.failures
        with held.lock:
            if held.tokens is not None and held.tokens is not refused and self._now() < held.renew_at_s:
                return held.tokens
            self._share_failure_since(failures)
            if held.tokens is refused:  # later tokens that have expired meanwhile need no more than a renewal
                held.is_refused = True
                held.renew_at_s = -inf
            return self._renew()

    def _share_failure_since(self, failures: int) -> None:
        if self._held.failures != failures and self._held.failure is not None:
            raise _afresh(self._held.failure)

    def _renewed_or_still_good(self, good: Tokens, failures: int) -> Tokens:
        """New tokens, or these, when it has just been tried in vain, or must not be tried yet, or fails."""
        self._penalty.refuse_if_rejected()
        if self._held.failures != failures or self._penalty.wait_s(self._now()) > 0:
            return good
        try:
            return self._renew()
        except LoginError as error:
            if error.outcome in _FINAL:
                raise
            return good

    def _renew(self) -> Tokens:
        old = self._held.tokens
        if self._held.is_refused:
            return self._attempt(lambda: self._log_in(Reason.FORCED))
        if old is None:
            return self._attempt(lambda: self._log_in(Reason.INITIAL))
        refresh = self._refresh
        if refresh is None or not old.refresh_token:
            return self._attempt(lambda: self._log_in(Reason.EXPIRED))
        return self._attempt(lambda: self._refresh_or_log_in(refresh, old))

    def _refresh_or_log_in(self, refresh: Callable[[Tokens], Tokens], old: Tokens) -> Tokens:
        try:
            return refresh(old)
        except LoginError as error:
            if error.outcome != Outcome.REJECTED:
                raise
            return self._log_in(Reason.EXPIRED)

    def _attempt(self, login: Callable[[], Tokens]) -> Tokens:
        self._penalty.refuse_if_rejected()
        wait_s = self._penalty.wait_s(self._now())
        if wait_s > 0:
            self._wait(wait_s)
        try:
            tokens = login()
        except LoginError as error:
            self._penalty.failed(error, self._now())
            self._held.failures += 1
            self._held.failure = error
            raise
        self._penalty.succeeded()
        self._held.failure = None
        self._keep(tokens)
        return tokens

    def _keep(self, tokens: Tokens) -> None:
        if self._held.tokens is None:
            self._compare_lives(tokens)
        self._held.tokens = tokens
        self._held.is_refused = False
        now_s, own_life_s = self._now(), float(tokens.expires_in_s)
        self._held.renew_at_s = now_s + self._renewal.after_s(own_life_s)
        self._held.good_until_s = now_s + self._renewal.latest_s(own_life_s)

    def _compare_lives(self, tokens: Tokens) -> None:
        own_life_s = life_s(tokens.access_token)
        if own_life_s is not None and abs(own_life_s - tokens.expires_in_s) > LIFE_TOLERANCE_S:
            self._report(
                f"ExpiresIn says {tokens.expires_in_s} s, but the access token itself is valid for {own_life_s:g} s: "
                "tokens are renewed by ExpiresIn; check the app client's token validity"
            )


def _afresh(error: LoginError) -> LoginError:
    """An error to raise again: each raise would lengthen its traceback, and keep every caller's frame alive."""
    return error.with_traceback(None)
