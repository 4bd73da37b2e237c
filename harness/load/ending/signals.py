"""SIGINT, SIGTERM and SIGHUP: each ends the run, concluded as any other. The second one cuts its grace short.

Locust listens to SIGTERM alone, and not while a headless shape runs: that kills the process, without a verdict.
SIGINT raises KeyboardInterrupt in whatever greenlet happens to run, and Python drops it where that is a finaliser.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

import gevent

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

log = logging.getLogger("cognito-load")


class Signals:
    """This process's answer to signals that ask it to end.

    Args:
        end: Called at the first one, in a greenlet of its own, with the signal's name.
        hurry: Called at the second one: the run is to be concluded with what is there. The third one has the effect
            that it has without this class.
    """

    def __init__(self, end: Callable[[str], None], hurry: Callable[[], None]) -> None:
        self._end = end
        self._hurry = hurry
        self._count = 0
        self._is_served = True
        self._handled = {number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN}
        """Not SIGHUP under nohup, nor SIGINT in a shell's background."""
        self._terminals = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]

    def listen(self) -> None:
        """Take the signals over, from Locust, too, which takes SIGTERM when it has started."""
        if self._count:
            return
        for number in self._handled:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if not self._is_served:  # the event loop is stuck: what Python does is the only thing left
            raise KeyboardInterrupt
        self._is_served = False
        self._count += 1
        gevent.get_hub().loop.run_callback_threadsafe(self._serve, number, self._count)
        if self._count > 1:
            for handled in self._handled:
                is_keyboard = handled == signal.SIGINT
                signal.signal(handled, signal.default_int_handler if is_keyboard else signal.SIG_DFL)

    def _serve(self, number: int, count: int) -> None:
        self._is_served = True
        gevent.spawn(self._answer, signal.Signals(number).name, count)

    def _answer(self, name: str, count: int) -> None:
        self._leave_terminals()
        log.info("Got %s signal", name)
        if count == 1:
            self._end(name)
        else:
            self._hurry()

    def _leave_terminals(self) -> None:
        """Write to nowhere instead of to terminals that are closed: each line would be an error."""
        for descriptor in self._terminals:
            if not os.isatty(descriptor):
                with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # a device
                    os.dup2(nowhere.fileno(), descriptor)


def say_line(line: str) -> None:
    """Print a line, where the closing summary stands, too; a full disk or a closed pipe is no fault of the run."""
    with suppress(OSError):
        print(line, flush=True)  # noqa: T201  # no log line, which would be folded


def flush_output() -> None:
    """Write out what was printed; where that fails (a full disk, a closed pipe), Python would exit with 120 for it."""
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except (OSError, ValueError):
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # a device
                os.dup2(nowhere.fileno(), descriptor)
