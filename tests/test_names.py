"""Variables that nothing reads: the misspelt are faults, those of other programs are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.settings.names import READ_BY_COMMANDS, READ_BY_LOCUST, nearest, unread

HARNESS = Path(__file__).parents[1] / "harness"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("COGNITO_GATES", "COGNITO_GATE"),
        ("COGNITO_WARM_UP", "COGNITO_WARMUP"),
        ("COGNITO_CLIENTID", "COGNITO_CLIENT_ID"),
        ("COGNITO_CLINET_ID", "COGNITO_CLIENT_ID"),
        ("COGNITO_CLIENT_SECRETS", "COGNITO_CLIENT_SECRET"),
        ("COGNITO_USER", "COGNITO_USERS"),
        ("COGNITO_USER_POOL", "COGNITO_USER_POOL_ID"),
        ("COGNITO_USERPOOL_ID", "COGNITO_USER_POOL_ID"),
        ("COGNITO_BASE_LINE", "COGNITO_BASELINE"),
        ("COGNITO_WEB_NAME", "COGNITO_WEB_NAMES"),
        ("cognito_gate", "COGNITO_GATE"),
        ("LOCUST_GATE", "COGNITO_GATE"),
        ("LOCUST_COGNITO_CLIENT_ID", "COGNITO_CLIENT_ID"),
        ("LOCUST_WARMUP", "COGNITO_WARMUP"),
    ],
)
def test_a_misspelt_variable_is_a_fault_with_the_nearest_name(name: str, meant: str) -> None:
    found = unread([name, "PATH"])
    [problem] = found.misspelt
    assert name in problem.message
    assert f"Did you mean {meant}?" in problem.hint
    assert f"env -u {name}" in problem.hint
    assert found.others == []


@pytest.mark.parametrize(
    "name",
    [
        "COGNITO_USER_POOL_ARN",
        "COGNITO_APP_CLIENT_ID",
        "COGNITO_JWKS_URL",
        "COGNITO_POOL_NAME",
        "COGNITO_AUTHORIZER_ARN",
    ],
)
def test_a_variable_of_another_program_is_named_and_no_fault(name: str) -> None:
    assert unread([name]) == ([], [name])


def test_what_is_read_and_what_is_not_ours_is_not_spoken_of() -> None:
    others = ["PATH", "LOCUST_HOST", "LOCUST_USERS", "AWS_PROFILE", "MY_COGNITO_GATES"]
    assert unread([*READ_BY_LOCUST, *READ_BY_COMMANDS, *others]) == ([], [])


def test_every_variable_that_the_code_reads_is_known() -> None:
    """One that is added to the code and not here would be a fault of who sets it."""
    written = {
        name
        for path in HARNESS.rglob("*.py")
        if "sandbox" not in path.parts
        for name in re.findall(r"[\"'](COGNITO_[A-Z_]+[A-Z])[\"']", path.read_text("utf-8"))
    }
    assert written - {"COGNITO_IDENTITY_PROVIDER"} <= READ_BY_LOCUST | READ_BY_COMMANDS


def test_the_nearest_of_none_is_none() -> None:
    assert nearest("x", []) == ""
