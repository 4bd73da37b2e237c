"""The tables of the page: what stands in each cell, formatted for people."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.clock import gravity
from harness.evidence.figures.generator_health import MAX_CPU_SHARE
from harness.evidence.figures.tally import INTENDED, LOGINS, REQUESTS, Selector, Tally
from harness.evidence.finished_run import ExplainedError, FinishedRun
from harness.evidence.reports import accounts as rejected
from harness.evidence.reports import charts, steps
from harness.evidence.reports.numbers import Numbers
from harness.evidence.reports.over_time import PERCENTILES, OverTime
from harness.outcome import Reason

_COST = ("p50", "p95", "p99", "max")
_PERCENTILES = ("p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99", "max", "mean")
_MINUTE_S, _HOUR_S = 60, 3_600
_MOST_ACCOUNTS = 100

_MEANINGS = {
    Reason.INITIAL: "the first login of a user",
    Reason.REFRESH: "the token neared its expiry and the refresh token was used",
    Reason.EXPIRED: "the token neared its expiry and there was no good refresh token: a full login",
    Reason.FORCED: "an API refused the token",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Heads with units, and rows of as many cells; the first cell of a row names it."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    failed: frozenset[int] = frozenset()
    """Rows in which something failed."""


def cost(run: FinishedRun, numbers: Numbers) -> dict[str, Table]:
    """What a login and what the API cost, in the same columns."""
    metrics = run.metrics
    logins = [("all logins", metrics.tally(LOGINS))]
    logins += [(reason.value, metrics.tally(Selector("login", reason=reason))) for reason in metrics.reasons()]
    if (intended := metrics.tally(INTENDED)).count:
        logins.append(("since due", intended))
    requests = metrics.tallies("request")
    return {
        "logins": _cost(run, numbers, logins if metrics.names("login") or metrics.open_names("login") else []),
        "exchanges": _cost(run, numbers, metrics.tallies("exchange").items()),
        "api": _cost(run, numbers, [("all requests", metrics.tally(REQUESTS)), *requests.items()] if requests else []),
    }


def _cost(run: FinishedRun, numbers: Numbers, rows: Iterable[tuple[str, Tally]]) -> Table:
    cells, failed = [], set()
    for index, (name, tally) in enumerate(rows):
        if tally.failures:
            failed.add(index)
        figures = (tally.figure(metric, run.duration_s) for metric in _COST)
        cells.append(
            (
                name,
                numbers.count(tally.count),
                numbers.percent(tally.figure("fail_rate", run.duration_s)),
                numbers.significant(tally.figure("rate", run.duration_s)),
                *map(numbers.milliseconds, figures),
            )
        )
    heads = ("", "count", "fail %", "per s", *(f"{metric} ms" for metric in _COST))
    return Table(heads, tuple(cells), frozenset(failed))


def over_time(spans: OverTime | None, numbers: Numbers) -> dict[str, Table]:
    """What stands behind each chart over time, by the chart's name."""
    if spans is None:
        return {}
    at = [elapsed(start) for start in spans.starts_s]
    tables = {}
    for kind, seen in spans.kinds.items():
        latencies = {f"{name} ms": seen.percentiles_us[name] for name in PERCENTILES}
        if kind == "login" and spans.intended is not None:
            latencies |= {f"{name} since due, ms": spans.intended.percentiles_us[name] for name in PERCENTILES}
        shown = ([_milliseconds(us, numbers) for us in column] for column in latencies.values())
        tables[f"latency-{kind}"] = _columns(("from", *latencies), at, *shown)
        counts = (seen.ok, seen.throttled, seen.failed)
        rates = [numbers.significant(float(count) / spans.span_s) for count in seen.ok + seen.throttled + seen.failed]
        tables[f"outcomes-{kind}"] = _columns(
            ("from", "ok", "throttled", "failed", "per s"),
            at,
            *([numbers.count(int(count)) for count in column] for column in counts),
            rates,
        )
        if seen.by_reason:
            columns = ([numbers.count(int(count)) for count in column] for column in seen.by_reason.values())
            tables["reasons"] = _columns(("from", *(reason.value for reason in seen.by_reason)), at, *columns)
    return tables


def _columns(heads: tuple[str, ...], *columns: Sequence[str]) -> Table:
    return Table(heads, tuple(zip(*columns, strict=True)))


def _milliseconds(us: float, numbers: Numbers) -> str:
    return numbers.milliseconds(None if math.isnan(us) else float(us))


def distribution(run: FinishedRun, numbers: Numbers) -> Table:
    """Latency by percentile; a percentile that the samples are too few for is a dash."""
    tallies = {
        "login, intended": run.metrics.tally(INTENDED),
        "login": run.metrics.tally(LOGINS),
        "API request": run.metrics.tally(REQUESTS),
    }
    tallies = {name: tally for name, tally in tallies.items() if tally.count}
    rows = tuple(
        (
            f"{metric[1:]} %" if metric.startswith("p") else metric,
            *(
                numbers.milliseconds(tally.figure(metric, run.duration_s) if _is_known(metric, tally.count) else None)
                for tally in tallies.values()
            ),
        )
        for metric in _PERCENTILES
    )
    return Table(("percentile", *(f"{name} ms" for name in tallies)), rows if tallies else ())


