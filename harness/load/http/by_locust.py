"""What Locust's own client works with where requests are left to it: the same limits, failures that it can count."""

from __future__ import annotations

from typing import Any, Final

from locust.contrib.fasthttp import FastRequest, FastResponse, LocustUserAgent

from harness.load.http.codings import decoded
from harness.load.http.limits import Limits, invalid_location, too_large
from harness.load.http.location import locate

PIECE_BYTES: Final = 65536


class LimitedRequest(FastRequest):
    """A FastRequest."""

    def redirect(self, code: int, location: str) -> None:
        """Become the request that follows from a redirect.

        Raises:
            InvalidLocationError: An address that cannot be sent to.
        """
        try:
            super().redirect(code, location)
            target = locate.__wrapped__(self.url)
            is_address = target is not None and bool(target.origin.host.encode("idna"))
        except ValueError:  # also a host's label that is empty or too long
            is_address = False
        if not is_address:
            raise invalid_location()


class LimitedResponse(FastResponse):
    """A FastResponse, for a session's user agent that has `limits`."""

    max_answer_bytes: int

    def _content(self) -> bytes:
        if self._response is None:
            return b""
        parts: list[bytes] = []
        left = self.max_answer_bytes
        while part := self._response.read(PIECE_BYTES):
            parts.append(part)
            left -= len(part)
            if left < 0:
                self._response.release()
                raise too_large(self.max_answer_bytes)
        self.release()
        body = b"".join(parts)
        codings = self.headers.getlist("content-encoding") if self.headers else []
        accepted = str(self.request.headers.get("accept-encoding", "")) if self.request else ""
        return decoded(body, ", ".join(codings), accepted, self.max_answer_bytes)


def limit(client: LocustUserAgent, limits: Limits) -> None:
    """Let a user agent make such requests and responses."""
    agent: Any = client
    agent.request_type = LimitedRequest
    agent.response_type = type("LimitedResponse", (LimitedResponse,), {"max_answer_bytes": limits.max_answer_bytes})
