"""The process that decides: checks the set-up, starts runs, and concludes each with everything that was measured."""

from __future__ import annotations

import logging
import secrets
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import gevent
from locust.env import Environment

from harness.credentials import CsvDataSet
from harness.errors import EXIT, ConfigurationError, Problem
from harness.evidence.figures.ages import Ages
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.judging.measured import Measured
from harness.evidence.judging.verdict import FailureReason
from harness.evidence.storage.record import Facts, Record
from harness.load.ending.signals import say_line
from harness.load.leases import Exhausted, LeaseTable
from harness.load.locust_fixes.tidying import Tidying
from harness.load.plan import load_model, sandbox_process
from harness.load.plan.forecast import estimate_of, say
from harness.load.plan.inspection import Inspection
from harness.load.plan.preflight import preflight
from harness.load.plan.target import target_of, tell
from harness.load.plan.variables import say_others, variable_problems
from harness.load.run.setup import Setup, read_settings, say_problems, too_few_for_logins
from harness.load.supervisor.abort_gates import AbortGates
from harness.load.supervisor.conclusion import Conclusion, Extent, conclude, withdraw
from harness.load.supervisor.course import Course
from harness.load.supervisor.order import Order
from harness.load.supervisor.progress_line import ProgressLine
from harness.load.supervisor.recorder import Due, Recorder
from harness.load.supervisor.rejected import Refusals
from harness.load.webui.tabs import Standing
from harness.load.workers.presence import Presence
from harness.steady import STEADY

log = logging.getLogger("cognito-load")


