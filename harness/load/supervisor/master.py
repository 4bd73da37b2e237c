"""The supervisor of runs with workers: hands out rows, collects measurements, sends workers home."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

import gevent
import psutil
from locust.env import Environment
from locust.runners import STATE_MISSING, LocalRunner, MasterRunner, WorkerNode

from harness.credentials import CsvDataSet
from harness.errors import Problem
from harness.evidence.figures.ages import Ages
from harness.evidence.figures.events import CLOCK_SET
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.judging.verdict import FailureReason
from harness.evidence.storage import jtl
from harness.evidence.storage.record import Record
from harness.load.ending.stops import GRACE_S
from harness.load.leases import LeaseServer, LeaseTable
from harness.load.leases.broker import SHARE, TO_MASTER
from harness.load.run.run import incomplete
from harness.load.run.setup import Setup
from harness.load.supervisor.base import Supervisor
from harness.load.supervisor.local import LocalSupervisor
from harness.load.workers.connections import Connections
from harness.load.workers.neighbours import is_alive, is_gone
from harness.load.workers.outage import Outage
from harness.load.workers.parcels import PARCEL, PARCEL_ACK, Collector
from harness.load.workers.presence import Happening
from harness.load.workers.rebalancing import Rebalancing
from harness.steady import STEADY, StepWatch, sentence

QUIT_WORKERS_FOR_S: Final = 3.0
"""How long a master that cannot start tells arriving workers to go home."""

REPORT_WAIT: Final = "LOCUST_WAIT_FOR_WORKERS_REPORT_AFTER_RAMP_UP"
REPORT_WAIT_S: Final = "10"
"""How long Locust waits at most until all workers have reported their users; its own second is less than a worker
takes to read credentials and CAs, and the arrivals of an open load begin when the users are there."""

PARCELS_TAKE_S: Final = 0.2
"""How long after a full second the workers' measurements of it are looked for."""

log = logging.getLogger("cognito-load")


