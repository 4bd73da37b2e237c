"""Other local Cognitos: what a login costs there."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench.canned import REGION
from bench.child import Child
from bench.contest import Contestant, Field, Measurement, Venue
from bench.names import COGNITO_LOCAL, MINISTACK, MOTO
from bench.peer import PLANS, window
from bench.servers.canned_server import free_port

START_TIMEOUT_S = 60.0
WARM_LOGINS = 5
USERNAME, PASSWORD = "bench@example.com", "Bench-Pass-0001!"  # made up


@dataclass(frozen=True, slots=True)
class Emulator:
    """A program that has the operations of a user pool."""

    name: str
    how_to_get: str
    command: Callable[[int], Sequence[str]]
    environment: Callable[[int], Mapping[str, str]] = lambda _port: {}


EMULATORS = (
    Emulator(
        MOTO, "pip install 'moto[server,cognitoidp]'", lambda port: ("moto_server", "-H", "127.0.0.1", "-p", str(port))
    ),
    Emulator(MINISTACK, "pip install ministack", lambda _: ("ministack",), lambda port: {"GATEWAY_PORT": str(port)}),
    Emulator(
        COGNITO_LOCAL,
        "npm install -g cognito-local",
        lambda _: ("cognito-local",),
        lambda port: {"HOST": "127.0.0.1", "PORT": str(port)},
    ),
)


def gather(venue: Venue, stack: ExitStack, field: Field) -> None:
    """Add those that are installed to the field, each with a pool, a user and somebody who logs in."""
    for emulator in EMULATORS:
        program = emulator.command(0)[0]
        if not shutil.which(program):
            field.absent[emulator.name] = f"{program} is not on PATH; {emulator.how_to_get}"
            continue
        try:
            field.contestants.append(_started(emulator, venue, stack))
        except (RuntimeError, BotoCoreError, ClientError) as error:
            field.absent[emulator.name] = f"{type(error).__name__}: {error}"


class _Loaded(Contestant):
    """An emulator under load; its processor time is what counts."""

    def __init__(self, name: str, server: Child, driver: Child, counter: Path) -> None:
        self.name = name
        self.note = "no signature is checked; one user, four connections"
        self._server = server
        self._driver = driver
        self._counter = counter

    def count(self) -> int:
        """Logins with a token, so far."""
        return int.from_bytes(self._counter.read_bytes(), "little")

    def turn(self, seconds: float) -> Measurement:
        """See Contestant."""
        return window(self._driver, self._server, self.count, seconds)

    def finish(self) -> str:
        """See Contestant."""
        for child in (self._server, self._driver):
            if child.has_ended:
                return f"it ended before its rounds did: {child.last_words}"
        return ""


def _started(emulator: Emulator, venue: Venue, stack: ExitStack) -> _Loaded:
    port, folder = free_port(), venue.folder / emulator.name
    endpoint = f"http://127.0.0.1:{port}"
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), **emulator.environment(port)}
    server = Child(emulator.command(port), core=venue.server_core, folder=folder, environment=environment)
    stack.callback(server.end)
    _wait(lambda: _listens(port), server)
    client_id = _client_id(endpoint)
    counter = folder / "logins.count"
    counter.write_bytes(bytes(8))
    command = [sys.executable, str(PLANS / "drive_logins.py"), endpoint, client_id, USERNAME, PASSWORD, str(counter)]
    driver = Child(command, core=venue.client_core, folder=folder / "driver", environment=environment)
    stack.callback(driver.end)
    loaded = _Loaded(emulator.name, server, driver, counter)
    _wait(lambda: loaded.count() >= WARM_LOGINS, driver)
    driver.freeze()
    return loaded


def _client_id(endpoint: str) -> str:
    cognito: Any = boto3.client(
        "cognito-idp",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # nobody checks it
        config=Config(retries={"total_max_attempts": 1}),
    )
    pool_id = cognito.create_user_pool(PoolName="bench")["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="bench", ExplicitAuthFlows=flows)
    cognito.admin_create_user(
        UserPoolId=pool_id,
        Username=USERNAME,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": USERNAME}],
    )
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=USERNAME, Password=PASSWORD, Permanent=True)
    client_id: str = client["UserPoolClient"]["ClientId"]
    return client_id


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(is_ready: Callable[[], bool], child: Child) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not is_ready():
        if child.has_ended or time.monotonic() > deadline_s:
            raise RuntimeError(f"it did not start: {child.last_words}")
        time.sleep(0.1)
