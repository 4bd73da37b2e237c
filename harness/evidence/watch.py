"""Gates that stop a run: `InitiateAuth p95 < 300ms abort after 10s`.

Such a gate is held, about once a second, against everything measured so far, exactly as at the end; so what stopped a
run is what its verdict will say, and a figure that recovers in time stops nothing. No data is no failure here: a run
that has just begun has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.evidence.gates import Gate, GateResult
from harness.evidence.metrics import Metrics
from harness.evidence.past import Past


@dataclass(frozen=True, slots=True)
class Abort:
    """Why a run was stopped."""

    result: GateResult
    """What the gate came to at that moment."""
    after_s: float
    """How far into the run, in seconds."""

    @property
    def sentence(self) -> str:
        """For a log, without a full stop."""
        gate = self.result.gate
        return (
            f"stopped after {self.after_s:.0f} s: {gate.text} ({self.result.sentence}), "
            f"failing for {gate.abort_after_s:g} s"
        )


class Watch:
    """The gates of a run that can stop it. Pure: it is told the time."""

    def __init__(self, gates: Iterable[Gate], baseline: Past | None = None) -> None:
        self._gates = [gate for gate in gates if gate.abort_after_s is not None]
        self._baseline = baseline
        self._failing_since_s: dict[Gate, float] = {}

    @property
    def has_gates(self) -> bool:
        """Whether there is anything to watch."""
        return bool(self._gates)

    def look(self, metrics: Metrics, duration_s: float, now_s: float) -> Abort | None:
        """Hold the gates against what was measured until now; why the run must stop, if it must.

        Args:
            metrics: Everything measured so far.
            duration_s: In how many seconds of the run that was measured.
            now_s: Seconds since the run began: what `abort after` is counted in.
        """
        for gate in self._gates:
            result = gate.judge(metrics, duration_s, self._baseline)
            if result.state != "failed":
                self._failing_since_s.pop(gate, None)
                continue
            since_s = self._failing_since_s.setdefault(gate, now_s)
            if now_s - since_s >= (gate.abort_after_s or 0.0):
                return Abort(result, now_s)
        return None


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
