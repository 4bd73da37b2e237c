"""Whether a gate that fails does so by more than chance: what has to be known before a run is stopped for it.

A figure of the first seconds is one of few samples, and samples of one second resemble each other: a stall hits all
users at once. So a gate that fails goes on trial, with what is measured *from then on*, in batches of a second or more.
It is sure to fail when two things hold of these batches:

- **By their number.** So many samples on the wrong side of the limit are improbable at a service that just keeps it:
  of a percentile and a fail rate by the binomial distribution's Chernoff bound, exp(-n KL) (Hoeffding 1963, theorem 1),
  of a rate by Poisson's. It holds for any n, and no distribution of latencies is assumed. Three samples, all too slow,
  are enough for a p95, eleven for a median.
- **By their spread.** The mean excess of the batches is beyond Student's t of their own spread: the method of batch
  means, which needs no independence within a batch (Law, Simulation Modeling and Analysis, §9.5.3). At least ten
  batches with samples, joined to thirty at most (Schmeiser, Operations Research 30, 1982: between 10 and 30 are right).
  One stall, however long the queue behind it, is one batch, and never enough.

A gate is tried again when a quarter more has come, and each try could err. The k-th of a run may with a chance of
`ERROR` / k(k + 1), all together with `ERROR` (Bonferroni; spent over looks as Lan & DeMets, Biometrika 1983, do).

Samples that opened a connection are left out of latencies as long as users open the first they have: they are the
start of a load and not its course. From `OPENED_EACH` per user on they are what the service makes of every user.

Of what can only grow (counts, `max`) one violation decides, and of what can still come (`count >= 100`) nothing does.

A service that hangs gives no samples, and so no batches. What hangs (`hangs.py`: for ten seconds, and twice as long as
any answer took) is on the wrong side of a limit for latencies or failures by itself, and is no stall that is over soon:
then the number alone decides, or that half of the users hang.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, inf, log, sqrt
from statistics import NormalDist, fmean, stdev
from typing import Final, Literal, NamedTuple

from harness.evidence.figures.histogram import Histogram, percentile_of
from harness.evidence.figures.tally import Tally, is_count
from harness.evidence.judging.baseline import Baseline
from harness.evidence.judging.comparison import latency_interval, wilson_interval
from harness.evidence.judging.gates import Gate, GateResult
from harness.evidence.judging.hangs import USERS_SHARE, hung
from harness.evidence.judging.measured import GENERATOR, RUN_COUNTS, WORKERS_LOST, Measured

ERROR: Final = 0.001
"""The chance that a gate stops a run although the service keeps its limit."""
FEWEST_BATCHES: Final = 10
MOST_BATCHES: Final = 30
TRY_AGAIN: Final = 1.25
"""A gate is tried again when a quarter more has come: each try makes all of them stricter."""
OPENED_EACH: Final = 2
"""Connections for each user: its first, and one that it may have lost."""
GENERATOR_S: Final = 30.0
"""How long the generator must have been unfit: while users start, it is busy with that."""
BUCKET_SHARE: Final = 1 / 1024
"""How wide a histogram's bucket is, of its value."""

Side = Literal["high", "low"]
"""On which side of the limit a figure is."""
_SIDES: Final[dict[str, tuple[Side, ...]]] = {
    "<": ("high",),
    "<=": ("high",),
    ">": ("low",),
    ">=": ("low",),
    "==": ("high", "low"),
    "!=": (),
}
"""On which side of its limit a figure fails a gate."""


class Strand(NamedTuple):
    """What counts against a gate, from the start of the run to one look at it."""

    size: float = 0.0
    """Samples; of a rate, seconds."""
    against: float = 0.0
    """Samples on the wrong side; of a mean, the sum of their microseconds; of a rate, their number."""


Strands = tuple[Strand, ...]
"""Of a latency two, its ok samples and all samples, since its figure is the worse of both; else one."""


