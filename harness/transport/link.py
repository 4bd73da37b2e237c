"""A connected socket, and how a greenlet waits for it.

gevent's own sockets start and stop a watcher, a timer and a waiter for every read. Here the watcher runs for as long
as the connection is open, and the timer is looked after only when it fires: a read costs one wait and one recv, no
exception and no allocation beyond the bytes themselves.

When something came is not when it was read: other greenlets, other processes and the machine itself come in between,
and the more there is to do, the longer. On Linux the system stamps what it receives (socket(7), SO_TIMESTAMPNS), so
the time of an answer is the service's and the network's, and how long it lay there unread is known apart.
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from socket import AF_INET, AF_INET6, CMSG_SPACE, EAI_NONAME, IPPROTO_TCP, SOCK_STREAM, SOL_SOCKET, TCP_NODELAY
from struct import Struct
from typing import Any, Final
from weakref import WeakKeyDictionary

import gevent
import gevent.monkey
import gevent.socket

from harness.transport.endpoint import ip_address

CHUNK_BYTES: Final = 65536
"""More than the longest answer a login gets, so that one receive takes it whole."""
LEAST_S: Final = 0.001
NEVER_NS: Final = 1 << 63
"""No limit, by `time.perf_counter_ns`."""
IPV4: Final = 4
READ: Final = 1
"""libev's EV_READ."""
SO_TIMESTAMPNS: Final = 35
"""Linux's option for stamps on what arrives, on nearly all of its architectures; Python has no name for it."""
STAMP: Final = Struct("@ll")
"""A struct timespec."""
STAMP_SPACE: Final = CMSG_SPACE(STAMP.size)
SECOND_NS: Final = 1_000_000_000

_Socket: Final[Any] = gevent.monkey.get_original("socket", "socket")
_poll: Final[Callable[[], Any]] = gevent.monkey.get_original("select", "poll")
"""poll, never select: select cannot look at a descriptor above 1023."""

_rooms: Final[WeakKeyDictionary[Any, tuple[memoryview]]] = WeakKeyDictionary()
"""By the hub of the thread; see `_room_of`."""


class NothingSentError(Exception):
    """The connection was gone before a single byte of this message could leave."""


