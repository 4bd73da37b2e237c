"""Answers, as Locust's response classes read them.

Nearly every answer is of one of three kinds: its body has a known length, or it came in chunks with the head, or it
has none. Such a one is a `WholeAnswer`, which is little more than its bytes. All others (streams, interim answers,
bodies that end with the connection, and whatever is broken) are read by the class that FastHttpUser reads all of its
answers with, within limits (`ParsedAnswer`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPParseError, HTTPSocketPoolResponse

from harness.load.http.connections import Connections, Wire
from harness.load.http.limits import MAX_HEAD_BYTES, AnswerTooLargeError, too_large
from harness.transport.answer import BODILESS, FIRST_FINAL, STATUS_END, STATUS_START, simple_frame
from harness.transport.link import NEVER_NS, Link
from harness.transport.tls import TlsLink

INCOMPLETE: Final = "Incomplete response."
"""geventhttpclient's words for a body that broke off."""
_content_type: Final = re.compile(rb"\r\ncontent-type:[ \t]*([^\r]*)", re.IGNORECASE).search
_framing: Final = re.compile(
    rb"\r\n(content-length|transfer-encoding|connection):[ \t]*([^\r]*?)[ \t]*(?=\r)", re.IGNORECASE
).findall
_SET_COOKIE: Final = b"set-cookie:"
CHUNKED: Final = (b"transfer-encoding", b"chunked")
KEPT: Final = (b"connection", b"keep-alive")
LONGEST_LENGTH: Final = 15
"""Digits of a Content-Length."""
_is_size: Final = re.compile(rb"[0-9A-Fa-f]{1,8}").fullmatch


class WholeAnswer:
    """An answer that has been read to its end; the part of geventhttpclient's response that Locust's is made of.

    Args:
        status: The status code.
        lines: The head from behind the status code: the first line is the reason phrase.
        body: As it came, a content coding left as it is.
        failure: What broke the body off; raised by whoever reads it first.
    """

    __slots__ = ("_body", "_headers", "_lines", "content", "failure", "has_cookies", "status_code")

    message_complete = True
    version = "HTTP/1.1"

    def __init__(self, status: int, lines: bytes, body: bytes, failure: Exception | None = None) -> None:
        self.status_code = status
        self._lines = lines
        self._headers: Headers | None = None
        self.failure = failure
        """What will be raised by whoever reads the body first."""
        lower = lines.lower()
        self.has_cookies = b"\r\nset-cookie:" in lower
        """Whether there is a Set-Cookie field."""
        self.content: bytes | None = None
        """The body, where it came in no content coding; it counts as read."""
        self._body = b""
        if failure is not None or b"\r\ncontent-encoding:" in lower:
            self._body = body
        else:
            self.content = body

    def get_code(self) -> int:
        """The status code."""
        return self.status_code

    @property
    def status_message(self) -> str:
        """The reason phrase."""
        return self._lines[: self._lines.index(b"\r\n")].decode("latin-1").strip()

    @property
    def _headers_index(self) -> Headers:
        if self._headers is None:
            headers = Headers()
            for line in self._lines.decode("latin-1").split("\r\n")[1:-1]:
                name, _, value = line.partition(":")
                headers.add(name, value.strip(" \t"))
            self._headers = headers
        return self._headers

    def info(self) -> Headers:
        """The header fields."""
        return self._headers_index

    @property
    def content_type(self) -> str | None:
        """The Content-Type field, found without taking all others apart."""
        found = _content_type(self._lines)
        return found[1].decode("latin-1").strip() if found else None

    @property
    def cookie_lines(self) -> list[str]:
        """The Set-Cookie fields."""
        start = len(_SET_COOKIE)
        return [
            line[start:].decode("latin-1") for line in self._lines.split(b"\r\n") if line[:start].lower() == _SET_COOKIE
        ]

    @property
    def length(self) -> int | None:
        """Content-Length; None for chunks."""
        value = self._headers_index.get("content-length")
        return int(value) if isinstance(value, str) else None

    @property
    def size(self) -> int:
        """How many bytes of the body are held."""
        return len(self._body if self.content is None else self.content)

    def read(self, length: int | None = None) -> bytes:
        """What has not been read yet, or the next `length` bytes of it.

        Raises:
            OSError, HTTPParseError: Why the body broke off; once.
        """
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        body = self._body
        part = body if length is None else body[:length]
        self._body = body[len(part) :]
        return part

    def readline(self, sep: bytes = b"\r\n") -> bytes:
        """The next line with its end; b"" when there is none."""
        end = self._body.find(sep)
        return b"" if end < 0 else self.read(end + len(sep))

    def __iter__(self) -> Iterator[bytes]:
        body = self.read()
        if body:
            yield body

    def release(self) -> None:
        """Nothing is held."""


