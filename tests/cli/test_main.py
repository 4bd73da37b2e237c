from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.cli import main as command_line
from harness.cli.main import COMMANDS, Command, main
from harness.errors import EXIT


def test_help_shows_each_command_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    for command in COMMANDS:
        assert f"  {command.name} " in out
        assert f"cognito-load {command.example}" in out
    assert "5  the configuration cannot work" in out


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_each_command_has_help_of_its_own(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"usage: cognito-load {command}" in capsys.readouterr().out


def test_nothing_at_all_is_answered_by_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == EXIT.USAGE
    assert "commands:" in capsys.readouterr().err


def test_a_command_that_does_not_exist_is_an_error_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["nonsense"])
    assert caught.value.code == EXIT.USAGE
    assert "'doctor', 'login', 'options', 'provision', 'report', 'sandbox', 'vault'" in capsys.readouterr().err


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("cognito-load 0.")


def test_ctrl_c_ends_a_command_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "COMMANDS", (Command("wait", "waits", "wait", interrupted),))
    assert main(["wait"]) == EXIT.FAILED
    assert capsys.readouterr().err == "\n"


def test_the_sandbox_is_started_by_its_command() -> None:
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "harness.cli.main", "sandbox", "--json", "--exit-with-parent", "--port", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sandbox.stdout is not None
    assert json.loads(sandbox.stdout.readline())["endpoint"].startswith("http://127.0.0.1:")
    sandbox.communicate(timeout=60)
    assert sandbox.returncode == EXIT.PASSED
