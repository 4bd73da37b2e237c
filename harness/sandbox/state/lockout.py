"""How failed passwords lock an account.

Source: AWS's developer guide, "Lockout behavior for failed sign-in attempts": after n failures, n >= 5, the account
is locked for 2^(n-5) seconds, up to about 15 minutes; attempts meanwhile do not prolong it; a success, or 15 minutes
without an attempt, starts over.
"""

from __future__ import annotations

FREE_FAILURES = 5
LONGEST_S = 15 * 60
FORGET_AFTER_S = 15 * 60


class Lockout:
    """The failures of one account. Times are monotonic seconds."""

    __slots__ = ("_attempted_s", "_failures", "_locked_until_s")

    def __init__(self) -> None:
        self._failures = 0
        self._attempted_s = 0.0
        self._locked_until_s = 0.0

    def is_locked(self, now_s: float) -> bool:
        """Whether an attempt made now is refused unseen. Counts as an attempt, never as a failure."""
        if self._failures and now_s - self._attempted_s >= FORGET_AFTER_S:
            self.succeeded()
        self._attempted_s = now_s
        return now_s < self._locked_until_s

    def failed(self, now_s: float) -> None:
        """A wrong password, or a wrong code."""
        self._failures += 1
        excess = self._failures - FREE_FAILURES
        if excess >= 0:
            self._locked_until_s = now_s + min(2.0 ** min(excess, 10), LONGEST_S)

    def succeeded(self) -> None:
        """A right one: everything is forgotten."""
        self._failures = 0
        self._locked_until_s = 0.0
