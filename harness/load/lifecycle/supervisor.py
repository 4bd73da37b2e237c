"""The process that decides: checks the set-up, starts runs, and concludes each with everything that was measured."""

from __future__ import annotations

import logging
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import gevent
import psutil
from locust.env import Environment
from locust.runners import STATE_MISSING, LocalRunner, MasterRunner, WorkerNode

from harness import credentials
from harness.credentials import CsvDataSet
from harness.errors import EXIT, ConfigurationError, Problem
from harness.evidence.metrics import Metrics
from harness.load.leases import LocalRows, RowLedger
from harness.load.lifecycle import sandboxed
from harness.load.lifecycle.collect import PARCEL, PARCEL_ACK, Collector
from harness.load.lifecycle.conclusion import Conclusion, Extent, conclude
from harness.load.lifecycle.run import Run, attach
from harness.load.lifecycle.setup import Setup, assemble, check_results_dir, read_settings, too_few_rows
from harness.load.users import CognitoApiUser

GRACE_S: Final = 10.0
"""How long answers in flight are waited for at the end of a run, unless --stop-timeout says otherwise."""
QUIT_WORKERS_FOR_S: Final = 3.0
"""How long a master that cannot start tells arriving workers to go home."""

log = logging.getLogger("cognito-load")


class Supervisor:
    """What a process without workers and a master have in common."""

    def __init__(self, environment: Environment, data_set: CsvDataSet) -> None:
        self.environment = environment
        self.exit_code: int | None = None
        """The worst of the runs so far; None before the first."""
        self.conclusions: list[Conclusion] = []
        self._data_set = data_set
        self._setup: Setup | None = None
        self._sandbox: sandboxed.Sandbox | None = None
        self._started_s = self._stopping_s = 0.0
        self._lost: set[str] = set()

    @property
    def options(self) -> dict[str, Any]:
        """Locust's parsed options, to read and to write."""
        return vars(self.environment.parsed_options)

    @property
    def is_running(self) -> bool:
        """Whether a run has begun and is not concluded."""
        return self._setup is not None

    def prepare(self) -> None:
        """Check everything before the first run, and start the sandbox when no app client is configured.

        Exits with EXIT.CONFIGURATION, and tells workers to go home, when something cannot work.
        """
        try:
            self._start_sandbox_if_needed()
            problems = self.problems({}, planned_users=self._users_at_start())
        except ConfigurationError as error:
            problems = list(error.problems)
        if problems:
            say_problems(problems)
            self.dismiss_workers()
            self.close()
            sys.exit(EXIT.CONFIGURATION)

    def problems(self, changes: Mapping[str, str], *, planned_users: int | None = None) -> list[Problem]:
        """What would be wrong with a run with these changes to the options (a web form's values)."""
        options = {**self.options, **changes}
        settings = read_settings(options)
        found = check_results_dir(settings.results_dir)
        host = str(changes.get("host", self.environment.host or ""))
        for user_class in self._api_classes():
            found += user_class.problems()
            if not (host or user_class.host):
                found.append(Problem(f"{user_class.__name__} has no API to call", "Set --host to the API's base URL."))
        try:
            setup = assemble(settings, self._data_set)
        except ConfigurationError as error:
            return [*error.problems, *found]
        count = changes.get("user_count", "")
        users = int(count) if count.isdecimal() else planned_users
        if users:
            found += too_few_rows(setup.users, self._planned_api_users(users))
        return found

    def begin(self) -> None:
        """A run starts (Locust's test_start)."""
        run_id = time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2)
        self.options["cognito_run"] = run_id
        self.options["cognito_workers"] = str(self.processes)
        try:
            setup = assemble(read_settings(self.options), self._data_set)
        except ConfigurationError as error:
            self.fail(list(error.problems))
            return
        self._setup = setup
        self._started_s, self._stopping_s = time.time(), 0.0
        self._lost = set()
        planned = self._planned_api_users(self.environment.runner.target_user_count if self.environment.runner else 0)
        self.start_run(setup, RowLedger(len(setup.users), planned=planned, processes=self.processes))

    def end(self) -> None:
        """A run has ended and all measurements are here (Locust's test_stop): the verdict, and results on disk."""
        if self._setup is None:
            return
        setup, self._setup = self._setup, None
        metrics, healths = self.measured()
        now_s = time.time()
        extent = Extent(
            started_s=self._started_s,
            stopping_s=self._stopping_s or now_s,
            ended_s=now_s,
            user_classes=tuple(user_class.__name__ for user_class in self.environment.user_classes),
            users=self.environment.runner.target_user_count if self.environment.runner else 0,
            lost_workers=tuple(sorted(self._lost)),
        )
        conclusion = conclude(setup, metrics, healths, extent)
        self.conclusions.append(conclusion)
        self.exit_code = max(self.exit_code or 0, conclusion.exit_code)
        if self.environment.web_ui is not None:
            self.print_conclusions()

    def fail(self, problems: list[Problem]) -> None:
        """A run cannot go on: say why, and end it with EXIT.CONFIGURATION."""
        say_problems(problems)
        self.exit_code = EXIT.CONFIGURATION
        runner = self.environment.runner
        if runner is not None:
            gevent.spawn(runner.stop if self.environment.web_ui else runner.quit)

    def print_conclusions(self) -> None:
        """Print what has not been printed yet."""
        while self.conclusions:
            self.conclusions.pop(0).print()

    def close(self) -> None:
        """The process ends: so does the sandbox it started."""
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None

    @property
    def processes(self) -> int:
        """How many processes run users."""
        raise NotImplementedError

    def start_run(self, setup: Setup, ledger: RowLedger) -> None:
        """Make the run ready for its users."""
        raise NotImplementedError

    def finish(self) -> None:
        """Users are about to be stopped (Locust's test_stopping)."""
        self._stopping_s = time.time()

    def measured(self) -> tuple[Metrics, dict[str, Any]]:
        """Everything measured in the run, and the health of each process by name."""
        raise NotImplementedError

    def dismiss_workers(self) -> None:
        """Send workers home: there will be no run."""

    def _start_sandbox_if_needed(self) -> None:
        if self.options.get("cognito_client_id"):
            return
        if self.environment.host:
            raise ConfigurationError(
                [
                    Problem(
                        f"--host {self.environment.host} is set, but no app client id",
                        "Set --cognito-client-id to test that API, or drop --host to run against the sandbox.",
                    )
                ]
            )
        users = read_settings(self.options).users
        credentials.read(replace(self._data_set, path=users))
        self._sandbox = sandboxed.start(users)
        self.options.update(
            cognito_client_id=self._sandbox.client_id,
            cognito_user_pool_id=self._sandbox.user_pool_id,
            cognito_region="",
            cognito_endpoint=self._sandbox.endpoint,
            cognito_sandbox_keys=self._sandbox.keys_file,
            host=self._sandbox.api,
        )
        self.environment.host = self._sandbox.api
        log.info(
            "No app client id is set: started the sandbox at %s with the accounts of %s", self._sandbox.endpoint, users
        )

    def _users_at_start(self) -> int | None:
        if self.environment.shape_class is not None or not (self.options["headless"] or self.options["autostart"]):
            return None
        return int(self.options["num_users"] or 1)

    def _api_classes(self) -> list[type[CognitoApiUser]]:
        return [c for c in self.environment.user_classes if issubclass(c, CognitoApiUser)]

    def _planned_api_users(self, users: int) -> int:
        """How many of so many users Locust will make API users; asked of its own dispatcher."""
        if not users or not self._api_classes():
            return 0
        dispatcher = self.environment.dispatcher_class([WorkerNode(id="plan")], self.environment.user_classes)
        dispatcher.new_dispatch(target_user_count=users, spawn_rate=users)
        planned = next(dispatcher)["plan"]
        return sum(planned[user_class.__name__] for user_class in self._api_classes())