def _is_known(metric: str, count: int) -> bool:
    """Whether so many samples have this percentile: 99.9 % of 50 samples is their maximum under another name."""
    return not metric.startswith("p") or count * (1 - float(metric[1:]) / 100) >= 1 - 1e-9 or metric == "p50"


def phases(run: FinishedRun, numbers: Numbers) -> Table:
    """Connecting, the first byte, the whole; and how many connections were opened."""
    rows = []
    for phase in charts.phases(run):
        figures = (phase.p50_us, phase.p95_us, phase.p99_us)
        rows.append((phase.label, numbers.count(phase.count), *map(numbers.milliseconds, figures)))
    return Table(("", "count", *(f"{name} ms" for name in PERCENTILES)), tuple(rows))


def sweep(run: FinishedRun, numbers: Numbers) -> Table:
    """A row for each step of a sweep; the knee is marked."""
    if run.sweep is None:
        return Table((), ())
    return Table((run.sweep.steps.unit, *steps.HEADS), tuple(steps.rows(run.sweep, numbers)))


@dataclass(frozen=True, slots=True)
class Failure:
    """One kind of error, wherever it came."""

    text: str
    count: int
    where: str
    first: str
    last: str
    cause: str
    remedy: str


def errors(run: FinishedRun) -> list[Failure]:
    """Errors by their text, the most frequent first."""
    by_text: dict[str, list[ExplainedError]] = defaultdict(list)
    for error in run.errors():
        by_text[error.key.text].append(error)
    found = []
    for text, rows in by_text.items():
        # A login fails because one of its exchanges did: the same error twice, and not two errors.
        own = [row for row in rows if row.key.kind != "login"] or rows
        found.append(
            Failure(
                text,
                sum(row.seen.count for row in own),
                ", ".join(dict.fromkeys(row.key.name for row in own)),
                elapsed(min(row.seen.first_s for row in rows) - run.started_s),
                elapsed(max(row.seen.last_s for row in rows) - run.started_s),
                rows[0].cause,
                rows[0].remedy,
            )
        )
    return found


def events(run: FinishedRun) -> list[tuple[str, str, str]]:
    """When, of what kind, what."""
    return [(elapsed(event.at_s), event.kind, event.text) for event in charts.marked(run)]


def renewals(run: FinishedRun, numbers: Numbers) -> Table:
    """How tokens were had and kept: each reason, how often and what it cost."""
    rows = []
    for reason in run.metrics.reasons():
        tally = run.metrics.tally(Selector("login", reason=reason))
        per_minute = tally.count / run.duration_s * _MINUTE_S if run.duration_s > 0 else None
        rows.append(
            (
                reason.value,
                _MEANINGS[reason],
                numbers.count(tally.count),
                numbers.significant(per_minute),
                numbers.count(tally.failures),
                numbers.milliseconds(tally.figure("p95", run.duration_s)),
            )
        )
    return Table(("reason", "meaning", "count", "per min", "failed", "p95 ms"), tuple(rows))


def processes(run: FinishedRun, numbers: Numbers) -> Table:
    """How each process of the generator fared."""
    rows, failed = [], set()
    for index, (name, health) in enumerate(sorted(run.healths.items())):
        late = health.lag_p99_us
        is_late = (late or 0) > run.max_lag_us
        if is_late or health.max_cpu_share > MAX_CPU_SHARE or gravity(health.clock_ahead_s):
            failed.add(index)
        rows.append(
            (
                name,
                numbers.percent(health.mean_cpu_share),
                numbers.percent(health.max_cpu_share if health.observed_s else None),
                numbers.percent(health.hot_share if health.observed_s else None),
                *(numbers.milliseconds(health.lags.figure(metric)) for metric in ("p50", "p99", "max")),
                numbers.milliseconds(health.late_reads.figure("p99")),
                numbers.no_data if health.clock_ahead_s is None else f"{round(health.clock_ahead_s):+,d}",
            )
        )
    lateness = ("late p50 ms", "late p99 ms", "late max ms", "unread p99 ms")
    return Table(("process", "CPU mean %", "CPU max %", "hot %", *lateness, "clock s"), tuple(rows), frozenset(failed))


def accounts(run: FinishedRun) -> Table:
    """The accounts that Cognito rejected, those of the first lines."""
    rows = rejected.rows(run.rejections, _MOST_ACCOUNTS)
    return Table(("users file", "account", "why"), tuple(rows), frozenset(range(len(rows))))


def elapsed(seconds: float) -> str:
    """Time since the run started, as on the charts' axis: `12:05`, `1:02:05`."""
    whole = max(math.floor(seconds), 0)
    text = f"{whole // _MINUTE_S % 60:02d}:{whole % _MINUTE_S:02d}"
    return f"{whole // _HOUR_S}:{text}" if whole >= _HOUR_S else text
