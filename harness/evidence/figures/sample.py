"""One immutable fact: something was tried, this became of it, and it took so long."""

from __future__ import annotations

from typing import Literal, NamedTuple

from harness.outcome import Outcome, Reason

Kind = Literal["exchange", "login", "request", "intended"]
"""exchange: one call to Cognito; login: a conversation that should end in tokens; request: one call to the API;
intended: a login of an open load, timed from when it should have started."""


class Sample(NamedTuple):
    """One fact, as it was measured.

    A named tuple rather than a frozen dataclass: it is made once per request on the hot path, where a frozen
    dataclass of this size costs four times as much to build.
    """

    kind: Kind
    name: str
    """Operation of an exchange (`InitiateAuth`), `login`, or method and name of a request (`GET /orders`)."""
    outcome: Outcome
    started_s: float
    """Wall clock at the start, seconds since the epoch. For reports only."""
    elapsed_us: int
    """From just before the send (including a connect, when one was needed) until the last byte had come, in
    microseconds: on Linux by the system's stamp on it, elsewhere by when it was read."""
    connect_us: int = 0
    """TCP and TLS, in microseconds; 0 on a reused connection."""
    first_byte_us: int = 0
    """From the start to the first byte of the answer, including the connect, in microseconds."""
    reason: Reason | None = None
    """Why, for a login and its exchanges; None for API requests."""
    error: str = ""
    """`Type: message`, the same for every user who meets it; empty when ok. Never a secret."""
    received_bytes: int = 0
    """Length of the answer's body."""
    sent_bytes: int = 0
    """Length of the request; 0 where nobody knows."""
    status: int = 0
    """HTTP status; 0 without an answer."""
    tls_us: int = 0
    """The TLS handshake, in microseconds, a part of `connect_us`; 0 without one."""
    exchanges: int = 0
    """How many exchanges a login had."""
    unread_us: int = 0
    """How long the last byte lay there before it was read, in microseconds; in no other figure. 0 where the system does
    not say, and for a login, whose exchanges say it."""


new_sample = Sample.__new__
"""`new_sample(Sample, ...)` on the hot path, since `Sample(...)` takes half as long again."""
