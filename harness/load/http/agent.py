"""A request goes out, and whatever comes of it comes back as a response: cookies, redirects, errors."""

from __future__ import annotations

import errno
import ssl
import time
from collections.abc import Callable, Collection
from http.cookiejar import CookieJar
from typing import Any, Final

from gevent import Timeout
from geventhttpclient.response import HTTPSocketPoolResponse
from geventhttpclient.useragent import RetriesExceeded
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS, ErrorResponse, FastResponse, LocustUserAgent

from harness.load.http.answer import WholeAnswer, read_answer
from harness.load.http.connections import Connections
from harness.load.http.cookies import Jar
from harness.load.http.limits import AnswerTooLargeError, AnswerTooLateError, Limits
from harness.load.http.location import Origin
from harness.load.http.outgoing import Outgoing
from harness.load.http.response import ApiResponse

_TEMPORARY: Final = frozenset({errno.ETIMEDOUT, errno.ENOLINK, errno.ENOENT, errno.EPIPE})
"""Errors that geventhttpclient would try again after, and reports as RetriesExceeded."""


class Agent:
    """Does what Locust's user agent does, for a session.

    Args:
        client: The session's user agent, whose cookie jar and rules are followed as they are at the time.
        tls: Makes the context of the user's https connections; called once, when the first is opened.
        connect_timeout_s: See Connections.
        read_timeout_s: See Connections.
        most: See Connections.
        limits: What an answer may cost.
    """

    def __init__(
        self,
        client: LocustUserAgent,
        tls: Callable[[], ssl.SSLContext],
        *,
        connect_timeout_s: float | None,
        read_timeout_s: float | None,
        most: int,
        limits: Limits,
    ) -> None:
        self._client = client
        self._max_answer_bytes = limits.max_answer_bytes
        self._timeout_ns = int(limits.request_timeout_s * 1e9)
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None
        self._options: dict[str, Any] = {
            "connect_timeout_s": connect_timeout_s,
            "read_timeout_s": read_timeout_s,
            "most": most,
        }
        self._origins: dict[Origin, Connections] = {}

    def send(self, outgoing: Outgoing, redirecting: Collection[int], *, is_stream: bool) -> FastResponse:
        """The response, be it an error.

        Args:
            outgoing: The request.
            redirecting: Status codes that lead on, where a Location says so.
            is_stream: Whether the body is left to be read by whoever wants it.

        Raises:
            Exception: What is nobody's answer and no failure of the connection, as Locust has it.
        """
        try:
            return self._follow(outgoing, redirecting, is_stream=is_stream)
        except FAILURE_EXCEPTIONS as error:
            request = outgoing.request
            error.__dict__["request"] = request
            if isinstance(error, TimeoutError | Timeout) or getattr(error, "errno", None) in _TEMPORARY:
                return ErrorResponse(request, RetriesExceeded(outgoing.url, 0, original=error))
            return ErrorResponse(request, error)

    def _follow(self, outgoing: Outgoing, redirecting: Collection[int], *, is_stream: bool) -> ApiResponse:
        client = self._client
        jar = client.cookiejar
        earlier: list[ApiResponse] = []
        url = outgoing.url
        until_ns = time.perf_counter_ns() + self._timeout_ns
        left = self._max_answer_bytes
        for _ in range(client.max_redirects + 1):
            if jar is not None and next(iter(jar), None) is not None:
                _give(jar, outgoing)
            location = outgoing.location
            connections = self._origins.get(location.origin) or self._connections(location.origin)
            link, data, connect_ns, first_byte_ns = connections.ask(bytes(outgoing), until_ns)
            answer = read_answer(
                connections,
                link,
                data,
                outgoing.method,
                is_stream=is_stream,
                until_ns=until_ns,
                max_body_bytes=left,
            )
            status = answer.status_code
            is_bad = status not in client.valid_response_codes
            response = ApiResponse(
                answer,
                outgoing,
                is_bad=is_bad,
                connect_ns=connect_ns,
                first_byte_ns=first_byte_ns,
                received_ns=link.received_ns if isinstance(answer, WholeAnswer) else 0,
                unread_ns=link.unread_ns,
                earlier=earlier,
                max_content_bytes=self._max_answer_bytes,
            )
            if jar is not None and (answer.has_cookies if isinstance(answer, WholeAnswer) else "set-cookie" in answer):
                _take(jar, response, answer, outgoing)
            if status not in redirecting or is_bad or client.max_redirects <= 0:
                return response
            onward = response.headers.get("location")
            if not onward or not isinstance(onward, str):
                return response
            if isinstance(answer, WholeAnswer):
                if isinstance(answer.failure, AnswerTooLargeError | AnswerTooLateError):
                    return response
                left -= answer.size
            earlier = [*earlier, response]
            response.release()
            outgoing = outgoing.redirected(status, onward)
        raise RetriesExceeded(url, f"Redirection limit reached ({client.max_redirects})")

    def _connections(self, origin: Origin) -> Connections:
        tls = None
        if origin.scheme == "https":
            if self._tls is None:
                self._tls = self._make_tls()
            tls = self._tls
        made = self._origins[origin] = Connections(origin, tls, **self._options)
        return made


def _give(jar: CookieJar, outgoing: Outgoing) -> None:
    if not (isinstance(jar, Jar) and jar.give(outgoing)):
        jar.add_cookie_header(outgoing.request)


def _take(
    jar: CookieJar, response: ApiResponse, answer: WholeAnswer | HTTPSocketPoolResponse, outgoing: Outgoing
) -> None:
    if not (isinstance(jar, Jar) and isinstance(answer, WholeAnswer) and jar.take(answer, outgoing)):
        jar.extract_cookies(response, outgoing.request)  # type: ignore[arg-type]  # it has the one method needed
