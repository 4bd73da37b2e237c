"""The way to the endpoint, a step at a time, and what time it is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from harness import clock
from harness.clock import Gravity
from harness.doctor.case import TIMEOUT_S, Case, Known
from harness.doctor.finding import Finding, State, all_unchecked, failed, fault, ok, unchecked, warning
from harness.errors import TransportError
from harness.settings import Settings
from harness.transport import Answer, Channel, Endpoint, Probe

WAY: Final = ("proxy", "name", "connection", "TLS")
CLOCK: Final = "clock"
FIRST: Final = "first answer"
"""Of a server that takes connections."""


def check_way(_: Case, known: Known) -> Iterator[Finding]:
    """Proxy, name resolution, TCP, TLS: each as a line; after the one that fails the rest is not checked."""
    endpoint = known.endpoint
    if endpoint is None:
        yield from all_unchecked(WAY, "there is no endpoint to go to")
        return
    proxy = known.proxy
    hop = f"{proxy.host}:{proxy.port}" if proxy else endpoint.authority
    yield ok("proxy", f"by {hop}" if proxy else "none: straight to the endpoint")
    probe = Probe(endpoint, tls=known.tls, proxy=proxy, timeout_s=TIMEOUT_S)
    check = WAY[1]
    try:
        yield ok(check, f"{(proxy or endpoint).host} is {_few(probe.resolve())}")
        check = WAY[2]
        probe.connect()
        if endpoint.is_tls:
            probe.tunnel()
        yield ok(check, f"{hop} takes connections")
        check = WAY[3]
        if endpoint.is_tls:
            probe.handshake()
            yield ok(check, f"the certificate is good for {endpoint.host}")
        else:
            yield unchecked(check, "plain http, on this machine")
        known.is_reached = True
    except TransportError as error:
        yield failed(check, error)
        yield from all_unchecked(WAY[WAY.index(check) + 1 :], f"{check}: {error.message}")
    finally:
        probe.close()


def check_clock(case: Case, known: Known) -> Iterator[Finding]:
    """Whether the endpoint answers at all, and this machine's clock against the answer's Date header."""
    endpoint = known.endpoint
    if endpoint is None or not known.has_connection:
        yield unchecked(CLOCK, "the endpoint is not reached")
        return
    try:
        answer, off_s = _ask_time(case, known, endpoint)
    except TransportError as error:
        known.is_reached = False
        yield failed(FIRST, error)
        yield unchecked(CLOCK, f"{FIRST}: {error.message}")
        return
    if _key_set(case.settings) and answer.status == HTTPStatus.NOT_FOUND:
        yield fault(
            "key set",
            f"the endpoint has none for {case.settings.user_pool_id} (HTTP 404)",
            "No such pool is there: check --cognito-user-pool-id and --cognito-region.",
        )
    if off_s is None:
        yield unchecked(CLOCK, "the answer has no Date header")
        return
    text, gravity = clock.how_far(off_s), clock.gravity(off_s)
    if gravity is Gravity.REFUSED:
        state = State.WARNING if case.settings.signing == "never" else State.FAULT
        yield Finding(CLOCK, state, text, clock.CAUSE, clock.REMEDY)
    elif gravity is Gravity.NOTICEABLE:
        yield warning(CLOCK, text, clock.REMEDY_IN_TIME)
    else:
        yield ok(CLOCK, "within a few seconds of the endpoint's" if abs(off_s) < 5 else text)  # noqa: PLR2004  # of whole seconds


def _ask_time(case: Case, known: Known, endpoint: Endpoint) -> tuple[Answer, float | None]:
    """Any answer, and by how much this machine's clock is ahead of its Date (which is in whole seconds)."""
    path = f"{endpoint.path.rstrip('/')}{_key_set(case.settings)}" or endpoint.path
    channel = Channel(endpoint, tls=known.tls, proxy=known.proxy, connect_timeout_s=TIMEOUT_S, read_timeout_s=TIMEOUT_S)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: {endpoint.host_header}\r\nAccept: */*\r\n\r\n"
        answer = channel.exchange(request.encode("latin-1"))
    finally:
        channel.close()
    took_s = (answer.total_ns - answer.connect_ns) / 1e9
    return answer, clock.ahead_s(answer.headers.get("date", ""), time.time(), took_s)


def _key_set(settings: Settings) -> str:
    """Where the pool's keys are below the endpoint; empty where they are elsewhere, or the pool is not known."""
    pool = "" if settings.is_machine else settings.user_pool_id
    return f"/{pool}/.well-known/jwks.json" if pool else ""


def _few(addresses: list[str]) -> str:
    return ", ".join(addresses[:2]) + (f" and {len(addresses) - 2} more" if len(addresses) > 2 else "")  # noqa: PLR2004  # two fit into a line
