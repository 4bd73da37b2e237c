"""What a connection has sent: whole requests, and for all that is not so simple, bytes for gevent's handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol
from urllib.parse import unquote

from harness.sandbox.http.exchange import Received

CHUNK_BYTES = 1 << 13
"""More than a request; a larger buffer costs more to make."""
MOST_HEADERS = 100
LONGEST_HEADER_BYTES = 1 << 16
HTTP_1_1 = "HTTP/1.1"
_LINES = 256
"""Most lines of a head are the same in every request of a client."""
UNUSUAL = frozenset({"transfer-encoding", "expect"})
"""Headers with which a body does not simply follow."""


class Source(Protocol):
    """What a head is read from."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, fewer at the end."""

    def readline(self, size: int, /) -> bytes:
        """Up to the next line feed, or so many bytes."""


class Incoming:
    """A connection's bytes, as gevent's handler asks for them.

    One recv for a request, and nothing in between: the layers of a socket's own file cost as much as reading the head.

    Args:
        recv: Waits for bytes, at most so many; b"" at the end.
    """

    closed = False

    def __init__(self, recv: Callable[[int], bytes]) -> None:
        self._recv = recv
        self._data = b""

    def whole(self) -> Received | None:
        """The next request, where it came in one piece and is as plain as nearly all are; else nothing is taken.

        Raises:
            OSError: The client is gone.
        """
        data = self._data = self._data or self._recv(CHUNK_BYTES)
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != len(("method", "target", "version")) or words[2] != HTTP_1_1 or words[0] == "HEAD":
            return None
        try:
            headers = fields(lines)
        except ValueError:
            return None  # gevent's handler comes to the same, and answers
        length = headers.get("content-length", "0")
        if not UNUSUAL.isdisjoint(headers) or not length.isdecimal():
            return None
        end += 4
        whole = end + int(length)
        if len(data) < whole:
            return None
        self._data = data[whole:]
        return received(words[0], words[1], headers, data[end:whole])

    def read(self, size: int, /) -> bytes:
        """See Source."""
        while len(self._data) < size and self._has_more():
            pass
        return self._take(size)

    def readline(self, size: int, /) -> bytes:
        """See Source."""
        while (end := self._data.find(b"\n", 0, size)) < 0 and len(self._data) < size and self._has_more():
            pass
        return self._take(end + 1 if end >= 0 else size)

    def close(self) -> None:
        """Nothing more is read."""
        self.closed = True

    def _has_more(self) -> bool:
        more = self._recv(CHUNK_BYTES)
        self._data += more
        return bool(more)

    def _take(self, size: int) -> bytes:
        taken, self._data = self._data[:size], self._data[size:]
        return taken


class Headers(dict[str, str]):
    """A request's headers, as `fields` gives them.

    gevent's own class goes through the parser for e-mail, which is a sixth of what a login costs here.

    Raises:
        ValueError: They are none, too long or too many.
    """

    status = ""
    """No defect: those are raised. gevent's handler asks."""

    def __init__(self, file: Source, _: int = 0) -> None:
        super().__init__(fields(_lines(file)))


def received(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Received:
    """A request, its target taken apart."""
    path, _, query = target.partition("?")
    return Received(method, unquote(path), query, headers, body)


def fields(lines: list[str]) -> dict[str, str]:
    """The headers in these lines, names in lower case, repeated ones joined by a comma.

    Raises:
        ValueError: They are none, or too many.
    """
    if len(lines) > MOST_HEADERS:
        raise ValueError(f"more than {MOST_HEADERS} headers")
    found: dict[str, str] = {}
    for line in lines:
        name, value = _field(line)
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


@lru_cache(maxsize=_LINES)
def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or name != name.strip() or "\n" in line:
        raise ValueError("a header is malformed")
    return name.lower(), value.strip()


def _lines(file: Source) -> list[str]:
    lines: list[str] = []
    while (line := file.readline(LONGEST_HEADER_BYTES)) not in (b"\r\n", b"\n"):
        if not line.endswith(b"\n") or len(lines) == MOST_HEADERS:
            raise ValueError("a header is too long, or there are too many")
        lines.append(line.decode("latin-1").rstrip("\r\n"))
    return lines
