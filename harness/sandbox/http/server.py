"""One HTTP server, on loopback unless told otherwise: gevent's, without what a test double has no use for."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from wsgiref.handlers import format_date_time

import gevent
import gevent.socket
from gevent.pywsgi import Input, WSGIHandler, WSGIServer

from harness.sandbox.argument_types import LOOPBACK
from harness.sandbox.http.exchange import Delivery, Received, Response
from harness.sandbox.http.request_reader import HTTP_1_1, Headers, Incoming, received

BACKLOG = 1024
"""Connections that may wait to be accepted: a whole load test arrives at once."""


VERSIONS = frozenset({HTTP_1_1, "HTTP/1.0"})
BODY_LIMIT_BYTES = 1 << 20
STATUS_LINES = {status: f"{status.value} {status.phrase}" for status in HTTPStatus}
TOO_LARGE = Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
DRIPS = 20
"""In how many pieces an answer drips."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER, on, for no time: close(2) then sends a RST (tcp(7), socket(7))."""
READ = 1
"""libev's EV_READ."""


class Handler(WSGIHandler):  # type: ignore[misc]  # gevent is untyped
    """gevent's handler without WSGI, an access log or its layers between: one wait, recv and send for a request.

    A request that comes whole is answered here; what comes in pieces, chunked or malformed goes gevent's own way.
    """

    MessageClass = Headers
    close_connection: bool
    _delivery: Delivery | None = None

    def __init__(self, sock: Any, address: Any, server: SandboxServer) -> None:  # noqa: ANN401  # gevent is untyped
        self._readable = None if server.ssl_enabled else sock.hub.loop.io(sock.fileno(), READ)
        super().__init__(sock, address, server, rfile=Incoming(self._recv if self._readable else sock.recv))

    def handle(self) -> None:
        """One request after the other."""
        try:
            super().handle()
        finally:
            if self._readable is not None:
                self._readable.close()

    def handle_one_request(self) -> Any:  # noqa: ANN401  # gevent's
        """True when there may be another one."""
        try:
            request = self.rfile.whole()
        except OSError:  # the client is gone
            return None
        if request is None:
            return super().handle_one_request()
        self.command, self.request_version = request.method, HTTP_1_1
        self.close_connection = request.headers.get("connection", "").lower() == "close"
        self.response_length = 0
        try:
            self._respond(request)
        except Exception:  # noqa: BLE001  # as gevent's does: the traceback to standard error, 500 to the client
            self.handle_error(*sys.exc_info())
        return None if self.close_connection else True

    def log_request(self) -> None:
        """Nothing: formatting a line that nobody reads costs as much as a signature check."""

    def read_request(self, raw_requestline: str) -> bool:
        """The head of a request whose first line this is.

        Raises:
            ValueError: It is none.
        """
        words = raw_requestline.split()
        if len(words) != len(("method", "target", "version")) or words[2] not in VERSIONS:
            return bool(super().read_request(raw_requestline))
        self.command, self.path, self.request_version = words
        self.headers = headers = Headers(self.rfile)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            headers.pop("content-length", None)
        length = headers.get("content-length")
        if length is not None and (not length.isdecimal() or (length != "0" and self.command == "HEAD")):
            raise ValueError("this Content-Length cannot be")
        self.content_length = None if length is None else int(length)
        connection = headers.get("connection", "").lower()
        self.close_connection = connection == "close" if words[2] == HTTP_1_1 else connection != "keep-alive"
        return True

    def get_environ(self) -> dict[str, Any]:
        """No environment: the application takes a `Received`."""
        headers = self.headers
        is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        waiting = self.socket if headers.get("expect", "").lower() == "100-continue" else None
        self.wsgi_input = Input(self.rfile, self.content_length, socket=waiting, chunked_input=is_chunked)
        return {}

    def start_response(self, status: str, headers: Iterable[tuple[str, str]], _: object = None) -> None:
        """Remember the head of the answer; nothing of it needs checking."""
        self.status, self.code, self.response_headers = status, int(status[:3]), headers

    def run_application(self) -> None:
        """Answer a request that came gevent's way. A body that is none gets its client let go."""
        try:
            body = self.wsgi_input.read(BODY_LIMIT_BYTES + 1)
        except OSError:
            self._send_error_response_if_possible(HTTPStatus.BAD_REQUEST)
        else:
            self._respond(received(self.command, self.path, self.headers, body))

    def _respond(self, request: Received) -> None:
        """Answer a request, at once. A client that goes away in the middle is let go without a word here."""
        response = TOO_LARGE if len(request.body) > BODY_LIMIT_BYTES else self.server.application(request)
        self._delivery = response.delivery
        self.start_response(STATUS_LINES[response.status], response.headers)
        try:
            self._write_with_headers(response.body)
        except OSError:
            self._send_error_response_if_possible(HTTPStatus.BAD_REQUEST)

    def _recv(self, size: int) -> bytes:
        """Wait first: the next request is hardly ever there already, and asking in vain costs an exception."""
        self.socket.hub.wait(self._readable)
        data: bytes = self.socket.recv(size)
        return data

    def _write_with_headers(self, data: bytes) -> None:
        self.headers_sent = True
        lines = [f"HTTP/1.1 {self.status}", *[f"{name}: {value}" for name, value in self.response_headers]]
        lines.append(f"Date: {self.server.date()}")
        if self.code != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(data) + (self._delivery.excess_bytes if self._delivery else 0)}")
        if self.close_connection:
            lines.append("Connection: close")
        elif self.request_version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        data = head if self.command == "HEAD" else head + data
        if self._delivery:
            self._deliver(data, self._delivery)
            return
        sent = self.socket.send(data)  # mostly all of it; gevent's sendall is a loop with two more system calls
        self.response_length += sent
        if sent < len(data):
            self._sendall(data[sent:])

    def _deliver(self, data: bytes, delivery: Delivery) -> None:
        data = data[: int(len(data) * delivery.share)]
        step = max(1, -(-len(data) // DRIPS) if delivery.over_s else len(data))
        for start in range(0, len(data), step):
            if start:
                gevent.sleep(delivery.over_s / DRIPS)
            self._sendall(data[start : start + step])
        if delivery.is_reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.close_connection = self.close_connection or delivery.is_reset or delivery.excess_bytes > 0

    def _send_error_response_if_possible(self, error_code: int) -> None:
        self.close_connection = True
        self._delivery = None
        if not self.response_length:
            self.start_response(f"{int(error_code)} {HTTPStatus(error_code).phrase}", [])
            with suppress(OSError):  # whoever sent this may be gone
                self._write_with_headers(b"")


class SandboxServer(WSGIServer):  # type: ignore[misc]  # gevent is untyped
    """The server; not started yet, but bound.

    Args:
        answer: Answers a request.
        port: 0 for a free one.
        bind: The address or name to listen on.
        tls: Speaks TLS with this context.
        connected: Told about every TCP connection.
        wall: Gives the Date of answers.
    """

    def __init__(
        self,
        answer: Callable[[Received], Response],
        port: int,
        *,
        bind: str = LOOPBACK,
        tls: ssl.SSLContext | None = None,
        connected: Callable[[], None] = lambda: None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        options = {"ssl_context": tls} if tls else {}
        super().__init__(
            (bind, port),
            answer,
            backlog=BACKLOG,
            log=None,
            error_log=None,
            handler_class=Handler,
            **options,
        )
        self._bind = bind
        self._connected = connected
        self._wall = wall
        self._date = (0, "")

    def do_handle(self, client: Any, address: Any) -> None:  # noqa: ANN401  # gevent's socket
        """Every accepted connection comes by here before anything is read."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connected()
        super().do_handle(client, address)

    def wrap_socket_and_handle(self, client: Any, address: Any) -> None:  # noqa: ANN401  # gevent's socket
        """A client that does not trust the CA hangs up in the handshake: its choice, no traceback here."""
        try:
            super().wrap_socket_and_handle(client, address)
        except (ssl.SSLError, ConnectionError):
            client.close()

    def date(self) -> str:
        """Now, as HTTP writes it; made once a second."""
        second = int(self._wall())
        if second != self._date[0]:
            self._date = (second, format_date_time(second))
        return self._date[1]

    @property
    def url(self) -> str:
        """Where clients find it."""
        scheme = "https" if self.ssl_enabled else "http"
        return f"{scheme}://{self._bind}:{self.server_port}"
