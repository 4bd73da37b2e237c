"""What a connection has sent: bytes for gevent's handler, and the head of a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

CHUNK_BYTES = 1 << 16
MOST_HEADERS = 100
LONGEST_HEADER_BYTES = 1 << 16


class Source(Protocol):
    """What a head is read from."""

    def peek(self, size: int = 0, /) -> bytes:
        """What is here already, or what comes next; b"" at the end."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, fewer at the end."""

    def readline(self, size: int, /) -> bytes:
        """Up to the next line feed, or so many bytes."""


class Incoming:
    """A connection's bytes, as gevent's handler asks for them.

    One recv for a request, and nothing in between: the layers of a socket's own file cost as much as reading the head.

    Args:
        sock: gevent's socket.
    """

    closed = False

    def __init__(self, sock: Any) -> None:  # noqa: ANN401  # gevent is untyped
        self._recv = sock.recv
        self._data = b""

    def peek(self, _: int = 0, /) -> bytes:
        """See Source."""
        if not self._data:
            self._data = self._recv(CHUNK_BYTES)
        return self._data

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
    """A request's headers, names in lower case, repeated ones joined by a comma.

    gevent's own class goes through the parser for e-mail, which is a sixth of what a login costs here.

    Raises:
        ValueError: They are none, too long or too many.
    """

    status = ""
    """No defect: those are raised. gevent's handler asks."""

    def __init__(self, file: Source, _: int = 0) -> None:
        super().__init__()
        for number, line in enumerate(_lines(file)):
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise ValueError("a header is malformed or too long")
            if number == MOST_HEADERS:
                raise ValueError(f"more than {MOST_HEADERS} headers")
            name, value = name.lower(), value.strip()
            self[name] = f"{self[name]},{value}" if name in self else value


def _lines(file: Source) -> Iterable[str]:
    """The lines of a head; all at once where it came whole, as it mostly does."""
    buffered = file.peek()
    end = buffered.find(b"\r\n\r\n")
    has_bare_ends = buffered.count(b"\n", 0, end) != buffered.count(b"\r\n", 0, end)
    if end < 0 or has_bare_ends or buffered.startswith(b"\r\n"):
        return _lines_one_by_one(file)
    return file.read(end + 4)[:end].decode("latin-1").split("\r\n")


def _lines_one_by_one(file: Source) -> Iterator[str]:
    while (line := file.readline(LONGEST_HEADER_BYTES)) not in (b"\r\n", b"\n"):
        if not line.endswith(b"\n"):
            raise ValueError("a header is malformed or too long")
        yield line.decode("latin-1")
