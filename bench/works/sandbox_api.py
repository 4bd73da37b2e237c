"""The sandbox's API: what a request with a token costs it, and whether many kept connections make it dearer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.request import Request, urlopen

from bench.child import Child
from bench.contest import Contestant, Field, Measurement, Target, Venue, Work
from bench.names import SANDBOX_API, SANDBOX_CONNECTIONS
from bench.peer import PLANS, window
from bench.works.sandbox import answered, started

FEW, MANY = 20, 5000
"""Connections."""
MOST_US = 120.0
START_TIMEOUT_S = 60.0


@contextmanager
def gather(venue: Venue) -> Iterator[Field]:
    """A sandbox with few connections, and another one with many."""
    with ExitStack() as stack:
        field = Field()
        for name, connections in ((SANDBOX_API, FEW), (SANDBOX_CONNECTIONS, MANY)):
            place = Venue(venue.folder / str(connections), venue.client_core, venue.server_core)
            place.folder.mkdir()
            sandbox, ready = stack.enter_context(started(place))
            token = place.folder / "token"
            token.write_text(_token(ready["endpoint"], ready["client_id"]), encoding="ascii")
            counter = place.folder / "requests.count"
            counter.write_bytes(bytes(8))
            command = [sys.executable, str(PLANS / "drive_api.py"), ready["endpoint"], str(token)]
            driver = Child(
                [*command, str(connections), str(counter)],
                core=venue.client_core,
                folder=place.folder / "driver",
                environment={},
            )
            stack.callback(driver.end)
            contestant = _Called(name, sandbox, driver, answered(ready, "GET /orders"))
            if fault := contestant.start(connections):
                field.absent[name] = fault
            else:
                field.contestants.append(contestant)
        yield field


class _Called(Contestant):
    """The sandbox while its API is called; its processor time is what counts."""

    def __init__(self, name: str, sandbox: Child, driver: Child, count: Callable[[], int]) -> None:
        self.name = name
        self.note = "the token verified once, and remembered until it expires or the keys change"
        self._sandbox = sandbox
        self._driver = driver
        self._count = count

    def start(self, requests: int) -> str:
        """Wait until every connection has carried a request; why that did not happen, or nothing."""
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while self._count() < requests:
            if self._driver.has_ended or time.monotonic() > deadline_s:
                return f"not all connections were served: {self._driver.last_words}"
            time.sleep(0.1)
        self._driver.freeze()
        return ""

    def turn(self, seconds: float) -> Measurement:
        """See Contestant."""
        return window(self._driver, self._sandbox, self._count, seconds)

    def finish(self) -> str:
        """See Contestant."""
        for child in (self._sandbox, self._driver):
            if child.has_ended:
                return f"it ended before its rounds did: {child.last_words}"
        return ""


def _token(endpoint: str, client_id: str) -> str:
    """The access token of one account."""
    parameters = {"USERNAME": "bench-0000@example.com", "PASSWORD": "Bench-Pass-0000!"}
    body = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client_id, "AuthParameters": parameters}
    request = Request(  # noqa: S310  # http, to the sandbox of this bench
        endpoint,
        json.dumps(body).encode(),
        {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
        },
    )
    with urlopen(request, timeout=30) as answer:  # noqa: S310  # http, to the sandbox of this bench
        token: str = json.load(answer)["AuthenticationResult"]["AccessToken"]
    return token


WORK = Work(
    title="Sandbox, API request",
    unit="requests",
    method=(
        f"GET /orders with a bearer token over {FEW} and over {MANY:,} kept connections, {FEW} requests in flight; "
        "processor time of the sandbox's process."
    ),
    gather=gather,
    targets=(Target(SANDBOX_API, at_most_us=MOST_US), Target(SANDBOX_CONNECTIONS, at_most_us=MOST_US)),
)
