from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.errors import HarnessError
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.finished_run import FinishedRun
from harness.evidence.reports.summary import SCHEMA_VERSION, summary, write
from harness.evidence.storage.record import LATEST
from harness.outcome import Outcome


def test_says_which_run_it_was(run: FinishedRun):
    assert summary(run)["run"] == {
        "id": "20261123-201530-ab12",
        "started": "2026-11-18T11:06:40.250+00:00",
        "ended": "2026-11-18T11:07:40.250+00:00",
        "duration_s": 60.0,
        "classes": ["Api", "Login"],
        "users": 20,
        "workers_lost": 0,
        "warmup_s": 0.0,
        "notes": [],
        "events": [],
    }


def test_holds_the_verdict_and_every_gate(run: FinishedRun):
    whole = summary(run)
    assert whole["schema_version"] == SCHEMA_VERSION
    assert (whole["verdict"]["word"], whole["verdict"]["exit_code"]) == ("failed", 3)
    assert [gate["state"] for gate in whole["gates"]] == ["passed", "passed", "no data"]
    assert whole["gates"][0]["gate"] == "InitiateAuth p95 < 300ms"


def test_tells_logins_apart_from_exchanges_and_requests(run: FinishedRun):
    whole = summary(run)
    assert whole["logins"]["all"]["count"] == 1_520
    assert {reason: row["count"] for reason, row in whole["logins"]["by_reason"].items()} == {
        "initial": 20,
        "refresh": 1_500,
    }
    assert {name: row["count"] for name, row in whole["exchanges"]["by_name"].items()} == {"InitiateAuth": 1_520}
    assert {name: (row["count"], row["token_refused"]) for name, row in whole["requests"]["by_name"].items()} == {
        "GET /orders": (9_003, False),
        "GET /me": (2_400, False),
        "GET /me (token refused)": (1, True),
    }
    assert whole["requests"]["all"]["count"] == 11_403


def test_a_row_has_every_figure(run: FinishedRun):
    row = summary(run)["logins"]["by_reason"]["refresh"]
    outcomes, phases = row.pop("outcomes"), row.pop("phases")
    assert row == {
        "count": 1_500,
        "failures": 12,
        "fail_rate": 0.008,
        "rate": 25.0,
        "p50_ms": 98.2,
        "p90_ms": 98.2,
        "p95_ms": 98.2,
        "p99_ms": 98.2,
        "p99.9_ms": 98.2,
        "max_ms": 98.2,
        "mean_ms": 98.2,
    }
    assert {outcome: d["count"] for outcome, d in outcomes.items()} == {"ok": 1_488, "throttled": 12}
    assert outcomes["throttled"]["max_ms"] == 9.0
    assert (phases["first_byte"]["count"], phases["connect"]["count"]) == (1_500, 0)


def test_errors_come_with_cause_and_remedy(run: FinishedRun):
    errors = summary(run)["errors"]
    assert [(error["kind"], error["name"], error["count"]) for error in errors] == [
        ("exchange", "InitiateAuth", 12),
        ("login", "login", 12),
        ("request", "GET /orders", 3),
    ]
    assert errors[0]["remedy"].startswith("Lower --cognito-max-login-rate")
    assert (errors[2]["cause"], errors[2]["first"]) == (None, "2026-11-18T11:06:45.250+00:00")


def test_says_what_was_not_measured(run: FinishedRun):
    assert summary(run)["not_measured"] == {
        "skipped": [{"name": "GET /orders", "why": "TooManyRequestsException", "count": 1}],
        "dropped": {},
        "cut_off": {"InitiateAuth": 1},
        "still_open": [
            {"kind": kind, "name": name, "count": 1, "hung": 1, "p50_ms": 10_400.0, "max_ms": 10_400.0}
            for kind, name in (("login", "login"), ("exchange", "InitiateAuth"))
        ],
        "exceptions": {},
        "unserved": {},
        "clamped": 0,
    }


def test_says_how_each_process_fared(run: FinishedRun):
    generator = summary(run)["generator"]
    assert generator["limits"]["lag_p99_ms"] == 50.0
    assert (generator["validity"], generator["suspect_because"]) == ("valid", [])
    assert generator["processes"]["worker 2"] == {
        "lag_p50_ms": 2.0,
        "lag_p99_ms": 2.0,
        "lag_max_ms": 2.0,
        "gc_pauses": 0,
        "gc_pause_max_ms": None,
        "gc_share": 0.0,
        "late_send_p99_ms": None,
        "late_read_p99_ms": None,
        "ready_p99": None,
        "cpu_share_mean": 0.6,
        "cpu_share_max": 0.6,
        "hot_share": 0.0,
        "observed_s": 60.0,
        "clock_ahead_s": None,
    }


