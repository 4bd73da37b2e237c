"""What a run comes to: the verdict, the results on disk, the summary on the terminal."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from harness.cognito import remedies
from harness.errors import EXIT, HarnessError
from harness.evidence.figures.events import set_clocks
from harness.evidence.figures.generator_health import Health, clocks, reopened, validity
from harness.evidence.figures.metrics import Metrics
from harness.evidence.finished_run import FinishedRun
from harness.evidence.judging import baseline
from harness.evidence.judging.abort_rule import Abort, with_abort
from harness.evidence.judging.baseline import Baseline
from harness.evidence.judging.comparison import Comparison, compare
from harness.evidence.judging.measured import Measured
from harness.evidence.judging.verdict import FailureReason, decide, hung_because, too_many_dropped, unserved, worsened
from harness.evidence.reports import files, summary, terminal
from harness.evidence.storage.record import Record
from harness.load.run.setup import Setup
from harness.load.supervisor.order import Order

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
    abort: Abort | None = None
    """The gate that stopped the run, if one did."""
    invalid_because: tuple[str, ...] = ()
    """What makes the run invalid besides the generator's health; see `harness.evidence.judging.verdict.decide`."""
    failed_because: tuple[FailureReason, ...] = ()
    """What keeps it from passing besides its figures; see there."""
    workers_lost: int = 0
    """How many workers were not heard any more when the run ended, or had ended without a last report."""
    order: Order = field(default_factory=Order)
    """How much of what was ordered has run."""

    @property
    def facts(self) -> dict[str, float | int]:
        """What of it goes into the run's record; see `harness.evidence.storage.record.Facts`."""
        return {
            "stopping_s": self.stopping_s,
            "ended_s": self.ended_s,
            "users": self.users,
            "workers_lost": self.workers_lost,
        }


@dataclass(slots=True)
class Conclusion:
    """A run that is over, judged and written down."""

    run: FinishedRun
    report: Path | None
    """None when it could not be written, which the log says."""
    _record: Record
    _past: Baseline
    _folder: Path | None
    _with_page: bool
    _is_printed: bool = False

    @property
    def exit_code(self) -> int:
        """What this run makes of the process's exit code."""
        return self.run.verdict.exit_code

    def print(self, *, is_quiet: bool = False) -> None:
        """Print the closing summary to standard output; when quiet, or printed before, its end alone."""
        is_again, self._is_printed = self._is_printed, True
        try:
            terminal.render(self.run, Console(), report=self.report, is_quiet=is_quiet or is_again)
        except (OSError, SystemExit) as error:  # Rich exits with 1 when the reader of a pipe has gone
            log.warning("the closing summary cannot be printed: %s", getattr(error, "strerror", "") or "closed pipe")
        except Exception:
            verdict = self.run.verdict
            log.exception("the closing summary cannot be made")
            print(f"{verdict.word}: {verdict.sentence} (exit code {int(verdict.exit_code)})")  # noqa: T201  # its place

    def amend(self, reason: FailureReason) -> bool:
        """Something was found after the verdict that keeps the run from passing: write its results anew.

        Returns:
            Whether that changes the verdict.
        """
        verdict = worsened(self.run.verdict, reason)
        if verdict == self.run.verdict:
            return False
        self.run = replace(self.run, verdict=verdict)
        self._record.fail(reason)
        if self._folder is not None:
            _write(self.run, self._past, self._folder, with_page=self._with_page)
        return True


