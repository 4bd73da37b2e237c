"""A run from its folder: of one that was killed, everything up to its last moments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from harness.errors import EXIT, HarnessError
from harness.evidence import events, histogram_log, sweep, timeline
from harness.evidence.ages import Ages
from harness.evidence.gates import parse_gates
from harness.evidence.hangs import left_open, still_open
from harness.evidence.health import Health, clocks, reopened, validity
from harness.evidence.measured import Measured
from harness.evidence.metrics import Metrics
from harness.evidence.record import GENERATOR, INTERVALS, RUN, SWEEP, Facts, facts_from_json, warmup_note
from harness.evidence.run import Remedies, Run, no_remedies
from harness.evidence.sweep import Sweep
from harness.evidence.timeline import Timeline
from harness.evidence.verdict import Verdict, decide, hung_because, too_many_dropped

NOT_CONCLUDED: Final = "the run was not concluded: its processes were killed, or are still running"


def rebuild(folder: Path, remedies: Remedies = no_remedies) -> Run:
    """The record of a run that all reports are made of, from what it left on disk.

    A run that was not concluded is invalid: nobody knows how it would have ended. What is missing stands in its notes:
    at most the last second of the timeline and ten seconds of the histograms, which all other figures come from.

    Raises:
        HarnessError: if the folder holds no run.
    """
    facts = _facts(folder)
    entries = Timeline(timeline.from_csv(_whole_lines(folder / timeline.FILE_NAME)))
    metrics, measured_to_s, warmup = _metrics(folder)
    healths = _healths(folder)
    started_s = facts.started_s
    is_whole = facts.ended_s is not None
    stopping_s = facts.stopping_s or started_s + measured_to_s
    duration_s = max(stopping_s - facts.measured_from_s, 1e-3)
    measured = Measured(
        metrics,
        duration_s,
        workers_lost=facts.workers_lost if is_whole else None,
        generator=facts.generator or validity(healths, metrics.measured, facts.max_lag_us),
        users=facts.users,
    )
    gates = parse_gates(list(facts.gates))[0]
    results = tuple(gate.judge(measured) for gate in gates)
    is_judged = bool(results or facts.settings.get("baseline"))
    hung = hung_because(metrics, facts.users, is_judged=is_judged)
    dropped = too_many_dropped(metrics, gates, facts.max_dropped_share)
    verdict = decide(
        metrics,
        results,
        healths,
        facts.max_lag_us,
        suspicious=reopened(healths),
        invalid_because=facts.invalid_because,
        failed_because=(*facts.failed_because, *hung, *dropped),
    )
    notes = facts.notes
    happened = tuple(events.from_lines(_whole_lines(folder / events.FILE_NAME)))
    if not is_whole:
        missing = (
            f"{NOT_CONCLUDED}; figures cover the first {measured_to_s:.0f} s, the timeline {entries.end_s} s: "
            "up to ten seconds of the former and the last second of the latter are missing"
        )
        seen = [(one.name, one.ages) for one in left_open(metrics) if one.kind in ("exchange", "request")]
        hanging = [f"{name}: {still_open(ages.count, ages.max_us)} at the last look" for name, ages in seen]
        notes = (
            missing,
            *hanging,
            *clocks(healths),
            *events.set_clocks(happened),
            *warmup_note(facts.warmup_s, *warmup),
            *notes,
        )
        reasons = (NOT_CONCLUDED, *verdict.invalid_because)
        sentence = f"the figures prove nothing: {NOT_CONCLUDED}"
        verdict = Verdict("invalid", EXIT.INVALID, sentence, reasons, verdict.suspect_because)
    return Run(
        run_id=facts.run_id,
        started_s=started_s,
        ended_s=facts.ended_s or started_s + max(float(entries.end_s), measured_to_s),
        duration_s=duration_s,
        classes=facts.classes,
        users=facts.users,
        workers_lost=facts.workers_lost,
        settings=facts.settings,
        metrics=metrics,
        gates=results,
        healths=healths,
        verdict=verdict,
        max_lag_us=facts.max_lag_us,
        remedies=remedies,
        notes=notes,
        timeline=entries,
        timeline_step_s=entries.step_s,
        events=happened,
        warmup_s=facts.warmup_s,
        sweep=_sweep(folder),
        target=facts.target,
    )


def _facts(folder: Path) -> Facts:
    path = folder / RUN
    try:
        return facts_from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HarnessError(
            f"{path} cannot be read: {error.strerror or error}", "give the folder of a run, such as results/latest"
        ) from error


def _metrics(folder: Path) -> tuple[Metrics, float, tuple[int, int]]:
    """Everything measured; up to when, in seconds since the start; samples and failures of the warm-up."""
    metrics, measured_to_s, warmup = Metrics(), 0.0, (0, 0)
    exact: dict[tuple[str, str], list[int]] = {}
    for line in _whole_lines(folder / INTERVALS):
        found: dict[str, Any] = json.loads(line)
        metrics.merge_rest(found)
        metrics.in_flight = Ages.from_wire(found.get("in_flight", ()))  # older runs do not know
        measured_to_s, warmup = found["end_s"], (found["warmup"][0], found["warmup"][1])
        for tag, *figures in found["exact"]:
            exact[f"{found['start_s']:.3f}", tag] = figures
    for interval in histogram_log.read(_whole_lines(folder / histogram_log.FILE_NAME)):
        histogram = interval.histogram
        known = exact.get((f"{interval.start_s:.3f}", histogram_log.tag(interval.key, interval.phase)))
        if known is not None and known[0] == histogram.count:
            _, histogram.sum_us, histogram.max_us, histogram.clamped = known
        metrics.merge_histogram(interval.key, interval.phase, histogram)
    return metrics, measured_to_s, warmup


def _healths(folder: Path) -> dict[str, Health]:
    try:
        wires = json.loads((folder / GENERATOR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: Health.from_wire(wire) for name, wire in wires.items()}


def _sweep(folder: Path) -> Sweep | None:
    try:
        return sweep.from_json(json.loads((folder / SWEEP).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _whole_lines(path: Path) -> Iterator[str]:
    """The lines that were written to their end; none when there is no such file."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            yield from (line for line in file if line.endswith("\n"))
    except OSError:
        return
