"""What is under way in one process: begun, and not ended yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, Protocol, TypeVar

from harness.evidence.figures.ages import Ages
from harness.outcome import Reason

YOUNG_NS: Final = 1_000_000_000
"""What is younger than this is left out of a look: in a healthy run that is nearly everything, and tells nothing."""
_TICK: Final = 23
"""What began within so many bits of nanoseconds, 8 ms, is one entry: thousands that hang are counted in no time."""
T = TypeVar("T")


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
        """How old everything is that is no longer young, to the next 8 ms below.

        It costs half a microsecond for each, and next to nothing for those that are young.

        Args:
            now_ns: Of `time.perf_counter_ns`.
        """
        requests = Counter((what, began_ns >> _TICK) for began_ns, what in _old(self.requests, now_ns))
        exchanges: Counter[tuple[str, Reason, int]] = Counter()
        logins: Counter[tuple[Reason, int]] = Counter()
        for began_ns, (operation, login) in _old(self.exchanges, now_ns):
            reason = login.reason
            exchanges[operation, reason, began_ns >> _TICK] += 1
            logins[reason, (began_ns - login.elapsed_us * 1_000) >> _TICK] += 1
        ages = Ages()
        for ((method, name), tick), count in requests.items():
            ages.record("request", f"{method} {name}", _age_us(now_ns, tick), None, count)
        for (operation, reason, tick), count in exchanges.items():
            ages.record("exchange", operation, _age_us(now_ns, tick), reason, count)
        for (reason, tick), count in logins.items():
            ages.record("login", "login", _age_us(now_ns, tick), reason, count)
        for due_s in self.arrivals.values():
            age_ns = now_ns - round(due_s * 1e9)
            if age_ns < YOUNG_NS:
                break
            ages.record("intended", "login", age_ns // 1_000, Reason.INITIAL)
        return ages


def _old(began: Mapping[int, T], now_ns: int) -> Iterator[tuple[int, T]]:
    for began_ns, what in began.items():
        if now_ns - began_ns < YOUNG_NS:
            return
        yield began_ns, what


def _age_us(now_ns: int, tick: int) -> int:
    """The age of what began last in a tick: what is said to be open for so long is that old at least."""
    return (now_ns - ((tick + 1) << _TICK)) // 1_000
