"""Every Locust listener of the harness, in the order in which a run meets them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.event import Events
from locust.runners import WorkerRunner
from locust.user.task import TaskSet
from locust.user.users import User
from locust.web import WebUI

from harness.cognito.parties import AnswerFunction
from harness.credentials import CsvDataSet
from harness.errors import EXIT
from harness.load.api_sample import request_sample
from harness.load.locust_fixes import patches
from harness.load.locust_fixes.gc_tuning import GcTuning
from harness.load.plan.config_keys import ConfigKeys
from harness.load.run.current import attach, run_of
from harness.load.run.run import REQUEST_TYPE, Run
from harness.load.run.setup import keep_answers, say_problems
from harness.load.supervisor.base import Supervisor
from harness.load.supervisor.conclusion import explanation
from harness.load.supervisor.leaving import Leaving
from harness.load.supervisor.master import supervisor_of
from harness.load.webui import guard, tabs
from harness.load.workers.orphans import end_forks_with_this_process
from harness.load.workers.worker import Worker
from harness.settings import KNOBS

LOOPBACK = "127.0.0.1"


def install(
    events: Events, data_set: CsvDataSet | None = None, answers: Mapping[str, AnswerFunction] | None = None
) -> None:
    """Make Locust run Cognito load tests; call it once, at the top of the locustfile.

    Args:
        events: `locust.events`.
        data_set: How to read the users file, as JMeter's CSV Data Set Config; its path is --cognito-users.
        answers: Functions that answer challenges, by AWS's name: CUSTOM_CHALLENGE, EMAIL_OTP, SMS_OTP, SMS_MFA,
            SOFTWARE_TOKEN_MFA (for users without a totp_secret). They may wait; no sample counts that.
    """
    patches.apply()
    end_forks_with_this_process()
    _Plugin(events, data_set or CsvDataSet(path=""), answers or {})


class _Plugin:
    """The listeners, from first to last."""

    def __init__(self, events: Events, data_set: CsvDataSet, answers: Mapping[str, AnswerFunction]) -> None:
        self._data_set = data_set
        self._answers = answers
        self._supervisor: Supervisor | None = None
        self._worker: Worker | None = None
        self._leaving: Leaving | None = None
        self._current: Run | None = None
        self._gc_tuning = GcTuning()
        self._keys: ConfigKeys | None = None
        events.init_command_line_parser.add_listener(self.add_options)
        events.init.add_listener(self.prepare)
        events.test_start.add_listener(self.begin)
        events.spawning_complete.add_listener(self.settle)
        events.spawning_complete.add_listener(self.open)
        events.request.add_listener(self.keep_request)
        events.user_error.add_listener(self.keep_exception)
        events.test_stopping.add_listener(self.finish)
        events.test_stop.add_listener(self.end)
        events.quitting.add_listener(self.leave)
        events.quit.add_listener(self.say_goodbye)

    def add_options(self, parser: LocustArgumentParser, **_: object) -> None:
        """The harness's options. All are text for argparse, and are checked together later."""
        patches.read_long_durations(parser)
        keys = ConfigKeys(parser)
        self._keys = self._keys or keys  # the web UI parses again
        for knob in KNOBS:
            parser.add_argument(
                knob.flag,
                type=str,
                default=knob.default,
                env_var=knob.variable,
                help=_help_of(knob.help, knob.choices) if knob.is_shown else argparse.SUPPRESS,
                include_in_web_ui=knob.is_shown,
                action=_Joined if knob.flag == "--gate" else "store",
                metavar="<text>",
                **({"nargs": "?", "const": "yes"} if knob.is_switch else {}),
            )
        parser.add_argument(
            "--quiet",
            action="store_true",
            env_var="COGNITO_QUIET",
            include_in_web_ui=False,
            help="No progress line, and of the closing summary only where the report is and the verdict.",
        )
        parser.set_defaults(web_host=LOOPBACK)

    def prepare(self, environment: Environment, web_ui: WebUI | None, **_: object) -> None:
        """Check everything, before anything is sent."""
        attach(environment, None)
        keep_answers(environment, self._answers)
        unread = self._keys.problems() if self._keys is not None else []
        if isinstance(environment.runner, WorkerRunner):
            if unread and not vars(environment.parsed_options).get("processes"):  # of forks the master says it
                say_problems(unread)
                sys.exit(EXIT.CONFIGURATION)
            self._worker = worker = Worker(environment, self._data_set, environment.runner)
            # Registered after Locust's own listener and so called before it: the last parcel leaves before "quit".
            environment.events.quitting.add_listener(lambda **_: worker.leave())
            worker.listen()
            return
        self._supervisor = supervisor = supervisor_of(environment, self._data_set)
        supervisor.prepare(unread)
        if web_ui is not None and web_ui.app is not None:
            guard.protect(
                web_ui.app,
                web_host=web_ui.host,
                names=os.environ.get("COGNITO_WEB_NAMES", "").split(","),
                options=lambda: supervisor.options,
                validate=supervisor.problems,
            )
            tabs.show(
                web_ui.app,
                web_ui,
                supervisor.standing,
                explanation,
                report=lambda: supervisor.latest.report if supervisor.latest else None,
            )
        self._leaving = Leaving(environment, supervisor)
        self._leaving.listen()
        patches.tell_the_loop_the_time()

    def begin(self, environment: Environment, **_: object) -> None:
        """A run starts."""
        if part := self._supervisor or self._worker:
            patches.look_at_the_stack_early()
            if self._leaving is not None:
                self._leaving.begin()
            part.begin()
            self._current = run_of(environment)
            self._gc_tuning.before_users()
            patches.tell_the_loop_the_time()

    def settle(self, user_count: int, **_: object) -> None:
        """All users are there."""
        if self._current is not None:
            self._gc_tuning.with_users(user_count)

    def open(self, **_: object) -> None:
        """All users are here: arrivals may begin."""
        if self._supervisor is not None:
            self._supervisor.course.spawned()
        if self._current is not None:
            self._current.begin_arrivals()

    def keep_request(self, request_type: str, **facts: Any) -> None:  # noqa: ANN401  # Locust's event
        """An API request has ended."""
        if request_type != REQUEST_TYPE and self._current is not None:
            self._current.keep(request_sample(request_type, **facts))

    def keep_exception(self, user_instance: User | TaskSet, exception: BaseException, **_: object) -> None:
        """A task raised; Locust tells the user's task set, or the user when `on_start` raised."""
        if self._current is not None:
            user = getattr(user_instance, "user", user_instance)
            self._current.metrics.count_exception(f"{type(user).__name__}: {type(exception).__name__}")

    def finish(self, **_: object) -> None:
        """Users are about to be stopped."""
        if self._supervisor is not None:
            self._supervisor.finish()

    def end(self, **_: object) -> None:
        """Users have been stopped."""
        self._gc_tuning.after_users()
        if self._supervisor is not None:
            self._supervisor.end()

    def leave(self, **_: object) -> None:
        """Locust is about to decide the exit code.

        On Ctrl-C and SIGTERM a process without workers may still run its users here.
        """
        if self._leaving is not None:
            self._leaving.conclude()

    def say_goodbye(self, **_: object) -> None:
        """Locust has printed its tables: the verdict comes last."""
        if self._leaving is not None:
            self._leaving.say_goodbye()


class _Joined(argparse.Action):
    """A repeatable option that stays one string, as the web UI's form needs it."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        before = getattr(namespace, self.dest) or ""
        setattr(namespace, self.dest, f"{before}; {values}" if before else values)


def _help_of(text: str, choices: Sequence[str]) -> str:
    chosen = f"{text} One of: {', '.join(choices)}." if choices else text
    return chosen.replace("%", "%%")
