"""Whether any worker's connection to its master is open, as the operating system sees it.

When a process ends, its system closes its connections, also on another machine. A link that is cut closes nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import zmq
from locust.runners import MasterRunner
from zmq.utils.monitor import parse_monitor_message

_EVENTS: Final = int(zmq.Event.ACCEPTED) | int(zmq.Event.DISCONNECTED)


class Connections:
    """Those of one master. A worker has one, and makes it again when it was lost.

    Args:
        runner: The master's.
    """

    def __init__(self, runner: MasterRunner) -> None:
        self._runner = runner
        self._socket: Any = None
        self._monitor: Any = None
        self._open = 0

    def begin(self) -> None:
        """A run starts: from now on they are counted, beginning with one for each worker that is here."""
        if self._socket is not self._runner.server.socket:
            self._socket = self._runner.server.socket
            self._monitor = self._socket.get_monitor_socket(_EVENTS)
        self._look()
        self._open = self._runner.worker_count

    def are_closed(self, *, except_for: int = 0) -> bool:
        """Whether no more are open than these; False where that is not known, since Locust has made its socket anew.

        Args:
            except_for: How many workers are heard.
        """
        if self._socket is None or self._socket is not self._runner.server.socket:
            return False
        self._look()
        return self._open <= except_for

    def _look(self) -> None:
        with suppress(zmq.ZMQError):
            while self._monitor.getsockopt(zmq.EVENTS) & zmq.POLLIN:
                event = parse_monitor_message(self._monitor.recv_multipart(zmq.NOBLOCK))["event"]
                self._open += 1 if event == zmq.Event.ACCEPTED else -1
