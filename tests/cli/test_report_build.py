"""`cognito-load report build`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.errors import EXIT
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.storage.jtl import HEADER
from harness.evidence.storage.record import Facts, Record, make_folder
from harness.outcome import Outcome, Reason

STARTED_S = 1_795_000_000.25


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that was killed."""
    folder = make_folder(tmp_path, "a-run")
    record = Record(Facts("a-run", STARTED_S, ("Login",), 3), folder, pytest.fail)
    metrics = Metrics()
    error = "TooManyRequestsException: Rate exceeded"
    metrics.record(Sample("login", "login", Outcome.THROTTLED, STARTED_S, 9, reason=Reason.INITIAL, error=error))
    record.second(int(STARTED_S), metrics)
    record.interval(STARTED_S + 10, {})
    return folder


def test_a_killed_run_gets_its_reports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "samples-w.jtl").write_text(HEADER + "1,2,x\n")
    assert main(["report", "build", str(folder.parent / "latest")]) == EXIT.PASSED
    out = capsys.readouterr().out
    assert "not concluded" in out
    assert json.loads((folder / "summary.json").read_text())["errors"][0]["remedy"]
    assert (folder / "samples.jtl").read_text() == HEADER + "1,2,x\n"


def test_reports_can_be_made_again(folder: Path) -> None:
    assert main(["report", "build", str(folder)]) == EXIT.PASSED
    first = (folder / "summary.json").read_text()
    assert main(["report", "build", str(folder)]) == EXIT.PASSED
    assert (folder / "summary.json").read_text() == first


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "build", str(tmp_path)]) == EXIT.FAILED
    assert "run.json cannot be read" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "summary.json").mkdir()
    assert main(["report", "build", str(folder)]) == EXIT.FAILED
    assert "cannot be written" in capsys.readouterr().err
