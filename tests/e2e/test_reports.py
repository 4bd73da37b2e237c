"""Every run leaves its reports, and GitHub's job page gets one."""

from __future__ import annotations

import pytest
from junitparser import JUnitXml

from harness.errors import EXIT

pytestmark = pytest.mark.e2e


def test_a_run_leaves_its_reports_beside_the_summary(run_locust, tmp_path):
    """The page, a test case per gate, and Markdown on the job's page; the terminal says where the page is."""
    job_page = tmp_path / "job.md"
    locust = run_locust(
        "--users", 4, "--run-time", "4s", "--gate", "login fail_rate < 1%", env={"GITHUB_STEP_SUMMARY": str(job_page)}
    )
    assert locust.exit_code == EXIT.PASSED, locust.output
    (folder,) = locust.results.glob("2*")
    assert {"report.html", "junit.xml", "summary.md", "summary.json"} <= {path.name for path in folder.iterdir()}
    cases = [case.name for suite in JUnitXml.fromfile(str(folder / "junit.xml")) for case in suite]
    assert cases == ["login fail_rate < 1%", "the load generator was fit to measure"]
    assert job_page.read_text().strip() == (folder / "summary.md").read_text().strip()
    assert f"Report     {folder / 'report.html'}" in locust.output
