"""Workers that end before their run: all of them end it, and what is missing in the figures keeps it from passing."""

from __future__ import annotations

import signal

import psutil
import pytest

from tests.e2e.conftest import free_port, furnish, wait_until
from tests.e2e.uses import USES, Uses

pytestmark = pytest.mark.e2e

USERS = 4
WHILE_SPAWNING = ("--users", 20, "--spawn-rate", 1)
SPAWNED = ("--users", USERS, "--spawn-rate", USERS)


@pytest.fixture
def start_run(start_locust, start_sandbox, tmp_path):
    """Starts a run on two forked workers that would go on for minutes; gives it back when it has measured something."""

    def start(*arguments):
        run = start_locust("--processes", 2, "--run-time", "3m", *arguments, against=start_sandbox(), code=USES)
        wait_until(lambda: len(Uses(tmp_path).accounts()) >= USERS and measured_seconds(run))
        return run, psutil.Process(run.process.pid).children()

    return start


@pytest.mark.parametrize("users", [SPAWNED, WHILE_SPAWNING])
def test_a_run_whose_workers_are_all_killed_ends_at_once_and_proves_nothing(start_run, users):
    run, workers = start_run("--headless", "--only-summary", *users)
    for worker in workers:
        worker.kill()
    assert run.finish(timeout_s=30).exit_code == 4
    summary = run.summary
    assert (summary["verdict"]["word"], summary["verdict"]["exit_code"]) == ("invalid", 4)
    assert summary["verdict"]["invalid_because"][0].startswith("all workers were lost after ")
    assert "all workers were lost after" in run.output.splitlines()[-1]
    assert summary["run"]["workers_lost"] == 2
    assert summary["logins"]["all"]["count"], "what was measured until then is kept"
    assert "Traceback" not in run.output


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_one_of_two_workers_is_lost(start_locust, start_sandbox, how):
    """One that was killed loses its last second, and a gate can ask for it; of a silent one everything is missing."""
    run = start_locust(
        *("--headless", "--only-summary", "--processes", 2, *SPAWNED, "--run-time", "10s"),
        *("--gate", "workers_lost == 0"),
        against=start_sandbox(),
        code=USES,
    )
    wait_until(lambda: measured_seconds(run) > 3)
    psutil.Process(run.process.pid).children()[0].send_signal(how)
    run.finish()
    summary = run.summary
    (note,) = [note for note in summary["run"]["notes"] if "was lost" in note]
    assert summary["run"]["workers_lost"] == 1
    if how is signal.SIGKILL:
        assert (run.exit_code, summary["verdict"]["word"]) == (3, "failed")
        assert note.endswith("what it measured in its last second is missing")
        return
    assert (run.exit_code, summary["verdict"]["word"]) == (4, "invalid")
    (reason,) = summary["verdict"]["invalid_because"]
    assert "are missing in the figures, since it fell silent" in reason
    assert int(reason.partition(" s of worker ")[0]) > 3
    assert "after its last report is missing" in note


def test_a_run_whose_workers_all_quit_by_themselves_ends_and_has_failed(start_run):
    """They hand over everything first, so the figures are whole: but it is not the run that was ordered."""
    run, workers = start_run("--headless", "--only-summary", *SPAWNED)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    assert run.finish(timeout_s=30).exit_code == 1
    verdict = run.summary["verdict"]
    assert (verdict["word"], verdict["exit_code"]) == ("failed", 1)
    assert verdict["sentence"].startswith("all workers quit after ")
    assert run.summary["run"]["workers_lost"] == 0


def test_a_gate_ends_a_run_that_has_lost_one_of_two_workers(start_run):
    """The other facts of a run can be gates as well, and are known at the master."""
    others = "exceptions == 0; skipped == 0; users_without_account == 0; dropped == 0; generator != invalid"
    gates = ("--gate", "workers_lost == 0 abort after 1s", "--gate", others)
    run, workers = start_run("--headless", "--only-summary", *SPAWNED, *gates)
    workers[0].kill()
    assert run.finish(timeout_s=60).exit_code == 3
    lost, *others = run.summary["gates"]
    assert lost["sentence"].startswith("was 1; stopped the run after "), lost
    assert {gate["state"] for gate in others} == {"passed"}, others
    assert others[-1]["actual"] in ("valid", "suspect")
    assert run.summary["run"]["workers_lost"] == 1


def test_in_the_web_ui_the_run_ends_and_the_process_stays(start_run):
    run, workers = start_run("--autostart", *SPAWNED)
    for worker in workers:
        worker.kill()
    run.wait_for_log(r"\(exit code 4\)")
    assert run.summary["verdict"]["invalid_because"][0].startswith("all workers were lost after ")
    assert run.process.poll() is None
    run.interrupt()
    assert run.finish().exit_code == 4


def test_a_worker_with_other_accounts_ends_the_run_and_every_report_says_so(start_locust, start_sandbox, tmp_path):
    sandbox, port, own = start_sandbox(), free_port(), tmp_path / "own"
    furnish(own)
    (own / "users.csv").write_text("username,password\nsomebody,Their-Passw0rd-1\n")
    master = start_locust(
        *("--headless", "--only-summary", "--master", "--master-bind-port", port, "--expect-workers", 1),
        *("--run-time", "3m", *SPAWNED),
        against=sandbox,
        env={"COGNITO_REPORT": "yes"},
    )
    worker = start_locust("--worker", "--master-port", port, against=sandbox, folder=own)
    assert master.finish().exit_code == 5
    assert worker.finish().exit_code == 0
    verdict = master.summary["verdict"]
    assert (verdict["word"], verdict["exit_code"]) == ("invalid", 5)
    assert "differs from the master's" in verdict["sentence"]
    assert "(exit code 5)" in master.output.splitlines()[-1]
    (junit,) = master.results.glob("2*/junit.xml")
    assert "differs from the master's" in junit.read_text()


SHAPE = """
from locust import LoadTestShape, constant, events, task
from harness.load import CognitoLoginUser, install
install(events)

class Login(CognitoLoginUser):
    wait_time = constant(0.2)

    @task
    def once(self):
        self.log_in()

class Down(LoadTestShape):
    def tick(self):
        began_s = self.get_run_time()
        return (8, 8) if began_s < 3 else (1, 8) if began_s < 5 else None
"""


def test_a_load_that_ramps_down_had_all_its_users_and_no_connection_was_lost(run_locust, start_sandbox):
    """Seven users leave, and those that go on keep their connections."""
    run = run_locust("--processes", 2, against=start_sandbox(), code=SHAPE)
    assert run.exit_code == 0
    assert run.summary["run"]["users"] == 8
    assert run.summary["generator"]["suspect_because"] == []
    assert "found their connection closed" not in run.output


def measured_seconds(run):
    """How many lines the record on disk has by now."""
    return sum(len(path.read_text().splitlines()) - 1 for path in run.results.glob("2*/timeline.csv"))
