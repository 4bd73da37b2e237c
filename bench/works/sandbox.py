"""The sandbox: how near it comes to what the signatures of its tokens cost anyway."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from bench.canned import write_accounts
from bench.child import Child
from bench.contest import Contestant, Field, Measurement, Target, Venue, Work
from bench.names import MOTO, RSA_BOUND, SANDBOX, SIGNED_LOGIN, SUBJECT
from bench.peer import Peer, RunningPeer, Site, peers_for, running, window
from bench.works import emulators
from bench.works.here import Function

START_TIMEOUT_S = 20.0
TOKEN_BYTES = 700
"""Header and claims of a token, encoded: what is signed."""


@contextmanager
def gather(venue: Venue) -> Iterator[Field]:
    """The sandbox with this project's own logins as its load, other emulators, and the signatures alone."""
    with ExitStack() as stack:
        sandbox, ready = stack.enter_context(started(venue))
        count = answered(ready, "InitiateAuth")
        load = stack.enter_context(running([_driver()], site_of(ready, venue.folder / "sandbox-load"), venue, count))
        field = Field()
        if load.absent:
            field.absent[SANDBOX] = f"its load did not start: {'; '.join(load.absent.values())}"
        for driver in load.contestants:
            assert isinstance(driver, RunningPeer)
            field.contestants.append(_LoadedSandbox(sandbox, driver, count))
        field.contestants.append(Function(RSA_BOUND, "cryptography's sign, PKCS #1 v1.5, SHA-256", _sign_twice()))
        emulators.gather(venue, stack, field)
        yield field


@contextmanager
def started(venue: Venue, *options: str) -> Iterator[tuple[Child, dict[str, str]]]:
    """A sandbox with the bench's accounts and these options, and what it says of itself."""
    users = venue.folder / "users.sandbox.csv"
    write_accounts(users)
    sandbox = _start(venue, str(users), options)
    try:
        yield sandbox, {**_ready_line(sandbox), "users": str(users)}
    finally:
        sandbox.end()


def site_of(ready: Mapping[str, str], folder: Path) -> Site:
    """What a peer needs to know to log in there."""
    return Site(
        endpoint=ready["endpoint"],
        region=ready["region"],
        client_id=ready["client_id"],
        access_key_id=ready["access_key_id"],
        secret_access_key=ready["secret_access_key"],
        users=Path(ready["users"]),
        folder=folder,
        user_pool_id=ready["user_pool_id"],
    )


def answered(ready: Mapping[str, str], operation: str) -> Callable[[], int]:
    """How many requests of an operation a sandbox has answered well, by its own count."""
    request = Request(  # noqa: S310  # http, to the sandbox of this bench
        f"{ready['control']}/counts", headers={"Authorization": f"Bearer {ready['control_token']}"}
    )

    def count() -> int:
        with urlopen(request, timeout=30) as answer:  # noqa: S310  # http, to the sandbox of this bench
            counts: dict[str, dict[str, int]] = json.load(answer)["answered"]
        return counts.get(operation, {}).get("ok", 0)

    return count


class _LoadedSandbox(Contestant):
    """The sandbox under load; its processor time is what counts."""

    name = SANDBOX
    note = "signature of the request checked by botocore, answer and two tokens made"

    def __init__(self, sandbox: Child, driver: RunningPeer, count: Callable[[], int]) -> None:
        self._sandbox = sandbox
        self._driver = driver
        self._count = count

    def turn(self, seconds: float) -> Measurement:
        """See Contestant."""
        return window(self._driver.child, self._sandbox, self._count, seconds)

    def finish(self) -> str:
        """See Contestant."""
        if self._sandbox.has_ended:
            return f"it ended before its rounds did: {self._sandbox.last_words}"
        return self._driver.finish()


def _driver() -> Peer:
    return next(peer for peer in peers_for(SIGNED_LOGIN) if peer.name == SUBJECT)


def _start(venue: Venue, users: str, options: Sequence[str]) -> Child:
    return Child(
        [sys.executable, "-m", "harness.sandbox", "--json", "--users", users, *options],
        core=venue.server_core,
        folder=venue.folder / "sandbox",
        environment={"PATH": os.environ.get("PATH", os.defpath)},
        keep_stdout=True,
    )


def _ready_line(sandbox: Child) -> dict[str, str]:
    assert sandbox.stdout is not None
    if not select.select([sandbox.stdout], [], [], START_TIMEOUT_S)[0]:
        raise RuntimeError(f"the sandbox said nothing for {START_TIMEOUT_S:g} s")
    line = sandbox.stdout.readline()
    if not line:
        raise RuntimeError(f"the sandbox did not start: {sandbox.last_words}")
    ready: dict[str, str] = json.loads(line)
    return ready


def _sign_twice() -> Callable[[], None]:
    key, message = generate_private_key(65537, 2048), os.urandom(TOKEN_BYTES)
    padding, algorithm = PKCS1v15(), SHA256()

    def sign_twice() -> None:
        key.sign(message, padding, algorithm)
        key.sign(message, padding, algorithm)

    return sign_twice


WORK = Work(
    title="Sandbox",
    unit="logins",
    method=(
        "Signed InitiateAuth by 20 users; processor time of the sandbox's process. Against it, other local Cognitos, "
        "and what the two RSA-2048 signatures of a login's tokens cost by themselves."
    ),
    gather=gather,
    targets=(Target(SANDBOX, RSA_BOUND, at_least=0.75), Target(SANDBOX, MOTO, at_least=3.0)),
)
