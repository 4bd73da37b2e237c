"""What a load says of Cognito's errors is what doctor and login say; the doctor's part before the load ends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cognito import remedies
from harness.errors import EXIT
from tests.e2e.conftest import free_port

pytestmark = pytest.mark.e2e

ROWS = json.loads((Path(__file__).parents[1] / "sandbox" / "errors.json").read_text())
TABLE = [row for row in ROWS if row["type"] not in (None, "UsernameExistsException")]
"""Every error but those of a sign-up."""


def test_every_error_of_the_table_is_explained_in_the_summary(run_locust, start_sandbox):
    """One run in which each error happens to one login: exit code 1, each kind with the table's cause and remedy."""
    sandbox = start_sandbox()
    for row in TABLE:
        message = (row["message"] or "").replace("{client_id}", sandbox.client_id)
        sandbox.fault("refusal", on="InitiateAuth", times=1, type=row["type"], message=message, status=row["status"])
    run = run_locust("Login", *("--users", 90, "--spawn-rate", 45, "--run-time", "6s"), against=sandbox)
    assert run.exit_code == EXIT.FAILED, run.output
    told = {error["error"]: (error["cause"], error["remedy"]) for error in run.summary["errors"]}
    assert {text.partition(":")[0] for text in told} >= {row["type"] for row in TABLE}
    for text, explained in told.items():
        known = remedies.lookup(text.partition(":")[0], text)
        assert known is not None, text
        assert explained == (known.cause, known.remedy)


def test_a_full_preflight_ends_a_run_that_would_fail(run_locust, start_sandbox, tmp_path):
    """Three accounts with a fault each: all are named with their remedy, exit code 5, and no user starts."""
    states = ("UNCONFIRMED", "DISABLED", "RESET_REQUIRED")
    rows = [f"user-{state.lower()}@example.org,Sample-Passw0rd-1" for state in states]
    accounts = tmp_path / "accounts.csv"
    lines = [f"{row},{state}" for row, state in zip(rows, states, strict=True)]
    accounts.write_text("\n".join(["username,password,state", *lines]) + "\n")
    sandbox = start_sandbox(users=accounts)
    (tmp_path / "users.csv").write_text("\n".join(["username,password", *rows]) + "\n")
    run = run_locust(
        "Login", *("--users", 3, "--run-time", "5s", "--cognito-preflight", "full", "--processes", 2), against=sandbox
    )
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    for told in ("UserNotConfirmedException", "User is disabled.", "PasswordResetRequiredException"):
        assert told in run.output
    assert "Sample-Passw0rd" not in run.output
    assert sandbox.counts()["arrived"]["InitiateAuth"] == 3, "once, on the master"
    assert not run.summaries()


def test_a_dead_endpoint_is_found_before_the_load(run_locust, start_sandbox):
    """The cheap part, by itself; `off` leaves it to the run."""
    arguments = ("Login", "--users", 1, "--run-time", "2s")
    dead = {"COGNITO_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    run = run_locust(*arguments, against=start_sandbox(), env=dead)
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    assert "connection refused" in run.output
    run = run_locust(*arguments, "--cognito-preflight", "off", against=start_sandbox(), env=dead)
    assert run.exit_code in (EXIT.FAILED, EXIT.INVALID), run.output
    assert "ConnectError" in run.output
