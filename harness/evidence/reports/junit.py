"""`junit.xml`: a test case for each gate and one for the generator, as GitHub's and GitLab's test views read it."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from harness.evidence.finished_run import FinishedRun

FILE_NAME = "junit.xml"
SUITE = "cognito-load"

# XML 1.0, production 2: what no escaping makes legal.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: FinishedRun) -> str:
    """The whole file.

    Without gates one case says whether anything failed. A gate without data is a failure, as in the verdict.
    """
    suite = TestSuite(SUITE)
    suite.timestamp = datetime.fromtimestamp(run.started_s, UTC).isoformat(timespec="seconds")
    suite.add_property("run", run.run_id)
    suite.add_property("verdict", run.verdict.word)
    if run.target:
        suite.add_property("target", _legal(run.target.sentence))
    for result in run.gates:
        failed = None if result.state == "passed" else result.sentence
        suite.add_testcase(_case(result.gate.text, "gates", said=result.sentence, failed=failed))
    invalid = "; ".join(run.verdict.invalid_because)
    suite.add_testcase(_case("the load generator was fit to measure", "generator", failed=invalid))
    is_missed = any(result.state != "passed" for result in run.gates)
    if run.verdict.word == "failed" and not is_missed:
        suite.add_testcase(_case("the run", "run", failed=run.verdict.sentence))
    elif not run.gates:
        suite.add_testcase(_case("the run", "run", said=run.verdict.sentence))
    xml = JUnitXml(SUITE)
    xml.add_testsuite(suite)
    xml.update_statistics()
    # A gate has no duration of its own; the suite's is the run's.
    suite.time = xml.time = round(run.duration_s, 3)
    out = io.BytesIO()
    xml.write(out, pretty=True)
    return out.getvalue().decode("utf-8")


def _case(name: str, group: str, *, said: str = "", failed: str | None = None) -> TestCase:
    case = TestCase(_legal(name), f"{SUITE}.{group}", 0)
    if failed:
        case.result = [Failure(_legal(failed), "failed")]
    if said:
        case.system_out = _legal(said)
    return case


def _legal(text: str) -> str:
    return _ILLEGAL.sub("?", text)
