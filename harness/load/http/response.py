"""What a task gets: Locust's response, made of an answer, with all that is rarely looked at made on demand."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPSocketPoolResponse
from locust.contrib import fasthttp
from locust.contrib.fasthttp import FastRequest, FastResponse, LocustBadStatusCode, ResponseContextManager
from requests.utils import get_encoding_from_headers

from harness.load.http.answer import WholeAnswer
from harness.load.http.codings import decoded
from harness.load.http.outgoing import Outgoing

ENOUGH_BYTES: Final = 65536
"""What an encoding is guessed from: to look at 64 MiB takes seconds, in which no user of the process goes on."""
_BAD_REQUEST: Final = 400
_detect: Final[Any] = vars(fasthttp)["detect"]
"""Locust's guess of an encoding."""


class _Answered(FastResponse):
    """What both kinds of response have in common. Everything that is not here is Locust's."""

    _response: WholeAnswer | HTTPSocketPoolResponse  # type: ignore[assignment]  # the first does all that is asked of it
    _outgoing: Outgoing
    _is_bad: bool
    _earlier: list[ApiResponse]
    _max_content_bytes: int
    _failure: Exception | None = None
    """What broke the body off, or makes it unreadable."""
    connect_ns: int
    """Name resolution, TCP and TLS, in nanoseconds; 0 on a kept connection. Of the last request of a redirection."""
    first_byte_ns: int
    """From the start of connecting, or of sending, to the first byte of the answer, in nanoseconds; of the same."""
    received_ns: int
    """When the last of it had come, by `time.perf_counter_ns`; 0 for what is read as the caller goes."""
    unread_ns: int
    """How long it had lain there before it was read, in nanoseconds; 0 where the system does not say."""

    @property
    def headers(self) -> Headers:  # type: ignore[override]
        """The header fields; names in any case."""
        return self._response._headers_index  # noqa: SLF001  # as geventhttpclient's own responses read it

    @property
    def status_code(self) -> int:
        """The status code."""
        return self._response.status_code

    @property
    def request(self) -> FastRequest:  # type: ignore[override]
        """The request that was answered: the last one, after redirects."""
        return self._outgoing.request

    @property
    def url(self) -> str:
        """Its URL."""
        return self._outgoing.url

    @property
    def history(self) -> list[Any]:
        """The responses that redirected here, oldest first."""
        return self._earlier

    @property
    def elapsed(self) -> timedelta:
        """How long the answer took to come."""
        return timedelta(microseconds=self.first_byte_ns / 1000)

    @property
    def ok(self) -> bool:
        """Whether all of an answer came, and its status is less than 400."""
        return self._failure is None and self._response.status_code < _BAD_REQUEST

    @property
    def error(self) -> Exception:
        """What is wrong with the status, or with the body.

        Of a status made anew each time: an error that a response keeps and that keeps the response is work for the
        garbage collector, once per failed request.

        Raises:
            AttributeError: Nothing; as with Locust's responses, `hasattr` says so.
        """
        if not self._is_bad:
            if self._failure is not None:
                return self._failure
            raise AttributeError("error")
        error = LocustBadStatusCode(self.url, code=self.status_code)
        error.__dict__.update(response=self, request=self.request)
        return error

    @property
    def text(self) -> str | None:  # type: ignore[override]  # as Locust's own
        """The content as text, in `encoding`."""
        answer = self._response
        if self.encoding is None and isinstance(answer, WholeAnswer):
            self.encoding = _encoding(answer.content_type)
        content = self.content
        if self.encoding is None and content and len(content) > ENOUGH_BYTES:
            self.encoding = _detect(content[:ENOUGH_BYTES])["encoding"]
        try:
            return super().text
        except (LookupError, ValueError):  # an encoding that does not exist, or is none of text
            return content.decode(errors="replace")

    def broke(self, failure: Exception) -> None:
        """Note that the body did not come whole, or cannot be read; there is no content then."""
        self._failure = failure.with_traceback(None)
        self._cached_content = b""

    def _content(self) -> bytes:
        body: bytes = self._response.read()
        self.release()
        codings = self.headers.getlist("content-encoding")
        if not codings:
            return body
        accepted = str(self._outgoing.request.headers.get("accept-encoding", ""))
        return decoded(body, ", ".join(codings), accepted, self._max_content_bytes)


class ApiResponse(_Answered):
    """A FastResponse.

    Args:
        answer: What came.
        outgoing: What it answers.
        is_bad: Whether the status is a failure.
        connect_ns: See there.
        first_byte_ns: See there.
        received_ns: See there.
        unread_ns: See there.
        earlier: The responses that redirected here.
        max_content_bytes: How large the content may become when its coding is undone.
    """

    def __init__(  # noqa: PLR0913  # what is known of an answer
        self,
        answer: WholeAnswer | HTTPSocketPoolResponse,
        outgoing: Outgoing,
        *,
        is_bad: bool,
        connect_ns: int,
        first_byte_ns: int,
        received_ns: int,
        unread_ns: int,
        earlier: list[ApiResponse],
        max_content_bytes: int,
    ) -> None:
        # Not Locust's: it would read the headers.
        self._response = answer
        self._outgoing = outgoing
        self._is_bad = is_bad
        self._earlier = earlier
        self._max_content_bytes = max_content_bytes
        self.connect_ns = connect_ns
        self.first_byte_ns = first_byte_ns
        self.received_ns = received_ns
        self.unread_ns = unread_ns
        if isinstance(answer, WholeAnswer) and answer.content is not None:
            self._cached_content = answer.content


class ApiResponseContext(_Answered, ResponseContextManager):
    """A ResponseContextManager: what `catch_response=True` gives."""


def failure_of(response: FastResponse) -> BaseException | None:
    """The error of a response, whichever kind it is; `hasattr` would raise and catch one for each that has none."""
    if isinstance(response, _Answered):
        return response.error if response._is_bad else response._failure  # noqa: SLF001  # of this module
    error: BaseException | None = getattr(response, "error", None)
    return error


@lru_cache(maxsize=256)
def _encoding(content_type: str | None) -> str | None:
    return get_encoding_from_headers({"content-type": content_type} if content_type else {})