class ParsedAnswer(HTTPSocketPoolResponse):
    """An answer of whatever shape, as geventhttpclient's own class reads it, but no more than the limits.

    Args:
        wire: What is left of it comes from here.
        pool: Gets the wire back.
        method: What it answers.
        pre_buffered: What has come.
        max_body_bytes: How much of a body may wait to be read.
    """

    def __init__(self, wire: Wire, pool: Connections, *, method: str, pre_buffered: bytes, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._head_bytes = 0
        self._has_head = False
        connections: Any = pool  # it has the two methods that are called
        super().__init__(wire, connections, method=method, pre_buffered=pre_buffered)

    def feed(self, data: str | bytes) -> None:
        """Read on.

        Raises:
            HTTPParseError: No HTTP, or more of it than the limits allow.
        """
        try:
            super().feed(data)
        except HTTPParseError:
            if not (self._has_head and self.message_complete):
                raise
            # More than belongs to the answer, which is whole. What comes next on this connection cannot be trusted.
            self._trailing_data_dropped = True
        if not self._has_head:
            self._count(len(data))
        elif self.message_complete:
            self.release()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise AnswerTooLargeError(f"the head is larger than {MAX_HEAD_BYTES // 1024} KiB")

    # What follows is called by llhttp.

    def _on_message_begin(self) -> None:
        if self._has_head:  # before the parser forgets the first
            raise HTTPParseError("more than one answer")
        super()._on_message_begin()

    def _on_headers_complete(self) -> int | bool | None:
        result: int | bool | None = super()._on_headers_complete()
        self._has_head = self.get_code() >= FIRST_FINAL
        return result

    def _on_header_field(self, string: str) -> None:
        super()._on_header_field(string)
        if self._has_head:  # a trailer
            self._count(len(string))

    def _on_header_value(self, string: str) -> None:
        super()._on_header_value(string)
        if self._has_head:
            self._count(len(string))

    def _on_body(self, buf: bytearray) -> None:
        super()._on_body(buf)
        if len(self._body_buffer) > self._max_body_bytes:
            self._body_buffer.clear()
            raise too_large(self._max_body_bytes)

    def _on_message_complete(self) -> None:
        # The connection is not free yet: there may be more than belongs here, and this may be an interim answer.
        self.message_complete = True


def read_answer(  # an answer, and its limits
    connections: Connections,
    link: Link | TlsLink,
    data: bytes,
    method: str,
    *,
    is_stream: bool,
    until_ns: int,
    max_body_bytes: int,
) -> WholeAnswer | HTTPSocketPoolResponse:
    """The answer that begins with `data`; the link is given back when it has been read to its end.

    Args:
        connections: What the link is of.
        link: Where the rest comes from.
        data: What has come.
        method: What it answers.
        is_stream: Whether the body is left to be read by whoever wants it.
        until_ns: When it must have ended, by `time.perf_counter_ns`; of a stream, its head.
        max_body_bytes: How long its body may be; of a stream, how much of it may wait to be read.

    Raises:
        HTTPParseError: No HTTP answer, cut short in its head, a head that is too long or did not end in time.
        OSError: The connection was lost in its head.
    """
    if not is_stream:
        frame = None if method == "HEAD" else simple_frame(data)
        if frame is not None:
            status, lines, start, end = frame
            if end - start > max_body_bytes:
                connections.drop(link)
                return WholeAnswer(status, lines, b"", too_large(max_body_bytes))
            if end == len(data):
                connections.keep(link)
                return WholeAnswer(status, lines, data[start:])
            if end > len(data):
                return _collect(connections, link, data, frame, until_ns)
        elif (whole := whole_frame(data, is_head=method == "HEAD")) is not None:
            connections.keep(link)
            return WholeAnswer(*whole)
    wire = Wire(link, until_ns)
    answer = ParsedAnswer(wire, connections, method=method, pre_buffered=data, max_body_bytes=max_body_bytes)
    if is_stream:
        wire.until_ns = NEVER_NS
    return answer


def whole_frame(data: bytes, *, is_head: bool) -> tuple[int, bytes, bytes] | None:
    """The frame of an answer without a body, or in chunks, that is whole, on a kept connection.

    Args:
        data: What has come.
        is_head: Whether it answers a HEAD, and so ends with its head.

    Returns:
        Status, header lines for `WholeAnswer`, and the body; None when this is not that case.
    """
    head_end = data.find(b"\r\n\r\n")
    code = data[STATUS_START:STATUS_END]
    if head_end < 0 or not data.startswith(b"HTTP/1.1 ") or not code.isdigit() or data[STATUS_END] not in b" \r":
        return None
    status = int(code)
    said = [(name.lower(), value.lower()) for name, value in _framing(data, STATUS_END, head_end + 2)]
    if KEPT in said:
        said.remove(KEPT)
    body: bytes | None = None
    if status < FIRST_FINAL:
        pass
    elif not is_head and status not in BODILESS:
        if said == [CHUNKED]:
            body = _unchunked(data, head_end + 4)
    elif head_end + 4 == len(data) and (not said or (len(said) == 1 and _is_length(*said))):
        body = b""
    return None if body is None else (status, data[STATUS_END : head_end + 2], body)


def _unchunked(data: bytes, at: int) -> bytes | None:
    """The body whose chunks begin at `at` and end with the data; None when it is not quite like that."""
    parts: list[bytes] = []
    while (line_end := data.find(b"\r\n", at)) >= 0:
        size = data[at:line_end]
        if not _is_size(size):  # a chunk extension, a trailer, or nonsense
            return None
        start = line_end + 2
        at = start + int(size, 16)
        if at == start:
            return b"".join(parts) if line_end + 4 == len(data) else None
        if data[at : at + 2] != b"\r\n":
            return None
        parts.append(data[start:at])
        at += 2
    return None


def _is_length(field: tuple[bytes, bytes]) -> bool:
    return field[0] == b"content-length" and field[1].isdigit() and len(field[1]) <= LONGEST_LENGTH


def _collect(
    connections: Connections, link: Link | TlsLink, data: bytes, frame: tuple[int, bytes, int, int], until_ns: int
) -> WholeAnswer | HTTPSocketPoolResponse:
    """The answer whose body has only begun."""
    status, lines, start, end = frame
    parts, missing = [data[start:]], end - len(data)
    wire = Wire(link, until_ns)
    failure: Exception | None = None
    try:
        while missing > 0:
            data = wire.recv(missing)
            if not data:
                raise HTTPParseError(INCOMPLETE)  # noqa: TRY301  # a failure like those of the connection
            parts.append(data)
            missing -= len(data)
    except (OSError, HTTPParseError) as error:
        failure = error
    except BaseException:
        connections.drop(link)
        raise
    body = b"".join(parts)
    if failure is None and missing == 0:
        connections.keep(link)
    else:
        connections.drop(link)
    return WholeAnswer(status, lines, body[: end - start], failure)
