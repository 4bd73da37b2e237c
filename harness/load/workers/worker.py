"""A worker's part: makes a run of what the master sends, and hands over everything it measured."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from locust.env import Environment
from locust.runners import WorkerRunner

from harness.credentials import CsvDataSet
from harness.errors import ConfigurationError
from harness.load.ending import exits
from harness.load.ending.exceptions import Witness
from harness.load.ending.signals import Signals
from harness.load.ending.stops import ASKED, GRACE_S, HURRY, TOLD, Stops, left_behind
from harness.load.leases import LeasedRows
from harness.load.leases.broker import TO_PROCESSES
from harness.load.locust_fixes.tidying import Tidying
from harness.load.run.current import attach
from harness.load.run.run import Run
from harness.load.run.setup import answers_of, assemble, read_settings
from harness.load.workers.neighbours import own_process
from harness.load.workers.orphans import follow_parent
from harness.load.workers.parcels import PARCEL_ACK, Sender
from harness.steady import STEADY

log = logging.getLogger("cognito-load")


class Worker:
    """One worker process, over all its runs."""

    def __init__(self, environment: Environment, data_set: CsvDataSet, runner: WorkerRunner) -> None:
        self.environment = environment
        self._data_set = data_set
        self._runner = runner
        self._rows: LeasedRows | None = None
        self._sender: Sender | None = None
        self._run: Run | None = None
        self._is_finished = self._is_leaving = False
        for kind in TO_PROCESSES:
            runner.register_message(kind, _with_data(partial(self._on_rows, kind)))
        runner.register_message(PARCEL_ACK, _with_data(self._on_acknowledged))
        runner.register_message("cognito_finish", _with_data(self._on_finish), concurrent=True)
        self._stops = Stops(runner, GRACE_S, self._left_behind, self._ask)
        runner.register_message(HURRY, _with_data(lambda _: self._stops.hurry()))
        self._signals = Signals(self._on_signal, self._stops.hurry)
        self._witness = Witness(self._saw)

    def listen(self) -> None:
        """From now on nothing ends this process without its last measurements; call it when all is prepared."""
        exits.listen(self.environment, self._on_end, lambda: self._is_leaving)
        for hook in (self.environment.events.test_stopping, self.environment.events.test_stop):
            exits.guard(hook, self._on_end)
        self._signals.listen()
        self._witness.listen()
        follow_parent(self._on_parent_gone)

    def leave(self) -> None:
        """The process ends (Locust's quitting)."""
        self._is_leaving = True
        self.finish(self.environment.stop_timeout or GRACE_S)

    def begin(self) -> None:
        """A run starts (Locust's test_start): the options of the master are here by now."""
        STEADY.set_by_system()
        settings = read_settings(vars(self.environment.parsed_options))
        self._signals.listen()
        self._witness.forget()
        attach(self.environment, None)
        try:
            setup = assemble(settings, self._data_set, answers_of(self.environment), judges=False)
        except ConfigurationError as error:
            self._send("fault", {"problems": [[p.message, p.hint] for p in error.problems]})
            return
        runner = self._runner
        self._rows = LeasedRows(lambda kind, data: runner.send_message(kind, {**data, "run": settings.run}))
        run = Run(
            setup,
            self.environment.events,
            self._rows,
            processes=int(settings.workers),
            users=lambda: runner.user_count,
        )
        run.monitor.start()
        if settings.writes_samples:
            process = quote(runner.client_id, safe="")
            run.write_samples(Path(settings.results_dir) / settings.run / f"samples-{process}.jtl", process)
        self._run = run
        attach(self.environment, run)
        self._is_finished = False
        self._sender = Sender(run, self._runner.send_message, Tidying(self.environment).tidy)
        self._send("hello", {"run": settings.run, "digest": setup.users.digest, "process": own_process()})

    def finish(self, grace_s: float) -> None:
        """End the users, waiting so long for answers in flight, and hand over everything; once per run."""
        if self._sender is None or self._is_finished:
            return
        self._is_finished = True
        if self._run is not None:
            self._run.end_arrivals()
        stop_timeout = self.environment.stop_timeout
        self.environment.stop_timeout = grace_s
        try:
            self._runner.stop()
        finally:
            self.environment.stop_timeout = stop_timeout
        if self._run is not None:
            self._run.monitor.stop()
        self._runner._send_stats()  # noqa: SLF001  # Locust's own tables should end complete, too
        self._sender.finish()

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        self._runner.send_message(f"cognito_{kind}", data)

    def _ask(self, sentence: str, *, code: int = 0, leaves: bool = False) -> None:
        """The locustfile ends the run, as it would in a process without workers."""
        run = vars(self.environment.parsed_options).get("cognito_run")
        self._runner.send_message(ASKED, {"sentence": sentence, "code": code, "leaves": leaves, "run": run})

    def _on_end(self, sentence: str, code: int, leaves: bool) -> None:  # noqa: FBT001  # see `exits.End`
        self._ask(sentence, code=code, leaves=leaves)

    def _on_signal(self, _name: str) -> None:
        self.finish(self.environment.stop_timeout or GRACE_S)
        self._runner.quit()

    def _on_parent_gone(self) -> None:
        log.warning("the process that started this worker is gone: it ends, and what it has not sent is lost")
        self._is_finished = True  # nobody takes a last parcel
        self._runner.quit()

    def _left_behind(self, count: int) -> None:
        self._runner.send_message(TOLD, {"sentence": left_behind(count)})

    def _saw(self, sentence: str) -> None:
        if self._run is not None:
            self._run.metrics.count_exception(sentence)

    def _on_rows(self, kind: str, data: Mapping[str, Any]) -> None:
        if self._rows is not None and self._run is not None and data["run"] == self._run.setup.settings.run:
            self._rows.receive(kind, data)

    def _on_acknowledged(self, data: Mapping[str, Any]) -> None:
        if self._sender is not None:
            self._sender.acknowledged(data["run"], data["number"])

    def _on_finish(self, data: Mapping[str, Any]) -> None:
        self.finish(float(data["grace_s"]))


def _with_data(handler: Callable[[Mapping[str, Any]], None]) -> Callable[..., None]:
    def listener(environment: Environment, msg: Any, **_: object) -> None:  # noqa: ANN401, ARG001  # Locust's call
        handler(msg.data)

    return listener
