"""Answers InitiateAuth after a while, and keeps the time: `python -m bench.servers.timed MEDIAN_MS [STALL_AFTER_S]`.

Each answer is due a random while after its request has arrived; one in `SLOW_EVERY` takes `SLOW_S`. What is kept is how
long it took from the request's last byte, as the system stamped it when it came (Linux; elsewhere when it was read), to
the answer's hand-over to the system. SIGTERM
ends it; then it prints, as JSON, how many requests there were, when each came and how long they took. STALL_AFTER_S
seconds after the first one it stands still for `STALL_S`: what comes meanwhile is answered afterwards.

It looks at its sockets all the time instead of sleeping until one is readable. A server that sleeps is woken by the
millisecond, reads what has come meanwhile one after the other, and lets its answers go in bursts: its timestamps would
be late, and the bursts would be the client's queue.
"""

from __future__ import annotations

import json
import math
import random
import selectors
import signal
import socket
import sys
import time
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count
from struct import Struct

from bench.canned import login_answer
from harness.evidence.figures.histogram import Histogram

SLOW_EVERY, SLOW_S = 200, 1.5
SPREAD = 0.3
STALL_S = 5.0
READ_BYTES = 65_536
SO_TIMESTAMPNS = 35
"""Linux's option for a stamp on what arrives, and the stamp's name (socket(7)); Python has none for it."""
STAMP = Struct("@ll")
"""A struct timespec."""
IDLE_S = 0.01
"""How long it sleeps when no answer is outstanding."""


class Timed:
    """The server. `median_s` 0: everything at once."""

    def __init__(self, median_s: float, stall_after_s: float = math.inf) -> None:
        body = login_answer().encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
        self._answer = head.encode() + body
        self._median_s = median_s
        self._draw = random.Random(7)  # noqa: S311  # no secret
        self._stall_after_s = stall_after_s
        self._received: dict[socket.socket, bytes] = {}
        self._due: list[tuple[float, int, float, socket.socket]] = []
        """Answers: when, a number that settles ties, when the request came, and where to."""
        self._numbers = count()
        self._is_stopped = False
        self.took = Histogram()
        self.arrived_s: list[float] = []

    def stop(self, *_: object) -> None:
        """End `serve`."""
        self._is_stopped = True

    def serve(self, listener: socket.socket) -> None:
        """Until it is stopped."""
        listener.settimeout(0)
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            while not self._is_stopped:
                for key, _ in selector.select(0 if self._due else IDLE_S):
                    if key.fileobj is listener:
                        selector.register(accept(listener), selectors.EVENT_READ)
                    elif not self._read(key.fileobj):
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
                self._answer_what_is_due()

    def _read(self, connection: socket.socket) -> bool:
        """Take what has come; a login's request comes in one piece or in few. Returns whether there may be more."""
        try:
            more, arrived_s = receive(connection)
        except ConnectionError:
            return False
        received = self._received.pop(connection, b"") + more
        head, ended, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not ended or len(body) < length:
            if more:
                self._received[connection] = received
            return bool(more)
        self.arrived_s.append(arrived_s)
        heappush(self._due, (arrived_s + self._while_s(), next(self._numbers), arrived_s, connection))
        return True

    def _answer_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= (now_s := time.time()):
            stalled_for_s = now_s - self.arrived_s[0] - self._stall_after_s
            if 0 <= stalled_for_s < STALL_S:
                return
            _, _, arrived_s, connection = heappop(self._due)
            with suppress(OSError):  # its client has given up
                connection.sendall(self._answer)
                self.took.record(round((time.time() - arrived_s) * 1e6))

    def _while_s(self) -> float:
        if not self._median_s:
            return 0.0
        slow = len(self.arrived_s) % SLOW_EVERY == 0
        return SLOW_S if slow else self._median_s * self._draw.lognormvariate(0, SPREAD)


def receive(connection: socket.socket) -> tuple[bytes, float]:
    """What has come, and when the last of it came; seconds since the epoch, for that is the clock of the stamps."""
    data, messages, _, _ = connection.recvmsg(READ_BYTES, socket.CMSG_SPACE(STAMP.size))
    for _, kind, stamp in messages:
        if kind == SO_TIMESTAMPNS and len(stamp) == STAMP.size:
            seconds, nanoseconds = STAMP.unpack(stamp)
            return data, seconds + nanoseconds / 1e9
    return data, time.time()


def accept(listener: socket.socket) -> socket.socket:
    """The next connection."""
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return connection


def main() -> None:
    """Print the port, serve until SIGTERM, print what was seen."""
    timed = Timed(float(sys.argv[1]) / 1_000, *map(float, sys.argv[2:]))
    signal.signal(signal.SIGTERM, timed.stop)
    with socket.create_server(("127.0.0.1", 0), backlog=1_024) as listener:
        print(listener.getsockname()[1], flush=True)
        timed.serve(listener)
    figures = {metric: timed.took.figure(metric) for metric in ("p50", "p99")}
    print(json.dumps({"count": len(timed.arrived_s), "arrived_s": timed.arrived_s, **figures}))


if __name__ == "__main__":
    main()
