"""The CI jobs of docs/gates-in-ci.md, taken from the page and run step by step."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from bench.ci_job import steps_of
from harness.errors import EXIT
from harness.evidence.judging.gates import parse_gates
from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "gates-in-ci.md").read_text()
VERDICTS = ("same as", "better than", "worse than", "not enough data")
"""Runs of seconds on a busy machine can come to any of them; which is right is tested elsewhere."""
_, GITLAB = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def step(tmp_path):
    """Runs one step in a working copy, as a runner does."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("locustfile.py", "locust.conf", "users.csv", "Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, checkout)
        os.utime(checkout / name, (0, 0))  # the environment is newer, so make has nothing to set up
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COGNITO_", "LOCUST_"))}
    environment = {**kept, "COGNITO_MAX_LAG": "2000", "AWS_EC2_METADATA_DISABLED": "true"}

    def run(script, *, compares=False, **variables):
        # Shorter runs of more users; and other work on this machine must not fail a test about something else.
        script = script.replace("--users 10 --run-time 30s", "--users 30 --spawn-rate 30 --run-time 4s")
        script = script.replace("baseline + 250ms", "baseline * 100")
        done = subprocess.run(
            ["bash", "-euc", script],  # noqa: S607  # the shell a runner has
            cwd=checkout,
            env={**environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        allowed = (EXIT.PASSED, EXIT.GATE) if compares else (EXIT.PASSED,)
        assert done.returncode in allowed, done.stdout + done.stderr
        return done.stdout

    run.checkout = checkout
    return run


def test_the_github_job_passes_step_by_step(step):
    steps = steps_of(PAGE)
    assert [script.split()[0] for script in steps] == [
        "make",
        ".venv/bin/locust",
        ".venv/bin/locust",
        ".venv/bin/cognito-load",
    ]
    outputs = [step(script, compares="compare" in script or "--baseline" in script) for script in steps]
    assert "Gates  all 3 passed" in outputs[2]
    assert "Baseline  " in outputs[2]
    assert outputs[3].splitlines()[-1].startswith(VERDICTS)
    assert (step.checkout / "results" / "latest" / "histograms.json").is_file()


def test_the_gitlab_job_passes_first_without_and_then_with_a_baseline(step):
    steps = re.findall(r"^    - (.*)$", GITLAB, re.MULTILINE)
    gates = re.search(r'COGNITO_GATE: "(.*)"', GITLAB)[1]
    assert len(steps) == 4
    first = [step(script, COGNITO_GATE=gates) for script in steps]
    again = step(steps[2], compares=True)
    assert "Gates  all 2 passed" in first[1]
    assert not first[2]
    assert again.splitlines()[-1].startswith(VERDICTS)


def test_every_gate_of_the_page_can_be_read():
    """Those of its table, and those of its examples."""
    cells = re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE)
    assert len(cells) >= 8
    examples = re.findall(r'--gate "([^"]+)"', PAGE) + re.findall(r'COGNITO_GATE: "([^"]+)"', PAGE)
    gates, problems = parse_gates([*cells, *examples])
    assert not problems
    assert len(gates) > len(cells)
