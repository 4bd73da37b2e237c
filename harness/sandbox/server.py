"""One HTTP server on the loopback interface: gevent's, without what a test double has no use for."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

from gevent.pywsgi import WSGIHandler, WSGIServer

LOOPBACK = "127.0.0.1"
BACKLOG = 1024
"""Connections that may wait to be accepted: a whole load test arrives at once."""


class Handler(WSGIHandler):  # type: ignore[misc]  # gevent is untyped
    """gevent's handler without an access log, and with one send per answer instead of two."""

    def log_request(self) -> None:
        """Nothing: formatting a line that nobody reads costs as much as a signature check."""

    def _write_with_headers(self, data: bytes) -> None:
        self.headers_sent = True
        self.finalize_headers()
        head = b"".join(b"%b: %b\r\n" % header for header in self.response_headers)
        self._sendall(b"HTTP/1.1 %b\r\n%b\r\n%b" % (self.status, head, data))


class SandboxServer(WSGIServer):  # type: ignore[misc]  # gevent is untyped
    """The server; not started yet, but bound.

    Args:
        application: A WSGI application.
        port: 0 for a free one.
        tls: Speaks TLS with this context.
        connected: Told about every TCP connection.
    """

    def __init__(
        self,
        application: Callable[..., Any],
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        connected: Callable[[], None],
    ) -> None:
        options = {"ssl_context": tls} if tls else {}
        super().__init__(
            (LOOPBACK, port),
            application,
            backlog=BACKLOG,
            log=None,
            error_log=None,
            handler_class=Handler,
            **options,
        )
        self._connected = connected

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

    @property
    def url(self) -> str:
        """Where clients find it."""
        scheme = "https" if self.ssl_enabled else "http"
        return f"{scheme}://{LOOPBACK}:{self.server_port}"
