from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.cognito import remedies
from harness.errors import HarnessError, LoginError, Problem


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    check: str
    """What was looked at, in a word or two."""
    state: State
    message: str
    """What was found, or why nothing could be. Never a secret."""
    cause: str = ""
    remedy: str = ""
    """One thing to do."""

    @property
    def problem(self) -> Problem:
        """The finding as a fault of the configuration."""
        return Problem(f"{self.check}: {self.message}", self.remedy)


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, State.OK, message)


def warning(check: str, message: str, remedy: str) -> Finding:
    """A load is possible, and this is worth knowing before."""
    return Finding(check, State.WARNING, message, remedy=remedy)


def fault(check: str, message: str, remedy: str) -> Finding:
    """A load would fail, or must not be."""
    return Finding(check, State.FAULT, message, remedy=remedy)


def unchecked(check: str, why: str) -> Finding:
    """Nothing is known."""
    return Finding(check, State.NOT_CHECKED, why)


def all_unchecked(checks: Iterable[str], why: str) -> Iterator[Finding]:
    """Nothing is known of any of these."""
    return (unchecked(check, why) for check in checks)


def explained(check: str, kind: str, message: str, *, hint: str = "", state: State = State.FAULT) -> Finding:
    """An error of Cognito's, of STS's or of the connection's, with the cause and the remedy that the table has."""
    remedy = remedies.lookup(kind, message)
    text = f"{kind}: {message}" if message else kind
    return Finding(check, state, text, remedy.cause if remedy else "", hint or (remedy.remedy if remedy else ""))


def failed(check: str, error: HarnessError) -> Finding:
    """What an exception says; the table's words where it has some."""
    kind = error.kind if isinstance(error, LoginError) else type(error).__name__
    return explained(check, kind, error.message.removeprefix(f"{kind}: "), hint=error.hint)


def faults_of(check: str, problems: Iterable[Problem]) -> Iterator[Finding]:
    """A fault for each problem."""
    return (fault(check, problem.message, problem.hint) for problem in problems)
