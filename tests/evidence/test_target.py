"""What a run loaded, in words and in every report."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from junitparser import JUnitXml
from rich.console import Console

from harness.evidence.figures.metrics import Metrics
from harness.evidence.finished_run import FinishedRun
from harness.evidence.judging.verdict import decide
from harness.evidence.rebuild import rebuild
from harness.evidence.reports import html, summary, terminal
from harness.evidence.reports.junit import junit
from harness.evidence.reports.markdown import markdown
from harness.evidence.storage.record import Facts, Record, facts_from_json
from harness.evidence.target import Target

URL = "https://cognito-idp.eu-west-1.amazonaws.com"
POOL = Target("endpoint", URL, "eu-west-1_AbC123", "eu-west-1", ("https://api.example.com",))


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (Target("sandbox", "http://127.0.0.1:9", "us-east-1_x", "us-east-1"), "local sandbox"),
        (Target("sandbox", "http://127.0.0.1:9", apis=("http://127.0.0.1:9/",)), "local sandbox"),
        (Target("sandbox", "http://127.0.0.1:9", apis=("https://a.example",)), "local sandbox, API https://a.example"),
        (POOL, f"endpoint {URL}, pool eu-west-1_AbC123, region eu-west-1, API https://api.example.com"),
        (
            Target("endpoint", "http://127.0.0.1:9229", "", "us-east-1"),
            "endpoint http://127.0.0.1:9229, pool not set, region us-east-1",
        ),
        (Target("domain", "https://auth.example.com/oauth2/token"), "domain https://auth.example.com/oauth2/token"),
    ],
)
def test_a_target_is_a_sentence(target: Target, sentence: str) -> None:
    assert target.sentence == sentence


def a_run(target: Target | None) -> FinishedRun:
    metrics = Metrics()
    return FinishedRun(
        run_id="r1",
        started_s=0.0,
        ended_s=1.0,
        duration_s=1.0,
        classes=("Login",),
        users=1,
        settings={},
        metrics=metrics,
        gates=(),
        healths={},
        verdict=decide(metrics, [], {}),
        target=target,
    )


@pytest.mark.parametrize("is_quiet", [True, False])
def test_every_report_says_it(is_quiet: bool) -> None:
    run = a_run(POOL)
    out = io.StringIO()
    terminal.render(run, Console(file=out, width=200), is_quiet=is_quiet)
    assert f"Target     {POOL.sentence}\n" in out.getvalue()
    assert f"Target: {POOL.sentence}" in markdown(run)
    assert POOL.sentence in html.page(run).partition("</header>")[0]
    (suite,) = JUnitXml.fromstring(junit(run).encode())
    assert {p.name: p.value for p in suite.properties()}["target"] == POOL.sentence
    assert summary.summary(run)["target"] == {
        "kind": "endpoint",
        "url": URL,
        "user_pool_id": "eu-west-1_AbC123",
        "region": "eu-west-1",
        "apis": ["https://api.example.com"],
        "sentence": POOL.sentence,
    }


def test_a_record_without_one_makes_reports_without_one(tmp_path: Path) -> None:
    facts = Facts("r1", 0.0)
    Record(facts, tmp_path, str)
    run = rebuild(tmp_path)
    assert run.target is None
    assert summary.summary(run)["target"] is None
    assert "arget" not in markdown(run)
    old = json.loads((tmp_path / "run.json").read_text())
    del old["target"]
    assert facts_from_json(json.dumps(old)) == facts


def test_it_survives_the_folder_of_a_run(tmp_path: Path) -> None:
    Record(Facts("r1", 0.0, target=POOL), tmp_path, str)
    assert rebuild(tmp_path).target == POOL
