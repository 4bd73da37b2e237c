"""Which proxy stands between, by the variables that curl reads too.

`https_proxy` or `HTTPS_PROXY` for https endpoints, `http_proxy` (lower case only, as curl has it: in a CGI process
`HTTP_PROXY` is what a client sent) for http endpoints, `no_proxy` or `NO_PROXY` for the exceptions.
Source: https://curl.se/docs/manpage.html#ENVIRONMENT
"""

from __future__ import annotations

import base64
import ipaddress
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, NoReturn
from urllib.parse import unquote, urlsplit

from harness.errors import ConfigurationError, ConnectError, Problem
from harness.transport.answer import MAX_HEAD_BYTES
from harness.transport.endpoint import Endpoint, ip_address
from harness.transport.link import Link

DEFAULT_PORT: Final = 80
"""As requests and botocore have it (curl alone says 1080)."""
VARIABLES: Final = {"https": ("https_proxy", "HTTPS_PROXY"), "http": ("http_proxy",)}
EXCEPTION_VARIABLES: Final = ("no_proxy", "NO_PROXY")
HOST_AND_PORT: Final = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<name>[^:]+))(?::(?P<port>\d+))?\Z")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that is spoken to without TLS."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)
    """The value of the Proxy-Authorization header; empty without credentials. A secret."""

    def connect_request(self, endpoint: Endpoint) -> bytes:
        """The request that asks for a tunnel to the endpoint (RFC 9110, section 9.3.6)."""
        return f"CONNECT {endpoint.authority} HTTP/1.1\r\nHost: {endpoint.authority}\r\n{self._header}\r\n".encode(
            "latin-1"
        )

    def forward_request(self, endpoint: Endpoint, request: bytes) -> bytes:
        """A request to a plain http endpoint as a proxy wants it: absolute target (RFC 9112, section 3.2.2)."""
        method, target_and_rest = request.split(b" ", 1)
        line, rest = target_and_rest.split(b"\r\n", 1)
        origin, header = f"http://{endpoint.host_header}".encode("latin-1"), self._header.encode("latin-1")
        return b"%b %b%b\r\n%b%b" % (method, origin, line, header, rest)

    def open_tunnel(self, link: Link, endpoint: Endpoint) -> None:
        """Ask for a tunnel over a link to this proxy, and see it granted.

        Raises:
            ConnectError: Refused, closed, or no answer that can be understood.
        """
        link.send(self.connect_request(endpoint))
        head = b""
        while b"\r\n\r\n" not in head:
            data = link.receive(time.perf_counter_ns())
            if not data or len(head) > MAX_HEAD_BYTES:
                raise ConnectError("the proxy closed the connection" if not data else "the proxy's answer is too long")
            head += data
        status = re.match(rb"HTTP/1\.[01] (\d{3})[ \r]", head)
        if status is None or not head.endswith(b"\r\n\r\n"):
            raise ConnectError("the proxy's answer to CONNECT is not HTTP", "Is this an HTTP proxy?")
        code = int(status[1])
        if code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise ConnectError(
                "the proxy asks for credentials (HTTP 407)", "Give them as http://user:password@host:port."
            )
        if not HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
            raise ConnectError(f"the proxy refused the connection (HTTP {code})", "Does it allow CONNECT to this host?")

    @property
    def _header(self) -> str:
        return f"Proxy-Authorization: {self.authorization}\r\n" if self.authorization else ""


def proxy_for(endpoint: Endpoint, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that requests to `endpoint` go through; None when they go straight.

    A loopback endpoint is never proxied, whatever the variables say.

    Raises:
        ConfigurationError: The variable that applies holds no proxy this harness can speak to.
    """
    variable, value = _first(environ, VARIABLES[endpoint.scheme])
    if not value or endpoint.is_loopback or _is_excepted(endpoint, _first(environ, EXCEPTION_VARIABLES)[1]):
        return None
    return _parse(variable, value)


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    for name in names:
        value = environ.get(name, "").strip()
        if value:
            return name, value
    return names[-1], ""


def _is_excepted(endpoint: Endpoint, no_proxy: str) -> bool:
    return any(_matches(endpoint, entry.lower()) for entry in re.split(r"[,\s]+", no_proxy) if entry)


def _matches(endpoint: Endpoint, entry: str) -> bool:
    if entry == "*":
        return True
    address = ip_address(endpoint.host)
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass
    else:
        return address is not None and address in network
    match = HOST_AND_PORT.match(entry)
    if match is None or (match["port"] and int(match["port"]) != endpoint.port):
        return False
    excepted = match["v6"] or match["name"]
    if address is not None:
        return address == ip_address(excepted)
    name = excepted.removeprefix("*").strip(".")
    host = endpoint.host.rstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _parse(variable: str, value: str) -> Proxy:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        _refuse(variable, "no URL")
    if parts.scheme != "http":
        _refuse(variable, f"a proxy spoken to by {parts.scheme}")
    if not host:
        _refuse(variable, "no host")
    authorization = ""
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(credentials.encode()).decode("ascii")
    return Proxy(host, port or DEFAULT_PORT, authorization)


def _refuse(variable: str, found: str) -> NoReturn:
    # The value itself is not shown: it may hold a password.
    raise ConfigurationError(
        [
            Problem(
                f"{variable} holds {found}: expected http://host:port",
                f"Correct {variable}, or list the host in NO_PROXY.",
            )
        ]
    )
