"""The way to an endpoint, a step at a time, for whoever wants to know which step fails."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

import gevent
import gevent.socket

from harness.errors import ConnectError
from harness.transport import failures
from harness.transport.endpoint import Endpoint
from harness.transport.link import Link
from harness.transport.proxy import Proxy
from harness.transport.tls import TlsLink

T = TypeVar("T")


class Probe:
    """Takes the steps that a channel takes at once.

    In order: `resolve`, `connect`, then `tunnel` and `handshake` where they apply, and `close` in any case.

    Args:
        endpoint: Where to.
        tls: As a channel's.
        proxy: As a channel's; the first two steps then lead to it.
        timeout_s: For each step, in seconds.
    """

    def __init__(
        self, endpoint: Endpoint, *, tls: ssl.SSLContext | None, proxy: Proxy | None, timeout_s: float
    ) -> None:
        self._endpoint = endpoint
        self._tls = tls
        self._proxy = proxy
        self._timeout_s = timeout_s
        self._link: Link | None = None

    def resolve(self) -> list[str]:
        """The addresses of the endpoint's host, or of the proxy's.

        Raises:
            TransportError: There are none, or nobody says within the timeout.
        """
        hop = self._proxy or self._endpoint
        found = self._step(lambda: gevent.socket.getaddrinfo(hop.host, hop.port, type=socket.SOCK_STREAM))
        return sorted({str(address[0]) for *_, address in found})

    def connect(self) -> None:
        """Open a TCP connection.

        Raises:
            TransportError: None of the addresses takes it.
        """
        hop = self._proxy or self._endpoint
        self._link = self._step(lambda: Link.connect(hop.host, hop.port, self._timeout_s))

    def tunnel(self) -> None:
        """Have the proxy connect to the endpoint.

        Raises:
            TransportError: It does not.
        """
        if self._proxy is not None and self._link is not None:
            proxy, link = self._proxy, self._link
            self._step(lambda: proxy.open_tunnel(link, self._endpoint))

    def handshake(self) -> None:
        """Agree on TLS, and verify the certificate.

        Raises:
            TransportError: No TLS, or a certificate that is not trusted.
        """
        if self._tls is None or self._link is None:
            raise ConnectError("no TLS without a connection and a context")
        tls = TlsLink(self._link, self._tls, self._endpoint.host.rstrip("."))
        self._step(tls.handshake)

    def close(self) -> None:
        """Close what is open."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _step(self, step: Callable[[], T]) -> T:
        late = failures.no_connection_within(self._timeout_s)
        try:
            with gevent.Timeout(self._timeout_s, late):
                return step()
        except TimeoutError as error:
            raise late from error
        except OSError as error:
            raise failures.not_connected(error) from error
