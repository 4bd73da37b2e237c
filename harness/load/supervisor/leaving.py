"""How a run and its process end, whatever ends them: each run is concluded, and the worst code wins.

Locust makes its exit code when the `quitting` listeners have been called: what one of them set, or
`--exit-code-on-error`, or 2 where an exception was nobody's. Results are on disk by then. So each part here that makes
the code worse says why to the supervisor, which writes the results anew.
"""

from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import Any, Final

import gevent
from locust import log as locust_log
from locust.env import Environment
from locust.runners import MasterRunner

from harness.errors import EXIT
from harness.evidence.judging.verdict import FailureReason
from harness.load.ending import exits
from harness.load.ending.exceptions import Witness, described
from harness.load.ending.signals import Signals, flush_output
from harness.load.ending.stops import ASKED, GRACE_S, HURRY, TOLD, Stops, left_behind
from harness.load.supervisor.base import Supervisor

_LISTENERS: Final = "_handlers"
"""An EventHook's own."""
CLOSE_S: Final = 1.0
"""How long Locust may take from the end of a headless run to its own end, before it is told to end."""

log = logging.getLogger("cognito-load")


class Leaving:
    """The end of a process with a supervisor.

    Args:
        environment: Locust's.
        supervisor: Concludes the runs.
    """

    def __init__(self, environment: Environment, supervisor: Supervisor) -> None:
        self._environment = environment
        self._supervisor = supervisor
        self._is_leaving = False
        self._stops = Stops(environment.runner, GRACE_S, self._left_behind) if environment.runner else None
        self._signals = Signals(self._on_signal, self._hurry)
        self._witness = Witness(self._saw)
        self._excepthook = sys.excepthook

    def listen(self) -> None:
        """From now on nothing ends a run, or the process, without its results; call it when all is prepared."""
        events = self._environment.events
        exits.listen(self._environment, self.end_early, lambda: self._is_leaving)
        self._signals.listen()
        self._witness.listen()
        sys.excepthook = self._on_uncaught
        # Listeners of `quitting` are called from the last to the first.
        getattr(events.quitting, _LISTENERS).insert(0, self._settle)
        events.test_stop.add_listener(self._settle_run)
        for hook in (events.test_stopping, events.test_stop, events.quitting):
            exits.guard(hook, self.end_early)
        exits.guard(events.quit, self.end_early, self._after_quit)
        if isinstance(self._environment.runner, MasterRunner):
            self._environment.runner.register_message(ASKED, self._on_asked)
            self._environment.runner.register_message(TOLD, self._on_told)

    def begin(self) -> None:
        """A run begins."""
        self._signals.listen()
        self._witness.forget()

    def end_early(self, sentence: str, code: int, leaves: bool) -> None:  # noqa: FBT001  # see `exits.End`
        """The locustfile ends the run; see `exits.End`."""
        supervisor = self._supervisor
        if supervisor.is_running and supervisor.ended(sentence):
            log.warning("%s: the run ends", sentence)
        if code:
            supervisor.worsen(FailureReason(sentence, code))
        runner = self._environment.runner
        if self._is_leaving:
            return
        if leaves or self._environment.web_ui is None:
            gevent.spawn(self._quit)
        elif runner is not None:
            gevent.spawn(runner.stop)

    def conclude(self) -> None:
        """The process ends: conclude what still runs, whatever the locustfile's listeners do about it."""
        self._is_leaving = True
        runner, supervisor = self._environment.runner, self._supervisor
        if supervisor.is_running and runner is not None:
            runner.stop()
            if supervisor.is_running:  # a listener has cut Locust's own stop off
                if self._stops is not None:
                    self._stops.stop_users(runner.user_classes_count)
                supervisor.end()
        supervisor.close()

    def _saw(self, sentence: str) -> None:
        self._supervisor.worsen(FailureReason(sentence, EXIT.USAGE))
        gevent.spawn(self._end_if_nobody_spawns, sentence)

    def _end_if_nobody_spawns(self, sentence: str) -> None:
        """Locust goes on with the users it has, which may be none, for ever where a shape was to end the run."""
        runner = self._environment.runner
        spawners = [getattr(runner, name, None) for name in ("shape_greenlet", "spawning_greenlet")]
        if self._supervisor.is_running and any(
            one is not None and one.ready() and not one.successful() for one in spawners
        ):
            self.end_early(sentence, EXIT.USAGE, leaves=False)

    def _settle(self, environment: Environment, **_: object) -> None:
        """The last listener of `quitting`: the worst of what was said."""
        supervisor = self._supervisor
        self._take_code()
        if locust_log.unhandled_greenlet_exception and (supervisor.exit_code or 0) < EXIT.USAGE:
            supervisor.worsen(FailureReason("an exception was nobody's: the log has it", EXIT.USAGE))
        code = supervisor.exit_code
        if environment.web_ui is None and supervisor.latest is None:
            code = max(code or 0, EXIT.INVALID)
        environment.process_exit_code = code
        supervisor.exit_code = code

    def _settle_run(self, **_: object) -> None:
        """The last listener of `test_stop`."""
        self._take_code()

    def _take_code(self) -> None:
        """What the locustfile has set as the exit code; it is never made smaller."""
        said = self._environment.process_exit_code
        if said is not None:
            self._say(exits.exit_code_of(said), "the locustfile set exit code %s")

    def _say(self, code: int, sentence: str) -> None:
        if code > (self._supervisor.exit_code or 0):
            self._supervisor.worsen(FailureReason(sentence % code, code))

    def _on_signal(self, name: str) -> None:
        if self._supervisor.is_running:
            self._supervisor.ended(f"{name} ended the run", is_note=False)
        self._quit()

    def _quit(self) -> None:
        """End the process, from a greenlet of its own."""
        environment = self._environment
        if environment.runner is not None:
            environment.runner.quit()
        if environment.web_ui is not None:
            environment.web_ui.stop()
        gevent.sleep(CLOSE_S)
        if not self._is_leaving:  # Locust's main greenlet waits for something else, such as workers that never came
            gevent.get_hub().parent.throw(SystemExit(EXIT.INVALID))

    def _hurry(self) -> None:
        if isinstance(self._environment.runner, MasterRunner):
            self._environment.runner.send_message(HURRY)
        if self._stops is not None:
            self._stops.hurry()

    def _left_behind(self, count: int) -> None:
        self._supervisor.order.note(left_behind(count))

    def _on_asked(self, msg: Any, **_: object) -> None:  # noqa: ANN401  # Locust's message
        data = msg.data
        if data["run"] == self._supervisor.options.get("cognito_run"):
            self.end_early(str(data["sentence"]), int(data["code"]), bool(data["leaves"]))

    def _on_told(self, msg: Any, **_: object) -> None:  # noqa: ANN401  # Locust's message
        self._supervisor.order.note(f"{msg.data['sentence']} (worker {msg.node_id})")

    def _after_quit(self, exit_code: int) -> None:
        """The listeners of `quit` were called: what one of them made worse is the process's exit code after all.

        Raises:
            SystemExit: With it.
        """
        code = self._supervisor.exit_code or 0
        if code > exit_code:
            self.say_goodbye()
            raise SystemExit(code)

    def say_goodbye(self) -> None:
        """Locust has printed its tables: the verdicts come last."""
        self._supervisor.print_conclusions()
        flush_output()

    def _on_uncaught(self, kind: type[BaseException], value: BaseException, tb: TracebackType | None) -> None:
        """Locust's main greenlet has failed, before or after its listeners of `quitting`; Python would exit with 1.

        Raises:
            SystemExit: With the worst code; Python exits with it.
        """
        self._excepthook(kind, value, tb)
        interrupted = isinstance(value, KeyboardInterrupt)
        sentence = "the process was interrupted" if interrupted else described(value, tb)
        self._is_leaving = True
        self._supervisor.worsen(FailureReason(sentence, EXIT.FAILED))
        self.conclude()
        self._settle(self._environment)
        self.say_goodbye()
        raise SystemExit(self._supervisor.exit_code)
