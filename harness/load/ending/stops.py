"""Stopping a run from anywhere: in a greenlet that the stop itself does not end, one at a time, and in time.

Locust stops a run in the greenlet that asks for it. A user's own is then killed while it stops the others, and so is
the one that spawns users: the run idles until its run time is over, and its listeners of `test_stop` never hear of its
end. Locust also waits without a limit for a user that it has killed, and kills nobody twice: a task that swallows the
exception (`except:`) keeps the run for good.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import gevent
import gevent.event
from locust.runners import STATE_INIT, STATE_STOPPED, MasterRunner, Runner
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING
from locust.user.users import User

from harness.load.run.stoppable_wait import park

HURRY: Final = "cognito_hurry"
"""Master to worker: give your users no more time."""
ASKED: Final = "cognito_end"
"""Worker to master: the locustfile wants to end the run."""
TOLD: Final = "cognito_note"
"""Worker to master: something that a reader of the results must know."""
GRACE_S: Final = 10.0
"""How long answers in flight are waited for at the end of a run, unless --stop-timeout says otherwise."""
LAST_S: Final = 1.0
"""How long a user that was killed has to run its `on_stop`, before it is killed once more, and then left behind."""
LOOK_S: Final = 0.1
"""How soon `hurry` is heard."""
START_S: Final = 5.0
"""How long an end that a listener of `test_start` asks for waits for the start to be over."""
_OURS: Final = ("locust.", "harness.", "gevent.")

log = logging.getLogger("cognito-load")


class Stops:
    """Replaces `stop`, `quit` and `stop_users` of one runner.

    Args:
        runner: Whose.
        grace_s: How long users get that are stopped without Locust's --stop-timeout, in seconds.
        ask: On a worker: told that the locustfile wants to end the run, instead of the worker ending its part.
        left_behind: Told how many users could not be stopped.
    """

    def __init__(
        self,
        runner: Runner,
        grace_s: float,
        left_behind: Callable[[int], None],
        ask: Callable[..., None] | None = None,
    ) -> None:
        self._runner = runner
        self._grace_s = grace_s
        self._left_behind = left_behind
        self._ask = ask
        self._stop, self._quit = runner.stop, runner.quit
        self._stopper: gevent.Greenlet | None = None
        self._is_done = gevent.event.Event()
        self._is_hurried = False
        replaced: dict[str, Callable[..., None]] = {
            "stop": self.stop,
            "quit": self.quit,
            "stop_users": self.stop_users,
        }
        for name, method in replaced.items():
            setattr(runner, name, method)

    def stop(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # the runner's own
        """`Runner.stop`: returns when the run is over, except where that would wait for its own caller."""
        if self._is_asked("stop"):
            return
        current = gevent.getcurrent()
        if self._stopper is not None:
            if self._stopper is not current and current not in self._runner.greenlet:
                self._is_done.wait()
            return
        self._stopper, self._is_hurried = current, False
        self._is_done.clear()
        try:
            self._stop(*args, **kwargs)
        finally:
            self._stopper = None
            self._is_done.set()

    def quit(self) -> None:
        """`Runner.quit`: the same, and then the runner's greenlets end, and with them the process."""
        if not self._is_asked("quit"):
            self._quit()

    def hurry(self) -> None:
        """Give the users that are being stopped no more time; what they wait for is cut off."""
        self._is_hurried = True

    def stop_users(self, user_classes_stop_count: dict[str, int]) -> None:
        """`Runner.stop_users`, with an end: `--stop-timeout` for those that are asked, a little for those killed."""
        users = [user for name, count in user_classes_stop_count.items() for user in self._some(name, count)]
        timeout_s = self._runner.environment.stop_timeout
        for user in users:
            if timeout_s and user._state in (LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING):  # noqa: SLF001
                user._state = LOCUST_STATE_STOPPING  # noqa: SLF001  # as Locust's own User.stop, and below
            else:
                _kill([user])
        left = self._await(users, timeout_s or self._grace_s)
        if left and timeout_s and not self._is_hurried:
            log.info("Not all users finished their tasks in %g s: stopping them", timeout_s)
        for _ in range(2):
            _kill(left)
            left = self._await(left, LAST_S, may_hurry=False)
        if left:
            park(left)
            for user in left:
                self._runner.user_greenlets.discard(user.greenlet)
            self._left_behind(len(left))

    def _some(self, class_name: str, count: int) -> list[User]:
        user_class = self._runner.user_classes_by_name[class_name]
        users = (greenlet.args[0] for greenlet in list(self._runner.user_greenlets) if greenlet.args)
        return [user for user in users if type(user) is user_class][:count]

    def _await(self, users: Iterable[User], timeout_s: float, *, may_hurry: bool = True) -> list[User]:
        until_s = time.monotonic() + timeout_s
        left = [user for user in users if user.greenlet is not gevent.getcurrent()]
        while left and (left_s := until_s - time.monotonic()) > 0 and not (may_hurry and self._is_hurried):
            left[-1].greenlet.join(min(left_s, LOOK_S))
            while left and left[-1].greenlet.dead:
                left.pop()
        return [user for user in left if not user.greenlet.dead]

    def _is_asked(self, what: str) -> bool:
        """Whether the locustfile asks, from where the stop would end its own greenlet; then it goes on elsewhere."""
        if self._is_called_by_us():
            return False
        if self._ask is not None:
            self._ask(f"the locustfile called runner.{what}()")
            return True
        runner, current = self._runner, gevent.getcurrent()
        if what == "stop" and runner.environment.web_ui is None:  # Locust would wait for the run time to be over
            gevent.spawn(self._end_elsewhere, "quit")
            return True
        is_starting = isinstance(runner, MasterRunner) and runner.state in (STATE_INIT, STATE_STOPPED)
        if current in runner.user_greenlets or current is runner.spawning_greenlet or is_starting:
            gevent.spawn(self._end_elsewhere, what)
            return True
        return False

    def _is_called_by_us(self) -> bool:
        """Whether Locust or the harness has called stop or quit, two frames further down."""
        try:
            name = str(sys._getframe(3).f_globals.get("__name__", ""))  # noqa: SLF001  # Python has nothing public
        except ValueError:  # spawned as a greenlet of its own, which a stop does not end
            return self._ask is None
        return f"{name}.".startswith(_OURS)

    def _end_elsewhere(self, what: str) -> None:
        until_s = time.monotonic() + START_S
        while self._runner.state in (STATE_INIT, STATE_STOPPED) and time.monotonic() < until_s:
            gevent.sleep(0.02)
        getattr(self, what)()


def _kill(users: Iterable[User]) -> None:
    for user in users:
        if user._state == LOCUST_STATE_WAITING:  # noqa: SLF001  # Locust's only way to tell
            user._state = LOCUST_STATE_STOPPING  # noqa: SLF001  # where the kill is swallowed, its next wait ends it
        if user.greenlet is gevent.getcurrent():
            continue
        user.greenlet.kill(block=False)


def left_behind(count: int) -> str:
    """What is said of users that could not be stopped."""
    users = "1 user did not stop and was" if count == 1 else f"{count} users did not stop and were"
    return f"{users} left behind: a task swallows every exception (except: or except BaseException:)"
