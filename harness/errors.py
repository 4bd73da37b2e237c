"""The error tree and the exit codes.

HarnessError                 anything this project has to say; `hint` is the one thing to do about it
├── ConfigurationError       what the user gave cannot work; holds every fault that was found
├── LoginError               a login conversation ended without tokens
└── TransportError           no complete HTTP answer came back
    ├── ConnectError         not even a connection
    ├── TimedOutError        nothing for longer than the timeout
    └── ProtocolError        bytes came back that are not an HTTP answer, or too many of them

No message, hint or repr holds a password, a token or a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class EXIT(IntEnum):
    """Exit codes of `locust` with this harness and of `cognito-load`; the larger, the worse."""

    PASSED = 0
    """Every gate passed; without gates, no request failed."""
    FAILED = 1
    """Requests failed and no gate was given, a task raised an exception, or users never got an account."""
    USAGE = 2
    """The command line could not be read (as Locust and argparse mean it)."""
    GATE = 3
    """A gate failed, or had no data."""
    INVALID = 4
    """Nothing was measured, or the generator itself was the bottleneck: the figures prove nothing."""
    CONFIGURATION = 5
    """The configuration cannot work; nothing was sent."""


class HarnessError(Exception):
    """Base of the tree.

    Args:
        message: What was found, against what was expected. Never a secret.
        hint: One thing to do about it; empty when there is nothing to do.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the configuration: what was found against what was expected, and what to do."""

    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.message}\n    {self.hint}" if self.hint else self.message


class ConfigurationError(HarnessError):
    """Everything that is wrong with what the user gave, at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class LoginError(HarnessError):
    """A login conversation ended without tokens.

    Args:
        kind: The error's name, the same for every user who meets it (`NotAuthorizedException`).
        message: Cognito's own words, or ours when Cognito said nothing.
        outcome: The `harness.outcome.Outcome` of the login, as its string.
        hint: One thing to do about it, where more is known than the kind and the message say.
    """

    def __init__(self, kind: str, message: str, *, outcome: str, hint: str = "") -> None:
        super().__init__(f"{kind}: {message}" if message else kind, hint)
        self.kind = kind
        self.words = message
        self.outcome = outcome


class TransportError(HarnessError):
    """No complete HTTP answer came back.

    Args:
        message: Short, and the same for every user who meets it: no ports, no addresses of this machine.
        sent: Whether the request had left (so that the server may have counted it).
    """

    def __init__(self, message: str, hint: str = "", *, sent: bool = False) -> None:
        super().__init__(message, hint)
        self.sent = sent


class ConnectError(TransportError):
    """Name resolution, TCP, proxy or TLS failed: nothing was sent."""


class TimedOutError(TransportError):
    """Nothing came for longer than the connect or the read timeout."""


class ProtocolError(TransportError):
    """The bytes that came back are no HTTP answer, end too early, or exceed the body limit."""
