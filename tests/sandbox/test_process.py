"""The sandbox as a process: its one line, its options, its end."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from harness.errors import EXIT
from harness.sandbox.__main__ import build_parser, main

TARGET_PREFIX = "AWSCognitoIdentityProviderService."
COMMAND = [sys.executable, "-m", "harness.sandbox"]
SOON_S = 10
PASSWORD = "Sample-Password-001!"


def post(ready, operation, parameters, context=None, timeout=SOON_S):
    """The status and document of one unsigned call."""
    parts = urlsplit(ready["endpoint"])
    factory = http.client.HTTPSConnection if context else http.client.HTTPConnection
    connection = factory(parts.netloc, timeout=timeout, **({"context": context} if context else {}))
    with contextlib.closing(connection):
        connection.request("POST", "/", json.dumps(parameters), {"X-Amz-Target": TARGET_PREFIX + operation})
        response = connection.getresponse()
        return response.status, json.load(response)


def sign_in(ready, username="load-user-001@example.com", password=PASSWORD, **more):
    values = {"USERNAME": username, "PASSWORD": password}
    parameters = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": ready["client_id"], "AuthParameters": values}
    return post(ready, "InitiateAuth", parameters, **more)


def is_gone(pid):
    """Whether the process ended within a moment; a zombie has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        deadline = time.monotonic() + SOON_S
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    return True


