"""What a load says of Cognito's errors is what doctor and login say; the doctor's part before the load ends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cognito import remedies
from harness.errors import EXIT
from tests.doctor.conftest import administrator, stripping_proxy
from tests.e2e.conftest import free_port

pytestmark = pytest.mark.e2e

ROWS = json.loads((Path(__file__).parents[1] / "sandbox" / "errors.json").read_text())
TABLE = [row for row in ROWS if row["type"] not in (None, "UsernameExistsException")]
"""Every error but those of a sign-up."""
PASSWORD = "Sample-Passw0rd-1"
UNTRACED = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
"""What these runs do others do, too; their processes need not be watched."""


def explained(run):
    """The errors of a run by their kind; each has the table's cause and remedy."""
    found = {}
    for error in run.summary["errors"]:
        kind = error["error"].partition(":")[0]
        known = remedies.lookup(kind, error["error"])
        assert known is not None, error
        assert (error["cause"], error["remedy"]) == (known.cause, known.remedy)
        found[kind] = known.cause
    return found


@pytest.fixture
def states(start_sandbox, tmp_path):
    """A sandbox whose accounts are in every state, and a users file with all of them, wrong passwords included."""
    accounts = {"alice": "", "bob": "", "new": "FORCE_CHANGE_PASSWORD"} | {
        state.lower(): state for state in ("UNCONFIRMED", "RESET_REQUIRED", "DISABLED")
    }
    rows = [f"{name}@example.org,{PASSWORD},{state}" for name, state in accounts.items()]
    (tmp_path / "accounts.csv").write_text("\n".join(["username,password,state", *rows]) + "\n")
    given = [f"{name}@example.org,{PASSWORD}" for name in (*accounts, "nobody")]
    given[1] = "bob@example.org,Wrong-Canary-1"
    (tmp_path / "users.csv").write_text("\n".join(["username,password", *given]) + "\n")
    return start_sandbox(users=tmp_path / "accounts.csv", require_signature=True)


def test_each_row_of_a_first_hour_is_told_by_a_load_as_by_the_doctor(start_locust, states):
    """Keys, client, flow, a lost header, no signature, and accounts in every state: each by its own cause."""
    client = administrator(states).create_user_pool_client(
        UserPoolId=states.user_pool_id, ClientName="srp", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"]
    )
    with stripping_proxy(states.endpoint) as gateway:
        causes = {
            "UnrecognizedClientException": {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
            "InvalidSignatureException": {"AWS_SECRET_ACCESS_KEY": "not-the-key"},
            "ResourceNotFoundException": {"COGNITO_CLIENT_ID": "nosuchclient"},
            "InvalidParameterException": {"COGNITO_CLIENT_ID": client["UserPoolClient"]["ClientId"]},
            "MissingTarget": {"COGNITO_ENDPOINT": gateway},
            "MissingAuthenticationTokenException": {"COGNITO_SIGN": "never"},
            "accounts": {},
        }
        options = ("--headless", "--only-summary", "Login", "--cognito-preflight", "off", "--spawn-rate", 10)
        runs = {
            kind: start_locust(
                *options,
                *("--users", 7 if kind == "accounts" else 1, "--run-time", "2s"),
                against=states,
                env=UNTRACED | cause,
            )
            for kind, cause in causes.items()
        }
        told = {kind: explained(run.finish()) for kind, run in runs.items()}
    assert {kind: run.exit_code for kind, run in runs.items()} == dict.fromkeys(causes, EXIT.FAILED)
    accounts = told.pop("accounts")
    assert {kind: list(found) for kind, found in told.items()} == {kind: [kind] for kind in told}
    assert set(accounts) == {
        *("NotAuthorizedException", "UserNotConfirmedException", "PasswordResetRequiredException"),
        "ChallengeUnanswered",
    }
    errors = {error["error"] for error in runs["accounts"].summary["errors"]}
    assert {
        "NotAuthorizedException: Incorrect username or password.",
        "NotAuthorizedException: User is disabled.",
    } <= errors
    assert all(PASSWORD not in run.output and "Wrong-Canary" not in run.output for run in runs.values())


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
