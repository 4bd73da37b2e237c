"""A process that is pinned to a core, stopped and continued at will, and asked what it has used."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

STOP_TIMEOUT_S = 15.0
"""Locust and JMeter write their results when they are asked to end."""


class Child:
    """A process, its children included, in a session of its own.

    Args:
        command: The program and its arguments.
        core: Where it may run; None: wherever the system puts it.
        folder: Its working directory, made when it is missing. What it prints goes to `output.txt` there.
        environment: Its whole environment.
        keep_stdout: Hand standard output to the caller, as `stdout`, instead of the file.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        core: int | None,
        folder: Path,
        environment: Mapping[str, str],
        keep_stdout: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._output = folder / "output.txt"
        with self._output.open("wb") as output, pinned_to(core):
            self._process = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if keep_stdout else output,
                stderr=output,
                start_new_session=True,
            )
        self.stdout = self._process.stdout
        self.pid = self._process.pid
        """The leader of its session."""
        self._usage = psutil.Process(self._process.pid)

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process.poll() is not None

    @property
    def text(self) -> str:
        """Everything that it has printed so far."""
        return self._output.read_text(errors="replace")

    @property
    def last_words(self) -> str:
        """The last line that it printed, for people."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        return lines[-1].strip()[:200] if lines else "it said nothing"

    def cpu_s(self) -> float:
        """Processor time so far, user and system, in clock ticks of 10 ms on Linux."""
        return sum(sum(process.cpu_times()[:2]) for process in self._tree())

    def rss_bytes(self) -> int:
        """Resident memory now."""
        return sum(process.memory_info().rss for process in self._tree())

    def resident(self) -> dict[int, int]:
        """The same for each of its processes by its id, the eldest first."""
        return {process.pid: process.memory_info().rss for process in self._tree()}

    def freeze(self) -> None:
        """Stop it where it stands; it uses no processor time until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process alone, not to its children."""
        self._process.send_signal(number)

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code, negative when a signal ended it; None when it has not ended by then."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout_s)
        return None

    def end(self) -> int:
        """Ask it to end, and make it if it does not; its exit code, which is negative when a signal ended it."""
        self._signal(signal.SIGTERM)
        self.thaw()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT_S)
        self._signal(signal.SIGKILL)
        code = self._process.wait()
        if self.stdout is not None:
            self.stdout.close()
        return code

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
            os.killpg(self._process.pid, number)

    def _tree(self) -> list[psutil.Process]:
        return [self._usage, *self._usage.children(recursive=True)]


@contextmanager
def pinned_to(core: int | None) -> Iterator[None]:
    """Run here on one core; processes that are started meanwhile stay there."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
