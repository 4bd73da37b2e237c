"""Does a run measure what the server did? Its latencies against timestamps that the server took.

    .venv/bin/python -m bench.latency_truth              about three minutes
    .venv/bin/python -m bench.latency_truth --rounds 1

First it measures how many logins a second the generator can do; then it asks for half of that, from a server whose
answers take a random while of about 50 ms, and one in 200 takes 1.5 s, so that there are slow ones in flight when the
run ends. What the client says that logins took may exceed what the server says by 0.3 ms at p50 and by 1 ms at p99, in
the median of the rounds; and neither side may have counted one more than the other. The exit code is 0 when that holds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import machine
from bench.canned import write_accounts
from bench.timed_run import timed_run

RESULTS = Path(__file__).parent / "results"
MEDIAN_MS, MEAN_MS = 50, 60
"""Of the answers; the mean with the slow ones, by which users are planned."""
MOST_OFF_MS = {"p50": 0.3, "p99": 1.0}
SECONDS, CALIBRATION_S = 10, 4


@dataclass(frozen=True, slots=True)
class Round:
    """One run, as both sides saw it; milliseconds."""

    rate: float
    counted: tuple[int, int]
    """By the client (with what it cut off) and by the server."""
    client: dict[str, float]
    server: dict[str, float]

    def off_ms(self, metric: str) -> float:
        """How much more the client says."""
        return self.client[metric] - self.server[metric]


def main() -> int:
    """Measure; 0 when client and server agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    others = machine.Others()
    rounds = {}
    with tempfile.TemporaryDirectory(prefix="cognito-load-truth-") as name:
        folder = Path(name)
        write_accounts(folder / "users.bench.csv")
        for workers in (1, 4):
            extra = ("--processes", str(workers)) if workers > 1 else ()
            most = measure(folder / f"most-{workers}", 20, CALIBRATION_S, 0, extra).rate
            users = max(round(most / 2 * MEAN_MS / 1_000), workers)
            rounds[workers] = [
                measure(folder / f"{workers}-{number}", users, SECONDS, MEDIAN_MS, extra)
                for number in range(options.rounds)
            ]
    text = document(rounds, f"{others.share():.0%} of the machine")
    print(text)
    (RESULTS / f"latency-truth-{machine.slug()}.md").write_text(text)
    return 0 if all(is_true(each) for each in rounds.values()) else 1


def measure(folder: Path, users: int, seconds: int, median_ms: int, extra: tuple[str, ...]) -> Round:
    """One run of `locust` against a server of its own."""
    options = ("--users", str(users), "--spawn-rate", "1000", "--run-time", f"{seconds}s", *extra)
    summary, took = timed_run(folder, options, (str(median_ms),))
    figures = summary["exchanges"]["by_name"]["InitiateAuth"]
    return Round(
        rate=figures["rate"],
        counted=(figures["count"] + summary["not_measured"]["cut_off"].get("InitiateAuth", 0), took["count"]),
        client={metric: figures[f"{metric}_ms"] for metric in MOST_OFF_MS},
        server={metric: took[metric] / 1_000 for metric in MOST_OFF_MS},
    )


def off_ms(rounds: list[Round], metric: str) -> float:
    """How much more the client says, in the median of the rounds."""
    return median(each.off_ms(metric) for each in rounds)


def is_true(rounds: list[Round]) -> bool:
    """Whether client and server agree."""
    is_near = all(abs(off_ms(rounds, metric)) <= most for metric, most in MOST_OFF_MS.items())
    return is_near and all(client == server for client, server in (each.counted for each in rounds))


def document(rounds: dict[int, list[Round]], others: str) -> str:
    """What came out, for people."""
    lines = [
        "# Client's latencies against the server's",
        "",
        "Made by `python -m bench.latency_truth`.",
        "",
        *(f"- {name}: {fact}" for name, fact in machine.describe().items() if name != "Canned answers"),
        f"- Load by others meanwhile: {others}",
        "",
        "| workers | round | logins/s | counted by client | by server | p50 ms | server's | p99 ms | server's |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for workers, each in rounds.items():
        for number, one in enumerate(each, 1):
            pairs = [f"{one.client[metric]:.2f} | {one.server[metric]:.2f}" for metric in MOST_OFF_MS]
            counts = " | ".join(map(str, one.counted))
            lines.append(f"| {workers} | {number} | {one.rate:,.0f} | {counts} | {' | '.join(pairs)} |")
    lines.append("")
    for workers, each in rounds.items():
        words = ", ".join(
            f"{metric} off by {off_ms(each, metric):.2f} ms (at most {most:g})" for metric, most in MOST_OFF_MS.items()
        )
        verdict = "met" if is_true(each) else "**missed**"
        lines.append(f"- {workers} worker{'s' if workers > 1 else ''}: {words}: {verdict}")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
