"""Everything that goes wrong with a first login is told by doctor and login alike: cause, remedy, exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cognito import remedies
from harness.errors import EXIT
from tests.doctor.conftest import PASSWORD, Ask, administrator, stripping_proxy, variables, write_users

ROWS = json.loads((Path(__file__).parents[1] / "sandbox" / "errors.json").read_text())
TABLE = [row for row in ROWS if row["type"] not in (None, "UsernameExistsException")]
"""Every error but those of a sign-up."""
USER = "alice@example.org"


@pytest.fixture(scope="module")
def own(module_sandbox: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A sandbox whose accounts are in every state."""
    users = write_users(
        tmp_path_factory.mktemp("doctor") / "accounts.csv",
        f"{USER},{PASSWORD},",
        f"bob@example.org,{PASSWORD},",
        f"new@example.org,{PASSWORD},FORCE_CHANGE_PASSWORD",
        f"unconfirmed@example.org,{PASSWORD},UNCONFIRMED",
        f"reset@example.org,{PASSWORD},RESET_REQUIRED",
        f"disabled@example.org,{PASSWORD},DISABLED",
        header="username,password,state",
    )
    return module_sandbox(users=users)


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """A users file with one good account."""
    return write_users(tmp_path / "users.csv", f"{USER},{PASSWORD}")


def assert_same(finding: dict[str, Any], error: dict[str, Any], kind: str) -> None:
    """Doctor and login name the same error, cause and remedy, and it is the table's."""
    assert finding["state"] == "fault", finding
    assert error["kind"] == kind, error
    assert kind in finding["message"]
    assert finding["cause"] == error["cause"] != ""
    assert finding["remedy"] == error["remedy"] != ""


class TestArticle:
    """The seven rows of the walk-through's troubleshooting table, provoked as they happen."""

    @pytest.mark.parametrize(
        ("check", "kind", "environ"),
        [
            ("signature", "UnrecognizedClientException", {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}),
            ("signature", "InvalidSignatureException", {"AWS_SECRET_ACCESS_KEY": "not-the-key"}),
            ("client id", "ResourceNotFoundException", {"COGNITO_CLIENT_ID": "nosuchclient"}),
        ],
    )
    def test_keys_and_client(
        self, own: Any, users: Path, examine: Ask, log_in: Ask, check: str, kind: str, environ: dict[str, str]
    ) -> None:
        environ = variables(own, users) | environ
        code, findings = examine(**environ)
        failed, error = log_in(USER, COGNITO_PASSWORD=PASSWORD, **environ)
        assert (code, failed) == (EXIT.CONFIGURATION, EXIT.FAILED)
        assert_same(findings[check], error, kind)

    def test_the_flow_is_not_enabled(self, own: Any, users: Path, examine: Ask, log_in: Ask) -> None:
        client = administrator(own).create_user_pool_client(
            UserPoolId=own.user_pool_id, ClientName="srp", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"]
        )
        environ = variables(own, users) | {"COGNITO_CLIENT_ID": client["UserPoolClient"]["ClientId"]}
        code, findings = examine(**environ)
        assert code == EXIT.CONFIGURATION
        _, error = log_in(USER, COGNITO_PASSWORD=PASSWORD, **environ)
        assert_same(findings["flow"], error, "InvalidParameterException")
        assert "ALLOW_USER_PASSWORD_AUTH" in findings["flow"]["remedy"]
        assert findings["client secret"]["state"] == "not checked"

    def test_the_target_header_is_lost(self, own: Any, users: Path, examine: Ask, log_in: Ask) -> None:
        with stripping_proxy(own.endpoint) as gateway:
            environ = variables(own, users) | {"COGNITO_ENDPOINT": gateway, "COGNITO_SIGN": "never"}
            code, findings = examine(**environ)
            assert code == EXIT.CONFIGURATION
            _, error = log_in(USER, COGNITO_PASSWORD=PASSWORD, **environ)
        assert_same(findings["endpoint"], error, "MissingTarget")

    def test_the_call_is_not_signed(
        self, start_sandbox: Callable[..., Any], users: Path, examine: Ask, log_in: Ask
    ) -> None:
        sandbox = start_sandbox(users=users, require_signature=True)
        environ = variables(sandbox, users) | {"COGNITO_SIGN": "never"}
        code, findings = examine(**environ)
        assert code == EXIT.CONFIGURATION
        _, error = log_in(USER, COGNITO_PASSWORD=PASSWORD, **environ)
        assert_same(findings["signature"], error, "MissingAuthenticationTokenException")

    def test_a_reference_that_leads_nowhere_is_named(self, own: Any, tmp_path: Path, examine: Ask) -> None:
        referring = write_users(tmp_path / "refs.csv", f"{USER},env:NO_SUCH_SECRET")
        code, findings = examine(**variables(own, referring))
        assert code == EXIT.CONFIGURATION
        assert "env:NO_SUCH_SECRET" in findings["secrets"]["message"]
        assert findings["login"] == findings["login"] | {
            "state": "not checked",
            "message": "a secret reference does not resolve",
        }

    @pytest.mark.parametrize(
        ("name", "password", "kind"),
        [
            ("bob@example.org", "Wrong-Canary-1!", "NotAuthorizedException"),
            ("nobody@example.org", PASSWORD, "NotAuthorizedException"),
            ("unconfirmed@example.org", PASSWORD, "UserNotConfirmedException"),
            ("reset@example.org", PASSWORD, "PasswordResetRequiredException"),
            ("disabled@example.org", PASSWORD, "NotAuthorizedException"),
            ("new@example.org", PASSWORD, "ChallengeUnanswered"),
        ],
    )
    def test_accounts(
        self, own: Any, tmp_path: Path, examine: Ask, log_in: Ask, name: str, password: str, kind: str
    ) -> None:
        environ = variables(own, write_users(tmp_path / "users.csv", f"{name},{password}")) | {"COGNITO_SIGN": "never"}
        code, findings = examine(**environ)
        assert code == EXIT.CONFIGURATION
        _, error = log_in(name, COGNITO_PASSWORD=password, **environ)
        assert_same(findings["login, line 2"], error, kind)
        assert name in findings["login, line 2"]["message"]
        assert findings["client secret"]["state"] == "ok", "an account is looked at last"


