"""A request: what is sent, and what its response remembers of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from geventhttpclient.header import Headers
from locust.contrib.fasthttp import FastRequest

from harness.load.http.limits import invalid_location
from harness.load.http.location import LONGEST_REMEMBERED, Location, locate

Fields = dict[str, Any]
"""Header fields as geventhttpclient's Headers keeps them: lower-case name → (name as spelled, value), or a list of
such pairs for a field of several lines. A Headers is one; a plain dict of this shape costs a tenth of it."""

FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
BINARY: Final = "application/octet-stream"
_is_token: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
"""A method or a field name (RFC 9110, section 5.6.2)."""
_is_value: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch
"""A field's value (RFC 9110, section 5.5): no line break, which would begin another field, and latin-1."""
_MEANS_A_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods that say so when they have none (RFC 9110, section 8.6)."""


class UnusualRequestError(Exception):
    """A request that is left to Locust's own client."""


class Outgoing:
    """One request.

    Args:
        url: As the caller gave it, made absolute.
        method: In capitals.
        fields: All header fields but Host and Content-Length. The request's own from now on.
        payload: What the response shows as `request.payload`: text, bytes or nothing.
        location: Where it goes.
    """

    __slots__ = ("_request", "fields", "location", "method", "payload", "url")

    def __init__(self, url: str, method: str, fields: Fields, payload: str | bytes | None, location: Location) -> None:
        self.url = url
        self.method = method
        self.fields = fields
        self.payload = payload
        self.location = location
        self._request: FastRequest | None = None

    @property
    def request(self) -> FastRequest:
        """The request as Locust's users know it, made when somebody asks."""
        if self._request is None:
            self._request = self.copy()
            self.fields = self._request.headers
        return self._request

    def copy(self) -> FastRequest:
        """Another such request, which may be changed."""
        headers = Headers()
        dict.update(headers, self.fields)
        return FastRequest(self.url, method=self.method, headers=headers, payload=self.payload)

    def redirected(self, status: int, location: str) -> Outgoing:
        """The request that follows from a redirect, with the method, fields and body that are then right.

        Raises:
            ConnectionError: geventhttpclient's; a scheme that is not HTTP's.
            InvalidLocationError: An address that cannot be sent to. It is not told: it may hold a secret.
        """
        request = self.copy()
        try:
            request.redirect(status, location)
            target = locate(request.url) if len(request.url) <= LONGEST_REMEMBERED else locate.__wrapped__(request.url)
        except ValueError:
            target = None
        if target is None:
            raise invalid_location()
        return Outgoing(request.url, request.method, request.headers, request.payload, target)

    def __bytes__(self) -> bytes:
        """Head and body, as they are sent."""
        fields, location, payload = self.fields, self.location, self.payload
        lines = [f"{self.method} {location.target} HTTP/1.1\r\n"]
        for field in dict.values(fields):
            if type(field) is tuple:
                lines.append(f"{field[0]}: {field[1]}\r\n")
            else:
                lines += [f"{name}: {value}\r\n" for name, value in field]
        if "host" not in fields:
            lines.append(location.host_line)
        body = payload.encode() if isinstance(payload, str) else payload
        if "content-length" in fields:
            pass
        elif body:
            lines.append(f"Content-Length: {len(body)}\r\n")
        elif self.method in _MEANS_A_BODY:
            lines.append("Content-Length: 0\r\n")
        lines.append("\r\n")
        head = "".join(lines).encode("latin-1")
        return head + body if body else head


def with_fields(fields: Fields, more: Mapping[str, Any], sound: object = None) -> Fields:
    """The fields, which are changed, with more of them; a field that is there already is replaced, in its place.

    Args:
        fields: Some.
        more: Others, by name in any case.
        sound: A value, this very object, that has been looked at before: a token has a thousand characters.

    Raises:
        ValueError: Not a header field's value. The value itself is not told: it may be a token.
        UnusualRequestError: Not a header field's name.
    """
    for name, value in more.items():
        if value is not sound:
            text = value if isinstance(value, str) else str(value)
            if not (text.isascii() and text.isprintable()) and not _is_value(text):
                raise ValueError(f"invalid value for header field {name!r}: a line break, or no latin-1")
        if isinstance(value, list | tuple):
            fields[_key(name)] = [(name, line) for line in value]
        else:
            fields[_key(name)] = (name, value)
    return fields


def payload_of(data: Any, fields: Fields) -> str | bytes | None:  # noqa: ANN401  # whatever a task has to send
    """What is sent for a task's data, and, in `fields`, what is said about it.

    Raises:
        UnusualRequestError: A body that is sent piece by piece.
    """
    if not data:
        return None
    has_type = bool(fields.get("content-type", ("", ""))[1])
    if isinstance(data, dict):
        form = urlencode(data).encode()
        if not has_type:
            fields["content-type"] = ("content-type", FORM)
        fields["content-length"] = ("content-length", str(len(form)))
        return form
    if isinstance(data, str):
        if has_type:
            return data
        text = data.encode()
        fields["content-type"] = ("content-type", TEXT)
        fields["content-length"] = ("content-length", str(len(text)))
        return text
    if not isinstance(data, bytes):
        raise UnusualRequestError(f"a body of type {type(data).__name__}")
    if not has_type:
        fields["content-type"] = ("content-type", BINARY)
    return data


@lru_cache
def verb(method: str) -> str:
    """A method as it is sent.

    Raises:
        UnusualRequestError: Not a method.
    """
    if not _is_token(method):
        raise UnusualRequestError("not a method")
    return method.upper()


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    if not isinstance(name, str) or not _is_token(name):
        raise UnusualRequestError("not a field's name")
    return name.lower()
