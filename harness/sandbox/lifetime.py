"""How long the sandbox lives: until it is told to stop, or its parent is gone."""

from __future__ import annotations

import os
import signal
import sys

import gevent
from gevent.event import Event
from gevent.socket import wait_read

PARENT_CHECK_S = 1.0


class Lifetime:
    """An end that can be waited for."""

    def __init__(self) -> None:
        self._over = Event()

    def end(self) -> None:
        """Stop."""
        self._over.set()

    def wait(self) -> None:
        """Come back when it is over."""
        self._over.wait()

    def end_on_signals(self) -> None:
        """SIGTERM and SIGINT end it, and end it well."""
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, self.end)

    def end_with_parent(self) -> None:
        """End when standard input, a pipe that the parent holds and never writes to, reports its end.

        The kernel closes it however the parent dies, by SIGKILL too. A process that the parent forked may hold a copy
        of the pipe, so the parent's own disappearance is watched for as well.
        """
        gevent.spawn(self._watch_pipe)
        gevent.spawn(self._watch_parent, os.getppid())

    def _watch_pipe(self) -> None:
        try:
            fileno = sys.stdin.fileno()
            while True:
                wait_read(fileno)
                if not os.read(fileno, 4096):
                    break
        except (AttributeError, OSError, ValueError):
            pass  # closed before we looked: there is no parent to wait for
        self.end()

    def _watch_parent(self, parent: int) -> None:
        while os.getppid() == parent:
            gevent.sleep(PARENT_CHECK_S)
        self.end()
