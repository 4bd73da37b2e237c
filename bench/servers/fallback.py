"""The least of a server that does: where nginx is not installed, `python -m bench.servers.fallback PORT` answers."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from itertools import count

import gevent.socket
from gevent.server import StreamServer

from bench.canned import api_answer, login_answer
from bench.contest import Venue
from bench.servers.canned_server import COUNT_PATH, CannedServer, started

READ_BYTES = 65536


def start(venue: Venue) -> AbstractContextManager[CannedServer]:
    """The fallback server, in a process of its own, listening."""
    return started("fallback", venue)


class Fallback:
    """Answers whole requests, one after the other on each connection. Chunked bodies it does not know."""

    def __init__(self) -> None:
        self._requests = 0
        self._connections = count(1)
        self._accepted = 0
        self._login = response(login_answer(), "application/x-amz-json-1.1")
        self._orders = api_answer()
        self._api = response(self._orders, "application/json")

    def serve(self, connection: gevent.socket.socket, _address: object) -> None:
        """Until the other side closes."""
        connection.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        self._accepted = next(self._connections)
        received = b""
        while True:
            head, separator, rest = received.partition(b"\r\n\r\n")
            if separator and len(rest) >= (length := _content_length(head)):
                received = rest[length:]
                self._requests += 1
                connection.sendall(self._answer(head))
                continue
            more = connection.recv(READ_BYTES)
            if not more:
                return
            received += more

    def _answer(self, head: bytes) -> bytes:
        if head.startswith(b"POST / "):
            return self._login
        if head.startswith(b"GET %b " % COUNT_PATH.encode()):
            status = f"\n\n{self._accepted} {self._accepted} {self._requests}\n"
            return response(status, "text/plain")
        if head.startswith(b"GET /cookie "):
            cookie = f"lb={self._requests:032x}; Path=/; HttpOnly"
            return response(self._orders, "application/json", f"Set-Cookie: {cookie}\r\n")
        return self._api


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def response(body: str, content_type: str, more: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return (head + body).encode()


if __name__ == "__main__":
    StreamServer(("127.0.0.1", int(sys.argv[1])), Fallback().serve).serve_forever()