class MasterSupervisor(Supervisor):
    """`locust --master` or `--processes`: users run on workers, and this process hands out rows and collects."""

    def __init__(self, environment: Environment, data_set: CsvDataSet, runner: MasterRunner) -> None:
        super().__init__(environment, data_set)
        os.environ.setdefault(REPORT_WAIT, REPORT_WAIT_S)
        self._runner = runner
        self._rebalancing = Rebalancing(runner)
        self._connections = Connections(runner)
        self._outage = Outage(runner, self._is_gone, self._give_up)
        self._lease_server: LeaseServer | None = None
        self._collector = Collector("")
        self._steps = StepWatch(STEADY)
        self._members: dict[str, list[Any]] = {}
        """The workers that take part, and which process each is."""
        self._joined_s: dict[str, float] = {}
        self._listener: gevent.Greenlet | None = None
        self._has_given_up = False
        handlers: dict[str, Callable[[str, Any], None]] = {
            PARCEL: self._on_parcel,
            "cognito_hello": self._on_hello,
            "cognito_fault": self._on_fault,
            **{kind: partial(self._on_rows, kind) for kind in TO_MASTER},
        }
        for kind, handler in handlers.items():
            runner.register_message(kind, self._listening(handler))

    @property
    def processes(self) -> int:
        """See Supervisor."""
        return max(1, self._runner.worker_count)

    def start_run(self, setup: Setup, ledger: LeaseTable) -> None:
        """See Supervisor."""
        run_id = setup.settings.run
        self._collector = collector = Collector(run_id)
        self._connections.begin()
        self._steps = StepWatch(STEADY)
        self._has_given_up = False
        self._members, self._joined_s = {}, {}

        def send(worker: str, kind: str, data: dict[str, Any]) -> None:
            more = {"elapsed_s": self.course.elapsed_s} if kind == SHARE else {}
            self._runner.send_message(kind, {**data, **more, "run": run_id}, worker)

        self._lease_server = lease_server = LeaseServer(ledger, send, self.tell_short)
        self.keep(setup, lambda now_s: self._due(collector, now_s), lease_server.rejected, after_s=PARCELS_TAKE_S)

    def finish(self) -> None:
        """Have the workers end their users, and wait for the last of what they measured.

        Locust would tell them too, but its own reports lose the last seconds; so it finds them stopped already.
        """
        if self._setup is None:
            return
        super().finish()
        self._rebalancing.stop()
        grace_s = self.environment.stop_timeout or GRACE_S
        self._runner.send_message("cognito_finish", {"grace_s": grace_s})
        present = self._expected_workers()
        if gevent.getcurrent() is not self._listener:
            self._collector.wait_for(self._expected_workers, grace_s + 10)
        # else the last worker said goodbye, after its last parcel; waiting here would wait for ourselves
        self._see_who_is_here(self._collector.finished)
        self._judge_presence(present)

    def healths(self) -> dict[str, Health]:
        """See Supervisor."""
        return dict(self._collector.healths)

    def in_flight(self) -> Ages:
        """See Supervisor: of the workers that are here, as of their last parcels."""
        found = Ages()
        for worker in self._expected_workers():
            found.merge(self._collector.in_flight.get(worker, Ages()))
        return found

    def sample_notes(self, record: Record) -> tuple[str, ...]:
        """See Supervisor: the files of workers on this machine become one; those of others stay where they are."""
        notes: list[str] = []
        for worker, told in self._collector.samples.items():
            notes += incomplete(told)
            if told["file"] and (record.folder is None or not (record.folder / told["file"]).exists()):
                notes.append(f"samples of {worker} are on its own machine: {told['rows']} rows in {told['file']}")
        parts = jtl.parts_in(record.folder) if record.folder is not None else []
        if record.folder is None or not parts:
            return tuple(notes)
        try:
            jtl.merge(parts, record.folder / jtl.FILE_NAME, pause=lambda: gevent.sleep(0))
        except OSError as error:
            notes.append(f"samples are in {len(parts)} files: they could not be made one ({error.strerror or error})")
        return tuple(notes)

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

    def _due(self, collector: Collector, now_s: float) -> list[tuple[int, Metrics]]:
        expected = self._expected_workers()
        self._see_who_is_here(expected | collector.finished)
        self._take_rows_back()
        if step_s := self._steps.step_s():
            self.note(CLOCK_SET, sentence("the master", step_s))
            log.warning(sentence("the master", step_s))
        if not self.course.stopping_s and self._have_all_ended():
            self._give_up()
        if self._outage.is_over(time.monotonic()):
            self._rebalancing.look(may_be_back=self._outage.may_be_back())
        return collector.due(now_s, expected - collector.finished)

    def _see_who_is_here(self, here: set[str]) -> None:
        now_s, members = STEADY.now_s(), set(self._members)
        for worker in sorted(members - here):
            heard_s = self._collector.heard_s(worker, self._joined_s[worker])
            self._tell(self.presence.missed([worker], heard_s))
        self._tell(self.presence.heard(members & here, now_s))

    def _judge_presence(self, present: set[str]) -> None:
        """Say what keeps the run from passing: measurements of workers that are missing, and that no worker was left.

        Args:
            present: The workers that were there when the run ended.
        """
        others_have_ended = self._connections.are_closed(except_for=self._runner.worker_count)
        for worker in self.presence.lost:
            if others_have_ended or is_gone(self._members[worker]):
                self.presence.ended(worker)
        for worker, gap_s in self.presence.gaps(self.course.stopping_s).items():
            self.invalid_because.append(
                f"{gap_s:.0f} s of worker {worker} are missing in the figures, since it fell silent: look at its "
                "output, its machine and the network between it and the master, and run it again"
            )
        if present or not self._members:
            return
        ran_s = max(self._collector.heard_s(worker, self._joined_s[worker]) for worker in self._members)
        after = f"after {max(ran_s - self.course.started_s, 0.0):.0f} s"
        if self.workers_lost:
            self.invalid_because.insert(
                0,
                f"all workers were lost {after}: look for the reason in their output and in the system's log "
                "(a system that is short of memory ends processes), and run it again",
            )
        else:
            self.failed_because.append(FailureReason(f"all workers quit {after}, and the run ended there"))

    def _have_all_ended(self) -> bool:
        """Whether every worker is known to have ended: by its process, or since no connection is open."""
        clients = self._runner.clients.all
        return bool(self._members) and all(self._is_gone(client) for client in clients)

    def _give_up(self) -> None:
        """No worker is left."""
        if not self._has_given_up:
            self._has_given_up = True
            log.warning("no worker is left: the run ends")
            self._stop_running()

    def _tell(self, happenings: Iterable[Happening]) -> None:
        for kind, text in happenings:
            self.note(kind, text)

    def _take_rows_back(self) -> None:
        """Rows of workers that are gone.

        A silent one may still be at work: it stops after 60 s without its master, and Locust gives it up after that.
        Only of a process on this machine one can see that it has ended.
        """
        if self._lease_server is not None:
            self._lease_server.keep_only(
                client.id
                for client in self._runner.clients.all
                if client.id in self._members and not (client.state == STATE_MISSING and self._is_gone(client))
            )

    def _is_gone(self, client: WorkerNode) -> bool:
        process = self._members.get(client.id)
        if process is None:
            return False
        return is_gone(process) or (client.state == STATE_MISSING and self._connections.are_closed())

    def _expected_workers(self) -> set[str]:
        return {
            client.id
            for client in self._runner.clients.all
            if client.id in self._members and client.state != STATE_MISSING and not self._is_gone(client)
        }

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
        if self._setup is None or self._lease_server is None or data["run"] != self._collector.run_id:
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
        self._members[worker], self._joined_s[worker] = list(data["process"]), STEADY.now_s()
        self.note("worker_joined", f"worker {worker} takes part")
        self._take_rows_back()
        self._lease_server.join(worker)

    def _on_rows(self, kind: str, worker: str, data: Mapping[str, Any]) -> None:
        if self._lease_server is not None and data["run"] == self._collector.run_id:
            self._lease_server.receive(worker, kind, data)

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


def _terminate_forks() -> None:
    """End the workers that `--processes` forked: Locust would leave them waiting for a master that is gone.

    They are left for Locust to reap, which stumbles over children that somebody else has waited for.
    """
    forks = psutil.Process().children()
    for fork in forks:
        fork.terminate()
    until_s = time.monotonic() + QUIT_WORKERS_FOR_S
    while time.monotonic() < until_s and any(is_alive(fork.pid) for fork in forks):
        time.sleep(0.05)
    for fork in forks:
        if is_alive(fork.pid):
            fork.kill()
