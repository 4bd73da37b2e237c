"""A run that is about to meet a fault: its processes, its sandbox, its folder, and what can be done to them."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil

from bench.child import Child
from bench.faults.case import USERS, Case, Way
from bench.peer import PLANS
from bench.servers.canned_server import free_port
from bench.soak.watch import Control

ROOT: Final = Path(__file__).parents[2]
MARK: Final = "BENCH_CELL"
"""The variable by which the processes of a run are found, whatever session they are in."""
PATIENCE_S: Final = 30.0
TICK_S: Final = 0.05
PAGE_IS_OLD_S: Final = 2.5
"""Locust's page remembers its statistics, the state included, for two seconds."""
LAG_MS: Final = "2000"
"""Other work on the machine must not make a run invalid that is about something else."""


class Sandbox:
    """A sandbox that a run is pointed at.

    Args:
        child: Its process.
        ready: Its ready line, and the users file.
    """

    def __init__(self, child: Child, ready: Mapping[str, str]) -> None:
        self.child = child
        self.ready = ready
        self.control = Control(ready)

    def arrived(self) -> dict[str, int]:
        """How many requests came since it began, by operation or route."""
        counts: dict[str, int] = self.control.counts()["arrived"]
        return counts

    def variables(self) -> dict[str, str]:
        """What points a run at it."""
        ready = self.ready
        return {
            "COGNITO_ENDPOINT": ready["endpoint"],
            "COGNITO_CLIENT_ID": ready["client_id"],
            "COGNITO_USER_POOL_ID": ready["user_pool_id"],
            "COGNITO_USERS": ready["users"],
            "LOCUST_HOST": ready["api"],
            "AWS_ACCESS_KEY_ID": ready["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": ready["secret_access_key"],
        }


class Scene:
    """One run.

    Args:
        case: What happens to it.
        way: How it is started.
        folder: Its own, to run in.
        sandbox: What it is pointed at.
    """

    def __init__(self, case: Case, way: Way, folder: Path, sandbox: Sandbox) -> None:
        self.case = case
        self.way = way
        self.folder = folder
        self.sandbox = sandbox
        self.options: list[str] = []
        """More options of Locust, of `Case.before`."""
        self.environment: dict[str, str] = {}
        """More variables, likewise."""
        self.worker_environment: dict[str, str] | None = None
        """Of the first worker of a cluster, where it is another."""
        self.worker_ports: list[int] = []
        """Where the workers of a cluster connect to, where it is not the master's port."""
        self.main: Child | None = None
        self.workers: list[Child] = []
        """Those of a cluster."""
        self.due_s = 0.0
        """When the run is to end, or when the fault was brought about; monotonic."""
        self.ends_run, self.ends_process = case.ends_run, False
        """Whether the fault ends the run, or the main process, so that the web UI's page need not."""
        self.page = ""
        """URL of the web UI."""
        self.refused = ""
        self.elsewhere: Counter[str] = Counter()
        """What other servers than the sandbox have counted."""
        self.last_arrived: Mapping[str, int] | None = None
        """What the sandbox had counted before it was ended."""
        self.notes: dict[str, Any] = {}
        """What `Case.before` has for `Case.deed`."""
        self.closing: list[Callable[[], object]] = []
        self.master_port = free_port()
        self._before = sandbox.arrived()

    # What is asked

    def arrived(self) -> dict[str, int]:
        """The server's own count of this run, by operation or route."""
        now = self.last_arrived if self.last_arrived is not None else self.sandbox.arrived()
        own = Counter(now) - Counter(self._before)
        return dict(own + self.elsewhere)

    def wait_for(self, is_so: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait for a condition.

        Raises:
            RuntimeError: It does not come true, or the run has ended before.
        """
        until_s = time.monotonic() + timeout_s
        while not is_so():
            if time.monotonic() > until_s or (self.main is not None and self.main.has_ended and not is_so()):
                raise RuntimeError(f"{what} never came")
            time.sleep(TICK_S)

    def get_going(self, requests: int = 4 * USERS) -> None:
        """Wait until the server has had so many requests."""
        self.wait_for(lambda: sum(self.arrived().values()) >= requests, f"request {requests}")

    def worker_pids(self) -> list[int]:
        """The processes of the workers."""
        if self.workers:
            return [worker.pid for worker in self.workers]
        assert self.main is not None
        forks = psutil.Process(self.main.pid).children()
        return sorted(fork.pid for fork in forks if "harness.sandbox" not in " ".join(fork.cmdline()))

    def run_folder(self) -> Path | None:
        """The newest run's results."""
        found = sorted(self.folder.glob("results/2*"))
        return found[-1] if found else None

    # What is done

    def fault(self, fault: str, **members: object) -> None:
        """Have the sandbox let something go wrong."""
        self.sandbox.control.order({"fault": fault, **members})

    def add_worker(self, **variables: str) -> Child:
        """One more worker, in a folder of its own."""
        number = len(list(self.folder.glob("worker-*"))) + 1
        return self._locust(f"worker-{number}", "--worker", "--master-port", str(self.master_port), more=variables)

    def happens(self) -> None:
        """The fault is brought about now: what takes long from here on counts."""
        self.due_s = time.monotonic()

    def kill(self, number: signal.Signals, *pids: int) -> None:
        """Send a signal to processes of this run."""
        self.happens()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    # How it goes

    def start(self) -> None:
        """Start Locust, and in the web UI a run."""
        for name, text in self.case.files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        if self.case.before is not None:
            self.case.before(self)
        for order in self.case.orders:
            self.sandbox.control.order(order)
        self.main = self._locust("main", *self._main_options(), *self.options)
        if self._is_cluster:
            ports = self.worker_ports or [self.master_port] * 2
            environments = [self.worker_environment or {}, {}]
            self.workers = [
                self._locust(f"worker-{number}", "--worker", "--master-port", str(port), more=environment)
                for number, (port, environment) in enumerate(zip(ports, environments, strict=True), 1)
            ]
        self.due_s = time.monotonic() + self.case.seconds
        if self.way is Way.WEB:
            self._swarm()

    def finish(self, within_s: float) -> int | None:
        """Let the run come to its end; the exit code, None when it did not end."""
        assert self.main is not None
        if self.way is Way.WEB:
            self._finish_in_page(within_s)
        started_s = time.monotonic()
        code = self.main.wait(within_s + (0.0 if self.ends_run else max(0.0, self.due_s - started_s)))
        self.ended_after_s = max(0.0, time.monotonic() - self.due_s)
        return code

    def close(self) -> None:
        """End what is still there."""
        for undo in reversed(self.closing):
            undo()
        for pid, _ in left_over(self.folder.name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for child in (self.main, *self.workers):
            if child is not None:
                child.end()

    @property
    def _has_workers(self) -> bool:
        return self.way is Way.WORKERS or self.case.needs_workers

    @property
    def _is_cluster(self) -> bool:
        return self._has_workers and self.case.is_cluster

    def _main_options(self) -> list[str]:
        case = self.case
        options = [*case.classes.split(), *case.options]
        if self.way is Way.WEB:
            options += ["--web-port", str(free_port())]
            self.page = f"http://127.0.0.1:{options[-1]}"
        else:
            options += ["--headless", "--only-summary"]
            defaults = {"--users": str(USERS), "--spawn-rate": str(USERS)}
            if case.has_run_time:
                defaults["--run-time"] = f"{case.seconds:g}s"
            options += [word for name, value in defaults.items() if name not in case.options for word in (name, value)]
        if self._is_cluster:
            options += ["--master", "--master-bind-port", str(self.master_port), "--expect-workers", "2"]
        elif self._has_workers:
            options += ["--processes", "2"]
        return options

    def _locust(self, name: str, *options: str, more: Mapping[str, str] | None = None) -> Child:
        plan = self.folder / "locustfile.py" if "locustfile.py" in self.case.files else PLANS / self.case.plan
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "PYTHONPATH": str(ROOT),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "COGNITO_MAX_LAG": LAG_MS,
            "LOCUST_MASTER_BIND_PORT": str(self.master_port),
            "LOCUST_MASTER_NODE_PORT": str(self.master_port),
            MARK: self.folder.name,
            **(self.sandbox.variables() if self.case.is_against_sandbox else {}),
            **self.case.environment,
            **self.environment,
            **(more or {}),
        }
        command = [sys.executable, "-m", "locust", "-f", str(plan), *options]
        if self.case.most_memory:
            command = ["/bin/sh", "-c", f'ulimit -v {self.case.most_memory // 1024} && exec "$@"', "sh", *command]
        return Child(
            command,
            core=None,
            folder=self.folder if name == "main" else self.folder / name,
            environment=environment,
        )

    def _swarm(self) -> None:
        assert self.main is not None
        with suppress(RuntimeError):  # it has ended: then there is no page
            self.wait_for(lambda: self._ask("/stats/requests") is not None, "the web UI")
            if self._has_workers:
                self.wait_for(self._has_two_workers, "the second worker")
        if self.main.has_ended:
            return
        form = {"user_count": str(USERS), "spawn_rate": str(USERS), **self.case.form}
        told = self._ask("/swarm", urlencode(form).encode()) or {"message": "the web UI gave no answer"}
        self.due_s = time.monotonic() + self.case.seconds
        if not told.get("success"):
            self.refused = str(told.get("message"))
            return
        with suppress(RuntimeError):  # it may have ended already
            self.wait_for(lambda: not self._has_stopped(), "", PAGE_IS_OLD_S)

    def _has_two_workers(self) -> bool:
        told = self._ask("/stats/requests")
        return told is not None and sum(worker["state"] != "missing" for worker in told.get("workers", ())) == 2

    def _finish_in_page(self, within_s: float) -> None:
        assert self.main is not None
        if self.ends_process:
            return
        while not self.ends_run and time.monotonic() < self.due_s and not self.main.has_ended:
            time.sleep(TICK_S)
        if not self.ends_run:
            self._ask("/stop", b"", timeout_s=within_s)
        with suppress(RuntimeError):
            self.wait_for(lambda: self._has_stopped() or self._is_concluded(), "the end of the run", within_s)
        self.main.send(signal.SIGTERM)

    def _is_concluded(self) -> bool:
        """With workers that stand still the page says for a minute that the run is stopping."""
        folder = self.run_folder()
        return folder is not None and (folder / "summary.json").exists()

    def _has_stopped(self) -> bool:
        told = self._ask("/stats/requests")
        return told is not None and told["state"] in ("stopped", "ready")

    def _ask(self, path: str, form: bytes | None = None, timeout_s: float = 20.0) -> dict[str, Any] | None:
        """The page's answer; None when there is none."""
        try:
            with urlopen(Request(f"{self.page}{path}", form), timeout=timeout_s) as answer:  # noqa: S310  # our page
                found: dict[str, Any] = json.load(answer)
                return found
        except (URLError, OSError, ValueError):
            return None


def left_over(mark: str) -> list[tuple[int, str]]:
    """The processes that were started with this mark and are still there, by their environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                command = " ".join(process.cmdline())
                found.append((process.pid, re.sub(r"\s+", " ", command)[:80]))
    return found
