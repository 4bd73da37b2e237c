"""Where a URL leads, and how a request says so."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from geventhttpclient.url import DEFAULT_PORTS, URL

_PATH: Final = r"A-Za-z0-9\-._~!$&'()*+,=:@/"
_USUAL: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>[a-z0-9][a-z0-9.-]*)(?::(?P<port>[1-9]\d{{0,3}}|[1-5]\d{{4}}))?"
    rf"(?P<target>/(?!/)[{_PATH}]*(?:\?[{_PATH}?]+)?)"
).fullmatch
"""URLs that mean what they say: nothing to decode, to quote, to resolve or to drop. All others are parsed in full."""
_BARE_PORTS: Final = frozenset(DEFAULT_PORTS.values())
REMEMBERED: Final = 4096
"""URLs of a process: more than a load test has that calls fixed paths, less than 4 MB for one that never repeats."""

LONGEST_REMEMBERED: Final = 2000
"""Characters of what a server may make up without end: a redirect's URL, a cookie's attributes."""


class Origin(NamedTuple):
    """Whom to connect to."""

    scheme: str
    host: str
    """A name or an address, without brackets."""
    port: int


class Location(NamedTuple):
    """Where one request goes."""

    origin: Origin
    target: str
    """Path and query as they stand in the request line (RFC 9112, section 3.2.1)."""
    host_line: str
    """`Host: …` with its line end; the port is left out where it is 80 or 443, as geventhttpclient does."""


@lru_cache(maxsize=REMEMBERED)
def locate(url: str) -> Location | None:
    """Where an absolute http or https URL leads; None when that cannot be said."""
    usual = _USUAL(url)
    if usual is not None:
        scheme, host, port, target = usual.groups()
        return _location(scheme, host, int(port) if port else DEFAULT_PORTS[scheme], target)
    try:
        parts = URL(url)
        scheme, host, number, target = parts.scheme, parts.host, parts.port, parts.quoted_uri
    except ValueError:
        return None
    if scheme not in DEFAULT_PORTS or not number or not host or not (host.isascii() and host.isprintable()):
        return None
    if not target.startswith("/"):
        target = f"/{target}"
    return None if target.startswith("//") else _location(scheme, host, number, target)


def _location(scheme: str, host: str, port: int, target: str) -> Location:
    name = f"[{host}]" if ":" in host else host
    return Location(
        Origin(scheme, host, port), target, f"Host: {name}\r\n" if port in _BARE_PORTS else f"Host: {name}:{port}\r\n"
    )