class Link:
    """One connected TCP socket.

    For one greenlet at a time, in the thread that made it. While it is open it keeps gevent's loop alive, and the loop
    keeps it alive: whoever makes a link closes it.

    Args:
        sock: A connected gevent socket; the link takes its descriptor over.
        timeout_s: How long a read or a write may see no progress, in seconds.
    """

    __slots__ = (
        "_deadline_ns",
        "_due_ns",
        "_greenlet",
        "_hub",
        "_is_readable",
        "_poll",
        "_room",
        "_socket",
        "_timeout_ns",
        "_timer",
        "_watcher",
        "received_ns",
        "unread_ns",
    )

    received_ns: int
    """Read only. When the last of what `receive` returned had come, by `time.perf_counter_ns`."""
    unread_ns: int
    """Read only. How long it had lain there by then; 0 where the system does not say."""

    def __init__(self, sock: gevent.socket.socket, timeout_s: float) -> None:
        family, descriptor = sock.family, sock.detach()
        self._socket = _Socket(family, SOCK_STREAM, 0, fileno=descriptor)
        self._socket.settimeout(0.0)
        if sys.platform == "linux":
            with suppress(OSError):  # a system that only looks like Linux
                self._socket.setsockopt(SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.received_ns = self.unread_ns = 0
        self._poll = _poll()
        self._poll.register(descriptor, select.POLLIN)
        self._hub = gevent.get_hub()
        self._room = _room_of(self._hub)
        self._deadline_ns = self._due_ns = self._timeout_ns = 0
        self._greenlet: Any = None
        self._is_readable = False
        self._timer: Any = None
        self.limit(timeout_s)
        self._watcher = self._hub.loop.io(descriptor, READ)
        self._watcher.start(self._on_readable)

    @classmethod
    def connect(cls, host: str, port: int, timeout_s: float) -> Link:
        """A link to the first address of `host` that takes it; the time is shared out among the addresses.

        Raises:
            OSError: Why the last address did not; TimeoutError, socket.gaierror.
        """
        until_s = time.monotonic() + timeout_s
        addresses = _addresses(host, port)
        failure = OSError()
        for index, (family, address) in enumerate(addresses):
            sock = gevent.socket.socket(family, SOCK_STREAM)
            try:
                sock.settimeout(max((until_s - time.monotonic()) / (len(addresses) - index), LEAST_S))
                sock.connect(address)
                sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
                return cls(sock, timeout_s)
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
        raise failure

    def limit(self, timeout_s: float) -> None:
        """Let reads and writes see no progress for so long, in seconds."""
        self._timeout_ns = int(timeout_s * 1e9)
        self._stop_timer()  # it may be set to a longer time

    def is_stale(self) -> bool:
        """Whether an idle connection has something to say: that it is closed, or bytes nobody asked for."""
        return bool(self._poll.poll(0))

    def send(self, data: bytes, until_ns: int = NEVER_NS) -> None:
        """Send all of it.

        Args:
            data: A message.
            until_ns: When all of it must have been taken, by `time.perf_counter_ns`.

        Raises:
            NothingSentError: The peer was gone before.
            OSError: The peer went away in the middle; TimeoutError when it takes no more.
        """
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise NothingSentError from error
        if sent != len(data):
            self._send_rest(memoryview(data)[sent:], until_ns)

    def receive(self, since_ns: int, until_ns: int = NEVER_NS) -> bytes:
        """Wait until there is something, and take it; b"" when the peer closed.

        Args:
            since_ns: From when on the timeout counts, by `time.perf_counter_ns`; nothing can have come before.
            until_ns: When to give up, by the same clock, though the timeout has not passed.

        Raises:
            OSError: Reset; TimeoutError when nothing came in time.
        """
        deadline_ns = since_ns + self._timeout_ns
        self._deadline_ns = deadline_ns = min(until_ns, deadline_ns)
        if self._timer is None:
            self._arm(deadline_ns - time.perf_counter_ns())
        elif deadline_ns < self._due_ns:
            self._stop_timer()
            self._arm(deadline_ns - time.perf_counter_ns())
        while True:
            self._wait()
            try:
                received: tuple[int, list[Any], int, Any] = self._socket.recvmsg_into(self._room, STAMP_SPACE)
            except BlockingIOError:  # a stray wake-up
                continue
            break
        size, stamps, _, _ = received
        now_ns = time.perf_counter_ns()
        unread_ns = 0
        if stamps:
            seconds, nanoseconds = STAMP.unpack(stamps[0][2])
            unread_ns = time.time_ns() - seconds * SECOND_NS - nanoseconds
            if not 0 < unread_ns < now_ns - since_ns:  # it cannot be right: somebody has set the clock
                unread_ns = 0
        self.unread_ns = unread_ns
        self.received_ns = now_ns - unread_ns
        return bytes(self._room[0][:size])

    def receive_now(self) -> bytes:
        """What is there, without waiting; b"" when the peer closed or reset the connection, or there is nothing."""
        self._watch_again()
        try:
            data: bytes = self._socket.recv(CHUNK_BYTES)
        except OSError:
            return b""
        return data

    def close(self) -> None:
        """Close the socket at once; a greenlet that waits for it is woken with ConnectionAbortedError."""
        self._watcher.stop()
        self._watcher.close()
        self._stop_timer()
        self._socket.close()
        if self._greenlet is not None:
            self._hub.loop.run_callback(self._throw, self._greenlet, ConnectionAbortedError)

    def _send_rest(self, rest: memoryview, until_ns: int) -> None:
        while rest:
            left_ns = until_ns - time.perf_counter_ns()
            if left_ns <= 0:
                raise TimeoutError
            gevent.socket.wait_write(self._socket.fileno(), min(self._timeout_ns, left_ns) / 1e9)
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:  # a stray wake-up
                continue

    def _wait(self) -> None:
        if self._is_readable:
            self._watch_again()
            return
        self._greenlet = gevent.getcurrent()
        switch = self._hub.switch
        try:
            while switch() is not self:  # only our own callbacks hand this link over
                pass
        finally:
            self._greenlet = None

    def _watch_again(self) -> None:
        if self._is_readable:
            self._is_readable = False
            self._watcher.start(self._on_readable)

    def _on_readable(self) -> None:
        greenlet = self._greenlet
        if greenlet is not None:
            greenlet.switch(self)
        else:
            # Idle, or still sending: whoever comes next sees it. Watching on would spin.
            self._is_readable = True
            self._watcher.stop()

    def _arm(self, after_ns: int) -> None:
        self._due_ns = time.perf_counter_ns() + after_ns
        self._timer = self._hub.loop.timer(max(after_ns / 1e9, 0.0), ref=False)
        self._timer.start(self._on_timer)

    def _on_timer(self) -> None:
        """The timer of some earlier read: the current one may have begun since."""
        self._stop_timer()
        greenlet = self._greenlet
        if greenlet is None:
            return
        left_ns = self._deadline_ns - time.perf_counter_ns()
        if left_ns > 0:
            self._arm(left_ns)
        else:
            greenlet.throw(TimeoutError)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None

    def _throw(self, greenlet: gevent.Greenlet, error: type[OSError]) -> None:
        if self._greenlet is greenlet:
            greenlet.throw(error)


def _room_of(hub: Any) -> tuple[memoryview]:  # noqa: ANN401  # gevent is untyped
    """Where a thread's links receive, all of them in the same place: what came is copied out at once.

    To receive into bytes of its own, Python reserves as many as may come and gives back the end; while an answer comes
    in pieces each of them then sits on a hole, and the heap of a process grows with each time that a service falters.
    """
    room = _rooms.get(hub)
    if room is None:
        room = _rooms[hub] = (memoryview(bytearray(CHUNK_BYTES)),)
    return room


def _addresses(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    address = ip_address(host)
    if address is None:
        try:
            host.encode("idna")
        except UnicodeError:  # a label that is empty or too long: no name, and gevent would print a traceback
            raise gevent.socket.gaierror(EAI_NONAME, "Name or service not known") from None
    else:  # gevent would ask a thread of its resolver even for this
        return [(AF_INET if address.version == IPV4 else AF_INET6, (host, port))]
    return [(family, target) for family, _, _, _, target in gevent.socket.getaddrinfo(host, port, 0, SOCK_STREAM)]
