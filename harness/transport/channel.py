"""One keep-alive HTTP/1.1 connection: requests go out, answers come back with their times."""

from __future__ import annotations

import ssl
import time
from typing import Final

import gevent
from gevent.exceptions import ConcurrentObjectUseError

from harness.errors import ConnectError, ProtocolError, TransportError
from harness.transport import failures
from harness.transport.answer import CUT_SHORT, Answer, AnswerParser, Headers, simple_frame, too_long
from harness.transport.endpoint import Endpoint
from harness.transport.link import Link, NothingSentError
from harness.transport.proxy import Proxy
from harness.transport.tls import TlsLink

MAX_BODY_BYTES: Final = 1024 * 1024
"""A Cognito answer has 4 KB; whatever exceeds this is not the API that was meant."""
ANSWER_TIMEOUT_S: Final = 60.0
"""Cognito itself gives a Lambda trigger 5 s and three tries (AWS's guide, "Customizing user pool workflows with Lambda
triggers"): an answer that takes longer comes byte by byte, or never ends."""


class Channel:
    """One client's connection to one endpoint, opened when it is first needed and kept for as long as the server does.

    A connection that the server closed while idle is opened again before anything is sent on it. A request of which a
    byte may have left is never sent twice.

    For one greenlet at a time, in one thread; works in a monkey-patched process and in a plain one.

    Args:
        endpoint: Where to.
        tls: The shared context of `tls_context()`; needed by an https endpoint, ignored by an http one.
        proxy: The proxy on the way, by `proxy_for()`.
        connect_timeout_s: For name resolution, TCP, proxy and TLS together, in seconds.
        read_timeout_s: How long no byte may come (or be taken), in seconds.
        max_body_bytes: A longer body is a ProtocolError.
        answer_timeout_s: How long an exchange may take from the start until its answer has ended, in seconds.
    """

    __slots__ = (
        "_answer_timeout_s",
        "_connect_timeout_s",
        "_endpoint",
        "_is_busy",
        "_link",
        "_max_body_bytes",
        "_proxy",
        "_read_timeout_s",
        "_tls",
        "_tls_ns",
        "_until_ns",
        "is_awaiting_reply",
    )

    is_awaiting_reply: bool
    """Read only. From the moment a byte of a request may have left until its answer is complete; stays true after a
    failure, until the next exchange, so that whoever was cut off can be counted."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        tls: ssl.SSLContext | None,
        proxy: Proxy | None = None,
        connect_timeout_s: float = 10,
        read_timeout_s: float = 30,
        max_body_bytes: int = MAX_BODY_BYTES,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self._endpoint = endpoint
        self._tls = tls if endpoint.is_tls else None
        self._tls_ns = 0
        self._proxy = proxy
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._max_body_bytes = max_body_bytes
        self._answer_timeout_s = answer_timeout_s
        self._until_ns = 0
        self._link: Link | TlsLink | None = None
        self._is_busy = False
        self.is_awaiting_reply = False
        if endpoint.is_tls and tls is None:
            raise ValueError("an https endpoint needs a TLS context")

    def __del__(self) -> None:
        self.close()

    def exchange(self, request: bytes) -> Answer:
        """Send one request, head and body in one piece, and read its answer.

        Interim answers (1xx) are skipped, content codings left alone. After any exception, GreenletExit included, the
        connection is closed.

        Raises:
            ConnectError: No connection; nothing was sent.
            TimedOutError: No connection, or not a byte of the answer, for longer than the timeout; an answer that began
                and did not end.
            ProtocolError: The answer is no HTTP, cut short, or too long.
            TransportError: Reset, or closed before an answer.
        """
        if self._is_busy:
            raise ConcurrentObjectUseError("a channel carries one exchange at a time")
        self._is_busy = True
        self.is_awaiting_reply = False
        try:
            return self._exchange(request)
        except TimeoutError as error:
            self.close()
            if time.perf_counter_ns() >= self._until_ns:
                raise failures.not_ended_within(self._answer_timeout_s) from error
            raise failures.no_answer_within(self._read_timeout_s) from error
        except OSError as error:
            self.close()
            raise failures.lost(error) from error
        except BaseException:
            self.close()
            raise
        finally:
            self._is_busy = False

    def close(self) -> None:
        """Close the connection; the next exchange opens a new one."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _exchange(self, request: bytes) -> Answer:
        if self._proxy is not None and self._tls is None:
            request = self._proxy.forward_request(self._endpoint, request)
        started_ns = now_ns = time.perf_counter_ns()
        self._until_ns = started_ns + int(self._answer_timeout_s * 1e9)
        tls_ns = 0
        link = self._link
        reused = link is not None and not link.is_stale() and self._send(link, request)
        if link is None or not reused:
            link = self._open()
            now_ns = time.perf_counter_ns()
            tls_ns = self._tls_ns
            if not self._send(link, request):
                raise ConnectError("closed as soon as it was connected")
        connect_ns = now_ns - started_ns
        data = link.receive(now_ns)
        now_ns = link.received_ns
        first_byte_ns = now_ns - started_ns
        headers: Headers
        frame = simple_frame(data)
        if frame is None or request.startswith(b"HEAD "):
            if not data:
                raise TransportError("closed before an answer", sent=True)
            parser, now_ns = self._parse(link, data, now_ns, is_head=request.startswith(b"HEAD "))
            status, headers, body = parser.get_code(), parser.headers, parser.body
        else:
            status, lines, start, end = frame
            headers = Headers(lines)
            if end == len(data) and end - start <= self._max_body_bytes:
                body = data[start:]
            else:
                body, now_ns = self._collect(link, data, start, end, now_ns)
        self.is_awaiting_reply = False
        total_ns = now_ns - started_ns
        return Answer(
            status, headers, body, started_ns, connect_ns, first_byte_ns, total_ns, reused, tls_ns, link.unread_ns
        )

    def _send(self, link: Link | TlsLink, request: bytes) -> bool:
        """Whether anything left: when the peer is gone before the first byte, opening anew repeats nothing."""
        self.is_awaiting_reply = True
        try:
            link.send(request, self._until_ns)
        except NothingSentError:
            self.is_awaiting_reply = False
            return False
        return True

    def _collect(self, link: Link | TlsLink, data: bytes, start: int, end: int, now_ns: int) -> tuple[bytes, int]:
        """The body between `start` and `end`, of which `data` holds a part; and when its last byte came."""
        if end - start > self._max_body_bytes:
            raise too_long(self._max_body_bytes)
        parts = [data[start:end]]
        missing = end - len(data)
        while missing > 0:
            data = self._more(link, now_ns)
            now_ns = link.received_ns
            if not data:
                raise ProtocolError(CUT_SHORT, sent=True)
            parts.append(data[:missing])
            missing -= len(data)
        if missing < 0:  # bytes that nobody asked for: what comes next on this connection cannot be trusted
            self.close()
        return b"".join(parts), now_ns

    def _parse(self, link: Link | TlsLink, data: bytes, now_ns: int, *, is_head: bool) -> tuple[AnswerParser, int]:
        """The answer that begins with `data`, whatever its shape; and when its last byte came."""
        parser = AnswerParser(is_head=is_head, max_body_bytes=self._max_body_bytes)
        parser.take(data)
        while not parser.is_complete:
            data = self._more(link, now_ns)
            now_ns = link.received_ns
            parser.take(data)
        if not parser.is_kept:
            self.close()
        return parser, now_ns

    def _more(self, link: Link | TlsLink, now_ns: int) -> bytes:
        if now_ns >= self._until_ns:  # though there may be more to read
            raise TimeoutError
        return link.receive(now_ns, self._until_ns)

    def _open(self) -> Link | TlsLink:
        self.close()
        try:
            with gevent.Timeout(self._connect_timeout_s, failures.no_connection_within(self._connect_timeout_s)):
                self._link = link = self._connect()
        except TimeoutError as error:
            raise failures.no_connection_within(self._connect_timeout_s) from error
        except OSError as error:
            raise failures.not_connected(error) from error
        return link

    def _connect(self) -> Link | TlsLink:
        hop = self._proxy or self._endpoint
        try:
            link = Link.connect(hop.host, hop.port, self._connect_timeout_s)
        except OSError as error:
            if self._proxy is None or isinstance(error, TimeoutError):
                raise
            raise ConnectError(f"proxy: {failures.not_connected(error).message}", "Is HTTPS_PROXY right?") from error
        try:
            if self._tls is None:
                return link
            if self._proxy is not None:
                self._proxy.open_tunnel(link, self._endpoint)
            tls = TlsLink(link, self._tls, self._endpoint.host.rstrip("."))
            started_ns = time.perf_counter_ns()
            tls.handshake()
            self._tls_ns = time.perf_counter_ns() - started_ns
        except BaseException:
            link.close()
            raise
        else:
            return tls
        finally:
            link.limit(self._read_timeout_s)
