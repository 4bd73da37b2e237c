"""Do logins arrive at the rate that was asked for, and does a stall show? By the server's own clock.

    .venv/bin/python -m bench.arrivals                about six minutes
    .venv/bin/python -m bench.arrivals --seconds 10

200 arrivals a second for a minute, on one and on four workers, evenly spaced and Poisson. The rate that the server saw
may be off by 0.5 %, and Poisson's gaps must pass a Kolmogorov-Smirnov test against the exponential distribution at a
level of 1 %. Then the server stands still for five seconds of 25: the p99 since due must show it, whatever a closed
load of the same size says. The exit code is 0 when all of that holds.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from bench import machine
from bench.canned import write_accounts
from bench.timed_run import timed_run

RESULTS = Path(__file__).parent / "results"
RATE, MOST_OFF = 200, 0.005
MEDIAN_MS = 20
SLOTS = 400
"""Answers of 1.5 s, one in 200, must not run out of them."""
CRITICAL = 1.628
"""Of Kolmogorov-Smirnov's statistic times the root of the number, at a level of 1 %."""
STALL_RATE, STALL_SECONDS, STALL_AFTER_S = 50, 25, 10
START_S = 4
"""For slots to be spawned; the schedule begins after that."""


def main() -> int:
    """Measure; 0 when everything holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    others = machine.Others()
    with tempfile.TemporaryDirectory(prefix="cognito-load-arrivals-") as name:
        folder = Path(name)
        write_accounts(folder / "users.bench.csv")
        rows = [
            arrivals(folder / f"{kind}-{workers}", kind, workers, options.seconds)
            for kind in ("constant", "poisson")
            for workers in (1, 4)
        ]
        rows += [stall(folder / model, model) for model in ("closed", "open")]
    lines = [
        "# Arrivals by the server's clock",
        "",
        "Made by `python -m bench.arrivals`.",
        "",
        *(f"- {name}: {fact}" for name, fact in machine.describe().items() if name != "Canned answers"),
        f"- Load by others meanwhile: {others.share():.0%} of the machine",
        "",
        "| what | found | limit | |",
        "| --- | --- | --- | --- |",
        *(f"| {what} | {found} | {limit} | {'met' if holds else '**missed**'} |" for what, found, limit, holds in rows),
    ]
    text = "\n".join([*lines, ""])
    print(text)
    (RESULTS / f"arrivals-{machine.slug()}.md").write_text(text)
    return 0 if all(holds for *_, holds in rows) else 1


def arrivals(folder: Path, kind: str, workers: int, seconds: int) -> tuple[str, str, str, bool]:
    """One rate, on so many workers."""
    extra = ("--processes", str(workers)) if workers > 1 else ()
    summary, seen = timed_run(
        folder,
        (
            *("--login-rate", str(RATE), "--login-arrivals", kind, "--login-slots", str(SLOTS), "--spawn-rate", "400"),
            *("--run-time", f"{seconds + START_S}s", *extra),
        ),
        (str(MEDIAN_MS),),
    )
    times = [at_s - seen["arrived_s"][0] for at_s in seen["arrived_s"]]
    times = sorted(at_s for at_s in times if at_s <= seconds)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    rate = (len(times) - 1) / times[-1]
    dropped = sum(summary["not_measured"]["dropped"].values())
    what = f"{RATE}/s {kind} for {seconds} s, {workers} worker{'s' if workers > 1 else ''}"
    found = f"{rate:.2f}/s, {dropped} dropped"
    if kind == "constant":
        return what, found, f"off by {MOST_OFF:.1%} at most", abs(rate / RATE - 1) <= MOST_OFF and not dropped
    distance = distance_from_exponential(gaps, rate) * math.sqrt(len(gaps))
    return what, f"{found}, Kolmogorov-Smirnov {distance:.2f}", f"{CRITICAL} at most", distance < CRITICAL


def distance_from_exponential(gaps: Sequence[float], rate: float) -> float:
    """The largest distance between the gaps' distribution and the exponential one of this rate."""
    ordered = sorted(gaps)
    expected = [1 - math.exp(-rate * gap) for gap in ordered]
    return max(
        max((index + 1) / len(ordered) - each, each - index / len(ordered)) for index, each in enumerate(expected)
    )


def stall(folder: Path, model: str) -> tuple[str, str, str, bool]:
    """The same load, by users who wait for answers and by arrivals that do not."""
    users = round(STALL_RATE * (MEDIAN_MS + 8) / 1_000) + 1
    load = (
        ("--login-rate", str(STALL_RATE), "--login-slots", str(SLOTS), "--spawn-rate", "400")
        if model == "open"
        else ("--users", str(users), "--spawn-rate", "100")
    )
    summary, _ = timed_run(
        folder, (*load, "--run-time", f"{STALL_SECONDS + START_S}s"), (str(MEDIAN_MS), str(STALL_AFTER_S))
    )
    measured = summary["logins"]["all"]["p99_ms"]
    if model == "closed":
        return "a stall of 5 s in 25 s, closed load", f"p99 {measured:.0f} ms", "(for comparison)", True
    since_due = summary["logins"]["intended"]["p99_ms"]
    return "the same, open load", f"p99 since due {since_due:.0f} ms", "over 4 000 ms", since_due > 4_000


if __name__ == "__main__":
    sys.exit(main())
