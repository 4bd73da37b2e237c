"""A site whose answers a test writes byte by byte, and the two sessions that are held against each other."""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import gevent.server
import gevent.socket
import pytest
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from harness.load.http import DirectSession
from tests.transport.conftest import authority, serve, stranger  # noqa: F401  # fixtures, for tests here

Session = FastHttpSession
Answer = bytes | Callable[[Any], Any]


def answer(body: bytes = b"body", status: str = "200 OK", **fields: str) -> bytes:
    """An answer with a Content-Length; `fields` are named as `Set_Cookie`."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


def redirect(to: str, status: str = "302 Found", **fields: str) -> bytes:
    return answer(b"", status, Location=to, **fields)


class Site:
    """Answers by path: bytes, or a function that is handed the socket and says whether it may be used again.

    Knows all that it was sent.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[bytes] = []
        self.connections = 0
        options = {"ssl_context": context} if context else {}
        self._server = gevent.server.StreamServer(("127.0.0.1", 0), self._serve, **options)
        self._server.start()
        self.port: int = self._server.server_port
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [request.split(b" ")[1].decode() for request in self.requests]

    def field(self, name: str, number: int = -1) -> str | None:
        """A header field of a request."""
        found = re.search(rf"\r\n{name}: ([^\r]*)".encode(), self.requests[number], re.IGNORECASE)
        return found[1].decode() if found else None

    def body(self, number: int = -1) -> bytes:
        return self.requests[number].partition(b"\r\n\r\n")[2]

    def stop(self) -> None:
        self._server.stop(timeout=0)

    def _serve(self, sock: Any, _address: object) -> None:
        self.connections += 1
        sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):  # the client closed, as some tests mean it to
            while request := self._read(sock):
                self.requests.append(request)
                path = request.split(b" ")[1].decode().partition("?")[0]
                reply = self.answers.get(path, answer())
                if not isinstance(reply, bytes):
                    if reply(sock):
                        continue
                    return
                sock.sendall(reply)
                if b"\r\nConnection: close" in reply:
                    return

    def _read(self, sock: Any) -> bytes:
        data = b""
        while not (end := re.search(rb"\r\n\r\n", data)):
            more = sock.recv(65536)
            if not more:
                return b""
            data += more
        length = re.search(rb"\r\ncontent-length: (\d+)", data, re.IGNORECASE)
        while length and len(data) < end.end() + int(length[1]):
            data += sock.recv(65536)
        while b"ransfer-Encoding: chunked" in data and not data.endswith(b"0\r\n\r\n"):
            data += sock.recv(65536)
        return data


def pieces(*parts: bytes, pause_s: float = 0.01) -> Callable[[Any], bool]:
    """An answer that comes bit by bit."""

    def script(sock: Any) -> bool:
        for part in parts:
            sock.sendall(part)
            gevent.sleep(pause_s)
        return True

    return script


def closing(*parts: bytes) -> Callable[[Any], bool]:
    """The beginning of an answer, and the end of the connection."""
    return lambda sock: not pieces(*parts)(sock)


def silent(*parts: bytes) -> Callable[[Any], bool]:
    """The beginning of an answer, and nothing more until the client leaves."""
    return lambda sock: bool(pieces(*parts)(sock) and sock.recv(1))


def endless(head: bytes, part: bytes, pause_s: float = 0.0) -> Callable[[Any], bool]:
    """The beginning of an answer, and one part after the other until the client leaves."""

    def script(sock: Any) -> bool:
        sock.sendall(head)
        while True:
            sock.sendall(part)
            gevent.sleep(pause_s)

    return script


class Record:
    """What Locust's request event was told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.hook = EventHook()
        self.hook.add_listener(self._keep)

    def _keep(self, **facts: Any) -> None:
        self.events.append(facts)

    @property
    def errors(self) -> list[str | None]:
        """As Locust's table of failures shows them."""
        return [None if event["exception"] is None else repr(event["exception"]) for event in self.events]


class Opened:
    """Makes sessions of one kind."""

    def __init__(self, kind: type[FastHttpSession], record: Record) -> None:
        self.kind = kind
        self.record = record
        self.options: dict[str, Any] = {}
        """For all of them."""

    def __call__(self, site: Site | str, **options: Any) -> FastHttpSession:
        url = site if isinstance(site, str) else site.url
        options = (
            {"network_timeout": 5.0, "connection_timeout": 5.0, "max_redirects": 30, "max_retries": 0}
            | self.options
            | options
        )
        return self.kind(url, self.record.hook, options.pop("user", None), **({"concurrency": 10} | options))


@pytest.fixture(params=[FastHttpSession, DirectSession], ids=["Locust", "direct"])
def kind(request: pytest.FixtureRequest) -> type[FastHttpSession]:
    """Every test that asks for this holds for Locust's own session, too: it says what that one does."""
    cls: type[FastHttpSession] = request.param
    return cls


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def opened(kind: type[FastHttpSession], record: Record) -> Opened:
    return Opened(kind, record)


@pytest.fixture
def direct(record: Record) -> Opened:
    """Sessions of ours alone."""
    return Opened(DirectSession, record)


@pytest.fixture
def sites() -> Iterator[Callable[..., Site]]:
    """Starts sites."""
    started: list[Site] = []

    def start(context: ssl.SSLContext | None = None) -> Site:
        started.append(Site(context))
        return started[-1]

    yield start
    for site in started:
        site.stop()


@pytest.fixture
def site(sites: Callable[..., Site]) -> Site:
    return sites()
