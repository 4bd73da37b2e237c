"""Incidents: what happens once, to what the sandbox remembers, while a load runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.sandbox.endpoints.bearer_check import BearerCheck
from harness.sandbox.faults.orders import Kind, Order
from harness.sandbox.state.clock import Skew
from harness.sandbox.state.keys import KeyPair
from harness.sandbox.state.pool import Directory, Pool
from harness.sandbox.state.session import Sessions
from harness.sandbox.state.tokens import Tokens
from harness.sandbox.state.user import User


class Incidents:
    """Things that go wrong with a pool.

    Args:
        directory: Where chance comes from.
        pool: The pool.
        tokens: Its refresh tokens.
        bearer: The API's check, which learns keys from the pool.
        skew: The sandbox's clock.
        sessions: Its challenges that wait for an answer.
    """

    def __init__(
        self,
        directory: Directory,
        pool: Pool,
        tokens: Tokens,
        bearer: BearerCheck,
        skew: Skew,
        sessions: Sessions,
    ) -> None:
        self._directory = directory
        self._pool = pool
        self._tokens = tokens
        self._bearer = bearer
        self._skew = skew
        self._sessions = sessions
        self._ways: Mapping[Kind, Callable[[Order], None]] = {
            Kind.CLOCK_SKEW: self._turn_clock,
            Kind.ROTATE_KEYS: self._rotate_keys,
            Kind.REVOKE: self._revoke,
            Kind.EXPIRE_REFRESH: self._expire_refresh,
            Kind.EXPIRE_SESSIONS: self._expire_sessions,
            Kind.DISABLE: self._disable,
            Kind.ENABLE: self._enable,
        }

    def happen(self, order: Order) -> None:
        """Let it happen now.

        Raises:
            ValueError: There is no such user.
        """
        self._ways[order.fault](order)

    def _turn_clock(self, order: Order) -> None:
        self._skew.offset_s = order.time_s

    def _rotate_keys(self, _: Order) -> None:
        self._pool.keys = KeyPair.generate(self._directory.chance)
        self._bearer.forget_keys()

    def _revoke(self, order: Order) -> None:
        for user in [self._user(order)] if order.user else self._pool.users():
            user.sign_out_everywhere()

    def _expire_refresh(self, _: Order) -> None:
        self._tokens.expire_refresh_tokens()

    def _expire_sessions(self, _: Order) -> None:
        self._sessions.expire()

    def _disable(self, order: Order) -> None:
        self._user(order).is_enabled = False

    def _enable(self, order: Order) -> None:
        self._user(order).is_enabled = True

    def _user(self, order: Order) -> User:
        user = self._pool.find(order.user)
        if user is None:
            raise ValueError(f"there is no user {order.user!r}")
        return user
