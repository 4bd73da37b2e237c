"""Fixtures that several folders use."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, settings

# A property holds or does not; how long it takes to find out is the machine's business.
settings.register_profile("anywhere", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anywhere")

READY_WITHIN_S = 30
STOPPED_WITHIN_S = 10
USERS_CSV = Path(__file__).parents[1] / "users.csv"


@dataclass
class RunningSandbox:
    """A sandbox process: what it said when it was ready, and its handle."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    users: Path = USERS_CSV
    options: tuple[str, ...] = field(default=())

    def __getattr__(self, name: str) -> Any:
        """Whatever is in the ready line: `endpoint`, `api`, `client_id`, `user_pool_id`, `access_key_id` and so on."""
        try:
            return self.__dict__["ready"][name]
        except KeyError:
            raise AttributeError(name) from None

    def counts(self) -> dict[str, Any]:
        """The server's own count: `arrived`, `answered`, `logins`, `connections`."""
        return json.loads(self._control("GET", "/counts"))

    def fault(self, kind: str, **members: Any) -> None:
        """Let something go wrong: `fault("throttle", share=0.2, on="api")`."""
        self._control("POST", "/faults", {"fault": kind, **members})

    def clear_faults(self) -> None:
        """End every standing fault."""
        self._control("DELETE", "/faults")

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        headers = {"Authorization": f"Bearer {self.control_token}"}
        data = json.dumps(body).encode() if body else None
        request = Request(f"{self.control}{path}", data, headers, method=method)  # noqa: S310  # its own loopback URL
        with urlopen(request, timeout=10) as answer:  # noqa: S310  # the same
            content: bytes = answer.read()
            return content

    def stop(self) -> int:
        """Close its standard input, and its exit code."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            return self.process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


StartSandbox = Callable[..., RunningSandbox]


def _arguments(options: dict[str, Any]) -> list[str]:
    """`users=path, tls=True, require_signature=False` as the command line has it."""
    arguments = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if name == "require_signature" and value is False:
            arguments.append("--no-require-signature")
        elif value is True:
            arguments.append(flag)
        elif value is not False and value is not None:
            arguments += [flag, str(value)]
    return arguments


def _start(options: dict[str, Any], *, is_traced: bool) -> RunningSandbox:
    options = {"users": USERS_CSV, **options}
    arguments = _arguments(options)
    left_out = ("AWS_",) if is_traced else ("AWS_", "COVERAGE_")
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.sandbox", "--json", "--exit-with-parent", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if not name.startswith(left_out)},
    )
    deadline = time.monotonic() + READY_WITHIN_S
    while not select.select([process.stdout], [], [], 0.2)[0]:
        if time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"the sandbox said nothing for {READY_WITHIN_S} s")
    line = process.stdout.readline()
    if not line:
        pytest.fail(f"the sandbox ended with {process.wait()} instead of a ready line")
    return RunningSandbox(process, json.loads(line), Path(options["users"]), tuple(arguments))


def _starter(*, is_traced: bool = True) -> Iterator[StartSandbox]:
    started: list[RunningSandbox] = []

    def start(**options: Any) -> RunningSandbox:
        started.append(_start(options, is_traced=is_traced))
        return started[-1]

    yield start
    for sandbox in started:
        sandbox.stop()
        sandbox.process.stdout.close()


@pytest.fixture
def start_sandbox(request: pytest.FixtureRequest) -> Iterator[StartSandbox]:
    """Starts sandbox processes; options are the command line's: `start_sandbox(quota=5, tls=True, users=path)`.

    Each is stopped at the end of the test, unless the test did. In end-to-end tests its coverage is not measured: the
    sandbox's own tests do that, and a traced server is what a run would wait for.
    """
    yield from _starter(is_traced=request.node.get_closest_marker("e2e") is None)


@pytest.fixture(scope="module")
def module_sandbox() -> Iterator[StartSandbox]:
    """Starts sandbox processes that live as long as the module's tests."""
    yield from _starter()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    """One sandbox with the sample users, shared by the whole run: leave its sample users as they are."""
    running = _start({}, is_traced=True)
    yield running
    running.stop()
    running.process.stdout.close()
