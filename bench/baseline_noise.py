"""Does a comparison cry wolf? The same thing measured again and again must come out as the same.

    .venv/bin/python -m bench.baseline_noise                 about four minutes
    .venv/bin/python -m bench.baseline_noise --pairs 5

Runs `locust` against one sandbox 21 times, and compares each run with the one before it: 20 A/A comparisons, of which
at least 19 must be `same`. So that a comparison that never says anything else does not pass, three runs follow against
a sandbox that is slower by `SLOWER_MS`, and each of them must come out as worse than the last of the others.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from bench import machine
from harness.evidence.judging import baseline
from harness.evidence.judging.comparison import compare

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
LATENCY_MS, SLOWER_MS = 20, 10
SLOWER_RUNS = 3
MAY_DIFFER = 1 / 20
LONGEST_S = 180
"""A run ends after so many logins, and not seconds: a busy machine makes it longer, and not poorer."""
PLAN = """
import gevent
from locust import constant, events, task
from harness.load import CognitoLoginUser, install
install(events)
left = [%d]
class Login(CognitoLoginUser):
    wait_time = constant(0.05)
    @task
    def log_in_once(self):
        self.log_in()
        left[0] -= 1
        if not left[0]:
            gevent.spawn(self.environment.runner.quit)
"""


def main() -> int:
    """Measure; 0 when comparisons do what they promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20, help="A/A comparisons")
    parser.add_argument("--logins", type=int, default=400, help="length of a run")
    parser.add_argument("--users", type=int, default=5, help="few: on a loaded machine many saturate the sandbox")
    parser.add_argument("--keep", type=Path, help="folder for the runs' results; default: they are removed")
    options = parser.parse_args()
    others, began_s = machine.Others(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cognito-load-noise-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(exist_ok=True)
        (folder / "locustfile.py").write_text(PLAN % options.logins)
        with sandbox(LATENCY_MS) as ready:
            runs = [measure(folder, ready, options, f"a{number}") for number in range(options.pairs + 1)]
        with sandbox(LATENCY_MS + SLOWER_MS) as ready:
            slower = [measure(folder, ready, options, f"b{number}") for number in range(SLOWER_RUNS)]
    same = [compare(before, after) for before, after in pairwise(runs)]
    worse = [compare(runs[-1], after) for after in slower]
    took_s = time.monotonic() - began_s
    text = document(same, worse, runs, options, f"{others.share():.0%} of the machine, {took_s:.0f} s in all")
    print(text)
    (RESULTS / f"baseline-noise-{machine.slug()}.md").write_text(text)
    right = sum(comparison.word == "same" for comparison in same)
    is_right = right >= len(same) * (1 - MAY_DIFFER) and all(comparison.word == "worse" for comparison in worse)
    return 0 if is_right else 1


@contextmanager
def sandbox(latency_ms):
    """A sandbox that holds back each answer so long."""
    command = [sys.executable, "-m", "harness.sandbox", "--json", "--exit-with-parent", "--latency", f"{latency_ms}ms"]
    process = subprocess.Popen(
        [*command, "--users", str(ROOT / "users.csv")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def measure(folder, ready, options, name):
    """One run of `locust`, read back from disk."""
    results = folder / name
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "COGNITO_", "LOCUST_"))}
    target = {
        "COGNITO_ENDPOINT": ready["endpoint"],
        "COGNITO_CLIENT_ID": ready["client_id"],
        "COGNITO_USER_POOL_ID": ready["user_pool_id"],
        "AWS_ACCESS_KEY_ID": ready["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": ready["secret_access_key"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "COGNITO_USERS": str(ROOT / "users.csv"),
        "COGNITO_RESULTS_DIR": str(results),
        "COGNITO_MAX_LAG": "2000",  # a busy machine is what this bench is about
        "PYTHONPATH": str(ROOT),
    }
    size = ["--users", str(options.users), "--spawn-rate", "100", "--run-time", f"{LONGEST_S}s"]
    run = subprocess.run(
        [sys.executable, "-m", "locust", "--headless", "--only-summary", *size],
        cwd=folder,
        env={**kept, **target},
        capture_output=True,
        text=True,
        check=False,
    )
    found = baseline.read(results / "latest")
    assert found.word == "passed", run.stdout
    return found


def document(same, worse, runs, options, others):
    """What came out, for people."""
    words = Counter(comparison.word for comparison in same)
    logins = [run.metrics.measured // 2 for run in runs]
    tally = ", ".join(f"{count} {word}" for word, count in words.most_common())
    told = sum(comparison.word == "worse" for comparison in worse)
    lines = [
        "# Noise of comparisons",
        "",
        "Made by `python -m bench.baseline_noise`.",
        "",
        *(f"- {name}: {fact}" for name, fact in machine.describe().items() if name != "Canned answers"),
        f"- Load by others meanwhile: {others}",
        f"- Each run: {options.users} users, {min(logins)} to {max(logins)} logins",
        "",
        f"Of {len(same)} comparisons of two runs of the same thing: {tally}.",
        f"Of {len(worse)} with a service slower by {SLOWER_MS} ms (it took {LATENCY_MS} ms): {told} worse.",
        "",
        "| before | after | p50 ms | p95 ms | verdict |",
        "| --- | --- | --- | --- | --- |",
    ]
    for comparison in [*same, *worse]:
        cells = []
        for metric in ("p50", "p95"):
            row = next(r for r in comparison.rows if r.subject == "InitiateAuth" and r.metric == metric)
            ends = [f"{interval.value / 1_000:.3g}" if interval else "-" for interval in (row.before, row.after)]
            cells.append(" to ".join(ends))
        odd = "" if comparison.word == "same" else f": {comparison.sentence.partition(': ')[2]}"
        lines.append(f"| {comparison.before} | {comparison.after} | {' | '.join(cells)} | {comparison.word}{odd} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
