"""`cognito-load login` against a real sandbox process."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.errors import EXIT

USER = "load-user-001@example.com"
PASSWORD = "Sample-Password-001!"
WRONG = "canary-Password-7f3a"
SECRET = "canary-client-secret-7f3a"

LogIn = Callable[..., tuple[int, str, str]]


def variables(sandbox: Any) -> dict[str, str]:
    """What a user would set to work with this sandbox, AWS keys included."""
    ready = sandbox.ready
    found = {
        "COGNITO_ENDPOINT": ready["endpoint"],
        "COGNITO_CLIENT_ID": ready["client_id"],
        "COGNITO_USER_POOL_ID": ready["user_pool_id"],
        "AWS_ACCESS_KEY_ID": ready["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": ready["secret_access_key"],
    }
    optional = {
        "COGNITO_CLIENT_SECRET": "client_secret",
        "AWS_SESSION_TOKEN": "session_token",
        "COGNITO_CA_BUNDLE": "ca_bundle",
    }
    return found | {variable: ready[name] for variable, name in optional.items() if name in ready}


@pytest.fixture(autouse=True)
def no_other_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nothing is configured."""
    for name in os.environ:
        if name.startswith(("AWS_", "COGNITO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@pytest.fixture
def log_in(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> LogIn:
    """Runs the command with these arguments and variables; its exit code, standard output and standard error."""

    def run(*arguments: str, user: str = USER, **environ: str) -> tuple[int, str, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        code = main(["login", "--username", user, *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


class TestSuccess:
    @pytest.mark.parametrize("columns", ["80", "40"])
    def test_both_tokens_claims_fit_into_a_narrow_log_without_colour(
        self, sandbox: Any, log_in: LogIn, columns: str
    ) -> None:
        code, out, _ = log_in("--decode", COLUMNS=columns, COGNITO_PASSWORD=PASSWORD, **variables(sandbox))
        assert code == EXIT.PASSED
        lines = out.splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("claim"))
        assert max(map(len, lines[start:])) <= int(columns)
        assert "\x1b" not in out

    def test_the_outcome_the_times_and_the_claims_are_shown(self, sandbox: Any, log_in: LogIn) -> None:
        code, out, err = log_in(COGNITO_PASSWORD=PASSWORD, **variables(sandbox))

        assert (code, err) == (EXIT.PASSED, "")
        assert out.startswith(f"Login of {USER}: ok\n")
        for line in ("connect", "first byte", "total", "token_use", "cognito:username", "exp "):
            assert f"  {line}" in out
        assert "signed     yes, with keys of env" in out
        assert " UTC" in out

    def test_as_an_object(self, sandbox: Any, log_in: LogIn) -> None:
        code, out, err = log_in("--json", COGNITO_PASSWORD=PASSWORD, **variables(sandbox))
        found = json.loads(out)

        assert (code, err, found["outcome"]) == (EXIT.PASSED, "", "ok")
        assert found["claims"]["access"]["client_id"] == sandbox.client_id
        assert found["claims"]["access"]["username"] == found["claims"]["id"]["cognito:username"]
        assert found["claims"]["id"]["aud"] == sandbox.client_id
        assert found["expires_in_s"] == 3600
        times = found["times_ms"]
        assert 0 < times["connect"] <= times["first_byte"] <= times["total"]
        assert [exchange["name"] for exchange in found["exchanges"]] == ["InitiateAuth"]
        assert "tokens" not in found
        assert "error" not in found

    def test_options_win_over_variables(self, sandbox: Any, log_in: LogIn) -> None:
        environ = variables(sandbox) | {"COGNITO_CLIENT_ID": "wrong1"}
        code, out, _ = log_in(
            "--json",
            "--cognito-client-id",
            sandbox.client_id,
            "--cognito-sign",
            "never",
            COGNITO_PASSWORD=PASSWORD,
            **environ,
        )
        assert code == EXIT.PASSED
        assert json.loads(out)["signed"] is False

    def test_signed_over_tls_with_a_client_secret_and_temporary_keys(
        self, start_sandbox: Callable[..., Any], log_in: LogIn
    ) -> None:
        sandbox = start_sandbox(tls=True, require_signature=True, client_secret=True, session_token=True)

        code, out, _ = log_in("--json", COGNITO_PASSWORD=PASSWORD, **variables(sandbox))
        assert code == EXIT.PASSED
        assert json.loads(out)["signed"] is True

        code, out, _ = log_in("--json", "--cognito-sign", "never", COGNITO_PASSWORD=PASSWORD)
        error = json.loads(out)["error"]
        assert code == EXIT.FAILED
        assert "had to be signed" in error["cause"]

    def test_a_new_password_is_given_when_one_is_set_and_never_invented(
        self, start_sandbox: Callable[..., Any], log_in: LogIn, tmp_path: Path
    ) -> None:
        users = tmp_path / "users.csv"
        users.write_text(f"username,password,state\nnew@example.com,{PASSWORD},FORCE_CHANGE_PASSWORD\n")
        environ = variables(start_sandbox(users=users)) | {"COGNITO_PASSWORD": PASSWORD}

        code, out, _ = log_in("--json", user="new@example.com", **environ)
        assert (code, json.loads(out)["outcome"]) == (EXIT.FAILED, "challenged")
        assert json.loads(out)["error"]["remedy"]

        code, out, _ = log_in(user="new@example.com", COGNITO_NEW_PASSWORD="Canary-New-Password-1!", **environ)
        assert code == EXIT.PASSED
        assert "exchanges  InitiateAuth, RespondToAuthChallenge" in out
        assert "Canary-New" not in out


class TestFailure:
    def test_a_wrong_password_has_a_cause_and_a_remedy(self, sandbox: Any, log_in: LogIn) -> None:
        code, out, err = log_in(user="load-user-019@example.com", COGNITO_PASSWORD=WRONG, **variables(sandbox))
        assert (code, err) == (EXIT.FAILED, "")
        assert "rejected" in out
        assert "NotAuthorizedException: Incorrect username or password." in out
        assert "  cause " in out
        assert "  remedy " in out
        assert "token:" not in out

    def test_so_it_has_as_an_object(self, sandbox: Any, log_in: LogIn) -> None:
        code, out, _ = log_in("--json", user="load-user-018@example.com", COGNITO_PASSWORD=WRONG, **variables(sandbox))
        found = json.loads(out)
        assert (code, found["outcome"], found["claims"]) == (EXIT.FAILED, "rejected", {})
        assert found["error"]["kind"] == "NotAuthorizedException"
        assert all(found["error"][name] for name in ("message", "cause", "remedy"))
        assert found["times_ms"]["total"] > 0

    def test_a_server_that_nobody_trusts_is_not_told_the_password(
        self, start_sandbox: Callable[..., Any], log_in: LogIn
    ) -> None:
        sandbox = start_sandbox(tls=True)
        environ = variables(sandbox)
        del environ["COGNITO_CA_BUNDLE"]

        code, out, _ = log_in("--json", COGNITO_PASSWORD=PASSWORD, **environ)

        found = json.loads(out)
        assert (code, found["outcome"], found["error"]["kind"]) == (EXIT.FAILED, "transport_error", "ConnectError")
        assert "certificate" in found["error"]["message"].lower()
        assert not sandbox.counts()["logins"]

    def test_a_server_that_is_not_there(self, log_in: LogIn) -> None:
        code, out, _ = log_in(
            COGNITO_PASSWORD=PASSWORD,
            COGNITO_ENDPOINT="http://127.0.0.1:1",
            COGNITO_CLIENT_ID="client1",
            COGNITO_REGION="us-east-1",
        )
        assert code == EXIT.FAILED
        assert "transport_error" in out
        assert "ConnectError" in out


class TestConfiguration:
    def test_every_fault_is_said_at_once_and_nothing_is_sent(self, sandbox: Any, log_in: LogIn) -> None:
        arguments = ("--cognito-region", "us-west-2", "--cognito-flow", "NO_AUTH", "--cognito-sign", "maybe")
        code, out, err = log_in(*arguments, user=" ", COGNITO_PASSWORD=PASSWORD, **variables(sandbox))
        assert (code, out) == (EXIT.CONFIGURATION, "")
        assert "Nothing was sent: 4 faults." in err
        for named in ("us-west-2", "NO_AUTH", "maybe", "--username is empty"):
            assert named in err

    def test_as_an_object(self, log_in: LogIn) -> None:
        code, out, err = log_in("--json", COGNITO_PASSWORD=PASSWORD, COGNITO_CLIENT_ID="c")
        found = json.loads(out)
        assert (code, err, found["outcome"]) == (EXIT.CONFIGURATION, "", "not_sent")
        assert [problem["message"] for problem in found["problems"]] == ["no region is known"]

    def test_the_profiles_region_is_the_last_resort(self, log_in: LogIn) -> None:
        """Far enough to look for the password."""
        code, _, err = log_in(COGNITO_CLIENT_ID="c", AWS_REGION="us-east-1")
        assert code == EXIT.CONFIGURATION
        assert "there is no password" in err

    def test_a_ca_bundle_that_is_none_is_a_fault(self, log_in: LogIn) -> None:
        environ = {"COGNITO_CLIENT_ID": "c", "COGNITO_REGION": "us-east-1", "COGNITO_CA_BUNDLE": "/no/such/file"}
        code, _, err = log_in(COGNITO_PASSWORD=PASSWORD, **environ)
        assert code == EXIT.CONFIGURATION
        assert "/no/such/file" in err

    def test_without_a_username_the_command_line_cannot_be_read(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            main(["login"])
        assert caught.value.code == EXIT.USAGE
        assert "--username" in capsys.readouterr().err


class TestPassword:
    def test_without_a_terminal_it_is_not_asked_for(self, sandbox: Any) -> None:
        run = self.start(sandbox, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        out, err = run.communicate(timeout=60)
        assert (run.returncode, out) == (EXIT.CONFIGURATION, "")
        assert "COGNITO_PASSWORD is not set" in err

    def test_on_a_terminal_it_is_asked_for_and_not_shown(self, sandbox: Any) -> None:
        """The terminal is a real one, as the command sees it."""
        ours, theirs = pty.openpty()
        run = self.start(sandbox, stdin=theirs, stderr=theirs)
        os.close(theirs)
        shown = self.read_until(ours, b"Password of")

        os.write(ours, f"{PASSWORD}\n".encode())
        out, _ = run.communicate(timeout=60)
        shown += self.read_until(ours, None)
        os.close(ours)

        assert run.returncode == EXIT.PASSED
        assert ": ok" in out
        assert PASSWORD.encode() not in shown

    def test_a_prompt_that_is_left_empty_is_no_password(self, sandbox: Any) -> None:
        ours, theirs = pty.openpty()
        run = self.start(sandbox, stdin=theirs, stderr=theirs)
        os.close(theirs)
        self.read_until(ours, b"Password of")
        os.write(ours, b"\n")
        run.communicate(timeout=60)
        os.close(ours)
        assert run.returncode == EXIT.CONFIGURATION

    def start(self, sandbox: Any, **streams: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "harness.cli.main", "login", "--username", USER],
            env=os.environ | variables(sandbox),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **streams,
        )

    def read_until(self, terminal: int, wanted: bytes | None) -> bytes:
        """What the terminal shows, up to a text, or to the end."""
        shown = b""
        while (wanted is None or wanted not in shown) and select.select([terminal], [], [], 30)[0]:
            try:
                part = os.read(terminal, 1024)
            except OSError:  # the other side is closed: the end, on Linux
                break
            if not part:
                break
            shown += part
        return shown


class TestOtherFlows:
    def test_srp_s_arithmetic_is_told_apart_from_the_times(self, sandbox: Any, log_in: LogIn) -> None:
        variables_of_srp = variables(sandbox) | {"COGNITO_FLOW": "USER_SRP_AUTH", "COGNITO_PASSWORD": PASSWORD}
        code, out, _ = log_in(**variables_of_srp)
        assert code == EXIT.PASSED
        assert "exchanges  InitiateAuth, RespondToAuthChallenge" in out
        assert "ms, not part of the total" in out
        assert json.loads(log_in("--json", **variables_of_srp)[1])["times_ms"]["arithmetic"] > 0

    def test_without_a_terminal_a_challenge_is_explained(self, sandbox: Any, log_in: LogIn) -> None:
        code, out, _ = log_in(COGNITO_FLOW="CUSTOM_AUTH", **variables(sandbox))
        assert code == EXIT.FAILED
        assert "CUSTOM_CHALLENGE: nothing is configured to answer it" in out

    @pytest.mark.parametrize(("error", "expected"), [(0, EXIT.PASSED), (1, EXIT.FAILED)])
    def test_on_a_terminal_a_challenge_is_asked_for(self, sandbox: Any, error: int, expected: EXIT) -> None:
        ours, theirs = pty.openpty()
        run = subprocess.Popen(
            [sys.executable, "-m", "harness.cli.main", "login", "--username", USER, "--cognito-flow", "CUSTOM_AUTH"],
            env=os.environ | variables(sandbox),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            start_new_session=True,
        )
        os.close(theirs)
        shown = b""
        while b"): " not in shown and select.select([ours], [], [], 30)[0]:
            shown += os.read(ours, 1024)
        one, other = re.findall(r"(\d+) \+ (\d+)", shown.decode())[0]
        os.write(ours, f"{int(one) + int(other) + error}\n".encode())
        out, _ = run.communicate(timeout=60)
        os.close(ours)
        assert run.returncode == expected, out


class TestSecrets:
    @pytest.mark.parametrize("mode", [[], ["--json"]], ids=["text", "json"])
    def test_neither_password_nor_token_is_ever_shown(self, sandbox: Any, log_in: LogIn, mode: list[str]) -> None:
        _, shown, _ = log_in("--show-token", "--json", COGNITO_PASSWORD=PASSWORD, **variables(sandbox))
        signatures = [token.rpartition(".")[2] for token in json.loads(shown)["tokens"].values()]
        heads = {token[:40] for token in json.loads(shown)["tokens"].values()}

        told = "".join(log_in(*mode, COGNITO_PASSWORD=PASSWORD, **variables(sandbox))[1:])
        told += "".join(log_in(*mode, user="load-user-017@example.com", COGNITO_PASSWORD=WRONG)[1:])
        told += "".join(log_in(*mode, user="load-user-016@example.com", COGNITO_CLIENT_SECRET=SECRET)[1:])

        assert len(signatures) == 3
        for secret in (PASSWORD, WRONG, SECRET, sandbox.secret_access_key, *signatures, *heads):
            assert secret not in told

    def test_tokens_are_shown_when_that_is_asked_for(self, sandbox: Any, log_in: LogIn) -> None:
        _, out, _ = log_in("--show-token", COGNITO_PASSWORD=PASSWORD, **variables(sandbox))
        (line,) = [line for line in out.splitlines() if line.startswith("access token: ")]
        assert line.count(".") == 2
        assert "characters" not in out


def test_a_login_needs_no_locust(sandbox: Any) -> None:
    """It starts without it, and without the patches that importing it brings."""
    script = (
        "import sys; from harness.cli.main import main;"
        f"code = main(['login', '--username', {USER!r}]);"
        "assert code == 0, code;"
        "assert not [name for name in sys.modules if name.partition('.')[0] in ('locust', 'flask')];"
        "assert not [name for name in sys.modules if name.startswith('harness.sandbox')]"
    )
    environ = os.environ | variables(sandbox) | {"COGNITO_PASSWORD": PASSWORD}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, env=environ, stdout=subprocess.DEVNULL)
