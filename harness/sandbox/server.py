"""One HTTP server, on loopback unless told otherwise: gevent's, without what a test double has no use for."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import unquote
from wsgiref.handlers import format_date_time

import gevent
from gevent.pywsgi import Input, WSGIHandler, WSGIServer

from harness.sandbox.exchange import Delivery
from harness.sandbox.options import LOOPBACK

BACKLOG = 1024
"""Connections that may wait to be accepted: a whole load test arrives at once."""


HEADERS = "sandbox.headers"
"""The environment's key for the request's headers."""
DELIVERY = "sandbox.delivery"
"""The environment's key for how the application wants its answer delivered, a `Delivery`."""
DRIPS = 20
"""In how many pieces an answer drips."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER, on, for no time: close(2) then sends a RST (tcp(7), socket(7))."""
MOST_HEADERS = 100
LONGEST_HEADER_BYTES = 1 << 16


class Headers(dict[str, str]):
    """A request's headers, names in lower case, repeated ones joined by a comma.

    Has what gevent's handler asks of its own class, which goes through the parser for e-mail and is a sixth of what a
    login costs here.
    """

    status = ""
    """No defect: those are raised."""

    def __init__(self, file: IO[bytes], _: int = 0) -> None:
        super().__init__()
        for number, line in enumerate(_lines(file)):
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise ValueError("a header is malformed or too long")
            if number == MOST_HEADERS:
                raise ValueError(f"more than {MOST_HEADERS} headers")
            name, value = name.lower(), value.strip()
            self[name] = f"{self[name]},{value}" if name in self else value

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  # as dict has it
        """The value of a header, however the name is written."""
        return super().get(name.lower(), default)


def _lines(file: IO[bytes]) -> Iterable[str]:
    """The lines of a head; all at once where it came whole, as it mostly does."""
    buffered: bytes = file.peek()  # type: ignore[attr-defined]  # a BufferedReader
    end = buffered.find(b"\r\n\r\n")
    has_bare_ends = buffered.count(b"\n", 0, end) != buffered.count(b"\r\n", 0, end)
    if end < 0 or has_bare_ends or buffered.startswith(b"\r\n"):
        return _lines_one_by_one(file)
    return file.read(end + 4)[:end].decode("latin-1").split("\r\n")


def _lines_one_by_one(file: IO[bytes]) -> Iterator[str]:
    while (line := file.readline(LONGEST_HEADER_BYTES)) not in (b"\r\n", b"\n"):
        if not line.endswith(b"\n"):
            raise ValueError("a header is malformed or too long")
        yield line.decode("latin-1")


class Handler(WSGIHandler):  # type: ignore[misc]  # gevent is untyped
    """gevent's handler without an access log, with a lean environment, and with one send per answer instead of two."""

    MessageClass = Headers
    close_connection: bool
    _delivery: Delivery | None = None

    def log_request(self) -> None:
        """Nothing: formatting a line that nobody reads costs as much as a signature check."""

    def get_environ(self) -> dict[str, Any]:
        """What the sandbox's application reads of a WSGI environment; headers are not renamed back and forth."""
        path, _, query = self.path.partition("?")
        is_chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        waiting = self.socket if self.headers.get("expect", "").lower() == "100-continue" else None
        self.wsgi_input = Input(self.rfile, self.content_length, socket=waiting, chunked_input=is_chunked)
        return {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "wsgi.input": self.wsgi_input,
            HEADERS: dict(self.headers),
        }

    def start_response(self, status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], None]:
        """Remember the head of the answer; the applications here are our own, so nothing of it needs checking."""
        self.status, self.code, self.response_headers = status, int(status[:3]), headers
        return self._write_with_headers

    def run_application(self) -> None:
        """Call the application, and send what it answers at once.

        A client that goes away in the middle, or sends a body that is none, is let go without a word here.
        """
        try:
            body = b"".join(self.application(self.environ, self.start_response))
            self._delivery = self.environ[DELIVERY]
            self._write_with_headers(body)
        except OSError:
            self._send_error_response_if_possible(HTTPStatus.BAD_REQUEST)

    def _write_with_headers(self, data: bytes) -> None:
        self.headers_sent = True
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in self.response_headers)]
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
        application: A WSGI application.
        port: 0 for a free one.
        bind: The address or name to listen on.
        tls: Speaks TLS with this context.
        connected: Told about every TCP connection.
        wall: Gives the Date of answers.
    """

    def __init__(
        self,
        application: Callable[..., Any],
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
            application,
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
