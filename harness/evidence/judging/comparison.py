"""Is this run slower than that one? Percentile by percentile, with intervals, and a verdict a job can act on.

A percentile of a sample is an order statistic, and so are the ends of its confidence interval: of n samples, those of
ranks n p ± z √(n p (1 - p)) enclose the true percentile, whatever the distribution looks like (Conover, Practical
Nonparametric Statistics, 3rd ed., §3.2; Hahn & Meeker, Statistical Intervals, §5.2). Fail rates have Wilson's score
interval. The difference of two such figures gets its interval from theirs by the method of variance estimates recovery
(Newcombe 1998; Zou & Donner 2008), which assumes no distribution, either. With k figures compared, each is held to
1/k of the error that is allowed for all together (Bonferroni).

All that covers chance within a run; runs differ by more. So a difference counts only beyond what the measurement
itself can be off by, the largest of: a tenth of the figure; 1 ms, to which latencies are measured at all; and
`LAG_WAITS` times the event-loop lag of either run at the same percentile, since that is how long everything on the
machine waited for its turn. A busy machine thereby widens what it makes uncertain; how well that works, and where it
does not, is in bench/README.md. Where this exceeds the figure itself, nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, floor, hypot, sqrt
from statistics import NormalDist
from typing import Literal, NamedTuple

from harness.evidence.figures.histogram import Histogram, percentile_of
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.tally import Selector, Tally
from harness.evidence.judging.baseline import Baseline
from harness.evidence.judging.gates import describe
from harness.evidence.judging.hangs import hung

Word = Literal["better", "same", "worse", "not enough data"]

PERCENTILES = ("p50", "p90", "p95", "p99")
FAIL_RATE = "fail_rate"
ERROR = 0.05
"""The chance that anything at all comes out different when nothing but chance is."""
TOLERATED_SHARE = 0.10
"""Of the baseline's figure: what teams write as `baseline * 1.10`; smaller changes drown in a shared network."""
TOLERATED_US = 1_000.0
"""One millisecond: what the generator's own p99 is accurate to at half of its capacity."""
LAG_WAITS = 4
"""How often an exchange waits for a processor: to be sent, to be received, to be answered, and to be read.

The event-loop lag is one such wait. On a machine that was busy with other work, runs of the same thing had medians of
22 to 50 ms, and 21 ms plus four lags within a few milliseconds; two lags are too few for bench/baseline_noise.py."""
TOLERATED_FAIL_RATE = 0.01
"""One in a hundred, in absolute terms."""
BLUNT_US = 20_000.0
"""A tolerance beyond the figure itself tells nothing, unless the figure is small: 20 ms are a tenth of a login."""
WIDEST = 0.5
"""A difference known to no better than half of the figure could hide a run half as slow again: that is no `same`."""


class Interval(NamedTuple):
    """A figure, and between what it lies."""

    low: float
    value: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of both runs: microseconds, or a share of 1 for `fail_rate`."""

    subject: str
    """As a gate would name it: `login(initial)`, `InitiateAuth`, `GET /orders`."""
    metric: str
    before: Interval | None
    after: Interval | None
    tolerance: float
    """Differences up to this are no difference."""
    difference: Interval | None
    """After minus before; None without data."""
    word: Word
    sentence: str
    """Why, without a full stop."""

    @property
    def title(self) -> str:
        """What it is about: `InitiateAuth p95`."""
        return f"{self.subject} {self.metric}".strip()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, the older one first."""

    before: str
    after: str
    rows: tuple[Row, ...]

    @property
    def word(self) -> Word:
        """Worse when anything is; better when something is and nothing is worse; same when a latency is known to be."""
        words = {row.word for row in self.rows if row.metric != FAIL_RATE or row.word != "same"}
        order: tuple[Word, ...] = ("worse", "better", "same")
        return next((word for word in order if word in words), "not enough data")

    @property
    def sentence(self) -> str:
        """What it comes to, without a full stop."""
        decisive = [row for row in self.rows if row.word == self.word]
        if self.word in ("worse", "better"):
            first = decisive[0]
            more = f" (and {len(decisive) - 1} more)" if len(decisive) > 1 else ""
            return f"{self.word} than {self.before}: {first.title} {first.sentence}{more}"
        if self.word == "same":
            return f"same as {self.before}: nothing beyond what both runs can be off by, in {len(decisive)} figures"
        reason = next((row for row in self.rows if row.word == self.word), None)
        why = f"{reason.title}: {reason.sentence}" if reason else "neither run measured anything"
        return f"not enough data to compare with {self.before}: {why}"


def compare(before: Baseline, after: Baseline) -> Comparison:
    """Hold one run against another."""
    if "invalid" in (before.word, after.word):
        who = before.run_id if before.word == "invalid" else after.run_id
        why = f"the run {who} is invalid, its figures prove nothing"
        return Comparison(before.run_id, after.run_id, (Row("run", "", None, None, 0.0, None, "not enough data", why),))
    pairs = [
        (name, selector, before.metrics.tally(selector), after.metrics.tally(selector))
        for name, selector in _subjects(before.metrics, after.metrics)
    ]
    z = NormalDist().inv_cdf(1 - ERROR / 2 / max(len(pairs) * (len(PERCENTILES) + 1), 1))
    rows: list[Row] = []
    for name, selector, old, new in pairs:
        lost = hung(before.metrics, selector).number, hung(after.metrics, selector).number
        rows.append(_fail_rates(name, old, new, z, lost))
        rows += [_latencies(name, metric, old, new, z, _lag_us(metric, before, after)) for metric in PERCENTILES]
    return Comparison(before.run_id, after.run_id, tuple(rows))


