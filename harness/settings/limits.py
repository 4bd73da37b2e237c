"""How much may be asked for, each limit with its reason: beyond it memory, processor or arithmetic would give out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.errors import Problem


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that an option takes."""

    most: float
    unit: str
    """Of the figure, for people; empty for a number of things that the option names itself."""
    why: str
    """A sentence."""
    least: float = 0.0
    """The smallest figure above 0."""

    def problem(self, subject: str, value: float, *, given: str = "") -> Problem | None:
        """The fault of a figure outside of it; None within. 0 is for others to judge.

        Args:
            subject: What has the figure: `--login-rate`.
            value: Finite or not, in the limit's unit.
            given: As the user wrote it; empty: as the number.
        """
        shown = _shortened(given or _number(value))
        if value > self.most:
            return Problem(f"{subject} is {shown}, over the limit of {self.said}", self.why)
        if 0 < value < self.least:
            return Problem(f"{subject} is {shown}, below the limit of {self.least:g} {self.unit}".rstrip(), self.why)
        return None

    @property
    def said(self) -> str:
        """For people: `10,000 logins/s`."""
        return f"{self.most:,.15g} {self.unit}".rstrip()


RATE: Final = Limit(
    10_000,
    "logins/s",
    "AWS's default quota is 120 logins/s, and a process of the load generator sends some thousands at most.",
    least=0.001,
)
QUOTA: Final = Limit(1_000_000, "logins/s", "No account has been granted as many.", least=0.001)
USERS_PER_PROCESS: Final = Limit(
    100_000,
    "users in a process",
    "An address has 65,535 ports to one server, and each user has its connection. Add processes or machines.",
)
SLOTS: Final = Limit(
    100_000, "login users", "Two seconds of arrivals are enough; each slot is a user with a connection of its own."
)
SPAWN_RATE: Final = Limit(100_000, "users/s", "All users of a process at once are no more.", least=1e-3)
LAG: Final = Limit(60_000, "ms", "A generator that comes a minute late measures nothing but itself.", least=0.1)
DURATION: Final = Limit(7 * 86_400, "s", "Longer than a week no part of a run is held.")
RENEW_MARGIN: Final = Limit(86_400, "s", "Cognito's access tokens live for a day at most.")
RUN_TIME: Final = Limit(
    366 * 86_400, "s", "Longer than a year no run is planned; leave --run-time out to run until Ctrl-C."
)
ANSWER: Final = Limit(1_024 * 1_024**2, "bytes", "Each user of a process may hold an answer of that size.", least=1_024)
REQUEST_TIMEOUT: Final = Limit(
    86_400, "s", "No answer is waited for longer than a day; read what never ends with stream=True.", least=0.001
)
SANDBOX_LATENCY: Final = Limit(600, "s", "No login waits as long for its answer.")
LEVELS: Final = Limit(1_000, "levels", "A sweep keeps the figures of each level in memory.")
_SHOWN_CHARS: Final = 40


def _number(value: float) -> str:
    try:
        return f"{value:g}"
    except OverflowError:  # a whole number of hundreds of digits
        return str(value)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."
