"""One HTTP exchange, as values: what arrived, what is answered, and what goes wrong on the answer's way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(slots=True)
class Received:
    """One HTTP request as it arrived. Header names are lower case, values as sent. Not to be changed."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_signed(self) -> bool:
        """Whether there is an Authorization header that means to be a signature."""
        return self.headers.get("authorization", "").startswith("AWS4-")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer that is not sent as it should be; the server does this to the bytes on the socket."""

    share: float = 1.0
    """How much of the answer, head and body, is sent at all."""
    is_reset: bool = False
    """Afterwards the connection is reset (RST), not closed (FIN)."""
    excess_bytes: int = 0
    """How many bytes more than the body has the Content-Length promises; negative: fewer."""
    over_s: float = 0.0
    """Sent bit by bit over this time."""


@dataclass(slots=True)
class Response:
    """One HTTP answer. The server adds Date and Content-Length. Not to be changed."""

    status: HTTPStatus
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = field(default=b"", repr=False)
    delivery: Delivery | None = None
    """None: whole, at once."""