def order_interval(histogram: Histogram, metric: str, z: float) -> Interval | None:
    """A percentile between the order statistics that enclose it; None when there are too few samples to have them."""
    n, share = histogram.count, (percentile_of(metric) or 0) / 100_000
    spread = z * sqrt(n * share * (1 - share))
    low, high = floor(n * share - spread), ceil(n * share + spread) + 1
    if low < 1 or high > n:
        return None
    return Interval(histogram.at_rank(low), histogram.figure(metric) or 0, histogram.at_rank(high))


def latency_interval(tally: Tally, metric: str, z: float) -> Interval | None:
    """A percentile as `Tally.figure` has it, the worse of two: of the ok samples and of all samples."""
    if not tally.ok.count:
        return None
    intervals = [order_interval(histogram, metric, z) for histogram in (tally.ok, tally.everything)]
    known = [interval for interval in intervals if interval is not None]
    return max(known, key=lambda interval: interval.value) if len(known) == len(intervals) else None


def wilson_interval(failures: int, count: int, z: float) -> Interval | None:
    """A share between its limits (E. B. Wilson, JASA 1927); None without samples."""
    if not count:
        return None
    share, z2 = failures / count, z * z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = z / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return Interval(max(middle - half, 0.0), share, min(middle + half, 1.0))


def difference(before: Interval, after: Interval) -> Interval:
    """After minus before, with limits recovered from those of both (Zou & Donner 2008, equation 4)."""
    value = after.value - before.value
    return Interval(
        value - hypot(after.value - after.low, before.high - before.value),
        value,
        value + hypot(after.high - after.value, before.value - before.low),
    )


def _subjects(before: Metrics, after: Metrics) -> Iterator[tuple[str, Selector]]:
    """What can be compared: logins by reason, since a refresh and a login are different work, and each name."""
    for reason in before.reasons() + [r for r in after.reasons() if r not in before.reasons()]:
        yield f"login({reason})", Selector("login", reason=reason)
    for name in sorted({*before.names("exchange"), *after.names("exchange")}):
        yield name, Selector("exchange", name)
    for name in sorted({*before.names("request"), *after.names("request")}):
        yield name, Selector("request", name)


def _latencies(name: str, metric: str, old: Tally, new: Tally, z: float, lag_us: float) -> Row:
    before, after = latency_interval(old, metric, z), latency_interval(new, metric, z)
    tolerance = max(TOLERATED_US, lag_us, TOLERATED_SHARE * before.value if before else 0.0)
    return _row(name, metric, before, after, tolerance, _missing(old, new))


def _fail_rates(name: str, old: Tally, new: Tally, z: float, lost: tuple[int, int]) -> Row:
    """What hung counts as failed, as in a gate."""
    before = wilson_interval(old.failures + lost[0], old.count + lost[0], z)
    after = wilson_interval(new.failures + lost[1], new.count + lost[1], z)
    row = _row(name, FAIL_RATE, before, after, TOLERATED_FAIL_RATE, _missing(old, new))
    return replace(row, sentence=f"{row.sentence}, where {lost[1]} hung") if lost[1] else row


def _row(
    name: str, metric: str, before: Interval | None, after: Interval | None, tolerance: float, missing: str
) -> Row:
    if before is None or after is None:
        return Row(name, metric, before, after, tolerance, None, "not enough data", missing)
    gap = difference(before, after)
    said = f"went from {describe(before.value, metric)} to {describe(after.value, metric)}"
    word: Word = "same"
    if gap.low > tolerance:
        word = "worse"
    elif gap.high < -tolerance:
        word = "better"
    elif metric != FAIL_RATE and tolerance > max(before.value, BLUNT_US):
        word = "not enough data"
        said += f", on a machine so busy that {describe(tolerance, metric)} say nothing: use an idle one"
    elif max(gap.value - gap.low, gap.high - gap.value) > _too_wide(metric, before, tolerance):
        word = "not enough data"
        said += f", give or take {describe((gap.high - gap.low) / 2, metric)}: measure for longer"
    return Row(name, metric, before, after, tolerance, gap, word, said)


def _too_wide(metric: str, before: Interval, tolerance: float) -> float:
    """From what half-width on an interval says nothing."""
    return 10 * TOLERATED_FAIL_RATE if metric == FAIL_RATE else max(WIDEST * before.value, 2 * tolerance)


def _missing(old: Tally, new: Tally) -> str:
    if not old.count or not new.count:
        return f"only {'this' if new.count else 'the earlier'} run has samples"
    if not old.ok.count or not new.ok.count:
        return "every sample failed, and how fast something fails is no latency"
    return f"{min(old.count, new.count)} samples are too few: measure for longer"


def _lag_us(metric: str, before: Baseline, after: Baseline) -> float:
    """How long work waited for the processor at this percentile, in the worst process of both runs, in microseconds."""
    thousandths = percentile_of(metric) or 0
    healths = [*before.healths.values(), *after.healths.values()]
    return LAG_WAITS * max((health.lags.percentile(thousandths) or 0 for health in healths), default=0)
