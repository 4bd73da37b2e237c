"""The forms in which a login is shown besides the usual one: a header, claims side by side, a command for curl."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from io import StringIO
from typing import Any
from urllib.request import Request, urlopen

import pytest
from rich.console import Console

from harness.cli.curl import curl
from harness.cli.decoded import decode
from harness.cli.main import COMMANDS, main
from harness.cognito.tokens import Tokens, claims
from harness.errors import EXIT, ConfigurationError
from harness.settings import Settings
from tests.doctor.conftest import variables

USER = "load-user-031@example.com"
PASSWORD = "Sample-Password-031!"

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("use", ["access", "id"])
def test_the_header_is_one_that_the_api_takes(sandbox: Any, run: Run, use: str) -> None:
    code, out, err = run(
        *("login", "--username", USER, "--header", "--cognito-token-use", use),
        **variables(sandbox) | {"COGNITO_PASSWORD": PASSWORD},
    )
    assert (code, err, out.count("\n")) == (EXIT.PASSED, "", 1)
    name, _, value = out.strip().partition(": ")
    with urlopen(Request(f"{sandbox.api}/me", headers={name: value}), timeout=10) as answer:  # noqa: S310  # loopback
        assert answer.status == 200
    assert claims(value.removeprefix("Bearer "))["token_use"] == use


@pytest.mark.parametrize("form", ["--header", "--decode"])
def test_nothing_is_printed_where_a_header_is_expected_when_the_login_fails(sandbox: Any, run: Run, form: str) -> None:
    environ = variables(sandbox) | {"COGNITO_PASSWORD": "Canary-Wrong-1!"}
    code, out, err = run("login", "--username", "load-user-032@example.com", form, **environ)
    assert (code, out) == (EXIT.FAILED, "")
    assert "NotAuthorizedException" in err
    assert "Canary" not in err


def test_claims_stand_side_by_side_with_times_for_people(sandbox: Any, run: Run) -> None:
    code, out, _ = run(
        *("login", "--username", USER, "--flow", "USER_SRP_AUTH", "--decode"),
        **variables(sandbox) | {"COGNITO_PASSWORD": PASSWORD},
    )
    lines = out.splitlines()
    assert code == EXIT.PASSED
    assert lines[0].split() == ["claim", "access", "token", "id", "token"]
    assert [line.split() for line in lines if line.startswith("token_use")] == [["token_use", "access", "id"]]
    assert [line.split()[1] for line in lines if line.startswith("aud ")] == ["-"]
    assert " UTC" in out
    assert "eyJ" not in out


def test_a_time_is_told_from_now_and_a_server_does_not_steer_the_terminal() -> None:
    out = StringIO()
    payload = "eyJleHAiOjcyMDAsImlhdCI6MCwibmFtZSI6Ilx1MDAxYlsySiJ9"  # {"exp":7200,"iat":0,"name":"\\u001b[2J"}
    tokens = Tokens(f"e30.{payload}.x", "", "", "Bearer", 7200)
    decode(tokens, Console(file=out, width=80, highlight=False), now_s=3600.0)
    assert "1970-01-01 02:00:00 UTC (in 1 h)" in " ".join(out.getvalue().split())
    assert "1 h ago" in " ".join(out.getvalue().split())
    assert "\x1b" not in out.getvalue()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize("kind", ["signed, without a secret", "unsigned, with a secret"])
def test_curl_logs_in_with_the_command(start_sandbox: Callable[..., Any], run: Run, tmp_path: Any, kind: str) -> None:
    """The command holds no secret, and a shell and curl make a login of it."""
    username = "o'brien $HOME `x`@example.org"
    password = "Canary-Passw0rd-1!"
    users = tmp_path / "users.csv"
    users.write_text(f"username,password\n{username},{password}\n")
    is_signed = kind.startswith("signed")
    sandbox = start_sandbox(users=users, require_signature=is_signed, client_secret=not is_signed)
    environ = variables(sandbox) | {"COGNITO_SIGN": "always" if is_signed else "never"}
    if not is_signed:
        environ["COGNITO_CLIENT_SECRET"] = sandbox.client_secret
    code, command, _ = run("login", "--username", username, "--curl", **environ)
    assert code == EXIT.PASSED
    for secret in (password, sandbox.secret_access_key, sandbox.access_key_id, environ.get("COGNITO_CLIENT_SECRET")):
        assert not secret or secret not in command
    login = subprocess.run(
        ["sh", "-euc", command],  # noqa: S607  # the shell a reader has
        env={"PATH": "/usr/bin:/bin", "COGNITO_PASSWORD": password, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "AccessToken" in json.loads(login.stdout)["AuthenticationResult"], login.stdout


def test_no_shell_does_srp() -> None:
    settings = Settings(client_id="c", user_pool_id="eu-west-1_Abc", flow="USER_SRP_AUTH")
    with pytest.raises(ConfigurationError, match="arithmetic"):
        curl(settings, "https://x/", "alice", is_signed=False, has_session_token=False)


def test_every_command_s_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            main([command.name, "--help"])
        assert command.example.split()[0] == command.name
        assert "xample" in capsys.readouterr().out, command.name


@pytest.mark.parametrize("command", ["doctor", "login"])
def test_the_example_of_the_help_works(
    sandbox: Any, run: Run, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """With the sandbox's own client, region, account and API in the place of the example's."""
    with pytest.raises(SystemExit):
        main([command, "--help"])
    example = " ".join(capsys.readouterr().out.split()).rpartition("Example: ")[2]
    places = {
        "alice@example.com": USER,
        "1example23456789": sandbox.client_id,
        "eu-west-1": sandbox.region,
        "http://127.0.0.1:9229": sandbox.api,
    }
    for named, actual in places.items():
        example = example.replace(named, actual)
    code, out, _ = run(*example.split()[1:], **variables(sandbox) | {"COGNITO_PASSWORD": PASSWORD})
    assert code == EXIT.PASSED, out
