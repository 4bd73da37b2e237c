"""The examples in the help of commands, run as they stand there."""

from __future__ import annotations

import io
import os
import sys

import keyring as library
import pytest
from keyrings.alt.file import PlaintextKeyring

from harness.cli.main import main
from harness.errors import EXIT

CANARY = "Canary-Passw0rd-7f3a!"


@pytest.fixture
def keyring(tmp_path):
    before = library.get_keyring()
    used = PlaintextKeyring()
    used.file_path = str(tmp_path / "keyring.cfg")
    library.set_keyring(used)
    yield used
    library.set_keyring(before)


@pytest.fixture
def site(sandbox, monkeypatch, tmp_path):
    """The sandbox as this process's AWS; nothing is made in its pool."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "COGNITO_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "COGNITO_ENDPOINT": sandbox.endpoint,
        "COGNITO_USER_POOL_ID": sandbox.user_pool_id,
        "AWS_ACCESS_KEY_ID": sandbox.access_key_id,
        "AWS_SECRET_ACCESS_KEY": sandbox.secret_access_key,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def examples(capsys, *command):
    """The words of each line of `examples:` in a command's help, without the program's name."""
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if line in ("example:", "examples:"))
    found = [line.split()[1:] for line in lines[start + 1 :] if line.startswith("  cognito-load ")]
    assert found
    return found


@pytest.mark.parametrize("command", ["vault", "provision"])
def test_help_fits_into_80_columns(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_the_examples_of_vault_work_and_show_no_secret(keyring, capsys, monkeypatch):
    for words in examples(capsys, "vault"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(CANARY))
        assert main(words) == EXIT.PASSED
        told = "".join(capsys.readouterr())
        assert "keyring:load/alice" in told
        assert CANARY not in told


def test_the_examples_of_provision_work(site, capsys):
    for words in examples(capsys, "provision"):
        dry = [] if words[1] == "check" else ["--dry-run"]
        assert main([*words, *dry]) == EXIT.PASSED


def test_a_login_takes_its_password_from_where_it_is_kept(site, sandbox, keyring, capsys, monkeypatch):
    keyring.set_password("load", "user", "Sample-Password-001!")
    monkeypatch.setenv("COGNITO_CLIENT_ID", sandbox.client_id)
    monkeypatch.setenv("COGNITO_PASSWORD", "keyring:load/user")
    assert main(["login", "--username", "load-user-001@example.com"]) == EXIT.PASSED
    assert "Sample-Password-001!" not in "".join(capsys.readouterr())
    monkeypatch.setenv("COGNITO_PASSWORD", "keyring:load/nobody")
    monkeypatch.setenv("COGNITO_CLIENT_SECRET", "env:NOT_SET")
    assert main(["login", "--username", "load-user-001@example.com"]) == EXIT.CONFIGURATION
    told = "".join(capsys.readouterr())
    assert "COGNITO_PASSWORD: keyring:load/nobody leads to no secret" in told
    assert "COGNITO_CLIENT_SECRET: env:NOT_SET leads to no secret" in told
