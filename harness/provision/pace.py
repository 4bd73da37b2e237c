"""Many calls, so many a second, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final, Generic, TypeVar

AT_ONCE: Final = 32
CATCH_UP_S: Final = 0.5
"""How much of a delay is made up for: less than the second that Cognito's quotas let through at once."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Pace(Generic[Item, Result]):
    """Does something with each item, in threads, beginning so many a second.

    Args:
        rate: Begun a second, at most.
        now: Seconds that never jump.
        sleep: Waits so many seconds.
    """

    def __init__(self, rate: float, now: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval_s = 1 / rate
        self._now = now
        self._sleep = sleep
        self._due_s = now()

    def run(self, items: Iterable[Item], act: Callable[[Item], Result], done: Callable[[Item, Result], None]) -> None:
        """Do it with every item.

        The first failure, or Ctrl-C, ends it: nothing new is begun, what was begun is waited for and told.

        Args:
            items: In this order.
            act: Runs in a thread.
            done: Told about each result, in the caller's thread.

        Raises:
            Exception: The first that `act` raised.
        """
        running: dict[Future[Result], Item] = {}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="provision") as pool:
            try:
                for item in items:
                    self._wait_for_turn()
                    running[pool.submit(act, item)] = item
                    self._collect(running, done, most=AT_ONCE - 1)
                self._collect(running, done, most=0)
            except BaseException:
                self._collect_good(running, done)
                raise

    def _wait_for_turn(self) -> None:
        now_s = self._now()
        self._due_s = max(self._due_s, now_s - CATCH_UP_S)
        if self._due_s > now_s:
            self._sleep(self._due_s - now_s)
        self._due_s += self._interval_s

    @staticmethod
    def _collect(running: dict[Future[Result], Item], done: Callable[[Item, Result], None], *, most: int) -> None:
        """Tell what has ended, and wait until no more than so many run."""
        while True:
            for future in [future for future in running if future.done()]:
                item = running.pop(future)
                done(item, future.result())
            if len(running) <= most:
                return
            wait(running, return_when=FIRST_COMPLETED)

    @staticmethod
    def _collect_good(running: dict[Future[Result], Item], done: Callable[[Item, Result], None]) -> None:
        wait(running)
        for future, item in running.items():
            if future.exception() is None:
                done(item, future.result())
