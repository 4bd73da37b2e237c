"""Answers InitiateAuth after a while, and keeps the time: `python -m bench.servers.timed MEDIAN_MS`.

Each answer is due a random while after its request has arrived; one in `SLOW_EVERY` takes `SLOW_S`. What is kept is how
long it took from the request's last byte to the answer's hand-over to the system, on the server's own clock. SIGTERM
ends it; then it prints, as JSON, how many requests there were and how long they took.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time

import gevent
import gevent.socket
from gevent.server import StreamServer

from bench.canned import login_answer
from harness.evidence.histogram import Histogram

SLOW_EVERY, SLOW_S = 200, 1.5
SPREAD = 0.3
READ_BYTES = 65_536


class Timed:
    """The server. `median_s` 0: everything at once."""

    def __init__(self, median_s: float) -> None:
        body = login_answer().encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
        self._answer = head.encode() + body
        self._median_s = median_s
        self._draw = random.Random(7)  # noqa: S311  # no secret
        self.took = Histogram()

    def serve(self, connection: gevent.socket.socket, _address: object) -> None:
        """Until the other side closes; a login's request comes in one piece or in few."""
        connection.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        received = b""
        while more := connection.recv(READ_BYTES):
            received += more
            head, ended, body = received.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if not ended or len(body) < length:
                continue
            arrived_ns, received = time.perf_counter_ns(), b""
            if self._median_s:
                gevent.sleep(self._while_s())
            connection.sendall(self._answer)
            self.took.record((time.perf_counter_ns() - arrived_ns) // 1_000)

    def _while_s(self) -> float:
        slow = self.took.count % SLOW_EVERY == SLOW_EVERY - 1
        return SLOW_S if slow else self._median_s * self._draw.lognormvariate(0, SPREAD)


def main() -> None:
    """Print the port, serve until SIGTERM, print what was seen."""
    timed = Timed(float(sys.argv[1]) / 1_000)
    server = StreamServer(("127.0.0.1", 0), timed.serve)
    server.start()
    gevent.signal_handler(signal.SIGTERM, server.stop)
    print(server.server_port, flush=True)
    server.serve_forever()
    print(json.dumps({"count": timed.took.count, "p50": timed.took.figure("p50"), "p99": timed.took.figure("p99")}))


if __name__ == "__main__":
    main()