def conclude(
    setup: Setup, record: Record, healths: Mapping[str, Health], extent: Extent, notes: tuple[str, ...] = ()
) -> Conclusion:
    """Judge a run and write it down. A result that cannot be written is said so, and shown all the same."""
    metrics = record.metrics
    sweep = record.sweep.result() if record.sweep else None
    failed_because = (*extent.failed_because, *extent.order.failures(sweep))
    duration_s = max(extent.stopping_s - record.facts.measured_from_s, 1e-3)
    max_lag_us = round(setup.settings.max_lag_ms * 1_000)
    suspicious = reopened(healths)
    measured = Measured(
        metrics,
        duration_s,
        workers_lost=extent.workers_lost,
        generator=validity(
            healths,
            metrics.measured,
            max_lag_us,
            invalid_because=extent.invalid_because,
            suspicious=suspicious,
        ),
        users=extent.users,
    )
    results = with_abort((gate.judge(measured, setup.baseline) for gate in setup.gates), extent.abort)
    this = Baseline(setup.settings.run, duration_s, metrics, healths)
    comparison = compare(setup.baseline, this) if setup.baseline else None
    hung = hung_because(metrics, extent.users, is_judged=bool(results or comparison))
    dropped = too_many_dropped(metrics, setup.gates, setup.settings.max_dropped_share)
    verdict = decide(
        metrics,
        results,
        healths,
        max_lag_us,
        comparison,
        suspicious,
        invalid_because=extent.invalid_because,
        failed_because=(*failed_because, *hung, *dropped),
    )
    run = FinishedRun(
        run_id=setup.settings.run,
        started_s=extent.started_s,
        ended_s=extent.ended_s,
        duration_s=duration_s,
        classes=extent.user_classes,
        users=extent.users,
        workers_lost=extent.workers_lost,
        settings=record.facts.settings,
        metrics=metrics,
        gates=results,
        healths=healths,
        verdict=verdict,
        comparison=comparison,
        max_lag_us=max_lag_us,
        remedies=explanation,
        notes=(
            *clocks(healths),
            *set_clocks(record.events),
            *filter(None, [never_served(metrics)]),
            *record.warmup_notes,
            *record.faults,
            *notes,
            *extent.order.notes(extent.stopping_s - extent.started_s, sweep),
        ),
        timeline=record.timeline,
        timeline_step_s=record.timeline.step_s,
        events=tuple(record.events),
        warmup_s=record.facts.warmup_s,
        sweep=sweep,
        target=record.facts.target,
        rejections=record.rejections,
    )
    kept = (*failed_because, *_no_figure_tells(extent.abort, comparison))
    record.conclude(run.notes, measured.generator, extent.invalid_because, kept)
    with_page = setup.settings.makes_page
    try:
        folder = summary.folder_for(run, Path(setup.settings.results_dir))
    except HarnessError as error:
        log.warning("%s (%s)", error.message, error.hint)
        return Conclusion(run, None, record, this, None, with_page)
    return Conclusion(run, _write(run, this, folder, with_page=with_page), record, this, folder, with_page)


def _no_figure_tells(abort: Abort | None, comparison: Comparison | None) -> tuple[FailureReason, ...]:
    """What failed a run and is not in what it measured: `report build` has to find it in `run.json`."""
    sentences = [abort.sentence] if abort is not None else []
    if comparison is not None and comparison.word in ("worse", "not enough data"):
        sentences.append(comparison.sentence)
    return tuple(FailureReason(sentence, EXIT.GATE) for sentence in sentences)


def withdraw(folder: Path | None) -> None:
    """Take back what was written of a verdict that could not be written as a whole; the record of the run stays."""
    for name in (summary.FILE_NAME, *files.NAMES):
        if folder is not None:
            (folder / name).unlink(missing_ok=True)


def explanation(kind: str, message: str) -> tuple[str, str] | None:
    """Cause and remedy of an error; None when nobody knows."""
    found = remedies.lookup(kind, message)
    return (found.cause, found.remedy) if found else None


def never_served(metrics: Metrics) -> str:
    """What a reader must know of users for whom there never was an account; empty when all had one."""
    said = unserved(metrics)
    return f"{said}: add accounts, or run fewer users" if said else ""


def _write(run: FinishedRun, measured: Baseline, folder: Path, *, with_page: bool) -> Path | None:
    """Write a run's results, or write them anew; where a reader best looks, None when nothing could be written.

    The summary comes last: a process that ends before it, for want of memory, leaves no verdict behind.
    """
    try:
        baseline.write(replace(measured, word=run.verdict.word), folder)
    except HarnessError as error:
        log.warning("%s (%s)", error.message, error.hint)
    written = files.write(run, folder, os.environ, with_page=with_page)
    for fault in written.faults:
        log.warning("%s", fault)
    try:
        path = summary.rewrite(run, folder)
    except OSError as error:
        log.warning("%s cannot be written: %s", folder / summary.FILE_NAME, error.strerror or error)
        return written.page
    return written.page or path
