"""The sandbox as a child process of `locust`: started when nothing points at a user pool, gone when locust is."""

from __future__ import annotations

import json
import logging
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from harness import credentials
from harness.credentials import CsvDataSet
from harness.errors import ConfigurationError, Problem
from harness.load.run.setup import gate_problems, read_settings
from harness.settings import problems_of
from harness.settings.pointers import contradictions, no_client, pointers
from harness.settings.url import without_user

READY_TIMEOUT_S: Final = 30.0
NO_MACHINE: Final = Problem(
    "client_credentials needs an app client, and none is set",
    "Set --cognito-client-id and COGNITO_CLIENT_SECRET; for a rehearsal, cognito-load sandbox --scopes api/read --json "
    "prints both.",
)
"""Why no sandbox is started for a machine: the secret of its client would have to reach every process."""
_ANY: Final = {
    "client_id": "any",
    "user_pool_id": "us-east-1_any",
    "given_region": "",
    "given_endpoint": "http://[::1]",
}
"""What a sandbox will fill in: to look for faults of everything else before there is one."""

log = logging.getLogger("cognito-load")


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


def start_if_meant(options: dict[str, Any], data_set: CsvDataSet, hosts: Mapping[str, str]) -> Sandbox | None:
    """Start the sandbox where it is asked for, or where no app client is set and nothing points at a user pool.

    Args:
        options: Locust's; what a run against the sandbox needs is written into them.
        data_set: How to read the users file.
        hosts: Base URLs of an API, by where each is written; `--host` is Locust's option.

    Raises:
        ConfigurationError: It is not clear that the sandbox is meant, or it cannot be started.
    """
    settings = read_settings(options)
    problems = contradictions(settings, hosts.get("--host", ""))
    if problems or settings.client_id:
        if problems:
            raise ConfigurationError(problems)
        return None
    if settings.is_machine:
        raise ConfigurationError([NO_MACHINE])
    users, faults = _accounts(replace(data_set, path=settings.users))
    if not settings.is_sandbox and (found := pointers(settings, os.environ, hosts) + _own(users)):
        problems.append(no_client(found))
    problems += [*faults, *problems_of(replace(settings, **_ANY)), *gate_problems(settings)]
    if problems:
        raise ConfigurationError(problems)
    sandbox = start(settings.users, settings.sandbox_latency_s)
    options.update(
        cognito_sandbox="yes",
        cognito_client_id=sandbox.client_id,
        cognito_user_pool_id=sandbox.user_pool_id,
        cognito_region="",
        cognito_endpoint=sandbox.endpoint,
        cognito_sandbox_keys=sandbox.keys_file,
        host=sandbox.api,
    )
    why = "--cognito-sandbox is set" if settings.is_sandbox else "No app client id is set"
    log.info("%s: started the sandbox at %s with the accounts of %s", why, sandbox.endpoint, settings.users)
    for place, url in hosts.items():
        if url:
            log.warning("%s is %s: the sandbox's API is called instead", place, without_user(url))
    return sandbox


def start(users: str, latency_s: float = 0.0) -> Sandbox:
    """Start a sandbox with the accounts of the file `users`, and wait until it listens.

    It holds back each answer of Cognito for so many seconds.

    It runs in a session of its own, so that Ctrl-C in the terminal does not take it from under the users' feet, and
    it ends when the pipe to its standard input closes: when this process goes, even by SIGKILL.

    Raises:
        ConfigurationError: It did not come up.
    """
    command = [sys.executable, "-m", "harness.sandbox", "--json", "--exit-with-parent", "--require-signature"]
    process = subprocess.Popen(  # noqa: S603  # our own module, in our own interpreter
        [*command, "--users", users, "--latency", f"{latency_s * 1_000:.0f}ms"],
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


def _accounts(data_set: CsvDataSet) -> tuple[credentials.UsersFile | None, tuple[Problem, ...]]:
    try:
        return credentials.read(data_set), ()
    except ConfigurationError as error:
        return None, error.problems


def _own(users: credentials.UsersFile | None) -> list[str]:
    """Accounts that are not the sandbox's are somebody's."""
    return [] if users is None or credentials.is_sample(users) else [f"the accounts of {users.path}"]


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
