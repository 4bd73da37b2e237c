"""Request quotas of an account and region, over all its pools.

Source: AWS's developer guide, "Quotas in Amazon Cognito": UserAuthentication 120 requests a second by default, and
RespondToAuthChallenge three times that, with the excess counted back against UserAuthentication; UserCreation 50;
ClientAuthentication 150.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.sandbox.errors import TooManyRequests

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
        monotonic: Seconds.
        user_authentication: Requests a second; None: no such quota.
        user_creation: The same for new accounts.
        client_authentication: The same for app clients that log in for themselves.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        user_authentication: float | None = None,
        user_creation: float | None = None,
        client_authentication: float | None = None,
    ) -> None:
        self._allowances: dict[str, tuple[TokenBucket, ...]] = {}
        """What an operation may draw on, in this order; nothing said of an operation: as much as it wants."""
        if user_authentication is not None:
            sign_ins = TokenBucket(user_authentication, monotonic)
            answers = TokenBucket(user_authentication * CHALLENGE_ANSWER_FACTOR, monotonic)
            self._allowances |= dict.fromkeys(USER_AUTHENTICATION, (sign_ins,))
            self._allowances |= dict.fromkeys(CHALLENGE_ANSWERS, (answers, sign_ins))
        if user_creation is not None:
            self._allowances |= dict.fromkeys(USER_CREATION, (TokenBucket(user_creation, monotonic),))
        if client_authentication is not None:
            self._allowances |= dict.fromkeys(CLIENT_AUTHENTICATION, (TokenBucket(client_authentication, monotonic),))

    def spend(self, operation: str) -> None:
        """Count one request.

        Raises:
            TooManyRequests: The allowance is used up. A refused request costs nothing.
        """
        buckets = self._allowances.get(operation)
        if buckets is not None and not any(bucket.take() for bucket in buckets):
            raise TooManyRequests("Rate exceeded")