def test_without_data_there_is_null_and_never_nan(make: Any):
    metrics = Metrics()
    metrics.record(Sample("request", "GET /me", Outcome.TRANSPORT_ERROR, 0.0, 5, error="TimedOut"))
    whole = summary(make.run(metrics, gates=(), healths={}, duration_s=0.0))
    assert (whole["logins"]["all"]["count"], whole["logins"]["all"]["p50_ms"]) == (0, None)
    row = whole["requests"]["by_name"]["GET /me"]
    assert (row["p99_ms"], row["rate"], row["fail_rate"]) == (None, None, 1.0)
    json.dumps(whole, allow_nan=False)


def test_unknown_objects_among_the_settings_are_not_written(make: Any):
    """Their repr is nobody's promise: it might hold anything."""
    settings = {"region": "eu-central-1", "rate": 60.0, "nothing": None, "keys": object(), "endless": float("inf")}
    assert summary(make.run(settings=settings))["settings"] == {
        "region": "eu-central-1",
        "rate": 60.0,
        "nothing": None,
    }


class TestWriting:
    def test_makes_a_directory_of_the_run_and_points_at_it(self, run: FinishedRun, tmp_path: Path):
        path = write(run, tmp_path / "results")
        assert path == tmp_path / "results" / "20261123-201530-ab12" / "summary.json"
        assert json.loads(path.read_text(encoding="utf-8")) == json.loads(json.dumps(summary(run)))
        assert [entry.name for entry in path.parent.iterdir()] == ["summary.json"]
        assert (tmp_path / "results" / LATEST / "summary.json").samefile(path)

    def test_latest_moves_on(self, make: Any, tmp_path: Path):
        write(make.run(run_id="first"), tmp_path)
        write(make.run(run_id="second"), tmp_path)
        assert (tmp_path / LATEST).readlink() == Path("second")
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["first", LATEST, "second"]

    def test_never_overwrites(self, run: FinishedRun, tmp_path: Path):
        before = write(run, tmp_path).stat().st_mtime_ns
        with pytest.raises(HarnessError, match="exists already; a result is never overwritten"):
            write(run, tmp_path)
        assert (tmp_path / run.run_id / "summary.json").stat().st_mtime_ns == before

    def test_leaves_a_directory_named_latest_alone(self, run: FinishedRun, tmp_path: Path):
        (tmp_path / LATEST).mkdir()
        write(run, tmp_path)
        assert not (tmp_path / LATEST).is_symlink()
        assert sorted(entry.name for entry in tmp_path.iterdir()) == [run.run_id, LATEST]

    def test_says_what_to_do_when_it_cannot(self, run: FinishedRun, tmp_path: Path):
        (tmp_path / "results").write_text("a file")
        with pytest.raises(HarnessError, match=r"cannot be written to .*results") as caught:
            write(run, tmp_path / "results")
        assert "--results-dir" in caught.value.hint

    def test_any_text_of_a_server_can_be_written(self, make: Any, tmp_path: Path):
        metrics = Metrics()
        metrics.record(Sample("request", "GET /\udcff", Outcome.FAILED_CHECK, 0.0, 5, error="ü \udcff \x1b[31m"))
        path = write(make.run(metrics), tmp_path)
        assert json.loads(path.read_text(encoding="utf-8"))["errors"][0]["error"] == "ü \udcff \x1b[31m"


class TestSchema:
    """docs/summary.schema.json is what programs may rely on."""

    SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "summary.schema.json").read_text("utf-8"))

    def test_is_a_schema_of_this_version(self):
        Draft202012Validator.check_schema(self.SCHEMA)
        assert self.SCHEMA["properties"]["schema_version"]["const"] == SCHEMA_VERSION

    def test_describes_a_run(self, run: FinishedRun):
        Draft202012Validator(self.SCHEMA).validate(json.loads(json.dumps(summary(run))))

    def test_describes_a_run_without_data(self, make: Any):
        whole = summary(make.run(Metrics(), gates=(), healths={}, duration_s=0.0))
        Draft202012Validator(self.SCHEMA).validate(json.loads(json.dumps(whole)))

    def test_knows_every_field(self, run: FinishedRun):
        """A field that is added is described as well."""
        whole = summary(run)
        assert set(whole) == set(self.SCHEMA["properties"])
        for part in ("run", "verdict", "not_measured", "generator"):
            assert set(whole[part]) == set(self.SCHEMA["properties"][part]["properties"]), part
        assert set(whole["logins"]["all"]) == set(self.SCHEMA["$defs"]["figures"]["properties"])
