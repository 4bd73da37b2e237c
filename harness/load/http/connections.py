"""Connections to one origin, each carrying one request at a time."""

from __future__ import annotations

import ssl
import time
from typing import Final

import gevent
from gevent.lock import BoundedSemaphore
from geventhttpclient.response import HTTPConnectionClosed

from harness.errors import ConnectError
from harness.load.http.limits import too_late
from harness.load.http.location import Origin
from harness.transport.link import NEVER_NS, Link, NothingSentError
from harness.transport.tls import TlsLink

CLOSED: Final = "connection closed."
TIMED_OUT: Final = "timed out"
"""The words of geventhttpclient and of gevent's sockets, so that error rows read as they do with FastHttpUser."""
FOREVER_S: Final = 10 * 365 * 86_400.0
"""A timeout of None."""


class Wire:
    """A link as geventhttpclient reads from a socket.

    Args:
        link: A link whose answer has begun.
        until_ns: When the answer must have ended, by `time.perf_counter_ns`; may be changed on the way.
    """

    __slots__ = ("link", "until_ns")

    def __init__(self, link: Link | TlsLink, until_ns: int = NEVER_NS) -> None:
        self.link = link
        self.until_ns = until_ns

    def recv(self, _size: int) -> bytes:
        """What there is, however much; b"" when the peer closed.

        Raises:
            OSError: Reset; TimeoutError when nothing came in time.
            AnswerTooLateError: The answer had to have ended.
        """
        now_ns = time.perf_counter_ns()
        if now_ns >= self.until_ns:
            raise too_late()
        try:
            return self.link.receive(now_ns, self.until_ns)
        except TimeoutError:
            raise (too_late() if time.perf_counter_ns() >= self.until_ns else TimeoutError(TIMED_OUT)) from None

    def close(self) -> None:
        """Close the connection."""
        self.link.close()


class Connections:
    """Up to `most` connections to one origin, opened when they are needed and kept for as long as the server does.

    A connection that the server closed while idle is opened again before anything is sent on it. A request of which a
    byte may have left is never sent twice. Safe for several greenlets of one thread: whoever comes when all
    connections are taken waits.

    Args:
        origin: Where to.
        tls: The context; None for http.
        connect_timeout_s: For name resolution, TCP and TLS together, in seconds; None for no limit.
        read_timeout_s: How long no byte may come (or be taken), in seconds; None for no limit.
        most: How many requests may be under way at a time.
    """

    __slots__ = ("_connect_timeout_s", "_idle", "_origin", "_read_timeout_s", "_tls", "_turns")

    def __init__(
        self,
        origin: Origin,
        tls: ssl.SSLContext | None,
        *,
        connect_timeout_s: float | None,
        read_timeout_s: float | None,
        most: int,
    ) -> None:
        self._origin = origin
        self._tls = tls
        self._connect_timeout_s = connect_timeout_s or FOREVER_S
        self._read_timeout_s = read_timeout_s or FOREVER_S
        self._turns = BoundedSemaphore(most)
        self._idle: list[Link | TlsLink] = []

    def __del__(self) -> None:
        # A link is held by the event loop, too: nobody else would close it.
        for link in self._idle:
            link.close()

    def ask(self, request: bytes, until_ns: int = NEVER_NS) -> tuple[Link | TlsLink, bytes, int, int]:
        """Send a request, and wait for the beginning of its answer.

        Whoever gets it gives the link back, by `keep` when the answer has been read to its end, or by `drop`.

        Args:
            request: Head and body.
            until_ns: When an answer must have begun, by `time.perf_counter_ns`; a connection may take longer.

        Returns:
            The link; what has come; how long connecting took and when, after the start, the first byte came, both in
            nanoseconds.

        Raises:
            OSError: No connection, or it was lost; TimeoutError when that, or the answer, took too long.
            HTTPConnectionClosed: Closed before an answer.
        """
        self._turns.acquire()
        link: Link | TlsLink | None = None
        try:
            started_ns = connected_ns = time.perf_counter_ns()
            link = self._send_on_idle(request, until_ns)
            if link is None:
                link = self._open()
                connected_ns = time.perf_counter_ns()
                self._send_on_new(link, request, until_ns)
            try:
                data = link.receive(connected_ns, until_ns)
            except ConnectionResetError as error:
                raise HTTPConnectionClosed(CLOSED) from error
            except TimeoutError:
                raise TimeoutError(TIMED_OUT) from None
            if not data:
                raise HTTPConnectionClosed(CLOSED)  # noqa: TRY301  # one way to give up the link and the turn
        except BaseException:
            if link is not None:
                link.close()
            self._turns.release()
            raise
        return link, data, connected_ns - started_ns, link.received_ns - started_ns

    def keep(self, link: Link | TlsLink) -> None:
        """A link whose answer has been read to its end."""
        self._idle.append(link)
        self._turns.release()

    def drop(self, link: Link | TlsLink) -> None:
        """A link that is of no more use."""
        link.close()
        self._turns.release()

    def return_socket(self, wire: Wire) -> None:
        """`keep`, by geventhttpclient's name."""
        self.keep(wire.link)

    def release_socket(self, wire: Wire) -> None:
        """`drop`, by geventhttpclient's name."""
        self.drop(wire.link)

    def _send_on_idle(self, request: bytes, until_ns: int) -> Link | TlsLink | None:
        """The link it left on; None when no idle one is good any more."""
        idle = self._idle
        while idle:
            link = idle.pop()
            try:
                if not link.is_stale():
                    _send(link, request, until_ns)
                    return link
            except NothingSentError:  # gone since: opening anew repeats nothing
                pass
            except BaseException:
                link.close()
                raise
            link.close()
        return None

    def _send_on_new(self, link: Link | TlsLink, request: bytes, until_ns: int) -> None:
        try:
            _send(link, request, until_ns)
        except NothingSentError as error:
            raise HTTPConnectionClosed(CLOSED) from error

    def _open(self) -> Link | TlsLink:
        limit = gevent.Timeout.start_new(self._connect_timeout_s)
        try:
            return self._connect()
        except gevent.Timeout as fired:
            if fired is not limit:
                raise
            raise TimeoutError(TIMED_OUT) from None
        finally:
            limit.close()

    def _connect(self) -> Link | TlsLink:
        origin = self._origin
        link = Link.connect(origin.host, origin.port, self._connect_timeout_s)
        try:
            if self._tls is None:
                return link
            tls = TlsLink(link, self._tls, origin.host.rstrip("."))
            tls.handshake()
        except (ConnectError, NothingSentError) as error:
            link.close()
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "closed during the TLS handshake") from error
        except TimeoutError:
            link.close()
            raise TimeoutError(TIMED_OUT) from None
        except BaseException:
            link.close()
            raise
        else:
            return tls
        finally:
            link.limit(self._read_timeout_s)


def _send(link: Link | TlsLink, request: bytes, until_ns: int) -> None:
    try:
        link.send(request, until_ns)
    except (BrokenPipeError, ConnectionResetError):
        # In the middle of it: a server that has seen enough answers and closes. The answer may be there already.
        return
    except TimeoutError:
        raise TimeoutError(TIMED_OUT) from None
