"""The doctor at the terminal, piped, and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from harness.doctor.chart import Chart, as_object, verdict
from harness.doctor.finding import Finding, State, fault, ok, unchecked, warning
from harness.errors import EXIT
from tests.doctor.conftest import variables

FINDINGS = [
    ok("region", "eu-west-1, from --cognito-region"),
    warning("clock", "40 s behind the endpoint's", "Correct it."),
    Finding("flow", State.FAULT, "InvalidParameterException: " + "word " * 20, "It is off. " * 9, "Turn it on. " * 9),
    unchecked("API", "no URL was given (--api)"),
]

Run = Callable[..., tuple[int, str, str]]


def drawn(width: int, **options: Any) -> str:
    out = StringIO()
    chart = Chart(Console(file=out, width=width, highlight=False, **options))
    for finding in FINDINGS:
        chart.add(finding)
    chart.conclude(FINDINGS)
    return out.getvalue()


@pytest.mark.parametrize("width", [100, 80, 59, 40])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = drawn(width)
    assert max(map(len, text.splitlines())) <= width
    assert text.splitlines()[-1] == "1 fault, 1 warning, 1 not checked."
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_cause_and_remedy_stand_below_what_is_wrong() -> None:
    lines = drawn(80).splitlines()
    assert lines[0] == "ok           region          eu-west-1, from --cognito-region"
    assert lines[2] == " " * 29 + "do: Correct it."
    assert [line.split(":")[0].strip() for line in lines if ": " in line and line.startswith(" " * 29 + "c")] == [
        "cause"
    ]


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" in drawn(80, force_terminal=True)
    assert "\x1b[" not in drawn(80)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in drawn(80, force_terminal=True)


def test_what_a_server_says_does_not_steer_the_terminal() -> None:
    out = StringIO()
    Chart(Console(file=out, width=80, highlight=False)).add(fault("login", "\x1b[2Jgone [bold]", "Nothing."))
    assert "\x1b" not in out.getvalue()
    assert "[bold]" in out.getvalue(), "and is no mark-up"


def test_the_object_has_every_finding() -> None:
    found = as_object(FINDINGS)
    assert found["outcome"] == "fault"
    assert [finding["state"] for finding in found["findings"]] == ["ok", "warning", "fault", "not checked"]
    assert as_object(FINDINGS[:2])["outcome"] == "ok"
    assert verdict(FINDINGS[:1]) == "No fault."


def test_all_is_well_with_the_sandbox(sandbox: Any, run: Run) -> None:
    """The words of the command's own help work."""
    code, out, _ = run("doctor", "--run-time", "30m", **variables(sandbox))
    assert code == EXIT.PASSED
    assert out.endswith("not checked.\n")
    assert "fault  " not in out
    assert "arn:aws:iam::000000000000:user/sandbox" in out


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "https://nowhere.invalid"])
def test_after_a_dead_endpoint_nothing_is_known(sandbox: Any, run: Run, endpoint: str) -> None:
    environ = variables(sandbox) | {"COGNITO_ENDPOINT": endpoint, "COGNITO_SIGN": "never"}
    code, out, _ = run("doctor", "--json", **environ)
    findings = json.loads(out)["findings"]
    later = [finding for finding in findings if finding["check"] in ("TLS", "clock", "login", "answer", "pool")]
    assert code == EXIT.CONFIGURATION
    assert {finding["state"] for finding in later} == {"not checked"}
    assert all(finding["message"] for finding in later)


def test_no_secret_is_shown(sandbox: Any, run: Run, tmp_path: Any) -> None:
    users = tmp_path / "users.csv"
    users.write_text(
        "username,password\nload-user-090@example.com,Canary-Wrong-1!\nload-user-091@example.com,env:CANARY\n"
    )
    secrets = {"COGNITO_CLIENT_SECRET": "canary-client-secret", "CANARY": "Canary-Kept-1!"}
    environ = variables(sandbox, users) | secrets
    told = ""
    for extra in ({}, {"AWS_SECRET_ACCESS_KEY": "canary-aws-secret"}, {"AWS_SESSION_TOKEN": "canary-session"}):
        for mode in ([], ["--json"], ["--api", f"{sandbox.api}/me"]):
            told += "".join(run("doctor", *mode, **environ | extra)[1:])
    told += "".join(run("doctor", **variables(sandbox))[1:])
    assert "NotAuthorizedException" in told
    for secret in ("Canary", "canary", sandbox.secret_access_key):
        assert secret not in told
    assert not re.search(r"eyJ[\w-]{10,}", told)
