"""Content codings undone (RFC 9110, section 8.4), into no more memory than was allowed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import brotli

from harness.load.http.limits import ContentCodingError, too_large

MOST_CODINGS: Final = 5
"""One over the other, as curl has it (MAX_ENCODE_STACK): each of them may grow a body a thousandfold."""


def decoded(body: bytes, codings: str, accepted: str, most: int) -> bytes:
    """The content of a body.

    A coding that is unknown here is left as it is when the request asked for it by name. An empty body, as an answer
    to HEAD has it, is empty in every coding.

    Args:
        body: As it came.
        codings: Content-Encoding.
        accepted: The request's Accept-Encoding.
        most: How many bytes may come out.

    Raises:
        ContentCodingError: Not in that coding, cut short, or a coding that was not asked for.
        AnswerTooLargeError: More than `most` bytes.
    """
    names = [name for name in (part.strip().lower() for part in codings.split(",")) if name not in _NONE]
    if len(names) > MOST_CODINGS:
        raise ContentCodingError(f"more than {MOST_CODINGS} content codings")
    for name in reversed(names):
        if not body:
            return body
        decode = _DECODERS.get(name)
        if decode is not None:
            body = decode(body, most)
        elif name in (part.partition(";")[0].strip().lower() for part in accepted.split(",")):
            return body
        else:
            raise ContentCodingError("a content coding that was not asked for")
    return body


def _gzip(body: bytes, most: int) -> bytes:
    """All members; what follows them and is none is ignored, as by zlib's users in general."""
    content = b""
    while True:
        member, body = _inflate(body, 16 + zlib.MAX_WBITS, "gzip", most - len(content))
        content = content + member if content else member
        if not body.startswith(b"\x1f\x8b"):
            return content


def _deflate(body: bytes, most: int) -> bytes:
    """In zlib's format, which the name means, or without, which some servers send."""
    is_zlib = body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0  # RFC 1950, section 2.2
    return _inflate(body, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS, "deflate", most)[0]


def _inflate(body: bytes, format_: int, name: str, most: int) -> tuple[bytes, bytes]:
    """What comes out, and what follows."""
    inflater = zlib.decompressobj(format_)
    try:
        content = inflater.decompress(body, most + 1)
    except zlib.error:
        raise ContentCodingError(f"the body is not {name}") from None
    if len(content) > most:
        raise too_large(most)
    if not inflater.eof:
        raise ContentCodingError(f"the body is not whole {name}")
    return content, inflater.unused_data


def _brotli(body: bytes, most: int) -> bytes:
    decoder = brotli.Decompressor()
    parts: list[bytes] = []
    left = most
    try:
        while not decoder.is_finished():
            part: bytes = decoder.process(body, output_buffer_limit=left + 1)
            body = b""
            parts.append(part)
            left -= len(part)
            if left < 0:
                raise too_large(most)
            if not part:
                raise ContentCodingError("the body is not whole br")
    except brotli.error:
        raise ContentCodingError("the body is not br") from None
    return b"".join(parts)


_NONE: Final = frozenset({"", "identity"})
_DECODERS: Final[Mapping[str, Callable[[bytes, int], bytes]]] = MappingProxyType(
    {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "br": _brotli}
)
