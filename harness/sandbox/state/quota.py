"""Request quotas of an account and region, over all its pools.

Source: AWS's developer guide, "Quotas in Amazon Cognito": UserAuthentication 120 requests a second by default, and
RespondToAuthChallenge three times that, with the excess counted back against UserAuthentication; UserCreation 50;
ClientAuthentication 150.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.sandbox.checks.refusals import TooManyRequests

USER_AUTHENTICATION = frozenset({"InitiateAuth", "AdminInitiateAuth"})
USER_CREATION = frozenset({"SignUp", "ConfirmSignUp", "AdminCreateUser", "AdminConfirmSignUp"})
CHALLENGE_ANSWERS = frozenset({"RespondToAuthChallenge", "AdminRespondToAuthChallenge"})
CHALLENGE_ANSWER_FACTOR = 3
CLIENT_AUTHENTICATION = frozenset({"oauth2/token"})


class TokenBucket:
    """At most `rate` takings a second, and as many at once after a quiet second.

    Args:
        rate: Tokens that flow in each second; also how many the bucket holds.
        monotonic: Seconds.
    """

    def __init__(self, rate: float, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._capacity = max(rate, 1.0)
        self._monotonic = monotonic
        self._tokens = self._capacity
        self._filled_s = monotonic()

    def take(self) -> bool:
        """Take one token, if there is one."""
        now_s = self._monotonic()
        self._tokens = min(self._capacity, self._tokens + (now_s - self._filled_s) * self._rate)
        self._filled_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Quotas:
    """Which operation draws on which allowance.

    Args:
        user_authentication: Requests a second; None: no such quota.
        user_creation: The same for new accounts.
        monotonic: Seconds.
        client_authentication: The same for app clients that log in for themselves.
    """

    def __init__(
        self,
        user_authentication: float | None,
        user_creation: float | None,
        monotonic: Callable[[], float],
        client_authentication: float | None = None,
    ) -> None:
        self._counts_sign_ins = user_authentication is not None
        self._counts_creations = user_creation is not None
        rate = user_authentication or 0.0
        self._sign_ins = TokenBucket(rate, monotonic)
        self._answers = TokenBucket(rate * CHALLENGE_ANSWER_FACTOR, monotonic)
        self._creations = TokenBucket(user_creation or 0.0, monotonic)
        self._counts_clients = client_authentication is not None
        self._clients = TokenBucket(client_authentication or 0.0, monotonic)

    def spend(self, operation: str) -> None:
        """Count one request.

        Raises:
            TooManyRequests: The allowance is used up. A refused request costs nothing.
        """
        is_allowed = True
        if self._counts_sign_ins and operation in CHALLENGE_ANSWERS:
            is_allowed = self._answers.take() or self._sign_ins.take()
        elif self._counts_sign_ins and operation in USER_AUTHENTICATION:
            is_allowed = self._sign_ins.take()
        elif self._counts_creations and operation in USER_CREATION:
            is_allowed = self._creations.take()
        elif self._counts_clients and operation in CLIENT_AUTHENTICATION:
            is_allowed = self._clients.take()
        if not is_allowed:
            raise TooManyRequests("Rate exceeded")
