"""A running server with canned answers, whichever program it is."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from bench.child import Child
from bench.contest import Venue

COUNT_PATH = "/bench/count"
START_TIMEOUT_S = 10.0


class CannedServer:
    """A server on this machine that says how many requests it had.

    Both programs say it the way of nginx's stub_status: the third line holds connections accepted, connections
    handled and requests.
    """

    def __init__(self, child: Child, port: int) -> None:
        self._child = child
        self._connection = HTTPConnection("127.0.0.1", port, timeout=5)
        self._asked = 0
        self.endpoint = f"http://127.0.0.1:{port}"

    def count(self) -> int:
        """Requests so far, these questions not counted."""
        return self._status()[2] - self._asked

    def accepted(self) -> int:
        """Connections so far, the one that asks included."""
        return self._status()[0]

    def cpu_s(self) -> float:
        """Processor time so far, user and system."""
        return self._child.cpu_s()

    def _status(self) -> list[int]:
        self._asked += 1
        self._connection.request("GET", COUNT_PATH)
        lines = self._connection.getresponse().read().decode().splitlines()
        return [int(number) for number in lines[2].split()]

    def wait(self) -> None:
        """Until it answers.

        Raises:
            RuntimeError: It does not.
        """
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self._connection.connect()
            except OSError:
                if self._child.has_ended or time.monotonic() > deadline_s:
                    raise RuntimeError(f"the canned server did not start: {self._child.last_words}") from None
                time.sleep(0.05)
            else:
                return

    def close(self) -> None:
        """End it."""
        self._connection.close()
        self._child.end()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(module: str, venue: Venue) -> Iterator[CannedServer]:
    """A server of this folder, `bench.servers.<module>`, in a process of its own, listening."""
    port = free_port()
    command = [sys.executable, "-m", f"bench.servers.{module}", str(port)]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": os.pathsep.join(sys.path)}
    child = Child(command, core=venue.server_core, folder=venue.folder / module, environment=environment)
    server = CannedServer(child, port)
    try:
        server.wait()
        yield server
    finally:
        server.close()
