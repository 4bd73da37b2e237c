from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.evidence.finished_run import FinishedRun
from harness.evidence.reports import files


def test_writes_every_report_and_nothing_else(run: FinishedRun, tmp_path: Path):
    written = files.write(run, tmp_path, {})
    assert written == files.Written(tmp_path / "report.html", ())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "report.html", "summary.md"]


def test_github_gets_the_summary_after_what_other_steps_wrote(run: FinishedRun, tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("earlier\n")
    files.write(run, tmp_path, {files.STEP_SUMMARY: str(page)})
    assert page.read_text("utf-8") == "earlier\n" + (tmp_path / "summary.md").read_text("utf-8") + "\n"


def test_a_job_page_that_cannot_be_written_is_said(run: FinishedRun, tmp_path: Path):
    written = files.write(run, tmp_path, {files.STEP_SUMMARY: str(tmp_path)})
    assert written.faults == ("the job's summary (GITHUB_STEP_SUMMARY) cannot be written: Is a directory",)


def test_a_report_that_cannot_be_written_costs_no_other(run: FinishedRun, tmp_path: Path):
    (tmp_path / "junit.xml").mkdir()
    written = files.write(run, tmp_path, {})
    assert written.page == tmp_path / "report.html"
    assert len(written.faults) == 1
    assert "junit.xml cannot be written: Is a directory" in written.faults[0]
    assert (tmp_path / "summary.md").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_report_that_cannot_be_made_costs_neither_the_others_nor_the_verdict(run: FinishedRun, tmp_path: Path):
    written = files.write(replace(run, timeline=("no second",)), tmp_path, {})
    assert written.page is None
    assert written.faults[0].startswith("report.html cannot be made: AttributeError")
    assert (tmp_path / "junit.xml").exists()
