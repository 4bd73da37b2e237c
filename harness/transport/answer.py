"""Bytes become an answer (RFC 9112).

Two readers of the same language. `simple_frame` knows the answer that nearly every server gives: a whole head, its
body's length in Content-Length. Whatever is not exactly that goes to `AnswerParser`, on llhttp, which knows all of it:
chunks, interim answers, bodies that end with the connection. A property test holds the two against each other.
The first costs a third of the second, whose binding calls back for every header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from geventhttpclient._parser import HTTPParseError, HTTPResponseParser

from harness.errors import ProtocolError

MAX_HEAD_BYTES: Final = 65536
"""Far above what servers send (nginx's own limit for what it reads is 8 KiB a line)."""
NOT_HTTP: Final = "the answer is not HTTP"
CUT_SHORT: Final = "closed in the middle of the answer"

# Plain numbers: on Python 3.11 looking up a member of HTTPStatus costs as much as the rest of a line.
FIRST_FINAL: Final = int(HTTPStatus.OK)
BODILESS: Final = frozenset({int(HTTPStatus.NO_CONTENT), int(HTTPStatus.NOT_MODIFIED)})
STATUS_START: Final = len("HTTP/1.1 ")
STATUS_END: Final = STATUS_START + 3

_framing: Final = re.compile(
    rb"""\r\n (?: content-length: [ \t]* (\d{1,15}) [ \t]* (?=\r)
           |  connection: [ \t]* keep-alive [ \t]* (?=\r)
           |  ( content-length: | transfer-encoding: | connection: ) )""",
    re.IGNORECASE | re.VERBOSE,
).findall
"""Every field that says where the body ends: (digits, "") for a length, ("", name) for what is not simple."""


class Headers(Mapping[str, str]):
    """The fields of an answer by lower-case name; looked at only when somebody asks.

    A field that came several times is joined by `, ` (RFC 9110, section 5.3).

    Args:
        lines: The head from behind the status code: the first line is the reason phrase.
    """

    __slots__ = ("_fields", "_lines")

    def __init__(self, lines: bytes) -> None:
        self._lines = lines
        self._fields: dict[str, str] | None = None

    @classmethod
    def of(cls, pairs: list[tuple[str, str]]) -> Headers:
        """The fields that a parser has taken apart already."""
        headers = cls(b"")
        headers._fields = _joined(pairs)
        return headers

    def __getitem__(self, name: str) -> str:
        fields = self._fields
        if fields is None:
            lines = self._lines.decode("latin-1").split("\r\n")[1:-1]
            parted = (line.partition(":") for line in lines)
            fields = self._fields = _joined([(name, value.strip(" \t")) for name, _, value in parted])
        return fields[name]

    def __iter__(self) -> Iterator[str]:
        self.get("")
        return iter(self._fields or ())

    def __len__(self) -> int:
        self.get("")
        return len(self._fields or ())

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"  # names only: a Set-Cookie is a secret


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for spelled, value in pairs:
        name = spelled.lower()
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


@dataclass(slots=True, eq=False)
class Answer:
    """One complete HTTP answer and its times.

    Not frozen: it is made once per exchange, and freezing triples the price of making it.
    """

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    """As it came: chunks joined, a content coding left as it is."""
    started_ns: int
    """`time.perf_counter_ns` just before the connect, or before the send where none was needed."""
    connect_ns: int
    """TCP, proxy and TLS together, name resolution included; 0 on a reused connection."""
    first_byte_ns: int
    """From the start to the first bytes of the answer."""
    total_ns: int
    """From the start until the last byte had come."""
    reused: bool
    """Whether the connection was there already."""
    tls_ns: int = 0
    """The TLS handshake, a part of `connect_ns`; 0 on a reused connection and without TLS."""
    unread_ns: int = 0
    """How long the last byte had lain there before it was read; in none of the times above."""

    def __repr__(self) -> str:
        # Bodies hold tokens.
        return f"Answer(status={self.status}, body=<{len(self.body)} bytes>, total_ns={self.total_ns})"


def simple_frame(data: bytes) -> tuple[int, bytes, int, int] | None:
    """The frame of an answer on a kept connection whose whole head is in `data` and says how long the body is.

    Returns:
        Status, header lines for `Headers`, and where the body starts and ends; None when this is not that case. A
        plain tuple, because it is made and taken apart once per exchange.
    """
    head_end = data.find(b"\r\n\r\n")
    if head_end < 0 or not data.startswith(b"HTTP/1.1 "):
        return None
    length = b""
    for digits, other in _framing(data, STATUS_END, head_end + 2):
        if other or (digits and length):
            return None
        length = length or digits
    code = data[STATUS_START:STATUS_END]
    if not length or not code.isdigit() or data[STATUS_END] not in b" \r":
        return None
    status = int(code)
    if status < FIRST_FINAL or status in BODILESS:
        return None
    start = head_end + 4
    return status, data[STATUS_END : head_end + 2], start, start + int(length)


class AnswerParser(HTTPResponseParser):
    """Reads one answer of whatever shape.

    Args:
        is_head: Whether the request was a HEAD, whose answer ends with its head.
        max_body_bytes: A longer body is a ProtocolError.
    """

    def __init__(self, *, is_head: bool, max_body_bytes: int) -> None:
        super().__init__()
        self.is_complete = False
        self._is_head = is_head
        self._max_body_bytes = max_body_bytes
        self._has_head = self._has_surplus = False
        self._received = 0
        self._names: list[str] = []
        self._values: list[str] = []
        self._body = bytearray()

    @property
    def is_kept(self) -> bool:
        """Whether the connection may be used again: the server agrees, and sent not a byte too many."""
        return self.is_complete and not self._has_surplus and self.should_keep_alive()

    @property
    def headers(self) -> Headers:
        """The final answer's fields."""
        return Headers.of([(name, value.strip(" \t")) for name, value in zip(self._names, self._values, strict=True)])

    @property
    def body(self) -> bytes:
        """The body, chunks joined."""
        return bytes(self._body)

    def take(self, data: bytes) -> None:
        """Read on; b"" says that the connection ended.

        Raises:
            ProtocolError: No HTTP answer, cut short, or too long.
        """
        self._received += len(data)
        try:
            self.feed(data)
        except HTTPParseError as error:
            if self.is_complete:
                self._has_surplus = True
            elif data:
                raise ProtocolError(NOT_HTTP, sent=True) from error
            else:
                raise ProtocolError(CUT_SHORT, sent=True) from error
        if not self._has_head and self._received > MAX_HEAD_BYTES:
            raise ProtocolError(f"the answer's head is longer than {MAX_HEAD_BYTES} bytes", sent=True)

    # What follows is called by llhttp; a true result stops it.

    def _on_message_begin(self) -> bool:
        return self.is_complete

    def _on_status(self, _text: str) -> None:
        """The reason phrase means nothing (RFC 9112, section 4)."""

    def _on_header_field(self, part: str) -> None:
        if self._has_head:  # a trailer
            return
        if len(self._names) == len(self._values):
            self._names.append(part)
        else:  # the rest of a name that was cut in two
            self._names[-1] += part

    def _on_header_value(self, part: str) -> None:
        if self._has_head:
            return
        if len(self._values) < len(self._names):
            self._values.append(part)
        else:
            self._values[-1] += part

    def _on_headers_complete(self) -> bool:
        """Whether llhttp is to skip the body."""
        self._has_head = self.get_code() >= FIRST_FINAL
        return self._is_head

    def _on_body(self, part: bytearray) -> None:
        self._body += part
        if len(self._body) > self._max_body_bytes:
            raise too_long(self._max_body_bytes)

    def _on_message_complete(self) -> None:
        self.is_complete = self._has_head
        if not self.is_complete:  # an interim answer; the final one follows
            self._names.clear()
            self._values.clear()


def too_long(max_body_bytes: int) -> ProtocolError:
    """The answer's body exceeds the limit."""
    return ProtocolError(
        f"the answer is longer than {max_body_bytes} bytes", "Is this endpoint what you think it is?", sent=True
    )
