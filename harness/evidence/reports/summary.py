"""`summary.json`: the whole result for programs. Latencies in milliseconds, rates per second, shares of 1.

`null` stands where there is no data. Fields may be added without notice; `schema_version` changes when one is taken
away or changes its meaning.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.evidence.figures.generator_health import MAX_CPU_SHARE, MAX_HOT_SHARE_OF_RUN, Health
from harness.evidence.figures.histogram import Histogram
from harness.evidence.figures.sample import Kind
from harness.evidence.figures.tally import EXCHANGES, INTENDED, LOGINS, REQUESTS, TOKEN_REFUSED, Selector, Tally
from harness.evidence.finished_run import ExplainedError, FinishedRun
from harness.evidence.judging.comparison import FAIL_RATE, Comparison, Interval
from harness.evidence.judging.gates import Gate, describe
from harness.evidence.judging.hangs import left_open
from harness.evidence.judging.measured import GENERATOR
from harness.evidence.judging.sweep import Sweep
from harness.evidence.storage.record import point_latest_at
from harness.evidence.storage.rejections import Rejections
from harness.evidence.target import Target
from harness.files import write_whole

SCHEMA_VERSION = 1
FILE_NAME = "summary.json"

MAX_EVENTS = 1_000
"""Events in the summary; `events.jsonl` has all of them."""

MAX_ACCOUNTS = 100
"""Rejected accounts in the summary; `rejected.csv` has all of them."""

_LATENCIES = ("p50", "p90", "p95", "p99", "p99.9", "max", "mean")


def summary(run: FinishedRun) -> dict[str, Any]:
    """Everything that is known about a run, as JSON's own types."""
    metrics = run.metrics
    return {
        "schema_version": SCHEMA_VERSION,
        "run": {
            "id": run.run_id,
            "started": _iso(run.started_s),
            "ended": _iso(run.ended_s),
            "duration_s": round(run.duration_s, 3),
            "classes": list(run.classes),
            "users": run.users,
            "workers_lost": run.workers_lost,
            "warmup_s": run.warmup_s,
            "notes": list(run.notes),
            "events": [
                {"at_s": event.at_s, "kind": event.kind, "text": event.text} for event in run.events[:MAX_EVENTS]
            ],
        },
        "target": _target(run.target) if run.target else None,
        "verdict": {
            "word": run.verdict.word,
            "exit_code": int(run.verdict.exit_code),
            "sentence": run.verdict.sentence,
            "invalid_because": list(run.verdict.invalid_because),
        },
        "gates": [
            {
                "gate": result.gate.text,
                "state": result.state,
                "actual": _gate_figure(result.gate, result.actual),
                "limit": _gate_figure(result.gate, result.limit),
                "sentence": result.sentence,
            }
            for result in run.gates
        ],
        "comparison": comparison_record(run.comparison) if run.comparison else None,
        "logins": {
            "all": _figures(run, metrics.tally(LOGINS)),
            "by_reason": {
                reason.value: _figures(run, metrics.tally(Selector("login", reason=reason)))
                for reason in metrics.reasons()
            },
            "intended": _figures(run, intended) if (intended := metrics.tally(INTENDED)).count else None,
        },
        "sweep": _sweep(run.sweep) if run.sweep else None,
        "exchanges": {"all": _figures(run, metrics.tally(EXCHANGES)), "by_name": _by_name(run, "exchange")},
        "requests": {"all": _figures(run, metrics.tally(REQUESTS)), "by_name": _by_name(run, "request")},
        "errors": [_error(error) for error in run.errors()],
        "accounts": _accounts(run.rejections),
        "not_measured": {
            "skipped": [{"name": name, "why": why, "count": n} for (name, why), n in sorted(metrics.skipped.items())],
            "dropped": dict(sorted(metrics.dropped.items())),
            "cut_off": dict(sorted(metrics.cut_offs.items())),
            "still_open": [
                {
                    "kind": one.kind,
                    "name": one.name,
                    "count": one.ages.count,
                    "hung": one.hung,
                    "p50_ms": _ms(one.ages.figure("p50")),
                    "max_ms": _ms(one.ages.max_us),
                }
                for one in left_open(metrics)
            ],
            "exceptions": dict(sorted(metrics.exceptions.items())),
            "unserved": dict(sorted(metrics.unserved.items())),
            "clamped": metrics.clamped,
        },
        "generator": _generator(run),
        "settings": {name: value for name, value in run.settings.items() if _is_plain(value)},
    }


