"""Taurus reads our JTL as it reads JMeter's: the same names, the same counts, the same failures."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from harness.evidence.figures.sample import Sample
from harness.evidence.storage.jtl import SampleFile
from harness.outcome import Outcome, Reason

pytestmark = pytest.mark.peers

UV = Path(sys.executable).with_name("uv")
BZT = "bzt==1.17.2"
INSTALL_S = 100
READER = """
import json, logging, sys
from bzt.modules.jmeter import JTLReader
last = None
for point in JTLReader(sys.argv[1], logging.getLogger("reader")).datapoints(final_pass=True):
    last = point
print(json.dumps({label: [kpi["succ"] + kpi["fail"], kpi["fail"]] for label, kpi in last["cumulative"].items()}))
"""


def with_taurus(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with Taurus, in an environment of its own that uv keeps: its dependencies are none of ours."""
    return subprocess.run(
        [UV, "run", "--quiet", "--no-project", "--isolated", "--with", BZT, "python", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_S,
    )


@pytest.fixture(scope="module")
def taurus() -> None:
    """Skips where Taurus cannot be installed."""
    try:
        tried = with_taurus("-c", "import bzt.modules.jmeter")
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"Taurus ({BZT}) cannot be installed here: {error}")
    if tried.returncode:
        pytest.skip(f"Taurus ({BZT}) cannot be installed here: {tried.stderr[-300:]}")


def test_taurus_counts_what_we_count(taurus, tmp_path):
    """Names with commas, failures with quotes, logins around their exchanges."""
    outcomes = [(Outcome.OK, "", 200), (Outcome.SERVER_ERROR, 'HTTP 500, "busy"', 500), (Outcome.THROTTLED, "T: x", 0)]
    file = SampleFile(tmp_path / "samples.jtl", "worker-1", pytest.fail)
    counts: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    for i in range(600):
        outcome, error, status = outcomes[i % 5 if i % 5 < 3 else 0]
        for kind, name in (("request", f"GET /orders/{i % 3},x"), ("exchange", "InitiateAuth"), ("login", "login")):
            sample = Sample(
                *(kind, name, outcome, 1_795_000_000 + i / 50, 5_000 + i, 0, 4_000),
                *(Reason.INITIAL, error, 10, 20, status, 0, 1),
            )
            file.add(sample)
            counts[name] += 1
            failures[name] += outcome.is_failure
    file.close()

    read = with_taurus("-c", READER, str(file.path))

    assert read.returncode == 0, read.stderr
    found = {name: tuple(numbers) for name, numbers in json.loads(read.stdout.splitlines()[-1]).items() if name}
    assert found == {name: (counts[name], failures[name]) for name in counts}
