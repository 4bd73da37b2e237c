"""A run from its folder: of one that was killed, everything up to its last moments."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.errors import EXIT
from harness.evidence.figures.events import set_clocks
from harness.evidence.figures.generator_health import clocks, reopened, validity
from harness.evidence.finished_run import FinishedRun, Remedies, no_remedies
from harness.evidence.judging.gates import GateResult, parse_gates
from harness.evidence.judging.hangs import left_open, still_open
from harness.evidence.judging.measured import Measured
from harness.evidence.judging.verdict import Verdict, decide, hung_because, too_many_dropped
from harness.evidence.storage.record import RUN, warmup_note
from harness.evidence.storage.remains import Remains, remains_of

NOT_CONCLUDED: Final = "the run was not concluded: its processes were killed, or are still running"


def rebuild(folder: Path, remedies: Remedies = no_remedies) -> FinishedRun:
    """The record of a run that all reports are made of, from what it left on disk.

    A run that was not concluded is invalid: nobody knows how it would have ended. What is missing stands in its notes:
    at most the last second of the timeline and ten seconds of the histograms, which all other figures come from.

    Raises:
        HarnessError: if the folder holds no run.
    """
    found = remains_of(folder)
    facts, entries, metrics, healths = found.facts, found.timeline, found.metrics, found.healths
    started_s, measured_to_s, is_whole = facts.started_s, found.measured_to_s, found.is_concluded
    stopping_s = facts.stopping_s or started_s + measured_to_s
    duration_s = max(stopping_s - facts.measured_from_s, 1e-3)
    measured = Measured(
        metrics,
        duration_s,
        workers_lost=facts.workers_lost if is_whole else None,
        generator=facts.generator or validity(healths, metrics.measured, facts.max_lag_us),
        users=facts.users,
    )
    results, verdict = _judged(found, measured)
    notes = (*found.damage.sentences, *facts.notes)
    if not is_whole and not found.damage.of(RUN):
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
            *set_clocks(found.events),
            *warmup_note(facts.warmup_s, *found.warmup),
            *notes,
        )
        reasons = (NOT_CONCLUDED, *verdict.invalid_because)
        sentence = f"the figures prove nothing: {NOT_CONCLUDED}"
        verdict = Verdict("invalid", EXIT.INVALID, sentence, reasons, verdict.suspect_because)
    return FinishedRun(
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
        events=found.events,
        warmup_s=facts.warmup_s,
        sweep=found.sweep,
        rejections=found.rejections,
        target=facts.target,
    )


def _judged(found: Remains, measured: Measured) -> tuple[tuple[GateResult, ...], Verdict]:
    """What became of the gates, and the verdict; invalid when what the run is judged by is lost."""
    facts, metrics, healths = found.facts, found.metrics, found.healths
    gates, problems = parse_gates(list(facts.gates))
    lost = (*found.invalid_because, *(f"{RUN} holds a gate that is none: {problem.message}" for problem in problems))
    results = tuple(gate.judge(measured, before=facts.baseline_figures.get(gate.text)) for gate in gates)
    is_judged = bool(results or facts.settings.get("baseline"))
    hung = hung_because(metrics, facts.users, is_judged=is_judged)
    dropped = too_many_dropped(metrics, gates, facts.max_dropped_share)
    verdict = decide(
        metrics,
        results,
        healths,
        facts.max_lag_us,
        suspicious=reopened(healths),
        invalid_because=(*facts.invalid_because, *lost),
        failed_because=(*facts.failed_because, *hung, *dropped),
    )
    return results, verdict
