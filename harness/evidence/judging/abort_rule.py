"""Gates that stop a run: `InitiateAuth p95 < 300ms abort after 10s`.

Such a gate is held, about once a second, against everything measured so far, exactly as at the end; so what stopped a
run is what its verdict will say, and a figure that recovers in time stops nothing. No data is no failure here: a run
that has just begun has none. And a gate stops a run only when it fails by more than chance, which `certainty.py` says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.evidence.judging.baseline import Baseline
from harness.evidence.judging.certainty import ERROR, Trial
from harness.evidence.judging.gates import Gate, GateResult
from harness.evidence.judging.measured import GENERATOR, Measured


@dataclass(frozen=True, slots=True)
class Abort:
    """Why a run was stopped."""

    result: GateResult
    """What the gate came to at that moment."""
    after_s: float
    """How far into the run, in seconds."""
    failing_s: float
    """How long the gate had been failing."""

    @property
    def sentence(self) -> str:
        """For a log, without a full stop."""
        gate = self.result.gate
        return (
            f"stopped after {self.after_s:.0f} s: {gate.text} ({self.result.sentence}), "
            f"failing for {self.failing_s:.0f} s"
        )


class AbortRule:
    """The gates of a run that can stop it. Pure: it is told the time."""

    def __init__(self, gates: Iterable[Gate], baseline: Baseline | None = None) -> None:
        self._gates = [gate for gate in gates if gate.abort_after_s is not None]
        self._baseline = baseline
        self._trials: dict[Gate, Trial] = {}
        self._tries: dict[Gate, int] = {}
        self._load: float | None = None

    @property
    def has_gates(self) -> bool:
        """Whether there is anything to watch."""
        return bool(self._gates)

    @property
    def needs_generator(self) -> bool:
        """Whether a gate asks how the load generator fares."""
        return any(gate.metric == GENERATOR for gate in self._gates)

    def look(self, measured: Measured, now_s: float, load: float = 0.0) -> Abort | None:
        """Hold the gates against what was measured until now; why the run must stop, if it must.

        Args:
            measured: Everything measured so far.
            now_s: Seconds since the run began: what `abort after` is counted in.
            load: How much load is asked for now, in whatever unit: a rate is tried only while it stays the same.
        """
        is_load_new, self._load = self._load not in (None, load), load
        for gate in self._gates:
            result = gate.judge(measured, self._baseline)
            if result.state != "failed":
                self._trials.pop(gate, None)
                continue
            trial = self._trials.get(gate)
            if trial is None:
                trial = self._trials[gate] = Trial(gate, now_s, self._baseline)
            trial.look(measured, is_load_new=is_load_new)
            if now_s - trial.since_s < (gate.abort_after_s or 0.0):
                continue
            if trial.is_final(result, now_s) or trial.is_hung() or self._is_sure(trial):
                return Abort(result, now_s, now_s - trial.since_s)
        return None

    def _is_sure(self, trial: Trial) -> bool:
        """Whether the gate on trial fails by more than chance; `certainty.py` says how tries share the error."""
        if not trial.is_due():
            return False
        tries = self._tries[trial.gate] = self._tries.get(trial.gate, 0) + 1
        return trial.is_sure(ERROR / (tries * (tries + 1)))


def with_abort(results: Iterable[GateResult], abort: Abort | None) -> tuple[GateResult, ...]:
    """The results of a run, where the gate that stopped it has failed whatever the last answers made of its figure."""
    if abort is None:
        return tuple(results)
    return tuple(
        GateResult(
            result.gate,
            "failed",
            result.actual,
            f"{result.sentence}; stopped the run after {abort.after_s:.0f} s",
            result.limit,
        )
        if result.gate == abort.result.gate
        else result
        for result in results
    )
