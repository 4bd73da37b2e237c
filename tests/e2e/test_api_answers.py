"""An API that answers no good, in real runs: one failed request each, explained, and the load goes on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from harness.cognito import remedies
from harness.errors import EXIT

pytestmark = pytest.mark.e2e

HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "/location": b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
    "/smtp": b"220 mail.example ESMTP\r\n",
    "/coding": HEAD + b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\nbody",
    "/head": HEAD + b"X-A: " + b"a" * 400_000,
    "/body": HEAD + b"Content-Length: 1000000000000\r\n\r\n",
    "/trickle": HEAD + b"Content-Length: 9\r\n\r\nbody",
}
ERRORS = {
    "/location": "InvalidLocationError: a redirect leads to no http or https address",
    "/smtp": "HTTPParseError: Expected HTTP/, RTSP/ or ICE/",
    "/coding": "ContentCodingError: the body is not whole br",
    "/head": "AnswerTooLargeError: the head is larger than 300 KiB",
    "/body": "AnswerTooLargeError: the body is larger than 1 MiB",
    "/trickle": "AnswerTooLateError: the answer did not end in time",
}
CODE = f"""
from locust import constant, events, task
from harness.load import CognitoApiUser, install
install(events)
class Api(CognitoApiUser):
    wait_time = constant(0.1)
    @task
    def all(self):
        for path in {list(ANSWERS)}:
            self.client.get(path)
        with self.client.get("/coding", name="/json", catch_response=True) as response:
            response.json()
"""


@pytest.fixture
def site() -> Iterator[str]:
    """A server that answers by path as `ANSWERS` says, and leaves it to the client to end a connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(sock: socket.socket) -> None:
        with sock, suppress(OSError):
            sock.settimeout(20)
            while request := sock.recv(65536):
                sock.sendall(ANSWERS[request.split(b" ")[1].decode()])

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_each_is_one_failed_request_on_workers_too(run_locust, start_sandbox, site):
    run = run_locust(
        *("Api", "--processes", 2, "--users", 2, "--spawn-rate", 10, "--run-time", "5s", "--host", site),
        *("--max-answer", "1MiB", "--request-timeout", "500ms"),
        against=start_sandbox(),
        code=CODE,
    )
    assert run.exit_code == EXIT.FAILED, run.output
    told = {error["name"]: error for error in run.summary["errors"]}
    assert {name: error["error"] for name, error in told.items()} == {
        f"GET {path}": error for path, error in {**ERRORS, "/json": ERRORS["/coding"]}.items()
    }
    for error in told.values():
        kind, _, message = error["error"].partition(": ")
        known = remedies.lookup(kind, message)
        assert known is not None
        assert (error["cause"], error["remedy"]) == (known.cause, known.remedy)
        assert error["count"] > 2


def test_an_api_that_refuses_every_token_is_told_as_that(run_locust, start_sandbox):
    sandbox = start_sandbox(api_token_use="id")  # a choice
    run = run_locust("Api", *("--users", 2, "--spawn-rate", 10, "--run-time", "3s", "--report", "yes"), against=sandbox)
    assert run.exit_code == EXIT.FAILED, run.output
    errors = {error["error"]: error for error in run.summary["errors"]}
    (text,) = errors
    assert text == (
        f"HTTP 401: to a fresh access token of client {sandbox.client_id}, pool {sandbox.user_pool_id}, invalid_token, "
        "token_use is 'access', this API takes id"
    )
    remedy = "Set --cognito-token-use to the other one of access and id."
    assert errors[text]["remedy"] == remedy
    for report in ("summary.md", "report.html"):
        assert "--cognito-token-use to the other" in (run.results / "latest" / report).read_text(), report
    assert "--cognito-token-use to the other" in " ".join(run.output.split())