class LocalSupervisor(Supervisor):
    """`locust` without workers: users run here."""

    environment: Environment
    _run: Run | None = None
    _stop_timeout: float | None = None

    @property
    def processes(self) -> int:
        """See Supervisor."""
        return 1

    def start_run(self, setup: Setup, ledger: RowLedger) -> None:
        """See Supervisor."""
        run = Run(setup, self.environment.events, LocalRows(ledger), processes=1)
        run.monitor.start()
        self._run = run
        attach(self.environment, run)

    def finish(self) -> None:
        """Let answers in flight arrive, unless --stop-timeout says how long."""
        super().finish()
        if not self.environment.stop_timeout:
            self._stop_timeout = self.environment.stop_timeout
            self.environment.stop_timeout = GRACE_S

    def end(self) -> None:
        """See Supervisor."""
        if self._stop_timeout is not None:
            self.environment.stop_timeout, self._stop_timeout = self._stop_timeout, None
        if self._run is not None:
            self._run.monitor.stop()
        super().end()

    def measured(self) -> tuple[Metrics, dict[str, Any]]:
        """See Supervisor."""
        if self._run is None:
            return Metrics(), {}
        return self._run.metrics, {"this process": self._run.monitor.health}


class MasterSupervisor(Supervisor):
    """`locust --master` or `--processes`: users run on workers, and this process hands out rows and collects."""

    def __init__(self, environment: Environment, data_set: CsvDataSet, runner: MasterRunner) -> None:
        super().__init__(environment, data_set)
        self._runner = runner
        self._ledger: RowLedger | None = None
        self._collector = Collector("")
        self._listener: gevent.Greenlet | None = None
        for kind, handler in (
            (PARCEL, self._on_parcel),
            ("cognito_hello", self._on_hello),
            ("cognito_rows_wanted", self._on_rows_wanted),
            ("cognito_rows_returned", self._on_rows_returned),
            ("cognito_fault", self._on_fault),
        ):
            runner.register_message(kind, self._listening(handler))

    @property
    def processes(self) -> int:
        """See Supervisor."""
        return max(1, self._runner.worker_count)

    def start_run(self, setup: Setup, ledger: RowLedger) -> None:
        """See Supervisor."""
        self._ledger = ledger
        self._collector = Collector(setup.settings.run)

    def finish(self) -> None:
        """Have the workers end their users, and wait for the last of what they measured.

        Locust would tell them too, but its own reports lose the last seconds; so it finds them stopped already.
        """
        if self._setup is None:
            return
        super().finish()
        if self._runner._users_dispatcher is not None:  # noqa: SLF001  # it would go on spawning while we wait
            self._runner._users_dispatcher._dispatcher_generator = iter(())  # type: ignore[assignment]  # noqa: SLF001  # the same
        grace_s = self.environment.stop_timeout or GRACE_S
        self._runner.send_message("cognito_finish", {"grace_s": grace_s})
        if gevent.getcurrent() is self._listener:
            return  # the last worker said goodbye, after its last parcel; waiting here would wait for ourselves
        self._lost = self._collector.wait_for(self._expected_workers, grace_s + 10)

    def measured(self) -> tuple[Metrics, dict[str, Any]]:
        """See Supervisor."""
        return self._collector.metrics, dict(self._collector.healths)

    def dismiss_workers(self) -> None:
        """See Supervisor: forked workers are ended, others are told as they arrive."""
        if self.options.get("processes"):
            _terminate_forks()
            return
        until_s = time.monotonic() + QUIT_WORKERS_FOR_S
        expected = int(self.options.get("expect_workers") or 1)
        dismissed: set[str] = set()
        while time.monotonic() < until_s and len(dismissed) < expected:
            for client in list(self._runner.clients.all):
                if client.id not in dismissed:
                    dismissed.add(client.id)
                    self._runner.send_message("quit", None, client.id)
            gevent.sleep(0.1)
        gevent.sleep(0.2)  # the last message is still on its way

    def _expected_workers(self) -> set[str]:
        known = {client.id for client in self._runner.clients.all if client.state != STATE_MISSING}
        return known | (self._collector.workers - set(self._runner.clients))

    def _listening(self, handler: Callable[[str, Any], None]) -> Callable[..., None]:
        def listener(environment: Environment, msg: Any, **_: object) -> None:  # noqa: ANN401, ARG001  # Locust's call
            self._listener = gevent.getcurrent()
            handler(msg.node_id, msg.data)

        return listener

    def _on_parcel(self, worker: str, data: Mapping[str, Any]) -> None:
        number = self._collector.receive(worker, data)
        self._runner.send_message(PARCEL_ACK, {"run": data["run"], "number": data["number"]}, worker)
        if number is None:
            log.warning("measurements of %s arrived after their run was concluded", worker)

    def _on_hello(self, worker: str, data: Mapping[str, Any]) -> None:
        if self._setup is None or self._ledger is None:
            return
        if data["digest"] != self._setup.users.digest:
            self.fail(
                [
                    Problem(
                        f"{self._setup.settings.users} on worker {worker} differs from the master's",
                        "Copy the same file to every machine: workers are told row numbers, never accounts.",
                    )
                ]
            )
            return
        share = self._ledger.login_share(worker)
        self._runner.send_message("cognito_share", {"start": share.start, "stop": share.stop}, worker)

    def _on_rows_wanted(self, worker: str, data: Mapping[str, Any]) -> None:
        if self._ledger is None:
            return
        count = int(data["count"])
        rows = self._ledger.lease(worker, count)
        if len(rows) < count:
            self._ledger.keep_only(set(self._runner.clients))
            rows += self._ledger.lease(worker, count - len(rows))
        self._runner.send_message("cognito_rows", {"rows": rows, "short_of": count - len(rows)}, worker)

    def _on_rows_returned(self, worker: str, data: Mapping[str, Any]) -> None:
        if self._ledger is not None:
            self._ledger.give_back(worker, data["rows"])

    def _on_fault(self, worker: str, data: Mapping[str, Any]) -> None:
        self.fail([Problem(f"on worker {worker}: {message}", hint) for message, hint in data["problems"]])


def supervisor_of(environment: Environment, data_set: CsvDataSet) -> Supervisor:
    """The supervisor for this kind of process."""
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        return MasterSupervisor(environment, data_set, runner)
    if not isinstance(runner, LocalRunner):
        raise TypeError(f"no supervisor for {type(runner).__name__}")
    return LocalSupervisor(environment, data_set)


def say_problems(problems: list[Problem]) -> None:
    """Print configuration faults, all of them, to standard error."""
    count = f"{len(problems)} fault{'s' if len(problems) > 1 else ''}"
    lines = [f"\nThe configuration cannot work ({count}); nothing was sent.", *(f"- {p}" for p in problems), ""]
    print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201  # a log line would fold it


def _terminate_forks() -> None:
    """End the workers that `--processes` forked: Locust would leave them waiting for a master that is gone.

    They are left for Locust to reap, which stumbles over children that somebody else has waited for.
    """
    forks = psutil.Process().children()
    for fork in forks:
        fork.terminate()
    until_s = time.monotonic() + QUIT_WORKERS_FOR_S
    while time.monotonic() < until_s and any(_is_alive(fork) for fork in forks):
        time.sleep(0.05)
    for fork in forks:
        if _is_alive(fork):
            fork.kill()


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
