"""A server that does what a test's script says, on a real socket, in the test's own event loop."""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import gevent.event
import gevent.server
import gevent.socket
import gevent.ssl
import pytest
import trustme

from harness.transport import Channel, Endpoint, tls_context

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nbody"


class Server:
    """Runs `script` for every connection, and keeps what it saw."""

    def __init__(self, script: Callable[[Server, Any], None], context: ssl.SSLContext | None, host: str) -> None:
        self.requests: list[bytes] = []
        self.sockets: list[Any] = []
        self.was_asked = gevent.event.Event()
        self.was_left = gevent.event.Event()
        self._script = script
        options = {"ssl_context": context} if context else {}
        self._server = gevent.server.StreamServer((host, 0), self._handle, **options)
        self._server.start()
        self.port: int = self._server.server_port

    def _handle(self, sock: Any, _address: object) -> None:
        sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        self.sockets.append(sock)
        with contextlib.suppress(OSError):  # the client closed, as some tests mean it to
            self._script(self, sock)

    def read(self, sock: Any) -> bytes:
        """One request, head and body; b"" when the client closed."""
        data = b""
        while not (match := re.search(rb"\r\n\r\n", data)):
            try:
                more = sock.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                self.was_left.set()
                return b""
            data += more
        length = re.search(rb"Content-Length: (\d+)", data)
        while length and len(data) < match.end() + int(length[1]):
            data += sock.recv(65536)
        self.requests.append(data)
        self.was_asked.set()
        return data

    def stop(self) -> None:
        self._server.stop(timeout=0)


def chunked(*chunks: bytes) -> bytes:
    """An answer in chunks."""
    coded = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + coded + b"0\r\n\r\n"


def silent(server: Server, sock: Any) -> None:
    """A script: reads a request, and says nothing until the client leaves."""
    server.read(sock)
    server.read(sock)


def mute(_server: Server, _sock: Any) -> None:
    """A script: takes the connection, and not a byte from it."""
    gevent.sleep(5)


def answering(*answers: bytes) -> Callable[[Server, Any], None]:
    """A script: one answer per request of a connection, the last one again and again."""

    def script(server: Server, sock: Any) -> None:
        for number in range(10_000):
            if not server.read(sock):
                return
            sock.sendall(answers[min(number, len(answers) - 1)])

    return script


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start a server: `serve(script)`."""
    servers: list[Server] = []

    def start(
        script: Callable[[Server, Any], None], context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> Server:
        servers.append(Server(script, context, host))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def channel_to() -> Iterator[Callable[..., Channel]]:
    """A channel to a server: `channel_to(server)`, with the channel's own options."""
    channels: list[Channel] = []

    def connect(server: Server, scheme: str = "http", host: str = "127.0.0.1", **options: Any) -> Channel:
        options = {"tls": None, "read_timeout_s": 5, "connect_timeout_s": 5} | options
        channels.append(Channel(Endpoint.parse(f"{scheme}://{host}:{server.port}/"), **options))
        return channels[-1]

    yield connect
    for channel in channels:
        channel.close()


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.bundle = str(folder / "ca.pem")
        self._ca.cert_pem.write_to_path(self.bundle)
        self.trust = tls_context(self.bundle)

    def server_context(self, *names: str) -> ssl.SSLContext:
        context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))