@pytest.mark.parametrize("row", TABLE, ids=[row["case"] for row in TABLE])
def test_every_error_of_the_table_is_explained_alike(
    own: Any, users: Path, examine: Ask, log_in: Ask, row: dict[str, Any]
) -> None:
    message = (row["message"] or "").replace("{client_id}", own.client_id)
    environ = variables(own, users) | {"COGNITO_SIGN": "never"}
    own.fault("refusal", on="InitiateAuth", type=row["type"], message=message, status=row["status"])
    try:
        code, findings = examine(**environ)
        failed, error = log_in(USER, COGNITO_PASSWORD=PASSWORD, **environ)
    finally:
        own.clear_faults()
    told = [finding for finding in findings.values() if finding["state"] in ("fault", "warning")]
    is_throttled = row["type"] == "TooManyRequestsException"
    assert (code, failed) == (EXIT.PASSED if is_throttled else EXIT.CONFIGURATION, EXIT.FAILED)
    (finding,) = told
    known = remedies.lookup(row["type"], message)
    assert known is not None
    assert (finding["cause"], finding["remedy"]) == (known.cause, known.remedy) == (error["cause"], error["remedy"])


class TestSeveralAtOnce:
    def test_three_accounts_three_faults(self, own: Any, tmp_path: Path, examine: Ask) -> None:
        rows = (
            f"unconfirmed@example.org,{PASSWORD}",
            f"disabled@example.org,{PASSWORD}",
            f"reset@example.org,{PASSWORD}",
        )
        _, findings = examine(**variables(own, write_users(tmp_path / "users.csv", *rows)))
        assert [findings[f"login, line {line}"]["state"] for line in (2, 3, 4)] == ["fault"] * 3

    def test_a_signature_does_not_hide_the_client_nor_the_settings_the_rest(
        self, own: Any, users: Path, examine: Ask
    ) -> None:
        environ = variables(own, users) | {"AWS_SECRET_ACCESS_KEY": "not-the-key", "COGNITO_CLIENT_ID": "nosuchclient"}
        _, findings = examine(**environ)
        faulty = [check for check, finding in findings.items() if finding["state"] == "fault"]
        assert faulty == ["AWS identity", "signature", "client id"]

        _, findings = examine(
            **environ
            | {"COGNITO_REGION": "eu-west-1", "COGNITO_USERS": "nowhere.csv", "COGNITO_CLIENT_SECRET": "env:NO"}
        )
        faulty = [check for check, finding in findings.items() if finding["state"] == "fault"]
        assert faulty == ["settings", "users file", "secrets"]

    def test_production_the_other_token_and_a_disabled_account(
        self, start_sandbox: Callable[..., Any], tmp_path: Path, examine: Ask
    ) -> None:
        accounts = write_users(
            tmp_path / "accounts.csv",
            f"{USER},{PASSWORD},",
            f"gone@example.org,{PASSWORD},DISABLED",
            header="username,password,state",
        )
        sandbox = start_sandbox(users=accounts, api_token_use="id")
        aws = administrator(sandbox)
        arn = aws.describe_user_pool(UserPoolId=sandbox.user_pool_id)["UserPool"]["Arn"]
        aws.tag_resource(ResourceArn=arn, Tags={"stage": "Production"})
        users = write_users(tmp_path / "users.csv", f"{USER},{PASSWORD}", f"gone@example.org,{PASSWORD}")
        environ = variables(sandbox, users)

        code, findings = examine("--api", f"{sandbox.api}/me", **environ)
        faulty = [check for check, finding in findings.items() if finding["state"] == "fault"]
        assert (code, faulty) == (EXIT.CONFIGURATION, ["login, line 3", "API", "production"])
        assert "stage=Production" in findings["production"]["message"]
        assert findings["API"]["remedy"] == "The API takes the id token: set --cognito-token-use id."

        aws.admin_enable_user(UserPoolId=sandbox.user_pool_id, Username="gone@example.org")
        good = environ | {"COGNITO_TOKEN_USE": "id"}
        code, findings = examine("--allow-production", "--api", f"{sandbox.api}/me", "--run-time", "90m", **good)
        assert code == EXIT.PASSED, findings
        assert findings["production"]["state"] == "warning"
        assert findings["run time"]["message"].endswith("about: 1")

        sandbox.fault("clock-skew", time_s=1800)
        code, findings = examine(**environ)
        assert code == EXIT.CONFIGURATION
        assert "1,800 s behind" in findings["clock"]["message"]
        assert "NTP" in findings["clock"]["remedy"]
