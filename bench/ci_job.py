"""Is a job of CI green on unchanged code, and red on a slower service? The GitHub job of docs/gates-in-ci.md, repeated.

    .venv/bin/python -m bench.ci_job                         about half an hour
    .venv/bin/python -m bench.ci_job --rounds 3 --lanes 1

Takes the steps from the page, runs them in a working copy, and counts what a runner would show, in two forms:

    unchanged    as they stand: both runs start the sandbox, which answers after `LATENCY_MS`
    slower       once the baseline has been measured, the sandbox takes `SLOWER` of that more

The first must be green each time, the second red. The machine is kept busy meanwhile: by processes that compute in
bursts, by jobs that run side by side, and by whatever else runs on it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import machine

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "gates-in-ci.md"
FILES = ("locustfile.py", "locust.conf", "users.csv", "Makefile", "pyproject.toml", "uv.lock")
LATENCY_MS, SLOWER = 200, 0.30
UNCHANGED, SLOW = "unchanged", "slower"
COLORS = {UNCHANGED: "green", SLOW: "red"}
OPTION = "--cognito-sandbox-latency"
STEP_S = 300
BURN = """
import random, time
while True:
    until_s = time.perf_counter() + random.uniform(0.05, 1.5)
    while time.perf_counter() < until_s:
        pass
    time.sleep(random.uniform(0.05, 0.5))
"""
"""Three quarters of a core, in bursts that last as long as a stall does."""


class Job(NamedTuple):
    """One job, and what became of it."""

    form: str
    color: str
    said: str
    """The last line of the step that decided."""
    p95_ms: tuple[str, str]
    """InitiateAuth of the baseline and of the load."""


def main() -> int:
    """Measure; 0 when each job came out as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="jobs of each form")
    parser.add_argument("--lanes", type=int, default=2, help="jobs side by side")
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1, help="processes that compute in bursts")
    parser.add_argument("--keep", type=Path, help="folder for the jobs' working copies; default: they are removed")
    options = parser.parse_args()
    others, began_s = machine.Others(), time.monotonic()
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cognito-load-ci-")))
        stack.enter_context(busy(options.busy))
        forms = [form for _ in range(options.rounds) for form in COLORS]
        with ThreadPoolExecutor(options.lanes) as lanes:
            jobs = list(lanes.map(lambda n: job(folder / f"job-{n}", forms[n]), range(len(forms))))
    text = document(jobs, options, f"{others.share():.0%} of the machine", time.monotonic() - began_s)
    print(text)
    (RESULTS / f"ci-job-{machine.slug()}.md").write_text(text)
    return 0 if all(each.color == COLORS[each.form] for each in jobs) else 1


def steps_of(page):
    """The scripts of the GitHub job's `run:`, in one line or in a block."""
    github = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0]
    found = re.findall(r"^ +run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", github, re.MULTILINE)
    return [re.sub(r"^ {10}", "", block, flags=re.MULTILINE) or line for block, line in found]


def job(checkout, form):
    """One job in a working copy of its own: its steps, until one of them is red, as a runner has it."""
    time.sleep(random.uniform(0, 2))  # noqa: S311  # lanes shall not keep step
    checkout.mkdir(parents=True)
    for name in FILES:
        shutil.copy(ROOT / name, checkout)
        os.utime(checkout / name, (0, 0))  # the environment is newer, so make has nothing to set up
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "COGNITO_", "LOCUST_"))}
    usual, slower = (f"{OPTION} {round(LATENCY_MS * factor)}ms" for factor in (1, 1 + SLOWER))
    color, said, is_measured = "green", "", False
    for step in steps_of(PAGE.read_text(encoding="utf-8")):
        assert "locust" not in step or usual in step, "the page's job has another latency"
        script = step.replace(usual, slower) if form == SLOW and is_measured else step
        done = subprocess.run(
            ["bash", "-euc", script],  # noqa: S607  # the shell a runner has
            cwd=checkout,
            env={**kept, "AWS_EC2_METADATA_DISABLED": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STEP_S,
            check=False,
        )
        is_measured = is_measured or "locust" in script
        said = (done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or [""])[-1]
        if done.returncode:
            color = "red"
            break
    found = Job(form, color, said, (p95_ms(checkout / "results" / "base"), p95_ms(checkout / "results")))
    print(f"{time.strftime('%H:%M:%S')} {checkout.name} {found}", file=sys.stderr, flush=True)
    return found


def p95_ms(results):
    """InitiateAuth's, of the last run there; a dash where there is none."""
    try:
        summary = json.loads((results / "latest" / "summary.json").read_text(encoding="utf-8"))
        return f"{summary['exchanges']['by_name']['InitiateAuth']['p95_ms']:.3g}"
    except (OSError, KeyError, TypeError):
        return "-"


@contextmanager
def busy(count):
    """So many processes that compute in bursts."""
    burning = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(count)]
    try:
        yield
    finally:
        for process in burning:
            process.terminate()
            process.wait()


def document(jobs, options, others, took_s):
    """What came out, for people."""
    load = (
        f"{options.busy} processes that compute three quarters of the time, {options.lanes} jobs side by side; others "
        f"used {others}; {took_s / 60:.0f} minutes in all"
    )
    lines = [
        "# The job of CI",
        "",
        "Made by `python -m bench.ci_job`.",
        "",
        *(f"- {name}: {fact}" for name, fact in machine.describe().items() if name != "Canned answers"),
        f"- Load meanwhile: {load}",
        "",
        "| job | is to be | was |",
        "| --- | --- | --- |",
    ]
    about = {UNCHANGED: f", {LATENCY_MS} ms", SLOW: f" by {SLOWER:.0%} than {LATENCY_MS} ms"}
    for form, color in COLORS.items():
        counts = Counter(each.color for each in jobs if each.form == form)
        was = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        lines.append(f"| {form}{about[form]} | {color} | {was} of {sum(counts.values())} |")
    lines += ["", "| job | InitiateAuth p95 ms, baseline and load | was | because |", "| --- | --- | --- | --- |"]
    for each in jobs:
        said = each.said.replace("|", "/")
        lines.append(f"| {each.form} | {' and '.join(each.p95_ms)} | {each.color} | {said} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
