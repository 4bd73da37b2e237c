"""Every run leaves its reports, and GitHub's job page gets one."""

from __future__ import annotations

import re

import pytest
from junitparser import JUnitXml

from harness.errors import EXIT

pytestmark = pytest.mark.e2e


def test_a_run_leaves_its_reports_beside_the_summary(run_locust, tmp_path):
    """The page, a test case per gate, and Markdown on the job's page; the terminal says where the page is."""
    job_page = tmp_path / "job.md"
    locust = run_locust(
        *("--users", 4, "--run-time", "4s", "--gate", "login fail_rate < 1%"),
        env={"GITHUB_STEP_SUMMARY": str(job_page), "COGNITO_REPORT": "yes"},
    )
    assert locust.exit_code == EXIT.PASSED, locust.output
    (folder,) = locust.results.glob("2*")
    assert {"report.html", "junit.xml", "summary.md", "summary.json"} <= {path.name for path in folder.iterdir()}
    cases = [case.name for suite in JUnitXml.fromfile(str(folder / "junit.xml")) for case in suite]
    assert cases == ["login fail_rate < 1%", "the load generator was fit to measure"]
    assert job_page.read_text().strip() == (folder / "summary.md").read_text().strip()
    assert f"Report     {folder / 'report.html'}" in locust.output


def test_a_job_log_says_how_the_run_is_going_and_quiet_says_only_how_it_went(run_locust):
    """A line every ten seconds, standing alone; with --quiet nothing but the report's place and the verdict."""
    told = run_locust("Login", "--users", 2, "--run-time", "12s", "--processes", 2)
    lines = [line for line in told.output.splitlines() if line.startswith("cognito-load: ")]
    assert len(lines) == 1
    assert re.fullmatch(
        r"cognito-load: \d s left, 2 users, [\d.]+ logins/s, 0 API requests/s, login p95 [\d.]+ ms, 0 failed", lines[0]
    )
    quiet = run_locust("Login", "--users", 2, "--run-time", "11s", "--quiet", "--report", "no")
    (folder,) = quiet.results.glob("2*")
    assert {"junit.xml", "summary.md"} <= {path.name for path in folder.iterdir()}
    assert not (folder / "report.html").exists(), "only the page takes long enough to be left out"
    assert f"Report     {folder / 'summary.json'}" in quiet.output
    assert not [line for line in quiet.output.splitlines() if line.startswith("cognito-load")]
    assert "Cognito exchanges" not in quiet.output
    assert quiet.output.splitlines()[-1] == "passed: nothing failed, and no gate was given (exit code 0)"
