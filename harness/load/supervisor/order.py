"""How much of what was ordered has run: a run that ends before its time, its shape or its sweep says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from locust import LoadTestShape
from locust.runners import Runner

from harness.errors import EXIT
from harness.evidence.judging.sweep import Sweep
from harness.evidence.judging.verdict import FailureReason

SLACK_S: Final = 1.0
"""A timer and a stop take a moment; what ends this much before its time has not ended early."""


class Order:
    """What one run was ordered to do, and what ended it before.

    Args:
        shape: Says how many users there are at each moment; None when there is no shape.
        options: Locust's. A headless run has a run time; one from the web UI ends by hand.
    """

    def __init__(self, shape: LoadTestShape | None = None, options: Mapping[str, Any] | None = None) -> None:
        given = options or {}
        run_time_s = float(given.get("run_time") or 0) if given.get("headless") else 0.0
        self._code_on_error = int(given.get("exit_code_on_error") or 0)
        self._has_shape = shape is not None
        self._run_time_s = run_time_s
        self._because: list[str] = []
        self._notes: list[str] = []
        self._is_over = False
        if shape is not None:
            self._watch(shape)

    def ended(self, sentence: str, *, is_note: bool = True) -> bool:
        """Something ends the run before its time; whether that is news.

        Args:
            sentence: What, without a full stop.
            is_note: Whether a reader must know it of a run that has nothing left to do, too.
        """
        is_news = sentence not in self._because
        if is_news:
            self._because.append(sentence)
            if is_note:
                self._notes.append(sentence)
        return is_news

    def note(self, sentence: str) -> None:
        """Something that a reader must know of how the run ended."""
        self._notes.append(sentence)

    def notes(self, ran_s: float, sweep: Sweep | None) -> tuple[str, ...]:
        """What a reader must know of how the run ended.

        Args:
            ran_s: How long it ran until its users were told to stop, in seconds.
            sweep: What its sweep came to, if it was one.
        """
        after = f"after {ran_s:.0f} s"
        if self._has_shape and sweep is None and not self._is_over:
            return (*self._notes, f"the shape was interrupted {after}{self._why()}: whether it was over is not known")
        if not self._has_shape and ran_s < self._run_time_s - SLACK_S and self._because:
            return (*self._notes, f"the run ended {after} of the {self._run_time_s:g} s of --run-time{self._why()}")
        return tuple(self._notes)

    def failures(self, sweep: Sweep | None) -> tuple[FailureReason, ...]:
        """What was ordered and has not run: the levels of a sweep."""
        if sweep is None or self._is_over:
            return ()
        measured = {step.level for step in sweep.figures}
        missing = [f"{level:g}" for level in sweep.steps.levels if level not in measured]
        cut_short = [f"{step.level:g}" for step in sweep.figures[-1:] if not step.is_complete]
        said = [
            *([f"{_levels(missing)} not run"] if missing else []),
            *([f"level {cut_short[0]} was cut short"] if cut_short else []),
        ]
        return (FailureReason(f"the sweep was interrupted: {', and '.join(said)}"),) if said else ()

    def exit_code(self, runner: Runner) -> tuple[FailureReason, ...]:
        """What the user wants the process to exit with when anything failed.

        Locust's own 1 is not taken for a wish: here gates decide how much may fail.
        """
        if self._code_on_error in (0, EXIT.FAILED) or not (runner.errors or runner.exceptions):
            return ()
        said = f"requests or tasks failed, and --exit-code-on-error is {self._code_on_error}"
        return (FailureReason(said, self._code_on_error & 0xFF or 1),)

    def _why(self) -> str:
        return f" ({self._because[0]})" if self._because else ""

    def _watch(self, shape: LoadTestShape) -> None:
        """Hear the shape say that it is over, by None; an earlier run's watch may be on it."""
        tick: Any = type(shape).tick

        def watched() -> Any:  # noqa: ANN401  # whatever the shape says
            told = tick(shape)
            self._is_over = told is None
            return told

        setattr(shape, "tick", watched)  # noqa: B010  # mypy lets nobody assign to a method


def _levels(names: list[str]) -> str:
    return f"level {names[0]} was" if len(names) == 1 else f"levels {', '.join(names)} were"
