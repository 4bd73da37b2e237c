"""What a run comes to: the verdict, the results on disk, the summary on the terminal."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness.cognito import remedies
from harness.errors import EXIT, HarnessError
from harness.evidence import run as evidence
from harness.evidence.health import Health
from harness.evidence.metrics import Metrics
from harness.evidence.reports import summary, terminal
from harness.evidence.verdict import decide
from harness.load.lifecycle.setup import Setup

log = logging.getLogger("cognito-load")


@dataclass(frozen=True, slots=True)
class Extent:
    """Who ran, when."""

    started_s: float
    """Wall clock, seconds since the epoch."""
    stopping_s: float
    """When the users were told to stop: what is measured after that is the tail of what began before."""
    ended_s: float
    user_classes: tuple[str, ...]
    users: int
    lost_workers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A run that is over, judged and written down."""

    run: evidence.Run
    report: Path | None
    """None when it could not be written, which the log says."""

    @property
    def exit_code(self) -> EXIT:
        """What this run makes of the process's exit code."""
        return self.run.verdict.exit_code

    def print(self, *, is_quiet: bool = False) -> None:
        """Print the closing summary to standard output; when quiet, its end alone."""
        terminal.render(self.run, Console(), report=self.report, is_quiet=is_quiet)


def conclude(setup: Setup, metrics: Metrics, healths: Mapping[str, Health], extent: Extent) -> Conclusion:
    """Judge a run and write it down. A result that cannot be written is said so, and shown all the same."""
    duration_s = max(extent.stopping_s - extent.started_s, 1e-3)
    max_lag_us = round(setup.settings.max_lag_ms * 1_000)
    results = tuple(gate.judge(metrics, duration_s) for gate in setup.gates)
    run = evidence.Run(
        run_id=setup.settings.run,
        started_s=extent.started_s,
        ended_s=extent.ended_s,
        duration_s=duration_s,
        classes=extent.user_classes,
        users=extent.users,
        settings=setup.settings.shown(),
        metrics=metrics,
        gates=results,
        healths=healths,
        verdict=decide(metrics, results, healths, max_lag_us),
        max_lag_us=max_lag_us,
        remedies=_explain,
        notes=tuple(
            f"worker {name} was lost: what it measured in its last seconds is missing" for name in extent.lost_workers
        ),
    )
    try:
        path = summary.write(run, Path(setup.settings.results_dir))
    except HarnessError as error:
        log.warning("%s (%s)", error.message, error.hint)
        return Conclusion(run, None)
    return Conclusion(run, _write_reports(run, path.parent) or path)


def _write_reports(run: evidence.Run, folder: Path) -> Path | None:
    """Write what people read; the page, if it could be made."""
    from harness.evidence.reports import files  # noqa: PLC0415 - the charts take a second to import, after the run

    written = files.write(run, folder, os.environ)
    for fault in written.faults:
        log.warning("%s", fault)
    return written.page


def _explain(kind: str, message: str) -> tuple[str, str] | None:
    found = remedies.lookup(kind, message)
    return (found.cause, found.remedy) if found else None
