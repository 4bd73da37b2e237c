"""No command tells a secret that it was given, whether it works or fails."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from harness.cli.main import COMMANDS, main

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "canary-aws-secret-key",
    "AWS_SESSION_TOKEN": "canary-session-token",
    "COGNITO_PASSWORD": "Canary-Passw0rd-1!",
    "COGNITO_NEW_PASSWORD": "Canary-New-Passw0rd-1!",
    "COGNITO_CLIENT_SECRET": "canary-client-secret",
    "COGNITO_TOTP_SECRET": "CANARYTOTPSECRET",
    "HTTPS_PROXY": "http://proxy-user:canary-proxy-password@127.0.0.1:9",
}
LINES = {
    "doctor": [["doctor"], ["doctor", "--json"]],
    "login": [
        ["login", "--username", "load-user-001@example.com", *form]
        for form in ([], ["--json"], ["--decode"], ["--curl"], ["--header"], ["--cognito-flow", "USER_SRP_AUTH"])
    ],
    "options": [["options"]],
    "provision": [
        *(["provision", name, *more] for name, more in (("create", ["--count", "2"]), ("check", []), ("delete", []))),
        ["provision", "reset-passwords", "--dry-run"],
    ],
    "report": [["report", "build", "nowhere"], ["report", "compare", "nowhere", "elsewhere"]],
    "sandbox": [["sandbox", "--users", "missing.csv"], ["sandbox", "fault", "list"]],
    "vault": [["vault", "list"], ["vault", "set", "load"]],
}


@pytest.fixture(params=["a sandbox", "nobody there"])
def site(request, sandbox, monkeypatch, tmp_path):
    """Where commands work, and where they fail; the users file holds a secret each way."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "COGNITO_"))]:
        monkeypatch.delenv(name)
    endpoint = sandbox.endpoint if request.param == "a sandbox" else "http://127.0.0.1:9"
    given = {
        "AWS_ACCESS_KEY_ID": sandbox.access_key_id,
        "AWS_CONFIG_FILE": os.devnull,
        "COGNITO_CLIENT_ID": sandbox.client_id,
        "COGNITO_ENDPOINT": endpoint,
        "COGNITO_USER_POOL_ID": sandbox.user_pool_id,
        "COGNITO_USERS": "users.csv",
        "COGNITO_SANDBOX_FILE": "nowhere.json",
    }
    for name, value in {**SECRETS, **given}.items():
        monkeypatch.setenv(name, value)
    rows = ("load-user-001@example.com,Canary-Row-Passw0rd-1!", "load-user-002@example.com,env:COGNITO_PASSWORD")
    (tmp_path / "users.csv").write_text("\n".join(("username,password", *rows)) + "\n")
    monkeypatch.chdir(tmp_path)


def test_every_command_is_here():
    assert set(LINES) == {command.name for command in COMMANDS}


@pytest.mark.parametrize("command", LINES)
def test_no_command_tells_what_it_was_given(site, command, capfd):
    for line in LINES[command]:
        with suppress(SystemExit):
            main(line)
        told = "".join(capfd.readouterr())
        assert told or line == ["vault", "list"], line
        if line[-1] != "--header":  # a token is what that is for
            assert "canary" not in told.lower(), line