def _gate_figure(gate: Gate, value: float | None) -> float | str | None:
    """A gate's figure, or what it was held against; a word for what is no number."""
    return describe(value, gate.metric) if gate.metric == GENERATOR and value is not None else value


def _target(target: Target) -> dict[str, Any]:
    return {**asdict(target), "apis": list(target.apis), "sentence": target.sentence}


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """A comparison as JSON's own types; latencies in milliseconds, fail rates as shares of 1."""

    def shown(interval: Interval | None, metric: str) -> dict[str, float | None] | None:
        if interval is None:
            return None
        share = metric == FAIL_RATE
        return {end: _rounded(x) if share else _ms(x) for end, x in interval._asdict().items()}

    return {
        "before": comparison.before,
        "after": comparison.after,
        "word": comparison.word,
        "sentence": comparison.sentence,
        "figures": [
            {
                "name": row.subject,
                "metric": row.metric,
                "word": row.word,
                "before": shown(row.before, row.metric),
                "after": shown(row.after, row.metric),
                "difference": shown(row.difference, row.metric),
                "tolerance": _rounded(row.tolerance) if row.metric == FAIL_RATE else _ms(row.tolerance),
                "sentence": row.sentence,
            }
            for row in comparison.rows
        ],
    }


def rewrite(run: FinishedRun, folder: Path) -> Path:
    """Write the summary into a run's own folder, in place of one that was made earlier of the same record.

    Returns:
        The path of the file.

    Raises:
        OSError: It cannot be written.
    """
    path = folder / FILE_NAME
    write_whole(path, _text(run), is_lasting=True)
    return path


def folder_for(run: FinishedRun, directory: Path) -> Path:
    """The folder `<directory>/<run id>` for a run's results, made where there is none; `<directory>/latest` names it.

    Raises:
        HarnessError: if it holds a summary already (a result is never overwritten), or cannot be made.
    """
    folder = directory / run.run_id
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(folder, error) from error
    if path.exists():
        raise HarnessError(f"{path} exists already; a result is never overwritten", "use another run id")
    point_latest_at(folder)
    return folder


def write(run: FinishedRun, directory: Path) -> Path:
    """Write `<directory>/<run id>/summary.json`, whole or not at all; the path of the file.

    Raises:
        HarnessError: as `folder_for`, and if the file cannot be written.
    """
    folder = folder_for(run, directory)
    try:
        return rewrite(run, folder)
    except OSError as error:
        raise _refused(folder, error) from error


def _refused(folder: Path, error: OSError) -> HarnessError:
    return HarnessError(
        f"the result cannot be written to {folder}: {error.strerror or error}",
        "give a directory with --results-dir that can be written to and has space left",
    )


