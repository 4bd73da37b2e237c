"""`cognito-load report compare`, as a job in CI runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.errors import EXIT
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.judging import baseline
from harness.evidence.judging.baseline import Baseline
from harness.outcome import Outcome


def a_run(folder: Path, name: str, ms: int, count: int = 1_000) -> str:
    """The results folder of a run whose every request took this long."""
    metrics = Metrics()
    for _ in range(count):
        metrics.record(Sample("request", "GET /orders", Outcome.OK, 0.0, ms * 1_000))
    (folder / name).mkdir()
    baseline.write(Baseline(name, 10.0, metrics, {}, "passed"), folder / name)
    return str(folder / name)


@pytest.mark.parametrize(
    ("ms", "count", "code", "says"),
    [
        (200, 1_000, EXIT.PASSED, "same as a: nothing beyond what both runs can be off by, in 5 figures"),
        (100, 1_000, EXIT.PASSED, "better than a: GET /orders p50 went from 200 ms to 100 ms (and 3 more)"),
        (300, 1_000, EXIT.GATE, "worse than a: GET /orders p50 went from 200 ms to 300 ms (and 3 more)"),
        (200, 3, EXIT.GATE, "not enough data to compare with a: GET /orders fail_rate"),
    ],
)
def test_the_verdict_comes_last_and_decides_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ms: int, count: int, code: EXIT, says: str
) -> None:
    before, after = a_run(tmp_path, "a", 200), a_run(tmp_path, "b", ms, count)
    assert main(["report", "compare", before, after]) == code
    assert says in capsys.readouterr().out.splitlines()[-1]


def test_every_figure_is_shown_with_its_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["report", "compare", a_run(tmp_path, "a", 200), a_run(tmp_path, "b", 300, 30)])
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines() if "GET /orders" in line]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert ["GET /orders", "p50", "200", "200 to 200", "300", "300 to 300", "20.0", "worse"] in cells
    assert ["GET /orders", "p99", "200", "200 to 200", "-", "-", "20.0", "not enough data"] in cells


def test_the_same_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["report", "compare", "--json", a_run(tmp_path, "a", 200), a_run(tmp_path, "b", 300)])
    found = json.loads(capsys.readouterr().out)
    assert (code, found["word"], found["before"], found["after"]) == (EXIT.GATE, "worse", "a", "b")
    p50 = next(row for row in found["figures"] if row["metric"] == "p50")
    assert p50["difference"] == {"low": 100.0, "value": 100.0, "high": 100.0}
    assert p50["tolerance"] == 20.0


def test_results_that_are_not_there_are_a_fault_of_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "compare", a_run(tmp_path, "a", 200), str(tmp_path / "b")]) == EXIT.CONFIGURATION
    told = capsys.readouterr()
    assert not told.out
    assert "b cannot be read: No such file" in told.err
    assert "Name the folder of a run" in told.err


def test_without_a_subcommand_the_command_line_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["report"])
    assert caught.value.code == EXIT.USAGE
    assert "SUBCOMMAND" in capsys.readouterr().err
