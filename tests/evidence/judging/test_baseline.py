"""A run written down and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ConfigurationError, HarnessError
from harness.evidence.judging import baseline


def refusal(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        baseline.read(path)
    (problem,) = caught.value.problems
    assert problem.hint
    return problem.message


@pytest.mark.parametrize("spread", [1, 7_919], ids=["few buckets", "so many that the array is dense"])
def test_nothing_is_lost(tmp_path: Path, books, spread: int):
    run = books.past(books.metrics(range(1, 2_000 * spread, spread), failed=3), lags_us=[5, 70_000], word="failed")
    baseline.write(run, tmp_path)
    found = baseline.read(tmp_path)
    assert found.metrics.to_wire() == run.metrics.to_wire()
    assert found.healths["this process"].to_wire() == run.healths["this process"].to_wire()
    assert replace(found, metrics=run.metrics, healths=run.healths) == run
    assert baseline.read(tmp_path / "histograms.json").run_id == run.run_id


def test_a_folder_without_histograms_is_refused(tmp_path: Path):
    assert refusal(tmp_path) == f"{tmp_path}/histograms.json cannot be read: No such file or directory"
    assert "cannot be read" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"schema_version": 1}', "\x00\x01", '{"a": '])
def test_anything_else_is_refused(tmp_path: Path, content: str):
    (tmp_path / "histograms.json").write_text(content)
    assert "does not hold what a run measured" in refusal(tmp_path)


def test_a_damaged_histogram_is_refused(tmp_path: Path, books):
    file = baseline.write(books.past(books.metrics(range(1, 3_000_000, 1_009))), tmp_path)
    document = json.loads(file.read_text())
    document["metrics"]["series"][0][4]["hdr"] = "HISTFAAAAaaaa"
    file.write_text(json.dumps(document))
    assert "does not hold what a run measured" in refusal(tmp_path)


@pytest.mark.parametrize(("field", "says"), [("schema_version", "is of version 99"), ("metrics", "format 99")])
def test_another_release_is_told_from_damage(tmp_path: Path, books, field: str, says: str):
    file = baseline.write(books.past(books.metrics([1])), tmp_path)
    document = json.loads(file.read_text())
    if field == "metrics":
        document["metrics"]["version"] = 99
    else:
        document[field] = 99
    file.write_text(json.dumps(document))
    assert says in refusal(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path, books):
    with pytest.raises(HarnessError, match=r"histograms\.json cannot be written") as caught:
        baseline.write(books.past(books.metrics([1])), tmp_path / "nowhere")
    assert caught.value.hint
