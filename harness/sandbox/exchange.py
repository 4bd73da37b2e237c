"""One HTTP exchange, as values: what arrived and what is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Received:
    """One HTTP request as it arrived. Header names are lower case, values as sent."""

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
class Response:
    """One HTTP answer. The server adds Date and Content-Length."""

    status: HTTPStatus
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = field(default=b"", repr=False)
