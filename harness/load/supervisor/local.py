"""The supervisor of a process without workers."""

from __future__ import annotations

import time

from locust.env import Environment

from harness.evidence.figures.ages import Ages
from harness.evidence.figures.generator_health import Health
from harness.evidence.storage import jtl
from harness.evidence.storage.record import Record
from harness.load.ending.stops import GRACE_S
from harness.load.leases import LeaseTable, LocalRows
from harness.load.run.current import attach
from harness.load.run.run import Run, incomplete
from harness.load.run.setup import Setup
from harness.load.supervisor.base import Supervisor
from harness.load.supervisor.recorder import OwnSeconds


class LocalSupervisor(Supervisor):
    """`locust` without workers: users run here."""

    environment: Environment
    _run: Run | None = None
    _stop_timeout: float | None = None

    @property
    def processes(self) -> int:
        """See Supervisor."""
        return 1

    def start_run(self, setup: Setup, ledger: LeaseTable) -> None:
        """See Supervisor."""
        runner = self.environment.runner
        rows = LocalRows(ledger, self.tell_short)
        run = Run(
            setup,
            self.environment.events,
            rows,
            processes=1,
            users=lambda: runner.user_count if runner else 0,
        )
        run.monitor.start()
        self._run = run
        folder = self.keep(setup, OwnSeconds(run.drain).due, rows.rejected)
        if setup.settings.writes_samples and folder is not None:
            run.write_samples(folder / jtl.FILE_NAME, "local")
        attach(self.environment, run)

    def finish(self) -> None:
        """Let answers in flight arrive, unless --stop-timeout says how long."""
        super().finish()
        if self._run is not None:
            self._run.end_arrivals()
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

    def healths(self) -> dict[str, Health]:
        """See Supervisor."""
        return {"this process": self._run.monitor.health} if self._run is not None else {}

    def in_flight(self) -> Ages:
        """See Supervisor."""
        return self._run.in_flight.ages(time.perf_counter_ns()) if self._run is not None else Ages()

    def dismiss_workers(self) -> None:
        """See Supervisor: there are none."""

    def sample_notes(self, record: Record) -> tuple[str, ...]:  # noqa: ARG002  # the file is whole as it is
        """See Supervisor."""
        samples = self._run.close_samples() if self._run is not None else None
        return incomplete(samples)
