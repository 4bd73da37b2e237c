"""A sweep: levels of load one after the other, the figures of each, and where more load stops to bring more logins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from harness.evidence.figures import json_shapes
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.tally import LOGINS
from harness.evidence.judging.knee import Knee, find_knee
from harness.outcome import Outcome

CONCURRENT: Final = "concurrent logins"
PER_SECOND: Final = "logins/s offered"
SETTLE_SHARE: Final = 0.2
"""Of each step's time nothing is measured at first: users spawn, connections open, and the last step's answers end."""
SETTLE_S: Final = 2.0
"""At least so long: Locust looks at a shape once a second, and a sample belongs to the second in which it ended."""
SHORTEST_HOLD_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The levels of a sweep, and for how long each is held."""

    levels: tuple[float, ...]
    unit: str
    """What a level is: `CONCURRENT` or `PER_SECOND`."""
    hold_s: float

    @property
    def settle_s(self) -> float:
        """How long at the start of each step is in none of its figures."""
        return max(SETTLE_S, SETTLE_SHARE * self.hold_s)

    @property
    def duration_s(self) -> float:
        """How long the sweep takes."""
        return self.hold_s * len(self.levels)

    def level_at(self, elapsed_s: float) -> float | None:
        """The level so long after the sweep began; None when it is over."""
        return None if elapsed_s >= self.duration_s else self.levels[int(max(elapsed_s, 0.0) // self.hold_s)]

    def step_of(self, second: int) -> int | None:
        """The step whose figures the second after this many is a part of; None: of no step's."""
        step = int(second // self.hold_s)
        begins_s = step * self.hold_s
        is_in = begins_s + self.settle_s <= second and second + 1 <= begins_s + self.hold_s
        return step if is_in and step < len(self.levels) else None

    @property
    def measured_s(self) -> int:
        """How many whole seconds of a step are measured."""
        return sum(self.step_of(second) == 0 for second in range(int(self.hold_s)))


@dataclass(frozen=True, slots=True)
class Step:
    """The figures of one level. Latencies in microseconds, None without a login that worked."""

    level: float
    throughput: float
    """Logins that worked, per second."""
    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    failures: int
    throttled: int
    dropped: int
    is_complete: bool
    """Whether all of its time was measured."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep came to."""

    steps: Plan
    figures: tuple[Step, ...]
    knee: Knee | None
    """Where more load stops to bring more logins; None where that was not seen."""

    @property
    def sentence(self) -> str:
        """What a reader wants to know, without a full stop."""
        if not self.figures:
            return "the run ended before the first level of the sweep could be measured"
        most = self.figures[-1].level
        if self.knee is None:
            return (
                f"no knee was seen up to {most:g} {self.steps.unit}: throughput still grew, or the levels are too few"
            )
        knee = self.knee
        where = f"{knee.low:g}" if knee.low == knee.high else f"{knee.low:g} to {knee.high:g}"
        return (
            f"beyond {knee.x:g} {self.steps.unit} latency grows without throughput "
            f"(Kneedle; in 90 % of resamples the knee is at {where})"
        )


@dataclass(slots=True)
class SweepBook:
    """Gathers a sweep's figures second by second. Not thread-safe."""

    plan: Plan
    _metrics: dict[int, Metrics] = field(default_factory=dict)
    _seconds: dict[int, dict[int, int]] = field(default_factory=dict)
    """Logins that worked, by step and second."""

    def second(self, at_s: int, metrics: Metrics) -> None:
        """What ended in one second, counted since the sweep began; a second may come in parts."""
        step = self.plan.step_of(at_s)
        if step is None:
            return
        self._metrics.setdefault(step, Metrics()).merge(metrics)
        seconds = self._seconds.setdefault(step, {})
        count, failures = metrics.counted("login")
        seconds[at_s] = seconds.get(at_s, 0) + count - failures

    def result(self) -> Sweep:
        """What is known by now."""
        figures = tuple(self._figures(step) for step in sorted(self._metrics))
        rates = [[float(ok) for ok in self._seconds[step].values()] for step in sorted(self._metrics)]
        knee = find_knee([step.level for step in figures], rates)
        return Sweep(self.plan, figures, knee)

    def _figures(self, step: int) -> Step:
        metrics, seconds = self._metrics[step], self._seconds[step]
        tally = metrics.tally(LOGINS)
        throttled = tally.outcomes.get(Outcome.THROTTLED)
        p50, p95, p99 = (tally.figure(name, 1.0) for name in ("p50", "p95", "p99"))
        return Step(
            level=self.plan.levels[step],
            throughput=sum(seconds.values()) / len(seconds),
            count=tally.count,
            p50=p50,
            p95=p95,
            p99=p99,
            failures=tally.failures,
            throttled=throttled.count if throttled else 0,
            dropped=sum(metrics.dropped.values()),
            is_complete=len(seconds) >= self.plan.measured_s,
        )


def to_json(sweep: Sweep) -> dict[str, Any]:
    """In types that JSON knows; latencies in microseconds."""
    return {
        "levels": list(sweep.steps.levels),
        "unit": sweep.steps.unit,
        "hold_s": sweep.steps.hold_s,
        "figures": [{name: getattr(step, name) for name in Step.__slots__} for step in sweep.figures],
        "knee": sweep.knee._asdict() if sweep.knee else None,
    }


def from_json(found: Mapping[str, Any]) -> Sweep:
    """What `to_json` described.

    Raises:
        ValueError, KeyError, TypeError: It is none.
    """
    json_shapes.check(found, json_shapes.SWEEP)
    figures: Sequence[Mapping[str, Any]] = found["figures"]
    plan = Plan(tuple(found["levels"]), found["unit"], found["hold_s"])
    return Sweep(plan, tuple(Step(**step) for step in figures), Knee(**found["knee"]) if found["knee"] else None)
