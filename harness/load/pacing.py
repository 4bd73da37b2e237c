"""When a login may start: arithmetic, no clock and no sleep."""

from __future__ import annotations


class LoginCap:
    """Keeps logins below a rate, evenly spaced.

    The user pool's quota is shared with everything else in the account and region, production included.

    Args:
        rate_per_s: Logins per second for this process; 0 for no cap.
    """

    def __init__(self, rate_per_s: float) -> None:
        self._gap_s = 1.0 / rate_per_s if rate_per_s > 0 else 0.0
        self._next_s = 0.0

    @classmethod
    def share(cls, rate_per_s: float, processes: int) -> LoginCap:
        """One of `processes` equal parts of a rate."""
        return cls(rate_per_s / max(1, processes))

    def reserve(self, now_s: float) -> float:
        """Take the next place in the row; returns how many seconds to wait for it."""
        if not self._gap_s:
            return 0.0
        start_s = max(now_s, self._next_s)
        self._next_s = start_s + self._gap_s
        return start_s - now_s