class TestTheReadyLine:
    def test_as_json_it_holds_what_clients_need(self, sandbox):
        assert sandbox.ready.keys() == {
            "endpoint",
            "api",
            "control",
            "control_token",
            "region",
            "user_pool_id",
            "client_id",
            "access_key_id",
            "secret_access_key",
            "issuer",
            "pid",
        }
        assert sandbox.pid == sandbox.process.pid
        assert sandbox.endpoint.startswith("http://127.0.0.1:")
        assert sandbox.user_pool_id.startswith("us-east-1_")
        assert sandbox.issuer == f"https://cognito-idp.us-east-1.amazonaws.com/{sandbox.user_pool_id}"

    def test_otherwise_it_is_a_sentence_without_secrets(self):
        process = subprocess.Popen(
            [*COMMAND, "--exit-with-parent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        out, _ = process.communicate("", timeout=30)
        assert process.returncode == EXIT.PASSED
        assert out.count("\n") == 1
        assert out.startswith("Sandbox ready: Cognito and API at http://127.0.0.1:")

    def test_a_client_secret_and_a_session_token_come_when_asked_for(self, start_sandbox):
        running = start_sandbox(client_secret=True, session_token=True)
        assert len(running.client_secret) > 40
        assert running.access_key_id.startswith("ASIA")
        assert "SECRET_HASH was not received" in sign_in(running.ready)[1]["message"]
        assert running.session_token


class TestOptions:
    def test_users_come_from_the_file(self, start_sandbox, tmp_path):
        users = tmp_path / "users.csv"
        users.write_text("username,password,state\na,p,\nb,p,UNCONFIRMED\nc,p,DISABLED\n", "utf-8")
        running = start_sandbox(users=users)
        kinds = [sign_in(running.ready, name, "p")[1].get("__type") for name in "abc"]
        assert kinds == [None, "UserNotConfirmedException", "NotAuthorizedException"]
        assert running.counts()["logins"] == {"a": 1, "b": 1, "c": 1}

    def test_quota_life_region_and_signature(self, start_sandbox):
        running = start_sandbox(quota=1, access_token_life="3s", region="eu-central-1")
        status, answer = sign_in(running.ready)
        assert (status, answer["AuthenticationResult"]["ExpiresIn"]) == (200, 3)
        assert running.user_pool_id.startswith("eu-central-1_")
        assert "TooManyRequestsException" in {sign_in(running.ready)[1].get("__type") for _ in range(5)}
        signed = start_sandbox(require_signature=True)
        assert sign_in(signed.ready)[1]["__type"] == "MissingAuthenticationTokenException"

    def test_a_held_back_answer_is_counted_at_its_arrival(self, start_sandbox):
        """The client gives up; the server knows that it came, and goes on serving."""
        running = start_sandbox(latency="2s")
        with pytest.raises(TimeoutError):
            sign_in(running.ready, timeout=0.5)
        counts = running.counts()
        assert (counts["arrived"], counts["answered"]) == ({"InitiateAuth": 1}, {})

    def test_a_resumed_sandbox_is_found_where_the_old_one_was(self, start_sandbox, tmp_path):
        first = start_sandbox(client_secret=True, region="eu-west-1")
        assert first.stop() == EXIT.PASSED
        line = tmp_path / "ready.json"
        line.write_text(json.dumps(first.ready), "utf-8")
        second = start_sandbox(resume=line)
        assert {**second.ready, "pid": 0} == {**first.ready, "pid": 0}

    def test_tls_comes_with_a_ca_that_everybody_may_read(self, start_sandbox):
        """And a certificate for the address that it was told to listen on."""
        running = start_sandbox(tls=True, bind="localhost")
        assert running.endpoint.startswith("https://localhost:")
        bundle = Path(running.ca_bundle)
        assert stat.S_IMODE(bundle.stat().st_mode) == 0o644
        context = ssl.create_default_context(cafile=bundle)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        assert sign_in(running.ready, context=context)[0] == 200
        port = urlsplit(running.endpoint).port
        with context.wrap_socket(socket.create_connection(("localhost", port)), server_hostname="127.0.0.1"):
            pass
        with pytest.raises(ssl.SSLCertVerificationError):
            sign_in(running.ready, context=ssl.create_default_context())
        assert running.counts()["answered"] == {"InitiateAuth": {"ok": 1}}
        running.stop()
        assert not bundle.exists()


class TestWhatCannotWork:
    def run(self, *arguments):
        return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False)

    def test_a_missing_users_file(self):
        done = self.run("--users", "no-such-file.csv")
        assert (done.returncode, done.stdout) == (EXIT.CONFIGURATION, "")
        assert done.stderr == (
            "no-such-file.csv: cannot be read: No such file or directory\n    Give --users a CSV file in UTF-8.\n"
        )

    def test_a_port_that_is_taken(self, sandbox):
        done = self.run("--port", str(urlsplit(sandbox.endpoint).port))
        assert (done.returncode, done.stdout) == (EXIT.CONFIGURATION, "")
        assert "cannot be opened: Address already in use" in done.stderr

    @pytest.mark.parametrize("text", ["", "[]", "{}", "no json"])
    def test_a_line_to_resume_that_is_none(self, tmp_path, text):
        line = tmp_path / "ready.json"
        line.write_text(text, "utf-8")
        done = self.run("--resume", str(line))
        assert (done.returncode, done.stdout) == (EXIT.CONFIGURATION, "")
        assert "not the ready line of a sandbox" in done.stderr

    def test_an_option_that_is_none(self, capsys):
        with pytest.raises(SystemExit) as ended:
            main(["--access-token-life", "soon"])
        assert ended.value.code == EXIT.USAGE
        assert "'soon' is no duration; write 3s, 500ms or 2m" in capsys.readouterr().err

    def test_passwords_in_clear_text_on_a_network(self, capsys):
        assert main(["--bind", "192.0.2.1"]) == EXIT.CONFIGURATION
        assert "--bind 192.0.2.1 would let passwords travel in clear text" in capsys.readouterr().err

    def test_the_parser_can_be_mounted_under_another_name(self):
        assert build_parser("cognito-load sandbox").format_usage().startswith("usage: cognito-load sandbox")


class TestTheEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_well(self, start_sandbox, number):
        running = start_sandbox(latency="1m")
        idle = socket.create_connection(("127.0.0.1", urlsplit(running.endpoint).port))
        running.process.send_signal(number)
        assert running.process.wait(SOON_S) == EXIT.PASSED
        idle.close()

    def test_the_end_of_standard_input_ends_it_and_nothing_else_on_it(self, start_sandbox):
        running = start_sandbox()
        running.process.stdin.write("anything\n")
        running.process.stdin.flush()
        assert sign_in(running.ready)[0] == 200
        assert running.stop() == EXIT.PASSED

    def test_it_goes_with_a_parent_that_is_killed(self):
        """Also when somebody else holds the parent's pipe open."""
        parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
        pids = json.loads(parent.stdout.readline())
        parent.kill()
        parent.wait(SOON_S)
        try:
            assert is_gone(pids["sandbox"])
        finally:
            os.kill(pids["keeper"], signal.SIGKILL)
            parent.stdout.close()

    def test_without_being_asked_it_outlives_its_standard_input(self):
        process = subprocess.Popen([*COMMAND, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        ready = json.loads(process.stdout.readline())
        assert sign_in(ready)[0] == 200
        process.terminate()
        assert process.wait(SOON_S) == EXIT.PASSED
        process.stdout.close()

    def test_a_closed_standard_input_is_a_parent_that_is_gone(self):
        done = subprocess.run(
            ["/bin/sh", "-c", 'exec "$0" "$@" <&-', *COMMAND, "--exit-with-parent"],
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == EXIT.PASSED

    def test_in_a_session_of_its_own_the_terminal_s_keys_do_not_reach_it(self):
        process = subprocess.Popen([*COMMAND, "--json", "--own-session"], stdout=subprocess.PIPE, text=True)
        pid = json.loads(process.stdout.readline())["pid"]
        assert os.getsid(pid) == pid
        process.terminate()
        assert process.wait(SOON_S) == EXIT.PASSED
        process.stdout.close()


PARENT = """
import json, os, subprocess, sys, time
reader, writer = os.pipe()
command = [sys.executable, "-m", "harness.sandbox", "--json", "--exit-with-parent"]
sandbox = subprocess.Popen(command, stdin=reader, stdout=subprocess.PIPE, text=True)
keeper = subprocess.Popen(["sleep", "60"], pass_fds=[writer])
ready = json.loads(sandbox.stdout.readline())
print(json.dumps({"sandbox": ready["pid"], "keeper": keeper.pid}), flush=True)
time.sleep(60)
"""
