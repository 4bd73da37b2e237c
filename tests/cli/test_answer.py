"""What is said of a login, where the answer is stranger than the sandbox's."""

from __future__ import annotations

import base64
import json

import pytest

from harness.cli.answer import Attempt, tell
from harness.cognito.tokens import Tokens
from harness.errors import LoginError
from harness.evidence.figures.sample import Sample
from harness.outcome import Outcome


def jwt(**claims: object) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def attempt(access_token: str = "", error: LoginError | None = None) -> Attempt:
    login = Sample("login", "login", Outcome.OK if error is None else Outcome(error.outcome), 0.0, 1500)
    tokens = Tokens(access_token, "", "", "Bearer", 60) if error is None else None
    return Attempt("alice", "http://127.0.0.1/", "USER_PASSWORD_AUTH", "", [login], tokens, error)


def test_a_claim_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell(attempt(jwt(name="\x1b[2Jgone\n", groups=["a", "\u202eb"])), as_json=False, shows_tokens=False)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[2Jgone" in out


@pytest.mark.parametrize("moment", [1e30, -1e30, float("inf")])
def test_a_time_that_is_none_is_shown_as_it_is(moment: float, capsys: pytest.CaptureFixture[str]) -> None:
    tell(attempt(jwt(exp=moment)), as_json=False, shows_tokens=False)
    assert str(moment) in capsys.readouterr().out


def test_times_are_readable(capsys: pytest.CaptureFixture[str]) -> None:
    tell(attempt(jwt(exp=1_700_000_000)), as_json=False, shows_tokens=False)
    assert "1700000000 = 2023-11-14 22:13:20 UTC" in capsys.readouterr().out


def test_a_token_that_is_no_jwt_has_no_claims(capsys: pytest.CaptureFixture[str]) -> None:
    tell(attempt("opaque-token-opaque"), as_json=False, shows_tokens=False)
    out = capsys.readouterr().out
    assert "it is no JWT" in out
    assert "access token: 19 characters" in out
    assert "opaque" not in out
    assert "id token: none" in out

    tell(attempt("opaque-token-opaque"), as_json=True, shows_tokens=False)
    assert json.loads(capsys.readouterr().out)["claims"] == {"access": None, "id": None}


def test_an_error_that_the_table_does_not_know_has_its_hint_for_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    error = LoginError("StrangeException", "never seen", outcome="rejected", hint="Ask somebody.")
    tell(attempt(error=error), as_json=True, shows_tokens=False)
    found = json.loads(capsys.readouterr().out)["error"]
    assert found == {
        "kind": "StrangeException",
        "message": "StrangeException: never seen",
        "cause": "",
        "remedy": "Ask somebody.",
    }

    tell(attempt(error=error), as_json=False, shows_tokens=False)
    out = capsys.readouterr().out
    assert "remedy     Ask somebody." in out
    assert "cause" not in out
