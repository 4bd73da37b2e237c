"""What evidence costs: per sample, in memory over a day, and when the report of an hour is made.

    .venv/bin/python -m bench.evidence              about twenty minutes
    .venv/bin/python -m bench.evidence --hours 1    a shorter day

The exit code is 0 when all is within its limit.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil

from bench import machine
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.reports import files
from harness.evidence.storage.jtl import SampleFile
from harness.evidence.storage.record import INTERVAL_S, Facts, Record
from harness.outcome import Outcome, Reason
from tests.evidence.reports.story import tell

RESULTS = Path(__file__).parent / "results"
NAMES = 100
ROUNDS, PER_ROUND = 9, 50_000
HOUR_S = 3_600
MEGABYTE = 1 << 20
LIMITS = {
    "a sample": (6.0, "µs"),
    "a sample, written to samples.jtl": (10.0, "µs"),
    "a second with 100 names, of a core": (2.0, "%"),
    "a day with 100 names": (200.0, "MB"),
    "the reports of 1 h with 60 names": (5.0, "s"),
}


def main() -> int:
    """Measure; 0 when all is within its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0, help="how long the day is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cognito-load-evidence-") as name:
        folder = Path(name)
        plain_us = per_sample_us(lambda _: Metrics().record)
        written_us = per_sample_us(lambda number: with_file(folder / f"{number}.jtl"))
        share, grown_mb = day(folder / "day", round(options.hours * HOUR_S))
        report_s = reports(folder / "hour")
    values = (plain_us, written_us, share * 100, grown_mb, report_s)
    text = document(dict(zip(LIMITS, values, strict=True)), options.hours)
    print(text)
    (RESULTS / f"evidence-{machine.slug()}.md").write_text(text)
    return 0 if all(value <= limit for value, (limit, _) in zip(values, LIMITS.values(), strict=True)) else 1


def samples(count: int) -> list[tuple]:
    """The fields of so many samples: a hundred names, logins and their exchanges among them, one in fifty failed."""
    draw = random.Random(7)  # noqa: S311  # no secret
    drawn = []
    for number in range(count):
        is_ok = number % 50 > 0
        us = round(150_000 * draw.lognormvariate(0, 0.5))
        outcome, error = (Outcome.OK, "") if is_ok else (Outcome.SERVER_ERROR, "HTTP 503")
        name = f"GET /resource/{draw.randrange(NAMES - 2)}"
        kind, name, reason = draw.choices(
            [("request", name, None), ("exchange", "InitiateAuth", Reason.REFRESH), ("login", "login", Reason.REFRESH)],
            (8, 1, 1),
        )[0]
        drawn.append((kind, name, outcome, 1.8e9, us, 0, us - 900, reason, error, 4_096, 800, 200, 0, 1))
    return drawn


def with_file(path: Path) -> Callable[[Sample], None]:
    """Record, and write down as a JTL."""
    metrics, file = Metrics(), SampleFile(path, "local", print)

    def keep(sample: Sample) -> None:
        metrics.record(sample)
        file.add(sample)

    return keep


def per_sample_us(recorder: Callable[[int], Callable[[Sample], None]]) -> float:
    """Processor time to make and keep one sample, in microseconds; the median of some rounds."""
    facts = samples(PER_ROUND)
    rounds = []
    for number in range(ROUNDS):
        keep = recorder(number)
        started_s = time.process_time()
        for each in facts:
            keep(Sample(*each))
        rounds.append((time.process_time() - started_s) / PER_ROUND * 1e6)
    return median(rounds)


def day(folder: Path, seconds: int) -> tuple[float, float]:
    """The record of so many seconds with every name in each: the share of a core it takes, and its megabytes."""
    folder.mkdir()
    minute = [metrics_of(samples(2 * NAMES * 10)[number * 100 :]) for number in range(20)]
    health = {"local": Health()}
    record = Record(Facts("day", 1.8e9), folder, print)
    process = psutil.Process()
    before, started_s = process.memory_info().rss, time.process_time()
    for second in range(seconds):
        record.second(int(1.8e9) + second, minute[second % len(minute)])
        if second % INTERVAL_S == INTERVAL_S - 1:
            record.interval(1.8e9 + second + 1, health)
    share = (time.process_time() - started_s) / seconds
    return share, (process.memory_info().rss - before) / MEGABYTE


def metrics_of(facts: list[tuple]) -> Metrics:
    """A second's book."""
    metrics = Metrics()
    for each in facts:
        metrics.record(Sample(*each))
    return metrics


def reports(folder: Path) -> float:
    """Seconds of the clock that all reports of an hour with sixty names take, the charts' import included."""
    run = tell(HOUR_S, 60)
    folder.mkdir()
    started_s = time.perf_counter()
    written = files.write(run, folder, {})
    assert not written.faults, written.faults
    return time.perf_counter() - started_s


def document(values: dict[str, float], hours: float) -> str:
    """What came out, for people."""
    lines = [
        "# What evidence costs",
        "",
        "Made by `python -m bench.evidence`.",
        "",
        *(f"- {name}: {fact}" for name, fact in machine.describe().items() if name != "Canned answers"),
        f"- Length of the day: {hours:g} h",
        "",
        "| what | measured | limit | |",
        "| --- | ---: | ---: | --- |",
    ]
    for what, value in values.items():
        limit, unit = LIMITS[what]
        word = "met" if value <= limit else "**missed**"
        lines.append(f"| {what} | {value:.3g} {unit} | {limit:g} {unit} | {word} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