class Supervisor(ABC):
    """What a process without workers and a master have in common."""

    def __init__(self, environment: Environment, data_set: CsvDataSet) -> None:
        self.environment = environment
        self.exit_code: int | None = None
        """The worst of the runs so far; None before the first."""
        self.conclusions: list[Conclusion] = []
        """What is still to be printed."""
        self.latest: Conclusion | None = None
        """The last run that ended."""
        self._data_set = data_set
        self._setup: Setup | None = None
        self._inspection = Inspection(environment, data_set, lambda: self.processes)
        self._sandbox: sandbox_process.Sandbox | None = None
        self.course = Course(lambda: self.user_count)
        """Of the run that goes on, or the last one."""
        self._token_life_s: float | None = None
        self._estimate: tuple[str, ...] = ()
        self._said_before: tuple[str, ...] = ()
        """Of the run, before its first user: its target, and the estimate."""
        self.presence = Presence()
        """Of the workers of this run."""
        self.invalid_because: list[str] = []
        """What makes this run invalid besides the generator's health, each with what to do about it."""
        self.failed_because: list[FailureReason] = []
        """What keeps this run from passing besides its figures."""
        self.order = Order()
        """How much of what was ordered has run."""
        self._abort_gates: AbortGates | None = None
        self._progress: ProgressLine | None = None
        self._recorder: Recorder | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Locust's parsed options, to read and to write."""
        return vars(self.environment.parsed_options)

    @property
    def is_running(self) -> bool:
        """Whether a run has begun and is not concluded."""
        return self._setup is not None

    def prepare(self, unread: Sequence[Problem] = ()) -> None:
        """Check everything before the first run, and start the sandbox when it is meant.

        Exits with EXIT.CONFIGURATION, and tells workers to go home, when something cannot work.

        Args:
            unread: Keys of configuration files that mean nothing.
        """
        settings = read_settings(self.options)
        problems = [*unread, *variable_problems(settings, self._data_set)]
        try:
            self._sandbox = self._inspection.start_sandbox_if_meant()
            problems += self.problems({})
            if not problems:
                say_others(settings, self._data_set)
                run_time_s = float(self.options.get("run_time") or 0)
                checked = preflight(read_settings(self.options), self._data_set, run_time_s=run_time_s)
                problems, self._token_life_s = checked
        except ConfigurationError as error:
            problems += error.problems
        if problems:
            say_problems(problems)
            self.dismiss_workers()
            self.close()
            sys.exit(EXIT.CONFIGURATION)

    def problems(self, changes: Mapping[str, str]) -> list[Problem]:
        """What would be wrong with a run with these changes to the options (a web form's values)."""
        return self._inspection.problems(changes)

    def begin(self) -> None:
        """A run starts (Locust's test_start)."""
        run_id = time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2)
        self.options["cognito_run"] = run_id
        self.options["cognito_workers"] = str(self.processes)
        try:
            setup = self._inspection.setup(read_settings(self.options))
        except ConfigurationError as error:
            self.fail(list(error.problems))
            return
        self._setup = setup
        STEADY.set_by_system()
        self.course = Course(lambda: self.user_count)
        self.presence = Presence()
        self.invalid_because, self.failed_because = [], []
        self.order = Order(self.environment.shape_class, self.options)
        users = self.environment.runner.target_user_count if self.environment.runner else 0
        planned = self._inspection.planned_rows(setup.settings, users)
        if setup.settings.on_exhausted == "stop" and not setup.settings.is_machine:
            plan = load_model.planned(self.environment, users, self.processes)
            apart = load_model.log_in_apart(self.environment, plan)
            if problems := too_few_for_logins(setup.users, planned, self.processes if apart else 0):
                self.fail(problems)
                return
        estimate = estimate_of(
            setup,
            self.environment,
            self.options,
            users=users,
            processes=self.processes,
            token_life_s=self._token_life_s,
        )
        target = target_of(setup, self.environment)
        tell(target, self.options)
        self._estimate = say(estimate, self.options)
        self._said_before = (f"Target: {target.sentence}", *self._estimate)
        ledger = LeaseTable(
            len(setup.users),
            planned=planned,
            processes=self.processes,
            on_exhausted=cast("Exhausted", setup.settings.on_exhausted),
        )
        self.start_run(setup, ledger)
        self._abort_gates = AbortGates(setup, self, self._stop_running)
        self._tell_progress()

    def end(self) -> None:
        """A run has ended and all measurements are here (Locust's test_stop): the verdict, and results on disk."""
        if self._setup is None:
            return
        setup, self._setup = self._setup, None
        recorder, self._recorder = self._recorder, None
        if self._progress is not None:
            self._progress.stop()
        if recorder is None:
            return
        try:
            conclusion = self._conclude(setup, recorder)
        except Exception:
            self.exit_code = max(self.exit_code or 0, EXIT.INVALID)
            withdraw(recorder.record.folder)
            log.exception(
                "the run could not be concluded, and is invalid; what it measured is in %s: cognito-load report build",
                recorder.record.folder,
            )
            return
        self.conclusions.append(conclusion)
        self.latest = conclusion
        self.exit_code = max(self.exit_code or 0, conclusion.exit_code)
        if self.environment.web_ui is not None:
            self.print_conclusions()

    def _conclude(self, setup: Setup, recorder: Recorder) -> Conclusion:
        now_s, runner = STEADY.now_s(), self.environment.runner
        extent = Extent(
            started_s=self.course.started_s,
            stopping_s=self.course.stopping_s or now_s,
            ended_s=now_s,
            user_classes=self._classes(),
            users=self.course.most_users,
            abort=self._abort_gates.abort if self._abort_gates else None,
            invalid_because=tuple(self.invalid_because),
            failed_because=(*self.failed_because, *(self.order.exit_code(runner) if runner else ())),
            workers_lost=self.workers_lost,
            order=self.order,
        )
        record = recorder.finish(extent.facts)
        notes = (*self.presence.notes(extent.stopping_s), *self.sample_notes(record))
        return conclude(setup, record, self.healths(), extent, notes)

    def worsen(self, reason: FailureReason) -> None:
        """Something besides its figures keeps the run that goes on, or the last one, from passing."""
        if self.is_running:
            if reason not in self.failed_because:
                self.failed_because.append(reason)
            return
        self.exit_code = max(self.exit_code or 0, reason.exit_code)
        if self.latest is None or not self.latest.amend(reason):
            return
        if self.latest not in self.conclusions:
            self.conclusions.append(self.latest)
        if self.environment.web_ui is not None:
            self.print_conclusions()

    def ended(self, sentence: str, *, is_note: bool = True) -> bool:
        """Something ends the run before its time; see `Order.ended`."""
        is_news = self.order.ended(sentence, is_note=is_note)
        if is_news:
            self.note("ended", sentence)
        return is_news

    def fail(self, problems: list[Problem]) -> None:
        """A run cannot go on: say why, and end it as invalid with EXIT.CONFIGURATION."""
        say_problems(problems)
        self.exit_code = EXIT.CONFIGURATION
        for problem in problems:
            hint = problem.hint[:1].lower() + problem.hint[1:].rstrip(".")
            self.invalid_because.append(f"{problem.message}: {hint}")
            self.failed_because.append(FailureReason(problem.message, EXIT.CONFIGURATION))
        self._stop_running()

    def print_conclusions(self) -> None:
        """Print what has not been printed yet."""
        while self.conclusions:
            self.conclusions.pop(0).print(is_quiet=bool(self.options.get("quiet")))

    def close(self) -> None:
        """The process ends: so does the sandbox it started."""
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None

    @property
    @abstractmethod
    def processes(self) -> int:
        """How many processes run users."""

    @property
    def workers_lost(self) -> int:
        """How many workers of this run were lost so far: they are silent, or have ended without a last report."""
        return len(self.presence.lost)

    @abstractmethod
    def start_run(self, setup: Setup, ledger: LeaseTable) -> None:
        """Make the run ready for its users."""

    def finish(self) -> None:
        """Users are about to be stopped (Locust's test_stopping)."""
        self.course.stopping()
        self.note("stopping", "users are told to stop")
        if self._abort_gates is not None:
            self._abort_gates.stop()

    def measured(self) -> Metrics:
        """What was measured in the run up to the last full second, without the warm-up."""
        return self._recorder.record.metrics if self._recorder is not None else Metrics()

    def note(self, kind: str, text: str) -> None:
        """Something happens that a reader of the timeline must know; see `harness.evidence.figures.events.Event`."""
        if self._recorder is not None:
            self._recorder.event(kind, text)

    def tell_short(self, waiting: int) -> None:
        """Users wait for a row, and nobody can spare one."""
        self.note("accounts_short", f"{waiting} users wait for an account: the rows of the users file are all in use")

    @abstractmethod
    def healths(self) -> dict[str, Health]:
        """How each process fares, by its name."""

    @abstractmethod
    def in_flight(self) -> Ages:
        """How long what is open now has been open, in all processes; what is younger than a second is left out."""

    @abstractmethod
    def sample_notes(self, record: Record) -> tuple[str, ...]:
        """Make `samples.jtl` complete, now that the run is over; what a reader must know about it."""

    def keep(self, setup: Setup, due: Due, refusals: Refusals, *, after_s: float = 0.0) -> Path | None:
        """Begin the run's record: its folder, None when there is none. For the arguments see `Recorder`."""
        facts = Facts(
            run_id=setup.settings.run,
            started_s=self.course.started_s,
            classes=self._classes(),
            users=self.environment.runner.target_user_count if self.environment.runner else 0,
            settings={**setup.settings.shown(), **({"estimate": " ".join(self._estimate)} if self._estimate else {})},
            gates=tuple(gate.text for gate in setup.gates),
            baseline_figures=setup.baseline_figures,
            max_lag_us=round(setup.settings.max_lag_ms * 1_000),
            max_dropped_share=setup.settings.max_dropped_share,
            warmup_s=setup.settings.warmup_s,
            sweep=setup.settings.sweep,
            target=target_of(setup, self.environment),
        )
        tidy = Tidying(self.environment).tidy
        given = (setup, facts, self.course.counting(due), self.healths, refusals)
        self._recorder = Recorder(*given, after_s=after_s, tidy=tidy, in_flight=self.in_flight)
        return self._recorder.record.folder

    def measured_so_far(self) -> Measured:
        """What has been measured while the run goes on, without the warm-up."""
        facts = self._recorder.record.facts if self._recorder is not None else None
        measured_s = max(STEADY.now_s() - (facts.measured_from_s if facts else self.course.started_s), 0.0)
        users = self.course.most_users
        return Measured(self.measured(), measured_s, workers_lost=self.workers_lost, users=users)

    @property
    def elapsed_s(self) -> float | None:
        """How long ago the arrivals of an open load began; None when they have not."""
        return self.course.elapsed_s

    @property
    def user_count(self) -> int:
        """How many users run now."""
        return self.environment.runner.user_count if self.environment.runner else 0

    def standing(self) -> Standing:
        """The run that goes on, or the last one."""
        if self._recorder is None and self.latest is not None:
            run = self.latest.run
            return Standing(run.metrics, run.duration_s, run.healths, self._said_before)
        so_far = self.measured_so_far()
        return Standing(so_far.metrics, so_far.duration_s, self.healths() if self.is_running else {}, self._said_before)

    @abstractmethod
    def dismiss_workers(self) -> None:
        """Send workers home: there will be no run."""

    def _stop_running(self) -> None:
        """End the run, and without a web UI the process; not from here, since this may be one of Locust's greenlets."""
        runner = self.environment.runner
        if runner is not None:
            gevent.spawn(runner.stop if self.environment.web_ui else runner.quit)

    def _tell_progress(self) -> None:
        """Headless, nobody sees how the run is going; a line now and then says so."""
        runner = self.environment.runner
        if runner is None or not self.options.get("headless") or self.options.get("quiet"):
            return
        self._progress = ProgressLine(
            measured=self.measured,
            users=lambda: runner.user_count,
            run_time_s=self.options.get("run_time"),
            say=say_line,
        )
        self._progress.start()

    def _classes(self) -> tuple[str, ...]:
        return tuple(user_class.__name__ for user_class in self.environment.user_classes)
