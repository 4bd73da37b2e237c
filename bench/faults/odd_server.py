"""An API that answers as no API should, each path in a way of its own, and counts who asked."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

CHUNK: Final = b"x" * 65_536
_END_OF_HEAD: Final = b"\r\n\r\n"


def _endless(begin: bytes, more: bytes) -> Callable[[socket.socket], None]:
    def answer(peer: socket.socket) -> None:
        peer.sendall(begin)
        while True:
            peer.sendall(more)

    return answer


def _once(whole: bytes) -> Callable[[socket.socket], None]:
    return lambda peer: peer.sendall(whole)


ANSWERS: Final[Mapping[str, Callable[[socket.socket], None]]] = {
    "/location": _once(b"HTTP/1.1 302 Found\r\nLocation: http://\r\nContent-Length: 0\r\n\r\n"),
    "/no-http": _once(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n"),
    "/endless-head": _endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 1_000 + b"\r\n"),
    "/endless-body": _endless(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", CHUNK),
    "/endless-chunks": _endless(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + CHUNK + b"\r\n"
    ),
    "/huge-length": _endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", CHUNK),
}
"""By path. The connection is closed after an answer that has an end."""


class OddServer:
    """Listens on a free port of 127.0.0.1 until it is closed."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.arrived: Counter[str] = Counter()
        """Requests by method and path."""
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with suppress(OSError), peer:
            peer.settimeout(30)
            head = b""
            while _END_OF_HEAD not in head:
                received = peer.recv(65_536)
                if not received:
                    return
                head += received
            method, path, _ = head.decode("latin-1").split(" ", 2)
            self.arrived[f"{method} {path}"] += 1
            ANSWERS[path](peer)
