"""What is under way in one process: begun, and not ended yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from harness.evidence.ages import Ages
from harness.outcome import Reason

YOUNG_NS: Final = 1_000_000_000
"""What is younger than this is left out of a look: in a healthy run that is nearly everything, and tells nothing."""


class Login(Protocol):
    """The login that an exchange is part of."""

    @property
    def reason(self) -> Reason:
        """Why it happens."""

    @property
    def elapsed_us(self) -> int:
        """What its exchanges have taken so far, without the one that is open, in microseconds."""


class InFlight:
    """Everything that is under way. Who begins something notes it here, and takes it away when it has ended.

    Keys are moments of `time.perf_counter_ns`, in ascending order, because what begins later is added later.
    """

    __slots__ = ("arrivals", "exchanges", "requests")

    def __init__(self) -> None:
        self.requests: dict[int, tuple[str, str]] = {}
        """API requests by when they began: method and name."""
        self.exchanges: dict[int, tuple[str, Login]] = {}
        """Exchanges with Cognito by when they began: the operation, and the login that it is part of."""
        self.arrivals: dict[object, float] = {}
        """Logins of an open load, by their user: when they were due, in seconds of `time.perf_counter`."""

    def ages(self, now_ns: int) -> Ages:
        """How old everything is that is no longer young.

        It costs a microsecond for each, and next to nothing for those that are young.

        Args:
            now_ns: Of `time.perf_counter_ns`.
        """
        ages = Ages()
        for began_ns in _old(self.requests, now_ns):
            ages.record("request", " ".join(self.requests[began_ns]), (now_ns - began_ns) // 1_000)
        for began_ns in _old(self.exchanges, now_ns):
            operation, login = self.exchanges[began_ns]
            age_us = (now_ns - began_ns) // 1_000
            ages.record("exchange", operation, age_us, login.reason)
            ages.record("login", "login", login.elapsed_us + age_us, login.reason)
        for due_s in self.arrivals.values():
            age_ns = now_ns - round(due_s * 1e9)
            if age_ns < YOUNG_NS:
                break
            ages.record("intended", "login", age_ns // 1_000, Reason.INITIAL)
        return ages


def _old(began: Iterable[int], now_ns: int) -> Iterator[int]:
    for began_ns in began:
        if now_ns - began_ns < YOUNG_NS:
            return
        yield began_ns
