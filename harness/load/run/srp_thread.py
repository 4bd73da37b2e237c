"""A thread for arithmetic that would hold up the event loop, beside it.

gevent's threadpool does the same for a caller that waits for one result. What it sets up and takes down for each is as
long as half an exchange with Cognito; here the thread and the bell by which it calls the event loop are there to stay.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import gevent
from gevent.hub import Waiter
from gevent.monkey import get_original

NICENESS = 10
"""How much further back the thread stands than the event loop's: where both want a core, users go first. Half-way, so
that it still gets on with its work on a machine whose cores are all busy."""

T = TypeVar("T")

_start_new_thread, _SimpleQueue = get_original("_thread", "start_new_thread"), get_original("queue", "SimpleQueue")
"""The system's own: gevent's stand-ins would run on the event loop."""


class SrpThread:
    """Runs steps one after the other on a thread of its own; more would fight the event loop for the cores.

    Make it on the thread of the event loop that its callers run on, and in the process that uses it: threads do not
    survive a fork. The thread lives as long as the process.
    """

    def __init__(self) -> None:
        self._steps: Any = _SimpleQueue()
        self._done: deque[_Step[Any]] = deque()
        self._waiting = 0
        self._bell: Any = gevent.get_hub().loop.async_()
        _start_new_thread(self._work, ())

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises; other greenlets run meanwhile.

        A greenlet that is killed while it waits leaves at once, and its work is not begun any more.
        """
        step = _Step(work)
        if not self._waiting:
            self._bell.start(self._deliver)
        self._waiting += 1
        self._steps.put(step)
        try:
            step.waiter.get()
        finally:
            step.is_wanted = False
        return step.result()

    def _work(self) -> None:
        if sys.platform == "linux":  # only there a niceness is a thread's own
            os.nice(NICENESS)
        while True:
            step = self._steps.get()
            if step.is_wanted:
                step.take()
            self._done.append(step)
            self._bell.send()

    def _deliver(self) -> None:
        """On the event loop; one ring may stand for several steps, and another then for none."""
        while self._done:
            step = self._done.popleft()
            self._waiting -= 1
            if not self._waiting:  # nobody waits: the bell must not keep the event loop going
                self._bell.stop()
            step.waiter.switch(None)


class _Step(Generic[T]):
    __slots__ = ("_error", "_result", "_work", "is_wanted", "waiter")

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._error: BaseException | None = None
        self._result: T
        self.is_wanted = True
        self.waiter: Any = Waiter()

    def take(self) -> None:
        """Do it. Any error is the caller's."""
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            self._error = error

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result
