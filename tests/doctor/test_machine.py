"""The commands for an app client that logs in for itself, against a real sandbox."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from harness.errors import EXIT
from tests.doctor.conftest import administrator, variables

SECRET = "COGNITO_CLIENT_SECRET"


@pytest.fixture(scope="module")
def machine(module_sandbox: Any) -> Any:
    return module_sandbox(scopes="api/read,api/write")


def given(machine: Any, **changes: str) -> dict[str, str]:
    return {
        **variables(machine),
        "COGNITO_FLOW": "client_credentials",
        "COGNITO_DOMAIN": machine.endpoint,
        "COGNITO_SCOPES": "api/read",
        "COGNITO_USERS": "no such file",
        SECRET: machine.client_secret,
        **changes,
    }


def test_the_doctor_finds_a_machine_well_and_needs_no_users_file(machine: Any, examine: Any) -> None:
    code, found = examine("--api", f"{machine.api}/me", "--run-time", "2h", **given(machine))
    assert code == EXIT.PASSED
    assert not [check for check, finding in found.items() if finding["state"] not in ("ok", "not checked")]
    assert "none is needed" in found["users file"]["message"]
    assert "an access token for api/read" in found["login"]["message"]
    assert found["API"]["message"].startswith("access token: HTTP 200")
    assert "renewals per user, about: 2" in found["run time"]["message"]


@pytest.mark.parametrize(
    ("changes", "checks", "said"),
    [
        ({SECRET: "canary-secret"}, {"client id", "client secret"}, "COGNITO_CLIENT_SECRET"),
        ({"COGNITO_SCOPES": "api/none"}, {"login"}, "resource server/scope"),
    ],
)
def test_the_doctor_tells_at_which_step_a_machine_is_refused(
    machine: Any, examine: Any, changes: dict[str, str], checks: set[str], said: str
) -> None:
    code, found = examine(**given(machine, **changes))
    assert code == EXIT.CONFIGURATION
    faults = {check: finding for check, finding in found.items() if finding["state"] == "fault"}
    assert faults.keys() == checks
    assert all(said in finding["remedy"] for finding in faults.values())
    assert "canary" not in json.dumps(found)


def test_an_administrator_s_keys_show_a_grant_that_is_off(machine: Any, examine: Any) -> None:
    """The endpoint says no more than invalid_grant; the client's description says what is missing."""
    made = administrator(machine).create_user_pool_client(
        UserPoolId=machine.user_pool_id, ClientName="off", GenerateSecret=True
    )["UserPoolClient"]
    changes = {"COGNITO_CLIENT_ID": made["ClientId"], SECRET: made["ClientSecret"]}
    code, found = examine(**given(machine, **changes))
    assert code == EXIT.CONFIGURATION
    assert found["flow"]["message"].startswith("invalid_grant")
    assert "AllowedOAuthFlowsUserPoolClient" in found["flow"]["remedy"]
    assert found["scopes"]["message"] == "invalid_scope: the client may not have api/read"


def test_one_login_of_a_machine_needs_no_username(machine: Any, run: Any) -> None:
    code, out, err = run("login", "--json", **given(machine))
    told = json.loads(out)
    assert (code, err, told["outcome"], told["flow"]) == (EXIT.PASSED, "", "ok", "client_credentials")
    assert told["claims"]["access"]["scope"] == "api/read"
    assert told["exchanges"][0]["name"] == "oauth2/token"
    assert machine.client_secret not in out


def test_the_command_for_curl_logs_the_machine_in(machine: Any, run: Any) -> None:
    _, out, _ = run("login", "--curl", **given(machine))
    assert machine.client_secret not in out
    environ = {SECRET: machine.client_secret, "PATH": "/usr/bin:/bin"}
    answer = subprocess.run(["sh", "-c", out], env=environ, capture_output=True, text=True, timeout=30, check=True)  # noqa: S607  # the command that is tested
    assert json.loads(answer.stdout).keys() == {"access_token", "expires_in", "token_type"}
