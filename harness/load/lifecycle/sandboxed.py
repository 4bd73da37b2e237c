"""The sandbox as a child process of `locust`: started when no app client is configured, gone when locust is."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from harness.errors import ConfigurationError, Problem

READY_TIMEOUT_S: Final = 30.0
NO_MACHINE: Final = Problem(
    "client_credentials needs an app client, and none is set",
    "Set --cognito-client-id and COGNITO_CLIENT_SECRET; for a rehearsal, cognito-load sandbox --scopes api/read --json "
    "prints both.",
)
"""Why no sandbox is started for a machine: the secret of its client would have to reach every process."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox, and what a run against it needs to know."""

    process: subprocess.Popen[bytes]
    endpoint: str
    api: str
    client_id: str
    user_pool_id: str
    keys_file: str

    def stop(self) -> None:
        """Stop it and remove its keys; also happens by itself when this process ends in any way."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.terminate()
        self.process.wait()
        Path(self.keys_file).unlink(missing_ok=True)


def start(users: str) -> Sandbox:
    """Start a sandbox with the accounts of the file `users`, and wait until it answers.

    It runs in a session of its own, so that Ctrl-C in the terminal does not take it from under the users' feet, and
    it ends when the pipe to its standard input closes: when this process goes, even by SIGKILL.

    Raises:
        ConfigurationError: It did not come up.
    """
    command = [sys.executable, "-m", "harness.sandbox", "--json", "--exit-with-parent", "--require-signature"]
    process = subprocess.Popen(  # noqa: S603  # our own module, in our own interpreter
        [*command, "--users", users],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    ready = _first_line(process)
    if not ready:
        process.kill()
        said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
        raise ConfigurationError(
            [Problem(f"the sandbox did not start: {said or 'it said nothing'}", "Try it alone: cognito-load sandbox")]
        )
    found = json.loads(ready)
    return Sandbox(
        process, found["endpoint"], found["api"], found["client_id"], found["user_pool_id"], _write_keys(found)
    )


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    out = process.stdout
    if out is None:
        return b""
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        return _read_line(out) if selector.select(READY_TIMEOUT_S) else b""


def _read_line(out: IO[bytes]) -> bytes:
    return out.readline()


def _write_keys(found: dict[str, str]) -> str:
    """The keys in a file that only this user can read: an option may name it, and workers on this machine read it."""
    handle, path = tempfile.mkstemp(prefix="cognito-load-sandbox-", suffix=".json")  # made with mode 0600
    with os.fdopen(handle, "w") as file:
        json.dump({name: found[name] for name in ("access_key_id", "secret_access_key")}, file)
    return path
