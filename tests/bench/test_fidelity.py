"""The sandbox does as Cognito does, probe by probe, and the documentation's table is the one that the bench made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.fidelity.place import Place
from bench.fidelity.probe import Probe
from bench.fidelity.table import AREAS, probes

ROOT = Path(__file__).parents[2]
ASKED = [probe for probe in probes() if probe.attempt is not None]
CASES = "sandbox/errors.json"


@pytest.fixture(scope="module")
def place(sandbox) -> Place:
    return Place("sandbox", sandbox.endpoint, sandbox.access_key_id, sandbox.secret_access_key, sandbox.region)


@pytest.mark.parametrize("probe", ASKED, ids=lambda probe: probe.behaviour)
def test_the_sandbox_has_this_behaviour(place: Place, probe: Probe):
    assert probe.reason_against(place) is None


def rows(page: str) -> list[str]:
    """The table of behaviours in a page."""
    lines = (ROOT / page).read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| behaviour | tested by |"))
    end = next(number for number in range(start, len(lines)) if not lines[number].startswith("|"))
    return lines[start:end]


def test_the_documentation_has_the_bench_s_table_with_all_probes():
    """Where it fails, run `python -m bench.fidelity` and copy the table of its result into docs/sandbox.md."""
    assert rows("docs/sandbox.md") == rows("bench/results/fidelity.md")
    told = [[cell.strip() for cell in row.split("|")[1:4]] for row in rows("docs/sandbox.md")[2:]]
    assert [row for row in told if not row[0].startswith("**")] == [
        [probe.behaviour, f"`{probe.tested_by}`", "yes"] for probe in probes()
    ]
    assert [row[0].strip("*") for row in told if row[0].startswith("**")] == list(AREAS)


def test_each_behaviour_s_test_exists():
    cases = {row["case"] for row in json.loads((ROOT / "tests" / CASES).read_text())}
    for probe in probes():
        file, _, name = probe.tested_by.partition("::")
        if name:
            assert f"def {name}(" in (ROOT / "tests" / file).read_text(), probe.tested_by
        else:
            assert probe.tested_by.removeprefix(f"{CASES}: ") in cases, probe.tested_by
