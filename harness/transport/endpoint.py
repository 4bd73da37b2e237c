"""Where requests go."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, cast
from urllib.parse import urlsplit

from harness.errors import ConfigurationError, Problem

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
EXPECTED: Final = "expected http:// or https://, a host, and if need be a port and a path"
UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f]")
"""urlsplit drops tabs and line breaks without a word; a URL that holds them was not meant like that."""
HOST_NAME: Final = re.compile(
    r"(?=.{1,253}\.?\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?\Z"
)
"""RFC 1123 labels, and the underscore that container networks use."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and the path on it."""

    scheme: Literal["http", "https"]
    host: str
    """Lower case; an IPv6 address without brackets; an international name as IDNA."""
    port: int
    path: str = "/"

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """The endpoint that a URL names.

        Raises:
            ConfigurationError: No http or https URL, or one with a user name, a query or a fragment.
        """
        shown = _without_credentials(url)
        if UNPRINTABLE.search(url):
            _refuse(f"{shown!r} holds a blank or a control character")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            _refuse(f"{shown!r} is no URL ({error})" if shown == url else f"{shown!r} is no URL")
        if parts.scheme not in DEFAULT_PORTS:
            _refuse(f"{shown!r} does not start with http:// or https://")
        if parts.username is not None:
            _refuse(f"{shown!r} holds a user name or a password")
        if parts.query or parts.fragment:
            _refuse(f"{shown!r} has a query or a fragment")
        if port == 0:
            _refuse(f"{shown!r} has port 0, which nobody listens on")
        return cls(
            scheme=cast("Literal['http', 'https']", parts.scheme),
            host=_host(parts.hostname or "", shown),
            port=port or DEFAULT_PORTS[parts.scheme],
            path=parts.path or "/",
        )

    @property
    def is_tls(self) -> bool:
        """Whether the scheme is https."""
        return self.scheme == "https"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine by name (RFC 6761: `localhost` and below) or by address."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        address = ip_address(self.host)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return address is not None and address.is_loopback

    @property
    def authority(self) -> str:
        """`host:port`, as CONNECT wants it: the port always, brackets around an IPv6 address."""
        return f"{self._bracketed}:{self.port}"

    @property
    def host_header(self) -> str:
        """The value of the Host header: with the port only where it is not the scheme's own."""
        return self._bracketed if self.port == DEFAULT_PORTS[self.scheme] else self.authority

    @property
    def url(self) -> str:
        """The endpoint as a URL again."""
        return f"{self.scheme}://{self.host_header}{self.path}"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _host(host: str, shown: str) -> str:
    if not host:
        _refuse(f"{shown!r} names no host")
    if ip_address(host) is not None:
        return host
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not HOST_NAME.match(name):
        _refuse(f"{shown!r} has a host name that cannot exist")
    return name


def _without_credentials(url: str) -> str:
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    scheme, separator, _ = head.partition("://")
    return f"{scheme}://…@{tail}" if separator else f"…@{tail}"


def _refuse(found: str) -> NoReturn:
    raise ConfigurationError(
        [Problem(f"{found}: {EXPECTED}", "For example http://127.0.0.1:9229 or https://api.example.com.")]
    )
