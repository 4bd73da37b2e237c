"""The commands, run in this process against real sandboxes."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from harness.cli.main import main

PASSWORD = "Sample-Passw0rd-1!"

Ask = Callable[..., tuple[int, dict[str, Any]]]


def variables(sandbox: Any, users: Path | None = None) -> dict[str, str]:
    """What a user would set to work with this sandbox, AWS keys included."""
    ready = sandbox.ready
    return {
        "COGNITO_ENDPOINT": ready["endpoint"],
        "COGNITO_CLIENT_ID": ready["client_id"],
        "COGNITO_USER_POOL_ID": ready["user_pool_id"],
        "AWS_ACCESS_KEY_ID": ready["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": ready["secret_access_key"],
        "COGNITO_USERS": str(users or sandbox.users),
    }


def administrator(sandbox: Any) -> Any:
    """boto3's client of a sandbox."""
    return boto3.session.Session().client(
        "cognito-idp",
        endpoint_url=sandbox.endpoint,
        region_name=sandbox.region,
        aws_access_key_id=sandbox.access_key_id,
        aws_secret_access_key=sandbox.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}),
    )


def write_users(path: Path, *rows: str, header: str = "username,password") -> Path:
    """A users file."""
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@contextmanager
def stripping_proxy(url: str) -> Iterator[str]:
    """A gateway that forwards to `url` and loses the X-Amz-Target header on the way; its own URL."""
    host = urlsplit(url).netloc

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.forward(self.rfile.read(int(self.headers["Content-Length"])))

        def do_GET(self) -> None:
            self.forward(None)

        def forward(self, body: bytes | None) -> None:
            onward = HTTPConnection(host, timeout=10)
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("x-amz-target", "host")}
            onward.request(self.command, self.path, body, kept)
            answer = onward.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            onward.close()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command with these arguments and variables; exit code, standard output and standard error."""

    def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value)
            code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def examine(run: Callable[..., tuple[int, str, str]]) -> Ask:
    """Runs the doctor; its exit code, and its findings by the name of the check."""

    def ask(*arguments: str, **environ: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = run("doctor", "--json", *arguments, **environ)
        return code, {finding["check"]: finding for finding in json.loads(out)["findings"]}

    return ask


@pytest.fixture
def log_in(run: Callable[..., tuple[int, str, str]]) -> Ask:
    """Runs the login; its exit code, and its error."""

    def ask(username: str, **environ: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = run("login", "--json", "--username", username, **environ)
        return code, json.loads(out).get("error", {})

    return ask
