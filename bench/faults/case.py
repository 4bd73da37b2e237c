"""A fault, how it is brought about, and what has to come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from bench.faults.judging import NONE, Counts, Expected

if TYPE_CHECKING:
    from bench.faults.scene import Scene

USERS: Final = 6
SECONDS: Final = 3.0


class Way(StrEnum):
    """How a run is started and stopped."""

    HEADLESS = "headless"
    WEB = "web UI"
    WORKERS = "2 workers"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table."""

    name: str
    expected: Expected
    group: str = ""
    classes: str = "Login"
    """User classes of the plan."""
    plan: str = "faults.py"
    orders: tuple[Mapping[str, Any], ...] = ()
    """What the sandbox is told before the run."""
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """Files of the folder in which it runs, by name."""
    form: Mapping[str, str] = field(default_factory=dict)
    """What the web UI's form gets."""
    seconds: float = SECONDS
    """How long the run is to last."""
    has_run_time: bool = True
    """Whether `--run-time` is given; a shape or a sweep ends by itself."""
    deed: Callable[[Scene], None] | None = None
    """What is done to it meanwhile; it waits for its moment by itself."""
    ends_run: bool = False
    """Whether the fault ends the run, so that nobody else has to in the web UI."""
    before: Callable[[Scene], None] | None = None
    """What is made ready before Locust starts."""
    after: Callable[[Scene], Mapping[str, Any]] | None = None
    """What is looked at when it has ended, for `Seen.notes`."""
    ways: Mapping[Way, Expected | str] = field(default_factory=dict)
    """Where a way differs: what has to come of it there, or why the case does not apply."""
    sandbox: tuple[str, ...] = ()
    """Options of the sandbox."""
    has_own_sandbox: bool = False
    """Whether it leaves a sandbox behind that is of no use to others."""
    is_cluster: bool = False
    """Whether master and workers are started apart, instead of `--processes 2`."""
    needs_workers: bool = False
    """Whether it is about workers: the web UI gets two, too."""
    rebuilds: bool = False
    """Whether `cognito-load report build` has to conclude what the run could not."""
    most_memory: int = 0
    """Bytes of address space that a process may have; 0: as many as it likes."""
    is_against_sandbox: bool = True
    """Whether the run is told of the sandbox."""

    def in_way(self, way: Way) -> Expected | str:
        """What has to come of it there; a sentence when it does not apply."""
        if self.needs_workers and way is Way.HEADLESS and way not in self.ways:
            return "there are no workers"
        return self.ways.get(way, self.expected)


def expect(word: str | tuple[str, ...], code: int | tuple[int, ...], **more: Any) -> Expected:
    """Words and exit codes that will do."""
    words = (word,) if isinstance(word, str) else word
    codes = (code,) if isinstance(code, int) else code
    return Expected(frozenset(words), frozenset(codes), **more)


PASSED: Final = expect("passed", 0)
FAILED: Final = expect("failed", 1)
GATE: Final = expect("failed", 3)
INVALID: Final = expect("invalid", 4)
REFUSED: Final = expect(NONE, 5, counts=Counts.NOTHING, users=None, within_s=20)
"""The configuration cannot work: nothing is sent, and there is no run."""


def but(expected: Expected, **changes: Any) -> Expected:
    """The same with other members."""
    return replace(expected, **changes)