class Trial:
    """One gate, from when it began to fail.

    Args:
        gate: The gate.
        since_s: When that was, in seconds since the start of the run.
        baseline: The run that it is relative to, if it is.
    """

    def __init__(self, gate: Gate, since_s: float, baseline: Baseline | None = None) -> None:
        self.gate = gate
        self.since_s = since_s
        self._is_counted = not (_is_of_the_run(gate.metric) or gate.metric == "max" or is_count(gate.metric))
        self._looks: dict[Side, list[Strands]] = {side: [] for side in _SIDES[gate.comparison]}
        self._limits: dict[Side, float | None] = {side: _limit(gate, baseline, side) for side in self._looks}
        self._are_first = True
        """Whether the connections that were opened are the users' first."""
        self._next_try = FEWEST_BATCHES
        self._measured: Measured | None = None
        """How far the run has come."""

    def look(self, measured: Measured, *, is_load_new: bool = False) -> None:
        """Take in how far the run has come.

        Args:
            measured: Everything so far.
            is_load_new: Whether more or fewer users, or arrivals, are asked for than before: a rate begins anew.
        """
        self._measured = measured
        if not self._is_counted:
            return
        gate, tally = self.gate, measured.metrics.tally(self.gate.subject)
        are_first = tally.opened.count <= OPENED_EACH * measured.users
        begins_anew = (is_load_new and gate.metric == "rate") or are_first is not self._are_first
        self._are_first = are_first
        for side, looks in self._looks.items():
            limit = self._limits[side]
            if begins_anew:
                looks.clear()
            if limit is not None:
                looks.append(_strands(gate, tally, measured.duration_s, limit, side, leaves_out_opened=are_first))

    def is_final(self, result: GateResult, now_s: float) -> bool:
        """Whether the gate fails for good, and no chance is in it.

        Args:
            result: What it comes to now.
            now_s: Seconds since the start of the run.
        """
        gate, actual, limit = self.gate, result.actual, result.limit
        if gate.metric == "max" and gate.comparison in ("<", "<="):
            return result.state == "failed"  # also by what is open: it will take longer still
        if actual is None or limit is None:
            return False
        if gate.metric == GENERATOR:
            return now_s - self.since_s >= GENERATOR_S
        if gate.metric == WORKERS_LOST:
            return True
        return _only_grows(gate, limit) and "high" in self._looks and actual >= limit

    def is_hung(self) -> bool:
        """Whether the gate fails by what hangs, more than chance explains."""
        measured, limit = self._measured, self._limits.get("high")
        if measured is None or limit is None or not self._is_counted:
            return False
        expected = _expected(self.gate.metric, limit, "high")
        number, tally = hung(measured.metrics, self.gate.subject).number, measured.metrics.tally(self.gate.subject)
        if not number or self.gate.metric == "rate":
            return False
        if measured.users and number >= USERS_SHARE * measured.users:
            return True
        against = number + max(_strands(self.gate, tally, 0.0, limit, "high", leaves_out_opened=False))[1]
        return self.gate.metric != "mean" and _binomial(tally.count + number, against, expected) >= log(1 / ERROR)

    def is_due(self) -> bool:
        """Whether enough has come to try the gate, or to try it again; asking counts as a try."""
        batches = max(
            (len(_parts(strand)) for looks in self._looks.values() for strand in zip(*looks, strict=True)), default=0
        )
        if batches < self._next_try:
            return False
        self._next_try = ceil(batches * TRY_AGAIN)
        return True

    def is_sure(self, error: float) -> bool:
        """Whether the gate fails by more than chance.

        Args:
            error: With what chance this may be wrong.
        """
        return any(
            _is_beyond_chance(looks, self._limits[side], self.gate.metric, side, error / len(self._looks))
            for side, looks in self._looks.items()
        )


def _is_of_the_run(metric: str) -> bool:
    return metric in RUN_COUNTS or metric == GENERATOR


def _only_grows(gate: Gate, limit: float) -> bool:
    """Whether the figure can never come back to its limit once it is beyond it."""
    metric = gate.metric
    is_zero = metric == "fail_rate" and limit == 0
    return is_zero or metric == "max" or is_count(metric) or (metric in RUN_COUNTS and metric != WORKERS_LOST)


def _limit(gate: Gate, baseline: Baseline | None, side: Side) -> float | None:
    """The limit that a figure must be beyond; None where the baseline has too few samples to say.

    Of a baseline's figure it is the end of its interval: that run had its chances, too.
    """
    if not gate.needs_baseline:
        return gate.threshold.resolve(None)
    if baseline is None:
        return None
    z = NormalDist().inv_cdf(1 - ERROR)
    tally, metric = baseline.metrics.tally(gate.subject), gate.metric
    if percentile_of(metric) is not None:
        interval = latency_interval(tally, metric, z)
    elif metric == "fail_rate":
        interval = wilson_interval(tally.failures, tally.count, z)
    else:
        value, margin = gate.figure(baseline.measured), _margin(tally, metric, baseline.duration_s, z)
        if value is None:
            return None
        return gate.threshold.resolve(value + margin if side == "high" else max(value - margin, 0.0))
    if interval is None:
        return None
    return gate.threshold.resolve(interval.high if side == "high" else interval.low)


def _margin(tally: Tally, metric: str, duration_s: float, z: float) -> float:
    """Half of the interval of a mean or a rate, by the normal approximation; none of what is a plain number."""
    if metric == "rate":
        return z * sqrt(tally.count) / duration_s
    if metric == "mean":
        groups = [group for group in (tally.ok, tally.everything) if group.count]
        return max((z * group.deviation() / sqrt(group.count) for group in groups), default=inf)
    return 0.0