def _text(run: FinishedRun) -> str:
    return json.dumps(summary(run), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _error(error: ExplainedError) -> dict[str, Any]:
    return {
        "kind": error.key.kind,
        "name": error.key.name,
        "error": error.key.text,
        "count": error.seen.count,
        "first": _iso(error.seen.first_s),
        "last": _iso(error.seen.last_s),
        "cause": error.cause or None,
        "remedy": error.remedy or None,
    }


def _accounts(rejections: Rejections) -> dict[str, Any]:
    return {
        "rejected": rejections.count,
        "by_reason": dict(sorted(rejections.reasons.items(), key=lambda item: (-item[1], item[0]))),
        "first": [
            {"line": each.line, "username": each.username or None, "error": each.error, "reason": each.reason}
            for each in rejections.first[:MAX_ACCOUNTS]
        ],
    }


def _generator(run: FinishedRun) -> dict[str, Any]:
    return {
        "validity": run.verdict.validity,
        "suspect_because": list(run.verdict.suspect_because),
        "limits": {
            "lag_p99_ms": _ms(run.max_lag_us),
            "cpu_share": MAX_CPU_SHARE,
            "hot_share": MAX_HOT_SHARE_OF_RUN,
        },
        "processes": {name: _health(health) for name, health in sorted(run.healths.items())},
    }


def _figures(run: FinishedRun, tally: Tally) -> dict[str, Any]:
    return {
        "count": tally.count,
        "failures": tally.failures,
        "fail_rate": tally.figure("fail_rate", run.duration_s),
        "rate": tally.count / run.duration_s if run.duration_s > 0 else None,
        **{_field(metric): _ms(tally.figure(metric, run.duration_s)) for metric in _LATENCIES},
        "outcomes": {outcome.value: _distribution(h) for outcome, h in sorted(tally.outcomes.items())},
        "phases": _phases(tally),
    }


def _by_name(run: FinishedRun, kind: Kind) -> dict[str, Any]:
    rows = {name: _figures(run, tally) for name, tally in run.metrics.tallies(kind).items()}
    for name, row in rows.items():
        row["token_refused"] = name.endswith(TOKEN_REFUSED)
    return rows


def _distribution(histogram: Histogram) -> dict[str, Any]:
    return {"count": histogram.count, **{_field(m): _ms(histogram.figure(m)) for m in _LATENCIES}}


def _phases(tally: Tally) -> dict[str, Any]:
    return {
        "first_byte": _distribution(tally.first_byte),
        "connect": _distribution(tally.connect),
        "tls": _distribution(tally.tls),
        "on_new_connections": _distribution(tally.opened),
        "on_reused_connections": _distribution(tally.reused),
    }


def _health(health: Health) -> dict[str, Any]:
    return {
        "lag_p50_ms": _ms(health.lags.figure("p50")),
        "lag_p99_ms": _ms(health.lag_p99_us),
        "lag_max_ms": _ms(health.lags.figure("max")),
        "gc_pauses": health.gc_pauses.count,
        "gc_pause_max_ms": _ms(health.gc_pauses.figure("max")),
        "gc_share": _rounded(health.gc_share),
        "late_send_p99_ms": _ms(health.late_sends.figure("p99")),
        "late_read_p99_ms": _ms(health.late_reads.figure("p99")),
        "ready_p99": health.ready.percentile(99_000),
        "cpu_share_mean": _rounded(health.mean_cpu_share),
        "cpu_share_max": _rounded(health.max_cpu_share),
        "hot_share": _rounded(health.hot_share),
        "observed_s": _rounded(health.observed_s),
        "clock_ahead_s": _rounded(health.clock_ahead_s),
    }


def _sweep(sweep: Sweep) -> dict[str, Any]:
    return {
        "unit": sweep.steps.unit,
        "hold_s": sweep.steps.hold_s,
        "settle_s": sweep.steps.settle_s,
        "sentence": sweep.sentence,
        "knee": {"level": sweep.knee.x, "low": sweep.knee.low, "high": sweep.knee.high} if sweep.knee else None,
        "steps": [
            {
                "level": step.level,
                "is_complete": step.is_complete,
                "rate_ok": round(step.throughput, 3),
                "count": step.count,
                "failures": step.failures,
                "throttled": step.throttled,
                "dropped": step.dropped,
                **{_field(name): _ms(getattr(step, name)) for name in ("p50", "p95", "p99")},
            }
            for step in sweep.figures
        ],
    }


def _field(metric: str) -> str:
    return f"{metric}_ms"


def _ms(us: float | None) -> float | None:
    return None if us is None else round(us / 1_000, 3)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _iso(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds")


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
