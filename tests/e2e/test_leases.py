"""Accounts over real worker processes: each on one worker at a time, whoever dies and whoever comes."""

from __future__ import annotations

import re
import signal

import pytest

from tests.e2e.conftest import free_port, wait_until
from tests.e2e.uses import USES, Uses

pytestmark = pytest.mark.e2e

USERS, WORKERS = 12, 4


def test_a_worker_is_killed_and_another_one_takes_its_accounts(start_locust, start_sandbox, tmp_path):
    """Twelve users on four workers, thirteen accounts, one of them with a wrong password.

    Whoever met the wrong one goes on with the thirteenth, and its worker is killed. Its users move to the others at
    once, with the accounts that are left, and from there to the worker that replaces it; nobody tries the bad one.
    """
    sandbox, port, uses = start_sandbox(), free_port(), Uses(tmp_path)
    (tmp_path / "locustfile.py").write_text(USES)
    lines = (tmp_path / "users.csv").read_text().splitlines()[: USERS + 2]
    lines[1] = f"{lines[1].partition(',')[0]},Not-Its-Passw0rd!"
    (tmp_path / "users.csv").write_text("\n".join(lines) + "\n")
    master = start_locust(
        *("--headless", "--only-summary", "--master", "--master-bind-port", port, "--expect-workers", WORKERS),
        *("--users", USERS, "--spawn-rate", USERS, "--run-time", "3m"),
        against=sandbox,
    )
    workers = [start_locust("--worker", "--master-port", port, against=sandbox) for _ in range(WORKERS)]
    wait_until(lambda: len(uses.accounts()) == USERS)
    assert refused(sandbox) == 1
    last_row = lines[-1].partition(",")[0]
    (unlucky,) = [worker for worker in workers if last_row in uses.of(worker.process.pid)]
    unlucky.process.kill()
    master.wait_for_log("setting state to missing")
    workers.append(start_locust("--worker", "--master-port", port, against=sandbox))
    newcomer = workers[-1].process.pid
    wait_until(lambda: len(uses.of(newcomer)) == USERS // WORKERS)
    last_s = max(ended_s for _, ended_s, _, _ in uses.read())
    wait_until(lambda: len(uses.accounts(since_s=last_s)) == USERS)
    master.process.send_signal(signal.SIGINT)
    master.finish()

    assert "Traceback" not in master.output
    outputs = [worker.finish().output for worker in workers if worker is not unlucky]
    assert sum(int(re.search(r"users at the end: (\d+)", output)[1]) for output in outputs) == USERS
    assert "was lost" in " ".join(master.summary["run"]["notes"])
    assert refused(sandbox) == 1, "a wrong password is tried once, over all workers"
    for name in uses.accounts():
        assert uses.are_apart(name), f"{name} was on two workers at a time"


def refused(sandbox):
    return sandbox.counts()["answered"].get("InitiateAuth", {}).get("NotAuthorizedException", 0)
