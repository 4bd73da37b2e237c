"""`cognito-load sandbox fault`: what it says to a sandbox, and what it says when it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.errors import EXIT
from harness.sandbox.__main__ import main as sandbox_main
from harness.sandbox.faults.command_line import order_of
from harness.sandbox.faults.orders import Kind, Order

StartSandbox = Callable[..., Any]


@pytest.fixture
def ready_file(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command looks by default, with what the sandbox printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COGNITO_SANDBOX_FILE", raising=False)
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps(sandbox.ready))
    return file


def test_a_fault_is_ordered_listed_and_cleared(ready_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["throttle", "--share", "20%", "--for", "10m", "--times", "3", "--on", "GET /nothing"]
    assert main(["sandbox", "fault", *line]) == EXIT.PASSED
    assert main(["sandbox", "fault", "list"]) == EXIT.PASSED
    said = json.loads(capsys.readouterr().out)
    assert said.pop("left_s") <= 600
    assert said == {"fault": "throttle", "share": 0.2, "for_s": 600, "times": 3, "left": 3, "on": "GET /nothing"}
    assert main(["sandbox", "fault", "clear"]) == EXIT.PASSED
    main(["sandbox", "fault", "list"])
    assert capsys.readouterr().out == ""


def test_what_the_sandbox_refuses_is_told_with_its_reason(ready_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "fault", "disable", "--user", "nobody"]) == EXIT.CONFIGURATION
    assert "there is no user 'nobody'" in capsys.readouterr().err
    assert main(["sandbox", "fault", "latency"]) == EXIT.CONFIGURATION
    assert "'time_s' is missing" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "no json", "{}", "[]"])
def test_a_file_that_is_no_ready_line_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    file = tmp_path / "other.json"
    if content is not None:
        file.write_text(content)
    assert main(["sandbox", "fault", "list", "--sandbox", str(file)]) == EXIT.CONFIGURATION
    said = capsys.readouterr().err
    assert str(file) in said
    assert "cognito-load sandbox --json > sandbox.json" in said


def test_a_sandbox_that_is_gone_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gone.json"
    file.write_text('{"control": "http://127.0.0.1:1", "control_token": "Hidden-Token"}')
    assert main(["sandbox", "fault", "list", "--sandbox", str(file)]) == EXIT.CONFIGURATION
    said = capsys.readouterr().err
    assert "no sandbox answers at http://127.0.0.1:1" in said
    assert "Hidden-Token" not in said


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("throttle --share 20% --for 10s", Order(Kind.THROTTLE, share=0.2, for_s=10)),
        ("500 --share 0.5 --on 'GET /me'", Order(Kind.ERROR_500, share=0.5, on="GET /me")),
        ("latency 200ms", Order(Kind.LATENCY, time_s=0.2)),
        ("latency 200ms --spread 50ms", Order(Kind.LATENCY, time_s=0.2, spread_s=0.05)),
        ("latency 100ms --p99 2s", Order(Kind.LATENCY, time_s=0.1, p99_s=2)),
        ("clock-skew -10m", Order(Kind.CLOCK_SKEW, time_s=-600)),
        ("wrong-length --by=-10", Order(Kind.WRONG_LENGTH, by=-10)),
        ("refusal --type ForbiddenException --status 403", Order(Kind.REFUSAL, type="ForbiddenException", status=403)),
    ],
)
def test_a_line_is_an_order(line: str, order: Order) -> None:
    assert order_of(line) == order


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("plague", "plague"),
        ("500 --share 120%", "no share"),
        ("500 --share some", "no share"),
        ("latency soon", "no duration"),
        ("latency", "'time_s' is missing"),
        ("500 'open", "No closing quotation"),
        ("", "KIND"),
    ],
)
def test_a_line_that_is_none_is_a_usage_error_of_the_sandbox(
    line: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        sandbox_main(["--fault", line])
    assert ended.value.code == EXIT.USAGE
    assert reason in capsys.readouterr().err


def test_faults_can_stand_from_the_start(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(fault="drip 2s --times 3")
    assert json.loads(sandbox._control("GET", "/faults")) == {
        "faults": [{"fault": "drip", "time_s": 2.0, "times": 3, "left": 3}]
    }


def test_a_fault_about_nobody_is_a_configuration_fault_of_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    assert sandbox_main(["--fault", "disable --user nobody"]) == EXIT.CONFIGURATION
    assert "--fault disable: there is no user 'nobody'" in capsys.readouterr().err