def _strands(
    gate: Gate, tally: Tally, duration_s: float, limit: float, side: Side, *, leaves_out_opened: bool
) -> Strands:
    """What counts against the gate up to now."""
    if gate.metric == "rate":
        return (Strand(duration_s, tally.count if side == "high" else -tally.count),)
    if gate.metric == "fail_rate":
        return (Strand(tally.count, tally.failures if side == "high" else tally.ok.count),)
    groups = [tally.ok, tally.everything]
    if leaves_out_opened:
        groups = [tally.ok.without(tally.opened_ok), tally.reused]
    if gate.metric == "mean":
        return tuple(Strand(group.count, group.sum_us if side == "high" else -group.sum_us) for group in groups)
    return tuple(Strand(group.count, _on_side(group, limit, gate.comparison, side)) for group in groups)


def _on_side(group: Histogram, limit: float, comparison: str, side: Side) -> int:
    """How many samples are on the wrong side of a limit; those that share its bucket are not."""
    if side == "high":
        return group.above(ceil(limit) - 1 if comparison == "<" else int(limit))
    return group.count - group.above(int(limit * (1 - BUCKET_SHARE)))


def _is_beyond_chance(looks: Sequence[Strands], limit: float | None, metric: str, side: Side, error: float) -> bool:
    if limit is None or not looks:
        return False
    expected = _expected(metric, limit, side)
    unlikely = _UNLIKELY.get(metric, _binomial)
    found = (_stands_out(strand, expected, unlikely, error) for strand in zip(*looks, strict=True))
    # A latency's figure is the worse of two: one of them is enough to be above a limit, both have to be below it.
    return any(found) if side == "high" else all(found)


def _expected(metric: str, limit: float, side: Side) -> float:
    """What counts against a gate, for each sample or second, at a service that just keeps it."""
    thousandths = percentile_of(metric)
    if thousandths is not None:
        share = thousandths / 100_000
        return 1 - share if side == "high" else share
    if metric == "fail_rate":
        return limit if side == "high" else 1 - limit
    return limit if side == "high" else -limit


def _stands_out(
    strand: Sequence[Strand], expected: float, unlikely: Callable[[float, float, float], float], error: float
) -> bool:
    """Whether more counts against a gate than its limit and chance explain; see the top of this file."""
    batches = _batches(strand)
    if len(batches) < FEWEST_BATCHES:
        return False
    size, against = sum(each.size for each in batches), sum(each.against for each in batches)
    if unlikely(size, against, expected) < log(1 / error):
        return False
    excess = [each.against - expected * each.size for each in batches]
    mean, spread = fmean(excess), stdev(excess) / sqrt(len(excess))
    return mean > 0 and (spread == 0 or mean / spread > student(error, len(excess) - 1))


def _parts(strand: Sequence[Strand]) -> list[Strand]:
    """What came between two looks, where anything did."""
    parts = []
    last = strand[0]
    for each in strand[1:]:
        if each.size > last.size:
            parts.append(Strand(each.size - last.size, each.against - last.against))
            last = each
    return parts


def _batches(strand: Sequence[Strand]) -> list[Strand]:
    """These parts, neighbours joined where they are too many."""
    parts = _parts(strand)
    length = -(-len(parts) // MOST_BATCHES) or 1
    joined = (parts[start : start + length] for start in range(0, len(parts), length))
    return [Strand(sum(each.size for each in some), sum(each.against for each in some)) for some in joined]


def student(error: float, freedom: int) -> float:
    """Student's t that is exceeded with this chance (Cornish-Fisher; Abramowitz & Stegun 26.7.5)."""
    z = NormalDist().inv_cdf(1 - error)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + sum(term / float(freedom**power) for power, term in enumerate(terms, 1))


def _binomial(size: float, against: float, expected: float) -> float:
    """How improbable so many of so many are, or more: -ln of the Chernoff bound."""
    share = against / size
    if share <= expected:
        return 0.0
    if expected <= 0:
        return inf
    rest = (1 - share) * log((1 - share) / (1 - expected)) if share < 1 else 0.0
    return size * (share * log(share / expected) + rest)


def _poisson(seconds: float, count: float, expected: float) -> float:
    """The same of a number of events, on either side of what is expected; both are negative for too few."""
    mean, found = abs(expected) * seconds, abs(count)
    if count <= expected * seconds:
        return 0.0
    if not mean:
        return inf
    return found * log(found / mean) - found + mean if found else mean


def _unbounded(size: float, against: float, expected: float) -> float:
    """Of a mean nothing is known without its distribution: its batches decide alone."""
    return inf if against > expected * size else 0.0


_UNLIKELY: Final = {"rate": _poisson, "mean": _unbounded}
