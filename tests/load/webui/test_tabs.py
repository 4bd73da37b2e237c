"""What the web UI shows besides Locust's own, through the test client of a Flask application with Locust's routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask, jsonify

from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.load.webui.tabs import Standing, show, tables
from harness.outcome import Outcome, Reason


def explanation(kind: str, _: str) -> tuple[str, str] | None:
    return ("The quota.", "Go slower.") if kind == "TooManyRequestsException" else None


def busy() -> Standing:
    metrics, health = Metrics(), Health()
    for outcome, error in ((Outcome.OK, ""), (Outcome.THROTTLED, "TooManyRequestsException: Rate exceeded")):
        sample = Sample("exchange", "InitiateAuth", outcome, 0.0, 120_000, reason=Reason.REFRESH, error=error)
        metrics.record(sample)
        metrics.record(sample._replace(kind="login", name="login"))
    metrics.in_flight.record("exchange", "InitiateAuth", 3_000_000, Reason.REFRESH)
    metrics.in_flight.record("login", "login", 3_200_000, Reason.REFRESH)
    metrics.in_flight.record("request", "GET /me", 14_000_000)
    health.cpu(0.25, 1.0)
    health.lag(2_000)
    health.clock(-90.2)
    return Standing(metrics, 10.0, {"worker": health}, ("Estimate: little.", "too much"))


class Ui:
    """Locust's web UI as `show` meets it."""

    def __init__(self, standing: Standing, report: Path | None = None, prefix: str = "") -> None:
        self.app = Flask(__name__)
        self.template_args: dict[str, Any] = {}
        self.auth_required_if_enabled = lambda view: view
        self.app.add_url_rule(
            f"{prefix}/stats/requests", "locust.request_stats", lambda: jsonify({"stats": [], "state": "running"})
        )
        self.app.add_url_rule(f"{prefix}/tasks", "locust.tasks", lambda: jsonify({"other": True}))
        show(self.app, self, lambda: standing, explanation, lambda: report)
        self.client = self.app.test_client()


class TestTables:
    def test_logins_stand_apart_by_reason(self) -> None:
        rows = tables(busy(), explanation)["logins"]
        assert [row["what"] for row in rows] == ["all logins", "login: refresh", "InitiateAuth"]
        assert rows[0] == {
            "what": "all logins",
            "count": "2",
            "failed": "50.0",
            "rate": "0.200",
            "p50": "120",
            "p95": "120",
            "p99": "120",
            "max": "120",
        }

    def test_what_is_not_answered_is_there_while_it_hangs(self) -> None:
        rows = tables(busy(), explanation)["open"]
        assert [(row["what"], row["count"], row["max"]) for row in rows] == [
            ("login: login", "1", "3\u2009200"),
            ("InitiateAuth", "1", "3\u2009000"),
            ("GET /me", "1", "14.0 s"),
        ]

    def test_an_error_has_its_cause_and_what_to_do(self) -> None:
        rows = tables(busy(), explanation)["remedies"]
        assert {row["error"] for row in rows} >= {"InitiateAuth: TooManyRequestsException: Rate exceeded"}
        assert all((row["cause"], row["remedy"]) == ("The quota.", "Go slower.") for row in rows)

    def test_an_error_that_nobody_knows_is_shown_all_the_same(self) -> None:
        assert {row["remedy"] for row in tables(busy(), lambda *_: None)["remedies"]} == {"\u2013"}

    def test_what_was_reckoned_before_the_run_stays_to_be_read(self) -> None:
        assert tables(busy(), explanation)["estimate"] == [{"said": "Estimate: little."}, {"said": "too much"}]

    def test_each_process_says_how_it_fares(self) -> None:
        assert tables(busy(), explanation)["generator"] == [
            {"process": "worker", "cpu": "25.0", "late": "2.00", "clock": "-90"}
        ]

    def test_before_the_first_run_they_are_empty(self) -> None:
        assert not any(tables(Standing(Metrics(), 0.0, {}), explanation).values())


class TestPage:
    def test_rows_ride_on_the_statistics_and_on_nothing_else(self) -> None:
        client = Ui(busy()).client
        told = client.get("/stats/requests").get_json()
        assert told["state"] == "running"
        assert {stats["key"] for stats in told["extended_stats"]} == {
            "logins",
            "open",
            "remedies",
            "generator",
            "estimate",
        }
        assert client.get("/tasks").get_json() == {"other": True}

    def test_each_tab_has_a_table_whose_columns_the_rows_fill(self) -> None:
        ui = Ui(busy())
        tabs = {tab["key"] for tab in ui.template_args["extended_tabs"]}
        columns = {
            table["key"]: {column["key"] for column in table["structure"]}
            for table in ui.template_args["extended_tables"]
        }
        assert columns.keys() == tabs
        for key, rows in tables(busy(), explanation).items():
            assert {frozenset(row) for row in rows} == {frozenset(columns[key])}

    @pytest.mark.parametrize("prefix", ["", "/locust"])
    def test_the_last_report_is_a_click_away(self, tmp_path: Path, prefix: str) -> None:
        page = tmp_path / "report.html"
        page.write_text("<p>passed</p>")
        answer = Ui(busy(), page, prefix).client.get(f"{prefix}/cognito-report")
        assert answer.mimetype == "text/html"
        assert answer.get_data(as_text=True) == "<p>passed</p>"
        answer.close()

    def test_without_a_run_the_link_says_when_there_will_be_one(self) -> None:
        answer = Ui(busy()).client.get("/cognito-report")
        assert answer.status_code == 404
        assert "No run has ended yet" in answer.get_data(as_text=True)
